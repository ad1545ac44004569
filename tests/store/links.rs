//! T2, T3 and links without intents: the claim (S3), and who is woken (S12).

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
async fn an_intent_is_durable_with_all_that_settles_it() {
    let world = taken().await;
    assert_eq!(world.plan("op-1", "1").await, Planned::Planned);
    let row = world.link("1").await.unwrap();
    assert_eq!((row.target, row.written, row.remember), (None, None, None));
    assert_eq!(
        row.intent.unwrap(),
        Intent {
            op: "op-1".into(),
            kind: OpKind::Create,
            state: OpState::Planned,
            at: at(20),
            engine: world.store.engine_epoch(),
            record: Some(("sc:1".into(), "work-orders".into(), "1".into())),
            seq: world.seq("1").await,
            find: Some("{\"get\":\"/jobs\"}".to_owned()),
            hash: ContentHash::of(b"body"),
            bound: None,
            due: None,
            finds: 0,
        }
    );
    assert_eq!(world.record("1").await.attempts, 1);
    assert_eq!(
        world.plan("op-1", "1").await,
        Planned::Planned,
        "the same command again"
    );
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

#[tokio::test]
async fn a_claim_is_held_until_its_intent_settles() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    let mut other = world.intent("op-2", "2").await;
    other.key = "1".into();
    for outcome in [None, Some(unknown()), Some(Settlement::Held)] {
        if let Some(outcome) = outcome {
            assert_eq!(world.settle("op-1", "1", outcome).await, Changed::Stored);
        }
        let Planned::Busy(row) = world.store.plan(other.clone()).await.unwrap() else {
            panic!("the claim is held");
        };
        assert_eq!(row.intent.unwrap().op, "op-1".into());
    }
    assert_eq!(
        world.record("2").await.attempts,
        0,
        "a refused intent spends nothing"
    );
    world.settle("op-1", "1", Settlement::NotApplied).await;
    assert_eq!(world.store.plan(other).await.unwrap(), Planned::Planned);
}

#[tokio::test]
async fn claims_differ_by_tenant_identity_entity_and_key() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    let intent = world.intent("op-2", "1").await;
    let later = PlanFor {
        progress: Progress::Later,
        ..intent.work.clone().unwrap()
    };
    let intent = PlanIntent {
        work: Some(later),
        ..intent
    };
    for other in [
        PlanIntent {
            op: "op-3".into(),
            identity: "st:8".into(),
            ..intent.clone()
        },
        PlanIntent {
            op: "op-4".into(),
            entity: "location".into(),
            ..intent.clone()
        },
        PlanIntent {
            op: "op-5".into(),
            key: "x".into(),
            ..intent
        },
    ] {
        assert_eq!(world.store.plan(other).await.unwrap(), Planned::Planned);
    }
}

#[tokio::test]
async fn nothing_is_planned_while_a_tenant_does_not_run() {
    let world = taken().await;
    let intent = world.intent("op-1", "1").await;
    let off = async |what: &str, phase, epoch| {
        let answer = world.store.plan(intent.clone()).await.unwrap();
        assert_eq!(
            answer,
            Planned::Off {
                phase,
                epoch: TenantEpoch(epoch)
            },
            "{what}"
        );
    };
    world.order("p", Instruction::Pause).await.unwrap();
    off("paused", Phase::Paused, 1).await;
    world.order("r", Instruction::Resume).await.unwrap();
    world.order("o", Instruction::Off).await.unwrap();
    off("off", Phase::Off, 2).await;
    world
        .order(
            "a",
            Instruction::Activate {
                activated_at: at(0),
            },
        )
        .await
        .unwrap();
    off("activating, older epoch", Phase::Activating, 3).await;

    let mut now = intent.clone();
    now.fence.epoch = TenantEpoch(3);
    let answer = world.store.plan(now.clone()).await.unwrap();
    assert!(
        matches!(answer, Planned::Off { .. }),
        "records are not worked while activating"
    );
    let step = PlanIntent {
        work: None,
        entity: "campaign".into(),
        ..now
    };
    assert_eq!(
        world.store.plan(step).await.unwrap(),
        Planned::Planned,
        "on_activate"
    );

    world
        .order(
            "e",
            Instruction::FinishActivation {
                epoch: TenantEpoch(3),
            },
        )
        .await
        .unwrap();
    off("on, older epoch", Phase::On, 3).await;

    let mut stranger = intent.clone();
    stranger.fence.tenant = "nobody".into();
    let answer = world.store.plan(stranger).await.unwrap();
    assert_eq!(
        answer,
        Planned::Off {
            phase: Phase::Off,
            epoch: TenantEpoch(0)
        }
    );
}

/// S8: before its first intent, older work is refused; after it, it runs to its end.
#[tokio::test]
async fn older_work_runs_to_its_end_unless_still_before_its_first_intent() {
    let world = taken().await;
    let first = world.intent("op-1", "1").await;
    world.take(20, vec![item("1", 2, "b")]).await;
    assert_eq!(
        world.store.plan(first.clone()).await.unwrap(),
        Planned::Superseded
    );
    let work = PlanFor {
        progress: Progress::Later,
        ..first.work.clone().unwrap()
    };
    let later = PlanIntent {
        work: Some(work),
        ..first.clone()
    };
    assert_eq!(world.store.plan(later).await.unwrap(), Planned::Planned);

    // A list that lagged hands out a record that is done.
    let lagging = world.intent("op-2", "2").await;
    world.finish("2", done(Outcome::Unchanged)).await;
    assert_eq!(
        world.store.plan(lagging).await.unwrap(),
        Planned::Superseded
    );

    let mut gone = first;
    gone.key = "3".into();
    gone.work.as_mut().unwrap().record = record_id("3");
    assert_eq!(world.store.plan(gone).await.unwrap(), Planned::Superseded);
}

#[tokio::test]
async fn an_intent_is_refused_when_the_link_is_not_as_its_planner_saw_it() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    world.settle("op-1", "1", applied("j-7")).await;
    let Planned::Linked(Some(row)) = world.plan("op-2", "1").await else {
        panic!("a create must not meet a link");
    };
    assert_eq!(row.target.unwrap().id, "j-7".into());

    let update = PlanIntent {
        kind: OpKind::Update,
        target: Some("j-7".into()),
        ..world.intent("op-3", "1").await
    };
    let wrong = PlanIntent {
        target: Some("j-8".into()),
        ..update.clone()
    };
    assert!(matches!(
        world.store.plan(wrong).await.unwrap(),
        Planned::Linked(Some(_))
    ));
    let unlinked = PlanIntent {
        key: "2".into(),
        ..update.clone()
    };
    assert_eq!(
        world.store.plan(unlinked).await.unwrap(),
        Planned::Linked(None)
    );
    assert_eq!(world.store.plan(update).await.unwrap(), Planned::Planned);
}

#[tokio::test]
async fn an_applied_create_is_a_link() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    for _ in 0..2 {
        assert_eq!(
            world.settle("op-1", "1", applied("j-7")).await,
            Changed::Stored
        );
        let row = world.link("1").await.unwrap();
        assert_eq!(row.intent, None);
        let target = row.target.unwrap();
        assert_eq!((target.id, target.origin), ("j-7".into(), Origin::Created));
        assert_eq!(target.born_at, at(30));
        assert_eq!(row.remember.as_deref(), Some("{\"subscriber\":11}"));
        assert_eq!(row.written.unwrap().target_version.as_deref(), Some("v1"));
    }
    let to = world
        .store
        .links_to(world.tenant(), &"st:9".into(), &"job".into(), &"j-7".into())
        .await
        .unwrap();
    assert_eq!(to.len(), 1);
    assert_eq!(to[0].id, link_id("job", "1"));
}

#[tokio::test]
async fn what_was_not_applied_leaves_nothing_behind() {
    for outcome in [Settlement::NotApplied, Settlement::NotSent] {
        let world = taken().await;
        world.plan("op-1", "1").await;
        world.settle("op-1", "1", outcome.clone()).await;
        assert_eq!(world.link("1").await, None);
        assert_eq!(
            world.settle("op-1", "1", outcome.clone()).await,
            Changed::Stored,
            "repeated"
        );
        assert!(
            world
                .store
                .open_intents(world.tenant())
                .await
                .unwrap()
                .is_empty()
        );
        let links = world
            .store
            .links(world.tenant(), &"job".into(), None, 9)
            .await
            .unwrap();
        assert!(links.is_empty());

        world.plan("op-2", "1").await;
        world.settle("op-2", "1", applied("j-7")).await;
        let update = PlanIntent {
            kind: OpKind::Update,
            target: Some("j-7".into()),
            ..world.intent("op-3", "1").await
        };
        world.store.plan(update).await.unwrap();
        world.settle("op-3", "1", outcome).await;
        let row = world.link("1").await.unwrap();
        assert!(row.intent.is_none() && row.target.is_some() && row.written.is_some());
    }
}

#[tokio::test]
async fn only_the_intent_itself_is_settled() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    let Changed::Refused(refusal) = world.settle("op-0", "1", applied("j-7")).await else {
        panic!("another intent's outcome");
    };
    assert!(matches!(*refusal, Refusal::NotTheIntent(Some(_))));
    let Changed::Refused(refusal) = world.settle("op-1", "2", applied("j-7")).await else {
        panic!("no intent at all");
    };
    assert_eq!(*refusal, Refusal::NotTheIntent(None));
    assert!(world.link("1").await.unwrap().intent.is_some());
}

#[tokio::test]
async fn an_update_keeps_what_it_does_not_change() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    world.settle("op-1", "1", applied("j-7")).await;
    let update = PlanIntent {
        kind: OpKind::Update,
        target: Some("j-7".into()),
        ..world.intent("op-2", "1").await
    };
    world.store.plan(update).await.unwrap();
    let outcome = Settlement::Applied(Applied {
        target: "j-7".into(),
        origin: Origin::Adopted,
        remember: None,
        written: None,
        readers: Vec::new(),
    });
    let settle = Settle {
        at: at(99),
        ..settle("op-2", "1", outcome)
    };
    world.store.settle(settle).await.unwrap();
    let row = world.link("1").await.unwrap();
    let target = row.target.unwrap();
    assert_eq!((target.origin, target.born_at), (Origin::Created, at(30)));
    assert_eq!(row.remember.as_deref(), Some("{\"subscriber\":11}"));
    assert_eq!(row.written.unwrap().hash, ContentHash::of(b"update"));
}

#[tokio::test]
async fn settling_wakes_who_waits_for_it() {
    for outcome in [applied("j-7"), Settlement::NotApplied] {
        let world = taken().await;
        world.plan("op-1", "1").await;
        world.finish("2", waits_on("1", Until::Settled)).await;
        assert_eq!(world.ready(999).await, ["1"]);
        world.settle("op-1", "1", unknown()).await;
        assert_eq!(world.ready(999).await, ["1"], "nobody knows yet");
        world.settle("op-1", "1", outcome).await;
        assert_eq!(world.ready(0).await, ["1", "2"]);
        assert_eq!(world.record("2").await.waits_on, None);
    }
}

#[tokio::test]
async fn nobody_sleeps_through_a_settlement_that_came_first() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    // 2 has met the claim; before it parks, the claim is settled.
    world.settle("op-1", "1", applied("j-7")).await;
    for until in [Until::Settled, Until::Linked] {
        world.finish("2", waits_on("1", until)).await;
        assert_eq!(world.record("2").await.state, RecordState::Ready);
    }
}

#[tokio::test]
async fn a_new_link_makes_its_target_dirty_where_it_is_read() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    let reader = Reader {
        identity: "st:9".into(),
        pipeline: "status".into(),
        end: ReadAs::Made,
    };
    let Settlement::Applied(link) = applied("j-7") else {
        unreachable!()
    };
    let outcome = Settlement::Applied(Applied {
        readers: vec![reader],
        ..link
    });
    let job = RecordId {
        identity: "st:9".into(),
        pipeline: "status".into(),
        key: "j-7".into(),
        ..record_id("1")
    };
    world.settle("op-1", "1", outcome.clone()).await;
    let row = world.store.record(&job).await.unwrap().unwrap();
    assert!(row.dirty && row.state == RecordState::Ready);
    world.settle("op-1", "1", outcome.clone()).await;
    assert_eq!(
        world.store.record(&job).await.unwrap().unwrap().seq,
        row.seq,
        "once"
    );

    let update = PlanIntent {
        kind: OpKind::Update,
        target: Some("j-7".into()),
        ..world.intent("op-2", "1").await
    };
    world.store.plan(update).await.unwrap();
    world.settle("op-2", "1", outcome).await;
    assert_eq!(
        world.store.record(&job).await.unwrap().unwrap().seq,
        row.seq,
        "no new link"
    );
}

fn adopt(before: Option<&str>, target: &str) -> Adopt {
    Adopt {
        link: link_id("job", "1"),
        before: before.map(Into::into),
        target: target.into(),
        origin: Origin::Adopted,
        remember: None,
        written: None,
        readers: vec![Reader {
            identity: "st:9".into(),
            pipeline: "status".into(),
            end: ReadAs::Made,
        }],
        at: at(60),
    }
}

#[tokio::test]
async fn what_is_found_is_adopted() {
    let world = taken().await;
    world.finish("2", waits_on("1", Until::Linked)).await;
    for _ in 0..2 {
        let changed = world.store.adopt(adopt(None, "j-1")).await.unwrap();
        assert_eq!(changed, Changed::Stored);
        let target = world.link("1").await.unwrap().target.unwrap();
        assert_eq!((target.origin, target.born_at), (Origin::Adopted, at(60)));
    }
    assert_eq!(
        world.ready(0).await.len(),
        2,
        "who waited for a link is woken"
    );
    let job = world
        .store
        .records(world.tenant(), &"j-1".into())
        .await
        .unwrap();
    assert!(job.len() == 1 && job[0].dirty);

    let Changed::Refused(refusal) = world.store.adopt(adopt(None, "j-2")).await.unwrap() else {
        panic!("it is linked elsewhere");
    };
    assert!(
        matches!(*refusal, Refusal::Linked(row) if row.target.clone().unwrap().id == "j-1".into())
    );
}

#[tokio::test]
async fn a_merge_moves_a_link_and_voids_its_fingerprint() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    world.settle("op-1", "1", applied("j-1")).await;
    let remember = Adopt {
        remember: Some("{\"store\":3}".to_owned()),
        ..adopt(Some("j-1"), "j-1")
    };
    world.store.adopt(remember).await.unwrap();
    let row = world.link("1").await.unwrap();
    assert_eq!(
        row.target.clone().unwrap().origin,
        Origin::Created,
        "the target stays"
    );
    assert!(row.written.is_some());
    assert_eq!(row.remember.as_deref(), Some("{\"store\":3}"));

    world.store.adopt(adopt(Some("j-1"), "j-2")).await.unwrap();
    let row = world.link("1").await.unwrap();
    assert_eq!(row.target.unwrap().id, "j-2".into());
    assert_eq!(row.written, None, "what was written was written elsewhere");
    assert_eq!(row.remember.as_deref(), Some("{\"store\":3}"));
    let old = world
        .store
        .links_to(world.tenant(), &"st:9".into(), &"job".into(), &"j-1".into())
        .await
        .unwrap();
    assert!(old.is_empty());
}

#[tokio::test]
async fn nothing_is_adopted_over_an_open_intent() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    let Changed::Refused(refusal) = world.store.adopt(adopt(None, "j-2")).await.unwrap() else {
        panic!("an intent is open");
    };
    assert!(matches!(*refusal, Refusal::Busy(_)));
}

#[tokio::test]
async fn links_are_listed_by_key() {
    let world = taken().await;
    for (key, target) in [("b", "2"), ("a", "1"), ("c", "3")] {
        let link = link_id("job", key);
        world
            .store
            .adopt(Adopt {
                link,
                ..adopt(None, target)
            })
            .await
            .unwrap();
    }
    world.plan("op-1", "1").await;
    let list = async |after: Option<&str>, limit| {
        let after = after.map(Into::into);
        let rows = world
            .store
            .links(world.tenant(), &"job".into(), after.as_ref(), limit)
            .await;
        rows.unwrap()
            .into_iter()
            .map(|row| row.id.key.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(list(None, 3).await, ["1", "a", "b"]);
    assert_eq!(list(Some("b"), 3).await, ["c"]);
    let none = world
        .store
        .links(world.tenant(), &"note".into(), None, 9)
        .await
        .unwrap();
    assert!(none.is_empty());
    assert!(world.seq("1").await > Seq(0));
}
