//! A route from the root of a document to one of its nodes.

use std::fmt::{self, Write as _};
use std::sync::Arc;

/// Keys and indexes from the root of a document down: `/steps/0/write/find`.
///
/// An index is kept as its decimal text: a node is either a list or a mapping, so the two cannot
/// be confused, and a pointer read from text (RFC 6901) equals one that was built.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer {
    tokens: Vec<Arc<str>>,
}

/// Which half of a `key: value` pair is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointerTarget {
    Key,
    Value,
}

impl Pointer {
    /// The document itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads the text form of RFC 6901: empty for the root, else each token after a `/`.
    pub fn parse(text: &str) -> Self {
        let unescape = |token: &str| Arc::from(token.replace("~1", "/").replace("~0", "~"));
        Self {
            tokens: text.split('/').skip(1).map(unescape).collect(),
        }
    }

    pub fn push_key(&mut self, key: impl Into<Arc<str>>) {
        self.tokens.push(key.into());
    }

    pub fn push_index(&mut self, index: usize) {
        self.tokens.push(index.to_string().into());
    }

    /// Goes up one level; the root stays the root.
    pub fn pop(&mut self) {
        self.tokens.pop();
    }

    /// This route and one key more.
    #[must_use]
    pub fn key(&self, key: impl Into<Arc<str>>) -> Self {
        let mut longer = self.clone();
        longer.push_key(key);
        longer
    }

    /// This route and one index more.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut longer = self.clone();
        longer.push_index(index);
        longer
    }

    /// This route, then `rest` from there.
    #[must_use]
    pub fn join(&self, rest: &Pointer) -> Self {
        let mut longer = self.clone();
        longer.tokens.extend(rest.tokens.iter().cloned());
        longer
    }

    /// The route to what holds this node; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.tokens.split_last()?;
        Some(Self {
            tokens: above.to_vec(),
        })
    }

    /// The last key or index; `None` for the root.
    pub fn last(&self) -> Option<&str> {
        self.tokens.last().map(|token| &**token)
    }

    /// Keys and indexes (in decimal) from the root down.
    pub fn tokens(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.tokens.iter().map(|token| &**token)
    }

    pub fn is_root(&self) -> bool {
        self.tokens.is_empty()
    }

    /// How many steps below the root.
    pub fn depth(&self) -> usize {
        self.tokens.len()
    }

    pub fn starts_with(&self, above: &Pointer) -> bool {
        self.tokens.starts_with(&above.tokens)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.tokens {
            f.write_char('/')?;
            for c in token.chars() {
                match c {
                    '~' => f.write_str("~0")?,
                    '/' => f.write_str("~1")?,
                    other => f.write_char(other)?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_prints_as_a_json_pointer() {
        let step = Pointer::root().key("steps").index(0);
        assert_eq!(
            step.key("write").key("find").to_string(),
            "/steps/0/write/find"
        );
        assert_eq!(Pointer::root().to_string(), "");
        assert_eq!(Pointer::root().key("a/b~c").to_string(), "/a~1b~0c");
    }

    #[test]
    fn it_goes_up_and_on() {
        let mut at = Pointer::root().key("rows");
        at.push_key("job.Done");
        assert_eq!(at.last(), Some("job.Done"));
        assert_eq!(at.parent(), Some(Pointer::root().key("rows")));
        at.pop();
        assert_eq!(
            at.join(&Pointer::parse("/x/1")),
            Pointer::parse("/rows/x/1")
        );
        assert!(Pointer::parse("/rows/x").starts_with(&at));
        assert_eq!(Pointer::root().parent(), None);
    }

    proptest! {
        #[test]
        fn what_it_prints_reads_back(tokens in prop::collection::vec("[a-z~/0-9]{0,4}", 0..5)) {
            let mut pointer = Pointer::root();
            for token in tokens {
                pointer.push_key(token);
            }
            prop_assert_eq!(Pointer::parse(&pointer.to_string()), pointer);
        }
    }
}
