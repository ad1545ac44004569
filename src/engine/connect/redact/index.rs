//! Texts that are looked for in others, found by how they begin.
//!
//! Thousands of tenants have tens of thousands of forms of secrets, and every new token brings more. An automaton over
//! all of them would have to be built again for each; here one is learned, and forgotten, by itself.

use std::collections::{BTreeMap, HashMap};

/// Forms are filed by so many of their first bytes: by the most that they have.
const WIDTHS: [usize; 3] = [8, 4, 1];

type Head = [u8; 8];

/// The texts.
#[derive(Default)]
pub(super) struct Index([HashMap<Head, Forms>; WIDTHS.len()]);

/// The texts of one beginning. There may be thousands: tokens of one maker begin alike, and differ little in length.
#[derive(Default)]
struct Forms {
    forms: HashMap<Box<str>, Form>,
    /// How many there are of each length.
    lengths: BTreeMap<usize, usize>,
}

#[derive(Default)]
struct Form {
    /// How many know it for a while.
    learned: u32,
    keep: Keep,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Keep {
    ForGood,
    #[default]
    WhileLearned,
}

impl Index {
    /// Whether a text is known for good.
    pub(super) fn keeps(&self, text: &str) -> bool {
        let found = place(text.as_bytes())
            .and_then(|(tier, head)| self.0[tier].get(&head)?.forms.get(text));
        found.is_some_and(|form| form.keep == Keep::ForGood)
    }

    /// Knows a text for good.
    pub(super) fn keep(&mut self, text: String) {
        if let Some(form) = self.form_or_new(text) {
            form.keep = Keep::ForGood;
        }
    }

    /// Knows a text until it was forgotten as often as it was learned.
    pub(super) fn learn(&mut self, text: String) {
        if let Some(form) = self.form_or_new(text) {
            form.learned = form.learned.saturating_add(1);
        }
    }

    /// Forgets a text that was learned.
    pub(super) fn forget(&mut self, text: &str) {
        let Some((tier, head)) = place(text.as_bytes()) else {
            return;
        };
        let Some(forms) = self.0[tier].get_mut(&head) else {
            return;
        };
        forms.forget(text);
        if forms.forms.is_empty() {
            self.0[tier].remove(&head);
        }
    }

    /// The length of the longest known text that `text` begins with.
    pub(super) fn longest_at(&self, text: &str) -> Option<usize> {
        // Texts of a tier are longer than all of the tiers below it.
        WIDTHS.iter().zip(&self.0).find_map(|(width, tier)| {
            let forms = tier.get(&head(text.as_bytes(), *width)?)?;
            let lengths = forms.lengths.keys().rev().copied();
            let mut fits = lengths.filter(|length| {
                let begins = text.get(..*length);
                begins.is_some_and(|begins| forms.forms.contains_key(begins))
            });
            fits.next()
        })
    }

    /// How many texts are known.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let forms = self.0.iter().flat_map(HashMap::values);
        forms.map(|forms| forms.forms.len()).sum()
    }

    fn form_or_new(&mut self, text: String) -> Option<&mut Form> {
        let (tier, head) = place(text.as_bytes())?;
        let forms = self.0[tier].entry(head).or_default();
        if !forms.forms.contains_key(&*text) {
            *forms.lengths.entry(text.len()).or_default() += 1;
        }
        Some(forms.forms.entry(text.into()).or_default())
    }
}

impl Forms {
    fn forget(&mut self, text: &str) {
        let Some(form) = self.forms.get_mut(text) else {
            return;
        };
        form.learned = form.learned.saturating_sub(1);
        if form.learned > 0 || form.keep == Keep::ForGood {
            return;
        }
        self.forms.remove(text);
        if let Some(count) = self.lengths.get_mut(&text.len()) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&text.len());
            }
        }
    }
}

/// Where a text is filed; nowhere when it is empty.
fn place(text: &[u8]) -> Option<(usize, Head)> {
    WIDTHS
        .iter()
        .enumerate()
        .find_map(|(tier, width)| Some((tier, head(text, *width)?)))
}

/// The first bytes of a text that has so many.
fn head(text: &[u8], width: usize) -> Option<Head> {
    let mut head = Head::default();
    head.get_mut(..width)?.copy_from_slice(text.get(..width)?);
    Some(head)
}
