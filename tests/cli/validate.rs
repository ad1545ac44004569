//! `validate`: every mistake at once, for people and for programs.

use insta::assert_snapshot;

use super::{Workspace, seen};
use crate::harness::Cmd;

#[tokio::test]
async fn what_is_shipped_is_valid() {
    let workspace = Workspace::new().await;
    assert_snapshot!(workspace.sees(["validate"]).await);
}

#[tokio::test]
async fn mistakes_are_reported_all_at_once() {
    let workspace = Workspace::new().await;
    workspace.replace(
        "servicechannel/work-orders.yaml",
        "value: \"{{ record.Priority |",
        "value: \"{{ record.Prioritee |",
    );
    workspace.replace(
        "tenants/sandbox.yaml",
        "dispatch_board: true",
        "dispatch_board: 1",
    );
    workspace.replace(
        "connectors/servicetitan.yaml",
        "timeout: 100s",
        "timeout: 100",
    );
    assert_snapshot!(workspace.sees(["validate"]).await);
}

#[tokio::test]
async fn mistakes_for_programs() {
    let workspace = Workspace::new().await;
    workspace.replace(
        "tenants/sandbox.yaml",
        "dispatch_board: true",
        "dispatch_board: 1",
    );
    let ran = workspace
        .cmd(["validate", "--format", "json"])
        .run()
        .await
        .exits(3);
    assert_eq!(ran.stderr, "");
    assert_snapshot!(serde_json::to_string_pretty(&ran.json()).unwrap());
}

#[tokio::test]
async fn an_invalid_workspace_stops_every_command_that_needs_it() {
    let workspace = Workspace::new().await;
    workspace.replace(
        "tenants/sandbox.yaml",
        "dispatch_board: true",
        "dispatch_board: 1",
    );
    for args in [
        &["check", "sandbox"][..],
        &["on", "sandbox"],
        &["off", "sandbox"],
        &["run"],
        &["status"],
        &["dead", "list"],
        &["dead", "show", "sandbox", "1"],
        &["dead", "retry", "sandbox", "--all"],
        &["trace", "1"],
        &["demo", "--once"],
    ] {
        let ran = workspace.cmd(args).run().await.exits(3);
        assert!(
            ran.stderr.starts_with("error[setting-wrong-type]"),
            "{args:?}: {}",
            ran.stderr
        );
    }
}

#[tokio::test]
async fn there_is_no_workspace() {
    let dir = tempfile::tempdir().unwrap();
    assert_snapshot!(seen(
        &Cmd::new(["validate"]).dir(dir.path()).run().await,
        dir.path()
    ));
}

#[tokio::test]
async fn colour_is_for_terminals() {
    let workspace = Workspace::new().await;
    workspace.replace(
        "tenants/sandbox.yaml",
        "dispatch_board: true",
        "dispatch_board: 1",
    );
    let ran = workspace
        .cmd(["validate"])
        .env("NO_COLOR", "")
        .run()
        .await
        .exits(3);
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
}
