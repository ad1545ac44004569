//! What must hold for pipelines to take up work (S22, P10): looked at again at most 60 s before a write, waited for
//! without losing anything that was fetched.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::try_join_all;
use tracing::info;

use super::attempt::Attempt;
use super::failure::{Failure, Stop};
use super::tenant::TenantRun;
use crate::engine::clock::Timestamp;
use crate::engine::connect::Priority;
use crate::engine::record::PipelineName;
use crate::engine::store::{self, Gate, Store as _};
use crate::lang::plan::{Pipeline, Requirement};

/// How much longer an answer holds while nothing waits for it.
const IDLE: u32 = 10;
/// After a failure that is no connector's.
const SOON: Duration = Duration::from_secs(5);

/// What an answer is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Work waits: it is as young as `every` says.
    Work,
    /// Nothing waits: it is for people to see, and asked less often where the requirement held.
    Watch,
}

/// How the requirements of a tenant stood when they were looked at last.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<HashMap<String, Looked>>);

#[derive(Clone, Debug)]
struct Looked {
    /// When it is to be looked at again.
    until: Timestamp,
    /// The same while nothing waits for it.
    idle_until: Timestamp,
    closed: Option<String>,
    answer: Answer,
}

/// Whether the other side could be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Given,
    Missing,
}

impl Gates {
    fn fresh(&self, requirement: &Requirement, now: Timestamp, want: Want) -> Option<Looked> {
        let looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let looked = looked.get(&*requirement.name)?;
        let until = match want {
            Want::Work => looked.until,
            Want::Watch => looked.idle_until,
        };
        (until > now).then(|| looked.clone())
    }

    /// Whether every answer for a pipeline is young enough to work its records.
    pub(crate) fn are_fresh(
        &self,
        requirements: &[Requirement],
        pipeline: &str,
        now: Timestamp,
    ) -> bool {
        let mut of_it = requirements.iter().filter(|it| it.is_of(pipeline));
        of_it.all(|requirement| self.fresh(requirement, now, Want::Work).is_some())
    }

    /// How a requirement stands, and whether that is news.
    fn note(&self, name: &str, now: Looked) -> bool {
        let mut looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = now.closed.clone();
        let before = looked.insert(name.to_owned(), now);
        before.is_none_or(|before| before.closed != closed)
    }

    /// Whether something is closed only because the other side could not be asked.
    pub(crate) fn unanswered(&self, requirements: &[Requirement]) -> bool {
        let looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        requirements
            .iter()
            .filter_map(|requirement| looked.get(&*requirement.name))
            .any(|looked| looked.closed.is_some() && looked.answer == Answer::Missing)
    }

    /// When the next closed requirement is to be looked at again.
    pub(crate) fn next_look(&self, requirements: &[Requirement]) -> Option<Timestamp> {
        let looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        requirements
            .iter()
            .filter_map(|requirement| {
                let looked = looked.get(&*requirement.name)?;
                looked.closed.as_ref().map(|_| looked.until)
            })
            .min()
    }
}

/// Whether a pipeline may take up work now.
pub(crate) async fn open(
    tenant: &TenantRun,
    pipeline: &Pipeline,
    want: Want,
) -> store::Result<bool> {
    match closed(tenant, &pipeline.name, want).await {
        Ok(closed) => Ok(closed.is_none()),
        Err(Stop::Store(error)) => Err(error),
        Err(
            Stop::Fail(_)
            | Stop::Skip { .. }
            | Stop::Hold { .. }
            | Stop::Park(_)
            | Stop::Off
            | Stop::Superseded,
        ) => Ok(false),
    }
}

/// Why a pipeline may not take up work now, if so.
async fn closed(tenant: &TenantRun, pipeline: &str, want: Want) -> Result<Option<String>, Stop> {
    let all = tenant.plan.integration.requires.iter();
    let own = all.filter(|requirement| requirement.is_of(pipeline));
    let looked = try_join_all(own.map(|requirement| look(tenant, requirement, want))).await?;
    Ok(looked.into_iter().flatten().next())
}

async fn look(
    tenant: &TenantRun,
    requirement: &Requirement,
    want: Want,
) -> Result<Option<String>, Stop> {
    let now = tenant.clock.now();
    if let Some(looked) = tenant.gates.fresh(requirement, now, want) {
        return Ok(looked.closed);
    }
    let mut attempt = Attempt::without_record(tenant, now, Priority::Event);
    attempt.load_constant_links().await?;
    let mut until = now.plus(requirement.every);
    let mut answer = Answer::Given;
    let closed = match attempt.run_steps(&requirement.steps).await {
        Ok(()) => {
            let scope = attempt.scope();
            match requirement.that.holds(&scope) {
                Ok(true) => None,
                Ok(false) => Some(requirement.otherwise.text(&scope).unwrap_or_else(|error| {
                    format!(
                        "the requirement `{}` does not hold ({error})",
                        requirement.name
                    )
                })),
                Err(error) => Some(format!(
                    "the requirement `{}` cannot be told: {error}",
                    requirement.name
                )),
            }
        }
        // What cannot be asked does not hold: nothing is written on a guess. But it is asked again as soon as any request
        // that failed would be: one lost reply is no reason to wait as long as for a person.
        Err(Stop::Fail(failure)) => {
            until = until.min(again(tenant, &failure, now));
            answer = Answer::Missing;
            Some(format!(
                "the requirement `{}` cannot be told: {}",
                requirement.name, failure.message
            ))
        }
        Err(Stop::Skip { reason, .. } | Stop::Hold { reason, .. }) => Some(reason),
        Err(stop) => return Err(stop),
    };
    let looked = Looked {
        until,
        idle_until: match &closed {
            None => now.plus(requirement.every * IDLE),
            Some(_) => until,
        },
        closed: closed.clone(),
        answer,
    };
    if tenant.gates.note(&requirement.name, looked) {
        match &closed {
            Some(reason) => {
                info!(tenant = %tenant.name, requirement = %requirement.name, %reason, "New work waits.");
            }
            None => {
                info!(tenant = %tenant.name, requirement = %requirement.name, "The requirement holds.");
            }
        }
        for pipeline in &requirement.pipelines {
            let gate = Gate {
                tenant: tenant.name.clone(),
                pipeline: PipelineName::from(&**pipeline),
                requirement: requirement.name.to_string(),
                reason: closed.clone(),
                at: now,
            };
            tenant.store.set_gate(gate).await?;
        }
    }
    Ok(closed)
}

/// When what failed is asked again.
fn again(tenant: &TenantRun, failure: &Failure, now: Timestamp) -> Timestamp {
    let soon = match failure.connector.as_deref() {
        Some(connector) => now.plus(tenant.connection(connector).connector().retry.first),
        None => now.plus(SOON),
    };
    [failure.rests, failure.retry_at]
        .into_iter()
        .flatten()
        .fold(soon, Timestamp::max)
}
