//! Check list 1 and the limits: tokens, both headers, the tenant, 429.

use serde_json::json;
use syncline::sandbox::servicetitan::TokenThrottle;

use super::*;

#[tokio::test]
async fn a_token_is_given_for_the_right_credentials_only() {
    let st = St::new().await;
    let token = st.ask_token("cid.sandbox", "cs1.sandbox").await.ok();
    assert_eq!(
        (&token["expires_in"], &token["token_type"]),
        (&json!(900), &json!("Bearer"))
    );
    assert!(token["scope"].as_str().unwrap().contains("tn.jpm.jobs:w"));
    for (id, secret) in [("cid.sandbox", "wrong"), ("cid.other", "cs1.sandbox")] {
        let reply = st.ask_token(id, secret).await;
        assert_eq!(reply.status, 400);
        assert_eq!(reply.json(), json!({"error": "invalid_client"}));
    }
}

#[tokio::test]
async fn a_token_ends_after_900_seconds() {
    let st = St::new().await;
    st.advance(899);
    st.get("settings/business-units").await;
    st.advance(2);
    let reply = st.try_get("settings/business-units").await;
    assert!(refused_fields(&reply, 401).is_empty());
    let token = st.ask_token("cid.sandbox", "cs1.sandbox").await.ok();
    let fresh = token["access_token"].as_str().unwrap();
    assert_ne!(fresh, st.token);
    let url = format!(
        "{}/settings/v2/tenant/1000/business-units",
        st.running.url()
    );
    let request = st.http.get(url).header("Authorization", fresh);
    let reply = request
        .header("ST-App-Key", "ak1.sandbox")
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200, "a token without Bearer is taken too");
}

#[tokio::test]
async fn every_call_needs_token_app_key_and_its_own_tenant() {
    let st = St::new().await;
    let status = |path: &'static str, key: Option<&'static str>, token: Option<String>| {
        let mut request = st.http.get(format!("{}{path}", st.running.url()));
        if let Some(key) = key {
            request = request.header("ST-App-Key", key);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let token = || Some(st.token.clone());
    let path = "/crm/v2/tenant/1000/customers";
    assert_eq!(status(path, Some("ak1.sandbox"), token()).await, 200);
    assert_eq!(status(path, None, token()).await, 401);
    assert_eq!(status(path, Some("ak1.wrong"), token()).await, 401);
    assert_eq!(status(path, Some("ak1.sandbox"), None).await, 401);
    assert_eq!(
        status(path, Some("ak1.sandbox"), Some("eyJ.no.no".to_owned())).await,
        401
    );
    let keyed = "/crm/v2/tenant/1000/customers?servicetitanapplicationkey=ak1.sandbox";
    assert_eq!(status(keyed, None, token()).await, 200);
    assert_eq!(
        status(
            "/crm/v2/tenant/1001/customers",
            Some("ak1.sandbox"),
            token()
        )
        .await,
        403
    );
    assert_eq!(
        status("/crm/v2/tenant/1000/planets", Some("ak1.sandbox"), token()).await,
        404
    );
    assert_eq!(
        status("/crm/v2/customers", Some("ak1.sandbox"), token()).await,
        404
    );
    st.titan.revoke_tokens();
    assert_eq!(status(path, Some("ak1.sandbox"), token()).await, 401);
}

#[tokio::test]
async fn the_sixty_first_call_of_a_second_waits() {
    let st = St::with(Config::default()).await;
    let mut refused = None;
    for _ in 0..61 {
        let reply = st.try_get("marketing/categories").await;
        if reply.status == 429 {
            refused = Some(reply);
        }
    }
    let reply = refused.expect("61 calls take less than a second");
    assert_eq!(reply.headers["retry-after"], "1");
    assert_eq!(
        reply.json(),
        json!({"statusCode": 429, "message": "Rate limit is exceeded. Try again in 1 seconds."})
    );
    st.advance(1);
    st.get("marketing/categories").await;
}

#[tokio::test]
async fn the_token_endpoint_can_be_throttled() {
    let config = Config {
        token_throttle: TokenThrottle::PerMinute(2),
        ..Config::default()
    };
    let st = St::with(config).await;
    assert_eq!(st.ask_token("cid.sandbox", "cs1.sandbox").await.status, 200);
    let reply = st.ask_token("cid.sandbox", "cs1.sandbox").await;
    assert_eq!(reply.status, 429);
    assert!(reply.headers.contains_key("retry-after"));
    st.advance(60);
    assert_eq!(st.ask_token("cid.sandbox", "cs1.sandbox").await.status, 200);
}
