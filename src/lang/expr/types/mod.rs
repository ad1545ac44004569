//! What is known of a value before it exists. Everything may be absent, so a type says what a
//! value is when it is there; where nothing is known it is [`Type::Any`], and nothing is said.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

use super::error::Kind;

mod check;
mod issue;
mod schema;
mod scope;
mod statements;

pub(crate) use check::Checker;
pub use issue::{Checked, Issue, IssueKind};
pub use scope::ScopeTypes;

/// The type of a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Type {
    /// Nothing is known.
    #[default]
    Any,
    /// Always null.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// Text.
    Text,
    /// An instant.
    Date,
    /// A decimal.
    Decimal,
    /// A list of one type.
    List(Arc<Type>),
    /// A mapping.
    Object(Arc<ObjectType>),
    /// One of several.
    Union(Arc<[Type]>),
    /// A function, with the type it returns.
    Function(Arc<FunctionType>),
    /// `omit`.
    Omit,
    /// `keep`.
    Keep,
}

/// The members of a mapping.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectType {
    /// The declared members.
    pub members: IndexMap<String, Type>,
    /// The type of further members; none when there are none.
    pub others: Option<Type>,
}

/// What a function takes and returns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FunctionType {
    /// The names its arguments may have.
    pub named: Vec<String>,
    /// The most arguments without a name.
    pub positional: usize,
    /// What it returns.
    pub returns: Type,
    /// What it returns for each word that may stand as its first argument; empty where that is any value. Such a
    /// function takes exactly one argument with a name.
    pub by_word: Vec<(String, Type)>,
}

/// What a lookup of a member finds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lookup {
    Found(Type),
    /// The members there are.
    Unknown(Vec<String>),
    /// A value without members, such as text.
    NoMembers,
}

impl Type {
    /// A list.
    pub fn list(item: Type) -> Self {
        Self::List(Arc::new(item))
    }

    /// A mapping with these members and no others.
    pub fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Type)>) -> Self {
        let members = members
            .into_iter()
            .map(|(name, ty)| (name.into(), ty))
            .collect();
        Self::Object(Arc::new(ObjectType {
            members,
            others: None,
        }))
    }

    /// A mapping with any names and members of one type.
    pub fn mapping(others: Type) -> Self {
        Self::Object(Arc::new(ObjectType {
            members: IndexMap::new(),
            others: Some(others),
        }))
    }

    /// A function.
    pub fn function(function: FunctionType) -> Self {
        Self::Function(Arc::new(function))
    }

    /// One of several types. Null, `omit` and `keep` do not count beside others.
    pub fn union(types: impl IntoIterator<Item = Type>) -> Self {
        let mut flat: Vec<Type> = Vec::new();
        let mut marker = None;
        let mut pending: Vec<Type> = types.into_iter().collect();
        pending.reverse();
        while let Some(ty) = pending.pop() {
            match ty {
                Self::Any => return Self::Any,
                Self::Null | Self::Omit | Self::Keep => marker = marker.or(Some(ty)),
                Self::Union(types) => pending.extend(types.iter().rev().cloned()),
                Self::Bool
                | Self::Int
                | Self::Number
                | Self::Text
                | Self::Date
                | Self::Decimal
                | Self::List(_)
                | Self::Object(_)
                | Self::Function(_) => {
                    if !flat.contains(&ty) {
                        flat.push(ty);
                    }
                }
            }
        }
        if flat.contains(&Self::Number) {
            flat.retain(|ty| *ty != Self::Int);
        }
        match flat.len() {
            0 => marker.unwrap_or(Self::Null),
            1 => flat.swap_remove(0),
            _ => Self::Union(flat.into()),
        }
    }

    /// Whether a value of this type may have one of these kinds. Null does not decide.
    pub fn may_be(&self, kinds: &[Kind]) -> bool {
        let any = |wanted: &[Kind]| wanted.iter().any(|kind| kinds.contains(kind));
        match self {
            Self::Any | Self::Null => true,
            Self::Bool => any(&[Kind::Bool]),
            Self::Int => any(&[Kind::Int]),
            Self::Number => any(&[Kind::Int, Kind::Float]),
            Self::Text => any(&[Kind::Text]),
            Self::Date => any(&[Kind::Date]),
            Self::Decimal => any(&[Kind::Decimal]),
            Self::List(_) => any(&[Kind::List]),
            Self::Object(_) => any(&[Kind::Map]),
            Self::Union(types) => types.iter().any(|ty| ty.may_be(kinds)),
            Self::Function(_) => any(&[Kind::Function]),
            Self::Omit => any(&[Kind::Omit]),
            Self::Keep => any(&[Kind::Keep]),
        }
    }

    pub(crate) fn member(&self, name: &str) -> Lookup {
        match self {
            Self::Any => Lookup::Found(Self::Any),
            Self::Null | Self::Omit | Self::Keep => Lookup::Found(Self::Null),
            Self::Object(object) => match object.members.get(name).or(object.others.as_ref()) {
                Some(ty) => Lookup::Found(ty.clone()),
                None => Lookup::Unknown(object.members.keys().cloned().collect()),
            },
            Self::Union(types) => member_of_any(types, name),
            Self::Bool
            | Self::Int
            | Self::Number
            | Self::Text
            | Self::Date
            | Self::Decimal
            | Self::List(_)
            | Self::Function(_) => Lookup::NoMembers,
        }
    }

    /// The type of the items one goes through; the keys, of a mapping. None for what is no list.
    pub(crate) fn item(&self) -> Option<Type> {
        match self {
            Self::Any => Some(Self::Any),
            Self::Null => Some(Self::Null),
            Self::List(item) => Some(item.as_ref().clone()),
            Self::Object(_) => Some(Self::Text),
            Self::Union(types) => {
                let items: Vec<_> = types.iter().filter_map(Self::item).collect();
                (!items.is_empty()).then(|| Self::union(items))
            }
            Self::Bool
            | Self::Int
            | Self::Number
            | Self::Text
            | Self::Date
            | Self::Decimal
            | Self::Function(_)
            | Self::Omit
            | Self::Keep => None,
        }
    }
}

fn member_of_any(types: &[Type], name: &str) -> Lookup {
    let mut found = Vec::new();
    let mut known: Option<Vec<String>> = None;
    for ty in types {
        match ty.member(name) {
            Lookup::Found(ty) => found.push(ty),
            Lookup::Unknown(names) => known.get_or_insert_default().extend(names),
            Lookup::NoMembers => {}
        }
    }
    match (found.is_empty(), known) {
        (false, _) => Lookup::Found(Type::union(found)),
        (true, Some(names)) => Lookup::Unknown(names),
        (true, None) => Lookup::NoMembers,
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::Null => Kind::Null.fmt(f),
            Self::Bool => Kind::Bool.fmt(f),
            Self::Int => Kind::Int.fmt(f),
            Self::Number => Kind::Float.fmt(f),
            Self::Text => Kind::Text.fmt(f),
            Self::Date => Kind::Date.fmt(f),
            Self::Decimal => Kind::Decimal.fmt(f),
            Self::List(_) => Kind::List.fmt(f),
            Self::Object(_) => Kind::Map.fmt(f),
            Self::Function(_) => Kind::Function.fmt(f),
            Self::Omit => Kind::Omit.fmt(f),
            Self::Keep => Kind::Keep.fmt(f),
            Self::Union(types) => {
                for (index, ty) in types.iter().enumerate() {
                    if index > 0 {
                        f.write_str(" or ")?;
                    }
                    ty.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unions_are_flat_and_leave_out_what_says_nothing() {
        let text_or_int = Type::union([Type::Text, Type::Null, Type::Int, Type::Omit]);
        assert_eq!(text_or_int.to_string(), "text or a whole number");
        assert_eq!(Type::union([text_or_int, Type::Any]), Type::Any);
        assert_eq!(Type::union([Type::Int, Type::Number]), Type::Number);
        assert_eq!(Type::union([Type::Null, Type::Null]), Type::Null);
        assert_eq!(
            Type::union([Type::Null, Type::Keep, Type::Date]),
            Type::Date
        );
    }

    #[test]
    fn a_member_of_a_union_is_known_when_one_side_knows_it() {
        let either = Type::union([
            Type::object([("a", Type::Int)]),
            Type::object([("a", Type::Text), ("b", Type::Bool)]),
            Type::Text,
        ]);
        assert_eq!(either.member("b"), Lookup::Found(Type::Bool));
        assert_eq!(
            either.member("a").clone(),
            Lookup::Found(Type::union([Type::Int, Type::Text]))
        );
        assert_eq!(
            either.member("c"),
            Lookup::Unknown(vec!["a".into(), "a".into(), "b".into()])
        );
        assert_eq!(Type::Text.member("a"), Lookup::NoMembers);
        assert_eq!(
            Type::mapping(Type::Int).member("x"),
            Lookup::Found(Type::Int)
        );
    }
}
