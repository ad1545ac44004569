//! The files as a killed process leaves them: what was answered is there, and every command is there whole or not at
//! all, wherever the log was torn.

use std::path::{Path, PathBuf};

use sqlx::{Connection as _, SqliteConnection};

use super::*;

async fn open(path: PathBuf) -> Result<SqliteStore> {
    let options = OpenOptions {
        path,
        holder: "test".to_owned(),
        lock_wait: Duration::ZERO,
    };
    SqliteStore::open(options, at(0)).await
}

/// The file and its log, as they are now. No command is under way, so nothing moves while they are read.
fn image(path: &Path) -> (Vec<u8>, Vec<u8>) {
    let wal = path.with_extension("db-wal");
    (std::fs::read(path).unwrap(), std::fs::read(wal).unwrap())
}

async fn reopen(dir: &Path, (file, wal): (&[u8], &[u8])) -> SqliteStore {
    let path = dir.join("copy.db");
    for suffix in ["", "-shm", "-lock"] {
        drop(std::fs::remove_file(dir.join(format!("copy.db{suffix}"))));
    }
    std::fs::write(&path, file).unwrap();
    std::fs::write(dir.join("copy.db-wal"), wal).unwrap();
    let store = open(path.clone()).await.unwrap();
    let url = format!("sqlite://{}", path.display());
    let mut conn = SqliteConnection::connect(&url).await.unwrap();
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert_eq!(verdict, "ok");
    conn.close().await.unwrap();
    store
}

/// Five pages of three rows; each page after the first has its first row created on the other side.
async fn history(world: &World, mut after_each: impl FnMut()) {
    for n in 0..5 {
        let keys = [format!("{n}a"), format!("{n}b"), format!("{n}c")];
        let mut page = world.page(10 + n, keys.iter().map(|key| item(key, 1, "a")).collect());
        page.position.page = Some(n.to_string());
        world.store.take_page(page).await.unwrap();
        after_each();
        let key = keys[0].as_str();
        assert_eq!(world.plan(&format!("op-{n}"), key).await, Planned::Planned);
        after_each();
        let change = LinkChange::Settle(settle(&format!("op-{n}"), key, applied(&format!("j{n}"))));
        let finish = Finish {
            link: Some(change),
            ..finish(key, world.seq(key).await, done(Outcome::Written))
        };
        assert_eq!(world.store.finish(finish).await.unwrap(), Finished::Ended);
        after_each();
    }
}

/// How many of the history's commands a store holds; panics when one is there in part.
async fn progress(store: &SqliteStore) -> usize {
    let tenant: TenantName = "acme".into();
    let scan = store
        .cursor(&record_id("1").cursor())
        .await
        .unwrap()
        .and_then(|cursor| cursor.scan);
    let page = scan.and_then(|scan| scan.position.page);
    let pages = page.map_or(0, |page| page.parse::<usize>().unwrap() + 1);
    let mut commands = pages;
    for n in 0..5 {
        for letter in ["a", "b", "c"] {
            let row = store
                .record(&record_id(&format!("{n}{letter}")))
                .await
                .unwrap();
            assert_eq!(
                row.is_some(),
                n < pages,
                "a page is there with its position"
            );
        }
        let key = format!("{n}a");
        let link = store.link(&link_id("job", &key)).await.unwrap();
        let Some(link) = link else { continue };
        commands += 1;
        let row = store.record(&record_id(&key)).await.unwrap().unwrap();
        let traced = store
            .trace(&tenant, &key.as_str().into())
            .await
            .unwrap()
            .len();
        if link.target.is_some() {
            commands += 1;
            assert!(link.intent.is_none());
            assert_eq!(
                (row.state, traced),
                (RecordState::Done, 1),
                "link, end and trace"
            );
        } else {
            assert_eq!(
                link.intent.unwrap().state,
                OpState::Unknown,
                "T0 has seen it"
            );
            assert_eq!(
                (row.state, row.attempts, traced),
                (RecordState::Ready, 1, 0)
            );
        }
    }
    commands
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let world = World::on(open(path.clone()).await.unwrap()).await;
    let mut images = Vec::new();
    history(&world, || images.push(image(&path))).await;
    for (index, (file, wal)) in images.iter().enumerate() {
        let store = reopen(dir.path(), (file, wal)).await;
        assert_eq!(progress(&store).await, index + 1);
        store.close().await;
    }
}

#[tokio::test]
async fn a_torn_log_ends_between_commands() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let world = World::on(open(path.clone()).await.unwrap()).await;
    let begun = image(&path).1.len();
    history(&world, || {}).await;
    let (file, wal) = image(&path);
    assert!(wal.len() > begun, "the log was not folded in meanwhile");
    let mut last = 0;
    let step = (wal.len() - begun) / 40;
    for cut in (begun..=wal.len()).step_by(step.max(1)) {
        // Half-written blocks, as a disk may leave them.
        let mut torn = wal[..cut].to_vec();
        torn.extend([0xA5; 700]);
        let store = reopen(dir.path(), (&file, &torn)).await;
        let now = progress(&store).await;
        assert!(now >= last, "more of the log is never less of the history");
        last = now;
        store.close().await;
    }
    let store = reopen(dir.path(), (&file, &wal)).await;
    assert_eq!(progress(&store).await, 15);
}
