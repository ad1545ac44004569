//! Plans that change under an engine: tenants come and go, mistakes change nothing, secrets are read anew.

use std::fs;
use std::time::Duration;

use serde_json::json;
use syncline::daemon::{Outcome, Reopen};
use syncline::engine::store::{RecordState, Store as _};
use syncline::sandbox::servicechannel::people::Edit;

use super::{PIPELINE, Serving, is_still, jobs};
use crate::harness::wait::until_within;
use crate::harness::world::TENANT;
use crate::harness::{World, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistake_changes_nothing_and_is_said_in_full() {
    let world = World::start().await;
    world.on().await;
    let serving = Serving::start(&world).await;
    let file = world.workspace().join("servicechannel/work-orders.yaml");
    let right = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        right.replace("connector: servicechannel", "connector: servicechanel"),
    )
    .unwrap();
    let done = serving.engine.reload(Reopen::Changed).await.unwrap();
    let Outcome::Refused { text, report } = &done.outcome else {
        panic!("{done:?}");
    };
    assert!(text.contains("did you mean `servicechannel`?"), "{text}");
    assert!(
        report["errors"].as_u64().is_some_and(|errors| errors > 0),
        "{report}"
    );
    let generation = serving.engine.generation();
    assert_eq!(generation.number, 1);
    world.arrive(2);
    jobs(&world, 2).await;

    fs::write(&file, &right).unwrap();
    let done = serving.engine.reload(Reopen::Changed).await.unwrap();
    assert!(matches!(done.outcome, Outcome::Same), "{done:?}");
    assert!(done.outcome.holds());
    serving.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_whose_file_goes_is_run_no_more_and_goes_on_when_it_is_back() {
    let world = World::start().await;
    world.on().await;
    let serving = Serving::start(&world).await;
    world.arrive(1);
    jobs(&world, 1).await;
    let file = world.workspace().join("tenants/sandbox.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let done = serving.engine.reload(Reopen::Changed).await.unwrap();
    let Outcome::Taken { removed, .. } = &done.outcome else {
        panic!("{done:?}");
    };
    assert_eq!(removed, &[TENANT]);
    world.arrive(2);
    assert!(is_still(&world).await, "a tenant without a file is run");
    let gone = serving
        .engine
        .read_now(TENANT, PIPELINE, "Quinn")
        .await
        .unwrap_err();
    assert_eq!(
        gone.to_string(),
        "there is no tenant `sandbox`; there are: none"
    );
    fs::write(&file, text).unwrap();
    let done = serving.engine.reload(Reopen::Changed).await.unwrap();
    assert!(done.outcome.holds(), "{done:?}");
    jobs(&world, 3).await;
    serving.end().await;
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_cannot_be_opened_goes_on_as_before() {
    let world = World::start().await;
    world.on().await;
    let serving = Serving::start(&world).await;
    let password = "/accounts/servicechannel/password";
    world.tenant(password, json!({ "secret": "sandbox/nowhere" }));
    let done = serving.engine.reload(Reopen::Changed).await.unwrap();
    let Outcome::Taken { failed, .. } = &done.outcome else {
        panic!("{done:?}");
    };
    let [(name, why)] = &failed[..] else {
        panic!("{done:?}");
    };
    assert_eq!(name, TENANT);
    assert!(why.contains("sandbox/nowhere"), "{why}");
    assert!(!done.outcome.holds());
    world.arrive(2);
    jobs(&world, 2).await;
    serving.end().await;
}

/// S33: what a wrong setting held back is looked at again when the setting is another, not an hour later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_is_looked_at_again_under_another_plan() {
    let world = World::start().await;
    let unit = "/settings/preferences/business_unit_by_trade";
    world.tenant(unit, json!({ "HVAC": 999 }));
    world.on().await;
    let serving = Serving::start(&world).await;
    let edit = Edit {
        trade: Some("HVAC".to_owned()),
        ..Edit::default()
    };
    world.sandbox.servicechannel().arrive_as(1, &edit);
    let name = TENANT.into();
    until("it is held", async || {
        let counts = serving.engine.store().counts(&name).await.unwrap();
        let mut held = counts.iter().filter(|it| it.state == RecordState::Held);
        held.any(|count| {
            count
                .reason
                .as_ref()
                .unwrap()
                .contains("999 does not exist")
        })
    })
    .await;
    world.tenant(unit, json!({ "HVAC": 12 }));
    let done = serving.engine.reload(Reopen::Changed).await.unwrap();
    assert!(done.outcome.holds(), "{done:?}");
    // By itself it would be looked at after an hour: 36 s on this clock.
    let soon = Duration::from_secs(20);
    until_within(soon, "it is a job", async || world.created("jobs") == 1).await;
    serving.end().await;
}
