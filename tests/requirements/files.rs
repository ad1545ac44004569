//! R70: photos and files, in both directions and never back, passed on without being held.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use syncline::sandbox::kit::faults::{Action, Rule};
use syncline::sandbox::servicechannel::model::{Content, WorkOrderId};

use super::office::{both_ways, call_in_open, counted, people, rows};
use crate::harness::{World, until};

async fn board() -> World {
    let world = both_ways().await;
    world.tenant(
        "/settings/files",
        json!({ "inbound": true, "outbound": true }),
    );
    world.on().await;
    world
}

async fn job(world: &World) -> (WorkOrderId, Value) {
    let order = call_in_open(world);
    world.run().await;
    (order, world.job(order)["id"].clone())
}

fn client_adds(world: &World, order: WorkOrderId, name: &str, size: u64) {
    let client = world.sandbox.servicechannel();
    client.attach(order, name, size, 0).unwrap();
}

fn names(world: &World, job: &Value) -> Vec<String> {
    let files = rows(world, &format!("forms/jobs/{job}/attachments"));
    let name = |file: &Value| file["fileName"].as_str().unwrap().to_owned();
    files.iter().map(name).collect()
}

fn hours_pass(world: &World) {
    world.sandbox.clock().advance(Duration::from_secs(3_600));
}

/// The files of a work order that did not come from its client.
fn carried(world: &World, order: WorkOrderId) -> Vec<(String, u64)> {
    let files = world.sandbox.servicechannel().attachments(order);
    let own = files
        .into_iter()
        .filter(|file| file.name.starts_with("st-"));
    own.map(|file| (file.name, file.content.size())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r70_files_go_both_ways_once_and_none_comes_back() {
    let world = board().await;
    let (order, job) = job(&world).await;
    client_adds(&world, order, "leak.jpg", 40_000);
    let photo = json!({ "fileName": "fixed.jpg", "content": "bWFkZSB1cA==" });
    people(&world, &format!("jobs/{job}/attachments"), &photo);
    for _ in 0..3 {
        hours_pass(&world);
        world.run().await;
    }
    let there = names(&world, &job);
    assert_eq!(there.len(), 2, "{there:?}");
    assert!(
        there
            .iter()
            .any(|name| name.starts_with("sc-") && name.ends_with("-leak.jpg")),
        "{there:?}"
    );
    let back = carried(&world, order);
    assert_eq!(back.len(), 1, "{back:?}");
    assert!(back[0].0.ends_with("-fixed.jpg"), "{back:?}");
    // What came is what was there, byte for byte.
    let files = world.sandbox.servicechannel().attachments(order);
    let sent = files
        .iter()
        .find(|file| file.name.starts_with("st-"))
        .unwrap();
    let made_up = Content::Sent(Bytes::from_static(b"made up"));
    assert_eq!(sent.content.sha256(), made_up.sha256());
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r70_by_default_files_stay_where_they_are() {
    let world = both_ways().await;
    world.on().await;
    let (order, job) = job(&world).await;
    client_adds(&world, order, "leak.jpg", 40_000);
    world.run().await;
    assert_eq!(names(&world, &job), [""; 0]);
    assert_eq!(
        counted(&world, "files of ServiceChannel stay there").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r70_a_link_to_another_host_is_not_followed_and_one_file_holds_up_no_other() {
    let world = board().await;
    world.tenant(
        "/accounts/servicechannel/file_hosts",
        json!("files.example"),
    );
    let (order, job) = job(&world).await;
    client_adds(&world, order, "leak.jpg", 40_000);
    world.run().await;
    assert_eq!(names(&world, &job), [""; 0]);
    assert_eq!(
        counted(&world, "a file was left out; `trace` says why").await,
        1
    );
    let trace = world.fine(["trace", &order.to_string()]).await.stdout;
    let why =
        "the file's link leads to 127.0.0.1, which is none of the connector's `download_hosts`";
    assert!(trace.contains(why), "{trace}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r70_a_lost_reply_puts_no_file_there_twice() {
    let world = board().await;
    let (order, job) = job(&world).await;
    client_adds(&world, order, "leak.jpg", 40_000);
    let lost = Rule::under("/forms/v2/tenant/1000/jobs", Action::CommitThenDrop).method("POST");
    let faults = &world.sandbox.servicetitan().kit().faults;
    faults.set(vec![lost.at_most(1)]).unwrap();
    for _ in 0..3 {
        world.run().await;
    }
    assert_eq!(faults.rules()[0].struck, 1, "the reply was lost");
    assert_eq!(names(&world, &job).len(), 1);
}

/// A file of 100 MB, and one of nearly twice that, for which the program needs no more than for the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r70_a_file_of_100_mb_is_never_held() {
    const FIRST: u64 = 100 << 20;
    const SECOND: u64 = 190 << 20;
    let world = board().await;
    let (order, job) = job(&world).await;
    let running = world.follow();
    let there = async |count| {
        until("the file is on the job", async || {
            names(&world, &job).len() == count
        })
        .await;
    };
    client_adds(&world, order, "small.jpg", 1 << 20);
    there(1).await;
    let before = running.peak_memory();
    client_adds(&world, order, "video.mp4", FIRST);
    there(2).await;
    let first = running.peak_memory();
    client_adds(&world, order, "film.mp4", SECOND);
    there(3).await;
    let second = running.peak_memory();
    running.terminate().await.fine();
    // What the allocator keeps of a few hundred kilobytes at a time, in blocks of its own size.
    assert!(
        first - before < FIRST * 3 / 4,
        "{} bytes more for the first",
        first - before
    );
    assert!(
        second - first < 16 << 20,
        "{} bytes more for the second",
        second - first
    );
}
