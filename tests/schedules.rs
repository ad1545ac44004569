//! Triggers as a user meets them: the real binary on a fast clock, over clock changes, stops and kills, against an API
//! that notes when it is asked.

use std::fmt::Write as _;
use std::fs;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::cmd::Running;
use crate::harness::{Cmd, until};
use crate::other::apis::serve::Server;

/// When which pipeline read, by the engine's own clock, in order of arrival.
type Reads = Arc<Mutex<Vec<(String, DateTime<Utc>)>>>;

/// A workspace of pipelines that read lists which are always empty.
struct World {
    dir: TempDir,
    reads: Reads,
    _server: Server,
}

#[derive(serde::Deserialize)]
struct Asked {
    at: DateTime<Utc>,
}

async fn note(
    State(reads): State<Reads>,
    Path(pipeline): Path<String>,
    Query(asked): Query<Asked>,
) -> Json<Value> {
    reads.lock().unwrap().push((pipeline, asked.at));
    Json(json!({ "things": [] }))
}

impl World {
    /// Pipelines by name with their triggers.
    async fn start(triggers: &[(&str, &str)]) -> Self {
        let reads = Reads::default();
        let router = Router::new()
            .route("/{pipeline}", get(note))
            .with_state(reads.clone());
        let server = Server::start(router).await;
        let dir = TempDir::new().unwrap();
        let write = |file: &str, text: &str| {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "syncline.yaml",
            "kind: runtime\nname: clocks\nstore: syncline.db\nsecrets: { environment: CLOCKS_ }\n",
        );
        write(
            "connectors/clock.yaml",
            "kind: connector\nname: clock\nparams: { url: { type: text }, owner: { type: text }, \
             key: { type: text, secret: true } }\n\
             identity: [owner]\nbase_url: \"{{ params.url }}\"\n\
             auth: { api_key: { name: X-Key, value: \"{{ params.key }}\" } }\n\
             retry: { attempts: 3, first: 1s, max: 5s }\nsettle: { in_flight: 5s, lag: 0s }\n\
             errors: [{ when: status >= 400, class: transient }]\n\
             records: { thing: thing.json }\n",
        );
        write(
            "connectors/thing.json",
            r#"{ "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"] }"#,
        );
        write(
            "clocks/integration.yaml",
            "kind: integration\nname: clocks\ntitle: Clocks\nconnectors: [clock]\n",
        );
        for (name, trigger) in triggers {
            let mut text = format!("kind: pipeline\nname: {name}\n");
            writeln!(text, "trigger: {trigger}").unwrap();
            writeln!(
                text,
                "fetch: {{ connector: clock, get: /{name}, query: {{ at: \"{{{{ now }}}}\" }}, \
                 records: \"$.things[*]\", record: thing, key: $.id }}\n\
                 steps: [{{ skip: {{ reason: nothing to do }} }}]"
            )
            .unwrap();
            write(&format!("clocks/{name}.yaml"), &text);
        }
        let tenant = format!(
            "kind: tenant\nname: acme\ntitle: Acme\nintegration: clocks\n\
             accounts: {{ clock: {{ url: \"{}\", owner: acme, key: {{ secret: key }} }} }}\n",
            server.url
        );
        write("tenants/acme.yaml", &tenant);
        Self {
            dir,
            reads,
            _server: server,
        }
    }

    fn cmd(&self, args: &[&str], clock: &str) -> Cmd {
        Cmd::new(args)
            .dir(self.dir.path())
            .env("SYNCLINE_WORKSPACE", self.dir.path().to_str().unwrap())
            .env("CLOCKS_KEY", "made up")
            .env("SYNCLINE_CLOCK", clock)
    }

    async fn on(&self, clock: &str) {
        self.cmd(&["on", "acme"], clock).run().await.fine();
    }

    /// Runs by the triggers from an instant on.
    fn follow(&self, clock: &str) -> Running {
        self.cmd(&["run", "acme", "--follow"], clock)
            .start(&self.dir.path().join("follow"))
    }

    /// When a pipeline read so far.
    fn reads(&self, pipeline: &str) -> Vec<DateTime<Utc>> {
        let reads = self.reads.lock().unwrap();
        let own = reads.iter().filter(|(name, _)| name == pipeline);
        own.map(|(_, at)| *at).collect()
    }

    fn forget(&self) {
        self.reads.lock().unwrap().clear();
    }

    async fn until_read(&self, pipeline: &str, times: usize) {
        until(&format!("{pipeline} reads {times} times"), async || {
            self.reads(pipeline).len() >= times
        })
        .await;
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// It read so often, and each time in this span.
#[track_caller]
fn assert_reads(world: &World, pipeline: &str, times: usize, span: [&str; 2]) {
    let reads = world.reads(pipeline);
    let [from, to] = span.map(at);
    let fits = reads.len() == times && reads.iter().all(|read| (from..to).contains(read));
    assert!(
        fits,
        "{pipeline} read at {reads:?}, not {times} times in {span:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passed_while_the_process_was_down_is_read_once_or_skipped() {
    let world = World::start(&[
        (
            "nightly",
            "{ cron: \"30 2 * * *\", zone: America/New_York }",
        ),
        ("noon", "{ cron: \"0 13 * * *\", missed: skip }"),
        ("often", "{ every: 2m }"),
    ])
    .await;
    // The night in which New York's clock goes from 02:00 to 03:00; a minute takes 0.2 s.
    world.on("2026-03-08T05:00:00Z*300").await;
    let running = world.follow("2026-03-08T06:20:00Z*300");
    world.until_read("nightly", 1).await;
    running.terminate().await.fine();
    let night = ["2026-03-08T07:00:00Z", "2026-03-08T07:30:00Z"];
    assert_reads(&world, "nightly", 1, night);
    assert_reads(&world, "noon", 0, night);
    world.forget();

    // Two days later: two nights and two noons have passed.
    let running = world.follow("2026-03-10T12:00:00Z*300");
    world.until_read("noon", 1).await;
    running.kill().await;
    let at_start = ["2026-03-10T12:00:00Z", "2026-03-10T13:00:00Z"];
    assert_reads(&world, "nightly", 1, at_start);
    let noon = ["2026-03-10T13:00:00Z", "2026-03-10T13:30:00Z"];
    assert_reads(&world, "noon", 1, noon);
    world.forget();

    // What was made up for is not made up for again, though the process was killed.
    let running = world.follow("2026-03-10T15:00:00Z*300");
    world.until_read("often", 5).await;
    running.terminate().await.fine();
    assert_reads(&world, "nightly", 0, noon);
    assert_reads(&world, "noon", 0, noon);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_of_a_fast_clock_are_read_as_declared() {
    // Lord Howe's clock goes back half an hour on 5 April: from UTC+11 to UTC+10:30.
    let declared: [(&str, &str, &[&str]); 3] = [
        (
            "nightly",
            "{ cron: \"30 2 * * *\", zone: America/New_York }",
            &["2026-04-04T06:30:00Z", "2026-04-05T06:30:00Z"],
        ),
        (
            "quarterly",
            "{ cron: \"0 */6 * * *\", zone: Australia/Lord_Howe }",
            &[
                "2026-04-04T01:00:00Z",
                "2026-04-04T07:00:00Z",
                "2026-04-04T13:00:00Z",
                "2026-04-04T19:30:00Z",
                "2026-04-05T01:30:00Z",
                "2026-04-05T07:30:00Z",
                "2026-04-05T13:30:00Z",
                "2026-04-05T19:30:00Z",
            ],
        ),
        (
            "daily",
            "{ cron: \"15 7 * * *\", zone: Europe/Berlin }",
            &["2026-04-04T05:15:00Z", "2026-04-05T05:15:00Z"],
        ),
    ];
    let mut triggers = vec![("eight", "{ every: 8h }")];
    triggers.extend(declared.map(|(name, trigger, _)| (name, trigger)));
    let world = World::start(&triggers).await;
    // An hour takes 0.6 s.
    world.on("2026-04-03T00:00:00Z*6000").await;
    let running = world.follow("2026-04-04T00:00:00Z*6000");
    let last = || world.reads.lock().unwrap().last().map(|(_, at)| *at);
    until("the second night is over", async || {
        last() >= Some(at("2026-04-05T07:00:00Z"))
    })
    .await;
    running.terminate().await.fine();
    let last = last().unwrap();
    assert!(
        last < at("2026-04-06T00:00:00Z"),
        "stopped too late: {last}"
    );

    // A busy machine may be late by most of the time between two reads, but by no more.
    let (hour, late) = (TimeDelta::hours(1), TimeDelta::hours(5));
    let eight = world.reads("eight");
    for (one, next) in eight.iter().zip(&eight[1..]) {
        let apart = *next - *one;
        let fits = (late - hour * 2..hour * 13).contains(&apart);
        assert!(fits, "every eight hours, but at {one} and {next}");
    }
    let start = eight[0];
    for (pipeline, _, times) in declared {
        let mut reads = world.reads(pipeline);
        reads.retain(|read| *read >= start);
        for time in times.iter().map(|time| at(time)) {
            let mut met = reads.extract_if(.., |read| (time..time + late).contains(read));
            let met = (met.next(), met.next());
            let due = start < time && time + late < last;
            let fits = matches!((due, met), (_, (Some(_), None)) | (false, (None, None)));
            assert!(
                fits,
                "{pipeline} at {time}: {met:?}; from {start} to {last}"
            );
        }
        assert!(reads.is_empty(), "{pipeline}, at other times: {reads:?}");
    }
}
