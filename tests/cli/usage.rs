//! What was typed wrong ends with exit code 2, and says what there is.

use insta::assert_snapshot;

use super::{Workspace, seen};
use crate::harness::Cmd;

async fn typed(args: &[&str]) -> String {
    seen(&Cmd::new(args).run().await.exits(2), "/nowhere".as_ref())
}

#[tokio::test]
async fn nothing() {
    assert_snapshot!(typed(&[]).await);
}

#[tokio::test]
async fn a_command_that_is_almost_one() {
    assert_snapshot!(typed(&["valdate"]).await);
}

#[tokio::test]
async fn a_flag_that_is_almost_one() {
    assert_snapshot!(typed(&["validate", "--worksapce", "x"]).await);
}

#[tokio::test]
async fn a_missing_argument() {
    assert_snapshot!(typed(&["check"]).await);
}

#[tokio::test]
async fn a_value_that_is_none_of_the_possible() {
    assert_snapshot!(typed(&["demo", "--faults", "rain"]).await);
}

#[tokio::test]
async fn a_value_that_is_no_number() {
    assert_snapshot!(typed(&["demo", "--work-orders", "many"]).await);
}

#[tokio::test]
async fn two_ways_to_choose_at_once() {
    assert_snapshot!(typed(&["dead", "retry", "sandbox", "310000001", "--all"]).await);
}

#[tokio::test]
async fn a_crash_point_that_does_not_exist() {
    let ran = Cmd::new(["validate"])
        .env("SYNCLINE_CRASH_AT", "lunch")
        .run()
        .await
        .exits(2);
    assert!(ran.stderr.starts_with(
        "error: SYNCLINE_CRASH_AT: there is no point `lunch`; there are before-t0-open, "
    ));
}

#[tokio::test]
async fn a_tenant_that_does_not_exist() {
    let workspace = Workspace::new().await;
    let mut all = String::new();
    for args in [
        &["check", "acme"][..],
        &["on", "acme"],
        &["off", "acme"],
        &["run", "acme"],
        &["run", "sandbox/orders"],
        &["status", "acme"],
        &["dead", "list", "acme"],
        &["dead", "show", "acme", "1"],
        &["dead", "retry", "acme", "1"],
        &[
            "dead", "resolve", "acme", "1", "--entity", "job", "--id", "7",
        ],
        &["trace", "1", "--tenant", "acme"],
    ] {
        all.push_str(&format!(
            "$ syncline {}\n{}",
            args.join(" "),
            workspace.sees(args).await
        ));
    }
    assert_snapshot!(all);
}
