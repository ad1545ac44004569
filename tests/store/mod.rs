//! The contract of the store, run on SQLite: what each command keeps, refuses and repeats.

mod chance;
mod crash;
mod hints;
mod intake;
mod links;
mod opening;
mod orders;
mod schedule;
mod together;
mod unsettled;
mod work;

use std::time::Duration;

use syncline::engine::clock::Timestamp;
use syncline::engine::record::{Seq, TenantEpoch, TenantName};
use syncline::engine::store::*;

const MINUTE: Duration = Duration::from_secs(60);

/// `seconds` after the instant at which all tests begin.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_790_000_000 + seconds)
}

/// A version that is an instant.
fn version(seconds: i64) -> Mark {
    Mark {
        text: at(seconds).to_string(),
        at: Some(at(seconds)),
    }
}

fn item(key: &str, seconds: i64, content: &str) -> Item {
    Item {
        key: key.into(),
        version: Some(version(seconds)),
        hash: ContentHash::of(content.as_bytes()),
        root: key.into(),
        payload: format!("{{\"is\":\"{content}\"}}").into(),
        bad: None,
    }
}

fn unversioned(key: &str, content: &str) -> Item {
    Item {
        version: None,
        ..item(key, 0, content)
    }
}

fn record_id(key: &str) -> RecordId {
    RecordId {
        tenant: "acme".into(),
        identity: "sc:1".into(),
        pipeline: "work-orders".into(),
        key: key.into(),
    }
}

fn link_id(entity: &str, key: &str) -> LinkId {
    LinkId {
        tenant: "acme".into(),
        identity: "st:9".into(),
        entity: entity.into(),
        key: key.into(),
    }
}

/// A store with the tenant `acme` turned on and a scan of `work-orders` begun.
struct World {
    store: SqliteStore,
    fence: Fence,
}

impl World {
    async fn new() -> Self {
        Self::on(SqliteStore::in_memory(at(0)).await.unwrap()).await
    }

    async fn on(store: SqliteStore) -> Self {
        let mut world = Self {
            store,
            fence: Fence {
                tenant: "acme".into(),
                epoch: TenantEpoch(0),
            },
        };
        world.turn_on("on-1").await;
        world.begin_scan("s1").await;
        world
    }

    fn tenant(&self) -> &TenantName {
        &self.fence.tenant
    }

    async fn order(&self, id: &str, what: Instruction) -> Result<Ordered> {
        let order = Order {
            tenant: self.tenant().clone(),
            id: id.into(),
            by: "dana".to_owned(),
            at: at(5),
            what,
        };
        self.store.order(order).await
    }

    async fn turn_on(&mut self, id: &str) {
        let what = Instruction::Activate {
            activated_at: at(1),
        };
        let epoch = self.order(id, what).await.unwrap().tenant.epoch;
        self.order(
            &format!("{id}-end"),
            Instruction::FinishActivation { epoch },
        )
        .await
        .unwrap();
        self.fence.epoch = epoch;
    }

    async fn begin_scan(&self, scan: &str) {
        let begins = Begins {
            lower: Some("2026-01-01".to_owned()),
            started: at(2),
        };
        let page = TakePage {
            scan: scan.into(),
            begins: Some(begins),
            ..self.page(2, Vec::new())
        };
        self.store.take_page(page).await.unwrap();
    }

    fn page(&self, started: i64, items: Vec<Item>) -> TakePage {
        TakePage {
            fence: self.fence.clone(),
            identity: "sc:1".into(),
            pipeline: "work-orders".into(),
            scan: "s1".into(),
            begins: None,
            request_started: at(started),
            items,
            position: Position::default(),
            watermark: None,
            then: ScanThen::GoesOn,
        }
    }

    async fn take(&self, started: i64, items: Vec<Item>) -> Taken {
        self.store
            .take_page(self.page(started, items))
            .await
            .unwrap()
    }

    async fn hint(&self, seconds: i64, key: &str, want: Option<Mark>) -> Hinted {
        self.store
            .hint(Hint {
                fence: self.fence.clone(),
                identity: "sc:1".into(),
                pipeline: "work-orders".into(),
                keys: vec![(key.into(), want)],
                at: at(seconds),
            })
            .await
            .unwrap()
    }

    async fn reread(&self, started: i64, item: Item, below_want: BelowWant) -> RereadResult {
        self.store
            .reread(Reread {
                fence: self.fence.clone(),
                identity: "sc:1".into(),
                pipeline: "work-orders".into(),
                request_started: at(started),
                item,
                below_want,
            })
            .await
            .unwrap()
    }

    async fn record(&self, key: &str) -> RecordRow {
        self.store
            .record(&record_id(key))
            .await
            .unwrap()
            .expect("the record stands")
    }

    async fn seq(&self, key: &str) -> Seq {
        self.record(key).await.seq
    }

    /// An intent to create the job of a work order.
    async fn intent(&self, op: &str, key: &str) -> PlanIntent {
        PlanIntent {
            fence: self.fence.clone(),
            identity: "st:9".into(),
            entity: "job".into(),
            key: key.into(),
            target: None,
            op: op.into(),
            kind: OpKind::Create,
            find: Some("{\"get\":\"/jobs\"}".to_owned()),
            hash: ContentHash::of(b"body"),
            settle_after: Some(MINUTE),
            work: Some(PlanFor {
                record: record_id(key),
                taken: self.seq(key).await,
                attempt: 1,
                progress: Progress::First,
            }),
            at: at(20),
        }
    }

    async fn plan(&self, op: &str, key: &str) -> Planned {
        self.store.plan(self.intent(op, key).await).await.unwrap()
    }

    async fn settle(&self, op: &str, key: &str, outcome: Settlement) -> Changed {
        self.store.settle(settle(op, key, outcome)).await.unwrap()
    }

    async fn finish(&self, key: &str, end: End) -> Finished {
        let finish = finish(key, self.seq(key).await, end);
        self.store.finish(finish).await.unwrap()
    }

    async fn link(&self, key: &str) -> Option<LinkRow> {
        self.store.link(&link_id("job", key)).await.unwrap()
    }

    async fn ready(&self, now: i64) -> Vec<String> {
        let query = ReadyQuery {
            tenant: self.tenant().clone(),
            pipelines: vec!["work-orders".into()],
            after: Seq(0),
            now: at(now),
            limit: 100,
        };
        let rows = self.store.ready(query).await.unwrap();
        rows.into_iter().map(|row| row.id.key.to_string()).collect()
    }
}

fn settle(op: &str, key: &str, outcome: Settlement) -> Settle {
    Settle {
        link: link_id("job", key),
        op: op.into(),
        at: at(30),
        outcome,
    }
}

fn finish(key: &str, taken: Seq, end: End) -> Finish {
    Finish {
        record: record_id(key),
        taken,
        at: at(40),
        link: None,
        verdict: None,
        end,
        attempts: 1,
        root: key.into(),
        kind: "attempt".to_owned(),
        trace: "{\"steps\":[]}".to_owned(),
    }
}

fn applied(target: &str) -> Settlement {
    Settlement::Applied(Applied {
        target: target.into(),
        origin: Origin::Created,
        remember: Some("{\"subscriber\":11}".to_owned()),
        written: Some(Fingerprint {
            hash: ContentHash::of(b"update"),
            target_version: Some("v1".to_owned()),
            written_at: at(30),
        }),
        readers: Vec::new(),
    })
}

fn unknown() -> Settlement {
    Settlement::Unknown {
        bound: at(100),
        due: at(50),
    }
}

fn done(outcome: Outcome) -> End {
    End::Done {
        outcome,
        reason: None,
    }
}

fn dead(cause: &str) -> End {
    End::Dead(Death {
        cause: cause.to_owned(),
        detail: format!("{cause}: the whole message"),
    })
}

fn waiting(due: i64, kind: WaitKind) -> End {
    End::Waiting {
        due: Some(at(due)),
        kind,
        on: None,
        reason: "no answer".to_owned(),
        detail: None,
    }
}

fn waits_on(key: &str, until: Until) -> End {
    End::Waiting {
        due: None,
        kind: WaitKind::Transient,
        on: Some(WaitsOn {
            link: link_id("job", key),
            until,
        }),
        reason: "parked".to_owned(),
        detail: None,
    }
}

fn held(due: Option<i64>) -> End {
    End::Held {
        due: due.map(at),
        on: None,
        reason: "do not service".to_owned(),
    }
}
