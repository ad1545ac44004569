//! Pages of a list.

use schemars::JsonSchema;
use serde::Serialize;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Given as `after`, it leads to the next page; null on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page made from one thing more than it may hold, if there are so many.
    pub(super) fn cut(mut items: Vec<T>, most: usize, place: impl Fn(&T) -> String) -> Self {
        let goes_on = items.len() > most;
        items.truncate(most);
        let next = items.last().filter(|_| goes_on).map(place);
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_only_where_there_is_more() {
        let page = |items: &[u8]| Page::cut(items.to_vec(), 2, ToString::to_string);
        assert_eq!(page(&[]).next, None);
        assert_eq!(page(&[1, 2]).next, None);
        let cut = page(&[1, 2, 3]);
        assert_eq!((cut.items, cut.next), (vec![1, 2], Some("2".to_owned())));
    }
}
