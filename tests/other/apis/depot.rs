//! Depot, a made-up warehouse. Short-lived tokens of OAuth 2.0 client credentials; ids are UUIDs; lists by offset and
//! limit; searches are POSTs with a JSON body; one change feed by tokens; refusals are a code in the header `X-Code`
//! with a 422 and no JSON. What is made shows a little later, and nothing stops one from making it twice.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::depot_routes;
use super::serve::{Calls, Server};

pub(crate) const CLIENT: &str = "parcels-client";
pub(crate) const SECRET: &str = "made-up-depot-secret";
pub(crate) const AUDIENCE: &str = "depot-api";
pub(crate) const SITE: &str = "7f1c2a8e-5a1d-4f6b-9a55-0b8f3d0c9e11";

/// How long a client is asked to wait after a 429.
pub(super) const REST: Duration = Duration::from_secs(1);
/// A request that was on its way when the 429 was answered is no impatience.
const ON_ITS_WAY: Duration = Duration::from_millis(300);

/// What is kept in a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Party,
    Shipment,
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) fields: Map<String, Value>,
    /// Place in the change feed.
    pub(super) seq: u64,
    shows_from: Instant,
}

impl Row {
    pub(super) fn json(&self) -> Value {
        let mut fields = self.fields.clone();
        fields.insert("id".to_owned(), json!(self.id));
        fields.insert("seq".to_owned(), json!(self.seq));
        Value::Object(fields)
    }

    pub(super) fn shows(&self) -> bool {
        Instant::now() >= self.shows_from
    }
}

/// What becomes of a create whose connection is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It happens; the reply is lost.
    Reply,
    /// It never happens.
    Request,
}

/// A limit on requests, and how it was kept.
#[derive(Clone, Debug)]
struct Throttle {
    requests: usize,
    left: usize,
    rests_from: Option<Instant>,
}

/// Everything of the warehouse, and what its knobs say.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) open: bool,
    pub(super) carriers: Vec<Value>,
    pub(super) rows: Vec<Row>,
    /// Ids of shipments that carriers scanned, and one empty scan before each.
    pub(super) scans: Vec<Option<String>>,
    /// Good tokens, with the requests each is still good for.
    tokens: Vec<(String, usize)>,
    token_uses: usize,
    seq: u64,
    lag: Duration,
    losses: Vec<Loss>,
    throttle: Option<Throttle>,
    refused: usize,
    impatient: usize,
}

impl Site {
    pub(super) fn new_token(&mut self) -> String {
        let token = Uuid::now_v7().simple().to_string();
        self.tokens.push((token.clone(), self.token_uses));
        token
    }

    /// Whether a token is good for one request more.
    pub(super) fn accepts(&mut self, token: &str) -> bool {
        let known = self.tokens.iter_mut().find(|(good, _)| good == token);
        let Some((_, uses)) = known.filter(|(_, uses)| *uses > 0) else {
            return false;
        };
        *uses -= 1;
        true
    }

    /// Whether a request is one too many. Whoever asks again before the rest is over is impatient.
    pub(super) fn is_too_many(&mut self) -> bool {
        let Some(throttle) = &mut self.throttle else {
            return false;
        };
        let now = Instant::now();
        match throttle.rests_from {
            Some(since) if now < since + REST => {
                if now > since + ON_ITS_WAY {
                    self.impatient += 1;
                }
                return true;
            }
            Some(_) => {
                throttle.rests_from = None;
                throttle.left = throttle.requests;
            }
            None => {}
        }
        if throttle.left == 0 {
            throttle.rests_from = Some(now);
            self.refused += 1;
            return true;
        }
        throttle.left -= 1;
        false
    }

    /// What becomes of the next create.
    pub(super) fn next_loss(&mut self) -> Option<Loss> {
        self.losses.pop()
    }

    pub(super) fn insert(&mut self, kind: Kind, mut fields: Map<String, Value>) -> Row {
        if kind == Kind::Shipment {
            fields.insert("status".to_owned(), json!("NEW"));
            fields.insert("partial".to_owned(), json!(false));
        }
        spell_instants(&mut fields);
        self.seq += 1;
        let row = Row {
            kind,
            id: Uuid::now_v7().to_string(),
            fields,
            seq: self.seq,
            shows_from: Instant::now() + self.lag,
        };
        self.rows.push(row.clone());
        row
    }

    pub(super) fn change(
        &mut self,
        kind: Kind,
        id: &str,
        mut fields: Map<String, Value>,
    ) -> Option<Row> {
        spell_instants(&mut fields);
        let row = self
            .rows
            .iter_mut()
            .find(|row| row.kind == kind && row.id == id)?;
        self.seq += 1;
        row.seq = self.seq;
        row.fields.extend(fields);
        Some(row.clone())
    }
}

/// Depot writes instants in its own way: with an offset in place of the `Z` it was given.
fn spell_instants(fields: &mut Map<String, Value>) {
    if let Some(Value::String(due)) = fields.get_mut("dueBy")
        && let Some(start) = due.strip_suffix('Z')
    {
        *due = format!("{start}+00:00");
    }
}

/// The warehouse with its control knobs.
#[derive(Debug)]
pub(crate) struct Depot {
    server: Server,
    site: Arc<Mutex<Site>>,
}

impl Depot {
    pub(crate) async fn start() -> Self {
        let carrier = |(n, (name, service, active)): (usize, (&str, &str, bool))| {
            let id = format!("c0000000-0000-4000-8000-{n:012}");
            json!({ "id": id, "name": name, "service": service, "active": active })
        };
        let carriers = [
            ("Slow Boat", "ECONOMY", true),
            ("Green Van", "STANDARD", true),
            ("Red Van", "EXPRESS", true),
            ("Owl", "OVERNIGHT", false),
            ("Snail", "ECONOMY", false),
        ];
        let site = Arc::new(Mutex::new(Site {
            open: true,
            carriers: carriers.into_iter().enumerate().map(carrier).collect(),
            rows: Vec::new(),
            scans: Vec::new(),
            tokens: Vec::new(),
            token_uses: usize::MAX,
            seq: 0,
            lag: Duration::from_millis(150),
            losses: Vec::new(),
            throttle: None,
            refused: 0,
            impatient: 0,
        }));
        let server = Server::start(depot_routes::router(site.clone())).await;
        Self { server, site }
    }

    pub(crate) fn url(&self) -> &str {
        &self.server.url
    }

    pub(crate) fn calls(&self) -> &Calls {
        &self.server.calls
    }

    fn site(&self) -> MutexGuard<'_, Site> {
        self.site.lock().unwrap()
    }

    fn rows(&self, kind: Kind) -> Vec<Value> {
        let site = self.site();
        let of_kind = site.rows.iter().filter(|row| row.kind == kind);
        of_kind.map(Row::json).collect()
    }

    pub(crate) fn parties(&self) -> Vec<Value> {
        self.rows(Kind::Party)
    }

    pub(crate) fn shipments(&self) -> Vec<Value> {
        self.rows(Kind::Shipment)
    }

    /// The one shipment of an order.
    pub(crate) fn shipment(&self, order: &str) -> Value {
        let mut of_order = self.shipments();
        of_order.retain(|row| row["externalRef"] == order);
        assert_eq!(of_order.len(), 1, "shipments of {order}: {of_order:?}");
        of_order.remove(0)
    }

    /// People of the warehouse go on with the shipment of an order.
    pub(crate) fn handle(&self, order: &str, fields: Value) {
        let id = self.shipment(order)["id"].as_str().unwrap().to_owned();
        let Value::Object(fields) = fields else {
            panic!("fields are an object");
        };
        self.site().change(Kind::Shipment, &id, fields);
    }

    /// A carrier scans the shipment of an order: it changes, and the feed of shipments does not tell.
    pub(crate) fn scan(&self, order: &str, fields: Value) {
        let id = self.shipment(order)["id"].as_str().unwrap().to_owned();
        let Value::Object(fields) = fields else {
            panic!("fields are an object");
        };
        let mut site = self.site();
        let row = site.rows.iter_mut().find(|row| row.id == id).unwrap();
        row.fields.extend(fields);
        site.scans.extend([None, Some(id)]);
    }

    /// Whether the site takes in work.
    pub(crate) fn set_open(&self, open: bool) {
        self.site().open = open;
    }

    /// The connections of the next creates are dropped.
    pub(crate) fn lose(&self, losses: &[Loss]) {
        self.site().losses = losses.iter().rev().copied().collect();
    }

    /// Losses that are still to come.
    pub(crate) fn losses_left(&self) -> usize {
        self.site().losses.len()
    }

    /// Tokens from now on are good for so many requests, whatever they say.
    pub(crate) fn tokens_last(&self, requests: usize) {
        let mut site = self.site();
        site.token_uses = requests;
        site.tokens.clear();
    }

    /// So many requests, then a 429 and a rest.
    pub(crate) fn throttle(&self, requests: usize) {
        self.site().throttle = Some(Throttle {
            requests,
            left: requests,
            rests_from: None,
        });
    }

    /// How often a rest was asked for, and how many requests did not wait for its end.
    pub(crate) fn refused_and_impatient(&self) -> (usize, usize) {
        let site = self.site();
        (site.refused, site.impatient)
    }

    /// How long what is made stays out of sight.
    pub(crate) fn set_lag(&self, lag: Duration) {
        self.site().lag = lag;
    }
}
