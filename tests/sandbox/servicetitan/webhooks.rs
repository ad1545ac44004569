//! Check list 10: webhooks, and everything that goes wrong with them.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use ring::hmac;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::*;

/// What a receiver got.
struct Got {
    headers: HeaderMap,
    text: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }
}

#[derive(Clone)]
struct Desk {
    got: mpsc::Sender<Got>,
    answer: Arc<Mutex<StatusCode>>,
}

/// Someone whom webhooks are sent to.
struct Receiver {
    url: String,
    got: mpsc::Receiver<Got>,
    answer: Arc<Mutex<StatusCode>>,
    _tasks: JoinSet<()>,
}

impl Receiver {
    async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks?app=1", listener.local_addr().unwrap());
        let (sender, got) = mpsc::channel(100);
        let answer = Arc::new(Mutex::new(StatusCode::OK));
        let desk = Desk {
            got: sender,
            answer: Arc::clone(&answer),
        };
        let app = Router::new().fallback(receive).with_state(desk);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            drop(axum::serve(listener, app).await);
        });
        Self {
            url,
            got,
            answer,
            _tasks: tasks,
        }
    }

    fn answers(&self, status: StatusCode) {
        *self.answer.lock().unwrap() = status;
    }

    /// The next one that comes.
    async fn next(&mut self) -> Got {
        let next = tokio::time::timeout(Duration::from_secs(10), self.got.recv());
        next.await.expect("a webhook comes").unwrap()
    }
}

async fn receive(State(desk): State<Desk>, headers: HeaderMap, text: String) -> StatusCode {
    desk.got.send(Got { headers, text }).await.unwrap();
    *desk.answer.lock().unwrap()
}

/// Sets hooks with one URL for everything.
async fn subscribe(st: &St, receiver: &Receiver, more: Value) {
    let body = with(json!({"urls": {"*": receiver.url}}), more);
    let reply = st.control(Method::PUT, "webhooks", Some(&body)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

async fn log(st: &St) -> Vec<Value> {
    let log = st.control(Method::GET, "webhooks/log", None).await.ok();
    log.as_array().unwrap().clone()
}

/// The states of the deliveries, once none of them is on its way.
async fn states(st: &St, settled: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    loop {
        let log = log(st).await;
        let states: Vec<Value> = log.iter().map(|row| row["state"].clone()).collect();
        if settled(&states) {
            return states;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_happens_is_told_in_the_vendors_words() {
    let st = St::new().await;
    let mut receiver = Receiver::new().await;
    subscribe(&st, &receiver, json!({})).await;
    let job = st.post("jpm/jobs", &new_job()).await;
    let visit = job["firstAppointmentId"].clone();
    let got = receiver.next().await;
    let event = got.json();
    assert_eq!(
        (&event["type"], &event["data"]["job"]["id"]),
        (&json!("tn.jpm.job-scheduled"), &job["id"])
    );
    assert_eq!(event["data"]["tenantId"], json!(1000));
    assert_eq!(event["data"]["job"].get("summary"), None);
    let model = "Jpm.V2.Webhook.JobScheduledWebhookEvent";
    contract::check_event("jpm", model, &event);

    let booking = id(&st.post(BOOKINGS, &new_booking("sc-1")).await);
    st.act(&format!("bookings/{booking}/accept"), &json!({}))
        .await;
    st.act(&format!("appointments/{visit}/dispatch"), &json!({}))
        .await;
    let moved = json!({"start": "2026-11-06T15:00:00Z", "end": "2026-11-06T17:00:00Z"});
    st.patch(&format!("jpm/appointments/{visit}/reschedule"), &moved)
        .await;
    let billed = json!({"items": [{"skuName": "LABOR"}]});
    let invoice = st
        .make(&format!("jobs/{}/invoice", id(&job)), &billed)
        .await;
    st.act(&format!("invoices/{invoice}/post"), &json!({}))
        .await;
    st.act(&format!("jobs/{}/complete", id(&job)), &json!({}))
        .await;

    let expected = [
        (
            "crm",
            "tn.crm.booking-updated",
            "Crm.V2.Webhooks.BookingUpdatedWebhookPayload",
        ),
        (
            "jpm",
            "tn.jpm.job-appointment-updated",
            "Jpm.V2.Webhook.JobAppointmentUpdatedWebhookEvent",
        ),
        (
            "dispatch",
            "tn.dis.technician-dispatched",
            "Dispatch.V2.Webhook.TechnicianDispatchedWebhookEvent",
        ),
        (
            "jpm",
            "tn.jpm.job-updated",
            "Jpm.V2.Webhook.JobUpdatedWebhookEvent",
        ),
        (
            "jpm",
            "tn.jpm.job-appointment-updated",
            "Jpm.V2.Webhook.JobAppointmentUpdatedWebhookEvent",
        ),
        (
            "jpm",
            "tn.jpm.job-rescheduled",
            "Jpm.V2.Webhook.JobRescheduledWebhookEvent",
        ),
        (
            "accounting",
            "tn.acc.invoice-updated",
            "Accounting.V2.Webhook.InvoiceUpdatedEventPayload",
        ),
        (
            "accounting",
            "tn.acc.invoice-updated",
            "Accounting.V2.Webhook.InvoiceUpdatedEventPayload",
        ),
        (
            "accounting",
            "tn.acc.invoice-posted",
            "Accounting.V2.Webhook.InvoicePostedEventPayload",
        ),
        (
            "jpm",
            "tn.jpm.job-appointment-updated",
            "Jpm.V2.Webhook.JobAppointmentUpdatedWebhookEvent",
        ),
        (
            "jpm",
            "tn.jpm.job-updated",
            "Jpm.V2.Webhook.JobUpdatedWebhookEvent",
        ),
        (
            "jpm",
            "tn.jpm.job-completed",
            "Jpm.V2.Webhook.JobCompletedWebhookEvent",
        ),
    ];
    for (module, kind, model) in expected {
        let event = receiver.next().await.json();
        assert_eq!(event["type"], kind);
        contract::check_event(module, model, &event);
    }
}

#[tokio::test]
async fn each_type_has_its_url_and_deliveries_are_signed() {
    let st = St::new().await;
    let mut jobs = Receiver::new().await;
    let hooks = json!({"urls": {"tn.jpm.job-scheduled": jobs.url},
        "signature": {"key": "a key of more than thirty-two characters", "header": "x-seal"}});
    let reply = st.control(Method::PUT, "webhooks", Some(&hooks)).await;
    assert_eq!(reply.status, 200);
    let job = id(&st.post("jpm/jobs", &new_job()).await);
    st.patch(&format!("jpm/jobs/{job}"), &json!({"summary": "x"}))
        .await;
    let got = jobs.next().await;
    assert_eq!(got.kind(), "tn.jpm.job-scheduled");
    let key = hmac::Key::new(
        hmac::HMAC_SHA256,
        b"a key of more than thirty-two characters",
    );
    let seal = got.headers["x-seal"].to_str().unwrap();
    let byte = |two: &[u8]| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = seal.as_bytes().chunks(2).map(byte).collect();
    hmac::verify(&key, got.text.as_bytes(), &bytes).expect("the seal fits the raw body");
    assert_eq!(log(&st).await.len(), 1, "nobody wants job-updated");
    let wrong = json!({"urls": {"*": "https://example.com/"}});
    let reply = st.control(Method::PUT, "webhooks", Some(&wrong)).await;
    assert_eq!(
        reply.json()["error"],
        "webhooks go to http://<loopback address>, and `https://example.com/` is none"
    );
}

#[tokio::test]
async fn a_refused_delivery_is_tried_again_and_replayed() {
    let st = St::new().await;
    let mut receiver = Receiver::new().await;
    subscribe(&st, &receiver, json!({})).await;
    receiver.answers(StatusCode::SERVICE_UNAVAILABLE);
    st.post("jpm/jobs", &new_job()).await;
    let first = receiver.next().await.json();
    for (retry, wait) in [10, 30, 60, 300].into_iter().enumerate() {
        let attempts = |rows: &[Value]| rows[0]["attempts"].as_array().unwrap().len();
        while attempts(&log(&st).await) <= retry {
            tokio::task::yield_now().await;
        }
        st.advance(wait);
        assert_eq!(receiver.next().await.json()["id"], first["id"]);
    }
    let ended = |states: &[Value]| states.iter().all(|state| state != "waiting");
    assert_eq!(states(&st, ended).await, ["failed"]);
    receiver.answers(StatusCode::OK);
    let reply = st.control(Method::POST, "webhooks/replay", None).await;
    assert_eq!(reply.json()["replayed"], json!(1));
    let again = receiver.next().await.json();
    assert_ne!(again["id"], first["id"]);
    assert_eq!(again["userassignedid"], first["userassignedid"]);
    assert_eq!(states(&st, ended).await, ["failed", "delivered"]);
}

#[tokio::test]
async fn deliveries_are_doubled_lost_late_and_out_of_order() {
    let st = St::new().await;
    let mut receiver = Receiver::new().await;
    subscribe(&st, &receiver, json!({"duplicates": 1.0})).await;
    st.post("jpm/jobs", &new_job()).await;
    let (one, two) = (receiver.next().await.json(), receiver.next().await.json());
    assert_ne!(one["id"], two["id"]);
    assert_eq!(one["userassignedid"], two["userassignedid"]);

    subscribe(&st, &receiver, json!({"duplicates": 0.0, "loss": 1.0})).await;
    st.post("jpm/jobs", &new_job()).await;
    assert_eq!(log(&st).await[2]["state"], "lost");

    let late = json!({"loss": 0.0, "delay": "1m", "spread": "1m"});
    subscribe(&st, &receiver, late).await;
    for _ in 0..6 {
        st.post("jpm/jobs", &new_job()).await;
    }
    let waiting = log(&st).await.split_off(3);
    assert!(waiting.iter().all(|row| row["state"] == "waiting"));
    st.advance(121);
    let mut order = Vec::new();
    for _ in 0..6 {
        let event = receiver.next().await.json();
        let name = event["userassignedid"].as_str().unwrap();
        let number = name.strip_prefix("evt-").unwrap();
        order.push(number.parse::<u64>().unwrap());
    }
    assert!(!order.is_sorted(), "some overtook others: {order:?}");
    let all: BTreeSet<u64> = order.into_iter().collect();
    assert_eq!(all.len(), 6, "none is missing");
    assert!(receiver.got.try_recv().is_err(), "the lost one never came");
}
