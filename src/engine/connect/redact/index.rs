//! Texts that are looked for in others, found by how they begin.
//!
//! Thousands of tenants have tens of thousands of forms of secrets, and every new token brings more. An automaton over
//! all of them would have to be built again for each; here one is learned, and forgotten, by itself.

use std::collections::HashMap;

/// Forms are filed by so many of their first bytes: by the most that they have.
const WIDTHS: [usize; 3] = [8, 4, 1];

type Head = [u8; 8];

/// The texts.
#[derive(Default)]
pub(super) struct Index([HashMap<Head, Vec<Form>>; WIDTHS.len()]);

struct Form {
    text: Box<str>,
    /// How many know it for a while.
    learned: u32,
    keep: Keep,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    ForGood,
    WhileLearned,
}

impl Index {
    /// Whether a text is known for good.
    pub(super) fn keeps(&self, text: &str) -> bool {
        let found = self.form(text);
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
        for form in forms.iter_mut().filter(|form| *form.text == *text) {
            form.learned = form.learned.saturating_sub(1);
        }
        forms.retain(|form| form.learned > 0 || form.keep == Keep::ForGood);
        if forms.is_empty() {
            self.0[tier].remove(&head);
        }
    }

    /// The length of the longest known text that `text` begins with.
    pub(super) fn longest_at(&self, text: &str) -> Option<usize> {
        // Texts of a tier are longer than all of the tiers below it.
        WIDTHS.iter().zip(&self.0).find_map(|(width, tier)| {
            let forms = tier.get(&head(text.as_bytes(), *width)?)?;
            let fits = forms.iter().filter(|form| text.starts_with(&*form.text));
            fits.map(|form| form.text.len()).max()
        })
    }

    /// How many texts are known.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.iter().flat_map(HashMap::values).map(Vec::len).sum()
    }

    fn form(&self, text: &str) -> Option<&Form> {
        let (tier, head) = place(text.as_bytes())?;
        let forms = self.0[tier].get(&head)?;
        forms.iter().find(|form| *form.text == *text)
    }

    fn form_or_new(&mut self, text: String) -> Option<&mut Form> {
        let (tier, head) = place(text.as_bytes())?;
        let forms = self.0[tier].entry(head).or_default();
        let at = forms.iter().position(|form| *form.text == *text);
        let at = at.unwrap_or_else(|| {
            forms.push(Form {
                text: text.into(),
                learned: 0,
                keep: Keep::WhileLearned,
            });
            forms.len() - 1
        });
        forms.get_mut(at)
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
