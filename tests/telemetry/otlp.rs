//! Traces: one for each record over both systems, as a collector gets them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use syncline::engine::telemetry::names::span;
use syncline::sandbox::servicechannel::people::Edit;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::harness::world::TENANT;
use crate::harness::{Flows, World, WorldConfig};

/// A span as it came.
#[derive(Clone, Debug, Default)]
struct Span {
    trace: Vec<u8>,
    id: Vec<u8>,
    parent: Vec<u8>,
    name: String,
    fields: BTreeMap<String, String>,
}

impl Span {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// The parts of a protobuf message: the number of the field and, where it has any, its bytes.
fn parts(mut message: &[u8]) -> Vec<(u64, &[u8])> {
    fn number(from: &mut &[u8]) -> u64 {
        let mut number = 0;
        for shift in 0.. {
            let (byte, rest) = from.split_first().expect("a number has an end");
            *from = rest;
            number |= u64::from(byte & 0x7f) << (7 * shift);
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }
    let mut found = Vec::new();
    while !message.is_empty() {
        let key = number(&mut message);
        let length = match key & 7 {
            0 => {
                number(&mut message);
                0
            }
            1 => 8,
            2 => usize::try_from(number(&mut message)).unwrap(),
            5 => 4,
            other => panic!("no such wire type: {other}"),
        };
        let (bytes, rest) = message.split_at(length);
        message = rest;
        found.push((key >> 3, bytes));
    }
    found
}

fn inside(message: &[u8], field: u64) -> Vec<&[u8]> {
    let parts = parts(message).into_iter();
    parts
        .filter(|(number, _)| *number == field)
        .map(|(_, bytes)| bytes)
        .collect()
}

fn text(message: &[u8], field: u64) -> String {
    let found = inside(message, field);
    let found = found.first().copied().unwrap_or_default();
    String::from_utf8(found.to_vec()).unwrap()
}

/// The spans of a request to a collector: resources, in them scopes, in them spans.
fn spans(request: &[u8]) -> Vec<Span> {
    let mut found = Vec::new();
    for resource in inside(request, 1) {
        let about = inside(resource, 1)[0];
        let services = inside(about, 1);
        let service = services
            .iter()
            .find(|attribute| text(attribute, 1) == "service.name");
        let service = service.expect("the service has a name");
        assert_eq!(text(inside(service, 2)[0], 1), "syncline");
        for span in inside(resource, 2)
            .iter()
            .flat_map(|scope| inside(scope, 2))
        {
            let first = |field| {
                inside(span, field)
                    .first()
                    .map_or(Vec::new(), |it| it.to_vec())
            };
            let fields = inside(span, 9).into_iter().map(|attribute| {
                let value = inside(attribute, 2);
                let value = value.first().map_or(String::new(), |value| text(value, 1));
                (text(attribute, 1), value)
            });
            found.push(Span {
                trace: first(1),
                id: first(2),
                parent: first(4),
                name: text(span, 5),
                fields: fields.collect(),
            });
        }
    }
    found
}

type Got = Arc<Mutex<Vec<Span>>>;

async fn take(State(got): State<Got>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    got.lock().unwrap().extend(spans(&body));
    StatusCode::OK
}

/// The spans of two runs: a work order is made into a job, then changed.
async fn traced() -> (Vec<Span>, [String; 2]) {
    let got = Got::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/v1/traces", post(take))
        .with_state(got.clone());
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await });

    let world = World::with(WorldConfig {
        flows: Flows::All,
        ..WorldConfig::default()
    })
    .await;
    world.on().await;
    let orders = world.arrive(2);
    let run = async || {
        let run = world.cmd(["run", TENANT]).env("SYNCLINE_OTLP", &at);
        run.run().await.fine()
    };
    run().await;
    for order in &orders {
        let edit = Edit {
            description: Some("the door is jammed".to_owned()),
            ..Edit::default()
        };
        world.sandbox.servicechannel().edit(*order, edit).unwrap();
    }
    run().await;
    let spans = got.lock().unwrap().clone();
    (spans, [orders[0].to_string(), orders[1].to_string()])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_one_trace_over_both_systems_and_over_restarts() {
    let (all, orders) = traced().await;
    let known: BTreeSet<&str> = span::ALL.into_iter().collect();
    for span in &all {
        assert!(known.contains(&*span.name), "{span:?}");
    }
    let mut traces = BTreeSet::new();
    for order in &orders {
        let attempts: Vec<&Span> = all
            .iter()
            .filter(|span| span.name == span::ATTEMPT && span.field("root") == order)
            .collect();
        let of: BTreeSet<&Vec<u8>> = attempts.iter().map(|span| &span.trace).collect();
        assert_eq!(of.len(), 1, "{order} is one trace: {attempts:?}");
        assert!(traces.insert(attempts[0].trace.clone()), "and its own");
        let flows: BTreeSet<&str> = attempts.iter().map(|span| span.field("pipeline")).collect();
        assert!(flows.contains("work-orders"), "{flows:?}");
        assert!(flows.len() > 1, "both directions are in it: {flows:?}");
        let again = attempts
            .iter()
            .filter(|span| span.field("pipeline") == "work-orders");
        assert!(again.count() >= 2, "both runs are in it");
        for attempt in &attempts {
            assert_eq!(attempt.field("tenant"), TENANT);
            assert!(attempt.parent.is_empty(), "it is its own beginning");
        }

        // A job was made in a step of an attempt.
        let made = all.iter().find(|span| {
            span.trace == attempts[0].trace
                && span.name == span::REQUEST
                && span.field("method") == "POST"
                && span.field("path").ends_with("/jobs")
        });
        let made = made.expect("the job's request is in the trace");
        assert_eq!(made.field("connector"), "servicetitan");
        assert_eq!(made.field("class"), "ok");
        let mut above = vec![];
        let mut at = made;
        while !at.parent.is_empty() {
            let parent = all.iter().find(|span| span.id == at.parent);
            at = parent.unwrap_or_else(|| panic!("{at:?} has a parent that was not sent"));
            above.push(at.name.as_str());
        }
        assert_eq!(above.last(), Some(&span::ATTEMPT));
        assert!(above.contains(&span::STEP), "{above:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_not_there_is_not_waited_for() {
    let world = World::start().await;
    world.on().await;
    world.arrive(2);
    // Nothing listens there: the port was given back.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let run = world.cmd(["run", TENANT]).env("SYNCLINE_OTLP", at);
    run.run().await.fine();
    assert_eq!(world.created("jobs"), 2);
}
