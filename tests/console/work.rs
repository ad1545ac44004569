//! What people do at the console: a new user's whole way, each in a browser that sends nothing but forms.

use std::fs;

use axum::http::StatusCode;

use super::browser::Browser;
use super::markup;
use crate::harness::World;
use crate::harness::hooks::Served;

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
