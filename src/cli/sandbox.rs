//! `sandbox`: the two simulators alone.

use std::num::NonZeroU32;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::args::{Faults, SandboxArgs, Story};
use super::exit::Exit;
use super::live;
use super::out::Out;
use crate::sandbox::kit::faults::Preset;
use crate::sandbox::scenario::{self, Scenario};
use crate::sandbox::{Sandbox, SandboxConfig};

pub(super) async fn run(args: &SandboxArgs, out: &Out) -> anyhow::Result<Exit> {
    let mut config = SandboxConfig {
        seed: args.seed,
        work_orders: u32::try_from(args.work_orders)?,
        ..SandboxConfig::default()
    }
    .at(args.source, args.target)
    .with_faults(preset(args.faults));
    if let Some(story) = args.scenario {
        config.clock = scenario(story).clock();
    }
    if args.unlimited {
        config = config.unlimited();
    }
    let sandbox = Sandbox::start(config).await?;
    // Who reads that it listens may tell it to stop at once.
    let stop = CancellationToken::new();
    let watch = live::stop_on_ctrl_c(stop.clone(), *out);
    for (name, at) in sandbox.listening() {
        if out.is_json() {
            out.json(&json!({ "simulator": name, "listening": at.to_string() }));
        } else {
            out.data(&format!("{name} listens at http://{at}"));
        }
    }
    let arrivals =
        NonZeroU32::new(args.per_minute).map(|per_minute| sandbox.start_arrivals(per_minute));
    if let Some(story) = args.scenario {
        let say = |line: &str| out.talk(line);
        tokio::select! {
            missed = scenario::play(&sandbox, scenario(story), &say) => out.talk(&ending(missed)),
            () = stop.cancelled() => {}
        }
    }
    stop.cancelled().await;
    watch.abort();
    drop(arrivals);
    sandbox.stop().await;
    Ok(Exit::Fine)
}

/// A story as the simulators know it.
pub(super) fn scenario(story: Story) -> Scenario {
    match story {
        Story::Accept => Scenario::Accept,
        Story::FullDay => Scenario::FullDay,
        Story::ChaosDay => Scenario::ChaosDay,
    }
}

/// How a story ended.
pub(super) fn ending(missed: usize) -> String {
    match missed {
        0 => "the story is over: all of it was seen on the other side".to_owned(),
        missed => format!(
            "the story is over: {} not seen in time",
            live::number(missed as u64, "thing")
        ),
    }
}

/// Faults as the simulators know them.
pub(super) fn preset(faults: Faults) -> Preset {
    match faults {
        Faults::None => Preset::None,
        Faults::Calm => Preset::Calm,
        Faults::Flaky => Preset::Flaky,
        Faults::Storm => Preset::Storm,
    }
}
