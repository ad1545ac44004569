//! T1: the version rule (S9), seq (S8), backoff (S31), cursors (S14).

use super::*;

/// New, newer, stale, seen, kept out by a verdict.
fn counts(of: [u64; 5]) -> Taken {
    let [new, newer, stale, seen, kept_out] = of;
    Taken {
        new,
        newer,
        stale,
        seen,
        never: kept_out,
    }
}

const NEW: Taken = Taken {
    new: 1,
    newer: 0,
    stale: 0,
    seen: 0,
    never: 0,
};
const NEWER: Taken = Taken {
    new: 0,
    newer: 1,
    stale: 0,
    seen: 0,
    never: 0,
};
const STALE: Taken = Taken {
    new: 0,
    newer: 0,
    stale: 1,
    seen: 0,
    never: 0,
};
const SEEN: Taken = Taken {
    new: 0,
    newer: 0,
    stale: 0,
    seen: 1,
    never: 0,
};

/// S9, each line on a record that holds version 10, content `a`, from a read that started at 100.
#[tokio::test]
async fn the_version_rule() {
    for (what, started, item, expected) in [
        ("higher", 90, item("1", 11, "b"), NEWER),
        ("higher with equal content", 110, item("1", 11, "a"), NEWER),
        ("lower", 110, item("1", 9, "b"), STALE),
        ("lower with equal content", 110, item("1", 9, "a"), STALE),
        ("equal", 110, item("1", 10, "a"), SEEN),
        ("equal, read earlier", 90, item("1", 10, "a"), SEEN),
        (
            "equal with other content, read later",
            110,
            item("1", 10, "b"),
            NEWER,
        ),
        (
            "equal with other content, read earlier",
            90,
            item("1", 10, "b"),
            STALE,
        ),
        (
            "equal with other content, same read",
            100,
            item("1", 10, "b"),
            STALE,
        ),
        ("no version, read later", 110, unversioned("1", "b"), NEWER),
        ("no version, read earlier", 90, unversioned("1", "b"), STALE),
        (
            "no version with equal content",
            110,
            unversioned("1", "a"),
            SEEN,
        ),
    ] {
        let world = World::new().await;
        assert_eq!(world.take(100, vec![self::item("1", 10, "a")]).await, NEW);
        let before = world.record("1").await;
        assert_eq!(
            world.take(started, vec![item.clone()]).await,
            expected,
            "{what}"
        );
        let after = world.record("1").await;
        if expected == NEWER {
            assert!(after.seq > before.seq, "{what}");
            assert_eq!(after.payload.as_deref(), Some(&*item.payload), "{what}");
            assert_eq!(after.version, item.version, "{what}");
        } else {
            assert_eq!(after, before, "{what}");
        }
    }
}

#[tokio::test]
async fn versions_are_compared_at_full_precision() {
    let world = World::new().await;
    let mut early = item("1", 10, "a");
    let mut late = item("1", 10, "b");
    let fraction = |digits: &str| {
        let text = format!("2026-04-13T14:27:38.{digits}Z");
        Mark {
            at: Timestamp::parse(&text),
            text,
        }
    };
    early.version = Some(fraction("9437189"));
    late.version = Some(fraction("9437190"));
    world.take(100, vec![late]).await;
    assert_eq!(world.take(110, vec![early]).await, STALE);
    let version = world.record("1").await.version.unwrap();
    assert_eq!(
        version.text, "2026-04-13T14:27:38.9437190Z",
        "kept verbatim"
    );
}

#[tokio::test]
async fn a_repeated_read_keeps_an_older_one_out() {
    let world = World::new().await;
    world.take(100, vec![unversioned("1", "a")]).await;
    assert_eq!(world.take(120, vec![unversioned("1", "a")]).await, SEEN);
    assert_eq!(world.take(110, vec![unversioned("1", "b")]).await, STALE);
    assert_eq!(world.take(130, vec![unversioned("1", "b")]).await, NEWER);
    assert_eq!(
        world.take(140, vec![unversioned("1", "a")]).await,
        NEWER,
        "A, B, A"
    );
}

#[tokio::test]
async fn a_page_of_everything_adds_up() {
    let world = World::new().await;
    world
        .take(
            10,
            vec![
                item("old", 5, "a"),
                item("same", 5, "a"),
                item("no", 5, "a"),
            ],
        )
        .await;
    let mut never = finish("no", world.seq("no").await, done(Outcome::Skipped));
    never.verdict = Some(Verdict::Never);
    world.store.finish(never).await.unwrap();

    let page = vec![
        item("new", 1, "a"),
        item("old", 6, "b"),
        item("same", 5, "a"),
        item("no", 9, "b"),
        item("same", 4, "z"),
        item("new", 2, "b"),
        item("new", 1, "a"),
    ];
    assert_eq!(world.take(20, page.clone()).await, counts([1, 2, 2, 1, 1]));
    assert_eq!(
        world.record("new").await.version,
        Some(version(2)),
        "rows are taken in order"
    );
    assert_eq!(
        world.take(20, page).await,
        counts([0, 0, 3, 3, 1]),
        "a repeated page changes nothing"
    );
}

#[tokio::test]
async fn pages_larger_than_a_statement_keep_the_order_of_intake() {
    let world = World::new().await;
    let keys: Vec<String> = (0..150)
        .map(|n| format!("k{}", (n * 7919) % 1000))
        .collect();
    let items: Vec<Item> = keys.iter().map(|key| item(key, 1, "a")).collect();
    assert_eq!(world.take(10, items).await, counts([150, 0, 0, 0, 0]));
    let query = ReadyQuery {
        tenant: "acme".into(),
        pipelines: vec!["other".into(), "work-orders".into()],
        after: Seq(0),
        now: at(0),
        limit: 1000,
    };
    let rows = world.store.ready(query.clone()).await.unwrap();
    let order: Vec<&str> = rows.iter().map(|row| row.id.key.as_str()).collect();
    assert_eq!(order, keys);
    assert_eq!(rows[3].payload.as_deref(), Some("{\"is\":\"a\"}"));
    assert_eq!(rows[3].root.as_ref().unwrap().as_str(), keys[3]);

    let rest = ReadyQuery {
        after: rows[99].seq,
        limit: 20,
        ..query
    };
    let rows = world.store.ready(rest).await.unwrap();
    let order: Vec<&str> = rows.iter().map(|row| row.id.key.as_str()).collect();
    assert_eq!(order, &keys[100..120]);
}

/// S31 and S33: what a newer version does to a record that is not being worked.
#[tokio::test]
async fn backoff_under_a_newer_version() {
    use RecordState::{Ready, Waiting};
    for (what, end, state, attempts, due) in [
        (
            "transient",
            waiting(90, WaitKind::Transient),
            Waiting,
            4,
            Some(at(90)),
        ),
        ("parked", waits_on("1", Until::Linked), Waiting, 4, None),
        ("rejected", waiting(90, WaitKind::Rejected), Ready, 0, None),
        ("dead", dead("rejected"), Ready, 0, None),
        ("held", held(Some(90)), Ready, 0, None),
        ("done", done(Outcome::Written), Ready, 0, None),
    ] {
        let world = World::new().await;
        world.take(10, vec![item("1", 1, "a")]).await;
        let mut finish = finish("1", world.seq("1").await, end);
        finish.attempts = 4;
        world.store.finish(finish).await.unwrap();
        let parked = world.record("1").await.waits_on;

        assert_eq!(
            world.take(20, vec![item("1", 1, "a")]).await,
            SEEN,
            "{what}"
        );
        assert_ne!(
            world.record("1").await.state,
            Ready,
            "{what}: seen touches nothing"
        );

        assert_eq!(
            world.take(20, vec![item("1", 2, "b")]).await,
            NEWER,
            "{what}"
        );
        let row = world.record("1").await;
        assert_eq!(
            (row.state, row.attempts, row.due),
            (state, attempts, due),
            "{what}"
        );
        assert_eq!(row.payload.as_deref(), Some("{\"is\":\"b\"}"), "{what}");
        assert_eq!(row.waits_on, parked.filter(|_| state == Waiting), "{what}");
        assert_eq!(row.reason.is_some(), state == Waiting, "{what}");
    }
}

#[tokio::test]
async fn attempts_of_a_killed_attempt_survive_a_newer_version() {
    let world = World::new().await;
    world.take(10, vec![item("1", 1, "a")]).await;
    world.plan("op", "1").await;
    world.take(20, vec![item("1", 2, "b")]).await;
    assert_eq!(world.record("1").await.attempts, 1);
}

#[tokio::test]
async fn a_bad_row_enters_as_dead_and_is_cured_by_a_good_one() {
    let world = World::new().await;
    let bad = Death {
        cause: "bad-item".to_owned(),
        detail: "no UpdatedDate".to_owned(),
    };
    let row = Item {
        bad: Some(bad),
        ..item("1", 1, "a")
    };
    assert_eq!(
        world.take(10, vec![row.clone(), item("2", 1, "a")]).await,
        counts([2, 0, 0, 0, 0])
    );
    let stored = world.record("1").await;
    assert_eq!(
        (stored.state, stored.outcome),
        (RecordState::Dead, Some(Outcome::Dead))
    );
    assert_eq!(stored.reason.as_deref(), Some("bad-item"));
    assert_eq!(stored.detail.as_deref(), Some("no UpdatedDate"));
    assert_eq!(world.ready(0).await, ["2"]);
    world.take(20, vec![item("1", 2, "b")]).await;
    let stored = world.record("1").await;
    assert_eq!((stored.state, stored.reason), (RecordState::Ready, None));
    let worse = Item {
        version: Some(version(3)),
        hash: ContentHash::of(b"c"),
        ..row
    };
    assert_eq!(world.take(30, vec![worse]).await, NEWER);
    assert_eq!(world.record("1").await.state, RecordState::Dead);
}

#[tokio::test]
async fn a_scan_moves_by_pages() {
    let world = World::new().await;
    let id = record_id("1").cursor();
    let cursor = async || world.store.cursor(&id).await.unwrap().unwrap();
    let scan = cursor().await.scan.unwrap();
    assert_eq!(scan.id, "s1".into());
    assert_eq!(scan.lower.as_deref(), Some("2026-01-01"));
    assert_eq!((scan.position, scan.started), (Position::default(), at(2)));

    let position = Position {
        at: Some("10".to_owned()),
        tie: Some("7".to_owned()),
        page: Some("2".to_owned()),
        highest: Some(version(10)),
    };
    let mut page = world.page(3, vec![item("1", 10, "a")]);
    page.position = position.clone();
    page.watermark = Some(version(10));
    world.store.take_page(page.clone()).await.unwrap();
    assert_eq!(cursor().await.scan.unwrap().position, position);
    assert_eq!(cursor().await.watermark, Some(version(10)));

    page.watermark = Some(version(9));
    world.store.take_page(page.clone()).await.unwrap();
    assert_eq!(
        cursor().await.watermark,
        Some(version(10)),
        "never backwards"
    );
    page.watermark = None;
    page.then = ScanThen::Stalls("page 3 fails for good".to_owned());
    world.store.take_page(page.clone()).await.unwrap();
    assert_eq!(
        cursor().await.stalled.as_deref(),
        Some("page 3 fails for good")
    );
    assert!(cursor().await.scan.is_some());
    page.then = ScanThen::Ends;
    page.watermark = Some(version(12));
    for _ in 0..2 {
        world.store.take_page(page.clone()).await.unwrap();
        let ended = cursor().await;
        assert_eq!((ended.scan, ended.stalled), (None, None));
        assert_eq!(ended.watermark, Some(version(12)));
    }

    world.begin_scan("s2").await;
    let error = world.store.take_page(page).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "pipeline work-orders of tenant acme has another scan by now"
    );
    assert_eq!(cursor().await.scan.unwrap().position, Position::default());
}

#[tokio::test]
async fn opaque_watermarks_move_as_told() {
    let world = World::new().await;
    let mut page = world.page(3, vec![]);
    for token in ["zzz", "aaa"] {
        page.watermark = Some(Mark {
            text: token.to_owned(),
            at: None,
        });
        world.store.take_page(page.clone()).await.unwrap();
        let cursor = world
            .store
            .cursor(&record_id("1").cursor())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(cursor.watermark, page.watermark);
    }
}

#[tokio::test]
async fn nothing_is_taken_for_a_tenant_that_was_turned_off() {
    let mut world = World::new().await;
    let page = world.page(3, vec![item("1", 1, "a")]);
    world.order("off", Instruction::Off).await.unwrap();
    let refused = "tenant acme is off in epoch 2, the command was for epoch 1";
    let error = world.store.take_page(page.clone()).await.unwrap_err();
    assert_eq!(error.to_string(), refused);
    world.turn_on("on-2").await;
    let error = world.store.take_page(page).await.unwrap_err();
    let moved = "tenant acme is on in epoch 3, the command was for epoch 1";
    assert_eq!(error.to_string(), moved);
    assert_eq!(world.store.record(&record_id("1")).await.unwrap(), None);
    assert_eq!(world.take(3, vec![item("1", 1, "a")]).await, NEW);
}
