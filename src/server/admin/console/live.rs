//! Pages that follow what happens. The same address gives a page to whoever asks for one, and to whoever asks for
//! events the part of it that changes, whenever it has changed: there is nothing that a page and its changes could
//! disagree about.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse as _, Response};
use futures::stream;
use serde_json::{Map, Value as Json};

use super::pages;
use super::visit::{Problem, Visitor, Wanted};
use crate::server::admin::Admin;

/// Between two looks at what happened.
const LOOK: Duration = Duration::from_secs(1);

/// A page, or its changes for as long as the session lasts: filled from the templates `NAME.html` and
/// `NAME.live.html` with what `read` finds of what was `asked`, beside `frame`.
pub(super) async fn answer<A, Fut>(
    admin: Arc<Admin>,
    visitor: Visitor,
    name: &'static str,
    frame: Map<String, Json>,
    asked: A,
    read: fn(Arc<Admin>, A) -> Fut,
) -> Result<Response, Problem>
where
    A: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Json, Problem>> + Send + 'static,
{
    let facts = {
        let admin = admin.clone();
        move || read(admin.clone(), asked.clone())
    };
    if visitor.what == Wanted::Page {
        let page = pages::fill(&format!("{name}.html"), with(&frame, facts().await?))?;
        return Ok(Html(page).into_response());
    }
    let template = format!("{name}.live.html");
    let looking = (admin, visitor, template, frame, facts, String::new());
    let changes = stream::unfold(looking, async move |looking| {
        let (admin, visitor, template, frame, facts, mut shown) = looking;
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = admin.stop.cancelled() => return None,
            }
            if !admin.access.still(&visitor.headers) {
                return None;
            }
            // What cannot be read now may be there at the next look.
            let Ok(now) = facts().await else { continue };
            let Ok(part) = pages::fill(&template, with(&frame, now)) else {
                return None;
            };
            if part != shown {
                // A carriage return would end the event.
                let event = Event::default().data(part.replace('\r', " "));
                shown = part;
                let event = Ok::<_, Infallible>(event);
                return Some((event, (admin, visitor, template, frame, facts, shown)));
            }
        }
    });
    let changes = Box::pin(changes);
    Ok(Sse::new(changes)
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
        .into_response())
}

/// The facts of a page on top of what every page shows.
pub(super) fn with(frame: &Map<String, Json>, facts: Json) -> Json {
    let mut all = frame.clone();
    if let Json::Object(facts) = facts {
        all.extend(facts);
    }
    Json::Object(all)
}
