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
        IssueKind::UnknownName { name, known, elsewhere } => match elsewhere {
            Some(_) => new(Code::NameNotInScope).help(in_scope(known)).report(),
            None => unknown_name(new(Code::UnknownName), name, known, scope),
        },
        IssueKind::UnknownMember { parent, name, known } => {
            unknown_member(&new, parent, name, known, scope);
        }
        IssueKind::NoMembers { .. } => new(Code::UnknownField).report(),
        IssueKind::UnknownFilter { name, known } => {
            suggested(new(Code::UnknownFilter), name, "filters", known.iter().copied());
        }
        IssueKind::UnknownTest { name, known } => {
            suggested(new(Code::UnknownTest), name, "tests", known.iter().copied());
        }
        IssueKind::UnknownFunction { name, known } => {
            let known = known.iter().map(String::as_str);
            suggested(new(Code::UnknownFunction), name, "functions here", known);
        }
        IssueKind::Arguments { .. } => new(Code::BadArguments).report(),
        IssueKind::Unreadable { needs, .. } if needs.contains("zone") => {
            new(Code::UnknownZone)
                .help("zones are named as in the IANA list: `America/New_York`")
                .report();
        }
        IssueKind::Unreadable { .. } => new(Code::BadArguments).report(),
        IssueKind::Compare { left, right } => {
            let help = if left.to_string().contains("a date") || right.to_string().contains("a date")
            {
                Some("make both of them dates with the filter `utc`".to_owned())
            } else if left.to_string().contains("decimal") || right.to_string().contains("decimal") {
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
    format!("names here: {}", suggest::list(known.iter().map(String::as_str)))
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

fn unknown_member<'p>(
    new: &dyn Fn(Code) -> Draft<'p>,
    parent: &str,
    name: &str,
    known: &[String],
    scope: &Scope,
) {
    let names = known.iter().map(String::as_str);
    let hints = &scope.hints;
    let owner = parent.split('.').next().unwrap_or(parent);
    match (owner, parent == owner) {
        ("steps", true) => match hints.steps.get(name) {
            Some(later) => new(Code::StepNotYetRun)
                .also(*later, "this step runs later, or has no result here")
                .help("a step sees the results of the steps above it")
                .report(),
            None => suggested(new(Code::UnknownStep), name, "steps with a result above this", names),
        },
        ("vars", true) => match hints.vars.get(name) {
            Some(later) => new(Code::UnknownName)
                .also(*later, "it is made here, later")
                .help("an entry sees the entries above it")
                .report(),
            None => suggested(new(Code::UnknownName), name, "entries made above this", names),
        },
        ("settings", true) => suggested(new(Code::UnknownSetting), name, "groups of settings", names),
        ("settings", false) => {
            suggested(new(Code::UnknownSetting), name, "settings of this group", names);
        }
        ("link", true) if hints.entities.iter().any(|entity| entity == name) => {
            new(Code::LinkMissing)
                .label(format!("the pipeline does not say which end of `{name}` its record is"))
                .help(format!("add `{name}: {{ key: … }}` or `{name}: {{ id: … }}` under `links`"))
                .report();
        }
        ("link", true) => {
            let entities = hints.entities.iter().map(String::as_str);
            suggested(new(Code::UnknownEntity), name, "entities", entities);
        }
        ("account", true) => {
            suggested(new(Code::UnknownAccount), name, "connectors of the integration", names);
        }
        ("account", false) if is_secret(hints, parent, name) => new(Code::BadSecret)
            .label("a secret is not readable in pipelines")
            .help("secrets go out with the connector's `auth` and `headers` alone")
            .report(),
        ("account" | "params", _) => {
            suggested(new(Code::UnknownParam), name, "params", names);
        }
        _ => suggested(
            new(Code::UnknownField),
            name,
            &format!("members of `{parent}`"),
            names,
        ),
    }
}

fn is_secret(hints: &super::scope::Hints, parent: &str, name: &str) -> bool {
    let connector = parent.strip_prefix("account.").unwrap_or_default();
    hints.secrets.get(connector).is_some_and(|secrets| secrets.iter().any(|one| one == name))
}
