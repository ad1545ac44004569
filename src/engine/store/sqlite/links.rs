//! T3 and its relatives: what becomes of intents, links without intents, and who is woken by either.

use std::time::Duration;

use sqlx::SqliteConnection;

use super::super::{
    Adopt, Changed, Fingerprint, LinkChange, LinkId, LinkRow, Origin, ReadAs, Reader, Refusal,
    Settle, Settlement, TargetId,
};
use super::bulk::{Args, Bulk, runs};
use super::fault::Fault;
use super::hint::{self, Dirty, Which};
use super::rows::{self, get, link_columns};
use super::writer::{Command, Tx};
use crate::engine::clock::Timestamp;
use crate::engine::crash::CrashPoint;

/// A span in 100 ns.
pub(super) fn ticks_of(span: Duration) -> i64 {
    Timestamp::EPOCH.plus(span).ticks()
}

/// A link, if a target or an intent stands.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    link: &LinkId,
) -> Result<Option<LinkRow>, Fault> {
    let row = sqlx::query(concat!(
        "SELECT ",
        link_columns!(),
        " FROM link WHERE tenant = ?1 AND key = ?2 AND entity = ?3 AND identity = ?4"
    ))
    .bind(link.tenant.as_str())
    .bind(link.key.as_str())
    .bind(link.entity.as_str())
    .bind(link.identity.as_str())
    .fetch_optional(conn)
    .await?;
    row.as_ref().map_or(Ok(None), rows::link)
}

static STANDING: Bulk = Bulk::new(
    "WITH item (tenant, key, entity, identity) AS (VALUES ",
    4,
    ") SELECT link.op, link.op_id, link.target \
     FROM item LEFT JOIN link ON link.tenant = item.tenant AND link.key = item.key \
       AND link.entity = item.entity AND link.identity = item.identity \
     WHERE item.tenant IS NOT NULL",
);

/// `target` NULL leaves the link as it is; `state` NULL closes the intent. While an outcome is unknown nobody knows
/// what stands at the target, so the fingerprint goes (S7).
static CHANGE: Bulk = Bulk::new(
    "WITH item (tenant, key, entity, identity, target, origin, at, remember, fp, fp_version, \
     fp_at, state, bound, due) AS (VALUES ",
    14,
    ") INSERT INTO link (tenant, key, entity, identity, target, origin, born_at, remember, \
     fp_written, fp_target_version, written_at, op_state, op_bound, op_due) \
     SELECT tenant, key, entity, identity, target, origin, at, remember, fp, fp_version, fp_at, \
     state, bound, due FROM item WHERE tenant IS NOT NULL \
     ON CONFLICT DO UPDATE SET target = coalesce(excluded.target, target), \
     origin = iif(excluded.target IS NULL OR excluded.target IS target, origin, excluded.origin), \
     born_at = iif(excluded.target IS NULL OR excluded.target IS target, born_at, \
       excluded.born_at), \
     remember = coalesce(excluded.remember, remember), \
     fp_written = CASE WHEN excluded.op_state = 'unknown' THEN NULL \
       WHEN excluded.fp_written IS NOT NULL THEN excluded.fp_written \
       WHEN excluded.target IS NULL OR excluded.target IS target THEN fp_written END, \
     fp_target_version = CASE WHEN excluded.fp_written IS NOT NULL \
       THEN excluded.fp_target_version \
       WHEN excluded.target IS NULL OR excluded.target IS target THEN fp_target_version END, \
     written_at = CASE WHEN excluded.fp_written IS NOT NULL THEN excluded.written_at \
       WHEN excluded.target IS NULL OR excluded.target IS target THEN written_at END, \
     op = iif(excluded.op_state IS NULL, NULL, op), op_state = excluded.op_state, \
     op_find = iif(excluded.op_state IS NULL, NULL, op_find), op_bound = excluded.op_bound, \
     op_due = excluded.op_due, finds = 0",
);

static WAKE: Bulk = Bulk::new(
    "WITH item (tenant, waits_on) AS (VALUES ",
    2,
    ") UPDATE record SET state = 'ready', due = NULL, backoff = NULL, waits_on = NULL FROM item \
     WHERE record.tenant = item.tenant AND record.waits_on = item.waits_on \
     AND record.state IN ('waiting', 'held')",
);

#[cfg(test)]
pub(super) static STATEMENTS: &[&Bulk] = &[&STANDING, &CHANGE, &WAKE];

/// What a change does to the row, whatever it is called.
struct Effect<'a> {
    link: &'a LinkId,
    target: Option<&'a TargetId>,
    origin: Option<Origin>,
    remember: Option<&'a str>,
    written: Option<&'a Fingerprint>,
    readers: &'a [Reader],
    at: Timestamp,
    /// The intent that stays open, with its bound and its next find.
    open: Option<(&'static str, Option<Timestamp>, Option<Timestamp>)>,
}

impl LinkChange {
    pub(super) fn link(&self) -> &LinkId {
        match self {
            Self::Settle(settle) => &settle.link,
            Self::Adopt(adopt) => &adopt.link,
        }
    }

    fn effect(&self) -> Effect<'_> {
        match self {
            Self::Settle(settle) => settle.effect(),
            Self::Adopt(adopt) => adopt.effect(),
        }
    }
}

impl Settle {
    fn effect(&self) -> Effect<'_> {
        let closed = Effect {
            link: &self.link,
            target: None,
            origin: None,
            remember: None,
            written: None,
            readers: &[],
            at: self.at,
            open: None,
        };
        match &self.outcome {
            Settlement::Applied(applied) => Effect {
                target: Some(&applied.target),
                origin: Some(applied.origin),
                remember: applied.remember.as_deref(),
                written: applied.written.as_ref(),
                readers: &applied.readers,
                ..closed
            },
            Settlement::NotApplied | Settlement::NotSent => closed,
            Settlement::Unknown { bound, due } => Effect {
                open: Some(("unknown", Some(*bound), Some(*due))),
                ..closed
            },
            Settlement::Held => Effect {
                open: Some(("held", None, None)),
                ..closed
            },
        }
    }
}

impl Adopt {
    fn effect(&self) -> Effect<'_> {
        Effect {
            link: &self.link,
            target: Some(&self.target),
            origin: Some(self.origin),
            remember: self.remember.as_deref(),
            written: self.written.as_ref(),
            readers: &self.readers,
            at: self.at,
            open: None,
        }
    }
}

/// What stands where a link is to change.
struct Standing {
    op: Option<String>,
    last_op: Option<String>,
    target: Option<String>,
}

enum Decision {
    Store,
    Repeated,
    NotTheIntent,
    Busy,
    Linked,
}

fn decide(change: &LinkChange, standing: &Standing) -> Decision {
    let target = standing.target.as_deref();
    match change {
        LinkChange::Settle(settle) => {
            if standing.last_op.as_deref() != Some(settle.op.as_str()) {
                Decision::NotTheIntent
            } else if standing.op.is_some() {
                Decision::Store
            } else {
                Decision::Repeated
            }
        }
        LinkChange::Adopt(adopt) => {
            if standing.op.is_some() {
                Decision::Busy
            } else if target == adopt.before.as_ref().map(TargetId::as_str) {
                Decision::Store
            } else if target == Some(adopt.target.as_str()) {
                Decision::Repeated
            } else {
                Decision::Linked
            }
        }
    }
}

impl Command for LinkChange {
    type Answer = Changed;

    const SHARES: bool = true;

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        match self {
            Self::Settle(_) => &[(CrashPoint::BeforeSettle, CrashPoint::AfterSettle)],
            Self::Adopt(_) => &[],
        }
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<Changed>, Fault> {
        change(tx, commands).await
    }
}

/// Changes links, wakes who waits for them, and makes new targets dirty where they are read.
pub(super) async fn change(
    tx: &mut Tx<'_>,
    changes: &[&LinkChange],
) -> Result<Vec<Changed>, Fault> {
    let mut answers = Vec::with_capacity(changes.len());
    for run in runs(changes, |change| change.link()) {
        let standings = standings(tx, run).await?;
        let mut effects = Vec::with_capacity(run.len());
        let mut dirty = Vec::new();
        for (change, standing) in run.iter().zip(&standings) {
            let refusal = match decide(change, standing) {
                Decision::Store => {
                    let effect = change.effect();
                    if let Some(target) = effect.target
                        && standing.target.as_deref() != Some(target.as_str())
                    {
                        dirty.extend(effect.readers.iter().map(|reader| Dirty {
                            tenant: &effect.link.tenant,
                            identity: reader.identity.as_str(),
                            pipeline: reader.pipeline.as_str(),
                            key: match reader.end {
                                ReadAs::Made => target.as_str(),
                                ReadAs::Source => effect.link.key.as_str(),
                            },
                            want: None,
                            at: effect.at,
                            which: match reader.end {
                                ReadAs::Made => Which::Any,
                                ReadAs::Source => Which::Done,
                            },
                        }));
                    }
                    effects.push(effect);
                    None
                }
                Decision::Repeated => None,
                Decision::NotTheIntent => {
                    Some(Refusal::NotTheIntent(read(tx.conn, change.link()).await?))
                }
                Decision::Busy => read(tx.conn, change.link()).await?.map(Refusal::Busy),
                Decision::Linked => read(tx.conn, change.link())
                    .await?
                    .map_or(Some(Refusal::NotTheIntent(None)), |row| {
                        Some(Refusal::Linked(row))
                    }),
            };
            answers.push(refusal.map_or(Changed::Stored, |refusal| {
                Changed::Refused(Box::new(refusal))
            }));
        }
        store(tx, &effects).await?;
        hint::mark(tx, &dirty).await?;
    }
    Ok(answers)
}

async fn standings(tx: &mut Tx<'_>, run: &[&LinkChange]) -> Result<Vec<Standing>, Fault> {
    let mut args = Args::default();
    for change in run {
        let link = change.link();
        args.row()
            .add(link.tenant.as_str())
            .add(link.key.as_str())
            .add(link.entity.as_str())
            .add(link.identity.as_str());
    }
    let rows = STANDING.fetch(tx.conn, args).await?;
    rows.iter()
        .map(|row| {
            Ok(Standing {
                op: get(row, "op")?,
                last_op: get(row, "op_id")?,
                target: get(row, "target")?,
            })
        })
        .collect()
}

async fn store(tx: &mut Tx<'_>, effects: &[Effect<'_>]) -> Result<(), Fault> {
    if effects.is_empty() {
        return Ok(());
    }
    let mut args = Args::default();
    let mut closed = Vec::with_capacity(effects.len());
    for effect in effects {
        let (state, bound, due) = effect.open.unwrap_or_default();
        args.row()
            .add(effect.link.tenant.as_str())
            .add(effect.link.key.as_str())
            .add(effect.link.entity.as_str())
            .add(effect.link.identity.as_str())
            .add(effect.target.map(TargetId::as_str))
            .add(effect.origin.map(Origin::as_str))
            .add(effect.at.ticks())
            .add(effect.remember)
            .add(effect.written.map(|written| written.hash.as_str()))
            .add(
                effect
                    .written
                    .and_then(|written| written.target_version.as_deref()),
            )
            .add(effect.written.map(|written| written.written_at.ticks()))
            .add(effect.open.map(|_| state))
            .add(bound.map(Timestamp::ticks))
            .add(due.map(Timestamp::ticks));
        if effect.open.is_none() {
            closed.push(effect.link);
        }
    }
    CHANGE.execute(tx.conn, args).await?;
    wake(tx, &closed).await
}

/// Records that wait on these links become ready.
pub(super) async fn wake(tx: &mut Tx<'_>, links: &[&LinkId]) -> Result<(), Fault> {
    if links.is_empty() {
        return Ok(());
    }
    let mut args = Args::default();
    for link in links {
        args.row()
            .add(link.tenant.as_str())
            .add(rows::waits_on(link));
    }
    WAKE.execute(tx.conn, args).await?;
    Ok(())
}
