//! What went wrong, as RFC 9457 says it: `detail` says what happened in the words of the command line, `help` what to
//! do about it.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json_;

use super::super::auth::Denied;
use crate::daemon::EngineError;
use crate::daemon::settings::SettingsError;
use crate::daemon::view::AgreementText;
use crate::engine::run::{ActivateError, Blame};
use crate::engine::store;

/// What `type` begins with; what follows is the word of the problem.
pub(super) const TYPE: &str = "urn:syncline:problem:";

/// What went wrong.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// Names the kind of problem: `urn:syncline:problem:` and a word that stays the same.
    #[serde(rename = "type")]
    type_: String,
    /// The kind of problem, in words.
    title: String,
    /// The status of the reply.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// What happened.
    detail: String,
    /// What to do about it.
    help: String,
    /// The agreement that must be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement: Option<AgreementText>,
    /// What would be wrong with the files, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The same for programs, as `validate --format json` prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Json_>,
}

impl Problem {
    pub(super) fn of(
        status: StatusCode,
        word: &str,
        title: &str,
        detail: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            type_: format!("{TYPE}{word}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            help: help.into(),
            agreement: None,
            text: None,
            report: None,
        }
    }

    /// With the agreement that must be accepted.
    pub(super) fn with_agreement(mut self, agreement: Option<AgreementText>) -> Self {
        self.agreement = agreement;
        self
    }

    pub(super) fn no_such_endpoint(path: &str) -> Self {
        Self::of(
            StatusCode::NOT_FOUND,
            "no-such-endpoint",
            "There is no such endpoint",
            format!("there is nothing at `/v1{path}`"),
            "`/v1/openapi.json` lists every endpoint",
        )
    }

    pub(super) fn not_found(word: &str, title: &str, detail: String, help: &str) -> Self {
        Self::of(StatusCode::NOT_FOUND, word, title, detail, help)
    }

    pub(super) fn bad_query(why: &str) -> Self {
        Self::of(
            StatusCode::BAD_REQUEST,
            "bad-query",
            "The query is not understood",
            why,
            "`/v1/openapi.json` lists what each endpoint takes",
        )
    }

    pub(super) fn unread_body(status: StatusCode, why: &str) -> Self {
        let (word, title) = if status == StatusCode::PAYLOAD_TOO_LARGE {
            ("too-large", "The body is too large")
        } else {
            ("bad-body", "The body is not understood")
        };
        Self::of(
            status,
            word,
            title,
            why,
            "send a JSON object as `/v1/openapi.json` describes it",
        )
    }

    pub(super) fn not_json() -> Self {
        Self::of(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not-json",
            "The body is not JSON",
            "the body is not said to be JSON",
            "send it with `Content-Type: application/json`",
        )
    }

    pub(super) fn not_from_our_pages() -> Self {
        Self::of(
            StatusCode::FORBIDDEN,
            "not-from-our-pages",
            "The request does not come from a page of the console",
            "a session was given, and not the token that only pages of the console know",
            "programs give a token of their own: `Authorization: Bearer TOKEN`",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let (word, title, help) = match denied {
            Denied::Unknown => (
                "no-token",
                "Nothing proves who asks",
                "tokens are named under `access` of syncline.yaml; the file beside the store has one of its own",
            ),
            Denied::Needs(_) => (
                "scope-too-small",
                "The token is not for this",
                "give the token another `scope` in syncline.yaml, or use another one",
            ),
        };
        Self::of(denied.status(), word, title, denied.text(), help)
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let detail = error.to_string();
        let with = |status, word, title, help: &str| Self::of(status, word, title, &*detail, help);
        match &error {
            EngineError::UnknownTenant { .. } => with(
                StatusCode::NOT_FOUND,
                "unknown-tenant",
                "There is no such tenant",
                "`GET /v1/tenants` lists them",
            ),
            EngineError::UnknownPipeline { .. } => with(
                StatusCode::NOT_FOUND,
                "unknown-pipeline",
                "There is no such pipeline",
                "`GET /v1/tenants/{tenant}/pipelines` lists them",
            ),
            EngineError::UnknownIntegration { .. } => with(
                StatusCode::NOT_FOUND,
                "unknown-integration",
                "There is no such integration",
                "`GET /v1/integrations` lists them",
            ),
            EngineError::UnknownEntity { .. } => with(
                StatusCode::UNPROCESSABLE_ENTITY,
                "unknown-entity",
                "There is no such entity",
                "name one of those",
            ),
            EngineError::NothingWaits { .. } => with(
                StatusCode::NOT_FOUND,
                "nothing-waits",
                "No such record waits or was given up",
                "`GET /v1/tenants/{tenant}/records` lists where records stand",
            ),
            EngineError::NotRunning { .. } => with(
                StatusCode::CONFLICT,
                "not-running",
                "The tenant is not running",
                "turn it on, or resume it, first",
            ),
            EngineError::Sealing(_) | EngineError::Open(_) => with(
                StatusCode::CONFLICT,
                "unusable",
                "The accounts of the tenant cannot be used",
                "mend what is named; the files are read again by themselves, secrets with `POST /v1/reload`",
            ),
            EngineError::Http(_) => with(
                StatusCode::INTERNAL_SERVER_ERROR,
                "no-http",
                "HTTP cannot be used on this machine",
                "look at the machine's root certificates",
            ),
            EngineError::Activate(error) => activation(error, &detail),
            EngineError::Settings(error) => settings(error, &detail),
            EngineError::Store(error) => from_store(error, &detail),
        }
    }
}

fn activation(error: &ActivateError, detail: &str) -> Problem {
    match error {
        ActivateError::NotAgreed { .. } => Problem::of(
            StatusCode::CONFLICT,
            "not-agreed",
            "The agreement has not been accepted",
            detail,
            "read `agreement`, and give its version as `agree`",
        ),
        ActivateError::OtherAgreement { .. } => Problem::of(
            StatusCode::CONFLICT,
            "other-agreement",
            "That is not the present agreement",
            detail,
            "read the present one, and give its version as `agree`",
        ),
        ActivateError::Steps { blame, .. } => {
            let (word, title) = match blame {
                Blame::Credentials => ("credentials", "Credentials are refused"),
                Blame::Reach => ("unreachable", "The other side cannot be reached"),
                Blame::Other => ("activation-failed", "What turning it on does has failed"),
            };
            Problem::of(
                StatusCode::BAD_GATEWAY,
                word,
                title,
                detail,
                "`POST /v1/tenants/{tenant}/check` says what is at fault",
            )
        }
        ActivateError::Store(error) => from_store(error, detail),
    }
}

fn settings(error: &SettingsError, detail: &str) -> Problem {
    match error {
        SettingsError::UnknownTenant { .. } => Problem::of(
            StatusCode::NOT_FOUND,
            "unknown-tenant",
            "There is no such tenant",
            detail,
            "`GET /v1/tenants` lists them",
        ),
        SettingsError::Misread(_) => Problem::of(
            StatusCode::UNPROCESSABLE_ENTITY,
            "not-a-setting",
            "That is no setting",
            detail,
            "`GET /v1/tenants/{tenant}/settings` lists them",
        ),
        SettingsError::Wrong { checked, .. } => Problem {
            text: Some(checked.text()),
            report: Some(checked.report()),
            ..Problem::of(
                StatusCode::UNPROCESSABLE_ENTITY,
                "would-be-wrong",
                "The files would be wrong with it",
                detail,
                "`text` says what would be wrong; nothing was written",
            )
        },
        SettingsError::Edit(_) | SettingsError::File(_) => Problem::of(
            StatusCode::CONFLICT,
            "not-written",
            "The tenant's file cannot be changed",
            detail,
            "change the file by hand, or mend what is named and try again",
        ),
        SettingsError::Unread { .. } => Problem::of(
            StatusCode::INTERNAL_SERVER_ERROR,
            "unread",
            "The files cannot be read",
            detail,
            "look at the folder of the workspace",
        ),
    }
}

fn from_store(error: &store::Error, detail: &str) -> Problem {
    match error {
        store::Error::WrongPhase { .. } | store::Error::EpochMoved { .. } => Problem::of(
            StatusCode::CONFLICT,
            "wrong-phase",
            "It does not fit how the tenant stands",
            detail,
            "`GET /v1/tenants/{tenant}` says how it stands",
        ),
        store::Error::OnTheWire { .. } => Problem::of(
            StatusCode::CONFLICT,
            "on-the-wire",
            "It is being written right now",
            detail,
            "ask again when it is done",
        ),
        store::Error::IdentityBound { .. } => Problem::of(
            StatusCode::CONFLICT,
            "unusable",
            "The accounts of the tenant cannot be used",
            detail,
            "give the account its former values",
        ),
        store::Error::Locked { .. }
        | store::Error::Newer { .. }
        | store::Error::NotAStore { .. }
        | store::Error::Corrupt { .. }
        | store::Error::Unopened { .. }
        | store::Error::Missing { .. }
        | store::Error::ReadOnly { .. }
        | store::Error::DiskFull { .. }
        | store::Error::Busy { .. }
        | store::Error::TakenOver { .. }
        | store::Error::ScanMoved { .. }
        | store::Error::Unreadable { .. }
        | store::Error::Closed
        | store::Error::Database { .. } => Problem::of(
            StatusCode::SERVICE_UNAVAILABLE,
            "store",
            "The store cannot be used now",
            detail,
            "mend what is named and ask again; `/readyz?verbose` says when it works",
        ),
    }
}
