//! What is sent: its intent before, its outcome after (T2, T3).

use std::time::Duration;

use super::super::attempt::{Attempt, body_hash, key_text};
use super::super::failure::{Class, Failure, Stop};
use super::super::find;
use super::super::lists;
use super::super::progress::Tick;
use super::super::state::{Event, Op, Settle as SettleAs};
use super::super::tenant::TenantRun;
use super::super::trace;
use super::{Prepared, Writing, target_id};
use crate::engine::connect::{self, Hooks, HttpRequest, RenderError, Reply, Wire, Withdrawn};
use crate::engine::record::TenantEpoch;
use crate::engine::store::{
    Applied, Changed, ContentHash, Fingerprint, OpId, OpKind, Origin, PlanFor, PlanIntent, Planned,
    Progress as Intents, Settle, Settlement, Store as _,
};
use crate::lang::expr::Datum;
use crate::lang::plan::{ErrorClass, OnUnknown};

impl Attempt<'_> {
    pub(super) async fn plan(&mut self, w: &mut Writing<'_>, op: Op) -> Result<Event, Stop> {
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
                let broken = |error: RenderError| Failure::broken(error.to_string(), origin);
                let request = connection.render(&create.request, &scope).map_err(broken)?;
                let mut files = Vec::new();
                for from in create.request.files() {
                    let account = self.tenant.connection(&from.connector);
                    files.push(account.file(from, &scope, origin).map_err(broken)?);
                }
                let request = request.with_files(files);
                // After a create the update's body counts as written (S37), as far as it can be told beforehand.
                let hash = self
                    .update_hash(w)
                    .unwrap_or_else(|| body_hash(&request.body));
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
    pub(super) fn update_hash(&self, w: &Writing<'_>) -> Option<ContentHash> {
        let update = w.write.update.as_ref()?;
        // The id is not known yet; it stands in the path of an update, not in what it says.
        let scope = self
            .scope()
            .with("id", Datum::from(0))
            .with("found", Datum::Null);
        let body = self
            .tenant
            .connection(&w.write.connector)
            .render_body(&update.request, &scope)
            .ok()?;
        Some(body_hash(&body))
    }

    pub(super) async fn send(&mut self, w: &mut Writing<'_>, op: Op) -> Event {
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

    pub(super) fn applied(
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

    pub(super) async fn settle(
        &mut self,
        w: &mut Writing<'_>,
        how: SettleAs,
    ) -> Result<Event, Stop> {
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
