//! What the language promises of expressions, from the outside.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Datum, EvalError, ExprEnv, Scope, Template};

mod checking;
mod drafts;
mod forms;
mod meaning;
mod mistakes;

fn template(text: &str) -> Template {
    match Template::compile(&ExprEnv::new(), text) {
        Ok(template) => template,
        Err(error) => panic!("{text}: {error} at {:?}", error.range),
    }
}

fn at(text: &str) -> Datum {
    Datum::from(chrono::DateTime::parse_from_rfc3339(text).unwrap())
}

/// A work order as a record, with the names of a step.
fn order() -> Scope<'static> {
    let record = Arc::new(json!({
        "Id": 9_007_199_254_740_993_i64,
        "Number": "310000123",
        "Status": { "Primary": "OPEN", "Extended": null },
        "CallDate": "2026-04-02T23:40:16.53Z",
        "Nte": 850.0,
        "Subscriber": { "Id": 2_010_000_001, "Name": "Acme Retail" },
        "Location": { "Id": 2_005_000_001, "StoreId": "0024" },
        "Tags": ["a", "b"],
    }));
    Scope::new()
        .with_root(Arc::clone(&record))
        .with("record", record)
}

fn value(text: &str, scope: &Scope<'_>) -> Value {
    template(text).eval_json(scope).unwrap()
}

fn failure(text: &str, scope: &Scope<'_>) -> EvalError {
    template(text).eval_json(scope).unwrap_err()
}
