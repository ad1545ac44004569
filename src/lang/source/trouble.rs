//! The parser's errors, sorted by what they say about the text.

/// Why a parser gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Tab,
    /// Text right after a closing quote.
    AfterQuote {
        quote: char,
    },
    OpenQuote,
    /// A bracket that is not closed, or closed by one of the other kind.
    OpenBracket {
        closed_by: Option<char>,
    },
    StrayBracket,
    /// In brackets, something that is neither a comma nor the end.
    Separator,
    /// A colon where no key can be.
    Colon,
    /// A line that should be a key and has no colon.
    NoColon,
    Indentation,
    Reserved {
        character: char,
    },
    Escape,
    /// A dash where no list can begin.
    List,
    /// Text behind `|` or `>`.
    BlockMark,
    TooDeep,
    Other {
        says: String,
    },
}
