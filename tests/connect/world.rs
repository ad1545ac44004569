//! Accounts of a made-up API, put together by hand.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Value, json};
use syncline::engine::clock::{Clock, Timestamp};
use syncline::engine::connect::{
    Connection, Failure, HttpRequest, Network, NoHooks, Priority, Reply, Secrets, TokenVault,
};
use syncline::engine::record::{PipelineName, TenantName};
use syncline::lang::config::{ClientSend, Grant, Method, ParamScope, ParamType, QueryLists};
use syncline::lang::expr::{ExprEnv, Scope, Template, ValueForm};
use syncline::lang::plan::{
    Account, Auth, Body, Connector, ErrorRule, Limit, Oauth2, Origin, Param, ParamValue, PathPiece,
    PathTemplate, Request, Retry, SecretSource,
};
use tokio_util::task::TaskTracker;

pub(super) fn template(text: &str) -> Template {
    Template::compile(&ExprEnv::new(), text).unwrap()
}

/// A request of this pipeline's line 12.
fn request(method: Method, path: &str, body: Option<&Value>) -> Request {
    Request {
        connector: "shop".into(),
        method,
        path: PathTemplate {
            root: None,
            pieces: vec![PathPiece::Text(path.into())],
        },
        query: Vec::new(),
        headers: Vec::new(),
        body: body.map_or(Body::Empty, |body| {
            Body::Json(ValueForm::compile(&ExprEnv::new(), body).0)
        }),
        origin: Origin {
            file: "orders.yaml".into(),
            line: 12,
        },
    }
}

/// What a test says of its account.
pub(super) struct Shop {
    pub(super) base_url: String,
    pub(super) auth: Auth,
    pub(super) limits: Vec<Limit>,
    pub(super) errors: Vec<ErrorRule>,
    pub(super) timeout: Duration,
    pub(super) params: Vec<(&'static str, ParamValue)>,
    pub(super) headers: Vec<(Arc<str>, Template)>,
}

impl Shop {
    pub(super) fn at(base_url: String) -> Self {
        Self {
            base_url,
            auth: Auth::None,
            limits: Vec::new(),
            errors: Vec::new(),
            // 10 s of a fast clock: long enough for a busy machine.
            timeout: Duration::from_secs(10_000),
            params: Vec::new(),
            headers: Vec::new(),
        }
    }

    pub(super) fn oauth2(mut self, grant: Grant, token_url: &str) -> Self {
        self.auth = Auth::Oauth2(Box::new(Oauth2 {
            grant,
            token_url: template(token_url),
            client_id: template("client"),
            client_secret: template("client-secret"),
            send: ClientSend::Body,
            username: Some(template("user")),
            password: Some(template("user-password")),
            refresh_token: Some(template("first-refresh")),
            scopes: Vec::new(),
            extra: Vec::new(),
            min_interval: None,
            follow_redirects: false,
            errors: Vec::new(),
        }));
        self
    }

    pub(super) fn change_oauth2(mut self, change: impl FnOnce(&mut Oauth2)) -> Self {
        match &mut self.auth {
            Auth::Oauth2(oauth2) => change(oauth2),
            Auth::Basic(..) | Auth::Bearer(_) | Auth::ApiKey(..) | Auth::None => {
                panic!("an OAuth account")
            }
        }
        self
    }

    fn account(self) -> Account {
        let declared = |(name, value): &(&str, ParamValue)| {
            let param = Param {
                type_: ParamType::Text,
                default: None,
                secret: matches!(value, ParamValue::Secret(_)),
                scope: ParamScope::Tenant,
                required: true,
                description: None,
            };
            (Arc::from(*name), param)
        };
        let mut given = self.params;
        given.push(("shop_id", ParamValue::Literal(json!(42))));
        let connector = Connector {
            name: "shop".into(),
            params: given.iter().map(declared).collect(),
            identity: vec!["shop_id".into()],
            base_url: template(&self.base_url),
            roots: IndexMap::new(),
            headers: self.headers,
            query_lists: QueryLists::Comma,
            auth: self.auth,
            limits: self.limits,
            concurrency: 64,
            timeout: self.timeout,
            retry: Retry {
                attempts: 6,
                first: Duration::from_secs(2),
                max: Duration::from_secs(300),
            },
            settle: None,
            errors: self.errors,
            vocabularies: IndexMap::new(),
            records: IndexMap::new(),
            webhooks: IndexMap::new(),
            check: None,
            download_hosts: Vec::new(),
        };
        let params = given
            .into_iter()
            .map(|(name, value)| (Arc::from(name), value))
            .collect();
        Account {
            connector: Arc::new(connector),
            params,
        }
    }
}

/// A network whose clock runs a thousand times as fast, so that a minute is 60 ms.
pub(super) struct World {
    pub(super) clock: Clock,
    pub(super) network: Network,
    pub(super) secrets: Secrets,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with_vault(None)
    }

    pub(super) fn with_vault(vault: Option<Arc<dyn TokenVault>>) -> Self {
        let clock = Clock::starting(Timestamp::parse("2026-04-13T14:00:00Z").unwrap(), 1000);
        let network = Network::new(clock.clone(), TaskTracker::new(), vault).unwrap();
        let source = SecretSource::Command(vec!["printf".into(), "%s".into(), "{{ name }}".into()]);
        Self {
            secrets: Secrets::new(source, clock.clone()),
            clock,
            network,
        }
    }

    pub(super) async fn open(&self, shop: Shop) -> Arc<Connection> {
        self.open_for("acme", shop).await
    }

    pub(super) async fn open_for(&self, tenant: &str, shop: Shop) -> Arc<Connection> {
        let tenant = TenantName::from(tenant);
        self.network
            .open(&tenant, &shop.account(), &self.secrets)
            .await
            .unwrap()
    }
}

pub(super) fn rendered(
    connection: &Connection,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> HttpRequest {
    connection
        .render(&request(method, path, body), &Scope::new())
        .unwrap()
}

/// Admits and sends.
pub(super) async fn call(
    connection: &Connection,
    request: &HttpRequest,
) -> Result<Reply, Box<Failure>> {
    let pipeline = PipelineName::from("orders");
    let admission = connection
        .admit(Priority::Event, &pipeline)
        .await
        .expect("the account works");
    connection.send(admission, request, &NoHooks).await
}

pub(super) async fn get(connection: &Connection, path: &str) -> Result<Reply, Box<Failure>> {
    call(connection, &rendered(connection, Method::Get, path, None)).await
}

pub(super) async fn post(connection: &Connection, path: &str) -> Result<Reply, Box<Failure>> {
    let body = json!({ "a": 1 });
    call(
        connection,
        &rendered(connection, Method::Post, path, Some(&body)),
    )
    .await
}
