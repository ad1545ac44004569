//! The console in headless Chromium, driven by `chromedriver`: every page in light and dark, nothing that the content
//! security policy drops, what changes without a reload, and each page's main action by clicks and keys. Where there is
//! no `chromedriver` it says so. The screenshots are left in the target folder for whoever wants to look.

use std::path::PathBuf;
use std::process::Stdio;

use reqwest::Client;
use serde_json::{Value, json};
use syncline::sandbox::servicechannel::people::Edit;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::PAGES;
use crate::harness::hooks::Served;
use crate::harness::{World, WorldConfig, until};

/// How an element is named in replies.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Light,
    Dark,
}

/// A browser that is driven. Dropped, it is ended.
struct Driver {
    _process: Child,
    http: Client,
    session: String,
    base: String,
}

impl Driver {
    /// None where there is no driver on this machine.
    async fn start(served: &Served, look: Look, width: u32) -> Option<Self> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let started = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(mut driver) = started else {
            eprintln!("not run: there is no chromedriver on this machine");
            return None;
        };
        let said = driver.stdout.take().expect("what it prints is read");
        let mut lines = BufReader::new(said).lines();
        let port = loop {
            let line = lines.next_line().await.expect("it can be read");
            let line = line.expect("it says where it listens");
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        let http = Client::builder().no_proxy().build().expect("a client");
        let scheme = i32::from(look == Look::Light);
        let options = json!({ "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            format!("--window-size={width},1100"),
            format!("--blink-settings=preferredColorScheme={scheme}"),
        ] });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let url = format!("http://127.0.0.1:{port}/session");
        let reply = http.post(&url).body(wanted.to_string()).send().await;
        let reply: Value = serde_json::from_str(&reply.unwrap().text().await.unwrap()).unwrap();
        let id = reply["value"]["sessionId"].as_str();
        let id = id.unwrap_or_else(|| panic!("no session: {reply}"));
        let driver = Self {
            _process: driver,
            session: format!("{url}/{id}"),
            base: format!("http://{}", served.admin),
            http,
        };
        driver.open(&format!("/login?token={}", served.token)).await;
        Some(driver)
    }

    async fn call(&self, what: &str, body: Value) -> Value {
        let reply = self
            .http
            .post(format!("{}/{what}", self.session))
            .body(body.to_string());
        let reply = reply.send().await.expect("the driver answers");
        serde_json::from_str::<Value>(&reply.text().await.unwrap()).unwrap()["value"].clone()
    }

    async fn open(&self, path: &str) {
        let done = self
            .call("url", json!({ "url": format!("{}{path}", self.base) }))
            .await;
        assert!(done.is_null(), "{path}: {done}");
    }

    async fn run(&self, script: &str) -> Value {
        self.call("execute/sync", json!({ "script": script, "args": [] }))
            .await
    }

    async fn find(&self, css: &str) -> String {
        let found = self
            .call("element", json!({ "using": "css selector", "value": css }))
            .await;
        let id = found[ELEMENT].as_str();
        id.unwrap_or_else(|| panic!("nothing is {css}: {found}"))
            .to_owned()
    }

    async fn click(&self, css: &str) {
        let id = self.find(css).await;
        let done = self.call(&format!("element/{id}/click"), json!({})).await;
        assert!(done.is_null(), "{css}: {done}");
    }

    async fn write(&self, css: &str, text: &str) {
        let id = self.find(css).await;
        self.call(&format!("element/{id}/clear"), json!({})).await;
        let done = self
            .call(&format!("element/{id}/value"), json!({ "text": text }))
            .await;
        assert!(done.is_null(), "{css}: {done}");
    }

    async fn text(&self) -> String {
        let text = self.run("return document.body.innerText").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    async fn until_it_says(&self, what: &str) {
        until(&format!("the page says `{what}`"), async || {
            self.text().await.contains(what)
        })
        .await;
    }

    /// What the browser complained of since it was asked last.
    async fn complaints(&self) -> Vec<String> {
        let log = self.call("se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().cloned().unwrap_or_default();
        let severe = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        severe.map(|entry| entry["message"].to_string()).collect()
    }

    async fn shot(&self, name: &str) -> usize {
        let reply = self
            .http
            .get(format!("{}/screenshot", self.session))
            .send()
            .await;
        let reply: Value = serde_json::from_str(&reply.unwrap().text().await.unwrap()).unwrap();
        let picture = base64::Engine::decode(
            &base64::engine::general_purpose::STANDARD,
            reply["value"].as_str().expect("a picture"),
        );
        let picture = picture.expect("a picture is base64");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("console");
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        std::fs::write(folder.join(format!("{name}.png")), &picture).expect("it can be written");
        picture.len()
    }

    async fn end(self) {
        let ended = self.http.delete(&self.session).send().await;
        ended.expect("the driver ends its browser");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_shown_in_light_and_dark_and_fits_a_phone() {
    let world = World::start().await;
    world.on().await;
    let served = world.serve().await;
    let order = world.arrive(1)[0];
    world.until_a_job(order).await;
    let record = format!("/records?key={order}");
    for (look, width) in [(Look::Light, 1280), (Look::Dark, 1280), (Look::Light, 500)] {
        let Some(driver) = Driver::start(&served, look, width).await else {
            return;
        };
        for path in PAGES.iter().copied().chain([record.as_str()]) {
            driver.open(path).await;
            let name: String = path
                .chars()
                .map(|c| if c.is_alphanumeric() { c } else { '-' })
                .collect();
            let size = driver.shot(&format!("{look:?}-{width}{name}")).await;
            assert!(size > 5_000, "{path}: a picture of {size} bytes");
            assert_eq!(driver.complaints().await, Vec::<String>::new(), "{path}");
            let wide = driver
                .run("return document.documentElement.scrollWidth - window.innerWidth")
                .await;
            assert!(
                wide.as_i64().is_some_and(|wide| wide <= 0),
                "{path} is {wide} pixels too wide at {width}"
            );
            let ground = driver
                .run("return getComputedStyle(document.body).backgroundColor")
                .await;
            let is_dark = ground != "rgb(255, 255, 255)";
            assert_eq!(is_dark, look == Look::Dark, "{path}: {ground}");
        }
        driver.end().await;
    }
    served.terminate().await.fine();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_work_with_clicks_and_keys_and_see_what_changes() {
    let world = World::with(WorldConfig {
        subscribers: 1,
        ..WorldConfig::default()
    })
    .await;
    world.on().await;
    let served = world.serve().await;
    let Some(driver) = Driver::start(&served, Look::Light, 1280).await else {
        return;
    };
    let work = Edit {
        nte: Some(500.0),
        ..Edit::default()
    };

    // The first key leads past the navigation.
    driver.run("document.activeElement.blur()").await;
    let tab = json!({ "actions": [{ "type": "key", "id": "keys", "actions": [
        { "type": "keyDown", "value": "\u{e004}" }, { "type": "keyUp", "value": "\u{e004}" },
    ] }] });
    driver.call("actions", tab).await;
    let focused = driver
        .run("return document.activeElement.textContent")
        .await;
    assert_eq!(focused, "Skip to content");

    // Counts change while one looks, without a reload.
    driver.open("/tenants/sandbox").await;
    driver.run("window.stays = true").await;
    world.sandbox.servicechannel().arrive_as(1, &work);
    driver.until_it_says("1 synced").await;
    assert_eq!(
        driver.run("return window.stays").await,
        true,
        "the page was not loaded anew"
    );

    // A wrong setting for one subscriber, its letter, mended and retried.
    let preferences = "/tenants/sandbox/settings?tab=preferences&subject=2010000001";
    driver.open(preferences).await;
    driver.write("#nte_field", "999").await;
    driver.click("#save button.main").await;
    driver.until_it_says("The settings are changed").await;
    world.sandbox.servicechannel().arrive_as(1, &work);
    driver.open("/dead").await;
    driver.until_it_says("rejected 400").await;
    driver.open(preferences).await;
    driver.write("#nte_field", "3001").await;
    driver.click("#save button.main").await;
    driver.until_it_says("The settings are changed").await;
    driver.open("/dead").await;
    driver
        .click("button[aria-label='Retry all of rejected 400']")
        .await;
    driver.until_it_says("One record is worked again.").await;
    until("both work orders are jobs", async || {
        world.jobs().len() == 2
    })
    .await;

    // The list of the job summary, and the matrix.
    driver
        .open("/tenants/sandbox/settings?tab=job_summary")
        .await;
    driver.click("button[value='up:fields:po']").await;
    driver.until_it_says("The settings are changed").await;
    driver
        .open("/tenants/sandbox/settings?tab=job_status")
        .await;
    driver
        .click("input[aria-label='appointment.Working: keep']")
        .await;
    driver.click("#save button.main").await;
    driver.until_it_says("appointment.Working: keep").await;

    // Paused and resumed.
    driver.open("/tenants/sandbox").await;
    driver
        .click("form[action='/tenants/sandbox/pause'] button")
        .await;
    driver.until_it_says("sandbox is paused.").await;
    driver
        .click("form[action='/tenants/sandbox/resume'] button")
        .await;
    driver.until_it_says("sandbox goes on.").await;

    // Found by its number from any page.
    let order = world
        .jobs()
        .into_keys()
        .next()
        .expect("there is a job")
        .to_string();
    driver.write("#find", &order).await;
    driver.click(".find button").await;
    driver.until_it_says("Where it stands").await;
    assert_eq!(driver.complaints().await, Vec::<String>::new());

    driver.open("/integrations").await;
    driver
        .click("button[aria-label='Turn Best HVAC LLC off']")
        .await;
    driver.until_it_says("sandbox is off").await;
    driver.end().await;
    served.terminate().await.fine();
}
