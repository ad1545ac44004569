//! `sandbox`: the two simulators alone.

use insta::assert_snapshot;

use super::seen;
use crate::harness::{Cmd, until};

const ANY: [&str; 5] = ["sandbox", "--source", "127.0.0.1:0", "--target", "127.0.0.1:0"];

#[tokio::test]
async fn it_says_where_it_listens_and_stops_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("child");
    let child = Cmd::new(ANY).start(&log);
    until("both listen", async || {
        std::fs::read_to_string(log.with_extension("out")).unwrap_or_default().lines().count() == 2
    })
    .await;
    let ran = child.terminate().await.fine();
    assert_snapshot!(seen(&ran, dir.path()));
}

#[tokio::test]
async fn an_address_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = Cmd::new(["sandbox", "--source", &address, "--target", "127.0.0.1:0"]).run().await.exits(1);
    assert_snapshot!(seen(&ran, "/nowhere".as_ref()));
}
