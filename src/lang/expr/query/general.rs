//! Paths with wildcards, slices, filters or descent: the one file that knows the JSONPath library.

use std::ops::Range;

use jsonpath_rust::parser::errors::JsonPathError;
use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, FnArg, JpQuery, Literal, Segment, Selector, Test,
    TestFunction,
};
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use regex::Regex;
use serde_json::Value;

use crate::lang::expr::error::{ExprError, ExprErrorKind};

/// A compiled path of any form.
#[derive(Clone)]
pub(super) struct General(JpQuery);

/// What a segment selects, as far as types are concerned.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Selects {
    Names(Vec<String>),
    Items,
    Everything,
    /// Descendants, or a mixture: nothing is known of the result.
    Anything,
}

impl General {
    pub(super) fn compile(text: &str) -> Result<Self, ExprError> {
        let query = parse_json_path(text).map_err(|error| path_error(text, &error))?;
        let mut found = Vec::new();
        visit_segments(&query.segments, &mut found);
        for found in found {
            match found {
                Found::Pattern(pattern) => check_pattern(text, pattern)?,
                Found::UnknownFunction(name) => return Err(unknown_function(text, name)),
            }
        }
        Ok(Self(query))
    }

    pub(super) fn nodes<'v>(&self, root: &'v Value) -> Vec<&'v Value> {
        // The library fails only where a result is no node of the document, which no segment makes.
        js_path_process(&self.0, root)
            .map(|found| found.into_iter().map(|node| node.val).collect())
            .unwrap_or_default()
    }

    pub(super) fn segments(&self) -> Vec<Selects> {
        self.0.segments.iter().map(selects).collect()
    }
}

fn selects(segment: &Segment) -> Selects {
    let selectors = match segment {
        Segment::Descendant(_) => return Selects::Anything,
        Segment::Selector(selector) => std::slice::from_ref(selector),
        Segment::Selectors(selectors) => selectors.as_slice(),
    };
    let mut names = Vec::new();
    for selector in selectors {
        match selector {
            Selector::Name(name) => names.push(unquoted(name)),
            Selector::Index(_) | Selector::Slice(..) if selectors.len() == 1 => {
                return Selects::Items;
            }
            Selector::Wildcard | Selector::Filter(_) if selectors.len() == 1 => {
                return Selects::Everything;
            }
            Selector::Index(_) | Selector::Slice(..) | Selector::Wildcard | Selector::Filter(_) => {
                return Selects::Anything;
            }
        }
    }
    Selects::Names(names)
}

/// The library keeps the quotes of a name in brackets.
fn unquoted(name: &str) -> String {
    ['\'', '"']
        .iter()
        .find_map(|quote| name.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(name)
        .to_owned()
}

fn path_error(text: &str, error: &JsonPathError) -> ExprError {
    use jsonpath_rust::parser::errors::JsonPathError as Error;

    let whole = 0..text.len();
    let (message, range) = match error {
        Error::PestError(error) => (expected(text), from_column(text, &error.to_string())),
        Error::InvalidJsonPath(message) | Error::InvalidNumber(message) => {
            (format!("not a JSONPath: {message}"), whole)
        }
        Error::MaxNestingDepthExceeded(depth) => (format!("nested more than {depth} times"), whole),
        Error::UnexpectedRuleLogicError(..)
        | Error::UnexpectedNoneLogicError(..)
        | Error::UnexpectedPestOutput
        | Error::NoRulePath
        | Error::NoJsonPathDescent
        | Error::NoJsonPathField
        | Error::InvalidTopLevelRule(_)
        | Error::EmptyInner(_) => (expected(text), whole),
    };
    ExprError {
        kind: ExprErrorKind::Path,
        message,
        range,
    }
}

/// Most mistakes are names that need brackets and quotes.
fn expected(text: &str) -> String {
    if !text.starts_with('$') {
        return "a JSONPath begins with `$`".to_owned();
    }
    match text.find(['@', '-', ' ', ':']) {
        Some(at) if !text.contains('[') && at > 0 => {
            "not a JSONPath; a name with other characters is written `['the-name']`".to_owned()
        }
        _ => "not a JSONPath (RFC 9535) from here on".to_owned(),
    }
}

/// The library gives the place only in the text of its error, as ` --> 1:COLUMN`.
fn from_column(text: &str, error: &str) -> Range<usize> {
    let column = error
        .lines()
        .next()
        .and_then(|line| line.trim().strip_prefix("--> 1:"))
        .and_then(|column| column.parse::<usize>().ok());
    let start = column
        .and_then(|column| text.char_indices().nth(column.saturating_sub(1)))
        .map_or(0, |(start, _)| start);
    start..text.len()
}

/// What a filter calls that has to be looked at.
enum Found<'q> {
    Pattern(&'q str),
    UnknownFunction(&'q str),
}

fn unknown_function(text: &str, name: &str) -> ExprError {
    let message = format!(
        "there is no function `{name}` in paths; there are length, count, match, search and value"
    );
    let start = text.find(name).unwrap_or(0);
    ExprError {
        kind: ExprErrorKind::Path,
        message,
        range: start..start + name.len(),
    }
}

fn check_pattern(text: &str, pattern: &str) -> Result<(), ExprError> {
    let Err(error) = Regex::new(pattern) else {
        return Ok(());
    };
    let start = text.find(pattern).unwrap_or(0);
    let range = if start > 0 {
        start..start + pattern.len()
    } else {
        0..text.len()
    };
    // The library's text draws the pattern over several lines; its last line says what is wrong.
    let message = error.to_string();
    let message = message
        .lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    let message = format!("the regular expression does not compile: {message}");
    Err(ExprError {
        kind: ExprErrorKind::Regex,
        message,
        range,
    })
}

fn visit_segments<'q>(segments: &'q [Segment], found: &mut Vec<Found<'q>>) {
    for segment in segments {
        match segment {
            Segment::Descendant(inner) => {
                visit_segments(std::slice::from_ref(inner.as_ref()), found);
            }
            Segment::Selector(selector) => visit_selector(selector, found),
            Segment::Selectors(selectors) => {
                selectors
                    .iter()
                    .for_each(|selector| visit_selector(selector, found));
            }
        }
    }
}

fn visit_selector<'q>(selector: &'q Selector, found: &mut Vec<Found<'q>>) {
    match selector {
        Selector::Filter(filter) => visit_filter(filter, found),
        Selector::Name(_) | Selector::Wildcard | Selector::Index(_) | Selector::Slice(..) => {}
    }
}

fn visit_filter<'q>(filter: &'q Filter, found: &mut Vec<Found<'q>>) {
    match filter {
        Filter::Or(filters) | Filter::And(filters) => {
            filters
                .iter()
                .for_each(|filter| visit_filter(filter, found));
        }
        Filter::Atom(FilterAtom::Filter { expr, .. }) => visit_filter(expr, found),
        Filter::Atom(FilterAtom::Test { expr, .. }) => visit_test(expr, found),
        Filter::Atom(FilterAtom::Comparison(comparison)) => match comparison.as_ref() {
            Comparison::Eq(left, right)
            | Comparison::Ne(left, right)
            | Comparison::Gt(left, right)
            | Comparison::Gte(left, right)
            | Comparison::Lt(left, right)
            | Comparison::Lte(left, right) => {
                for side in [left, right] {
                    if let Comparable::Function(function) = side {
                        visit_function(function, found);
                    }
                }
            }
        },
    }
}

fn visit_test<'q>(test: &'q Test, found: &mut Vec<Found<'q>>) {
    match test {
        Test::RelQuery(segments) => visit_segments(segments, found),
        Test::AbsQuery(query) => visit_segments(&query.segments, found),
        Test::Function(function) => visit_function(function, found),
    }
}

fn visit_function<'q>(function: &'q TestFunction, found: &mut Vec<Found<'q>>) {
    match function {
        TestFunction::Search(text, pattern) | TestFunction::Match(text, pattern) => {
            if let FnArg::Literal(Literal::String(pattern)) = pattern {
                found.push(Found::Pattern(pattern));
            }
            visit_arg(text, found);
        }
        TestFunction::Length(arg) => visit_arg(arg, found),
        TestFunction::Value(arg) | TestFunction::Count(arg) => visit_arg(arg, found),
        TestFunction::Custom(name, _) => found.push(Found::UnknownFunction(name)),
    }
}

fn visit_arg<'q>(arg: &'q FnArg, found: &mut Vec<Found<'q>>) {
    match arg {
        FnArg::Literal(_) => {}
        FnArg::Test(test) => visit_test(test, found),
        FnArg::Filter(filter) => visit_filter(filter, found),
    }
}
