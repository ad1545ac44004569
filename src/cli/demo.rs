//! `demo`: everything at once, offline. Both simulators, activation, and work orders that keep arriving.

use std::net::Ipv4Addr;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::args::{DemoArgs, Global};
use super::exit::Exit;
use super::live::{self, Live};
use super::out::Out;
use super::sandbox::{ending, preset, scenario};
use super::{engine, env, init, run as run_once, status, workspace};
use crate::daemon::{Engine, EngineError};
use crate::engine::record::TenantName;
use crate::engine::run::{ActivateError, Blame};
use crate::engine::schedule::Mode;
use crate::lang::plan::{ParamValue, Plan, SecretSource};
use crate::sandbox::kit::time::SimClock;
use crate::sandbox::scenario::play as play_story;
use crate::sandbox::{Made, Sandbox, SandboxConfig};
use crate::server::Ingress;

/// The tenant of the demo.
const TENANT: &str = "sandbox";
/// How often turning on is tried when faults are in the way.
const GOES: usize = 10;
/// How often the live line is drawn.
const DRAW: Duration = Duration::from_millis(250);

pub(super) async fn run(global: &Global, args: &DemoArgs, out: &Out) -> anyhow::Result<Exit> {
    let dir = &args.dir;
    std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    let mut global = global.clone();
    if !global.workspace.join("syncline.yaml").exists() {
        global.workspace = dir.join("pipelines");
        if !global.workspace.join("syncline.yaml").exists() {
            init::write_workspace(&global.workspace)?;
        }
        out.talk(&format!(
            "the pipelines are in {}: open them, change them, run the demo again",
            global.workspace.display()
        ));
    }
    let Some(plan) = workspace::plan(&global, *out)? else {
        return Ok(Exit::Config);
    };
    let store = global
        .store
        .clone()
        .unwrap_or_else(|| dir.join("syncline.db"));
    forget(&store)?;
    global.store = Some(store.clone());
    init::write_secrets(&dir.join("secrets"))?;

    let orders = work_orders(args);
    let old = u32::try_from(orders / 5)?;
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let clock = args
        .scenario
        .map_or_else(SimClock::real, |story| scenario(story).clock());
    let config = SandboxConfig {
        clock,
        work_orders: old,
        started_before_activation: old / 2,
        ..SandboxConfig::default()
    }
    .at(any, any)
    .with_faults(preset(args.faults));
    let sandbox = Sandbox::start(config).await?;
    for (name, at) in sandbox.listening() {
        out.talk(&format!("{name} is simulated at http://{at}"));
    }
    let plan = Arc::new(pointed_at(plan, &sandbox, &dir.join("secrets")));
    let engine = engine::open_plan(&global, plan).await?;
    let done = play(&engine, &sandbox, args, *out).await;
    let counters = engine.progress().counters();
    let waits = status::waits(engine.store(), &TenantName::from(TENANT)).await?;
    engine.close().await;
    let made = sandbox.made();
    let orders = sandbox.work_orders();
    sandbox.stop().await;
    let (took, exit) = done?;
    if out.is_json() {
        let made: Vec<Json> = made.iter().map(|made| json!({ "what": made.what, "created": made.created, "doubles": made.doubles })).collect();
        out.json(&json!({ "work_orders": orders, "counts": counters, "made": made, "store": store, "seconds": took.as_secs_f64() }));
    } else {
        out.data(&live::summary(&counters, took));
        for line in waits {
            out.data(&line);
        }
        out.data(&made_text(orders, &made));
        out.data(&format!(
            "the links are in {}: sqlite3 {} \"SELECT entity, key, target FROM link LIMIT 10\"",
            store.display(),
            store.display()
        ));
    }
    Ok(exit)
}

/// Fewer where a story is played: it begins when its work orders have come over.
fn work_orders(args: &DemoArgs) -> usize {
    let usual = if args.scenario.is_some() { 60 } else { 500 };
    args.work_orders.unwrap_or(usual)
}

/// Turns the integration on, lets work orders arrive, and syncs them.
async fn play(
    engine: &Arc<Engine>,
    sandbox: &Sandbox,
    args: &DemoArgs,
    out: Out,
) -> anyhow::Result<(Duration, Exit)> {
    let by = env::user();
    let agreement = engine
        .plan()
        .tenants
        .get(TENANT)
        .and_then(|tenant| tenant.integration.agreement.clone());
    let version = agreement
        .as_ref()
        .map(|agreement| agreement.version.to_string());
    turn_on(engine, &by, version.as_deref(), out).await?;
    out.talk(&format!(
        "the integration is on; the {} work orders of before stay where they are",
        sandbox.work_orders()
    ));
    let orders = work_orders(args);
    sandbox.arrive(orders - orders / 5);

    let stop = CancellationToken::new();
    let watch = live::stop_on_ctrl_c(stop.clone(), out);
    let arrivals = NonZeroU32::new(args.per_minute)
        .filter(|_| !args.once && args.scenario.is_none())
        .map(|per_minute| sandbox.start_arrivals(per_minute));
    let live = Live::start(out);
    let mode = if args.once { Mode::Once } else { Mode::Forever };
    if !args.once && args.scenario.is_none() {
        live.note(out, "work orders keep arriving; Ctrl-C stops");
    }
    let hooks = if args.once {
        None
    } else {
        Some(await_webhooks(engine, sandbox, out, stop.clone()).await?)
    };
    let started = engine.clock().monotonic();
    let what = [(TENANT.to_owned(), None)];
    let over = stop.clone();
    let story = async {
        let Some(story) = args.scenario else {
            return std::future::pending().await;
        };
        let say = |line: &str| live.note(out, line);
        let missed = play_story(sandbox, scenario(story), &say).await;
        say(&ending(missed));
        over.cancel();
    };
    let reports = {
        let running = async {
            let running = engine.run(&what, mode, stop);
            match hooks {
                Some(hooks) => tokio::join!(running, hooks).0,
                None => running.await,
            }
        };
        tokio::pin!(running, story);
        let mut is_over = false;
        loop {
            tokio::select! {
                reports = &mut running => break reports,
                () = &mut story, if !is_over => is_over = true,
                () = engine.clock().sleep(DRAW) => live.say(line(engine, sandbox)),
            }
        }
    };
    live.end();
    drop(arrivals);
    watch.abort();
    let took = engine.clock().monotonic().saturating_sub(started);
    let exit = run_once::exit(&reports?, engine.progress().counters().dead);
    Ok((took, exit))
}

/// Both simulators tell the demo of everything, so that it takes no poll to see what people do there.
async fn await_webhooks(
    engine: &Engine,
    sandbox: &Sandbox,
    out: Out,
    stop: CancellationToken,
) -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let at = listener.local_addr()?;
    let tenants = [engine.tenant(TENANT).await?];
    let ingress = Ingress::new(&tenants, engine.clock().clone(), engine.metrics().clone());
    sandbox.tell(at, TENANT);
    out.talk(&format!("both tell of what happens at http://{at}/hooks/"));
    Ok(async move {
        if let Err(error) = ingress.serve(listener, stop).await {
            out.talk(&format!("webhooks are awaited no more: {error}"));
        }
    })
}

/// Turns the integration on. In a storm it may take more than one go, as it would a person.
async fn turn_on(engine: &Engine, by: &str, version: Option<&str>, out: Out) -> anyhow::Result<()> {
    for _ in 1..GOES {
        match engine.activate(TENANT, by, version).await {
            Err(EngineError::Activate(ActivateError::Steps {
                blame: Blame::Reach,
                message,
                ..
            })) => out.talk(&format!("turning it on again: {message}")),
            done => return Ok(done.map(drop)?),
        }
    }
    Ok(engine.activate(TENANT, by, version).await.map(drop)?)
}

fn line(engine: &Engine, sandbox: &Sandbox) -> String {
    let counters = engine.progress().counters();
    let made: Vec<String> = sandbox
        .made()
        .iter()
        .map(|made| format!("{} {}", made.created, made.what))
        .collect();
    format!(
        "{} work orders → {} synced, {} waiting to be tried again   |   {}",
        sandbox.work_orders(),
        counters.written,
        counters.retry,
        made.join(", ")
    )
}

fn made_text(orders: usize, made: &[Made]) -> String {
    let doubles: u64 = made.iter().map(|made| made.doubles).sum();
    let made: Vec<String> = made
        .iter()
        .map(|made| live::number(made.created, &made.what))
        .collect();
    format!(
        "{orders} work orders; the simulators made {}, {doubles} of them twice",
        made.join(", ")
    )
}

/// The plan with the sandbox tenant pointed at the simulators of this process.
fn pointed_at(plan: Arc<Plan>, sandbox: &Sandbox, secrets: &Path) -> Plan {
    let mut plan = Arc::unwrap_or_clone(plan);
    plan.runtime.secrets = SecretSource::Directory(secrets.to_owned());
    if let Some(tenant) = plan.tenants.get_mut(TENANT) {
        let tenant = Arc::make_mut(tenant);
        let values = sandbox.account_values().into_iter();
        for (connector, param, value) in values.chain(sandbox.webhook_keys()) {
            if let Some(account) = tenant.accounts.get_mut(connector) {
                account
                    .params
                    .insert(Arc::from(param), ParamValue::Literal(Json::String(value)));
            }
        }
    }
    plan
}

/// The simulators begin anew at every start, so the demo's store does too.
fn forget(store: &Path) -> anyhow::Result<()> {
    for suffix in ["", "-wal", "-shm", "-lock"] {
        let mut name = store.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("{} cannot be removed", Path::new(&name).display()));
            }
        }
    }
    Ok(())
}
