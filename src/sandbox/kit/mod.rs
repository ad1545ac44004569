//! What both simulators are made of: their clock, faults, audit, request windows, recorder,
//! control calls and the server which puts these around an [`axum::Router`].
//!
//! A simulator gives a [`server::Service`] to [`server::start`]. A request then goes through
//! [`front`]: counted by the [`audit`], judged by the [`faults`], answered by the simulator's
//! routes, shown to the [`recorder`]. `/_control/...` goes past all of it.

pub mod audit;
pub mod control;
pub mod duration;
pub mod faults;
mod front;
pub mod limits;
mod pages;
pub mod post;
pub mod recorder;
pub mod rng;
pub mod server;
pub mod time;

use audit::Audit;
use faults::Faults;
use recorder::Recorder;
use time::SimClock;

/// What surrounds a simulator's own state. Cheap to clone: every clone is the same kit.
#[derive(Clone, Debug)]
pub struct Kit {
    /// The simulator's time.
    pub clock: SimClock,
    /// What goes wrong, changeable while it runs.
    pub faults: Faults,
    /// What was asked and what was created.
    pub audit: Audit,
    /// Who is shown every exchange.
    pub recorder: Recorder,
}

impl Kit {
    /// A kit on `clock` without faults and without a recorder; `seed` decides the faults' chances.
    pub fn new(clock: SimClock, seed: u64) -> Self {
        Self {
            clock,
            faults: Faults::none(seed),
            audit: Audit::default(),
            recorder: Recorder::default(),
        }
    }
}
