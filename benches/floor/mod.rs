//! What the engine is compared with: one program for this one task, written by hand on tokio and reqwest. It sends the
//! requests that the engine sends, as many at once, and knows the shapes and the way of a work order by heart. It has
//! no plan, no inbox, no intents, no retries and no traces: killed in the middle it doubles jobs.

mod api;
mod links;
mod shape;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::Utc;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell, Semaphore, mpsc};
use tokio::task::JoinSet;

use api::{Api, Found, GUID};
use links::Links;
use shape::{Customer, Id, Job, Order, Page, Site};

/// Rows of a full page.
const PAGE: usize = 50;

/// What it is started with.
#[derive(Debug)]
pub(crate) struct Options {
    /// Address of the simulated ServiceChannel.
    pub(crate) source: String,
    /// Address of the simulated ServiceTitan.
    pub(crate) target: String,
    /// Id of the campaign that jobs count for.
    pub(crate) campaign: u64,
    /// The `UpdatedDate` that rows must be after.
    pub(crate) since: String,
    /// Work orders worked at once.
    pub(crate) concurrency: usize,
    /// Where links are kept; none: nowhere.
    pub(crate) links: Option<PathBuf>,
}

/// Works every work order once and says how many became jobs.
pub(crate) async fn run(options: Options) -> anyhow::Result<usize> {
    let links = match &options.links {
        Some(file) => Some(Links::open(file).await?),
        None => None,
    };
    let floor = Arc::new(Floor {
        api: Api::connect(&options).await?,
        campaign: options.campaign,
        sites: Once::default(),
        customers: Once::default(),
        locations: Once::default(),
        links: links.as_ref().map(Links::sender),
    });
    floor.requirements().await?;

    let (pages, mut arriving) = mpsc::channel::<Vec<Order>>(2);
    let mut tasks = JoinSet::new();
    let reader = Arc::clone(&floor);
    tasks.spawn(async move { reader.pages(options.since, pages).await });
    let slots = Arc::new(Semaphore::new(options.concurrency));
    let mut orders = 0;
    while let Some(page) = arriving.recv().await {
        for order in page {
            orders += 1;
            let slot = Arc::clone(&slots).acquire_owned().await?;
            let floor = Arc::clone(&floor);
            tasks.spawn(async move {
                let worked = floor.work(&order).await;
                drop(slot);
                worked
            });
            while let Some(ended) = tasks.try_join_next() {
                ended??;
            }
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    drop(floor);
    if let Some(links) = links {
        links.close().await?;
    }
    Ok(orders)
}

/// What is asked for once per key, however many ask.
struct Once<T>(Mutex<HashMap<u64, Arc<OnceCell<T>>>>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Once<T> {
    async fn cell(&self, key: u64) -> Arc<OnceCell<T>> {
        Arc::clone(self.0.lock().await.entry(key).or_default())
    }
}

struct Floor {
    api: Api,
    campaign: u64,
    sites: Once<Arc<Site>>,
    customers: Once<Arc<Customer>>,
    locations: Once<u64>,
    links: Option<mpsc::Sender<links::Link>>,
}

impl Floor {
    /// What must hold before anything is written.
    async fn requirements(&self) -> anyhow::Result<()> {
        let campaign = format!("marketing/v2/tenant/1000/campaigns/{}", self.campaign);
        self.api.target::<Value>(&campaign, &[]).await?;
        self.api
            .target::<Value>("jpm/v2/tenant/1000/job-types/47", &[])
            .await?;
        let fields = "jpm/v2/tenant/1000/jobs/custom-fields";
        self.api.target::<Found<Id>>(fields, &[]).await?;
        Ok(())
    }

    async fn pages(&self, since: String, pages: mpsc::Sender<Vec<Order>>) -> anyhow::Result<()> {
        let (mut value, mut tie) = (since, 0);
        #[expect(
            clippy::disallowed_methods,
            reason = "the floor has no clock of its own"
        )]
        let window = (Utc::now() - chrono::TimeDelta::days(364)).format("%Y-%m-%dT%H:%M:%SZ");
        loop {
            let filter = format!(
                "(UpdatedDate gt {value} or (UpdatedDate eq {value} and Id gt {tie})) and CallDate ge {window}"
            );
            let query = [
                ("$filter", filter.as_str()),
                ("$orderby", "UpdatedDate asc,Id asc"),
                ("$expand", "Location,Subscriber"),
            ];
            let Page { value: rows } = self.api.source("odata/workorders", &query).await?;
            let full = rows.len() == PAGE;
            if let Some(last) = rows.last() {
                (value, tie) = (last.updated_date.clone(), last.id);
            }
            if pages.send(rows).await.is_err() || !full {
                return Ok(());
            }
        }
    }

    async fn work(&self, order: &Order) -> anyhow::Result<()> {
        let site = self.sites.cell(order.location.id).await;
        let site = site
            .get_or_try_init(|| self.site(order.location.id))
            .await?;
        // Customers and locations stay as read for this run, as the engine's links and caches keep them.
        let customer = self.customers.cell(order.subscriber.id).await;
        let customer = customer
            .get_or_try_init(|| self.known_customer(order, site))
            .await?;
        if customer.do_not_service {
            return Ok(());
        }
        let customer = customer.id;
        let location = self.locations.cell(order.location.id).await;
        let location = *location
            .get_or_try_init(|| self.known_location(order, site, customer))
            .await?;
        let job = self.job(order, customer, location).await?;
        // The NTE is merged into the custom fields that the job has, where it differs from what is there.
        if let Some(nte) = order.nte_text() {
            let job = format!("jpm/v2/tenant/1000/jobs/{job}");
            let found: Job = self.api.target(&job, &[]).await?;
            let fields = found.custom_fields.unwrap_or_default();
            anyhow::ensure!(
                fields
                    .iter()
                    .any(|field| field.type_id == shape::NTE_FIELD && field.value == nte),
                "the job holds another NTE than was just written"
            );
        }
        self.link("job", order.id, job).await
    }

    async fn link(&self, entity: &'static str, key: u64, target: u64) -> anyhow::Result<()> {
        if let Some(links) = &self.links {
            let link = links::Link {
                entity,
                key,
                target,
            };
            links.send(link).await.context("the links are closed")?;
        }
        Ok(())
    }

    async fn site(&self, id: u64) -> anyhow::Result<Arc<Site>> {
        Ok(Arc::new(
            self.api.source(&format!("locations/{id}"), &[]).await?,
        ))
    }

    /// The target's row that carries this key as external data.
    async fn find(
        &self,
        path: &str,
        key: &str,
        value: u64,
        more: &[(&str, &str)],
    ) -> anyhow::Result<Option<u64>> {
        let value = value.to_string();
        let mut query = vec![
            ("externalDataApplicationGuid", GUID),
            ("externalDataKey", key),
            ("externalDataValues", value.as_str()),
        ];
        query.extend_from_slice(more);
        query.extend_from_slice(&[("page", "1"), ("pageSize", "500")]);
        let Found { data } = self.api.target::<Found<Id>>(path, &query).await?;
        Ok(data.first().map(|row| row.id))
    }

    async fn known_customer(&self, order: &Order, site: &Site) -> anyhow::Result<Arc<Customer>> {
        let id = self.customer(order, site).await?;
        let path = format!("crm/v2/tenant/1000/customers/{id}");
        Ok(Arc::new(self.api.target(&path, &[]).await?))
    }

    async fn known_location(
        &self,
        order: &Order,
        site: &Site,
        customer: u64,
    ) -> anyhow::Result<u64> {
        let id = self.location(order, site, customer).await?;
        let path = format!("crm/v2/tenant/1000/locations/{id}");
        let Id { id } = self.api.target(&path, &[]).await?;
        Ok(id)
    }

    async fn customer(&self, order: &Order, site: &Site) -> anyhow::Result<u64> {
        let path = "crm/v2/tenant/1000/customers";
        let (key, any) = ("servicechannel.subscriberId", [("active", "Any")]);
        if let Some(id) = self.find(path, key, order.subscriber.id, &any).await? {
            return Ok(id);
        }
        let by_name = [
            ("name", order.subscriber.name.as_str()),
            ("active", "True"),
            ("page", "1"),
            ("pageSize", "500"),
        ];
        let same = self.api.target::<Found<Customer>>(path, &by_name).await?;
        if let [only] = same.data.as_slice() {
            return Ok(only.id);
        }
        let body = json!({
            "name": order.subscriber.name,
            "type": "Commercial",
            "address": site.address(),
            "locations": [{
                "name": order.title(),
                "address": site.address(),
                "externalData": shape::external("servicechannel.locationId", order.location.id),
            }],
            "externalData": shape::external(key, order.subscriber.id),
        });
        let Id { id } = self.api.create(path, &body).await?;
        self.link("customer", order.subscriber.id, id).await?;
        Ok(id)
    }

    async fn location(&self, order: &Order, site: &Site, customer: u64) -> anyhow::Result<u64> {
        let path = "crm/v2/tenant/1000/locations";
        let (key, any) = ("servicechannel.locationId", [("active", "Any")]);
        let found = self.find(path, key, order.location.id, &any).await?;
        let id = match found {
            Some(id) => id,
            None => {
                let customer_id = customer.to_string();
                let same_address = [
                    ("externalDataApplicationGuid", GUID),
                    ("customerId", customer_id.as_str()),
                    ("street", site.street()),
                    ("zip", site.zip.as_str()),
                    ("page", "1"),
                    ("pageSize", "500"),
                ];
                self.api.target::<Found<Id>>(path, &same_address).await?;
                let body = json!({
                    "customerId": customer,
                    "name": order.title(),
                    "address": site.address(),
                    "externalData": shape::external(key, order.location.id),
                });
                let Id { id } = self.api.create(path, &body).await?;
                id
            }
        };
        self.link("location", order.location.id, id).await?;
        Ok(id)
    }

    async fn job(&self, order: &Order, customer: u64, location: u64) -> anyhow::Result<u64> {
        let path = "jpm/v2/tenant/1000/jobs";
        if let Some(id) = self
            .find(path, "servicechannel.workOrderId", order.id, &[])
            .await?
        {
            return Ok(id);
        }
        let body = shape::NewJob::of(order, customer, location, self.campaign)?;
        let Id { id } = self.api.create(path, &body).await?;
        Ok(id)
    }
}
