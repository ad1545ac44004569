//! How everything stands, for metrics. Each statement walks an index of what is not done: what was done, which is by
//! far the most, is never looked at.

use sqlx::SqliteConnection;

use super::super::{Overview, Phase, RecordState, Standing};
use super::fault::Fault;
use super::rows::{get, word};
use crate::engine::clock::Timestamp;

/// A record that waits has a due time, or a link that it waits on.
const RECORDS: &str = "\
    SELECT tenant, pipeline, 'ready' AS state, count(*) AS records, min(since) AS oldest \
    FROM record INDEXED BY record_ready WHERE state = 'ready' GROUP BY tenant, pipeline \
    UNION ALL SELECT tenant, pipeline, 'waiting', count(*), min(since) FROM ( \
        SELECT tenant, pipeline, since FROM record INDEXED BY record_due \
        WHERE due IS NOT NULL AND state = 'waiting' \
        UNION ALL SELECT tenant, pipeline, since FROM record INDEXED BY record_waits_on \
        WHERE waits_on IS NOT NULL AND due IS NULL AND state = 'waiting') \
    GROUP BY tenant, pipeline \
    UNION ALL SELECT tenant, pipeline, 'held', count(*), min(since) \
    FROM record INDEXED BY record_held WHERE state = 'held' GROUP BY tenant, pipeline \
    UNION ALL SELECT tenant, pipeline, 'dead', count(*), min(since) \
    FROM record INDEXED BY record_dead WHERE state = 'dead' GROUP BY tenant, pipeline";

const DEAD: &str = "\
    SELECT tenant, coalesce(reason, '') AS cause, count(*) AS records \
    FROM record INDEXED BY record_dead WHERE state = 'dead' GROUP BY tenant, cause";

const UNKNOWN: &str = "\
    SELECT tenant, count(*) AS intents FROM link INDEXED BY link_open \
    WHERE op IS NOT NULL AND op_state IN ('unknown', 'held') GROUP BY tenant";

pub(super) async fn read(conn: &mut SqliteConnection) -> Result<Overview, Fault> {
    let null = |column| Fault::Unreadable {
        column,
        value: "NULL".to_owned(),
    };
    let mut overview = Overview::default();
    let phases = sqlx::query("SELECT tenant, phase FROM tenant");
    for row in phases.fetch_all(&mut *conn).await? {
        let phase = word(&row, "phase", Phase::parse)?.ok_or(null("phase"))?;
        overview
            .phases
            .push((get::<String>(&row, "tenant")?.into(), phase));
    }
    for row in sqlx::query(RECORDS).fetch_all(&mut *conn).await? {
        overview.records.push(Standing {
            tenant: get::<String>(&row, "tenant")?.into(),
            pipeline: get::<String>(&row, "pipeline")?.into(),
            state: word(&row, "state", RecordState::parse)?.ok_or(null("state"))?,
            records: get::<i64>(&row, "records")?.unsigned_abs(),
            oldest: Timestamp::from_ticks(get(&row, "oldest")?),
        });
    }
    for row in sqlx::query(DEAD).fetch_all(&mut *conn).await? {
        let tenant = get::<String>(&row, "tenant")?.into();
        let records = get::<i64>(&row, "records")?.unsigned_abs();
        overview.dead.push((tenant, get(&row, "cause")?, records));
    }
    for row in sqlx::query(UNKNOWN).fetch_all(&mut *conn).await? {
        let intents = get::<i64>(&row, "intents")?.unsigned_abs();
        overview
            .unknown
            .push((get::<String>(&row, "tenant")?.into(), intents));
    }
    let closed = sqlx::query("SELECT DISTINCT tenant, requirement FROM gate");
    for row in closed.fetch_all(&mut *conn).await? {
        overview.closed.push((
            get::<String>(&row, "tenant")?.into(),
            get(&row, "requirement")?,
        ));
    }
    Ok(overview)
}
