//! `settings`: what holds and where it is said; `set`, `unset` and `restore` change the tenant's file and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::Workspace;
use crate::harness::World;

const FILE: &str = "tenants/sandbox.yaml";

impl Workspace {
    fn tenant(&self) -> String {
        fs::read_to_string(self.file(FILE)).unwrap()
    }

    /// What a person sees of several commands, one after the other.
    async fn session(&self, commands: &[&[&str]]) -> String {
        let mut all = String::new();
        for args in commands {
            all.push_str(&format!("$ syncline {}\n", args.join(" ")));
            all.push_str(&self.sees(args.iter().copied()).await);
        }
        all
    }
}

#[tokio::test]
async fn what_holds_and_where_it_is_said() {
    let workspace = Workspace::new().await;
    assert_snapshot!(workspace.sees(["settings", "sandbox"]).await);
    assert_snapshot!(
        "for_a_subject",
        workspace
            .sees(["settings", "sandbox", "--subject", "2010000001"])
            .await
    );
    assert!(
        !workspace.file("syncline.db").exists(),
        "a look makes no store"
    );
}

#[tokio::test]
async fn for_programs() {
    let workspace = Workspace::new().await;
    let ran = workspace
        .cmd(["settings", "sandbox", "--format", "json"])
        .run()
        .await
        .fine();
    let shown = ran.json();
    let field = |name: &str| {
        let fields = shown["groups"][0]["fields"].as_array().unwrap();
        fields
            .iter()
            .find(|field| field["name"] == name)
            .unwrap()
            .clone()
    };
    let board = field("dispatch_board");
    assert_eq!(
        (
            &board["value"],
            &board["from"],
            &board["file"],
            &board["overridden_for"]
        ),
        (
            &json!(true),
            &json!("tenant"),
            &json!(FILE),
            &json!(["2010000002"])
        )
    );
    let line = usize::try_from(board["line"].as_u64().unwrap()).unwrap();
    assert_eq!(
        workspace.tenant().lines().nth(line - 1),
        Some("    dispatch_board: true")
    );
    let open = field("open_since");
    assert_eq!(
        (&open["value"], &open["from"], &open["line"]),
        (&Value::Null, &json!("default"), &Value::Null)
    );
    assert_eq!(
        field("schedule_date")["file"],
        "servicechannel/integration.yaml"
    );
    assert_eq!(
        shown["subjects"],
        json!([
            { "key": "2010000001", "label": "Acme Retail", "overrides": ["preferences.schedule_date"] },
            { "key": "2010000002", "label": null, "overrides": ["preferences.dispatch_board"] },
        ])
    );
    let ran = workspace
        .cmd([
            "settings",
            "sandbox",
            "--subject",
            "2010000002",
            "--format",
            "json",
        ])
        .run()
        .await
        .fine();
    let board = &ran.json()["groups"][0]["fields"][0];
    assert_eq!(
        (&board["value"], &board["from"]),
        (&json!(false), &json!("override"))
    );
}

#[tokio::test]
async fn the_file_is_changed_at_one_place_only() {
    let workspace = Workspace::new().await;
    let before = workspace.tenant();
    assert_snapshot!(
        workspace
            .session(&[
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.schedule_date=submitted"
                ],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.schedule_date=submitted"
                ],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.dispatch_board=false",
                    "job_summary.fields=all"
                ],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "job_summary.fields=number,store",
                    "--subject",
                    "2010000002"
                ],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.do_not_service=hold",
                    "--subject",
                    "2010000003"
                ],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.priority.P1 - EMERGENCY=High"
                ],
                &[
                    "settings",
                    "unset",
                    "sandbox",
                    "preferences.priority.P1 - EMERGENCY"
                ],
                &[
                    "settings",
                    "unset",
                    "sandbox",
                    "preferences.do_not_service",
                    "--subject",
                    "2010000003"
                ],
                &[
                    "settings",
                    "unset",
                    "sandbox",
                    "preferences.do_not_service",
                    "--subject",
                    "2010000003"
                ],
                &["settings", "restore", "sandbox", "--subject", "2010000002"],
                &["settings", "restore", "sandbox", "--subject", "2010000002"],
                &["settings", "restore", "sandbox", "--subject", "2010000001"],
            ])
            .await
    );
    let after = workspace.tenant();
    assert_snapshot!("the_file_after", after);
    for comment in before
        .lines()
        .filter(|line| line.trim_start().starts_with('#'))
    {
        assert!(after.contains(comment), "{comment}");
    }
}

#[tokio::test]
async fn what_would_be_wrong_is_refused_and_nothing_is_written() {
    let workspace = Workspace::new().await;
    workspace.replace(
        "servicechannel/integration.yaml",
        "        title: Send NTE to custom field\n",
        "        title: Send NTE to custom field\n        locked: the same for all customers\n",
    );
    workspace.replace(FILE, "    nte_to_custom_field: true\n", "");
    let before = workspace.tenant();
    assert_snapshot!(
        workspace
            .session(&[
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.nte_to_custom_field=true"
                ],
                &["settings", "unset", "sandbox", "preferences.business_unit"],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.business_unit=main"
                ],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.schedule_date=tomorow"
                ],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.dispatch_bord=true",
                    "nothing.x=1"
                ],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.priority.P1 - EMERGENCY=Very high"
                ],
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.dispatch_board=true",
                    "--subject",
                    "Acme"
                ],
            ])
            .await
    );
    assert_eq!(workspace.tenant(), before);
}

#[tokio::test]
async fn what_is_not_understood() {
    let workspace = Workspace::new().await;
    assert_snapshot!(
        workspace
            .session(&[
                &["settings", "nobody"],
                &["settings", "set", "nobody", "a.b=1"],
                &["settings", "set", "sandbox", "dispatch_board=true"],
                &["settings", "set", "sandbox", "preferences.dispatch_board"],
                &["settings", "unset", "sandbox", "preferences"],
                &["settings", "restore", "sandbox"],
                &["settings"],
            ])
            .await
    );
}

#[tokio::test]
async fn braces_quotes_and_line_ends_stay_as_they_are() {
    let workspace = Workspace::new().await;
    let text = workspace.tenant();
    let (accounts, _) = text.split_once("settings:\n").unwrap();
    let written = format!(
        "{accounts}settings: {{preferences: {{business_unit: 12, job_type: 47}}}} # ours\n\
         overrides: {{'2010000001': {{title: 'Acme'}}}}\n"
    )
    .replace('\n', "\r\n");
    fs::write(workspace.file(FILE), &written).unwrap();
    let args = [
        "settings",
        "set",
        "sandbox",
        "preferences.dispatch_board=true",
    ];
    workspace.cmd(args).run().await.fine();
    let args = [
        "settings",
        "set",
        "sandbox",
        "job_summary.fields=[number]",
        "--subject",
        "2010000002",
    ];
    workspace.cmd(args).run().await.fine();
    let wanted = written
        .replace("job_type: 47", "job_type: 47, dispatch_board: true")
        .replace(
            "'Acme'}}",
            "'Acme'}, '2010000002': {settings: {job_summary: {fields: [number]}}}}",
        );
    assert_eq!(workspace.tenant(), wanted);
}

#[tokio::test]
async fn the_mode_stays_and_nothing_is_left_beside_it() {
    let workspace = Workspace::new().await;
    let file = workspace.file(FILE);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let args = [
        "settings",
        "set",
        "sandbox",
        "preferences.schedule_date=submitted",
    ];
    workspace.cmd(args).run().await.fine();
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    let names: Vec<_> = fs::read_dir(file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["sandbox.yaml"]);
}

#[tokio::test]
async fn a_shared_value_is_left_to_a_person() {
    let workspace = Workspace::new().await;
    workspace.replace(
        FILE,
        "  \"2010000002\":\n    settings:\n      preferences:\n        dispatch_board: false\n",
        "  \"2010000002\": &same\n    settings:\n      preferences:\n        dispatch_board: false\n  \"2010000003\": *same\n",
    );
    assert_snapshot!(
        workspace
            .session(&[
                &[
                    "settings",
                    "set",
                    "sandbox",
                    "preferences.dispatch_board=true",
                    "--subject",
                    "2010000003"
                ],
                &["settings", "restore", "sandbox", "--subject", "2010000002"],
            ])
            .await
    );
}

#[tokio::test]
async fn an_override_holds_from_the_next_run_for_its_subject_and_restored_the_default_does() {
    let world = World::start().await;
    world.on().await;
    world.arrive(6);
    world.run().await;
    let known = async || -> Vec<Value> {
        let shown = world
            .fine(["settings", "sandbox", "--format", "json"])
            .await
            .json();
        shown["subjects"].as_array().unwrap().clone()
    };
    let seen = known().await;
    assert_eq!(seen.len(), 3, "of records that are done: {seen:?}");
    assert!(seen.iter().all(|subject| subject["overrides"] == json!([])));
    let one = seen[0]["key"].as_str().unwrap().to_owned();

    let board = [
        "settings",
        "set",
        "sandbox",
        "preferences.dispatch_board=false",
        "--subject",
        &one,
    ];
    world.fine(board).await;
    let marked = known().await;
    assert_eq!(
        marked[0]["overrides"],
        json!(["preferences.dispatch_board"])
    );
    world.arrive(6);
    world.run().await;
    let (jobs, bookings) = (world.created("jobs"), world.created("bookings"));
    assert!(jobs > 6 && bookings > 0, "{jobs} jobs, {bookings} bookings");
    assert_eq!(jobs + bookings, 12);

    world
        .fine(["settings", "restore", "sandbox", "--subject", &one])
        .await;
    world.arrive(6);
    world.run().await;
    assert_eq!(world.created("bookings"), bookings);
    assert_eq!(world.created("jobs"), jobs + 6);
    world.nothing_twice();
}
