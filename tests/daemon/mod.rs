//! What people ask of an engine that serves: pauses, reads, turning off and on, plans that change.

mod plans;

use std::sync::Arc;
use std::time::Duration;

use syncline::daemon::{Engine, EngineError, Extent};
use syncline::engine::schedule::Paused;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::harness::wait::stays;
use crate::harness::world::TENANT;
use crate::harness::{World, until};

const PIPELINE: &str = "work-orders";

/// An engine that serves the world's tenant in this process.
struct Serving {
    engine: Arc<Engine>,
    stop: CancellationToken,
    tasks: JoinSet<Result<(), EngineError>>,
}

impl Serving {
    async fn start(world: &World) -> Self {
        let engine = world.engine().await;
        let stop = CancellationToken::new();
        let tenant = engine.tenant(TENANT).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(engine.clone().serve(vec![tenant], stop.clone()));
        until("the tenant is run", async || {
            engine.with_control(&TENANT.into(), |_| ()).is_some()
        })
        .await;
        Self {
            engine,
            stop,
            tasks,
        }
    }

    async fn end(mut self) {
        self.stop.cancel();
        self.tasks.join_next().await.unwrap().unwrap().unwrap();
        self.engine.close().await;
    }

    fn pipeline() -> Extent {
        Extent::Pipeline(TENANT.to_owned(), PIPELINE.to_owned())
    }

    fn tenant() -> Extent {
        Extent::Tenant(TENANT.to_owned())
    }
}

/// Two poll intervals on the world's clock.
const WHILE: Duration = Duration::from_millis(2_500);

async fn is_still(world: &World) -> bool {
    let before = world.created("jobs");
    stays(WHILE, async || world.created("jobs") == before).await
}

async fn jobs(world: &World, count: u64) {
    until("the jobs are made", async || world.created("jobs") == count).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_pipeline_reads_and_works_nothing_also_after_a_restart() {
    let world = World::start().await;
    world.on().await;
    let serving = Serving::start(&world).await;
    world.arrive(2);
    jobs(&world, 2).await;
    serving
        .engine
        .pause(&Serving::pipeline(), "Quinn")
        .await
        .unwrap();
    world.arrive(3);
    assert!(is_still(&world).await, "a paused pipeline goes on");
    serving.end().await;

    let serving = Serving::start(&world).await;
    assert!(is_still(&world).await, "a pause ends with the process");
    let name = TENANT.into();
    let names = [PIPELINE.into()].into_iter().collect();
    assert_eq!(serving.engine.paused(&name), Paused::Pipelines(names));
    serving
        .engine
        .resume(&Serving::pipeline(), "Quinn")
        .await
        .unwrap();
    jobs(&world, 5).await;
    serving.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_paused_and_what_was_paused_by_itself_stays_so() {
    let world = World::start().await;
    world.on().await;
    let serving = Serving::start(&world).await;
    let engine = serving.engine.clone();
    engine.pause(&Extent::Everything, "Quinn").await.unwrap();
    engine.pause(&Serving::pipeline(), "Quinn").await.unwrap();
    world.arrive(2);
    assert!(is_still(&world).await, "everything is paused and goes on");
    engine.resume(&Extent::Everything, "Quinn").await.unwrap();
    assert!(is_still(&world).await, "the pipeline is paused and goes on");
    engine.resume(&Serving::pipeline(), "Quinn").await.unwrap();
    jobs(&world, 2).await;
    serving.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_for_a_tenant_once_it_is_paused_or_off() {
    let world = World::start().await;
    world.on().await;
    let serving = Serving::start(&world).await;
    let engine = serving.engine.clone();
    let asked = || {
        let sides = [
            world.sandbox.servicechannel().kit(),
            world.sandbox.servicetitan().kit(),
        ];
        let requests = sides.iter().map(|kit| kit.audit.summary().requests);
        requests.sum::<u64>()
    };
    let is_quiet = async || {
        let before = asked();
        stays(WHILE, async || asked() == before).await
    };
    world.arrive(40);
    engine.pause(&Serving::tenant(), "Quinn").await.unwrap();
    assert!(is_quiet().await, "a paused tenant asks");
    let error = engine
        .read_now(TENANT, PIPELINE, "Quinn")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "tenant `sandbox` is paused: nothing is read for it"
    );
    engine.resume(&Serving::tenant(), "Quinn").await.unwrap();
    jobs(&world, 40).await;

    world.arrive(40);
    engine.turn_off(TENANT, "Quinn").await.unwrap();
    assert!(is_quiet().await, "a tenant that is off asks");
    engine.activate(TENANT, "Quinn", None).await.unwrap();
    jobs(&world, 80).await;
    serving.end().await;
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_is_read_when_somebody_asks() {
    let world = World::start().await;
    let file = "servicechannel/work-orders.yaml";
    world.edit(file, "/trigger/every", serde_json::json!("12h"));
    world.on().await;
    let serving = Serving::start(&world).await;
    world.arrive(1);
    let engine = &serving.engine;
    engine.read_now(TENANT, PIPELINE, "Quinn").await.unwrap();
    jobs(&world, 1).await;
    world.arrive(2);
    engine.read_now(TENANT, PIPELINE, "Quinn").await.unwrap();
    jobs(&world, 3).await;
    let error = engine
        .read_now(TENANT, "nothing", "Quinn")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "tenant `sandbox` has no pipeline `nothing`; it has: `work-orders`"
    );
    serving.end().await;
}
