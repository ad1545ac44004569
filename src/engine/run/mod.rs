//! One record's life: scan, attempt, write, settle. [`state`] and [`ending`] decide, the rest acts.

mod activate;
mod attempt;
mod cache;
mod claims;
mod compare;
mod coverage;
mod ending;
mod failure;
mod find;
mod gate;
mod linked;
mod links;
mod lists;
mod progress;
mod scan;
mod settle;
mod signal;
mod state;
mod steps;
mod tenant;
mod trace;
mod vault;
mod webhook;
mod write;

pub use activate::{ActivateError, Activation, Blame, CheckFailure, CheckLine};
pub(crate) use attempt::{Ended, judge, work};
pub use coverage::Coverage;
pub(crate) use gate::open as gate_open;
pub use progress::{Counters, Progress};
pub use scan::{PassEnd, Seen};
pub(crate) use scan::{item, pass};
pub(crate) use settle::settle_due;
pub(crate) use tenant::Taken;
pub use tenant::{OpenError, TenantRun};
pub use vault::StoreVault;
pub use webhook::Received;
