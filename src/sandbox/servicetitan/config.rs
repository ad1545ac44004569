//! What a simulator is started with, and the switches for what the reference leaves open.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::value::Id;
use super::webhooks::Hooks;

/// What a simulator is started with. The default is the tenant the samples of the reference use.
#[derive(Clone, Debug)]
pub struct Config {
    /// Decides the made-up rows.
    pub seed: u64,
    /// The only tenant there is.
    pub tenant: Id,
    /// Its name.
    pub tenant_name: String,
    /// The credentials of the one app that is connected to it.
    pub client_id: String,
    /// See `client_id`.
    pub client_secret: String,
    /// Value of `ST-App-Key`.
    pub app_key: String,
    /// GUID under which some of the seeded rows carry external data.
    pub application_guid: Uuid,
    /// API calls per second; none for benchmarks.
    pub calls_per_second: Option<u32>,
    /// Throttle of the token endpoint.
    pub token_throttle: TokenThrottle,
    /// Made-up customers beside the fixed ones.
    pub customers: u32,
    /// Made-up finished jobs of the past.
    pub jobs: u32,
    /// What the reference leaves open; also changeable while it runs.
    pub switches: Switches,
    /// Where webhooks go; also changeable while it runs.
    pub hooks: Hooks,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            tenant: Id(1000),
            tenant_name: "Best HVAC LLC".to_owned(),
            client_id: "cid.sandbox".to_owned(),
            client_secret: "cs1.sandbox".to_owned(),
            app_key: "ak1.sandbox".to_owned(),
            application_guid: Uuid::from_u128(0x6f1c_7a0e_0000_4000_8000_0000_0000_0001),
            calls_per_second: Some(60),
            token_throttle: TokenThrottle::Off,
            customers: 12,
            jobs: 20,
            switches: Switches::default(),
            hooks: Hooks::default(),
        }
    }
}

/// How often a token may be asked for. The reference knows that there is a throttle, not its
/// numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenThrottle {
    /// As often as one likes.
    Off,
    /// So many per minute and client.
    PerMinute(u32),
}

/// What the reference leaves open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Whether a job or booking can be created for an inactive campaign.
    pub inactive_campaigns: InactiveCampaigns,
    /// Status of refused bodies and parameters.
    pub invalid_is: InvalidIs,
    /// Spelling of job statuses in replies.
    pub status_text: StatusText,
    /// How a file is downloaded.
    pub downloads: Downloads,
    /// Rows per reply of an export feed.
    pub export_page: usize,
    /// Changes younger than this come to a feed only with `includeRecentChanges`, which repeats
    /// them until they are older.
    #[serde(with = "humantime_text")]
    pub recent_changes: Duration,
    /// Rows younger than this are missing from lists and feeds (reads that lag behind writes).
    #[serde(with = "humantime_text")]
    pub read_lag: Duration,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            inactive_campaigns: InactiveCampaigns::Refused,
            invalid_is: InvalidIs::BadRequest,
            status_text: StatusText::Display,
            downloads: Downloads::Redirect,
            export_page: 500,
            recent_changes: Duration::from_secs(60),
            read_lag: Duration::ZERO,
        }
    }
}

/// Whether an inactive campaign can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InactiveCampaigns {
    /// 400.
    Refused,
    /// As if it were active.
    Taken,
}

/// Status of refused bodies and parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvalidIs {
    /// 400, as the specs say.
    BadRequest,
    /// 422, as one live client reports.
    Unprocessable,
}

impl InvalidIs {
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unprocessable => 422,
        }
    }
}

/// How a file is downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Downloads {
    /// 302 to a link that opens without a token for a few minutes.
    Redirect,
    /// 200 with the file.
    Direct,
}

/// Spelling of job statuses in replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusText {
    /// `In Progress`, as on the screens.
    Display,
    /// `InProgress`, as in the filter.
    Plain,
}

/// Durations as people write them, such as `5m`.
pub(super) mod humantime_text {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&humantime::format_duration(*value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        humantime::parse_duration(&text)
            .map_err(|error| de::Error::custom(format!("`{text}` is no duration: {error}")))
    }
}
