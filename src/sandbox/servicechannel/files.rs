//! The bytes of attachments: made up or kept, but never held whole when they are many. Links to
//! them are signed, end after a while, and lead to another host, which knows no accounts.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use ring::{digest, hmac};
use serde::Deserialize;
use serde_json::json;

use super::World;
use super::model::{Attachment, AttachmentId, Content};
use crate::sandbox::kit::rng::Rng;
use crate::sandbox::kit::time::later;

/// How long a link leads somewhere.
const LINK_LIFE: Duration = Duration::from_secs(3_600);
/// A file that was sent and is larger is not kept, only weighed.
pub(super) const KEPT: usize = 256 << 10;
/// Made-up bytes come in pieces of this size.
const PIECE: u64 = 16 << 10;
const LINK_KEY: &[u8] = b"sandbox links";

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// The made-up bytes of piece `index`: the same whoever asks.
fn piece(seed: u64, index: u64, size: u64) -> Bytes {
    let mut rng = Rng::for_item(seed, index);
    let length = usize::try_from(size).unwrap_or(0);
    let words = std::iter::repeat_with(|| rng.next_u64().to_le_bytes());
    words.flatten().take(length).collect()
}

/// The pieces of a made-up file, one at a time.
fn pieces(seed: u64, size: u64) -> impl Iterator<Item = Bytes> + Send + 'static {
    (0..size.div_ceil(PIECE)).map(move |index| {
        let left = size - index * PIECE;
        piece(seed, index, left.min(PIECE))
    })
}

impl Content {
    /// How many bytes it is.
    pub fn size(&self) -> u64 {
        match self {
            Self::MadeUp { size, .. } | Self::Weighed { size, .. } => *size,
            Self::Sent(bytes) => bytes.len() as u64,
        }
    }

    /// Its SHA-256, in hexadecimal.
    pub fn sha256(&self) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        match self {
            Self::MadeUp { seed, size } => {
                pieces(*seed, *size).for_each(|piece| context.update(&piece));
            }
            Self::Sent(bytes) => context.update(bytes),
            Self::Weighed { sha256, .. } => return sha256.clone(),
        }
        hex(context.finish().as_ref())
    }

    /// Its bytes, as they are sent; none when they were not kept.
    fn body(&self) -> Option<Body> {
        Some(match self {
            Self::MadeUp { seed, size } => {
                let pieces = pieces(*seed, *size).map(Ok::<_, std::convert::Infallible>);
                Body::from_stream(futures::stream::iter(pieces))
            }
            Self::Sent(bytes) => Body::from(bytes.clone()),
            Self::Weighed { .. } => return None,
        })
    }
}

fn signature(id: AttachmentId, ends: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, LINK_KEY);
    hex(hmac::sign(&key, format!("{id} {ends}").as_bytes()).as_ref())
}

/// A link to this file that is good from now on for a while. `base` is the host of files.
pub(super) fn link(base: &str, file: &Attachment, now: DateTime<Utc>) -> String {
    let ends = later(now, LINK_LIFE).timestamp();
    let (id, signature) = (file.id, signature(file.id, ends));
    format!("{base}/files/{id}?se={ends}&sig={signature}")
}

/// The other host.
pub(super) fn routes(world: World) -> Router {
    Router::new()
        .route("/files/{id}", get(download))
        .with_state(world)
}

#[derive(Deserialize)]
struct Signed {
    se: i64,
    sig: String,
}

/// Whoever shows credentials here has sent them to a stranger, and is refused.
async fn download(
    State(world): State<World>,
    Path(id): Path<AttachmentId>,
    Query(signed): Query<Signed>,
    headers: HeaderMap,
) -> Response {
    let refused =
        |status: StatusCode, why: &str| (status, Json(json!({ "Message": why }))).into_response();
    if headers.contains_key(header::AUTHORIZATION) {
        let why = "A signed link takes no other authorization";
        return refused(StatusCode::BAD_REQUEST, why);
    }
    let now = world.kit().clock.now();
    if signed.sig != signature(id, signed.se) || signed.se <= now.timestamp() {
        return refused(StatusCode::FORBIDDEN, "The link is wrong or has expired");
    }
    let found = world.read_state(|rows| {
        let mut files = rows.work_orders().flat_map(|order| &order.attachments);
        files.find(|file| file.id == id).cloned()
    });
    let Some(file) = found else {
        return refused(StatusCode::NOT_FOUND, "There is no such file");
    };
    let Some(body) = file.content.body() else {
        return refused(StatusCode::NOT_IMPLEMENTED, "The sandbox did not keep it");
    };
    let headers = [
        (header::CONTENT_LENGTH, file.content.size().to_string()),
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
    ];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_file_is_always_the_same_and_as_long_as_it_says() {
        let size = 3 * PIECE + 7;
        let whole: Vec<u8> = pieces(9, size).flatten().collect();
        assert_eq!(whole.len() as u64, size);
        let sent = Content::Sent(Bytes::from(whole));
        let made_up = Content::MadeUp { seed: 9, size };
        assert_eq!(made_up.sha256(), sent.sha256());
        assert_eq!(made_up.size(), sent.size());
        assert_ne!(made_up.sha256(), Content::MadeUp { seed: 8, size }.sha256());
    }

    #[test]
    fn the_hash_is_written_in_hexadecimal() {
        let empty = Content::Sent(Bytes::new()).sha256();
        assert!(empty.starts_with("e3b0c44298fc1c14"), "{empty}");
    }
}
