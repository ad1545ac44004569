//! Who may do what: named tokens with scopes, and no way around them.

use axum::http::Method;
use serde_json::json;
use syncline::server::{Needs, Scope, endpoints};

use crate::harness::hooks::Served;
use crate::harness::{World, until};

const TOKENS: [(&str, &str); 3] = [
    ("read", "a-token-for-looking"),
    ("operate", "a-token-for-operating"),
    ("admin", "a-token-for-changing"),
];

async fn with_tokens() -> (World, Served) {
    let world = World::start().await;
    let access = TOKENS.map(|(scope, token)| {
        world.secret(&format!("ops/{scope}"), token);
        json!({ "name": format!("who-may-{scope}"), "scope": scope, "token": { "secret": format!("ops/{scope}") } })
    });
    world.edit("syncline.yaml", "/access", json!(access));
    let served = world.serve().await;
    (world, served)
}

#[tokio::test]
async fn every_endpoint_asks_for_its_scope() {
    let (_world, served) = with_tokens().await;
    for endpoint in endpoints() {
        // No such tenant: whoever may is told so, and nothing is done.
        let path = format!("/v1{}", endpoint.path.replace(['{', '}'], "-"));
        let body = || (endpoint.method == Method::POST).then(|| "{}".to_owned());
        let ask = async |token: Option<&str>| {
            let answer = served
                .ask(endpoint.method.clone(), &path, token, body())
                .await;
            (answer.status, answer)
        };
        let Needs::Scope(needs) = endpoint.needs else {
            assert_eq!(ask(None).await.0, 200, "{path} is for anybody");
            continue;
        };
        let (status, refused) = ask(None).await;
        assert_eq!(status, 401, "{path}");
        assert_eq!(refused.headers["www-authenticate"], "Bearer");
        assert_eq!(refused.json()["type"], "urn:syncline:problem:no-token");
        assert_eq!(ask(Some("a-token-of-nobody")).await.0, 401, "{path}");
        let scopes = [Scope::Read, Scope::Operate, Scope::Admin];
        for (scope, (name, token)) in scopes.into_iter().zip(TOKENS) {
            let (status, answer) = ask(Some(token)).await;
            if scope < needs {
                assert_eq!(status, 403, "{path} with {name}");
                let wanted = TOKENS[needs as usize].0;
                assert_eq!(
                    answer.json()["detail"],
                    format!("the token is not for this; one with the scope `{wanted}` is")
                );
            } else {
                assert!(
                    !matches!(status, 401 | 403),
                    "{path} with {name}: {}",
                    answer.text
                );
            }
        }
    }
}

#[tokio::test]
async fn the_audit_log_names_who_has_the_token() {
    let (_world, served) = with_tokens().await;
    let url = format!("http://{}/v1/pause", served.admin);
    // Only the command line of the machine says for whom it asks.
    let asked = crate::harness::hooks::client()
        .post(url)
        .bearer_auth(TOKENS[1].1)
        .header("syncline-by", "somebody else");
    assert_eq!(asked.send().await.unwrap().status(), 200);
    let log = served.get("/v1/audit").await.fine();
    assert_eq!(
        super::entries(&log),
        [("pause".to_owned(), "who-may-operate".to_owned())]
    );
}

#[tokio::test]
async fn a_token_is_changed_without_a_restart() {
    let (world, served) = with_tokens().await;
    let who = async |token: &str| {
        served
            .ask(Method::GET, "/v1/whoami", Some(token), None)
            .await
            .status
    };
    assert_eq!(who(TOKENS[0].1).await, 200);
    world.secret("ops/read", "another-token-for-looking");
    until("the new token is known", async || {
        who("another-token-for-looking").await == 200
    })
    .await;
    assert_eq!(who(TOKENS[0].1).await, 401);
    assert_eq!(who(TOKENS[1].1).await, 200);
}

#[tokio::test]
async fn a_token_that_could_be_guessed_lets_nobody_in() {
    let world = World::start().await;
    world.secret("ops/token", "short");
    let access = json!([
        { "name": "grafana", "scope": "read", "token": { "secret": "ops/token" } },
        { "name": "nobody", "scope": "read", "token": { "secret": "ops/missing" } },
    ]);
    world.edit("syncline.yaml", "/access", access);
    let served = world.serve().await;
    let said = served.said();
    assert!(
        said.contains(
            "error: grafana has no access: the secret `ops/token` is shorter than 16 letters\n"
        ),
        "{said}"
    );
    assert!(said.contains("error: nobody has no access: "), "{said}");
    let answer = served
        .ask(Method::GET, "/v1/whoami", Some("short"), None)
        .await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_session_alone_changes_nothing() {
    let (_world, served) = with_tokens().await;
    let client = crate::harness::hooks::client();
    let login = format!("http://{}/login?token={}", served.admin, TOKENS[2].1);
    let begun = client.get(login).send().await.unwrap();
    let cookie = begun.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let ask = async |method: Method, path: &str| {
        let url = format!("http://{}{path}", served.admin);
        let asked = client.request(method, url).header("cookie", &cookie);
        let reply = asked.send().await.unwrap();
        (reply.status().as_u16(), reply.text().await.unwrap())
    };
    assert_eq!(ask(Method::GET, "/v1/whoami").await.0, 200);
    let (status, refused) = ask(Method::POST, "/v1/pause").await;
    assert_eq!(status, 403);
    assert!(
        refused
            .contains("a session was given, and not the token that only pages of the console know"),
        "{refused}"
    );
}
