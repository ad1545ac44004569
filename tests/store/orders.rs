//! T6, accounts and T7: what people ask for, whose data an account holds, rotated tokens.

use super::*;

#[tokio::test]
async fn a_tenant_never_seen_is_off() {
    let store = SqliteStore::in_memory(at(0)).await.unwrap();
    let row = store.tenant(&"acme".into()).await.unwrap();
    assert_eq!(
        (row.phase, row.epoch, row.agreed),
        (Phase::Off, TenantEpoch(0), None)
    );
    assert!(store.tenants().await.unwrap().is_empty());
}

#[tokio::test]
async fn on_and_off_raise_the_epoch_and_keep_the_first_activation() {
    let mut world = World::new().await;
    let tenant = async |world: &World| world.store.tenant(world.tenant()).await.unwrap();
    let row = tenant(&world).await;
    assert_eq!((row.phase, row.epoch), (Phase::On, TenantEpoch(1)));
    assert_eq!((row.activated_at, row.since), (Some(at(1)), Some(at(5))));

    let off = world.order("off", Instruction::Off).await.unwrap();
    assert_eq!(
        (off.tenant.phase, off.tenant.epoch),
        (Phase::Off, TenantEpoch(2))
    );
    let again = Instruction::Activate {
        activated_at: at(900),
    };
    let row = world.order("on-2", again.clone()).await.unwrap().tenant;
    assert_eq!((row.phase, row.epoch), (Phase::Activating, TenantEpoch(3)));
    assert_eq!(row.activated_at, Some(at(1)), "it never moves (S23)");
    let error = world.order("on-3", again).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "tenant acme is activating: it cannot be turned on"
    );
    let stale = Instruction::FinishActivation {
        epoch: TenantEpoch(1),
    };
    let error = world.order("end-1", stale).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "tenant acme is activating in epoch 3, the command was for epoch 1"
    );
    world.order("off-2", Instruction::Off).await.unwrap();
    world.turn_on("on-4").await;
    assert_eq!(world.fence.epoch, TenantEpoch(5));
    assert_eq!(world.store.tenants().await.unwrap(), [tenant(&world).await]);
}

#[tokio::test]
async fn an_order_given_twice_is_one_order() {
    let world = World::new().await;
    let off = world.order("off", Instruction::Off).await.unwrap();
    assert_eq!(world.order("off", Instruction::Off).await.unwrap(), off);
    let accept = Instruction::Accept {
        version: "2026-1".to_owned(),
    };
    let row = world.order("agree", accept).await.unwrap().tenant;
    let agreed = Agreement {
        version: "2026-1".to_owned(),
        by: "dana".to_owned(),
        at: at(5),
    };
    assert_eq!(row.agreed, Some(agreed));
    let error = world.order("pause", Instruction::Pause).await.unwrap_err();
    assert_eq!(error.to_string(), "tenant acme is off: it cannot be paused");
    let error = world
        .order("resume", Instruction::Resume)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "tenant acme is off: it cannot be resumed"
    );

    let log = world.store.orders(world.tenant(), 3).await.unwrap();
    let lines: Vec<String> = log
        .iter()
        .map(|row| format!("{} {} {} {}", row.id, row.by, row.what, row.args))
        .collect();
    assert_eq!(
        lines,
        [
            "agree dana accept {\"version\":\"2026-1\"}",
            "off dana off {}",
            "on-1-end dana activated {\"epoch\":1}",
        ],
        "newest first; what was refused was not ordered"
    );
}

#[tokio::test]
async fn retry_makes_dead_records_ready() {
    let world = World::new().await;
    world
        .take(
            10,
            vec![
                item("1", 1, "a"),
                item("2", 1, "a"),
                item("3", 1, "a"),
                item("4", 1, "a"),
            ],
        )
        .await;
    world.finish("1", dead("rejected")).await;
    world.finish("2", dead("crashed")).await;
    world.finish("3", held(None)).await;
    world.finish("4", done(Outcome::Written)).await;
    let some = Selection::Dead {
        pipeline: None,
        cause: Some("crashed".to_owned()),
    };
    let ordered = world
        .order("r1", Instruction::Retry(some.clone()))
        .await
        .unwrap();
    assert_eq!(ordered.records, 1);
    assert_eq!(world.ready(0).await, ["2"]);
    assert_eq!(
        world
            .order("r1", Instruction::Retry(some))
            .await
            .unwrap()
            .records,
        0
    );
    let other = Selection::Dead {
        pipeline: Some("status".into()),
        cause: None,
    };
    assert_eq!(
        world
            .order("r2", Instruction::Retry(other))
            .await
            .unwrap()
            .records,
        0
    );
    for (id, key, records) in [("r3", "1", 1), ("r4", "3", 1), ("r5", "4", 0)] {
        let one = Instruction::Retry(Selection::Record(record_id(key)));
        assert_eq!(
            world.order(id, one).await.unwrap().records,
            records,
            "{key}"
        );
    }
    assert_eq!(world.ready(0).await, ["1", "2", "3"]);
    let row = world.record("1").await;
    assert_eq!((row.attempts, row.outcome, row.reason), (0, None, None));
    assert!(row.payload.is_some());
}

#[tokio::test]
async fn what_is_held_runs_again_when_settings_change() {
    let world = World::new().await;
    world
        .take(
            10,
            vec![item("1", 1, "a"), item("2", 1, "a"), item("3", 1, "a")],
        )
        .await;
    world.finish("1", held(None)).await;
    world.finish("2", held(Some(90))).await;
    world.finish("3", dead("rejected")).await;
    let other = Selection::Held {
        pipeline: Some("status".into()),
    };
    assert_eq!(
        world
            .order("r1", Instruction::Retry(other))
            .await
            .unwrap()
            .records,
        0
    );
    let all = Selection::Held { pipeline: None };
    assert_eq!(
        world
            .order("r2", Instruction::Retry(all))
            .await
            .unwrap()
            .records,
        2
    );
    assert_eq!(world.ready(0).await, ["1", "2"]);
}

#[tokio::test]
async fn resolve_stores_the_link_and_frees_the_claim() {
    let world = World::new().await;
    world
        .take(10, vec![item("1", 1, "a"), item("2", 1, "a")])
        .await;
    let resolve = |target: &str| Instruction::Resolve {
        record: record_id("1"),
        link: link_id("job", "1"),
        target: target.into(),
        readers: vec![Reader {
            identity: "st:9".into(),
            pipeline: "status".into(),
            end: ReadAs::Made,
        }],
    };
    world.plan("op-1", "1").await;
    let error = world.order("x", resolve("j-7")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the job of 1 is being written right now; try again when it is done"
    );
    world.settle("op-1", "1", Settlement::Held).await;
    world.finish("1", dead("unknown")).await;
    world.finish("2", waits_on("1", Until::Settled)).await;
    let ordered = world.order("y", resolve("j-7")).await.unwrap();
    assert_eq!(ordered.records, 1);
    let row = world.link("1").await.unwrap();
    assert_eq!(row.intent, None);
    let target = row.target.unwrap();
    assert_eq!((target.id, target.origin), ("j-7".into(), Origin::Given));
    assert_eq!(world.ready(0).await, ["1", "2"]);
    let job = world
        .store
        .records(world.tenant(), &"j-7".into())
        .await
        .unwrap();
    assert!(job.len() == 1 && job[0].dirty);
    let late = world.settle("op-1", "1", applied("j-9")).await;
    assert_eq!(
        late,
        Changed::Stored,
        "an outcome that comes late changes nothing"
    );
    assert_eq!(
        world.link("1").await.unwrap().target.unwrap().id,
        "j-7".into()
    );
}

#[tokio::test]
async fn an_identity_with_state_is_not_changed() {
    let world = World::new().await;
    let account = AccountId {
        tenant: "acme".into(),
        connector: "source".into(),
    };
    assert_eq!(world.store.account(&account).await.unwrap(), None);
    let bind = async |identity: &str| {
        world
            .store
            .bind_identity(account.clone(), identity.into())
            .await
    };
    bind("sc:0").await.unwrap();
    let rotate = Rotate {
        account: account.clone(),
        token_gen: 0,
        sealed: Sealed(vec![7]),
    };
    world.store.rotate(rotate).await.unwrap();
    bind("sc:0").await.unwrap();
    let row = world.store.account(&account).await.unwrap().unwrap();
    assert_eq!(row.sealed_refresh, Some(Sealed(vec![7])));
    bind("sc:1").await.unwrap();
    let row = world.store.account(&account).await.unwrap().unwrap();
    assert_eq!(row.identity, Some("sc:1".into()));
    assert_eq!(row.sealed_refresh, None, "a token of another account");
    let error = bind("sc:2").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "tenant acme keeps state of sc:1 for connector source; it cannot become sc:2: forget or \
         move that state first"
    );
    bind("sc:1").await.unwrap();
}

#[tokio::test]
async fn an_account_rests_and_wakes() {
    let world = World::new().await;
    let account = AccountId {
        tenant: "acme".into(),
        connector: "source".into(),
    };
    let pause = AccountPause {
        until: at(60),
        reason: "503 from the source".to_owned(),
    };
    for expected in [Some(pause), None] {
        world
            .store
            .pause_account(account.clone(), expected.clone())
            .await
            .unwrap();
        let row = world.store.account(&account).await.unwrap().unwrap();
        assert_eq!(row.paused, expected);
    }
}

#[tokio::test]
async fn a_rotation_keeps_the_predecessor_and_happens_once() {
    let world = World::new().await;
    let account = AccountId {
        tenant: "acme".into(),
        connector: "source".into(),
    };
    let rotate = |token_gen, sealed: u8| Rotate {
        account: account.clone(),
        token_gen,
        sealed: Sealed(vec![sealed]),
    };
    for _ in 0..2 {
        let rotated = world.store.rotate(rotate(0, 1)).await.unwrap();
        assert_eq!(rotated, Rotated::Stored { token_gen: 1 });
    }
    world.store.rotate(rotate(1, 2)).await.unwrap();
    let row = world.store.account(&account).await.unwrap().unwrap();
    assert_eq!(row.token_gen, 2);
    assert_eq!(row.sealed_refresh, Some(Sealed(vec![2])));
    assert_eq!(row.sealed_prev, Some(Sealed(vec![1])));
    let late = world.store.rotate(rotate(1, 3)).await.unwrap();
    assert_eq!(late, Rotated::Moved(row.clone()));
    assert_eq!(
        world.store.account(&account).await.unwrap(),
        Some(row.clone())
    );
    assert!(
        !format!("{row:?}").contains('['),
        "sealed bytes are not printed"
    );
}
