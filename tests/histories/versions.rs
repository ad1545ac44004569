//! Histories 5 and 6: versions and hints that come in between.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use syncline::daemon::Engine;
use syncline::engine::clock::Timestamp;
use syncline::engine::record::{RecordKey, TenantName};
use syncline::engine::schedule::Mode;
use syncline::engine::store::{
    Begins, CursorId, Fence, Hint, Item, Mark, OpState, Position, RecordRow, RecordState, ScanThen,
    Store, TakePage, Taken,
};
use syncline::sandbox::kit::faults::Action;
use syncline::sandbox::servicechannel::model::WorkOrderId;
use syncline::sandbox::servicechannel::people::Edit;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{JOBS, making};
use crate::harness::world::TENANT;
use crate::harness::{World, until};

fn saying(text: &str) -> Edit {
    Edit {
        description: Some(text.to_owned()),
        ..Edit::default()
    }
}

/// A record as the store has it.
async fn record(store: &impl Store, order: WorkOrderId) -> Option<RecordRow> {
    let key = RecordKey::from(order.to_string());
    store
        .records(&TenantName::from(TENANT), &key)
        .await
        .unwrap()
        .into_iter()
        .next()
}

/// 5. A second version comes between the customer and the job of the first: the first runs to its end, the second
/// after it. S8.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_05_a_version_between_customer_and_job_is_worked_after_it_s8() {
    let world = World::start().await;
    world.edit(
        "servicechannel/work-orders.yaml",
        "/trigger/every",
        json!("10s"),
    );
    world.on().await;
    let slow = Action::Latency {
        base: Duration::from_millis(800),
        jitter: Duration::ZERO,
    };
    world.target_suffers(vec![making(JOBS, slow).at_most(1)]);
    let order = world.arrive(1)[0];
    let mut engine = world.follow();
    until("the customer is there", async || {
        world.created("customers") == 1
    })
    .await;
    let second = Timestamp::from_chrono(
        world
            .sandbox
            .servicechannel()
            .edit(order, saying("second version"))
            .unwrap(),
    );
    let store = world.store().await;
    let version = async || record(&store, order).await.and_then(|row| row.version?.at);
    until("the second version has come in", async || {
        version().await == Some(second)
    })
    .await;
    assert_eq!(
        world.created("jobs"),
        0,
        "it came before the job of the first"
    );
    until("the record is at rest", async || {
        engine.still_runs();
        record(&store, order)
            .await
            .is_some_and(|row| row.state == RecordState::Done)
    })
    .await;
    assert_eq!(version().await, Some(second));
    store.close().await;
    engine.terminate().await.fine();
    world.audit(&[order]).await;
    let summary = world.job(order)["summary"].to_string();
    assert!(summary.contains("second version"), "{summary}");
}

/// An engine of this process at work.
struct AtWork {
    engine: Arc<Engine>,
    stop: CancellationToken,
    running: JoinSet<()>,
}

impl AtWork {
    async fn start(world: &World) -> Self {
        let (engine, stop) = (world.engine().await, CancellationToken::new());
        let mut running = JoinSet::new();
        let (runs, until) = (engine.clone(), stop.clone());
        running.spawn(async move {
            runs.run(&[(TENANT.to_owned(), None)], Mode::Forever, until)
                .await
                .unwrap();
        });
        Self {
            engine,
            stop,
            running,
        }
    }

    /// Nothing runs any more; the store is still open.
    async fn rest(&mut self) {
        self.stop.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended.unwrap();
        }
    }

    async fn end(mut self) {
        self.rest().await;
        self.engine.close().await;
    }
}

/// Under which conditions the store takes commands for the pipeline of a record, and where its state is kept.
async fn place(engine: &Engine, order: WorkOrderId) -> (Fence, CursorId) {
    let tenant = TenantName::from(TENANT);
    let epoch = engine.store().tenant(&tenant).await.unwrap().epoch;
    let row = record(&**engine.store(), order)
        .await
        .expect("the record is known");
    (Fence { tenant, epoch }, row.id.cursor())
}

async fn hint(engine: &Engine, order: WorkOrderId, want: Option<Mark>) {
    let (fence, cursor) = place(engine, order).await;
    let hint = Hint {
        fence,
        identity: cursor.identity,
        pipeline: cursor.pipeline,
        keys: vec![(order.to_string().into(), want)],
        at: engine.clock().now(),
    };
    assert_eq!(engine.store().hint(hint).await.unwrap().marked, 1);
}

/// 5. An older page after a newer re-read: it is stale, and changes nothing. The list does not show the work order, so
/// that the newer version comes by a re-read alone; the older page is given to the store, as the pass that had asked
/// for it before would. S9.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_05_an_older_page_after_a_newer_reread_is_stale_s9() {
    let world = World::start().await;
    world.on().await;
    let order = world.arrive(1)[0];
    world.run().await;
    let people = world.sandbox.servicechannel();
    let second = Timestamp::from_chrono(people.edit(order, saying("second version")).unwrap());
    let third = Timestamp::from_chrono(people.edit(order, saying("third version")).unwrap());
    people
        .appear_late(order, Duration::from_secs(86_400))
        .unwrap();

    let mut at_work = AtWork::start(&world).await;
    let store = at_work.engine.store().clone();
    hint(
        &at_work.engine,
        order,
        Some(Mark {
            text: third.to_string(),
            at: Some(third),
        }),
    )
    .await;
    let rests_at = async |version: Timestamp| {
        let row = record(&*store, order).await.unwrap();
        row.state == RecordState::Done && row.version.is_some_and(|mark| mark.at == Some(version))
    };
    until("the third version was read again and worked", async || {
        rests_at(third).await
    })
    .await;
    at_work.rest().await;

    let (fence, cursor) = place(&at_work.engine, order).await;
    let payload = json!({ "Id": order.0, "UpdatedDate": second.to_string(), "Description": "second version" }).to_string();
    let page = TakePage {
        fence,
        identity: cursor.identity,
        pipeline: cursor.pipeline,
        scan: "an-older-page".into(),
        begins: Some(Begins {
            lower: None,
            started: second,
        }),
        request_started: second,
        items: vec![Item {
            key: order.to_string().into(),
            version: Some(Mark {
                text: second.to_string(),
                at: Some(second),
            }),
            hash: syncline::engine::store::ContentHash::of(payload.as_bytes()),
            root: order.to_string().into(),
            payload: payload.into(),
            bad: None,
        }],
        position: Position::default(),
        watermark: None,
        then: ScanThen::Ends,
    };
    assert_eq!(
        store.take_page(page).await.unwrap(),
        Taken {
            stale: 1,
            ..Taken::default()
        }
    );
    assert!(rests_at(third).await, "the third version stands");
    at_work.end().await;
    world.run().await;
    world.audit(&[order]).await;
    let summary = world.job(order)["summary"].to_string();
    assert!(summary.contains("third version"), "{summary}");
}

/// 6. Our own write is announced before its link commits, and again after it: one job, nothing is sent twice. There are
/// no webhooks yet, and no pipeline reads what we make; what exists is the hint they will commit. It is given to the
/// store while the job is on the wire, and again when it is linked. S10, S12.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_06_hints_before_and_after_the_link_commits_make_nothing_twice_s10_s12() {
    let world = World::start().await;
    world.on().await;
    let slow = Action::Latency {
        base: Duration::from_millis(500),
        jitter: Duration::ZERO,
    };
    world.target_suffers(vec![making(JOBS, slow).at_most(1)]);
    let order = world.arrive(1)[0];
    let at_work = AtWork::start(&world).await;
    let (engine, store) = (&at_work.engine, at_work.engine.store());
    let tenant = TenantName::from(TENANT);
    until("the job is on the wire", async || {
        let intents = store.open_intents(&tenant).await.unwrap();
        intents.iter().any(|row| {
            row.id.entity.as_str() == "job"
                && row.intent.as_ref().unwrap().state == OpState::Planned
        })
    })
    .await;
    hint(engine, order, None).await;
    assert_eq!(world.created("jobs"), 0, "the hint came before the link");
    let hinted = record(&**store, order).await.unwrap();
    let rests = async |after: &RecordRow| {
        let row = record(&**store, order).await.unwrap();
        row.state == RecordState::Done
            && !row.dirty
            && row.seq >= after.seq
            && row.done_seq == row.seq
    };
    until("the hint was followed", async || rests(&hinted).await).await;
    assert_eq!(world.created("jobs"), 1);

    hint(engine, order, None).await;
    let hinted = record(&**store, order).await.unwrap();
    until("the second hint was followed", async || {
        rests(&hinted).await
    })
    .await;
    at_work.end().await;
    world.audit(&[order]).await;
    assert_eq!(world.changes(), 0, "nothing was sent to what was made");
}
