//! Webhooks at the door of the real daemon (P7, S10, S11, S40, S43): `serve` as a child process, deliveries of our own
//! and those of the simulators.

use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use syncline::engine::record::TenantName;
use syncline::engine::store::{Outcome, RecordRow, RecordState, Store as _};
use syncline::sandbox::kit::audit::Entry;
use syncline::sandbox::servicechannel::model::WorkOrderId;

use crate::harness::hooks::signed;
use crate::harness::world::TENANT;
use crate::harness::{Flows, World, WorldConfig, until};

mod chaos;
mod flood;

const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;

/// On the machine's own clock, with work orders that polling does not find.
async fn blind() -> World {
    blind_at(1).await
}

async fn blind_at(rate: u32) -> World {
    let world = World::with(WorldConfig {
        rate,
        subscribers: 1,
        locations: 1,
        ..WorldConfig::default()
    })
    .await;
    world.gives_keys();
    world.blind();
    world
}

/// What ServiceChannel tells of a work order.
fn object(order: WorkOrderId) -> Value {
    json!({ "Id": order.0, "ProviderId": 2_090_000_001, "UpdatedBy": { "UserName": "Jane Store" } })
}

/// The rows that the store has of a work order.
async fn stored(world: &World, order: WorkOrderId) -> Vec<RecordRow> {
    let store = world.store().await;
    let key = order.0.to_string().into();
    let rows = store.records(&TenantName::from(TENANT), &key).await;
    store.close().await;
    rows.unwrap()
}

/// Reads of one work order so far.
fn reads(world: &World, order: WorkOrderId) -> usize {
    let kit = world.sandbox.servicechannel().kit();
    let path = format!("/v3/workorders/{}", order.0);
    let of_it = |entry: &Entry| entry.method == "GET" && entry.path == path;
    kit.audit.log(usize::MAX).into_iter().filter(of_it).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_what_was_answered_survives_kill_9() {
    let world = blind().await;
    world.on().await;
    let served = world.serve().await;
    let [order] = world.arrive(1)[..] else {
        panic!("one work order")
    };
    let answer = served.tell(&world, "work_order", &object(order)).await;
    served.kill().await;
    assert_eq!(answer, 200);
    assert_eq!(stored(&world, order).await.len(), 1, "it is durable");
    let served = world.serve().await;
    world.until_a_job(order).await;
    served.terminate().await.fine();
    world.nothing_twice();
}

/// The sender gets no answer and comes again, as senders do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_what_was_not_answered_is_sent_again_and_has_one_effect() {
    for point in ["before-t1h-hint", "after-t1h-hint"] {
        let world = blind().await;
        world.on().await;
        let served = world
            .serve_with(|cmd| cmd.env("SYNCLINE_CRASH_AT", point))
            .await;
        let [order] = world.arrive(1)[..] else {
            panic!("one work order")
        };
        let key = world.sandbox.servicechannel().signing_key();
        let body = json!({ "Object": object(order) }).to_string();
        let path = "sandbox/servicechannel/work_order";
        let headers = signed(&key, body.as_bytes());
        assert_eq!(served.post(path, headers, body).await, None, "{point}");
        assert!(served.end().await.crashed(), "{point}");
        let served = world.serve().await;
        assert_eq!(served.tell(&world, "work_order", &object(order)).await, 200);
        world.until_a_job(order).await;
        served.terminate().await.fine();
        world.nothing_twice();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_changed_without_a_gap() {
    let world = blind().await;
    world.secret("new", "the new key");
    world.secret("old", "the old key");
    let keys = |world: &World, new: &str, old: Option<&str>| {
        let secret = |name: &str| json!({ "secret": name });
        world.tenant("/accounts/servicechannel/signing_key", secret(new));
        let old = old.map_or(json!({ "secret": "new" }), secret);
        world.tenant("/accounts/servicechannel/old_signing_key", old);
    };
    let body = json!({ "Object": object(WorkOrderId(1)) }).to_string();
    let asked = async |world: &World| {
        let served = world.serve().await;
        let mut answers = Vec::new();
        for key in ["the new key", "the old key", "", "another"] {
            let headers = signed(key, body.as_bytes());
            let path = "sandbox/servicechannel/work_order";
            answers.push(served.post(path, headers, body.clone()).await.unwrap());
        }
        served.terminate().await.fine();
        answers
    };
    let (yes, no) = (StatusCode::OK, UNAUTHORIZED);
    keys(&world, "old", Some("old"));
    assert_eq!(asked(&world).await, [no, yes, no, no], "before");
    keys(&world, "new", Some("old"));
    assert_eq!(asked(&world).await, [yes, yes, no, no], "meanwhile");
    keys(&world, "new", None);
    assert_eq!(asked(&world).await, [yes, no, no, no], "after");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s40_s43_one_address_serves_all_tenants_and_each_its_own_only() {
    let world = World::with(WorldConfig {
        rate: 1,
        flows: Flows::All,
        ..WorldConfig::default()
    })
    .await;
    world.gives_keys();
    // A second customer, who is off.
    let tenants = world.workspace().join("tenants");
    std::fs::copy(tenants.join("sandbox.yaml"), tenants.join("other.yaml")).unwrap();
    world.edit("tenants/other.yaml", "/name", json!("other"));
    let number = "/accounts/servicetitan/tenant";
    world.edit("tenants/other.yaml", number, json!(2000));
    world.on().await;
    let served = world.serve().await;
    let send = async |path: &str, tenant: i64, key: &str| {
        let data = json!({ "tenantId": tenant, "booking": { "id": 77 } });
        served.tell_target(path, key, &data).await
    };
    let [_, (_, _, key)] = world.sandbox.webhook_keys();
    let all = "-/servicetitan/booking";
    assert_eq!(send(all, 1000, &key).await, 200, "taken");
    assert_eq!(send(all, 2000, &key).await, 200, "off: dropped");
    assert_eq!(send(all, 3000, &key).await, 401, "whose is that");
    assert_eq!(send(all, 1000, "another").await, 401, "not signed");
    let own = "sandbox/servicetitan/booking";
    assert_eq!(send(own, 1000, &key).await, 200, "taken");
    assert_eq!(send(own, 2000, &key).await, 401, "another's");
    assert_eq!(send("other/servicetitan/booking", 2000, &key).await, 200);
    let nobody = "nobody/servicetitan/booking";
    assert_eq!(send(nobody, 1000, &key).await, 401, "no such tenant");

    let ran = served.terminate().await.fine();
    let counts: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    let counts = &counts["hooks"];
    assert_eq!(
        (&counts["taken"], &counts["dropped"], &counts["refused"]),
        (&json!(2), &json!(2), &json!(4)),
        "{counts}"
    );
    let store = world.store().await;
    let of = async |tenant: &str| {
        let rows = store.records(&TenantName::from(tenant), &"77".into()).await;
        rows.unwrap().len()
    };
    assert_eq!((of(TENANT).await, of("other").await), (1, 0));
    store.close().await;
}

/// Bodies as the vendors document them, and the pipelines of the shipped workspace that read what they name again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_webhook_reaches_the_pipelines_that_listen() {
    let world = World::with(WorldConfig {
        rate: 1,
        flows: Flows::All,
        ..WorldConfig::default()
    })
    .await;
    world.gives_keys();
    world.on().await;
    let served = world.serve().await;
    let provider = 2_090_000_001_i64;
    let user = json!({ "UserName": "Jane Store" });
    let ours = json!({ "UserName": "api@best.example" });
    for (name, object) in [
        (
            "work_order",
            json!({ "Id": 901, "ProviderId": provider, "UpdatedBy": user,
                    "UpdatedDate_DTO": "2026-04-27T03:59:03.4359235-04:00" }),
        ),
        (
            "work_order",
            json!({ "Id": 902, "ProviderId": provider, "UpdatedBy": ours }),
        ),
        (
            "check_in",
            json!({ "Id": 5, "WorkOrderId": 903, "ProviderId": provider, "User": user }),
        ),
        (
            "invoice",
            json!({ "Id": 904, "WoTrackingNumber": 1, "ProviderId": provider }),
        ),
    ] {
        assert_eq!(served.tell(&world, name, &object).await, 200, "{name}");
    }
    let [_, (_, _, key)] = world.sandbox.webhook_keys();
    for (name, member) in [
        ("job", json!({ "job": { "id": 905 } })),
        (
            "appointment",
            json!({ "appointment": { "id": 6, "jobId": 906 } }),
        ),
        ("booking", json!({ "booking": { "id": 907 } })),
        ("invoice", json!({ "invoice": { "id": 908 } })),
    ] {
        let mut data = member;
        data["tenantId"] = json!(1000);
        let path = format!("-/servicetitan/{name}");
        assert_eq!(served.tell_target(&path, &key, &data).await, 200, "{name}");
    }
    served.terminate().await.fine();
    for (key, listening) in [
        (901, &["files-in", "notes-in", "work-orders"][..]),
        (902, &[]),
        (903, &[]),
        (904, &["invoice-status"]),
        (905, &["job-status"]),
        (906, &["job-status"]),
        (907, &["bookings"]),
        (908, &["invoices"]),
    ] {
        let rows = stored(&world, WorkOrderId(key)).await;
        let mut pipelines: Vec<_> = rows.iter().map(|row| row.id.pipeline.as_str()).collect();
        pipelines.sort_unstable();
        assert_eq!(pipelines, listening, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s40_only_signatures_and_size_are_refused() {
    let world = blind().await;
    world.on().await;
    let served = world.serve().await;
    let key = world.sandbox.servicechannel().signing_key();
    let own = "sandbox/servicechannel/work_order";
    let send = async |path: &str, body: &str| {
        let headers = signed(&key, body.as_bytes());
        served.post(path, headers, body).await.unwrap()
    };
    assert_eq!(send(own, "").await, 200, "a test of the address");
    assert_eq!(send(own, "{").await, 200, "signed, and no JSON");
    let empty = r#"{"Object":{"ProviderId":2090000001}}"#;
    assert_eq!(send(own, empty).await, 200, "names nothing");
    let other = r#"{"Object":{"Id":1,"ProviderId":2090000002}}"#;
    assert_eq!(send(own, other).await, 401, "another provider's");
    let long = format!("{{\"Object\":\"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(send(own, &long).await, 413);
    assert_eq!(send("sandbox/servicechannel/invoices", "").await, 404);
    assert_eq!(send("sandbox/elsewhere/invoice", "").await, 404);
    let unsigned = served.post(own, HeaderMap::new(), "").await;
    assert_eq!(unsigned, Some(UNAUTHORIZED));
    served.terminate().await.fine();
    assert_eq!(stored(&world, WorkOrderId(1)).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s11_a_key_is_read_once_a_second_and_the_last_word_is_heard() {
    let world = blind().await;
    world.on().await;
    let served = world.serve().await;
    let [order] = world.arrive(1)[..] else {
        panic!("one work order")
    };
    let began = world.now();
    assert_eq!(served.tell(&world, "work_order", &object(order)).await, 200);
    world.until_a_job(order).await;
    for _ in 0..50 {
        assert_eq!(served.tell(&world, "work_order", &object(order)).await, 200);
    }
    // The last one comes after what it tells of, within the second of those before.
    let description = "Water in the cellar";
    crate::requirements::reword(&world, order, description);
    assert_eq!(served.tell(&world, "work_order", &object(order)).await, 200);
    let reworded = || {
        let jobs = world.jobs();
        jobs[&order.0][0].to_string().contains(description)
    };
    until("the last word is heard", async || reworded()).await;
    let took = usize::try_from((world.now() - began).num_seconds()).unwrap();
    let reads = reads(&world, order);
    assert!(
        (2..=took + 2).contains(&reads),
        "{reads} reads in {took} s of 52 deliveries"
    );
    served.terminate().await.fine();
    world.nothing_twice();
}

/// Somebody holds the store: the sender is told to come again, in the time that senders wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s40_while_the_store_cannot_be_written_the_sender_is_told_to_come_again() {
    let world = blind().await;
    world.on().await;
    let served = world.serve().await;
    let [order] = world.arrive(1)[..] else {
        panic!("one work order")
    };
    let file = SqliteConnectOptions::new().filename(world.store_path());
    let mut other = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let answer = served.tell(&world, "work_order", &object(order)).await;
    assert_eq!(answer, 503);
    assert_eq!(stored(&world, order).await, []);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    assert_eq!(served.tell(&world, "work_order", &object(order)).await, 200);
    world.until_a_job(order).await;
    served.terminate().await.fine();
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_named_and_not_there_is_no_letter() {
    let world = blind_at(100).await;
    world.on().await;
    let served = world.serve().await;
    let nobody = WorkOrderId(399_999_999);
    assert_eq!(
        served.tell(&world, "work_order", &object(nobody)).await,
        200
    );
    until("it is not looked for any more", async || {
        let rows = stored(&world, nobody).await;
        rows.iter().all(|row| row.state == RecordState::Done)
            && rows[0].outcome == Some(Outcome::Skipped)
    })
    .await;
    assert!(reads(&world, nobody) > 1, "it may show late");
    served.terminate().await.fine();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_says_where_it_listens_and_what_keeps_it_from_that() {
    let world = blind().await;
    // Nobody is on: webhooks are answered all the same.
    let served = world.serve().await;
    assert_eq!(
        served
            .tell(&world, "work_order", &object(WorkOrderId(1)))
            .await,
        200
    );
    let taken = served.at.to_string();
    world.tenant("/title", json!("Another"));
    let store = ["--store", "second.db"];
    let other = ["serve", "--admin", "127.0.0.1:0", "--hooks", &taken];
    let second = world.cmd(other.into_iter().chain(store));
    let second = second.run().await.exits(1);
    assert!(
        second
            .stderr
            .contains(&format!("cannot await webhooks at {taken}")),
        "{}",
        second.stderr
    );
    let ran = served.terminate().await.fine();
    assert!(ran.stderr.contains("no tenant is on"), "{}", ran.stderr);
    assert!(ran.stdout.contains(r#""dropped":1"#), "{}", ran.stdout);

    // An account that cannot be opened.
    world.tenant(
        "/accounts/servicechannel/signing_key",
        json!({ "secret": "nowhere" }),
    );
    let any = ["--hooks", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let ran = world.cmd(["serve"].into_iter().chain(any)).run().await;
    let ran = ran.exits(3);
    assert!(ran.stderr.contains("`nowhere`"), "{}", ran.stderr);
    world.edit("syncline.yaml", "/listen/hooks", json!("somewhere"));
    let ran = world.cmd(["serve"]).run().await.exits(3);
    assert!(
        ran.stderr
            .contains("`somewhere` is not an address to listen at"),
        "{}",
        ran.stderr
    );
}
