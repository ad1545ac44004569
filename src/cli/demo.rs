//! `demo`: everything at once, offline. Both simulators, activation, and work orders that keep arriving.

use std::net::Ipv4Addr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
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
use super::systemd::Manager;
use super::{engine, env, init, run as run_once, status, watch, workspace};
use crate::daemon::{self, Engine, EngineError, Loader};
use crate::engine::record::TenantName;
use crate::engine::run::{ActivateError, Blame};
use crate::engine::schedule::Mode;
use crate::lang::plan::{ParamValue, Plan, SecretSource};
use crate::sandbox::kit::time::SimClock;
use crate::sandbox::scenario::play as play_story;
use crate::sandbox::{Made, Sandbox, SandboxConfig};
use crate::server::{Access, Admin, Ingress, random_token};

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
    let values = Values {
        params: sandbox
            .account_values()
            .into_iter()
            .chain(sandbox.webhook_keys())
            .map(|(connector, param, value)| (connector.to_owned(), param.to_owned(), value))
            .collect(),
        secrets: dir.join("secrets"),
    };
    let pointed = values.clone();
    let workspace = global.workspace.clone();
    let loader: Loader = Arc::new(move || {
        let mut loaded = daemon::load(&workspace)?;
        loaded.plan = loaded.plan.map(|plan| pointed.point(plan));
        Ok(loaded)
    });
    let plan = Arc::new(values.point(Arc::unwrap_or_clone(plan)));
    let engine = engine::open_plan(&global, plan, loader).await?;
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
    if !args.once && args.scenario.is_none() {
        live.note(out, "work orders keep arriving; Ctrl-C stops");
    }
    let listening = if args.once {
        None
    } else {
        Some(listen(engine, sandbox, args, out, stop.clone()).await?)
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
            match listening {
                Some(listening) => {
                    let tenants = vec![engine.tenant(TENANT).await?];
                    let manager = Manager::present();
                    let reloads = watch::reloads(engine, &stop, &manager, out);
                    let served = engine.clone().serve(tenants, stop.clone());
                    tokio::join!(served, listening, reloads).0?;
                    Ok(Vec::new())
                }
                None => engine.run(&what, Mode::Once, stop).await,
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

/// Both simulators tell the demo of everything, so that it takes no poll to see what people do there; and whoever looks
/// can see it all in the console.
async fn listen(
    engine: &Arc<Engine>,
    sandbox: &Sandbox,
    args: &DemoArgs,
    out: Out,
    stop: CancellationToken,
) -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let hooks = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let at = hooks.local_addr()?;
    let ingress = Ingress::new(engine.clone());
    sandbox.tell(at, TENANT);
    out.talk(&format!("both tell of what happens at http://{at}/hooks/"));
    let admin = TcpListener::bind(args.console)
        .await
        .with_context(|| format!("the console cannot be at {}", args.console))?;
    let token = random_token();
    out.talk(&format!(
        "the console is at http://{}/login?token={token}",
        admin.local_addr()?
    ));
    let access = Access::new(&token, "demo", engine.clock().clone());
    let people = Admin::new(engine.clone(), ingress.clone(), access, stop.clone());
    Ok(async move {
        let (hooks, admin) = tokio::join!(ingress.serve(hooks, stop), people.serve(admin));
        for failed in [hooks, admin].into_iter().filter_map(Result::err) {
            out.talk(&format!("error: a listener failed: {failed}"));
        }
    })
}

/// Turns the integration on. In a storm it may take more than one go, as it would a person.
async fn turn_on(
    engine: &Arc<Engine>,
    by: &str,
    version: Option<&str>,
    out: Out,
) -> anyhow::Result<()> {
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

/// What points the sandbox tenant at the simulators of this process.
#[derive(Clone)]
struct Values {
    /// Connector, param and value.
    params: Vec<(String, String, String)>,
    secrets: PathBuf,
}

impl Values {
    /// The plan with the sandbox tenant pointed at them.
    fn point(&self, mut plan: Plan) -> Plan {
        plan.runtime.secrets = SecretSource::Directory(self.secrets.clone());
        if let Some(tenant) = plan.tenants.get_mut(TENANT) {
            let tenant = Arc::make_mut(tenant);
            for (connector, param, value) in &self.params {
                if let Some(account) = tenant.accounts.get_mut(connector.as_str()) {
                    let value = ParamValue::Literal(Json::String(value.clone()));
                    account.params.insert(Arc::from(param.as_str()), value);
                }
            }
        }
        plan
    }
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
