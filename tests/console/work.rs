//! What people do at the console: a new user's whole way, each in a browser that sends nothing but forms.

use std::fs;

use axum::http::StatusCode;
use serde_json::json;
use syncline::sandbox::servicechannel::people::Edit;

use super::browser::Browser;
use super::markup;
use crate::harness::hooks::Served;
use crate::harness::{World, WorldConfig, until};

/// Whose work orders they are.
const ACME: &str = "2010000001";
/// The custom field that takes the amount, and one that is not there. That of all is checked before anything is sent;
/// this is one that an override chose.
const FIELD: &str = "3001";
const NOWHERE: &str = "999";

/// Work orders of one subscriber.
async fn of_acme() -> World {
    World::with(WorldConfig {
        subscribers: 1,
        ..WorldConfig::default()
    })
    .await
}

fn work(description: &str) -> Edit {
    Edit {
        nte: Some(500.0),
        description: Some(description.to_owned()),
        ..Edit::default()
    }
}

async fn on() -> (World, Served, Browser) {
    let world = World::start().await;
    world.on().await;
    let served = world.serve().await;
    let browser = Browser::logged_in(&served).await;
    (world, served, browser)
}

fn tenant_file(world: &World) -> String {
    fs::read_to_string(world.workspace().join("tenants/sandbox.yaml")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_nothing_to_a_job_an_override_and_a_retried_letter() {
    let world = of_acme().await;
    let served = world.serve().await;
    let mut browser = Browser::logged_in(&served).await;

    // The card says that it is off, and leads to the set-up.
    let cards = browser.get("/integrations").await.ok();
    markup::check("/integrations", &cards.text);
    cards.says("Best HVAC LLC").says("Set up and turn on");
    let setup = browser.get("/tenants/sandbox/setup").await.ok();
    markup::check("/setup", &setup.text);
    setup.says("Agreement 2026-11").says("client_secret set");
    let checked = browser
        .press(&setup, "/tenants/sandbox/setup/check#checked", &[], &[])
        .await;
    let checked = checked.ok();
    markup::check("/setup/check", &checked.text);
    checked.says("What the check says").says("servicetitan ok");
    let early = browser
        .press(&setup, "/tenants/sandbox/on", &[], &[])
        .await
        .ok();
    early
        .says("sandbox is not turned on.")
        .says("has not been accepted");
    let old = browser.press(
        &setup,
        "/tenants/sandbox/setup/agree",
        &[],
        &[("version", "2020-01")],
    );
    let old = old.await;
    assert_eq!(old.status, StatusCode::BAD_REQUEST);
    old.says("there is no agreement 2020-01 any more; load the page again");
    let agreed = browser
        .press(&setup, "/tenants/sandbox/setup/agree", &[], &[])
        .await
        .ok();
    agreed.says("The agreement 2026-11 is accepted by command line.");
    let started = browser
        .press(&agreed, "/tenants/sandbox/on", &[], &[])
        .await
        .ok();
    started.says("sandbox is on.");

    // A work order becomes a job.
    let order = world
        .sandbox
        .servicechannel()
        .arrive_as(1, &work("A tap drips"))[0];
    world.until_a_job(order).await;

    // A setting that is wrong for one subscriber leads to a letter.
    let at = "/tenants/sandbox/settings";
    let preferences = format!("{at}?tab=preferences&subject={ACME}");
    let tab = browser.get(&preferences).await.ok();
    markup::check(at, &tab.text);
    let own = [("subject", ACME), ("was:nte_field", FIELD)];
    let saved = browser
        .press(&tab, at, &own, &[("value:nte_field", NOWHERE)])
        .await;
    saved
        .ok()
        .says("The settings are changed")
        .says("nte_field: 999");
    let order = world
        .sandbox
        .servicechannel()
        .arrive_as(1, &work("<script>alert('canary')</script>"))[0];
    let key = order.to_string();
    until("the work order is given up", async || {
        browser.get("/dead").await.words().contains(&key)
    })
    .await;
    let dead = browser.get("/dead").await.ok();
    markup::check("/dead", &dead.text);
    dead.says("rejected 400")
        .says("The custom field type 999 does not exist");
    let letter = format!("/dead/letter?tenant=sandbox&key={key}&pipeline=work-orders");
    let letter = browser.get(&letter).await.ok();
    markup::check("/dead/letter", &letter.text);
    letter.says("answered 400").says("\"typeId\": 999");
    assert!(
        letter.text.contains("&lt;script&gt;alert("),
        "it is shown as text"
    );
    assert!(
        !letter.text.contains("<script>alert("),
        "it is never markup"
    );

    // Restored and tried again, for all of the cause.
    let tab = browser.get(&preferences).await.ok();
    tab.says("Preferences overridden");
    let own = [("tab", "preferences"), ("subject", ACME)];
    let restored = browser
        .press(&tab, at, &own, &[("do", "restore-tab")])
        .await;
    restored.ok().says("The settings are changed");
    assert!(
        !tenant_file(&world).contains(ACME),
        "{}",
        tenant_file(&world)
    );
    let retried = browser
        .press(&dead, "/dead/retry", &[("cause", "rejected 400")], &[])
        .await
        .ok();
    retried.says("One record is worked again.");
    world.until_a_job(order).await;
    let record = format!("/records?key={key}");
    until("the timeline has the job", async || {
        browser.get(&record).await.words().contains("job created")
    })
    .await;
    let timeline = browser.get(&record).await.ok();
    markup::check("/records", &timeline.text);
    timeline.says("dead").says("rejected 400");

    // Every order stands in the audit log, with who and what.
    let audit = browser.get("/audit").await.ok();
    markup::check("/audit", &audit.text);
    for what in ["accept", "activate", "settings", "retry"] {
        audit.says(what);
    }
    audit.says("command line");
    world.nothing_twice();
    served.terminate().await.fine();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_is_resolved_by_a_persons_word() {
    let world = of_acme().await;
    world.on().await;
    let served = world.serve().await;
    let mut browser = Browser::logged_in(&served).await;
    world.tenant(
        &format!("/overrides/{ACME}/settings/preferences/nte_field"),
        json!(999),
    );
    let home = browser.get("/").await.ok();
    browser
        .press(&home, "/reload", &[], &[])
        .await
        .ok()
        .says("Tenants that run by them now: 1.");
    let order = world.sandbox.servicechannel().arrive_as(1, &work("Warm"))[0];
    let key = order.to_string();
    until("the work order is given up", async || {
        browser.get("/dead").await.words().contains(&key)
    })
    .await;
    let page = format!("/dead/letter?tenant=sandbox&key={key}&pipeline=work-orders");
    let letter = browser.get(&page).await.ok();
    let nothing = browser
        .press(&letter, "/dead/resolve", &[], &[("id", "")])
        .await;
    assert_eq!(nothing.status, StatusCode::BAD_REQUEST);
    nothing.says("`id` is missing in the form");
    let wrong = browser
        .press(
            &letter,
            "/dead/resolve",
            &[],
            &[("entity", "jobb"), ("id", "7")],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::NOT_FOUND);
    wrong.says("there is no entity `jobb`; there are:");
    let done = browser
        .press(
            &letter,
            "/dead/resolve",
            &[],
            &[("entity", "job"), ("id", "10154")],
        )
        .await
        .ok();
    done.says(&format!(
        "job {key} is 10154 from now on; the record goes on from there."
    ));
    let gone = browser
        .get("/dead/letter?tenant=sandbox&key=no-such&pipeline=work-orders")
        .await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    gone.says("no record `no-such` of tenant `sandbox` waits or was given up");
    served.terminate().await.fine();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_changed_for_all_and_for_one_and_restored() {
    let (world, served, mut browser) = on().await;
    let at = "/tenants/sandbox/settings";

    // A list: picked, ordered, deleted, all of it.
    let tab = browser.get(&format!("{at}?tab=job_summary")).await.ok();
    markup::check(at, &tab.text);
    tab.says("Work order").says("Select All");
    let undo = [("tab", "job_summary"), ("subject", "")];
    let moved = browser
        .press(&tab, at, &undo, &[("do", "down:fields:number")])
        .await
        .ok();
    moved.says("The settings are changed");
    assert!(
        tenant_file(&world).contains("- po\n    - number\n    - store"),
        "{}",
        tenant_file(&world)
    );
    let moved = browser
        .press(&moved, at, &undo, &[("do", "delete:fields:po")])
        .await
        .ok();
    let moved = browser
        .press(
            &moved,
            at,
            &undo,
            &[("do", "add:fields"), ("add:fields", "asset")],
        )
        .await
        .ok();
    assert!(
        tenant_file(&world).contains(
            "- number\n    - store\n    - trade\n    - nte\n    - description\n    - asset"
        ),
        "{}",
        tenant_file(&world)
    );
    let all = browser
        .press(&moved, at, &undo, &[("do", "all:fields")])
        .await
        .ok();
    all.says("All fields are selected.");
    let restored = browser
        .press(&all, at, &undo, &[("do", "restore-tab")])
        .await
        .ok();
    restored.says("The settings are changed");
    assert!(
        !tenant_file(&world).contains("job_summary"),
        "{}",
        tenant_file(&world)
    );

    // A choice for one subscriber marks the tab and the subscriber.
    let tab = browser
        .get(&format!("{at}?tab=preferences&subject=2010000001"))
        .await
        .ok();
    let saved = browser
        .press(
            &tab,
            at,
            &[("was:schedule_date", "scheduled")],
            &[("value:schedule_date", "submitted")],
        )
        .await
        .ok();
    saved
        .says("Preferences overridden")
        .says("override tenants/sandbox.yaml:");
    markup::check(at, &saved.text);
    browser
        .get(&format!("{at}?tab=preferences"))
        .await
        .ok()
        .says("Preferences 1 overridden")
        .says("overridden for 2010000001");
    let list = browser.get(&format!("{at}?tab=overrides")).await.ok();
    markup::check(at, &list.text);
    list.says("2010000001 overridden preferences.schedule_date")
        .says("Restore to Default Settings");
    let restored = browser
        .press(
            &list,
            at,
            &[("subject", "2010000001")],
            &[("do", "restore")],
        )
        .await
        .ok();
    restored.says("The settings are changed");
    assert!(
        !tenant_file(&world).contains("2010000001"),
        "{}",
        tenant_file(&world)
    );

    // The status map is a matrix; what is wrong is shown as `validate` shows it, and changes nothing.
    let tab = browser.get(&format!("{at}?tab=job_status")).await.ok();
    markup::check(at, &tab.text);
    let row = "row:table:appointment.Working";
    let saved = browser
        .press(
            &tab,
            at,
            &[("was:table:appointment.Working", "IN PROGRESS/ON SITE")],
            &[(row, "keep")],
        )
        .await
        .ok();
    saved
        .says("The settings are changed")
        .says("appointment.Working: keep");
    let before = tenant_file(&world);
    let wrong = browser
        .press(
            &saved,
            at,
            &[("was:table:appointment.Working", "keep")],
            &[
                (row, "…"),
                ("words:table:appointment.Working", "NO SUCH STATUS"),
            ],
        )
        .await
        .ok();
    wrong
        .says("Nothing is changed: tenants/sandbox.yaml is left as it was.")
        .says("NO SUCH STATUS");
    assert_eq!(tenant_file(&world), before);
    let refused = browser.get("/").await.ok();
    assert!(!refused.words().contains("The files are wrong"));
    served.terminate().await.fine();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_a_tenant_and_a_pipeline_are_paused_and_read_by_hand() {
    let (_world, served, mut browser) = on().await;
    let page = browser.get("/tenants/sandbox").await.ok();
    let read = browser
        .press(
            &page,
            "/tenants/sandbox/pipelines/work-orders/read",
            &[],
            &[],
        )
        .await
        .ok();
    read.says("work-orders is read now.");
    let paused = browser
        .press(
            &page,
            "/tenants/sandbox/pipelines/work-orders/pause",
            &[],
            &[],
        )
        .await
        .ok();
    paused.says("work-orders is paused.");
    let on = browser
        .press(
            &paused,
            "/tenants/sandbox/pipelines/work-orders/resume",
            &[],
            &[],
        )
        .await
        .ok();
    on.says("work-orders goes on.");
    let paused = browser
        .press(&on, "/tenants/sandbox/pause", &[], &[])
        .await
        .ok();
    paused
        .says("sandbox is paused.")
        .says("Best HVAC LLC paused");
    let late = browser
        .press(
            &page,
            "/tenants/sandbox/pipelines/work-orders/read",
            &[],
            &[],
        )
        .await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    late.says("tenant `sandbox` is paused: nothing is read for it");
    browser
        .press(&paused, "/tenants/sandbox/resume", &[], &[])
        .await
        .ok()
        .says("sandbox goes on.");
    let home = browser.get("/").await.ok();
    let halted = browser.press(&home, "/pause", &[], &[]).await.ok();
    halted.says(
        "Everything is paused. Nothing is read or worked for any tenant until it is resumed.",
    );
    browser
        .press(&halted, "/resume", &[], &[])
        .await
        .ok()
        .says("Everything goes on that is not paused by itself.");
    let cards = browser.get("/integrations").await.ok();
    let off = browser
        .press(&cards, "/tenants/sandbox/off", &[], &[])
        .await
        .ok();
    off.says("sandbox is off; nothing is read or written for it.");
    let again = browser
        .press(&off, "/tenants/sandbox/on", &[], &[])
        .await
        .ok();
    again.says("sandbox is on.");
    served.terminate().await.fine();
}
