//! The small types that name a record and where its state is kept.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// The name or id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id! {
    /// The name of a tenant: first part of every key in the store (S26).
    TenantName
}
text_id! {
    /// Whose data it is, from the connector's `identity` params (S30), e.g. `helpdesk:2090000001`.
    Identity
}
text_id! {
    /// The name of a pipeline inside its integration.
    PipelineName
}
text_id! {
    /// The name of a connector.
    ConnectorName
}
text_id! {
    /// The name of an entity: one kind of link between two records.
    EntityName
}
text_id! {
    /// A record's key in canonical text: the number 1 and the text "1" are the same key (S36).
    RecordKey
}
text_id! {
    /// What work is serial by (S19), e.g. `310000123`.
    RootKey
}

/// Raised at every intake of a record, over all records of a store; also the order of intake (S8).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub i64);

/// Counts how often a tenant was turned on or off; an intent of an older epoch never leaves (S22).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct TenantEpoch(pub i64);

/// Counts how often an engine opened the store; intents of an older one are unknown (S29).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct EngineEpoch(pub i64);
