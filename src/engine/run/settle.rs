//! Settling what nobody knew: an intent whose outcome was lost is looked for until finding nothing means something
//! (S1, S7, T5).

use std::time::Duration;

use serde_json::Value as Json;
use tracing::{Instrument as _, debug, error_span, info, warn};

use super::attempt::remember_json;
use super::failure::Stop;
use super::find;
use super::progress::Tick;
use super::tenant::TenantRun;
use crate::engine::clock::Timestamp;
use crate::engine::crash::{self, CrashPoint};
use crate::engine::store::{
    Applied, Fingerprint, Intent, LinkRow, Miss, Missed, OpKind, OpState, Origin, Settle,
    Settlement, Store as _, TargetId,
};
use crate::engine::telemetry::names::span;
use crate::lang::plan::{Find, Step, Verb};

/// Intents looked for in one go.
const BATCH: u32 = 64;

/// Looks for every unknown intent whose time has come.
pub(crate) async fn settle_due(tenant: &TenantRun) {
    let span = error_span!(span::SETTLE, tenant = %tenant.name);
    settled(tenant).instrument(span).await;
}

async fn settled(tenant: &TenantRun) {
    match look_for_all(tenant).await {
        Ok(()) => {}
        Err(Stop::Fail(failure)) => {
            warn!(tenant = %tenant.name, error = %failure.message, "Unknown outcomes could not be looked for.");
        }
        Err(Stop::Store(error)) => {
            warn!(tenant = %tenant.name, %error, "Unknown outcomes could not be looked for.");
        }
        Err(
            Stop::Skip { .. } | Stop::Hold { .. } | Stop::Park(_) | Stop::Off | Stop::Superseded,
        ) => {}
    }
}

async fn look_for_all(tenant: &TenantRun) -> Result<(), Stop> {
    let now = tenant.clock.now();
    for row in tenant.store.unsettled(&tenant.name, now, BATCH).await? {
        let Some(intent) = row.intent.clone() else {
            continue;
        };
        if intent.state != OpState::Unknown {
            continue;
        }
        // Nobody else may write the link meanwhile (S3).
        let _claim = tenant.claims.take(row.id.clone()).await;
        crash::pass(CrashPoint::BeforeUnsettled);
        match intent.kind {
            OpKind::Create => look(tenant, &row, &intent).await?,
            OpKind::Update | OpKind::Other => release(tenant, &row, &intent).await?,
        }
        crash::pass(CrashPoint::AfterUnsettled);
    }
    Ok(())
}

/// An unknown change is not looked for: once it can no longer take effect, it is sent again in full (S7).
async fn release(tenant: &TenantRun, row: &LinkRow, intent: &Intent) -> Result<(), Stop> {
    let now = tenant.clock.now();
    if let Some(bound) = intent.bound.filter(|bound| *bound > now) {
        return postpone(tenant, row, intent, now, bound).await;
    }
    let settle = Settle {
        link: row.id.clone(),
        op: intent.op.clone(),
        at: tenant.clock.now(),
        outcome: Settlement::NotApplied,
    };
    tenant.store.settle(settle).await?;
    tenant.links.forget(&row.id);
    tenant.progress.tick(Tick::Settled);
    Ok(())
}

async fn look(tenant: &TenantRun, row: &LinkRow, intent: &Intent) -> Result<(), Stop> {
    let started = tenant.clock.now();
    let Some(connection) = tenant
        .connections
        .values()
        .find(|connection| connection.identity() == &row.id.identity)
    else {
        return Ok(());
    };
    let sent: Option<Json> = intent
        .find
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    let find = sent
        .as_ref()
        .and_then(|sent| find_of(tenant, row.id.entity.as_str(), sent));
    let (Some(sent), Some(find)) = (sent, find) else {
        warn!(entity = %row.id.entity, key = %row.id.key, "An unknown outcome cannot be looked for: the plan has no search for it; resolve it by hand.");
        hold(tenant, row, intent).await?;
        return Ok(());
    };
    let settle = connection.connector().settle;
    let next = started.plus(pause(settle.map(|settle| settle.lag)));
    match find::search_again(tenant, find, &sent).await {
        Ok(searched) if searched.candidates.len() == 1 => {
            let id = searched
                .candidates
                .into_iter()
                .next()
                .map(|candidate| candidate.id)
                .unwrap_or_default();
            applied(tenant, row, intent, &id, started).await?;
            info!(entity = %row.id.entity, key = %row.id.key, %id, "An unknown create was found: it had happened.");
            Ok(())
        }
        Ok(searched) if searched.candidates.is_empty() && !searched.capped => {
            let miss = Miss {
                link: row.id.clone(),
                op: intent.op.clone(),
                finds: intent.finds,
                started,
                next,
            };
            match tenant.store.miss(miss).await? {
                Missed::Released => {
                    tenant.links.forget(&row.id);
                    tenant.progress.tick(Tick::Settled);
                    debug!(entity = %row.id.entity, key = %row.id.key, "An unknown create was not found twice: it had not happened.");
                    Ok(())
                }
                Missed::Again { .. } | Missed::Moved(_) => Ok(()),
            }
        }
        Ok(searched) if searched.candidates.len() > 1 => {
            warn!(entity = %row.id.entity, key = %row.id.key, found = searched.candidates.len(), "Several were found for an unknown create; resolve it by hand.");
            hold(tenant, row, intent).await?;
            Ok(())
        }
        Ok(_) => postpone(tenant, row, intent, started, next).await,
        Err(Stop::Fail(failure)) => {
            debug!(error = %failure.message, "An unknown outcome could not be looked for; later again.");
            postpone(tenant, row, intent, started, next).await
        }
        Err(stop) => Err(stop),
    }
}

/// How long to wait between two looks.
fn pause(lag: Option<Duration>) -> Duration {
    lag.map_or(Duration::from_secs(5), |lag| {
        (lag / 4).clamp(Duration::from_millis(200), Duration::from_secs(15))
    })
}

/// A look that could not be made counts nothing.
async fn postpone(
    tenant: &TenantRun,
    row: &LinkRow,
    intent: &Intent,
    started: Timestamp,
    next: Timestamp,
) -> Result<(), Stop> {
    // A miss from before the bound is not counted; an early `started` makes this one such a miss.
    let started = intent.bound.map_or(started, |bound| {
        bound.minus(Duration::from_secs(1)).min(started)
    });
    let miss = Miss {
        link: row.id.clone(),
        op: intent.op.clone(),
        finds: intent.finds,
        started,
        next,
    };
    tenant.store.miss(miss).await?;
    Ok(())
}

async fn hold(tenant: &TenantRun, row: &LinkRow, intent: &Intent) -> Result<(), Stop> {
    let settle = Settle {
        link: row.id.clone(),
        op: intent.op.clone(),
        at: tenant.clock.now(),
        outcome: Settlement::Held,
    };
    tenant.store.settle(settle).await?;
    tenant.links.forget(&row.id);
    Ok(())
}

async fn applied(
    tenant: &TenantRun,
    row: &LinkRow,
    intent: &Intent,
    id: &Json,
    at: Timestamp,
) -> Result<(), Stop> {
    let target = match id {
        Json::String(text) => text.clone(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            id.to_string()
        }
    };
    let sent: Option<Json> = intent
        .find
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    let remembered = sent
        .and_then(|sent| sent.get("remember")?.as_object().cloned())
        .unwrap_or_default();
    let remembered = Some(remember_json(remembered, id)).filter(|text| text != "{}");
    let settle = Settle {
        link: row.id.clone(),
        op: intent.op.clone(),
        at,
        outcome: Settlement::Applied(Applied {
            target: TargetId::from(target),
            origin: Origin::Created,
            remember: remembered,
            written: Some(Fingerprint {
                hash: intent.hash.clone(),
                target_version: None,
                written_at: intent.at,
            }),
            readers: tenant.readers(row.id.entity.as_str()),
        }),
    };
    tenant.store.settle(settle).await?;
    tenant.links.forget(&row.id);
    tenant.progress.tick(Tick::Settled);
    Ok(())
}

/// The search that was sent, on the current plan: of the writes that make an entity the one with the same condition,
/// else the first.
fn find_of<'t>(tenant: &'t TenantRun, entity: &str, sent: &Json) -> Option<&'t Find> {
    let integration = &tenant.plan.integration;
    let pipelines = integration
        .pipelines
        .values()
        .map(|pipeline| pipeline.steps.as_slice());
    let mut found = Vec::new();
    for steps in pipelines.chain(std::iter::once(integration.on_activate.as_slice())) {
        finds_in(steps, entity, &mut found);
    }
    let same = found.iter().find(|one| find::was_sent(one, sent));
    same.or(found.first()).copied()
}

fn finds_in<'s>(steps: &'s [Step], entity: &str, found: &mut Vec<&'s Find>) {
    for step in steps {
        match &step.verb {
            Verb::Write(write)
                if write.entity.as_deref() == Some(entity) && write.create.is_some() =>
            {
                found.extend(write.find.as_ref());
            }
            Verb::Do(steps) => finds_in(steps, entity, found),
            Verb::Call(call) => finds_in(&call.steps, entity, found),
            Verb::Write(_)
            | Verb::Fetch(_)
            | Verb::Transform(_)
            | Verb::Map(_)
            | Verb::Skip { .. }
            | Verb::Hold { .. }
            | Verb::Fail { .. } => {}
        }
        for catch in &step.catch {
            finds_in(&catch.steps, entity, found);
        }
    }
}
