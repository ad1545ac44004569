//! Orchard, a made-up shop. An API key in a header; keys such as `OR-2026-0007`; a `revision` that rises with every
//! change and orders the list of orders; pages that end with the address of the next one, or, for products, with a
//! page that is not full; refusals as `{ "error": { "kind", "text" } }`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::serve::{Calls, Server};

pub(crate) const KEY: &str = "made-up-orchard-key";
pub(crate) const SHOP: &str = "pear-and-co";

/// Orders on a page.
const ORDERS: usize = 3;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Order {
    #[serde(rename = "ref")]
    pub(crate) number: String,
    pub(crate) revision: i64,
    pub(crate) state: String,
    pub(crate) placed: String,
    pub(crate) buyer: Buyer,
    pub(crate) country: String,
    pub(crate) speed: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wish: Option<String>,
    pub(crate) lines: Vec<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shipping: Option<Shipping>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Buyer {
    #[serde(rename = "ref")]
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) mail: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) count: u32,
    /// Of the line, as exact text.
    pub(crate) total: String,
    pub(crate) grams: u32,
}

/// What the shop shows its buyer of the way of a parcel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shipping {
    pub(crate) state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tracking: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Product {
    pub(crate) uid: String,
    pub(crate) sku: String,
    pub(crate) title: String,
}

impl Order {
    /// A paid order of one line.
    pub(crate) fn new(number: &str, buyer: &str) -> Self {
        Self {
            number: number.to_owned(),
            revision: 0,
            state: "paid".to_owned(),
            placed: "2026-05-04T10:15:00+02:00".to_owned(),
            buyer: Buyer {
                number: buyer.to_owned(),
                name: format!("Buyer {buyer}"),
                mail: format!("{}@example.test", buyer.to_lowercase()),
            },
            country: "NL".to_owned(),
            speed: "standard".to_owned(),
            wish: None,
            lines: vec![Line {
                sku: "KETTLE".to_owned(),
                count: 2,
                total: "39.80".to_owned(),
                grams: 1_200,
            }],
            shipping: None,
        }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

#[derive(Debug)]
struct Shop {
    revision: i64,
    orders: BTreeMap<String, Order>,
    products: Vec<Product>,
}

impl Shop {
    fn touch(&mut self, number: &str, change: impl FnOnce(&mut Order)) -> Option<Order> {
        let order = self.orders.get_mut(number)?;
        let before = order.clone();
        change(order);
        // What changes nothing is no change.
        if *order != before {
            self.revision += 1;
            order.revision = self.revision;
        }
        Some(order.clone())
    }
}

type Shared = State<Arc<Mutex<Shop>>>;

/// The shop with its control knobs.
#[derive(Debug)]
pub(crate) struct Orchard {
    server: Server,
    shop: Arc<Mutex<Shop>>,
}

impl Orchard {
    pub(crate) async fn start() -> Self {
        let product = |n: u32| Product {
            uid: format!("41000{n:02}"),
            sku: format!("SKU-{n}"),
            title: format!("Thing {n}"),
        };
        let shop = Arc::new(Mutex::new(Shop {
            revision: 100,
            orders: BTreeMap::new(),
            products: (1..=5).map(product).collect(),
        }));
        let api = Router::new()
            .route("/profile", get(profile))
            .route("/orders", get(orders))
            .route("/orders/{number}", get(order).patch(patch_order))
            .route("/products", get(products).post(new_product))
            .layer(from_fn(only_with_key))
            .with_state(shop.clone());
        let router = Router::new().nest(&format!("/shops/{SHOP}"), api);
        Self {
            server: Server::start(router).await,
            shop,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.server.url
    }

    pub(crate) fn calls(&self) -> &Calls {
        &self.server.calls
    }

    fn shop(&self) -> MutexGuard<'_, Shop> {
        self.shop.lock().unwrap()
    }

    /// A new order comes in.
    pub(crate) fn place(&self, order: Order) {
        let mut shop = self.shop();
        shop.revision += 1;
        let revision = shop.revision;
        let order = Order { revision, ..order };
        shop.orders.insert(order.number.clone(), order);
    }

    /// The buyer or the shop changes an order.
    pub(crate) fn change(&self, number: &str, change: impl FnOnce(&mut Order)) {
        self.shop().touch(number, change).expect("the order exists");
    }

    pub(crate) fn order(&self, number: &str) -> Order {
        self.shop().orders[number].clone()
    }

    pub(crate) fn products(&self) -> Vec<Product> {
        self.shop().products.clone()
    }
}

fn refusal(status: StatusCode, kind: &str, text: &str) -> Response {
    let body = json!({ "error": { "kind": kind, "text": text } });
    (status, Json(body)).into_response()
}

async fn only_with_key(request: Request, next: Next) -> Response {
    let key = request.headers().get("x-orchard-key");
    if key.is_none_or(|key| key != KEY) {
        return refusal(StatusCode::UNAUTHORIZED, "key", "this key opens nothing");
    }
    next.run(request).await
}

async fn profile(State(shop): Shared) -> Json<Value> {
    let orders = shop.lock().unwrap().orders.len();
    Json(json!({ "name": "Pear & Co", "orders": orders }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrdersAsked {
    changed_after: i64,
    sort: String,
}

/// Orders by revision, those after `changed_after`. The next page is asked for by an address of its own.
async fn orders(
    State(shop): Shared,
    headers: HeaderMap,
    Query(asked): Query<OrdersAsked>,
) -> Response {
    if asked.sort != "revision" {
        return refusal(
            StatusCode::BAD_REQUEST,
            "sort",
            "orders are sorted by revision",
        );
    }
    let shop = shop.lock().unwrap();
    let mut found: Vec<&Order> = shop
        .orders
        .values()
        .filter(|order| order.revision > asked.changed_after)
        .collect();
    found.sort_by_key(|order| order.revision);
    let more = found.len() > ORDERS;
    found.truncate(ORDERS);
    let mut reply = json!({ "orders": found, "links": {} });
    if let Some(last) = found.last().filter(|_| more) {
        let host = headers["host"].to_str().unwrap();
        reply["links"]["next"] = json!(format!(
            "http://{host}/shops/{SHOP}/orders?changed_after={}&sort=revision",
            last.revision
        ));
    }
    Json(reply).into_response()
}

fn no_order(number: &str) -> Response {
    let text = format!("there is no order {number}");
    refusal(StatusCode::NOT_FOUND, "unknown_order", &text)
}

async fn order(State(shop): Shared, Path(number): Path<String>) -> Response {
    match shop.lock().unwrap().orders.get(&number) {
        Some(order) => Json(json!({ "order": order })).into_response(),
        None => no_order(&number),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderPatch {
    shipping: Shipping,
}

async fn patch_order(
    State(shop): Shared,
    Path(number): Path<String>,
    Json(patch): Json<OrderPatch>,
) -> Response {
    let changed = shop
        .lock()
        .unwrap()
        .touch(&number, |order| order.shipping = Some(patch.shipping));
    match changed {
        Some(order) => Json(json!({ "order": order })).into_response(),
        None => no_order(&number),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductsAsked {
    page: usize,
    per: usize,
}

/// Numbered pages; nothing says which is the last but that it is not full.
async fn products(State(shop): Shared, Query(asked): Query<ProductsAsked>) -> Json<Value> {
    let shop = shop.lock().unwrap();
    let page: Vec<&Product> = shop
        .products
        .iter()
        .skip(asked.page.saturating_sub(1) * asked.per)
        .take(asked.per)
        .collect();
    Json(json!({ "products": page }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewProduct {
    sku: String,
    title: String,
}

async fn new_product(State(shop): Shared, Json(new): Json<NewProduct>) -> Response {
    let mut shop = shop.lock().unwrap();
    if shop.products.iter().any(|product| product.sku == new.sku) {
        let text = format!("there is a product {} already", new.sku);
        return refusal(StatusCode::CONFLICT, "duplicate", &text);
    }
    let uid = format!("41000{:02}", shop.products.len() + 1);
    let made = json!({ "uid": uid });
    shop.products.push(Product {
        uid,
        sku: new.sku,
        title: new.title,
    });
    (StatusCode::CREATED, Json(made)).into_response()
}
