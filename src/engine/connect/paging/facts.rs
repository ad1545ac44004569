//! What the plan's paths find in a reply and in its rows.

use serde_json::Value;

use super::{CursorValue, PageNumber, ReplyFacts, Row, Tie};
use crate::engine::record::RecordKey;
use crate::lang::expr::{EvalError, Query, Scope, Template};
use crate::lang::plan::{Cursor, Paging};

/// What a reply says beside its rows.
pub fn reply_facts(paging: Option<&Paging>, body: &Value) -> ReplyFacts {
    let more = |query: &Option<Query>| truth(query.as_ref()?.first(body)?);
    match paging {
        None | Some(Paging::Keyset { .. } | Paging::Offset { .. }) => ReplyFacts::default(),
        Some(Paging::Page { more: query, .. }) => ReplyFacts {
            more: more(query),
            next: None,
        },
        Some(Paging::Next { path, .. }) => ReplyFacts {
            more: None,
            next: path.first(body).and_then(text),
        },
        Some(Paging::Token {
            next, more: query, ..
        }) => ReplyFacts {
            more: more(query),
            next: next.first(body).and_then(text),
        },
    }
}

/// What a scan needs to know of a row; `content` is [`content_hash`](super::content_hash) of its text.
pub fn read_row(cursor: Option<&Cursor>, key: RecordKey, row: &Value, content: u64) -> Row {
    let value = cursor.and_then(|cursor| CursorValue::from_json(cursor.path.first(row)?));
    let tie = cursor.and_then(|cursor| Tie::from_json(cursor.tie.as_ref()?.first(row)?));
    Row {
        key,
        cursor: value,
        tie,
        content,
    }
}

/// A page number as the style writes it.
///
/// # Errors
/// What failed in the style's `format`.
pub fn page_number(paging: Option<&Paging>, page: &PageNumber) -> Result<String, EvalError> {
    let format: Option<&Template> = match paging {
        Some(Paging::Page { format, .. }) => format.as_ref(),
        None
        | Some(
            Paging::Keyset { .. }
            | Paging::Offset { .. }
            | Paging::Next { .. }
            | Paging::Token { .. },
        ) => None,
    };
    let Some(format) = format else {
        return Ok(page.number.to_string());
    };
    let scope = Scope::new()
        .with("page", i64::from(page.number))
        .with("size", i64::from(page.size));
    let mut text = String::new();
    format.render(&scope, &mut text)?;
    Ok(text)
}

/// A yes or no as APIs write it; nothing when it is not said.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(more) => Some(*more),
        Value::String(text) => Some(!text.is_empty() && !text.eq_ignore_ascii_case("false")),
        Value::Number(number) => Some(number.as_f64() != Some(0.0)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lang::expr::ExprEnv;

    #[test]
    fn a_style_reads_its_facts_and_writes_its_number() {
        let env = ExprEnv::new();
        let token = Paging::Token {
            param: "from".into(),
            next: Query::compile("$.continueFrom").unwrap(),
            more: Some(Query::compile("$.hasMore").unwrap()),
            keep: true,
            idle: None,
            max_pages: 10,
        };
        let facts = reply_facts(
            Some(&token),
            &json!({ "hasMore": false, "continueFrom": "t-2" }),
        );
        assert_eq!(
            facts,
            ReplyFacts {
                more: Some(false),
                next: Some("t-2".into())
            }
        );
        let pages = Paging::Page {
            param: "paging".into(),
            format: Some(Template::compile(&env, "{{ page }}:{{ size }}").unwrap()),
            first: 1,
            page_size: 50,
            size_param: None,
            more: None,
            max_pages: 10,
        };
        let number = PageNumber {
            param: "paging".into(),
            number: 3,
            size: 50,
        };
        assert_eq!(page_number(Some(&pages), &number).unwrap(), "3:50");
        assert_eq!(page_number(None, &number).unwrap(), "3");
    }
}
