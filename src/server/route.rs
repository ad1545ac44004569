//! Which accounts a delivery may be for: by the address it came to, its signature, and what it says itself.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderMap;
use serde_json::Value as Json;

use crate::engine::clock::Timestamp;
use crate::engine::connect::Webhook;
use crate::engine::run::TenantRun;

/// Stands for all tenants in an address.
const ALL: &str = "-";

/// A webhook of one tenant's account.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) tenant: Arc<TenantRun>,
    pub(super) webhook: Webhook,
}

/// Every webhook of every tenant.
#[derive(Debug, Default)]
pub(super) struct Routes(HashMap<(Arc<str>, Arc<str>), Vec<Door>>);

impl Routes {
    pub(super) fn of(tenants: &[Arc<TenantRun>]) -> Self {
        let mut routes: HashMap<_, Vec<Door>> = HashMap::new();
        for tenant in tenants {
            for (connector, name, webhook) in tenant.webhooks() {
                let door = Door {
                    tenant: tenant.clone(),
                    webhook,
                };
                routes.entry((connector, name)).or_default().push(door);
            }
        }
        Self(routes)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The doors at an address; none where there is no such webhook. Whether there is such a tenant is told to nobody
    /// who cannot sign.
    pub(super) fn at(&self, tenant: &str, connector: &str, name: &str) -> Option<Vec<&Door>> {
        let doors = self.0.get(&(Arc::from(connector), Arc::from(name)))?;
        let is_meant = |door: &&Door| match tenant {
            ALL => door.webhook.says_whose(),
            name => door.tenant.name().as_str() == name,
        };
        Some(doors.iter().filter(is_meant).collect())
    }
}

/// The doors whose keys signed a delivery. Those that share their keys are asked once.
pub(super) fn proven<'d>(
    doors: Vec<&'d Door>,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Vec<&'d Door> {
    let mut asked: Vec<(&Webhook, bool)> = Vec::new();
    let mut proven = Vec::new();
    for door in doors {
        let known = asked
            .iter()
            .find(|(other, _)| door.webhook.is_proven_like(other))
            .map(|(_, holds)| *holds);
        let holds = known.unwrap_or_else(|| {
            let holds = door.webhook.is_proven(headers, body, now);
            asked.push((&door.webhook, holds));
            holds
        });
        if holds {
            proven.push(door);
        }
    }
    proven
}

/// Those of the doors whose account a delivery speaks of.
pub(super) fn spoken_of<'d>(doors: Vec<&'d Door>, payload: &Json) -> Vec<&'d Door> {
    doors
        .into_iter()
        .filter(|door| door.webhook.is_ours(payload))
        .collect()
}
