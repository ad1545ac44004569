//! A small HTTP server that misbehaves on command.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) line: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// Which connection it came on, from 0.
    pub(super) connection: usize,
}

impl Got {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// A status, headers and a body.
    Reply(u16, Vec<(&'static str, String)>, String),
    /// The beginning of a reply that says it is longer.
    Truncated(u16, String),
    /// Nothing, and the connection is reset.
    Reset,
    /// Nothing, for ever.
    Silence,
}

impl Answer {
    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        let json = ("Content-Type", "application/json".to_owned());
        Self::Reply(status, vec![json], body.to_string())
    }
}

type Handler = dyn Fn(usize, &Got) -> Answer + Send + Sync;

/// A server on loopback; it stops when it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Answers by the number of the request (from 0) and the request.
    pub(super) async fn start(
        handler: impl Fn(usize, &Got) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let handler: Arc<Handler> = Arc::new(handler);
        let mut tasks = JoinSet::new();
        let requests = Arc::clone(&got);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (requests, handler) = (Arc::clone(&requests), Arc::clone(&handler));
                connections.spawn(serve(stream, connection, requests, handler));
            }
        });
        Self {
            address,
            got,
            _tasks: tasks,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    got: Arc<Mutex<Vec<Got>>>,
    handler: Arc<Handler>,
) {
    while let Some(request) = read(&mut stream, connection).await {
        let number = {
            let mut got = got.lock().unwrap();
            got.push(request.clone());
            got.len() - 1
        };
        match handler(number, &request) {
            Answer::Reply(status, headers, body) => {
                let mut reply =
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
                for (name, value) in headers {
                    write!(reply, "{name}: {value}\r\n").unwrap();
                }
                reply.push_str("\r\n");
                reply.push_str(&body);
                if stream.write_all(reply.as_bytes()).await.is_err() {
                    return;
                }
            }
            Answer::Truncated(status, body) => {
                let length = body.len() + 100;
                let head = "Content-Type: application/json\r\nContent-Length";
                let reply = format!("HTTP/1.1 {status} X\r\n{head}: {length}\r\n\r\n{body}");
                stream.write_all(reply.as_bytes()).await.unwrap();
                return;
            }
            Answer::Reset => {
                stream.set_zero_linger().unwrap();
                return;
            }
            Answer::Silence => std::future::pending().await,
        }
    }
}

async fn read(stream: &mut TcpStream, connection: usize) -> Option<Got> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let line = lines.next()?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(bytes[end + 4..].to_vec()).unwrap();
    Some(Got {
        line,
        headers,
        body,
        connection,
    })
}
