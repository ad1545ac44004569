//! The simulators, driven over real HTTP as a client sees them.

mod both;
mod faults;
mod fleet;
mod servicechannel;
mod servicetitan;

use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use syncline::sandbox::kit::Kit;
use syncline::sandbox::kit::recorder::Exchange;
use syncline::sandbox::kit::time::SimClock;
use syncline::sandbox::servicechannel::{
    CLIENT_ID, CLIENT_SECRET, PASSWORD, PROVIDER_ID, Seed, ServiceChannel, Settings, USERNAME,
};

/// When every test begins, by the simulators' clock.
fn start() -> DateTime<Utc> {
    "2026-11-02T08:00:00.1234567Z".parse().unwrap()
}

fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An engine of another test in this process may have chosen the same one before.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

fn seed() -> Seed {
    Seed {
        seed: 7,
        provider: PROVIDER_ID,
        subscribers: 3,
        locations: 40,
        work_orders: 500,
        started: 60,
        after_activation: 200,
        activation: start() - chrono::TimeDelta::days(2),
    }
}

/// A simulated ServiceChannel and a client that is logged in to it. What it saw is held against the
/// vendor's OpenAPI file at the end, when that is there (see `contract`).
struct Sc {
    served: ServiceChannel,
    http: Client,
    token: String,
    seen: Seen,
}

/// Every exchange of a test.
struct Seen(Arc<Mutex<Vec<Exchange>>>);

impl Drop for Seen {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            servicechannel::contract::check(&self.0.lock().unwrap());
        }
    }
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: StatusCode,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Reply {
    async fn of(response: reqwest::Response) -> Self {
        let status = response.status();
        let headers = response.headers().clone();
        Self {
            status,
            headers,
            text: response.text().await.unwrap(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The body of a 200.
    fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// Status and code of a refusal, whose body must have the vendor's form.
    fn refusal(&self) -> (u16, i64) {
        let body = self.json();
        let code = body["ErrorCode"]
            .as_i64()
            .unwrap_or_else(|| panic!("no code: {self:?}"));
        assert_eq!(body["ErrorCodes"], json!([code]));
        assert!(
            body["ErrorMessage"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        );
        (self.status.as_u16(), code)
    }
}

impl Sc {
    async fn new() -> Self {
        Self::with(seed(), Settings::unlimited()).await
    }

    async fn with(seed: Seed, settings: Settings) -> Self {
        let kit = Kit::new(SimClock::starting(start(), 1), 7);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        kit.recorder
            .record(move |exchange| sink.lock().unwrap().push(exchange));
        let served = ServiceChannel::start("127.0.0.1:0".parse().unwrap(), kit, seed, settings)
            .await
            .unwrap();
        let mut sc = Self {
            served,
            http: client(),
            token: String::new(),
            seen: Seen(seen),
        };
        sc.token = sc.log_in().await;
        sc
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.served.url())
    }

    async fn log_in(&self) -> String {
        let reply = self
            .token(&[
                ("grant_type", "password"),
                ("username", USERNAME),
                ("password", PASSWORD),
            ])
            .await;
        reply.ok()["access_token"].as_str().unwrap().to_owned()
    }

    async fn token(&self, form: &[(&str, &str)]) -> Reply {
        self.token_as(CLIENT_ID, CLIENT_SECRET, form).await
    }

    async fn token_as(&self, id: &str, secret: &str, form: &[(&str, &str)]) -> Reply {
        let request = self
            .http
            .post(self.url("/oauth/token"))
            .basic_auth(id, Some(secret));
        Reply::of(request.form(form).send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.query(path, &[]).await
    }

    async fn query(&self, path: &str, query: &[(&str, &str)]) -> Reply {
        Reply::of(self.try_query(path, query).await.unwrap()).await
    }

    async fn try_query(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> reqwest::Result<reqwest::Response> {
        self.http
            .get(self.url(path))
            .query(query)
            .bearer_auth(&self.token)
            .send()
            .await
    }

    async fn put(&self, path: &str, body: Value) -> Reply {
        let request = self
            .http
            .put(self.url(path))
            .json(&body)
            .bearer_auth(&self.token);
        Reply::of(request.send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        Reply::of(self.try_post(path, body).await.unwrap()).await
    }

    async fn try_post(&self, path: &str, body: Value) -> reqwest::Result<reqwest::Response> {
        self.http
            .post(self.url(path))
            .json(&body)
            .bearer_auth(&self.token)
            .send()
            .await
    }

    /// One page of work orders.
    async fn list(&self, query: &[(&str, &str)]) -> Value {
        self.query("/v3/odata/workorders", query).await.ok()
    }

    /// How a query for work orders is refused.
    async fn list_refused(&self, query: &[(&str, &str)]) -> (u16, i64) {
        self.query("/v3/odata/workorders", query).await.refusal()
    }

    /// A control call. They need no token.
    async fn control(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Reply {
        let mut request = self
            .http
            .request(method, self.url(&format!("/_control{path}")));
        if let Some(body) = body {
            request = request.json(&body);
        }
        Reply::of(request.send().await.unwrap()).await
    }

    fn world(&self) -> &syncline::sandbox::servicechannel::World {
        self.served.world()
    }
}

/// The ids of a page.
fn ids(page: &Value) -> Vec<i64> {
    rows(page)
        .iter()
        .map(|row| row["Id"].as_i64().unwrap())
        .collect()
}

fn rows(page: &Value) -> &Vec<Value> {
    page["value"]
        .as_array()
        .unwrap_or_else(|| panic!("no page: {page}"))
}
