//! What the console never does: take an order that no page of it sent, show a secret, read another file.

use std::fs;

use axum::http::StatusCode;
use serde_json::json;
use syncline::sandbox::secrets;
use syncline::server::Scope;

use super::PAGES;
use super::browser::Browser;
use crate::harness::{World, until};

const FORGED: &str = "the form was not sent by a page of this console, or the page is from another session; load it again";

/// Every order that a form gives, and the least that its token is for.
const ORDERS: &[(&str, Scope)] = &[
    ("/logout", Scope::Read),
    ("/pause", Scope::Operate),
    ("/resume", Scope::Operate),
    ("/reload", Scope::Admin),
    ("/dead/retry", Scope::Operate),
    ("/dead/resolve", Scope::Operate),
    ("/tenants/sandbox/on", Scope::Admin),
    ("/tenants/sandbox/off", Scope::Admin),
    ("/tenants/sandbox/pause", Scope::Operate),
    ("/tenants/sandbox/resume", Scope::Operate),
    (
        "/tenants/sandbox/pipelines/work-orders/pause",
        Scope::Operate,
    ),
    (
        "/tenants/sandbox/pipelines/work-orders/resume",
        Scope::Operate,
    ),
    (
        "/tenants/sandbox/pipelines/work-orders/read",
        Scope::Operate,
    ),
    ("/tenants/sandbox/settings", Scope::Admin),
    ("/tenants/sandbox/setup/agree", Scope::Admin),
    ("/tenants/sandbox/setup/check", Scope::Operate),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_without_the_token_of_its_session_is_refused() {
    let world = World::start().await;
    world.on().await;
    let served = world.serve().await;
    let mut browser = Browser::logged_in(&served).await;
    let mut other = Browser::logged_in(&served).await;
    let token = other.get("/").await.csrf();
    let mut stranger = Browser::new(&served);
    for (order, _) in ORDERS {
        let without = browser.post_only(order, &[("tenant", "sandbox")]).await;
        assert_eq!(without.status, StatusCode::FORBIDDEN, "{order}");
        without.says(FORGED);
        let foreign = browser.post_only(order, &[("csrf", &token)]).await;
        assert_eq!(foreign.status, StatusCode::FORBIDDEN, "{order}");
        let nobody = stranger.post_only(order, &[("csrf", &token)]).await;
        assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{order}");
        nobody.says("the session has ended; log in and try again");
    }
    browser
        .get("/tenants/sandbox")
        .await
        .ok()
        .says("Best HVAC LLC on");
    served.terminate().await.fine();
}

/// Who may only look is shown no button and can give no order; who operates can change no setting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_may_do_what_its_token_is_for() {
    let world = World::start().await;
    world.on().await;
    let scopes = [
        ("reader", "read", Scope::Read),
        ("operator", "operate", Scope::Operate),
    ];
    let access = scopes.map(|(name, scope, _)| {
        world.secret(&format!("ops/{name}"), &token_of(name));
        json!({ "name": name, "scope": scope, "token": { "secret": format!("ops/{name}") } })
    });
    world.edit("syncline.yaml", "/access", json!(access));
    let served = world.serve().await;
    for (name, _, scope) in scopes {
        let mut browser = Browser::logged_in_with(&served, &token_of(name)).await;
        let csrf = browser.get("/").await.csrf();
        for path in PAGES {
            let page = browser.get(path).await.ok();
            for form in page.forms() {
                let (action, _) = form.action.split_once('#').unwrap_or((&form.action, ""));
                let known = ORDERS.iter().find(|(order, _)| *order == action);
                let (order, needs) = known.unwrap_or_else(|| panic!("{action} is not listed"));
                assert!(*needs <= scope, "{name} is shown {order} on {path}");
            }
        }
        for (order, needs) in ORDERS.iter().filter(|(_, needs)| *needs > scope) {
            let refused = browser.post_only(order, &[("csrf", &csrf)]).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{name} {order}");
            let wanted = if *needs == Scope::Admin {
                "admin"
            } else {
                "operate"
            };
            refused.says(&format!(
                "the token is not for this; one with the scope `{wanted}` is"
            ));
        }
        assert_eq!(
            browser
                .get("/tenants/sandbox")
                .await
                .ok()
                .forms()
                .iter()
                .any(|form| form.action == "/tenants/sandbox/pause"),
            scope == Scope::Operate,
            "{name}"
        );
    }
    served.terminate().await.fine();
}

/// Made up, and long enough.
fn token_of(name: &str) -> String {
    format!("a-token-for-the-{name}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_shows_a_secret_and_no_other_file_is_read() {
    let world = World::start().await;
    world.on().await;
    let served = world.serve().await;
    let order = world.arrive(1)[0];
    world.until_a_job(order).await;
    let mut browser = Browser::logged_in(&served).await;
    let record = format!("/records?key={order}");
    for path in PAGES.iter().copied().chain([record.as_str()]) {
        let page = browser.get(path).await.ok();
        for (name, secret) in secrets() {
            assert!(!page.text.contains(&*secret), "{path} shows {name}");
        }
        assert!(!page.text.contains(&served.token), "{path} shows the token");
        let session = browser.cookie().split_once('=').unwrap().1;
        assert!(!page.text.contains(session), "{path} shows the session");
    }
    fs::write(world.dir().join("beside.yaml"), "kind: nothing").unwrap();
    for file in [
        "../beside.yaml",
        "secrets/sandbox/servicechannel/password",
        "/etc/hostname",
        "servicechannel/../../beside.yaml",
    ] {
        let page = browser.get(&format!("/files?file={file}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{file}");
        page.says(&format!("the workspace has no file `{file}`"));
    }
    served.terminate().await.fine();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_the_files_is_shown_while_the_plan_of_before_goes_on() {
    let world = World::start().await;
    world.on().await;
    let served = world.serve().await;
    let mut browser = Browser::logged_in(&served).await;
    let file = world.workspace().join("tenants/sandbox.yaml");
    let right = fs::read_to_string(&file).unwrap();
    fs::write(&file, right.replace("dispatch_board", "dispatch_bored")).unwrap();
    until("the mistake is shown", async || {
        browser
            .get("/")
            .await
            .words()
            .contains("The files are wrong, so the plan of before goes on.")
    })
    .await;
    browser
        .get("/dead")
        .await
        .ok()
        .says("did you mean `dispatch_board`?");
    fs::write(&file, right).unwrap();
    until("it is mended", async || {
        !browser
            .get("/")
            .await
            .words()
            .contains("The files are wrong")
    })
    .await;
    served.terminate().await.fine();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_told_of_what_changes() {
    let world = World::start().await;
    world.on().await;
    let served = world.serve().await;
    let mut browser = Browser::logged_in(&served).await;
    let order = world.arrive(1)[0];
    world.until_a_job(order).await;
    let told = browser.first_change("/tenants/sandbox").await;
    assert!(told.starts_with("data: "), "{told}");
    assert!(
        told.contains("work-orders") && !told.contains("<html"),
        "only what changes: {told}"
    );
    let nobody = Browser::new(&served).events("/tenants/sandbox").await;
    assert_eq!(nobody.status().as_u16(), 401);
    // An open page does not keep the daemon from stopping.
    let open = browser.events("/").await;
    served.terminate().await.fine();
    drop(open);
}
