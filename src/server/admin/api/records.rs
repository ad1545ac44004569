//! Records: where each stands, what happened to it, and finishing those that were given up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operation::{Call, Nothing};
use super::problem::Problem;
use super::tenants::{All, most};
use crate::daemon::Again;
use crate::daemon::view::{
    self, DeadGroup, DeadLetter, DeadLine, Page, RecordFilter, RecordLine, RecordView, Timeline,
};
use crate::engine::store::RecordState;

/// Narrows the list of records.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordsQuery {
    /// Whose key begins with this.
    key: Option<String>,
    /// In this pipeline only.
    pipeline: Option<String>,
    /// In this state only.
    state: Option<RecordState>,
    /// With this reason, or cause of death, only.
    reason: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Records on a page: 50, at most 500.
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u32>,
}

pub(super) async fn records(call: Call<RecordsQuery>) -> Result<Page<RecordLine>, Problem> {
    let tenant = call.tenant().to_owned();
    let query = call.query;
    let filter = RecordFilter {
        key: query.key,
        pipeline: query.pipeline,
        state: query.state,
        reason: query.reason,
        after: query.after,
    };
    let most = most(query.limit);
    Ok(view::records(&call.admin.engine, &tenant, &filter, most).await?)
}

pub(super) async fn record(call: Call) -> Result<All<RecordView>, Problem> {
    let key = call.part("key");
    let items = view::record_views(&call.admin.engine, call.tenant(), key).await?;
    if items.is_empty() {
        return Err(unknown(key));
    }
    Ok(All { items })
}

fn unknown(id: &str) -> Problem {
    Problem::not_found(
        "nothing-known",
        "Nothing is known of it",
        format!("nothing is known of `{id}`: no record and no link has this key or id"),
        "`GET /v1/find` looks for it in every tenant",
    )
}

pub(super) async fn trace(call: Call) -> Result<Timeline, Problem> {
    let id = call.part("id");
    let timeline = view::timeline(&call.admin.engine, call.tenant(), id).await?;
    if timeline.is_empty() {
        return Err(unknown(id));
    }
    Ok(timeline)
}

/// What is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FindQuery {
    /// The key of a record, or the id of what it became.
    id: String,
}

/// Where something is known of an id.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The tenants.
    tenants: Vec<String>,
}

pub(super) async fn find(call: Call<FindQuery>) -> Result<Found, Problem> {
    let tenants = view::find(&call.admin.engine, &call.query.id).await?;
    Ok(Found { tenants })
}

/// Narrows the causes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CausesQuery {
    /// Of this tenant only.
    tenant: Option<String>,
}

pub(super) async fn causes(call: Call<CausesQuery>) -> Result<All<DeadGroup>, Problem> {
    let tenant = call.query.tenant.as_deref();
    let items = view::dead_groups(&call.admin.engine, tenant).await?;
    Ok(All { items })
}

/// Narrows the list of records that were given up.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeadQuery {
    /// Of this pipeline only.
    pipeline: Option<String>,
    /// Of this cause only.
    cause: Option<String>,
    /// At most so many: 50, at most 500.
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u32>,
}

pub(super) async fn dead(call: Call<DeadQuery>) -> Result<Page<DeadLine>, Problem> {
    let (pipeline, cause) = (call.query.pipeline.as_deref(), call.query.cause.as_deref());
    let most = most(call.query.limit);
    Ok(view::dead_letters(&call.admin.engine, call.tenant(), pipeline, cause, most).await?)
}

/// Which of several records with one key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PipelineQuery {
    /// In this pipeline; the first one when absent.
    pipeline: Option<String>,
}

pub(super) async fn letter(call: Call<PipelineQuery>) -> Result<DeadLetter, Problem> {
    let (tenant, key) = (call.tenant(), call.part("key"));
    let pipeline = call.query.pipeline.as_deref();
    let found = view::dead_letter(&call.admin.engine, tenant, key, pipeline).await?;
    found.ok_or_else(|| {
        Problem::not_found(
            "not-given-up",
            "No such record was given up",
            format!("no record `{key}` of tenant `{tenant}` was given up"),
            "`GET /v1/tenants/{tenant}/dead` lists those that were",
        )
    })
}

/// Which records are worked again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryAllBody {
    /// Of this pipeline only.
    pipeline: Option<String>,
    /// Of this cause only.
    cause: Option<String>,
}

/// How many records are worked again.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Retried {
    /// Whose.
    tenant: String,
    /// How many; 0 where none waits or was given up.
    records: u64,
}

pub(super) async fn retry_all(call: Call<Nothing, RetryAllBody>) -> Result<Retried, Problem> {
    let what = Again::Dead {
        pipeline: call.body.pipeline.clone(),
        cause: call.body.cause.clone(),
    };
    retry_what(&call, &what).await
}

/// Which of several records with one key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PipelineBody {
    /// In this pipeline only; in every one when absent.
    pipeline: Option<String>,
}

pub(super) async fn retry(call: Call<Nothing, PipelineBody>) -> Result<Retried, Problem> {
    let what = Again::Key {
        key: call.part("key").to_owned(),
        pipeline: call.body.pipeline.clone(),
    };
    retry_what(&call, &what).await
}

async fn retry_what<B>(call: &Call<Nothing, B>, what: &Again) -> Result<Retried, Problem> {
    let (engine, by) = (&call.admin.engine, &call.caller.name);
    Ok(Retried {
        tenant: call.tenant().to_owned(),
        records: engine.retry(call.tenant(), what, by).await?,
    })
}

/// What a record became.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResolveBody {
    /// The kind of link.
    entity: String,
    /// The id on the other side.
    id: String,
}

/// What a record is from now on.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Resolved {
    /// Whose.
    tenant: String,
    /// The record.
    key: String,
    /// The kind of link.
    entity: String,
    /// What it is on the other side.
    id: String,
}

pub(super) async fn resolve(call: Call<Nothing, ResolveBody>) -> Result<Resolved, Problem> {
    let (tenant, key) = (call.tenant(), call.part("key"));
    let ResolveBody { entity, id } = &call.body;
    let (engine, by) = (&call.admin.engine, &call.caller.name);
    engine.resolve(tenant, key, entity, id, by).await?;
    Ok(Resolved {
        tenant: tenant.to_owned(),
        key: key.to_owned(),
        entity: entity.clone(),
        id: id.clone(),
    })
}

pub(super) async fn forget(call: Call<Nothing, PipelineBody>) -> Result<Retried, Problem> {
    let key = call.part("key");
    let pipeline = call.body.pipeline.as_deref();
    let (engine, by) = (&call.admin.engine, &call.caller.name);
    let records = engine.forget(call.tenant(), key, pipeline, by).await?;
    if records == 0 {
        return Err(unknown(key));
    }
    Ok(Retried {
        tenant: call.tenant().to_owned(),
        records,
    })
}
