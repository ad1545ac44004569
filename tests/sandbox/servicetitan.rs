//! The simulated ServiceTitan against the check list of its reference. Every reply of every test
//! is also held against the vendor's OpenAPI files, when they are there (see `contract`).

mod access;
mod attachments;
mod bookings;
mod contract;
mod customers;
mod faults;
mod feeds;
mod invoices;
mod jobs;
mod journal;
mod lists;
mod marketing;
mod people;
mod visits;
mod webhooks;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use syncline::sandbox::kit::Kit;
use syncline::sandbox::kit::recorder::Exchange;
use syncline::sandbox::kit::server::Running;
use syncline::sandbox::kit::time::SimClock;
use syncline::sandbox::servicetitan::{Config, Id, ServiceTitan, Switches, known};

use super::{Reply, client, start};

/// The GUID of the app whose credentials the tests use.
const GUID: &str = "6f1c7a0e-0000-4000-8000-000000000001";
/// The GUID of some other app.
const OTHER_GUID: &str = "6f1c7a0e-0000-4000-8000-000000000002";

/// A simulated tenant and a client that holds a token for it.
struct St {
    titan: ServiceTitan,
    running: Running,
    http: reqwest::Client,
    token: String,
    seen: Arc<Mutex<Vec<Exchange>>>,
}

impl St {
    async fn new() -> Self {
        Self::with(Config {
            calls_per_second: None,
            ..Config::default()
        })
        .await
    }

    async fn switched(switches: Switches) -> Self {
        Self::with(Config {
            calls_per_second: None,
            switches,
            ..Config::default()
        })
        .await
    }

    async fn with(config: Config) -> Self {
        let kit = Kit::new(SimClock::starting(start(), 1), 7);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        kit.recorder
            .record(move |exchange| sink.lock().unwrap().push(exchange));
        let titan = ServiceTitan::new(kit, config);
        let running = titan.start("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let mut st = Self {
            titan,
            running,
            http: client(),
            token: String::new(),
            seen,
        };
        let token = st.ask_token("cid.sandbox", "cs1.sandbox").await.ok();
        token["access_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut st.token);
        st
    }

    async fn ask_token(&self, id: &str, secret: &str) -> Reply {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
        ];
        let request = self
            .http
            .post(format!("{}/connect/token", self.running.url()));
        Reply::of(request.form(&form).send().await.unwrap()).await
    }

    /// A request with token and app key; `path` is the module and what follows the tenant.
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let (module, rest) = path.split_once('/').unwrap();
        let url = format!("{}/{module}/v2/tenant/1000/{rest}", self.running.url());
        let request = self.http.request(method, url).bearer_auth(&self.token);
        request.header("ST-App-Key", "ak1.sandbox")
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        Reply::of(request.send().await.unwrap()).await
    }

    async fn try_get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    async fn get(&self, path: &str) -> Value {
        self.try_get(path).await.ok()
    }

    async fn try_post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.try_post(path, body).await.ok()
    }

    async fn try_patch(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::PATCH, path, Some(body)).await
    }

    async fn patch(&self, path: &str, body: &Value) -> Value {
        self.try_patch(path, body).await.ok()
    }

    /// A PUT that answers with 200 and no body.
    async fn put(&self, path: &str, body: &Value) {
        let reply = self.send(Method::PUT, path, Some(body)).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text.as_str()),
            (200, ""),
            "{reply:?}"
        );
    }

    async fn try_put(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// A control call.
    async fn control(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let mut request = self
            .http
            .request(method, format!("{}/_control/{path}", self.running.url()));
        if let Some(body) = body {
            request = request.json(body);
        }
        Reply::of(request.send().await.unwrap()).await
    }

    /// A control call that answers 204.
    async fn act(&self, path: &str, body: &Value) {
        let reply = self.control(Method::POST, path, Some(body)).await;
        assert_eq!(reply.status, 204, "{path}: {reply:?}");
    }

    /// Why a control call is refused.
    async fn refused(&self, path: &str, body: &Value) -> String {
        let reply = self.control(Method::POST, path, Some(body)).await;
        assert_eq!(reply.status, 400, "{path}: {reply:?}");
        reply.json()["error"].as_str().unwrap().to_owned()
    }

    /// The id of the new row that a control call creates.
    async fn make(&self, path: &str, body: &Value) -> Id {
        id(&self.control(Method::POST, path, Some(body)).await.ok())
    }

    fn advance(&self, seconds: u64) {
        self.titan.kit().clock.advance(Duration::from_secs(seconds));
    }

    /// How often each natural key of a collection was created.
    fn created(&self, collection: &str) -> Vec<(String, usize)> {
        let mut creations = self.titan.kit().audit.creations();
        creations
            .remove(collection)
            .unwrap_or_default()
            .into_iter()
            .collect()
    }
}

impl Drop for St {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            contract::check(&self.seen.lock().unwrap());
        }
    }
}

/// The rows of a page or a feed.
fn rows(page: &Value) -> &Vec<Value> {
    page["data"]
        .as_array()
        .unwrap_or_else(|| panic!("no page: {page}"))
}

/// The ids of a page or a feed.
fn ids(page: &Value) -> Vec<i64> {
    rows(page)
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect()
}

fn id(row: &Value) -> Id {
    Id(row["id"].as_i64().unwrap_or_else(|| panic!("no id: {row}")))
}

/// The fields that a refusal names, whose body must have the documented form.
fn refused_fields(reply: &Reply, status: u16) -> Vec<String> {
    assert_eq!(reply.status.as_u16(), status, "{reply:?}");
    let body = reply.json();
    assert_eq!(body["status"], json!(status));
    assert!(body["title"].is_string() && body["traceId"].is_string() && body["data"].is_object());
    body["errors"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

fn address() -> Value {
    json!({"street": "1 Main St", "unit": null, "city": "Glendale", "state": "CA",
           "zip": "91203", "country": "USA"})
}

fn external(guid: &str, key: &str, value: &str) -> Value {
    json!({"applicationGuid": guid, "externalData": [{"key": key, "value": value}]})
}

/// The query that finds rows by external data.
fn lookup(guid: &str, key: &str, values: &str) -> String {
    format!("externalDataApplicationGuid={guid}&externalDataKey={key}&externalDataValues={values}")
}

fn new_customer(name: &str) -> Value {
    json!({"name": name, "type": "Commercial", "address": address(),
           "locations": [{"name": name, "address": address()}]})
}

fn new_booking(external_id: &str) -> Value {
    json!({"source": "ServiceChannel", "name": "Example Retail 0042", "address": address(),
           "summary": "Tracking number 123456789", "isFirstTimeClient": false,
           "contacts": [{"type": "Phone", "value": "8185550100"}], "customerType": "Commercial",
           "start": "2026-11-04T15:00:00Z", "campaignId": known::CAMPAIGN,
           "businessUnitId": known::UNIT_HVAC, "jobTypeId": known::JOB_TYPE_HVAC,
           "priority": "High", "externalId": external_id})
}

/// The path of the app's bookings.
const BOOKINGS: &str = "crm/booking-provider/55/bookings";

/// A job for the seed's linked customer.
fn new_job() -> Value {
    json!({"customerId": known::CUSTOMER_LINKED, "locationId": known::CUSTOMER_LINKED.0 + 1,
           "businessUnitId": known::UNIT_HVAC, "jobTypeId": known::JOB_TYPE_HVAC,
           "priority": "High", "campaignId": known::CAMPAIGN,
           "summary": "Tracking number: 123456789<br>NTE: 450.00",
           "appointments": [{"start": "2026-11-04T15:00:00Z", "end": "2026-11-04T17:00:00Z"}],
           "customFields": [{"typeId": known::FIELD_NTE, "value": "450.00"}],
           "customerPo": "PO-55",
           "externalData": external(GUID, "servicechannel.workOrderId", "123456789")})
}

/// The body with some members set; null removes one.
fn with(mut body: Value, changes: Value) -> Value {
    let map = body.as_object_mut().unwrap();
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    for (member, value) in changes {
        if value.is_null() {
            map.remove(&member);
        } else {
            map.insert(member, value);
        }
    }
    body
}
