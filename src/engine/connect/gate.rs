//! The health of an account, shared by its requests.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::backoff::Jitter;
use super::health::{AccountHealth, Gate, Passage, Pause, Sign};
use crate::engine::clock::{Clock, Timestamp};

/// Lets requests of one account pass while it works.
#[derive(Debug)]
pub(super) struct AccountGate {
    state: Mutex<State>,
    pause: watch::Sender<Option<Pause>>,
    clock: Clock,
}

#[derive(Debug)]
struct State {
    health: AccountHealth,
    contact: Contact,
}

/// When an account was last heard of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// When a request last showed that it works.
    pub worked_at: Option<Timestamp>,
    /// Since when requests have shown that it does not; none while it works, or while nothing is asked of it.
    pub fails_since: Option<Timestamp>,
}

impl Contact {
    fn saw(&mut self, sign: Sign, now: Timestamp) {
        match sign {
            Sign::Works => {
                *self = Self {
                    worked_at: Some(now),
                    fails_since: None,
                };
            }
            Sign::ServerError | Sign::Trouble(..) => {
                self.fails_since.get_or_insert(now);
            }
            Sign::Nothing => {}
        }
    }
}

impl AccountGate {
    pub(super) fn new(name: &str, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                health: AccountHealth::new(Jitter::named(name)),
                contact: Contact::default(),
            }),
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

    /// When the account was last heard of.
    pub(super) fn contact(&self) -> Contact {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contact
    }

    fn with<T>(&self, act: impl FnOnce(&mut AccountHealth, Timestamp) -> T) -> T {
        self.with_state(|state, now| act(&mut state.health, now))
    }

    fn with_state<T>(&self, act: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut state, self.clock.now());
        let pause = state.health.pause();
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
        self.gate.with_state(|state, now| {
            state.health.saw(self.sign, self.passage, now);
            state.contact.saw(self.sign, now);
        });
    }
}
