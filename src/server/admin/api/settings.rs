//! Settings: what holds, and changing it in the tenant's file.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::operation::{Call, Nothing};
use super::problem::Problem;
use crate::daemon::settings::{Change, Changed};
use crate::daemon::view::{self, SettingsView};

/// For whom.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectQuery {
    /// What holds for this subject, by its key.
    subject: Option<String>,
}

pub(super) async fn settings(call: Call<SubjectQuery>) -> Result<SettingsView, Problem> {
    let subject = call.query.subject.as_deref();
    Ok(view::settings(&call.admin.engine, call.tenant(), subject).await?)
}

/// Values to choose.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetBody {
    /// Each value by its setting: `group.field`, or `group.field.row` for one row of a map.
    #[schemars(extend("minProperties" = 1))]
    values: Map<String, Value>,
    /// For this subject only.
    subject: Option<String>,
}

pub(super) async fn set(call: Call<Nothing, SetBody>) -> Result<Changed, Problem> {
    let values = call.body.values.clone().into_iter().collect();
    change(&call, Change::Give(values), call.body.subject.as_deref()).await
}

/// Choices to take back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UnsetBody {
    /// Each setting: `group.field`, or `group.field.row` for one row of a map.
    #[schemars(length(min = 1))]
    keys: Vec<String>,
    /// For this subject only.
    subject: Option<String>,
}

pub(super) async fn unset(call: Call<Nothing, UnsetBody>) -> Result<Changed, Problem> {
    let keys = call.body.keys.clone();
    change(&call, Change::Unset(keys), call.body.subject.as_deref()).await
}

/// A subject.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RestoreBody {
    /// Its key.
    subject: String,
}

pub(super) async fn restore(call: Call<Nothing, RestoreBody>) -> Result<Changed, Problem> {
    change(&call, Change::Restore, Some(&call.body.subject)).await
}

async fn change<B>(
    call: &Call<Nothing, B>,
    change: Change,
    subject: Option<&str>,
) -> Result<Changed, Problem> {
    let (engine, by) = (&call.admin.engine, &call.caller.name);
    Ok(engine
        .change_settings(call.tenant(), change, subject, by)
        .await?)
}
