//! One case: its tenant is turned on with its links, its records come in one after the other, and each is worked
//! until it rests. Time passes only while something waits.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use super::CasesError;
use super::compare::text;
use super::judge;
use super::script::Replies;
use super::suite::Prepared;
use crate::engine::clock::{Clock, Timestamp};
use crate::engine::connect::{Network, Secrets};
use crate::engine::record::{EntityName, PipelineName, RecordKey, Seq};
use crate::engine::run::{self, Coverage, PassEnd, Progress, TenantRun};
use crate::engine::store::{
    self, Adopt, Begins, Instruction, LinkId, Origin, Position, ReadyQuery, ScanId, ScanThen,
    SqliteStore, Store as _, TakePage, TargetId,
};
use crate::lang::plan::{EntityFrom, Pipeline, SecretSource, Tenant};

/// How long a record may wait before it counts as waiting at the end of its case.
const PATIENCE: Duration = Duration::from_secs(3600);
/// Rounds of work in a case, so that none is endless.
const ROUNDS: usize = 500;
/// Between two records.
const PAUSE: Duration = Duration::from_secs(1);
/// What `now` is where nothing says it.
const NOW: &str = "2026-01-01T00:00:00Z";

/// A case while it runs.
pub(super) struct Running<'c> {
    pub(super) tenant: Arc<TenantRun>,
    pub(super) pipeline: &'c Arc<Pipeline>,
    pub(super) replies: Arc<Replies>,
    /// The record that came last.
    pub(super) last: Option<RecordKey>,
    clock: Clock,
    wrong: Vec<String>,
}

/// Runs a case: what was otherwise than expected, and what of the plan was met.
pub(super) async fn run(
    store: &Arc<SqliteStore>,
    plan: &Arc<Tenant>,
    pipeline: &Arc<Pipeline>,
    case: &Prepared,
) -> Result<(Vec<String>, Coverage), CasesError> {
    let given = &case.given;
    let date = |text: &str| {
        let midnight = format!("{text}T00:00:00Z");
        Timestamp::parse(text).or_else(|| Timestamp::parse(&midnight))
    };
    let written = given.now.as_ref().map_or(NOW, |now| now.as_str());
    let Some(now) = date(written) else {
        return Ok((
            vec![format!("`now` is no date: {written}")],
            Coverage::default(),
        ));
    };
    let activated = match &given.activated {
        Some(text) => date(text.as_str()),
        None => Some(now),
    };
    let Some(activated) = activated else {
        return Ok((
            vec!["`activated` is no date".to_owned()],
            Coverage::default(),
        ));
    };
    let clock = Clock::standing(now);
    let replies = Arc::new(Replies::new(given.replies.iter().cloned()));
    let network = Network::scripted(clock.clone(), replies.clone());
    let secrets = Secrets::new(
        SecretSource::Environment(String::new().into()),
        clock.clone(),
    );
    let progress = Arc::new(Progress::noting());
    let tenant = TenantRun::open(
        plan.clone(),
        store.clone(),
        clock.clone(),
        &network,
        &secrets,
        progress.clone(),
        None,
    )
    .await?;
    replies.know(tenant.connections.values().cloned());
    let mut running = Running {
        tenant,
        pipeline,
        replies,
        last: None,
        clock,
        wrong: Vec::new(),
    };
    running.turn_on(activated).await?;
    running.link(case).await?;
    running.feed(case).await?;
    if running.wrong.is_empty() && running.replies.unanswered().is_empty() {
        let wrong = judge::judge(&running, &case.expect).await?;
        running.wrong.extend(wrong);
    }
    running.wrong.extend(running.replies.unanswered());
    Ok((running.wrong, progress.coverage()))
}

impl Running<'_> {
    async fn turn_on(&self, activated_at: Timestamp) -> Result<(), CasesError> {
        let tenant = &self.tenant;
        let now = self.clock.now();
        let on = Instruction::Activate { activated_at };
        tenant.order("case", now, on).await?;
        let epoch = tenant.refresh().await?.epoch;
        let finish = Instruction::FinishActivation { epoch };
        tenant.order("case", now, finish).await?;
        tenant.refresh().await?;
        Ok(())
    }

    async fn link(&mut self, case: &Prepared) -> Result<(), CasesError> {
        for (entity, links) in &case.given.links {
            for (key, link) in self.pairs(entity, &links.0) {
                let mut remembered = link.as_object().cloned().unwrap_or_default();
                let id = remembered
                    .shift_remove("id")
                    .unwrap_or_else(|| link.clone());
                let remember =
                    (!remembered.is_empty()).then(|| Json::Object(remembered).to_string());
                let adopt = Adopt {
                    link: self.link_id(entity, &key),
                    before: None,
                    target: TargetId::from(text(&id)),
                    origin: Origin::Created,
                    remember,
                    written: None,
                    readers: Vec::new(),
                    // What was there before the case is no news.
                    at: self.clock.now().minus(Duration::from_secs(86_400)),
                };
                self.tenant.store().adopt(adopt).await?;
            }
        }
        Ok(())
    }

    /// Whether an entity's source end is the tenant: there is one link of it.
    pub(super) fn is_of_tenant(&self, entity: &str) -> bool {
        let entities = &self.tenant.plan.integration.entities;
        entities
            .get(entity)
            .is_some_and(|entity| entity.from == EntityFrom::Tenant)
    }

    /// The links of an entity as a case writes them, by key.
    pub(super) fn pairs<'l>(&self, entity: &str, links: &'l Json) -> Vec<(String, &'l Json)> {
        match links.as_object().filter(|_| !self.is_of_tenant(entity)) {
            Some(links) => links
                .iter()
                .map(|(key, link)| (key.clone(), link))
                .collect(),
            None => vec![(self.tenant.name().to_string(), links)],
        }
    }

    /// The link of an entity that `validate` knows.
    pub(super) fn link_id(&self, entity: &str, key: &str) -> LinkId {
        let identity = self
            .tenant
            .entity_identity(entity)
            .unwrap_or_else(|| self.source_identity());
        LinkId {
            tenant: self.tenant.name().clone(),
            identity,
            entity: EntityName::from(entity),
            key: RecordKey::from(key),
        }
    }

    /// Whose data the pipeline's records are.
    pub(super) fn source_identity(&self) -> crate::engine::record::Identity {
        self.tenant
            .identity(&self.pipeline.fetch.request.connector)
            .clone()
    }

    /// Lets everything come in that the case gives.
    async fn feed(&mut self, case: &Prepared) -> Result<(), CasesError> {
        for (name, pages) in &case.given.signals {
            let full = format!("{}/{name}", self.pipeline.name);
            let signal = self.pipeline.signals.iter().find(|one| *one.name == *full);
            let Some(signal) = signal.cloned() else {
                self.wrong
                    .push(format!("the pipeline has no signal `{name}`"));
                return Ok(());
            };
            self.read(&signal, pages.iter().map(|page| page.0.clone()))
                .await;
            self.rest().await?;
        }
        if !case.given.pages.is_empty() {
            let source = self.pipeline.clone();
            let pages = case.given.pages.iter().map(|page| page.0.clone());
            self.read(&source, pages).await;
            self.rest().await?;
        }
        for record in &case.given.records {
            if !self.replies.unanswered().is_empty() {
                return Ok(());
            }
            self.take_in(&record.0).await?;
            self.rest().await?;
            self.clock.sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn read(&mut self, source: &Pipeline, pages: impl Iterator<Item = Json>) {
        self.replies.begin_feed(pages);
        let end = run::pass(&self.tenant, source, &CancellationToken::new()).await;
        self.wrong.extend(self.replies.end_feed());
        if let PassEnd::Later { reason, .. } | PassEnd::Stalled(reason) = end {
            self.wrong
                .push(format!("`{}` cannot be read: {reason}", source.name));
        }
    }

    /// One record, as a page of its own would bring it (T1).
    async fn take_in(&mut self, record: &Json) -> store::Result<()> {
        let tenant = &self.tenant;
        let item = run::item(tenant, self.pipeline, &Arc::new(record.clone())).await;
        self.last = Some(item.key.clone());
        let (fence, identity) = (tenant.fence(), self.source_identity());
        let pipeline = PipelineName::from(&*self.pipeline.name);
        let page = TakePage {
            fence,
            identity,
            pipeline,
            scan: ScanId::from(uuid::Uuid::now_v7().simple().to_string()),
            begins: Some(Begins {
                lower: None,
                started: self.clock.now(),
            }),
            request_started: self.clock.now(),
            items: vec![item],
            position: Position::default(),
            watermark: None,
            then: ScanThen::Ends,
        };
        tenant.store().take_page(page).await?;
        Ok(())
    }

    /// Works what there is until everything rests.
    async fn rest(&mut self) -> store::Result<()> {
        let until = self.clock.now().plus(PATIENCE);
        for _ in 0..ROUNDS {
            if !self.replies.unanswered().is_empty() {
                return Ok(());
            }
            if self.work().await? {
                continue;
            }
            run::settle_due(&self.tenant).await;
            let store = self.tenant.store();
            let name = self.tenant.name();
            let counts = store.counts(name).await?;
            let waits = counts.iter().any(|count| {
                matches!(
                    count.state,
                    store::RecordState::Ready | store::RecordState::Waiting
                )
            });
            let open = store.open_intents(name).await?;
            let unknown = !open.iter().all(store::LinkRow::is_held);
            let due = store.next_due(name).await?;
            match due {
                Some(due) if (waits || unknown) && due <= until => {
                    self.clock.sleep_until(due).await;
                }
                _ => return Ok(()),
            }
        }
        self.wrong
            .push(format!("the case does not come to rest in {ROUNDS} rounds"));
        Ok(())
    }

    /// Works every record that is ready; says whether there was one.
    async fn work(&self) -> store::Result<bool> {
        let rows = self
            .tenant
            .store()
            .ready(ReadyQuery {
                tenant: self.tenant.name().clone(),
                pipelines: vec![PipelineName::from(&*self.pipeline.name)],
                after: Seq(i64::MIN),
                now: self.clock.now(),
                limit: 64,
            })
            .await?;
        let any = !rows.is_empty();
        for taken in self.tenant.unpack(rows).await? {
            run::work(&self.tenant, self.pipeline, taken).await;
        }
        Ok(any)
    }
}
