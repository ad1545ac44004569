//! What is asked of a tenant's loop while it runs. Nothing here waits: the loop takes up what was asked when it next
//! looks, and of several plans or pauses the last one holds.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::board::Board;
use crate::engine::record::PipelineName;
use crate::engine::run::TenantRun;

/// Which of a tenant's pipelines are paused by people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Paused {
    /// None.
    #[default]
    None,
    /// These.
    Pipelines(BTreeSet<PipelineName>),
    /// All, with those of every other tenant.
    Everything,
}

impl Paused {
    /// Whether a pipeline is.
    pub fn has(&self, pipeline: &str) -> bool {
        match self {
            Self::None => false,
            Self::Pipelines(names) => names.iter().any(|name| name.as_str() == pipeline),
            Self::Everything => true,
        }
    }
}

/// The way to a tenant's loop, and what can be seen of it.
#[derive(Debug, Default)]
pub struct Control {
    asked: Mutex<Asked>,
    bell: Notify,
    board: Board,
}

/// What was asked since the loop looked last.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Run under this plan from now on.
    pub(super) tenant: Option<Arc<TenantRun>>,
    pub(super) paused: Option<Paused>,
    /// Sources to be read now.
    pub(super) read: BTreeSet<PipelineName>,
}

impl Control {
    /// One for a loop that begins with these pauses.
    pub fn new(paused: Paused) -> Arc<Self> {
        let control = Self::default();
        control.ask(|asked| asked.paused = Some(paused));
        Arc::new(control)
    }

    /// The tenant under another plan: attempts that begin from now on are made by it, those under way end by theirs.
    pub fn replan(&self, tenant: Arc<TenantRun>) {
        self.ask(|asked| asked.tenant = Some(tenant));
    }

    /// Pauses these pipelines, and no others.
    pub fn pause(&self, paused: Paused) {
        self.ask(|asked| asked.paused = Some(paused));
    }

    /// Reads a pipeline's source now. Several that come before the loop looks are one.
    pub fn read_now(&self, pipeline: PipelineName) {
        self.ask(|asked| {
            asked.read.insert(pipeline);
        });
    }

    /// What is seen of the passes.
    pub fn board(&self) -> &Board {
        &self.board
    }

    fn ask(&self, ask: impl FnOnce(&mut Asked)) {
        ask(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_one();
    }

    /// Waits until something is asked.
    pub(super) async fn asked(&self) {
        self.bell.notified().await;
    }

    /// What was asked, once.
    pub(super) fn take(&self) -> Asked {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
