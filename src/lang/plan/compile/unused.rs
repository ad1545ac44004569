//! Fetches whose result nobody reads: each costs a request per record and leads to nothing.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::site::Site;
use crate::lang::diag::Code;

/// Warns of every named fetch of a document whose name is not read anywhere in it.
pub(super) fn check(site: &Site<'_>) {
    let mut read = Reads::default();
    read.value(&site.doc.json);
    if !read.all {
        steps(site, &site.doc.json, &read.names);
    }
}

#[derive(Default)]
struct Reads<'j> {
    names: HashSet<&'j str>,
    /// Something reads `steps` as a whole.
    all: bool,
}

impl<'j> Reads<'j> {
    fn value(&mut self, json: &'j Json) {
        match json {
            Json::String(text) => self.text(text),
            Json::Array(items) => items.iter().for_each(|item| self.value(item)),
            Json::Object(members) => members.values().for_each(|member| self.value(member)),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn text(&mut self, text: &'j str) {
        for (_, rest) in text
            .match_indices("steps")
            .map(|(at, word)| (at, text.get(at + word.len()..)))
        {
            let rest = rest.unwrap_or_default();
            let Some(name) = rest.strip_prefix('.') else {
                self.all |= rest.starts_with('[') || rest.trim_start().starts_with('|');
                continue;
            };
            let end = name
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(name.len());
            self.names.extend(name.get(..end));
        }
    }
}

fn steps(site: &Site<'_>, json: &Json, read: &HashSet<&str>) {
    match json {
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                steps(&site.index(index), item, read);
            }
        }
        Json::Object(members) => {
            let name = members.get("name").and_then(Json::as_str);
            let fetches = members.get("fetch").is_some_and(Json::is_object)
                && !members.contains_key("kind")
                && !members.contains_key("catch");
            if let Some(name) = name.filter(|name| fetches && !read.contains(name)) {
                site.key("name")
                    .fault(
                        Code::StepNeverUsed,
                        format!("nobody reads what `{name}` fetches"),
                    )
                    .label("costs a request for every record")
                    .help(format!("read it as `steps.{name}`, or remove the step"))
                    .report();
            }
            for (key, member) in members
                .iter()
                .filter(|(_, member)| member.is_object() || member.is_array())
            {
                steps(&site.key(key.as_str()), member, read);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
