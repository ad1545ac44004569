//! Tests of pipelines that are written in YAML: how a case fails, and that the shipped cases hold the shipped
//! pipeline together.

mod failing;
mod mutants;
mod rows;
