//! Which accounts a delivery may be for: by the address it came to, its signature, and what it says itself. However
//! many tenants there are, each of these is one look into a table.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderMap;
use serde_json::Value as Json;

use crate::engine::clock::Timestamp;
use crate::engine::connect::{Proof, Webhook};
use crate::engine::record::TenantName;
use crate::engine::run::TenantRun;

/// Stands for all tenants in an address.
const ALL: &str = "-";

/// A webhook of one tenant's account.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) tenant: Arc<TenantRun>,
    pub(super) webhook: Webhook,
}

/// Every webhook of every tenant: by connector, then by name.
#[derive(Debug, Default)]
pub(super) struct Routes(HashMap<Arc<str>, HashMap<Arc<str>, Hall>>);

/// The webhooks of one name.
#[derive(Debug, Default)]
pub(super) struct Hall {
    by_tenant: HashMap<TenantName, Arc<Door>>,
    /// Those behind the address for all tenants, by what proves a delivery there.
    rings: HashMap<Proof, Ring>,
}

/// Webhooks that the same keys open.
#[derive(Debug, Default)]
pub(super) struct Ring {
    /// Any of them, to ask whether a delivery is proven.
    any: Option<Arc<Door>>,
    /// By whose data they are for. Two tenants may hold the same account.
    by_owner: HashMap<String, Vec<Arc<Door>>>,
}

impl Routes {
    pub(super) fn of(tenants: &[Arc<TenantRun>]) -> Self {
        let mut routes = Self::default();
        for tenant in tenants {
            for (connector, name, webhook) in tenant.webhooks() {
                let door = Arc::new(Door {
                    tenant: tenant.clone(),
                    webhook,
                });
                let hall = routes.0.entry(connector).or_default();
                hall.entry(name).or_default().add(door);
            }
        }
        routes
    }

    pub(super) fn len(&self) -> usize {
        self.0.values().map(HashMap::len).sum()
    }

    /// Whom an address may be for; none where there is no such webhook. Whether there is such a tenant is told to
    /// nobody who cannot sign.
    pub(super) fn at(&self, tenant: &str, connector: &str, name: &str) -> Option<Doors<'_>> {
        let hall = self.0.get(connector)?.get(name)?;
        Some(match tenant {
            ALL => Doors::All(hall),
            name => Doors::One(hall.by_tenant.get(&TenantName::from(name))),
        })
    }
}

impl Hall {
    fn add(&mut self, door: Arc<Door>) {
        if let Some(owner) = door.webhook.owner() {
            let ring = self.rings.entry(door.webhook.proof()).or_default();
            let same = ring.by_owner.entry(owner.to_owned()).or_default();
            same.push(door.clone());
            ring.any.get_or_insert_with(|| door.clone());
        }
        self.by_tenant.insert(door.tenant.name().clone(), door);
    }
}

/// Whom an address may be for.
#[derive(Debug)]
pub(super) enum Doors<'r> {
    /// One tenant, if there is one of that name.
    One(Option<&'r Arc<Door>>),
    /// All of them: the delivery says which.
    All(&'r Hall),
}

impl<'r> Doors<'r> {
    /// Those whose keys signed a delivery. Those that share their keys are asked once.
    pub(super) fn proven(self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Proven<'r> {
        let opens = |door: &Door| door.webhook.is_proven(headers, body, now);
        match self {
            Self::One(door) => Proven::One(door.filter(|door| opens(door))),
            Self::All(hall) => {
                let rings = hall.rings.values();
                let rings = rings.filter(|ring| ring.any.as_ref().is_some_and(|door| opens(door)));
                Proven::Rings(rings.collect())
            }
        }
    }
}

/// Those whose keys signed a delivery.
#[derive(Debug)]
pub(super) enum Proven<'r> {
    One(Option<&'r Arc<Door>>),
    Rings(Vec<&'r Ring>),
}

impl<'r> Proven<'r> {
    /// Whether the delivery is proven to nobody.
    pub(super) fn is_none(&self) -> bool {
        match self {
            Self::One(door) => door.is_none(),
            Self::Rings(rings) => rings.is_empty(),
        }
    }

    /// Those of them whose account the delivery speaks of.
    pub(super) fn spoken_of(self, payload: &Json) -> Vec<&'r Arc<Door>> {
        let ours = |door: &&Arc<Door>| door.webhook.is_ours(payload);
        match self {
            Self::One(door) => door.filter(ours).into_iter().collect(),
            Self::Rings(rings) => rings
                .into_iter()
                .filter_map(|ring| {
                    let whose = ring.any.as_ref()?.webhook.whose(payload)?;
                    ring.by_owner.get(&whose)
                })
                .flatten()
                .filter(ours)
                .collect(),
        }
    }
}
