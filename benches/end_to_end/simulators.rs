//! The simulators by themselves: what one request of each kind costs them. Whatever is measured against them is
//! bounded by this.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::table::{line, verdict};
use crate::world::World;

const CALLERS: usize = 16;
const GUID: &str = "6f1c7a0e-0000-4000-8000-000000000001";

/// Prints requests per second, and per second of one core.
pub(crate) async fn measure() -> anyhow::Result<()> {
    let world = World::start()?;
    let since = world.now().await?;
    world.arrive(10_000).await?;
    let login = Login::of(&world).await?;
    let (customer, location) = login.place().await?;

    let kinds: [(&str, usize, Make); 4] = [
        (
            "a page of 50 by keyset, with locations and subscribers",
            2_000,
            Box::new({
                let (login, since) = (login.clone(), since.clone());
                move |n| {
                    let tie = 310_000_000 + n;
                    let filter = format!(
                        "(UpdatedDate gt {since} or (UpdatedDate eq {since} and Id gt {tie})) and CallDate ge {since}"
                    );
                    login.source("odata/workorders").query(&[
                        ("$filter", filter.as_str()),
                        ("$orderby", "UpdatedDate asc,Id asc"),
                        ("$expand", "Location,Subscriber"),
                    ])
                }
            }),
        ),
        (
            "a job looked for by external data",
            10_000,
            Box::new({
                let login = login.clone();
                move |n| {
                    login.target("jpm/v2/tenant/1000/jobs").query(&[
                        ("externalDataApplicationGuid", GUID),
                        ("externalDataKey", "servicechannel.workOrderId"),
                        ("externalDataValues", &n.to_string()),
                    ])
                }
            }),
        ),
        (
            "a job made",
            10_000,
            Box::new({
                let login = login.clone();
                move |n| {
                    login.post("jpm/v2/tenant/1000/jobs").json(&json!({
                    "customerId": customer,
                    "locationId": location,
                    "businessUnitId": 12,
                    "jobTypeId": 47,
                    "campaignId": login.campaign,
                    "priority": "Normal",
                    "summary": "s".repeat(300),
                    "appointments": [{ "start": "2026-11-02T08:00:00Z", "end": "2026-11-02T10:00:00Z" }],
                    "customFields": [{ "typeId": 3001, "value": "850.00" }],
                    "externalData": { "applicationGuid": GUID, "externalData": [
                        { "key": "servicechannel.workOrderId", "value": n.to_string() },
                    ] },
                }))
                }
            }),
        ),
        (
            "a customer read",
            10_000,
            Box::new({
                let login = login.clone();
                move |_| login.target(&format!("crm/v2/tenant/1000/customers/{customer}"))
            }),
        ),
    ];
    line(&format!("{:<58} {:>9}   {:>11}", "", "wall", "their core"));
    for (what, count, make) in kinds {
        let (wall, cpu) = drive(&world, count, Arc::from(make)).await?;
        let per_second = |time: Duration| rate(count, time);
        line(&format!("{what:<58} {:>7.0}/s", per_second(wall)));
        verdict("", per_second(cpu), "/s", 5_000.0..);
    }
    Ok(())
}

type Make = Box<dyn Fn(usize) -> RequestBuilder + Send + Sync>;

/// Sends so many requests; what passed, and what of it the simulators worked.
async fn drive(
    world: &World,
    count: usize,
    make: Arc<dyn Fn(usize) -> RequestBuilder + Send + Sync>,
) -> anyhow::Result<(Duration, Duration)> {
    let (cpu, started) = (world.cpu(), Instant::now());
    let next = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (next, make) = (Arc::clone(&next), Arc::clone(&make));
        callers.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return anyhow::Ok(());
                }
                let response = make(n).send().await?;
                let status = response.status();
                let body = response.bytes().await?;
                anyhow::ensure!(
                    status.is_success(),
                    "{status}: {}",
                    String::from_utf8_lossy(&body)
                );
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    Ok((started.elapsed(), world.cpu() - cpu))
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
pub(crate) fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// Both sides, logged in.
#[derive(Clone)]
struct Login {
    client: Client,
    source: String,
    source_token: String,
    target: String,
    target_token: String,
    campaign: u64,
}

impl Login {
    async fn of(world: &World) -> anyhow::Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the load generator has a client of its own"
        )]
        let client = Client::new();
        let login = client
            .post(format!("{}/oauth/token", world.source))
            .basic_auth("PR.2090000001.6F1C7A0E", Some("sandbox-client-secret"))
            .form(&[
                ("grant_type", "password"),
                ("username", "api@best.example"),
                ("password", "sandbox-password"),
            ]);
        let source_token = token(login).await?;
        let login = client
            .post(format!("{}/connect/token", world.target))
            .form(&[
                ("grant_type", "client_credentials"),
                ("client_id", "cid.sandbox"),
                ("client_secret", "cs1.sandbox"),
            ]);
        let target_token = token(login).await?;
        let mut login = Self {
            client,
            source: world.source.clone(),
            source_token,
            target: world.target.clone(),
            target_token,
            campaign: 0,
        };
        let made = login.post("marketing/v2/tenant/1000/campaigns").json(&json!({
            "name": "Bench", "businessUnitId": 12, "categoryId": login.first("marketing/v2/tenant/1000/categories").await?, "active": true,
        }));
        login.campaign = id(made).await?;
        Ok(login)
    }

    fn source(&self, path: &str) -> RequestBuilder {
        self.client
            .get(format!("{}/v3/{path}", self.source))
            .bearer_auth(&self.source_token)
    }

    fn target(&self, path: &str) -> RequestBuilder {
        let get = self.client.get(format!("{}/{path}", self.target));
        get.bearer_auth(&self.target_token)
            .header("ST-App-Key", "ak1.sandbox")
    }

    fn post(&self, path: &str) -> RequestBuilder {
        let post = self.client.post(format!("{}/{path}", self.target));
        post.bearer_auth(&self.target_token)
            .header("ST-App-Key", "ak1.sandbox")
    }

    async fn first(&self, path: &str) -> anyhow::Result<u64> {
        let list: Value = self
            .target(path)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        list["data"][0]["id"].as_u64().context("a row")
    }

    /// A customer with a location.
    async fn place(&self) -> anyhow::Result<(u64, u64)> {
        let address = json!({
            "street": "1 Main St", "city": "Rochester", "state": "NY", "zip": "14604", "country": "USA",
        });
        let body = json!({
            "name": "Bench", "type": "Commercial", "address": address,
            "locations": [{ "name": "Bench", "address": address }],
        });
        let made = self
            .post("crm/v2/tenant/1000/customers")
            .json(&body)
            .send()
            .await?;
        let made: Value = made.error_for_status()?.json().await?;
        let id = |value: &Value| value["id"].as_u64().context("an id");
        Ok((id(&made)?, id(&made["locations"][0])?))
    }
}

async fn token(login: RequestBuilder) -> anyhow::Result<String> {
    let token: Value = login.send().await?.error_for_status()?.json().await?;
    Ok(token["access_token"]
        .as_str()
        .context("a token")?
        .to_owned())
}

async fn id(request: RequestBuilder) -> anyhow::Result<u64> {
    let made: Value = request.send().await?.error_for_status()?.json().await?;
    made["id"].as_u64().context("an id")
}
