//! Random commands against a model that fits on a page: after each one, store and model agree.

use std::collections::BTreeMap;

use proptest::prelude::*;
use syncline::engine::record::Seq;

use super::*;

const KEYS: [&str; 3] = ["1", "2", "3"];

#[derive(Clone, Debug)]
enum Step {
    /// A row of a page: key, version, content, start of the read.
    Take(usize, i64, u8, i64),
    /// An attempt is begun: the seq is remembered.
    Begin(usize),
    /// The attempt plans to create the thing with this key.
    Plan(usize, usize),
    /// The open intent on this key is settled.
    Settle(usize, Fate),
    /// A find returned nothing, before or after the bound.
    Miss(usize, bool),
    /// The attempt ends.
    Finish(usize, Fate),
    /// The tenant is turned off, and on again.
    OffOn,
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Good,
    Bad,
    Unclear,
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..KEYS.len();
    let fate = prop_oneof![Just(Fate::Good), Just(Fate::Bad), Just(Fate::Unclear)];
    prop_oneof![
        4 => (key.clone(), 1..4i64, 0..3u8, 1..6i64).prop_map(|(k, v, c, s)| Step::Take(k, v, c, s)),
        4 => key.clone().prop_map(Step::Begin),
        4 => (key.clone(), key.clone()).prop_map(|(k, l)| Step::Plan(k, l)),
        3 => (key.clone(), fate.clone()).prop_map(|(k, f)| Step::Settle(k, f)),
        2 => (key.clone(), any::<bool>()).prop_map(|(k, after)| Step::Miss(k, after)),
        4 => (key, fate).prop_map(|(k, f)| Step::Finish(k, f)),
        1 => Just(Step::OffOn),
    ]
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    version: i64,
    content: u8,
    read: i64,
    intakes: u32,
    state: RecordState,
    transient: bool,
    attempts: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Claim {
    target: Option<String>,
    /// The intent, and the misses after its bound once it is unknown.
    open: Option<(String, Option<u32>)>,
    /// The record the intent is for.
    owner: usize,
}

#[derive(Default)]
struct Model {
    records: BTreeMap<usize, Kept>,
    claims: BTreeMap<usize, Claim>,
    /// By record: intakes when its attempt began, whether it has planned, and the seq it was taken with.
    attempts: BTreeMap<usize, (u32, bool, Seq)>,
    ops: u32,
}

impl Model {
    fn take(&mut self, key: usize, version: i64, content: u8, read: i64) -> Taken {
        let Some(kept) = self.records.get_mut(&key) else {
            let state = RecordState::Ready;
            let kept = Kept {
                version,
                content,
                read,
                intakes: 1,
                state,
                transient: false,
                attempts: 0,
            };
            self.records.insert(key, kept);
            return Taken {
                new: 1,
                ..Taken::default()
            };
        };
        if version == kept.version && content == kept.content {
            kept.read = kept.read.max(read);
            return Taken {
                seen: 1,
                ..Taken::default()
            };
        }
        if version < kept.version || (version == kept.version && read <= kept.read) {
            return Taken {
                stale: 1,
                ..Taken::default()
            };
        }
        (kept.version, kept.content, kept.read) = (version, content, read);
        kept.intakes += 1;
        if kept.state != RecordState::Waiting {
            if kept.state != RecordState::Ready {
                kept.attempts = 0;
            }
            kept.state = RecordState::Ready;
        } else if !kept.transient {
            kept.state = RecordState::Ready;
            kept.attempts = 0;
        }
        Taken {
            newer: 1,
            ..Taken::default()
        }
    }
}

async fn run(steps: Vec<Step>) {
    let mut world = World::new().await;
    let mut model = Model::default();
    for (index, step) in steps.into_iter().enumerate() {
        match step {
            Step::Take(key, version, content, read) => {
                let row = item(KEYS[key], version, &content.to_string());
                assert_eq!(
                    world.take(read, vec![row]).await,
                    model.take(key, version, content, read)
                );
            }
            Step::Begin(key) => {
                if let Some(kept) = model.records.get(&key)
                    && kept.state == RecordState::Ready
                {
                    let seq = world.seq(KEYS[key]).await;
                    model.attempts.insert(key, (kept.intakes, false, seq));
                }
            }
            Step::Plan(key, thing) => plan(&world, &mut model, key, thing).await,
            Step::Settle(thing, fate) => settle_open(&world, &mut model, thing, fate).await,
            Step::Miss(thing, after) => miss(&world, &mut model, thing, after).await,
            Step::Finish(key, fate) => end(&world, &mut model, key, fate).await,
            Step::OffOn => {
                world
                    .order(&format!("off-{index}"), Instruction::Off)
                    .await
                    .unwrap();
                world.turn_on(&format!("again-{index}")).await;
            }
        }
        agree(&world, &model).await;
    }
}

async fn plan(world: &World, model: &mut Model, key: usize, thing: usize) {
    let Some((intakes, planned, seq)) = model.attempts.get(&key).copied() else {
        return;
    };
    model.ops += 1;
    let op = format!("op-{}", model.ops);
    let kept = model
        .records
        .get_mut(&key)
        .expect("attempts are at records");
    let claim = model.claims.entry(thing).or_default();
    let intent = PlanIntent {
        key: KEYS[thing].into(),
        work: Some(PlanFor {
            record: record_id(KEYS[key]),
            taken: seq,
            attempt: 2,
            progress: if planned {
                Progress::Later
            } else {
                Progress::First
            },
        }),
        ..world.intent(&op, KEYS[key]).await
    };
    let answer = world.store.plan(intent.clone()).await.unwrap();
    let mut stale = intent.clone();
    stale.fence.epoch.0 -= 1;
    stale.op = "stale".into();
    let stale = world.store.plan(stale).await.unwrap();
    assert!(
        matches!(stale, Planned::Off { .. }),
        "an older epoch plans nothing"
    );
    if claim.open.is_some() {
        assert!(matches!(answer, Planned::Busy(_)));
    } else if claim.target.is_some() {
        assert!(matches!(answer, Planned::Linked(Some(_))));
    } else if !planned && kept.intakes != intakes {
        assert_eq!(answer, Planned::Superseded);
    } else {
        assert_eq!(answer, Planned::Planned);
        assert_eq!(
            world.store.plan(intent).await.unwrap(),
            Planned::Planned,
            "repeated"
        );
        claim.open = Some((op, None));
        claim.owner = key;
        kept.attempts = kept.attempts.max(2);
        model.attempts.insert(key, (intakes, true, seq));
    }
}

async fn settle_open(world: &World, model: &mut Model, thing: usize, fate: Fate) {
    let claim = model.claims.entry(thing).or_default();
    let Some((op, _)) = claim.open.clone() else {
        return;
    };
    let outcome = match fate {
        Fate::Good => applied(&format!("j-{op}")),
        Fate::Bad => Settlement::NotApplied,
        Fate::Unclear => unknown(),
    };
    for _ in 0..2 {
        let changed = world.settle(&op, KEYS[thing], outcome.clone()).await;
        assert_eq!(changed, Changed::Stored);
    }
    match fate {
        Fate::Good => {
            assert_eq!(claim.target, None, "a thing is created once");
            claim.target = Some(format!("j-{op}"));
            claim.open = None;
        }
        Fate::Bad => claim.open = None,
        Fate::Unclear => claim.open = Some((op, Some(0))),
    }
}

async fn miss(world: &World, model: &mut Model, thing: usize, after: bool) {
    let claim = model.claims.entry(thing).or_default();
    let Some((op, Some(finds))) = claim.open.clone() else {
        return;
    };
    let miss = Miss {
        link: link_id("job", KEYS[thing]),
        op: op.as_str().into(),
        finds,
        started: at(if after { 101 } else { 99 }),
        next: at(200),
    };
    let missed = world.store.miss(miss).await.unwrap();
    let finds = finds + u32::from(after);
    if finds == 2 {
        assert_eq!(missed, Missed::Released);
        claim.open = None;
        let owner = model
            .records
            .get_mut(&claim.owner)
            .expect("intents are for records");
        if owner.state == RecordState::Waiting {
            (owner.state, owner.transient) = (RecordState::Ready, false);
        }
    } else {
        assert_eq!(missed, Missed::Again { finds });
        claim.open = Some((op, Some(finds)));
    }
}

async fn end(world: &World, model: &mut Model, key: usize, fate: Fate) {
    let Some((intakes, _, seq)) = model.attempts.remove(&key) else {
        return;
    };
    let kept = model
        .records
        .get_mut(&key)
        .expect("attempts are at records");
    let end = match fate {
        Fate::Good => done(Outcome::Written),
        Fate::Bad => dead("rejected"),
        Fate::Unclear => waiting(500, WaitKind::Transient),
    };
    let finish = Finish {
        attempts: 3,
        ..finish(KEYS[key], seq, end)
    };
    let answer = world.store.finish(finish).await.unwrap();
    let superseded = kept.intakes != intakes;
    assert_eq!(
        answer,
        if superseded {
            Finished::Superseded
        } else {
            Finished::Ended
        }
    );
    (kept.state, kept.transient, kept.attempts) = match (fate, superseded) {
        (Fate::Unclear, _) => (RecordState::Waiting, true, 3),
        (Fate::Good | Fate::Bad, true) => (RecordState::Ready, false, 0),
        (Fate::Good, false) => (RecordState::Done, false, 0),
        (Fate::Bad, false) => (RecordState::Dead, false, 3),
    };
}

async fn agree(world: &World, model: &Model) {
    let mut last = BTreeMap::new();
    for (key, kept) in &model.records {
        let row = world.record(KEYS[*key]).await;
        assert_eq!(
            (row.state, row.attempts),
            (kept.state, kept.attempts),
            "{key}"
        );
        assert_eq!(row.version, Some(version(kept.version)));
        assert_eq!(row.payload.is_none(), row.state == RecordState::Done);
        assert_eq!(
            last.insert(row.seq, key),
            None,
            "no number of intake is given twice"
        );
    }
    for (thing, claim) in &model.claims {
        let row = world.link(KEYS[*thing]).await;
        let target = row.as_ref().and_then(|row| row.target.as_ref());
        assert_eq!(target.map(|target| target.id.to_string()), claim.target);
        let open = row.and_then(|row| row.intent).map(|intent| {
            let unknown = intent.state == OpState::Unknown;
            (intent.op.to_string(), unknown.then_some(intent.finds))
        });
        assert_eq!(open, claim.open);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn store_and_model_agree(steps in prop::collection::vec(step(), 1..60)) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(run(steps));
    }
}
