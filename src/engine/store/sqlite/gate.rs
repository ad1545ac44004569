//! Gates, verdicts of waiting records, and other small writes of a tenant's queue.

use sqlx::SqliteConnection;

use super::super::{Changed, ClosedGate, Drop, Gate, Judge, LinkId, LinkRow, Refusal};
use super::fault::Fault;
use super::rows::get;
use super::writer::{Command, Tx};
use super::{links, rows};
use crate::engine::clock::Timestamp;
use crate::engine::crash::CrashPoint;
use crate::engine::record::TenantName;

impl Command for Gate {
    type Answer = ();

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<()>, Fault> {
        for gate in commands {
            let query = match &gate.reason {
                Some(reason) => sqlx::query(
                    "INSERT INTO gate (tenant, pipeline, requirement, reason, at) \
                     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET reason = excluded.reason",
                )
                .bind(gate.tenant.as_str())
                .bind(gate.pipeline.as_str())
                .bind(gate.requirement.as_str())
                .bind(reason.as_str())
                .bind(gate.at.ticks()),
                None => sqlx::query(
                    "DELETE FROM gate WHERE tenant = ?1 AND pipeline = ?2 AND requirement = ?3",
                )
                .bind(gate.tenant.as_str())
                .bind(gate.pipeline.as_str())
                .bind(gate.requirement.as_str()),
            };
            query.execute(&mut *tx.conn).await?;
        }
        Ok(vec![(); commands.len()])
    }
}

/// The closed gates of a tenant.
pub(super) async fn closed(
    conn: &mut SqliteConnection,
    tenant: &TenantName,
) -> Result<Vec<ClosedGate>, Fault> {
    let rows = sqlx::query(
        "SELECT pipeline, requirement, reason, at FROM gate WHERE tenant = ?1 ORDER BY pipeline, requirement",
    )
    .bind(tenant.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(ClosedGate {
                pipeline: get::<String>(row, "pipeline")?.into(),
                requirement: get(row, "requirement")?,
                reason: get(row, "reason")?,
                since: Timestamp::from_ticks(get(row, "at")?),
            })
        })
        .collect()
}

impl Command for Judge {
    type Answer = ();

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<()>, Fault> {
        for judge in commands {
            sqlx::query(
                "UPDATE record SET verdict = ?5 WHERE tenant = ?1 AND key = ?2 AND identity = ?3 \
                 AND pipeline = ?4 AND verdict IS NULL",
            )
            .bind(judge.record.tenant.as_str())
            .bind(judge.record.key.as_str())
            .bind(judge.record.identity.as_str())
            .bind(judge.record.pipeline.as_str())
            .bind(judge.verdict.as_str())
            .execute(&mut *tx.conn)
            .await?;
        }
        Ok(vec![(); commands.len()])
    }
}

/// Held records become ready, but for those that wait on a link.
pub(super) struct LookAgain(pub(super) TenantName);

impl Command for LookAgain {
    type Answer = u64;

    const SHARES: bool = true;

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<u64>, Fault> {
        let mut answers = Vec::with_capacity(commands.len());
        for LookAgain(tenant) in commands {
            let done = sqlx::query(
                "UPDATE record SET state = 'ready', due = NULL WHERE tenant = ?1 \
                 AND state = 'held' AND waits_on IS NULL",
            )
            .bind(tenant.as_str())
            .execute(&mut *tx.conn)
            .await?;
            answers.push(done.rows_affected());
        }
        Ok(answers)
    }
}

impl Command for Drop {
    type Answer = Changed;

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<Changed>, Fault> {
        let mut answers = Vec::with_capacity(commands.len());
        for drop in commands {
            let done = sqlx::query(
                "UPDATE link SET target = NULL, origin = NULL, born_at = NULL, fp_written = NULL, \
                 fp_target_version = NULL, written_at = NULL WHERE tenant = ?1 AND key = ?2 \
                 AND entity = ?3 AND identity = ?4 AND target = ?5 AND op IS NULL",
            )
            .bind(drop.link.tenant.as_str())
            .bind(drop.link.key.as_str())
            .bind(drop.link.entity.as_str())
            .bind(drop.link.identity.as_str())
            .bind(drop.before.as_str())
            .execute(&mut *tx.conn)
            .await?;
            let standing = links::read(tx.conn, &drop.link).await?;
            let gone = standing
                .as_ref()
                .is_none_or(|row| row.target.is_none() && row.intent.is_none());
            answers.push(match standing {
                Some(row) if done.rows_affected() == 0 && !gone => {
                    Changed::Refused(Box::new(Refusal::Linked(row)))
                }
                Some(_) | None => Changed::Stored,
            });
        }
        Ok(answers)
    }
}

/// Several links of one tenant, in the order asked for.
pub(super) async fn links_at(
    conn: &mut SqliteConnection,
    wanted: &[LinkId],
) -> Result<Vec<Option<LinkRow>>, Fault> {
    let asked: Vec<[&str; 4]> = wanted
        .iter()
        .map(|link| {
            [
                link.tenant.as_str(),
                link.key.as_str(),
                link.entity.as_str(),
                link.identity.as_str(),
            ]
        })
        .collect();
    let asked = serde_json::to_string(&asked).expect("names are text");
    let rows = sqlx::query(concat!(
        "SELECT ",
        rows::link_columns!(),
        " FROM json_each(?1) AS item CROSS JOIN link ON link.tenant = item.value ->> 0 AND link.key = item.value ->> 1 \
         AND link.entity = item.value ->> 2 AND link.identity = item.value ->> 3"
    ))
    .bind(asked)
    .fetch_all(conn)
    .await?;
    let found: std::collections::HashMap<LinkId, LinkRow> = rows
        .iter()
        .filter_map(|row| rows::link(row).transpose())
        .map(|row| row.map(|row| (row.id.clone(), row)))
        .collect::<Result<_, Fault>>()?;
    // One link may be asked for several times: whoever asks has each answer.
    Ok(wanted.iter().map(|link| found.get(link).cloned()).collect())
}
