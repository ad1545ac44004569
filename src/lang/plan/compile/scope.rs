//! Which names an expression sees where: the table of the language, as types.
//!
//! A scope also knows what it takes to explain a name that is not there: the steps that run later, the kinds of
//! link of the integration, the secrets of an account.

use std::collections::HashMap;
use std::rc::Rc;

use indexmap::IndexMap;

use crate::lang::expr::{FunctionType, ScopeTypes, Type};
use crate::lang::source::Span;

/// The names an expression sees, with their types.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) types: ScopeTypes,
    pub(super) hints: Rc<Hints>,
}

/// What is known beside the names in scope.
#[derive(Clone, Debug, Default)]
pub(super) struct Hints {
    /// Every named step of the list that is compiled, and where its name stands.
    pub(super) steps: HashMap<String, Span>,
    /// Every entry of a `transform`, and where it stands.
    pub(super) vars: HashMap<String, Span>,
    /// Every kind of link of the integration.
    pub(super) entities: Vec<String>,
    /// The secret params of each connector.
    pub(super) secrets: HashMap<String, Vec<String>>,
}

impl Scope {
    /// With another `$`.
    pub(super) fn rooted(&self, root: Type) -> Self {
        Self {
            types: self.types.clone().with_root(root),
            hints: Rc::clone(&self.hints),
        }
    }

    /// With one name more.
    pub(super) fn with(&self, name: &str, ty: Type) -> Self {
        Self {
            types: self.types.clone().with(name, ty),
            hints: Rc::clone(&self.hints),
        }
    }

    /// Without a name.
    pub(super) fn without(&self, name: &str) -> Self {
        let mut scope = self.clone();
        scope.types.remove(name);
        scope
    }

    /// With a note that `name` is known in `place`, for names people write in the wrong place.
    pub(super) fn elsewhere(mut self, name: &str, place: &str) -> Self {
        self.types = self.types.with_elsewhere(name, place);
        self
    }

    /// With what is known beside the names.
    pub(super) fn hinted(mut self, hints: Hints) -> Self {
        self.hints = Rc::new(hints);
        self
    }
}

/// What a connector's own templates see.
pub(super) fn of_params(params: Type) -> Scope {
    let types = ScopeTypes::new().with("params", params);
    Scope {
        types,
        hints: Rc::default(),
    }
    .elsewhere("account", "in pipelines; here it is `params`")
    .elsewhere("status", "in `errors` and in `says`")
    .elsewhere("headers", "in `errors` and in `says`")
    .elsewhere("body", "in `errors` and in `says`")
}

/// What error rules and `says` see.
pub(super) fn of_reply(params: Type) -> Scope {
    let types = ScopeTypes::new()
        .with("params", params)
        .with("status", Type::Int)
        .with("headers", Type::mapping(Type::Text))
        .with("body", Type::Any);
    Scope {
        types,
        hints: Rc::default(),
    }
    .elsewhere("account", "in pipelines; here it is `params`")
}

/// What is said of a delivery that the API sends by itself.
pub(super) fn of_delivery(params: Type) -> Scope {
    let types = ScopeTypes::new()
        .with_root(Type::Any)
        .with("params", params)
        .with("payload", Type::Any)
        .with("headers", Type::mapping(Type::Text));
    Scope {
        types,
        hints: Rc::default(),
    }
    .elsewhere("account", "in pipelines; here it is `params`")
    .elsewhere("body", "in `verify`; here it is `payload`")
}

/// What a signature is made of, beside the body.
pub(super) fn of_signature() -> Scope {
    let types = ScopeTypes::new()
        .with("timestamp", Type::Text)
        .with("headers", Type::mapping(Type::Text));
    Scope {
        types,
        hints: Rc::default(),
    }
    .elsewhere("body", "at the end alone")
    .elsewhere("payload", "when the signature is proven")
}

/// The names that every expression of an integration sees.
pub(super) fn constant(account: Type, settings: Type, hints: Hints) -> Scope {
    let types = ScopeTypes::new()
        .with("account", account)
        .with("settings", settings)
        .with(
            "tenant",
            Type::object([("name", Type::Text), ("title", Type::Text)]),
        )
        .with(
            "activation",
            Type::object([("at", Type::Date), ("since", Type::Date)]),
        )
        .with("now", Type::Date)
        .with(
            "run",
            Type::object([("id", Type::Text), ("started", Type::Date)]),
        );
    Scope {
        types,
        hints: Rc::new(hints),
    }
    .elsewhere("params", "in connectors; here it is `account.<connector>`")
    .elsewhere("record", "in steps")
    .elsewhere("vars", "in steps")
    .elsewhere("steps", "in steps")
    .elsewhere("link", "in steps and in `overrides_for`")
    .elsewhere(
        "linked",
        "in `when`, `each`, `transform` and `inputs` of steps",
    )
    .elsewhere("cursor", "in the request of a `fetch` with a `cursor`")
    .elsewhere("key", "in `fetch.one`, in `root` and inside `write`")
    .elsewhere("id", "inside `read`, `create.id` and `update`")
    .elsewhere("found", "inside `update`")
    .elsewhere("candidate", "inside `find`")
    .elsewhere("error", "inside `catch`")
    .elsewhere("item", "in a step with `each`")
    .elsewhere("index", "in a step with `each`")
    .elsewhere("inputs", "in the steps of a routine")
    .elsewhere(
        "status",
        "in a connector's `errors`; here it is a member of `error`",
    )
    .elsewhere("page", "in a connector's `paging`")
}

/// `cursor`, in the request of a fetch.
pub(super) fn cursor() -> Type {
    Type::object([("value", Type::Any), ("tie", Type::Any)])
}

/// `error`, inside `catch`.
pub(super) fn error() -> Type {
    Type::object([
        ("class", Type::Text),
        ("code", Type::Any),
        ("status", Type::Int),
        ("message", Type::Text),
    ])
}

/// `link`: for each entity null, or its two ends and what it remembers. Keys and ids compare as text, so nothing
/// is said about their type.
pub(super) fn link<'a>(entities: impl IntoIterator<Item = (&'a str, &'a [String])>) -> Type {
    Type::object(entities.into_iter().map(|(name, remember)| {
        let mut members: IndexMap<String, Type> = IndexMap::new();
        members.insert("key".into(), Type::Any);
        members.insert("id".into(), Type::Any);
        members.extend(remember.iter().map(|name| (name.clone(), Type::Any)));
        (name, Type::object(members))
    }))
}

/// `linked(entity, key=…)`, `linked(entity, id=…)`: what `link.<entity>` would be for another key or id.
pub(super) fn linked(entities: &Type) -> Type {
    let Type::Object(entities) = entities else {
        return Type::Any;
    };
    let by_word = entities.members.iter();
    Type::function(FunctionType {
        named: vec!["key".into(), "id".into()],
        positional: 1,
        returns: Type::Any,
        by_word: by_word
            .map(|(name, ty)| (name.clone(), ty.clone()))
            .collect(),
    })
}

/// The result of a `write`.
pub(super) fn written(found: Type) -> Type {
    Type::object([
        ("id", Type::Any),
        ("key", Type::Any),
        ("found", found),
        ("outcome", Type::Text),
    ])
}
