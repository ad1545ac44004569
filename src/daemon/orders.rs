//! What people ask for while the engine runs, or between runs. Every order is in the audit log of the store.

use std::future::Future;
use std::sync::Arc;

use serde_json::json;

use super::error::list;
use super::running::known_pipeline;
use super::{Engine, EngineError};
use crate::engine::record::{EntityName, PipelineName, RecordKey, TenantName};
use crate::engine::run::{ActivateError, Activation, CheckLine};
use crate::engine::store::{
    EVERY_TENANT, Instruction, LinkId, Note, Order, OrderId, Phase, RecordId, RecordState,
    Selection, Store as _, TargetId, TenantRow,
};

/// What is paused or goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything in the process.
    Everything,
    /// A tenant.
    Tenant(String),
    /// One of its pipelines.
    Pipeline(String, String),
}

/// Which records are to be worked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// Those with this key that are not done, in every pipeline or in one.
    Key {
        /// Which.
        key: String,
        /// In this pipeline only.
        pipeline: Option<String>,
    },
    /// Those that were given up, narrowed to a pipeline, a cause, or both.
    Dead {
        /// Of this pipeline only.
        pipeline: Option<String>,
        /// Of this cause only.
        cause: Option<String>,
    },
}

impl Engine {
    /// Turns a tenant's integration on; where this engine serves, it is run from now on.
    pub async fn activate(
        self: &Arc<Self>,
        tenant: &str,
        by: &str,
        agree: Option<&str>,
    ) -> Result<Activation, EngineError> {
        let run = self.tenant(tenant).await?;
        let done = run.activate(by, agree).await?;
        if self.store.tenant(run.name()).await?.phase == Phase::On {
            self.start(&run);
        }
        Ok(done)
    }

    /// Records that the agreement of an integration was accepted for a tenant, which need not have a file yet.
    pub async fn accept(
        &self,
        tenant: &str,
        integration: &str,
        version: &str,
        by: &str,
    ) -> Result<(), EngineError> {
        let plan = self.plan();
        let with = |name: &str| plan.integrations.get(name)?.agreement.clone();
        let Some(agreement) = with(integration) else {
            return Err(EngineError::UnknownIntegration {
                name: integration.to_owned(),
                known: list(plan.integrations.keys().filter(|name| with(name).is_some())),
            });
        };
        if *agreement.version != *version {
            return Err(ActivateError::OtherAgreement {
                given: version.to_owned(),
                version: agreement.version.to_string(),
            }
            .into());
        }
        let accept = Instruction::Accept {
            version: version.to_owned(),
        };
        self.order(&TenantName::from(tenant), by, accept).await
    }

    /// Turns a tenant's integration off. When this returns nothing more is sent for it (S22).
    pub async fn turn_off(&self, tenant: &str, by: &str) -> Result<TenantRow, EngineError> {
        let run = self.tenant(tenant).await?;
        let row = run.turn_off(by).await?;
        self.drained(run.name()).await;
        Ok(row)
    }

    /// Pauses, durably. When this returns for a tenant nothing more is sent for it; for a pipeline or for everything
    /// what was begun still ends.
    pub async fn pause(&self, what: &Extent, by: &str) -> Result<(), EngineError> {
        match what {
            Extent::Everything => self.order_all(by, Instruction::PauseEverything).await?,
            Extent::Tenant(name) => {
                let run = self.tenant(name).await?;
                run.order(by, self.clock.now(), Instruction::Pause).await?;
                self.drained(run.name()).await;
                return Ok(());
            }
            Extent::Pipeline(name, pipeline) => {
                let run = self.tenant(name).await?;
                let pipeline = known_pipeline(&run, name, pipeline)?;
                run.order(by, self.clock.now(), Instruction::PausePipeline(pipeline))
                    .await?;
            }
        }
        self.read_pauses().await
    }

    /// Lets go on what was paused.
    pub async fn resume(self: &Arc<Self>, what: &Extent, by: &str) -> Result<(), EngineError> {
        match what {
            Extent::Everything => self.order_all(by, Instruction::ResumeEverything).await?,
            Extent::Tenant(name) => {
                let run = self.tenant(name).await?;
                run.order(by, self.clock.now(), Instruction::Resume).await?;
                self.start(&run);
                return Ok(());
            }
            Extent::Pipeline(name, pipeline) => {
                let run = self.tenant(name).await?;
                let pipeline = known_pipeline(&run, name, pipeline)?;
                run.order(by, self.clock.now(), Instruction::ResumePipeline(pipeline))
                    .await?;
            }
        }
        self.read_pauses().await
    }

    /// Reads a pipeline's source now. It must be running.
    pub async fn read_now(
        &self,
        tenant: &str,
        pipeline: &str,
        by: &str,
    ) -> Result<(), EngineError> {
        let run = self.tenant(tenant).await?;
        let pipeline = known_pipeline(&run, tenant, pipeline)?;
        let args = json!({ "pipeline": pipeline });
        let asked = self.with_control(run.name(), |control| control.read_now(pipeline));
        if asked.is_none() {
            let phase = self.store.tenant(run.name()).await?.phase;
            return Err(EngineError::NotRunning {
                tenant: tenant.to_owned(),
                phase: match phase {
                    Phase::On => "on, but not run by this process",
                    Phase::Off | Phase::Activating | Phase::Paused => phase.as_str(),
                },
            });
        }
        let note = Instruction::Note(Note::Read, args);
        self.order(run.name(), by, note).await
    }

    /// Forgets what was decided when records with this key were first seen, in every pipeline or in one (S23); says
    /// how many there are. They are read and judged again.
    pub async fn forget(
        &self,
        tenant: &str,
        key: &str,
        pipeline: Option<&str>,
        by: &str,
    ) -> Result<u64, EngineError> {
        let run = self.tenant(tenant).await?;
        let rows = self
            .store
            .records(run.name(), &RecordKey::from(key))
            .await?;
        let mut records = 0;
        for row in rows {
            if pipeline.is_none_or(|pipeline| pipeline == row.id.pipeline.as_str()) {
                let order = Instruction::Forget(row.id);
                records += run.order(by, self.clock.now(), order).await?.records;
            }
        }
        run.wake();
        Ok(records)
    }

    /// Does something to its end, also when whoever asked for it goes away.
    pub async fn to_its_end<T: Send + 'static>(
        &self,
        what: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let done = self.tasks.spawn(what).await;
        done.expect("what people ask for does not panic")
    }

    /// Makes records ready again (S32); says how many.
    pub async fn retry(&self, tenant: &str, what: &Again, by: &str) -> Result<u64, EngineError> {
        let run = self.tenant(tenant).await?;
        let selections = match what {
            Again::Key { key, pipeline } => {
                let rows = self
                    .store
                    .records(run.name(), &RecordKey::from(key.as_str()))
                    .await?;
                rows.into_iter()
                    .filter(|row| row.state != RecordState::Done)
                    .filter(|row| {
                        let own = row.id.pipeline.as_str();
                        pipeline.as_ref().is_none_or(|pipeline| pipeline == own)
                    })
                    .map(|row| Selection::Record(row.id))
                    .collect()
            }
            Again::Dead { pipeline, cause } => vec![Selection::Dead {
                pipeline: pipeline.as_deref().map(PipelineName::from),
                cause: cause.clone(),
            }],
        };
        let mut records = 0;
        for selection in selections {
            records += run
                .order(by, self.clock.now(), Instruction::Retry(selection))
                .await?
                .records;
        }
        run.wake();
        Ok(records)
    }

    /// Takes a person's word for what a record became (S32).
    pub async fn resolve(
        &self,
        tenant: &str,
        key: &str,
        entity: &str,
        id: &str,
        by: &str,
    ) -> Result<(), EngineError> {
        let run = self.tenant(tenant).await?;
        let Some(identity) = run.entity_identity(entity) else {
            return Err(EngineError::UnknownEntity {
                name: entity.to_owned(),
                known: run.entity_names(),
            });
        };
        let record = self.waiting(run.name(), key).await?;
        let link = LinkId {
            tenant: run.name().clone(),
            identity,
            entity: EntityName::from(entity),
            key: RecordKey::from(key),
        };
        let order = Instruction::Resolve {
            record,
            link: link.clone(),
            target: TargetId::from(id),
            readers: run.readers(entity),
        };
        run.order(by, self.clock.now(), order).await?;
        run.forget_link(&link);
        run.wake();
        Ok(())
    }

    /// A record with this key that is not done.
    async fn waiting(&self, tenant: &TenantName, key: &str) -> Result<RecordId, EngineError> {
        let rows = self.store.records(tenant, &RecordKey::from(key)).await?;
        let found = rows.into_iter().find(|row| row.state != RecordState::Done);
        found
            .map(|row| row.id)
            .ok_or_else(|| EngineError::NothingWaits {
                tenant: tenant.to_string(),
                key: key.to_owned(),
            })
    }

    /// Proves a tenant's credentials, requirements and chosen values.
    pub async fn check(&self, tenant: &str) -> Result<Vec<CheckLine>, EngineError> {
        Ok(self.tenant(tenant).await?.check().await)
    }

    async fn order_all(&self, by: &str, what: Instruction) -> Result<(), EngineError> {
        self.order(&TenantName::from(EVERY_TENANT), by, what).await
    }

    /// Enters an order of a tenant that may not be open, and carries it out.
    pub(super) async fn order(
        &self,
        tenant: &TenantName,
        by: &str,
        what: Instruction,
    ) -> Result<(), EngineError> {
        let order = Order {
            tenant: tenant.clone(),
            id: OrderId::from(uuid::Uuid::now_v7().simple().to_string()),
            by: by.to_owned(),
            at: self.clock.now(),
            what,
        };
        self.store.order(order).await?;
        Ok(())
    }

    /// Ends a tenant's loop and waits for it.
    async fn drained(&self, tenant: &TenantName) {
        if let Some(ended) = self.end(tenant) {
            ended.cancelled().await;
        }
    }
}
