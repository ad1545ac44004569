//! How a tenant fares, for operators and for whoever asks whether the engine is ready.

use std::time::Duration;

use super::tenant::TenantRun;
use crate::engine::clock::Timestamp;
use crate::engine::connect::{Contact, Pause};
use crate::engine::record::ConnectorName;
use crate::lang::plan::Pipeline;

/// What is known of one of a tenant's accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionHealth {
    /// With which connector.
    pub connector: ConnectorName,
    /// When a request last showed that it works, and since when it does not.
    pub contact: Contact,
    /// Whether it rests, until when, and why (S21).
    pub pause: Option<Pause>,
    /// How often something is read from it at least, so that it is heard of without anybody's doing; none where that
    /// is never, or by a calendar.
    pub polled_every: Option<Duration>,
}

impl ConnectionHealth {
    /// Why the account does not count as working: it has failed for longer than `limit`, or it is polled and was not
    /// heard of for so long after a poll was due, counted from `from` at the earliest. `None` when it works.
    pub fn unready(&self, now: Timestamp, from: Timestamp, limit: Duration) -> Option<String> {
        let ailing = self
            .contact
            .fails_since
            .filter(|since| now.since(*since) > limit);
        if let Some(since) = ailing {
            let why = self
                .pause
                .map_or_else(String::new, |pause| format!(": {}", pause.reason));
            return Some(format!("no request has succeeded since {since}{why}"));
        }
        let heard = self.contact.worked_at.unwrap_or(from).max(from);
        let quiet = self
            .polled_every
            .is_some_and(|every| now.since(heard) > every + limit);
        quiet.then(|| match self.contact.worked_at {
            Some(at) => format!("no request has succeeded since {at}"),
            None => "no request has succeeded yet".to_owned(),
        })
    }
}

impl TenantRun {
    /// How its accounts fare, by connector.
    pub fn connections_health(&self) -> Vec<ConnectionHealth> {
        let mut all: Vec<ConnectionHealth> = self
            .connections
            .iter()
            .map(|(name, connection)| ConnectionHealth {
                connector: ConnectorName::from(&**name),
                contact: connection.contact(),
                pause: connection.pause(),
                polled_every: self
                    .polled()
                    .filter(|source| source.fetch.request.connector == *name)
                    .filter_map(|source| source.trigger.as_ref()?.every)
                    .min(),
            })
            .collect();
        all.sort_by(|one, other| one.connector.cmp(&other.connector));
        all
    }

    /// How long ago each source that is read on a schedule was read to its end; from when the tenant was turned on or
    /// opened, where it was not read since.
    pub fn source_ages(&self, now: Timestamp) -> Vec<(&str, Duration)> {
        let begin = self.on_since().max(self.opened_at());
        self.polled()
            .map(|source| {
                let read = self.progress.last_read(&self.name, &source.name);
                let since = read.map_or(begin, |read| read.max(self.on_since()));
                (&*source.name, now.since(since))
            })
            .collect()
    }

    /// A pass starts that was due then.
    pub(crate) fn pass_starts(&self, due: Option<Timestamp>) {
        if let Some(due) = due {
            let late = self.now().since(due);
            self.progress.metrics().pass_started_late(late);
        }
    }

    /// The sources that are read on a schedule, signals among them.
    fn polled(&self) -> impl Iterator<Item = &Pipeline> {
        self.pipelines()
            .flat_map(|pipeline| std::iter::once(pipeline).chain(&pipeline.signals))
            .map(|source| &**source)
            .filter(|source| {
                let trigger = source.trigger.as_ref();
                trigger.is_some_and(|it| it.every.is_some() || it.cron.is_some())
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::connect::PauseReason;

    const LIMIT: Duration = Duration::from_secs(300);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    fn health(worked_at: Option<i64>, fails_since: Option<i64>) -> ConnectionHealth {
        ConnectionHealth {
            connector: "api".into(),
            contact: Contact {
                worked_at: worked_at.map(at),
                fails_since: fails_since.map(at),
            },
            pause: None,
            polled_every: Some(Duration::from_secs(120)),
        }
    }

    #[test]
    fn an_account_that_fails_counts_as_working_for_a_while() {
        let mut cut = health(Some(100), Some(110));
        assert_eq!(cut.unready(at(410), at(0), LIMIT), None);
        cut.pause = Some(Pause {
            until: at(500),
            reason: PauseReason::NoConnection,
        });
        assert_eq!(
            cut.unready(at(411), at(0), LIMIT).unwrap(),
            "no request has succeeded since 1970-01-01T00:01:50Z: no connection"
        );
        assert_eq!(health(Some(412), None).unready(at(413), at(0), LIMIT), None);
    }

    #[test]
    fn only_what_is_polled_must_be_heard_of() {
        let quiet = health(Some(100), None);
        assert_eq!(
            quiet.unready(at(521), at(0), LIMIT).unwrap(),
            "no request has succeeded since 1970-01-01T00:01:40Z"
        );
        let never = health(None, None);
        assert_eq!(never.unready(at(420), at(0), LIMIT), None);
        assert_eq!(
            never.unready(at(421), at(0), LIMIT).unwrap(),
            "no request has succeeded yet"
        );
        let written = ConnectionHealth {
            polled_every: None,
            ..quiet
        };
        assert_eq!(written.unready(at(9_000), at(0), LIMIT), None);
    }
}
