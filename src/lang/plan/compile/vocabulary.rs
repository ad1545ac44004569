//! The values of one side of a map: one vocabulary, several by prefix, or a list on the spot.

use regex::Regex;
use serde_json::Value as Json;

use super::context::{self, Apis};
use super::site::Site;
use super::values::{Unknown, all};
use super::words::text_of;
use crate::lang::config::Fold;
use crate::lang::diag::Code;
use crate::lang::plan::Vocabulary;

/// The values of one side of a map.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// Those that are known, with their prefix.
    pub(super) members: Vec<Member>,
    /// The forms of further values, each with the prefix it is under.
    open: Vec<(String, Regex)>,
    /// Differences between spellings that do not matter.
    pub(super) fold: Vec<Fold>,
}

/// One known value, as rows name it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) text: String,
}

/// Whether a value belongs to a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is listed.
    Known,
    /// It is not, but has the form of further values.
    Open,
    /// It does not belong to it.
    Unknown,
}

impl Values {
    /// The values that are mapped. None when they cannot be known; that was said.
    pub(super) fn source(apis: &Apis<'_>, site: &Site<'_>, written: &Json) -> Option<Self> {
        let Some(prefixes) = written.as_object() else {
            return Self::targets(apis, site, written);
        };
        let mut all = Self::default();
        let mut sound = true;
        for (prefix, vocabulary) in prefixes {
            let site = site.key(prefix.as_str());
            match vocabulary
                .as_str()
                .and_then(|name| named(apis, &site, name))
            {
                Some(found) => all.add(&format!("{prefix}."), found),
                None => sound = false,
            }
        }
        sound.then_some(all)
    }

    /// The values that a map leads to.
    pub(super) fn targets(apis: &Apis<'_>, site: &Site<'_>, written: &Json) -> Option<Self> {
        let mut values = Self::default();
        match written {
            Json::String(name) => values.add("", named(apis, site, name)?),
            Json::Array(list) => {
                let texts = all(list.iter().map(text_of))?;
                values.members = texts.into_iter().map(|text| Member { text }).collect();
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => return None,
        }
        Some(values)
    }

    fn add(&mut self, prefix: &str, vocabulary: &Vocabulary) {
        let members = vocabulary.values.iter().map(|value| Member {
            text: format!("{prefix}{value}"),
        });
        self.members.extend(members);
        self.open.extend(
            vocabulary
                .open
                .iter()
                .map(|open| (prefix.to_owned(), open.clone())),
        );
        for fold in &vocabulary.fold {
            if !self.fold.contains(fold) {
                self.fold.push(*fold);
            }
        }
    }

    /// Whether there may be values that nobody listed.
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// A value as rows are keyed.
    pub(super) fn folded(&self, value: &str) -> String {
        crate::lang::plan::fold(&self.fold, value)
    }

    /// Whether a value belongs here.
    pub(super) fn verdict(&self, value: &str) -> Verdict {
        let folded = self.folded(value);
        if self
            .members
            .iter()
            .any(|member| self.folded(&member.text) == folded)
        {
            return Verdict::Known;
        }
        let matches = |(prefix, open): &(String, Regex)| {
            value
                .strip_prefix(prefix.as_str())
                .is_some_and(|rest| open.is_match(rest))
        };
        if self.open.iter().any(matches) {
            Verdict::Open
        } else {
            Verdict::Unknown
        }
    }
}

/// `connector.vocabulary`.
fn named<'a>(apis: &'a Apis<'_>, site: &Site<'_>, name: &str) -> Option<&'a Vocabulary> {
    let (connector, vocabulary) = name.split_once('.')?;
    let api = context::connector(apis, site, connector)?;
    if let Some(found) = api.vocabularies.get(vocabulary) {
        return found.as_ref();
    }
    Unknown {
        code: Code::UnknownVocabulary,
        what: "vocabulary",
        of: Some(connector),
        several: &format!("vocabularies of `{connector}`"),
    }
    .within(
        site,
        name.len() - vocabulary.len()..name.len(),
        vocabulary,
        api.vocabularies.keys().map(|name| &**name),
    );
    None
}
