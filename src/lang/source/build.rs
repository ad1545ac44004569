//! The tree of one document, grown from a stream of starts, scalars and ends.
//!
//! On the way it keeps the budgets, expands aliases and refuses foreign tags.

use std::collections::HashMap;
use std::sync::Arc;

use super::issue::{YamlIssue, YamlIssueKind};
use super::mapping::Mapping;
use super::node::{Extent, Node, NodeKind, Scalar, ScalarStyle};
use super::scalar::{self, CoreTag, ScalarKind};
use super::text::{Source, Span};
use super::yaml::Limits;

/// Which notation a list or mapping uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    Block,
    Flow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Seq,
    Map,
}

/// `&name` and `!tag` in front of a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Properties {
    pub(super) anchor: Option<usize>,
    pub(super) tag: Option<Tag>,
}

#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub(super) span: Span,
    /// `None` for a tag that is not of the core schema.
    pub(super) core: Option<CoreTag>,
}

/// A document cannot be built any further: a budget is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop;

/// A list or mapping that is not closed yet.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) start: usize,
    pub(super) notation: Notation,
    pub(super) shape: Shape,
    anchor: Option<usize>,
    children: Vec<Node>,
}

/// What an alias can stand for.
#[derive(Debug)]
struct Anchor {
    node: Node,
    extent: Extent,
}

#[derive(Debug)]
pub(super) struct Builder<'a> {
    source: &'a Source,
    limits: Limits,
    /// Nodes of all documents of the file so far.
    nodes: usize,
    document: Document,
}

/// What is known of the document being read.
#[derive(Debug, Default)]
struct Document {
    issues: Vec<YamlIssue>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Anchor>,
    anchor_names: Vec<String>,
    root: Option<Node>,
    last_scalar: Option<Span>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(source: &'a Source, limits: Limits) -> Self {
        Self {
            source,
            limits,
            nodes: 0,
            document: Document::default(),
        }
    }

    /// The finished tree and what was wrong with it; the next document starts empty.
    pub(super) fn take(&mut self) -> (Option<Node>, Vec<YamlIssue>) {
        let document = std::mem::take(&mut self.document);
        (document.root, document.issues)
    }

    /// The lists and mappings that are still open, the innermost last.
    pub(super) fn open_frames(&self) -> &[Frame] {
        &self.document.frames
    }

    /// How many lists and mappings may be open at once.
    pub(super) fn depth_limit(&self) -> usize {
        self.limits.depth
    }

    /// The last scalar that was read, for a syntax error right after it.
    pub(super) fn last_scalar(&self) -> Option<Span> {
        self.document.last_scalar
    }

    pub(super) fn scalar(
        &mut self,
        span: Span,
        text: &str,
        style: ScalarStyle,
        properties: &Properties,
    ) -> Result<(), Stop> {
        self.count(1, span)?;
        self.document.last_scalar = Some(span);
        let kind = match style {
            ScalarStyle::Plain if span.is_empty() => ScalarKind::Absent,
            ScalarStyle::Plain => ScalarKind::Plain,
            ScalarStyle::SingleQuoted
            | ScalarStyle::DoubleQuoted
            | ScalarStyle::Literal
            | ScalarStyle::Folded => ScalarKind::Text,
        };
        if kind == ScalarKind::Absent {
            self.push(Node::absent(self.after_colon(span)), properties.anchor);
            return Ok(());
        }
        let kind = match &properties.tag {
            Some(Tag {
                core: Some(CoreTag::Str),
                ..
            }) => ScalarKind::Text,
            Some(Tag {
                core: Some(tag), ..
            }) if scalar::agrees(text, *tag) => kind,
            Some(tag) => {
                self.refuse_tag(tag);
                kind
            }
            None => kind,
        };
        let scalar = Scalar {
            text: Arc::from(text),
            style,
            kind,
        };
        self.push(Node::scalar(self.trimmed(span), scalar), properties.anchor);
        Ok(())
    }

    pub(super) fn open(
        &mut self,
        start: usize,
        shape: Shape,
        notation: Notation,
        properties: &Properties,
    ) -> Result<(), Stop> {
        let span = self.source.span(start..start);
        self.count(1, span)?;
        self.go_deeper(1, span)?;
        if let Some(tag) = &properties.tag {
            let fits = match shape {
                Shape::Seq => tag.core == Some(CoreTag::Seq),
                Shape::Map => tag.core == Some(CoreTag::Map),
            };
            if !fits {
                self.refuse_tag(tag);
            }
        }
        let start = self.dash(start, shape, notation);
        let children = Vec::new();
        self.document.frames.push(Frame {
            start,
            notation,
            shape,
            anchor: properties.anchor,
            children,
        });
        Ok(())
    }

    /// Closes the innermost list or mapping; `end` is where its closing bracket ends.
    pub(super) fn close(&mut self, end: usize) {
        let frame = self
            .document
            .frames
            .pop()
            .expect("the parser closes only what it opened");
        let end = match frame.notation {
            Notation::Flow => end,
            Notation::Block => frame
                .children
                .last()
                .map_or(frame.start, |last| last.span.end.max(frame.start)),
        };
        let span = self.source.span(frame.start..end);
        let kind = match frame.shape {
            Shape::Seq => NodeKind::Seq(frame.children),
            Shape::Map => {
                let issues = &mut self.document.issues;
                let (source, notation) = (self.source, frame.notation);
                Mapping {
                    source,
                    issues,
                    notation,
                    span,
                }
                .build(frame.children)
            }
        };
        self.push(
            Node {
                span,
                alias: None,
                kind,
            },
            frame.anchor,
        );
    }

    /// The name of the anchor of the last node.
    pub(super) fn anchor_name(&mut self, name: &str) {
        self.document.anchor_names.push(name.to_owned());
    }

    /// `*name`. An anchor that is not finished is one the alias stands inside of.
    pub(super) fn alias(&mut self, id: usize, span: Span) -> Result<(), Stop> {
        let Some(anchor) = self.document.anchors.get(&id) else {
            let around = self
                .document
                .frames
                .iter()
                .find(|frame| frame.anchor == Some(id));
            let start = around.map_or(span.start, |frame| frame.start);
            let kind = YamlIssueKind::AliasLoop {
                name: self.alias_name(span),
            };
            let issue = YamlIssue::new(kind, span).related(self.source.span(start..start + 1));
            self.document.issues.push(issue);
            self.push(Node::absent(span), None);
            return Ok(());
        };
        let extent = anchor.extent;
        if self.nodes + extent.nodes > self.limits.nodes {
            let limit = self.limits.nodes;
            return Err(self.stop(YamlIssueKind::AliasBomb { limit }, span));
        }
        self.nodes += extent.nodes;
        let node = Node {
            alias: Some(span),
            ..anchor.node.clone()
        };
        self.go_deeper(extent.height, span)?;
        self.push(node, None);
        Ok(())
    }

    /// `*name` where no anchor of that name stands above it.
    pub(super) fn unknown_alias(&mut self, span: Span) -> Result<(), Stop> {
        let name = self.alias_name(span);
        self.count(1, span)?;
        let recent = self.document.anchor_names.iter().rev().take(20);
        let anchors = recent.cloned().collect();
        let kind = YamlIssueKind::UnknownAnchor { name, anchors };
        self.document.issues.push(YamlIssue::new(kind, span));
        self.push(Node::absent(span), None);
        Ok(())
    }

    /// The budget is spent: nothing else is said about this document.
    pub(super) fn stop(&mut self, kind: YamlIssueKind, span: Span) -> Stop {
        self.document.issues.clear();
        self.document.issues.push(YamlIssue::new(kind, span));
        Stop
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), Stop> {
        self.nodes += nodes;
        if self.nodes > self.limits.nodes {
            let limit = self.limits.nodes;
            return Err(self.stop(YamlIssueKind::TooMany { limit }, span));
        }
        Ok(())
    }

    fn go_deeper(&mut self, levels: usize, span: Span) -> Result<(), Stop> {
        if self.document.frames.len() + levels > self.limits.depth {
            let limit = self.limits.depth;
            return Err(self.stop(YamlIssueKind::TooDeep { limit }, span));
        }
        Ok(())
    }

    fn push(&mut self, node: Node, anchor: Option<usize>) {
        if let Some(id) = anchor {
            let extent = node.extent();
            self.document.anchors.insert(
                id,
                Anchor {
                    node: node.clone(),
                    extent,
                },
            );
        }
        match self.document.frames.last_mut() {
            Some(frame) => frame.children.push(node),
            None => self.document.root = Some(node),
        }
    }

    fn refuse_tag(&mut self, tag: &Tag) {
        let kind = YamlIssueKind::UnknownTag {
            tag: self.source.slice(tag.span).to_owned(),
        };
        self.document.issues.push(YamlIssue::new(kind, tag.span));
    }

    fn alias_name(&self, span: Span) -> String {
        self.source.slice(span).trim_start_matches('*').to_owned()
    }

    /// Absent values are put right behind the colon, where the value would be written.
    fn after_colon(&self, span: Span) -> Span {
        let colon = self
            .source
            .text()
            .get(span.end..)
            .is_some_and(|rest| rest.starts_with(':'));
        let at = span.end + usize::from(colon);
        self.source.span(at..at)
    }

    /// Block scalars own the breaks after them; nobody wants those underlined.
    fn trimmed(&self, span: Span) -> Span {
        let text = self.source.slice(span);
        self.source
            .span(span.start..span.start + text.trim_end_matches(['\n', '\r']).len())
    }

    /// A block list starts at its first dash.
    fn dash(&self, start: usize, shape: Shape, notation: Notation) -> usize {
        let before = self.source.text().get(..start).unwrap_or_default();
        let at_dash = self
            .source
            .text()
            .get(start..)
            .is_some_and(|rest| rest.starts_with('-'));
        if shape == Shape::Map || notation == Notation::Flow || at_dash {
            return start;
        }
        let before = before.trim_end();
        if before.ends_with('-') {
            before.len() - 1
        } else {
            start
        }
    }
}
