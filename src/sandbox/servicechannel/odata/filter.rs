//! `$filter`: comparisons, `contains`, `startswith`, `and`, `or` and parentheses.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::lex::{Token, TokenKind, tokens};
use super::{Error, Kind, Property, Value};

/// How deep parentheses may be nested.
const DEPTH: usize = 64;

/// A parsed filter.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Expr<P> {
    And(Box<Expr<P>>, Box<Expr<P>>),
    Or(Box<Expr<P>>, Box<Expr<P>>),
    Compare {
        property: P,
        operator: Operator,
        literal: Literal,
    },
    /// Case does not matter.
    Contains {
        property: P,
        text: String,
    },
    /// Case does not matter.
    StartsWith {
        property: P,
        text: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Operator {
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            "lt" => Self::Lt,
            "le" => Self::Le,
            _ => return None,
        })
    }
}

/// A written value, already of the kind of the property it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Literal {
    Null,
    Int(i64),
    Number(f64),
    Text(String),
    Time(DateTime<Utc>),
    Bool(bool),
}

impl Literal {
    fn read(token: &TokenKind, kind: Kind) -> Option<Self> {
        match (token, kind) {
            (TokenKind::Word(word), _) if word == "null" => Some(Self::Null),
            (TokenKind::Quoted(text), Kind::Text) => Some(Self::Text(text.clone())),
            (TokenKind::Word(word), Kind::Int) => word.parse().ok().map(Self::Int),
            (TokenKind::Word(word), Kind::Number) => word
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
                .map(Self::Number),
            (TokenKind::Word(word), Kind::Time) => DateTime::parse_from_rfc3339(word)
                .ok()
                .map(|at| Self::Time(at.to_utc())),
            (TokenKind::Word(word), Kind::Bool) => match word.as_str() {
                "true" => Some(Self::Bool(true)),
                "false" => Some(Self::Bool(false)),
                _ => None,
            },
            (
                TokenKind::Quoted(_)
                | TokenKind::Word(_)
                | TokenKind::Open
                | TokenKind::Close
                | TokenKind::Comma,
                _,
            ) => None,
        }
    }
}

impl<P: Property> Expr<P> {
    /// Reads a filter.
    pub(in super::super) fn parse(filter: &str) -> Result<Self, Error> {
        let tokens = tokens(filter)?;
        let mut parser = Parser {
            tokens: &tokens,
            next: 0,
            end: filter.chars().count(),
        };
        let expr = parser.or(0)?;
        match parser.peek() {
            None => Ok(expr),
            Some(_) => Err(parser.expected("the end, 'and' or 'or'")),
        }
    }

    /// Whether a row fulfils it.
    pub(in super::super) fn holds<'a>(&self, get: &impl Fn(P) -> Value<'a>) -> bool {
        match self {
            Self::And(left, right) => left.holds(get) && right.holds(get),
            Self::Or(left, right) => left.holds(get) || right.holds(get),
            Self::Compare {
                property,
                operator,
                literal,
            } => compares(get(*property), *operator, literal),
            Self::Contains { property, text } => {
                matches!(get(*property), Value::Text(value) if contains(value, text))
            }
            Self::StartsWith { property, text } => {
                matches!(get(*property), Value::Text(value) if starts_with(value, text))
            }
        }
    }

    /// Whether the filter says anything about such a property.
    pub(in super::super) fn mentions(&self, wanted: &impl Fn(P) -> bool) -> bool {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.mentions(wanted) || right.mentions(wanted)
            }
            Self::Compare { property, .. }
            | Self::Contains { property, .. }
            | Self::StartsWith { property, .. } => wanted(*property),
        }
    }

    /// The span of `property` outside of which no row fulfils the filter.
    pub(in super::super) fn span(&self, property: P) -> Span {
        match self {
            Self::And(left, right) => left.span(property).and(right.span(property)),
            Self::Or(left, right) => left.span(property).or(right.span(property)),
            Self::Compare {
                property: own,
                operator,
                literal: Literal::Time(at),
            } if *own == property => match operator {
                Operator::Eq => Span {
                    from: Some(*at),
                    to: Some(*at),
                },
                Operator::Gt | Operator::Ge => Span {
                    from: Some(*at),
                    to: None,
                },
                Operator::Lt | Operator::Le => Span {
                    from: None,
                    to: Some(*at),
                },
                Operator::Ne => Span::default(),
            },
            Self::Compare { .. } | Self::Contains { .. } | Self::StartsWith { .. } => {
                Span::default()
            }
        }
    }

    /// The only values of `property` with which a row can fulfil the filter, if it names them.
    pub(in super::super) fn only(&self, property: P) -> Option<BTreeSet<i64>> {
        match self {
            Self::And(left, right) => match (left.only(property), right.only(property)) {
                (Some(left), Some(right)) => Some(left.intersection(&right).copied().collect()),
                (one, other) => one.or(other),
            },
            Self::Or(left, right) => {
                let (left, right) = (left.only(property)?, right.only(property)?);
                Some(left.union(&right).copied().collect())
            }
            Self::Compare {
                property: own,
                operator: Operator::Eq,
                literal: Literal::Int(id),
            } if *own == property => Some(BTreeSet::from([*id])),
            Self::Compare { .. } | Self::Contains { .. } | Self::StartsWith { .. } => None,
        }
    }
}

/// From when to when, both ends included; none is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Span {
    pub(in super::super) from: Option<DateTime<Utc>>,
    pub(in super::super) to: Option<DateTime<Utc>>,
}

impl Span {
    fn and(self, other: Self) -> Self {
        let to = match (self.to, other.to) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self {
            from: self.from.max(other.from),
            to,
        }
    }

    fn or(self, other: Self) -> Self {
        let both = |one: Option<_>, two: Option<_>| one.zip(two);
        Self {
            from: both(self.from, other.from).map(|(one, two)| std::cmp::min(one, two)),
            to: both(self.to, other.to).map(|(one, two)| std::cmp::max(one, two)),
        }
    }
}

/// How two values stand; none when they cannot be compared, such as with null.
pub(in super::super) fn order(left: Value<'_>, right: Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(&right)),
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(&right),
        (Value::Text(left), Value::Text(right)) => Some(order_text(left, right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(&right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(&right)),
        (
            Value::Null
            | Value::Int(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Time(_)
            | Value::Bool(_),
            _,
        ) => None,
    }
}

/// `contains` is known to ignore case; one collation then serves all comparisons of texts.
fn order_text(left: &str, right: &str) -> Ordering {
    let lower = |text: &str| {
        text.chars()
            .flat_map(char::to_lowercase)
            .collect::<Vec<_>>()
    };
    if left == right {
        Ordering::Equal
    } else {
        lower(left).cmp(&lower(right))
    }
}

fn contains(value: &str, text: &str) -> bool {
    value.to_lowercase().contains(&text.to_lowercase())
}

fn starts_with(value: &str, text: &str) -> bool {
    value.to_lowercase().starts_with(&text.to_lowercase())
}

/// Null equals null only, and is neither before nor after anything.
fn compares(value: Value<'_>, operator: Operator, literal: &Literal) -> bool {
    let right = match literal {
        Literal::Null => Value::Null,
        Literal::Int(int) => Value::Int(*int),
        Literal::Number(number) => Value::Number(*number),
        Literal::Text(text) => Value::Text(text),
        Literal::Time(at) => Value::Time(*at),
        Literal::Bool(bool) => Value::Bool(*bool),
    };
    let equal = match (value, right) {
        (Value::Null, Value::Null) => true,
        (left, right) => order(left, right) == Some(Ordering::Equal),
    };
    match operator {
        Operator::Eq => equal,
        Operator::Ne => !equal,
        Operator::Gt => order(value, right).is_some_and(Ordering::is_gt),
        Operator::Ge => order(value, right).is_some_and(Ordering::is_ge),
        Operator::Lt => order(value, right).is_some_and(Ordering::is_lt),
        Operator::Le => order(value, right).is_some_and(Ordering::is_le),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
    end: usize,
}

impl<'a> Parser<'a> {
    fn or<P: Property>(&mut self, depth: usize) -> Result<Expr<P>, Error> {
        let mut left = self.and(depth)?;
        while self.takes_word("or") {
            left = Expr::Or(Box::new(left), Box::new(self.and(depth)?));
        }
        Ok(left)
    }

    fn and<P: Property>(&mut self, depth: usize) -> Result<Expr<P>, Error> {
        let mut left = self.term(depth)?;
        while self.takes_word("and") {
            left = Expr::And(Box::new(left), Box::new(self.term(depth)?));
        }
        Ok(left)
    }

    fn term<P: Property>(&mut self, depth: usize) -> Result<Expr<P>, Error> {
        if depth > DEPTH {
            return Err(Error::Depth);
        }
        if self.takes(&TokenKind::Open) {
            let inner = self.or(depth + 1)?;
            self.expect(&TokenKind::Close, "')'")?;
            return Ok(inner);
        }
        let (at, word) = self.word("a property or a function")?;
        if self.takes(&TokenKind::Open) {
            return self.function(at, word);
        }
        if word == "not" {
            return Err(Error::Unsupported {
                at,
                operator: word.to_owned(),
            });
        }
        let property = P::named(word).ok_or_else(|| Error::Property(word.to_owned()))?;
        let (at, operator) = self.word("an operator")?;
        let Some(operator) = Operator::named(operator) else {
            return Err(Error::Unsupported {
                at,
                operator: operator.to_owned(),
            });
        };
        let literal = self.literal(word, property.kind())?;
        Ok(Expr::Compare {
            property,
            operator,
            literal,
        })
    }

    /// `name(` is read already.
    fn function<P: Property>(&mut self, at: usize, name: &str) -> Result<Expr<P>, Error> {
        if !matches!(name, "contains" | "startswith") {
            return Err(Error::Unsupported {
                at,
                operator: name.to_owned(),
            });
        }
        let (_, path) = self.word("a property")?;
        let property = P::named(path).ok_or_else(|| Error::Property(path.to_owned()))?;
        self.expect(&TokenKind::Comma, "','")?;
        let at = self.at();
        let Literal::Text(text) = self.literal(path, property.kind())? else {
            let literal = name.to_owned();
            return Err(Error::Literal {
                at,
                literal,
                property: path.to_owned(),
            });
        };
        self.expect(&TokenKind::Close, "')'")?;
        Ok(match name {
            "contains" => Expr::Contains { property, text },
            _ => Expr::StartsWith { property, text },
        })
    }

    fn literal(&mut self, property: &str, kind: Kind) -> Result<Literal, Error> {
        let Some(Token { at, kind: token }) = self.peek() else {
            return Err(self.expected("a value"));
        };
        let literal = Literal::read(token, kind).ok_or_else(|| Error::Literal {
            at: *at,
            literal: match token {
                TokenKind::Quoted(text) | TokenKind::Word(text) => text.clone(),
                TokenKind::Open | TokenKind::Close | TokenKind::Comma => token.shown(),
            },
            property: property.to_owned(),
        })?;
        self.next += 1;
        Ok(literal)
    }

    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next)
    }

    fn at(&self) -> usize {
        self.peek().map_or(self.end, |token| token.at)
    }

    fn takes(&mut self, kind: &TokenKind) -> bool {
        let taken = self.peek().is_some_and(|token| token.kind == *kind);
        self.next += usize::from(taken);
        taken
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let taken = self
            .peek()
            .is_some_and(|token| matches!(&token.kind, TokenKind::Word(found) if found == word));
        self.next += usize::from(taken);
        taken
    }

    fn word(&mut self, wanted: &'static str) -> Result<(usize, &'a str), Error> {
        match self.peek() {
            Some(Token {
                at,
                kind: TokenKind::Word(word),
            }) => {
                self.next += 1;
                Ok((*at, word))
            }
            Some(_) | None => Err(self.expected(wanted)),
        }
    }

    fn expect(&mut self, kind: &TokenKind, wanted: &'static str) -> Result<(), Error> {
        if self.takes(kind) {
            Ok(())
        } else {
            Err(self.expected(wanted))
        }
    }

    fn expected(&self, wanted: &'static str) -> Error {
        let found = self
            .peek()
            .map_or_else(|| "the end".to_owned(), |token| token.kind.shown());
        Error::Syntax {
            at: self.at(),
            found,
            wanted,
        }
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
