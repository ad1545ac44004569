//! Pages by a token in the reply, among them feeds whose token is the cursor.

use std::sync::Arc;
use std::time::Duration;

use super::error::PagingError;
use super::{PageRequest, Place, ReplyFacts, TokenStyle, Turn};

/// Where a token feed stands.
#[derive(Clone, Debug)]
pub(super) struct Token {
    style: TokenStyle,
    token: Option<Arc<str>>,
}

impl Token {
    /// From `token`, or from the beginning.
    pub(super) fn start(style: TokenStyle, token: Option<Arc<str>>) -> Self {
        Self { style, token }
    }

    pub(super) fn seek(&self) -> PageRequest {
        let mut seek = PageRequest::default();
        if let Some(token) = &self.token {
            seek.query
                .push((self.style.param.clone(), token.to_string()));
        }
        seek
    }

    /// The token as the watermark of a feed that keeps it.
    pub(super) fn kept(&self) -> Option<&Arc<str>> {
        self.token.as_ref().filter(|_| self.style.keep)
    }

    /// How long the feed rests after its end.
    pub(super) fn rest(&self) -> Option<Duration> {
        self.style.idle
    }

    pub(super) fn place(&self) -> Place {
        Place {
            page: self.token.as_deref().map(str::to_owned),
            ..Place::default()
        }
    }

    pub(super) fn take(&mut self, facts: &ReplyFacts, number: u32) -> Result<Turn, PagingError> {
        let next: Option<Arc<str>> = facts
            .next
            .as_deref()
            .filter(|next| !next.is_empty())
            .map(Arc::from);
        let stands_still = next.is_none() || next == self.token;
        let more = facts.more.unwrap_or(!stands_still);
        if more && next.is_none() {
            return Err(PagingError::TokenMissing { page: number });
        }
        if more && stands_still {
            return Err(PagingError::PageRepeats {
                page: number,
                times: 2,
                param: self.style.param.to_string(),
            });
        }
        if next.is_some() {
            self.token = next;
        }
        Ok(if more {
            Turn::again(None)
        } else {
            Turn::end(None)
        })
    }
}
