//! `--help` of everything, and `--version`.

use insta::assert_snapshot;

use super::seen;
use crate::harness::Cmd;

/// Commands, and commands of commands.
const COMMANDS: &[&[&str]] = &[
    &[],
    &["demo"],
    &["init"],
    &["validate"],
    &["explain"],
    &["test"],
    &["schema"],
    &["check"],
    &["settings"],
    &["settings", "set"],
    &["settings", "unset"],
    &["settings", "restore"],
    &["setup"],
    &["on"],
    &["off"],
    &["pause"],
    &["resume"],
    &["read"],
    &["reload"],
    &["run"],
    &["serve"],
    &["status"],
    &["dead"],
    &["dead", "list"],
    &["dead", "show"],
    &["dead", "retry"],
    &["dead", "resolve"],
    &["trace"],
    &["sandbox"],
];

async fn help(command: &[&str]) -> String {
    let args = command.iter().copied().chain(["--help"]);
    seen(&Cmd::new(args).run().await.fine(), "/nowhere".as_ref())
}

#[tokio::test]
async fn every_command_says_what_it_does() {
    for command in COMMANDS {
        let name = if command.is_empty() {
            "syncline".to_owned()
        } else {
            command.join("_")
        };
        assert_snapshot!(format!("help_{name}"), help(command).await);
    }
}

#[tokio::test]
async fn the_list_above_is_whole() {
    for parent in [&[][..], &["dead"][..], &["settings"][..]] {
        let help = help(parent).await;
        let listed: Vec<&str> = help
            .lines()
            .skip_while(|line| *line != "Commands:")
            .skip(1)
            .take_while(|line| !line.is_empty())
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        let known: Vec<&str> = COMMANDS
            .iter()
            .filter(|command| command.len() == parent.len() + 1 && command.starts_with(parent))
            .filter_map(|command| command.last().copied())
            .collect();
        assert_eq!(listed, known);
    }
}

#[tokio::test]
async fn a_version_is_printed() {
    let ran = Cmd::new(["--version"]).run().await.fine();
    assert_eq!(
        ran.stdout,
        format!("syncline {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[tokio::test]
async fn help_tells_no_value_of_the_environment() {
    for args in [&["--help"][..], &["dead", "list", "--help"]] {
        let ran = Cmd::new(args)
            .env("SYNCLINE_STORE", "my/store.db")
            .run()
            .await
            .fine();
        assert!(
            ran.stdout.contains("[env: SYNCLINE_STORE]") && !ran.stdout.contains("my/store.db"),
            "{}",
            ran.stdout
        );
    }
}
