//! Reading: over connections of its own, so that a report never makes a write wait.

use sqlx::SqliteConnection;

use super::super::{
    Count, DeadQuery, EVERY_TENANT, LinkId, LinkRow, OrderRow, PauseRow, ReadyQuery, RecordId,
    RecordRow, RecordState, TargetId, TenantRow, TraceRow,
};
use super::fault::Fault;
use super::rows::{self, get, link_columns, record_columns, word};
use crate::engine::clock::Timestamp;
use crate::engine::record::{EntityName, Identity, PipelineName, RecordKey, TenantName};

type Read<T> = Result<T, Fault>;

fn json_list(names: &[PipelineName]) -> String {
    serde_json::to_string(names).expect("names are text")
}

fn links(rows: &[sqlx::sqlite::SqliteRow]) -> Read<Vec<LinkRow>> {
    rows.iter()
        .filter_map(|row| rows::link(row).transpose())
        .collect()
}

pub(super) async fn tenants(conn: &mut SqliteConnection) -> Read<Vec<TenantRow>> {
    let rows = sqlx::query("SELECT * FROM tenant ORDER BY tenant")
        .fetch_all(conn)
        .await?;
    rows.iter().map(rows::tenant).collect()
}

pub(super) async fn orders(
    conn: &mut SqliteConnection,
    tenant: &TenantName,
    limit: u32,
) -> Read<Vec<OrderRow>> {
    let rows = sqlx::query(
        "SELECT id, what, args, by, at FROM orders WHERE tenant = ?1 \
         ORDER BY at DESC, rowid DESC LIMIT ?2",
    )
    .bind(tenant.as_str())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(rows::order).collect()
}

pub(super) async fn pauses(conn: &mut SqliteConnection) -> Read<Vec<PauseRow>> {
    let rows = sqlx::query("SELECT tenant, pipeline, by, at FROM pause ORDER BY tenant, pipeline")
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            let tenant: String = get(row, "tenant")?;
            let pipeline: String = get(row, "pipeline")?;
            Ok(PauseRow {
                of: (tenant != EVERY_TENANT).then(|| (tenant.into(), pipeline.into())),
                by: get(row, "by")?,
                at: Timestamp::from_ticks(get(row, "at")?),
            })
        })
        .collect()
}

pub(super) async fn record(
    conn: &mut SqliteConnection,
    record: &RecordId,
) -> Read<Option<RecordRow>> {
    sqlx::query(concat!(
        "SELECT ",
        record_columns!(),
        " FROM record WHERE tenant = ?1 AND key = ?2 AND identity = ?3 AND pipeline = ?4"
    ))
    .bind(record.tenant.as_str())
    .bind(record.key.as_str())
    .bind(record.identity.as_str())
    .bind(record.pipeline.as_str())
    .fetch_optional(conn)
    .await?
    .as_ref()
    .map(rows::record)
    .transpose()
}

pub(super) async fn records(
    conn: &mut SqliteConnection,
    tenant: &TenantName,
    key: &RecordKey,
) -> Read<Vec<RecordRow>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        record_columns!(),
        " FROM record WHERE tenant = ?1 AND key = ?2 ORDER BY pipeline, identity"
    ))
    .bind(tenant.as_str())
    .bind(key.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(rows::record).collect()
}

/// Each half walks an index; what is due again is rarely much, what is ready is cut off by the limit.
pub(super) async fn ready(conn: &mut SqliteConnection, query: &ReadyQuery) -> Read<Vec<RecordRow>> {
    let rows = sqlx::query(concat!(
        "SELECT * FROM (SELECT ",
        record_columns!(),
        " FROM record WHERE tenant = ?1 AND state = 'ready' AND seq > ?2 \
         AND pipeline IN (SELECT value FROM json_each(?4)) ORDER BY seq LIMIT ?5) \
         UNION ALL \
         SELECT * FROM (SELECT ",
        record_columns!(),
        " FROM record WHERE tenant = ?1 AND due <= ?3 AND state IN ('waiting', 'held') \
         AND seq > ?2 AND pipeline IN (SELECT value FROM json_each(?4)) \
         ORDER BY seq LIMIT ?5)"
    ))
    .bind(query.tenant.as_str())
    .bind(query.after.0)
    .bind(query.now.ticks())
    .bind(json_list(&query.pipelines))
    .bind(query.limit)
    .fetch_all(conn)
    .await?;
    // Merged here: SQLite would sort whole rows with their payloads.
    let mut records: Vec<RecordRow> = rows.iter().map(rows::record).collect::<Read<_>>()?;
    records.sort_unstable_by_key(|record| record.seq);
    records.truncate(query.limit as usize);
    Ok(records)
}

pub(super) async fn next_due(
    conn: &mut SqliteConnection,
    tenant: &TenantName,
) -> Read<Option<Timestamp>> {
    let due: Option<i64> = sqlx::query_scalar(
        "SELECT min(due) FROM (SELECT min(due) AS due FROM record \
         WHERE tenant = ?1 AND due IS NOT NULL \
         UNION ALL SELECT min(op_due) FROM link \
         WHERE tenant = ?1 AND op IS NOT NULL AND op_state = 'unknown')",
    )
    .bind(tenant.as_str())
    .fetch_one(conn)
    .await?;
    Ok(due.map(Timestamp::from_ticks))
}

pub(super) async fn unsettled(
    conn: &mut SqliteConnection,
    tenant: &TenantName,
    now: Timestamp,
    limit: u32,
) -> Read<Vec<LinkRow>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        link_columns!(),
        " FROM link WHERE tenant = ?1 AND op IS NOT NULL AND op_state = 'unknown' \
         AND op_due <= ?2 ORDER BY op_due LIMIT ?3"
    ))
    .bind(tenant.as_str())
    .bind(now.ticks())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    links(&rows)
}

pub(super) async fn link(conn: &mut SqliteConnection, link: &LinkId) -> Read<Option<LinkRow>> {
    super::links::read(conn, link).await
}

pub(super) async fn links_to(
    conn: &mut SqliteConnection,
    tenant: &TenantName,
    identity: &Identity,
    entity: &EntityName,
    target: &TargetId,
) -> Read<Vec<LinkRow>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        link_columns!(),
        " FROM link WHERE tenant = ?1 AND target = ?2 AND entity = ?3 AND identity = ?4 \
         ORDER BY key"
    ))
    .bind(tenant.as_str())
    .bind(target.as_str())
    .bind(entity.as_str())
    .bind(identity.as_str())
    .fetch_all(conn)
    .await?;
    links(&rows)
}

pub(super) async fn links_of(
    conn: &mut SqliteConnection,
    tenant: &TenantName,
    entity: &EntityName,
    after: Option<&RecordKey>,
    limit: u32,
) -> Read<Vec<LinkRow>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        link_columns!(),
        " FROM link WHERE tenant = ?1 AND key > ?3 AND entity = ?2 \
         AND (target IS NOT NULL OR op IS NOT NULL) ORDER BY key LIMIT ?4"
    ))
    .bind(tenant.as_str())
    .bind(entity.as_str())
    .bind(after.map_or("", RecordKey::as_str))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    links(&rows)
}

pub(super) async fn open_intents(
    conn: &mut SqliteConnection,
    tenant: &TenantName,
) -> Read<Vec<LinkRow>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        link_columns!(),
        " FROM link WHERE tenant = ?1 AND op IS NOT NULL ORDER BY op_at, key"
    ))
    .bind(tenant.as_str())
    .fetch_all(conn)
    .await?;
    links(&rows)
}

pub(super) async fn counts(conn: &mut SqliteConnection, tenant: &TenantName) -> Read<Vec<Count>> {
    let rows = sqlx::query(
        "SELECT pipeline, state, outcome, reason, count(*) AS records, min(since) AS oldest \
         FROM record WHERE tenant = ?1 GROUP BY pipeline, state, outcome, reason \
         ORDER BY pipeline, state, outcome, reason",
    )
    .bind(tenant.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let state = word(row, "state", RecordState::parse)?;
            Ok(Count {
                pipeline: get::<String>(row, "pipeline")?.into(),
                state: state.ok_or(Fault::Unreadable {
                    column: "state",
                    value: "NULL".to_owned(),
                })?,
                outcome: word(row, "outcome", super::super::Outcome::parse)?,
                reason: get(row, "reason")?,
                records: get::<i64>(row, "records")?.unsigned_abs(),
                oldest: Timestamp::from_ticks(get(row, "oldest")?),
            })
        })
        .collect()
}

pub(super) async fn dead(conn: &mut SqliteConnection, query: &DeadQuery) -> Read<Vec<RecordRow>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        record_columns!(),
        " FROM record WHERE tenant = ?1 AND state = 'dead' \
         AND (?2 IS NULL OR pipeline = ?2) AND (?3 IS NULL OR reason = ?3) \
         ORDER BY since, seq LIMIT ?4"
    ))
    .bind(query.tenant.as_str())
    .bind(query.pipeline.as_ref().map(PipelineName::as_str))
    .bind(query.cause.as_deref())
    .bind(query.limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(rows::record).collect()
}

/// The key's own roots, and those of the records whose links lead to a target with this id.
pub(super) async fn trace(
    conn: &mut SqliteConnection,
    tenant: &TenantName,
    key: &RecordKey,
) -> Read<Vec<TraceRow>> {
    let rows = sqlx::query(
        "WITH keys (key) AS (SELECT ?2 UNION SELECT key FROM link \
         WHERE tenant = ?1 AND target = ?2), \
         roots (root) AS (SELECT key FROM keys UNION SELECT record.root FROM keys, record \
         WHERE record.tenant = ?1 AND record.key = keys.key AND record.root IS NOT NULL) \
         SELECT trace.root, trace.at, trace.identity, trace.pipeline, trace.key, trace.kind, \
         trace.blob FROM roots, trace WHERE trace.tenant = ?1 AND trace.root = roots.root \
         ORDER BY trace.at, trace.n",
    )
    .bind(tenant.as_str())
    .bind(key.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(TraceRow {
                root: get::<String>(row, "root")?.into(),
                at: Timestamp::from_ticks(get(row, "at")?),
                identity: get::<String>(row, "identity")?.into(),
                pipeline: get::<String>(row, "pipeline")?.into(),
                key: get::<String>(row, "key")?.into(),
                kind: get(row, "kind")?,
                blob: get(row, "blob")?,
            })
        })
        .collect()
}
