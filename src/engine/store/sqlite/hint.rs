//! T1h and the re-reads that follow it: keys that events, late links or people made dirty (S10–S12).

use std::cmp::Ordering;

use super::super::{BelowWant, Hint, Hinted, Mark, Outcome, RecordRow, Reread, RereadResult};
use super::bulk::{Args, Bulk, runs};
use super::fault::Fault;
use super::rows::{self, record_columns};
use super::take::{Inbox, check_fence, text, ticks};
use super::writer::{Command, Tx};
use crate::engine::clock::Timestamp;
use crate::engine::crash::CrashPoint;
use crate::engine::record::TenantName;

/// A key to make dirty.
pub(super) struct Dirty<'a> {
    pub(super) tenant: &'a TenantName,
    pub(super) identity: &'a str,
    pub(super) pipeline: &'a str,
    pub(super) key: &'a str,
    pub(super) want: Option<&'a Mark>,
    pub(super) at: Timestamp,
    pub(super) which: Which,
}

/// Which records of a key are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Whatever stands, also nothing yet.
    Any,
    /// One that came to its end before; what was never read, or is on its way, sees the new link by itself.
    Done,
}

/// A waiting record waits on: the hint does not say that its content is new (S31). A dead one becomes ready to be read;
/// its outcome stays until the read says whether it stays dead.
static DIRTY: Bulk = Bulk::new(
    "WITH item (tenant, identity, pipeline, key, at, want, want_ticks, seq, done) AS (VALUES ",
    9,
    ") INSERT INTO record (tenant, identity, pipeline, key, read_at, seq, dirty, hinted_at, \
     want_version, want_ticks, state, since) \
     SELECT tenant, identity, pipeline, key, 0, seq, 1, at, want, want_ticks, 'ready', at \
     FROM item WHERE tenant IS NOT NULL AND (NOT done OR EXISTS (SELECT 1 FROM record AS known \
       WHERE known.tenant = item.tenant AND known.key = item.key AND known.identity = item.identity \
       AND known.pipeline = item.pipeline AND known.state = 'done')) \
     ON CONFLICT DO UPDATE SET dirty = 1, seq = excluded.seq, \
     hinted_at = max(coalesce(hinted_at, excluded.hinted_at), excluded.hinted_at), \
     want_version = iif(want_ticks IS NULL OR excluded.want_ticks >= want_ticks, \
       coalesce(excluded.want_version, want_version), want_version), \
     want_ticks = iif(want_ticks IS NULL OR excluded.want_ticks >= want_ticks, \
       coalesce(excluded.want_ticks, want_ticks), want_ticks), \
     since = iif(state = 'done', excluded.since, since), \
     due = iif(state = 'waiting', due, NULL), \
     waits_on = iif(state = 'waiting', waits_on, NULL), \
     state = iif(state = 'waiting', state, 'ready') \
     WHERE verdict IS NOT 'never'",
);

#[cfg(test)]
pub(super) static STATEMENTS: &[&Bulk] = &[&DIRTY];

/// Makes keys dirty; says how many.
pub(super) async fn mark(tx: &mut Tx<'_>, keys: &[Dirty<'_>]) -> Result<u64, Fault> {
    let mut marked = 0;
    for run in runs(keys, |dirty| {
        (dirty.tenant, dirty.identity, dirty.pipeline, dirty.key)
    }) {
        let mut args = Args::default();
        for dirty in run {
            args.row()
                .add(dirty.tenant.as_str())
                .add(dirty.identity)
                .add(dirty.pipeline)
                .add(dirty.key)
                .add(dirty.at.ticks())
                .add(text(dirty.want))
                .add(ticks(dirty.want))
                .add(tx.next_seq())
                .add(i64::from(dirty.which == Which::Done));
        }
        marked += DIRTY.execute(tx.conn, args).await?;
    }
    Ok(marked)
}

impl Command for Hint {
    type Answer = Hinted;

    const SHARES: bool = true;

    const URGENT: bool = true;

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[(CrashPoint::BeforeHint, CrashPoint::AfterHint)]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<Hinted>, Fault> {
        for hint in commands {
            check_fence(tx, &hint.fence).await?;
        }
        let keys_of = |hint: &&'_ Self| hint.keys.len() as u64;
        // How many each of them marked is known where every key was, as it nearly always is.
        let marked = mark(tx, &dirty(commands)).await?;
        if marked == commands.iter().map(keys_of).sum::<u64>() {
            let all = commands.iter().map(keys_of);
            return Ok(all.map(|marked| Hinted { marked, never: 0 }).collect());
        }
        let mut answers = Vec::with_capacity(commands.len());
        for hint in commands {
            // Marked twice in one transaction is marked once.
            let marked = mark(tx, &dirty(std::slice::from_ref(hint))).await?;
            let never = keys_of(hint) - marked;
            answers.push(Hinted { marked, never });
        }
        Ok(answers)
    }
}

fn dirty<'a>(hints: &[&'a Hint]) -> Vec<Dirty<'a>> {
    let keys = hints
        .iter()
        .flat_map(|hint| hint.keys.iter().map(move |key| (*hint, key)));
    keys.map(|(hint, (key, want))| Dirty {
        tenant: &hint.fence.tenant,
        identity: hint.identity.as_str(),
        pipeline: hint.pipeline.as_str(),
        key: key.as_str(),
        want: want.as_ref(),
        at: hint.at,
        which: Which::Any,
    })
    .collect()
}

/// How a read compares with what is stored (S9).
fn compare(read: &Reread, stored: &RecordRow, hash: Option<&str>, read_at: i64) -> Ordering {
    let versions = match (
        ticks(read.item.version.as_ref()),
        ticks(stored.version.as_ref()),
    ) {
        (Some(read), Some(stored)) => read.cmp(&stored),
        (None, _) | (_, None) => Ordering::Equal,
    };
    versions.then_with(|| {
        if hash == Some(read.item.hash.as_str()) {
            Ordering::Equal
        } else if hash.is_none() || read.request_started.ticks() > read_at {
            Ordering::Greater
        } else {
            Ordering::Less
        }
    })
}

impl Command for Reread {
    type Answer = RereadResult;

    const SHARES: bool = true;

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[(CrashPoint::BeforeTakePage, CrashPoint::AfterTakePage)]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<RereadResult>, Fault> {
        let mut answers = Vec::with_capacity(commands.len());
        for read in commands {
            check_fence(tx, &read.fence).await?;
            answers.push(reread(tx, read).await?);
        }
        Ok(answers)
    }
}

async fn reread(tx: &mut Tx<'_>, read: &Reread) -> Result<RereadResult, Fault> {
    let Some((stored, hash, read_at)) = stored(tx, read).await? else {
        let inbox = Inbox {
            tenant: &read.fence.tenant,
            identity: &read.identity,
            pipeline: &read.pipeline,
            request_started: read.request_started,
        };
        inbox
            .take(
                tx,
                std::slice::from_ref(&read.item),
                &mut super::super::Taken::default(),
            )
            .await?;
        return after(tx, read).await;
    };
    if stored.verdict == Some(super::super::Verdict::Never) {
        return Ok(RereadResult::Never);
    }
    let standing = compare(read, &stored, hash.as_deref(), read_at);
    let below = match (
        ticks(read.item.version.as_ref()),
        ticks(stored.want.as_ref()),
    ) {
        (Some(read), Some(want)) => read < want,
        (None, _) | (_, None) => false,
    };
    if standing == Ordering::Less || (below && read.below_want == BelowWant::ReadAgain) {
        return Ok(RereadResult::Behind(stored));
    }
    let stays_dead = standing == Ordering::Equal && stored.outcome == Some(Outcome::Dead);
    let row = store(tx, read, standing, stays_dead).await?;
    Ok(row.map_or(RereadResult::Never, came_to))
}

/// What is stored of the record a re-read is for, with its hash and the start of the read that brought it.
async fn stored(
    tx: &mut Tx<'_>,
    read: &Reread,
) -> Result<Option<(RecordRow, Option<String>, i64)>, Fault> {
    let row = sqlx::query(concat!(
        "SELECT ",
        record_columns!(),
        ", record.hash, record.read_at FROM record \
         WHERE tenant = ?1 AND key = ?2 AND identity = ?3 AND pipeline = ?4"
    ))
    .bind(read.fence.tenant.as_str())
    .bind(read.item.key.as_str())
    .bind(read.identity.as_str())
    .bind(read.pipeline.as_str())
    .fetch_optional(&mut *tx.conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((
        rows::record(&row)?,
        rows::get(&row, "hash")?,
        rows::get(&row, "read_at")?,
    )))
}

/// Stores what was read. The seq stays: who reads a key again is the one who works it. A hint from after the read's
/// start leaves the key dirty (S10).
async fn store(
    tx: &mut Tx<'_>,
    read: &Reread,
    standing: Ordering,
    stays_dead: bool,
) -> Result<Option<RecordRow>, Fault> {
    let dead = read.item.bad.as_ref();
    let fresh = standing == Ordering::Greater;
    let row = sqlx::query(concat!(
        "UPDATE record SET version = ?5, ticks = ?6, hash = ?7, read_at = max(read_at, ?8), \
         root = ?9, payload = ?10, dirty = coalesce(hinted_at, 0) > ?8, \
         want_version = iif(coalesce(hinted_at, 0) > ?8, want_version, NULL), \
         want_ticks = iif(coalesce(hinted_at, 0) > ?8, want_ticks, NULL), \
         since = iif(state = 'done', ?8, since), \
         attempts = iif(?11 AND (outcome = 'dead' OR backoff = 'rejected'), 0, attempts), \
         outcome = CASE WHEN ?12 IS NOT NULL THEN 'dead' WHEN ?11 THEN NULL ELSE outcome END, \
         reason = CASE WHEN ?12 IS NOT NULL THEN ?12 WHEN ?11 THEN NULL ELSE reason END, \
         detail = CASE WHEN ?12 IS NOT NULL THEN ?13 WHEN ?11 THEN NULL ELSE detail END, \
         state = iif(?12 IS NOT NULL OR (?14 AND coalesce(hinted_at, 0) <= ?8), 'dead', 'ready'), \
         due = NULL, backoff = NULL, waits_on = NULL \
         WHERE tenant = ?1 AND key = ?2 AND identity = ?3 AND pipeline = ?4 RETURNING ",
        record_columns!()
    ))
    .bind(read.fence.tenant.as_str())
    .bind(read.item.key.as_str())
    .bind(read.identity.as_str())
    .bind(read.pipeline.as_str())
    .bind(text(read.item.version.as_ref()))
    .bind(ticks(read.item.version.as_ref()))
    .bind(read.item.hash.as_str())
    .bind(read.request_started.ticks())
    .bind(read.item.root.as_str())
    .bind(std::sync::Arc::clone(&read.item.payload))
    .bind(fresh)
    .bind(dead.map(|dead| dead.cause.as_str()))
    .bind(dead.map(|dead| dead.detail.as_str()))
    .bind(stays_dead)
    .fetch_optional(&mut *tx.conn)
    .await?;
    row.as_ref().map(rows::record).transpose()
}

async fn after(tx: &mut Tx<'_>, read: &Reread) -> Result<RereadResult, Fault> {
    let row = stored(tx, read).await?;
    Ok(row.map_or(RereadResult::Never, |(row, _, _)| came_to(row)))
}

fn came_to(row: RecordRow) -> RereadResult {
    match row.state {
        super::super::RecordState::Dead => RereadResult::Dead(row),
        super::super::RecordState::Ready
        | super::super::RecordState::Waiting
        | super::super::RecordState::Held
        | super::super::RecordState::Done => RereadResult::Work(row),
    }
}
