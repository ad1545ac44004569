//! Registration of webhooks.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::number_in;
use super::writes::body;
use crate::sandbox::servicechannel::World;
use crate::sandbox::servicechannel::events::KINDS;
use crate::sandbox::servicechannel::hooks::{CAP, Subscription, WebHook};
use crate::sandbox::servicechannel::refusal::Refusal;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HookRequest {
    name: String,
    url: String,
    description: Option<String>,
    enabled: Option<bool>,
    subscriptions: Option<Vec<Subscription>>,
}

impl HookRequest {
    fn url(&self) -> Result<Url, Refusal> {
        if self.name.is_empty() {
            return Err(Refusal::Invalid("Name is empty"));
        }
        self.url
            .parse()
            .map_err(|_| Refusal::Invalid("Url is not valid"))
    }
}

fn checked(subscriptions: &[Subscription]) -> Result<(), Refusal> {
    if subscriptions.is_empty() || subscriptions.len() > CAP {
        return Err(Refusal::Invalid("a webhook has 1 to 20 subscriptions"));
    }
    let of_one_kind = |subscription: &Subscription| {
        let within = |kind: &&&[&str]| {
            let mut events = subscription.event_types.iter();
            events.all(|event| kind.contains(&event.as_str()))
        };
        !subscription.event_types.is_empty() && KINDS.iter().any(|kind| within(&kind))
    };
    if subscriptions.iter().all(of_one_kind) {
        Ok(())
    } else {
        Err(Refusal::Invalid(
            "EventTypes are unknown, or of more than one object",
        ))
    }
}

/// `POST /NotificationWebHooks`.
pub(super) async fn add(State(world): State<World>, bytes: Bytes) -> Result<Response, Refusal> {
    let request: HookRequest = body(&bytes)?;
    let url = request.url()?;
    let subscriptions = request.subscriptions.unwrap_or_default();
    checked(&subscriptions)?;
    world.with_state(|rows| {
        if rows.hooks().len() == CAP {
            return Err(Refusal::Invalid("there are 20 webhooks already"));
        }
        let hook = rows.hooks_mut().add(WebHook {
            id: 0,
            name: request.name,
            url,
            description: request.description,
            enabled: request.enabled.unwrap_or(true),
            subscriptions,
        });
        let ids: Vec<_> = hook.subscriptions.iter().map(|own| own.id).collect();
        let reply = json!({ "Id": hook.id, "SubscriptionsResponses": ids });
        Ok((StatusCode::CREATED, Json(reply)).into_response())
    })
}

/// `GET /NotificationWebHooks`.
pub(super) async fn list(State(world): State<World>) -> Response {
    let hooks: Vec<_> = world.read_state(|rows| rows.hooks().all().cloned().collect());
    Json(hooks).into_response()
}

/// `GET /NotificationWebHooks/{id}`.
pub(super) async fn one(
    State(world): State<World>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = number_in(&id)?;
    world.read_state(|rows| {
        let hook = rows.hooks().all().find(|hook| hook.id == id);
        Ok(Json(hook.ok_or(Refusal::UnknownHook)?).into_response())
    })
}

/// `PUT /NotificationWebHooks/{id}`: what is not given stays as it is. It also turns on again what
/// failed too often.
pub(super) async fn change(
    State(world): State<World>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<StatusCode, Refusal> {
    let id = number_in(&id)?;
    let request: HookRequest = body(&bytes)?;
    let url = request.url()?;
    if let Some(subscriptions) = &request.subscriptions {
        checked(subscriptions)?;
    }
    world.with_state(|rows| {
        let mut subscriptions = request.subscriptions;
        if let Some(own) = &mut subscriptions {
            rows.hooks_mut().numbered(own);
        }
        let hook = rows.hooks_mut().get_mut(id).ok_or(Refusal::UnknownHook)?;
        hook.name = request.name;
        hook.url = url;
        hook.description = request.description.or(hook.description.take());
        hook.enabled = request.enabled.unwrap_or(hook.enabled);
        if let Some(subscriptions) = subscriptions {
            hook.subscriptions = subscriptions;
        }
        Ok(StatusCode::NO_CONTENT)
    })
}

/// `DELETE /NotificationWebHooks/{id}`.
pub(super) async fn remove(
    State(world): State<World>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let id = number_in(&id)?;
    world.with_state(|rows| {
        rows.hooks_mut().remove(id).ok_or(Refusal::UnknownHook)?;
        Ok(StatusCode::NO_CONTENT)
    })
}

/// `GET /NotificationSubscriptions/SigningKey`.
pub(super) async fn key(State(world): State<World>) -> Response {
    let key = world.read_state(|rows| rows.hooks().key().to_owned());
    Json(json!({ "Key": key })).into_response()
}

/// `PUT /NotificationSubscriptions/SigningKey`: another one.
pub(super) async fn new_key(State(world): State<World>) -> Response {
    let key = world.with_state(|rows| rows.hooks_mut().new_key().to_owned());
    Json(json!({ "Key": key })).into_response()
}
