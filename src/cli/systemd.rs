//! Tells the service manager how the daemon stands, as sd_notify(3) describes it: a datagram to the socket that
//! `NOTIFY_SOCKET` names. Where there is none, nobody is told.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use super::env;

/// Where the service manager listens, if there is one.
#[derive(Debug)]
pub(super) struct Manager(Option<(UnixDatagram, SocketAddr)>);

impl Manager {
    /// As the environment says. A socket that cannot be used is none: the daemon works all the same.
    pub(super) fn present() -> Self {
        let name = env::notify_socket();
        let at = name.and_then(|name| match name.as_bytes() {
            [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest).ok(),
            _ => SocketAddr::from_pathname(&name).ok(),
        });
        Self(at.and_then(|at| Some((UnixDatagram::unbound().ok()?, at))))
    }

    /// It serves.
    pub(super) fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// It reads its files anew; [`Manager::ready`] follows.
    pub(super) fn reloading(&self) {
        self.tell("RELOADING=1\nSTATUS=reading the files anew");
    }

    /// It ends.
    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=what was begun is ended first");
    }

    fn tell(&self, state: &str) {
        if let Some((socket, at)) = &self.0 {
            // Nobody may be there any more; that is nothing to end for.
            drop(socket.send_to_addr(state.as_bytes(), at));
        }
    }
}
