//! What a request that failed tells of its account.

use super::auth::TokenFailure;
use super::failure::{Class, Failure, Wire};
use super::health::{PauseReason, Sign};
use super::request::HttpRequest;

/// What a reply that failed tells of the account.
pub(super) fn sign_of(class: Class, status: u16) -> Sign {
    match class {
        Class::Unauthorized => Sign::Trouble(PauseReason::Unauthorized, None),
        Class::Throttled { retry_at } => Sign::Trouble(PauseReason::Throttled, Some(retry_at)),
        Class::Transient | Class::Rejected | Class::Missing | Class::Done if status >= 500 => {
            Sign::ServerError
        }
        Class::Transient | Class::Rejected | Class::Missing | Class::Done => Sign::Works,
    }
}

/// There is no token: before anything was sent, or after the API refused the last one in `first`.
pub(super) fn no_token(
    failure: TokenFailure,
    request: &HttpRequest,
    first: Option<&Failure>,
) -> (Box<Failure>, Sign) {
    // A throttled token endpoint says nothing of the API's own windows.
    let (class, until) = match failure.class {
        Class::Throttled { retry_at } => (Class::Transient, Some(retry_at)),
        Class::Transient | Class::Unauthorized | Class::Rejected | Class::Missing | Class::Done => {
            (failure.class, None)
        }
    };
    let sign = Sign::Trouble(failure.reason, until);
    let failure = Failure {
        class,
        code: failure.code,
        status: failure.status,
        message: failure.message,
        blame: failure.blame,
        wire: first.map_or(Wire::NotSent, |first| first.wire),
        origin: request.origin.clone(),
        sent: first.and_then(|first| first.sent),
        reply: None,
        pause: None,
    };
    (Box::new(failure), sign)
}
