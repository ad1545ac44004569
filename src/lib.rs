//! Syncline keeps the records of two web APIs in step, as said in YAML files.
//!
//! `YAML text -> config (what was written) -> plan (what can run) -> run (what happens to each record)`.
//!
//! | module | what lives there |
//! | --- | --- |
//! | [`lang`] | text to plan: pure, no clock, no network, no environment |
//! | [`engine`] | plan to effects: store, HTTP, the life of a record |
//! | [`sandbox`] | simulators of the other side, reached by HTTP only |
//! | [`cases`] | tests of pipelines, written in YAML |
//! | [`server`] | HTTP in: webhooks |
//! | [`daemon`] | puts the parts together and shuts them down |
//! | [`cli`] | the door for people |

pub mod cases;
pub mod cli;
pub mod daemon;
pub mod engine;
pub mod lang;
pub mod sandbox;
pub mod server;
