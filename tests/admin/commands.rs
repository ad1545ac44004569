//! Commands while a daemon has the store: they go through it (S41).

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use super::{entries, one_dead, replace};
use crate::harness::scrub::scrub;
use crate::harness::{World, until};

/// What a person sees of several commands, one after the other.
async fn session(world: &World, commands: &[&[&str]]) -> String {
    let mut all = String::new();
    for args in commands {
        let ran = world.cmd(args.iter()).run().await;
        let printed = format!("{}{}", ran.stdout, ran.stderr);
        let code = ran.code().unwrap();
        all.push_str(&format!(
            "$ syncline {}\n{printed}exit {code}\n",
            args.join(" ")
        ));
    }
    scrub(&all, world.dir())
}

#[tokio::test]
async fn turned_on_and_off_and_paused() {
    let world = World::start().await;
    let served = world.serve().await;
    assert_snapshot!(
        session(
            &world,
            &[
                &["on", "sandbox"],
                &["on", "sandbox", "--agree", "2019-01"],
                &["on", "acme"],
                &["pause", "sandbox"],
                &["on", "sandbox", "--agree", "2026-11"],
                &["on", "sandbox"],
                &["check", "sandbox"],
                &["pause", "sandbox"],
                &["resume", "sandbox"],
                &["pause", "sandbox/work-orders"],
                &["resume", "sandbox/work-orders"],
                &["pause", "sandbox/acme"],
                &["pause", "--all", "--by", "night shift"],
                &["resume", "--all", "--format", "json"],
                &["read", "sandbox/work-orders"],
                &["read", "sandbox"],
                &["read", "sandbox/acme"],
                &["off", "sandbox"],
                &["read", "sandbox/work-orders"],
                &["off", "sandbox", "--format", "json"],
            ]
        )
        .await
    );
    let log = served.get("/v1/audit?limit=500").await.fine();
    let log = entries(&log);
    let by = |what: &str| {
        log.iter()
            .filter(|(of, _)| of == what)
            .map(|(_, by)| by.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(by("accept"), ["tester"]);
    assert_eq!(by("pause"), ["night shift", "tester", "tester"]);
    served.terminate().await.fine();
}

#[tokio::test]
async fn settings_and_reloads() {
    let world = World::start().await;
    let served = world.serve().await;
    let file = world.workspace().join("tenants/sandbox.yaml");
    let before = fs::read_to_string(&file).unwrap();
    assert_snapshot!(
        session(
            &world,
            &[
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.dispatch_board=false"
                ],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.dispatch_board=false"
                ],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.dispatch_board=perhaps"
                ],
                &["settings", "set", "sandbox", "preferences"],
                &[
                    "settings",
                    "set",
                    "acme",
                    "preferences.dispatch_board=false"
                ],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.dispatch_board=false",
                    "--subject",
                    "2010000001",
                    "--format",
                    "json"
                ],
                &["settings", "unset", "sandbox", "preferences.open_since"],
                &["settings", "restore", "sandbox", "--subject", "2010000001"],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.dispatch_board=true"
                ],
                &["reload"],
            ]
        )
        .await
    );
    assert_eq!(
        served.get("/v1/generation").await.fine()["last_reload"]["holds"],
        true
    );
    assert_ne!(before, "");
    replace(&file, "dispatch_board: true", "dispatch_board: perhaps");
    let refused = world.cmd(["reload"]).run().await.exits(3);
    assert!(
        refused.stderr.contains("error[setting-wrong-type]"),
        "{}",
        refused.stderr
    );
    assert!(
        refused
            .stderr
            .ends_with("the plan of before goes on: mend the files, and they are read again\n"),
        "{}",
        refused.stderr
    );
    let json = world
        .cmd(["reload", "--format", "json"])
        .run()
        .await
        .exits(3)
        .json();
    assert_eq!(json["outcome"], "refused");
}

#[tokio::test]
async fn records_that_were_given_up() {
    let (world, key) = one_dead().await;
    let served = world.serve().await;
    let dead = async || served.get("/v1/tenants/sandbox").await.fine()["records"]["dead"] == 1;
    let first = session(
        &world,
        &[
            &["dead", "retry", "sandbox", "1"],
            &["dead", "retry", "sandbox", "--cause", "crashed"],
            &["dead", "retry", "sandbox", &key],
        ],
    )
    .await;
    until("it is given up again", dead).await;
    let second = session(
        &world,
        &[
            &[
                "dead", "resolve", "sandbox", "1", "--entity", "booking", "--id", "7",
            ],
            &[
                "dead", "resolve", "sandbox", &key, "--entity", "bookingg", "--id", "7",
            ],
            &[
                "dead", "resolve", "sandbox", &key, "--entity", "booking", "--id", "10150",
            ],
        ],
    )
    .await;
    assert_snapshot!(format!("{first}{second}"));
    until("it is worked", async || !dead().await).await;
    served.terminate().await.fine();
    assert_eq!(world.linked("booking").await, ["10150"]);
}

#[tokio::test]
async fn nobody_is_there() {
    let world = World::start().await;
    world.on().await;
    assert_snapshot!(
        session(
            &world,
            &[
                &["reload"],
                &["read", "sandbox/work-orders"],
                &["pause", "sandbox"],
                &["pause", "sandbox"],
                &["resume", "sandbox"],
            ]
        )
        .await
    );
    // What a crash left behind leads nowhere, and nobody is kept from the store.
    let served = world.serve().await;
    served.kill().await;
    assert!(world.store_path().with_extension("db-admin").exists());
    world.fine(["pause", "sandbox"]).await;
}

#[tokio::test]
async fn a_customer_is_set_up_while_the_daemon_runs() {
    let world = World::start().await;
    let served = world.serve().await;
    let ran = world
        .cmd([
            "setup", "sandbox", "--agree", "2026-11", "--yes", "--by", "dana",
        ])
        .run()
        .await
        .fine();
    assert!(
        ran.stdout
            .contains("sandbox is on; records are judged against "),
        "{}",
        ran.stdout
    );
    assert_eq!(
        served.get("/v1/tenants/sandbox").await.fine()["phase"],
        "on"
    );
    let log = entries(&served.get("/v1/audit").await.fine());
    assert!(
        log.contains(&("accept".to_owned(), "dana".to_owned())),
        "{log:?}"
    );
    let body = json!({});
    served.order("/v1/tenants/sandbox/off", &body).await.fine();
}
