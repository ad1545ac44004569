//! Cuts a filter into tokens.

use super::Error;

/// A token and where it begins, in characters from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: TokenKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Open,
    Close,
    Comma,
    /// A text in quotes, without them.
    Quoted(String),
    /// A name, path, operator, number or date.
    Word(String),
}

impl TokenKind {
    /// For messages.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Open => "'('".to_owned(),
            Self::Close => "')'".to_owned(),
            Self::Comma => "','".to_owned(),
            Self::Quoted(text) => format!("the text '{text}'"),
            Self::Word(word) => format!("'{word}'"),
        }
    }
}

pub(super) fn tokens(filter: &str) -> Result<Vec<Token>, Error> {
    let chars: Vec<char> = filter.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&char) = chars.get(at) {
        let begin = at;
        at += 1;
        let kind = match char {
            ' ' | '\t' | '\r' | '\n' => continue,
            '(' => TokenKind::Open,
            ')' => TokenKind::Close,
            ',' => TokenKind::Comma,
            '\'' => {
                let mut text = String::new();
                loop {
                    match (chars.get(at), chars.get(at + 1)) {
                        (Some('\''), Some('\'')) => {
                            text.push('\'');
                            at += 2;
                        }
                        (Some('\''), _) => {
                            at += 1;
                            break TokenKind::Quoted(text);
                        }
                        (Some(&inside), _) => {
                            text.push(inside);
                            at += 1;
                        }
                        (None, _) => {
                            let found = "the end".to_owned();
                            return Err(Error::Syntax {
                                at,
                                found,
                                wanted: "a closing quote",
                            });
                        }
                    }
                }
            }
            word if is_word(word) => {
                while chars.get(at).copied().is_some_and(is_word) {
                    at += 1;
                }
                TokenKind::Word(chars.iter().skip(begin).take(at - begin).collect())
            }
            other => {
                let found = format!("'{other}'");
                return Err(Error::Syntax {
                    at: begin,
                    found,
                    wanted: "a name or a value",
                });
            }
        };
        tokens.push(Token { at: begin, kind });
    }
    Ok(tokens)
}

fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '/' | '.' | ':' | '+' | '-')
}
