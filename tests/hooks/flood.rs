//! Ten thousand deliveries, most of which prove nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use serde_json::json;
use syncline::engine::record::TenantName;
use syncline::engine::store::Store as _;
use syncline::sandbox::kit::rng::Rng;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{blind, object};
use crate::harness::hooks::{deliver, header, signed};
use crate::harness::until;
use crate::harness::world::TENANT;

const DELIVERIES: usize = 10_000;
const ORDERS: usize = 60;
/// On the way at once.
const AT_ONCE: usize = 32;

/// What is wrong with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wrong {
    Nothing,
    /// Signed with a key that was never one.
    Key,
    /// Signed with the key from before the last two.
    OldKey,
    /// A good signature, made too long ago.
    Stale,
    /// The same, as if it were made now.
    Retimed,
    /// A good signature of another body.
    Body,
    /// No signature.
    Missing,
    /// The good signature, twice.
    Doubled,
    /// The good signature and another one.
    Two,
    /// A good signature, cut short.
    Cut,
    /// Signed, about the data of another provider.
    Provider,
}

const ALL: [Wrong; 11] = [
    Wrong::Nothing,
    Wrong::Key,
    Wrong::OldKey,
    Wrong::Stale,
    Wrong::Retimed,
    Wrong::Body,
    Wrong::Missing,
    Wrong::Doubled,
    Wrong::Two,
    Wrong::Cut,
    Wrong::Provider,
];

const SIGNATURE: &str = "sign-data";
/// Seconds that a delivery is good for.
const TOLERANCE: i64 = 300;

fn headers(wrong: Wrong, key: &str, now: i64, body: &[u8]) -> HeaderMap {
    let old = now - TOLERANCE - 60;
    let is = |any: &[Wrong]| any.contains(&wrong);
    let signed_at = if is(&[Wrong::Stale, Wrong::Retimed]) {
        old
    } else {
        now
    };
    let told = if is(&[Wrong::Stale]) { old } else { now };
    let key = if is(&[Wrong::Key]) {
        "a guess"
    } else if is(&[Wrong::OldKey]) {
        "the key of last year"
    } else {
        key
    };
    let body = if is(&[Wrong::Body]) { b"{}" } else { body };
    let sign = |key: &str| {
        let text = [format!("{signed_at}.").as_bytes(), body].concat();
        signed(key, &text)[SIGNATURE].clone()
    };
    let mut headers = header("x-time", &told.to_string());
    if !is(&[Wrong::Missing]) {
        headers.append(SIGNATURE, sign(key));
    }
    if is(&[Wrong::Doubled]) {
        headers.append(SIGNATURE, sign(key));
    }
    if is(&[Wrong::Two]) {
        headers.append(SIGNATURE, sign("a guess"));
    }
    if is(&[Wrong::Cut]) {
        let whole = sign(key);
        let cut = HeaderValue::from_bytes(&whole.as_bytes()[..whole.len() - 4]);
        headers.insert(SIGNATURE, cut.unwrap());
    }
    headers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_of_ten_thousand_deliveries_exactly_the_right_ones_have_an_effect() {
    let world = blind().await;
    // As an API does that says when it signed.
    let hmac = "/webhooks/work_order/verify/hmac";
    for (key, value) in [
        ("signed", json!("{{ timestamp }}.{{ body }}")),
        (
            "timestamp",
            json!({ "header": "X-Time", "tolerance": format!("{TOLERANCE}s") }),
        ),
    ] {
        let file = "connectors/servicechannel.yaml";
        world.edit(file, &format!("{hmac}/{key}"), value);
    }
    world.on().await;
    let served = world.serve().await;
    let orders = world.arrive(ORDERS);
    // A third of the work orders is told of rightly; of the others only wrong things are told.
    let (told, untold) = orders.split_at(ORDERS / 3);
    let key = world.sandbox.servicechannel().signing_key();
    let mut rng = Rng::seeded(40);
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut sending = JoinSet::new();
    let mut sent: BTreeMap<Wrong, usize> = BTreeMap::new();
    for number in 0..DELIVERIES {
        let among = |rng: &mut Rng, count: usize| usize::try_from(rng.below(count as u64)).unwrap();
        let wrong = ALL[among(&mut rng, ALL.len())];
        *sent.entry(wrong).or_default() += 1;
        let of = if wrong == Wrong::Nothing {
            told
        } else {
            untold
        };
        // The first of them go round, so that each is told of at least once.
        let order = of[if number < 1000 {
            number % of.len()
        } else {
            among(&mut rng, of.len())
        }];
        let mut object = object(order);
        if wrong == Wrong::Provider {
            object["ProviderId"] = json!(2_090_000_002);
        }
        let body = json!({ "Object": object }).to_string();
        let headers = headers(wrong, &key, world.now().timestamp(), body.as_bytes());
        let slot = slots.clone().acquire_owned().await.unwrap();
        let at = served.at;
        sending.spawn(async move {
            let path = "sandbox/servicechannel/work_order";
            let answer = deliver(at, path, headers, body.into_bytes()).await;
            drop(slot);
            (wrong, answer)
        });
    }
    let mut answers: BTreeMap<(Wrong, Option<u16>), usize> = BTreeMap::new();
    while let Some(answered) = sending.join_next().await {
        let (wrong, answer) = answered.unwrap();
        *answers
            .entry((wrong, answer.map(|status| status.as_u16())))
            .or_default() += 1;
    }
    let expected: BTreeMap<_, _> = sent
        .into_iter()
        .map(|(wrong, count)| {
            let status = if wrong == Wrong::Nothing { 200 } else { 401 };
            ((wrong, Some(status)), count)
        })
        .collect();
    assert_eq!(answers, expected);

    until("every work order that was told of is a job", async || {
        let jobs = world.jobs();
        told.iter().all(|order| jobs.contains_key(&order.0))
    })
    .await;
    served.terminate().await.fine();
    world.nothing_twice();
    assert_eq!(world.created("jobs"), told.len() as u64);
    let store = world.store().await;
    let tenant = TenantName::from(TENANT);
    for order in untold {
        let rows = store.records(&tenant, &order.0.to_string().into()).await;
        assert_eq!(rows.unwrap(), [], "nobody has told of {order:?}");
    }
    store.close().await;
}
