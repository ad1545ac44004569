//! `explain`: a page per code.

use insta::assert_snapshot;

use super::seen;
use crate::harness::Cmd;

async fn sees(args: &[&str]) -> String {
    seen(&Cmd::new(args).run().await, "/nowhere".as_ref())
}

#[tokio::test]
async fn a_code() {
    assert_snapshot!(sees(&["explain", "comma-in-flow"]).await);
}

#[tokio::test]
async fn a_code_that_is_almost_one() {
    assert_snapshot!(sees(&["explain", "coma-in-flow"]).await);
}

#[tokio::test]
async fn all_codes() {
    assert_snapshot!(sees(&["explain"]).await);
}

#[tokio::test]
async fn for_programs() {
    let page = Cmd::new(["explain", "comma-in-flow", "--format", "json"])
        .run()
        .await
        .fine()
        .json();
    assert_eq!(page["code"], "comma-in-flow");
    assert!(
        page["page"]
            .as_str()
            .is_some_and(|page| page.starts_with("# ")),
        "{page}"
    );
    let all = Cmd::new(["explain", "--format", "json"])
        .run()
        .await
        .fine()
        .json();
    let codes = all.as_array().expect("a list");
    assert!(
        codes
            .iter()
            .all(|code| code["summary"].is_string() && code["severity"].is_string()),
        "{all}"
    );
    assert!(codes.iter().any(|code| code["code"] == "comma-in-flow"));
}
