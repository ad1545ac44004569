//! `run`: reads every source once and works every record.

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::args::{Global, RunArgs};
use super::exit::Exit;
use super::out::Out;
use super::{engine, live};
use crate::daemon::Engine;
use crate::engine::record::TenantName;
use crate::engine::schedule::{Mode, Rest, RunReport};
use crate::engine::store::{ClosedGate, Phase, Store as _};

pub(super) async fn run(global: &Global, args: &RunArgs, out: &Out) -> anyhow::Result<Exit> {
    let Some(engine) = engine::open(global, *out).await? else {
        return Ok(Exit::Config);
    };
    let mut what: Vec<(String, Option<Vec<String>>)> = Vec::new();
    for named in &args.what {
        let (tenant, pipeline) = named
            .split_once('/')
            .map_or((named.as_str(), None), |(tenant, pipeline)| {
                (tenant, Some(pipeline))
            });
        match what.iter_mut().find(|(name, _)| name == tenant) {
            Some((_, pipelines)) => match (pipelines, pipeline) {
                (Some(pipelines), Some(pipeline)) => pipelines.push(pipeline.to_owned()),
                (pipelines, _) => *pipelines = None,
            },
            None => what.push((
                tenant.to_owned(),
                pipeline.map(|pipeline| vec![pipeline.to_owned()]),
            )),
        }
    }
    if what.is_empty() {
        let plan = engine.plan();
        let known = plan.tenants.keys().map(ToString::to_string);
        let on: Vec<String> = engine
            .store()
            .tenants()
            .await?
            .into_iter()
            .filter(|row| row.phase == Phase::On)
            .map(|row| row.tenant.to_string())
            .collect();
        what = known
            .filter(|name| on.contains(name))
            .map(|name| (name, None))
            .collect();
        if what.is_empty() {
            out.talk("no tenant is on; turn one on with `syncline on TENANT`");
            engine.close().await;
            return Ok(Exit::Fine);
        }
    }
    let stop = CancellationToken::new();
    let watch = live::stop_on_ctrl_c(stop.clone(), *out);
    let mode = if args.follow {
        Mode::Forever
    } else {
        Mode::Once
    };
    let started = engine.clock().monotonic();
    let reports = engine.run(&what, mode, stop).await;
    watch.abort();
    let counters = engine.progress().counters();
    let took = engine.clock().monotonic().saturating_sub(started);
    let stands = match &reports {
        Ok(reports) => stands(&engine, reports).await?,
        Err(_) => Vec::new(),
    };
    engine.close().await;
    let reports = reports?;
    if out.is_json() {
        let tenants: Vec<_> = reports
            .iter()
            .map(|(name, report)| report_json(name, report))
            .collect();
        out.json(&json!({ "tenants": tenants, "counts": counters, "seconds": took.as_secs_f64() }));
    } else {
        out.data(&live::summary(&counters, took));
        for (name, report) in &reports {
            for (pipeline, reason) in &report.stalled {
                out.data(&format!("{name}/{pipeline} cannot be read: {reason}"));
            }
            if report.cut_short == Rest::Waiting {
                out.data(&format!(
                    "{name}: some records wait; `syncline status {name}` says for what"
                ));
            }
        }
        for (name, gate) in stands
            .iter()
            .flat_map(|stand| stand.gates.iter().map(move |gate| (&stand.tenant, gate)))
        {
            out.data(&format!(
                "{name}/{} takes up no work: {}",
                gate.pipeline, gate.reason
            ));
        }
    }
    let exit = exit(&reports, counters.dead);
    for name in stands
        .iter()
        .filter(|stand| stand.phase != Phase::On)
        .map(|stand| &stand.tenant)
    {
        out.talk(&format!(
            "{name} is not on, so nothing was read for it; `syncline on {name}` turns it on"
        ));
    }
    Ok(exit)
}

/// Where a tenant stands after a run.
struct Stand {
    tenant: TenantName,
    phase: Phase,
    gates: Vec<ClosedGate>,
}

async fn stands(engine: &Engine, reports: &[(String, RunReport)]) -> anyhow::Result<Vec<Stand>> {
    let mut stands = Vec::new();
    for (name, _) in reports {
        let tenant = TenantName::from(name.as_str());
        let phase = engine.store().tenant(&tenant).await?.phase;
        let gates = engine.store().gates(&tenant).await?;
        stands.push(Stand {
            tenant,
            phase,
            gates,
        });
    }
    Ok(stands)
}

fn report_json(name: &str, report: &RunReport) -> serde_json::Value {
    let stalled: Vec<_> = report
        .stalled
        .iter()
        .map(|(pipeline, reason)| json!({ "pipeline": pipeline, "reason": reason }))
        .collect();
    let rest = match report.cut_short {
        Rest::AtRest => "at_rest",
        Rest::Waiting => "waiting",
        Rest::Stopped => "stopped",
    };
    json!({ "tenant": name, "stalled": stalled, "ended": rest })
}

/// How a run ended, for scripts.
pub(super) fn exit(reports: &[(String, RunReport)], dead: u64) -> Exit {
    if reports.iter().any(|(_, report)| !report.stalled.is_empty()) {
        Exit::Unreachable
    } else if dead > 0 {
        Exit::Records
    } else {
        Exit::Fine
    }
}
