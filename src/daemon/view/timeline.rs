//! What happened to a record on both sides, found by the id of either.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::At;
use super::record::{RecordLine, known};
use crate::daemon::{Engine, EngineError};
use crate::engine::record::{RecordKey, TenantName};
use crate::engine::store::{LinkRow, OpKind, OpState, Origin, Store as _, TraceRow};
use crate::lang::plan::{EntityFrom, Integration};

/// What happened to a record and to what it is linked with.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Timeline {
    /// Whose.
    pub tenant: String,
    /// What was looked for: a record's key, or the id of what it became.
    pub id: String,
    /// What belongs together on both sides.
    pub links: Vec<LinkLine>,
    /// Where the records stand.
    pub records: Vec<RecordLine>,
    /// What was done, oldest first.
    pub attempts: Vec<Attempt>,
}

impl Timeline {
    /// Whether nothing is known of it.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty() && self.records.is_empty() && self.attempts.is_empty()
    }
}

/// A link between a record and what it became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LinkLine {
    /// What kind of link it is.
    pub entity: String,
    /// The end it comes from.
    pub from: LinkEndView,
    /// The end that was made, or found.
    pub to: LinkEndView,
    /// Where it is from; null while there is no target yet.
    pub origin: Option<Origin>,
    /// Since when it is known.
    pub since: Option<At>,
    /// When something was last written through it.
    pub written_at: Option<At>,
    /// A request whose outcome is not settled.
    pub open: Option<OpenRequest>,
}

/// One end of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LinkEndView {
    /// The connector; null where it is the tenant itself.
    pub connector: Option<String>,
    /// What kind of record it is there.
    pub record: Option<String>,
    /// Its key or id; null while it is not known.
    pub id: Option<String>,
}

/// A request whose outcome is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OpenRequest {
    /// What it would do.
    pub kind: OpKind,
    /// How far it is.
    pub state: OpState,
    /// When it was planned.
    pub at: At,
    /// When it is looked for next.
    pub due: Option<At>,
}

/// One attempt at a record.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Attempt {
    /// When it ended.
    pub at: At,
    /// In which pipeline.
    pub pipeline: String,
    /// At which record.
    pub key: String,
    /// What the row is about: `attempt`, or something that happened beside one.
    pub kind: String,
    /// The version of the record.
    pub version: Option<String>,
    /// What it came to, in words.
    pub came_to: String,
    /// What it did, step by step: `step` and `did`, with `request` and `id` for a write; `failed`, with `origin` and
    /// `exchange`, for a failure.
    pub steps: Vec<Json>,
}

/// What happened to a record of a tenant. With no links, records and attempts, nothing is known of it.
pub async fn timeline(engine: &Engine, tenant: &str, id: &str) -> Result<Timeline, EngineError> {
    let name = known(engine, tenant)?;
    let plan = engine.plan();
    let Some(planned) = plan.tenants.get(tenant) else {
        return Err(EngineError::unknown_tenant(&plan, tenant));
    };
    let store = engine.store();
    let attempts = store.trace(&name, &RecordKey::from(id)).await?;
    let mut rows = store.links_about(&name, id).await?;
    let mut keys: BTreeSet<RecordKey> = rows.iter().map(|row| row.id.key.clone()).collect();
    keys.insert(id.into());
    keys.extend(attempts.iter().map(|row| row.key.clone()));
    keys.extend(attempts.iter().map(|row| row.root.as_str().into()));
    let mut records = Vec::new();
    for key in &keys {
        for row in store.records(&name, key).await? {
            records.push(RecordLine::from(&row));
        }
        for row in store.links_about(&name, key.as_str()).await? {
            if rows.iter().all(|known| known.id != row.id) {
                rows.push(row);
            }
        }
    }
    rows.sort_by(|a, b| {
        let born = |row: &LinkRow| row.target.as_ref().map(|target| target.born_at);
        born(a).cmp(&born(b)).then_with(|| a.id.cmp(&b.id))
    });
    Ok(Timeline {
        tenant: tenant.to_owned(),
        id: id.to_owned(),
        links: rows
            .iter()
            .map(|row| link(row, &planned.integration))
            .collect(),
        records,
        attempts: attempts.iter().map(Attempt::from).collect(),
    })
}

/// The tenants in which something is known of an id.
pub async fn find(engine: &Engine, id: &str) -> Result<Vec<String>, EngineError> {
    let mut found = Vec::new();
    let store = engine.store();
    for tenant in engine.plan().tenants.keys() {
        let name = TenantName::from(&**tenant);
        let key = RecordKey::from(id);
        if !store.records(&name, &key).await?.is_empty()
            || !store.links_about(&name, id).await?.is_empty()
        {
            found.push(tenant.to_string());
        }
    }
    Ok(found)
}

fn link(row: &LinkRow, integration: &Integration) -> LinkLine {
    let entity = integration.entities.get(row.id.entity.as_str());
    let from = entity.and_then(|entity| match &entity.from {
        EntityFrom::Tenant => None,
        EntityFrom::Record(connector, record) => Some((connector.to_string(), record.to_string())),
    });
    let to = entity.map(|entity| (entity.to.0.to_string(), entity.to.1.to_string()));
    let end = |place: Option<(String, String)>, id: Option<String>| {
        let (connector, record) = place.unzip();
        LinkEndView {
            connector,
            record,
            id,
        }
    };
    LinkLine {
        entity: row.id.entity.to_string(),
        from: end(from, Some(row.id.key.to_string())),
        to: end(to, row.target.as_ref().map(|target| target.id.to_string())),
        origin: row.target.as_ref().map(|target| target.origin),
        since: row.target.as_ref().map(|target| At(target.born_at)),
        written_at: row.written_at.map(At),
        open: row.intent.as_ref().map(|intent| OpenRequest {
            kind: intent.kind,
            state: intent.state,
            at: At(intent.at),
            due: intent.due.map(At),
        }),
    }
}

impl From<&TraceRow> for Attempt {
    fn from(row: &TraceRow) -> Self {
        let blob: Json = serde_json::from_str(&row.blob).unwrap_or_default();
        let text = |name: &str| blob.get(name).and_then(Json::as_str).map(str::to_owned);
        let steps = blob.get("steps").and_then(Json::as_array).cloned();
        Self {
            at: At(row.at),
            pipeline: row.pipeline.to_string(),
            key: row.key.to_string(),
            kind: row.kind.clone(),
            version: text("version").filter(|version| !version.is_empty()),
            came_to: text("came_to").unwrap_or_default(),
            steps: steps.unwrap_or_default(),
        }
    }
}
