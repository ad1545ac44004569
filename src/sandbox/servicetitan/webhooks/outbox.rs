//! What becomes of events: deliveries that wait, are sent, fail, are lost, and are told of.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use tokio::sync::Notify;

use super::events::Event;
use super::{Hooks, HooksError, Signature};
use crate::sandbox::kit::rng::Rng;
use crate::sandbox::kit::time::later;
use crate::sandbox::servicetitan::value::Instant;

/// How long after a failed attempt the next one comes; after the last one it has failed.
const RETRIES: [Duration; 4] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(300),
];

/// How many deliveries are kept. The oldest go first, whatever became of them.
const CAP: usize = 20_000;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Waiting,
    Delivered,
    Failed,
    /// Never sent, as the hooks want it.
    Lost,
}

/// One attempt: the status it was answered with; none when there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Attempt {
    at: DateTime<Utc>,
    status: Option<u16>,
}

/// One delivery of one event.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    pub(crate) id: String,
    /// The same for every delivery of one event.
    pub(crate) user_assigned_id: String,
    pub(crate) r#type: &'static str,
    pub(crate) url: String,
    pub(crate) state: State,
    pub(crate) due: DateTime<Utc>,
    pub(crate) attempts: Vec<Attempt>,
    #[serde(skip)]
    pub(crate) body: String,
    #[serde(skip)]
    pub(crate) signature: Option<Signature>,
}

/// What the sender has to do.
pub(crate) enum Next {
    Due(Box<Delivery>),
    At(Instant),
    Nothing,
}

/// All deliveries.
#[derive(Debug)]
pub(crate) struct Outbox {
    tray: Mutex<Tray>,
    filled: Notify,
}

#[derive(Debug)]
struct Tray {
    hooks: Hooks,
    rng: Rng,
    events: u64,
    sent: u64,
    deliveries: VecDeque<Delivery>,
}

impl Outbox {
    pub(crate) fn new(hooks: Hooks, seed: u64) -> Self {
        Self {
            tray: Mutex::new(Tray {
                hooks,
                rng: Rng::seeded(seed),
                events: 0,
                sent: 0,
                deliveries: VecDeque::new(),
            }),
            filled: Notify::new(),
        }
    }

    pub(crate) fn hooks(&self) -> Hooks {
        self.tray().hooks.clone()
    }

    /// From now on events go where these say.
    pub(crate) fn set(&self, hooks: Hooks) -> Result<(), HooksError> {
        hooks.check()?;
        self.tray().hooks = hooks;
        Ok(())
    }

    /// Forgets all deliveries, and where they went.
    pub(crate) fn reset(&self, hooks: Hooks) {
        let mut tray = self.tray();
        tray.hooks = hooks;
        tray.deliveries.clear();
    }

    /// Whether anybody wants to be told anything.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.tray().hooks.urls.is_empty()
    }

    /// These events happened at `now`.
    pub(crate) fn put(&self, now: Instant, events: Vec<Event>) {
        {
            let mut tray = self.tray();
            for event in events {
                tray.put(now, &event);
            }
        }
        self.filled.notify_one();
    }

    /// What failed is sent again now, as someone can have it in the vendor's portal.
    pub(crate) fn replay(&self, now: Instant) -> usize {
        let count = {
            let mut tray = self.tray();
            let failed = |delivery: &&Delivery| delivery.state == State::Failed;
            let failed: Vec<Delivery> = tray.deliveries.iter().filter(failed).cloned().collect();
            for delivery in &failed {
                tray.resend(now, delivery);
            }
            failed.len()
        };
        self.filled.notify_one();
        count
    }

    /// Every delivery that is kept, oldest first.
    pub(crate) fn log(&self) -> Vec<Delivery> {
        self.tray().deliveries.iter().cloned().collect()
    }

    /// Ends when something may have become due.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// The delivery that is due longest.
    pub(crate) fn next(&self, now: Instant) -> Next {
        let tray = self.tray();
        let waiting = |delivery: &&Delivery| delivery.state == State::Waiting;
        let first = tray
            .deliveries
            .iter()
            .filter(waiting)
            .min_by_key(|delivery| delivery.due);
        match first {
            None => Next::Nothing,
            Some(delivery) if delivery.due > now => Next::At(delivery.due),
            Some(delivery) => Next::Due(Box::new(delivery.clone())),
        }
    }

    /// An attempt ended with this status, or without an answer.
    pub(crate) fn ended(&self, id: &str, now: Instant, status: Option<u16>) {
        let mut tray = self.tray();
        let Some(delivery) = tray.deliveries.iter_mut().find(|known| known.id == id) else {
            return;
        };
        let failures = delivery.attempts.len();
        delivery.attempts.push(Attempt { at: now, status });
        if status.is_some_and(|status| (200..300).contains(&status)) {
            delivery.state = State::Delivered;
            return;
        }
        match RETRIES.get(failures) {
            Some(wait) => delivery.due = later(now, *wait),
            None => delivery.state = State::Failed,
        }
    }

    fn tray(&self) -> MutexGuard<'_, Tray> {
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tray {
    fn put(&mut self, now: Instant, event: &Event) {
        let Some(url) = self.hooks.url_of(event.kind).cloned() else {
            return;
        };
        self.events += 1;
        let user_assigned_id = format!("evt-{}", self.events);
        let copies = if self.rng.chance(self.hooks.duplicates) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let id = self.next_id();
            let body = json!({"specversion": "1.0", "id": id, "type": event.kind, "time": now,
                              "source": "https://webhooks.servicetitan.io",
                              "userassignedid": user_assigned_id,
                              "datacontenttype": "application/json", "data": event.data});
            let state = if self.rng.chance(self.hooks.loss) {
                State::Lost
            } else {
                State::Waiting
            };
            let spread = u64::try_from(self.hooks.spread.as_millis()).unwrap_or(u64::MAX);
            let more = Duration::from_millis(self.rng.below(spread.saturating_add(1)));
            self.keep(Delivery {
                id,
                user_assigned_id: user_assigned_id.clone(),
                r#type: event.kind,
                url: url.clone(),
                state,
                due: later(now, self.hooks.delay.saturating_add(more)),
                attempts: Vec::new(),
                body: body.to_string(),
                signature: self.hooks.signature.clone(),
            });
        }
    }

    fn resend(&mut self, now: Instant, failed: &Delivery) {
        let id = self.next_id();
        let body = match serde_json::from_str::<serde_json::Value>(&failed.body) {
            Ok(mut body) => {
                body["id"] = json!(id);
                body.to_string()
            }
            Err(_) => failed.body.clone(),
        };
        self.keep(Delivery {
            id,
            state: State::Waiting,
            due: now,
            attempts: Vec::new(),
            body,
            ..failed.clone()
        });
    }

    fn next_id(&mut self) -> String {
        self.sent += 1;
        format!("d-{}", self.sent)
    }

    fn keep(&mut self, delivery: Delivery) {
        if self.deliveries.len() == CAP {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(delivery);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn outbox(change: impl FnOnce(&mut Hooks)) -> Outbox {
        let url = "http://127.0.0.1:9/hook".to_owned();
        let mut hooks = Hooks {
            urls: BTreeMap::from([("*".to_owned(), url)]),
            ..Hooks::default()
        };
        change(&mut hooks);
        hooks.check().unwrap();
        Outbox::new(hooks, 7)
    }

    fn at(seconds: u64) -> Instant {
        later(Instant::UNIX_EPOCH, Duration::from_secs(seconds))
    }

    fn put(outbox: &Outbox, count: usize) {
        let event = Event {
            kind: "tn.jpm.job-updated",
            data: json!({}),
        };
        outbox.put(at(0), vec![event; count]);
    }

    #[test]
    fn an_unanswered_delivery_is_tried_five_times() {
        let outbox = outbox(|_| ());
        put(&outbox, 1);
        let mut now = 0;
        for wait in [10, 30, 60, 300] {
            let Next::Due(delivery) = outbox.next(at(now)) else {
                panic!("nothing is due at {now}")
            };
            outbox.ended(&delivery.id, at(now), Some(500));
            let Next::At(due) = outbox.next(at(now)) else {
                panic!("no retry after {now}")
            };
            now += wait;
            assert_eq!(due, at(now));
        }
        outbox.ended("d-1", at(now), None);
        assert!(matches!(outbox.next(at(now)), Next::Nothing));
        assert_eq!(outbox.log()[0].state, State::Failed);
        assert_eq!(outbox.replay(at(now)), 1);
        let log = outbox.log();
        assert_eq!((log[1].id.as_str(), log[1].state), ("d-2", State::Waiting));
        assert_eq!(log[0].user_assigned_id, log[1].user_assigned_id);
        assert!(log[1].body.contains(r#""id":"d-2""#));
    }

    #[test]
    fn duplicates_have_another_id_and_the_same_event() {
        let outbox = outbox(|hooks| hooks.duplicates = 1.0);
        put(&outbox, 1);
        let log = outbox.log();
        let names = |delivery: &Delivery| (delivery.id.clone(), delivery.user_assigned_id.clone());
        assert_eq!(names(&log[0]), ("d-1".to_owned(), "evt-1".to_owned()));
        assert_eq!(names(&log[1]), ("d-2".to_owned(), "evt-1".to_owned()));
    }

    #[test]
    fn what_is_lost_is_never_due_and_what_is_spread_overtakes() {
        let lossy = outbox(|hooks| hooks.loss = 1.0);
        put(&lossy, 3);
        assert!(matches!(lossy.next(at(9)), Next::Nothing));
        let spread = outbox(|hooks| {
            hooks.delay = Duration::from_secs(5);
            hooks.spread = Duration::from_secs(5);
        });
        put(&spread, 8);
        let due: Vec<Instant> = spread.log().iter().map(|delivery| delivery.due).collect();
        assert!(due.iter().all(|due| (at(5)..=at(10)).contains(due)));
        assert!(!due.is_sorted(), "some overtake others: {due:?}");
    }

    #[test]
    fn only_loopback_is_posted_to() {
        for url in [
            "https://127.0.0.1/x",
            "http://10.0.0.1/x",
            "http://a.example/x",
        ] {
            let hooks = Hooks {
                urls: BTreeMap::from([("*".to_owned(), url.to_owned())]),
                ..Hooks::default()
            };
            assert_eq!(
                hooks.check().unwrap_err().to_string(),
                format!("webhooks go to http://<loopback address>, and `{url}` is none")
            );
        }
    }
}
