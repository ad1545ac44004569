//! `schema`: what editors read.

use insta::assert_snapshot;

use super::Workspace;
use crate::harness::Cmd;

const DRAFT_2020: &str = "https://json-schema.org/draft/2020-12/schema";
const DRAFT_07: &str = "http://json-schema.org/draft-07/schema#";

#[tokio::test]
async fn the_kinds() {
    let ran = Cmd::new(["schema"]).run().await.fine();
    assert_eq!(
        ran.stdout,
        "runtime\nconnector\nintegration\npipeline\nmap\nroutine\ntenant\ntest\n"
    );
}

#[tokio::test]
async fn every_kind_in_both_drafts() {
    let kinds = Cmd::new(["schema"]).run().await.fine().stdout;
    for kind in kinds.lines() {
        let committed = format!("{}/schemas/{kind}.json", env!("CARGO_MANIFEST_DIR"));
        let ran = Cmd::new(["schema", kind]).run().await.fine();
        let committed = std::fs::read_to_string(committed).unwrap();
        assert!(ran.stdout == committed, "schemas/{kind}.json is not fresh");
        assert_eq!(ran.json()["$schema"], DRAFT_2020);
        let older = Cmd::new(["schema", kind, "--draft", "07"])
            .run()
            .await
            .fine()
            .json();
        assert_eq!(older["$schema"], DRAFT_07);
        assert!(older.get("$defs").is_none(), "{kind}");
    }
}

#[tokio::test]
async fn the_tenants_of_an_integration() {
    let workspace = Workspace::new().await;
    let ran = workspace
        .cmd(["schema", "servicechannel"])
        .run()
        .await
        .fine();
    let shipped =
        std::fs::read_to_string(workspace.file("servicechannel/tenant.schema.json")).unwrap();
    assert!(ran.stdout == shipped, "what is shipped is not fresh");
}

#[tokio::test]
async fn neither_kind_nor_integration() {
    let workspace = Workspace::new().await;
    assert_snapshot!(workspace.sees(["schema", "pipelin"]).await);
}

#[tokio::test]
async fn all_into_a_folder() {
    let workspace = Workspace::new().await;
    let tenants = workspace.file("servicechannel/tenant.schema.json");
    std::fs::write(&tenants, "").unwrap();
    assert_snapshot!(workspace.sees(["schema", "--write", "fresh"]).await);
    let kinds = Cmd::new(["schema"]).run().await.fine().stdout;
    for kind in kinds.lines() {
        let file = format!("{kind}.json");
        let fresh = std::fs::read_to_string(workspace.dir().join("fresh").join(&file)).unwrap();
        let shipped = workspace.dir().join("schemas").join(&file);
        assert!(fresh == std::fs::read_to_string(shipped).unwrap(), "{file}");
    }
    assert!(
        std::fs::read_to_string(tenants)
            .unwrap()
            .contains(DRAFT_2020)
    );
}
