//! `write`: performs what [`super::state`] decides. The order of what is durable and what is sent is decided
//! there; here every action is one call to the store or to a connection.

mod sending;
mod standing;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use super::attempt::{Attempt, body_hash, broken, key_text, link_id, native};
use super::claims::Claim;
use super::compare;
use super::failure::{Class, Failure, Stop};
use super::progress::Tick;
use super::state::{self, Action, End, Event, Has, Shape, WhenMissing, WhenUnknown};
use crate::engine::clock::Timestamp;
use crate::engine::connect::{Admission, HttpRequest};
use crate::engine::record::{EntityName, RecordKey};
use crate::engine::store::{ContentHash, LinkId, LinkRow, OpId, Origin, Target, TargetId};
use crate::lang::expr::Datum;
use crate::lang::plan::{Compare, ErrorClass, First, OnMissing, OnUnknown, Write};

/// What one `write` knows while it runs.
struct Writing<'w> {
    write: &'w Write,
    name: &'w str,
    link: LinkId,
    claim: Option<Claim<LinkId>>,
    /// The link as it stands.
    row: Option<Arc<LinkRow>>,
    /// The id of what is linked or made, as JSON.
    id: Json,
    found: Datum,
    /// The first search as it was sent, for settling after a crash (S28).
    sent_find: Option<Json>,
    merged_into: Option<Json>,
    prepared: Option<Prepared>,
    op: Option<OpId>,
    sent_at: Timestamp,
    failure: Option<Box<Failure>>,
    reason: Option<String>,
    ids: Vec<String>,
}

/// A request that is ready to leave.
struct Prepared {
    request: HttpRequest,
    hash: ContentHash,
    admission: Option<Admission>,
}

impl Attempt<'_> {
    /// Runs a `write` step: its result is `{ id, key, found, outcome }`.
    pub(crate) async fn write(&mut self, write: &Write, step: Option<&str>) -> Result<Datum, Stop> {
        // The outcome of an earlier write is durable before another link is claimed.
        self.flush().await?;
        let link = self.link_for(write)?;
        let claim = self.tenant.claims.take(link.clone()).await;
        let shape = shape(write);
        let mut w = Writing {
            write,
            name: step.or(write.entity.as_deref()).unwrap_or("write"),
            link,
            claim: Some(claim),
            row: None,
            id: Json::Null,
            found: Datum::Null,
            sent_find: None,
            merged_into: None,
            prepared: None,
            op: None,
            sent_at: self.tenant.clock.now(),
            failure: None,
            reason: None,
            ids: Vec::new(),
        };
        let mut state = state::START;
        let mut action = Action::Look;
        loop {
            let event = match action {
                Action::Look => self.look(&mut w).await?,
                Action::Search(n) => self.search(&mut w, n).await?,
                Action::Adopt => self.adopt(&mut w).await?,
                Action::Read => self.read(&mut w).await?,
                Action::Relink => self.relink(&mut w).await?,
                Action::Drop => self.drop_link(&mut w).await?,
                Action::Compare => self.compare(&mut w).await?,
                Action::Plan(op) => self.plan(&mut w, op).await?,
                Action::Send(op) => self.send(&mut w, op).await,
                Action::Settle(how) => self.settle(&mut w, how).await?,
                Action::End(end) => return self.end(w, end),
            };
            (state, action) = state::next(shape, state, event);
        }
    }

    /// The link a write is about. A change of a record whose id is known has no entity: the id stands for the link,
    /// so that its intent and fingerprint have a place.
    fn link_for(&self, write: &Write) -> Result<LinkId, Stop> {
        let eval = |form: &crate::lang::expr::ValueForm| {
            form.eval_datum(&self.scope())
                .map_err(|error| broken(&error, &write.origin))
        };
        let missing = |what: &str| {
            Stop::from(Failure::broken(
                format!("the write has no {what}: its value is null"),
                &write.origin,
            ))
        };
        match &write.entity {
            Some(entity) => {
                let key = match &write.key {
                    Some(form) => key_text(&eval(form)?).ok_or_else(|| missing("`key`"))?,
                    None => self
                        .record_key()
                        .map(ToString::to_string)
                        .ok_or_else(|| missing("`key`"))?,
                };
                Ok(link_id(self.tenant, entity, key))
            }
            None => {
                let form = write.id.as_ref().ok_or_else(|| missing("`id`"))?;
                let id = key_text(&eval(form)?).ok_or_else(|| missing("`id`"))?;
                Ok(self.link_of_id(write, id))
            }
        }
    }

    /// The place of intents and fingerprints of a record whose id is known.
    fn link_of_id(&self, write: &Write, id: String) -> LinkId {
        LinkId {
            tenant: self.tenant.name.clone(),
            identity: self.tenant.identity(&write.connector).clone(),
            entity: EntityName::from(format!("@{}", write.connector)),
            key: RecordKey::from(id),
        }
    }

    async fn compare(&mut self, w: &mut Writing<'_>) -> Result<Event, Stop> {
        let update = w
            .write
            .update
            .as_ref()
            .expect("a comparison is only asked for where there is an update");
        let origin = &update.request.origin;
        let scope = self
            .scope()
            .with("id", Datum::from(w.id.clone()))
            .with("found", w.found.clone());
        let connection = self.tenant.connection(&w.write.connector);
        let rendered = connection.render(&update.request, &scope);
        let written = w.row.as_ref().and_then(|row| row.written.as_ref());
        let is_written = |hash: &ContentHash| written.is_some_and(|written| written.hash == *hash);
        // What was written last is wanted still: whether it may be changed is not the question (S17).
        let settled = update.compare == Compare::Written
            && rendered
                .as_ref()
                .is_ok_and(|request| is_written(&body_hash(&request.body)));
        // What was found, and nothing was written to, is taken to be as it should.
        let assumes = update.first == First::Assume
            && w.row.as_ref().is_some_and(|row| {
                let found = |target: &Target| target.origin == Origin::Adopted;
                row.written_at.is_none() && row.target.as_ref().is_some_and(found)
            });
        if assumes && let Ok(request) = &rendered {
            let hash = body_hash(&request.body);
            drop(scope);
            return self.take_for_written(w, hash).await;
        }
        if !settled
            && let Some(when) = &update.when
            && !when.holds(&scope).map_err(|error| broken(&error, origin))?
        {
            w.reason = match &update.reason {
                Some(reason) => Some(
                    reason
                        .text(&scope)
                        .map_err(|error| broken(&error, origin))?,
                ),
                None => None,
            };
            return Ok(Event::Unwanted);
        }
        let request = rendered.map_err(|error| Failure::broken(error.to_string(), origin))?;
        let hash = body_hash(&request.body);
        let lag = connection
            .connector()
            .settle
            .map_or(Duration::ZERO, |settle| settle.lag);
        let fresh =
            written.is_some_and(|written| written.written_at.plus(lag) > self.tenant.clock.now());
        let stands = || {
            let body = body_of(&request);
            if let Datum::Json(found) = w.found.resolved() {
                compare::stands(&body, found, &update.same)
            } else {
                let found = w.found.to_json().unwrap_or_default();
                compare::stands(&body, &found, &update.same)
            }
        };
        let is_same = match update.compare {
            Compare::Written => settled,
            // What we wrote within the lag stands for what a lagging read shows (S17).
            Compare::Target if fresh => is_written(&hash),
            Compare::Target => stands(),
        };
        // Somebody else wrote what is wanted now: that counts as written, or the next change back would pass for it.
        // What a read shows soon after our own write may be what stood before it.
        let stands_already = !is_same
            && !fresh
            && update.compare == Compare::Written
            && w.write.read.is_some()
            && stands();
        let echoes = is_same && is_written(&hash);
        drop(scope);
        if stands_already {
            return self.take_for_written(w, hash).await;
        }
        if is_same {
            if echoes && self.wrote == super::ending::Wrote::Nothing {
                self.wrote = super::ending::Wrote::Echo;
            }
            return Ok(Event::Same);
        }
        w.prepared = Some(Prepared {
            request,
            hash,
            admission: None,
        });
        Ok(Event::Differs)
    }

    fn end(&mut self, w: Writing<'_>, end: End) -> Result<Datum, Stop> {
        use super::ending::Wrote;
        let failure = |class, message: String| {
            Stop::from(Failure::of(class, message, Some(w.write.origin.clone())))
        };
        let what = w.write.entity.as_deref().unwrap_or("record");
        let outcome = match end {
            End::Created => {
                self.tenant.progress.tick(Tick::Created);
                self.wrote = Wrote::Something;
                "created"
            }
            End::Updated => {
                self.tenant.progress.tick(Tick::Updated);
                self.wrote = Wrote::Something;
                "updated"
            }
            End::Adopted => "found",
            End::Unchanged => "unchanged",
            End::Unwanted => {
                self.trace
                    .step(w.name, w.reason.as_deref().unwrap_or("not wanted"));
                "unwanted"
            }
            End::Nothing => "nothing",
            End::Ambiguous => {
                let reason = format!(
                    "several {what}s were found for {}: {}",
                    w.link.key,
                    w.ids.join(", ")
                );
                return Err(Stop::Hold {
                    reason,
                    recheck: None,
                });
            }
            End::Capped => {
                return Err(failure(
                    Class::Paging,
                    format!(
                        "the search for the {what} of {} ended at its page cap, so nothing is created",
                        w.link.key
                    ),
                ));
            }
            End::MergeLoop => {
                return Err(failure(
                    Class::Own,
                    format!("the {what} {} was merged more than 5 times over", w.id),
                ));
            }
            End::TargetMissing => {
                let mut missing = Failure::of(
                    Class::Own,
                    format!(
                        "the {what} {} that {} is linked to is gone",
                        w.id, w.link.key
                    ),
                    Some(w.write.origin.clone()),
                );
                missing.code = Some("target_missing".to_owned());
                missing.status = w.failure.as_ref().and_then(|failure| failure.status);
                missing.exchange = w.failure.and_then(|failure| failure.exchange);
                return Err(missing.into());
            }
            End::NotVisibleYet => {
                return Err(failure(
                    Class::Reply(ErrorClass::Missing),
                    format!(
                        "the {what} {} was made a moment ago and is not visible yet",
                        w.id
                    ),
                ));
            }
            End::Park => return Err(Stop::Park(Box::new(w.link))),
            End::HeldUnknown => {
                let why = w.failure.map(|failure| failure.message).unwrap_or_default();
                let reason = format!(
                    "nobody can say whether the {what} of {} was created ({why}); look, then `dead resolve`",
                    w.link.key
                );
                return Err(Stop::Hold {
                    reason,
                    recheck: None,
                });
            }
            End::Off => return Err(Stop::Off),
            End::Superseded => return Err(Stop::Superseded),
            End::Failed => {
                let failed = w.failure.unwrap_or_else(|| {
                    Box::new(Failure::of(
                        Class::Own,
                        "the link was changed by someone else".to_owned(),
                        Some(w.write.origin.clone()),
                    ))
                });
                return Err(Stop::Fail(failed));
            }
        };
        let linked = !w.id.is_null();
        let result = Datum::map([
            ("id", Datum::from(w.id.clone())),
            ("key", Datum::from(native(w.link.key.as_str()))),
            ("found", w.found.clone()),
            ("outcome", Datum::from(outcome)),
        ]);
        if let Some(entity) = w.write.entity.as_deref().filter(|_| linked) {
            self.know_link(entity, &w, end);
        }
        Ok(result)
    }

    /// `link.<entity>` from now on, without asking the store for what was just written.
    fn know_link(&mut self, entity: &str, w: &Writing<'_>, end: End) {
        if end == End::Created
            && let Some(id) = key_text(&Datum::from(w.id.clone()))
        {
            self.tenant.links.none_yet(self.link_of_id(w.write, id));
        }
        // What a link remembers is what it was made or found with.
        let remembered = match &w.row {
            Some(row) if end != End::Created => row.remember.clone(),
            Some(_) | None => self.remember(w).ok().flatten(),
        };
        let row = LinkRow {
            id: w.link.clone(),
            target: Some(Target {
                id: target_id(&w.id),
                origin: Origin::Created,
                born_at: self.tenant.clock.now(),
            }),
            remember: remembered,
            written: None,
            written_at: None,
            intent: None,
        };
        self.set_link(entity, Some(&row));
    }
}

impl Writing<'_> {
    /// Whether what was sent made the target.
    fn created(&self) -> bool {
        self.row.as_ref().is_none_or(|row| row.target.is_none()) && self.write.entity.is_some()
    }
}

/// What a request says, as JSON.
fn body_of(request: &HttpRequest) -> Json {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

fn shape(write: &Write) -> Shape {
    let has = |part: bool| if part { Has::Yes } else { Has::No };
    Shape {
        searches: write
            .find
            .as_ref()
            .map_or(0, |find| 1 + find.otherwise.len()),
        reads: has(write.read.is_some()),
        creates: has(write.create.is_some()),
        updates: has(write.update.is_some()),
        unknown: match write.on_unknown {
            OnUnknown::Settle => WhenUnknown::Settle,
            OnUnknown::Hold => WhenUnknown::Hold,
        },
        missing: match write.on_missing {
            OnMissing::Dead => WhenMissing::Dead,
            OnMissing::Recreate => WhenMissing::Recreate,
        },
    }
}

fn target_id(id: &Json) -> TargetId {
    match id {
        Json::String(text) => TargetId::from(text.as_str()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            TargetId::from(id.to_string())
        }
    }
}

/// The id of a link as the API writes it.
fn native_id(row: &LinkRow, id: &TargetId) -> Json {
    match super::attempt::link_datum(Some(row)).to_json() {
        Ok(Json::Object(mut members)) => {
            members.remove("id").unwrap_or_else(|| native(id.as_str()))
        }
        Ok(_) | Err(_) => native(id.as_str()),
    }
}
