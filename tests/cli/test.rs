//! `test`: cases of pipelines.

use insta::assert_snapshot;

use crate::harness::Cmd;

const PIPELINES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines");

fn test(args: &[&str]) -> Cmd {
    Cmd::new([&["--workspace", PIPELINES, "test"], args].concat())
}

#[tokio::test]
async fn the_shipped_cases_pass_and_meet_everything() {
    let ran = test(&["--coverage", "servicechannel"]).run().await.fine();
    assert!(ran.stdout.contains("ok   work-orders / "), "{}", ran.stdout);
    assert!(!ran.stdout.contains("FAIL"), "{}", ran.stdout);
    let last = ran.stdout.lines().last().unwrap();
    let (met, all) = last.split_once(" of ").unwrap();
    assert!(all.starts_with(&format!("{met} steps")), "{last}");
}

#[tokio::test]
async fn results_for_programs() {
    let chosen = ["--run", "declined stays"];
    let json = test(&[&chosen[..], &["--format", "json"]].concat())
        .run()
        .await
        .fine();
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["passed"], 1);
    assert_eq!(json["cases"][0]["case"], "what was declined stays outside");
    let junit = test(&[&chosen[..], &["--format", "junit"]].concat())
        .run()
        .await
        .fine();
    assert_snapshot!("test_junit", junit.stdout);
}

#[tokio::test]
async fn what_is_not_understood_is_said() {
    let none = test(&["--run", "no such case"]).run().await.exits(2);
    assert_snapshot!("test_none", none.stderr);
    let regex = test(&["--run", "("]).run().await.exits(2);
    assert!(
        regex
            .stderr
            .starts_with("error: `--run` is no regular expression"),
        "{}",
        regex.stderr
    );
    let args = ["--workspace", PIPELINES, "--format", "junit", "validate"];
    let junit = Cmd::new(args).run().await.exits(2);
    assert_snapshot!("test_junit_elsewhere", junit.stderr);
}
