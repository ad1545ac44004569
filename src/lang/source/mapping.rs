//! A mapping from its keys and values: duplicates, merge keys, keys that are no text, and the two
//! mistakes of flow notation that YAML itself accepts: `{ reason: no job, or off }` and
//! `id: {{ x }}`. Both are undone, so that they are reported once and the rest is checked.

use std::sync::Arc;

use indexmap::map::Entry;

use super::build::Notation;
use super::issue::{YamlIssue, YamlIssueKind};
use super::node::{Member, Members, Node, NodeKind, Scalar, ScalarStyle};
use super::quote::quoted;
use super::scalar::ScalarKind;
use super::text::{Source, Span};

/// Makes one mapping; what is wrong with it joins `issues`.
pub(super) struct Mapping<'a> {
    pub(super) source: &'a Source,
    pub(super) issues: &'a mut Vec<YamlIssue>,
    pub(super) notation: Notation,
    pub(super) span: Span,
}

impl Mapping<'_> {
    /// `children` are keys and values, alternating.
    pub(super) fn build(mut self, children: Vec<Node>) -> NodeKind {
        if let Some(scalar) = self.template(&children) {
            return NodeKind::Scalar(scalar);
        }
        let mut pairs = pairs(children);
        if self.notation == Notation::Flow {
            pairs = self.rejoin(pairs);
        }
        let mut members = Members::new();
        let mut merge: Option<Merge> = None;
        for (key, value) in pairs {
            if is_merge(&key) {
                if let Some(first) = &merge {
                    self.duplicate("<<", key.span, first.key);
                } else {
                    let bases = self.bases(key.span, value);
                    let place = members.len();
                    merge = Some(Merge {
                        key: key.span,
                        place,
                        bases,
                    });
                }
                continue;
            }
            let Some(text) = self.key_text(&key) else {
                continue;
            };
            let at = key.written();
            match members.entry(text) {
                Entry::Occupied(first) => {
                    let (text, first) = (first.key().clone(), first.get().key);
                    self.duplicate(&text, at, first);
                }
                Entry::Vacant(free) => {
                    free.insert(Member { key: at, value });
                }
            }
        }
        NodeKind::Map(match merge {
            Some(merge) => merge.into(members),
            None => members,
        })
    }

    fn duplicate(&mut self, key: &str, second: Span, first: Span) {
        let kind = YamlIssueKind::DuplicateKey {
            key: key.to_owned(),
        };
        self.issues
            .push(YamlIssue::new(kind, second).related(first));
    }

    fn key_text(&mut self, key: &Node) -> Option<Arc<str>> {
        match &key.kind {
            NodeKind::Scalar(scalar) if scalar.kind != ScalarKind::Absent => {
                Some(scalar.text.clone())
            }
            NodeKind::Scalar(_) | NodeKind::Seq(_) | NodeKind::Map(_) => {
                if !key.is_broken_alias() {
                    let mut at = key.written();
                    if key.is_absent() {
                        // There is nothing to point at but the colon before it.
                        at = self.source.span(at.start.saturating_sub(1)..at.end);
                    }
                    self.issues
                        .push(YamlIssue::new(YamlIssueKind::NonTextKey, at));
                }
                None
            }
        }
    }

    /// The mappings a merge key brings in, the strongest first.
    fn bases(&mut self, key: Span, value: Node) -> Vec<Members> {
        let items = match value.kind {
            NodeKind::Seq(items) => items,
            NodeKind::Map(_) | NodeKind::Scalar(_) => vec![value],
        };
        let mut bases = Vec::new();
        for item in items {
            let broken = item.is_broken_alias();
            let at = if item.written().is_empty() {
                key
            } else {
                item.written()
            };
            match item.kind {
                NodeKind::Map(members) => bases.push(members),
                NodeKind::Seq(_) | NodeKind::Scalar(_) if broken => {}
                NodeKind::Seq(_) | NodeKind::Scalar(_) => {
                    self.issues
                        .push(YamlIssue::new(YamlIssueKind::BadMergeKey, at));
                }
            }
        }
        bases
    }

    /// `{{ x }}` without quotes is, to YAML, a mapping with a mapping for a key.
    fn template(&mut self, children: &[Node]) -> Option<Scalar> {
        let raw = self.source.slice(self.span);
        let inner = children.first()?.span;
        let doubled = raw.starts_with("{{") && raw.ends_with("}}");
        if self.notation == Notation::Block || !doubled || inner.start != self.span.start + 1 {
            return None;
        }
        // What was found inside came of reading the template as a mapping.
        while self
            .issues
            .pop_if(|last| self.span.contains(last.span))
            .is_some()
        {}
        let issue = YamlIssue::new(YamlIssueKind::UnquotedTemplate, self.span);
        self.issues.push(issue.fix(self.span, quoted(raw)));
        Some(Scalar {
            text: raw.into(),
            style: ScalarStyle::Plain,
            kind: ScalarKind::Text,
        })
    }

    /// Puts a text that a comma cut in two back together: `{ reason: no job, or off }`.
    fn rejoin(&mut self, pairs: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
        let mut whole: Vec<(Node, Node)> = Vec::with_capacity(pairs.len());
        let mut cut: Option<Cut> = None;
        for (key, value) in pairs {
            let torn = value.is_absent() && !self.has_colon(key.span) && is_plain(&key);
            match whole.last_mut() {
                Some((_, before)) if torn && is_plain(before) => {
                    let so_far = cut.unwrap_or(Cut {
                        first: before.span,
                        extra: key.span,
                    });
                    let extra = so_far.extra.to(key.span);
                    cut = Some(Cut { extra, ..so_far });
                    let span = so_far.first.to(key.span);
                    let text = self.source.slice(span).into();
                    let style = ScalarStyle::Plain;
                    *before = Node::scalar(
                        span,
                        Scalar {
                            text,
                            style,
                            kind: ScalarKind::Text,
                        },
                    );
                }
                _ => {
                    self.report(cut.take());
                    whole.push((key, value));
                }
            }
        }
        self.report(cut);
        whole
    }

    fn report(&mut self, cut: Option<Cut>) {
        let Some(Cut { first, extra }) = cut else {
            return;
        };
        let whole = first.to(extra);
        let issue = YamlIssue::new(YamlIssueKind::CommaInFlow, extra).related(first);
        self.issues
            .push(issue.fix(whole, quoted(self.source.slice(whole))));
    }

    fn has_colon(&self, key: Span) -> bool {
        let after = self.source.text().get(key.end..).unwrap_or_default();
        after.trim_start().starts_with(':')
    }
}

/// A text that a comma cut: what stands before the first comma, and all that stands behind it.
#[derive(Clone, Copy)]
struct Cut {
    first: Span,
    extra: Span,
}

/// `<<` and what it brings.
struct Merge {
    key: Span,
    /// How many members stand before it.
    place: usize,
    bases: Vec<Members>,
}

impl Merge {
    /// The members with what they inherit, which stands where `<<` stood. A member of the mapping
    /// itself wins over an inherited one, and an earlier base over a later one.
    fn into(self, members: Members) -> Members {
        let inherited = self.bases.into_iter().flatten();
        let mut new = Members::new();
        for (key, member) in inherited.filter(|(key, _)| !members.contains_key(key)) {
            new.entry(key).or_insert(member);
        }
        let mut members = members.into_iter();
        let mut all: Members = members.by_ref().take(self.place).collect();
        all.extend(new);
        all.extend(members);
        all
    }
}

fn pairs(children: Vec<Node>) -> Vec<(Node, Node)> {
    let mut pairs = Vec::with_capacity(children.len() / 2);
    let mut children = children.into_iter();
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        pairs.push((key, value));
    }
    pairs
}

/// A plain scalar that is written right here.
fn is_plain(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            scalar.style == ScalarStyle::Plain
                && scalar.kind != ScalarKind::Absent
                && node.alias.is_none()
        }
        NodeKind::Seq(_) | NodeKind::Map(_) => false,
    }
}

fn is_merge(key: &Node) -> bool {
    match &key.kind {
        NodeKind::Scalar(scalar) => scalar.kind == ScalarKind::Plain && &*scalar.text == "<<",
        NodeKind::Seq(_) | NodeKind::Map(_) => false,
    }
}
