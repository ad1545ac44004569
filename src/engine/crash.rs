//! Named points at which the real binary can be made to die, for the tests that prove P1 to P3.
//!
//! A point does nothing until [`arm`] names it. Dying is [`std::process::abort`]: no destructor runs, no buffer is
//! flushed, exactly as after `kill -9`.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

macro_rules! crash_points {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// A place in the life of a record at which a crash must lose nothing and double nothing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CrashPoint {
            $($(#[$doc])* $variant),+
        }

        impl CrashPoint {
            /// Every point, in the order of a record's life.
            pub const ALL: &[CrashPoint] = &[$(CrashPoint::$variant),+];

            /// The name used by `SYNCLINE_CRASH_AT`.
            pub fn name(self) -> &'static str {
                match self {
                    $(CrashPoint::$variant => $name),+
                }
            }
        }
    };
}

crash_points! {
    /// Before the engine epoch is raised and open intents become unknown.
    BeforeOpen = "before-t0-open",
    /// After it.
    AfterOpen = "after-t0-open",
    /// Before a page enters the inbox.
    BeforeTakePage = "before-t1-take-page",
    /// After it.
    AfterTakePage = "after-t1-take-page",
    /// Before a hint marks a key dirty.
    BeforeHint = "before-t1h-hint",
    /// After it.
    AfterHint = "after-t1h-hint",
    /// Before an intent becomes durable.
    BeforePlan = "before-t2-plan",
    /// After it.
    AfterPlan = "after-t2-plan",
    /// The intent is durable, no byte has left.
    BeforeSocket = "before-socket",
    /// The request was handed to the socket, no reply was read.
    AfterSocket = "after-socket",
    /// The reply was read and classified, nothing is committed.
    AfterReply = "after-reply",
    /// Before the outcome of an intent becomes durable.
    BeforeSettle = "before-t3-settle",
    /// After it.
    AfterSettle = "after-t3-settle",
    /// Before a record is finished.
    BeforeFinish = "before-t4-finish",
    /// After it.
    AfterFinish = "after-t4-finish",
    /// Before an unknown outcome is settled by find.
    BeforeUnsettled = "before-t5-unsettled",
    /// After it.
    AfterUnsettled = "after-t5-unsettled",
    /// Before an operator's order takes effect.
    BeforeOrder = "before-t6-order",
    /// After it.
    AfterOrder = "after-t6-order",
    /// Before a rotated refresh token is sealed.
    BeforeRotate = "before-t7-rotate",
    /// After it.
    AfterRotate = "after-t7-rotate",
}

static ARMED: AtomicU8 = AtomicU8::new(u8::MAX);
static PASSES: AtomicI64 = AtomicI64::new(0);

/// Makes the process die at the `nth` (from 1) pass of the point called `name`. Says whether there is such a point.
pub fn arm(name: &str, nth: u32) -> bool {
    let Some(point) = CrashPoint::ALL.iter().find(|point| point.name() == name) else {
        return false;
    };
    PASSES.store(i64::from(nth), Ordering::SeqCst);
    ARMED.store(*point as u8, Ordering::SeqCst);
    true
}

/// Marks that execution passes `point`; aborts the process when it is the armed one and its turn has come.
pub fn pass(point: CrashPoint) {
    if ARMED.load(Ordering::Relaxed) == point as u8 && PASSES.fetch_sub(1, Ordering::SeqCst) == 1 {
        std::process::abort();
    }
}
