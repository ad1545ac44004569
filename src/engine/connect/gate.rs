//! The health of an account, shared by its requests.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::backoff::Jitter;
use super::health::{AccountHealth, Gate, Passage, Pause, Sign};
use crate::engine::clock::{Clock, Timestamp};

/// Lets requests of one account pass while it works.
#[derive(Debug)]
pub(super) struct AccountGate {
    health: Mutex<AccountHealth>,
    pause: watch::Sender<Option<Pause>>,
    clock: Clock,
}

impl AccountGate {
    pub(super) fn new(name: &str, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            health: Mutex::new(AccountHealth::new(Jitter::named(name))),
            pause: watch::Sender::new(None),
            clock,
        })
    }

    /// Asks for passage.
    pub(super) fn ask(self: &Arc<Self>) -> Result<Admission, Pause> {
        let passage = match self.with(AccountHealth::ask) {
            Gate::Open => Passage::Normal,
            Gate::Probe => Passage::Probe,
            Gate::Shut(pause) => return Err(pause),
        };
        Ok(Admission {
            gate: Arc::clone(self),
            passage,
            sign: Sign::Nothing,
        })
    }

    /// The pause, as it changes.
    pub(super) fn watch(&self) -> watch::Receiver<Option<Pause>> {
        self.pause.subscribe()
    }

    pub(super) fn pause(&self) -> Option<Pause> {
        *self.pause.borrow()
    }

    fn with<T>(&self, act: impl FnOnce(&mut AccountHealth, Timestamp) -> T) -> T {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut health, self.clock.now());
        let pause = health.pause();
        self.pause.send_if_modified(|known| {
            let changed = *known != pause;
            *known = pause;
            changed
        });
        result
    }
}

/// Leave to send one request: its rate tokens are spent (S27). Dropping it unused gives the account's probe back.
#[derive(Debug)]
#[must_use = "its rate tokens are spent"]
pub struct Admission {
    gate: Arc<AccountGate>,
    passage: Passage,
    sign: Sign,
}

impl Admission {
    /// Whether it is the probe of a paused account.
    pub(super) fn is_probe(&self) -> bool {
        self.passage == Passage::Probe
    }

    /// Tells what the request showed of the account; the pause after it, or when to try again if the account ails.
    pub(super) fn saw(mut self, sign: Sign) -> Option<Pause> {
        self.sign = sign;
        let gate = Arc::clone(&self.gate);
        drop(self);
        gate.pause().or_else(|| gate.with(AccountHealth::ails))
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.gate
            .with(|health, now| health.saw(self.sign, self.passage, now));
    }
}
