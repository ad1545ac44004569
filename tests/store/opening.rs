//! Opening a store: its lock, its mode, its schema, and what T0 makes of older intents.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use sqlx::{Connection as _, SqliteConnection};
use syncline::engine::record::{EngineEpoch, Seq};

use super::*;

fn options(path: &Path, holder: &str) -> OpenOptions {
    OpenOptions {
        path: path.into(),
        holder: holder.to_owned(),
        lock_wait: Duration::ZERO,
    }
}

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(options(path, "pid 1"), at(0))
        .await
        .unwrap()
}

async fn fail(path: &Path) -> String {
    let error = SqliteStore::open(options(path, "pid 2"), at(0))
        .await
        .unwrap_err();
    error
        .to_string()
        .replace(&path.display().to_string(), "FILE")
}

async fn raw(path: &Path, sql: &'static str) {
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut conn = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("made/on/the/way/store.db");
    let world = World::on(open(&path).await).await;
    world.take(3, vec![item("1", 1, "a")]).await;
    for suffix in ["", "-wal", "-shm", "-lock"] {
        let file = format!("{}{suffix}", path.display());
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{suffix}");
    }
    world.store.close().await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(&path).await);
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[tokio::test]
async fn two_engines_do_not_share_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let first = open(&path).await;
    assert_eq!(first.engine_epoch(), EngineEpoch(1));
    assert_eq!(
        fail(&path).await,
        "the store FILE is in use by pid 1; stop it, or give this one another `store`"
    );
    first.close().await;
    let second = open(&path).await;
    assert_eq!(second.engine_epoch(), EngineEpoch(2));
}

#[tokio::test]
async fn a_holder_that_lets_go_while_one_waits_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let first = open(&path).await;
    let waiting = OpenOptions {
        lock_wait: Duration::from_secs(60),
        ..options(&path, "pid 2")
    };
    let (second, ()) = tokio::join!(SqliteStore::open(waiting, at(0)), first.close());
    assert_eq!(second.unwrap().engine_epoch(), EngineEpoch(2));
}

#[tokio::test]
async fn a_lock_file_left_by_a_dead_holder_does_not_matter() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    std::fs::write(
        dir.path().join("store.db-lock"),
        "pid 4711 on a host long gone",
    )
    .unwrap();
    let store = open(&path).await;
    assert_eq!(
        std::fs::read_to_string(dir.path().join("store.db-lock")).unwrap(),
        "pid 1",
        "the lock names its holder, and no part of the one before"
    );
    store.close().await;
}

#[tokio::test]
async fn a_later_schema_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    open(&path).await.close().await;
    raw(&path, "PRAGMA user_version = 7").await;
    assert_eq!(
        fail(&path).await,
        "the store FILE has schema 7, this program knows up to 3; use the program that wrote it, \
         or a later one"
    );
}

#[tokio::test]
async fn other_files_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("notes.txt");
    std::fs::write(&text, "buy milk\n").unwrap();
    let message = "FILE is not a syncline store; give `store` a file of its own";
    assert_eq!(fail(&text).await, message);
    assert_eq!(std::fs::read_to_string(&text).unwrap(), "buy milk\n");

    let other = dir.path().join("other.db");
    raw(&other, "CREATE TABLE milk (litres INTEGER)").await;
    assert_eq!(fail(&other).await, message);
}

#[tokio::test]
async fn a_damaged_file_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    open(&path).await.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in &mut bytes[100..] {
        *byte = 0xA5;
    }
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(
        fail(&path).await,
        "the store FILE is damaged (database disk image is malformed); keep a copy of it, then \
         put back the last backup"
    );
}

#[tokio::test]
async fn a_folder_is_not_a_store() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        fail(dir.path()).await,
        "the store FILE cannot be opened: Is a directory (os error 21)"
    );
}

#[tokio::test]
async fn reports_read_beside_the_engine_and_write_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let missing = SqliteStore::open_to_read(&path)
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        missing.replace(&path.display().to_string(), "FILE"),
        "there is no store at FILE; turning on a tenant makes it"
    );
    let world = World::on(open(&path).await).await;
    world.take(3, vec![item("1", 1, "a")]).await;

    let reader = SqliteStore::open_to_read(&path).await.unwrap();
    assert_eq!(reader.engine_epoch(), EngineEpoch(1));
    assert!(reader.record(&record_id("1")).await.unwrap().is_some());
    let error = reader.prune(at(0), 1).await.unwrap_err().to_string();
    assert_eq!(
        error.replace(&path.display().to_string(), "FILE"),
        "the store FILE cannot be written: it is read-only"
    );
    world.store.close().await;
    assert!(reader.record(&record_id("1")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let world = World::new().await;
    world.store.close().await;
    let error = world.store.prune(at(0), 1).await.unwrap_err();
    assert_eq!(error.to_string(), "the store is closed");
    let error = world.store.tenants().await.unwrap_err();
    assert_eq!(error.to_string(), "the store is closed");
}

#[tokio::test]
async fn closing_waits_for_what_is_queued() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let world = World::on(open(&path).await).await;
    let page = world.page(3, vec![item("1", 1, "a")]);
    let (taken, ()) = tokio::join!(world.store.take_page(page), world.store.close());
    assert_eq!(taken.unwrap().new, 1);
    let again = open(&path).await;
    assert!(again.record(&record_id("1")).await.unwrap().is_some());
}

#[tokio::test]
async fn at_t0_older_intents_become_unknown_or_held() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let world = World::on(open(&path).await).await;
    world
        .take(
            3,
            vec![item("1", 1, "a"), item("2", 1, "a"), item("3", 1, "a")],
        )
        .await;
    world.plan("op-1", "1").await;
    let held = PlanIntent {
        settle_after: None,
        ..world.intent("op-2", "2").await
    };
    world.store.plan(held).await.unwrap();
    world.plan("op-3", "3").await;
    world.settle("op-3", "3", unknown()).await;
    let seq = world.seq("1").await;
    world.store.close().await;

    let store = SqliteStore::open(options(&path, "pid 3"), at(500))
        .await
        .unwrap();
    let intent = async |key: &str| {
        store
            .link(&link_id("job", key))
            .await
            .unwrap()
            .unwrap()
            .intent
            .unwrap()
    };
    let first = intent("1").await;
    assert_eq!(first.state, OpState::Unknown);
    assert_eq!(first.at, at(500));
    assert_eq!(
        first.bound,
        Some(at(560)),
        "in_flight + lag after the take-over"
    );
    assert_eq!(
        first.due,
        Some(at(500)),
        "a find that returns something settles at once"
    );
    assert_eq!(first.engine, EngineEpoch(1));
    assert_eq!(first.find.as_deref(), Some("{\"get\":\"/jobs\"}"));
    let second = intent("2").await;
    assert_eq!(
        (second.state, second.bound, second.due),
        (OpState::Held, None, None)
    );
    let third = intent("3").await;
    assert_eq!(
        (third.at, third.bound),
        (at(20), Some(at(100))),
        "unknown already: it stays"
    );

    let due = store.unsettled(&"acme".into(), at(500), 10).await.unwrap();
    let keys: Vec<&str> = due.iter().map(|row| row.id.key.as_str()).collect();
    assert_eq!(keys, ["3", "1"], "by due time, and nothing for a person");
    assert_eq!(store.next_due(&"acme".into()).await.unwrap(), Some(at(50)));

    let world = World {
        store,
        fence: world.fence,
    };
    world.take(600, vec![item("1", 2, "b")]).await;
    assert!(
        world.seq("1").await > seq,
        "numbers of intake go on rising over a restart"
    );
    assert!(seq > Seq(0));
}

#[tokio::test]
async fn an_engine_that_was_taken_over_plans_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let world = World::on(open(&path).await).await;
    world.take(3, vec![item("1", 1, "a")]).await;
    // As where the file system does not keep locks.
    raw(&path, "UPDATE meta SET engine_epoch = engine_epoch + 1").await;
    let error = world
        .store
        .plan(world.intent("op", "1").await)
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error.replace(&path.display().to_string(), "FILE"),
        "another engine has taken over the store FILE; this one must stop"
    );
    assert_eq!(world.link("1").await, None);
}

#[tokio::test]
async fn operators_can_read_the_tables() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let world = World::on(open(&path).await).await;
    world.take(3, vec![item("1", 1, "a")]).await;
    let output = std::process::Command::new("sqlite3")
        .arg(&path)
        .arg("SELECT tenant, pipeline, key, state, payload FROM record")
        .output();
    match output {
        Ok(output) => {
            assert_eq!(String::from_utf8_lossy(&output.stderr), "");
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                "acme|work-orders|1|ready|{\"is\":\"a\"}\n"
            );
        }
        Err(error) => println!("not tried, there is no sqlite3 here: {error}"),
    }
}
