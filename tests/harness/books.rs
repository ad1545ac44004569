//! What was made on the other side, against what should have been made and what the store says was made.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use syncline::engine::record::{EntityName, TenantName};
use syncline::engine::store::{LinkRow, Store as _};
use syncline::sandbox::servicechannel::model::WorkOrderId;

use super::wait::until;
use super::world::{TENANT, World};

/// Natural key of a job in the audit, without its GUID.
const JOB: &str = "servicechannel.workOrderId=";

impl World {
    /// Waits until a work order has its job.
    pub(crate) async fn until_a_job(&self, order: WorkOrderId) {
        until("the work order is a job", async || {
            self.jobs().contains_key(&order.0)
        })
        .await;
    }

    /// Every job there is of a work order, by the work order: an order that was made twice has two.
    pub(crate) fn jobs(&self) -> BTreeMap<i64, Vec<Value>> {
        let mut jobs: BTreeMap<i64, Vec<Value>> = BTreeMap::new();
        for job in self.all("jpm/jobs") {
            let data = job["externalData"].as_array().cloned().unwrap_or_default();
            let order = data
                .iter()
                .find(|datum| datum["key"] == "servicechannel.workOrderId");
            if let Some(order) = order.and_then(|datum| datum["value"].as_str()) {
                jobs.entry(order.parse().expect("a work order's number"))
                    .or_default()
                    .push(job);
            }
        }
        jobs
    }

    /// The one job of a work order.
    #[track_caller]
    pub(crate) fn job(&self, order: WorkOrderId) -> Value {
        let mut jobs = self.jobs().remove(&order.0).unwrap_or_default();
        assert_eq!(jobs.len(), 1, "jobs of work order {order}: {jobs:?}");
        jobs.remove(0)
    }

    /// Every row of a collection, as someone in the office sees it.
    pub(crate) fn all(&self, path: &str) -> Vec<Value> {
        let guid = self.sandbox.servicetitan().config().application_guid;
        let mut rows = Vec::new();
        for page in 1.. {
            let path =
                format!("{path}?page={page}&pageSize=500&externalDataApplicationGuid={guid}");
            let reply = self.sandbox.servicetitan().office("GET", &path, None);
            let reply = reply
                .expect("the office may list")
                .expect("a list is a document");
            rows.extend(reply["data"].as_array().cloned().unwrap_or_default());
            if reply["hasMore"] != true {
                break;
            }
        }
        rows
    }

    /// How many rows were created in a collection, by calls of the API.
    pub(crate) fn created(&self, collection: &str) -> u64 {
        self.sandbox
            .servicetitan()
            .kit()
            .audit
            .summary()
            .created(collection)
    }

    /// Work orders for which a job was created, with how often.
    pub(crate) fn created_jobs(&self) -> BTreeMap<i64, usize> {
        let creations = self.sandbox.servicetitan().kit().audit.creations();
        let jobs = creations.get("jobs").cloned().unwrap_or_default();
        jobs.into_iter()
            .filter_map(|(key, times)| Some((key.split_once(JOB)?.1.parse().ok()?, times)))
            .collect()
    }

    /// Nothing was created twice, on either side.
    #[track_caller]
    pub(crate) fn nothing_twice(&self) {
        for kit in [
            self.sandbox.servicetitan().kit(),
            self.sandbox.servicechannel().kit(),
        ] {
            let summary = kit.audit.summary();
            let doubled: Vec<_> = summary
                .collections
                .iter()
                .filter(|(_, found)| found.doubles > 0)
                .collect();
            assert!(doubled.is_empty(), "created more than once: {doubled:?}");
        }
    }

    /// The promise as a whole: these work orders have one job each, no other has one, nothing was made twice, and the
    /// store links exactly what was made.
    pub(crate) async fn audit(&self, eligible: &[WorkOrderId]) {
        self.nothing_twice();
        let wanted: BTreeSet<i64> = eligible.iter().map(|id| id.0).collect();
        let made: BTreeSet<i64> = self.created_jobs().into_keys().collect();
        let lost: Vec<_> = wanted.difference(&made).collect();
        let extra: Vec<_> = made.difference(&wanted).collect();
        assert!(
            lost.is_empty() && extra.is_empty(),
            "lost: {lost:?}; not asked for: {extra:?}\n{}",
            self.story(&lost).await
        );

        let links = self.links("job").await;
        let linked: BTreeMap<String, String> = links.iter().filter_map(target).collect();
        let there: BTreeMap<String, String> = self
            .jobs()
            .into_iter()
            .map(|(order, jobs)| {
                assert_eq!(jobs.len(), 1, "jobs of work order {order}");
                (order.to_string(), jobs[0]["id"].to_string())
            })
            .collect();
        assert_eq!(linked, there, "the links are not what was made");
        let open: Vec<_> = links.iter().filter(|row| row.intent.is_some()).collect();
        assert!(open.is_empty(), "intents are left open: {open:?}");
        for (entity, collection) in [
            ("customer", "customers"),
            ("location", "locations"),
            ("campaign", "campaigns"),
        ] {
            let created = self.created(collection);
            let linked = self.links(entity).await.iter().filter_map(target).count() as u64;
            assert_eq!(linked, created, "links and creations of {collection}");
        }
    }

    /// What the store knows of a few work orders, for the message of a test that fails.
    async fn story(&self, orders: &[&i64]) -> String {
        let store = self.store().await;
        let mut story = String::new();
        for order in orders.iter().take(3) {
            let (tenant, key) = (TenantName::from(TENANT), order.to_string().into());
            for row in store
                .records(&tenant, &key)
                .await
                .expect("the store can be read")
            {
                let told = format!(
                    "{order}: {} {:?} {:?} {:?}\n",
                    row.state, row.outcome, row.reason, row.detail
                );
                story.push_str(&told);
            }
            for row in store
                .trace(&tenant, &key)
                .await
                .expect("the store can be read")
            {
                story.push_str(&format!("  {} {} {}\n", row.at, row.kind, row.blob));
            }
        }
        store.close().await;
        story
    }

    /// Every link of an entity.
    pub(crate) async fn links(&self, entity: &str) -> Vec<LinkRow> {
        let store = self.store().await;
        let links = store
            .links(
                &TenantName::from(TENANT),
                &EntityName::from(entity),
                None,
                100_000,
            )
            .await;
        store.close().await;
        links.expect("the store can be read")
    }
}

fn target(row: &LinkRow) -> Option<(String, String)> {
    Some((row.id.key.to_string(), row.target.as_ref()?.id.to_string()))
}
