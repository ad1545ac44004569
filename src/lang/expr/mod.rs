//! Compiled expressions: templates, JSONPath, the three value forms.
