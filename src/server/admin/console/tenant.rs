//! One tenant: its pipelines as a picture with what flows through them, its accounts, and orders for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{Redirect, Response};
use serde_json::{Value as Json, json};

use super::facts::{self, span, when, when_known};
use super::live;
use super::notices::Notice;
use super::picture::{self, Flow};
use super::visit::{Operating, Problem, Visitor};
use crate::daemon::{EngineError, Extent};
use crate::engine::clock::Timestamp;
use crate::engine::connect::Fill;
use crate::engine::record::{PipelineName, TenantName};
use crate::engine::run::{PassEnd, TenantRun};
use crate::engine::schedule::{Line, PassRow, Paused};
use crate::engine::store::{Count, Outcome, Phase, RecordState, Store as _};
use crate::lang::plan::{Pipeline, Tenant};
use crate::server::admin::Admin;

/// Reasons that are shown of a pipeline, the most frequent.
const MOST_REASONS: usize = 8;

pub(super) async fn page(
    State(admin): State<Arc<Admin>>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let tenant = known(&admin, &name)?;
    let frame = visitor.frame(&admin, "overview", &tenant.title);
    live::answer(admin, visitor, "tenant", frame, name, read).await
}

/// A tenant of the plan that holds.
pub(super) fn known(admin: &Admin, name: &str) -> Result<Arc<Tenant>, Problem> {
    let plan = admin.engine.plan();
    let found = plan.tenants.get(name).cloned();
    found.ok_or_else(|| EngineError::unknown_tenant(&plan, name).into())
}

async fn read(admin: Arc<Admin>, name: String) -> Result<Json, Problem> {
    let now = admin.engine.clock().now();
    let plan = known(&admin, &name)?;
    let tenant = TenantName::from(name.as_str());
    let store = admin.engine.store();
    let row = store.tenant(&tenant).await?;
    let counts = store.counts(&tenant).await?;
    let gates = store.gates(&tenant).await?;
    let intents = store.open_intents(&tenant).await?;
    let lines = admin
        .engine
        .with_control(&tenant, |control| control.board().lines())
        .unwrap_or_default();
    let paused = admin.engine.paused(&tenant);
    let open = admin
        .engine
        .tenants()
        .into_iter()
        .find(|run| *run.name() == tenant);
    let mut pipelines = Vec::new();
    let mut flows = Vec::new();
    for pipeline in plan.integration.pipelines.values() {
        let flow = flow(pipeline, &counts);
        pipelines.push(json!({
            "name": &*pipeline.name,
            "from": &*flow.from,
            "to": flow.to,
            "trigger": trigger(pipeline),
            "paused": paused.has(&pipeline.name),
            "file": pipeline.fetch.request.origin.file.as_ref(),
            "to_do": flow.to_do,
            "held": flow.held,
            "dead": flow.dead,
            "synced": flow.synced,
            "done": flow.done,
            "reasons": reasons(pipeline, &counts),
            "sources": sources(now, pipeline, &lines),
            "waits_for": gates
                .iter()
                .filter(|gate| gate.pipeline.as_str() == &*pipeline.name)
                .map(|gate| json!({ "requirement": gate.requirement, "reason": gate.reason, "since": when(now, gate.since) }))
                .collect::<Vec<_>>(),
        }));
        flows.push(flow);
    }
    Ok(json!({
        "tenant": {
            "name": name,
            "title": &*plan.title,
            "integration": &*plan.integration.title,
            "phase": row.phase.as_str(),
            "is_on": row.phase == Phase::On,
            "is_paused": row.phase == Phase::Paused,
            "activated": when_known(now, row.activated_at),
            "agreed": row.agreed.as_ref().map(|agreed| json!({ "version": agreed.version, "by": agreed.by, "at": when(now, agreed.at) })),
            "is_open": open.is_some(),
        },
        "everything_paused": paused == Paused::Everything,
        "picture": picture::draw(&flows),
        "pipelines": pipelines,
        "accounts": open.as_deref().map(|run| accounts(now, run)).unwrap_or_default(),
        "intents": intents
            .iter()
            .map(|link| json!({
                "entity": link.id.entity.as_str(),
                "key": link.id.key.as_str(),
                "kind": link.intent.as_ref().map(|intent| intent.kind.to_string()),
                "state": link.intent.as_ref().map(|intent| intent.state.to_string()),
                "at": when_known(now, link.intent.as_ref().map(|intent| intent.at)),
                "due": when_known(now, link.intent.as_ref().and_then(|intent| intent.due)),
            }))
            .collect::<Vec<_>>(),
    }))
}

/// How many records stand where in a pipeline.
fn flow(pipeline: &Pipeline, counts: &[Count]) -> Flow {
    let mut flow = Flow {
        name: pipeline.name.to_string(),
        from: pipeline.fetch.request.connector.to_string(),
        to: facts::targets(pipeline),
        ..Flow::default()
    };
    let own = counts
        .iter()
        .filter(|count| count.pipeline.as_str() == &*pipeline.name);
    for count in own {
        match count.state {
            RecordState::Ready | RecordState::Waiting => flow.to_do += count.records,
            RecordState::Held => flow.held += count.records,
            RecordState::Dead => flow.dead += count.records,
            RecordState::Done => {
                flow.done += count.records;
                match count.outcome {
                    Some(Outcome::Written | Outcome::Unchanged | Outcome::Echo) => {
                        flow.synced += count.records;
                    }
                    Some(Outcome::Skipped | Outcome::Held | Outcome::Retry | Outcome::Dead)
                    | None => {}
                }
            }
        }
    }
    flow
}

/// Why records of a pipeline are not written, the most frequent reason first.
fn reasons(pipeline: &Pipeline, counts: &[Count]) -> Vec<Json> {
    let own = counts
        .iter()
        .filter(|count| count.pipeline.as_str() == &*pipeline.name);
    let mut rows: Vec<&Count> = own.collect();
    rows.sort_by_key(|count| std::cmp::Reverse(count.records));
    let rows = rows.into_iter().take(MOST_REASONS);
    rows.map(|count| {
        let word = match (count.state, count.outcome) {
            (RecordState::Done, Some(outcome)) => outcome.to_string(),
            (state, _) => state.to_string(),
        };
        json!({ "word": word, "reason": count.reason, "records": count.records })
    })
    .collect()
}

/// When a pipeline runs, in words.
fn trigger(pipeline: &Pipeline) -> String {
    let Some(trigger) = &pipeline.trigger else {
        return "by hand".to_owned();
    };
    let mut parts = Vec::new();
    if let Some(every) = trigger.every {
        parts.push(format!("every {}", span(every)));
    }
    if let Some(cron) = &trigger.cron {
        parts.push(format!("at {} in {}", cron.line(), cron.zone()));
    }
    if !trigger.webhooks.is_empty() {
        parts.push("when told".to_owned());
    }
    if parts.is_empty() {
        "by hand".to_owned()
    } else {
        parts.join(", ")
    }
}

/// The feeds of a pipeline: its own and its signals.
fn sources(now: Timestamp, pipeline: &Pipeline, lines: &BTreeMap<PipelineName, Line>) -> Vec<Json> {
    let signals = pipeline.signals.iter().map(|signal| &signal.name);
    let names = std::iter::once(&pipeline.name).chain(signals);
    names
        .filter_map(|name| {
            let line = lines.get(&PipelineName::from(&**name))?;
            Some(json!({
                "name": &**name,
                "next": when_known(now, line.next),
                "reading": when_known(now, line.since),
                "passes": line.passes.iter().map(|pass| passed(now, pass)).collect::<Vec<_>>(),
            }))
        })
        .collect()
}

fn passed(now: Timestamp, pass: &PassRow) -> Json {
    let (word, reason) = match &pass.end {
        PassEnd::Complete => ("ok", None),
        PassEnd::Rests(_) => ("ok", None),
        PassEnd::Cut => ("waiting", None),
        PassEnd::Later { reason, .. } => ("waiting", Some(reason)),
        PassEnd::Stalled(reason) => ("failed", Some(reason)),
    };
    json!({
        "at": when(now, pass.started),
        "took": format!("{:.1} s", pass.ended.since(pass.started).as_secs_f64()),
        "word": word,
        "reason": reason,
        "rows": pass.seen.rows,
        "new": pass.seen.new,
    })
}

fn accounts(now: Timestamp, run: &TenantRun) -> Vec<Json> {
    let accounts = run.accounts().into_iter();
    accounts
        .map(|(connector, account)| {
            let pause = account.pause();
            json!({
                "connector": &*connector,
                "identity": account.identity().as_str(),
                "rests": pause.map(|pause| json!({ "until": when(now, pause.until), "reason": pause.reason.to_string() })),
                "windows": account.windows().into_iter().map(window).collect::<Vec<_>>(),
            })
        })
        .collect()
}

/// A rate window, also said per minute: that is what limits of different lengths compare by.
fn window(fill: Fill) -> Json {
    let per_minute = |requests: u32| {
        let seconds = fill.per.as_secs_f64().max(0.001);
        (f64::from(requests) * 60.0 / seconds).round()
    };
    json!({
        "requests": fill.requests,
        "used": fill.used,
        "per": span(fill.per),
        "used_per_minute": per_minute(fill.used),
        "limit_per_minute": per_minute(fill.requests),
        "stopped": (!fill.stopped.is_zero()).then(|| span(fill.stopped)),
    })
}

/// Which order a form gives.
#[derive(Clone, Copy, Debug)]
enum Order {
    Pause,
    Resume,
}

async fn give(
    admin: &Arc<Admin>,
    sent: &super::visit::Sent,
    order: Order,
    what: Extent,
) -> Result<Redirect, Problem> {
    let (named, back) = match &what {
        Extent::Everything => ("Everything".to_owned(), "/".to_owned()),
        Extent::Tenant(name) => (name.clone(), format!("/tenants/{name}")),
        Extent::Pipeline(name, pipeline) => (pipeline.clone(), format!("/tenants/{name}")),
    };
    let said = match order {
        Order::Pause => {
            admin.engine.pause(&what, sent.by()).await?;
            format!("{named} is paused.")
        }
        Order::Resume => {
            admin.engine.resume(&what, sent.by()).await?;
            format!("{named} goes on.")
        }
    };
    admin.console.standing.forget().await;
    Ok(sent.then(admin, Notice::well(said), &back))
}

pub(super) async fn pause(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    Operating(sent): Operating,
) -> Result<Redirect, Problem> {
    give(&admin, &sent, Order::Pause, Extent::Tenant(name)).await
}

pub(super) async fn resume(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    Operating(sent): Operating,
) -> Result<Redirect, Problem> {
    give(&admin, &sent, Order::Resume, Extent::Tenant(name)).await
}

pub(super) async fn pause_pipeline(
    State(admin): State<Arc<Admin>>,
    Path((name, pipeline)): Path<(String, String)>,
    Operating(sent): Operating,
) -> Result<Redirect, Problem> {
    give(
        &admin,
        &sent,
        Order::Pause,
        Extent::Pipeline(name, pipeline),
    )
    .await
}

pub(super) async fn resume_pipeline(
    State(admin): State<Arc<Admin>>,
    Path((name, pipeline)): Path<(String, String)>,
    Operating(sent): Operating,
) -> Result<Redirect, Problem> {
    give(
        &admin,
        &sent,
        Order::Resume,
        Extent::Pipeline(name, pipeline),
    )
    .await
}

pub(super) async fn read_now(
    State(admin): State<Arc<Admin>>,
    Path((name, pipeline)): Path<(String, String)>,
    Operating(sent): Operating,
) -> Result<Redirect, Problem> {
    admin.engine.read_now(&name, &pipeline, sent.by()).await?;
    let notice = Notice::well(format!("{pipeline} is read now."));
    Ok(sent.then(&admin, notice, &format!("/tenants/{name}")))
}
