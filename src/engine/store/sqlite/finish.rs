//! T4: an attempt ends. What the row becomes is decided by [`end`], a plain function.

use sqlx::sqlite::SqliteRow;

use super::super::{
    Changed, End, Finish, Finished, LinkChange, Outcome, RecordState, Until, Verdict, WaitKind,
    WaitsOn,
};
use super::bulk::{Args, Bulk, runs};
use super::fault::Fault;
use super::links;
use super::rows::{self, get, word};
use super::writer::{Command, Tx};
use crate::engine::clock::Timestamp;
use crate::engine::crash::CrashPoint;

static STANDING: Bulk = Bulk::new(
    "WITH item (tenant, key, identity, pipeline, w_key, w_entity, w_identity) AS (VALUES ",
    7,
    ") SELECT record.seq, record.verdict, link.op, link.target \
     FROM item LEFT JOIN record ON record.tenant = item.tenant AND record.key = item.key \
       AND record.identity = item.identity AND record.pipeline = item.pipeline \
     LEFT JOIN link ON link.tenant = item.tenant AND link.key = item.w_key \
       AND link.entity = item.w_entity AND link.identity = item.w_identity \
     WHERE item.tenant IS NOT NULL",
);

static END: Bulk = Bulk::new(
    "WITH item (tenant, key, identity, pipeline, taken, state, outcome, reason, detail, verdict, \
     due, backoff, attempts, waits_on) AS (VALUES ",
    14,
    ") UPDATE record SET done_seq = item.taken, state = item.state, outcome = item.outcome, \
     reason = item.reason, detail = item.detail, verdict = item.verdict, due = item.due, \
     backoff = item.backoff, attempts = item.attempts, waits_on = item.waits_on, \
     payload = iif(item.state = 'done', NULL, record.payload), \
     dirty = iif(item.state = 'done', 0, record.dirty) FROM item \
     WHERE record.tenant = item.tenant AND record.key = item.key \
     AND record.identity = item.identity AND record.pipeline = item.pipeline",
);

static TRACE: Bulk = Bulk::new(
    "WITH item (tenant, root, at, identity, pipeline, key, kind, blob) AS (VALUES ",
    8,
    ") INSERT INTO trace (tenant, root, at, identity, pipeline, key, kind, blob) \
     SELECT tenant, root, at, identity, pipeline, key, kind, blob FROM item \
     WHERE tenant IS NOT NULL",
);

#[cfg(test)]
pub(super) static STATEMENTS: &[&Bulk] = &[&STANDING, &END, &TRACE];

/// What stands when an attempt ends.
#[derive(Clone, Copy, Debug)]
struct Standing {
    seq: i64,
    verdict: Option<Verdict>,
    /// Of the link the attempt would wait on.
    open: bool,
    linked: bool,
}

/// What the record becomes.
#[derive(Debug, PartialEq, Eq)]
struct Becomes<'a> {
    state: RecordState,
    outcome: Option<Outcome>,
    reason: Option<&'a str>,
    detail: Option<&'a str>,
    due: Option<Timestamp>,
    backoff: Option<WaitKind>,
    attempts: u32,
    waits_on: Option<String>,
}

/// Ready again, with nothing known about the content that is to be worked.
const AGAIN: Becomes<'static> = Becomes {
    state: RecordState::Ready,
    outcome: None,
    reason: None,
    detail: None,
    due: None,
    backoff: None,
    attempts: 0,
    waits_on: None,
};

/// S8: after a newer intake the record is ready again; S31: unless it waits for what the new version waits for too.
/// A verdict of never outlasts a newer intake (S23). What a record would wait for may have happened meanwhile.
fn end(finish: &Finish, standing: Standing, verdict: Option<Verdict>) -> Becomes<'_> {
    let superseded = standing.seq != finish.taken.0 && verdict != Some(Verdict::Never);
    let happened = |on: &WaitsOn| match on.until {
        Until::Settled => !standing.open,
        Until::Linked => standing.linked && !standing.open,
    };
    let attempts = finish.attempts;
    match &finish.end {
        End::Waiting {
            kind: WaitKind::Rejected,
            ..
        }
        | End::Done { .. }
        | End::Held { .. }
        | End::Dead(_)
            if superseded =>
        {
            AGAIN
        }
        End::Waiting { on: Some(on), .. } if happened(on) => Becomes { attempts, ..AGAIN },
        End::Held { on: Some(on), .. } if happened(on) => AGAIN,
        End::Waiting {
            due,
            kind,
            on,
            reason,
            detail,
        } => Becomes {
            state: RecordState::Waiting,
            outcome: Some(Outcome::Retry),
            reason: Some(reason),
            detail: detail.as_deref(),
            due: *due,
            backoff: Some(*kind),
            attempts,
            waits_on: on.as_ref().map(|on| rows::waits_on(&on.link)),
        },
        End::Done { outcome, reason } => Becomes {
            state: RecordState::Done,
            outcome: Some(*outcome),
            reason: reason.as_deref(),
            ..AGAIN
        },
        End::Held { due, on, reason } => Becomes {
            state: RecordState::Held,
            outcome: Some(Outcome::Held),
            reason: Some(reason),
            due: *due,
            attempts,
            waits_on: on.as_ref().map(|on| rows::waits_on(&on.link)),
            ..AGAIN
        },
        End::Dead(death) => Becomes {
            state: RecordState::Dead,
            outcome: Some(Outcome::Dead),
            reason: Some(&death.cause),
            detail: Some(&death.detail),
            attempts,
            ..AGAIN
        },
    }
}

impl End {
    fn waits_on(&self) -> Option<&WaitsOn> {
        match self {
            Self::Waiting { on, .. } | Self::Held { on, .. } => on.as_ref(),
            Self::Done { .. } | Self::Dead(_) => None,
        }
    }
}

impl Command for Finish {
    type Answer = Finished;

    const SHARES: bool = true;

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        match self.link {
            Some(LinkChange::Settle(_)) => &[
                (CrashPoint::BeforeSettle, CrashPoint::AfterSettle),
                (CrashPoint::BeforeFinish, CrashPoint::AfterFinish),
            ],
            Some(LinkChange::Adopt(_)) | None => {
                &[(CrashPoint::BeforeFinish, CrashPoint::AfterFinish)]
            }
        }
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<Finished>, Fault> {
        let mut answers = Vec::with_capacity(commands.len());
        for run in runs(commands, |finish| &finish.record) {
            let changes: Vec<&LinkChange> = run
                .iter()
                .filter_map(|finish| finish.link.as_ref())
                .collect();
            let mut outcomes = links::change(tx, &changes).await?.into_iter();
            let mut finishes = Vec::with_capacity(run.len());
            let first = answers.len();
            for finish in run {
                let refusal = match finish.link.as_ref().and_then(|_| outcomes.next()) {
                    Some(Changed::Refused(refusal)) => Some(Finished::Refused(refusal)),
                    Some(Changed::Stored) | None => None,
                };
                if refusal.is_none() {
                    finishes.push((answers.len(), *finish));
                }
                answers.push(refusal.unwrap_or(Finished::Gone));
            }
            debug_assert_eq!(
                answers.len() - first,
                run.len(),
                "one answer for each command"
            );
            store(tx, &finishes, &mut answers).await?;
        }
        Ok(answers)
    }
}

/// Stores ends, and writes at each one's index what came of it; the answer of a record that is gone is left.
async fn store(
    tx: &mut Tx<'_>,
    finishes: &[(usize, &Finish)],
    answers: &mut [Finished],
) -> Result<(), Fault> {
    if finishes.is_empty() {
        return Ok(());
    }
    let standings = standings(tx, finishes).await?;
    let mut ends = Args::default();
    let mut traces = Args::default();
    let mut none = true;
    for ((index, finish), standing) in finishes.iter().zip(standings) {
        let Some(standing) = standing else { continue };
        none = false;
        let record = &finish.record;
        let verdict = standing.verdict.or(finish.verdict);
        let becomes = end(finish, standing, verdict);
        ends.row()
            .add(record.tenant.as_str())
            .add(record.key.as_str())
            .add(record.identity.as_str())
            .add(record.pipeline.as_str())
            .add(finish.taken.0)
            .add(becomes.state.as_str())
            .add(becomes.outcome.map(Outcome::as_str))
            .add(becomes.reason)
            .add(becomes.detail)
            .add(verdict.map(Verdict::as_str))
            .add(becomes.due.map(Timestamp::ticks))
            .add(becomes.backoff.map(WaitKind::as_str))
            .add(becomes.attempts)
            .add(becomes.waits_on.as_deref());
        traces
            .row()
            .add(record.tenant.as_str())
            .add(finish.root.as_str())
            .add(finish.at.ticks())
            .add(record.identity.as_str())
            .add(record.pipeline.as_str())
            .add(record.key.as_str())
            .add(finish.kind.as_str())
            .add(finish.trace.as_str());
        if let Some(answer) = answers.get_mut(*index) {
            *answer = if standing.seq == finish.taken.0 {
                Finished::Ended
            } else {
                Finished::Superseded
            };
        }
    }
    if none {
        return Ok(());
    }
    END.execute(tx.conn, ends).await?;
    TRACE.execute(tx.conn, traces).await?;
    Ok(())
}

async fn standings(
    tx: &mut Tx<'_>,
    finishes: &[(usize, &Finish)],
) -> Result<Vec<Option<Standing>>, Fault> {
    let mut args = Args::default();
    for (_, finish) in finishes {
        let waits_on = finish.end.waits_on().map(|on| &on.link);
        args.row()
            .add(finish.record.tenant.as_str())
            .add(finish.record.key.as_str())
            .add(finish.record.identity.as_str())
            .add(finish.record.pipeline.as_str())
            .add(waits_on.map(|link| link.key.as_str()))
            .add(waits_on.map(|link| link.entity.as_str()))
            .add(waits_on.map(|link| link.identity.as_str()));
    }
    STANDING
        .fetch(tx.conn, args)
        .await?
        .iter()
        .map(standing)
        .collect()
}

fn standing(row: &SqliteRow) -> Result<Option<Standing>, Fault> {
    let Some(seq) = get::<Option<i64>>(row, "seq")? else {
        return Ok(None);
    };
    Ok(Some(Standing {
        seq,
        verdict: word(row, "verdict", Verdict::parse)?,
        open: get::<Option<String>>(row, "op")?.is_some(),
        linked: get::<Option<String>>(row, "target")?.is_some(),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::super::{Death, LinkId, RecordId};
    use super::*;
    use crate::engine::record::Seq;

    const AT: Timestamp = Timestamp::from_unix_seconds(100);

    fn finish(end: End) -> Finish {
        Finish {
            record: RecordId {
                tenant: "acme".into(),
                identity: "sc:1".into(),
                pipeline: "work-orders".into(),
                key: "7".into(),
            },
            taken: Seq(4),
            at: AT,
            link: None,
            verdict: None,
            end,
            attempts: 3,
            root: "7".into(),
            kind: "attempt".to_owned(),
            trace: "{}".to_owned(),
        }
    }

    fn waiting(kind: WaitKind, until: Option<Until>) -> End {
        End::Waiting {
            due: Some(AT),
            kind,
            on: until.map(|until| WaitsOn {
                link: LinkId {
                    tenant: "acme".into(),
                    identity: "st:1".into(),
                    entity: "job".into(),
                    key: "7".into(),
                },
                until,
            }),
            reason: "r".to_owned(),
            detail: None,
        }
    }

    const STANDS: Standing = Standing {
        seq: 4,
        verdict: None,
        open: false,
        linked: false,
    };
    const NEWER: Standing = Standing { seq: 5, ..STANDS };

    #[test]
    fn a_newer_intake_makes_everything_but_a_transient_wait_ready_again() {
        let dead = Death {
            cause: "c".to_owned(),
            detail: "d".to_owned(),
        };
        for (end_, state) in [
            (
                End::Done {
                    outcome: Outcome::Written,
                    reason: None,
                },
                RecordState::Ready,
            ),
            (End::Dead(dead), RecordState::Ready),
            (
                End::Held {
                    due: None,
                    on: None,
                    reason: "h".to_owned(),
                },
                RecordState::Ready,
            ),
            (waiting(WaitKind::Rejected, None), RecordState::Ready),
            (waiting(WaitKind::Transient, None), RecordState::Waiting),
        ] {
            let finish = finish(end_);
            let becomes = end(&finish, NEWER, None);
            assert_eq!(becomes.state, state, "{:?}", finish.end);
            let kept = if state == RecordState::Waiting { 3 } else { 0 };
            assert_eq!(becomes.attempts, kept, "{:?}", finish.end);
        }
    }

    #[test]
    fn never_outlasts_a_newer_intake() {
        let finish = finish(End::Done {
            outcome: Outcome::Skipped,
            reason: None,
        });
        assert_eq!(
            end(&finish, NEWER, Some(Verdict::Never)).state,
            RecordState::Done
        );
        assert_eq!(
            end(&finish, NEWER, Some(Verdict::Eligible)).state,
            RecordState::Ready
        );
    }

    #[test]
    fn nobody_waits_for_what_has_happened() {
        let open = Standing {
            open: true,
            ..STANDS
        };
        let linked = Standing {
            linked: true,
            ..STANDS
        };
        let updating = Standing {
            open: true,
            linked: true,
            ..STANDS
        };
        for (until, standing, state) in [
            (Until::Settled, open, RecordState::Waiting),
            (Until::Settled, STANDS, RecordState::Ready),
            (Until::Settled, linked, RecordState::Ready),
            (Until::Linked, open, RecordState::Waiting),
            (Until::Linked, STANDS, RecordState::Waiting),
            (Until::Linked, linked, RecordState::Ready),
            (Until::Linked, updating, RecordState::Waiting),
        ] {
            let finish = finish(waiting(WaitKind::Transient, Some(until)));
            assert_eq!(
                end(&finish, standing, None).state,
                state,
                "{until:?} {standing:?}"
            );
        }
    }
}
