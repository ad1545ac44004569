//! P9: a secret full of metacharacters goes through logins, requests, refusals that repeat it, dead letters and
//! debug logs, and is found in none of what the engine prints or keeps, in no encoding.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;
use syncline::sandbox::servicechannel::{CLIENT_ID, CLIENT_SECRET, PASSWORD};
use syncline::sandbox::servicetitan;

use crate::harness::World;
use crate::harness::front::{Front, Swap};
use crate::harness::world::TENANT;

/// Characters that YAML, JSON, URLs, forms and HTML each write in their own way. The last word tells which is which.
fn secret(word: &str) -> String {
    format!("a: b#'\"\\{{{{x}}}} &<%41+/=?;,é-{word}")
}

/// Every form in which a secret may appear.
fn forms(secret: &str, word: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap();
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut percent = String::new();
    for byte in secret.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            percent.push(char::from(byte));
        } else {
            percent.push_str(&format!("%{byte:02X}"));
        }
    }
    let html = secret
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('\'', "&#x27;");
    let mut forms = vec![
        // Any piece of it that nothing else has gives it away.
        format!("é-{word}"),
        format!("-{word}"),
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        serde_json::to_string(&json).unwrap(),
        form.clone(),
        percent.clone(),
        percent.to_lowercase(),
        html,
        format!("{secret:?}").trim_matches('"').to_owned(),
    ];
    for whole in [
        secret.to_owned(),
        format!("{CLIENT_ID}:{secret}"),
        format!("{CLIENT_ID}:{form}"),
        form,
    ] {
        let bytes = whole.as_bytes();
        forms.extend([
            STANDARD.encode(bytes),
            STANDARD_NO_PAD.encode(bytes),
            URL_SAFE.encode(bytes),
            URL_SAFE_NO_PAD.encode(bytes),
        ]);
    }
    forms
}

/// What is behind every file below a folder, but for those of the secrets themselves.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().unwrap() != "secrets" {
                found.extend(files(&path));
            }
        } else {
            found.push(path);
        }
    }
    found
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_in_nothing_that_is_printed_or_kept() {
    let world = World::start().await;
    let at = world.sandbox.addresses();
    let target = servicetitan::Config::default();
    let secrets = [
        (
            "sandbox/servicechannel/password",
            "canary-one",
            PASSWORD.to_owned(),
        ),
        (
            "sandbox/servicechannel/client_secret",
            "canary-two",
            CLIENT_SECRET.to_owned(),
        ),
        (
            "sandbox/servicetitan/client_secret",
            "canary-three",
            target.client_secret,
        ),
        // A header takes no character beyond ASCII.
        ("servicetitan/app_key", "canary-four", target.app_key),
    ];
    let value = |name: &str, word: &str| {
        let value = secret(word);
        if name == "servicetitan/app_key" {
            value.replace('é', "e")
        } else {
            value
        }
    };
    let swaps: Vec<Swap> = secrets
        .iter()
        .map(|(name, word, wanted)| Swap {
            given: value(name, word),
            wanted: wanted.clone(),
        })
        .collect();
    // Each side knows only what it was given: a rude reply repeats its own client's secrets.
    let (of_source, of_office) = swaps.split_at(2);
    let source = Front::start(at.servicechannel, of_source.to_vec()).await;
    let office = Front::start(at.servicetitan, of_office.to_vec()).await;
    world.tenant(
        "/accounts/servicechannel/api_url",
        json!(format!("http://{}/v3", source.addr)),
    );
    world.tenant(
        "/accounts/servicechannel/login_url",
        json!(format!("http://{}", source.addr)),
    );
    world.tenant(
        "/accounts/servicetitan/api_url",
        json!(format!("http://{}", office.addr)),
    );
    world.tenant(
        "/accounts/servicetitan/auth_url",
        json!(format!("http://{}", office.addr)),
    );

    let mut said: Vec<String> = Vec::new();
    let mut say = async |args: &[&str]| {
        let ran = world
            .cmd(args.iter().copied())
            .env("SYNCLINE_LOG", "trace")
            .run()
            .await;
        said.push(format!("{args:?}\n{}\n{}", ran.stdout, ran.stderr));
        ran
    };
    // Refused first: the simulators know none of these secrets before the fronts exchange them.
    for (name, ..) in &secrets {
        world.secret(name, &format!("{}-wrong", value(name, "canary-five")));
    }
    let refused = say(&["check", TENANT]).await;
    assert_ne!(refused.code(), Some(0), "{refused:?}");
    say(&["on", TENANT, "--agree", "2026-11"]).await.exits(4);

    for (name, word, _) in &secrets {
        world.secret(name, &value(name, word));
    }
    say(&["validate"]).await.fine();
    say(&["check", TENANT]).await.fine();
    say(&["on", TENANT, "--agree", "2026-11"]).await.fine();
    let orders = world.arrive(4);
    // A refusal that repeats what it was sent makes dead letters.
    office.be_rude(3);
    say(&["run", TENANT]).await;
    assert_eq!(office.refused(), 3);
    let dead = say(&["dead", "list", TENANT, "--format", "json"])
        .await
        .fine();
    let letters: Vec<serde_json::Value> = dead
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!letters.is_empty(), "a refusal leaves a letter");
    assert!(
        dead.stdout.contains("You sent"),
        "the reply is told, without its secrets: {}",
        dead.stdout
    );
    for letter in &letters {
        say(&["dead", "show", TENANT, letter["key"].as_str().unwrap()])
            .await
            .fine();
    }
    say(&["dead", "retry", TENANT, "--all"]).await.fine();
    say(&["--format", "json", "run", TENANT]).await.fine();
    for order in &orders {
        say(&["trace", &order.to_string()]).await.fine();
    }
    say(&["status"]).await.fine();
    world.audit(&orders).await;

    let kept: Vec<(PathBuf, Vec<u8>)> = files(world.dir())
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    assert!(
        kept.iter()
            .any(|(path, bytes)| path.ends_with("syncline.db") && bytes.len() > 10_000),
        "the store was looked at"
    );
    for word in [
        "canary-one",
        "canary-two",
        "canary-three",
        "canary-four",
        "canary-five",
    ] {
        for name in ["", "servicetitan/app_key"] {
            for form in forms(&value(name, word), word) {
                for said in &said {
                    assert!(!said.contains(&form), "`{form}` was printed: {said}");
                }
                for (path, bytes) in &kept {
                    assert!(!holds(bytes, &form), "`{form}` is in {}", path.display());
                }
            }
        }
    }
}
