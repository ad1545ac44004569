//! T2: an intent becomes durable, under every condition that keeps two creates of one thing apart.

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;

use super::super::{LinkId, Phase, PlanIntent, Planned, Progress, RecordState};
use super::bulk::{Args, Bulk, MOST, runs};
use super::fault::Fault;
use super::links;
use super::rows::{get, word};
use super::writer::{Command, Tx};
use crate::engine::crash::CrashPoint;
use crate::engine::record::TenantEpoch;

/// All that decides about an intent. The engine epoch comes along with every row: the last fence, should two engines
/// have opened one file in spite of its lock (S29).
static STANDING: Bulk = Bulk::new(
    "WITH item (tenant, key, entity, identity, r_key, r_identity, r_pipeline) AS (VALUES ",
    7,
    ") SELECT (SELECT engine_epoch FROM meta) AS engine, tenant.phase, tenant.epoch, \
     link.op, link.op_id, link.target, record.seq, record.state \
     FROM item LEFT JOIN tenant ON tenant.tenant = item.tenant \
     LEFT JOIN link ON link.tenant = item.tenant AND link.key = item.key \
       AND link.entity = item.entity AND link.identity = item.identity \
     LEFT JOIN record ON record.tenant = item.tenant AND record.key = item.r_key \
       AND record.identity = item.r_identity AND record.pipeline = item.r_pipeline \
     WHERE item.tenant IS NOT NULL",
);

static INTEND: Bulk = Bulk::new(
    "WITH item (tenant, key, entity, identity, op, id, at, engine, r_identity, r_pipeline, r_key, \
     seq, find, hash, wait) AS (VALUES ",
    15,
    ") INSERT INTO link (tenant, key, entity, identity, op, op_state, op_id, op_at, op_epoch, \
     op_identity, op_pipeline, op_record, op_seq, op_find, op_hash, op_wait, finds) \
     SELECT tenant, key, entity, identity, op, 'planned', id, at, engine, r_identity, r_pipeline, \
     r_key, seq, find, hash, wait, 0 FROM item WHERE tenant IS NOT NULL \
     ON CONFLICT DO UPDATE SET op = excluded.op, op_state = 'planned', op_id = excluded.op_id, \
     op_at = excluded.op_at, op_epoch = excluded.op_epoch, op_identity = excluded.op_identity, \
     op_pipeline = excluded.op_pipeline, op_record = excluded.op_record, \
     op_seq = excluded.op_seq, op_find = excluded.op_find, op_hash = excluded.op_hash, \
     op_wait = excluded.op_wait, op_bound = NULL, op_due = NULL, finds = 0",
);

static COUNT_ATTEMPTS: Bulk = Bulk::new(
    "WITH item (tenant, key, identity, pipeline, attempt) AS (VALUES ",
    5,
    ") UPDATE record SET attempts = max(attempts, item.attempt) FROM item \
     WHERE record.tenant = item.tenant AND record.key = item.key \
     AND record.identity = item.identity AND record.pipeline = item.pipeline",
);

#[cfg(test)]
pub(super) static STATEMENTS: &[&Bulk] = &[&STANDING, &INTEND, &COUNT_ATTEMPTS];

/// What stands where an intent wants to stand.
struct Standing {
    tenant: Option<(Phase, TenantEpoch)>,
    op: Option<String>,
    last_op: Option<String>,
    target: Option<String>,
    record: Option<(i64, RecordState)>,
}

enum Decision {
    Plan,
    Repeated,
    Off,
    Busy,
    Linked,
    Superseded,
}

fn decide(intent: &PlanIntent, standing: &Standing) -> Decision {
    let open = standing.op.is_some();
    if open && standing.last_op.as_deref() == Some(intent.op.as_str()) {
        return Decision::Repeated;
    }
    let (phase, epoch) = standing.tenant.unwrap_or((Phase::Off, TenantEpoch(0)));
    let runs = match phase {
        Phase::On => true,
        Phase::Activating => intent.work.is_none(),
        Phase::Off | Phase::Paused => false,
    };
    if !runs || epoch != intent.fence.epoch {
        return Decision::Off;
    }
    if open {
        return Decision::Busy;
    }
    if standing.target.as_deref() != intent.target.as_ref().map(super::super::TargetId::as_str) {
        return Decision::Linked;
    }
    match (&intent.work, standing.record) {
        (None, _) => Decision::Plan,
        (Some(_), None) => Decision::Superseded,
        (Some(work), Some((seq, state))) => match work.progress {
            Progress::Later => Decision::Plan,
            Progress::First => match state {
                RecordState::Done | RecordState::Dead => Decision::Superseded,
                RecordState::Ready | RecordState::Waiting | RecordState::Held => {
                    if seq == work.taken.0 {
                        Decision::Plan
                    } else {
                        Decision::Superseded
                    }
                }
            },
        },
    }
}

impl Command for PlanIntent {
    type Answer = Planned;

    const SHARES: bool = true;

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[(CrashPoint::BeforePlan, CrashPoint::AfterPlan)]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<Planned>, Fault> {
        let mut answers = Vec::with_capacity(commands.len());
        for run in runs(commands, |intent| {
            (
                &intent.key,
                &intent.entity,
                &intent.identity,
                &intent.fence.tenant,
            )
        }) {
            let standings = standings(tx, run).await?;
            let mut accepted = Vec::with_capacity(run.len());
            for (intent, standing) in run.iter().zip(&standings) {
                let answer = match decide(intent, standing) {
                    Decision::Plan => {
                        accepted.push(*intent);
                        Planned::Planned
                    }
                    Decision::Repeated => Planned::Planned,
                    Decision::Off => {
                        let (phase, epoch) =
                            standing.tenant.unwrap_or((Phase::Off, TenantEpoch(0)));
                        Planned::Off { phase, epoch }
                    }
                    Decision::Busy => match link(tx, &intent.link()).await? {
                        Some(row) => Planned::Busy(row),
                        None => Planned::Superseded,
                    },
                    Decision::Linked => Planned::Linked(link(tx, &intent.link()).await?),
                    Decision::Superseded => Planned::Superseded,
                };
                answers.push(answer);
            }
            store(tx, &accepted).await?;
        }
        Ok(answers)
    }
}

async fn link(tx: &mut Tx<'_>, id: &LinkId) -> Result<Option<Box<super::super::LinkRow>>, Fault> {
    Ok(links::read(tx.conn, id).await?.map(Box::new))
}

async fn standings(tx: &mut Tx<'_>, run: &[&PlanIntent]) -> Result<Vec<Standing>, Fault> {
    let mut args = Args::default();
    for intent in run {
        let record = intent.work.as_ref().map(|work| &work.record);
        args.row()
            .add(intent.fence.tenant.as_str())
            .add(intent.key.as_str())
            .add(intent.entity.as_str())
            .add(intent.identity.as_str())
            .add(record.map(|record| record.key.as_str()))
            .add(record.map(|record| record.identity.as_str()))
            .add(record.map(|record| record.pipeline.as_str()));
    }
    let rows = STANDING.fetch(tx.conn, args).await?;
    rows.iter().map(|row| standing(row, tx.engine.0)).collect()
}

fn standing(row: &SqliteRow, engine: i64) -> Result<Standing, Fault> {
    if get::<i64>(row, "engine")? != engine {
        return Err(Fault::TakenOver);
    }
    let tenant = match word(row, "phase", Phase::parse)? {
        Some(phase) => Some((phase, TenantEpoch(get(row, "epoch")?))),
        None => None,
    };
    let record = match word(row, "state", RecordState::parse)? {
        Some(state) => Some((get(row, "seq")?, state)),
        None => None,
    };
    Ok(Standing {
        tenant,
        op: get(row, "op")?,
        last_op: get(row, "op_id")?,
        target: get(row, "target")?,
        record,
    })
}

async fn store(tx: &mut Tx<'_>, intents: &[&PlanIntent]) -> Result<(), Fault> {
    if intents.is_empty() {
        return Ok(());
    }
    debug_assert!(intents.len() <= MOST, "a run fits one statement");
    let mut args = Args::default();
    let mut attempts: HashMap<_, u32> = HashMap::new();
    for intent in intents {
        let record = intent.work.as_ref().map(|work| &work.record);
        args.row()
            .add(intent.fence.tenant.as_str())
            .add(intent.key.as_str())
            .add(intent.entity.as_str())
            .add(intent.identity.as_str())
            .add(intent.kind.as_str())
            .add(intent.op.as_str())
            .add(intent.at.ticks())
            .add(tx.engine.0)
            .add(record.map(|record| record.identity.as_str()))
            .add(record.map(|record| record.pipeline.as_str()))
            .add(record.map(|record| record.key.as_str()))
            .add(intent.work.as_ref().map(|work| work.taken.0))
            .add(intent.find.as_deref())
            .add(intent.hash.as_str())
            .add(intent.settle_after.map(links::ticks_of));
        if let Some(work) = &intent.work {
            let attempt = attempts.entry(&work.record).or_default();
            *attempt = work.attempt.max(*attempt);
        }
    }
    INTEND.execute(tx.conn, args).await?;
    if attempts.is_empty() {
        return Ok(());
    }
    let mut args = Args::default();
    for (record, attempt) in attempts {
        args.row()
            .add(record.tenant.as_str())
            .add(record.key.as_str())
            .add(record.identity.as_str())
            .add(record.pipeline.as_str())
            .add(attempt);
    }
    COUNT_ATTEMPTS.execute(tx.conn, args).await?;
    Ok(())
}
