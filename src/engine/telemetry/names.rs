//! Every metric, span and log field there is, with what it means.
//!
//! Labels of metrics have few values: a pipeline, a connector, an outcome, a cause. Never an id, never a tenant. Spans
//! and log lines have those in their fields.

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only rises while the process lives.
    Counter,
    /// It rises and falls.
    Gauge,
    /// Counts in buckets, with their sum.
    Histogram,
}

impl Kind {
    /// As Prometheus names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What a metric's number counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things: the name says which.
    Count,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// The word for it; nothing for a count.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
        }
    }
}

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $variant:ident = $kind:ident $name:literal [$($label:literal),*] $unit:ident;)+) => {
        /// A metric.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Metric {
            $($(#[doc = $help])+ $variant),+
        }

        impl Metric {
            /// All of them, in the order in which they are shown.
            pub const ALL: &[Metric] = &[$(Metric::$variant),+];

            /// Its name as Prometheus shows it; a histogram's series add `_bucket`, `_sum` and `_count`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What kind of number it is.
            pub fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind),+ }
            }

            /// What it counts in.
            pub fn unit(self) -> Unit {
                match self { $(Self::$variant => Unit::$unit),+ }
            }

            /// Its labels, in the order in which meters give their values.
            pub fn labels(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($label),*]),+ }
            }

            /// What it means, in one line.
            pub fn help(self) -> &'static str {
                match self { $(Self::$variant => concat!($($help),+).trim_ascii()),+ }
            }
        }
    };
}

metrics! {
    /// Attempts at records that ended, by what they came to: `written`, `unchanged`, `echo`, `skipped`, `held`, `retry` or `dead`
    Records = Counter "syncline_records_total" ["pipeline", "outcome"] Count;
    /// From the source's change (its version, else its intake; never before the tenant was turned on) until what it led to was written and confirmed
    SyncLag = Histogram "syncline_sync_lag_seconds" ["pipeline"] Seconds;
    /// How long an attempt at a record took, requests and waits for their turn among it
    Attempt = Histogram "syncline_attempt_duration_seconds" ["pipeline"] Seconds;
    /// Records that were dropped because they are what was written by us
    EchoSuppressed = Counter "syncline_echo_suppressed_total" [] Count;
    /// Confirmed writes: `created`, `updated`, and `adopted` where the thing was there already and was linked
    Writes = Counter "syncline_writes_total" ["kind"] Count;
    /// Writes whose outcome was lost with their reply; they are looked for
    RepliesLost = Counter "syncline_replies_lost_total" [] Count;
    /// Lost outcomes that were settled since: found, or known not to have happened
    Settled = Counter "syncline_settled_total" [] Count;
    /// Records by state: `ready` to be worked, `waiting` for their time, `held` for a reason, `dead` until a person looks
    RecordsStanding = Gauge "syncline_inbox_records" ["pipeline", "state"] Count;
    /// Age of the oldest record that is to be worked or waits, of tenants that are on; 0 where there is none
    OldestPending = Gauge "syncline_oldest_pending_seconds" ["pipeline"] Seconds;
    /// Records that were given up, by cause; beyond the 50 most frequent causes they are counted as `other`
    DeadRecords = Gauge "syncline_dead_records" ["cause"] Count;
    /// Writes of which nobody knows yet whether they happened, those a person has to resolve among them
    UnknownOutcomes = Gauge "syncline_unknown_outcomes" [] Count;
    /// Time since the source was last read to its end, of the tenant where that is longest ago; only sources that are read on a schedule, of tenants that are on
    CursorAge = Gauge "syncline_cursor_age_seconds" ["pipeline"] Seconds;
    /// Passes over sources that ended: `complete`, `later` when they are tried again, `stalled` when something must change first, `stopped` with the process or the tenant
    Passes = Counter "syncline_passes_total" ["pipeline", "end"] Count;
    /// How long a pass over a source took
    PassDuration = Histogram "syncline_pass_duration_seconds" ["pipeline"] Seconds;
    /// How late passes started, against the time they were due
    PassDelay = Histogram "syncline_pass_delay_seconds" [] Seconds;
    /// Pages read from sources
    PagesRead = Counter "syncline_pages_read_total" ["pipeline"] Count;
    /// Rows on those pages
    RowsRead = Counter "syncline_rows_read_total" ["pipeline"] Count;
    /// Rows that were new or newer than what was known
    RowsTaken = Counter "syncline_rows_taken_total" ["pipeline"] Count;
    /// Requests until their reply was read, by `endpoint` (`api`, `token`, `file`), method, and `class`: `ok`, what the connector's `errors` say (`throttled`, `transient`, `unauthorized`, `rejected`, `missing`, `done`), or why there was no reply (`no_connection`, `timeout`, `broken`, `too_long`)
    HttpDuration = Histogram "syncline_http_request_duration_seconds" ["connector", "endpoint", "method", "class"] Seconds;
    /// Requests that may leave at once, in the rate window that is nearest to its end among those of equal size
    RateBudget = Gauge "syncline_rate_budget_remaining" ["connector", "window"] Count;
    /// Requests that such a window allows
    RateLimit = Gauge "syncline_rate_budget_limit" ["connector", "window"] Count;
    /// Accounts that are open
    Accounts = Gauge "syncline_accounts" ["connector"] Count;
    /// Accounts that rest, by why: `no_connection`, `token_refused`, `no_token`, `unauthorized`, `throttled` or `server_errors`
    AccountsPaused = Gauge "syncline_accounts_paused" ["connector", "reason"] Count;
    /// Tenants by phase: `off`, `activating`, `on` or `paused`
    Tenants = Gauge "syncline_tenants" ["phase"] Count;
    /// Tenants for which a requirement does not hold, so that work waits
    RequirementsClosed = Gauge "syncline_requirements_closed" ["requirement"] Count;
    /// Webhooks until they were answered, by what became of them: `taken`, `ignored`, `dropped` while off, `refused`, `too_large`, `unavailable`, `unread` or `nowhere`
    HookDuration = Histogram "syncline_hook_duration_seconds" ["fate"] Seconds;
    /// How long a commit of the store took
    StoreCommit = Histogram "syncline_store_commit_seconds" [] Seconds;
    /// Commands that were committed; divided by commits it says how many share one
    StoreCommands = Counter "syncline_store_commands_total" [] Count;
    /// Commits that failed
    StoreFailures = Counter "syncline_store_commit_failures_total" [] Count;
    /// Commands that wait for the store's writer
    StoreQueue = Gauge "syncline_store_queue_commands" [] Count;
    /// Whether the figures that come from the store could be read: 1 or 0
    StoreReadable = Gauge "syncline_store_readable" [] Count;
    /// Counts up with every configuration that was taken into use; the first is 1
    ConfigGeneration = Gauge "syncline_config_generation" [] Count;
    /// Whether the last configuration that was read was taken into use: 1 or 0
    ConfigLastReloadSuccess = Gauge "syncline_config_last_reload_success" [] Count;
    /// When a configuration was last taken into use, since 1970
    ConfigLastReloadTime = Gauge "syncline_config_last_reload_timestamp_seconds" [] Seconds;
    /// Always 1; says which version runs
    BuildInfo = Gauge "syncline_build_info" ["version"] Count;
    /// When the process started, since 1970
    ProcessStart = Gauge "process_start_time_seconds" [] Seconds;
    /// CPU time of the process
    ProcessCpu = Counter "process_cpu_seconds_total" [] Seconds;
    /// Memory of the process that is in RAM
    ProcessMemory = Gauge "process_resident_memory_bytes" [] Bytes;
    /// Open file descriptors, sockets among them
    ProcessFds = Gauge "process_open_fds" [] Count;
    /// Most file descriptors that may be open
    ProcessMaxFds = Gauge "process_max_fds" [] Count;
}

impl Metric {
    /// The name as the registry wants it, which adds unit and `_total` itself.
    pub(super) fn stem(self) -> &'static str {
        let name = self.name();
        let name = match self.kind() {
            Kind::Counter => name.strip_suffix("_total").unwrap_or(name),
            Kind::Gauge | Kind::Histogram => name,
        };
        match self.unit() {
            Unit::Count => name,
            Unit::Seconds => name.strip_suffix("_seconds").unwrap_or(name),
            Unit::Bytes => name.strip_suffix("_bytes").unwrap_or(name),
        }
    }
}

macro_rules! fields {
    ($($(#[doc = $help:literal])+ $variant:ident = $name:literal;)+) => {
        /// A field of log lines and spans.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field {
            $($(#[doc = $help])+ $variant),+
        }

        impl Field {
            /// All of them, in the order in which they are shown.
            pub const ALL: &[Field] = &[$(Field::$variant),+];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it holds.
            pub fn help(self) -> &'static str {
                match self { $(Self::$variant => concat!($($help),+).trim_ascii()),+ }
            }
        }
    };
}

fields! {
    /// When, in UTC
    Time = "time";
    /// `error`, `warn`, `info`, `debug` or `trace`
    Level = "level";
    /// What happened: a sentence that is always the same for the same thing
    Message = "message";
    /// Which library logged the line; absent where Syncline did
    Target = "target";
    /// Whose integration
    Tenant = "tenant";
    /// In which pipeline
    Pipeline = "pipeline";
    /// Which signal of it
    Signal = "signal";
    /// Which record, by its key at the source
    Key = "key";
    /// What its work is serial by, such as the number of the work order: the same on both sides
    Root = "root";
    /// Which kind of link
    Entity = "entity";
    /// Which link, where all of its name is said
    Link = "link";
    /// The id at the other side
    Id = "id";
    /// Which step
    Step = "step";
    /// With which connector
    Connector = "connector";
    /// The method of a request
    Method = "method";
    /// The path of a request, without its query
    Path = "path";
    /// The HTTP status of a reply
    Status = "status";
    /// How a request ended, as in `syncline_http_request_duration_seconds`
    Class = "class";
    /// How long it took, in milliseconds
    TookMs = "took_ms";
    /// What an attempt came to, as in `syncline_records_total`
    Outcome = "outcome";
    /// Why it failed
    Error = "error";
    /// Why, where nothing failed
    Reason = "reason";
    /// What the store said against it
    Refusal = "refusal";
    /// When it is tried again
    Until = "until";
    /// Which requirement
    Requirement = "requirement";
    /// How many were found
    Found = "found";
    /// How many rows there were
    Rows = "rows";
    /// How many records were marked to be read again
    Marked = "marked";
    /// How many webhooks are awaited
    Webhooks = "webhooks";
    /// How many tenants are opened anew
    Changed = "changed";
    /// How many tenants are no longer there
    Removed = "removed";
    /// The path of a webhook
    Address = "address";
    /// What became of a webhook
    Fate = "fate";
    /// Fields that are not in this list: those of libraries
    More = "more";
}

/// Spans: stretches of work that log lines and traces are in.
pub mod span {
    /// An attempt at a record, from its first step until its end is stored.
    pub const ATTEMPT: &str = "attempt";
    /// A record is read again because a webhook or signal named it.
    pub const REREAD: &str = "reread";
    /// A pass over a source.
    pub const PASS: &str = "pass";
    /// Looking for unknown outcomes.
    pub const SETTLE: &str = "settle";
    /// One step of a record.
    pub const STEP: &str = "step";
    /// One HTTP request, from its first byte to the last of its reply.
    pub const REQUEST: &str = "request";

    /// All of them.
    pub const ALL: [&str; 6] = [ATTEMPT, REREAD, PASS, SETTLE, STEP, REQUEST];
}

/// How passes end.
pub const PASS_ENDS: [&str; 4] = ["complete", "later", "stalled", "stopped"];

/// What attempts come to.
pub const OUTCOMES: [&str; 7] = [
    "written",
    "unchanged",
    "echo",
    "skipped",
    "held",
    "retry",
    "dead",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        let mut seen = std::collections::BTreeSet::new();
        let mut families = std::collections::BTreeSet::new();
        for metric in Metric::ALL {
            let name = metric.name();
            assert!(seen.insert(name), "{name} is there twice");
            // `a_total` and `a` would be one family.
            let family = name.strip_suffix("_total").unwrap_or(name);
            assert!(families.insert(family), "{family} is two");
            let ours = name.starts_with("syncline_") || name.starts_with("process_");
            assert!(ours, "{name}");
            let counts = metric.kind() == Kind::Counter;
            assert_eq!(name.ends_with("_total"), counts, "{name}");
            let unit = metric.unit().as_str();
            assert!(
                name.trim_end_matches("_total").ends_with(unit),
                "{name} says its unit"
            );
            assert!(
                !metric.help().ends_with('.'),
                "{name}: the registry adds it"
            );
            for label in metric.labels() {
                assert!(
                    !["tenant", "key", "id", "record", "subject"].contains(label),
                    "{name}: {label} has too many values"
                );
            }
        }
    }
}
