//! One pass over a source: pages enter the inbox, and the position moves with them (T1).

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, debug, error, error_span, warn};

use super::attempt::key_text;
use super::failure::Failure;
use super::item::item;
use super::lists::{self, Asker};
use super::signal;
use super::tenant::TenantRun;
use crate::engine::clock::Timestamp;
use crate::engine::connect::paging::{
    self, CursorRules, CursorValue, Overlap, Page, PagingError, Place, Purpose, Scan, ScanStart,
    Style, Then, read_row, reply_facts,
};
use crate::engine::connect::{Jitter, Priority, ceiling};
use crate::engine::record::PipelineName;
use crate::engine::store::{
    self, Begins, CursorId, CursorRow, Error, Mark, Position, ScanId, ScanThen, Store as _,
    TakePage, Taken,
};
use crate::engine::telemetry::names::span;
use crate::lang::plan::{Pipeline, Sweep};

/// How a pass ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassEnd {
    /// Everything there was has been read.
    Complete,
    /// Everything there was has been read, and the source wants to rest until then.
    Rests(Timestamp),
    /// It could not go on; to be tried again then.
    Later {
        /// When.
        at: Timestamp,
        /// Why, for people.
        reason: String,
    },
    /// It was told to stop before the end.
    Cut,
    /// It cannot go on until something changes (S34).
    Stalled(String),
}

/// What is remembered of the sources of a tenant between passes.
#[derive(Debug, Default)]
pub(crate) struct Sources(Mutex<HashMap<PipelineName, Source>>);

#[derive(Debug)]
struct Source {
    overlap: Overlap,
    swept: Duration,
    failures: u32,
    seen: Seen,
}

/// What a pass read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Pages.
    pub pages: u64,
    /// Rows on them.
    pub rows: u64,
    /// Rows that were new or newer.
    pub new: u64,
}

impl Sources {
    fn with<T>(
        &self,
        tenant: &TenantRun,
        pipeline: &Pipeline,
        see: impl FnOnce(&mut Source) -> T,
    ) -> T {
        let now = tenant.clock.monotonic();
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let source = sources
            .entry(PipelineName::from(&*pipeline.name))
            .or_insert_with(|| Source {
                overlap: Overlap::new(
                    pipeline
                        .fetch
                        .cursor
                        .as_ref()
                        .map_or(Duration::ZERO, |cursor| cursor.overlap),
                    now,
                ),
                swept: now,
                failures: 0,
                seen: Seen::default(),
            });
        see(source)
    }

    /// What was read of a pipeline's source since this was asked last.
    pub(crate) fn seen(&self, tenant: &TenantRun, pipeline: &Pipeline) -> Seen {
        self.with(tenant, pipeline, |source| std::mem::take(&mut source.seen))
    }
}

/// Why a pass ended before its time.
enum Cut {
    Failure(Box<Failure>),
    Paging(PagingError),
    Store(Error),
    Stopped,
}

impl From<Failure> for Cut {
    fn from(failure: Failure) -> Self {
        Self::Failure(Box::new(failure))
    }
}

impl From<Error> for Cut {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<PagingError> for Cut {
    fn from(error: PagingError) -> Self {
        Self::Paging(error)
    }
}

/// Reads a pipeline's source from where it stands to its end.
pub(crate) async fn pass(
    tenant: &TenantRun,
    pipeline: &Pipeline,
    stop: &CancellationToken,
) -> PassEnd {
    let began = tenant.clock.monotonic();
    let span = error_span!(span::PASS, tenant = %tenant.name, pipeline = %pipeline.name);
    let read = async {
        // A panic is a mistake of ours: the source is read again all the same, from where it stands.
        let read = AssertUnwindSafe(both(tenant, pipeline, stop, began));
        match read.catch_unwind().await {
            Ok(ended) => judged(tenant, pipeline, ended),
            Err(_) => {
                let reason = "Syncline made a mistake (a panic); its log says where".to_owned();
                error!(tenant = %tenant.name, pipeline = %pipeline.name, "A pass ended in a panic; later again.");
                ("later", later(tenant, pipeline, None, reason))
            }
        }
    };
    let (counts_as, end) = read.instrument(span).await;
    if counts_as == "complete" {
        let now = tenant.clock.now();
        tenant
            .progress
            .source_read(&tenant.name, &pipeline.name, now);
    }
    let took = tenant.clock.monotonic() - began;
    let metrics = tenant.progress.metrics();
    metrics.pipeline(&pipeline.name).passed(counts_as, took);
    end
}

/// What is new, and what was missed.
async fn both(
    tenant: &TenantRun,
    pipeline: &Pipeline,
    stop: &CancellationToken,
    began: Duration,
) -> Result<Option<Duration>, Cut> {
    match read(tenant, pipeline, Purpose::Poll, stop).await {
        Ok(rest) => {
            tenant.sources.with(tenant, pipeline, |source| {
                source.overlap.passed(began);
                source.failures = 0;
            });
            sweep(tenant, pipeline, stop).await.map(|()| rest)
        }
        Err(cut) => Err(cut),
    }
}

/// How a pass ended, and what metrics call it.
fn judged(
    tenant: &TenantRun,
    pipeline: &Pipeline,
    ended: Result<Option<Duration>, Cut>,
) -> (&'static str, PassEnd) {
    let counts_as = if matches!(ended, Err(Cut::Stopped)) {
        "stopped"
    } else {
        "complete"
    };
    let end = match ended {
        Ok(Some(rest)) => PassEnd::Rests(tenant.clock.now().plus(rest)),
        Ok(None) => PassEnd::Complete,
        Err(Cut::Stopped) => PassEnd::Cut,
        Err(Cut::Paging(error)) => PassEnd::Stalled(error.to_string()),
        Err(Cut::Store(error)) => later(tenant, pipeline, None, error.to_string()),
        Err(Cut::Failure(failure)) => match failure.class {
            super::failure::Class::Broken | super::failure::Class::Own => {
                PassEnd::Stalled(failure.detail())
            }
            super::failure::Class::Reply(crate::lang::plan::ErrorClass::Rejected) => {
                PassEnd::Stalled(failure.detail())
            }
            super::failure::Class::Reply(_) | super::failure::Class::Paging => later(
                tenant,
                pipeline,
                failure.retry_at.max(failure.rests),
                failure.detail(),
            ),
        },
    };
    let counts_as = match end {
        PassEnd::Complete | PassEnd::Rests(_) | PassEnd::Cut => counts_as,
        PassEnd::Later { .. } => "later",
        PassEnd::Stalled(_) => "stalled",
    };
    (counts_as, end)
}

fn later(
    tenant: &TenantRun,
    pipeline: &Pipeline,
    retry_at: Option<Timestamp>,
    reason: String,
) -> PassEnd {
    let connection = tenant.connection(&pipeline.fetch.request.connector);
    let retry = connection.connector().retry;
    let failures = tenant.sources.with(tenant, pipeline, |source| {
        source.failures += 1;
        source.failures
    });
    let now = tenant.clock.now();
    let mut jitter = Jitter::seeded(u64::from(failures));
    let wait = jitter.up_to(ceiling(retry.first, retry.max, failures));
    let at = retry_at.map_or(now.plus(wait), |at| at.max(now.plus(wait)));
    debug!(pipeline = %pipeline.name, %reason, until = %at, "A source could not be read; later again.");
    PassEnd::Later { at, reason }
}

/// Reads a window again for rows that were missed (S15).
async fn sweep(
    tenant: &TenantRun,
    pipeline: &Pipeline,
    stop: &CancellationToken,
) -> Result<(), Cut> {
    let Some(Sweep::Window(window)) = pipeline.fetch.cursor.as_ref().map(|cursor| cursor.sweep)
    else {
        return Ok(());
    };
    let now = tenant.clock.monotonic();
    let due = tenant.sources.with(tenant, pipeline, |source| {
        let due = now >= source.swept + window;
        if due {
            source.swept = now;
        }
        due
    });
    if due {
        let row = cursor_row(tenant, pipeline).await?;
        let until = row
            .and_then(|row| row.watermark)
            .and_then(|mark| CursorValue::parse(&mark.text));
        read(tenant, pipeline, Purpose::Sweep { until }, stop).await?;
    }
    Ok(())
}

fn cursor_id(tenant: &TenantRun, pipeline: &Pipeline) -> CursorId {
    CursorId {
        tenant: tenant.name.clone(),
        identity: tenant.identity(&pipeline.fetch.request.connector).clone(),
        pipeline: PipelineName::from(&*pipeline.name),
    }
}

async fn cursor_row(tenant: &TenantRun, pipeline: &Pipeline) -> store::Result<Option<CursorRow>> {
    tenant.store.cursor(&cursor_id(tenant, pipeline)).await
}

/// Where the first pass ever starts.
fn first_value(tenant: &TenantRun, pipeline: &Pipeline) -> Result<Option<CursorValue>, Cut> {
    let Some(cursor) = &pipeline.fetch.cursor else {
        return Ok(None);
    };
    let origin = &pipeline.fetch.request.origin;
    let scope = tenant.scope(&tenant.plan.settings, tenant.clock.now());
    let start = cursor
        .start
        .eval_datum(&scope)
        .map_err(|error| Failure::broken(error.to_string(), origin))?;
    let start = start.to_json().unwrap_or_default();
    match CursorValue::from_json(&start) {
        Some(value) => Ok(Some(value)),
        None => Err(Failure::broken(
            format!("`cursor.start` is {start}, which is no date and no number"),
            origin,
        )
        .into()),
    }
}

fn first_token(tenant: &TenantRun, pipeline: &Pipeline) -> Result<Option<Arc<str>>, Cut> {
    let Some(from) = &pipeline.fetch.from else {
        return Ok(None);
    };
    let scope = tenant.scope(&tenant.plan.settings, tenant.clock.now());
    let from = from
        .eval_datum(&scope)
        .map_err(|error| Failure::broken(error.to_string(), &pipeline.fetch.request.origin))?;
    Ok(key_text(&from).map(Arc::from))
}

fn stored_position(position: &Position) -> paging::Position {
    paging::Position {
        place: Place {
            at: position.at.clone(),
            tie: position.tie.clone(),
            page: position.page.clone(),
        },
        highest: position.highest.as_ref().map(|mark| paging::Mark {
            text: mark.text.as_str().into(),
            at: mark.at,
        }),
    }
}

fn position_to_store(position: &paging::Position) -> Position {
    Position {
        at: position.place.at.clone(),
        tie: position.place.tie.clone(),
        page: position.place.page.clone(),
        highest: position.highest.as_ref().map(mark_to_store),
    }
}

fn mark_to_store(mark: &paging::Mark) -> Mark {
    Mark {
        text: mark.text.to_string(),
        at: mark.at,
    }
}

/// One scan to its end. Says how long the source wants to rest, if it does.
async fn read(
    tenant: &TenantRun,
    pipeline: &Pipeline,
    purpose: Purpose,
    stop: &CancellationToken,
) -> Result<Option<Duration>, Cut> {
    let fetch = &pipeline.fetch;
    let connection = tenant.connection(&fetch.request.connector).clone();
    let row = cursor_row(tenant, pipeline).await?;
    let watermark = row.as_ref().and_then(|row| row.watermark.clone());
    let stands = row.as_ref().is_some_and(|row| row.stalled.is_none());
    let open = row
        .and_then(|row| row.scan)
        .filter(|_| purpose == Purpose::Poll);
    let now = tenant.clock.now();
    let lower = match (
        &open,
        &purpose,
        watermark
            .as_ref()
            .and_then(|mark| CursorValue::parse(&mark.text)),
    ) {
        (Some(scan), _, _) if fetch.cursor.is_some() => {
            match scan.lower.as_deref().and_then(CursorValue::parse) {
                Some(lower) => Some(lower),
                None => first_value(tenant, pipeline)?,
            }
        }
        (_, Purpose::Sweep { .. }, Some(watermark)) => {
            let window = match fetch.cursor.as_ref().map(|cursor| cursor.sweep) {
                Some(Sweep::Window(window)) => window,
                Some(Sweep::None) | None => Duration::ZERO,
            };
            Some(watermark.minus(window))
        }
        (_, _, Some(watermark)) if fetch.cursor.is_some() => Some(tenant.sources.with(
            tenant,
            pipeline,
            |source| source.overlap.lower(&watermark),
        )),
        (_, _, _) => first_value(tenant, pipeline)?,
    };
    let mut scan = Scan::start(ScanStart {
        style: Style::new(
            fetch.paging.as_ref(),
            connection.link_rules(),
            first_token(tenant, pipeline)?,
        ),
        cursor: fetch
            .cursor
            .as_ref()
            .map(CursorRules::from)
            .zip(lower.clone()),
        watermark: watermark.as_ref().map(|mark| mark.text.as_str().into()),
        position: open.as_ref().map(|scan| stored_position(&scan.position)),
        started: open.as_ref().map_or(now, |scan| scan.started),
        purpose,
    })?;
    let begins = open.is_none().then(|| Begins {
        lower: lower.as_ref().map(|lower| lower.as_str().to_owned()),
        started: now,
    });
    let mut standing = Standing {
        id: open.map_or_else(new_id, |scan| scan.id),
        begins,
        watermark,
        row: if stands { Row::Rests } else { Row::Changes },
    };
    loop {
        if stop.is_cancelled() {
            return Err(Cut::Stopped);
        }
        let ended = match page(tenant, pipeline, &mut scan, &mut standing).await {
            Ok(done) => done,
            Err(Cut::Paging(error)) => {
                stall(tenant, pipeline, &scan, &mut standing, &error).await?;
                return Err(error.into());
            }
            Err(cut) => return Err(cut),
        };
        if let Ended::At(rest) = ended {
            return Ok(rest);
        }
    }
}

/// What the store has of a scan, or is to have.
struct Standing {
    id: ScanId,
    /// How it begins; none once it stands in the store.
    begins: Option<Begins>,
    /// The watermark that the store has.
    watermark: Option<Mark>,
    row: Row,
}

/// What the store has of the source besides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Row {
    /// Nothing that would change if a scan ended without bringing anything.
    Rests,
    /// Nothing at all, or that the source could not be read on.
    Changes,
}

impl Standing {
    /// Whether taking a page would change nothing: the whole scan is this page, and brings nothing.
    fn stays(&self, page: &TakePage) -> bool {
        page.items.is_empty()
            && page.then == ScanThen::Ends
            && self.begins.is_some()
            && self.row == Row::Rests
            && (page.watermark.is_none() || page.watermark == self.watermark)
    }
}

fn new_id() -> ScanId {
    ScanId::from(uuid::Uuid::now_v7().simple().to_string())
}

/// Whether a page was the last.
enum Ended {
    No,
    /// It was; how long the source wants to rest.
    At(Option<Duration>),
}

/// Asks for one page and takes it into the inbox.
async fn page(
    tenant: &TenantRun,
    pipeline: &Pipeline,
    scan: &mut Scan,
    standing: &mut Standing,
) -> Result<Ended, Cut> {
    let fetch = &pipeline.fetch;
    let asked_for = scan.next()?;
    let asked = tenant.clock.now();
    let rendered = {
        let scope = tenant.scope(&tenant.plan.settings, asked);
        tenant
            .connection(&fetch.request.connector)
            .render_page(&fetch.request, &scope, fetch.paging.as_ref(), &asked_for)
            .map_err(|error| Failure::broken(error.to_string(), &fetch.request.origin))?
    };
    let lane = PipelineName::from(&*pipeline.name);
    let asker = Asker {
        priority: Priority::Poll,
        pipeline: &lane,
    };
    let reply = lists::send(tenant, &fetch.request, &rendered, asker).await?;
    let replied = reply.asked();
    let body = lists::into_body(reply);
    let facts = reply_facts(fetch.paging.as_ref(), &body);
    let rows = match Arc::try_unwrap(body) {
        Ok(body) => fetch.records.into_all(body),
        Err(body) => fetch.records.all(&body).into_iter().cloned().collect(),
    };
    let mut items = Vec::with_capacity(rows.len());
    let mut marks = Vec::with_capacity(rows.len());
    for row in rows {
        let row = Arc::new(row);
        let item = item(tenant, pipeline, &row).await;
        marks.push(read_row(
            fetch.cursor.as_ref(),
            item.key.clone(),
            &row,
            item.hash.short(),
        ));
        items.push(item);
    }
    let verdict = scan.accept(&Page {
        rows: marks,
        facts,
        asked: replied,
    })?;
    let count = items.len() as u64;
    let (items, named) = signal::handed_on(tenant, pipeline, items).await?;
    let cursor = cursor_id(tenant, pipeline);
    let moved = verdict.watermark.is_some();
    let take = TakePage {
        fence: tenant.fence(),
        identity: cursor.identity,
        pipeline: cursor.pipeline,
        scan: standing.id.clone(),
        begins: standing.begins.clone(),
        request_started: asked,
        items,
        position: position_to_store(&verdict.position),
        watermark: verdict.watermark.as_ref().map(mark_to_store),
        then: match verdict.then {
            Then::Again => ScanThen::GoesOn,
            Then::Finished { .. } => ScanThen::Ends,
        },
    };
    let taken = if standing.stays(&take) {
        Taken::default()
    } else {
        let taken = tenant.store.take_page(take).await?;
        standing.begins = None;
        taken
    };
    let new = taken.new + taken.newer + named;
    if new > 0 {
        tenant.wake.notify_one();
    }
    tenant.progress.page(&pipeline.name, count, taken);
    let now = tenant.clock.monotonic();
    tenant.sources.with(tenant, pipeline, |source| {
        source.seen.pages += 1;
        source.seen.rows += count;
        source.seen.new += new;
        if moved {
            source.overlap.moved(now);
        }
    });
    Ok(match verdict.then {
        Then::Again => Ended::No,
        Then::Finished { rest } => Ended::At(rest),
    })
}

/// Notes that the source cannot be read on (S34): the scan stands where it is.
async fn stall(
    tenant: &TenantRun,
    pipeline: &Pipeline,
    scan: &Scan,
    standing: &mut Standing,
    error: &PagingError,
) -> Result<(), Cut> {
    warn!(pipeline = %pipeline.name, %error, "The source cannot be read on.");
    let cursor = cursor_id(tenant, pipeline);
    let page = TakePage {
        fence: tenant.fence(),
        identity: cursor.identity,
        pipeline: cursor.pipeline,
        scan: standing.id.clone(),
        begins: standing.begins.take(),
        request_started: tenant.clock.now(),
        items: Vec::new(),
        position: position_to_store(&scan.position()),
        watermark: None,
        then: ScanThen::Stalls(error.to_string()),
    };
    tenant.store.take_page(page).await?;
    Ok(())
}
