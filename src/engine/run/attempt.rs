//! One attempt at one record: what its steps see, and how it ends in the store (T4).

mod work;

use std::sync::Arc;

use serde_json::Value as Json;
use tracing::error;

use super::claims::Claim;
use super::ending::Wrote;
use super::failure::{Failure, Stop};
use super::linked::Asked;
use super::lists::Asker;
use super::tenant::TenantRun;
use super::trace::Trace;
use crate::engine::clock::Timestamp;
use crate::engine::connect::Priority;
use crate::engine::record::{EntityName, PipelineName, RecordKey};
use crate::engine::store::{
    Changed, ContentHash, LinkId, LinkRow, Progress as Intents, RecordId, RecordRow, Settle,
    Store as _, TargetId, Verdict,
};
use crate::lang::expr::{Datum, FormError, Members, Scope};
use crate::lang::plan::{self, EntityFrom, LinkEnd, Origin, Pipeline};

pub(crate) use work::{Ended, judge, work};

/// The state of one attempt: what the steps see and what they did.
pub(crate) struct Attempt<'t> {
    pub(crate) tenant: &'t TenantRun,
    pub(crate) pipeline: Option<&'t Pipeline>,
    pub(crate) work: Option<Work>,
    pub(crate) settings: Arc<plan::Settings>,
    pub(crate) trace: Trace,
    pub(crate) wrote: Wrote,
    priority: Priority,
    lane: PipelineName,
    base: Scope<'t>,
    pub(crate) asked: Asked,
    root: Arc<Json>,
    key: Option<RecordKey>,
    frame: Frame,
    link: Arc<Members>,
    extra: Vec<(Arc<str>, Datum)>,
    pending: Option<Pending>,
}

/// What a list of steps made so far: a routine has a frame of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    vars: Arc<Members>,
    steps: Arc<Members>,
}

impl Frame {
    /// What the transforms named.
    pub(crate) fn result(self) -> Datum {
        Datum::Map(self.vars)
    }
}

/// The record an attempt is for.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) record: RecordId,
    pub(crate) row: RecordRow,
    /// Whether an intent was made.
    pub(crate) intents: Intents,
}

/// An outcome that will be stored with the record's end, or before anything else is sent or stored.
struct Pending {
    settle: Settle,
    _claim: Claim<LinkId>,
}

impl<'t> Attempt<'t> {
    /// For steps without a record: `on_activate` and `requires`.
    pub(crate) fn without_record(
        tenant: &'t TenantRun,
        now: Timestamp,
        priority: Priority,
    ) -> Self {
        let settings = tenant.plan.settings.clone();
        let asked = Asked::default();
        let mut base = tenant.scope(&settings, now);
        base.set("linked", asked.function());
        Self {
            base,
            asked,
            tenant,
            pipeline: None,
            work: None,
            settings,
            trace: Trace::default(),
            wrote: Wrote::Nothing,
            priority,
            lane: PipelineName::from("-"),
            root: Arc::new(Json::Null),
            key: None,
            frame: Frame::default(),
            link: Arc::default(),
            extra: Vec::new(),
            pending: None,
        }
    }

    /// For a record with its content.
    fn for_record(
        tenant: &'t TenantRun,
        pipeline: &'t Pipeline,
        row: RecordRow,
        record: Arc<Json>,
    ) -> Self {
        // `now` is fixed at intake (S37), so that a retry sends what the first attempt would have sent.
        let mut attempt = Self::without_record(tenant, row.since, Priority::Event);
        attempt.pipeline = Some(pipeline);
        attempt.lane = row.id.pipeline.clone();
        attempt.root = record;
        attempt.key = Some(row.id.key.clone());
        attempt.work = Some(Work {
            record: row.id.clone(),
            row,
            intents: Intents::First,
        });
        attempt
    }

    /// For finding out what a row's work is serial by, before it is in the inbox.
    pub(crate) fn for_intake(
        tenant: &'t TenantRun,
        pipeline: &'t Pipeline,
        key: &RecordKey,
        record: &Arc<Json>,
    ) -> Self {
        let mut attempt = Self::without_record(tenant, tenant.clock.now(), Priority::Poll);
        attempt.pipeline = Some(pipeline);
        attempt.root = record.clone();
        attempt.key = Some(key.clone());
        attempt
    }

    /// What an expression of the present step sees.
    pub(crate) fn scope(&self) -> Scope<'_> {
        let mut scope = self
            .base
            .child()
            .with("vars", Datum::Map(self.frame.vars.clone()))
            .with("steps", Datum::Map(self.frame.steps.clone()))
            .with("link", Datum::Map(self.link.clone()));
        if self.pipeline.is_some() {
            scope.set("record", Datum::Json(self.root.clone()));
            scope = scope.with_root(self.root.clone());
        }
        for (name, datum) in &self.extra {
            scope.set(name.to_string(), datum.clone());
        }
        scope
    }

    /// Who asks, when this attempt sends something.
    pub(crate) fn asker(&self) -> Asker<'_> {
        Asker {
            priority: self.priority,
            pipeline: &self.lane,
        }
    }

    /// The record's key as written by expressions where `key:` is left out.
    pub(crate) fn record_key(&self) -> Option<&RecordKey> {
        self.key.as_ref()
    }

    /// Whether the record was tried or held before: it is looked at with fresh eyes (S42).
    pub(crate) fn looked_at_before(&self) -> bool {
        self.work.as_ref().is_some_and(|work| work.row.attempts > 0)
    }

    /// Makes a name known until [`Attempt::leave`].
    pub(crate) fn enter(&mut self, name: &Arc<str>, datum: Datum) {
        self.extra.push((name.clone(), datum));
    }

    /// Forgets the name entered last.
    pub(crate) fn leave(&mut self) {
        self.extra.pop();
    }

    pub(crate) fn set_var(&mut self, name: &str, datum: Datum) {
        Arc::make_mut(&mut self.frame.vars).insert(name.to_owned(), datum);
    }

    /// A step's result; a step that is run by `each` keeps one result per item.
    pub(crate) fn set_step(&mut self, name: &str, datum: Datum) {
        Arc::make_mut(&mut self.frame.steps).insert(name.to_owned(), datum);
    }

    /// Puts another frame in the place of the present one, which is given back.
    pub(crate) fn swap_frame(&mut self, frame: Frame) -> Frame {
        std::mem::replace(&mut self.frame, frame)
    }

    /// A link as expressions see it from now on.
    pub(crate) fn set_link(&mut self, entity: &str, row: Option<&LinkRow>) {
        Arc::make_mut(&mut self.link).insert(entity.to_owned(), link_datum(row));
    }

    /// Keeps an outcome to be stored with the record's end.
    pub(crate) fn defer(&mut self, settle: Settle, claim: Claim<LinkId>) {
        self.pending = Some(Pending {
            settle,
            _claim: claim,
        });
    }

    /// Stores a kept outcome now: something else is about to be sent or stored.
    pub(crate) async fn flush(&mut self) -> Result<(), Stop> {
        let Some(pending) = self.pending.take() else {
            return Ok(());
        };
        let link = pending.settle.link.clone();
        let changed = self.tenant.store.settle(pending.settle).await?;
        self.tenant.links.forget(&link);
        if let Changed::Refused(refusal) = changed {
            error!(entity = %link.entity, key = %link.key, ?refusal, "The outcome of a write was refused by the store.");
        }
        Ok(())
    }

    /// Reads the links of entities whose source end is the tenant itself: the only ones known without a record.
    pub(crate) async fn load_constant_links(&mut self) -> Result<(), Stop> {
        for (name, entity) in &self.tenant.plan.integration.entities {
            if entity.from == EntityFrom::Tenant {
                let link = link_id(self.tenant, name, self.tenant.name.to_string());
                let row = self.tenant.links.get(&link).await?;
                self.set_link(name, row.as_deref());
            }
        }
        Ok(())
    }

    /// Reads the links that the record is an end of.
    pub(crate) async fn load_links(&mut self) -> Result<(), Stop> {
        let Some(pipeline) = self.pipeline else {
            return Ok(());
        };
        for (entity, end) in &pipeline.links {
            let row = self.link_of(pipeline, entity, end).await?;
            self.set_link(entity, row.as_deref());
        }
        Ok(())
    }

    async fn link_of(
        &self,
        pipeline: &Pipeline,
        entity: &Arc<str>,
        end: &LinkEnd,
    ) -> Result<Option<Arc<LinkRow>>, Stop> {
        let broken =
            |error: FormError| Failure::broken(error.to_string(), &pipeline.fetch.request.origin);
        match end {
            LinkEnd::Key(form) | LinkEnd::Source(form) => {
                let key = form.eval_datum(&self.scope()).map_err(broken)?;
                match key_text(&key) {
                    Some(key) => Ok(self
                        .tenant
                        .links
                        .get(&link_id(self.tenant, entity, key))
                        .await?),
                    None => Ok(None),
                }
            }
            LinkEnd::Id(form) | LinkEnd::Made(form) => {
                let id = form.eval_datum(&self.scope()).map_err(broken)?;
                match key_text(&id) {
                    Some(id) => links_to(self.tenant, entity, &id).await,
                    None => Ok(None),
                }
            }
        }
    }

    /// Settings of the record's subject take the place of the tenant's.
    fn choose_settings(&mut self) -> Result<(), Stop> {
        let Some(pipeline) = self.pipeline else {
            return Ok(());
        };
        let Some(form) = &pipeline.overrides_for else {
            return Ok(());
        };
        let subject = form
            .eval_datum(&self.scope())
            .map_err(|error| Failure::broken(error.to_string(), &pipeline.fetch.request.origin))?;
        let settings = self.tenant.plan.settings_for(key_text(&subject).as_deref());
        if !Arc::ptr_eq(settings, &self.settings) {
            self.settings = settings.clone();
            self.base.set("settings", settings.values.clone());
        }
        Ok(())
    }
}

/// The links a record's attempt will ask for, as far as its content alone says: read ahead in one go.
pub(crate) fn links_ahead(
    tenant: &TenantRun,
    pipeline: &Pipeline,
    record: &Arc<Json>,
) -> Vec<LinkId> {
    let base = tenant.scope(&tenant.plan.settings, Timestamp::EPOCH);
    let scope = base
        .child()
        .with("record", Datum::Json(record.clone()))
        .with_root(record.clone());
    pipeline
        .links
        .iter()
        .filter_map(|(entity, end)| match end {
            LinkEnd::Key(form) | LinkEnd::Source(form) => {
                let key = form.eval_datum(&scope).ok().as_ref().and_then(key_text)?;
                Some(link_id(tenant, entity, key))
            }
            LinkEnd::Id(_) | LinkEnd::Made(_) => None,
        })
        .collect()
}

/// A key or id in canonical text: 1 and "1" are the same; null is none (S36).
pub(crate) fn key_text(datum: &Datum) -> Option<String> {
    match datum.to_json().ok()? {
        Json::String(text) if !text.is_empty() => Some(text),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        Json::String(_) | Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// An id as JSON: digits without leading zeros are a number, as APIs with numbered records want them.
pub(crate) fn native(id: &str) -> Json {
    match id.parse::<i64>() {
        Ok(number) if number.to_string() == id => Json::from(number),
        Ok(_) | Err(_) => Json::String(id.to_owned()),
    }
}

/// The link of an entity that leads to a made thing.
pub(crate) async fn links_to(
    tenant: &TenantRun,
    entity: &Arc<str>,
    id: &str,
) -> Result<Option<Arc<LinkRow>>, Stop> {
    let identity = tenant.identity(&to_connector(tenant, entity)).clone();
    let entity = EntityName::from(&**entity);
    let rows = tenant
        .store
        .links_to(&tenant.name, &identity, &entity, &TargetId::from(id))
        .await?;
    Ok(rows.into_iter().next().map(Arc::new))
}

/// The link of an entity for a key.
pub(crate) fn link_id(tenant: &TenantRun, entity: &Arc<str>, key: String) -> LinkId {
    LinkId {
        tenant: tenant.name.clone(),
        identity: tenant.identity(&to_connector(tenant, entity)).clone(),
        entity: EntityName::from(&**entity),
        key: RecordKey::from(key),
    }
}

fn to_connector(tenant: &TenantRun, entity: &str) -> Arc<str> {
    tenant
        .plan
        .integration
        .entities
        .get(entity)
        .map(|entity| entity.to.0.clone())
        .expect("the plan proved that every entity in use is declared")
}

/// Name under which a link remembers that its id is text although it looks like a number.
const TEXT_ID: &str = "$text_id";

/// What a link keeps, as stored: what the pipeline remembers, and whether its id is text.
pub(crate) fn remember_json(remembered: serde_json::Map<String, Json>, id: &Json) -> String {
    let mut remembered = remembered;
    if id.as_str().is_some_and(|id| native(id).is_number()) {
        remembered.insert(TEXT_ID.to_owned(), Json::Bool(true));
    }
    Json::Object(remembered).to_string()
}

/// `link.<entity>`: null, or its key, its id and what it remembers.
pub(crate) fn link_datum(row: Option<&LinkRow>) -> Datum {
    let Some((row, target)) = row.and_then(|row| Some((row, row.target.as_ref()?))) else {
        return Datum::Null;
    };
    let remembered: serde_json::Map<String, Json> = row
        .remember
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let id = if remembered.contains_key(TEXT_ID) {
        Json::String(target.id.to_string())
    } else {
        native(target.id.as_str())
    };
    let mut members: Vec<(String, Datum)> = vec![
        ("key".to_owned(), Datum::from(native(row.id.key.as_str()))),
        ("id".to_owned(), Datum::from(id)),
    ];
    members.extend(
        remembered
            .into_iter()
            .filter(|(name, _)| name != TEXT_ID)
            .map(|(name, value)| (name, Datum::from(value))),
    );
    Datum::map(members)
}

/// The error of an expression as the failure of a record.
pub(crate) fn broken(error: &impl std::fmt::Display, origin: &Origin) -> Stop {
    Stop::from(Failure::broken(error.to_string(), origin))
}

/// Whether a verdict keeps a record from being judged again.
pub(crate) fn judged(verdict: Option<Verdict>) -> bool {
    verdict.is_some()
}

/// The hash of a body, equal for equal content: what renders a body writes equal values in one way.
pub(crate) fn body_hash(body: &[u8]) -> ContentHash {
    ContentHash::of(body)
}
