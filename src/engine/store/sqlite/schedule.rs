//! Up to when the times of `cron` lines were met.

use sqlx::SqliteConnection;

use super::super::Met;
use super::fault::Fault;
use super::rows::get;
use super::writer::{Command, Tx};
use crate::engine::clock::Timestamp;
use crate::engine::crash::CrashPoint;
use crate::engine::record::TenantName;

impl Command for Met {
    type Answer = ();

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<()>, Fault> {
        for met in commands {
            sqlx::query(
                "INSERT INTO schedule (tenant, pipeline, met) VALUES (?1, ?2, ?3) \
                 ON CONFLICT DO UPDATE SET met = excluded.met",
            )
            .bind(met.tenant.as_str())
            .bind(met.pipeline.as_str())
            .bind(met.until.ticks())
            .execute(&mut *tx.conn)
            .await?;
        }
        Ok(vec![(); commands.len()])
    }
}

/// Up to when the times of a tenant's pipelines were met.
pub(super) async fn met(
    conn: &mut SqliteConnection,
    tenant: &TenantName,
) -> Result<Vec<Met>, Fault> {
    let rows =
        sqlx::query("SELECT pipeline, met FROM schedule WHERE tenant = ?1 ORDER BY pipeline")
            .bind(tenant.as_str())
            .fetch_all(conn)
            .await?;
    rows.iter()
        .map(|row| {
            Ok(Met {
                tenant: tenant.clone(),
                pipeline: get::<String>(row, "pipeline")?.into(),
                until: Timestamp::from_ticks(get(row, "met")?),
            })
        })
        .collect()
}
