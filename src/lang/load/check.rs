//! A document against the schema of its kind. Unlike a general validator it says what is wrong at the smallest
//! place and finds everything at once; the text of it is made in [`super::report`].

use serde_json::{Map, Value as Json};

use super::shape::{Others, Shape, ShapeId, Shapes, Type};
use crate::lang::source::{Pointer, PointerTarget};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finding {
    pub(super) at: Pointer,
    pub(super) target: PointerTarget,
    pub(super) kind: FindingKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FindingKind {
    /// A key that its mapping does not have.
    UnknownKey {
        key: String,
        known: Vec<String>,
        belongs: Option<Belongs>,
    },
    /// A key that must be there.
    MissingKey {
        key: String,
        about: String,
        example: Option<Json>,
    },
    /// A value of another type.
    WrongType {
        expected: Vec<Type>,
        got: Json,
        example: Option<Json>,
    },
    /// A word that is not among those allowed.
    UnknownWord { word: String, words: Vec<String> },
    /// Text of another form.
    Form {
        text: String,
        about: String,
        example: Option<Json>,
    },
    /// None of the keys of which one is needed.
    NoneOf { keys: Vec<String> },
    /// More than one of them.
    SeveralOf { written: Vec<String> },
    /// A number outside its range.
    Range {
        got: i64,
        minimum: Option<i64>,
        maximum: Option<i64>,
    },
    /// Empty text or an empty list.
    Empty { what: Type },
}

/// Where an unknown key would be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Belongs {
    /// In the mapping at this route, further out.
    Above(Pointer),
    /// In the mapping under this key, further in.
    Below(String),
}

/// Everything that is wrong with `document`.
pub(super) fn check(shapes: &Shapes, document: &Json) -> Vec<Finding> {
    let mut walker = Walker {
        shapes,
        at: Pointer::root(),
        above: Vec::new(),
        found: Vec::new(),
    };
    walker.value(shapes.root, document);
    walker.found
}

struct Walker<'a> {
    shapes: &'a Shapes,
    at: Pointer,
    /// The mappings that hold the present one, outermost first.
    above: Vec<(Pointer, &'a Shape)>,
    found: Vec<Finding>,
}

impl<'a> Walker<'a> {
    fn report(&mut self, target: PointerTarget, kind: FindingKind) {
        self.found.push(Finding {
            at: self.at.clone(),
            target,
            kind,
        });
    }

    fn value(&mut self, id: ShapeId, value: &Json) {
        let shape = self.shapes.get(id);
        if !shape.any_of.is_empty() {
            self.any_of(shape, value);
            return;
        }
        let got = Type::of(value);
        if !shape.types.is_empty() && !shape.types.iter().any(|one| one.admits(got)) {
            self.report(
                PointerTarget::Value,
                FindingKind::WrongType {
                    expected: shape.types.clone(),
                    got: value.clone(),
                    example: shape.example.clone(),
                },
            );
            return;
        }
        match value {
            Json::String(text) => self.text(shape, text),
            Json::Number(number) => self.number(shape, number.as_i64()),
            Json::Array(items) => self.list(shape, items),
            Json::Object(members) => self.mapping(shape, members),
            Json::Null | Json::Bool(_) => {}
        }
    }

    /// Alternatives differ by type, so the type of the value says which one was meant.
    fn any_of(&mut self, shape: &Shape, value: &Json) {
        let got = Type::of(value);
        let admits = |id: &&ShapeId| {
            let types = &self.shapes.get(**id).types;
            types.is_empty() || types.iter().any(|one| one.admits(got))
        };
        if let Some(meant) = shape.any_of.iter().find(admits) {
            return self.value(*meant, value);
        }
        let types = shape
            .any_of
            .iter()
            .flat_map(|id| self.shapes.get(*id).types.iter().copied());
        let expected = types.collect();
        let (got, example) = (value.clone(), shape.example.clone());
        self.report(
            PointerTarget::Value,
            FindingKind::WrongType {
                expected,
                got,
                example,
            },
        );
    }

    fn text(&mut self, shape: &Shape, text: &str) {
        if !shape.words.is_empty() && !shape.words.iter().any(|word| **word == *text) {
            let words = strings(&shape.words);
            self.report(
                PointerTarget::Value,
                FindingKind::UnknownWord {
                    word: text.into(),
                    words,
                },
            );
        } else if shape
            .pattern
            .as_ref()
            .is_some_and(|pattern| !pattern.is_match(text))
        {
            self.report(
                PointerTarget::Value,
                FindingKind::Form {
                    text: text.into(),
                    about: shape.about.to_string(),
                    example: shape.example.clone(),
                },
            );
        } else if text.is_empty() && shape.min_length > 0 {
            self.report(
                PointerTarget::Value,
                FindingKind::Empty { what: Type::Text },
            );
        }
    }

    fn number(&mut self, shape: &Shape, number: Option<i64>) {
        let Some(got) = number else { return };
        let (minimum, maximum) = (shape.minimum, shape.maximum);
        if minimum.is_some_and(|least| got < least) || maximum.is_some_and(|most| got > most) {
            self.report(
                PointerTarget::Value,
                FindingKind::Range {
                    got,
                    minimum,
                    maximum,
                },
            );
        }
    }

    fn list(&mut self, shape: &Shape, items: &[Json]) {
        if items.is_empty() && shape.min_items > 0 {
            self.report(
                PointerTarget::Value,
                FindingKind::Empty { what: Type::List },
            );
        }
        let Some(of) = shape.items else { return };
        for (index, item) in items.iter().enumerate() {
            self.at.push_index(index);
            self.value(of, item);
            self.at.pop();
        }
    }

    fn mapping(&mut self, shape: &'a Shape, members: &Map<String, Json>) {
        self.exactly_one(shape, members);
        let strays = strays(shape, members);
        for key in &shape.required {
            // A misspelt key is one mistake, not an unknown key and a missing one.
            let misspelt = strays.iter().any(|stray| similar(stray, key));
            if !members.contains_key(&**key) && !misspelt {
                let wanted = shape.properties.get(key);
                self.report(
                    PointerTarget::Key,
                    FindingKind::MissingKey {
                        key: key.to_string(),
                        about: wanted
                            .map(|property| property.about.to_string())
                            .unwrap_or_default(),
                        example: wanted.and_then(|property| property.example.clone()),
                    },
                );
            }
        }
        self.above.push((self.at.clone(), shape));
        for (key, member) in members {
            self.at.push_key(key.as_str());
            match (shape.properties.get(key.as_str()), &shape.others) {
                (Some(known), _) => self.value(known.shape, member),
                (None, Others::Of(other)) => self.value(*other, member),
                (None, Others::Refused) => self.unknown_key(shape, key),
                (None, Others::Any) => {}
            }
            self.at.pop();
        }
        self.above.pop();
    }

    fn unknown_key(&mut self, shape: &Shape, key: &str) {
        let known = strings(shape.properties.keys());
        let belongs = self.belongs(shape, key);
        self.report(
            PointerTarget::Key,
            FindingKind::UnknownKey {
                key: key.into(),
                known,
                belongs,
            },
        );
    }

    /// The nearest mapping further out that has the key, else a member that holds a mapping which has it.
    fn belongs(&self, shape: &Shape, key: &str) -> Option<Belongs> {
        let outer = self.above.iter().rev().skip(1);
        let above = outer
            .into_iter()
            .find(|(_, shape)| shape.properties.contains_key(key));
        if let Some((pointer, _)) = above {
            return Some(Belongs::Above(pointer.clone()));
        }
        let holds = |id: ShapeId| self.shapes.get(id).properties.contains_key(key);
        let below = shape.properties.iter().find(|(_, property)| {
            let inner = self.shapes.get(property.shape);
            holds(property.shape) || inner.items.is_some_and(holds)
        });
        below.map(|(name, _)| Belongs::Below(name.to_string()))
    }

    fn exactly_one(&mut self, shape: &Shape, members: &Map<String, Json>) {
        if shape.exactly_one.is_empty() {
            return;
        }
        let keys = strings(&shape.exactly_one);
        let written: Vec<_> = members
            .keys()
            .filter(|key| keys.contains(key))
            .cloned()
            .collect();
        match written.len() {
            1 => {}
            // A key of another name stands for the one that is needed; it is reported by itself.
            0 if !strays(shape, members).is_empty() => {}
            0 => self.report(PointerTarget::Key, FindingKind::NoneOf { keys }),
            _ => {
                // The second one is the surplus.
                let second = written.get(1).cloned().unwrap_or_default();
                self.at.push_key(second);
                self.report(PointerTarget::Key, FindingKind::SeveralOf { written });
                self.at.pop();
            }
        }
    }
}

fn strays<'m>(shape: &Shape, members: &'m Map<String, Json>) -> Vec<&'m str> {
    match shape.others {
        Others::Refused => {
            let unknown = |key: &&String| !shape.properties.contains_key(key.as_str());
            members.keys().filter(unknown).map(String::as_str).collect()
        }
        Others::Of(_) | Others::Any => Vec::new(),
    }
}

fn similar(written: &str, wanted: &str) -> bool {
    strsim::jaro_winkler(written, wanted) > 0.85
}

fn strings<'a>(texts: impl IntoIterator<Item = &'a Box<str>>) -> Vec<String> {
    texts.into_iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::shape;
    use super::*;
    use crate::lang::config::{Kind, schema};

    fn findings(kind: Kind, document: &Json) -> Vec<(String, FindingKind)> {
        let found = check(&shape::compile(&schema::of(kind)), document);
        found
            .into_iter()
            .map(|finding| (finding.at.to_string(), finding.kind))
            .collect()
    }

    #[test]
    fn a_good_document_has_no_findings() {
        let map = json!({ "kind": "map", "name": "priority", "from": "a.b", "to": ["x"],
            "rows": { "P1": "x", "P2": { "cases": [{ "when": "a", "to": "x" }, { "to": "x" }] }, "P3": ["x"] } });
        assert_eq!(findings(Kind::Map, &map), []);
    }

    #[test]
    fn everything_is_found_at_once() {
        let map = json!({ "kind": "map", "name": "Priority", "from": "a.b", "to": 3, "rowz": {}, "with": "x" });
        let found: Vec<_> = findings(Kind::Map, &map)
            .into_iter()
            .map(|(at, _)| at)
            .collect();
        assert_eq!(found, ["/name", "/to", "/rowz", "/with"]);
    }

    #[test]
    fn a_key_in_the_wrong_mapping_is_told_where_it_belongs() {
        let pipeline = json!({ "kind": "pipeline", "name": "p", "cursor": {}, "fetch": {
            "connector": "a", "get": "/x", "records": "$[*]", "record": "r", "key": "$.id", "steps": [] },
            "steps": [] });
        let found = findings(Kind::Pipeline, &pipeline);
        let belongs = |at: &str| {
            let (_, kind) = found.iter().find(|(pointer, _)| pointer == at)?;
            if let FindingKind::UnknownKey { belongs, .. } = kind {
                Some(belongs.clone())
            } else {
                None
            }
        };
        assert_eq!(
            belongs("/cursor"),
            Some(Some(Belongs::Below("fetch".into())))
        );
        assert_eq!(
            belongs("/fetch/steps"),
            Some(Some(Belongs::Above(Pointer::root())))
        );
    }

    #[test]
    fn one_verb_and_one_only() {
        let steps = json!({ "kind": "pipeline", "name": "p", "fetch": { "connector": "a", "get": "/x",
            "records": "$[*]", "record": "r", "key": "$.id" }, "steps": [
                { "skip": { "reason": "x" }, "fail": { "code": "a", "reason": "b" } }, { "when": "true" } ] });
        let found = findings(Kind::Pipeline, &steps);
        assert!(
            matches!(&found[0], (at, FindingKind::SeveralOf { written })
            if at == "/steps/0/fail" && *written == ["skip", "fail"]),
            "{found:?}"
        );
        assert!(
            matches!(&found[1], (at, FindingKind::NoneOf { .. }) if at == "/steps/1"),
            "{found:?}"
        );
        assert_eq!(found.len(), 2);
    }
}
