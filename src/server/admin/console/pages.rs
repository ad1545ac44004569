//! The templates, embedded, and how they are filled. Whatever is put into one is escaped.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, HtmlEscape, UndefinedBehavior, Value};
use serde_json::Value as Json;

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("templates/", $name)))),*]
    };
}

const TEMPLATES: &[(&str, &str)] = templates![
    "audit.html",
    "bare.html",
    "base.html",
    "dead.html",
    "dead.live.html",
    "files.html",
    "head.html",
    "integrations.html",
    "letter.html",
    "login.html",
    "overview.html",
    "overview.live.html",
    "problem.html",
    "record.html",
    "record.live.html",
    "settings.html",
    "setup.html",
    "tenant.html",
    "tenant.live.html",
    "ui.html",
];

static PAGES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut pages = Environment::new();
    pages.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .expect("the standard delimiters do not collide");
    pages.set_syntax(syntax);
    pages.add_filter("marked", marked);
    for (name, text) in TEMPLATES {
        pages
            .add_template(name, text)
            .expect("our templates can be read");
    }
    pages
});

/// A text of the YAML in which what stands in backticks is a word of the YAML itself.
fn marked(text: &str) -> Value {
    let mut html = String::new();
    for (at, piece) in text.split('`').enumerate() {
        let escaped = HtmlEscape(piece);
        if at % 2 == 1 {
            html.push_str(&format!("<code>{escaped}</code>"));
        } else {
            html.push_str(&escaped.to_string());
        }
    }
    Value::from_safe_string(html)
}

/// A template that cannot be filled: a mistake of ours.
#[derive(Debug, thiserror::Error)]
#[error("the page cannot be made: {0:#}")]
pub(super) struct PageError(#[from] Error);

/// A page, or the part of one that changes while people look at it.
pub(super) fn fill(template: &str, facts: Json) -> Result<String, PageError> {
    let template = PAGES.get_template(template)?;
    Ok(template.render(Value::from(Serde(facts)))?)
}
