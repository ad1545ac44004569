//! The tree of one document, grown from a stream of starts, scalars and ends.
//!
//! On the way it refuses what the language does not allow (duplicate keys, keys that are no text,
//! foreign tags), keeps the budgets, and undoes two mistakes of flow notation that YAML itself
//! accepts: `{ reason: no job, or off }` and `id: {{ x }}`.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::map::Entry;

use super::issue::{YamlIssue, YamlIssueKind};
use super::node::{Extent, Member, Members, Node, NodeKind, Scalar, ScalarStyle};
use super::quote::quoted;
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
    pub(super) fn close(&mut self, end: usize) -> Result<(), Stop> {
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
            Shape::Map => self.mapping(frame.notation, span, frame.children),
        };
        self.push(
            Node {
                span,
                alias: None,
                kind,
            },
            frame.anchor,
        );
        Ok(())
    }

    /// The name of the anchor of the last node.
    pub(super) fn anchor_name(&mut self, name: &str) -> Result<(), Stop> {
        self.document.anchor_names.push(name.to_owned());
        Ok(())
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
        let anchors = self.document.anchor_names.clone();
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

    /// Keys and values, alternating, become members.
    fn mapping(&mut self, notation: Notation, span: Span, children: Vec<Node>) -> NodeKind {
        if let Some(scalar) = self.template(notation, span, &children) {
            return NodeKind::Scalar(scalar);
        }
        let mut pairs = pairs(children);
        if notation == Notation::Flow {
            pairs = self.rejoin(pairs);
        }
        let mut members = Members::new();
        let mut merged: Option<(usize, Span)> = None;
        let mut bases = Vec::new();
        for (key, value) in pairs {
            if is_merge(&key) {
                match merged {
                    Some((_, first)) => self.duplicate("<<", key.span, first),
                    None => {
                        merged = Some((members.len(), key.span));
                        bases = self.bases(key.span, value);
                    }
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
        if let Some((mut place, _)) = merged {
            for (text, member) in bases.into_iter().flatten() {
                if !members.contains_key(&text) {
                    members.shift_insert(place, text, member);
                    place += 1;
                }
            }
        }
        NodeKind::Map(members)
    }

    fn duplicate(&mut self, key: &str, second: Span, first: Span) {
        let kind = YamlIssueKind::DuplicateKey {
            key: key.to_owned(),
        };
        self.document
            .issues
            .push(YamlIssue::new(kind, second).related(first));
    }

    fn key_text(&mut self, key: &Node) -> Option<Arc<str>> {
        match &key.kind {
            NodeKind::Scalar(scalar) if scalar.kind != ScalarKind::Absent => {
                Some(scalar.text.clone())
            }
            NodeKind::Scalar(_) | NodeKind::Seq(_) | NodeKind::Map(_) => {
                let known = self
                    .document
                    .issues
                    .iter()
                    .any(|issue| issue.span == key.written());
                if !known {
                    self.document
                        .issues
                        .push(YamlIssue::new(YamlIssueKind::NonTextKey, key.written()));
                }
                None
            }
        }
    }

    /// The mappings a merge key brings in, the strongest first.
    fn bases(&mut self, key: Span, value: Node) -> Vec<Members> {
        let at = value.alias.unwrap_or(value.span);
        let at = if at.is_empty() { key } else { at };
        let items = match value.kind {
            NodeKind::Map(members) => return vec![members],
            NodeKind::Seq(items) => items,
            // What was an unknown or endless alias is reported already.
            NodeKind::Scalar(_) if self.document.issues.iter().any(|issue| issue.span == at) => {
                Vec::new()
            }
            NodeKind::Scalar(_) => {
                self.document
                    .issues
                    .push(YamlIssue::new(YamlIssueKind::BadMergeKey, at));
                Vec::new()
            }
        };
        let mut bases = Vec::new();
        for item in items {
            let at = item.written();
            match item.kind {
                NodeKind::Map(members) => bases.push(members),
                NodeKind::Seq(_) | NodeKind::Scalar(_) => {
                    self.document
                        .issues
                        .push(YamlIssue::new(YamlIssueKind::BadMergeKey, at));
                }
            }
        }
        bases
    }

    /// `{{ x }}` without quotes is, to YAML, a mapping with a mapping for a key.
    fn template(&mut self, notation: Notation, span: Span, children: &[Node]) -> Option<Scalar> {
        let raw = self.source.slice(span);
        let inner = children.first()?.span;
        let doubled = raw.starts_with("{{") && raw.ends_with("}}");
        if notation != Notation::Flow || !doubled || inner.start != span.start + 1 {
            return None;
        }
        // What was found inside came of reading the template as a mapping.
        self.document
            .issues
            .retain(|issue| !span.contains(issue.span));
        let issue = YamlIssue::new(YamlIssueKind::UnquotedTemplate, span);
        self.document.issues.push(issue.fix(span, quoted(raw)));
        Some(Scalar {
            text: raw.into(),
            style: ScalarStyle::Plain,
            kind: ScalarKind::Text,
        })
    }

    /// Puts a text that a comma cut in two back together: `{ reason: no job, or off }`.
    fn rejoin(&mut self, pairs: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
        let mut whole: Vec<(Node, Node)> = Vec::with_capacity(pairs.len());
        let mut cut: Option<(Span, Span)> = None;
        for (key, value) in pairs {
            let torn = value.is_absent() && !self.has_colon(key.span) && is_plain(&key);
            match whole.last_mut() {
                Some((_, before)) if torn && is_plain(before) => {
                    let first = cut.map_or(before.span, |(first, _)| first);
                    let extra = cut.map_or(key.span, |(_, extra)| extra.to(key.span));
                    cut = Some((first, extra));
                    let span = first.to(key.span);
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
                    self.report_cut(cut.take());
                    whole.push((key, value));
                }
            }
        }
        self.report_cut(cut);
        whole
    }

    fn report_cut(&mut self, cut: Option<(Span, Span)>) {
        let Some((first, extra)) = cut else { return };
        let whole = first.to(extra);
        let issue = YamlIssue::new(YamlIssueKind::CommaInFlow, extra).related(first);
        self.document
            .issues
            .push(issue.fix(whole, quoted(self.source.slice(whole))));
    }

    fn has_colon(&self, key: Span) -> bool {
        let after = self.source.text().get(key.end..).unwrap_or_default();
        after.trim_start().starts_with(':')
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
            .span(span.start..span.start + text.trim_end_matches(['\n', '\r', ' ']).len())
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

fn pairs(children: Vec<Node>) -> Vec<(Node, Node)> {
    let mut pairs = Vec::with_capacity(children.len() / 2);
    let mut children = children.into_iter();
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        pairs.push((key, value));
    }
    pairs
}

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
