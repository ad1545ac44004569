//! `init`: a workspace to start from.

use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;

use super::{Workspace, seen};
use crate::harness::Cmd;

#[tokio::test]
async fn a_workspace_that_is_valid() {
    let dir = tempfile::tempdir().unwrap();
    assert_snapshot!(seen(
        &Cmd::new(["init", "sync"]).dir(dir.path()).run().await,
        dir.path()
    ));
    Cmd::new(["validate", "--workspace", "sync"])
        .dir(dir.path())
        .run()
        .await
        .fine();
    // The modelines of the files lead to schemas that are there.
    let file = dir.path().join("sync/servicechannel/work-orders.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let schema = text
        .lines()
        .next()
        .unwrap()
        .split("$schema=")
        .nth(1)
        .unwrap();
    assert!(file.parent().unwrap().join(schema).is_file(), "{schema}");
}

#[tokio::test]
async fn secrets_are_their_owners_alone() {
    let workspace = Workspace::new().await;
    let secret = workspace.file("secrets/sandbox/servicechannel/password");
    assert_eq!(
        std::fs::metadata(secret).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[tokio::test]
async fn a_workspace_is_not_written_over() {
    let workspace = Workspace::new().await;
    workspace.replace("tenants/sandbox.yaml", "Best HVAC LLC", "Better HVAC LLC");
    assert_snapshot!(workspace.sees(["init"]).await);
    let tenant = std::fs::read_to_string(workspace.file("tenants/sandbox.yaml")).unwrap();
    assert!(tenant.contains("Better HVAC LLC"));
}
