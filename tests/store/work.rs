//! T4 and what asks for work: how attempts end, and what is ready when.

use syncline::engine::record::Seq;

use super::*;

async fn taken() -> World {
    let world = World::new().await;
    world
        .take(10, vec![item("1", 1, "a"), item("2", 1, "a")])
        .await;
    world
}

#[tokio::test]
async fn every_end_is_kept_with_its_reason() {
    use RecordState::{Dead, Done, Held, Waiting};
    let skipped = End::Done {
        outcome: Outcome::Skipped,
        reason: Some("cancelled".to_owned()),
    };
    for (end, state, outcome, reason, attempts) in [
        (done(Outcome::Written), Done, Outcome::Written, None, 0),
        (done(Outcome::Echo), Done, Outcome::Echo, None, 0),
        (skipped, Done, Outcome::Skipped, Some("cancelled"), 0),
        (
            waiting(90, WaitKind::Transient),
            Waiting,
            Outcome::Retry,
            Some("no answer"),
            1,
        ),
        (held(None), Held, Outcome::Held, Some("do not service"), 1),
        (dead("rejected"), Dead, Outcome::Dead, Some("rejected"), 1),
    ] {
        let world = taken().await;
        let seq = world.seq("1").await;
        for _ in 0..2 {
            let command = finish("1", seq, end.clone());
            assert_eq!(world.store.finish(command).await.unwrap(), Finished::Ended);
            let row = world.record("1").await;
            assert_eq!((row.state, row.outcome), (state, Some(outcome)));
            assert_eq!(row.reason.as_deref(), reason);
            assert_eq!((row.attempts, row.done_seq), (attempts, seq));
            assert_eq!(
                row.payload.is_none(),
                state == Done,
                "kept until it is done"
            );
        }
        assert_eq!(world.ready(0).await, ["2"]);
    }
}

#[tokio::test]
async fn a_newer_version_makes_the_record_ready_again() {
    let world = taken().await;
    let seq = world.seq("1").await;
    world.take(20, vec![item("1", 2, "b")]).await;
    let command = finish("1", seq, done(Outcome::Written));
    assert_eq!(
        world.store.finish(command).await.unwrap(),
        Finished::Superseded
    );
    let row = world.record("1").await;
    assert_eq!(
        (row.state, row.done_seq, row.outcome),
        (RecordState::Ready, seq, None)
    );
    assert_eq!(row.payload.as_deref(), Some("{\"is\":\"b\"}"));
    assert_eq!(world.ready(0).await, ["2", "1"], "at its new place");
}

#[tokio::test]
async fn the_first_verdict_stays() {
    let world = taken().await;
    let mut command = finish("1", world.seq("1").await, done(Outcome::Written));
    command.verdict = Some(Verdict::Eligible);
    world.store.finish(command.clone()).await.unwrap();
    command.verdict = Some(Verdict::Never);
    world.store.finish(command).await.unwrap();
    assert_eq!(world.record("1").await.verdict, Some(Verdict::Eligible));
}

#[tokio::test]
async fn a_record_that_is_gone_leaves_no_trace() {
    let world = taken().await;
    let command = finish("9", Seq(1), done(Outcome::Written));
    assert_eq!(world.store.finish(command).await.unwrap(), Finished::Gone);
    assert!(
        world
            .store
            .trace(world.tenant(), &"9".into())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn the_last_write_and_the_end_are_one() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    let seq = world.seq("1").await;
    let fused = Finish {
        link: Some(LinkChange::Settle(settle("op-1", "1", applied("j-7")))),
        ..finish("1", seq, done(Outcome::Written))
    };
    for _ in 0..2 {
        assert_eq!(
            world.store.finish(fused.clone()).await.unwrap(),
            Finished::Ended
        );
        assert_eq!(
            world.link("1").await.unwrap().target.unwrap().id,
            "j-7".into()
        );
        assert_eq!(world.record("1").await.state, RecordState::Done);
    }

    let foreign = Finish {
        link: Some(LinkChange::Settle(settle("op-0", "2", applied("j-8")))),
        ..finish("2", world.seq("2").await, done(Outcome::Written))
    };
    let refused = world.store.finish(foreign).await.unwrap();
    assert!(matches!(refused, Finished::Refused(_)));
    assert_eq!(
        world.record("2").await.state,
        RecordState::Ready,
        "neither is stored"
    );
    assert!(
        world
            .store
            .trace(world.tenant(), &"2".into())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn who_parks_on_the_claim_its_own_finish_settles_does_not_sleep() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    let command = Finish {
        link: Some(LinkChange::Settle(settle("op-1", "1", Settlement::NotSent))),
        ..finish("1", world.seq("1").await, waits_on("1", Until::Settled))
    };
    world.store.finish(command).await.unwrap();
    assert_eq!(world.record("1").await.state, RecordState::Ready);
}

#[tokio::test]
async fn an_unsettled_create_parks_its_record_without_spending_an_attempt() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    assert_eq!(world.record("1").await.attempts, 1);
    let command = Finish {
        link: Some(LinkChange::Settle(settle("op-1", "1", unknown()))),
        attempts: 0,
        ..finish("1", world.seq("1").await, waits_on("1", Until::Settled))
    };
    assert_eq!(world.store.finish(command).await.unwrap(), Finished::Ended);
    let row = world.record("1").await;
    assert_eq!(
        (row.state, row.attempts, row.due),
        (RecordState::Waiting, 0, None)
    );
    assert_eq!(row.waits_on.as_deref(), Some("job:1"));
    assert_eq!(world.ready(9999).await, ["2"]);
    assert_eq!(
        world.store.next_due(world.tenant()).await.unwrap(),
        Some(at(50)),
        "the find"
    );
    world.settle("op-1", "1", applied("j-7")).await;
    assert_eq!(world.ready(0).await, ["1", "2"]);
}

#[tokio::test]
async fn what_is_due_again_stands_at_its_old_place() {
    let world = taken().await;
    world.finish("1", waiting(90, WaitKind::Transient)).await;
    assert_eq!(world.ready(89).await, ["2"]);
    assert_eq!(world.ready(90).await, ["1", "2"]);
    world.finish("2", held(Some(70))).await;
    assert_eq!(
        world.store.next_due(world.tenant()).await.unwrap(),
        Some(at(70))
    );
    assert_eq!(world.ready(89).await, ["2"]);
    world.finish("2", held(None)).await;
    assert_eq!(
        world.store.next_due(world.tenant()).await.unwrap(),
        Some(at(90))
    );
    let query = ReadyQuery {
        tenant: "acme".into(),
        pipelines: vec!["other".into()],
        after: Seq(0),
        now: at(999),
        limit: 9,
    };
    assert!(world.store.ready(query).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_timeline_is_found_by_key_by_root_and_by_target() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    world.settle("op-1", "1", applied("j-7")).await;
    let mut first = finish("1", world.seq("1").await, done(Outcome::Written));
    first.trace = "{\"n\":1}".to_owned();
    world.store.finish(first).await.unwrap();
    let mut second = finish("2", world.seq("2").await, done(Outcome::Skipped));
    second.root = "1".into();
    second.trace = "{\"n\":2}".to_owned();
    world.store.finish(second).await.unwrap();
    let blobs = async |key: &str| {
        let rows = world
            .store
            .trace(world.tenant(), &key.into())
            .await
            .unwrap();
        rows.into_iter().map(|row| row.blob).collect::<Vec<_>>()
    };
    assert_eq!(blobs("1").await, ["{\"n\":1}", "{\"n\":2}"]);
    assert_eq!(blobs("j-7").await, ["{\"n\":1}", "{\"n\":2}"]);
    assert!(blobs("3").await.is_empty());

    assert_eq!(
        world.store.prune(at(40), 10).await.unwrap(),
        0,
        "nothing is older"
    );
    assert_eq!(world.store.prune(at(41), 1).await.unwrap(), 1);
    assert_eq!(blobs("1").await, ["{\"n\":2}"]);
    assert!(world.link("1").await.is_some(), "links are never pruned");
}

#[tokio::test]
async fn records_are_counted_as_they_stand() {
    let world = taken().await;
    world
        .take(12, vec![item("3", 1, "a"), item("4", 1, "a")])
        .await;
    world.finish("1", done(Outcome::Written)).await;
    world.finish("2", dead("rejected")).await;
    world.finish("3", dead("rejected")).await;
    let counts = world.store.counts(world.tenant()).await.unwrap();
    let lines: Vec<String> = counts
        .iter()
        .map(|count| {
            let outcome = count.outcome.map_or("-", Outcome::as_str);
            let reason = count.reason.as_deref().unwrap_or("-");
            let since = count.oldest.since(at(0)).as_secs();
            let Count {
                pipeline,
                state,
                records,
                ..
            } = count;
            format!("{pipeline} {state} {outcome} {reason} {records} {since}")
        })
        .collect();
    assert_eq!(
        lines,
        [
            "work-orders dead dead rejected 2 10",
            "work-orders done written - 1 10",
            "work-orders ready - - 1 12",
        ]
    );
    let dead = async |pipeline: Option<&str>, cause: Option<&str>| {
        let query = DeadQuery {
            tenant: "acme".into(),
            pipeline: pipeline.map(Into::into),
            cause: cause.map(ToOwned::to_owned),
            limit: 9,
        };
        let rows = world.store.dead(query).await.unwrap();
        rows.into_iter()
            .map(|row| row.id.key.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(dead(None, None).await, ["2", "3"]);
    assert_eq!(
        dead(Some("work-orders"), Some("rejected")).await,
        ["2", "3"]
    );
    assert!(dead(Some("status"), None).await.is_empty());
    assert!(dead(None, Some("crashed")).await.is_empty());
}
