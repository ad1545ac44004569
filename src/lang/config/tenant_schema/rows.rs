//! Maps: the rows that a tenant may put before those of a map, and what they may say.

use serde_json::{Map as Members, Value as Json, json};

use super::{World, extend, object};
use crate::lang::config::{Integration, Map};

/// The rows of a map, by the map's name.
pub(super) fn rows_reference(map: &str) -> Json {
    json!({ "$ref": format!("#/$defs/rows-{map}") })
}

pub(super) fn rows_name(map: &Map) -> String {
    format!("rows-{}", map.name.as_str())
}

pub(super) fn targets_name(map: &Map) -> String {
    format!("targets-{}", map.name.as_str())
}

pub(super) fn used_maps<'a>(integration: &Integration, world: &World<'a>) -> Vec<&'a Map> {
    let named = |map: &&Map| {
        let fields = integration
            .settings
            .values()
            .flat_map(|group| group.fields.values());
        fields
            .filter_map(|field| field.map.as_ref())
            .any(|name| *name == map.name)
    };
    world.maps.iter().filter(named).collect()
}

/// Rows as properties: one for every known value of the sources, a pattern for open ones.
pub(super) fn rows(map: &Map, world: &World<'_>) -> Json {
    let target = json!({ "$ref": format!("#/$defs/{}", targets_name(map)) });
    let mut properties = Members::new();
    let mut patterns = Members::new();
    let mut row = |value: String| {
        let own = map.rows.get(&value).or(map.else_.as_ref());
        let mut schema = json!({ "description": format!("What `{value}` becomes.") });
        extend(&mut schema, target.clone());
        let example = own.map_or_else(|| json!("keep"), |own| own.0.clone());
        extend(&mut schema, json!({ "examples": [example] }));
        properties.insert(value, schema);
    };
    for (prefix, source) in sources(map) {
        let name = |value: &Json| {
            let value = plain(value);
            prefix.map_or_else(|| value.clone(), |prefix| format!("{prefix}.{value}"))
        };
        match source {
            RowSource::Values(values) => values.iter().for_each(|value| row(name(value))),
            RowSource::Vocabulary(vocabulary) => {
                let Some(vocabulary) = world.vocabulary(vocabulary) else {
                    continue;
                };
                vocabulary
                    .values
                    .iter()
                    .for_each(|value| row(name(&value.0)));
                if let Some(open) = &vocabulary.open {
                    patterns.insert(prefixed(prefix, open), target.clone());
                }
            }
        }
    }
    map.rows.keys().for_each(|value| row(value.clone()));
    let mut rows = object("Rows that go before those of the map.", properties);
    extend(&mut rows, json!({ "patternProperties": patterns }));
    rows
}

/// Where the values of rows come from.
enum RowSource<'a> {
    Vocabulary(&'a str),
    Values(&'a [Json]),
}

/// What a map reads from: a vocabulary, several each with its prefix, or the values themselves.
fn sources(map: &Map) -> Vec<(Option<&str>, RowSource<'_>)> {
    let from = &map.from.0;
    if let Some(values) = from.as_array() {
        return vec![(None, RowSource::Values(values))];
    }
    if let Some(vocabulary) = from.as_str() {
        return vec![(None, RowSource::Vocabulary(vocabulary))];
    }
    let several = from.as_object().into_iter().flatten();
    several
        .filter_map(|(prefix, name)| {
            Some((Some(prefix.as_str()), RowSource::Vocabulary(name.as_str()?)))
        })
        .collect()
}

fn prefixed(prefix: Option<&str>, pattern: &str) -> String {
    match (prefix, pattern.strip_prefix('^')) {
        (None, _) => pattern.to_owned(),
        (Some(prefix), Some(rest)) => format!("^{prefix}[.]{rest}"),
        (Some(prefix), None) => format!("^{prefix}[.].*{pattern}"),
    }
}

fn plain(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// What a row may say: a target, a list of them, or cases.
pub(super) fn targets(map: &Map, world: &World<'_>) -> Json {
    let one = target(map, world);
    json!({
        "description": "A value, `keep` for no write, a list of preference (the first that is offered), or `cases`.",
        "anyOf": [
            one,
            { "type": "array", "items": one, "minItems": 1 },
            {
                "type": "object",
                "properties": {
                    "cases": {
                        "description": "Targets under conditions: the first that holds; the last has none.",
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "properties": {
                                "when": {
                                    "description": "The condition; the last case has none.",
                                    "type": "string",
                                    "examples": [map.with.first().map_or_else(|| "true".to_owned(), |name| format!("{name} == 'a'"))]
                                },
                                "to": {
                                    "description": "The target, or a list of preference.",
                                    "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }],
                                    "examples": ["keep"]
                                }
                            },
                            "required": ["to"],
                            "additionalProperties": false
                        },
                        "examples": [[{ "to": "keep" }]]
                    }
                },
                "required": ["cases"],
                "additionalProperties": false
            }
        ]
    })
}

fn target(map: &Map, world: &World<'_>) -> Json {
    let to = &map.to.0;
    let (values, open) = if let Some(name) = to.as_str() {
        let Some(vocabulary) = world.vocabulary(name) else {
            return json!({});
        };
        let values = vocabulary
            .values
            .iter()
            .map(|value| value.0.clone())
            .collect();
        (values, vocabulary.open.as_deref())
    } else {
        (to.as_array().cloned().unwrap_or_default(), None)
    };
    let known: Vec<Json> = values.into_iter().chain([json!("keep")]).collect();
    match open {
        None => json!({ "enum": known }),
        Some(open) => {
            json!({ "anyOf": [{ "enum": known }, { "type": "string", "pattern": open }] })
        }
    }
}
