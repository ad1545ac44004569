//! Deliveries of webhooks as fast as told, whether or not those before were answered.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Client;
use ring::hmac;
use serde_json::json;
use syncline::sandbox::fleet::Customer;
use syncline::sandbox::kit::rng::Rng;
use syncline::sandbox::servicechannel::model::WorkOrderId;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// What became of them.
#[derive(Debug, Default)]
pub(crate) struct Flood {
    /// From the moment each was due to be sent until its answer, in seconds, sorted.
    pub(crate) answered: Vec<f64>,
    /// Those that were not answered with 200.
    pub(crate) failed: usize,
}

/// Sends for so long, of work orders that are known. Each is signed and names nothing but the work order, so that it
/// has to be read again.
pub(crate) async fn send(
    customers: &[Customer],
    known: &[(usize, WorkOrderId)],
    hooks: SocketAddr,
    per_second: usize,
    lasts: Duration,
) -> anyhow::Result<Flood> {
    anyhow::ensure!(!known.is_empty(), "there is no work order to speak of");
    #[expect(clippy::disallowed_methods, reason = "a sender has no limits")]
    let client = Client::new();
    let mut rng = Rng::seeded(11);
    let mut waiting: JoinSet<(Duration, bool)> = JoinSet::new();
    let mut flood = Flood::default();
    let started = Instant::now();
    let gap = Duration::from_secs(1) / u32::try_from(per_second)?;
    let count = u32::try_from(lasts.as_nanos() / gap.as_nanos())?;
    for number in 0..count {
        let due = started + gap * number;
        sleep_until(due).await;
        let (index, order) = rng.pick(known);
        let customer = customers.get(*index).context("it is one of them")?;
        let body = json!({
            "Object": { "Id": order, "ProviderId": customer.servicechannel.provider() },
            "EventType": "WorkOrderNoteAdded",
        })
        .to_string();
        let key = hmac::Key::new(
            hmac::HMAC_SHA256,
            customer.servicechannel.signing_key().as_bytes(),
        );
        let signature = STANDARD.encode(hmac::sign(&key, body.as_bytes()));
        let url = format!(
            "http://{hooks}/hooks/{}/servicechannel/work_order",
            customer.name
        );
        let request = client.post(url).header("Sign-Data", signature).body(body);
        waiting.spawn(async move {
            let answer = request.send().await;
            let good = answer.is_ok_and(|answer| answer.status().is_success());
            (due.elapsed(), good)
        });
        while let Some(ended) = waiting.try_join_next() {
            flood.note(ended?);
        }
    }
    while let Some(ended) = waiting.join_next().await {
        flood.note(ended?);
    }
    flood.answered.sort_by(f64::total_cmp);
    Ok(flood)
}

impl Flood {
    fn note(&mut self, (took, good): (Duration, bool)) {
        self.answered.push(took.as_secs_f64());
        self.failed += usize::from(!good);
    }
}
