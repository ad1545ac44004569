//! Query parameters. Unknown ones are ignored; names are matched without case.

use std::borrow::Cow;

use super::refusal::Problems;
use super::value::FromText;

/// The query string of a call.
pub(crate) struct Params<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Params<'a> {
    /// Reads the part after the question mark.
    pub(crate) fn parse(query: &'a str) -> Self {
        Self(url::form_urlencoded::parse(query.as_bytes()).collect())
    }

    /// The text of a parameter; an empty one counts as absent.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self
            .0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found
            .map(|(_, value)| value.as_ref())
            .filter(|value| !value.is_empty())
    }

    /// A parameter of a type; a problem is noted when its text does not read as one.
    pub(crate) fn read<T: FromText>(&self, name: &str, problems: &Problems) -> Option<T> {
        let text = self.text(name)?;
        let read = T::from_text(text);
        if read.is_none() {
            problems.add(name, format!("The value '{text}' is not {}.", T::WANTED));
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::Id;
    use super::*;

    #[test]
    fn names_ignore_case_and_empty_is_absent() {
        let params = Params::parse("PageSize=5&name=&street=1%20Main+St");
        let problems = Problems::default();
        assert_eq!(params.read::<i32>("pageSize", &problems), Some(5));
        assert_eq!(params.text("name"), None);
        assert_eq!(params.text("street"), Some("1 Main St"));
        assert!(problems.settle().is_ok());
    }

    #[test]
    fn a_wrong_type_names_the_parameter() {
        let problems = Problems::default();
        assert_eq!(
            Params::parse("customerId=x").read::<Id>("customerId", &problems),
            None
        );
        let refusal = problems.settle().unwrap_err();
        assert_eq!(
            refusal.to_string(),
            r#"not valid: {"customerId": ["The value 'x' is not an int64."]}"#
        );
    }
}
