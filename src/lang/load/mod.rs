//! A workspace's files to a [`Project`]: documents by kind, each checked against the schema of its kind and
//! decoded. What documents mean to each other is not looked at here; that is [`super::plan`].

mod check;
mod find;
mod parse;
mod project;
mod report;
mod shape;

pub use find::{Error, read, stamp};
pub use project::{Config, Document, Project};
