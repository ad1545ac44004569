//! `/oauth/token` and the tokens it gives.

use std::time::Duration;

use syncline::sandbox::servicechannel::settings::{Refresh, Switch};
use syncline::sandbox::servicechannel::{
    CLIENT_ID, CLIENT_SECRET, PASSWORD, SECOND_CLIENT_ID, SECOND_USERNAME, Settings, USERNAME,
};

use crate::sandbox::{Reply, Sc, seed};

const PASSWORD_GRANT: [(&str, &str); 3] = [
    ("grant_type", "password"),
    ("username", USERNAME),
    ("password", PASSWORD),
];

fn refresh_token(reply: &Reply) -> String {
    reply.ok()["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_password_buys_a_token_for_600_seconds() {
    let mut sc = Sc::new().await;
    let reply = sc.token(&PASSWORD_GRANT).await;
    let body = reply.ok();
    assert_eq!(body["token_type"], "bearer");
    assert_eq!(body["expires_in"], 600);
    sc.token = body["access_token"].as_str().unwrap().to_owned();
    let clock = &sc.world().kit().clock;
    clock.advance(Duration::from_secs(590));
    sc.get("/v3/workorders/310000001").await.ok();
    clock.advance(Duration::from_secs(11));
    let late = sc.get("/v3/workorders/310000001").await;
    assert_eq!(late.status, 401);
    assert_eq!(
        late.json().get("ErrorCode"),
        None,
        "a token's 401 has no code: {late:?}"
    );
}

#[tokio::test]
async fn without_a_good_token_nobody_comes_in() {
    let mut sc = Sc::new().await;
    for token in ["", "made-up"] {
        token.clone_into(&mut sc.token);
        assert_eq!(sc.get("/v3/odata/workorders").await.status, 401);
        assert_eq!(sc.get("/v3/no-such-thing").await.status, 401);
    }
    sc.token = sc.log_in().await;
    sc.world().expire_tokens();
    assert_eq!(sc.get("/v3/odata/workorders").await.status, 401);
}

#[tokio::test]
async fn an_unknown_client_is_sent_to_a_page_for_people() {
    let sc = Sc::new().await;
    for (id, secret) in [("PR.1.UNKNOWN", CLIENT_SECRET), (CLIENT_ID, "wrong")] {
        let reply = sc.token_as(id, secret, &PASSWORD_GRANT).await;
        assert_eq!(reply.status, 302);
        let place = reply.headers["location"].to_str().unwrap();
        assert!(place.starts_with("/Account/LogOn"), "{place}");
        let page = sc.get(place).await;
        assert!(
            page.text.contains("<html>") && page.text.contains("Log On"),
            "{page:?}"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_is_a_400_that_says_so() {
    let sc = Sc::new().await;
    for (user, password) in [(USERNAME, "wrong"), ("nobody@best.example", PASSWORD)] {
        let form = [
            ("grant_type", "password"),
            ("username", user),
            ("password", password),
        ];
        let reply = sc.token(&form).await;
        assert_eq!(reply.status, 400);
        assert_eq!(reply.json()["error"], "invalid_grant");
        let description = &reply.json()["error_description"];
        assert_eq!(description, "The user name or password is incorrect.");
    }
    let reply = sc.token(&[("grant_type", "client_credentials")]).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["error"]),
        (400, &"unsupported_grant_type".into())
    );
}

#[tokio::test]
async fn one_token_request_per_user_in_five_seconds() {
    let settings = Settings {
        token_throttle: Switch::On,
        ..Settings::unlimited()
    };
    let sc = Sc::with(seed(), settings).await;
    let reply = sc.token(&PASSWORD_GRANT).await;
    assert_eq!(reply.status, 429);
    assert_eq!(
        reply.headers["error-message"],
        "Rejected by security reason: Login attempts limit exceed."
    );
    let second = [
        ("grant_type", "password"),
        ("username", SECOND_USERNAME),
        ("password", PASSWORD),
    ];
    sc.token(&second).await.ok();
    sc.world().kit().clock.advance(Duration::from_secs(5));
    sc.token(&PASSWORD_GRANT).await.ok();
}

#[tokio::test]
async fn a_refresh_token_stays_good_or_is_used_up() {
    let sc = Sc::new().await;
    let first = refresh_token(&sc.token(&PASSWORD_GRANT).await);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first.as_str()),
    ];
    assert_eq!(refresh_token(&sc.token(&form).await), first);

    let rotating = Settings {
        refresh: Refresh::Rotate,
        ..Settings::unlimited()
    };
    sc.world().set(rotating);
    let second = refresh_token(&sc.token(&form).await);
    assert_ne!(second, first);
    let again = sc.token(&form).await;
    assert_eq!(
        (again.status.as_u16(), &again.json()["error"]),
        (400, &"invalid_grant".into())
    );
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", second.as_str()),
    ];
    let foreign = sc.token_as(SECOND_CLIENT_ID, CLIENT_SECRET, &form).await;
    assert_eq!(foreign.status, 400, "another client's token");
    sc.token(&form).await.ok();
}

#[tokio::test]
async fn a_code_is_good_once_and_for_its_address() {
    let sc = Sc::new().await;
    let address = "http://127.0.0.1:9/back?x=1";
    let query = [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", address),
        ("state", "s1"),
    ];
    let code = async || {
        let reply = sc.query("/oauth/authorize", &query).await;
        assert_eq!(reply.status, 302);
        let place = reply.headers["location"].to_str().unwrap().to_owned();
        let rest = place
            .strip_prefix("http://127.0.0.1:9/back?x=1&code=")
            .unwrap();
        rest.strip_suffix("&state=s1").unwrap().to_owned()
    };
    let exchange = async |code: &str, address: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", address),
        ];
        sc.token(&form).await
    };
    let first = code().await;
    exchange(&first, address).await.ok();
    assert_eq!(exchange(&first, address).await.status, 400, "used twice");
    let second = code().await;
    assert_eq!(
        exchange(&second, "http://127.0.0.1:9/other").await.status,
        400
    );
}
