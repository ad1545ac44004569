//! Why a step of a record failed, in a form that `catch`, backoff and dead letters understand.

use std::sync::Arc;

use crate::engine::clock::Timestamp;
use crate::engine::connect;
use crate::lang::plan::{ErrorClass, Origin};

/// What kind of failure it is: decides what becomes of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// One of the connector's classes.
    Reply(ErrorClass),
    /// A `fail` step said so.
    Own,
    /// An expression could not be evaluated, or a request not be rendered: the same record fails the same way.
    Broken,
    /// A list could not be read to its end (P5).
    Paging,
}

impl Class {
    /// The word that `catch` and dead letters use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Class::Reply(ErrorClass::Throttled) => "throttled",
            Class::Reply(ErrorClass::Transient) => "transient",
            Class::Reply(ErrorClass::Unauthorized) => "unauthorized",
            Class::Reply(ErrorClass::Rejected) => "rejected",
            Class::Reply(ErrorClass::Missing) => "missing",
            Class::Reply(ErrorClass::Done) => "done",
            Class::Own => "failed",
            Class::Broken => "broken",
            Class::Paging => "paging",
        }
    }
}

/// Why a step failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// Its kind.
    pub(crate) class: Class,
    /// The connector's code, or our own.
    pub(crate) code: Option<String>,
    /// The HTTP status, if there was a reply.
    pub(crate) status: Option<u16>,
    /// For people, without secrets.
    pub(crate) message: String,
    /// The YAML line that asked for it.
    pub(crate) origin: Option<Origin>,
    /// The connector whose account it came from.
    pub(crate) connector: Option<Arc<str>>,
    /// Not before this may it be tried again.
    pub(crate) retry_at: Option<Timestamp>,
    /// Until when the account at fault rests, if it is the account's failure and not the record's (S21).
    pub(crate) rests: Option<Timestamp>,
    /// The request without credentials and the reply, for the dead letter.
    pub(crate) exchange: Option<Arc<serde_json::Value>>,
}

impl Failure {
    /// An expression or a request that cannot be made.
    pub(crate) fn broken(message: impl Into<String>, origin: &Origin) -> Self {
        Self::of(Class::Broken, message.into(), Some(origin.clone()))
    }

    /// A failure of `class` with nothing but a message.
    pub(crate) fn of(class: Class, message: String, origin: Option<Origin>) -> Self {
        Self {
            class,
            code: None,
            status: None,
            message,
            origin,
            connector: None,
            retry_at: None,
            rests: None,
            exchange: None,
        }
    }

    /// What a connector answered, or why it did not.
    pub(crate) fn from_reply(
        failure: connect::Failure,
        connector: &Arc<str>,
        origin: &Origin,
    ) -> Self {
        let (class, retry_at) = match failure.class {
            connect::Class::Throttled { retry_at } => (ErrorClass::Throttled, Some(retry_at)),
            connect::Class::Transient => (ErrorClass::Transient, None),
            connect::Class::Unauthorized => (ErrorClass::Unauthorized, None),
            connect::Class::Rejected => (ErrorClass::Rejected, None),
            connect::Class::Missing => (ErrorClass::Missing, None),
            connect::Class::Done => (ErrorClass::Done, None),
        };
        Self {
            class: Class::Reply(class),
            code: failure.code.as_deref().map(ToOwned::to_owned),
            status: failure.status,
            message: failure.message.to_string(),
            origin: Some(origin.clone()),
            connector: Some(connector.clone()),
            retry_at,
            rests: failure.pause.map(|pause| pause.until),
            exchange: None,
        }
    }

    /// The account rests: nothing was sent, and it costs no attempt (S21).
    pub(crate) fn paused(pause: &connect::Pause, connector: &Arc<str>, origin: &Origin) -> Self {
        let message = format!(
            "the account with {connector} rests until {}: {}",
            pause.until, pause.reason
        );
        Self {
            connector: Some(connector.clone()),
            rests: Some(pause.until),
            ..Self::of(
                Class::Reply(ErrorClass::Transient),
                message,
                Some(origin.clone()),
            )
        }
    }

    /// With the request and reply that a person needs to understand it.
    #[must_use]
    pub(crate) fn with_exchange(mut self, exchange: serde_json::Value) -> Self {
        self.exchange = Some(Arc::new(exchange));
        self
    }

    /// What letters are grouped by: the code where there is one, else the class.
    pub(crate) fn cause(&self) -> String {
        match (&self.code, self.class) {
            (Some(code), Class::Own) => code.clone(),
            (Some(code), class) => format!("{} {code}", class.name()),
            (None, class) => class.name().to_owned(),
        }
    }

    /// Whether a `catch` for `error` (a class or a code) is meant.
    pub(crate) fn is(&self, error: &str) -> bool {
        self.class.name() == error || self.code.as_deref() == Some(error)
    }

    /// The message with the place in the YAML that asked.
    pub(crate) fn detail(&self) -> String {
        match &self.origin {
            Some(origin) => format!("{} (asked for at {origin})", self.message),
            None => self.message.clone(),
        }
    }
}

/// Why an attempt at a record stopped before its last step.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// A `skip` step.
    Skip {
        /// Why.
        reason: String,
        /// For every later version too (S23).
        forever: bool,
        /// Counted as echo (S16).
        echo: bool,
    },
    /// A `hold` step, or something only a person can decide.
    Hold {
        /// Why.
        reason: String,
        /// First wait.
        recheck: Option<std::time::Duration>,
    },
    /// A failure that no `catch` took.
    Fail(Box<Failure>),
    /// The claim of this link is open: wait until it is settled (S3).
    Park(Box<crate::engine::store::LinkId>),
    /// The tenant does not run any more (S22).
    Off,
    /// A newer version came before the first intent (S8).
    Superseded,
    /// The store failed: nothing is decided (S41).
    Store(crate::engine::store::Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Fail(Box::new(failure))
    }
}

impl From<crate::engine::store::Error> for Stop {
    fn from(error: crate::engine::store::Error) -> Self {
        Self::Store(error)
    }
}
