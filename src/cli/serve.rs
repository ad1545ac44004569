//! `serve`: runs every tenant that is on and awaits webhooks, until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::args::{Global, ServeArgs};
use super::exit::Exit;
use super::out::Out;
use super::{engine, live};
use crate::daemon::Engine;
use crate::engine::run::TenantRun;
use crate::engine::store::{Phase, Store as _};
use crate::server::Ingress;

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
    let at = args.hooks.unwrap_or(engine.plan().runtime.hooks);
    let listener = TcpListener::bind(at)
        .await
        .with_context(|| format!("cannot await webhooks at {at}"))?;
    let at = listener.local_addr()?;
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
    say(out, at, &on, &off);
    let ingress = Ingress::new(&tenants, engine.clock().clone(), engine.metrics().clone());
    let hooks = ingress.clone().serve(listener, stop.clone());
    let (engine, running) = (engine.clone(), stop.clone());
    let mut ended = std::pin::pin!(async move {
        let (hooks, ()) = tokio::join!(hooks, engine.serve(on, running));
        hooks
    });
    let hooks = tokio::select! {
        hooks = &mut ended => hooks,
        () = async { stop.cancelled().await; tokio::time::sleep(args.drain).await } => {
            out.talk("not everything ended in time; what was sent is settled at the next start");
            Ok(())
        }
    };
    watch.abort();
    hooks.context("webhooks are awaited no more")?;
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

fn say(out: &Out, at: SocketAddr, on: &[Arc<TenantRun>], off: &[Arc<TenantRun>]) {
    let names = |tenants: &[Arc<TenantRun>]| -> Vec<String> {
        let names = tenants.iter().map(|tenant| tenant.name().to_string());
        names.collect()
    };
    let (on, off) = (names(on), names(off));
    if out.is_json() {
        out.json(&json!({ "listening": at.to_string(), "on": on, "off": off }));
    } else {
        out.data(&format!("webhooks are awaited at http://{at}/hooks/"));
    }
    if on.is_empty() {
        out.talk("no tenant is on; turn one on with `syncline on TENANT` while this is stopped");
    } else {
        out.talk(&format!("running {}", on.join(", ")));
    }
    if !off.is_empty() {
        out.talk(&format!("off: {}", off.join(", ")));
    }
}
