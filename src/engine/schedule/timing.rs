//! When a source is to be read, by what its trigger says; and where in its interval it begins.

use std::time::Duration;

use crate::engine::clock::Timestamp;
use crate::engine::record::TenantName;
use crate::lang::plan::{Crontab, Pipeline};

/// How far apart the first passes of a process start, on average: a thousand pipelines begin over 20 s, those of one
/// tenant practically at once.
const APART: Duration = Duration::from_millis(20);

/// What the times of a source follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// A fixed distance from the first pass on.
    Every(Duration),
    /// The wall clock of a zone.
    Cron(Crontab),
    /// Nothing: it is read at start, and when someone asks.
    AtStart,
    /// Nothing: it is read when someone asks.
    ByHand,
}

impl Rhythm {
    /// What a pipeline's trigger says. One that webhooks alone trigger is read at start: some may have been missed.
    pub(super) fn of(pipeline: &Pipeline) -> Self {
        let Some(trigger) = &pipeline.trigger else {
            return Self::ByHand;
        };
        match (trigger.every, &trigger.cron) {
            (Some(every), _) => Self::Every(every),
            (None, Some(crontab)) => Self::Cron(crontab.clone()),
            (None, None) => Self::AtStart,
        }
    }

    /// The first time after `now`, where `time` was one.
    pub(super) fn after(&self, time: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(every) => {
                // The phase is kept however late it is: times are counted from the first one.
                let passed = now.since(time).as_nanos() / every.as_nanos().max(1);
                let times = u32::try_from(passed.saturating_add(1)).unwrap_or(u32::MAX);
                Some(time.plus(every.saturating_mul(times)))
            }
            Self::Cron(crontab) => next_cron(crontab, now),
            Self::AtStart | Self::ByHand => None,
        }
    }
}

/// The first time after `after` that a crontab line names.
pub(super) fn next_cron(crontab: &Crontab, after: Timestamp) -> Option<Timestamp> {
    crontab.next(after.to_chrono()).map(Timestamp::from_chrono)
}

/// How long after the start a source is read first, with so many pipelines in the process: the same at every start,
/// another for every source, always less than its interval.
pub(super) fn offset(
    tenant: &TenantName,
    source: &str,
    rhythm: &Rhythm,
    pipelines: usize,
) -> Duration {
    let crowd = APART.saturating_mul(u32::try_from(pipelines).unwrap_or(u32::MAX));
    let within = match rhythm {
        Rhythm::Every(every) => crowd.min(*every),
        Rhythm::Cron(_) | Rhythm::AtStart | Rhythm::ByHand => crowd,
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(tenant.as_str().as_bytes());
    hasher.update(b"/");
    hasher.update(source.as_bytes());
    let mut first = [0; 4];
    hasher.finalize_xof().fill(&mut first);
    // A share of the span, in parts of 2^32.
    let nanos = (within.as_nanos() * u128::from(u32::from_be_bytes(first))) >> 32;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keeps_its_phase() {
        let at = Timestamp::from_unix_seconds;
        let rhythm = Rhythm::Every(Duration::from_secs(120));
        assert_eq!(rhythm.after(at(7), at(7)), Some(at(127)));
        assert_eq!(rhythm.after(at(7), at(126)), Some(at(127)));
        assert_eq!(rhythm.after(at(7), at(127)), Some(at(247)));
        assert_eq!(rhythm.after(at(7), at(1000)), Some(at(1087)));
    }

    #[test]
    fn ten_thousand_pipelines_spread_over_their_interval_and_a_few_begin_at_once() {
        let rhythm = Rhythm::Every(Duration::from_secs(120));
        let mut seconds = [0; 120];
        for tenant in 0..2_000 {
            let tenant = TenantName::from(format!("tenant-{tenant}").as_str());
            for pipeline in ["orders", "notes", "jobs", "invoices", "photos"] {
                let offset = offset(&tenant, pipeline, &rhythm, 10_000);
                seconds[usize::try_from(offset.as_secs()).unwrap()] += 1;
            }
        }
        // 83 a second on average.
        let (least, most) = (seconds.iter().min().unwrap(), seconds.iter().max().unwrap());
        assert!(*least > 40 && *most < 140, "{least} to {most} in a second");
        let tenant = TenantName::from("acme");
        let alone = offset(&tenant, "orders", &rhythm, 5);
        assert!(alone < Duration::from_millis(100), "{alone:?}");
        assert_eq!(alone, offset(&tenant, "orders", &rhythm, 5));
        assert_ne!(alone, offset(&tenant, "notes", &rhythm, 5));
    }
}
