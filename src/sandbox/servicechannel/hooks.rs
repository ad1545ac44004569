//! Webhooks: who is told of what, and what is still to be delivered.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::World;
use super::events::KINDS;
use super::model::WorkOrder;
use crate::sandbox::kit::rng::Rng;
use crate::sandbox::kit::time::later;

/// How many webhooks an account has at most, and how many subscriptions each.
pub(super) const CAP: usize = 20;
/// Between two attempts.
const RETRY: Duration = Duration::from_secs(300);
/// The first attempt and three more.
const ATTEMPTS: u32 = 4;
/// So many failures in a row turn a subscription off.
const FAILURES: u32 = 1_000;
/// For how long, the first time.
const PAUSE: Duration = Duration::from_secs(12 * 3_600);
/// How many deliveries the log keeps.
const LOG_CAP: usize = 10_000;

impl World {
    /// From now on `url` (on this machine) is told of these events; of all when none is named.
    pub fn add_hook(&self, url: Url, events: &[String]) -> i64 {
        let of_kind = |kind: &&[&str]| {
            let wanted =
                |event: &&&str| events.is_empty() || events.iter().any(|own| own == **event);
            let event_types: Vec<String> = kind
                .iter()
                .filter(wanted)
                .map(|event| (*event).to_owned())
                .collect();
            (!event_types.is_empty()).then(|| Subscription {
                id: 0,
                name: "all".to_owned(),
                event_types,
                rules: Rules::default(),
                health: Health::default(),
            })
        };
        let hook = WebHook {
            id: 0,
            name: "set up by hand".to_owned(),
            url,
            description: None,
            enabled: true,
            subscriptions: KINDS.iter().filter_map(of_kind).collect(),
        };
        self.with_state(|state| state.hooks_mut().add(hook).id)
    }

    /// With what events are signed.
    pub fn signing_key(&self) -> String {
        self.read_state(|state| state.hooks().key().to_owned())
    }

    /// What goes wrong on the way of events from now on.
    pub fn set_hook_faults(&self, faults: HookFaults) {
        self.with_state(|state| state.hooks_mut().set_faults(faults));
    }

    /// Every attempt to deliver an event, oldest first, as far as they are kept.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.read_state(|state| state.hooks().log().cloned().collect())
    }
}

/// A webhook of the provider, in the vendor's own words.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WebHook {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) url: Url,
    pub(super) description: Option<String>,
    pub(super) enabled: bool,
    pub(super) subscriptions: Vec<Subscription>,
}

/// Of which events a webhook is told.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscription {
    #[serde(default)]
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) event_types: Vec<String>,
    #[serde(default)]
    pub(super) rules: Rules,
    #[serde(skip)]
    health: Health,
}

/// Which work orders a subscription is about; an empty list is all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Rules {
    trades: Vec<String>,
    categories: Vec<String>,
    /// Such as `COMPLETED/CONFIRMED`.
    statuses: Vec<String>,
}

impl Rules {
    fn fits(&self, order: &WorkOrder) -> bool {
        let fits = |list: &[String], value: &str| {
            list.is_empty() || list.iter().any(|own| own.eq_ignore_ascii_case(value))
        };
        let status = match order.status.below() {
            "" => order.status.primary.wire().to_owned(),
            below => format!("{}/{below}", order.status.primary.wire()),
        };
        fits(&self.trades, order.trade.as_deref().unwrap_or_default())
            && fits(
                &self.categories,
                order.category.as_deref().unwrap_or_default(),
            )
            && fits(&self.statuses, &status)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Health {
    /// In a row.
    failures: u32,
    pauses: u32,
    off_until: Option<DateTime<Utc>>,
}

impl Subscription {
    fn is_on(&self, now: DateTime<Utc>) -> bool {
        self.health.off_until.is_none_or(|until| until <= now)
    }
}

/// What goes wrong on the way of an event.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HookFaults {
    /// In how many of all cases (0.0 to 1.0) it is lost.
    pub lose: f64,
    /// In how many of all cases it is sent twice.
    pub duplicate: f64,
    /// In how many of all cases it is sent later, so that others overtake it.
    pub late: f64,
    /// How much later.
    #[serde(with = "crate::sandbox::kit::duration")]
    pub late_by: Duration,
}

impl Default for HookFaults {
    fn default() -> Self {
        Self {
            lose: 0.0,
            duplicate: 0.0,
            late: 0.0,
            late_by: Duration::from_secs(30),
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was answered with this status; 2xx is good.
    Answered(u16),
    /// There was no answer in time, or nobody there.
    Failed(String),
    /// A fault lost it.
    Lost,
}

/// One attempt to deliver an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// The number of the event; duplicates share it.
    pub event: u64,
    /// Of which kind it is.
    pub event_type: String,
    /// To which webhook.
    pub hook: i64,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// When.
    pub at: DateTime<Utc>,
    /// How it ended.
    pub outcome: Outcome,
}

/// An event on its way to one webhook.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) due: DateTime<Utc>,
    pub(super) url: Url,
    pub(super) body: Bytes,
    event: u64,
    event_type: String,
    hook: i64,
    subscription: i64,
    attempt: u32,
}

/// All webhooks of the provider.
#[derive(Debug)]
pub(super) struct Hooks {
    registered: BTreeMap<i64, WebHook>,
    last_id: i64,
    last_event: u64,
    key: String,
    rng: Rng,
    faults: HookFaults,
    /// What is to be delivered, in the order in which it came up.
    waiting: VecDeque<Delivery>,
    log: VecDeque<Attempt>,
}

impl Default for Hooks {
    fn default() -> Self {
        let mut hooks = Self {
            registered: BTreeMap::new(),
            last_id: 0,
            last_event: 0,
            key: String::new(),
            rng: Rng::seeded(0x5164),
            faults: HookFaults::default(),
            waiting: VecDeque::new(),
            log: VecDeque::new(),
        };
        hooks.new_key();
        hooks
    }
}

impl Hooks {
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Makes another signing key; the one before is good no more.
    pub(super) fn new_key(&mut self) -> &str {
        self.key = format!("{:016x}{:016x}", self.rng.next_u64(), self.rng.next_u64());
        &self.key
    }

    /// What `Sign-Data` says for this body.
    pub(super) fn signature(&self, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.key.as_bytes());
        STANDARD.encode(hmac::sign(&key, body))
    }

    pub(super) fn set_faults(&mut self, faults: HookFaults) {
        self.faults = faults;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.registered.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.registered.len()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &WebHook> {
        self.registered.values()
    }

    pub(super) fn get_mut(&mut self, id: i64) -> Option<&mut WebHook> {
        self.registered.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: i64) -> Option<WebHook> {
        self.registered.remove(&id)
    }

    /// Adds a webhook and gives it and its subscriptions their numbers.
    pub(super) fn add(&mut self, mut hook: WebHook) -> &WebHook {
        hook.id = self.next_id();
        let id = hook.id;
        self.numbered(&mut hook.subscriptions);
        self.registered.entry(id).or_insert(hook)
    }

    /// Gives numbers to subscriptions that have none.
    pub(super) fn numbered(&mut self, subscriptions: &mut [Subscription]) {
        for subscription in subscriptions {
            if subscription.id == 0 {
                subscription.id = self.next_id();
            }
        }
    }

    fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// Something happened to `order`: everybody who asked is to be told.
    pub(super) fn emit(
        &mut self,
        now: DateTime<Utc>,
        order: &WorkOrder,
        event_type: &str,
        payload: &Value,
    ) {
        let wanted = self.registered.values().filter(|hook| hook.enabled);
        let wanted = wanted.flat_map(|hook| {
            let wants = |subscription: &&Subscription| {
                subscription.is_on(now)
                    && subscription.rules.fits(order)
                    && subscription.event_types.iter().any(|own| own == event_type)
            };
            let told = hook.subscriptions.iter().filter(wants);
            told.map(|subscription| (hook.id, subscription.id, hook.url.clone()))
        });
        let wanted: Vec<_> = wanted.collect();
        for (hook, subscription, url) in wanted {
            self.last_event += 1;
            let delivery = Delivery {
                due: now,
                url,
                body: Bytes::from(payload.to_string()),
                event: self.last_event,
                event_type: event_type.to_owned(),
                hook,
                subscription,
                attempt: 1,
            };
            self.send_on(now, delivery);
        }
    }

    /// Puts an event on its way, as far as faults let it.
    fn send_on(&mut self, now: DateTime<Utc>, mut delivery: Delivery) {
        let faults = self.faults.clone();
        if self.rng.chance(faults.lose) {
            self.note(&delivery, now, Outcome::Lost);
            return;
        }
        if self.rng.chance(faults.duplicate) {
            self.waiting.push_back(delivery.clone());
        }
        if self.rng.chance(faults.late) {
            delivery.due = later(now, faults.late_by);
        }
        self.waiting.push_back(delivery);
    }

    /// What is to be sent next: of what is due, the first.
    pub(super) fn take_due(&mut self, now: DateTime<Utc>) -> Option<Delivery> {
        let at = self.waiting.iter().position(|waits| waits.due <= now)?;
        self.waiting.remove(at)
    }

    /// How much is still to be delivered.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// When something is due.
    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.waiting.iter().map(|waits| waits.due).min()
    }

    /// An attempt ended: what failed is tried again, and whoever fails too often is told no more.
    pub(super) fn ended(&mut self, now: DateTime<Utc>, mut delivery: Delivery, outcome: Outcome) {
        let good = matches!(outcome, Outcome::Answered(200..=299));
        self.note(&delivery, now, outcome);
        let subscription = self.registered.get_mut(&delivery.hook).and_then(|hook| {
            let mut own = hook.subscriptions.iter_mut();
            own.find(|subscription| subscription.id == delivery.subscription)
        });
        // Whoever is no longer subscribed is told nothing more.
        let Some(subscription) = subscription else {
            return;
        };
        let health = &mut subscription.health;
        if good {
            *health = Health::default();
            return;
        }
        health.failures += 1;
        if health.failures == FAILURES {
            let until = match health.pauses {
                0 => later(now, PAUSE),
                _ => DateTime::<Utc>::MAX_UTC,
            };
            *health = Health {
                failures: 0,
                pauses: health.pauses + 1,
                off_until: Some(until),
            };
        }
        if delivery.attempt < ATTEMPTS {
            delivery.attempt += 1;
            delivery.due = later(now, RETRY);
            self.waiting.push_back(delivery);
        }
    }

    fn note(&mut self, delivery: &Delivery, at: DateTime<Utc>, outcome: Outcome) {
        if self.log.len() == LOG_CAP {
            self.log.pop_front();
        }
        self.log.push_back(Attempt {
            event: delivery.event,
            event_type: delivery.event_type.clone(),
            hook: delivery.hook,
            attempt: delivery.attempt,
            at,
            outcome,
        });
    }

    /// All attempts, oldest first, as far as they are kept.
    pub(super) fn log(&self) -> impl Iterator<Item = &Attempt> {
        self.log.iter()
    }
}
