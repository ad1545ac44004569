//! A simulator of the ServiceTitan V2 API, built from its OpenAPI files and public descriptions:
//! modules `crm`, `jpm`, `dispatch`, `accounting`, `forms`, `marketing` and
//! `settings` as far as work orders need them.
//!
//! [`ServiceTitan`] is the tenant. [`ServiceTitan::service`] makes it servable; its methods are
//! what people do in the office and on the road, for which the public API has no calls.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `service` | HTTP to the world and back: tokens, limits, errors |
//! | `router` | which handler answers which path |
//! | `crm/` `jpm/` `dispatch` `accounting/` `forms` `marketing` `settings` | handlers and rules per module |
//! | `model/` | rows and reply models per resource |
//! | `world` `table` `external` | state, order of changes, external data and its index |
//! | `form` `params` `listing` `export` | bodies, queries, pages, feeds |
//! | `people` `acts` `control` | what only people do: rules, in process, over HTTP |
//! | `journal` `webhooks/` | every write with what it changed, and who is told of it |
//! | `seed` `seed_lists` | the rows it starts with |

mod accounting;
mod acts;
mod auth;
mod config;
mod control;
mod crm;
mod dispatch;
mod export;
mod external;
mod form;
mod forms;
pub mod journal;
mod jpm;
mod listing;
mod marketing;
mod model;
mod multipart;
mod params;
mod people;
mod refusal;
mod reply;
mod router;
mod seed;
mod seed_lists;
mod service;
mod settings;
mod table;
mod value;
mod webhooks;
mod world;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use serde_json::Value;

pub use config::{
    Config, Downloads, InactiveCampaigns, InvalidIs, StatusText, Switches, TokenThrottle,
};
pub use control::ControlError;
pub use people::{Conversion, Mark};
pub use refusal::Refusal;
pub use seed::known;
pub use value::Id;
pub use webhooks::{Encoding, Hooks, HooksError, Signature};

use crate::sandbox::kit::Kit;
use crate::sandbox::kit::server::{self, Running, Service};
use journal::Journal;
use params::Params;
use reply::Reply;
use router::{Call, route};
use service::Shared;

/// The simulated tenant. Cheap to clone: every clone is the same tenant.
#[derive(Clone)]
pub struct ServiceTitan(Arc<Shared>);

impl ServiceTitan {
    /// A tenant with the rows of its seed.
    pub fn new(kit: Kit, config: Config) -> Self {
        Self(Arc::new(Shared::new(kit, config)))
    }

    /// What the kit's server needs to serve it.
    pub fn service(&self) -> Service {
        let shared = Arc::clone(&self.0);
        Service {
            api: Router::new()
                .fallback(service::handle)
                .with_state(Arc::clone(&self.0)),
            control: control::routes(self.clone()),
            kit: self.0.kit.clone(),
            replies: service::REPLIES,
            reset: Arc::new(move || shared.reset()),
        }
    }

    /// Serves it on a loopback address (port 0: any).
    pub async fn start(&self, addr: SocketAddr) -> Result<Running, server::Error> {
        let running = server::start(addr, self.service()).await?;
        self.begin_telling(&running);
        Ok(running)
    }

    /// From now on webhooks are delivered, until what serves it stops.
    pub(super) fn begin_telling(&self, running: &Running) {
        let (tasks, stopping) = running.tasks();
        tasks.spawn(webhooks::send(Arc::clone(&self.0), stopping.clone()));
    }

    /// Its clock, faults, audit and recorder.
    pub fn kit(&self) -> &Kit {
        &self.0.kit
    }

    /// Every write since the start or the last reset, with what it changed.
    pub fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// What it was started with.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The switches as they are set now.
    pub fn switches(&self) -> Switches {
        self.0.world().switches.clone()
    }

    /// Sets the switches from now on; a reset puts them back.
    pub fn set_switches(&self, switches: Switches) {
        self.0.world().switches = switches;
    }

    /// Where webhooks go now, and what goes wrong on the way.
    pub fn hooks(&self) -> Hooks {
        self.0.outbox.hooks()
    }

    /// Sets where webhooks go from now on; a reset puts it back.
    pub fn set_hooks(&self, hooks: Hooks) -> Result<(), HooksError> {
        self.0.outbox.set(hooks)
    }

    /// No token that was given out is good any more.
    pub fn revoke_tokens(&self) {
        self.0.tokens().revoke();
    }

    /// Does what the API can do as someone in the office does it: without token, limits, faults
    /// and audit. `path` begins with the module, such as `jpm/jobs/10001/cancel`.
    pub fn office(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Option<Value>, Refusal> {
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(p, q)| (p, Some(q)));
        let segments: Vec<&str> = path.split('/').collect();
        let (module, rest) = segments
            .split_first()
            .map_or(("", &[][..]), |(m, rest)| (*m, rest));
        let body = body.map(Value::to_string).unwrap_or_default();
        let reply = self.office_raw(method, module, rest, query, body.as_bytes())?;
        Ok(match reply {
            Reply::Json(bytes) => {
                Some(serde_json::from_slice(&bytes).expect("replies are JSON documents"))
            }
            Reply::Link(_) | Reply::File(_) | Reply::Empty => None,
        })
    }

    fn office_raw(
        &self,
        method: &str,
        module: &str,
        path: &[&str],
        query: Option<&str>,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        let params = Params::parse(query.unwrap_or_default());
        let call = Call {
            method,
            module,
            path,
            params,
            body,
            file: None,
        };
        self.0.people(method, &call_name(module, path), |world| {
            route(world, &call)
        })
    }
}

/// A call as the journal and the faults name it.
fn call_name(module: &str, path: &[&str]) -> String {
    format!("/{module}/{}", path.join("/"))
}
