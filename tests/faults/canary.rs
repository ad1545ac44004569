//! P9: a secret full of metacharacters goes through logins, requests, refusals that repeat it, dead letters and
//! debug logs, and is found in none of what the engine prints or keeps, in no encoding.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;
use syncline::sandbox::servicechannel::{CLIENT_ID, CLIENT_SECRET, PASSWORD};
use syncline::sandbox::servicetitan;

use crate::harness::front::{Front, Swap};
use crate::harness::world::TENANT;
use crate::harness::{Ran, World};

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

/// A secret of the tenant, what it is here, and what the simulator behind the front wants.
struct Canary {
    name: &'static str,
    word: &'static str,
    wanted: String,
}

impl Canary {
    fn all() -> [Self; 4] {
        let target = servicetitan::Config::default();
        let canary = |name, word, wanted: &str| Self {
            name,
            word,
            wanted: wanted.to_owned(),
        };
        [
            canary("sandbox/servicechannel/password", "canary-one", PASSWORD),
            canary(
                "sandbox/servicechannel/client_secret",
                "canary-two",
                CLIENT_SECRET,
            ),
            canary(
                "sandbox/servicetitan/client_secret",
                "canary-three",
                &target.client_secret,
            ),
            canary(APP_KEY, "canary-four", &target.app_key),
        ]
    }

    fn value(&self, word: &str) -> String {
        let value = secret(word);
        // A header takes no character beyond ASCII.
        if self.name == APP_KEY {
            value.replace('é', "e")
        } else {
            value
        }
    }
}

const APP_KEY: &str = "servicetitan/app_key";
/// In secrets that nobody knows.
const WRONG: &str = "canary-five";

/// Runs the binary, and keeps all it prints.
struct Eavesdropper<'w> {
    world: &'w World,
    said: Vec<String>,
}

impl Eavesdropper<'_> {
    async fn run(&mut self, args: &[&str]) -> Ran {
        let cmd = self
            .world
            .cmd(args.iter().copied())
            .env("SYNCLINE_LOG", "trace");
        let ran = cmd.run().await;
        self.said
            .push(format!("{args:?}\n{}\n{}", ran.stdout, ran.stderr));
        ran
    }

    async fn fine(&mut self, args: &[&str]) -> Ran {
        self.run(args).await.fine()
    }
}

/// Every command that may tell something, on good days and bad ones.
async fn everything(world: &World, canaries: &[Canary], office: &Front) -> Vec<String> {
    let mut ear = Eavesdropper {
        world,
        said: Vec::new(),
    };
    for canary in canaries {
        world.secret(canary.name, &canary.value(WRONG));
    }
    assert_ne!(
        ear.run(&["check", TENANT]).await.code(),
        Some(0),
        "the secrets are wrong"
    );
    ear.run(&["on", TENANT, "--agree", "2026-11"])
        .await
        .exits(4);

    for canary in canaries {
        world.secret(canary.name, &canary.value(canary.word));
    }
    ear.fine(&["validate"]).await;
    ear.fine(&["check", TENANT]).await;
    ear.fine(&["on", TENANT, "--agree", "2026-11"]).await;
    let orders = world.arrive(4);
    // A refusal that repeats what it was sent makes dead letters.
    office.be_rude(3);
    ear.run(&["run", TENANT]).await.exits(6);
    assert_eq!(office.refused(), 3);
    let dead = ear
        .fine(&["dead", "list", TENANT, "--format", "json"])
        .await
        .stdout;
    assert!(
        dead.contains("You sent"),
        "the reply is told, without its secrets: {dead}"
    );
    for letter in dead.lines() {
        let letter: serde_json::Value = serde_json::from_str(letter).unwrap();
        ear.fine(&["dead", "show", TENANT, letter["key"].as_str().unwrap()])
            .await;
    }
    ear.fine(&["dead", "list"]).await;
    ear.fine(&["dead", "retry", TENANT, "--all"]).await;
    ear.fine(&["--format", "json", "run", TENANT]).await;
    for order in &orders {
        ear.fine(&["trace", &order.to_string()]).await;
    }
    ear.fine(&["status"]).await;
    world.audit(&orders).await;
    ear.said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_in_nothing_that_is_printed_or_kept() {
    let world = World::start().await;
    let canaries = Canary::all();
    let swap = |canary: &Canary| Swap {
        given: canary.value(canary.word),
        wanted: canary.wanted.clone(),
    };
    let swaps: Vec<Swap> = canaries.iter().map(swap).collect();
    let at = world.sandbox.addresses();
    let source = Front::start(at.servicechannel, swaps.clone()).await;
    let office = Front::start(at.servicetitan, swaps).await;
    let (of_source, of_office) = (
        format!("http://{}", source.addr),
        format!("http://{}", office.addr),
    );
    world.tenant(
        "/accounts/servicechannel/api_url",
        json!(format!("{of_source}/v3")),
    );
    world.tenant("/accounts/servicechannel/login_url", json!(of_source));
    world.tenant("/accounts/servicetitan/api_url", json!(of_office));
    world.tenant("/accounts/servicetitan/auth_url", json!(of_office));

    let said = everything(&world, &canaries, &office).await;
    let kept: Vec<(PathBuf, Vec<u8>)> = files(world.dir())
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    let store =
        |(path, bytes): &(PathBuf, Vec<u8>)| path.ends_with("syncline.db") && bytes.len() > 10_000;
    assert!(kept.iter().any(store), "the store was looked at");
    for canary in &canaries {
        for word in [canary.word, WRONG] {
            for form in forms(&canary.value(word), word) {
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
