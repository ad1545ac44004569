//! What a `write` does next: a pure function from where it stands and what happened to where it stands then and
//! what is to be done. [`super::write`] performs the actions and asks again; nothing here waits, reads or sends.
//!
//! The rules it keeps: an intent is durable before its request leaves (P2), a create is planned only after every
//! search came back empty (P3), an unknown outcome is never followed by another send (S1, S2), several finds are
//! never a link (S5), a missing target never becomes a create by itself (S6).

/// What a `write` step has: decides which actions are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Searches, `find` and its `otherwise`.
    pub(crate) searches: usize,
    /// `read`.
    pub(crate) reads: Has,
    /// `create`.
    pub(crate) creates: Has,
    /// `update`.
    pub(crate) updates: Has,
    /// What becomes of an unknown create.
    pub(crate) unknown: WhenUnknown,
    /// What becomes of a link whose record is gone.
    pub(crate) missing: WhenMissing,
}

/// Whether a part is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Has {
    Yes,
    No,
}

/// What becomes of an unknown create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenUnknown {
    /// It is looked for.
    Settle,
    /// A person resolves it.
    Hold,
}

/// What becomes of a link whose record is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenMissing {
    Dead,
    Recreate,
}

/// Where a write stands. Ids live with who performs the actions; the state says only how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The link is being looked up under the claim.
    Looking,
    /// Search number `n` is running.
    Searching(usize),
    /// What was found is being linked.
    Adopting,
    /// The linked record is being read; how often a merge was followed.
    Reading(u8),
    /// A merge is being followed.
    Relinking(u8),
    /// A link to what is gone is being dropped.
    Dropping,
    /// What stands is being compared with what is wanted.
    Comparing,
    /// The intent is being made durable.
    Planning(Op),
    /// The request is out.
    Sending(Op),
    /// The outcome is being made durable; then this is the end.
    Settling(End),
    /// Nothing more happens.
    Ended,
}

/// What an intent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Create,
    Update,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// There is no link.
    Unlinked,
    /// There is one, and nothing is open on it.
    Linked,
    /// An intent is open on it.
    Open,
    /// A search came to this many ids.
    Found(Found),
    /// The link is stored.
    Stored,
    /// The link was changed by someone else meanwhile.
    Moved,
    /// The record was read.
    Read,
    /// It says that it was merged into another.
    Merged,
    /// It is not there, and its link is younger than the connector's lag (S6).
    MissingYet,
    /// It is not there.
    Missing,
    /// What stands equals what is wanted.
    Same,
    /// `update.when` does not hold.
    Unwanted,
    /// It differs.
    Differs,
    /// The intent is durable.
    Planned,
    /// The tenant does not run any more.
    Off,
    /// A newer version came before the first intent.
    Superseded,
    /// It was done.
    Applied,
    /// It was proved not done.
    Refused,
    /// It never left.
    NotSent,
    /// Nobody can say.
    Unknown,
    /// The request could not be made or answered; the failure says why.
    Failed,
}

/// How many ids a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    None,
    One,
    Several,
    /// It ended before its last page: finding nothing says nothing.
    Capped,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Run search number `n`.
    Search(usize),
    /// Link what was found.
    Adopt,
    /// Read the linked record.
    Read,
    /// Link what it was merged into.
    Relink,
    /// Drop the link to what is gone.
    Drop,
    /// Look the link up again.
    Look,
    /// Compare what stands with what is wanted.
    Compare,
    /// Make the intent durable.
    Plan(Op),
    /// Send it.
    Send(Op),
    /// Make the outcome durable.
    Settle(Settle),
    /// Say how it ended.
    End(End),
}

/// The outcome to make durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    Applied,
    NotApplied,
    NotSent,
    /// To be settled by find, or for an update after `in_flight` (S7).
    Unknown,
    /// Only a person may say.
    Held,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Created,
    Updated,
    /// Found, and as it should be.
    Adopted,
    /// Nothing to send.
    Unchanged,
    /// `update.when` did not hold.
    Unwanted,
    /// There is nothing and nothing makes it.
    Nothing,
    /// Several were found (S5).
    Ambiguous,
    /// A search ended at its page cap.
    Capped,
    /// The linked record is gone (S6).
    TargetMissing,
    /// The linked record is not visible yet (S6).
    NotVisibleYet,
    /// Merges lead in a circle.
    MergeLoop,
    /// Wait until the open intent is settled.
    Park,
    /// A person must say what became of it.
    HeldUnknown,
    /// The tenant does not run any more.
    Off,
    /// Take the record again, a newer version came.
    Superseded,
    /// The failure at hand.
    Failed,
}

/// Merges followed before it is called a circle.
const MERGES: u8 = 5;

/// Where a write begins: its link is looked up under the claim.
pub(crate) const START: State = State::Looking;

/// Where a write stands after `event`, and what is to be done.
pub(crate) fn next(shape: Shape, state: State, event: Event) -> (State, Action) {
    match (state, event) {
        // An answer that does not fit where the write stands: nothing more is sent, and an outcome is never guessed.
        (
            State::Sending(_),
            Event::Open
            | Event::Unlinked
            | Event::Linked
            | Event::Found(_)
            | Event::Stored
            | Event::Moved
            | Event::Read
            | Event::Merged
            | Event::Same
            | Event::Unwanted
            | Event::Differs
            | Event::Planned
            | Event::Off
            | Event::Superseded
            | Event::Failed,
        )
        | (State::Sending(Op::Create), Event::Missing | Event::MissingYet) => {
            settle(Settle::Unknown, End::Park)
        }
        (_, Event::Open) => end(End::Park),
        (State::Looking, Event::Unlinked) | (State::Dropping, Event::Stored) => search(shape, 0),
        (State::Looking, Event::Linked) => linked(shape, 0),
        (State::Searching(n), Event::Found(found)) => match found {
            Found::None => search(shape, n + 1),
            Found::One => (State::Adopting, Action::Adopt),
            Found::Several => end(End::Ambiguous),
            Found::Capped => end(End::Capped),
        },
        (State::Adopting, Event::Stored) => match shape.updates {
            Has::Yes => (State::Comparing, Action::Compare),
            Has::No => end(End::Adopted),
        },
        (State::Reading(_), Event::Read) => compare(shape),
        (State::Reading(hops), Event::Merged) if hops >= MERGES => end(End::MergeLoop),
        (State::Reading(hops), Event::Merged) => (State::Relinking(hops + 1), Action::Relink),
        (State::Relinking(hops), Event::Stored) => linked(shape, hops),
        (
            State::Adopting
            | State::Relinking(_)
            | State::Dropping
            | State::Comparing
            | State::Planning(_),
            Event::Moved,
        ) => (State::Looking, Action::Look),
        (State::Reading(_), Event::Missing) => match shape.missing {
            WhenMissing::Dead => end(End::TargetMissing),
            WhenMissing::Recreate => (State::Dropping, Action::Drop),
        },
        (State::Reading(_), Event::MissingYet) => end(End::NotVisibleYet),
        (State::Comparing, Event::Same) => end(End::Unchanged),
        (State::Comparing, Event::Unwanted) => end(End::Unwanted),
        (State::Comparing, Event::Differs) => {
            (State::Planning(Op::Update), Action::Plan(Op::Update))
        }
        (State::Planning(op), Event::Planned) => (State::Sending(op), Action::Send(op)),
        (State::Planning(_), Event::Off) => end(End::Off),
        (State::Planning(_), Event::Superseded) => end(End::Superseded),
        (State::Sending(op), Event::Applied) => settle(
            Settle::Applied,
            match op {
                Op::Create => End::Created,
                Op::Update => End::Updated,
            },
        ),
        (State::Sending(_), Event::Refused) => settle(Settle::NotApplied, End::Failed),
        (State::Sending(_), Event::NotSent) => settle(Settle::NotSent, End::Failed),
        // A change of what is gone did nothing: what is missing decides, not the wire (S6).
        (State::Sending(Op::Update), Event::Missing) => {
            settle(Settle::NotApplied, End::TargetMissing)
        }
        (State::Sending(Op::Update), Event::MissingYet) => {
            settle(Settle::NotApplied, End::NotVisibleYet)
        }
        (State::Sending(Op::Update), Event::Unknown) => settle(Settle::Unknown, End::Park),
        (State::Sending(Op::Create), Event::Unknown) => match shape.unknown {
            WhenUnknown::Settle => settle(Settle::Unknown, End::Park),
            WhenUnknown::Hold => settle(Settle::Held, End::HeldUnknown),
        },
        (State::Settling(how), Event::Stored) => end(how),
        // Every step of a write may fail before anything was sent; once it was, `Sending` names what became of it.
        (
            State::Looking
            | State::Searching(_)
            | State::Adopting
            | State::Reading(_)
            | State::Relinking(_)
            | State::Dropping
            | State::Comparing
            | State::Planning(_)
            | State::Settling(_),
            Event::Failed,
        ) => end(End::Failed),
        (_, _) => end(End::Failed),
    }
}

fn search(shape: Shape, n: usize) -> (State, Action) {
    if n < shape.searches {
        (State::Searching(n), Action::Search(n))
    } else if shape.creates == Has::Yes {
        (State::Planning(Op::Create), Action::Plan(Op::Create))
    } else {
        end(End::Nothing)
    }
}

fn linked(shape: Shape, hops: u8) -> (State, Action) {
    match shape.reads {
        Has::Yes => (State::Reading(hops), Action::Read),
        Has::No => compare(shape),
    }
}

fn compare(shape: Shape) -> (State, Action) {
    match shape.updates {
        Has::Yes => (State::Comparing, Action::Compare),
        Has::No => end(End::Unchanged),
    }
}

fn settle(settle: Settle, how: End) -> (State, Action) {
    (State::Settling(how), Action::Settle(settle))
}

fn end(how: End) -> (State, Action) {
    (State::Ended, Action::End(how))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shapes() -> impl Strategy<Value = Shape> {
        let has = || prop_oneof![Just(Has::Yes), Just(Has::No)];
        (
            0_usize..3,
            has(),
            has(),
            has(),
            prop_oneof![Just(WhenUnknown::Settle), Just(WhenUnknown::Hold)],
            prop_oneof![Just(WhenMissing::Dead), Just(WhenMissing::Recreate)],
        )
            .prop_map(
                |(searches, reads, creates, updates, unknown, missing)| Shape {
                    searches,
                    reads,
                    creates,
                    updates,
                    unknown,
                    missing,
                },
            )
    }

    fn events() -> impl Strategy<Value = Event> {
        use Event::{
            Applied, Differs, Failed, Linked, Merged, Missing, MissingYet, Moved, NotSent, Off,
            Open, Planned, Read, Refused, Same, Stored, Superseded, Unknown, Unlinked, Unwanted,
        };
        prop_oneof![
            Just(Unlinked),
            Just(Linked),
            Just(Open),
            Just(Event::Found(Found::None)),
            Just(Event::Found(Found::One)),
            Just(Event::Found(Found::Several)),
            Just(Event::Found(Found::Capped)),
            Just(Stored),
            Just(Moved),
            Just(Read),
            Just(Merged),
            Just(MissingYet),
            Just(Missing),
            Just(Same),
            Just(Unwanted),
            Just(Differs),
            Just(Planned),
            Just(Off),
            Just(Superseded),
            Just(Applied),
            Just(Refused),
            Just(NotSent),
            Just(Unknown),
            Just(Failed),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        /// Whatever happens in whatever order: P2, P3 and S1 hold.
        #[test]
        fn promises_hold_for_any_events(shape in shapes(), events in proptest::collection::vec(events(), 1..40)) {
            let mut state = START;
            let mut durable = false;
            let mut unsettled = false;
            let mut sent = 0;
            let mut empty_searches = 0;
            let mut looked = true;
            for event in events {
                if event == Event::Found(Found::None) && let State::Searching(n) = state {
                    prop_assert_eq!(n, empty_searches);
                    empty_searches += 1;
                }
                let planning = matches!(state, State::Planning(_));
                let (then, action) = next(shape, state, event);
                match action {
                    Action::Send(_) => {
                        prop_assert!(planning && event == Event::Planned, "P2: sent without a durable intent");
                        durable = true;
                        unsettled = true;
                        sent += 1;
                        prop_assert_eq!(sent, 1, "S1: sent twice in one write");
                    }
                    Action::Plan(Op::Create) => {
                        prop_assert!(looked, "created without looking at the link");
                        prop_assert_eq!(empty_searches, shape.searches, "P3: created before every search was empty");
                    }
                    Action::Settle(_) => {
                        prop_assert!(durable && unsettled, "settled what was never sent");
                        unsettled = false;
                    }
                    Action::End(_) => {
                        prop_assert!(!unsettled, "ended with an outcome that is not durable");
                        break;
                    }
                    Action::Look => { looked = true; empty_searches = 0; }
                    Action::Drop => { empty_searches = 0; }
                    Action::Search(_) | Action::Adopt | Action::Read | Action::Relink | Action::Compare
                    | Action::Plan(Op::Update) => {}
                }
                state = then;
            }
        }
    }

    #[test]
    fn while_a_request_is_out_only_its_outcome_ends_the_write() {
        let creates = Shape {
            searches: 0,
            ..full()
        };
        assert_eq!(
            play(creates, &[Event::Unlinked, Event::Planned, Event::Open]),
            Action::Settle(Settle::Unknown)
        );
    }

    fn full() -> Shape {
        Shape {
            searches: 2,
            reads: Has::Yes,
            creates: Has::Yes,
            updates: Has::Yes,
            unknown: WhenUnknown::Settle,
            missing: WhenMissing::Dead,
        }
    }

    fn play(shape: Shape, events: &[Event]) -> Action {
        let mut state = START;
        let mut action = Action::Look;
        for event in events {
            (state, action) = next(shape, state, *event);
        }
        action
    }

    #[test]
    fn a_new_thing_is_searched_for_twice_then_created() {
        let none = Event::Found(Found::None);
        assert_eq!(
            play(full(), &[Event::Unlinked, none, none]),
            Action::Plan(Op::Create)
        );
        assert_eq!(
            play(
                full(),
                &[
                    Event::Unlinked,
                    none,
                    none,
                    Event::Planned,
                    Event::Applied,
                    Event::Stored
                ]
            ),
            Action::End(End::Created)
        );
    }

    #[test]
    fn an_unknown_create_is_parked_or_held() {
        let sent = [
            Event::Unlinked,
            Event::Found(Found::None),
            Event::Found(Found::None),
            Event::Planned,
        ];
        let unknown = [&sent[..], &[Event::Unknown]].concat();
        assert_eq!(play(full(), &unknown), Action::Settle(Settle::Unknown));
        let hold = Shape {
            unknown: WhenUnknown::Hold,
            ..full()
        };
        assert_eq!(play(hold, &unknown), Action::Settle(Settle::Held));
    }

    #[test]
    fn a_missing_target_is_dead_unless_told_otherwise() {
        let gone = [Event::Linked, Event::Missing];
        assert_eq!(play(full(), &gone), Action::End(End::TargetMissing));
        let recreate = Shape {
            missing: WhenMissing::Recreate,
            ..full()
        };
        assert_eq!(play(recreate, &gone), Action::Drop);
        assert_eq!(
            play(full(), &[Event::Linked, Event::MissingYet]),
            Action::End(End::NotVisibleYet)
        );
    }

    #[test]
    fn merges_are_followed_but_not_in_a_circle() {
        let mut events = vec![Event::Linked];
        for _ in 0..MERGES {
            events.extend([Event::Merged, Event::Stored]);
        }
        assert_eq!(play(full(), &events), Action::Read);
        events.push(Event::Merged);
        assert_eq!(play(full(), &events), Action::End(End::MergeLoop));
    }
}
