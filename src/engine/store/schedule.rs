//! Up to when the times of `cron` lines were met, so that those that pass while nothing runs are known as missed.

use crate::engine::clock::Timestamp;
use crate::engine::record::{PipelineName, TenantName};

/// Up to when the times of a pipeline's `cron` line were met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// Whose.
    pub tenant: TenantName,
    /// Which pipeline, or which signal of one.
    pub pipeline: PipelineName,
    /// The times up to here, this one counted, are not missed.
    pub until: Timestamp,
}
