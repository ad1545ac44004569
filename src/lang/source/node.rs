//! A document as a tree whose every key and value knows its bytes.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::issue::{YamlIssue, YamlIssueKind};
use super::scalar::{self, ScalarKind};
use super::text::Span;

/// How a scalar is written; what its bytes mean depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScalarStyle {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// A scalar: its text after escapes, folding and indentation are undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    pub text: Arc<str>,
    pub style: ScalarStyle,
    pub(super) kind: ScalarKind,
}

/// One value of a document. Aliases and merge keys are already expanded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// The bytes of the value. For an alias, those of the value it stands for.
    pub(super) span: Span,
    /// Where `*name` is written, when the value came through an alias.
    pub(super) alias: Option<Span>,
    pub(super) kind: NodeKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum NodeKind {
    Scalar(Scalar),
    Seq(Vec<Node>),
    Map(Members),
}

/// The members of a mapping by key text, in the order they are written.
pub(super) type Members = IndexMap<Arc<str>, Member>;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub(super) key: Span,
    pub(super) value: Node,
}

/// How much an alias to a node costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) nodes: usize,
    /// Levels of lists and mappings, the node's own included.
    pub(super) height: usize,
}

impl Node {
    pub(super) fn scalar(span: Span, scalar: Scalar) -> Self {
        Self {
            span,
            alias: None,
            kind: NodeKind::Scalar(scalar),
        }
    }

    /// A value that is not written: `key:` and nothing after it.
    pub(super) fn absent(span: Span) -> Self {
        let text = Arc::from("");
        Self::scalar(
            span,
            Scalar {
                text,
                style: ScalarStyle::Plain,
                kind: ScalarKind::Absent,
            },
        )
    }

    /// True for a value that is not written at all (`~` and `null` are written).
    pub(super) fn is_absent(&self) -> bool {
        match &self.kind {
            NodeKind::Scalar(scalar) => scalar.kind == ScalarKind::Absent,
            NodeKind::Seq(_) | NodeKind::Map(_) => false,
        }
    }

    /// Where this value is written in its own place, be it as an alias.
    pub(super) fn written(&self) -> Span {
        self.alias.unwrap_or(self.span)
    }

    /// What stands in for an alias that leads nowhere, which is reported where it stands.
    pub(super) fn is_broken_alias(&self) -> bool {
        self.is_absent() && !self.span.is_empty()
    }

    pub(super) fn extent(&self) -> Extent {
        let inside = |extents: &mut dyn Iterator<Item = Extent>| {
            extents.fold(
                Extent {
                    nodes: 1,
                    height: 1,
                },
                |sum, one| Extent {
                    nodes: sum.nodes + one.nodes,
                    height: sum.height.max(one.height + 1),
                },
            )
        };
        match &self.kind {
            NodeKind::Scalar(_) => Extent {
                nodes: 1,
                height: 0,
            },
            NodeKind::Seq(items) => inside(&mut items.iter().map(Node::extent)),
            NodeKind::Map(members) => {
                let keys = Extent {
                    nodes: members.len(),
                    height: 0,
                };
                let values = members.values().map(|member| member.value.extent());
                inside(&mut values.chain(std::iter::once(keys)))
            }
        }
    }

    /// The value by the core schema of YAML 1.2. A number JSON cannot carry becomes an issue, and
    /// null in the value.
    pub(super) fn to_json(&self, issues: &mut Vec<YamlIssue>) -> Value {
        match &self.kind {
            NodeKind::Scalar(scalar) => {
                scalar::to_json(&scalar.text, scalar.kind).unwrap_or_else(|problem| {
                    let kind = YamlIssueKind::BadNumber {
                        text: scalar.text.to_string(),
                        problem,
                    };
                    issues.push(YamlIssue::new(kind, self.span));
                    Value::Null
                })
            }
            NodeKind::Seq(items) => items.iter().map(|item| item.to_json(issues)).collect(),
            NodeKind::Map(members) => members
                .iter()
                .map(|(key, member)| (key.to_string(), member.value.to_json(issues)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}
