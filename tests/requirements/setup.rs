//! R1 to R6: off until turned on, credentials, secrets, defaults.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use syncline::sandbox::secrets;
use syncline::sandbox::servicechannel::{SECOND_CLIENT_ID, SECOND_USERNAME};

use super::office::{booking, lines, prefer, requests, retype, reword, small};
use crate::harness::world::TENANT;
use crate::harness::{World, yaml};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r01_nothing_is_read_or_written_until_it_is_turned_on() {
    let world = small().await;
    world.arrive(2);
    world.run().await;
    let refused = world.cmd(["on", TENANT]).run().await.exits(1);
    let says = "has not been accepted for tenant";
    assert!(refused.stderr.contains(says), "{}", refused.stderr);
    assert_eq!(requests(&world), 0, "off, and the agreement not accepted");
    assert_eq!(world.status().await["phase"], "off");

    world.on().await;
    assert!(requests(&world) > 0);
    let made: Vec<_> = world
        .sandbox
        .made()
        .into_iter()
        .filter(|made| made.created > 0)
        .collect();
    assert_eq!(
        made.len(),
        1,
        "turning on makes the campaign and nothing else: {made:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r02_while_off_nothing_is_sent_and_turned_on_again_nothing_is_made_twice() {
    let world = small().await;
    world.on().await;
    let before = world.arrive(2);
    world.run().await;
    world.audit(&before).await;

    world.fine(["off", TENANT]).await;
    reword(&world, before[0], "changed while off");
    let meanwhile = world.arrive(1);
    let sent = requests(&world);
    world.run().await;
    assert_eq!(
        requests(&world),
        sent,
        "off means nothing is read or written"
    );

    world.on().await;
    world.run().await;
    let all = [before, meanwhile].concat();
    world.audit(&all).await;
    let summary = world.job(all[0])["summary"].to_string();
    assert!(summary.contains("changed while off"), "{summary}");
}

/// A secret that opens nothing, and no word of any message: what is a secret is blotted out of messages.
const MISTYPED: &str = "mistyped-4711";

/// What `check` says of an account that does not work: the value to look at, and why.
struct Wrong {
    blame: String,
    message: String,
}

/// What `check` finds wrong with ServiceChannel and with ServiceTitan.
async fn wrong(world: &World) -> [Wrong; 2] {
    let ran = world
        .cmd(["check", TENANT, "--format", "json"])
        .run()
        .await
        .exits(4);
    let lines = lines(&ran);
    ["account servicechannel", "account servicetitan"].map(|what| {
        let line = lines.iter().find(|line| line["what"] == what).unwrap();
        assert_eq!(line["ok"], false, "{line}");
        let text = |name: &str| {
            line[name]
                .as_str()
                .unwrap_or_else(|| panic!("{line}"))
                .to_owned()
        };
        Wrong {
            blame: text("blame"),
            message: text("message"),
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r03_check_names_the_value_that_is_wrong() {
    let world = small().await;
    let right: BTreeMap<_, _> = secrets().into_iter().collect();
    let account = |connector: &str, param: &str, value: Value| {
        world.tenant(&format!("/accounts/{connector}/{param}"), value);
    };
    // Neither login server tells the client from its secret, or the user from the password: the message has both.
    let client = "this client id with this client secret is not known here";
    let app = "client id or client secret is not accepted";

    account(
        "servicechannel",
        "client_id",
        json!("PR.2090000001.UNKNOWN"),
    );
    account("servicetitan", "client_id", json!("cid.unknown"));
    let [source, target] = wrong(&world).await;
    assert!(
        source.blame == "client_id" && source.message.contains(client),
        "{}",
        source.message
    );
    assert!(
        target.blame == "client_secret" && target.message.contains(app),
        "{}",
        target.message
    );

    account(
        "servicechannel",
        "client_id",
        json!("PR.2090000001.6F1C7A0E"),
    );
    account("servicetitan", "client_id", json!("cid.sandbox"));
    world.secret("sandbox/servicechannel/client_secret", MISTYPED);
    world.secret("sandbox/servicetitan/client_secret", MISTYPED);
    let [source, target] = wrong(&world).await;
    assert!(
        source.blame == "client_id" && source.message.contains(client),
        "{}",
        source.message
    );
    assert!(
        target.blame == "client_secret" && target.message.contains(app),
        "{}",
        target.message
    );

    for name in [
        "sandbox/servicechannel/client_secret",
        "sandbox/servicetitan/client_secret",
    ] {
        world.secret(name, &right[name]);
    }
    world.secret("sandbox/servicechannel/password", MISTYPED);
    world.secret("servicetitan/app_key", MISTYPED);
    let user = "user name or password is not accepted: The user name or password is incorrect.";
    let [source, target] = wrong(&world).await;
    assert!(
        source.blame == "password" && source.message.contains(user),
        "{}",
        source.message
    );
    assert_eq!(
        (&*target.blame, &*target.message),
        (
            "app_key",
            "GET /settings/v2/tenant/1000/business-units: The application key is not valid."
        )
    );

    world.secret(
        "sandbox/servicechannel/password",
        &right["sandbox/servicechannel/password"],
    );
    world.secret("servicetitan/app_key", &right["servicetitan/app_key"]);
    account("servicechannel", "username", json!("nobody@best.example"));
    account("servicetitan", "tenant", json!(1001));
    let [source, target] = wrong(&world).await;
    assert!(
        source.blame == "password" && source.message.contains(user),
        "{}",
        source.message
    );
    let tenant = "GET /settings/v2/tenant/1001/business-units: the app may not do this in this account: the token does not cover \
                  tenant 1001";
    assert_eq!((&*target.blame, &*target.message), ("tenant", tenant));

    // One value is not there at all.
    account("servicechannel", "username", json!("api@best.example"));
    account("servicetitan", "tenant", json!(1000));
    let file = world.workspace().join("secrets/servicetitan/app_key");
    fs::remove_file(file).unwrap();
    let missing = world.cmd(["check", TENANT]).run().await;
    assert_ne!(missing.code(), Some(0));
    assert!(
        missing.stderr.contains("`servicetitan/app_key`"),
        "{}",
        missing.stderr
    );

    world.secret("servicetitan/app_key", &right["servicetitan/app_key"]);
    let good = world.fine(["check", TENANT]).await.stdout;
    let seen = "ok      account servicechannel: api@best.example of provider 2090000001 sees 0 work orders";
    assert!(good.starts_with(seen), "{good}");
    assert!(
        good.contains("ok      account servicetitan: account 1000 has 3 business units"),
        "{good}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r04_secrets_come_from_outside_the_yaml_and_appear_nowhere() {
    let world = small().await;
    // From the environment in place of files.
    let text = "# From the environment.\nsecrets: { environment: SYNCLINE_TEST_ }\n";
    retype(
        &world,
        "syncline.yaml",
        "secrets:\n  directory: secrets\n",
        text,
    );
    fs::remove_dir_all(world.workspace().join("secrets")).unwrap();
    let refused = world.cmd(["check", TENANT]).run().await;
    assert_ne!(refused.code(), Some(0));
    let variable = "in the environment variable SYNCLINE_TEST_";
    assert!(refused.stderr.contains(variable), "{}", refused.stderr);
    let mut said = String::new();
    let mut say = async |args: &[&str]| {
        let mut cmd = world.cmd(args.iter().copied()).env("SYNCLINE_LOG", "trace");
        for (name, value) in secrets() {
            let name = name.to_uppercase().replace('/', "_");
            cmd = cmd.env(&format!("SYNCLINE_TEST_{name}"), value);
        }
        let ran = cmd.run().await.fine();
        said.push_str(&ran.stdout);
        said.push_str(&ran.stderr);
    };
    say(&["on", TENANT, "--agree", "2026-11"]).await;
    let orders = world.arrive(1);
    say(&["run", TENANT]).await;
    say(&["trace", &orders[0].to_string()]).await;
    world.audit(&orders).await;
    assert!(said.len() > 10_000, "much was said: {said}");
    let store = fs::read(world.store_path()).unwrap();
    for (name, value) in secrets() {
        assert!(!said.contains(&value), "{name} was printed");
        let kept = store
            .windows(value.len())
            .any(|bytes| bytes == value.as_bytes());
        assert!(!kept, "{name} is in the store");
    }

    // In the file of a tenant it is a mistake.
    world.tenant(
        "/accounts/servicechannel/password",
        json!("hunter2-hunter2"),
    );
    let refused = world.cmd(["validate"]).run().await.exits(3);
    assert!(
        refused.stderr.contains("error[secret-in-plain-text]"),
        "{}",
        refused.stderr
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r05_with_credentials_alone_work_orders_become_bookings() {
    let world = small().await;
    yaml::change(&world.workspace().join("tenants/sandbox.yaml"), |tenant| {
        let tenant = tenant.as_object_mut().unwrap();
        tenant.remove("settings").unwrap();
        tenant.remove("overrides").unwrap();
    });
    world.fine(["validate"]).await;
    world.on().await;
    let orders = world.arrive(2);
    world.run().await;
    for order in orders {
        assert_eq!(booking(&world, order)["status"], "New");
    }
    assert_eq!((world.created("bookings"), world.created("jobs")), (2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r06_credentials_and_settings_change_without_losing_a_link() {
    let world = small().await;
    world.on().await;
    let orders = world.arrive(1);
    world.run().await;
    let job = world.job(orders[0]);

    world.tenant("/accounts/servicechannel/username", json!(SECOND_USERNAME));
    world.tenant(
        "/accounts/servicechannel/client_id",
        json!(SECOND_CLIENT_ID),
    );
    let preferences = json!({
        "dispatch_board": false, "business_unit": 13, "job_type": 49, "nte_to_custom_field": false,
        "schedule_date": "submitted", "do_not_service": "hold", "open_since": "2026-10-01",
    });
    world.tenant("/settings/preferences", preferences);
    world.tenant("/settings/job_summary/fields", json!(["description"]));
    reword(&world, orders[0], "after the change");
    let later = world.arrive(1);
    world.run().await;

    let same = world.job(orders[0]);
    assert_eq!(
        (&same["id"], &same["summary"]),
        (&job["id"], &json!("Description: after the change"))
    );
    let booking = booking(&world, later[0]);
    assert_eq!(
        (&booking["businessUnitId"], &booking["jobTypeId"]),
        (&json!(13), &json!(49))
    );
    let users = world.sandbox.servicechannel().kit().audit.log(1);
    assert_eq!(users[0].client.as_deref(), Some(SECOND_CLIENT_ID));
    world.nothing_twice();
    assert_eq!((world.created("jobs"), world.created("bookings")), (1, 1));

    prefer(&world, "dispatch_board", json!(true));
    reword(&world, later[0], "and back");
    world.run().await;
    assert_eq!(
        (world.created("jobs"), world.created("bookings")),
        (1, 1),
        "each stays what it is"
    );
    let summary = super::office::booking(&world, later[0])["summary"].clone();
    assert_eq!(summary, "Description: and back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r07_check_says_which_provider_and_which_account_are_used() {
    let world = small().await;
    let said = world.fine(["check", TENANT]).await.stdout;
    for account in ["of provider 2090000001 sees", "account 1000 has"] {
        assert!(said.contains(account), "{said}");
    }
}
