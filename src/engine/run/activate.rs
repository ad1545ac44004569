//! Turning an integration on and off, and checking that it could run (P10, S22, S23).

use tracing::info;

use crate::engine::clock::Timestamp;
use crate::engine::connect::{Jitter, NextAttempt, NoHooks, Priority, next_attempt};
use crate::engine::record::{ConnectorName, PipelineName};
use crate::engine::store::{self, Instruction, Order, OrderId, Phase, Store as _, TenantRow};
use crate::lang::plan::ErrorClass;

use super::attempt::Attempt;
use super::failure::{Class, Failure, Stop};
use super::tenant::TenantRun;

/// What became of an activation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activation {
    /// It is on now.
    TurnedOn {
        /// `activation.at`: the first time ever; records from before it are judged by it.
        at: Timestamp,
    },
    /// It was on already.
    WasOn,
}

/// Why an integration could not be turned on.
#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    /// The agreement was not accepted.
    #[error(
        "the agreement {version} of {title} has not been accepted for tenant {tenant}; read it, then turn on with \
         `--agree {version} --by NAME`"
    )]
    NotAgreed {
        /// Whose.
        tenant: String,
        /// Of which integration.
        title: String,
        /// Which version.
        version: String,
    },
    /// Another version than the present one was accepted.
    #[error("there is no agreement {given}; the present one is {version}")]
    OtherAgreement {
        /// What was given.
        given: String,
        /// The present version.
        version: String,
    },
    /// What turning it on does has failed.
    #[error("turning on tenant {tenant} failed: {message}; mend it, then turn it on again")]
    Steps {
        /// Whose.
        tenant: String,
        /// What failed and where it was asked for.
        message: String,
        /// Whether the credentials are at fault.
        blame: Blame,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What is at fault when activation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The credentials of an account.
    Credentials,
    /// The other side cannot be reached.
    Reach,
    /// Anything else.
    Other,
}

/// One line of `check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckLine {
    /// What was checked: a connector, a requirement, a setting.
    pub what: String,
    /// How it went.
    pub result: Result<String, CheckFailure>,
}

/// A check that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckFailure {
    /// For people.
    pub message: String,
    /// The account's value that is wrong, where that can be told.
    pub blame: Option<String>,
    /// What is at fault.
    pub kind: Blame,
}

impl TenantRun {
    /// Turns the integration on: agreement, `on_activate` in phase activating, then on.
    pub async fn activate(
        &self,
        by: &str,
        accept: Option<&str>,
    ) -> Result<Activation, ActivateError> {
        let row = self.refresh().await?;
        self.agree(&row, by, accept).await?;
        if matches!(row.phase, Phase::On | Phase::Paused) {
            return Ok(Activation::WasOn);
        }
        if row.phase == Phase::Off {
            // The source's clock, not ours: records are judged against it (S23).
            let at = self.source_now().await;
            self.order(
                by,
                self.clock.now(),
                Instruction::Activate { activated_at: at },
            )
            .await?;
        }
        let epoch = self.refresh().await?.epoch;
        self.on_activate()
            .await
            .map_err(|stop| self.steps_failed(stop))?;
        let now = self.clock.now();
        self.order(by, now, Instruction::FinishActivation { epoch })
            .await?;
        let row = self.refresh().await?;
        self.wake.notify_one();
        Ok(Activation::TurnedOn {
            at: row.activated_at.unwrap_or(now),
        })
    }

    /// Runs what turning on does. A passing failure is tried again, as it is for a record. An outcome that nobody knows
    /// is settled here, as no run does it before the tenant is on: after a kill, too, turning on again is all there is
    /// to do.
    async fn on_activate(&self) -> Result<(), Stop> {
        let bounds = self
            .connections
            .values()
            .filter_map(|connection| connection.connector().settle);
        let longest = bounds
            .map(crate::lang::plan::Settle::bound)
            .max()
            .unwrap_or_default();
        let give_up = self.clock.now().plus(longest * 2);
        let mut failures = 0;
        loop {
            let mut attempt = Attempt::without_record(self, self.clock.now(), Priority::Event);
            let done = match attempt.load_constant_links().await {
                Ok(()) => attempt.run_steps(&self.plan.integration.on_activate).await,
                Err(stop) => Err(stop),
            };
            // What was sent before a failure keeps its outcome.
            let flushed = attempt.flush().await;
            let done = done.and(flushed);
            let again = match &done {
                Err(Stop::Park(_)) => {
                    let open = self.store.open_intents(&self.name).await?;
                    open.iter().filter_map(|row| row.intent.as_ref()?.due).min()
                }
                Err(Stop::Fail(failure)) => {
                    failures += 1;
                    self.after_failure(failure, failures)
                }
                Ok(())
                | Err(
                    Stop::Skip { .. }
                    | Stop::Hold { .. }
                    | Stop::Off
                    | Stop::Superseded
                    | Stop::Store(_),
                ) => None,
            };
            let Some(again) = again.filter(|again| *again <= give_up) else {
                return done;
            };
            info!(tenant = %self.name, until = %again, "Turning on waits for an answer.");
            self.clock.sleep_until(again).await;
            super::settle_due(self).await;
        }
    }

    /// When what failed for the `failures`-th time is tried again, if it may pass.
    fn after_failure(&self, failure: &Failure, failures: u32) -> Option<Timestamp> {
        let passes = matches!(
            failure.class,
            Class::Reply(ErrorClass::Transient | ErrorClass::Throttled)
        );
        let connector = failure.connector.as_deref().filter(|_| passes)?;
        let retry = self.connection(connector).connector().retry;
        let mut jitter = Jitter::seeded(u64::from(failures));
        let NextAttempt::After(wait) = next_attempt(retry, failures, None, &mut jitter) else {
            return None;
        };
        let own = self.clock.now().plus(wait);
        let asked = [failure.rests, failure.retry_at].into_iter().flatten();
        Some(asked.fold(own, Timestamp::max))
    }

    /// Turns the integration off: no intent of before can become durable after this (S22).
    pub async fn turn_off(&self, by: &str) -> store::Result<TenantRow> {
        self.order(by, self.clock.now(), Instruction::Off).await?;
        self.refresh().await
    }

    async fn agree(
        &self,
        row: &TenantRow,
        by: &str,
        accept: Option<&str>,
    ) -> Result<(), ActivateError> {
        let Some(agreement) = &self.plan.integration.agreement else {
            return Ok(());
        };
        let version = agreement.version.to_string();
        match accept {
            Some(given) if given == version => {
                self.order(by, self.clock.now(), Instruction::Accept { version })
                    .await?;
                Ok(())
            }
            Some(given) => Err(ActivateError::OtherAgreement {
                given: given.to_owned(),
                version,
            }),
            // A new version asks again and stops nothing.
            None if row.agreed.is_some() => Ok(()),
            None => Err(ActivateError::NotAgreed {
                tenant: self.plan.title.to_string(),
                title: self.plan.integration.title.to_string(),
                version,
            }),
        }
    }

    /// Carries out an operator's order (T6).
    pub async fn order(
        &self,
        by: &str,
        at: Timestamp,
        what: Instruction,
    ) -> store::Result<store::Ordered> {
        let id = OrderId::from(uuid::Uuid::now_v7().simple().to_string());
        let order = Order {
            tenant: self.name.clone(),
            id,
            by: by.to_owned(),
            at,
            what,
        };
        let ordered = self.store.order(order).await?;
        self.stands(ordered.tenant.phase);
        Ok(ordered)
    }

    /// The time at the source, from the `Date` of a reply; our own where it gives none.
    async fn source_now(&self) -> Timestamp {
        for pipeline in self.plan.integration.pipelines.values() {
            if let Ok((_, Some(date))) = self.check_account(&pipeline.fetch.request.connector).await
            {
                return date;
            }
        }
        self.clock.now()
    }

    fn steps_failed(&self, stop: Stop) -> ActivateError {
        let (message, blame) = match stop {
            Stop::Fail(failure) => (failure.detail(), blamed(&failure)),
            Stop::Hold { reason, .. } | Stop::Skip { reason, .. } => (reason, Blame::Other),
            Stop::Park(link) => (
                format!(
                    "the {} of {} was sent and its outcome is not known yet",
                    link.entity, link.key
                ),
                Blame::Other,
            ),
            Stop::Off | Stop::Superseded => {
                ("it was turned off meanwhile".to_owned(), Blame::Other)
            }
            Stop::Store(error) => return error.into(),
        };
        ActivateError::Steps {
            tenant: self.name.to_string(),
            message,
            blame,
        }
    }

    /// Proves credentials, requirements and chosen values, one line each.
    pub async fn check(&self) -> Vec<CheckLine> {
        let mut lines = Vec::new();
        for name in &self.plan.integration.connectors {
            let connector = ConnectorName::from(&**name);
            let result = self.check_account(name).await.map(|(says, _)| says);
            lines.push(CheckLine {
                what: format!("account {connector}"),
                result,
            });
        }
        if lines.iter().any(|line| line.result.is_err()) {
            return lines;
        }
        lines.extend(self.check_requirements().await);
        lines
    }

    /// Proves the credentials of an account; what the connector says of it, and the time there.
    async fn check_account(
        &self,
        connector: &str,
    ) -> Result<(String, Option<Timestamp>), CheckFailure> {
        let connection = self.connection(connector);
        let Some(check) = &connection.connector().check else {
            return Ok((
                "the connector has no `check`; nothing was asked".to_owned(),
                None,
            ));
        };
        let other = |message: String| CheckFailure {
            message,
            blame: None,
            kind: Blame::Other,
        };
        let request = connection
            .render_check(&check.request)
            .map_err(|error| other(error.to_string()))?;
        let lane = PipelineName::from("check");
        let admission = connection
            .admit(Priority::Event, &lane)
            .await
            .map_err(|pause| other(pause.reason.to_string()))?;
        match connection.send(admission, &request, &NoHooks).await {
            Ok(reply) => Ok((
                connection
                    .says(&reply)
                    .unwrap_or_else(|| "the credentials are accepted".to_owned()),
                reply.date,
            )),
            Err(failure) => Err(CheckFailure {
                kind: reached(failure.class),
                blame: failure.blame.as_deref().map(ToOwned::to_owned),
                message: failure.message.to_string(),
            }),
        }
    }

    async fn check_requirements(&self) -> Vec<CheckLine> {
        let mut lines = Vec::new();
        let on = self
            .refresh()
            .await
            .is_ok_and(|row| matches!(row.phase, Phase::On | Phase::Paused));
        for requirement in &self.plan.integration.requires {
            let mut attempt = Attempt::without_record(self, self.clock.now(), Priority::Event);
            let ran = match attempt.load_constant_links().await {
                Ok(()) => attempt.run_steps(&requirement.steps).await,
                Err(stop) => Err(stop),
            };
            let other = |message: String| {
                Err(CheckFailure {
                    message,
                    blame: None,
                    kind: Blame::Other,
                })
            };
            let result = match ran {
                Ok(()) => {
                    let scope = attempt.scope();
                    match requirement.that.holds(&scope) {
                        Ok(true) => Ok("holds".to_owned()),
                        Ok(false) => other(
                            requirement
                                .otherwise
                                .text(&scope)
                                .unwrap_or_else(|error| error.to_string()),
                        ),
                        Err(error) => other(error.to_string()),
                    }
                }
                // It may ask for what turning on makes.
                Err(Stop::Fail(failure)) if failure.class == Class::Broken && !on => {
                    Ok("can be told once the integration is on".to_owned())
                }
                Err(Stop::Fail(failure)) => Err(failed(&failure)),
                Err(Stop::Skip { reason, .. } | Stop::Hold { reason, .. }) => other(reason),
                Err(Stop::Store(error)) => other(error.to_string()),
                Err(Stop::Park(_) | Stop::Off | Stop::Superseded) => {
                    other("it is not on".to_owned())
                }
            };
            lines.push(CheckLine {
                what: format!("requirement {}", requirement.name),
                result,
            });
        }
        lines
    }
}

fn failed(failure: &Failure) -> CheckFailure {
    CheckFailure {
        message: failure.detail(),
        blame: None,
        kind: blamed(failure),
    }
}

fn blamed(failure: &Failure) -> Blame {
    match failure.class {
        Class::Reply(class) => kind(class),
        Class::Own | Class::Broken | Class::Paging => Blame::Other,
    }
}

fn kind(class: ErrorClass) -> Blame {
    match class {
        ErrorClass::Unauthorized => Blame::Credentials,
        ErrorClass::Transient | ErrorClass::Throttled => Blame::Reach,
        ErrorClass::Rejected | ErrorClass::Missing | ErrorClass::Done => Blame::Other,
    }
}

fn reached(class: crate::engine::connect::Class) -> Blame {
    use crate::engine::connect::Class;
    match class {
        Class::Unauthorized => Blame::Credentials,
        Class::Transient | Class::Throttled { .. } => Blame::Reach,
        Class::Rejected | Class::Missing | Class::Done => Blame::Other,
    }
}
