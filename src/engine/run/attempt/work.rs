//! How a record is worked: it is read again if a hint said so, its steps run, its end is stored.

use std::sync::Arc;

use serde_json::Value as Json;
use tracing::{Instrument as _, debug, error, error_span, warn};

use super::super::ending::{self, Ending, Facts, Wrote};
use super::super::failure::{Class, Failure, Stop};
use super::super::item::item;
use super::super::lists::{self, Asker};
use super::super::tenant::{Taken, TenantRun};
use super::super::trace::Trace;
use super::{Attempt, native};
use crate::engine::clock::Timestamp;
use crate::engine::connect::{Jitter, NextAttempt, Priority, next_attempt};
use crate::engine::record::RootKey;
use crate::engine::store::{
    BelowWant, End, Finish, Finished, Item, Judge, LinkChange, Outcome, RecordId, RecordRow,
    Reread, RereadResult, Store as _, Verdict, WaitKind,
};
use crate::engine::telemetry::{names::span, of_root};
use crate::lang::expr::Datum;
use crate::lang::plan::{ErrorClass, Pipeline, Retry, Step, Verb};

/// How the work on a record ended, for whoever hands out work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Its end is stored, or it is left as it is for a reason of its own.
    Stored,
    /// The store failed (S41).
    StoreFailed,
}

/// Works a record: reads it again if a hint said so, runs its steps, stores how it ended.
pub(crate) async fn work(tenant: &TenantRun, pipeline: &Pipeline, taken: Taken) -> Ended {
    let began = tenant.clock.monotonic();
    let ended = attempt(tenant, pipeline, taken).await;
    let took = tenant.clock.monotonic() - began;
    let metrics = tenant.progress.metrics();
    metrics.pipeline(&pipeline.name).attempted(took);
    ended
}

async fn attempt(tenant: &TenantRun, pipeline: &Pipeline, taken: Taken) -> Ended {
    let Taken { row, content } = taken;
    let (row, record) = match content.filter(|_| !row.dirty) {
        Some(record) => (row, record),
        None => {
            let root = root_of(&row);
            let span = error_span!(span::REREAD, tenant = %tenant.name, pipeline = %pipeline.name, key = %row.id.key, %root);
            let span = of_root(span, tenant.name.as_str(), root.as_str());
            let read = async {
                let read = reread(tenant, pipeline, row).await;
                read.map_err(|stop| store_trouble(tenant, pipeline, &stop))
            };
            match read.instrument(span).await {
                Ok(Some(read)) => read,
                Ok(None) => return Ended::Stored,
                Err(ended) => return ended,
            }
        }
    };
    let root = root_of(&row);
    let span = error_span!(span::ATTEMPT, tenant = %tenant.name, pipeline = %pipeline.name, key = %row.id.key, %root);
    let span = of_root(span, tenant.name.as_str(), root.as_str());
    let worked = async {
        let mut attempt = Attempt::for_record(tenant, pipeline, row, record);
        let stop = run(&mut attempt).await.err();
        finish(attempt, stop).await
    };
    worked.instrument(span).await
}

/// What the work on a record is serial by.
fn root_of(row: &RecordRow) -> RootKey {
    row.root
        .clone()
        .unwrap_or_else(|| RootKey::from(row.id.key.as_str()))
}

/// Takes down what a record's first version comes to while its pipeline waits (S23): its steps up to the first that
/// reads or writes. A `forever` skip among them ends it now; anything else finds it eligible.
pub(crate) async fn judge(tenant: &TenantRun, pipeline: &Pipeline, taken: Taken) {
    let Taken {
        row,
        content: Some(record),
    } = taken
    else {
        return;
    };
    let id = row.id.clone();
    let mut attempt = Attempt::for_record(tenant, pipeline, row, record);
    let judged = async {
        attempt.load_links().await?;
        attempt.choose_settings()?;
        let pure = pipeline.steps.iter().take_while(|step| is_pure(step));
        for step in pure {
            attempt.run_steps(std::slice::from_ref(step)).await?;
        }
        Ok(())
    };
    match judged.await {
        Err(stop @ Stop::Skip { forever: true, .. }) => {
            finish(attempt, Some(stop)).await;
        }
        Err(Stop::Store(error)) => {
            warn!(key = %id.key, %error, "A waiting record could not be judged; later again.");
        }
        Ok(())
        | Err(
            Stop::Skip { .. }
            | Stop::Hold { .. }
            | Stop::Fail(_)
            | Stop::Park(_)
            | Stop::Off
            | Stop::Superseded,
        ) => {
            let judge = Judge {
                record: id,
                verdict: Verdict::Eligible,
            };
            if let Err(error) = tenant.store.judge(judge).await {
                warn!(%error, "A waiting record could not be judged; later again.");
            }
        }
    }
}

/// Whether a step reads and writes nothing outside.
fn is_pure(step: &Step) -> bool {
    step.each.is_none()
        && match &step.verb {
            Verb::Skip { .. } | Verb::Transform(_) | Verb::Map(_) => true,
            Verb::Call(call) => call.steps.iter().all(is_pure),
            Verb::Fetch(_)
            | Verb::Write(_)
            | Verb::Do(_)
            | Verb::Hold { .. }
            | Verb::Fail { .. } => false,
        }
}

async fn run(attempt: &mut Attempt<'_>) -> Result<(), Stop> {
    attempt.load_links().await?;
    attempt.choose_settings()?;
    let pipeline = attempt
        .pipeline
        .expect("an attempt at a record has a pipeline");
    attempt.run_steps(&pipeline.steps).await
}

/// T4: stores how an attempt ended, with the outcome of its last write.
async fn finish(mut attempt: Attempt<'_>, stop: Option<Stop>) -> Ended {
    let tenant = attempt.tenant;
    let pipeline = attempt
        .pipeline
        .expect("an attempt at a record has a pipeline");
    let Some(work) = attempt.work.clone() else {
        return Ended::Stored;
    };
    if let Some(Stop::Fail(failure)) = &stop {
        attempt.trace.failed(
            &failure.detail(),
            failure.origin.as_ref(),
            failure.exchange.as_deref(),
        );
    }
    let retry = blame(tenant, pipeline, stop.as_ref());
    let facts = Facts {
        attempts: work.row.attempts,
        verdict: work.row.verdict,
        wrote: attempt.wrote,
        now: tenant.clock.now(),
        retry,
        jitter: jitter(&work.record, work.row.attempts),
    };
    let Some(ending) = ending::decide(facts, stop.as_ref()) else {
        if let Err(stop) = attempt.flush().await {
            return store_trouble(tenant, pipeline, &stop);
        }
        return stop.map_or(Ended::Stored, |stop| store_trouble(tenant, pipeline, &stop));
    };
    let pending = attempt.pending.take();
    let link = pending.as_ref().map(|pending| pending.settle.link.clone());
    let came_to = outcome(&ending.end);
    let Ending {
        end,
        attempts,
        verdict,
    } = ending;
    let text = describe(&end);
    let version = work
        .row
        .version
        .as_ref()
        .map(|version| version.text.as_str());
    let finish = Finish {
        taken: work.row.seq,
        at: facts.now,
        link: pending
            .as_ref()
            .map(|pending| LinkChange::Settle(pending.settle.clone())),
        verdict,
        end,
        attempts,
        root: root_of(&work.row),
        kind: "attempt".to_owned(),
        trace: attempt.trace.finish(version, facts.now, &text),
        record: work.record,
    };
    let key = finish.record.key.clone();
    let changed_at = changed_at(tenant, &work.row);
    let mut ended = Ended::Stored;
    match tenant.store.finish(finish).await {
        Ok(Finished::Ended | Finished::Superseded) => {
            tenant.progress.outcome(&pipeline.name, came_to);
            debug!(outcome = %came_to, reason = %text, "An attempt ended.");
            if came_to == Outcome::Written {
                let lag = facts.now.since(changed_at);
                let metrics = tenant.progress.metrics();
                metrics.pipeline(&pipeline.name).written_after(lag);
            }
        }
        Ok(Finished::Gone) => debug!(%key, "The record was forgotten while it was worked."),
        Ok(Finished::Refused(refusal)) => {
            error!(%key, ?refusal, "The outcome of a write was refused by the store.");
        }
        Err(error) => {
            warn!(%key, %error, "The end of an attempt could not be stored; it will run again.");
            ended = Ended::StoreFailed;
        }
    }
    if let Some(link) = link {
        tenant.links.forget(&link);
    }
    ended
}

/// Since when a record is not in step: its change at the source where its version is a time, else its intake. What was
/// changed before the integration was turned on could not be in step earlier than then.
fn changed_at(tenant: &TenantRun, row: &RecordRow) -> Timestamp {
    let changed = row.version.as_ref().and_then(|version| version.at);
    changed.unwrap_or(row.since).max(tenant.on_since())
}

/// Whose retry rules hold.
fn blame(tenant: &TenantRun, pipeline: &Pipeline, stop: Option<&Stop>) -> Retry {
    let connector = match stop {
        Some(Stop::Fail(failure)) => failure.connector.as_deref(),
        None
        | Some(
            Stop::Skip { .. }
            | Stop::Hold { .. }
            | Stop::Park(_)
            | Stop::Off
            | Stop::Superseded
            | Stop::Store(_),
        ) => None,
    };
    tenant
        .connection(connector.unwrap_or(&pipeline.fetch.request.connector))
        .connector()
        .retry
}

/// Reads a record again by its key (S10): a hint said that it changed, or it was done and must be looked at anew.
async fn reread(
    tenant: &TenantRun,
    pipeline: &Pipeline,
    row: RecordRow,
) -> Result<Option<(RecordRow, Arc<Json>)>, Stop> {
    let Some(one) = &pipeline.fetch.one else {
        warn!(key = %row.id.key, pipeline = %row.id.pipeline, "A record must be read again but its pipeline has no `fetch.one`.");
        return Ok(None);
    };
    let started = tenant.clock.now();
    let base = tenant.scope(&tenant.plan.settings, started);
    let scope = base
        .child()
        .with("key", Datum::from(native(row.id.key.as_str())));
    let asker = Asker {
        priority: Priority::Event,
        pipeline: &row.id.pipeline,
    };
    let found = lists::read_one(tenant, &one.request, &scope, one.found.as_ref(), asker).await;
    let is_missing = match &found {
        Ok(found) => found.is_none(),
        Err(failure) => failure.class == Class::Reply(ErrorClass::Missing),
    };
    let end = match found {
        Ok(Some(record)) => {
            let item = item(tenant, pipeline, &record).await;
            let item = Item {
                key: row.id.key.clone(),
                ..item
            };
            let reread = Reread {
                fence: tenant.fence(),
                identity: row.id.identity.clone(),
                pipeline: row.id.pipeline.clone(),
                request_started: started,
                item,
                below_want: worth(tenant, pipeline, &row, started),
            };
            match tenant.store.reread(reread).await? {
                RereadResult::Work(row) => return Ok(Some((row, record))),
                RereadResult::Dead(_) | RereadResult::Never => return Ok(None),
                RereadResult::Behind(row) => again_within_lag(
                    tenant,
                    pipeline,
                    &row,
                    "the source does not show the version it announced yet",
                ),
            }
        }
        Ok(None) => again_within_lag(
            tenant,
            pipeline,
            &row,
            "the source does not show this record",
        ),
        Err(failure) => {
            let retry = blame(tenant, pipeline, Some(&Stop::from(failure.clone())));
            let facts = Facts {
                attempts: row.attempts,
                verdict: row.verdict,
                wrote: Wrote::Nothing,
                now: tenant.clock.now(),
                retry,
                jitter: jitter(&row.id, row.attempts),
            };
            let ending = ending::decide(facts, Some(&Stop::from(failure)))
                .expect("a failure always decides");
            (ending.end, ending.attempts)
        }
    };
    let (end, attempts) = match end {
        // It was told of and never seen: nothing of it is lost, and nobody has to look at it.
        (End::Dead(_), _) if is_missing && row.version.is_none() => {
            let end = End::Done {
                outcome: Outcome::Skipped,
                reason: Some(
                    "a webhook or signal named a record that the source does not have".to_owned(),
                ),
            };
            (end, 0)
        }
        other => other,
    };
    tenant.progress.outcome(&pipeline.name, outcome(&end));
    let now = tenant.clock.now();
    let finish = Finish {
        taken: row.seq,
        at: now,
        link: None,
        verdict: None,
        attempts,
        root: root_of(&row),
        kind: "reread".to_owned(),
        trace: Trace::default().finish(None, now, &describe(&end)),
        end,
        record: row.id,
    };
    tenant.store.finish(finish).await?;
    Ok(None)
}

/// What a read below the version a hint named is worth: within `lag` of the hint the other side may still show it.
fn worth(tenant: &TenantRun, pipeline: &Pipeline, row: &RecordRow, now: Timestamp) -> BelowWant {
    let connection = tenant.connection(&pipeline.fetch.request.connector);
    let lag = connection.connector().settle.map(|settle| settle.lag);
    if now.since(row.since) > lag.unwrap_or_default() {
        BelowWant::Work
    } else {
        BelowWant::ReadAgain
    }
}

fn again_within_lag(
    tenant: &TenantRun,
    pipeline: &Pipeline,
    row: &RecordRow,
    why: &str,
) -> (End, u32) {
    let connection = tenant.connection(&pipeline.fetch.request.connector);
    let retry = connection.connector().retry;
    let attempts = row.attempts + 1;
    let now = tenant.clock.now();
    let mut jitter = Jitter::seeded(jitter(&row.id, attempts));
    let NextAttempt::After(wait) = next_attempt(retry, attempts, None, &mut jitter) else {
        let failure = Failure::of(
            Class::Reply(ErrorClass::Missing),
            why.to_owned(),
            pipeline
                .fetch
                .one
                .as_ref()
                .map(|one| one.request.origin.clone()),
        );
        let death = crate::engine::store::Death {
            cause: failure.cause(),
            detail: failure.detail(),
        };
        return (End::Dead(death), attempts);
    };
    let end = End::Waiting {
        due: Some(now.plus(wait)),
        kind: WaitKind::Transient,
        on: None,
        reason: why.to_owned(),
        detail: None,
    };
    (end, attempts)
}

fn store_trouble(tenant: &TenantRun, pipeline: &Pipeline, stop: &Stop) -> Ended {
    match stop {
        Stop::Store(error) => {
            warn!(tenant = %tenant.name, pipeline = %pipeline.name, %error, "The store failed; the record stays as it is.");
            return Ended::StoreFailed;
        }
        Stop::Off | Stop::Superseded => {
            debug!(tenant = %tenant.name, pipeline = %pipeline.name, "An attempt stopped before it sent anything.");
        }
        Stop::Skip { .. } | Stop::Hold { .. } | Stop::Fail(_) | Stop::Park(_) => {}
    }
    Ended::Stored
}

fn outcome(end: &End) -> Outcome {
    match end {
        End::Done { outcome, .. } => *outcome,
        End::Waiting { .. } => Outcome::Retry,
        End::Held { .. } => Outcome::Held,
        End::Dead(_) => Outcome::Dead,
    }
}

fn describe(end: &End) -> String {
    match end {
        End::Done {
            outcome,
            reason: None,
        } => outcome.to_string(),
        End::Done {
            outcome,
            reason: Some(reason),
        } => format!("{outcome}: {reason}"),
        End::Waiting { reason, .. } => format!("retry: {reason}"),
        End::Held { reason, .. } => format!("held: {reason}"),
        End::Dead(death) => format!("dead: {}", death.cause),
    }
}

/// Spreads the retries of records that failed together.
fn jitter(record: &RecordId, attempts: u32) -> u64 {
    let text = format!("{}/{}/{attempts}", record.pipeline, record.key);
    let hash = blake3::hash(text.as_bytes());
    let bytes: [u8; 8] = hash.as_bytes()[..8]
        .try_into()
        .expect("a hash has 32 bytes");
    u64::from_le_bytes(bytes)
}
