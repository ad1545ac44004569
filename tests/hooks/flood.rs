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
use crate::harness::hooks::{deliver, signed};
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

const ALL: [Wrong; 9] = [
    Wrong::Nothing,
    Wrong::Key,
    Wrong::OldKey,
    Wrong::Body,
    Wrong::Missing,
    Wrong::Doubled,
    Wrong::Two,
    Wrong::Cut,
    Wrong::Provider,
];

fn headers(wrong: Wrong, key: &str, body: &[u8]) -> HeaderMap {
    let name = "sign-data";
    let good = signed(key, body);
    let mut headers = match wrong {
        Wrong::Nothing | Wrong::Provider | Wrong::Doubled | Wrong::Two => good.clone(),
        Wrong::Key => signed("a guess", body),
        Wrong::OldKey => signed("the key of last year", body),
        Wrong::Body => signed(key, b"{}"),
        Wrong::Missing => HeaderMap::new(),
        Wrong::Cut => {
            let text = good[name].as_bytes();
            let cut = HeaderValue::from_bytes(&text[..text.len() - 4]).unwrap();
            HeaderMap::from_iter([(axum::http::HeaderName::from_static(name), cut)])
        }
    };
    match wrong {
        Wrong::Doubled => {
            headers.append(name, good[name].clone());
        }
        Wrong::Two => {
            headers.append(name, signed("a guess", body)[name].clone());
        }
        Wrong::Nothing
        | Wrong::Key
        | Wrong::OldKey
        | Wrong::Body
        | Wrong::Missing
        | Wrong::Cut
        | Wrong::Provider => {}
    }
    headers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_of_ten_thousand_deliveries_exactly_the_right_ones_have_an_effect() {
    let world = blind().await;
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
        let headers = headers(wrong, &key, body.as_bytes());
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
