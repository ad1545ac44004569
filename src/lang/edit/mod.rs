//! Changing one value of a YAML file as a person would: bytes are spliced where the value stands, and everything
//! else stays as it was written, comments, order, quotes and indentation included.
//!
//! [`set`] and [`unset`] take the text of a file and give the new text; nothing is written here. What they give is
//! read again before it is given: it says what the old text said but for the one value, and has every comment that
//! the old text had. What cannot be had that way is refused with an [`EditError`].

mod change;
mod page;
mod style;

#[cfg(test)]
mod tests;

use std::ops::Range;

use serde_json::Value as Json;
use thiserror::Error;

use self::page::Page;
use self::style::Style;
use super::source::{self, Pointer, Source, SourceMap};

/// Why a value cannot be changed by splicing. Each says which place a person changes by hand.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EditError {
    /// The file is no sound YAML, or has no such document.
    #[error("{file} has mistakes as YAML; `syncline validate` shows them")]
    Unreadable {
        /// The file.
        file: String,
    },
    /// A key on the way has a value that is no mapping.
    #[error("{file}:{line}: `{at}` is no mapping, so nothing can be put under it")]
    NotAMapping {
        /// The file.
        file: String,
        /// Its line, from 1.
        line: usize,
        /// The place, as a JSON pointer.
        at: String,
    },
    /// What would be changed is shared with another place.
    #[error("{file}:{line}: `{at}` stands behind an alias and is shared; change it by hand")]
    Shared {
        /// The file.
        file: String,
        /// Its line, from 1.
        line: usize,
        /// The place, as a JSON pointer.
        at: String,
    },
    /// There is nothing to take away.
    #[error("{file} has no `{at}`")]
    Missing {
        /// The file.
        file: String,
        /// The place, as a JSON pointer.
        at: String,
    },
    /// Splicing would change more than the one value.
    #[error(
        "{file}:{line}: `{at}` is written in a way that cannot be changed alone; change it by hand"
    )]
    Entangled {
        /// The file.
        file: String,
        /// Its line, from 1.
        line: usize,
        /// The place, as a JSON pointer.
        at: String,
    },
}

/// The text of `source` with `value` at `at` in its `document`-th document. Mappings on the way are made, in the
/// style of the file.
///
/// # Errors
/// What stands in the way, and where.
pub fn set(
    source: &Source,
    document: usize,
    at: &Pointer,
    value: &Json,
) -> Result<String, EditError> {
    edited(source, document, at, Some(value))
}

/// The text of `source` without `at` in its `document`-th document. A mapping that loses its last key becomes `{}`.
///
/// # Errors
/// What stands in the way, and where.
pub fn unset(source: &Source, document: usize, at: &Pointer) -> Result<String, EditError> {
    edited(source, document, at, None)
}

/// A value on one line, as the shipped files would write it.
pub fn inline(value: &Json) -> String {
    Style::default().flow(value)
}

/// The value that a text stands for where it is written behind a colon; none when it is no YAML.
pub fn value(text: &str) -> Option<Json> {
    let source = SourceMap::new().add("value", format!("v: {text}\n"));
    let documents = source::read(&source);
    let [document] = documents.as_slice() else {
        return None;
    };
    let members = document.value.as_ref()?.as_object()?;
    let sound = document.issues.is_empty() && members.len() == 1;
    members.get("v").filter(|_| sound).cloned()
}

/// Bytes of the old text, and the text that takes their place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Splice {
    range: Range<usize>,
    text: String,
}

/// What stands in the way, and at which place.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Obstacle {
    NotAMapping(Pointer),
    Shared(Pointer),
    Missing,
    Entangled,
}

fn edited(
    source: &Source,
    document: usize,
    at: &Pointer,
    value: Option<&Json>,
) -> Result<String, EditError> {
    let file = || source.name().to_owned();
    let documents = source::read(source);
    let sound = documents.iter().all(|document| document.issues.is_empty());
    let Some((parsed, old)) = documents
        .get(document)
        .filter(|_| sound)
        .and_then(|parsed| Some((parsed, parsed.value.as_ref()?)))
    else {
        return Err(EditError::Unreadable { file: file() });
    };
    let page = Page::new(source, &parsed.index, old);
    let line = |at: &Pointer| {
        let span = parsed.index.span(at, source::PointerTarget::Key);
        source.position(span.start).line
    };
    let entangled = || EditError::Entangled {
        file: file(),
        line: line(at),
        at: at.to_string(),
    };
    let splice = match value {
        Some(value) => change::set(&page, at, value),
        None => change::unset(&page, at),
    };
    let splice = splice.map_err(|obstacle| match obstacle {
        Obstacle::NotAMapping(place) => EditError::NotAMapping {
            file: file(),
            line: line(&place),
            at: place.to_string(),
        },
        Obstacle::Shared(place) => EditError::Shared {
            file: file(),
            line: line(&place),
            at: place.to_string(),
        },
        Obstacle::Missing => EditError::Missing {
            file: file(),
            at: at.to_string(),
        },
        Obstacle::Entangled => entangled(),
    })?;
    let mut text = source.text().to_owned();
    text.replace_range(splice.range, &splice.text);

    let mut wanted: Vec<Option<Json>> = documents.iter().map(|one| one.value.clone()).collect();
    if let Some(Some(root)) = wanted.get_mut(document) {
        put(root, at, value);
    }
    let again = SourceMap::new().add(source.name(), text.as_str());
    let read = source::read(&again);
    let same = read.len() == wanted.len()
        && read
            .iter()
            .zip(&wanted)
            .all(|(read, wanted)| read.issues.is_empty() && read.value == *wanted);
    let kept = || {
        let before = comments(source, &documents);
        let mut after = comments(&again, &read);
        before.iter().all(|comment| {
            let found = after
                .iter()
                .position(|known| known.ends_with(comment.as_str()));
            found.is_some_and(|at| {
                after.swap_remove(at);
                true
            })
        })
    };
    if same && kept() {
        Ok(text)
    } else {
        Err(entangled())
    }
}

/// Every comment of a file, as it is written.
fn comments(source: &Source, documents: &[source::ParsedDocument]) -> Vec<String> {
    page::comments(source, documents.iter().map(|document| &document.index))
        .into_iter()
        .filter_map(|range| Some(source.text().get(range)?.to_owned()))
        .collect()
}

/// The change as data: what the new text must say.
fn put(root: &mut Json, at: &Pointer, value: Option<&Json>) {
    let mut place = root;
    let tokens: Vec<&str> = at.tokens().collect();
    let Some((last, above)) = tokens.split_last() else {
        return;
    };
    for token in above {
        if place.is_null() {
            *place = Json::Object(serde_json::Map::new());
        }
        let Json::Object(members) = place else { return };
        place = members.entry(*token).or_insert(Json::Null);
    }
    if place.is_null() {
        *place = Json::Object(serde_json::Map::new());
    }
    let Json::Object(members) = place else { return };
    match value {
        Some(value) => {
            members.insert((*last).to_owned(), value.clone());
        }
        None => {
            members.shift_remove(*last);
        }
    }
}
