//! Tokens, and that no secret shows.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;
use syncline::engine::connect::{
    Class, PauseReason, Secret, Secrets, StoredTokens, TokenGeneration, TokenVault, VaultError,
    VaultKey, Wire,
};
use syncline::lang::config::{ApiKeyPlace, ClientSend, Grant};
use syncline::lang::plan::{Auth, ParamValue, SecretSource};
use tokio::task::JoinSet;

use super::server::{Answer, Got, Server};
use super::world::{Shop, World, get, post, template};

/// Numbered tokens, of which the API takes what `accepts` says.
async fn api(accepts: impl Fn(&str) -> bool + Send + Sync + 'static) -> Server {
    let issued = Mutex::new(0);
    Server::start(move |_, got| {
        if got.line.starts_with("POST /token") {
            let mut issued = issued.lock().unwrap();
            *issued += 1;
            let token = json!({ "access_token": format!("t{issued}"), "expires_in": 6000 });
            return Answer::json(200, &token);
        }
        let token = got
            .header("authorization")
            .unwrap_or_default()
            .trim_start_matches("Bearer ");
        if accepts(token) {
            Answer::json(200, &json!({ "ok": true }))
        } else {
            Answer::json(401, &json!({ "message": "expired" }))
        }
    })
    .await
}

fn shop(server: &Server, grant: Grant) -> Shop {
    Shop::at(server.url()).oauth2(grant, &format!("{}/token", server.url()))
}

fn count(server: &Server, start: &str) -> usize {
    server
        .got()
        .iter()
        .filter(|got| got.line.starts_with(start))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_requests_ask_for_one_token() {
    let server = api(|_| true).await;
    let connection = World::new()
        .open(shop(&server, Grant::ClientCredentials))
        .await;
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let connection = Arc::clone(&connection);
        tasks.spawn(async move { get(&connection, "/x").await.unwrap().status });
    }
    assert_eq!(tasks.join_all().await, vec![200; 50]);
    assert_eq!(count(&server, "POST /token"), 1);
    assert_eq!(count(&server, "GET /x"), 50);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_request_sent_once_more() {
    let server = api(|token| token == "t2").await;
    let connection = World::new()
        .open(shop(&server, Grant::ClientCredentials))
        .await;
    assert_eq!(post(&connection, "/x").await.unwrap().status, 200);
    let lines: Vec<_> = server.got().into_iter().map(|got| got.line).collect();
    let (token, x) = ("POST /token HTTP/1.1", "POST /x HTTP/1.1");
    assert_eq!(lines, [token, x, token, x]);
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_pauses_the_account() {
    let server = api(|_| false).await;
    let connection = World::new()
        .open(shop(&server, Grant::ClientCredentials))
        .await;
    let failure = post(&connection, "/x").await.unwrap_err();
    assert_eq!(
        (failure.class, failure.wire),
        (Class::Unauthorized, Wire::Refused)
    );
    assert_eq!(failure.pause.unwrap().reason, PauseReason::Unauthorized);
    assert_eq!(
        (count(&server, "POST /token"), count(&server, "POST /x")),
        (2, 2)
    );
}

/// A 401 that the API did not write proves nothing of a create: it is not sent again.
#[tokio::test]
async fn a_401_of_a_stranger_does_not_send_a_create_again() {
    let server = Server::start(|_, got| {
        if got.line.starts_with("POST /token") {
            return Answer::json(200, &json!({ "access_token": "t" }));
        }
        Answer::Reply(
            401,
            vec![("Content-Type", "text/html".into())],
            "<html>".into(),
        )
    })
    .await;
    let connection = World::new()
        .open(shop(&server, Grant::ClientCredentials))
        .await;
    let failure = post(&connection, "/x").await.unwrap_err();
    assert_eq!(
        (failure.class, failure.wire),
        (Class::Unauthorized, Wire::Unknown)
    );
    assert_eq!(count(&server, "POST /x"), 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let server = api(|_| true).await;
    let world = World::new();
    let connection = world.open(shop(&server, Grant::ClientCredentials)).await;
    get(&connection, "/x").await.unwrap();
    world.clock.sleep(Duration::from_secs(5941)).await;
    get(&connection, "/x").await.unwrap();
    assert_eq!(count(&server, "POST /token"), 2);
}

#[tokio::test]
async fn token_requests_keep_their_distance_and_a_reload_keeps_the_token() {
    let server = api(|token| token != "t1").await;
    let world = World::new();
    let spaced = || {
        shop(&server, Grant::ClientCredentials)
            .change_oauth2(|oauth2| oauth2.min_interval = Some(Duration::from_secs(50)))
    };
    let connection = world.open(spaced()).await;
    let started = world.clock.monotonic();
    get(&connection, "/x").await.unwrap();
    let took = world.clock.monotonic() - started;
    assert!(took >= Duration::from_secs(50), "{took:?}");
    let again = world.open(spaced()).await;
    get(&again, "/x").await.unwrap();
    assert_eq!(count(&server, "POST /token"), 2);
}

#[tokio::test]
async fn the_refresh_token_of_a_password_grant_is_used_while_it_works() {
    let asked = Mutex::new(0);
    let server = Server::start(move |_, got| {
        if got.line.starts_with("GET /x") {
            return Answer::json(200, &json!({}));
        }
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        match *asked {
            3 => Answer::json(400, &json!({ "error": "invalid_grant" })),
            n => {
                let (access, refresh) = (format!("access-{n}"), format!("refresh-{n}"));
                let token =
                    json!({ "access_token": access, "expires_in": 600, "refresh_token": refresh });
                Answer::json(200, &token)
            }
        }
    })
    .await;
    let world = World::new();
    let connection = world.open(shop(&server, Grant::Password)).await;
    for _ in 0..3 {
        get(&connection, "/x").await.unwrap();
        world.clock.sleep(Duration::from_secs(600)).await;
    }
    let bodies: Vec<String> = server
        .got()
        .into_iter()
        .filter(|got| got.line.starts_with("POST /token"))
        .map(|got| got.body.split("&client_id").next().unwrap().to_owned())
        .collect();
    assert_eq!(
        bodies,
        [
            "grant_type=password&username=user&password=user-password",
            "grant_type=refresh_token&refresh_token=refresh-1",
            "grant_type=refresh_token&refresh_token=refresh-2",
            "grant_type=password&username=user&password=user-password",
        ]
    );
}

#[tokio::test]
async fn a_refused_login_names_the_endpoint_and_pauses() {
    let location = ("Location", "/Account/LogOn".to_owned());
    let answer = Answer::Reply(302, vec![location], String::new());
    let server = Server::start(move |_, _| answer.clone()).await;
    let connection = World::new().open(shop(&server, Grant::Password)).await;
    let failure = post(&connection, "/x").await.unwrap_err();
    assert_eq!(
        (failure.class, failure.wire),
        (Class::Unauthorized, Wire::NotSent)
    );
    assert_eq!(failure.pause.unwrap().reason, PauseReason::TokenRefused);
    assert_eq!(
        failure.to_string().replace(&server.url(), "LOGIN"),
        "orders.yaml:12: no token from LOGIN/token: the API answered 302, a redirect to /Account/LogOn, which is not followed"
    );
}

#[derive(Debug, Default)]
struct Vault(Mutex<Option<StoredTokens>>);

impl TokenVault for Vault {
    fn load<'v>(
        &'v self,
        _: &'v VaultKey,
    ) -> BoxFuture<'v, Result<Option<StoredTokens>, VaultError>> {
        async { Ok(self.0.lock().unwrap().clone()) }.boxed()
    }

    fn rotate<'v>(
        &'v self,
        _: &'v VaultKey,
        from: TokenGeneration,
        token: &'v Secret,
    ) -> BoxFuture<'v, Result<(), VaultError>> {
        async move {
            let mut stored = self.0.lock().unwrap();
            let known = stored
                .as_ref()
                .map_or(TokenGeneration(0), |stored| stored.generation);
            assert_eq!(known, from);
            let previous = stored.take().map(|stored| stored.current);
            let generation = TokenGeneration(from.0 + 1);
            *stored = Some(StoredTokens {
                current: token.clone(),
                previous,
                generation,
            });
            Ok(())
        }
        .boxed()
    }
}

/// What a source that rotates still takes.
struct Rotating {
    count: usize,
    current: String,
    /// The source cannot know whether its last reply arrived.
    previous: String,
}

/// A source that gives a new refresh token with every use; the reply number `lose` is lost.
async fn rotating(lose: usize) -> Server {
    let first = Rotating {
        count: 0,
        current: "first-refresh".into(),
        previous: String::new(),
    };
    let valid = Mutex::new(first);
    Server::start(move |_, got: &Got| {
        if got.line.starts_with("GET /x") {
            return Answer::json(200, &json!({}));
        }
        let mut valid = valid.lock().unwrap();
        let given = got
            .body
            .split("refresh_token=")
            .nth(1)
            .unwrap()
            .split('&')
            .next()
            .unwrap();
        if given != valid.current && given != valid.previous {
            return Answer::json(400, &json!({ "error": "invalid_grant" }));
        }
        let count = valid.count + 1;
        let new = format!("refresh-{count}");
        *valid = Rotating {
            count,
            current: new.clone(),
            previous: given.to_owned(),
        };
        if count == lose {
            return Answer::Reset;
        }
        let token = json!({ "access_token": "access", "expires_in": 600, "refresh_token": new });
        Answer::json(200, &token)
    })
    .await
}

#[tokio::test]
async fn a_rotated_refresh_token_is_kept_before_it_is_needed() {
    let server = rotating(usize::MAX).await;
    let vault = Arc::new(Vault::default());
    let world = World::with_vault(Some(Arc::clone(&vault) as Arc<dyn TokenVault>));
    let connection = world.open(shop(&server, Grant::RefreshToken)).await;
    for (current, previous) in [("refresh-1", None), ("refresh-2", Some("refresh-1"))] {
        get(&connection, "/x").await.unwrap();
        let stored = vault.0.lock().unwrap().clone().unwrap();
        assert_eq!(stored.current.expose(), current);
        assert_eq!(stored.previous.as_ref().map(Secret::expose), previous);
        world.clock.sleep(Duration::from_secs(600)).await;
    }
}

#[tokio::test]
async fn after_a_lost_rotation_the_account_goes_on() {
    let server = rotating(2).await;
    let vault = Arc::new(Vault::default());
    let world = World::with_vault(Some(Arc::clone(&vault) as Arc<dyn TokenVault>));
    let connection = world.open(shop(&server, Grant::RefreshToken)).await;
    get(&connection, "/x").await.unwrap();
    world.clock.sleep(Duration::from_secs(600)).await;
    let lost = get(&connection, "/x").await.unwrap_err();
    assert_eq!((lost.class, lost.wire), (Class::Transient, Wire::NotSent));
    let pause = lost.pause.unwrap();
    assert_eq!(pause.reason, PauseReason::NoToken);
    world.clock.sleep_until(pause.until).await;
    world.clock.sleep(Duration::from_secs(5)).await;
    get(&connection, "/x").await.unwrap();
    assert_eq!(
        vault.0.lock().unwrap().clone().unwrap().current.expose(),
        "refresh-3"
    );
}

#[tokio::test]
async fn a_refresh_token_nobody_takes_needs_a_login_and_one_without_a_vault_a_key() {
    let server =
        Server::start(|_, _| Answer::json(400, &json!({ "error": "invalid_grant" }))).await;
    let vault: Arc<dyn TokenVault> = Arc::new(Vault::default());
    let connection = World::with_vault(Some(vault))
        .open(shop(&server, Grant::RefreshToken))
        .await;
    let failure = get(&connection, "/x").await.unwrap_err();
    assert_eq!(failure.blame.as_deref(), Some("refresh_token"));
    assert_eq!(
        failure.to_string().replace(&server.url(), "LOGIN"),
        "orders.yaml:12: the account needs a login: no refresh token is accepted any more (no token from LOGIN/token: the API answered 400: invalid_grant)"
    );
    let asked = server.got().len();
    let connection = World::new().open(shop(&server, Grant::RefreshToken)).await;
    assert_eq!(
        get(&connection, "/x").await.unwrap_err().to_string(),
        "orders.yaml:12: there is no sealing key, and the refresh token of shop of acme changes with every use; give the engine a sealing key"
    );
    assert_eq!(
        server.got().len(),
        asked,
        "a token that cannot be kept is not used up"
    );
}

/// Gives back what it was sent, in every way an API can.
fn echo(number: usize, got: &Got) -> Answer {
    let echo = format!("{} {:?} {}", got.line, got.headers, got.body);
    let authorization = got.header("authorization").unwrap_or_default();
    let decoded = STANDARD
        .decode(authorization.trim_start_matches("Basic "))
        .unwrap_or_default();
    let decoded = String::from_utf8_lossy(&decoded).into_owned();
    match number % 4 {
        0 => Answer::json(400, &json!({ "message": decoded })),
        1 => Answer::Reply(400, vec![], echo),
        2 => {
            let encoded: String = url::form_urlencoded::byte_serialize(echo.as_bytes()).collect();
            Answer::Reply(
                302,
                vec![("Location", format!("/login/{encoded}"))],
                String::new(),
            )
        }
        _ => Answer::json(
            500,
            &json!({ "echo": echo, "deep": { "decoded": decoded } }),
        ),
    }
}

/// P9, with a secret full of what YAML, JSON and addresses escape.
#[tokio::test]
async fn no_secret_shows_in_any_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("canary");
    std::fs::write(&path, "c4n: \"{ary}\"/+&=%?#'x\\y").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let server = Server::start(echo).await;
    let mut world = World::new();
    world.secrets = Secrets::new(
        SecretSource::Directory(folder.path().into()),
        world.clock.clone(),
    );
    let shop = || Shop {
        params: vec![("canary", ParamValue::Secret("canary".into()))],
        ..Shop::at(server.url())
    };
    let secret = || template("{{ params.canary }}");
    let mut texts = Vec::new();
    for auth in [
        Auth::Basic(template("user"), secret()),
        Auth::Bearer(secret()),
        Auth::ApiKey("key".into(), secret(), ApiKeyPlace::Query),
    ] {
        let connection = world.open(Shop { auth, ..shop() }).await;
        for _ in 0..4 {
            let failure = post(&connection, "/x").await.unwrap_err();
            texts.push(format!("{failure} {failure:?}"));
        }
        texts.push(format!("{connection:?}"));
    }
    for send in [ClientSend::Basic, ClientSend::Body] {
        for _ in 0..4 {
            let token_url = format!("{}/token", server.url());
            let account = shop()
                .oauth2(Grant::Password, &token_url)
                .change_oauth2(|oauth2| {
                    oauth2.send = send;
                    oauth2.client_secret = secret();
                    oauth2.password = Some(secret());
                });
            let connection = world.open(account).await;
            let failure = post(&connection, "/x").await.unwrap_err();
            texts.push(format!("{failure} {failure:?}"));
        }
    }
    assert!(server.got().len() >= 20, "every kind of echo was seen");
    for text in texts {
        // The canary's ends, and the base64 of its beginning at each of its three alignments.
        for part in ["c4n", "ary", "YzRu", "M0bj", "jNG4"] {
            assert!(!text.contains(part), "{part} in {text}");
        }
    }
}
