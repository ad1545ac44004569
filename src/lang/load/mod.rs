//! Files to a project: found, read, checked against the schema.
