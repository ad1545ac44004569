//! When runs start and which record is worked next. One loop per tenant owns what is running.

mod agenda;
mod dispatch;
mod source;
mod spaced;
mod timing;

pub use dispatch::{Mode, Rest, RunReport, run};
