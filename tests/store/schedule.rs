//! Up to when the times of `cron` lines were met.

use super::*;

fn met(tenant: &str, pipeline: &str, seconds: i64) -> Met {
    Met {
        tenant: tenant.into(),
        pipeline: pipeline.into(),
        until: at(seconds),
    }
}

#[tokio::test]
async fn the_last_word_holds_for_each_pipeline_of_each_tenant() {
    let store = SqliteStore::in_memory(at(0)).await.unwrap();
    let (acme, other) = ("acme".into(), "other".into());
    assert_eq!(store.met(&acme).await.unwrap(), []);
    for (tenant, pipeline, seconds) in [
        ("acme", "work-orders", 10),
        ("acme", "notes", 20),
        ("acme", "work-orders", 30),
        ("acme", "work-orders", 30),
        ("other", "notes", 40),
        // The clock was set back since.
        ("acme", "notes", 15),
    ] {
        store.meet(met(tenant, pipeline, seconds)).await.unwrap();
    }
    assert_eq!(
        store.met(&acme).await.unwrap(),
        [met("acme", "notes", 15), met("acme", "work-orders", 30)]
    );
    assert_eq!(
        store.met(&other).await.unwrap(),
        [met("other", "notes", 40)]
    );
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let open = async || {
        let options = OpenOptions {
            path: path.clone(),
            holder: "test".to_owned(),
            lock_wait: Duration::ZERO,
        };
        SqliteStore::open(options, at(0)).await.unwrap()
    };
    let store = open().await;
    store.meet(met("acme", "notes", 10)).await.unwrap();
    // No farewell: the answer was given after the commit.
    let copy = dir.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
    store.close().await;
    std::fs::rename(&copy, &path).unwrap();
    std::fs::rename(copy.with_extension("db-wal"), path.with_extension("db-wal")).unwrap();
    let store = open().await;
    let standing = store.met(&"acme".into()).await.unwrap();
    assert_eq!(standing, [met("acme", "notes", 10)]);
    store.close().await;
}
