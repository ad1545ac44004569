//! Lists and mappings while an expression is evaluated: borrowed, or made by the expression.

use std::borrow::Cow;
use std::rc::Rc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::datum::{Datum, Members};
use super::val::Val;

/// The items of a list.
#[derive(Clone, Debug)]
pub(crate) enum Items<'v> {
    Json(&'v [Value]),
    Data(&'v [Datum]),
    Own(Rc<Vec<Val<'v>>>),
}

impl<'v> Items<'v> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Json(items) => items.len(),
            Self::Data(items) => items.len(),
            Self::Own(items) => items.len(),
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<Val<'v>> {
        match self {
            Self::Json(items) => items.get(index).map(Val::json),
            Self::Data(items) => items.get(index).map(Val::datum),
            Self::Own(items) => items.get(index).cloned(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Val<'v>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

/// The members of a mapping.
#[derive(Clone, Debug)]
pub(crate) enum Fields<'v> {
    Json(&'v Map<String, Value>),
    Data(&'v Members),
    Own(Rc<IndexMap<Cow<'v, str>, Val<'v>>>),
    Loop(LoopState),
}

impl<'v> Fields<'v> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Json(members) => members.len(),
            Self::Data(members) => members.len(),
            Self::Own(members) => members.len(),
            Self::Loop(_) => LoopState::MEMBERS.len(),
        }
    }

    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<Val<'v>> {
        match self {
            Self::Json(members) => members.get(name).map(Val::json),
            Self::Data(members) => members.get(name).map(Val::datum),
            Self::Own(members) => members.get(name).cloned(),
            Self::Loop(state) => state.member(name),
        }
    }

    pub(crate) fn pairs(&self) -> Vec<(Cow<'v, str>, Val<'v>)> {
        match self {
            Self::Json(members) => members
                .iter()
                .map(|(name, member)| (Cow::Borrowed(name.as_str()), Val::json(member)))
                .collect(),
            Self::Data(members) => members
                .iter()
                .map(|(name, member)| (Cow::Borrowed(name.as_str()), Val::datum(member)))
                .collect(),
            Self::Own(members) => members
                .iter()
                .map(|(name, member)| (name.clone(), member.clone()))
                .collect(),
            Self::Loop(state) => LoopState::MEMBERS
                .iter()
                .filter_map(|name| Some((Cow::Borrowed(*name), state.member(name)?)))
                .collect(),
        }
    }
}

/// What `loop` is inside a `for`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoopState {
    pub(crate) index: usize,
    pub(crate) length: usize,
}

impl LoopState {
    pub(crate) const MEMBERS: [&str; 7] = [
        "index",
        "index0",
        "revindex",
        "revindex0",
        "first",
        "last",
        "length",
    ];

    fn member<'v>(self, name: &str) -> Option<Val<'v>> {
        Some(match name {
            "index" => Val::from(self.index + 1),
            "index0" => Val::from(self.index),
            "revindex" => Val::from(self.length - self.index),
            "revindex0" => Val::from(self.length - self.index - 1),
            "first" => Val::Bool(self.index == 0),
            "last" => Val::Bool(self.index + 1 == self.length),
            "length" => Val::from(self.length),
            _ => return None,
        })
    }
}
