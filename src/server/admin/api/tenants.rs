//! Integrations, tenants and their pipelines: seen, turned on and off, paused, read by hand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operation::{Call, Nothing};
use super::problem::Problem;
use crate::daemon::view::{
    self, AgreementText, At, IntegrationView, Page, Pass, PipelineView, TenantFilter, TenantView,
};
use crate::daemon::{EngineError, Extent};
use crate::engine::run::{ActivateError, Activation, Blame, CheckLine};
use crate::engine::store::Phase;

/// Things on a page when nobody says how many.
const USUAL: u32 = 50;
/// Things on a page at most.
const MOST: u32 = 500;

/// How many things there are to be on a page.
pub(super) fn most(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::bad_query(&format!(
        "limit: there are 1 to {MOST} things on a page, not {limit}"
    )))
}

/// All of something.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct All<T> {
    /// What there is.
    pub(super) items: Vec<T>,
}

pub(super) async fn integrations(call: Call) -> Result<All<IntegrationView>, Problem> {
    let items = view::integrations(&call.admin.engine).await?;
    Ok(All { items })
}

pub(super) async fn integration(call: Call) -> Result<IntegrationView, Problem> {
    let name = call.part("integration");
    let found = view::integration(&call.admin.engine, name).await?;
    found.ok_or_else(|| {
        Problem::not_found(
            "unknown-integration",
            "There is no such integration",
            format!("there is no integration `{name}`"),
            "`GET /v1/integrations` lists them",
        )
    })
}

/// Narrows the list of tenants.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantsQuery {
    /// Whose name or title has this in it, whatever its case.
    search: Option<String>,
    /// Of this integration only.
    integration: Option<String>,
    /// In this phase only.
    phase: Option<Phase>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Tenants on a page: 50, at most 500.
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u32>,
}

pub(super) async fn tenants(call: Call<TenantsQuery>) -> Result<Page<TenantView>, Problem> {
    let query = call.query;
    let filter = TenantFilter {
        search: query.search,
        integration: query.integration,
        phase: query.phase,
        after: query.after,
    };
    Ok(view::tenants(&call.admin.engine, &filter, most(query.limit)?).await?)
}

pub(super) async fn tenant(call: Call) -> Result<TenantView, Problem> {
    Ok(view::tenant(&call.admin.engine, call.tenant()).await?)
}

/// What turning on takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OnBody {
    /// Accepts this version of the agreement.
    agree: Option<String>,
}

/// What is accepted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AgreeBody {
    /// Of which integration.
    integration: String,
    /// Which version of its agreement.
    version: String,
}

/// What was accepted.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Agreed {
    /// For which tenant.
    tenant: String,
    /// Which version.
    version: String,
    /// By whom.
    by: String,
}

pub(super) async fn agree(call: Call<Nothing, AgreeBody>) -> Result<Agreed, Problem> {
    let (engine, by) = (&call.admin.engine, &call.caller.name);
    let AgreeBody {
        integration,
        version,
    } = &call.body;
    engine
        .accept(call.tenant(), integration, version, by)
        .await?;
    Ok(Agreed {
        tenant: call.tenant().to_owned(),
        version: version.clone(),
        by: by.clone(),
    })
}

/// How a tenant stands after it was turned on or off.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Switched {
    /// Which.
    tenant: String,
    /// Whether its integration is on.
    on: bool,
    /// Whether it was so before.
    was: bool,
    /// The first time ever it was turned on: records from before it are judged by it.
    activated_at: Option<At>,
}

pub(super) async fn on(call: Call<Nothing, OnBody>) -> Result<Switched, Problem> {
    let (engine, tenant) = (&call.admin.engine, call.tenant());
    let agree = call.body.agree.as_deref();
    match engine.activate(tenant, &call.caller.name, agree).await {
        Ok(done) => Ok(Switched {
            tenant: tenant.to_owned(),
            on: true,
            was: done == Activation::WasOn,
            activated_at: view::tenant(engine, tenant).await?.activated_at,
        }),
        Err(error) => {
            let wants = match &error {
                EngineError::Activate(
                    ActivateError::NotAgreed { .. } | ActivateError::OtherAgreement { .. },
                ) => agreement(&call),
                EngineError::Activate(ActivateError::Steps { .. } | ActivateError::Store(_))
                | EngineError::UnknownTenant { .. }
                | EngineError::UnknownPipeline { .. }
                | EngineError::UnknownEntity { .. }
                | EngineError::UnknownIntegration { .. }
                | EngineError::NothingWaits { .. }
                | EngineError::NotRunning { .. }
                | EngineError::Sealing(_)
                | EngineError::Http(_)
                | EngineError::Open(_)
                | EngineError::Settings(_)
                | EngineError::Store(_) => None,
            };
            Err(Problem::from(error).with_agreement(wants))
        }
    }
}

fn agreement(call: &Call<Nothing, OnBody>) -> Option<AgreementText> {
    let plan = call.admin.engine.plan();
    let tenant = plan.tenants.get(call.tenant())?;
    let agreement = tenant.integration.agreement.as_ref()?;
    Some(AgreementText {
        version: agreement.version.to_string(),
        text: agreement.text.to_string(),
    })
}

pub(super) async fn off(call: Call) -> Result<Switched, Problem> {
    let (engine, tenant) = (&call.admin.engine, call.tenant());
    let before = view::tenant(engine, tenant).await?;
    let row = engine.turn_off(tenant, &call.caller.name).await?;
    Ok(Switched {
        tenant: tenant.to_owned(),
        on: false,
        was: before.phase == Phase::Off,
        activated_at: row.activated_at.map(At),
    })
}

/// What was paused, or goes on.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PausedNow {
    /// Of which tenant; null for all of them.
    tenant: Option<String>,
    /// Which pipeline; null for all of them.
    pipeline: Option<String>,
    /// Whether it is paused now.
    paused: bool,
}

pub(super) async fn pause_all(call: Call) -> Result<PausedNow, Problem> {
    pause(&call, &Extent::Everything).await
}

pub(super) async fn resume_all(call: Call) -> Result<PausedNow, Problem> {
    resume(&call, &Extent::Everything).await
}

pub(super) async fn pause_tenant(call: Call) -> Result<PausedNow, Problem> {
    pause(&call, &Extent::Tenant(call.tenant().to_owned())).await
}

pub(super) async fn resume_tenant(call: Call) -> Result<PausedNow, Problem> {
    resume(&call, &Extent::Tenant(call.tenant().to_owned())).await
}

pub(super) async fn pause_pipeline(call: Call) -> Result<PausedNow, Problem> {
    pause(&call, &pipeline_of(&call)).await
}

pub(super) async fn resume_pipeline(call: Call) -> Result<PausedNow, Problem> {
    resume(&call, &pipeline_of(&call)).await
}

fn pipeline_of(call: &Call) -> Extent {
    Extent::Pipeline(call.tenant().to_owned(), call.part("pipeline").to_owned())
}

async fn pause(call: &Call, what: &Extent) -> Result<PausedNow, Problem> {
    call.admin.engine.pause(what, &call.caller.name).await?;
    Ok(paused(what, true))
}

async fn resume(call: &Call, what: &Extent) -> Result<PausedNow, Problem> {
    call.admin.engine.resume(what, &call.caller.name).await?;
    Ok(paused(what, false))
}

fn paused(what: &Extent, paused: bool) -> PausedNow {
    let (tenant, pipeline) = match what {
        Extent::Everything => (None, None),
        Extent::Tenant(tenant) => (Some(tenant.clone()), None),
        Extent::Pipeline(tenant, pipeline) => (Some(tenant.clone()), Some(pipeline.clone())),
    };
    PausedNow {
        tenant,
        pipeline,
        paused,
    }
}

/// What was checked of a tenant.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Checks {
    /// Whether everything is well.
    ok: bool,
    /// Each thing that was checked.
    items: Vec<CheckItem>,
}

/// Something that was checked.
#[derive(Debug, Serialize, JsonSchema)]
struct CheckItem {
    /// What: a connector, a requirement, a setting.
    what: String,
    /// Whether it is well.
    ok: bool,
    /// What there is to say of it, or what is wrong with it.
    says: String,
    /// The account's value that is wrong, where that can be told.
    blame: Option<String>,
    /// What is at fault, where something is.
    fault: Option<Fault>,
}

/// What is at fault.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Fault {
    /// The credentials of an account.
    Credentials,
    /// The other side cannot be reached.
    Unreachable,
    /// Anything else.
    Other,
}

pub(super) async fn check(call: Call) -> Result<Checks, Problem> {
    let lines = call.admin.engine.check(call.tenant()).await?;
    let items: Vec<CheckItem> = lines.into_iter().map(CheckItem::from).collect();
    Ok(Checks {
        ok: items.iter().all(|item| item.ok),
        items,
    })
}

impl From<CheckLine> for CheckItem {
    fn from(line: CheckLine) -> Self {
        match line.result {
            Ok(says) => Self {
                what: line.what,
                ok: true,
                says,
                blame: None,
                fault: None,
            },
            Err(failure) => Self {
                what: line.what,
                ok: false,
                says: failure.message,
                blame: failure.blame,
                fault: Some(match failure.kind {
                    Blame::Credentials => Fault::Credentials,
                    Blame::Reach => Fault::Unreachable,
                    Blame::Other => Fault::Other,
                }),
            },
        }
    }
}

pub(super) async fn pipelines(call: Call) -> Result<All<PipelineView>, Problem> {
    let items = view::pipelines(&call.admin.engine, call.tenant()).await?;
    Ok(All { items })
}

pub(super) async fn pipeline(call: Call) -> Result<PipelineView, Problem> {
    let name = call.part("pipeline");
    Ok(view::pipeline(&call.admin.engine, call.tenant(), name).await?)
}

/// A pass over a source of a pipeline.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Run {
    /// The pipeline's name, or `pipeline/signal`.
    source: String,
    /// How it went.
    pass: Pass,
}

pub(super) async fn runs(call: Call) -> Result<All<Run>, Problem> {
    let name = call.part("pipeline");
    let pipeline = view::pipeline(&call.admin.engine, call.tenant(), name).await?;
    let mut items: Vec<Run> = Vec::new();
    for source in pipeline.sources {
        let passes = source.passes.into_iter();
        items.extend(passes.map(|pass| Run {
            source: source.name.clone(),
            pass,
        }));
    }
    items.sort_by_key(|run| std::cmp::Reverse(run.pass.started));
    Ok(All { items })
}

/// A source that will be read.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Asked {
    /// Whose.
    tenant: String,
    /// Which.
    pipeline: String,
}

pub(super) async fn read(call: Call) -> Result<Asked, Problem> {
    let (tenant, pipeline) = (call.tenant(), call.part("pipeline"));
    let by = &call.caller.name;
    call.admin.engine.read_now(tenant, pipeline, by).await?;
    Ok(Asked {
        tenant: tenant.to_owned(),
        pipeline: pipeline.to_owned(),
    })
}
