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
            "kind: runtime\nname: clocks\nstore: syncline.db\n",
        );
        write(
            "connectors/clock.yaml",
            "kind: connector\nname: clock\nparams: { url: { type: text }, owner: { type: text } }\n\
             identity: [owner]\nbase_url: \"{{ params.url }}\"\nauth: { none: {} }\n\
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
             accounts: {{ clock: {{ url: \"{}\", owner: acme }} }}\n",
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

/// It read at these times, each time within a minute.
#[track_caller]
fn assert_reads(world: &World, pipeline: &str, times: &[&str]) {
    let reads = world.reads(pipeline);
    let minute = TimeDelta::minutes(1);
    let fits = reads.len() == times.len()
        && reads
            .iter()
            .zip(times)
            .all(|(read, time)| at(time) <= *read && *read < at(time) + minute);
    assert!(fits, "{pipeline} read at {reads:?}, not at {times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passed_while_the_process_was_down_is_read_once_or_skipped() {
    let world = World::start(&[
        (
            "nightly",
            "{ cron: \"30 2 * * *\", zone: America/New_York }",
        ),
        ("noon", "{ cron: \"3 12 * * *\", missed: skip }"),
        ("often", "{ every: 2m }"),
    ])
    .await;
    // The night in which New York's clock goes from 02:00 to 03:00; a minute takes 0.3 s.
    world.on("2026-03-08T06:50:00Z*200").await;
    let running = world.follow("2026-03-08T06:57:00Z*200");
    world.until_read("nightly", 1).await;
    running.terminate().await.fine();
    assert_reads(&world, "nightly", &["2026-03-08T07:00:00Z"]);
    assert_reads(&world, "noon", &[]);
    world.forget();

    // Two days later: two nights and two noons have passed.
    let running = world.follow("2026-03-10T12:00:00Z*200");
    world.until_read("often", 3).await;
    world.until_read("noon", 1).await;
    running.kill().await;
    assert_reads(&world, "nightly", &["2026-03-10T12:00:00Z"]);
    assert_reads(&world, "noon", &["2026-03-10T12:03:00Z"]);
    world.forget();

    // What was made up for is not made up for again, though the process was killed.
    let running = world.follow("2026-03-10T15:00:00Z*200");
    world.until_read("often", 3).await;
    running.terminate().await.fine();
    assert_reads(&world, "nightly", &[]);
    assert_reads(&world, "noon", &[]);
    let often = [
        "2026-03-10T15:00:00Z",
        "2026-03-10T15:02:00Z",
        "2026-03-10T15:04:00Z",
    ];
    assert_reads(&world, "often", &often);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_of_a_fast_clock_are_read_as_declared() {
    let world = World::start(&[
        (
            "nightly",
            "{ cron: \"30 2 * * *\", zone: America/New_York }",
        ),
        (
            "quarterly",
            "{ cron: \"0 */6 * * *\", zone: Australia/Lord_Howe }",
        ),
        ("daily", "{ cron: \"15 7 * * *\", zone: Europe/Berlin }"),
        ("eight", "{ every: 8h }"),
    ])
    .await;
    // An hour takes 0.18 s.
    world.on("2026-04-02T23:00:00Z*20000").await;
    let running = world.follow("2026-04-03T00:00:00Z*20000");
    world.until_read("nightly", 3).await;
    world.until_read("daily", 3).await;
    running.terminate().await.fine();
    let last = world.reads.lock().unwrap().last().unwrap().1;

    // Lord Howe's clock goes back half an hour on 5 April: from UTC+11 to UTC+10:30.
    let declared: [(&str, &[&str]); 4] = [
        (
            "nightly",
            &[
                "2026-04-03T06:30:00Z",
                "2026-04-04T06:30:00Z",
                "2026-04-05T06:30:00Z",
            ],
        ),
        (
            "quarterly",
            &[
                "2026-04-03T01:00:00Z",
                "2026-04-03T07:00:00Z",
                "2026-04-03T13:00:00Z",
                "2026-04-03T19:00:00Z",
                "2026-04-04T01:00:00Z",
                "2026-04-04T07:00:00Z",
                "2026-04-04T13:00:00Z",
                "2026-04-04T19:30:00Z",
                "2026-04-05T01:30:00Z",
            ],
        ),
        (
            "daily",
            &[
                "2026-04-03T05:15:00Z",
                "2026-04-04T05:15:00Z",
                "2026-04-05T05:15:00Z",
            ],
        ),
        (
            "eight",
            &[
                "2026-04-03T00:00:00Z",
                "2026-04-03T08:00:00Z",
                "2026-04-03T16:00:00Z",
                "2026-04-04T00:00:00Z",
                "2026-04-04T08:00:00Z",
                "2026-04-04T16:00:00Z",
                "2026-04-05T00:00:00Z",
            ],
        ),
    ];
    // A busy machine may be late by most of the time between two reads, but by no more.
    for (pipeline, times) in declared {
        let reads = world.reads(pipeline);
        assert!(
            last < at("2026-04-05T07:00:00Z"),
            "stopped too late, at {last}"
        );
        assert_eq!(reads.len(), times.len(), "{pipeline} read at {reads:?}");
        for (read, time) in reads.iter().zip(times) {
            let late = *read - at(time);
            let fits = (TimeDelta::zero()..TimeDelta::hours(5)).contains(&late);
            assert!(fits, "{pipeline} read at {read}, not at {time}");
        }
    }
}
