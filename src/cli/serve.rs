//! `serve`: runs every tenant that is on and awaits webhooks, until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::args::{Global, ServeArgs};
use super::door::Door;
use super::exit::Exit;
use super::out::Out;
use super::systemd::Manager;
use super::{engine, live, watch};
use crate::daemon::Engine;
use crate::engine::run::TenantRun;
use crate::engine::store::{Phase, Store as _};
use crate::server::{Access, Admin, COMMAND_LINE, Ingress, random_token};

/// What the service manager shows while all is well.
pub(super) const SERVES: &str = "serves";

pub(super) async fn run(global: &Global, args: &ServeArgs, out: &Out) -> anyhow::Result<Exit> {
    let Some(engine) = engine::open(global, *out).await? else {
        return Ok(Exit::Config);
    };
    let ended = serve(&engine, args, out).await;
    // The limit holds for closing too: what was not stored by then is not answered, and comes again.
    if tokio::time::timeout(args.drain, engine.close())
        .await
        .is_err()
    {
        out.talk("the store did not close in time; the next start goes on from what is in it");
    }
    ended
}

async fn serve(engine: &Arc<Engine>, args: &ServeArgs, out: &Out) -> anyhow::Result<Exit> {
    let plan = engine.plan();
    let (hooks, hooks_at) =
        bind(args.hooks.unwrap_or(plan.runtime.hooks), "await webhooks").await?;
    let (admin, admin_at) =
        bind(args.admin.unwrap_or(plan.runtime.admin), "be administered").await?;
    let (tenants, failed) = engine.open_all().await;
    for (name, error) in &failed {
        out.talk(&format!("error: {name} is left out: {error}"));
    }
    if tenants.is_empty() && !failed.is_empty() {
        let (_, error) = failed.into_iter().next().expect("it is not empty");
        return Err(error.into());
    }
    let (on, off) = by_phase(engine, &tenants).await?;
    // Who reads that it listens may tell it to stop at once.
    let stop = CancellationToken::new();
    let watch = live::stop_on_ctrl_c(stop.clone(), *out);
    let door = Door {
        at: admin_at,
        token: random_token(),
    };
    let access = Access::new(&door.token, COMMAND_LINE, engine.clock().clone());
    for (name, error) in access.follow(engine).await {
        out.talk(&format!("error: {name} has no access: {error}"));
    }
    let door_file = door.write(engine.store().path())?;
    say(out, hooks_at, admin_at, &on, &off);
    let manager = Manager::present();
    manager.ready(SERVES);
    out.talk(&format!(
        "the token for the console is in {}",
        door_file.path().display()
    ));
    let ingress = Ingress::new(engine.clone());
    let admin_side = Admin::new(engine.clone(), ingress.clone(), access, stop.clone());
    let hooks = ingress.clone().serve(hooks, stop.clone());
    let (engine, running) = (engine.clone(), stop.clone());
    let mut ended = std::pin::pin!(async move {
        let reloads = watch::reloads(&engine, &running, &manager, *out);
        let (hooks, admin, ran, ()) = tokio::join!(
            hooks,
            admin_side.serve(admin),
            engine.clone().serve(on, running.clone()),
            reloads
        );
        ran?;
        hooks.context("webhooks are awaited no more")?;
        admin.context("the admin listener failed")
    });
    let served = tokio::select! {
        served = &mut ended => served,
        () = async { stop.cancelled().await; tokio::time::sleep(args.drain).await } => {
            out.talk("not everything ended in time; what was sent is settled at the next start");
            Ok(())
        }
    };
    watch.abort();
    served?;
    let counts = ingress.counts();
    if out.is_json() {
        out.json(&json!({ "hooks": counts }));
    } else {
        out.data(&format!(
            "webhooks: {} taken, {} ignored, {} dropped while off, {} refused, {} too large, {} told to come again",
            counts.taken,
            counts.ignored,
            counts.dropped,
            counts.refused,
            counts.too_large,
            counts.unavailable,
        ));
    }
    Ok(Exit::Fine)
}

async fn bind(at: SocketAddr, what: &str) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(at)
        .await
        .with_context(|| format!("cannot {what} at {at}"))?;
    let at = listener.local_addr()?;
    Ok((listener, at))
}

type Tenants = Vec<Arc<TenantRun>>;

async fn by_phase(
    engine: &Engine,
    tenants: &[Arc<TenantRun>],
) -> anyhow::Result<(Tenants, Tenants)> {
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for tenant in tenants {
        match engine.store().tenant(tenant.name()).await?.phase {
            Phase::On => on.push(tenant.clone()),
            Phase::Off | Phase::Activating | Phase::Paused => off.push(tenant.clone()),
        }
    }
    Ok((on, off))
}

fn say(
    out: &Out,
    hooks: SocketAddr,
    admin: SocketAddr,
    on: &[Arc<TenantRun>],
    off: &[Arc<TenantRun>],
) {
    let names = |tenants: &[Arc<TenantRun>]| -> Vec<String> {
        let names = tenants.iter().map(|tenant| tenant.name().to_string());
        names.collect()
    };
    let (on, off) = (names(on), names(off));
    if out.is_json() {
        out.json(&json!({ "listening": hooks.to_string(), "admin": admin.to_string(), "on": on, "off": off }));
    } else {
        out.data(&format!(
            "webhooks are awaited at http://{hooks}/hooks/, console and API are at http://{admin}/"
        ));
    }
    if on.is_empty() {
        out.talk("no tenant is on; turn one on with `syncline on TENANT`");
    } else {
        out.talk(&format!("running {}", on.join(", ")));
    }
    if !off.is_empty() {
        out.talk(&format!("off: {}", off.join(", ")));
    }
}
