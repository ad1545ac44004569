//! Deliveries that an API sends by itself, compiled.

use std::sync::Arc;
use std::time::Duration;

use crate::lang::config::{HmacAlgorithm, SignatureEncoding};
use crate::lang::expr::{Condition, Query, Template, ValueForm};

/// How a delivery is proven to be the API's, and which record it names. Its expressions see `params`, `payload` and
/// `headers`; `$` is the payload.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// How it is proven.
    pub verify: Verify,
    /// The key of the record it names.
    pub key: ValueForm,
    /// The version of the record it speaks of.
    pub version: Option<ValueForm>,
    /// Which deliveries count.
    pub when: Option<Condition>,
    /// Where the payload says whose data it speaks of, and the param that it equals (S43).
    pub tenant: Option<(Query, Arc<str>)>,
}

/// How a delivery is proven to be the API's.
#[derive(Clone, Debug)]
pub enum Verify {
    /// By a signature in a header.
    Hmac(Box<Hmac>),
    /// Not at all, as the connector says itself.
    None,
}

/// A signature in a header.
#[derive(Clone, Debug)]
pub struct Hmac {
    /// The hash.
    pub algorithm: HmacAlgorithm,
    /// The header.
    pub header: Arc<str>,
    /// How the signature is written.
    pub encoding: SignatureEncoding,
    /// What stands before it.
    pub prefix: Arc<str>,
    /// The keys, over `params`; null where the account gives none.
    pub keys: Vec<ValueForm>,
    /// What is signed before the body, over `timestamp` and `headers`.
    pub before: Option<Template>,
    /// The header that says when it was signed, and how far that may lie from now.
    pub timestamp: Option<(Arc<str>, Duration)>,
}
