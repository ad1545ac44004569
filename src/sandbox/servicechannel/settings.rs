//! What can be set about the simulated ServiceChannel: where the reference says "switchable" or
//! leaves a question open.

use serde::{Deserialize, Serialize};

use crate::sandbox::kit::limits::RetryAfter;

/// Behaviour of the simulator, changeable while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Requests per minute and client id; none: unlimited. Read at the start only.
    pub client_limit: Option<u32>,
    /// Requests per minute and provider; none: unlimited. Read at the start only.
    pub provider_limit: Option<u32>,
    /// Whether the token endpoint holds its users to one request in 5 s.
    pub token_throttle: Switch,
    /// In which form a 429 says how long to wait.
    pub retry_after: RetryAfter,
    /// What happens to a refresh token when it is used.
    pub refresh: Refresh,
    /// What lifts the window of 90 days.
    pub window: Window,
    /// Whether a status is refused while what its subscriber demands for it is missing.
    pub status_constraints: Switch,
    /// Members without a value.
    pub null_members: NullMembers,
    /// Address in links to next pages; none: the host the client asked, with `http://`.
    pub next_link_base: Option<String>,
}

impl Default for Settings {
    /// As documented for production.
    fn default() -> Self {
        Self {
            client_limit: Some(300),
            provider_limit: Some(600),
            token_throttle: Switch::On,
            retry_after: RetryAfter::HttpDate,
            refresh: Refresh::Keep,
            window: Window::CallDate,
            status_constraints: Switch::On,
            null_members: NullMembers::Omitted,
            next_link_base: None,
        }
    }
}

impl Settings {
    /// Without limits, for benchmarks.
    pub fn unlimited() -> Self {
        Self {
            client_limit: None,
            provider_limit: None,
            token_throttle: Switch::Off,
            ..Self::default()
        }
    }
}

/// Something that is done or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// It is done.
    On,
    /// It is not.
    Off,
}

/// What happens to a refresh token when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refresh {
    /// It stays good, and the reply repeats it.
    Keep,
    /// It is used up, and the reply has a new one.
    Rotate,
}

/// Without a date in the filter a list shows only what was created in the last 90 days. Which
/// dates count is not documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// `CallDate` only: the strictest reading.
    CallDate,
    /// Any date.
    AnyDate,
}

/// How members without a value appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NullMembers {
    /// Not at all, as observed.
    Omitted,
    /// As `null`.
    Written,
}
