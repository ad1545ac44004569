//! What a service manager and an operator meet: readiness notices, signals.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use serde_json::json;

use crate::harness::{World, until};

/// A service manager that listens.
struct Manager(UnixDatagram);

impl Manager {
    fn at(address: &SocketAddr) -> Self {
        let socket = UnixDatagram::bind_addr(address).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self(socket)
    }

    /// The next thing it is told.
    async fn told(&self) -> String {
        let mut told = None;
        until("the service manager is told something", async || {
            let mut bytes = [0; 512];
            told = self
                .0
                .recv(&mut bytes)
                .ok()
                .map(|length| String::from_utf8(bytes[..length].to_vec()).unwrap());
            told.is_some()
        })
        .await;
        told.unwrap()
    }
}

#[tokio::test]
async fn the_service_manager_is_told_how_it_stands() {
    let world = World::start().await;
    let path = world.dir().join("notify");
    let manager = Manager::at(&SocketAddr::from_pathname(&path).unwrap());
    let name = path.to_str().unwrap().to_owned();
    let served = world.serve_with(|cmd| cmd.env("NOTIFY_SOCKET", name)).await;
    assert_eq!(manager.told().await, "READY=1\nSTATUS=serves");
    served.signal("HUP").await;
    assert_eq!(
        manager.told().await,
        "RELOADING=1\nSTATUS=reading the files anew"
    );
    assert_eq!(manager.told().await, "READY=1\nSTATUS=serves");
    served.signal("TERM").await;
    assert_eq!(
        manager.told().await,
        "STOPPING=1\nSTATUS=what was begun is ended first"
    );
    served.end().await.fine();
}

#[tokio::test]
async fn the_socket_of_the_service_manager_may_have_no_file() {
    let world = World::start().await;
    let name = format!(
        "syncline-{}",
        world.dir().file_name().unwrap().to_str().unwrap()
    );
    let manager = Manager::at(&SocketAddr::from_abstract_name(&name).unwrap());
    let served = world
        .serve_with(|cmd| cmd.env("NOTIFY_SOCKET", format!("@{name}")))
        .await;
    assert_eq!(manager.told().await, "READY=1\nSTATUS=serves");
    served.terminate().await.fine();
}

#[tokio::test]
async fn a_socket_that_is_not_there_ends_nothing() {
    let world = World::start().await;
    let served = world
        .serve_with(|cmd| cmd.env("NOTIFY_SOCKET", "/nowhere/at/all"))
        .await;
    served.terminate().await.fine();
}

#[tokio::test]
async fn hup_reads_the_secrets_anew_and_int_ends() {
    let world = World::start().await;
    let served = world.serve().await;
    served.signal("HUP").await;
    until("it has read its files", async || {
        served.get("/v1/generation").await.fine()["last_reload"]["outcome"] == "taken"
    })
    .await;
    served.signal("INT").await;
    let ran = served.end().await.fine();
    assert!(
        ran.stderr
            .contains("stopping: what was begun is ended first"),
        "{}",
        ran.stderr
    );
    assert!(
        !world.store_path().with_extension("db-admin").exists(),
        "the way in is gone with it"
    );
}

#[tokio::test]
async fn a_second_daemon_is_told_who_has_the_store() {
    let world = World::start().await;
    let served = world.serve().await;
    let second = world
        .cmd(["serve", "--hooks", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        .run()
        .await
        .exits(1);
    assert!(
        second
            .stderr
            .contains("is in use by syncline with process id "),
        "{}",
        second.stderr
    );
    assert_eq!(served.order("/v1/reload", &json!({})).await.status, 200);
}
