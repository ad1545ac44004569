//! What is wrong with an expression, in words: the issues of `lang::expr` as diagnostics.

use std::ops::Range;

use super::scope::Scope;
use super::site::{Draft, Site};
use crate::lang::diag::{Code, suggest};
use crate::lang::expr::{ExprError, ExprErrorKind, Issue, IssueKind};

/// What kind of text an expression stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Template,
    Condition,
    Path,
}

/// Says why an expression does not compile. `offset` is where it begins in its scalar.
pub(super) fn uncompilable(site: &Site<'_>, error: &ExprError, offset: usize, form: Form) {
    let syntax = match form {
        Form::Template => Code::TemplateSyntax,
        Form::Condition => Code::ExpressionSyntax,
        Form::Path => Code::PathSyntax,
    };
    let code = match &error.kind {
        ExprErrorKind::Syntax | ExprErrorKind::PathInExpression | ExprErrorKind::Unsupported => {
            syntax
        }
        ExprErrorKind::TemplateInCondition { .. } => Code::TemplateInCondition,
        ExprErrorKind::Arguments => Code::BadArguments,
        ExprErrorKind::Path => Code::PathSyntax,
        ExprErrorKind::Regex => Code::BadPathRegex,
    };
    let range = shift(&error.range, offset);
    let draft = site.fault_within(range, code, error.message.clone());
    let draft = match &error.kind {
        ExprErrorKind::TemplateInCondition { fix } => draft
            .label("a condition is written without braces")
            .help(format!("write `{fix}`")),
        ExprErrorKind::PathInExpression => {
            draft.help("inside an expression the record is `record`: `record.Id` for `$.Id`")
        }
        ExprErrorKind::Syntax
        | ExprErrorKind::Unsupported
        | ExprErrorKind::Arguments
        | ExprErrorKind::Path
        | ExprErrorKind::Regex => draft,
    };
    draft.report();
}

/// Says what is wrong with an expression that compiles.
pub(super) fn report(site: &Site<'_>, issue: &Issue, offset: usize, scope: &Scope) {
    let range = shift(&issue.range, offset);
    let new = |code: Code| site.fault_within(range.clone(), code, issue.kind.to_string());
    match &issue.kind {
        IssueKind::UnknownName {
            name,
            known,
            elsewhere,
        } => match elsewhere {
            Some(_) => new(Code::NameNotInScope).help(in_scope(known)).report(),
            None => unknown_name(new(Code::UnknownName), name, known, scope),
        },
        IssueKind::UnknownMember {
            parent,
            name,
            known,
        } => {
            let place = Place {
                site,
                range: range.clone(),
            };
            place.unknown_member(parent, name, known, scope);
        }
        IssueKind::NoMembers { .. } => new(Code::UnknownField).report(),
        IssueKind::UnknownFilter { name, known } => {
            suggested(
                new(Code::UnknownFilter),
                name,
                "filters",
                known.iter().copied(),
            );
        }
        IssueKind::UnknownTest { name, known } => {
            suggested(new(Code::UnknownTest), name, "tests", known.iter().copied());
        }
        IssueKind::UnknownFunction {
            elsewhere: Some(place),
            ..
        } => new(Code::NameNotInScope)
            .help(format!("it is known {place}"))
            .report(),
        IssueKind::UnknownFunction { name, known, .. } => {
            let known = known.iter().map(String::as_str);
            suggested(new(Code::UnknownFunction), name, "functions here", known);
        }

        IssueKind::Unreadable { needs, .. } if needs.contains("zone") => {
            new(Code::UnknownZone)
                .help("zones are named as in the IANA list: `America/New_York`")
                .report();
        }
        IssueKind::Arguments { .. } | IssueKind::Unreadable { .. } => {
            new(Code::BadArguments).report();
        }
        IssueKind::Compare { left, right } => {
            let help = if left.to_string().contains("a date")
                || right.to_string().contains("a date")
            {
                Some("make both of them dates with the filter `utc`".to_owned())
            } else if left.to_string().contains("decimal") || right.to_string().contains("decimal")
            {
                Some("make both of them decimals with the filter `decimal`".to_owned())
            } else {
                None
            };
            new(Code::TypeMismatch).help_opt(help).report();
        }
        IssueKind::Operator { .. }
        | IssueKind::Input { .. }
        | IssueKind::NotAList(_)
        | IssueKind::NotText(_) => new(Code::TypeMismatch).report(),
    }
}

fn shift(range: &Range<usize>, offset: usize) -> Range<usize> {
    range.start + offset..range.end + offset
}

fn in_scope(known: &[String]) -> String {
    format!(
        "names here: {}",
        suggest::list(known.iter().map(String::as_str))
    )
}

fn suggested<'a>(
    draft: Draft<'_>,
    name: &str,
    what: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) {
    let near = suggest::nearest(name, known.clone());
    let draft = draft.help_opt(suggest::help(name, what, known));
    match near {
        Some(near) => draft.instead(near).report(),
        None => draft.report(),
    }
}

/// A bare name is often a member of something that is in scope.
fn unknown_name(draft: Draft<'_>, name: &str, known: &[String], scope: &Scope) {
    let in_settings = || known.iter().any(|known| known == "settings");
    let owner = if scope.hints.vars.contains_key(name) {
        Some("vars")
    } else if scope.hints.steps.contains_key(name) {
        Some("steps")
    } else if scope.hints.entities.iter().any(|entity| entity == name) && in_settings() {
        Some("link")
    } else {
        None
    };
    match owner {
        Some(owner) => draft
            .help(format!("write `{owner}.{name}`"))
            .instead(format!("{owner}.{name}"))
            .report(),
        None => suggested(draft, name, "names here", known.iter().map(String::as_str)),
    }
}

/// Where a member stands that is not known.
struct Place<'s, 'p> {
    site: &'s Site<'p>,
    range: Range<usize>,
}

impl<'p> Place<'_, 'p> {
    fn fault(&self, code: Code, headline: String) -> Draft<'p> {
        self.site.fault_within(self.range.clone(), code, headline)
    }

    /// What is missing depends on whose member it would be.
    fn unknown_member(&self, parent: &str, name: &str, known: &[String], scope: &Scope) {
        let names = known.iter().map(String::as_str);
        let hints = &scope.hints;
        let owner = parent.split('.').next().unwrap_or(parent);
        match (owner, parent == owner) {
            ("steps", true) => self.unknown_step(name, known, scope),
            ("vars", true) => {
                let draft =
                    self.fault(Code::UnknownName, format!("there is no `vars.{name}` here"));
                match hints.vars.get(name) {
                    Some(later) => draft
                        .also(*later, "it is made here")
                        .help("an entry sees the entries made above it, and nothing of another `each`")
                        .report(),
                    None => suggested(draft, name, "entries made above this", names),
                }
            }
            ("settings", true) => {
                let draft = self.fault(
                    Code::UnknownSetting,
                    format!("there is no group of settings `{name}`"),
                );
                suggested(draft, name, "groups of settings", names);
            }
            ("settings", false) => {
                let draft = self.fault(
                    Code::UnknownSetting,
                    format!("there is no setting `{parent}.{name}`"),
                );
                suggested(draft, name, "settings of this group", names);
            }
            ("link", true) => self.unknown_link(name, scope),
            ("account", true) => {
                let headline = format!("there is no account with `{name}`");
                let draft = self.fault(Code::UnknownAccount, headline);
                suggested(draft, name, "connectors of the integration", names);
            }
            ("account", false) if is_secret(hints, parent, name) => self
                .fault(
                    Code::BadSecret,
                    format!("the secret `{name}` cannot be read here"),
                )
                .label("a secret never stands in a pipeline")
                .help("secrets go out with the connector's `auth` and `headers` alone")
                .report(),
            ("account", false) => {
                let connector = parent.rsplit('.').next().unwrap_or(parent);
                let draft = self.fault(
                    Code::UnknownParam,
                    format!("`{connector}` has no param `{name}`"),
                );
                suggested(draft, name, &format!("params of `{connector}`"), names);
            }
            ("params", _) => {
                let draft = self.fault(Code::UnknownParam, format!("there is no param `{name}`"));
                suggested(draft, name, "params", names);
            }
            _ => {
                let draft = self.fault(
                    Code::UnknownField,
                    format!("`{parent}` has no member `{name}`"),
                );
                suggested(draft, name, &format!("members of `{parent}`"), names);
            }
        }
    }

    fn unknown_step(&self, name: &str, known: &[String], scope: &Scope) {
        let Some(later) = scope.hints.steps.get(name) else {
            let draft = self.fault(Code::UnknownStep, format!("there is no step `{name}`"));
            let names = known.iter().map(String::as_str);
            return suggested(draft, name, "steps with a result above this", names);
        };
        self.fault(
            Code::StepNotYetRun,
            format!("`steps.{name}` has no result here"),
        )
        .label("is read before it is there")
        .also(*later, "the step runs later, or has no result of its own")
        .help(
            "a step sees the results of the steps above it; what `transform` makes is under `vars`",
        )
        .report();
    }

    fn unknown_link(&self, name: &str, scope: &Scope) {
        let entities = scope.hints.entities.iter().map(String::as_str);
        if entities.clone().any(|entity| entity == name) {
            self.fault(
                Code::LinkMissing,
                format!("`link.{name}` is not known here"),
            )
            .label(format!(
                "the pipeline does not say which end of `{name}` its record is"
            ))
            .help(format!(
                "add `{name}: {{ key: … }}` or `{name}: {{ id: … }}` under `links`"
            ))
            .report();
        } else {
            let draft = self.fault(Code::UnknownEntity, format!("there is no entity `{name}`"));
            suggested(draft, name, "entities", entities);
        }
    }
}

fn is_secret(hints: &super::scope::Hints, parent: &str, name: &str) -> bool {
    let connector = parent.strip_prefix("account.").unwrap_or_default();
    hints
        .secrets
        .get(connector)
        .is_some_and(|secrets| secrets.iter().any(|one| one == name))
}
