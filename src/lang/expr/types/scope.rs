//! The types of the names in scope, and where other names are known.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Type;

/// The names an expression may use, with their types.
#[derive(Clone, Debug, Default)]
pub struct ScopeTypes {
    root: Type,
    names: BTreeMap<Arc<str>, Type>,
    /// Shared, because a scope is copied for every place and these hardly ever change.
    elsewhere: Arc<BTreeMap<String, String>>,
}

impl ScopeTypes {
    /// No names; `$` may be anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the type of `$`.
    #[must_use]
    pub fn with_root(mut self, root: Type) -> Self {
        self.root = root;
        self
    }

    /// With a name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, ty: Type) -> Self {
        self.set(name, ty);
        self
    }

    /// With a name that is not known here but is in `place`, such as `inside update`.
    #[must_use]
    pub fn with_elsewhere(mut self, name: impl Into<String>, place: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.elsewhere).insert(name.into(), place.into());
        self
    }

    /// Sets a name.
    pub fn set(&mut self, name: impl Into<String>, ty: Type) {
        self.names.insert(name.into().into(), ty);
    }

    /// Forgets a name.
    pub fn remove(&mut self, name: &str) {
        self.names.remove(name);
    }

    /// The type of `$`.
    pub fn root(&self) -> &Type {
        &self.root
    }

    /// The type of a name.
    pub fn get(&self, name: &str) -> Option<&Type> {
        self.names.get(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(|name| &**name)
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = &str> {
        self.names
            .iter()
            .filter(|(_, ty)| matches!(ty, Type::Function(_)))
            .map(|(name, _)| &**name)
    }

    pub(crate) fn place_of(&self, name: &str) -> Option<&str> {
        self.elsewhere.get(name).map(String::as_str)
    }
}
