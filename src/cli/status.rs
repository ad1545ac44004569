//! `status`: where every pipeline stands and what waits, with its reason.

use serde_json::{Value as Json, json};

use super::args::{Global, StatusArgs};
use super::exit::Exit;
use super::out::Out;
use super::{engine, workspace};
use crate::engine::record::TenantName;
use crate::engine::store::{Count, Phase, RecordState, SqliteStore, Store as _, TenantRow};

pub(super) async fn run(global: &Global, args: &StatusArgs, out: &Out) -> anyhow::Result<Exit> {
    let Some(plan) = workspace::plan(global, *out)? else {
        return Ok(Exit::Config);
    };
    let names = engine::tenants(&plan, args.tenant.as_deref())?;
    let store = engine::read_store(global, &plan).await?;
    let mut all = Vec::new();
    for name in names {
        let shown = tenant(&store, &name).await?;
        if !out.is_json() {
            out.data(&text(&shown));
        }
        all.push(shown);
    }
    if out.is_json() {
        let all: Vec<Json> = all.iter().map(json_of).collect();
        out.json(&all);
    }
    store.close().await;
    Ok(Exit::Fine)
}

/// Everything `status` says of one tenant.
struct Shown {
    row: TenantRow,
    counts: Vec<Count>,
    gates: Vec<crate::engine::store::ClosedGate>,
    intents: usize,
}

async fn tenant(store: &SqliteStore, name: &TenantName) -> anyhow::Result<Shown> {
    Ok(Shown {
        row: store.tenant(name).await?,
        counts: store.counts(name).await?,
        gates: store.gates(name).await?,
        intents: store.open_intents(name).await?.len(),
    })
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Off => "off",
        Phase::Activating => "activating",
        Phase::On => "on",
        Phase::Paused => "paused",
    }
}

fn text(shown: &Shown) -> String {
    let mut lines = vec![match shown.row.activated_at {
        Some(at) => format!(
            "{}: {}, first turned on at {at}",
            shown.row.tenant,
            phase(shown.row.phase)
        ),
        None => format!(
            "{}: {}, never turned on",
            shown.row.tenant,
            phase(shown.row.phase)
        ),
    }];
    for gate in &shown.gates {
        lines.push(format!(
            "  {} waits since {}: {}",
            gate.pipeline, gate.since, gate.reason
        ));
    }
    if shown.intents > 0 {
        lines.push(format!(
            "  {} requests whose outcome is not settled",
            shown.intents
        ));
    }
    lines.extend(shown.counts.iter().map(line));
    if shown.counts.is_empty() {
        lines.push("  no records yet".to_owned());
    }
    lines.join("\n")
}

/// How many records of a pipeline came to what, with the reason.
fn line(count: &Count) -> String {
    let what = match (count.state, &count.outcome) {
        (RecordState::Done, Some(outcome)) => outcome.to_string(),
        (state, _) => state.to_string(),
    };
    let reason = count
        .reason
        .as_deref()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    format!("  {:>8}  {}  {what}{reason}", count.records, count.pipeline)
}

/// A line for all that is not done, as `status` shows it.
pub(super) async fn waits(store: &SqliteStore, tenant: &TenantName) -> anyhow::Result<Vec<String>> {
    let counts = store.counts(tenant).await?;
    Ok(counts
        .iter()
        .filter(|count| count.state != RecordState::Done)
        .map(line)
        .collect())
}

fn json_of(shown: &Shown) -> Json {
    let records: Vec<Json> = shown
        .counts
        .iter()
        .map(|count| {
            json!({
                "pipeline": count.pipeline.as_str(),
                "state": count.state.to_string(),
                "outcome": count.outcome.map(|outcome| outcome.to_string()),
                "reason": count.reason,
                "records": count.records,
                "oldest": count.oldest.to_string(),
            })
        })
        .collect();
    let gates: Vec<Json> = shown
        .gates
        .iter()
        .map(|gate| json!({ "pipeline": gate.pipeline.as_str(), "requirement": gate.requirement, "reason": gate.reason, "since": gate.since.to_string() }))
        .collect();
    json!({
        "tenant": shown.row.tenant.as_str(),
        "phase": phase(shown.row.phase),
        "activated_at": shown.row.activated_at.map(|at| at.to_string()),
        "waiting_for": gates,
        "unsettled": shown.intents,
        "records": records,
    })
}
