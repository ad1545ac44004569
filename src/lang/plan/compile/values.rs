//! Scalars to compiled expressions, each checked in the scope of its place.
//!
//! Everything here gives back what compiled even when its check finds something: whoever comes next then says
//! nothing about it again, and no plan is made while there are errors.

use std::ops::Range;

use serde_json::Value as Json;

use super::issues::{self, Form};
use super::scope::Scope;
use super::site::Site;
use crate::lang::config::text;
use crate::lang::diag::{Code, suggest};
use crate::lang::expr::{
    Condition, ExprEnv, FormPath, FormStep, Template, TextForm, Type, ValueForm,
};

/// Compiles and checks expressions.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    env: ExprEnv,
}

impl Values {
    /// A template that becomes text.
    pub(super) fn text(&self, site: &Site<'_>, text: &str, scope: &Scope) -> Option<Template> {
        self.text_at(site, text, 0, scope)
    }

    /// A template that becomes text and begins at a byte of its scalar.
    pub(super) fn text_at(
        &self,
        site: &Site<'_>,
        text: &str,
        offset: usize,
        scope: &Scope,
    ) -> Option<Template> {
        let template = self.compiled(site, text, offset)?;
        let checked = template.check_text(&scope.types);
        checked
            .issues
            .iter()
            .for_each(|issue| issues::report(site, issue, offset, scope));
        Some(template)
    }

    fn compiled(&self, site: &Site<'_>, text: &str, offset: usize) -> Option<Template> {
        Template::compile(&self.env, text)
            .map_err(|error| issues::uncompilable(site, &error, offset, Form::Template))
            .ok()
    }

    /// A condition.
    pub(super) fn condition(
        &self,
        site: &Site<'_>,
        condition: &text::Condition,
        scope: &Scope,
    ) -> Option<Condition> {
        let compiled = Condition::compile(&self.env, condition.as_str())
            .map_err(|error| issues::uncompilable(site, &error, 0, Form::Condition))
            .ok()?;
        let checked = compiled.check(&scope.types);
        checked
            .issues
            .iter()
            .for_each(|issue| issues::report(site, issue, 0, scope));
        Some(compiled)
    }

    /// A value: path, template or itself, in lists and mappings of any depth; with its type.
    pub(super) fn value(
        &self,
        site: &Site<'_>,
        json: &Json,
        scope: &Scope,
    ) -> Option<(ValueForm, Type)> {
        let (form, errors) = ValueForm::compile(&self.env, json);
        for (path, error) in &errors {
            let place = inside(site, path);
            let kind = match scalar(json, path).map(TextForm::of) {
                Some(TextForm::Path) => Form::Path,
                Some(TextForm::Template | TextForm::Literal) | None => Form::Template,
            };
            issues::uncompilable(&place, error, 0, kind);
        }
        let (ty, found) = form.check(&scope.types);
        for (path, issue) in &found {
            issues::report(&inside(site, path), issue, 0, scope);
        }
        errors.is_empty().then_some((form, ty))
    }
}

/// The place of a part of a value.
pub(super) fn inside<'p>(site: &Site<'p>, path: &FormPath) -> Site<'p> {
    path.0.iter().fold(site.clone(), |site, step| match step {
        FormStep::Key(key) => site.key(key.as_str()),
        FormStep::Index(index) => site.index(*index),
    })
}

fn scalar<'j>(json: &'j Json, path: &FormPath) -> Option<&'j str> {
    let found = path.0.iter().try_fold(json, |json, step| match step {
        FormStep::Key(key) => json.get(key),
        FormStep::Index(index) => json.get(index),
    });
    found?.as_str()
}

/// What is said of a name that is not known.
pub(super) struct Unknown<'a> {
    pub(super) code: Code,
    /// What it would be: `connector`.
    pub(super) what: &'a str,
    /// Whose it would be, when that is not plain.
    pub(super) of: Option<&'a str>,
    /// What the known ones are called: `connectors of the integration`.
    pub(super) several: &'a str,
}

impl Unknown<'_> {
    /// Says so about the value at `site`.
    pub(super) fn at<'k>(
        &self,
        site: &Site<'_>,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        self.say(site.fault(self.code, self.headline(name)), name, known);
    }

    /// Says so about some bytes of the scalar at `site`.
    pub(super) fn within<'k>(
        &self,
        site: &Site<'_>,
        range: Range<usize>,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        self.say(
            site.fault_within(range, self.code, self.headline(name)),
            name,
            known,
        );
    }

    /// Says so about the key at `site`.
    pub(super) fn at_key<'k>(
        &self,
        site: &Site<'_>,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        self.say(site.fault_key(self.code, self.headline(name)), name, known);
    }

    fn headline(&self, name: &str) -> String {
        let of = self.of.map(|of| format!(" in `{of}`")).unwrap_or_default();
        format!("there is no {} `{name}`{of}", self.what)
    }

    fn say<'k>(
        &self,
        draft: super::site::Draft<'_>,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let near = suggest::nearest(name, known.iter().copied());
        let draft = draft.help_opt(suggest::help(name, self.several, known.iter().copied()));
        match near {
            Some(near) => draft.instead(near).report(),
            None => draft.report(),
        }
    }
}

/// All of them, or nothing when one could not be made. Every one is tried, so that every mistake is found.
pub(super) fn all<T>(items: impl IntoIterator<Item = Option<T>>) -> Option<Vec<T>> {
    let items: Vec<Option<T>> = items.into_iter().collect();
    items.into_iter().collect()
}

/// What was written, made into what is needed: nothing stays nothing, and what cannot be made fails.
#[expect(
    clippy::option_option,
    reason = "whether it was written, and whether it could be made"
)]
pub(super) fn optional<T, U>(
    written: Option<&T>,
    make: impl FnOnce(&T) -> Option<U>,
) -> Option<Option<U>> {
    match written {
        None => Some(None),
        Some(written) => make(written).map(Some),
    }
}
