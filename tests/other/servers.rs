//! The made-up APIs themselves: a test that leans on them must be able to fail.

use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::apis::depot::{AUDIENCE, CLIENT, Depot, Loss, SECRET, SITE};
use super::apis::orchard::{KEY, Orchard, Order, SHOP};

fn client() -> Client {
    // Whoever is first installs it; every test of this binary wants the same one.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder().no_proxy().build().unwrap()
}

/// Asks again and again until something holds.
async fn until(holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < deadline, "it never held");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn shop(orchard: &Orchard, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let url = if path.starts_with("http") {
        path.to_owned()
    } else {
        format!("{}/shops/{SHOP}{path}", orchard.url())
    };
    let mut request = client().request(method, url).header("X-Orchard-Key", KEY);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let reply = request.send().await.unwrap();
    (
        reply.status().as_u16(),
        reply.json().await.unwrap_or_default(),
    )
}

struct Desk<'d> {
    depot: &'d Depot,
    http: Client,
    token: String,
}

impl<'d> Desk<'d> {
    async fn of(depot: &'d Depot) -> Self {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("client_secret", SECRET),
            ("audience", AUDIENCE),
        ];
        let http = client();
        let url = format!("{}/oauth/token", depot.url());
        let reply: Value = http
            .post(url)
            .form(&form)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let token = reply["access_token"].as_str().unwrap().to_owned();
        Self { depot, http, token }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> reqwest::Result<reqwest::Response> {
        let url = format!("{}/v1/{SITE}{path}", self.depot.url());
        let request = self.http.request(method, url).bearer_auth(&self.token);
        if body.is_null() {
            request.send().await
        } else {
            request.json(&body).send().await
        }
    }

    async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, Value::Null)
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn hits(&self, reference: &str) -> usize {
        let body = json!({ "where": { "externalRef": reference } });
        let reply = self
            .ask(Method::POST, "/shipments/search?offset=0&limit=2", body)
            .await
            .unwrap();
        let reply: Value = reply.json().await.unwrap();
        reply["hits"].as_array().unwrap().len()
    }
}

#[tokio::test]
async fn orchard_lists_orders_by_revision_over_next_links() {
    let orchard = Orchard::start().await;
    for n in 1..=7 {
        orchard.place(Order::new(&format!("OR-2026-{n:04}"), "BU-001"));
    }
    orchard.change("OR-2026-0002", |order| order.wish = Some("soon".to_owned()));
    let (mut path, mut seen) = (
        "/orders?changed_after=0&sort=revision".to_owned(),
        Vec::new(),
    );
    loop {
        let (status, page) = shop(&orchard, Method::GET, &path, None).await;
        assert_eq!(status, 200);
        let rows = page["orders"].as_array().unwrap();
        assert!(rows.len() <= 3);
        seen.extend(
            rows.iter()
                .map(|row| row["ref"].as_str().unwrap().replace("OR-2026-", "")),
        );
        match page["links"]["next"].as_str() {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(
        seen,
        ["0001", "0003", "0004", "0005", "0006", "0007", "0002"]
    );
}

#[tokio::test]
async fn orchard_refuses_other_keys_and_a_second_product_of_one_sku() {
    let orchard = Orchard::start().await;
    let url = format!("{}/shops/{SHOP}/profile", orchard.url());
    let reply = client()
        .get(url)
        .header("X-Orchard-Key", "other")
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), StatusCode::UNAUTHORIZED);
    let new = json!({ "sku": "A", "title": "A" });
    let (status, made) = shop(&orchard, Method::POST, "/products", Some(new.clone())).await;
    assert_eq!((status, &made["uid"]), (201, &json!("4100006")));
    let (status, refused) = shop(&orchard, Method::POST, "/products", Some(new)).await;
    assert_eq!(
        (status, &refused["error"]["kind"]),
        (409, &json!("duplicate"))
    );
    let (_, last) = shop(&orchard, Method::GET, "/products?page=4&per=2", None).await;
    assert_eq!(last, json!({ "products": [] }));
}

#[tokio::test]
async fn orchard_raises_the_revision_only_when_something_changed() {
    let orchard = Orchard::start().await;
    orchard.place(Order::new("OR-2026-0001", "BU-001"));
    let patch = || Some(json!({ "shipping": { "state": "sent" } }));
    let (_, first) = shop(&orchard, Method::PATCH, "/orders/OR-2026-0001", patch()).await;
    let (_, second) = shop(&orchard, Method::PATCH, "/orders/OR-2026-0001", patch()).await;
    assert_eq!(first["order"]["revision"], 102);
    assert_eq!(second["order"]["revision"], 102);
}

#[tokio::test]
async fn depot_makes_twice_what_is_sent_twice_and_shows_it_later() {
    let depot = Depot::start().await;
    depot.set_lag(Duration::from_millis(200));
    let desk = Desk::of(&depot).await;
    for _ in 0..2 {
        let made = desk
            .ask(Method::POST, "/shipments", json!({ "externalRef": "x" }))
            .await
            .unwrap();
        assert_eq!(made.status(), 201);
    }
    assert_eq!(desk.hits("x").await, 0, "not yet");
    assert_eq!(desk.get("/feed").await["events"], json!([]));
    until(async || desk.hits("x").await == 2).await;
    let page = desk.get("/feed?since=f-1").await;
    assert_eq!(
        (&page["next"], &page["more"]),
        (&json!("f-2"), &json!(false))
    );
    assert_eq!(page["events"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn depot_loses_replies_and_requests() {
    let depot = Depot::start().await;
    let desk = Desk::of(&depot).await;
    depot.lose(&[Loss::Reply, Loss::Request]);
    for made in [1, 1] {
        let failed = desk
            .ask(Method::POST, "/shipments", json!({ "externalRef": "x" }))
            .await;
        assert!(failed.is_err(), "{failed:?}");
        assert_eq!(depot.shipments().len(), made);
    }
    assert_eq!(depot.losses_left(), 0);
}

#[tokio::test]
async fn depot_asks_for_a_rest_and_notes_who_does_not_keep_it() {
    let depot = Depot::start().await;
    let desk = Desk::of(&depot).await;
    depot.throttle(1);
    let status = async || {
        desk.ask(Method::GET, "/carriers", Value::Null)
            .await
            .unwrap()
            .status()
    };
    assert_eq!(status().await, 200);
    assert_eq!(status().await, 429);
    assert_eq!(
        depot.refused_and_impatient(),
        (1, 0),
        "the first 429 is nobody's fault"
    );
    until(async || status().await == 200 || depot.refused_and_impatient().1 > 0).await;
    assert!(
        depot.refused_and_impatient().1 > 0,
        "who asks on and on is noted"
    );
    until(async || status().await == 200).await;
}

#[tokio::test]
async fn depot_refuses_by_a_code_in_a_header() {
    let depot = Depot::start().await;
    let desk = Desk::of(&depot).await;
    let refused = desk
        .ask(Method::POST, "/shipments", json!({ "country": "XX" }))
        .await
        .unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["x-code"]),
        (422, &"ADDRESS".parse().unwrap())
    );
    let wrong = desk
        .ask(Method::POST, "/shipments", json!({ "surchargeRef": 4 }))
        .await
        .unwrap();
    assert_eq!(wrong.headers()["x-code"], "TYPE");
    depot.tokens_last(1);
    let late = desk
        .ask(Method::GET, "/carriers", Value::Null)
        .await
        .unwrap();
    assert_eq!(late.status(), 401);
}
