//! Serves a simulator on a loopback address.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{Request, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Kit;
use super::control::{self, Reset};
use super::front::Front;
use super::limits::{RetryAfter, Throttled};

/// How long connections may finish what they are at when the simulator stops.
const GRACE: Duration = Duration::from_secs(2);

/// A simulator, ready to be served.
pub struct Service {
    /// The vendor's routes.
    pub api: Router,
    /// The simulator's own control calls, without [`control::PREFIX`].
    pub control: Router,
    /// Clock, faults, audit, recorder.
    pub kit: Kit,
    /// How this vendor words what faults make it say.
    pub replies: Replies,
    /// Puts the state back to its seed.
    pub reset: Reset,
}

/// How a vendor words what every vendor says.
#[derive(Clone, Copy)]
pub struct Replies {
    /// 429.
    pub throttled: fn(&Throttled, RetryAfter) -> Response,
    /// 401 for a token that is not good (any more).
    pub unauthorized: fn() -> Response,
    /// A failure with the vendor's JSON body.
    pub failed: fn(StatusCode) -> Response,
    /// Makes a page of a list lead to itself; leaves a body alone that is no such page.
    pub self_next_link: fn(&mut Value, &Uri),
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It would have been reachable from outside.
    #[error("the sandbox serves on loopback only, and {addr} is not a loopback address")]
    NotLoopback {
        /// What was asked for.
        addr: SocketAddr,
    },
    /// The address is not free.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// What was asked for.
        addr: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

/// A simulator that is being served until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    /// Where it listens, with the real port.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:7801`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// A future that ends when the simulator is told to stop, and the tracker of its tasks: for
    /// what else runs beside it (arriving records, sent webhooks).
    pub fn tasks(&self) -> (&TaskTracker, &CancellationToken) {
        (&self.tasks, &self.stopping)
    }

    /// Takes no more connections, lets the open ones finish, and waits for all of it.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// Who answers at an address.
enum House {
    /// One simulator has it all.
    One(Arc<Front>),
    /// Many share it, each below a first segment of its own.
    Many(HashMap<String, Arc<Front>>),
}

impl House {
    /// Who is asked, with the first segment taken away where it says so; nobody when there is no such segment.
    fn door<B>(&self, request: &mut Request<B>) -> Option<Arc<Front>> {
        let fronts = match self {
            Self::One(front) => return Some(Arc::clone(front)),
            Self::Many(fronts) => fronts,
        };
        let whole = request.uri().path_and_query()?.as_str();
        let (name, rest) = whole.strip_prefix('/')?.split_once('/')?;
        let front = Arc::clone(fronts.get(name)?);
        *request.uri_mut() = format!("/{rest}").parse().ok()?;
        Some(front)
    }
}

/// A place that is listened at, before anybody answers there.
#[derive(Debug)]
pub struct Place {
    listener: TcpListener,
    running: Running,
}

impl Place {
    /// Listens on `addr` (loopback; port 0: any).
    pub async fn take(addr: SocketAddr) -> Result<Self, Error> {
        if !addr.ip().is_loopback() {
            return Err(Error::NotLoopback { addr });
        }
        let failed = |source| Error::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(failed)?;
        let running = Running {
            addr: listener.local_addr().map_err(failed)?,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        Ok(Self { listener, running })
    }

    /// `http://127.0.0.1:7801`, without a slash at the end.
    pub fn url(&self) -> String {
        self.running.url()
    }

    /// Serves `service` until the returned handle is stopped or dropped.
    pub fn serve(self, service: Service) -> Running {
        let house = House::One(self.front(service));
        self.open(house)
    }

    /// Serves each of `services` below a first segment of its own, `/NAME/…`: many customers of one vendor, who
    /// share its host and nothing else.
    pub fn serve_all(self, services: impl IntoIterator<Item = (String, Service)>) -> Running {
        let fronts = services.into_iter();
        let fronts = fronts.map(|(name, service)| (name, self.front(service)));
        let house = House::Many(fronts.collect());
        self.open(house)
    }

    fn front(&self, service: Service) -> Arc<Front> {
        let Service {
            api,
            control,
            kit,
            replies,
            reset,
        } = service;
        let control = control::routes(kit.clone(), reset, control);
        let (tasks, stopping) = (self.running.tasks.clone(), self.running.stopping.clone());
        Arc::new(Front::new(api, control, kit, replies, tasks, stopping))
    }

    fn open(self, house: House) -> Running {
        let Self { listener, running } = self;
        let (tasks, stopping) = (running.tasks.clone(), running.stopping.clone());
        let accepting = accept(listener, Arc::new(house), tasks, stopping);
        running.tasks.spawn(accepting);
        running
    }
}

/// Serves `service` on `addr` (port 0: any) until the returned handle is stopped or dropped.
pub async fn start(addr: SocketAddr, service: Service) -> Result<Running, Error> {
    Ok(Place::take(addr).await?.serve(service))
}

async fn accept(
    listener: TcpListener,
    house: Arc<House>,
    tasks: TaskTracker,
    stopping: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => return,
        };
        // An error here belongs to one connection that is already gone.
        if let Ok((stream, _)) = accepted {
            tasks.spawn(serve(stream, Arc::clone(&house), stopping.clone()));
        }
    }
}

/// One connection. It ends, and its socket is closed, as soon as one answer is `Closed`.
async fn serve(stream: TcpStream, house: Arc<House>, stopping: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a sandbox connection has no TCP_NODELAY");
    }
    let service = service_fn(|mut request| {
        let front = house.door(&mut request);
        async move {
            match front {
                Some(front) => front.answer(request).await,
                None => Ok(StatusCode::NOT_FOUND.into_response()),
            }
        }
    });
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = tokio::time::sleep(GRACE) => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a sandbox connection ended early");
    }
}

/// The reply of `router` to `request`.
pub(super) async fn call(router: &Router, request: axum::extract::Request) -> Response {
    let mut router = router.clone();
    let answered: Result<Response, Infallible> =
        tower_service::Service::call(&mut router, request).await;
    match answered {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
