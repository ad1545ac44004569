//! One thing that is wrong, with where and what to do.

use super::code::Code;
use crate::lang::source::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The workspace cannot run.
    Error,
    /// It can run, and probably does not do what was meant.
    Warning,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A mistake in the user's files.
///
/// Made with [`Diagnostic::new`] and the methods that return `self`:
///
/// ```text
/// Diagnostic::new(Code::UnknownKey, span, "unknown key `parm` in `page`")
///     .label("not a key of `page`")
///     .also(fields, "keys here: `size`, `param`")
///     .help("did you mean `param`?")
///     .patch(span, "param")
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// A lower-case fragment without a full stop, user text in backticks.
    pub headline: String,
    /// The smallest piece of text that is wrong. Its text may be empty.
    pub primary: Label,
    /// Places that explain the first, be it in other files.
    pub secondary: Vec<Label>,
    /// What to do, one sentence each.
    pub help: Vec<String>,
    /// The edit that would mend it, for editors; people read it from `help`.
    pub patch: Option<Patch>,
}

/// A place and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// Bytes to replace and what to put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    pub span: Span,
    pub replacement: String,
}

impl Diagnostic {
    /// A mistake at `span`; the code says how bad it is.
    pub fn new(code: Code, span: Span, headline: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            headline: headline.into(),
            primary: Label {
                span,
                text: String::new(),
            },
            secondary: Vec::new(),
            help: Vec::new(),
            patch: None,
        }
    }

    /// What is at the place itself.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// A second place and what is there.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// What to do about it, when there is something to say.
    #[must_use]
    pub fn help_opt(mut self, text: Option<impl Into<String>>) -> Self {
        self.help.extend(text.map(Into::into));
        self
    }

    /// The edit that would mend it.
    #[must_use]
    pub fn patch(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.patch = Some(Patch {
            span,
            replacement: replacement.into(),
        });
        self
    }

    /// Overrules how bad the code says it is.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
