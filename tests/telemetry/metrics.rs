//! An engine at work, and whether its metrics say what the simulators saw.

#![expect(
    clippy::float_cmp,
    clippy::cast_precision_loss,
    reason = "counts are small whole numbers"
)]

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::json;
use syncline::daemon::Engine;
use syncline::engine::schedule::Mode;
use syncline::engine::telemetry::names::{Kind, Metric};
use syncline::engine::telemetry::{Gauges, Metrics};
use syncline::sandbox::kit::faults::{Action, FailBody, Rule};
use syncline::sandbox::servicetitan::Mark;
use syncline::server::Ingress;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::exposition::Exposition;
use crate::cli::replace;
use crate::harness::hooks::deliver;
use crate::harness::world::TENANT;
use crate::harness::{World, until};
use crate::histories::{JOBS, making};
use crate::requirements::office::{campaigns, id_of};

const PIPELINE: &str = "work-orders";

async fn shown(engine: &Engine) -> Exposition {
    Exposition::read(&engine.metrics_text().await)
}

async fn run_once(engine: &Arc<Engine>) {
    let all = [(TENANT.to_owned(), None)];
    let ran = engine.run(&all, Mode::Once, CancellationToken::new()).await;
    ran.expect("the run ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_say_what_the_simulators_saw() {
    let world = World::start().await;
    // Wide enough that nothing waits, though a tenth of it is what a start begins with.
    world.tenant(
        "/connectors/servicetitan/limits",
        json!([{ "requests": 90_000, "per": "1m", "by": "{{ params.client_id }}" }]),
    );
    world.on().await;
    let kits = [
        (
            "servicechannel",
            world.sandbox.servicechannel().kit().clone(),
        ),
        ("servicetitan", world.sandbox.servicetitan().kit().clone()),
    ];
    let asked = || {
        kits.clone()
            .map(|(name, kit)| (name, kit.audit.summary().requests))
    };
    let before = asked();
    world.arrive(5);
    let engine = world.engine().await;
    run_once(&engine).await;
    let seen = shown(&engine).await;

    let written = [("pipeline", PIPELINE), ("outcome", "written")];
    assert_eq!(seen.get("syncline_records_total", &written), Some(5.0));
    let of = [("pipeline", PIPELINE)];
    for histogram in ["sync_lag", "attempt_duration"] {
        let name = format!("syncline_{histogram}_seconds_count");
        assert!(seen.get(&name, &of) >= Some(5.0), "{name}");
    }
    assert_eq!(seen.get("syncline_sync_lag_seconds_count", &of), Some(5.0));
    let lag = seen.get("syncline_sync_lag_seconds_sum", &of).unwrap();
    assert!(
        lag / 5.0 < 600.0,
        "what comes in now is written soon: {lag}"
    );
    assert!(seen.get("syncline_rows_taken_total", &of) >= Some(5.0));
    let passes = [("pipeline", PIPELINE), ("end", "complete")];
    assert_eq!(seen.get("syncline_passes_total", &passes), Some(1.0));

    for ((name, before), (_, after)) in before.into_iter().zip(asked()) {
        let counted = seen.sum(
            "syncline_http_request_duration_seconds_count",
            &[("connector", name)],
        );
        assert_eq!(counted, (after - before) as f64, "requests to {name}");
        let tokens = seen.sum(
            "syncline_http_request_duration_seconds_count",
            &[("connector", name), ("endpoint", "token")],
        );
        assert_eq!(tokens, 1.0, "{name} was asked for a token once");
    }
    let jobs = [
        ("connector", "servicetitan"),
        ("endpoint", "api"),
        ("method", "POST"),
        ("class", "ok"),
    ];
    let posts = seen.get("syncline_http_request_duration_seconds_count", &jobs);
    let created = seen.get("syncline_writes_total", &[("kind", "created")]);
    assert!(posts >= Some(5.0) && created >= Some(5.0));

    assert_eq!(seen.get("syncline_tenants", &[("phase", "on")]), Some(1.0));
    assert_eq!(seen.get("syncline_tenants", &[("phase", "off")]), Some(0.0));
    assert_eq!(seen.get("syncline_unknown_outcomes", &[]), Some(0.0));
    assert_eq!(seen.get("syncline_store_readable", &[]), Some(1.0));
    assert_eq!(seen.get("syncline_config_generation", &[]), Some(1.0));
    let success = seen.get("syncline_config_last_reload_success", &[]);
    assert_eq!(success, Some(1.0));
    let commits = seen.get("syncline_store_commit_seconds_count", &[]);
    assert!(commits >= Some(1.0));
    assert!(seen.get("syncline_store_commands_total", &[]) >= commits);
    let age = seen.get("syncline_cursor_age_seconds", &of).unwrap();
    assert!(age < 300.0, "it was read just now: {age}");
    assert!(seen.get("process_open_fds", &[]) > Some(3.0));
    assert!(seen.get("process_resident_memory_bytes", &[]) > Some(1e6));

    let window = [("connector", "servicetitan"), ("window", "90000/1m")];
    let left = seen.get("syncline_rate_budget_remaining", &window).unwrap();
    assert!((1.0..90_000.0).contains(&left), "{left}");
    assert_eq!(
        seen.get("syncline_rate_budget_limit", &window),
        Some(90_000.0)
    );

    assert!(!seen.values().contains(TENANT), "no tenant is a label");
    are_named(&seen);
    // What has nothing to show here is looked at in the other tests.
    let quiet = [
        Metric::RecordsStanding,
        Metric::OldestPending,
        Metric::DeadRecords,
        Metric::AccountsPaused,
        Metric::RequirementsClosed,
        Metric::HookDuration,
    ];
    for metric in Metric::ALL.iter().filter(|metric| !quiet.contains(metric)) {
        let name = metric.name();
        let family = match metric.kind() {
            Kind::Counter => name.trim_end_matches("_total"),
            Kind::Gauge | Kind::Histogram => name,
        };
        assert!(seen.types.contains_key(family), "{name} is not shown");
    }
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_in_the_store_is_shown_though_the_store_is_gone() {
    let world = World::start().await;
    let engine = world.engine().await;
    engine.close().await;
    let seen = shown(&engine).await;
    assert_eq!(seen.get("syncline_store_readable", &[]), Some(0.0));
    assert_eq!(seen.get("syncline_config_generation", &[]), Some(1.0));
    assert_eq!(seen.get("syncline_tenants", &[("phase", "on")]), None);
}

/// Everything that is shown is in the list, as the list says.
fn are_named(seen: &Exposition) {
    for (family, kind) in &seen.types {
        let metric = Metric::ALL.iter().find(|metric| {
            let name = metric.name();
            let name = match metric.kind() {
                Kind::Counter => name.strip_suffix("_total").unwrap(),
                Kind::Gauge | Kind::Histogram => name,
            };
            name == family
        });
        let metric = metric.unwrap_or_else(|| panic!("{family} is not in the list"));
        assert_eq!(metric.kind().as_str(), kind, "{family}");
        assert_eq!(seen.helps[family], format!("{}.", metric.help()));
        for label in seen.labels(family) {
            assert!(metric.labels().contains(&label), "{family} has {label}");
        }
    }
}

/// Runs until it is told to stop.
fn run_on(engine: &Arc<Engine>) -> (CancellationToken, JoinSet<()>) {
    let stop = CancellationToken::new();
    let mut runs = JoinSet::new();
    let (engine, stopped) = (engine.clone(), stop.clone());
    runs.spawn(async move {
        let all = [(TENANT.to_owned(), None)];
        let ran = engine.run(&all, Mode::Forever, stopped).await;
        ran.expect("the run ends when it is told to");
    });
    (stop, runs)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_requirement_that_does_not_hold_is_shown_with_what_waits_for_it() {
    let world = World::start().await;
    world.on().await;
    let campaign = id_of(&campaigns(&world)[0]);
    let office = world.sandbox.servicetitan();
    office.set_campaign(campaign, Mark::Off).unwrap();
    world.arrive(3);
    let engine = world.engine().await;
    run_once(&engine).await;
    let seen = shown(&engine).await;
    let closed = [("requirement", "campaign")];
    assert_eq!(seen.get("syncline_requirements_closed", &closed), Some(1.0));
    let ready = [("pipeline", PIPELINE), ("state", "ready")];
    assert_eq!(seen.get("syncline_inbox_records", &ready), Some(3.0));
    let oldest = [("pipeline", PIPELINE)];
    let oldest = seen.get("syncline_oldest_pending_seconds", &oldest);
    assert!(oldest > Some(0.0), "{oldest:?}");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_up_is_shown_by_its_cause() {
    let world = World::start().await;
    world.tenant("/settings/preferences/dispatch_board", json!(false));
    let pipeline = world.workspace().join("servicechannel/work-orders.yaml");
    replace(
        &pipeline,
        "customerType: Commercial",
        "customerType: Imaginary",
    );
    world.on().await;
    world.arrive(2);
    let engine = world.engine().await;
    run_once(&engine).await;
    let seen = shown(&engine).await;
    let dead = [("pipeline", PIPELINE), ("outcome", "dead")];
    assert_eq!(seen.get("syncline_records_total", &dead), Some(2.0));
    let dead = [("pipeline", PIPELINE), ("state", "dead")];
    assert_eq!(seen.get("syncline_inbox_records", &dead), Some(2.0));
    let cause = [("cause", "rejected 400")];
    assert_eq!(seen.get("syncline_dead_records", &cause), Some(2.0));
    let pending = [("pipeline", PIPELINE)];
    let pending = seen.get("syncline_oldest_pending_seconds", &pending);
    assert_eq!(pending, Some(0.0), "what was given up does not wait");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_nobody_knows_the_end_of_is_counted_until_it_is_settled() {
    let world = World::start().await;
    world.on().await;
    // Long enough to be looked at, over before the test is.
    world.tenant("/connectors/servicetitan/settle/in_flight", json!("25m"));
    world.target_suffers(vec![making(JOBS, Action::DropBefore).at_most(1)]);
    world.arrive(1);
    let engine = world.engine().await;
    let (stop, mut runs) = run_on(&engine);
    until("the lost reply is shown", async || {
        let seen = shown(&engine).await;
        seen.get("syncline_unknown_outcomes", &[]) == Some(1.0)
    })
    .await;
    let seen = shown(&engine).await;
    assert_eq!(seen.get("syncline_replies_lost_total", &[]), Some(1.0));
    assert_eq!(seen.get("syncline_settled_total", &[]), Some(0.0));
    let waiting = [("pipeline", PIPELINE), ("state", "waiting")];
    assert_eq!(seen.get("syncline_inbox_records", &waiting), Some(1.0));
    let oldest = [("pipeline", PIPELINE)];
    let oldest = seen.get("syncline_oldest_pending_seconds", &oldest);
    assert!(oldest > Some(0.0), "{oldest:?}");
    let broken = [
        ("connector", "servicetitan"),
        ("endpoint", "api"),
        ("method", "POST"),
        ("class", "broken"),
    ];
    let count = "syncline_http_request_duration_seconds_count";
    assert_eq!(seen.get(count, &broken), Some(1.0));
    until("it is settled and made", async || {
        let seen = shown(&engine).await;
        let written = [("pipeline", PIPELINE), ("outcome", "written")];
        seen.get("syncline_settled_total", &[]) == Some(1.0)
            && seen.get("syncline_records_total", &written) == Some(1.0)
            && seen.get("syncline_unknown_outcomes", &[]) == Some(0.0)
    })
    .await;
    stop.cancel();
    while runs.join_next().await.is_some() {}
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_cut_off_is_not_ready_until_it_heals() {
    let world = World::start().await;
    world.on().await;
    let engine = world.engine().await;
    let (stop, mut runs) = run_on(&engine);
    until("the tenant is on", async || {
        let health = engine.connections_health().await.unwrap();
        !health.is_empty()
    })
    .await;
    let limit = Duration::from_secs(300);
    let source = async || {
        let health = engine.connections_health().await.unwrap();
        let [tenant] = &health[..] else {
            panic!("one tenant is on: {health:?}")
        };
        assert_eq!(tenant.tenant.as_str(), TENANT);
        let mut connections = tenant.connections.iter();
        let found = connections.find(|health| health.connector.as_str() == "servicechannel");
        let found = found.expect("it has an account").clone();
        let unready = found.unready(engine.clock().now(), tenant.from, limit);
        (found, unready)
    };
    until("it is heard of", async || {
        source().await.0.contact.worked_at.is_some()
    })
    .await;
    assert_eq!(source().await.1, None);
    let out = Action::Fail {
        status: 503,
        body: FailBody::Json,
    };
    world.source_suffers(vec![Rule::always(out)]);
    until("it counts as not ready", async || {
        source().await.1.is_some()
    })
    .await;
    let (health, unready) = source().await;
    assert!(health.polled_every.is_some() && health.contact.fails_since.is_some());
    let why = unready.unwrap();
    assert!(
        why.starts_with("no request has succeeded since 2026-11-02T"),
        "{why}"
    );
    assert!(why.ends_with(": server errors in a row"), "{why}");
    let paused = [("connector", "servicechannel"), ("reason", "server_errors")];
    until("its pause is shown", async || {
        let seen = shown(&engine).await;
        seen.get("syncline_accounts_paused", &paused) == Some(1.0)
    })
    .await;
    world.source_suffers(Vec::new());
    until("it is ready again", async || source().await.1.is_none()).await;
    let seen = shown(&engine).await;
    assert_eq!(seen.get("syncline_accounts_paused", &paused), None);
    let accounts = seen.get("syncline_accounts", &[("connector", "servicechannel")]);
    assert_eq!(accounts, Some(1.0));

    engine.probe_store(Duration::from_secs(5)).await.unwrap();
    stop.cancel();
    while runs.join_next().await.is_some() {}
    engine.close().await;
    let closed = engine.probe_store(Duration::from_secs(5)).await;
    assert_eq!(closed.unwrap_err().to_string(), "the store is closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_counted_by_what_became_of_them() {
    let world = World::start().await;
    world.gives_keys();
    let engine = world.engine().await;
    engine.tenant(TENANT).await.unwrap();
    let ingress = Ingress::new(engine.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let mut served = JoinSet::new();
    served.spawn(ingress.serve(listener, stop.clone()));
    for (path, status) in [
        (
            "sandbox/servicechannel/work_order",
            StatusCode::UNAUTHORIZED,
        ),
        ("sandbox/servicechannel/nothing", StatusCode::NOT_FOUND),
    ] {
        let answered = deliver(at, path, HeaderMap::new(), b"{}".to_vec()).await;
        assert_eq!(answered, Some(status), "{path}");
    }
    let seen = shown(&engine).await;
    for fate in ["refused", "nowhere"] {
        let count = seen.get("syncline_hook_duration_seconds_count", &[("fate", fate)]);
        assert_eq!(count, Some(1.0), "{fate}");
    }
    stop.cancel();
    while let Some(ended) = served.join_next().await {
        ended.unwrap().unwrap();
    }
    engine.close().await;
}

#[test]
fn a_configuration_that_was_refused_is_shown_until_one_is_taken() {
    let metrics = Metrics::default();
    let seen = || Exposition::read(&metrics.text(Gauges::default()));
    let now = |name: &str| seen().get(name, &[]).unwrap();
    metrics.config_taken(1, 1_000.5);
    metrics.config_refused();
    assert_eq!(now("syncline_config_generation"), 1.0);
    assert_eq!(now("syncline_config_last_reload_success"), 0.0);
    assert_eq!(
        now("syncline_config_last_reload_timestamp_seconds"),
        1_000.5
    );
    metrics.config_taken(2, 2_000.0);
    assert_eq!(now("syncline_config_generation"), 2.0);
    assert_eq!(now("syncline_config_last_reload_success"), 1.0);
}

#[test]
fn any_text_can_be_the_value_of_a_label() {
    let mut gauges = Gauges::default();
    let cause = "rejected \"no\\such\nthing\"";
    gauges.add(Metric::DeadRecords, [cause], 2.0);
    let seen = Exposition::read(&Metrics::default().text(gauges));
    let value = seen.get("syncline_dead_records", &[("cause", cause)]);
    assert_eq!(value, Some(2.0));
}
