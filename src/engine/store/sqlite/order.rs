//! T6: what people ask for, with its effect and its audit row in one transaction.

use serde_json::json;

use super::super::{
    Adopt, EVERY_TENANT, Error, Instruction, LinkChange, LinkId, OpState, Order, Ordered, Origin,
    Phase, Reader, RecordId, Selection, TargetId, TenantRow,
};
use super::fault::Fault;
use super::writer::{Command, Tx};
use super::{links, miss, tenant};
use crate::engine::clock::Timestamp;
use crate::engine::crash::CrashPoint;
use crate::engine::record::{PipelineName, TenantEpoch};

/// Stands for all pipelines, in the row that pauses everything.
const EVERY_PIPELINE: &str = "*";

impl Command for Order {
    type Answer = Ordered;

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[(CrashPoint::BeforeOrder, CrashPoint::AfterOrder)]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<Ordered>, Fault> {
        let mut answers = Vec::with_capacity(commands.len());
        for order in commands {
            let records = if enter(tx, order).await? {
                tx.fences.clear();
                carry_out(tx, order).await?
            } else {
                0
            };
            let tenant = tenant::read(tx.conn, &order.tenant).await?;
            answers.push(Ordered { tenant, records });
        }
        Ok(answers)
    }
}

/// Writes the audit row; says whether the order is a new one.
async fn enter(tx: &mut Tx<'_>, order: &Order) -> Result<bool, Fault> {
    if order.tenant.as_str() != EVERY_TENANT {
        sqlx::query(
            "INSERT INTO tenant (tenant, phase, epoch) VALUES (?1, 'off', 0) ON CONFLICT DO NOTHING",
        )
        .bind(order.tenant.as_str())
        .execute(&mut *tx.conn)
        .await?;
    }
    let (what, args) = describe(&order.what);
    let entered = sqlx::query(
        "INSERT INTO orders (tenant, id, what, args, by, at, done_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT DO NOTHING",
    )
    .bind(order.tenant.as_str())
    .bind(order.id.as_str())
    .bind(what)
    .bind(args.to_string())
    .bind(order.by.as_str())
    .bind(order.at.ticks())
    .execute(&mut *tx.conn)
    .await?;
    Ok(entered.rows_affected() == 1)
}

/// The order's word and its arguments, for the audit log.
fn describe(what: &Instruction) -> (&'static str, serde_json::Value) {
    let record = |record: &RecordId| json!({ "pipeline": record.pipeline, "key": record.key, "identity": record.identity });
    match what {
        Instruction::Accept { version } => ("accept", json!({ "version": version })),
        Instruction::Activate { activated_at } => (
            "activate",
            json!({ "activated_at": activated_at.to_string() }),
        ),
        Instruction::FinishActivation { epoch } => ("activated", json!({ "epoch": epoch })),
        Instruction::Off => ("off", json!({})),
        Instruction::Pause => ("pause", json!({})),
        Instruction::Resume => ("resume", json!({})),
        Instruction::PausePipeline(pipeline) => ("pause", json!({ "pipeline": pipeline })),
        Instruction::ResumePipeline(pipeline) => ("resume", json!({ "pipeline": pipeline })),
        Instruction::PauseEverything => ("pause", json!({ "everything": true })),
        Instruction::ResumeEverything => ("resume", json!({ "everything": true })),
        Instruction::Retry(Selection::Record(id)) => ("retry", record(id)),
        Instruction::Retry(Selection::Dead { pipeline, cause }) => {
            ("retry", json!({ "pipeline": pipeline, "cause": cause }))
        }
        Instruction::Retry(Selection::Held { pipeline }) => {
            ("retry", json!({ "pipeline": pipeline, "state": "held" }))
        }
        Instruction::Resolve {
            record: id,
            link,
            target,
            readers: _,
        } => (
            "resolve",
            json!({ "record": record(id), "entity": link.entity, "link": link.key, "id": target }),
        ),
        Instruction::Forget(id) => ("forget", record(id)),
        Instruction::Note(what, args) => (what.as_str(), args.clone()),
    }
}

async fn carry_out(tx: &mut Tx<'_>, order: &Order) -> Result<u64, Fault> {
    match &order.what {
        Instruction::Accept { version } => {
            sqlx::query(
                "UPDATE tenant SET agreed_version = ?2, agreed_by = ?3, agreed_at = ?4 \
                 WHERE tenant = ?1",
            )
            .bind(order.tenant.as_str())
            .bind(version.as_str())
            .bind(order.by.as_str())
            .bind(order.at.ticks())
            .execute(&mut *tx.conn)
            .await?;
            Ok(0)
        }
        Instruction::Activate { activated_at } => activate(tx, order, *activated_at).await,
        Instruction::FinishActivation { epoch } => finish_activation(tx, order, *epoch).await,
        Instruction::Off => {
            sqlx::query("UPDATE tenant SET phase = 'off', epoch = epoch + 1 WHERE tenant = ?1")
                .bind(order.tenant.as_str())
                .execute(&mut *tx.conn)
                .await?;
            Ok(0)
        }
        Instruction::Pause => step(tx, order, Phase::On, Phase::Paused, "be paused").await,
        Instruction::Resume => step(tx, order, Phase::Paused, Phase::On, "be resumed").await,
        Instruction::PausePipeline(pipeline) => pause(tx, order, pipeline.as_str()).await,
        Instruction::ResumePipeline(pipeline) => resume(tx, order, pipeline.as_str()).await,
        Instruction::PauseEverything => pause(tx, order, EVERY_PIPELINE).await,
        Instruction::ResumeEverything => resume(tx, order, EVERY_PIPELINE).await,
        Instruction::Retry(selection) => retry(tx, order, selection).await,
        Instruction::Resolve {
            record,
            link,
            target,
            readers,
        } => resolve(tx, order, record, link, target, readers).await,
        Instruction::Forget(record) => forget(tx, record, order.at).await,
        Instruction::Note(..) => Ok(0),
    }
}

/// The tenant, when it stands in `phase`.
async fn require(
    tx: &mut Tx<'_>,
    order: &Order,
    phase: Phase,
    what: &'static str,
) -> Result<TenantRow, Fault> {
    let row = tenant::read(tx.conn, &order.tenant).await?;
    if row.phase == phase {
        return Ok(row);
    }
    Err(Fault::Refused(Error::WrongPhase {
        tenant: row.tenant,
        phase: row.phase,
        order: what,
    }))
}

async fn step(
    tx: &mut Tx<'_>,
    order: &Order,
    from: Phase,
    to: Phase,
    what: &'static str,
) -> Result<u64, Fault> {
    require(tx, order, from, what).await?;
    sqlx::query("UPDATE tenant SET phase = ?2 WHERE tenant = ?1")
        .bind(order.tenant.as_str())
        .bind(to.as_str())
        .execute(&mut *tx.conn)
        .await?;
    Ok(0)
}

/// Who paused it first stays on record.
async fn pause(tx: &mut Tx<'_>, order: &Order, pipeline: &str) -> Result<u64, Fault> {
    sqlx::query(
        "INSERT INTO pause (tenant, pipeline, by, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )
    .bind(order.tenant.as_str())
    .bind(pipeline)
    .bind(order.by.as_str())
    .bind(order.at.ticks())
    .execute(&mut *tx.conn)
    .await?;
    Ok(0)
}

async fn resume(tx: &mut Tx<'_>, order: &Order, pipeline: &str) -> Result<u64, Fault> {
    sqlx::query("DELETE FROM pause WHERE tenant = ?1 AND pipeline = ?2")
        .bind(order.tenant.as_str())
        .bind(pipeline)
        .execute(&mut *tx.conn)
        .await?;
    Ok(0)
}

async fn activate(tx: &mut Tx<'_>, order: &Order, at: Timestamp) -> Result<u64, Fault> {
    require(tx, order, Phase::Off, "be turned on").await?;
    sqlx::query(
        "UPDATE tenant SET phase = 'activating', epoch = epoch + 1, \
         activated_at = coalesce(activated_at, ?2) WHERE tenant = ?1",
    )
    .bind(order.tenant.as_str())
    .bind(at.ticks())
    .execute(&mut *tx.conn)
    .await?;
    Ok(0)
}

async fn finish_activation(
    tx: &mut Tx<'_>,
    order: &Order,
    epoch: TenantEpoch,
) -> Result<u64, Fault> {
    let row = require(tx, order, Phase::Activating, "finish being turned on").await?;
    if row.epoch != epoch {
        return Err(Fault::Refused(Error::EpochMoved {
            tenant: row.tenant,
            expected: epoch,
            phase: row.phase,
            epoch: row.epoch,
        }));
    }
    sqlx::query("UPDATE tenant SET phase = 'on', since = ?2 WHERE tenant = ?1")
        .bind(order.tenant.as_str())
        .bind(order.at.ticks())
        .execute(&mut *tx.conn)
        .await?;
    Ok(0)
}

async fn retry(tx: &mut Tx<'_>, order: &Order, selection: &Selection) -> Result<u64, Fault> {
    let done =
        match selection {
            Selection::Record(record) => sqlx::query(
                "UPDATE record SET state = 'ready', outcome = NULL, reason = NULL, detail = NULL, \
                 due = NULL, backoff = NULL, waits_on = NULL, attempts = 0 \
                 WHERE tenant = ?1 AND key = ?2 AND identity = ?3 AND pipeline = ?4 \
                 AND state IN ('dead', 'held', 'waiting')",
            )
            .bind(order.tenant.as_str())
            .bind(record.key.as_str())
            .bind(record.identity.as_str())
            .bind(record.pipeline.as_str())
            .execute(&mut *tx.conn)
            .await?,
            Selection::Dead { pipeline, cause } => sqlx::query(
                "UPDATE record SET state = 'ready', outcome = NULL, reason = NULL, detail = NULL, \
                 due = NULL, backoff = NULL, waits_on = NULL, attempts = 0 \
                 WHERE tenant = ?1 AND state = 'dead' AND (?2 IS NULL OR pipeline = ?2) \
                 AND (?3 IS NULL OR reason = ?3)",
            )
            .bind(order.tenant.as_str())
            .bind(pipeline.as_ref().map(PipelineName::as_str))
            .bind(cause.as_deref())
            .execute(&mut *tx.conn)
            .await?,
            Selection::Held { pipeline } => sqlx::query(
                "UPDATE record SET state = 'ready', outcome = NULL, reason = NULL, detail = NULL, \
                 due = NULL, backoff = NULL, waits_on = NULL, attempts = 0 \
                 WHERE tenant = ?1 AND state = 'held' AND (?2 IS NULL OR pipeline = ?2)",
            )
            .bind(order.tenant.as_str())
            .bind(pipeline.as_ref().map(PipelineName::as_str))
            .execute(&mut *tx.conn)
            .await?,
        };
    Ok(done.rows_affected())
}

/// An unknown intent ends with it, whatever it was: the person has looked. One on the wire is waited for (S32).
async fn resolve(
    tx: &mut Tx<'_>,
    order: &Order,
    record: &RecordId,
    link: &LinkId,
    target: &TargetId,
    readers: &[Reader],
) -> Result<u64, Fault> {
    let standing = links::read(tx.conn, link).await?;
    let planned = standing
        .as_ref()
        .and_then(|row| row.intent.as_ref())
        .is_some_and(|intent| intent.state == OpState::Planned);
    if planned {
        return Err(Fault::Refused(Error::OnTheWire {
            entity: link.entity.clone(),
            key: link.key.clone(),
        }));
    }
    miss::close(tx, link).await?;
    let adopt = LinkChange::Adopt(Adopt {
        link: link.clone(),
        before: standing.and_then(|row| row.target).map(|target| target.id),
        target: target.clone(),
        origin: Origin::Given,
        remember: None,
        written: None,
        readers: readers.to_vec(),
        at: order.at,
    });
    links::change(tx, &[&adopt]).await?;
    retry(tx, order, &Selection::Record(record.clone())).await
}

/// Verdict and version are forgotten: the next read is the first one (S23).
async fn forget(tx: &mut Tx<'_>, record: &RecordId, at: Timestamp) -> Result<u64, Fault> {
    let done = sqlx::query(
        "UPDATE record SET verdict = NULL, version = NULL, ticks = NULL, hash = NULL, read_at = 0, \
         dirty = 1, hinted_at = ?5, want_version = NULL, want_ticks = NULL, seq = ?6, \
         state = 'ready', outcome = NULL, reason = NULL, detail = NULL, due = NULL, \
         backoff = NULL, waits_on = NULL, attempts = 0, payload = NULL, since = ?5 \
         WHERE tenant = ?1 AND key = ?2 AND identity = ?3 AND pipeline = ?4",
    )
    .bind(record.tenant.as_str())
    .bind(record.key.as_str())
    .bind(record.identity.as_str())
    .bind(record.pipeline.as_str())
    .bind(at.ticks())
    .bind(tx.next_seq())
    .execute(&mut *tx.conn)
    .await?;
    Ok(done.rows_affected())
}
