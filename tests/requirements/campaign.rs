//! R8 to R11: the campaign is made once, carried by everything, and waited for.

use serde_json::json;
use syncline::sandbox::servicechannel::model::{Primary, Status};
use syncline::sandbox::servicetitan::Mark;

use super::office::{act, booking, campaigns, id_of, prefer, small};
use crate::harness::world::TENANT;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r08_the_campaign_is_made_once() {
    let world = small().await;
    assert_eq!(campaigns(&world).len(), 0);
    world.on().await;
    let made = campaigns(&world);
    assert_eq!(made.len(), 1);
    let said = (&made[0]["active"], &made[0]["businessUnit"]);
    assert_eq!(
        said,
        (&json!(true), &json!("HVAC")),
        "of the default business unit: {}",
        made[0]
    );

    world.fine(["off", TENANT]).await;
    world.on().await;
    assert_eq!(campaigns(&world), made);
    assert_eq!(world.created("campaigns"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r09_every_booking_and_job_carries_the_campaign() {
    let world = small().await;
    // An account that has such a campaign keeps it.
    let body =
        json!({ "name": "ServiceChannel", "businessUnitId": 11, "categoryId": 5, "active": true });
    act(&world, "POST", "marketing/campaigns", &body);
    let campaign = campaigns(&world).remove(0)["id"].clone();
    world.on().await;
    let jobs = world.arrive(2);
    world.run().await;
    prefer(&world, "dispatch_board", json!(false));
    let booked = world.arrive(2);
    world.run().await;

    assert_eq!(world.created("campaigns"), 0);
    for order in jobs {
        assert_eq!(world.job(order)["campaignId"], campaign);
    }
    for order in booked {
        assert_eq!(booking(&world, order)["campaignId"], campaign);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_r11_while_the_campaign_is_inactive_work_waits_and_then_none_is_lost() {
    let world = small().await;
    world.on().await;
    let linked = world.arrive(1);
    world.run().await;
    let office = world.sandbox.servicetitan();
    let campaign = id_of(&campaigns(&world)[0]);
    office.set_campaign(campaign, Mark::Off).unwrap();
    let waiting = world.arrive(3);
    let reason = "The campaign ServiceChannel is inactive in ServiceTitan. Activate it there; work orders wait until then.";
    let ran = world
        .cmd(["run", TENANT, "--log", "info"])
        .run()
        .await
        .fine();

    world.audit(&linked).await;
    let log = ran
        .stderr
        .lines()
        .find(|line| line.contains("New work waits."));
    assert!(
        log.is_some_and(|line| line.contains(reason)),
        "{}",
        ran.stderr
    );
    let told = "sandbox: some records wait; `syncline status sandbox` says for what";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
    let status = world.status().await;
    assert_eq!(
        status["waiting_for"][0]["requirement"], "campaign",
        "{status}"
    );
    assert_eq!(status["waiting_for"][0]["reason"], reason);
    let ready = json!([{ "state": "ready", "outcome": null, "records": 3 }]);
    let rows = status["records"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["state"] == "ready");
    let rows: Vec<_> = rows
        .map(|row| json!({ "state": row["state"], "outcome": row["outcome"], "records": row["records"] }))
        .collect();
    assert_eq!(json!(rows), ready, "{status}");
    let shown = world.fine(["status", TENANT]).await.stdout;
    assert!(shown.contains(reason), "{shown}");

    // A person takes one of them meanwhile: it comes over nevertheless.
    let taken = Status::of(Primary::InProgress, "DISPATCH CONFIRMED");
    world
        .sandbox
        .servicechannel()
        .set_status(waiting[0], taken)
        .unwrap();
    world.run().await;
    world.audit(&linked).await;

    office.set_campaign(campaign, Mark::On).unwrap();
    world.run().await;
    world.audit(&[linked, waiting].concat()).await;
    assert_eq!(world.status().await["waiting_for"], json!([]));
}
