//! `setup`: what a person is walked through, and the same by flags, without a terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use insta::assert_snapshot;
use syncline::sandbox::secrets;
use syncline::sandbox::servicechannel::{SECOND_CLIENT_ID, SECOND_USERNAME};

use super::{Workspace, seen};
use crate::harness::terminal::Answer::{Hidden, Typed};
use crate::harness::{World, scrub::scrub};

/// The tenant that is set up.
const NEW: &str = "acme";

impl World {
    /// A file with a secret of the sandbox, or with something else.
    fn secret_file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.dir().join(name);
        fs::write(&file, format!("{text}\n")).unwrap();
        file
    }

    /// What the sandbox's secrets are.
    fn right(&self, name: &str) -> String {
        let known = secrets().into_iter().find(|(known, _)| *known == name);
        known
            .unwrap_or_else(|| panic!("the sandbox has a secret {name}"))
            .1
    }

    /// The flags that set everything up, but for `--agree` and `--yes`.
    fn flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        for (connector, param, value) in self.sandbox.account_values() {
            flags.extend(["--set".to_owned(), format!("{connector}.{param}={value}")]);
        }
        for (connector, param, value) in [
            ("servicechannel", "username", "api@best.example"),
            ("servicechannel", "client_id", "PR.2090000001.6F1C7A0E"),
            ("servicechannel", "provider_id", "2090000001"),
            ("servicetitan", "tenant", "1000"),
            ("servicetitan", "client_id", "cid.sandbox"),
            ("servicetitan", "booking_provider", "55"),
        ] {
            flags.extend(["--set".to_owned(), format!("{connector}.{param}={value}")]);
        }
        for param in [
            "servicechannel/password",
            "servicechannel/client_secret",
            "servicetitan/client_secret",
        ] {
            let file = self.secret_file(
                &param.replace('/', "-"),
                &self.right(&format!("sandbox/{param}")),
            );
            let name = param.replace('/', ".");
            flags.extend(["--secret".to_owned(), format!("{name}=@{}", file.display())]);
        }
        flags
    }

    async fn sets_up(&self, more: &[&str]) -> String {
        let mut args = vec!["setup".to_owned(), NEW.to_owned()];
        args.extend(self.flags());
        args.extend(more.iter().map(ToString::to_string));
        self.sees(args).await
    }

    fn new_file(&self) -> PathBuf {
        self.workspace().join("tenants/acme.yaml")
    }
}

#[tokio::test]
async fn without_a_terminal_it_says_which_flags_are_missing() {
    let workspace = Workspace::new().await;
    assert_snapshot!(workspace.sees(["setup", NEW]).await);
    assert_snapshot!(
        "some_are_missing",
        workspace
            .sees([
                "setup",
                NEW,
                "--step",
                "connect",
                "--set",
                "servicechannel.username=a@b.example"
            ])
            .await
    );
    assert!(!workspace.file("tenants/acme.yaml").exists());
    assert!(
        !workspace.file("syncline.db").exists(),
        "nothing is made before all is known"
    );
}

#[tokio::test]
async fn everything_by_flags() {
    let world = World::start().await;
    let seen = world
        .sets_up(&["--agree", "2026-11", "--title", "Acme HVAC", "--yes"])
        .await;
    assert_snapshot!(seen);
    let text = fs::read_to_string(world.new_file()).unwrap();
    assert_snapshot!("the_new_file", scrub(&text, world.dir()));
    for (name, right) in [
        (
            "acme/servicechannel/password",
            "sandbox/servicechannel/password",
        ),
        (
            "acme/servicetitan/client_secret",
            "sandbox/servicetitan/client_secret",
        ),
    ] {
        let file = world.workspace().join("secrets").join(name);
        assert_eq!(fs::read_to_string(&file).unwrap(), world.right(right));
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o7777,
            0o600
        );
        let folder = fs::metadata(file.parent().unwrap()).unwrap();
        assert_eq!(folder.permissions().mode() & 0o077, 0);
    }
    // It runs with no choice made: work orders become bookings (R5).
    world.arrive(3);
    world.fine(["run", NEW]).await;
    assert_eq!((world.created("bookings"), world.created("jobs")), (3, 0));
    // And once more it changes nothing.
    let again = world.fine(["setup", NEW, "--yes"]).await;
    assert!(
        again
            .stderr
            .contains("the agreement 2026-11 was accepted by tester at"),
        "{}",
        again.stderr
    );
    assert_eq!(again.stdout.lines().last(), Some("acme was on already"));
    assert_eq!(fs::read_to_string(world.new_file()).unwrap(), text);
}

#[tokio::test]
async fn a_wrong_credential_is_named_and_nothing_is_stored() {
    let world = World::start().await;
    let wrong = world.secret_file("wrong", "mistyped-4711");
    let seen = world
        .sets_up(&[
            "--agree",
            "2026-11",
            "--yes",
            "--secret",
            &format!("servicetitan.client_secret=@{}", wrong.display()),
        ])
        .await;
    assert!(!seen.contains("mistyped"), "{seen}");
    assert_snapshot!(seen);
    assert!(!world.new_file().exists());
    assert!(!world.workspace().join("secrets/acme").exists());
}

#[tokio::test]
async fn another_version_of_the_agreement_is_not_accepted() {
    let world = World::start().await;
    assert_snapshot!(world.sets_up(&["--agree", "2019-01", "--yes"]).await);
}

#[tokio::test]
async fn what_is_not_understood() {
    let workspace = Workspace::new().await;
    let mut all = String::new();
    for args in [
        &["--set", "servicechannel.usrname=a"][..],
        &["--set", "servicechannel.password=hunter2"],
        &["--set", "servicetitan.application_guid=1"],
        &["--set", "username"],
        &["--secret", "servicechannel.password=hunter2"],
        &["--secret", "hunter2"],
        &["--secret", "servicechannel.username=-"],
        &["--secret", "servicechannel.password=-"],
        &["--secret", "servicechannel.password=@/nowhere/at/all"],
        &["--integration", "other"],
    ] {
        let args = [&["setup", NEW], args].concat();
        all.push_str(&format!(
            "$ syncline {}\n{}",
            args.join(" "),
            workspace.sees(args.iter()).await
        ));
    }
    assert_snapshot!(all);
}

#[tokio::test]
async fn secrets_from_elsewhere_are_not_stored() {
    let workspace = Workspace::new().await;
    workspace.replace(
        "syncline.yaml",
        "secrets:\n  directory: secrets\n",
        "secrets: { environment: SYNCLINE_TEST_ }\n",
    );
    assert_snapshot!(
        workspace
            .sees(["setup", NEW, "--secret", "servicechannel.password=-"])
            .await
    );
}

#[tokio::test]
async fn credentials_are_entered_again_without_losing_a_link() {
    let world = World::start().await;
    world.on().await;
    let orders = world.arrive(2);
    world.run().await;
    let before = fs::read_to_string(world.workspace().join("tenants/sandbox.yaml")).unwrap();

    // What does not work is not stored.
    let wrong = world.secret_file("wrong", "mistyped-4711");
    let secret = format!("servicechannel.password=@{}", wrong.display());
    let ran = world
        .cmd(["setup", "sandbox", "--step", "connect", "--secret", &secret])
        .run()
        .await;
    assert_snapshot!(seen(&ran, world.dir()));
    world.fine(["check", "sandbox"]).await;

    let password = world.secret_file("right", &world.right("sandbox/servicechannel/password"));
    let ran = world
        .cmd([
            "setup",
            "sandbox",
            "--step",
            "connect",
            "--set",
            &format!("servicechannel.username={SECOND_USERNAME}"),
            "--set",
            &format!("servicechannel.client_id={SECOND_CLIENT_ID}"),
            "--secret",
            "sandbox/servicechannel/password=-",
        ])
        .input(&password)
        .run()
        .await
        .fine();
    assert_snapshot!("entered_again", seen(&ran, world.dir()));
    let after = fs::read_to_string(world.workspace().join("tenants/sandbox.yaml")).unwrap();
    let changed: Vec<_> = after
        .lines()
        .filter(|line| !before.contains(line))
        .collect();
    assert_eq!(changed.len(), 2, "{changed:?}");

    let all = [orders, world.arrive(1)].concat();
    world.run().await;
    world.audit(&all).await;
}

#[tokio::test]
async fn another_account_is_refused_while_state_is_kept_of_the_present_one() {
    let world = World::start().await;
    world.on().await;
    let ran = world
        .cmd([
            "setup",
            "sandbox",
            "--step",
            "connect",
            "--set",
            "servicechannel.provider_id=2090000002",
        ])
        .run()
        .await;
    assert_snapshot!(seen(&ran, world.dir()));
    world.fine(["check", "sandbox"]).await;
}

#[tokio::test]
async fn a_file_that_lacks_a_value_is_mended() {
    let world = World::start().await;
    let file = world.workspace().join("tenants/sandbox.yaml");
    crate::harness::yaml::change(&file, |tenant| {
        let account = tenant.pointer_mut("/accounts/servicechannel").unwrap();
        account.as_object_mut().unwrap().remove("username").unwrap();
        account.as_object_mut().unwrap().remove("password").unwrap();
    });
    world.cmd(["check", "sandbox"]).run().await.exits(3);
    let args = [
        "setup",
        "sandbox",
        "--step",
        "connect",
        "--set",
        "servicechannel.username=api@best.example",
    ];
    world.fine(args).await;
    world.fine(["check", "sandbox"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_walked_through() {
    let world = World::start().await;
    let mut args = vec!["setup".to_owned(), NEW.to_owned()];
    let asked = [
        "servicechannel.username",
        "servicechannel.password",
        "servicetitan.tenant",
    ];
    for flag in world.flags().chunks(2) {
        if !asked.iter().any(|asked| flag[1].starts_with(asked)) {
            args.extend(flag.iter().cloned());
        }
    }
    let right = world.right("sandbox/servicechannel/password");
    let (ran, talk) = world
        .cmd(args)
        .converse(&[
            ("Type 2026-11 to accept it", Typed("2026-11")),
            (
                "What people call this customer [acme]: ",
                Typed("Acme HVAC"),
            ),
            ("servicechannel.username: ", Typed("api@best.example")),
            (
                "servicechannel.password, not shown: ",
                Hidden("mistyped-4711"),
            ),
            ("Correct it and try again? [y/N] ", Typed("y")),
            ("servicechannel.api_url [", Typed("")),
            ("servicechannel.login_url [", Typed("")),
            ("servicechannel.username [api@best.example]: ", Typed("")),
            (
                "servicechannel.password (Enter keeps it), not shown: ",
                Hidden(&right),
            ),
            ("servicechannel.client_id [", Typed("")),
            (
                "servicechannel.client_secret (Enter keeps it), not shown: ",
                Hidden(""),
            ),
            ("servicechannel.provider_id [2090000001]: ", Typed("")),
            (
                "servicechannel.signing_key (Enter leaves it out), not shown: ",
                Hidden(""),
            ),
            (
                "servicechannel.old_signing_key (Enter leaves it out), not shown: ",
                Hidden(""),
            ),
            (
                "servicechannel.file_hosts [\"*.servicechannel.com\"]: ",
                Typed(""),
            ),
            ("servicetitan.tenant: ", Typed("")),
            ("servicetitan.tenant: ", Typed("1000")),
            (
                "Enter goes on: ",
                Typed("preferences.schedule_date=sometime"),
            ),
            (
                "Enter goes on: ",
                Typed("preferences.schedule_date=submitted"),
            ),
            ("Enter goes on: ", Typed("")),
            ("Turn the integration on now? [y/N] ", Typed("y")),
        ])
        .await;
    let ran = ran.fine();
    assert!(
        !talk.contains("mistyped") && !talk.contains(&right),
        "{talk}"
    );
    assert_snapshot!(format!(
        "--- terminal\n{}--- stdout\n{}",
        scrub(&talk, world.dir()),
        scrub(&ran.stdout, world.dir())
    ));
    let text = fs::read_to_string(world.new_file()).unwrap();
    assert!(
        text.contains("title: Acme HVAC") && text.contains("schedule_date: submitted"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_may_stop_at_any_question() {
    let world = World::start().await;
    let declined = world
        .cmd(["setup", NEW])
        .converse(&[("Type 2026-11 to accept it", Typed(""))])
        .await;
    let (ran, talk) = declined;
    ran.exits(1);
    assert!(
        talk.ends_with("the agreement is not accepted; nothing else is done\n"),
        "{talk}"
    );
    assert!(!world.store_path().exists());

    let mut args = vec![
        "setup".to_owned(),
        "sandbox".to_owned(),
        "--agree".to_owned(),
        "2026-11".to_owned(),
    ];
    args.extend(["--step".to_owned(), "on".to_owned()]);
    let (ran, talk) = world
        .cmd(args)
        .converse(&[("Turn the integration on now? [y/N] ", Typed("n"))])
        .await;
    ran.fine();
    assert!(
        talk.ends_with("it is not turned on; `syncline on sandbox` does that\n"),
        "{talk}"
    );
}
