//! Exit codes.

use std::process::ExitCode;

use super::remote::Refused;
use crate::daemon::EngineError;
use crate::engine::run::{ActivateError, Blame};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: all is well.
    Fine,
    /// 1: checks failed, or there are differences.
    Failed,
    /// 2: the command line was not understood.
    Usage,
    /// 3: the configuration is invalid.
    Config,
    /// 4: credentials are refused.
    Credentials,
    /// 5: the other side cannot be reached.
    Unreachable,
    /// 6: some records failed.
    Records,
    /// 70: our own mistake.
    Bug,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Fine => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Config => 3,
            Exit::Credentials => 4,
            Exit::Unreachable => 5,
            Exit::Records => 6,
            Exit::Bug => 70,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// What an error means for the exit code.
pub(super) fn of(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return match refused.word() {
                "unknown-tenant"
                | "unknown-pipeline"
                | "unknown-entity"
                | "unknown-integration"
                | "not-a-setting" => Exit::Usage,
                "unusable" | "would-be-wrong" => Exit::Config,
                "credentials" => Exit::Credentials,
                "unreachable" => Exit::Unreachable,
                _ => Exit::Failed,
            };
        }
        if let Some(error) = cause.downcast_ref::<EngineError>() {
            return match error {
                EngineError::UnknownTenant { .. }
                | EngineError::UnknownIntegration { .. }
                | EngineError::UnknownPipeline { .. }
                | EngineError::UnknownEntity { .. } => Exit::Usage,
                EngineError::Open(_) | EngineError::Sealing(_) => Exit::Config,
                EngineError::Activate(ActivateError::Steps { blame, .. }) => blamed(*blame),
                EngineError::Activate(
                    ActivateError::NotAgreed { .. }
                    | ActivateError::OtherAgreement { .. }
                    | ActivateError::Store(_),
                )
                | EngineError::NothingWaits { .. }
                | EngineError::NotRunning { .. }
                | EngineError::Settings(_)
                | EngineError::Http(_)
                | EngineError::Store(_) => Exit::Failed,
            };
        }
    }
    Exit::Failed
}

/// What is at fault, as an exit code.
pub(super) fn blamed(blame: Blame) -> Exit {
    match blame {
        Blame::Credentials => Exit::Credentials,
        Blame::Reach => Exit::Unreachable,
        Blame::Other => Exit::Failed,
    }
}
