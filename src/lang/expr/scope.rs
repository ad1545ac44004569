//! The names an expression sees, and what `$` is.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::datum::Datum;

/// The names an expression sees, in layers: a child adds names and hides those of its parent.
#[derive(Clone, Debug, Default)]
pub struct Scope<'a> {
    parent: Option<&'a Scope<'a>>,
    root: Option<Arc<Value>>,
    names: Vec<(Cow<'a, str>, Datum)>,
}

impl<'a> Scope<'a> {
    /// A scope with no names and no `$`.
    pub fn new() -> Self {
        Self::default()
    }

    /// A scope over this one.
    pub fn child(&'a self) -> Scope<'a> {
        Scope {
            parent: Some(self),
            root: None,
            names: Vec::new(),
        }
    }

    /// With `$`, the document that paths start from.
    #[must_use]
    pub fn with_root(mut self, root: Arc<Value>) -> Self {
        self.root = Some(root);
        self
    }

    /// With a name; an earlier one of the same name is hidden.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'a, str>>, datum: impl Into<Datum>) -> Self {
        self.set(name, datum);
        self
    }

    /// With a name whose value is made when first asked for.
    #[must_use]
    pub fn with_lazy(
        self,
        name: impl Into<Cow<'a, str>>,
        make: impl Fn() -> Datum + Send + Sync + 'static,
    ) -> Self {
        self.with(name, Datum::lazy(make))
    }

    /// Sets a name of this layer.
    pub fn set(&mut self, name: impl Into<Cow<'a, str>>, datum: impl Into<Datum>) {
        let (name, datum) = (name.into(), datum.into());
        match self.names.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = datum,
            None => self.names.push((name, datum)),
        }
    }

    /// What a name holds.
    pub fn get(&self, name: &str) -> Option<&Datum> {
        let mut layer = Some(self);
        while let Some(scope) = layer {
            if let Some((_, datum)) = scope.names.iter().find(|(known, _)| known == name) {
                return Some(datum);
            }
            layer = scope.parent;
        }
        None
    }

    /// `$`.
    pub fn root(&self) -> Option<&Arc<Value>> {
        let mut layer = Some(self);
        while let Some(scope) = layer {
            if scope.root.is_some() {
                return scope.root.as_ref();
            }
            layer = scope.parent;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_child_hides_and_a_parent_stays() {
        let parent = Scope::new()
            .with("a", 1)
            .with("b", 2)
            .with_root(Arc::new(json!({ "x": 1 })));
        let child = parent.child().with("a", 10);
        assert_eq!(child.get("a").unwrap().to_json(), Ok(json!(10)));
        assert_eq!(child.get("b").unwrap().to_json(), Ok(json!(2)));
        assert_eq!(child.root().unwrap()["x"], 1);
        assert_eq!(parent.get("a").unwrap().to_json(), Ok(json!(1)));
        assert!(child.get("c").is_none());
    }
}
