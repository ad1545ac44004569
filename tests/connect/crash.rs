//! The crash points of a request, in a process of its own.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use syncline::engine::crash;

use super::server::{Answer, Server};
use super::world::{Shop, World, post};

const POINT: &str = "SYNCLINE_TEST_CRASH_POINT";
const ADDRESS: &str = "SYNCLINE_TEST_CRASH_ADDRESS";

/// Not a test of its own: the process that dies.
#[tokio::test]
#[ignore = "run by the tests below"]
#[expect(
    clippy::disallowed_methods,
    reason = "its parent tells it what to do by its environment"
)]
async fn child() {
    let (Ok(point), Ok(address)) = (std::env::var(POINT), std::env::var(ADDRESS)) else {
        return;
    };
    assert!(crash::arm(&point, 1));
    let connection = World::new().open(Shop::at(address)).await;
    post(&connection, "/orders").await.expect("it dies before");
}

/// Asserts how many requests arrived whole before a process died at `point`.
async fn arrived(point: &'static str, answer: Answer, expected: usize) {
    let server = Server::start(move |_, _| answer.clone()).await;
    let address = server.url();
    let status = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["connect::crash::child", "--exact", "--ignored"])
            .env(POINT, point)
            .env(ADDRESS, address)
            .output()
            .unwrap()
            .status
    })
    .await
    .unwrap();
    assert_eq!(status.signal(), Some(6), "{point} aborts");
    // What the dead process had written is read a little later.
    let reads = async {
        while server.got().len() < expected {
            tokio::task::yield_now().await;
        }
    };
    let read = tokio::time::timeout(Duration::from_secs(10), reads).await;
    let got = server.got();
    assert!(read.is_ok(), "{point}: {} of {expected} arrived", got.len());
    assert_eq!(got.len(), expected, "{point}");
    assert!(got.iter().all(|got| got.body == r#"{"a":1}"#));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_socket_nothing_has_left() {
    arrived("before-socket", Answer::Silence, 0).await;
}

/// The server never answers: what makes the process die is that the request was written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_socket_the_whole_request_has_left_and_no_reply_came() {
    arrived("after-socket", Answer::Silence, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_reply_nothing_was_made_of_it() {
    arrived("after-reply", Answer::json(201, &json!({ "id": 7 })), 1).await;
}
