//! What the API refuses, and the body it says so with (reference section 5).

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::Serialize;

use super::value::Id;

/// Messages per field, gathered over the whole body before anything is refused.
#[derive(Debug, Default)]
pub(crate) struct Problems(RefCell<BTreeMap<String, Vec<String>>>);

impl Problems {
    /// Adds a message to a field.
    pub(crate) fn add(&self, field: impl Into<String>, message: impl Into<String>) {
        self.0
            .borrow_mut()
            .entry(field.into())
            .or_default()
            .push(message.into());
    }

    /// Refuses when anything was found.
    pub(crate) fn settle(&self) -> Result<(), Refusal> {
        if self.0.borrow().is_empty() {
            Ok(())
        } else {
            Err(self.refusal())
        }
    }

    /// The refusal that lists what was found.
    pub(crate) fn refusal(&self) -> Refusal {
        Refusal::Invalid {
            errors: self.0.take(),
        }
    }
}

/// Why a call was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request is malformed, or names what does not exist: 400 (422 when the switch says so).
    #[error("not valid: {errors:?}")]
    Invalid {
        /// Messages per field.
        errors: BTreeMap<String, Vec<String>>,
    },
    /// No or no valid token or app key: 401.
    #[error("{reason}")]
    Unauthorized {
        /// What was wrong.
        reason: &'static str,
    },
    /// The token does not cover the tenant: 403.
    #[error("the token does not cover tenant {tenant}")]
    Forbidden {
        /// The tenant in the path.
        tenant: String,
    },
    /// No such path: 404.
    #[error("there is no {method} {path}")]
    NoRoute {
        /// Method of the request.
        method: String,
        /// Path of the request.
        path: String,
    },
    /// No such row: 404.
    #[error("{what} {id} does not exist")]
    NotFound {
        /// Kind of row.
        what: &'static str,
        /// The id asked for.
        id: Id,
    },
    /// The row is in a state that does not allow the call: 409.
    #[error("{message}")]
    Conflict {
        /// What stands in the way.
        message: String,
    },
}

impl Refusal {
    /// One message for one field.
    pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        let problems = Problems::default();
        problems.add(field, message);
        problems.refusal()
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict {
            message: message.into(),
        }
    }

    /// The HTTP status; `invalid` is the one in use for refused bodies (400 or 422).
    pub(crate) fn status(&self, invalid: u16) -> u16 {
        match self {
            Self::Invalid { .. } => invalid,
            Self::Unauthorized { .. } => 401,
            Self::Forbidden { .. } => 403,
            Self::NoRoute { .. } | Self::NotFound { .. } => 404,
            Self::Conflict { .. } => 409,
        }
    }

    /// The body of the answer, with all six members the schema asks for.
    pub(crate) fn body(self, status: u16, trace_id: String) -> ApiError {
        let title = match &self {
            Self::Invalid { .. } => "One or more validation errors occurred.".to_owned(),
            Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NoRoute { .. }
            | Self::NotFound { .. }
            | Self::Conflict { .. } => self.to_string(),
        };
        let errors = if let Self::Invalid { errors } = self {
            errors
        } else {
            BTreeMap::new()
        };
        ApiError {
            r#type: kind(status),
            title,
            status,
            trace_id,
            errors,
            data: NoData {},
        }
    }
}

fn kind(status: u16) -> &'static str {
    match status {
        401 => "https://tools.ietf.org/html/rfc7235#section-3.1",
        403 => "https://tools.ietf.org/html/rfc7231#section-6.5.3",
        404 => "https://tools.ietf.org/html/rfc7231#section-6.5.4",
        409 => "https://tools.ietf.org/html/rfc7231#section-6.5.8",
        422 => "https://tools.ietf.org/html/rfc4918#section-11.2",
        _ => "https://tools.ietf.org/html/rfc7231#section-6.5.1",
    }
}

/// Body of every refusal (`ApiErrorResponse`).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiError {
    r#type: &'static str,
    title: String,
    status: u16,
    trace_id: String,
    errors: BTreeMap<String, Vec<String>>,
    data: NoData,
}

#[derive(Debug, Serialize)]
struct NoData {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_body_names_its_fields() {
        let problems = Problems::default();
        assert_eq!(problems.settle(), Ok(()));
        problems.add("CampaignId", "The CampaignId field is required.");
        let refusal = problems.settle().unwrap_err();
        let body = refusal.body(400, "00-sim-01".to_owned());
        insta::assert_snapshot!(serde_json::to_string(&body).unwrap(), @r#"{"type":"https://tools.ietf.org/html/rfc7231#section-6.5.1","title":"One or more validation errors occurred.","status":400,"traceId":"00-sim-01","errors":{"CampaignId":["The CampaignId field is required."]},"data":{}}"#);
    }

    #[test]
    fn only_refused_bodies_follow_the_422_switch() {
        assert_eq!(Refusal::invalid("Name", "x").status(422), 422);
        assert_eq!(Refusal::conflict("x").status(422), 409);
        assert_eq!(
            Refusal::NotFound {
                what: "Job",
                id: Id(1)
            }
            .status(422),
            404
        );
    }
}
