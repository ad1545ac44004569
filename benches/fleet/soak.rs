//! Faults that come and go, while work orders go on arriving: whether memory and open files stay level, and how long
//! it takes after each fault until no work order waits for long.

use std::time::Duration;

use syncline::sandbox::fleet::Customer;
use syncline::sandbox::kit::faults::{Action, FailBody, Preset, Rule};
use syncline::sandbox::kit::limits::RetryAfter;
use tokio::time::Instant;

use crate::daemon::{Daemon, Sample};
use crate::orders::Orders;
use crate::table::{heading, line, number, verdict};
use crate::world::{Pipelines, Settle, World};
use crate::{LOOK, doubles, most, second, talk};

/// How long each fault lasts.
const FAULT: Duration = Duration::from_secs(45);
/// How long nothing goes wrong between two.
const CALM: Duration = Duration::from_secs(150);
/// Before the first.
const FIRST: Duration = Duration::from_secs(60);
/// Work orders that wait no longer than this are in step.
const IN_STEP: Duration = Duration::from_secs(10);

/// What goes wrong for all customers at once.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Flaky,
    TargetDown,
    Throttled,
    NoTokens,
    Dropped,
    Storm,
}

const FAULTS: [Fault; 6] = [
    Fault::Flaky,
    Fault::TargetDown,
    Fault::Throttled,
    Fault::NoTokens,
    Fault::Dropped,
    Fault::Storm,
];

impl Fault {
    fn what(self) -> &'static str {
        match self {
            Self::Flaky => {
                "5 % each of 429, 503, closed before and after the work, slow; both sides"
            }
            Self::TargetDown => "the target answers 503",
            Self::Throttled => "the source answers 429",
            Self::NoTokens => "tokens end, and there are no new ones; both sides",
            Self::Dropped => "connections are closed before the work; both sides",
            Self::Storm => {
                "all of it at once, with late commits and pages that mislead; both sides"
            }
        }
    }

    fn begin(self, customer: &Customer) {
        let (source, target) = (
            &customer.servicechannel.kit().faults,
            &customer.servicetitan.kit().faults,
        );
        let both = |rules: &[Rule]| {
            for side in [source, target] {
                side.set(rules.to_vec()).expect("the rules are good ones");
            }
        };
        let fail = Action::Fail {
            status: 503,
            body: FailBody::Html,
        };
        match self {
            Self::Flaky => both(&Preset::Flaky.rules()),
            Self::TargetDown => target
                .set(vec![Rule::always(fail)])
                .expect("the rule is a good one"),
            Self::Throttled => source
                .set(vec![Rule::always(Action::Throttle {
                    wait: Duration::from_secs(5),
                    form: RetryAfter::Seconds,
                })])
                .expect("the rule is a good one"),
            Self::NoTokens => {
                both(&[
                    Rule::under("/oauth/", fail.clone()),
                    Rule::under("/connect/", fail),
                ]);
                customer.servicechannel.expire_tokens();
                customer.servicetitan.revoke_tokens();
            }
            Self::Dropped => both(&[Rule::always(Action::DropBefore)]),
            Self::Storm => both(&Preset::Storm.rules()),
        }
    }
}

fn end(customer: &Customer) {
    customer.servicechannel.kit().faults.clear();
    customer.servicetitan.kit().faults.clear();
}

/// What came of one fault.
struct Seen {
    fault: Fault,
    /// The longest a work order waited, while it lasted and until the next.
    lag: Duration,
    /// From its end until all were in step.
    recovered: Option<Duration>,
}

/// One stretch of time in which the same goes wrong, or nothing.
struct Stretch<'s> {
    daemon: &'s Daemon,
    customers: &'s [Customer],
    per_second: usize,
}

impl Stretch<'_> {
    /// Lets it pass; what was seen each second.
    async fn pass(
        &self,
        lasts: Duration,
        orders: &mut Orders,
        samples: &mut Vec<Sample>,
        mut seen: impl FnMut(Duration, Duration),
    ) -> anyhow::Result<()> {
        let started = Instant::now();
        for number in 0..u32::try_from(lasts.as_secs())? {
            let begins = started + LOOK * number;
            second(begins, self.per_second, self.customers, orders).await?;
            samples.push(self.daemon.sample()?);
            let clock = self.customers.first().map(|one| one.servicetitan.kit());
            let lag = clock.map_or(Duration::ZERO, |kit| orders.lag(kit.clock.now()));
            seen(started.elapsed(), lag);
        }
        Ok(())
    }
}

/// Runs so many minutes.
pub(crate) async fn run(tenants: usize, minutes: usize, per_second: usize) -> anyhow::Result<()> {
    heading(&format!(
        "{tenants} tenants, {per_second} work orders a second, {minutes} min with faults of {} s and {} s between them",
        FAULT.as_secs(),
        CALM.as_secs()
    ));
    let world = World::start(tenants, Pipelines::Five, Settle::Quick).await?;
    world.turn_on().await?;
    let daemon = Daemon::start(&world)?;
    let customers = world.fleet.customers();
    for customer in customers {
        customer.tell(daemon.hooks);
    }
    let ends = Instant::now() + Duration::from_secs(60 * u64::try_from(minutes)?);
    let (mut orders, mut samples) = (Orders::new(), Vec::new());
    let mut all = Vec::new();
    let stretch = Stretch {
        daemon: &daemon,
        customers,
        per_second,
    };
    stretch
        .pass(FIRST, &mut orders, &mut samples, |_, _| {})
        .await?;
    for fault in FAULTS.into_iter().cycle() {
        if Instant::now() + FAULT > ends {
            break;
        }
        let mut seen = Seen {
            fault,
            lag: Duration::ZERO,
            recovered: None,
        };
        customers.iter().for_each(|customer| fault.begin(customer));
        let worst = |seen: &mut Seen, lag: Duration| seen.lag = seen.lag.max(lag);
        stretch
            .pass(FAULT, &mut orders, &mut samples, |_, lag| {
                worst(&mut seen, lag);
            })
            .await?;
        customers.iter().for_each(end);
        stretch
            .pass(CALM, &mut orders, &mut samples, |since, lag| {
                worst(&mut seen, lag);
                if lag <= IN_STEP {
                    seen.recovered.get_or_insert(since);
                } else {
                    seen.recovered = None;
                }
            })
            .await?;
        let recent = samples.len().saturating_sub(10);
        let recent = samples.get(recent..).unwrap_or_default();
        line(&format!(
            "{:<72} waited {:>4} s at most, in step after {:>4} s; {} MiB, {} files, {} wait",
            seen.fault.what(),
            seen.lag.as_secs(),
            seen.recovered
                .map_or_else(|| "no".to_owned(), |after| after.as_secs().to_string()),
            number(most(recent, |sample| sample.memory)),
            number(most(recent, |sample| sample.files)),
            orders.waiting(),
        ));
        all.push(seen);
    }
    let rest = ends.saturating_duration_since(Instant::now());
    stretch
        .pass(rest, &mut orders, &mut samples, |_, _| {})
        .await?;
    judge(&samples, &all);
    let (_, counts) = daemon.stop()?;
    line(&format!(
        "work orders that have no job: {}",
        orders.waiting()
    ));
    verdict("made twice", doubles(customers), "", ..=0.0);
    line(&format!("{counts}\n{}", talk(&world)));
    world.fleet.stop().await;
    Ok(())
}

fn judge(samples: &[Sample], all: &[Seen]) {
    let half = samples.get(samples.len() / 2..).unwrap_or_default();
    let spread = |figure: fn(&Sample) -> f64| {
        let least = half.iter().map(figure).fold(f64::NAN, f64::min);
        format!("{} to {}", number(least), number(most(half, figure)))
    };
    line(&format!(
        "\nin the second half: {} MiB, {} files, {} of a core",
        spread(|sample| sample.memory),
        spread(|sample| sample.files),
        number(crate::cpu(half)),
    ));
    verdict(
        "memory grows by",
        slope(half, |sample| sample.memory),
        "MiB a minute",
        ..=1.0,
    );
    verdict(
        "open files grow by",
        slope(half, |sample| sample.files),
        "a minute",
        ..=1.0,
    );
    let late = all.iter().filter(|seen| seen.recovered.is_none()).count();
    #[expect(clippy::cast_precision_loss, reason = "a few")]
    verdict(
        "faults after which all were not in step again",
        late as f64,
        "",
        ..=0.0,
    );
}

/// The slope of the line that fits best, in units a minute.
fn slope(samples: &[Sample], figure: fn(&Sample) -> f64) -> f64 {
    let Some(first) = samples.first() else {
        return f64::NAN;
    };
    let minutes = |sample: &Sample| (sample.at - first.at).as_secs_f64() / 60.0;
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let count = samples.len() as f64;
    let mean_time = samples.iter().map(minutes).sum::<f64>() / count;
    let mean = samples.iter().map(figure).sum::<f64>() / count;
    let (mut over, mut under) = (0.0, 0.0);
    for sample in samples {
        let away = minutes(sample) - mean_time;
        over += away * (figure(sample) - mean);
        under += away * away;
    }
    over / under
}
