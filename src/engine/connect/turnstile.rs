//! Who may send next: rate windows shared by whoever has the same value of `by`, and a fair queue before them (S39).
//!
//! One turnstile stands before each connector. Waiting requests are served by priority, then by tenant in turn, then
//! by pipeline in turn; one of ten is kept for each lower priority that waits. A request whose window is spent is
//! passed over, so that tenants with other windows go on. One of the waiting tasks drives the queue and hands that
//! role on when it is served or dropped; nothing runs in the background.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::connection::Connection;
use super::limit::{Fill, Rate, Window};
use crate::engine::clock::Clock;
use crate::engine::record::{PipelineName, TenantName};

/// What a request is for; lower ones wait for higher ones, but are let in after nine of those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Settling an unknown outcome, and tokens.
    Settle,
    /// Work on a record that changed.
    Event,
    /// Reading what changed.
    Poll,
    /// Reading what is old.
    Backfill,
}

const PRIORITIES: usize = 4;
/// After so many requests of higher priority one of a lower one goes.
const HIGHER_IN_A_ROW: u32 = 9;

/// The queue before one connector.
#[derive(Debug)]
pub(super) struct Turnstile {
    clock: Clock,
    state: Mutex<State>,
    /// The driver has left.
    role: Notify,
    /// Something changed that the driver must look at.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    windows: Vec<Shared>,
    names: HashMap<WindowName, usize>,
    queues: [Queue; PRIORITIES],
    /// How many of higher priority have gone since one of each priority that waits did.
    passed_over: [u32; PRIORITIES],
    driven: Driven,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Driven {
    Yes,
    #[default]
    No,
}

/// Which limit of the connector, and the value of `by`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct WindowName {
    pub(super) limit: usize,
    pub(super) by: Arc<str>,
}

#[derive(Debug)]
struct Shared {
    window: Window,
    /// What those who share it were configured with: the strictest of the living holds.
    claims: Vec<Weak<Rate>>,
}

impl Shared {
    fn settle_rate(&mut self) {
        self.claims.retain(|claim| claim.strong_count() > 0);
        let living = self.claims.iter().filter_map(Weak::upgrade);
        let strictest =
            living.reduce(|one, other| if other.is_stricter(*one) { other } else { one });
        if let Some(rate) = strictest.filter(|rate| **rate != self.window.rate()) {
            self.window.set_rate(*rate);
        }
    }
}

/// The windows that one account's requests pass, with its claims on them.
#[derive(Debug)]
pub(super) struct Windows {
    ids: Arc<[usize]>,
    _claims: Vec<Arc<Rate>>,
}

/// Waiting requests of one tenant, its pipelines in turn.
type Lanes = VecDeque<(PipelineName, VecDeque<Waiter>)>;

/// Waiting requests of one priority: tenants in turn, inside them pipelines in turn.
#[derive(Debug, Default)]
struct Queue {
    tenants: VecDeque<(TenantName, Lanes)>,
}

#[derive(Debug)]
struct Waiter {
    windows: Arc<[usize]>,
    grant: oneshot::Sender<()>,
}

impl Turnstile {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: Mutex::default(),
            role: Notify::new(),
            changed: Notify::new(),
        }
    }

    /// Joins windows, making those that are new.
    pub(super) fn join(&self, limits: impl IntoIterator<Item = (WindowName, Rate)>) -> Windows {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        let mut ids = Vec::new();
        let mut claims = Vec::new();
        for (name, rate) in limits {
            let fresh = state.windows.len();
            let id = *state.names.entry(name).or_insert(fresh);
            if id == fresh {
                state.windows.push(Shared {
                    window: Window::new(rate, now),
                    claims: Vec::new(),
                });
            }
            let claim = Arc::new(rate);
            let shared = &mut state.windows[id];
            shared.claims.push(Arc::downgrade(&claim));
            shared.settle_rate();
            ids.push(id);
            claims.push(claim);
        }
        Windows {
            ids: ids.into(),
            _claims: claims,
        }
    }

    /// The windows in use, each with the requests that may pass it at once.
    pub(super) fn left(&self) -> Vec<(Rate, u32)> {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        let windows = state.windows.iter_mut();
        windows
            .filter(|shared| shared.claims.iter().any(|claim| claim.strong_count() > 0))
            .map(|shared| (shared.window.rate(), shared.window.left(now)))
            .collect()
    }

    /// How full the windows of an account are.
    pub(super) fn fill(&self, windows: &Windows) -> Vec<Fill> {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        let ids = windows.ids.iter();
        ids.map(|id| state.windows[*id].window.fill(now)).collect()
    }

    /// Stops the windows for `wait`, as a `Retry-After` asks.
    pub(super) fn stop(&self, windows: &Windows, wait: Duration) {
        let until = self.clock.monotonic() + wait;
        let mut state = self.lock();
        for id in windows.ids.iter() {
            state.windows[*id].window.stop(until);
        }
    }

    /// Waits for one token of every window, in fair order.
    pub(super) async fn pass(
        &self,
        windows: &Windows,
        priority: Priority,
        tenant: &TenantName,
        pipeline: &PipelineName,
    ) {
        if windows.ids.is_empty() {
            return;
        }
        let mut granted = {
            let now = self.clock.monotonic();
            let mut state = self.lock();
            if state.is_idle() && state.room(&windows.ids, now).is_ok() {
                state.take(&windows.ids, now);
                return;
            }
            let (grant, granted) = oneshot::channel();
            let waiter = Waiter {
                windows: Arc::clone(&windows.ids),
                grant,
            };
            state.queues[priority as usize].push(tenant, pipeline, waiter);
            granted
        };
        self.changed.notify_one();
        loop {
            let Some(driver) = self.drive() else {
                tokio::select! {
                    biased;
                    _ = &mut granted => return,
                    () = self.role.notified() => continue,
                }
            };
            loop {
                let now = self.clock.monotonic();
                let again = self.lock().serve(now);
                let wait = again.map_or(Duration::MAX, |again| again.saturating_sub(now));
                tokio::select! {
                    biased;
                    _ = &mut granted => {
                        drop(driver);
                        return;
                    }
                    () = self.changed.notified() => {}
                    // A day is for ever here: something else changes before.
                    () = self.clock.sleep(wait.min(Duration::from_secs(86_400))) => {}
                }
            }
        }
    }

    fn drive(&self) -> Option<Driver<'_>> {
        let mut state = self.lock();
        (state.driven == Driven::No).then(|| {
            state.driven = Driven::Yes;
            Driver(self)
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// How full the rate windows are that its requests pass.
    pub fn windows(&self) -> Vec<Fill> {
        self.turnstile.fill(&self.windows)
    }
}

/// The role of the one that serves the queue; whoever drops it lets another take it.
struct Driver<'t>(&'t Turnstile);

impl Drop for Driver<'_> {
    fn drop(&mut self) {
        self.0.lock().driven = Driven::No;
        self.0.role.notify_one();
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.queues.iter().all(|queue| queue.tenants.is_empty())
    }

    /// Whether every window has room; else when to look again.
    fn room(&mut self, ids: &[usize], now: Duration) -> Result<(), Duration> {
        for id in ids {
            let shared = &mut self.windows[*id];
            if shared.window.room(now).is_err() {
                shared.settle_rate();
                shared.window.room(now)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, ids: &[usize], now: Duration) {
        for id in ids {
            self.windows[*id].window.take(now);
        }
    }

    /// Serves everyone there is room for; when to look again, if anyone is left.
    fn serve(&mut self, now: Duration) -> Option<Duration> {
        loop {
            let waiting: Vec<usize> = (0..PRIORITIES)
                .filter(|class| !self.queues[*class].tenants.is_empty())
                .collect();
            if waiting.is_empty() {
                return None;
            }
            let is_owed = |class: &usize| self.passed_over[*class] >= HIGHER_IN_A_ROW;
            let owed: Vec<usize> = waiting.iter().rev().copied().filter(is_owed).collect();
            let order = owed.into_iter().chain(waiting.iter().copied());
            let mut again: Option<Duration> = None;
            let mut served = false;
            for class in order {
                match self.serve_one(class, now) {
                    Ok(()) => {
                        self.count(class, &waiting);
                        served = true;
                        break;
                    }
                    Err(at) => again = [again, at].into_iter().flatten().min(),
                }
            }
            if !served && !self.is_idle() {
                return again;
            }
        }
    }

    /// Notes that one of a class has gone while these waited.
    fn count(&mut self, served: usize, waiting: &[usize]) {
        for (class, passed) in self.passed_over.iter_mut().enumerate() {
            *passed = match class > served && waiting.contains(&class) {
                true => *passed + 1,
                false if class < served => *passed,
                false => 0,
            };
        }
    }

    /// Serves the first of a class that there is room for; else when to look again.
    fn serve_one(&mut self, class: usize, now: Duration) -> Result<(), Option<Duration>> {
        let mut queue = std::mem::take(&mut self.queues[class]);
        queue.forget_dropped();
        let mut again: Option<Duration> = None;
        let mut chosen = None;
        'search: for (tenant, (_, pipelines)) in queue.tenants.iter().enumerate() {
            for (pipeline, (_, waiters)) in pipelines.iter().enumerate() {
                let Some(first) = waiters.front() else {
                    continue;
                };
                match self.room(&first.windows, now) {
                    Ok(()) => {
                        chosen = Some((tenant, pipeline));
                        break 'search;
                    }
                    Err(at) => again = [again, Some(at)].into_iter().flatten().min(),
                }
            }
        }
        let waiter = chosen.and_then(|(tenant, pipeline)| queue.pop(tenant, pipeline));
        self.queues[class] = queue;
        let Some(waiter) = waiter else {
            return Err(again);
        };
        // One that was dropped between the search and now does not spend a token.
        let windows = Arc::clone(&waiter.windows);
        if waiter.grant.send(()).is_ok() {
            self.take(&windows, now);
        }
        Ok(())
    }
}

impl Queue {
    fn push(&mut self, tenant: &TenantName, pipeline: &PipelineName, waiter: Waiter) {
        let at = self
            .tenants
            .iter()
            .position(|(name, _)| name == tenant)
            .unwrap_or_else(|| {
                self.tenants.push_back((tenant.clone(), VecDeque::new()));
                self.tenants.len() - 1
            });
        let (_, pipelines) = &mut self.tenants[at];
        match pipelines.iter_mut().find(|(name, _)| name == pipeline) {
            Some((_, waiters)) => waiters.push_back(waiter),
            None => pipelines.push_back((pipeline.clone(), VecDeque::from([waiter]))),
        }
    }

    /// Takes the first of that pipeline; both its tenant and it go to the back of their lines.
    fn pop(&mut self, tenant: usize, pipeline: usize) -> Option<Waiter> {
        let (name, mut pipelines) = self.tenants.remove(tenant)?;
        let (line, mut waiters) = pipelines.remove(pipeline)?;
        let waiter = waiters.pop_front();
        if !waiters.is_empty() {
            pipelines.push_back((line, waiters));
        }
        if !pipelines.is_empty() {
            self.tenants.push_back((name, pipelines));
        }
        waiter
    }

    fn forget_dropped(&mut self) {
        self.tenants.retain_mut(|(_, pipelines)| {
            pipelines.retain_mut(|(_, waiters)| {
                waiters.retain(|waiter| !waiter.grant.is_closed());
                !waiters.is_empty()
            });
            !pipelines.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;
    use crate::engine::clock::Timestamp;

    /// A turnstile whose clock runs a thousand times as fast.
    fn turnstile() -> Arc<Turnstile> {
        Arc::new(Turnstile::new(Clock::starting(Timestamp::EPOCH, 1000)))
    }

    fn window(by: &str) -> WindowName {
        WindowName {
            limit: 0,
            by: by.into(),
        }
    }

    fn rate(requests: u32, seconds: u64) -> Rate {
        Rate {
            requests,
            per: Duration::from_secs(seconds),
        }
    }

    /// Queues requests while nothing passes, then says in which order they were served.
    async fn order(requests: Vec<(Priority, &'static str, &'static str)>) -> Vec<&'static str> {
        order_at(rate(1, 10), requests).await
    }

    async fn order_at(
        pace: Rate,
        requests: Vec<(Priority, &'static str, &'static str)>,
    ) -> Vec<&'static str> {
        let turnstile = turnstile();
        let windows = Arc::new(turnstile.join([(window("all"), pace)]));
        // All are there before the first may pass.
        let queueing = Duration::from_secs(100 + requests.len() as u64);
        turnstile.stop(&windows, queueing);
        let served = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        for (priority, tenant, pipeline) in requests {
            let (turnstile, windows, served) = (
                Arc::clone(&turnstile),
                Arc::clone(&windows),
                Arc::clone(&served),
            );
            let waiting = turnstile.waiting();
            let again = Arc::clone(&turnstile);
            tasks.spawn(async move {
                let (tenant_name, pipeline_name) = (tenant.into(), pipeline.into());
                turnstile
                    .pass(&windows, priority, &tenant_name, &pipeline_name)
                    .await;
                served
                    .lock()
                    .unwrap()
                    .push(if pipeline == "p" { tenant } else { pipeline });
            });
            while again.waiting() == waiting {
                tokio::task::yield_now().await;
            }
        }
        tasks.join_all().await;
        Arc::try_unwrap(served).unwrap().into_inner().unwrap()
    }

    impl Turnstile {
        fn waiting(&self) -> usize {
            let state = self.lock();
            let lines = state.queues.iter().flat_map(|queue| &queue.tenants);
            lines
                .flat_map(|(_, pipelines)| pipelines)
                .map(|(_, waiters)| waiters.len())
                .sum()
        }
    }

    #[tokio::test]
    async fn tenants_take_turns_and_so_do_their_pipelines() {
        use Priority::Event;
        let order = order(vec![
            (Event, "a", "p"),
            (Event, "a", "p"),
            (Event, "a", "p"),
            (Event, "b", "p"),
            (Event, "c", "p"),
            (Event, "b", "notes"),
        ])
        .await;
        assert_eq!(order, ["a", "b", "c", "a", "notes", "a"]);
    }

    #[tokio::test]
    async fn higher_goes_first_and_a_tenth_is_kept_for_the_lowest() {
        let mut requests = vec![(Priority::Backfill, "low", "p"); 2];
        requests.extend(vec![(Priority::Event, "event", "p"); 12]);
        requests.push((Priority::Settle, "settle", "p"));
        let order = order(requests).await;
        assert_eq!(order[0], "settle");
        assert_eq!(order.iter().position(|name| *name == "low"), Some(9));
        assert_eq!(order[14], "low");
    }

    #[tokio::test]
    async fn no_priority_that_waits_is_forgotten() {
        let mut requests = vec![(Priority::Event, "event", "p"); 40];
        requests.extend(vec![(Priority::Poll, "poll", "p"); 2]);
        requests.extend(vec![(Priority::Backfill, "backfill", "p"); 2]);
        let order = order(requests).await;
        let places = |name| -> Vec<usize> {
            let named = order.iter().enumerate().filter(|(_, one)| **one == name);
            named.map(|(place, _)| place).collect()
        };
        assert_eq!(places("backfill"), [9, 19]);
        assert_eq!(places("poll"), [10, 21]);
    }

    #[tokio::test]
    async fn a_backlog_of_thousands_does_not_starve_who_shares_the_window() {
        const SMALL: [&str; 20] = [
            "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9", "t10", "t11", "t12", "t13",
            "t14", "t15", "t16", "t17", "t18", "t19",
        ];
        let mut requests = vec![(Priority::Event, "big", "p"); 3_000];
        for tenant in SMALL {
            requests.extend(vec![(Priority::Event, tenant, "p"); 3]);
            requests.push((Priority::Poll, tenant, "poll"));
        }
        let order = order_at(rate(100, 10), requests).await;
        assert_eq!(order.len(), 3_080);
        for tenant in SMALL {
            let mut served = order.iter().enumerate().filter(|(_, one)| **one == tenant);
            let mut place = || served.next().unwrap().0;
            // In turn with the one that has thousands: one of each in every round of 21, and the polls besides.
            for round in 1..=3 {
                let place = place();
                assert!(place <= round * 24, "{tenant} at {place} in round {round}");
            }
        }
        // Polls wait for events, but one of ten is theirs: all twenty are through after some two hundred.
        let last_poll = order.iter().rposition(|one| *one == "poll").unwrap();
        assert!(last_poll <= 220, "the last poll at {last_poll}");
    }

    #[tokio::test]
    async fn a_spent_window_does_not_hold_up_another_tenant() {
        let turnstile = turnstile();
        let spent = turnstile.join([(window("one"), rate(1, 10))]);
        let free = turnstile.join([(window("other"), rate(10, 10))]);
        turnstile.stop(&spent, Duration::from_secs(3600));
        let (one, other, pipeline) = ("one".into(), "other".into(), "p".into());
        let blocked = turnstile.pass(&spent, Priority::Settle, &one, &pipeline);
        let passes = turnstile.pass(&free, Priority::Backfill, &other, &pipeline);
        tokio::select! {
            () = blocked => panic!("its window is stopped"),
            () = passes => {}
        }
    }

    #[tokio::test]
    async fn two_tenants_share_a_window_and_the_stricter_limit_holds_while_it_lives() {
        let clock = Clock::starting(Timestamp::EPOCH, 1000);
        let turnstile = Turnstile::new(clock.clone());
        let wide = turnstile.join([(window("client"), rate(100, 10))]);
        let narrow = turnstile.join([(window("client"), rate(10, 10))]);
        clock.sleep(Duration::from_secs(11)).await;
        let started = clock.monotonic();
        let (a, b, pipeline) = ("a".into(), "b".into(), "p".into());
        for _ in 0..6 {
            turnstile.pass(&wide, Priority::Event, &a, &pipeline).await;
            turnstile
                .pass(&narrow, Priority::Event, &b, &pipeline)
                .await;
        }
        assert!(
            clock.monotonic() - started >= Duration::from_secs(10),
            "12 requests, 10 in 10 s"
        );
        drop(narrow);
        let state = &mut *turnstile.lock();
        let shared = &mut state.windows[0];
        shared.settle_rate();
        assert_eq!(shared.window.rate(), rate(100, 10));
    }

    #[tokio::test]
    async fn what_is_left_of_a_window_is_known() {
        let turnstile = turnstile();
        let windows = turnstile.join([(window("one"), rate(10, 3600))]);
        let (tenant, pipeline) = ("a".into(), "p".into());
        let left = || turnstile.left();
        // Nine of ten count as spent at the start.
        assert_eq!(left(), [(rate(10, 3600), 1)]);
        turnstile
            .pass(&windows, Priority::Event, &tenant, &pipeline)
            .await;
        assert_eq!(left(), [(rate(10, 3600), 0)]);
        let stopped = turnstile.join([(window("two"), rate(1000, 3600))]);
        turnstile.stop(&stopped, Duration::from_secs(7200));
        assert_eq!(left()[1], (rate(1000, 3600), 0));
        drop(windows);
        assert_eq!(left().len(), 1, "a window that nobody uses is not shown");
    }

    #[tokio::test]
    async fn a_dropped_driver_hands_its_role_on() {
        let turnstile = turnstile();
        let windows = turnstile.join([(window("all"), rate(1, 10))]);
        turnstile.stop(&windows, Duration::from_secs(20));
        let (a, b, pipeline) = ("a".into(), "b".into(), "p".into());
        let mut driver = Box::pin(turnstile.pass(&windows, Priority::Event, &a, &pipeline));
        let mut rider = Box::pin(turnstile.pass(&windows, Priority::Event, &b, &pipeline));
        for _ in 0..3 {
            assert!(futures::poll!(&mut driver).is_pending());
            assert!(futures::poll!(&mut rider).is_pending());
        }
        drop(driver);
        rider.await;
        assert_eq!(turnstile.waiting(), 0);
    }
}
