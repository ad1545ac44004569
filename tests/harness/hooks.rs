//! `serve`, and what a test needs to send webhooks to it: the keys of both simulators, and deliveries of its own.

use std::net::SocketAddr;
use std::sync::Once;

use axum::http::Method;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Value, json};
use syncline::sandbox::kit::post::post;
use syncline::sandbox::servicechannel::hooks::HookFaults;
use syncline::sandbox::servicetitan::Hooks;

use super::cmd::{Cmd, Ran, Running};
use super::wait::until;
use super::world::{TENANT, World};

/// A daemon that runs.
pub(crate) struct Served {
    running: Running,
    /// Where it awaits webhooks.
    pub(crate) at: SocketAddr,
    /// Where its admin listener is.
    pub(crate) admin: SocketAddr,
    /// Lets whoever has it do anything there.
    pub(crate) token: String,
}

/// What an admin listener answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// It was done; what it says.
    #[track_caller]
    pub(crate) fn fine(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// Follows no redirect, and knows no proxy.
pub(crate) fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An engine of another test in this process may have chosen the same one before.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build();
    client.expect("a client can be made")
}

impl Served {
    pub(crate) async fn kill(self) -> Ran {
        self.running.kill().await
    }

    pub(crate) async fn terminate(self) -> Ran {
        self.running.terminate().await
    }

    pub(crate) async fn end(self) -> Ran {
        self.running.end().await
    }

    /// Asks its admin listener, with the token that may do anything.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, Some(&self.token), None).await
    }

    /// Has its admin listener do something, with the token that may do anything.
    pub(crate) async fn order(&self, path: &str, body: &Value) -> Answer {
        let body = Some(body.to_string());
        self.ask(Method::POST, path, Some(&self.token), body).await
    }

    /// Asks its admin listener.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<String>,
    ) -> Answer {
        let mut request = client().request(method, format!("http://{}{path}", self.admin));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            let json = HeaderValue::from_static("application/json");
            request = request.header(reqwest::header::CONTENT_TYPE, json);
            request = request.body(body);
        }
        let reply = request.send().await.expect("the daemon answers");
        Answer {
            status: reply.status().as_u16(),
            headers: reply.headers().clone(),
            text: reply.text().await.expect("the reply is text"),
        }
    }

    /// Sends it a signal.
    pub(crate) async fn signal(&self, name: &str) {
        self.running.signal(name).await;
    }

    /// What it has printed to stderr so far.
    pub(crate) fn said(&self) -> String {
        self.running.said()
    }

    /// POSTs a body to `hooks/{path}`; none when there was no answer.
    pub(crate) async fn post(
        &self,
        path: &str,
        headers: HeaderMap,
        body: impl Into<Vec<u8>>,
    ) -> Option<StatusCode> {
        deliver(self.at, path, headers, body.into()).await
    }

    /// Posts what the simulated ServiceChannel would, about this object.
    pub(crate) async fn tell(&self, world: &World, name: &str, object: &Value) -> StatusCode {
        let body = json!({ "Object": object, "EventType": "WorkOrderStatusChanged" }).to_string();
        let key = world.sandbox.servicechannel().signing_key();
        let path = format!("sandbox/servicechannel/{name}");
        let answer = self.post(&path, signed(&key, body.as_bytes()), body).await;
        answer.expect("the daemon answers")
    }

    /// Posts what the simulated ServiceTitan would, to `hooks/{path}`.
    pub(crate) async fn tell_target(&self, path: &str, key: &str, data: &Value) -> StatusCode {
        let body = json!({ "specversion": "1.0", "data": data }).to_string();
        let mut hex = String::new();
        for byte in tag(key, body.as_bytes()).as_ref() {
            hex.push_str(&format!("{byte:02X}"));
        }
        let headers = header("x-servicetitan-signature", &hex);
        let answer = self.post(path, headers, body).await;
        answer.expect("the daemon answers")
    }
}

pub(crate) async fn deliver(
    at: SocketAddr,
    path: &str,
    headers: HeaderMap,
    body: Vec<u8>,
) -> Option<StatusCode> {
    let url = format!("http://{at}/hooks/{path}").parse();
    let url = url.expect("an address makes a URL");
    post(&url, headers, body.into()).await.ok()
}

/// The HMAC-SHA256 of a body.
fn tag(key: &str, body: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), body)
}

/// A body signed as ServiceChannel signs.
pub(crate) fn signed(key: &str, body: &[u8]) -> HeaderMap {
    header("sign-data", &STANDARD.encode(tag(key, body)))
}

/// One header.
pub(crate) fn header(name: &'static str, value: &str) -> HeaderMap {
    let value = HeaderValue::from_str(value).expect("a header is ASCII");
    HeaderMap::from_iter([(HeaderName::from_static(name), value)])
}

impl World {
    /// Gives the tenant and the app the keys that the simulators sign with.
    pub(crate) fn gives_keys(&self) {
        let [source, target] = self.sandbox.webhook_keys();
        self.secret("sandbox/servicechannel/signing_key", &source.2);
        self.secret("servicetitan/webhook_key", &target.2);
        self.tenant(
            "/accounts/servicechannel/signing_key",
            json!({ "secret": "sandbox/servicechannel/signing_key" }),
        );
        self.edit(
            "syncline.yaml",
            "/apps/servicetitan/webhook_key",
            json!({ "secret": "servicetitan/webhook_key" }),
        );
    }

    /// From now on polling finds no work order: what happens to one comes from a webhook.
    pub(crate) fn blind(&self) {
        let file = self.workspace().join("servicechannel/work-orders.yaml");
        let text = std::fs::read_to_string(&file).expect("the pipeline can be read");
        assert_eq!(text.matches("plus('-364d')").count(), 1);
        let text = text.replace("plus('-364d')", "plus('364d')");
        std::fs::write(file, text).expect("the pipeline can be written");
    }

    /// Starts the daemon and waits until it listens.
    pub(crate) async fn serve(&self) -> Served {
        self.serve_with(|cmd| cmd).await
    }

    /// The same with an environment.
    pub(crate) async fn serve_with(&self, change: impl FnOnce(Cmd) -> Cmd) -> Served {
        let log = self.log();
        let any = ["--hooks", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
        let cmd = self.cmd(["serve", "--format", "json"].into_iter().chain(any));
        let mut running = change(cmd).start(&log);
        let mut said = None;
        until("the daemon listens", async || {
            running.still_runs();
            let text = std::fs::read_to_string(log.with_extension("out")).unwrap_or_default();
            let first = text.lines().next().unwrap_or_default();
            said = serde_json::from_str::<Value>(first).ok();
            said.is_some()
        })
        .await;
        let said = said.expect("the daemon has said where it listens");
        let at = |name: &str| {
            let at = said[name].as_str().and_then(|at| at.parse().ok());
            at.unwrap_or_else(|| panic!("no address in {said}"))
        };
        let door = std::fs::read_to_string(self.store_path().with_extension("db-admin"));
        let door: Value = serde_json::from_str(&door.expect("the way in is written")).unwrap();
        Served {
            running,
            at: at("listening"),
            admin: at("admin"),
            token: door["token"].as_str().unwrap().to_owned(),
        }
    }

    /// From now on both simulators tell the daemon of everything, as well as this goes.
    pub(crate) fn tells(&self, at: SocketAddr, source: HookFaults, target: Hooks) {
        self.sandbox.tell(at, TENANT);
        self.sandbox.servicechannel().set_hook_faults(source);
        let target_side = self.sandbox.servicetitan();
        let Hooks {
            urls, signature, ..
        } = target_side.hooks();
        let hooks = Hooks {
            urls,
            signature,
            ..target
        };
        let set = target_side.set_hooks(hooks);
        set.expect("webhooks stay on this machine");
    }
}
