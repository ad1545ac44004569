//! The made-up world a simulator starts with: the same for the same seed and start.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::catalogue::{self, PROFILES};
use super::model::{
    Location, LocationId, Primary, ProviderId, Status, SubscriberId, WorkOrder, WorkOrderId,
};
use super::names::{AREAS, BEGUN, CALLERS, CATEGORIES, PROBLEMS, SITES};
use super::state::{NoteDraft, Provider, State};
use super::terms::Subscriber;
use crate::sandbox::kit::rng::Rng;
use crate::sandbox::kit::time::{earlier, later};

/// How the world begins.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The number of the provider whose account this is.
    pub provider: i64,
    /// Clients, 1 to 3.
    pub subscribers: u32,
    /// Sites, spread over the clients.
    pub locations: u32,
    /// Work orders there are at the start.
    pub work_orders: u32,
    /// How many of them the provider has already begun (IN PROGRESS), before `activation`.
    pub started: u32,
    /// How many of them the clients called in after `activation`.
    pub after_activation: u32,
    /// When the integration is turned on; not after the start of the clock.
    pub activation: DateTime<Utc>,
}

/// The first ids; later ones follow one by one.
pub(super) const FIRST_SUBSCRIBER: i64 = 2_010_000_001;
const FIRST_LOCATION: i64 = 2_005_000_001;
const FIRST_WORK_ORDER: i64 = 310_000_001;
/// The contractor to whom work orders are moved.
pub const OTHER_PROVIDER_ID: i64 = 2_090_000_002;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

impl Seed {
    /// The world at `now`.
    pub(super) fn state(&self, now: DateTime<Utc>) -> State {
        let mut state = State::default();
        let best = Provider {
            name: "Best HVAC LLC",
            phone: "5550111",
        };
        state.add_provider(ProviderId(self.provider), best);
        let other = Provider {
            name: "Other Trades Inc",
            phone: "5550122",
        };
        state.add_provider(ProviderId(OTHER_PROVIDER_ID), other);
        for (offset, profile) in (0..self.subscribers.max(1)).zip(PROFILES) {
            state.add_subscriber(Subscriber {
                id: SubscriberId(FIRST_SUBSCRIBER + i64::from(offset)),
                name: profile.name.to_owned(),
                short_name: profile.short_name.to_owned(),
                permissions: profile.permissions,
                catalogue: catalogue::of(profile),
                priorities: profile.priorities,
                invoice_rules: catalogue::invoice_rules(profile),
            });
        }
        for index in 0..self.locations.max(1) {
            state.add_location(self.location(index));
        }
        for _ in 0..self.work_orders {
            let index = state.work_order_count() as u64;
            let mut rng = Rng::for_item(self.seed, 0x5EED_0000 + index);
            let (status, called) = self.past(index, now, &mut rng);
            let mut order = self.work_order(&state, called);
            let age = (now - called).to_std().unwrap_or_default();
            let minutes = age.as_secs() / 60;
            let ticks = Duration::from_nanos(100 * rng.below(600_000_000));
            let updated = later(
                called,
                MINUTE * u32::try_from(rng.below(minutes.min(6_000))).unwrap_or(0),
            );
            order.updated_date = later(updated, ticks).min(earlier(now, Duration::from_nanos(100)));
            order.invoiced = status.below() == "CONFIRMED" && rng.chance(0.5);
            if status.primary == Primary::Completed {
                order.completed_date = Some(order.updated_date);
                order.resolution = Some("Done & tested".to_owned());
            }
            order.status = status;
            let (id, stamp) = (order.id, order.updated_date);
            state.add_work_order(order);
            if rng.chance(0.3) {
                let text = "Store closes at 9 <pm>".to_owned();
                state.add_note(id, stamp, NoteDraft::user(text, "Jane Store"));
                state.set_stamp(id, stamp);
            }
        }
        state.stamp(now);
        state
    }

    /// Status and call date of a work order that is there at the start.
    fn past(&self, index: u64, now: DateTime<Utc>, rng: &mut Rng) -> (Status, DateTime<Utc>) {
        let before = u64::from(self.work_orders.saturating_sub(self.after_activation));
        let minutes_back = |rng: &mut Rng, from: u64, days: u64| {
            MINUTE * u32::try_from(from * 1_440 + rng.below(days * 1_440) + 1).unwrap_or(u32::MAX)
        };
        if index >= before {
            let span = (now - self.activation).to_std().unwrap_or_default();
            let called = later(self.activation, span.mul_f64(share(rng)));
            let status = match rng.below(100) {
                0..3 => Status::of(Primary::Completed, "CANCELLED"),
                3..5 => Status::of(Primary::Open, "DECLINED"),
                _ => open(rng),
            };
            return (status, called);
        }
        // Some are older than the two windows of a list (90 and 365 days).
        let back = match index % 40 {
            39 => minutes_back(rng, 366, 60),
            19 | 29 => minutes_back(rng, 95, 200),
            _ => minutes_back(rng, 0, 60),
        };
        let status = if index < u64::from(self.started) {
            let below = *rng.pick(BEGUN);
            Status::of(Primary::InProgress, below)
        } else {
            match rng.below(100) {
                0..6 => Status::of(Primary::Completed, "CANCELLED"),
                6..10 => Status::of(Primary::Open, "DECLINED"),
                10..13 => Status::of(Primary::Completed, "PENDING CONFIRMATION"),
                13..16 => Status::of(Primary::Completed, "CONFIRMED"),
                _ => open(rng),
            }
        };
        (status, earlier(self.activation, back))
    }

    fn location(&self, index: u32) -> Location {
        let mut rng = Rng::for_item(self.seed, 0x10CA_0000 + u64::from(index));
        let site = SITES
            .get(index as usize % SITES.len())
            .expect("the index is cut to the list");
        let (name, street, city, state, zip, time_zone, shift_to_eastern, north, east) = *site;
        let profiles = i64::from(self.subscribers.clamp(1, 3));
        let round = i64::from(index) / profiles;
        Location {
            id: LocationId(FIRST_LOCATION + i64::from(index)),
            subscriber: SubscriberId(FIRST_SUBSCRIBER + i64::from(index) % profiles),
            // Store numbers begin anew for each subscriber, as they do in the world.
            store_id: format!("{:04}", round + 1),
            name: format!("{name} {}", round + 1),
            address1: rng
                .chance(0.25)
                .then(|| format!("Suite {}", rng.below(40) + 1)),
            address2: format!("{} {street}", 100 + rng.below(9_000)),
            city: city.to_owned(),
            state: state.to_owned(),
            zip: zip.to_owned(),
            phone: rng
                .chance(0.9)
                .then(|| format!("(555) 555-{:04}", rng.below(10_000))),
            contact: rng.chance(0.5).then(|| (*rng.pick(CALLERS)).to_owned()),
            region: if east > -100.0 { "East" } else { "West" }.to_owned(),
            time_zone,
            shift_to_eastern,
            latitude: north,
            longitude: east,
        }
    }

    /// The next work order, open and called in at `called`. It is not yet part of `state`.
    pub(super) fn work_order(&self, state: &State, called: DateTime<Utc>) -> WorkOrder {
        let index = state.work_order_count() as u64;
        let mut rng = Rng::for_item(self.seed, 0x0DE0_0000 + index);
        let id = WorkOrderId(FIRST_WORK_ORDER + i64::try_from(index).unwrap_or(i64::MAX));
        let place = i64::try_from(rng.below(state.location_count() as u64)).unwrap_or(0);
        let location = LocationId(FIRST_LOCATION + place);
        let subscriber = state
            .location(location)
            .and_then(|found| state.subscriber(found.subscriber))
            .expect("every location has a subscriber");
        let (trade, equipment, problem, detail) = *rng.pick(PROBLEMS);
        let area = *rng.pick(AREAS);
        let person = *rng.pick(CALLERS);
        let number = id.to_string();
        let purchase_number = if rng.chance(0.2) {
            format!("PO-{}", rng.below(1_000_000))
        } else {
            number.clone()
        };
        let priority = rng
            .chance(0.95)
            .then(|| (*rng.pick(subscriber.priorities)).to_owned());
        let scheduled = rng
            .chance(0.8)
            .then(|| later(called, DAY * (1 + cut(rng.below(6)))));
        let expires = rng
            .chance(0.7)
            .then(|| later(called, DAY * (10 + cut(rng.below(20)))));
        WorkOrder {
            id,
            number,
            purchase_number,
            subscriber: subscriber.id,
            provider: ProviderId(self.provider),
            location,
            status: open(&mut rng),
            caller: format!("{person} Phone# 555{:04}", rng.below(10_000)),
            created_by: "store@client.example".to_owned(),
            call_date: called,
            created_date: called,
            updated_date: called,
            scheduled_date: scheduled,
            expiration_date: expires,
            completed_date: None,
            priority,
            trade: rng.chance(0.97).then(|| trade.to_owned()),
            category: rng.chance(0.95).then(|| (*rng.pick(CATEGORIES)).to_owned()),
            problem_code: rng.chance(0.9).then(|| problem.to_owned()),
            description: format!(
                "{area} / {trade} / {equipment} / {problem} / {detail} / {person} will let you in; ask for the key & sign the log."
            ),
            resolution: None,
            approval_code: rng
                .chance(0.5)
                .then(|| format!("{}.260|7213", rng.below(9_000))),
            nte: rng
                .chance(0.9)
                .then(|| f64::from(cut(rng.below(400))) * 12.5),
            invoiced: false,
            notes: Vec::new(),
            attachments: Vec::new(),
            visits: Vec::new(),
            hidden_until: None,
        }
    }
}

/// Both ways in which "nothing below" is seen on the wire.
fn open(rng: &mut Rng) -> Status {
    if rng.chance(0.5) {
        Status::plain(Primary::Open)
    } else {
        Status::of(Primary::Open, "")
    }
}

fn cut(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A part of one.
fn share(rng: &mut Rng) -> f64 {
    f64::from(cut(rng.below(1_000_000))) / 1_000_000.0
}
