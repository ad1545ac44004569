//! HTTP in. [`Ingress`] awaits webhooks, [`Admin`] is for people and programs.

mod admin;
mod ingress;
mod route;

pub use admin::{
    Access, Admin, COMMAND_LINE, Endpoint, Needs, Scope, endpoints, openapi, random_token,
};
pub use ingress::{Counts, Ingress};
