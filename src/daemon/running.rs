//! Which tenants are being run, by loops that begin and end while the process goes on.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::error::list;
use super::{Engine, EngineError};
use crate::engine::record::{PipelineName, TenantName};
use crate::engine::run::TenantRun;
use crate::engine::schedule::{self, Control, Mode, Paused, RunReport};
use crate::engine::store::Store as _;

/// How long a tenant whose store failed rests before it is run again (S41).
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// A tenant that is being run.
#[derive(Debug)]
pub(super) struct Running {
    stop: CancellationToken,
    ended: CancellationToken,
    control: Arc<Control>,
}

type Table = HashMap<TenantName, Running>;

impl Engine {
    /// Runs tenants side by side until they are at rest, or until `stop`.
    pub async fn run(
        self: &Arc<Self>,
        what: &[(String, Option<Vec<String>>)],
        mode: Mode,
        stop: CancellationToken,
    ) -> Result<Vec<(String, RunReport)>, EngineError> {
        self.read_pauses().await?;
        let mut runs = JoinSet::new();
        for (name, pipelines) in what {
            let tenant = self.tenant(name).await?;
            let only = match pipelines {
                Some(names) => Some(known_pipelines(&tenant, name, names)?),
                None => None,
            };
            let (engine, name, stop) = (self.clone(), name.clone(), stop.child_token());
            let begun = self.begin(tenant.name(), &stop);
            runs.spawn(async move {
                let of = tenant.name().clone();
                let control = begun.control.clone();
                let report = schedule::run(tenant, only.as_deref(), mode, stop, control).await;
                engine.ended(&of, &begun);
                (name, report)
            });
        }
        let mut reports = Vec::new();
        while let Some(ran) = runs.join_next().await {
            let (name, report) =
                ran.expect("a run does not panic: its attempts run in tasks of their own");
            reports.push((name, report?));
        }
        reports.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(reports)
    }

    /// Runs tenants side by side until `stop`, and those that are turned on meanwhile. What troubles one does not end
    /// it, nor the others. When this returns, what was begun has ended.
    ///
    /// # Errors
    /// When the store cannot be read at the start.
    pub async fn serve(
        self: Arc<Self>,
        tenants: Vec<Arc<TenantRun>>,
        stop: CancellationToken,
    ) -> Result<(), EngineError> {
        self.read_pauses().await?;
        let serving = self.serving.set(stop.clone());
        debug_assert!(serving.is_ok(), "an engine serves once");
        for tenant in &tenants {
            self.start(tenant);
        }
        stop.cancelled().await;
        self.loops.close();
        self.loops.wait().await;
        Ok(())
    }

    /// Begins the loop of a tenant, while this engine serves. One that is ending is waited for first.
    pub(super) fn start(self: &Arc<Self>, tenant: &Arc<TenantRun>) {
        let Some(serving) = self.serving.get().filter(|it| !it.is_cancelled()) else {
            return;
        };
        let name = tenant.name().clone();
        let before = {
            let running = self.running();
            match running.get(&name) {
                Some(running) if !running.stop.is_cancelled() => return,
                Some(running) => Some(running.ended.clone()),
                None => None,
            }
        };
        let stop = serving.child_token();
        let begun = self.begin(&name, &stop);
        let (engine, tenant) = (self.clone(), tenant.clone());
        self.loops.spawn(async move {
            if let Some(before) = before {
                before.cancelled().await;
            }
            while !stop.is_cancelled() {
                let tenant = engine.current(&tenant);
                let control = begun.control.clone();
                let Err(error) =
                    schedule::run(tenant, None, Mode::Forever, stop.clone(), control).await
                else {
                    break;
                };
                error!(tenant = %name, %error, "The store failed; the tenant rests for a moment.");
                tokio::select! {
                    () = engine.clock.sleep(STORE_PAUSE) => {}
                    () = stop.cancelled() => {}
                }
            }
            engine.ended(&name, &begun);
        });
    }

    /// Ends the loop of a tenant, without waiting for it. Gives what tells when it has ended, if it ran.
    pub(super) fn end(&self, tenant: &TenantName) -> Option<CancellationToken> {
        let running = self.running();
        running.get(tenant).map(|running| {
            running.stop.cancel();
            running.ended.clone()
        })
    }

    /// Hands a tenant under another plan to its loop; says whether there is one.
    pub(super) fn replan(&self, tenant: &Arc<TenantRun>) -> bool {
        self.with_control(tenant.name(), |control| control.replan(tenant.clone()))
            .is_some()
    }

    /// Does something with the loop of a tenant, if it is being run.
    pub fn with_control<T>(
        &self,
        tenant: &TenantName,
        act: impl FnOnce(&Control) -> T,
    ) -> Option<T> {
        let running = self.running();
        running
            .get(tenant)
            .filter(|running| !running.stop.is_cancelled())
            .map(|running| act(&running.control))
    }

    /// Reads what people paused, and tells every loop.
    pub(super) async fn read_pauses(&self) -> Result<(), EngineError> {
        let rows = self.store.pauses().await?;
        let mut pauses = super::Pauses::default();
        for row in rows {
            match row.of {
                None => pauses.everything = true,
                Some((tenant, pipeline)) => {
                    pauses.pipelines.entry(tenant).or_default().insert(pipeline);
                }
            }
        }
        *self.pauses.write().unwrap_or_else(PoisonError::into_inner) = pauses;
        for (name, running) in self.running().iter() {
            running.control.pause(self.paused(name));
        }
        Ok(())
    }

    /// Which pipelines of a tenant are paused.
    pub fn paused(&self, tenant: &TenantName) -> Paused {
        let pauses = self.pauses.read().unwrap_or_else(PoisonError::into_inner);
        match pauses.pipelines.get(tenant) {
            _ if pauses.everything => Paused::Everything,
            Some(pipelines) => Paused::Pipelines(pipelines.clone()),
            None => Paused::None,
        }
    }

    /// Notes that a tenant is being run.
    fn begin(&self, tenant: &TenantName, stop: &CancellationToken) -> Begun {
        let begun = Begun {
            ended: CancellationToken::new(),
            control: Control::new(self.paused(tenant)),
        };
        let running = Running {
            stop: stop.clone(),
            ended: begun.ended.clone(),
            control: begun.control.clone(),
        };
        self.running().insert(tenant.clone(), running);
        begun
    }

    /// Notes that it is no more. Another loop of the same tenant may have been begun meanwhile.
    fn ended(&self, tenant: &TenantName, begun: &Begun) {
        let mut running = self.running();
        if running
            .get(tenant)
            .is_some_and(|running| Arc::ptr_eq(&running.control, &begun.control))
        {
            running.remove(tenant);
        }
        begun.ended.cancel();
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Table> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A loop as whoever runs it knows it.
struct Begun {
    ended: CancellationToken,
    control: Arc<Control>,
}

fn known_pipelines(
    tenant: &TenantRun,
    name: &str,
    wanted: &[String],
) -> Result<Vec<PipelineName>, EngineError> {
    wanted
        .iter()
        .map(|pipeline| known_pipeline(tenant, name, pipeline))
        .collect()
}

pub(super) fn known_pipeline(
    tenant: &TenantRun,
    name: &str,
    wanted: &str,
) -> Result<PipelineName, EngineError> {
    let known: Vec<&str> = tenant.pipelines().map(|pipeline| &*pipeline.name).collect();
    if known.contains(&wanted) {
        return Ok(PipelineName::from(wanted));
    }
    Err(EngineError::UnknownPipeline {
        tenant: name.to_owned(),
        name: wanted.to_owned(),
        known: list(known.iter()),
    })
}
