//! T5: how unknown outcomes are settled (S1), and which never are.

use super::*;

async fn taken() -> World {
    let world = World::new().await;
    world
        .take(10, vec![item("1", 1, "a"), item("2", 1, "a")])
        .await;
    world
}

fn miss(finds: u32, started: i64) -> Miss {
    Miss {
        link: link_id("job", "1"),
        op: "op-1".into(),
        finds,
        started: at(started),
        next: at(started + 30),
    }
}

#[tokio::test]
async fn two_finds_after_the_bound_prove_that_nothing_was_done() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    world.settle("op-1", "1", unknown()).await;
    world.finish("1", waits_on("1", Until::Settled)).await;
    world.finish("2", waits_on("1", Until::Settled)).await;
    let due = async || world.link("1").await.unwrap().intent.unwrap().due;
    assert_eq!(due().await, Some(at(50)));

    for started in [50, 100] {
        let missed = world.store.miss(miss(0, started)).await.unwrap();
        assert_eq!(missed, Missed::Again { finds: 0 }, "not after the bound");
        assert_eq!(due().await, Some(at(started + 30)));
    }
    for _ in 0..2 {
        let missed = world.store.miss(miss(0, 101)).await.unwrap();
        assert_eq!(
            missed,
            Missed::Again { finds: 1 },
            "repeating it counts once"
        );
    }
    assert!(world.ready(999).await.is_empty());
    assert_eq!(
        world.store.miss(miss(1, 131)).await.unwrap(),
        Missed::Released
    );
    assert_eq!(world.link("1").await, None);
    assert_eq!(world.ready(0).await, ["1", "2"]);
    assert_eq!(
        world.store.miss(miss(1, 131)).await.unwrap(),
        Missed::Moved(None)
    );
    assert_eq!(
        world.plan("op-2", "1").await,
        Planned::Planned,
        "a fresh attempt"
    );
    let missed = world.store.miss(miss(1, 131)).await.unwrap();
    assert!(
        matches!(missed, Missed::Moved(Some(_))),
        "another intent's find"
    );
}

#[tokio::test]
async fn a_find_that_hits_settles_at_once() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    world.settle("op-1", "1", unknown()).await;
    assert_eq!(
        world.settle("op-1", "1", applied("j-7")).await,
        Changed::Stored
    );
    assert_eq!(
        world.link("1").await.unwrap().target.unwrap().id,
        "j-7".into()
    );
    let missed = world.store.miss(miss(0, 200)).await.unwrap();
    assert!(
        matches!(missed, Missed::Moved(Some(_))),
        "too late to say it was not done"
    );
    assert_eq!(world.store.next_due(world.tenant()).await.unwrap(), None);
}

#[tokio::test]
async fn what_only_a_person_may_say_is_never_released() {
    let world = taken().await;
    world.plan("op-1", "1").await;
    world.settle("op-1", "1", Settlement::Held).await;
    assert!(
        world
            .store
            .unsettled(world.tenant(), at(9999), 9)
            .await
            .unwrap()
            .is_empty()
    );
    let missed = world.store.miss(miss(0, 200)).await.unwrap();
    assert!(matches!(missed, Missed::Moved(Some(_))));
    assert!(world.link("1").await.unwrap().intent.is_some());
}
