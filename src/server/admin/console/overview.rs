//! Every tenant at a glance, failing ones first.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{Redirect, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::facts;
use super::live;
use super::notices::Notice;
use super::visit::{Administering, Operating, Problem, Visitor};
use crate::daemon::{Extent, Outcome, Reopen};
use crate::engine::clock::Timestamp;
use crate::engine::record::TenantName;
use crate::engine::schedule::Paused;
use crate::engine::store::{Phase, RecordState};
use crate::server::admin::Admin;

/// Tenants on one page.
const ROWS: usize = 50;

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// Part of a name.
    #[serde(default)]
    tenant: String,
    /// From 1.
    page: Option<usize>,
}

/// How urgent a tenant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Grade {
    /// Somebody has to do something.
    Failing,
    /// Something is held or not settled.
    Watch,
    /// All is well.
    Well,
    /// It is paused.
    Paused,
    /// It is off.
    Off,
}

/// What is counted of a tenant.
#[derive(Clone, Debug, Default)]
struct Counted {
    ready: u64,
    waiting: u64,
    held: u64,
    dead: u64,
    unknown: u64,
    oldest: Option<Timestamp>,
    closed: Vec<String>,
}

pub(super) async fn page(
    State(admin): State<Arc<Admin>>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let frame = visitor.frame(&admin, "overview", "Overview");
    live::answer(admin, visitor, "overview", frame, asked, read).await
}

async fn read(admin: Arc<Admin>, asked: Asked) -> Result<Json, Problem> {
    let now = admin.engine.clock().now();
    let standing = facts::standing(&admin).await?;
    let phases: HashMap<&str, Phase> = standing
        .phases
        .iter()
        .map(|(tenant, phase)| (tenant.as_str(), *phase))
        .collect();
    let mut counted: HashMap<&str, Counted> = HashMap::new();
    for row in &standing.records {
        let of = counted.entry(row.tenant.as_str()).or_default();
        match row.state {
            RecordState::Ready => of.ready += row.records,
            RecordState::Waiting => of.waiting += row.records,
            RecordState::Held => of.held += row.records,
            RecordState::Dead => of.dead += row.records,
            RecordState::Done => continue,
        }
        of.oldest = Some(of.oldest.map_or(row.oldest, |known| known.min(row.oldest)));
    }
    for (tenant, intents) in &standing.unknown {
        counted.entry(tenant.as_str()).or_default().unknown += intents;
    }
    for (tenant, requirement) in &standing.closed {
        let of = counted.entry(tenant.as_str()).or_default();
        of.closed.push(requirement.clone());
    }
    let open: HashMap<TenantName, _> = admin
        .engine
        .tenants()
        .into_iter()
        .map(|run| (run.name().clone(), run))
        .collect();
    let plan = admin.engine.plan();
    let mut totals = Counted::default();
    let (mut on, mut off, mut paused) = (0, 0, 0);
    let wanted = asked.tenant.to_lowercase();
    let mut rows = Vec::new();
    for (name, tenant) in &plan.tenants {
        let phase = phases.get(&**name).copied().unwrap_or(Phase::Off);
        match phase {
            Phase::On => on += 1,
            Phase::Off | Phase::Activating => off += 1,
            Phase::Paused => paused += 1,
        }
        let of = counted.remove(&**name).unwrap_or_default();
        totals.ready += of.ready;
        totals.waiting += of.waiting;
        totals.held += of.held;
        totals.dead += of.dead;
        totals.unknown += of.unknown;
        let is_meant =
            name.to_lowercase().contains(&wanted) || tenant.title.to_lowercase().contains(&wanted);
        if !is_meant {
            continue;
        }
        let key = TenantName::from(&**name);
        let mut troubles = Vec::new();
        match open.get(&key) {
            Some(run) => {
                for (connector, pause) in run.pauses() {
                    troubles.push(format!("{connector} rests: {}", pause.reason));
                }
            }
            None => troubles.push("its accounts could not be opened".to_owned()),
        }
        for requirement in &of.closed {
            troubles.push(format!("waits for {requirement}"));
        }
        let halted = match admin.engine.paused(&key) {
            Paused::None => Json::Null,
            Paused::Pipelines(names) => format!("{} paused", names.len()).into(),
            Paused::Everything => Json::Null,
        };
        let grade = if phase == Phase::Off && of.dead == 0 {
            Grade::Off
        } else if of.dead > 0 || !troubles.is_empty() {
            Grade::Failing
        } else if phase == Phase::Paused {
            Grade::Paused
        } else if of.held > 0 || of.unknown > 0 {
            Grade::Watch
        } else {
            Grade::Well
        };
        rows.push((
            grade,
            of.oldest,
            json!({
                "name": &**name,
                "title": &*tenant.title,
                "integration": &*tenant.integration.title,
                "phase": phase.as_str(),
                "halted": halted,
                "grade": grade,
                "ready": of.ready,
                "waiting": of.waiting,
                "held": of.held,
                "dead": of.dead,
                "unknown": of.unknown,
                "oldest": facts::when_known(now, of.oldest),
                "troubles": troubles,
            }),
        ));
    }
    // Failing ones first, and among alike the one that lags most.
    rows.sort_by_key(|(grade, oldest, row)| {
        let name = row["name"].as_str().unwrap_or_default().to_owned();
        (*grade, oldest.is_none(), *oldest, name)
    });
    let found = rows.len();
    let pages = found.div_ceil(ROWS).max(1);
    let page = asked.page.unwrap_or(1).clamp(1, pages);
    let rows: Vec<Json> = rows
        .into_iter()
        .skip((page - 1) * ROWS)
        .take(ROWS)
        .map(|(_, _, row)| row)
        .collect();
    let counters = admin.engine.progress().counters();
    let generation = admin.engine.generation();
    let everything = admin.engine.paused(&TenantName::from("")) == Paused::Everything;
    Ok(json!({
        "tenants": rows,
        "filter": asked.tenant,
        "found": found,
        "page": page,
        "pages": pages,
        "everything_paused": everything,
        "totals": {
            "tenants": plan.tenants.len(), "on": on, "off": off, "paused": paused,
            "ready": totals.ready, "waiting": totals.waiting, "held": totals.held,
            "dead": totals.dead, "unknown": totals.unknown,
        },
        "counters": counters,
        "hooks": admin.ingress.counts(),
        "plan": { "number": generation.number, "since": facts::when(now, generation.since) },
    }))
}

/// Nothing is read or worked any more, for any tenant.
pub(super) async fn pause(
    State(admin): State<Arc<Admin>>,
    Operating(sent): Operating,
) -> Result<Redirect, Problem> {
    admin.engine.pause(&Extent::Everything, sent.by()).await?;
    Ok(sent.then(&admin, Notice::well("Everything is paused."), "/"))
}

pub(super) async fn resume(
    State(admin): State<Arc<Admin>>,
    Operating(sent): Operating,
) -> Result<Redirect, Problem> {
    admin.engine.resume(&Extent::Everything, sent.by()).await?;
    let notice = Notice::well("Everything goes on that is not paused by itself.");
    Ok(sent.then(&admin, notice, "/"))
}

/// Reads the files and secrets anew.
pub(super) async fn reload(
    State(admin): State<Arc<Admin>>,
    Administering(sent): Administering,
) -> Result<Redirect, Problem> {
    let done = admin.engine.reload_by(Reopen::All, sent.by()).await?;
    Ok(sent.then(&admin, told(&done.outcome), "/"))
}

/// What came of a reload.
pub(super) fn told(outcome: &Outcome) -> Notice {
    match outcome {
        Outcome::Same => Notice::well("The files say what they said before."),
        Outcome::Taken {
            changed, failed, ..
        } if failed.is_empty() => Notice::well(format!(
            "The files and secrets were read anew. Tenants that run by them now: {}.",
            changed.len()
        )),
        Outcome::Taken { failed, .. } => {
            let lines = failed.iter();
            let lines = lines.map(|(tenant, error)| format!("{tenant}: {error}"));
            let lines: Vec<String> = lines.collect();
            Notice::badly("Some tenants go on as before.").with(lines.join("\n"))
        }
        Outcome::Refused { text, .. } => {
            Notice::badly("The files are wrong; the plan of before goes on.").with(text)
        }
    }
}
