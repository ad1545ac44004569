//! What stands before anything is sent: the link, what a search finds, what is read.

use std::time::Duration;

use serde_json::Value as Json;

use super::super::attempt::{Attempt, broken, native, remember_json};
use super::super::failure::{Class, Failure, Stop};
use super::super::find::{self, Candidate};
use super::super::lists;
use super::super::progress::Tick;
use super::super::state::{Event, Found};
use super::{Writing, native_id, target_id};
use crate::engine::store::{
    Adopt, Changed, ContentHash, Drop, Fingerprint, Origin, Refusal, Store as _,
};
use crate::lang::expr::Datum;
use crate::lang::plan::ErrorClass;

impl Attempt<'_> {
    pub(super) async fn look(&self, w: &mut Writing<'_>) -> Result<Event, Stop> {
        w.row = self.tenant.links.get(&w.link).await?;
        let Some(row) = &w.row else {
            if w.write.entity.is_some() {
                return Ok(Event::Unlinked);
            }
            w.id = native(w.link.key.as_str());
            return Ok(Event::Linked);
        };
        if row.intent.is_some() {
            return Ok(Event::Open);
        }
        match &row.target {
            Some(target) => {
                w.id = native_id(row, &target.id);
                Ok(Event::Linked)
            }
            None if w.write.entity.is_none() => {
                w.id = native(w.link.key.as_str());
                Ok(Event::Linked)
            }
            None => Ok(Event::Unlinked),
        }
    }

    pub(super) async fn search(&self, w: &mut Writing<'_>, n: usize) -> Result<Event, Stop> {
        let first = w
            .write
            .find
            .as_ref()
            .expect("a search is only asked for where there is a find");
        let search = match n.checked_sub(1) {
            None => first,
            Some(n) => &first.otherwise[n],
        };
        let searched = find::search(self, search).await;
        let searched = match searched {
            Ok(searched) => searched,
            Err(Stop::Fail(failure)) => {
                w.failure = Some(failure);
                return Ok(Event::Failed);
            }
            Err(stop) => return Err(stop),
        };
        if n == 0 {
            w.sent_find = searched.sent;
        }
        let mut candidates = searched.candidates;
        let found = match candidates.len() {
            0 if searched.capped => Found::Capped,
            0 => Found::None,
            1 => {
                let Candidate { id, found } = candidates.remove(0);
                w.id = id;
                w.found = found;
                Found::One
            }
            _ => {
                w.ids = candidates
                    .iter()
                    .map(|candidate| candidate.id.to_string())
                    .collect();
                Found::Several
            }
        };
        Ok(Event::Found(found))
    }

    pub(super) fn remember(&self, w: &Writing<'_>) -> Result<Option<String>, Stop> {
        let text = remember_json(self.remembered(w)?, &w.id);
        Ok((text != "{}").then_some(text))
    }

    pub(super) fn remembered(
        &self,
        w: &Writing<'_>,
    ) -> Result<serde_json::Map<String, Json>, Stop> {
        let mut remembered = serde_json::Map::new();
        for (name, form) in &w.write.remember {
            let value = form
                .eval_datum(&self.scope())
                .map_err(|error| broken(&error, &w.write.origin))?;
            let value = value
                .to_json()
                .map_err(|error| Failure::broken(error.to_string(), &w.write.origin))?;
            remembered.insert(name.to_string(), value);
        }
        Ok(remembered)
    }

    pub(super) fn readers(&self, w: &Writing<'_>) -> Vec<crate::engine::store::Reader> {
        w.write
            .entity
            .as_deref()
            .map(|entity| self.tenant.readers(entity))
            .unwrap_or_default()
    }

    pub(super) async fn adopt(&mut self, w: &mut Writing<'_>) -> Result<Event, Stop> {
        let adopt = Adopt {
            link: w.link.clone(),
            before: w
                .row
                .as_ref()
                .and_then(|row| row.target.as_ref())
                .map(|target| target.id.clone()),
            target: target_id(&w.id),
            origin: Origin::Adopted,
            remember: self.remember(w)?,
            written: None,
            readers: self.readers(w),
            at: self.tenant.clock.now(),
        };
        let event = self.store_link(w, adopt).await?;
        if event == Event::Stored {
            self.tenant.progress.tick(Tick::Adopted);
            self.trace.step(w.name, &format!("found {}", w.id));
        }
        Ok(event)
    }

    /// What stands at the target counts as written from now on.
    pub(super) async fn take_for_written(
        &mut self,
        w: &mut Writing<'_>,
        hash: ContentHash,
    ) -> Result<Event, Stop> {
        // A record whose id is known has no link that could remember it.
        if w.write.entity.is_none() {
            return Ok(Event::Same);
        }
        let now = self.tenant.clock.now();
        let target = target_id(&w.id);
        let adopt = Adopt {
            link: w.link.clone(),
            before: Some(target.clone()),
            target,
            origin: Origin::Adopted,
            remember: None,
            written: Some(Fingerprint {
                hash,
                target_version: None,
                written_at: now,
            }),
            readers: Vec::new(),
            at: now,
        };
        let stored = self.store_link(w, adopt).await?;
        Ok(if matches!(stored, Event::Stored) {
            Event::Same
        } else {
            stored
        })
    }

    pub(super) async fn relink(&mut self, w: &mut Writing<'_>) -> Result<Event, Stop> {
        let into = w.merged_into.take().unwrap_or_default();
        let before = target_id(&w.id);
        w.id = into;
        let adopt = Adopt {
            link: w.link.clone(),
            before: Some(before),
            target: target_id(&w.id),
            origin: Origin::Adopted,
            remember: self.remember(w)?,
            written: None,
            readers: self.readers(w),
            at: self.tenant.clock.now(),
        };
        self.trace.step(w.name, &format!("merged into {}", w.id));
        self.store_link(w, adopt).await
    }

    pub(super) async fn store_link(
        &mut self,
        w: &mut Writing<'_>,
        adopt: Adopt,
    ) -> Result<Event, Stop> {
        let changed = self.tenant.store.adopt(adopt).await?;
        self.tenant.links.forget(&w.link);
        Ok(match changed {
            Changed::Stored => {
                w.row = self.tenant.links.get(&w.link).await?;
                Event::Stored
            }
            Changed::Refused(refusal) => match *refusal {
                Refusal::Busy(_) => Event::Open,
                Refusal::Linked(_) | Refusal::NotTheIntent(_) => Event::Moved,
            },
        })
    }

    pub(super) async fn drop_link(&mut self, w: &mut Writing<'_>) -> Result<Event, Stop> {
        let drop = Drop {
            link: w.link.clone(),
            before: target_id(&w.id),
        };
        let dropped = self.tenant.store.drop_target(drop).await?;
        self.tenant.links.forget(&w.link);
        self.trace
            .step(w.name, &format!("{} is gone, it is made again", w.id));
        w.row = None;
        w.id = Json::Null;
        Ok(match dropped {
            Changed::Stored => Event::Stored,
            Changed::Refused(_) => Event::Moved,
        })
    }

    pub(super) async fn read(&mut self, w: &mut Writing<'_>) -> Result<Event, Stop> {
        let read = w
            .write
            .read
            .as_ref()
            .expect("a read is only asked for where there is one");
        let scope = self
            .scope()
            .with("id", Datum::from(w.id.clone()))
            .with("key", Datum::from(w.link.key.as_str()));
        let kept = match read.cache.filter(|_| !self.looked_at_before()) {
            Some(age) => Some((age, lists::cache_key(self.tenant, &read.request, &scope)?)),
            None => None,
        };
        let now = self.tenant.clock.now();
        let known = kept
            .as_ref()
            .and_then(|(age, name)| self.tenant.cache.get(name, now, *age));
        let reply = match known {
            Some(Datum::Json(found)) => Ok(Some(found)),
            Some(_) | None => {
                let reply = lists::read_one(
                    self.tenant,
                    &read.request,
                    &scope,
                    read.found.as_ref(),
                    self.asker(),
                )
                .await;
                // From when it was read: an answer that is used does not get younger by that.
                if let (Some((age, name)), Ok(Some(found))) = (kept, &reply) {
                    let answer = Datum::Json(found.clone());
                    self.tenant.cache.put(name, now, age, answer);
                }
                reply
            }
        };
        drop(scope);
        match reply {
            Ok(Some(found)) => {
                let merged = read
                    .merged_into
                    .as_ref()
                    .and_then(|path| path.first(&found))
                    .cloned();
                w.found = Datum::Json(found);
                match merged {
                    Some(into) if !into.is_null() && into != w.id => {
                        w.merged_into = Some(into.clone());
                        Ok(Event::Merged)
                    }
                    Some(_) | None => Ok(Event::Read),
                }
            }
            Ok(None) => Ok(self.missing(w)),
            Err(failure) if failure.class == Class::Reply(ErrorClass::Missing) => {
                let event = self.missing(w);
                w.failure = Some(Box::new(failure));
                Ok(event)
            }
            Err(failure) => {
                w.failure = Some(Box::new(failure));
                Ok(Event::Failed)
            }
        }
    }

    /// A link younger than the connector's lag may not be visible yet (S6).
    pub(super) fn missing(&self, w: &Writing<'_>) -> Event {
        let born = w
            .row
            .as_ref()
            .and_then(|row| row.target.as_ref())
            .map(|target| target.born_at);
        let lag = self
            .tenant
            .connection(&w.write.connector)
            .connector()
            .settle
            .map_or(Duration::ZERO, |settle| settle.lag);
        match born {
            Some(born) if born.plus(lag) > self.tenant.clock.now() => Event::MissingYet,
            Some(_) | None => Event::Missing,
        }
    }
}
