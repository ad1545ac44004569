//! When runs start and which record is worked next. One loop per tenant owns what is running.

mod agenda;
mod board;
mod control;
mod dispatch;
mod share;
mod source;
mod spaced;
mod timing;

pub use board::{Board, Line, PassRow};
pub use control::{Control, Paused};
pub use dispatch::{Mode, Rest, RunReport, run};
