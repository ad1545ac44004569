//! What the store costs per record: pages of 50 into the inbox, then an intent and its end for each, by 64 callers at
//! once. Run with `cargo bench --bench store`. The engine's budget is 100 µs of CPU per record, of which the store may
//! take 40, and 8 of these for taking the page.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use syncline::engine::clock::Timestamp;
use syncline::engine::record::{Seq, TenantEpoch};
use syncline::engine::store::{
    Applied, Begins, ContentHash, End, Fence, Fingerprint, Finish, Finished, Instruction, Item,
    LinkChange, Mark, OpId, OpKind, OpenOptions, Order, Origin, Outcome, PlanFor, PlanIntent,
    Planned, Position, Progress, ReadyQuery, RecordRow, ScanThen, Settle, Settlement, SqliteStore,
    Store as _, TakePage, Verdict,
};
use tokio::task::JoinSet;
use tokio::time::Instant;

const RECORDS: usize = 20_000;
const PAGE: usize = 50;
const CALLERS: usize = 64;
const PAYLOAD: usize = 2_000;
const TRACE: usize = 600;

fn main() {
    tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(measure());
}

async fn measure() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = OpenOptions {
        path: dir.path().join("store.db"),
        holder: "bench".to_owned(),
        lock_wait: Duration::ZERO,
    };
    let store = SqliteStore::open(options, now()).await.expect("a store");
    let fence = turn_on(&store).await;

    let mut meter = Meter::start();
    let mut page = page(&fence);
    for first in (0..RECORDS).step_by(PAGE) {
        page.items = (first..first + PAGE).map(item).collect();
        store.take_page(page.clone()).await.expect("taken");
    }
    meter.lap("take_page, new");
    for first in (0..RECORDS).step_by(PAGE) {
        page.items = (first..first + PAGE).map(item).collect();
        store.take_page(page.clone()).await.expect("taken");
    }
    meter.lap("take_page, seen");

    let query = ReadyQuery {
        tenant: fence.tenant.clone(),
        pipelines: vec!["work-orders".into()],
        after: Seq(0),
        now: now(),
        limit: 500,
    };
    let mut rows = Vec::with_capacity(RECORDS);
    let mut after = Seq(0);
    while rows.len() < RECORDS {
        let batch = store
            .ready(ReadyQuery {
                after,
                ..query.clone()
            })
            .await
            .expect("a list");
        after = batch.last().expect("more of them").seq;
        rows.extend(batch);
    }
    meter.lap("ready, 500 at once");

    let rows = Arc::new(rows);
    let next = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (store, fence, rows, next) = (
            store.clone(),
            fence.clone(),
            Arc::clone(&rows),
            Arc::clone(&next),
        );
        callers.spawn(async move {
            while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                work(&store, &fence, row).await;
            }
        });
    }
    callers.join_all().await;
    meter.lap("plan, settle and finish");
    store.close().await;
}

async fn work(store: &SqliteStore, fence: &Fence, row: &RecordRow) {
    let op = OpId::from(format!("01990000-0000-7000-8000-{:012}", row.seq.0));
    let intent = PlanIntent {
        fence: fence.clone(),
        identity: "target:9".into(),
        entity: "job".into(),
        key: row.id.key.clone(),
        target: None,
        op: op.clone(),
        kind: OpKind::Create,
        find: Some("x".repeat(200)),
        hash: ContentHash::of(b"body"),
        settle_after: Some(Duration::from_secs(160)),
        work: Some(PlanFor {
            record: row.id.clone(),
            taken: row.seq,
            attempt: 1,
            progress: Progress::First,
        }),
        at: now(),
    };
    let link = intent.link();
    assert_eq!(
        store.plan(intent).await.expect("an answer"),
        Planned::Planned
    );
    let outcome = Settlement::Applied(Applied {
        target: row.id.key.as_str().into(),
        origin: Origin::Created,
        remember: Some("{\"subscriber\":2000000}".to_owned()),
        written: Some(Fingerprint {
            hash: ContentHash::of(b"update"),
            target_version: Some("2026-04-13T14:27:38.9437189Z".to_owned()),
            written_at: now(),
        }),
        readers: Vec::new(),
    });
    let finish = Finish {
        record: row.id.clone(),
        taken: row.seq,
        at: now(),
        link: Some(LinkChange::Settle(Settle {
            link,
            op,
            at: now(),
            outcome,
        })),
        verdict: Some(Verdict::Eligible),
        end: End::Done {
            outcome: Outcome::Written,
            reason: None,
        },
        attempts: 1,
        root: row.id.key.as_str().into(),
        kind: "attempt".to_owned(),
        trace: "t".repeat(TRACE),
    };
    assert_eq!(
        store.finish(finish).await.expect("an answer"),
        Finished::Ended
    );
}

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_790_000_000)
}

fn item(n: usize) -> Item {
    Item {
        key: format!("{}", 310_000_000 + n).into(),
        version: Some(Mark {
            text: "2026-04-13T14:27:38.9437189Z".to_owned(),
            at: Some(now()),
        }),
        hash: ContentHash::of(&n.to_le_bytes()),
        root: format!("{}", 310_000_000 + n).into(),
        payload: "p".repeat(PAYLOAD).into(),
        bad: None,
    }
}

fn page(fence: &Fence) -> TakePage {
    TakePage {
        fence: fence.clone(),
        identity: "source:1".into(),
        pipeline: "work-orders".into(),
        scan: "scan".into(),
        begins: None,
        request_started: now(),
        items: Vec::new(),
        position: Position {
            at: Some("2026-04-13".to_owned()),
            ..Position::default()
        },
        watermark: None,
        then: ScanThen::GoesOn,
    }
}

async fn turn_on(store: &SqliteStore) -> Fence {
    let order = |id: &str, what| Order {
        tenant: "acme".into(),
        id: id.into(),
        by: "bench".to_owned(),
        at: now(),
        what,
    };
    let on = order(
        "on",
        Instruction::Activate {
            activated_at: now(),
        },
    );
    let epoch = store.order(on).await.expect("activated").tenant.epoch;
    let end = order("end", Instruction::FinishActivation { epoch });
    store.order(end).await.expect("on");
    assert_eq!(epoch, TenantEpoch(1));
    let fence = Fence {
        tenant: "acme".into(),
        epoch,
    };
    let begins = Begins {
        lower: None,
        started: now(),
    };
    let begun = TakePage {
        begins: Some(begins),
        ..page(&fence)
    };
    store.take_page(begun).await.expect("begun");
    fence
}

/// Wall time and the process's CPU time.
struct Meter {
    wall: Instant,
    cpu: Duration,
}

impl Meter {
    fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: cpu(),
        }
    }

    #[expect(
        clippy::print_stdout,
        reason = "a measurement is read by the one who runs it"
    )]
    fn lap(&mut self, what: &str) {
        let wall = self.wall.elapsed();
        let cpu = cpu().saturating_sub(self.cpu);
        let records = u32::try_from(RECORDS).expect("few enough");
        println!(
            "{what:<26} {:>6.1} µs CPU per record, {:>7.0} records/s",
            (cpu / records).as_secs_f64() * 1e6,
            f64::from(records) / wall.as_secs_f64()
        );
        *self = Self::start();
    }
}

/// User and system time of this process, from Linux; zero elsewhere.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: u64 = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}
