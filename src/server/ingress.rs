//! Webhooks: `/hooks/{tenant}/{connector}/{name}`, and `/hooks/-/{connector}/{name}` for senders with one address for
//! all tenants.
//!
//! A delivery is proven by its bytes before anything in it is read, and what it names is durable before it is
//! answered (P7). Answers (S40): 2xx when that is done or when there is nothing to do; 503 when it takes longer than
//! a sender waits; 401 for a signature, or a body of somebody else's (S43); 413 for size; 404 where nothing is.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value as Json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::route::{Door, Routes, proven, spoken_of};
use crate::daemon::Engine;
use crate::engine::run::Received;

/// Longest body that is read.
const MOST_BYTES: usize = 1 << 20;
/// Deliveries that are read and worked at once: with the longest body, what they hold in memory.
const AT_ONCE: usize = 256;
/// How long a sender may take for its body.
const READ: Duration = Duration::from_secs(10);
/// How long a commit may take before the sender is told to come again (S40). Of the machine's time: the sender lives
/// in it.
const COMMIT: Duration = Duration::from_secs(2);

/// Awaits webhooks.
#[derive(Debug)]
pub struct Ingress {
    engine: Arc<Engine>,
    /// The webhooks of the tenants that are open, and which change of the engine they are as of.
    routes: RwLock<(u64, Arc<Routes>)>,
    slots: Semaphore,
    counts: Tally,
    /// Whether the last delivery was refused: the first one after a good one is logged, not every one.
    refusing: AtomicBool,
}

#[derive(Debug, Default)]
struct Tally {
    taken: AtomicU64,
    ignored: AtomicU64,
    dropped: AtomicU64,
    refused: AtomicU64,
    too_large: AtomicU64,
    unavailable: AtomicU64,
}

/// What became of the deliveries so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// What they name will be read again.
    pub taken: u64,
    /// They name nothing that anybody listens for.
    pub ignored: u64,
    /// Their tenant is off or paused.
    pub dropped: u64,
    /// Nothing proves them, or they speak of somebody else's data.
    pub refused: u64,
    /// Their body is too large.
    pub too_large: u64,
    /// The store was too slow or failed; the sender comes again.
    pub unavailable: u64,
}

impl Ingress {
    /// For the webhooks of the tenants that `engine` has open, also of those it opens later.
    pub fn new(engine: Arc<Engine>) -> Arc<Self> {
        let routes = RwLock::new((engine.changes(), Arc::new(Routes::of(&engine.tenants()))));
        Arc::new(Self {
            engine,
            routes,
            slots: Semaphore::new(AT_ONCE),
            counts: Tally::default(),
            refusing: AtomicBool::new(false),
        })
    }

    /// The webhooks as they are now.
    fn routes(&self) -> Arc<Routes> {
        let now = self.engine.changes();
        {
            let known = self.routes.read().unwrap_or_else(PoisonError::into_inner);
            if known.0 == now {
                return known.1.clone();
            }
        }
        let mut known = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        if known.0 != now {
            // Counted before the tenants are read: what changes meanwhile is seen at the next delivery.
            *known = (now, Arc::new(Routes::of(&self.engine.tenants())));
            debug!(webhooks = known.1.len(), "Webhooks are awaited.");
        }
        known.1.clone()
    }

    /// Serves until `stop`. Deliveries that have begun are answered first.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let router = Router::new()
            .route("/hooks/{tenant}/{connector}/{name}", post(deliver))
            .layer(DefaultBodyLimit::max(MOST_BYTES))
            .with_state(self);
        axum::serve(listener, router)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
    }

    /// What became of the deliveries so far.
    pub fn counts(&self) -> Counts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let tally = &self.counts;
        Counts {
            taken: of(&tally.taken),
            ignored: of(&tally.ignored),
            dropped: of(&tally.dropped),
            refused: of(&tally.refused),
            too_large: of(&tally.too_large),
            unavailable: of(&tally.unavailable),
        }
    }

    fn answer(&self, address: &str, fate: Fate) -> StatusCode {
        let (count, status) = match fate {
            Fate::Taken => (&self.counts.taken, StatusCode::OK),
            Fate::Ignored => (&self.counts.ignored, StatusCode::OK),
            Fate::Dropped => (&self.counts.dropped, StatusCode::OK),
            Fate::Refused => (&self.counts.refused, StatusCode::UNAUTHORIZED),
            Fate::TooLarge => (&self.counts.too_large, StatusCode::PAYLOAD_TOO_LARGE),
            Fate::Unavailable => (&self.counts.unavailable, StatusCode::SERVICE_UNAVAILABLE),
            Fate::Unread => return StatusCode::BAD_REQUEST,
            Fate::Nowhere => return StatusCode::NOT_FOUND,
        };
        count.fetch_add(1, Ordering::Relaxed);
        let refused = fate == Fate::Refused;
        if self.refusing.swap(refused, Ordering::Relaxed) != refused && refused {
            warn!(
                address,
                "A webhook was refused: its signature is of none of the keys, or it speaks of another account's data. \
                 Further ones are counted."
            );
        }
        debug!(address, ?fate, "A webhook was answered.");
        status
    }

    async fn receive(&self, address: &Address, request: Request) -> Fate {
        let routes = self.routes();
        let Some(doors) = routes.at(&address.tenant, &address.connector, &address.name) else {
            return Fate::Nowhere;
        };
        let Ok(Ok(_slot)) = timeout(COMMIT, self.slots.acquire()).await else {
            return Fate::Unavailable;
        };
        let headers = request.headers().clone();
        let body = match timeout(READ, Bytes::from_request(request, &())).await {
            Ok(Ok(body)) => body,
            Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Fate::TooLarge;
            }
            // Broken off, or slower than anybody sends: there is nothing to prove.
            Ok(Err(_)) | Err(_) => return Fate::Unread,
        };
        let doors = proven(doors, &headers, &body, self.engine.clock().now());
        if doors.is_empty() {
            return Fate::Refused;
        }
        // A test of the address has no body.
        let Ok(payload) = serde_json::from_slice::<Json>(&body) else {
            return Fate::Ignored;
        };
        let doors = spoken_of(doors, &payload);
        if doors.is_empty() {
            return Fate::Refused;
        }
        let payload = Arc::new(payload);
        let mut worst = Fate::Dropped;
        for door in doors {
            let fate = take(door, address, &headers, &payload).await;
            worst = worst.min(fate);
        }
        worst
    }
}

/// What becomes of a delivery; of several tenants at one address the first in this order is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Unavailable,
    Taken,
    Ignored,
    Dropped,
    Refused,
    TooLarge,
    Unread,
    Nowhere,
}

impl Fate {
    /// As metrics name it.
    fn name(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Taken => "taken",
            Self::Ignored => "ignored",
            Self::Dropped => "dropped",
            Self::Refused => "refused",
            Self::TooLarge => "too_large",
            Self::Unread => "unread",
            Self::Nowhere => "nowhere",
        }
    }
}

async fn take(door: &Door, address: &Address, headers: &HeaderMap, payload: &Arc<Json>) -> Fate {
    let named = door.webhook.names(headers, payload);
    let received = door
        .tenant
        .receive(&address.connector, &address.name, named);
    match timeout(COMMIT, received).await {
        Ok(Ok(Received::Marked)) => Fate::Taken,
        Ok(Ok(Received::Nothing)) => Fate::Ignored,
        Ok(Ok(Received::Off)) => Fate::Dropped,
        Ok(Err(error)) => {
            warn!(tenant = %door.tenant.name(), %error, "A webhook could not be stored; its sender comes again.");
            Fate::Unavailable
        }
        Err(_) => Fate::Unavailable,
    }
}

#[derive(serde::Deserialize)]
struct Address {
    tenant: String,
    connector: String,
    name: String,
}

async fn deliver(
    State(ingress): State<Arc<Ingress>>,
    Path(address): Path<Address>,
    request: Request,
) -> StatusCode {
    let shown = request.uri().path().to_owned();
    let clock = ingress.engine.clock();
    let began = clock.monotonic();
    let fate = ingress.receive(&address, request).await;
    let took = clock.monotonic() - began;
    ingress.engine.metrics().hooks().answered(fate.name(), took);
    ingress.answer(&shown, fate)
}
