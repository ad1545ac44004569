//! T1h and re-reads: dirty keys (S10, S12), and verdicts that keep them out (S23).

use super::*;

#[tokio::test]
async fn a_hint_makes_a_key_dirty_once() {
    let world = World::new().await;
    assert_eq!(
        world.hint(10, "1", Some(version(5))).await,
        Hinted {
            marked: 1,
            never: 0
        }
    );
    let first = world.record("1").await;
    assert!(first.dirty && first.payload.is_none() && first.root.is_none());
    assert_eq!(
        (first.state, first.want),
        (RecordState::Ready, Some(version(5)))
    );
    world.hint(11, "1", Some(version(4))).await;
    let second = world.record("1").await;
    assert!(second.seq > first.seq);
    assert_eq!(
        second.want,
        Some(version(5)),
        "the highest version is wanted"
    );
    assert_eq!(world.ready(0).await, ["1"]);

    let RereadResult::Behind(row) = world
        .reread(20, item("1", 4, "a"), BelowWant::ReadAgain)
        .await
    else {
        panic!("below the wanted version");
    };
    assert!(row.dirty && row.payload.is_none());
    let RereadResult::Work(row) = world
        .reread(30, item("1", 5, "b"), BelowWant::ReadAgain)
        .await
    else {
        panic!("as wanted");
    };
    assert!(!row.dirty && row.want.is_none());
    assert_eq!(row.payload.as_deref(), Some("{\"is\":\"b\"}"));
    assert_eq!(
        row.seq, second.seq,
        "who reads it again is the one who works it"
    );
}

#[tokio::test]
async fn after_the_lag_a_read_below_the_wanted_version_is_worked() {
    let world = World::new().await;
    world.hint(10, "1", Some(version(5))).await;
    let read = world.reread(20, item("1", 4, "a"), BelowWant::Work).await;
    assert!(matches!(read, RereadResult::Work(row) if !row.dirty));
}

#[tokio::test]
async fn a_hint_after_the_read_started_leaves_the_key_dirty() {
    let world = World::new().await;
    world.take(5, vec![item("1", 1, "a")]).await;
    world.hint(10, "1", None).await;
    let taken = world.seq("1").await;
    world.hint(21, "1", None).await;
    let read = world
        .reread(20, item("1", 2, "b"), BelowWant::ReadAgain)
        .await;
    assert!(matches!(read, RereadResult::Work(row) if row.dirty && row.seq > taken));
    let finished = world
        .store
        .finish(finish("1", taken, done(Outcome::Written)))
        .await
        .unwrap();
    assert_eq!(finished, Finished::Superseded);
    assert_eq!(world.ready(0).await, ["1"]);
}

#[tokio::test]
async fn a_hint_on_a_done_record_brings_its_payload_back() {
    let world = World::new().await;
    world.take(5, vec![item("1", 1, "a")]).await;
    world.finish("1", done(Outcome::Skipped)).await;
    assert_eq!(world.record("1").await.payload, None);
    world.hint(10, "1", None).await;
    let read = world
        .reread(20, item("1", 1, "a"), BelowWant::ReadAgain)
        .await;
    let RereadResult::Work(row) = read else {
        panic!("late links run unchanged content (S12)")
    };
    assert_eq!(row.payload.as_deref(), Some("{\"is\":\"a\"}"));
}

#[tokio::test]
async fn a_hint_leaves_backoff_alone() {
    let world = World::new().await;
    world
        .take(5, vec![item("1", 1, "a"), item("2", 1, "a")])
        .await;
    world.finish("1", waiting(90, WaitKind::Transient)).await;
    world.finish("2", held(Some(90))).await;
    world.hint(10, "1", None).await;
    world.hint(10, "2", None).await;
    let row = world.record("1").await;
    assert_eq!(
        (row.state, row.due, row.dirty),
        (RecordState::Waiting, Some(at(90)), true)
    );
    assert_eq!(
        world.ready(20).await,
        ["2"],
        "what is held may be asked for (S33)"
    );
    assert_eq!(world.ready(90).await, ["1", "2"]);
}

#[tokio::test]
async fn a_dead_record_that_did_not_change_stays_dead() {
    let world = World::new().await;
    world.take(5, vec![item("1", 1, "a")]).await;
    world.finish("1", dead("rejected")).await;
    world.hint(10, "1", None).await;
    assert_eq!(world.ready(0).await, ["1"], "to be read again");
    let read = world
        .reread(20, item("1", 1, "a"), BelowWant::ReadAgain)
        .await;
    let RereadResult::Dead(row) = read else {
        panic!("it is the same record")
    };
    assert_eq!(
        (row.state, row.dirty, row.attempts),
        (RecordState::Dead, false, 1)
    );
    assert_eq!(row.reason.as_deref(), Some("rejected"));

    world.hint(30, "1", None).await;
    let read = world
        .reread(40, item("1", 2, "b"), BelowWant::ReadAgain)
        .await;
    let RereadResult::Work(row) = read else {
        panic!("it changed")
    };
    assert_eq!(
        (row.state, row.outcome, row.attempts),
        (RecordState::Ready, None, 0)
    );
}

#[tokio::test]
async fn a_reread_follows_the_version_rule() {
    let world = World::new().await;
    world.take(100, vec![item("1", 10, "a")]).await;
    let read = world
        .reread(110, item("1", 9, "z"), BelowWant::ReadAgain)
        .await;
    assert!(matches!(read, RereadResult::Behind(_)), "a lagging read");
    let read = world
        .reread(90, item("1", 10, "z"), BelowWant::ReadAgain)
        .await;
    assert!(
        matches!(read, RereadResult::Behind(_)),
        "an older read of an equal version"
    );
    let read = world
        .reread(110, item("1", 10, "z"), BelowWant::ReadAgain)
        .await;
    assert!(matches!(read, RereadResult::Work(_)));
    assert_eq!(
        world.take(120, vec![item("1", 9, "old page")]).await,
        Taken {
            stale: 1,
            ..Taken::default()
        },
        "history 5"
    );
    let read = world
        .reread(120, item("2", 1, "a"), BelowWant::ReadAgain)
        .await;
    assert!(
        matches!(read, RereadResult::Work(row) if row.id.key.as_str() == "2"),
        "never seen"
    );
    let bad = Death {
        cause: "bad-item".to_owned(),
        detail: String::new(),
    };
    let bad = Item {
        bad: Some(bad),
        ..item("2", 2, "b")
    };
    let read = world.reread(130, bad, BelowWant::ReadAgain).await;
    assert!(matches!(read, RereadResult::Dead(row) if row.reason.as_deref() == Some("bad-item")));
}

#[tokio::test]
async fn a_verdict_of_never_keeps_everything_out() {
    let world = World::new().await;
    world.take(5, vec![item("1", 1, "a")]).await;
    let mut never = finish("1", world.seq("1").await, done(Outcome::Skipped));
    never.verdict = Some(Verdict::Never);
    world.store.finish(never).await.unwrap();
    let before = world.record("1").await;
    assert_eq!(
        world.take(10, vec![item("1", 2, "b")]).await,
        Taken {
            never: 1,
            ..Taken::default()
        }
    );
    assert_eq!(
        world.hint(10, "1", None).await,
        Hinted {
            marked: 0,
            never: 1
        }
    );
    let read = world.reread(20, item("1", 3, "c"), BelowWant::Work).await;
    assert_eq!(read, RereadResult::Never);
    assert_eq!(world.record("1").await, before);

    world
        .order("forget", Instruction::Forget(record_id("1")))
        .await
        .unwrap();
    let row = world.record("1").await;
    assert_eq!(
        (row.verdict, row.dirty, row.state),
        (None, true, RecordState::Ready)
    );
    assert_eq!(
        world.take(30, vec![item("1", 1, "a")]).await,
        Taken {
            newer: 1,
            ..Taken::default()
        },
        "its first version again"
    );
}
