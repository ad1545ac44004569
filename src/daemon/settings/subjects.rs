//! The subjects of a tenant that are known: those its file names, and those of the records that were seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::engine::clock::Timestamp;
use crate::engine::record::{EntityName, PipelineName, RecordKey, Seq, TenantName};
use crate::engine::store::{
    self, DeadQuery, LinkRow, ReadyQuery, RecordRow, SqliteStore, Store as _,
};
use crate::lang::expr::{Scope, ValueForm};
use crate::lang::plan::{Choices, Subjects, Tenant};

/// Rows of the store that are read at once.
const PAGE: u32 = 1000;

/// A subject with its name, where it is known, and what it has otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its name, where it is known.
    pub label: Option<String>,
    /// As `group.field`.
    pub overrides: Vec<String>,
}

/// Every known subject by its key. A record keeps what it said of its subject until it is done; after that its links
/// do, as far as the pipeline has them remember it.
pub async fn known(
    choices: &Choices<'_>,
    plan: &Tenant,
    store: Option<&SqliteStore>,
) -> store::Result<BTreeMap<String, Subject>> {
    let mut found = BTreeMap::new();
    if let Some(store) = store {
        let tenant = TenantName::from(&*plan.name);
        linked(choices, store, &tenant, &mut found).await?;
        if let Some(subjects) = &plan.integration.subjects {
            waiting(subjects, store, &tenant, &mut found).await?;
        }
    }
    for (key, title, overrides) in choices.overrides() {
        let subject: &mut Subject = found.entry(key.to_owned()).or_default();
        subject.label = title.map(str::to_owned).or(subject.label.take());
        subject.overrides = overrides;
    }
    Ok(found)
}

/// The subjects that links remember.
async fn linked(
    choices: &Choices<'_>,
    store: &SqliteStore,
    tenant: &TenantName,
    found: &mut BTreeMap<String, Subject>,
) -> store::Result<()> {
    let traces = choices.subject_traces();
    for entity in traces.keyed {
        for row in links(store, tenant, entity).await? {
            found.entry(row.id.key.to_string()).or_default();
        }
    }
    for (entity, key, label) in traces.remembered {
        for row in links(store, tenant, entity).await? {
            let kept: Option<Json> = row
                .remember
                .as_deref()
                .and_then(|text| serde_json::from_str(text).ok());
            let kept = |name: &str| kept.as_ref()?.get(name).and_then(text);
            if let Some(key) = kept(key) {
                let subject = found.entry(key).or_default();
                subject.label = label.and_then(kept).or(subject.label.take());
            }
        }
    }
    Ok(())
}

async fn links(
    store: &SqliteStore,
    tenant: &TenantName,
    entity: &str,
) -> store::Result<Vec<LinkRow>> {
    let entity = EntityName::from(entity);
    let mut rows: Vec<LinkRow> = Vec::new();
    loop {
        let after: Option<RecordKey> = rows.last().map(|row| row.id.key.clone());
        let page = store.links(tenant, &entity, after.as_ref(), PAGE).await?;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
    }
}

/// The subjects of records that are not done.
async fn waiting(
    subjects: &Subjects,
    store: &SqliteStore,
    tenant: &TenantName,
    found: &mut BTreeMap<String, Subject>,
) -> store::Result<()> {
    let (Some(from), Some(key)) = (&subjects.from, &subjects.key) else {
        return Ok(());
    };
    let pipeline = PipelineName::from(&**from);
    let dead = DeadQuery {
        tenant: tenant.clone(),
        pipeline: Some(pipeline.clone()),
        cause: None,
        limit: PAGE,
    };
    let mut rows: Vec<RecordRow> = store.dead(dead).await?;
    let mut after = Seq(i64::MIN);
    loop {
        let query = ReadyQuery {
            tenant: tenant.clone(),
            pipelines: vec![pipeline.clone()],
            after,
            now: Timestamp::from_ticks(i64::MAX),
            limit: PAGE,
        };
        let page = store.ready(query).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        rows.extend(page);
    }
    for row in rows {
        let Some(record) = row
            .payload
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
        else {
            continue;
        };
        let record: Arc<Json> = Arc::new(record);
        let scope = Scope::new().with_root(record);
        let read = |form: &ValueForm| form.eval(&scope).ok().as_ref().and_then(text);
        if let Some(key) = read(key) {
            let subject = found.entry(key).or_default();
            let label = subjects.label.as_ref().and_then(read);
            subject.label = label.or(subject.label.take());
        }
    }
    Ok(())
}

/// Keys compare as text.
fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}
