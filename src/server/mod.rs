//! HTTP in. [`Ingress`] awaits webhooks; nothing else listens yet.

mod ingress;
mod route;

pub use ingress::{Counts, Ingress};
