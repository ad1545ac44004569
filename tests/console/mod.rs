//! The console as people meet it: pages of the real daemon over HTTP.

use axum::http::StatusCode;

use crate::harness::{World, until};

pub(crate) mod browser;
mod chromium;
mod markup;
mod safety;
mod work;

use browser::Browser;

/// Every page that shows something without being asked for more.
const PAGES: &[&str] = &[
    "/",
    "/records",
    "/dead",
    "/audit",
    "/integrations",
    "/files",
    "/files?file=servicechannel/work-orders.yaml",
    "/files?file=servicechannel/agreement.md",
    "/tenants/sandbox",
    "/tenants/sandbox/setup",
    "/tenants/sandbox/settings",
    "/tenants/sandbox/settings?tab=job_summary",
    "/tenants/sandbox/settings?tab=job_status",
    "/tenants/sandbox/settings?tab=invoice_information",
    "/tenants/sandbox/settings?tab=overrides",
    "/tenants/sandbox/settings?tab=job_status&subject=2010000001",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_a_page_without_a_session_and_is_led_back_after_the_login() {
    let world = World::start().await;
    world.on().await;
    let served = world.serve().await;
    let mut browser = Browser::new(&served);
    for page in PAGES {
        let shown = browser.get(page).await;
        assert!(
            shown.path.starts_with("/login?next="),
            "{page} leads to {}",
            shown.path
        );
    }
    let asked = browser.get("/dead?cause=x").await.ok();
    assert_eq!(asked.path, "/login?next=%2Fdead%3Fcause%3Dx");
    let wrong = browser
        .press(&asked, "/login", &[], &[("token", "guessed")])
        .await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    wrong.says("There is no such token.");
    let shown = browser
        .press(&asked, "/login", &[], &[("token", &served.token)])
        .await
        .ok();
    assert_eq!(shown.path, "/dead?cause=x");
    let elsewhere = [
        ("token", served.token.as_str()),
        ("next", "//evil.example/"),
    ];
    assert_eq!(browser.post("/login", &elsewhere).await.ok().path, "/");
    let home = browser.get("/").await.ok();
    let gone = browser.press(&home, "/logout", &[], &[]).await.ok();
    assert_eq!(gone.path, "/login");
    assert!(browser.get("/").await.path.starts_with("/login"));
    served.terminate().await.fine();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_load_nothing_from_elsewhere_and_are_well_formed() {
    let world = World::start().await;
    world.on().await;
    let served = world.serve().await;
    world.arrive(2);
    let mut browser = Browser::logged_in(&served).await;
    until("the work orders are jobs", async || world.jobs().len() == 2).await;
    for path in PAGES {
        let page = browser.get(path).await.ok();
        let policy = &page.headers["content-security-policy"];
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self'"),
            "{policy}"
        );
        assert_eq!(page.headers["cache-control"], "no-store");
        markup::check(path, &page.text);
    }
    let style = browser.get("/assets/console.css").await.ok();
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
    assert!(!style.text.contains("http"), "it loads nothing");
    let nowhere = browser.get("/nowhere").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    nowhere.says("there is no page here");
    served.terminate().await.fine();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_found_by_the_id_of_either_side_with_the_lines_that_asked() {
    let world = World::start().await;
    world.on().await;
    let served = world.serve().await;
    let order = world.arrive(1)[0];
    world.until_a_job(order).await;
    let job = world.job(order)["id"].to_string();
    let mut browser = Browser::logged_in(&served).await;
    until("the job is linked", async || {
        browser
            .get(&format!("/records?key={job}"))
            .await
            .words()
            .contains("written")
    })
    .await;
    for key in [job.as_str(), &order.to_string()] {
        let page = browser.get(&format!("/records?key={key}")).await.ok();
        page.says("work-orders")
            .says(&job)
            .says(&order.to_string())
            .says("Timeline");
        let line = "/files?file=servicechannel/work-orders.yaml#L";
        assert!(browser::plain(&page.text).contains(line), "{}", page.text);
        markup::check(&page.path, &page.text);
    }
    browser
        .get("/records?key=no-such-id")
        .await
        .ok()
        .says("Nothing is known of no-such-id");
    let home = browser.get("/").await.ok();
    home.says("Best HVAC LLC").says("in step");
    browser.get("/tenants/sandbox").await.ok().says("1 synced");
    let unknown = browser.get("/tenants/nobody").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    unknown.says("there is no tenant `nobody`; there are: `sandbox`");
    served.terminate().await.fine();
}
