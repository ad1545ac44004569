//! Lists that people and programs look through: by page, over connections of their own.

use sqlx::SqliteConnection;

use super::super::{
    AuditQuery, AuditRow, DeadCount, EVERY_TENANT, LinkRow, RecordQuery, RecordRow, RecordState,
};
use super::fault::Fault;
use super::rows::{self, get, link_columns, record_columns};
use crate::engine::clock::Timestamp;
use crate::engine::record::{PipelineName, TenantName};

/// Comes after every text that begins alike.
const LAST: char = char::MAX;

/// In the order of the table's key, so that a page goes on where the last one ended.
pub(super) async fn records(
    conn: &mut SqliteConnection,
    query: &RecordQuery,
) -> Result<Vec<RecordRow>, Fault> {
    let begins = query.key.as_deref().unwrap_or_default();
    let (key, identity, pipeline) = match &query.after {
        Some(after) => (
            after.key.as_str(),
            after.identity.as_str(),
            after.pipeline.as_str(),
        ),
        None => ("", "", ""),
    };
    let rows = sqlx::query(concat!(
        "SELECT ",
        record_columns!(),
        " FROM record WHERE tenant = ?1 AND (key, identity, pipeline) > (?2, ?3, ?4) \
         AND key >= ?5 AND key <= ?6 \
         AND (?7 IS NULL OR pipeline = ?7) AND (?8 IS NULL OR state = ?8) \
         AND (?9 IS NULL OR reason = ?9) ORDER BY key, identity, pipeline LIMIT ?10"
    ))
    .bind(query.tenant.as_str())
    .bind(key)
    .bind(identity)
    .bind(pipeline)
    .bind(begins)
    .bind(format!("{begins}{LAST}"))
    .bind(query.pipeline.as_ref().map(PipelineName::as_str))
    .bind(query.state.map(RecordState::as_str))
    .bind(query.reason.as_deref())
    .bind(query.limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(rows::record).collect()
}

pub(super) async fn dead_causes(
    conn: &mut SqliteConnection,
    tenant: Option<&TenantName>,
) -> Result<Vec<DeadCount>, Fault> {
    const OF_ALL: &str = "SELECT tenant, pipeline, coalesce(reason, '') AS cause, \
         count(*) AS records, min(since) AS oldest FROM record INDEXED BY record_dead \
         WHERE state = 'dead' GROUP BY tenant, pipeline, cause ORDER BY tenant, pipeline, cause";
    const OF_ONE: &str = "SELECT tenant, pipeline, coalesce(reason, '') AS cause, \
         count(*) AS records, min(since) AS oldest FROM record INDEXED BY record_dead \
         WHERE state = 'dead' AND tenant = ?1 GROUP BY pipeline, cause ORDER BY pipeline, cause";
    let rows = match tenant {
        Some(tenant) => {
            let query = sqlx::query(OF_ONE).bind(tenant.as_str());
            query.fetch_all(conn).await?
        }
        None => sqlx::query(OF_ALL).fetch_all(conn).await?,
    };
    rows.iter()
        .map(|row| {
            Ok(DeadCount {
                tenant: get::<String>(row, "tenant")?.into(),
                pipeline: get::<String>(row, "pipeline")?.into(),
                cause: get(row, "cause")?,
                records: get::<i64>(row, "records")?.unsigned_abs(),
                oldest: Timestamp::from_ticks(get(row, "oldest")?),
            })
        })
        .collect()
}

pub(super) async fn links_about(
    conn: &mut SqliteConnection,
    tenant: &TenantName,
    id: &str,
) -> Result<Vec<LinkRow>, Fault> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        link_columns!(),
        " FROM link WHERE tenant = ?1 AND key = ?2 \
         UNION SELECT ",
        link_columns!(),
        " FROM link WHERE tenant = ?1 AND target = ?2"
    ))
    .bind(tenant.as_str())
    .bind(id)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .filter_map(|row| rows::link(row).transpose())
        .collect()
}

pub(super) async fn audit(
    conn: &mut SqliteConnection,
    query: &AuditQuery,
) -> Result<Vec<AuditRow>, Fault> {
    let rows = sqlx::query(
        "SELECT rowid AS number, tenant, id, what, args, by, at FROM orders \
         WHERE (?1 IS NULL OR tenant IN (?1, ?2)) AND rowid < ?3 ORDER BY rowid DESC LIMIT ?4",
    )
    .bind(query.tenant.as_ref().map(TenantName::as_str))
    .bind(EVERY_TENANT)
    .bind(query.before.unwrap_or(i64::MAX))
    .bind(query.limit)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let tenant: String = get(row, "tenant")?;
            Ok(AuditRow {
                number: get(row, "number")?,
                tenant: (tenant != EVERY_TENANT).then(|| tenant.into()),
                order: rows::order(row)?,
            })
        })
        .collect()
}
