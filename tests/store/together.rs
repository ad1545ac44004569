//! Many callers at once: one claim, one winner; one member's refusal is nobody else's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinSet;

use super::*;

async fn on_disk(dir: &tempfile::TempDir) -> World {
    let options = OpenOptions {
        path: dir.path().join("store.db"),
        holder: "test".to_owned(),
        lock_wait: Duration::ZERO,
    };
    World::on(SqliteStore::open(options, at(0)).await.unwrap()).await
}

/// History 3: one new location, 64 work orders.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_gets_a_claim() {
    let dir = tempfile::tempdir().unwrap();
    let world = on_disk(&dir).await;
    let keys: Vec<String> = (0..64).map(|n| n.to_string()).collect();
    world
        .take(10, keys.iter().map(|key| item(key, 1, "a")).collect())
        .await;
    let mut tasks = JoinSet::new();
    for key in &keys {
        let mut intent = world.intent(&format!("op-{key}"), key).await;
        intent.entity = "location".into();
        intent.key = "L1".into();
        let store = world.store.clone();
        tasks.spawn(async move { store.plan(intent).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    let planned = answers
        .iter()
        .filter(|answer| **answer == Planned::Planned)
        .count();
    let busy = answers
        .iter()
        .filter(|answer| matches!(answer, Planned::Busy(_)))
        .count();
    assert_eq!((planned, busy), (1, 63));
    assert_eq!(
        world
            .store
            .open_intents(world.tenant())
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_records_go_through_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let world = Arc::new(on_disk(&dir).await);
    let keys: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    world
        .take(10, keys.iter().map(|key| item(key, 1, "a")).collect())
        .await;
    let mut tasks = JoinSet::new();
    for key in keys.clone() {
        let world = Arc::clone(&world);
        tasks.spawn(async move {
            assert_eq!(
                world.plan(&format!("op-{key}"), &key).await,
                Planned::Planned
            );
            let settle = settle(&format!("op-{key}"), &key, applied(&format!("j-{key}")));
            let finish = Finish {
                link: Some(LinkChange::Settle(settle)),
                ..finish(&key, world.seq(&key).await, done(Outcome::Written))
            };
            assert_eq!(world.store.finish(finish).await.unwrap(), Finished::Ended);
        });
    }
    tasks.join_all().await;
    for key in keys {
        let row = world.record(&key).await;
        assert_eq!((row.state, row.attempts), (RecordState::Done, 0));
        let target = world.link(&key).await.unwrap().target.unwrap();
        assert_eq!(
            target.id.as_str(),
            format!("j-{key}"),
            "each answer went to its own"
        );
        assert_eq!(
            world
                .store
                .trace(world.tenant(), &key.as_str().into())
                .await
                .unwrap()
                .len(),
            1
        );
    }
}

/// S22, history 9: once `off` has answered, no intent becomes durable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_intent_after_off_has_answered() {
    let dir = tempfile::tempdir().unwrap();
    let world = Arc::new(on_disk(&dir).await);
    let keys: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    world
        .take(10, keys.iter().map(|key| item(key, 1, "a")).collect())
        .await;
    let off = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for (index, key) in keys.iter().enumerate() {
        let intent = world.intent(&format!("op-{key}"), key).await;
        let (world, off) = (Arc::clone(&world), Arc::clone(&off));
        tasks.spawn(async move {
            for _ in 0..index / 10 {
                tokio::task::yield_now().await;
            }
            let late = off.load(Ordering::SeqCst);
            let answer = world.store.plan(intent).await.unwrap();
            assert!(!late || matches!(answer, Planned::Off { .. }));
            usize::from(answer == Planned::Planned)
        });
    }
    world.order("off", Instruction::Off).await.unwrap();
    off.store(true, Ordering::SeqCst);
    let open = world
        .store
        .open_intents(world.tenant())
        .await
        .unwrap()
        .len();
    let planned: usize = tasks.join_all().await.into_iter().sum();
    assert_eq!(
        planned, open,
        "all that were planned were there when off had answered"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_member_does_not_spoil_its_group() {
    let world = Arc::new(World::new().await);
    let mut tasks = JoinSet::new();
    for n in 0..60 {
        let world = Arc::clone(&world);
        tasks.spawn(async move {
            let mut page = world.page(10, vec![item(&n.to_string(), 1, "a")]);
            if n % 3 == 0 {
                page.fence.epoch = TenantEpoch(99);
            }
            (n, world.store.take_page(page).await)
        });
    }
    for (n, taken) in tasks.join_all().await {
        let stored = world
            .store
            .record(&record_id(&n.to_string()))
            .await
            .unwrap();
        assert_eq!(taken.is_ok(), n % 3 != 0);
        assert_eq!(stored.is_some(), n % 3 != 0);
    }
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_undo_its_command() {
    let world = World::new().await;
    {
        let write = world
            .store
            .take_page(world.page(10, vec![item("1", 1, "a")]));
        tokio::pin!(write);
        // Polled once: queued, then dropped.
        assert!(futures::poll!(&mut write).is_pending());
    }
    world.take(11, vec![item("2", 1, "a")]).await;
    assert_eq!(world.ready(0).await, ["1", "2"]);
}
