//! From a route in a document to the bytes it was written with.

use std::ops::Range;

use super::align;
use super::node::{Member, Node, NodeKind, Scalar};
use super::pointer::{Pointer, PointerTarget};
use super::text::{Source, Span};

/// Where every key and value of one document stands.
#[derive(Clone, Debug)]
pub struct SpanIndex {
    source: Source,
    root: Node,
}

/// One key with its value, or one item of a list, or the document itself.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The key; `None` for items of lists and for the document itself.
    pub key: Option<Span>,
    /// The value. Behind an alias, the value that the alias stands for. Empty, right after the
    /// colon, when nothing is written.
    pub value: Span,
    /// Where `*name` is written, when the value came through an alias.
    pub alias: Option<Span>,
    /// The scalar, with its style and decoded text; `None` for lists and mappings.
    pub scalar: Option<&'a Scalar>,
}

impl SpanIndex {
    pub(super) fn new(source: Source, root: Node) -> Self {
        Self { source, root }
    }

    /// The file this document is in.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What stands at the end of a route; `None` if the document has no such node.
    pub fn entry(&self, pointer: &Pointer) -> Option<Entry<'_>> {
        let (found, rest) = self.walk(pointer);
        (rest == 0).then_some(found)
    }

    pub fn contains(&self, pointer: &Pointer) -> bool {
        self.entry(pointer).is_some()
    }

    /// The key at the end of a route; `None` for items of lists.
    pub fn key(&self, pointer: &Pointer) -> Option<Span> {
        self.entry(pointer)?.key
    }

    /// The value at the end of a route.
    pub fn value(&self, pointer: &Pointer) -> Option<Span> {
        self.entry(pointer).map(|entry| entry.value)
    }

    /// Where to point for a route: never fails, because a route that the document does not have
    /// gives the key of its nearest ancestor that it does have (a missing key is a mistake of the
    /// mapping that lacks it). A key that does not exist gives the value.
    pub fn span(&self, pointer: &Pointer, target: PointerTarget) -> Span {
        let (found, rest) = self.walk(pointer);
        match target {
            PointerTarget::Value if rest == 0 => found.value,
            PointerTarget::Key | PointerTarget::Value => {
                found.key.unwrap_or_else(|| self.first_line(found.value))
            }
        }
    }

    /// Bytes `range` of a scalar's decoded text, as bytes of the file. `None` if the route gives
    /// no scalar or the range lies outside it.
    pub fn within(&self, pointer: &Pointer, range: Range<usize>) -> Option<Span> {
        let entry = self.entry(pointer)?;
        let scalar = entry.scalar?;
        let found = align::locate(self.source.text(), entry.value.range(), scalar, range)?;
        Some(self.source.span(found))
    }

    /// The deepest route whose key or value covers a byte of the file.
    pub fn at(&self, offset: usize) -> Option<(Pointer, PointerTarget)> {
        let mut pointer = Pointer::root();
        let covers = |span: Span| span.start <= offset && offset <= span.end;
        let mut node = covers(self.root.span).then_some(&self.root)?;
        loop {
            match &node.kind {
                NodeKind::Scalar(_) => return Some((pointer, PointerTarget::Value)),
                NodeKind::Seq(items) => {
                    let Some(at) = items.iter().position(|item| covers(item.written())) else {
                        return Some((pointer, PointerTarget::Value));
                    };
                    pointer.push_index(at);
                    node = &items[at];
                }
                NodeKind::Map(members) => {
                    let here = |m: &Member| covers(m.key) || covers(m.value.written());
                    let Some((key, member)) = members.iter().find(|(_, member)| here(member))
                    else {
                        return Some((pointer, PointerTarget::Value));
                    };
                    pointer.push_key(key.clone());
                    if covers(member.key) {
                        return Some((pointer, PointerTarget::Key));
                    }
                    node = &member.value;
                }
            }
            if node.alias.is_some() {
                return Some((pointer, PointerTarget::Value));
            }
        }
    }

    /// Every route of the document, parents before children, in the order of the text.
    pub fn pointers(&self) -> Vec<Pointer> {
        let mut all = Vec::new();
        let mut waiting = vec![(Pointer::root(), &self.root)];
        while let Some((pointer, node)) = waiting.pop() {
            match &node.kind {
                NodeKind::Scalar(_) => {}
                NodeKind::Seq(items) => {
                    let below = items.iter().enumerate().rev();
                    waiting.extend(below.map(|(at, item)| (pointer.index(at), item)));
                }
                NodeKind::Map(members) => {
                    let below = members.iter().rev();
                    waiting.extend(below.map(|(key, m)| (pointer.key(key.clone()), &m.value)));
                }
            }
            all.push(pointer);
        }
        all
    }

    /// Goes down as far as the document goes; the number says how many tokens were left over.
    fn walk(&self, pointer: &Pointer) -> (Entry<'_>, usize) {
        let mut found = self.root.entry(None);
        let mut node = &self.root;
        let mut rest = pointer.depth();
        for token in pointer.tokens() {
            let (key, below) = match &node.kind {
                NodeKind::Scalar(_) => break,
                NodeKind::Seq(items) => {
                    let item = token.parse::<usize>().ok().and_then(|at| items.get(at));
                    let Some(item) = item else { break };
                    (None, item)
                }
                NodeKind::Map(members) => {
                    let Some(member) = members.get(token) else {
                        break;
                    };
                    (Some(member.key), &member.value)
                }
            };
            node = below;
            found = node.entry(key);
            rest -= 1;
        }
        (found, rest)
    }

    /// A whole mapping is too much to underline: its first line will do.
    fn first_line(&self, span: Span) -> Span {
        let line = self.source.slice(span).lines().next().unwrap_or_default();
        self.source
            .span(span.start..span.start + line.trim_end().len())
    }
}

impl Node {
    fn entry(&self, key: Option<Span>) -> Entry<'_> {
        let scalar = match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            NodeKind::Seq(_) | NodeKind::Map(_) => None,
        };
        Entry {
            key,
            value: self.span,
            alias: self.alias,
            scalar,
        }
    }
}
