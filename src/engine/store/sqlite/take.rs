//! T1: pages enter the inbox. The version rule (S9) stands here, as conditions of three statements.

use sqlx::Row as _;

use super::super::{Error, Fence, Item, Mark, Phase, ScanThen, TakePage, Taken};
use super::bulk::{Args, Bulk, runs};
use super::fault::Fault;
use super::rows;
use super::writer::{Command, Tx};
use crate::engine::clock::Timestamp;
use crate::engine::crash::CrashPoint;
use crate::engine::record::{Identity, PipelineName, TenantName};

/// Refuses a command of another epoch, and every command for a tenant that is off (S22).
pub(super) async fn check_fence(tx: &mut Tx<'_>, fence: &Fence) -> Result<(), Fault> {
    let (phase, epoch) = match tx.fences.get(&fence.tenant) {
        Some(known) => *known,
        None => {
            let row = super::tenant::read(&mut *tx.conn, &fence.tenant).await?;
            let standing = (row.phase, row.epoch);
            tx.fences.insert(fence.tenant.clone(), standing);
            standing
        }
    };
    if epoch == fence.epoch && phase != Phase::Off {
        return Ok(());
    }
    Err(Fault::Refused(Error::EpochMoved {
        tenant: fence.tenant.clone(),
        expected: fence.epoch,
        phase,
        epoch,
    }))
}

/// The instant of a mark, in ticks.
pub(super) fn ticks(mark: Option<&Mark>) -> Option<i64> {
    mark.and_then(|mark| mark.at).map(Timestamp::ticks)
}

/// The text of a mark.
pub(super) fn text(mark: Option<&Mark>) -> Option<&str> {
    mark.map(|mark| mark.text.as_str())
}

impl Command for TakePage {
    type Answer = Taken;

    const SHARES: bool = true;

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[(CrashPoint::BeforeTakePage, CrashPoint::AfterTakePage)]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<Taken>, Fault> {
        let mut answers = Vec::with_capacity(commands.len());
        for page in commands {
            check_fence(tx, &page.fence).await?;
            move_cursor(tx, page).await?;
            let inbox = Inbox {
                tenant: &page.fence.tenant,
                identity: &page.identity,
                pipeline: &page.pipeline,
                request_started: page.request_started,
            };
            let mut taken = Taken::default();
            for run in runs(&page.items, |item| item.key.as_str()) {
                inbox.take(tx, run, &mut taken).await?;
            }
            answers.push(taken);
        }
        Ok(answers)
    }
}

/// A scan that begins with this page, in place of any that stands.
const BEGINS: &str = "\
    INSERT INTO cursor (tenant, identity, pipeline, scan_id, scan_at, scan_tie, scan_page, scan_high, \
    scan_high_ticks, scan_open, stalled, watermark, watermark_ticks, scan_lower, scan_started) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
    ON CONFLICT DO UPDATE SET scan_id = ?4, scan_at = ?5, scan_tie = ?6, scan_page = ?7, \
    scan_high = ?8, scan_high_ticks = ?9, scan_open = ?10, stalled = ?11, \
    watermark = iif(?12 IS NULL OR ?13 < watermark_ticks, watermark, ?12), \
    watermark_ticks = iif(?12 IS NULL OR ?13 < watermark_ticks, watermark_ticks, ?13), \
    scan_lower = ?14, scan_started = ?15";

/// One that goes on.
const GOES_ON: &str = "\
    UPDATE cursor SET scan_at = ?5, scan_tie = ?6, scan_page = ?7, scan_high = ?8, \
    scan_high_ticks = ?9, scan_open = ?10, stalled = ?11, \
    watermark = iif(?12 IS NULL OR ?13 < watermark_ticks, watermark, ?12), \
    watermark_ticks = iif(?12 IS NULL OR ?13 < watermark_ticks, watermark_ticks, ?13) \
    WHERE tenant = ?1 AND identity = ?2 AND pipeline = ?3 AND scan_id = ?4";

/// The watermark moves up only: by instant where both have one (S14).
async fn move_cursor(tx: &mut Tx<'_>, page: &TakePage) -> Result<(), Fault> {
    let stalled = match &page.then {
        ScanThen::GoesOn | ScanThen::Ends => None,
        ScanThen::Stalls(reason) => Some(reason.as_str()),
    };
    let moved = sqlx::query(if page.begins.is_some() {
        BEGINS
    } else {
        GOES_ON
    })
    .bind(page.fence.tenant.as_str())
    .bind(page.identity.as_str())
    .bind(page.pipeline.as_str())
    .bind(page.scan.as_str())
    .bind(page.position.at.as_deref())
    .bind(page.position.tie.as_deref())
    .bind(page.position.page.as_deref())
    .bind(text(page.position.highest.as_ref()))
    .bind(ticks(page.position.highest.as_ref()))
    .bind(page.then != ScanThen::Ends)
    .bind(stalled)
    .bind(text(page.watermark.as_ref()))
    .bind(ticks(page.watermark.as_ref()));
    let moved = match &page.begins {
        Some(begins) => moved
            .bind(begins.lower.as_deref())
            .bind(begins.started.ticks()),
        None => moved,
    };
    let moved = moved.execute(&mut *tx.conn).await?;
    if moved.rows_affected() == 1 {
        return Ok(());
    }
    Err(Fault::Refused(Error::ScanMoved {
        tenant: page.fence.tenant.clone(),
        pipeline: page.pipeline.clone(),
    }))
}

/// Where items of one read enter.
pub(super) struct Inbox<'a> {
    pub(super) tenant: &'a TenantName,
    pub(super) identity: &'a Identity,
    pub(super) pipeline: &'a PipelineName,
    pub(super) request_started: Timestamp,
}

macro_rules! page_of {
    ($items:literal) => {
        concat!(
            "WITH page (tenant, identity, pipeline, base, started) AS (VALUES (?, ?, ?, ?, ?)), ",
            $items,
            " AS (VALUES "
        )
    };
}

const FULL: usize = 9;
const SHORT: usize = 3;

static NEW: Bulk = Bulk::new(
    page_of!("item (key, version, ticks, hash, seq, root, payload, cause, detail)"),
    FULL,
    ") INSERT INTO record (tenant, key, identity, pipeline, version, ticks, hash, read_at, seq, \
     state, outcome, reason, detail, root, since, payload) \
     SELECT page.tenant, item.key, page.identity, page.pipeline, item.version, item.ticks, \
     item.hash, page.started, item.seq, iif(item.cause IS NULL, 'ready', 'dead'), \
     iif(item.cause IS NULL, NULL, 'dead'), item.cause, item.detail, item.root, page.started, \
     item.payload FROM page, item WHERE item.key IS NOT NULL ON CONFLICT DO NOTHING",
);

/// S9, higher: by instant; where instants are equal or absent, by content and the later request start. S31: what waits
/// for a transient failure waits on, with its attempts; what was refused, held, dead or done starts afresh.
static NEWER: Bulk = Bulk::new(
    page_of!("item (key, version, ticks, hash, seq, root, payload, cause, detail)"),
    FULL,
    ") UPDATE record SET version = item.version, ticks = item.ticks, hash = item.hash, \
     read_at = page.started, seq = item.seq, root = item.root, payload = item.payload, \
     since = iif(record.state = 'done', page.started, record.since), \
     state = CASE WHEN item.cause IS NOT NULL THEN 'dead' \
       WHEN record.backoff = 'transient' THEN record.state ELSE 'ready' END, \
     attempts = iif(item.cause IS NULL AND (record.state = 'ready' OR \
       record.backoff = 'transient'), record.attempts, 0), \
     due = iif(item.cause IS NULL AND record.backoff = 'transient', record.due, NULL), \
     waits_on = iif(item.cause IS NULL AND record.backoff = 'transient', record.waits_on, NULL), \
     outcome = CASE WHEN item.cause IS NOT NULL THEN 'dead' \
       WHEN record.backoff = 'transient' THEN record.outcome END, \
     reason = CASE WHEN item.cause IS NOT NULL THEN item.cause \
       WHEN record.backoff = 'transient' THEN record.reason END, \
     detail = CASE WHEN item.cause IS NOT NULL THEN item.detail \
       WHEN record.backoff = 'transient' THEN record.detail END, \
     backoff = iif(item.cause IS NULL AND record.backoff = 'transient', 'transient', NULL) \
     FROM page, item \
     WHERE record.tenant = page.tenant AND record.key = item.key \
     AND record.identity = page.identity AND record.pipeline = page.pipeline \
     AND record.seq <= page.base AND record.verdict IS NOT 'never' \
     AND (item.ticks > record.ticks OR (item.hash IS NOT record.hash \
       AND page.started > record.read_at \
       AND (item.ticks IS NULL OR record.ticks IS NULL OR item.ticks = record.ticks)))",
);

/// S9, equal with equal content: only the time of the read is kept, so that an older read of other content stays older.
static SEEN: Bulk = Bulk::new(
    page_of!("item (key, ticks, hash)"),
    SHORT,
    ") UPDATE record SET read_at = max(record.read_at, page.started) FROM page, item \
     WHERE record.tenant = page.tenant AND record.key = item.key \
     AND record.identity = page.identity AND record.pipeline = page.pipeline \
     AND record.seq <= page.base AND record.verdict IS NOT 'never' AND item.hash = record.hash \
     AND (item.ticks IS NULL OR record.ticks IS NULL OR item.ticks = record.ticks)",
);

static NEVER: Bulk = Bulk::new(
    page_of!("item (key, ticks, hash)"),
    SHORT,
    ") SELECT count(*) FROM page, item, record \
     WHERE record.tenant = page.tenant AND record.key = item.key \
     AND record.identity = page.identity AND record.pipeline = page.pipeline \
     AND record.verdict = 'never'",
);

#[cfg(test)]
pub(super) static STATEMENTS: &[&Bulk] = &[&NEW, &NEWER, &SEEN, &NEVER];

impl Inbox<'_> {
    /// Takes in items with distinct keys, at most as many as one statement has rows.
    pub(super) async fn take(
        &self,
        tx: &mut Tx<'_>,
        items: &[Item],
        taken: &mut Taken,
    ) -> Result<(), Fault> {
        let base = tx.last_seq();
        let seqs: Vec<i64> = items.iter().map(|_| tx.next_seq()).collect();
        let mut left = items.len() as u64;

        let new = NEW.execute(tx.conn, self.full(items, &seqs, base)).await?;
        taken.new += new;
        left -= new;
        if left == 0 {
            return Ok(());
        }
        let newer = NEWER
            .execute(tx.conn, self.full(items, &seqs, base))
            .await?;
        taken.newer += newer;
        left -= newer;
        if left == 0 {
            return Ok(());
        }
        let seen = SEEN.execute(tx.conn, self.short(items, base)).await?;
        taken.seen += seen;
        left -= seen;
        if left == 0 {
            return Ok(());
        }
        let rows = NEVER.fetch(tx.conn, self.short(items, base)).await?;
        let kept_out = match rows.first() {
            Some(row) => row.try_get::<i64, _>(0)?.unsigned_abs(),
            None => 0,
        };
        taken.never += kept_out;
        taken.stale += left - kept_out;
        Ok(())
    }

    fn head(&self, base: i64) -> Args {
        let mut args = Args::default();
        args.add(self.tenant.as_str())
            .add(self.identity.as_str())
            .add(self.pipeline.as_str())
            .add(base)
            .add(self.request_started.ticks());
        args
    }

    fn full(&self, items: &[Item], seqs: &[i64], base: i64) -> Args {
        let mut args = self.head(base);
        for (item, seq) in items.iter().zip(seqs) {
            args.row()
                .add(item.key.as_str())
                .add(text(item.version.as_ref()))
                .add(ticks(item.version.as_ref()))
                .add(item.hash.as_str())
                .add(*seq)
                .add(item.root.as_str())
                .add(std::sync::Arc::clone(&item.payload))
                .add(item.bad.as_ref().map(|bad| bad.cause.as_str()))
                .add(item.bad.as_ref().map(|bad| bad.detail.as_str()));
        }
        args
    }

    fn short(&self, items: &[Item], base: i64) -> Args {
        let mut args = self.head(base);
        for item in items {
            args.row()
                .add(item.key.as_str())
                .add(ticks(item.version.as_ref()))
                .add(item.hash.as_str());
        }
        args
    }
}

/// The cursor of a pipeline.
pub(super) async fn read_cursor(
    conn: &mut sqlx::SqliteConnection,
    cursor: &super::super::CursorId,
) -> Result<Option<super::super::CursorRow>, Fault> {
    sqlx::query("SELECT * FROM cursor WHERE tenant = ?1 AND identity = ?2 AND pipeline = ?3")
        .bind(cursor.tenant.as_str())
        .bind(cursor.identity.as_str())
        .bind(cursor.pipeline.as_str())
        .fetch_optional(conn)
        .await?
        .as_ref()
        .map(rows::cursor)
        .transpose()
}
