//! A place in a document, and the way from there to a diagnostic.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use crate::lang::diag::{Code, Diagnostic};
use crate::lang::load::Document;
use crate::lang::plan::Origin;
use crate::lang::source::{Pointer, PointerTarget, Span};

/// Where the passes put what they find.
#[derive(Debug, Default)]
pub(super) struct Sink(RefCell<Vec<Diagnostic>>);

impl Sink {
    /// Everything that was found, in no order.
    pub(super) fn into_inner(self) -> Vec<Diagnostic> {
        self.0.into_inner()
    }

    /// How many errors there are so far; when it has not changed, what was just compiled is sound.
    pub(super) fn errors(&self) -> usize {
        self.0
            .borrow()
            .iter()
            .filter(|found| found.is_error())
            .count()
    }
}

/// A place in a document.
#[derive(Clone, Debug)]
pub(super) struct Site<'p> {
    pub(super) doc: &'p Document,
    pub(super) at: Pointer,
    sink: &'p Sink,
    /// The calls that lead here when this is in a routine, the nearest first.
    calls: Rc<[Span]>,
}

impl<'p> Site<'p> {
    /// The whole document.
    pub(super) fn root(doc: &'p Document, sink: &'p Sink) -> Self {
        Self {
            doc,
            at: Pointer::root(),
            sink,
            calls: Rc::default(),
        }
    }

    /// The whole document of a routine that is called here.
    pub(super) fn routine(&self, doc: &'p Document) -> Self {
        let calls = std::iter::once(self.key_span()).chain(self.calls.iter().copied());
        Self {
            calls: calls.collect(),
            ..Self::root(doc, self.sink)
        }
    }

    /// The place under a key.
    pub(super) fn key(&self, key: impl Into<Arc<str>>) -> Self {
        Self {
            doc: self.doc,
            at: self.at.key(key),
            sink: self.sink,
            calls: Rc::clone(&self.calls),
        }
    }

    /// The place of an item.
    pub(super) fn index(&self, index: usize) -> Self {
        Self {
            doc: self.doc,
            at: self.at.index(index),
            sink: self.sink,
            calls: Rc::clone(&self.calls),
        }
    }

    /// The bytes of the value here.
    pub(super) fn span(&self) -> Span {
        self.doc.index.span(&self.at, PointerTarget::Value)
    }

    /// The bytes of the key here; of an item of a list, its first line.
    pub(super) fn key_span(&self) -> Span {
        self.doc.index.span(&self.at, PointerTarget::Key)
    }

    /// Bytes of the scalar here; the whole of it when they cannot be told apart.
    pub(super) fn span_within(&self, range: Range<usize>) -> Span {
        self.doc
            .index
            .within(&self.at, range)
            .unwrap_or_else(|| self.span())
    }

    /// File and line, for messages at run time.
    pub(super) fn origin(&self) -> Origin {
        let source = &self.doc.source;
        let line = source.position(self.key_span().start).line;
        Origin {
            file: source.name().into(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
        }
    }

    /// The value is wrong.
    pub(super) fn fault(&self, code: Code, headline: impl Into<String>) -> Draft<'p> {
        self.draft(code, self.span(), headline)
    }

    /// The key is wrong, or what is missing is missing under it.
    pub(super) fn fault_key(&self, code: Code, headline: impl Into<String>) -> Draft<'p> {
        self.draft(code, self.key_span(), headline)
    }

    /// A place of another document, given by its bytes, is wrong.
    pub(super) fn fault_at(
        &self,
        span: Span,
        code: Code,
        headline: impl Into<String>,
    ) -> Draft<'p> {
        self.draft(code, span, headline)
    }

    /// Some bytes of the scalar are wrong.
    pub(super) fn fault_within(
        &self,
        range: Range<usize>,
        code: Code,
        headline: impl Into<String>,
    ) -> Draft<'p> {
        self.draft(code, self.span_within(range), headline)
    }

    fn draft(&self, code: Code, span: Span, headline: impl Into<String>) -> Draft<'p> {
        Draft {
            sink: self.sink,
            calls: Rc::clone(&self.calls),
            found: Diagnostic::new(code, span, headline),
        }
    }
}

/// A diagnostic in the making; [`Draft::report`] hands it in.
#[must_use = "nothing is said until `report` is called"]
pub(super) struct Draft<'p> {
    sink: &'p Sink,
    calls: Rc<[Span]>,
    found: Diagnostic,
}

impl Draft<'_> {
    /// What is at the place.
    pub(super) fn label(mut self, text: impl Into<String>) -> Self {
        self.found = self.found.label(text);
        self
    }

    /// A second place and what is there.
    pub(super) fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.found = self.found.also(span, text);
        self
    }

    /// What to do.
    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        self.found = self.found.help(text);
        self
    }

    /// What to do, when there is something to say.
    pub(super) fn help_opt(mut self, text: Option<String>) -> Self {
        self.found = self.found.help_opt(text);
        self
    }

    /// The text that would be right in place of the underlined.
    pub(super) fn instead(mut self, replacement: impl Into<String>) -> Self {
        let span = self.found.primary.span;
        self.found = self.found.patch(span, replacement);
        self
    }

    /// Hands it in. What is wrong in a routine is said once, with the first call of it.
    pub(super) fn report(mut self) {
        let mut list = self.sink.0.borrow_mut();
        if !self.calls.is_empty() {
            let found = &self.found;
            let said = |earlier: &Diagnostic| {
                earlier.code == found.code
                    && earlier.primary.span == found.primary.span
                    && earlier.headline == found.headline
            };
            if list.iter().any(said) {
                return;
            }
        }
        for call in self.calls.iter() {
            self.found = self.found.also(*call, "it is called here");
        }
        list.push(self.found);
    }
}
