//! R64 to R66: every work order has a visible state, failures stay where they are, a crash makes nothing twice.

use serde_json::json;
use syncline::sandbox::kit::faults::{Action, FailBody, Rule};
use syncline::sandbox::servicechannel::model::{Primary, Status};
use syncline::sandbox::servicechannel::people::Edit;

use super::office::{
    ACME, BLUEBIRD, booking, bookings, by_subscriber, call_in, counted, lines, prefer, small,
    try_run, two,
};
use crate::harness::World;
use crate::harness::world::TENANT;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r64_r65_every_work_order_has_a_state_and_one_that_fails_holds_up_no_other() {
    let world = two().await;
    prefer(&world, "dispatch_board", json!(false));
    // ServiceTitan refuses a business unit that it does not have.
    let unit = format!("/overrides/{BLUEBIRD}/settings/preferences/business_unit");
    world.tenant(&unit, json!(9999));
    world.on().await;
    let declined = Edit {
        status: Some(Status::of(Primary::Open, "DECLINED")),
        ..Edit::default()
    };
    let declined = call_in(&world, &declined);
    let orders = by_subscriber(&world, &world.arrive(6));
    let (fine, refused) = (&orders[ACME], &orders[BLUEBIRD]);
    // Two requests fail for the moment.
    let down = Rule::under(
        "/crm/v2/tenant/1000/booking-provider",
        Action::Fail {
            status: 503,
            body: FailBody::Json,
        },
    );
    let faults = &world.sandbox.servicetitan().kit().faults;
    faults.set(vec![down.method("POST").at_most(2)]).unwrap();
    try_run(&world).await.exits(6);

    assert_eq!(faults.rules()[0].struck, 2, "two failed for the moment");
    for order in fine {
        booking(&world, *order);
    }
    assert!(
        refused
            .iter()
            .all(|order| bookings(&world, *order).is_empty())
    );
    assert_eq!(
        counted(&world, "the work order was declined in ServiceChannel").await,
        1
    );
    let status = world.status().await;
    let states: Vec<(String, u64)> = status["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let what = row["outcome"]
                .as_str()
                .unwrap_or_else(|| row["state"].as_str().unwrap());
            (what.to_owned(), row["records"].as_u64().unwrap())
        })
        .collect();
    let count = |orders: &[_]| u64::try_from(orders.len()).unwrap();
    let mut wanted = vec![
        ("dead".to_owned(), count(refused)),
        ("skipped".to_owned(), 1),
        ("written".to_owned(), count(fine)),
    ];
    wanted.sort();
    let mut states = states;
    states.sort();
    assert_eq!(states, wanted, "{status}");

    // A linked one tells what it became, also to whoever knows the booking only.
    let id = booking(&world, fine[0])["id"].to_string();
    let story = world.fine(["trace", &fine[0].to_string()]).await.stdout;
    assert!(story.contains(&id), "{story}");
    assert_eq!(world.fine(["trace", &id]).await.stdout, story);
    let story = world.fine(["trace", &declined.to_string()]).await.stdout;
    assert!(
        story.contains("the work order was declined in ServiceChannel"),
        "{story}"
    );

    // A failed one tells its cause, where it was asked for, and what was answered.
    let letters = lines(
        &world
            .fine(["dead", "list", TENANT, "--format", "json"])
            .await,
    );
    assert_eq!(letters.len(), refused.len(), "{letters:?}");
    let letter = world
        .fine(["dead", "show", TENANT, &refused[0].to_string()])
        .await
        .json();
    assert_eq!(letter["cause"], "rejected 400", "{letter}");
    let detail = letter["detail"].as_str().unwrap();
    let told = detail.contains("businessUnitId")
        && detail.contains("(asked for at servicechannel/work-orders.yaml:");
    assert!(told, "{detail}");
    assert!(
        letter["last_attempt"].to_string().contains("9999"),
        "the request is shown: {letter}"
    );

    // The next step: the setting is mended, the letters are worked again.
    world.tenant(&unit, json!(13));
    world.fine(["dead", "retry", TENANT, "--all"]).await;
    world.run().await;
    for order in refused {
        assert_eq!(booking(&world, *order)["businessUnitId"], 13);
    }
    world.nothing_twice();
}

/// A run that dies when the other side has made something and the store does not know it yet.
async fn dies_before_it_knows(world: &World) {
    let died = world
        .cmd(["run", TENANT])
        .env("SYNCLINE_CRASH_AT", "before-t3-settle")
        .run()
        .await;
    assert!(died.crashed(), "{died:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r66_a_crash_after_the_create_makes_no_second_job_or_booking() {
    let world = small().await;
    world.on().await;
    // Customer and location are there after the first: the job is all that the next one makes.
    let first = world.arrive(1);
    world.run().await;
    let second = world.arrive(1);
    dies_before_it_knows(&world).await;
    assert_eq!(
        (
            world.created("jobs"),
            world
                .links("job")
                .await
                .iter()
                .filter(|link| link.target.is_some())
                .count()
        ),
        (2, 1)
    );
    let unsettled = world.status().await;
    assert_eq!(unsettled["unsettled"], 1, "{unsettled}");
    world.run().await;
    world.audit(&[first, second].concat()).await;

    prefer(&world, "dispatch_board", json!(false));
    let booked = world.arrive(1);
    dies_before_it_knows(&world).await;
    assert_eq!(world.created("bookings"), 1);
    world.run().await;
    world.run().await;
    booking(&world, booked[0]);
    assert_eq!(world.created("bookings"), 1);
    world.nothing_twice();
    let links = world.links("booking").await;
    assert_eq!(links.len(), 1);
    assert_eq!(
        links[0].target.as_ref().unwrap().id.to_string(),
        booking(&world, booked[0])["id"].to_string()
    );
}
