//! Waiting for something to become true. Nothing here waits for time to pass.

use std::time::Duration;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);
/// Everything the tests wait for comes sooner, also on a slow machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// Waits until `holds`; fails with `what` when it does not in time.
pub(crate) async fn until(what: &str, holds: impl AsyncFnMut() -> bool) {
    until_within(DEADLINE, what, holds).await;
}

/// The same for what takes long.
pub(crate) async fn until_within(
    limit: Duration,
    what: &str,
    mut holds: impl AsyncFnMut() -> bool,
) {
    let deadline = tokio::time::Instant::now() + limit;
    while !holds().await {
        let late = tokio::time::Instant::now() >= deadline;
        assert!(!late, "waited {limit:?} in vain: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// Looks again and again for a while, and says whether `holds` at every look: for what must not happen.
pub(crate) async fn stays(during: Duration, mut holds: impl AsyncFnMut() -> bool) -> bool {
    let end = tokio::time::Instant::now() + during;
    while tokio::time::Instant::now() < end {
        if !holds().await {
            return false;
        }
        tokio::time::sleep(LOOK).await;
    }
    true
}
