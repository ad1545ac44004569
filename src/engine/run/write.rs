//! `write`: performs what [`super::state`] decides. The order of what is durable and what is sent is decided
//! there; here every action is one call to the store or to a connection.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use super::attempt::{Attempt, body_hash, broken, key_text, link_id, native, remember_json};
use super::claims::Claim;
use super::compare;
use super::failure::{Class, Failure, Stop};
use super::find::{self, Candidate};
use super::lists;
use super::progress::Tick;
use super::state::{
    self, Action, End, Event, Found, Has, Op, Settle as SettleAs, Shape, WhenMissing, WhenUnknown,
};
use super::tenant::TenantRun;
use super::trace;
use crate::engine::clock::Timestamp;
use crate::engine::connect::{self, Admission, Hooks, HttpRequest, Reply, Wire, Withdrawn};
use crate::engine::record::{EntityName, RecordKey, TenantEpoch};
use crate::engine::store::{
    Adopt, Applied, Changed, ContentHash, Drop, Fingerprint, LinkId, LinkRow, OpId, OpKind, Origin,
    PlanFor, PlanIntent, Planned, Progress as Intents, Refusal, Settle, Settlement, Store as _,
    TargetId,
};
use crate::lang::expr::Datum;
use crate::lang::plan::{Compare, ErrorClass, OnMissing, OnUnknown, Write};

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
                Action::Compare => self.compare(&mut w)?,
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
                Ok(LinkId {
                    tenant: self.tenant.name.clone(),
                    identity: self.tenant.identity(&write.connector).clone(),
                    entity: EntityName::from(format!("@{}", write.connector)),
                    key: RecordKey::from(id),
                })
            }
        }
    }

    async fn look(&self, w: &mut Writing<'_>) -> Result<Event, Stop> {
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

    async fn search(&self, w: &mut Writing<'_>, n: usize) -> Result<Event, Stop> {
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

    fn remember(&self, w: &Writing<'_>) -> Result<Option<String>, Stop> {
        let text = remember_json(self.remembered(w)?, &w.id);
        Ok((text != "{}").then_some(text))
    }

    fn remembered(&self, w: &Writing<'_>) -> Result<serde_json::Map<String, Json>, Stop> {
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

    fn readers(&self, w: &Writing<'_>) -> Vec<crate::engine::store::Reader> {
        w.write
            .entity
            .as_deref()
            .map(|entity| self.tenant.readers(entity))
            .unwrap_or_default()
    }

    async fn adopt(&mut self, w: &mut Writing<'_>) -> Result<Event, Stop> {
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

    async fn relink(&mut self, w: &mut Writing<'_>) -> Result<Event, Stop> {
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

    async fn store_link(&mut self, w: &mut Writing<'_>, adopt: Adopt) -> Result<Event, Stop> {
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

    async fn drop_link(&mut self, w: &mut Writing<'_>) -> Result<Event, Stop> {
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

    async fn read(&mut self, w: &mut Writing<'_>) -> Result<Event, Stop> {
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
                lists::read_one(
                    self.tenant,
                    &read.request,
                    &scope,
                    read.found.as_ref(),
                    self.asker(),
                )
                .await
            }
        };
        drop(scope);
        if let (Some((_, name)), Ok(Some(found))) = (kept, &reply) {
            self.tenant.cache.put(name, now, Datum::Json(found.clone()));
        }
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
    fn missing(&self, w: &Writing<'_>) -> Event {
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

    fn compare(&mut self, w: &mut Writing<'_>) -> Result<Event, Stop> {
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
        if let Some(when) = &update.when
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
        let connection = self.tenant.connection(&w.write.connector);
        let request = connection
            .render(&update.request, &scope)
            .map_err(|error| Failure::broken(error.to_string(), origin))?;
        let body = body_of(&request);
        let hash = body_hash(&body);
        let written = w.row.as_ref().and_then(|row| row.written.as_ref());
        let lag = connection
            .connector()
            .settle
            .map_or(Duration::ZERO, |settle| settle.lag);
        let fresh =
            written.is_some_and(|written| written.written_at.plus(lag) > self.tenant.clock.now());
        let same = match update.compare {
            Compare::Written => written.is_some_and(|written| written.hash == hash),
            // What we wrote within the lag stands for what a lagging read shows (S17).
            Compare::Target if fresh => written.is_some_and(|written| written.hash == hash),
            Compare::Target => {
                let found = w.found.to_json().unwrap_or_default();
                compare::stands(&body, &found, &update.same)
            }
        };
        drop(scope);
        if same {
            if written.is_some_and(|written| written.hash == hash)
                && self.wrote == super::ending::Wrote::Nothing
            {
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

    async fn plan(&mut self, w: &mut Writing<'_>, op: Op) -> Result<Event, Stop> {
        let connection = self.tenant.connection(&w.write.connector).clone();
        if op == Op::Create {
            let create = w
                .write
                .create
                .as_ref()
                .expect("a create is only asked for where there is one");
            let prepared = {
                let scope = self.scope();
                let origin = &create.request.origin;
                let request = connection
                    .render(&create.request, &scope)
                    .map_err(|error| Failure::broken(error.to_string(), origin))?;
                // After a create the update's body counts as written (S37), as far as it can be told beforehand.
                let hash = self
                    .update_hash(w)
                    .unwrap_or_else(|| body_hash(&body_of(&request)));
                Prepared {
                    request,
                    hash,
                    admission: None,
                }
            };
            w.prepared = Some(prepared);
        }
        // What settles it after a crash must know all that the link is to keep (S28).
        let find = match (op, &w.sent_find) {
            (Op::Create, Some(sent)) => {
                Some(find::with_remembered(sent, self.remembered(w)?).to_string())
            }
            (Op::Create, None) | (Op::Update, _) => None,
        };
        let prepared = w.prepared.as_mut().expect("an intent has its request");
        // Rate tokens before the commit (S27): an intent never waits for its turn while it may count as sent.
        let asker = self.asker();
        match connection.admit(asker.priority, asker.pipeline).await {
            Ok(admission) => prepared.admission = Some(admission),
            Err(pause) => {
                w.failure = Some(Box::new(Failure::paused(
                    &pause,
                    &w.write.connector,
                    &w.write.origin,
                )));
                return Ok(Event::Failed);
            }
        }
        let now = self.tenant.clock.now();
        let id = OpId::from(uuid::Uuid::now_v7().simple().to_string());
        let intent = PlanIntent {
            fence: self.tenant.fence(),
            identity: w.link.identity.clone(),
            entity: w.link.entity.clone(),
            key: w.link.key.clone(),
            target: w
                .row
                .as_ref()
                .and_then(|row| row.target.as_ref())
                .map(|target| target.id.clone()),
            op: id.clone(),
            kind: match op {
                Op::Create => OpKind::Create,
                Op::Update => OpKind::Update,
            },
            find,
            hash: prepared.hash.clone(),
            settle_after: match (op, w.write.on_unknown) {
                (Op::Create, OnUnknown::Hold) => None,
                (Op::Create, OnUnknown::Settle) | (Op::Update, _) => connection
                    .connector()
                    .settle
                    .map(crate::lang::plan::Settle::bound),
            },
            work: self.work.as_ref().map(|work| PlanFor {
                record: work.record.clone(),
                taken: work.row.seq,
                attempt: work.row.attempts + 1,
                progress: work.intents,
            }),
            at: now,
        };
        let planned = self.tenant.store.plan(intent).await?;
        self.tenant.links.forget(&w.link);
        Ok(match planned {
            Planned::Planned => {
                w.op = Some(id);
                w.sent_at = now;
                if let Some(work) = &mut self.work {
                    work.intents = Intents::Later;
                }
                Event::Planned
            }
            Planned::Off { .. } => Event::Off,
            Planned::Busy(_) => Event::Open,
            Planned::Linked(_) => Event::Moved,
            Planned::Superseded => Event::Superseded,
        })
    }

    /// The hash of the update's body as it would be right after a create, where it can be rendered then.
    fn update_hash(&self, w: &Writing<'_>) -> Option<ContentHash> {
        let update = w.write.update.as_ref()?;
        // The id is not known yet; it stands in the path of an update, not in what it says.
        let scope = self
            .scope()
            .with("id", Datum::from(0))
            .with("found", Datum::Null);
        let request = self
            .tenant
            .connection(&w.write.connector)
            .render(&update.request, &scope)
            .ok()?;
        Some(body_hash(&body_of(&request)))
    }

    async fn send(&mut self, w: &mut Writing<'_>, op: Op) -> Event {
        let connection = self.tenant.connection(&w.write.connector).clone();
        let mut prepared = w.prepared.take().expect("an intent has its request");
        let admission = prepared.admission.take().expect("an intent was admitted");
        self.tenant.progress.tick(Tick::Request);
        let still_on = StillOn {
            tenant: self.tenant,
            epoch: self.tenant.fence().epoch,
        };
        let sent = connection
            .send(admission, &prepared.request, &still_on)
            .await;
        let event = match sent {
            Ok(reply) => self.applied(w, op, &prepared.request, &reply),
            Err(failure) => {
                let event = match (op, failure.wire, failure.class) {
                    (_, Wire::NotSent, _) => Event::NotSent,
                    (Op::Update, _, connect::Class::Missing) => self.missing(w),
                    // A change may be sent again in full, so a plain refusal of any status is one (S7).
                    (_, Wire::Refused, _) => Event::Refused,
                    (Op::Update, Wire::Unknown, connect::Class::Rejected) => Event::Refused,
                    (_, Wire::Unknown, _) => Event::Unknown,
                };
                let shown = trace::exchange(&prepared.request, failure.reply.as_deref());
                w.failure = Some(Box::new(
                    Failure::from_reply(*failure, &w.write.connector, &w.write.origin)
                        .with_exchange(shown),
                ));
                event
            }
        };
        w.prepared = Some(prepared);
        event
    }

    fn applied(
        &mut self,
        w: &mut Writing<'_>,
        op: Op,
        request: &HttpRequest,
        reply: &Reply,
    ) -> Event {
        let body = lists::body(reply);
        if op == Op::Create {
            let create = w.write.create.as_ref().expect("a create was sent");
            let id = {
                let scope = self
                    .scope()
                    .with_root(body.clone())
                    .with("key", Datum::from(w.link.key.as_str()));
                create
                    .id
                    .eval_datum(&scope)
                    .ok()
                    .and_then(|id| id.to_json().ok())
            };
            // A success without an id proves nothing that can be linked (S2).
            match id {
                Some(id) if key_text(&Datum::from(id.clone())).is_some() => w.id = id,
                Some(_) | None => {
                    let message = "the reply of the create holds no id".to_owned();
                    let mut failure = Failure::of(
                        Class::Reply(ErrorClass::Transient),
                        message,
                        Some(create.request.origin.clone()),
                    );
                    failure.status = Some(reply.status);
                    w.failure = Some(Box::new(
                        failure.with_exchange(trace::exchange(request, Some(reply))),
                    ));
                    return Event::Unknown;
                }
            }
        }
        if !body.is_null() {
            w.found = Datum::Json(body);
        }
        let did = match op {
            Op::Create => "created",
            Op::Update => "updated",
        };
        self.trace.wrote(w.name, did, request, &w.id.to_string());
        Event::Applied
    }

    async fn settle(&mut self, w: &mut Writing<'_>, how: SettleAs) -> Result<Event, Stop> {
        let now = self.tenant.clock.now();
        let connection = self.tenant.connection(&w.write.connector);
        let outcome = match how {
            SettleAs::Applied => {
                let prepared = w.prepared.as_ref().expect("an intent has its request");
                Settlement::Applied(Applied {
                    target: target_id(&w.id),
                    origin: Origin::Created,
                    // An update leaves what the link was made with.
                    remember: if w.created() { self.remember(w)? } else { None },
                    written: Some(Fingerprint {
                        hash: prepared.hash.clone(),
                        target_version: None,
                        written_at: now,
                    }),
                    readers: self.readers(w),
                })
            }
            SettleAs::NotApplied => Settlement::NotApplied,
            SettleAs::NotSent => Settlement::NotSent,
            SettleAs::Held => Settlement::Held,
            SettleAs::Unknown => {
                self.tenant.progress.tick(Tick::Unknown);
                let settle = connection.connector().settle;
                // `sent` is at the latest now: the reply, or its absence, came after it (S1).
                let bound =
                    now.plus(settle.map_or(Duration::ZERO, crate::lang::plan::Settle::bound));
                Settlement::Unknown { bound, due: now }
            }
        };
        let settle = Settle {
            link: w.link.clone(),
            op: w.op.clone().expect("only an intent is settled"),
            at: now,
            outcome,
        };
        let last_word = matches!(
            how,
            SettleAs::Applied | SettleAs::NotApplied | SettleAs::NotSent
        );
        if last_word && self.work.is_some() {
            let claim = w
                .claim
                .take()
                .expect("the claim is held until the outcome is stored");
            self.defer(settle, claim);
        } else {
            let changed = self.tenant.store.settle(settle).await?;
            self.tenant.links.forget(&w.link);
            if let Changed::Refused(refusal) = changed {
                tracing::error!(link = ?w.link, ?refusal, "The outcome of a write was refused by the store.");
            }
            self.tenant.wake.notify_one();
        }
        Ok(Event::Stored)
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
        // What a link remembers is what it was made or found with.
        let remembered = match &w.row {
            Some(row) if end != End::Created => row.remember.clone(),
            Some(_) | None => self.remember(w).ok().flatten(),
        };
        let row = LinkRow {
            id: w.link.clone(),
            target: Some(crate::engine::store::Target {
                id: target_id(&w.id),
                origin: Origin::Created,
                born_at: self.tenant.clock.now(),
            }),
            remember: remembered,
            written: None,
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

/// A request leaves only while the tenant runs in the epoch it was planned in (S22).
struct StillOn<'t> {
    tenant: &'t TenantRun,
    epoch: TenantEpoch,
}

impl Hooks for StillOn<'_> {
    fn before_socket(&self) -> Result<(), Withdrawn> {
        if self.tenant.fence().epoch == self.epoch {
            Ok(())
        } else {
            Err(Withdrawn {
                reason: "the integration was turned off",
            })
        }
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
