//! Reading of JSON bodies: every known member is checked, every problem is gathered, unknown
//! members are ignored (reference section 5).

use serde_json::{Map, Value};

use super::refusal::{Problems, Refusal};
use super::value::FromField;

/// Reads the bytes of a body as a JSON object.
pub(crate) fn parse_body(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Refusal::invalid("", "The body must be a JSON object.")),
        Err(error) => Err(Refusal::invalid(
            "",
            format!("The body is not JSON: {error}."),
        )),
    }
}

/// What a change says about a nullable member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Patch<T> {
    /// Nothing.
    Keep,
    /// Null.
    Clear,
    /// A value.
    Set(T),
}

impl<T> Patch<T> {
    /// Does to `place` what the change says.
    pub(crate) fn apply(self, place: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *place = None,
            Self::Set(value) => *place = Some(value),
        }
    }
}

/// A JSON object that is being read, and where in the body it stands.
pub(crate) struct Form<'a> {
    map: &'a Map<String, Value>,
    at: String,
    problems: &'a Problems,
}

impl<'a> Form<'a> {
    /// The whole body.
    pub(crate) fn new(map: &'a Map<String, Value>, problems: &'a Problems) -> Self {
        Self {
            map,
            at: String::new(),
            problems,
        }
    }

    /// A member that must be there and not be null.
    pub(crate) fn required<T: FromField>(&self, name: &str) -> Option<T> {
        match self.map.get(name) {
            None | Some(Value::Null) => {
                self.missing(name);
                None
            }
            Some(value) => self.typed(name, value),
        }
    }

    /// A member that may be absent or null.
    pub(crate) fn optional<T: FromField>(&self, name: &str) -> Option<T> {
        match self.map.get(name) {
            None | Some(Value::Null) => None,
            Some(value) => self.typed(name, value),
        }
    }

    /// A member of a change that is not nullable: absent means unchanged, null is refused.
    pub(crate) fn change<T: FromField>(&self, name: &str) -> Option<T> {
        self.typed(name, self.map.get(name)?)
    }

    /// A member of a change that is nullable: absent means unchanged, null means cleared.
    pub(crate) fn nullable_change<T: FromField>(&self, name: &str) -> Patch<T> {
        match self.map.get(name) {
            None => Patch::Keep,
            Some(Value::Null) => Patch::Clear,
            Some(value) => self.typed(name, value).map_or(Patch::Keep, Patch::Set),
        }
    }

    /// An object that must be there.
    pub(crate) fn required_object(&self, name: &str) -> Option<Form<'a>> {
        match self.map.get(name) {
            None | Some(Value::Null) => {
                self.missing(name);
                None
            }
            Some(value) => self.object(name, value),
        }
    }

    /// An object that may be absent or null.
    pub(crate) fn optional_object(&self, name: &str) -> Option<Form<'a>> {
        match self.map.get(name) {
            None | Some(Value::Null) => None,
            Some(value) => self.object(name, value),
        }
    }

    /// A list of objects that must be there and hold at least one.
    pub(crate) fn required_list(&self, name: &str) -> Option<Vec<Form<'a>>> {
        let list = match self.map.get(name) {
            None | Some(Value::Null) => None,
            Some(value) => Some(self.list(name, value)?),
        };
        if list.as_ref().is_none_or(Vec::is_empty) {
            self.missing(name);
            return None;
        }
        list
    }

    /// A list of objects that may be absent or null.
    pub(crate) fn optional_list(&self, name: &str) -> Option<Vec<Form<'a>>> {
        match self.map.get(name) {
            None | Some(Value::Null) => None,
            Some(value) => self.list(name, value),
        }
    }

    /// Notes a problem with a member.
    pub(crate) fn refuse(&self, name: &str, message: impl Into<String>) {
        self.problems.add(self.field(name), message);
    }

    fn typed<T: FromField>(&self, name: &str, value: &Value) -> Option<T> {
        let read = T::from_field(value);
        if read.is_none() {
            self.refuse(name, format!("The value of {name} is not {}.", T::WANTED));
        }
        read
    }

    fn object(&self, name: &str, value: &'a Value) -> Option<Form<'a>> {
        if let Value::Object(map) = value {
            return Some(Form {
                map,
                at: format!("{}.", self.field(name)),
                problems: self.problems,
            });
        }
        self.refuse(name, format!("The value of {name} is not an object."));
        None
    }

    fn list(&self, name: &str, value: &'a Value) -> Option<Vec<Form<'a>>> {
        let Value::Array(items) = value else {
            self.refuse(name, format!("The value of {name} is not an array."));
            return None;
        };
        let mut forms = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            forms.push(self.object(&format!("{name}[{index}]"), item)?);
        }
        Some(forms)
    }

    fn missing(&self, name: &str) {
        let field = self.field(name);
        let message = format!("The {field} field is required.");
        self.problems.add(field, message);
    }

    /// The name a refusal uses for a member: `appointments[0].start` is `Appointments[0].Start`.
    fn field(&self, name: &str) -> String {
        let mut letters = name.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        format!(
            "{}{}{}",
            self.at,
            first.map(String::from).unwrap_or_default(),
            letters.as_str()
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::value::Id;
    use super::*;

    fn problems_of(body: &Value, read: impl FnOnce(&Form<'_>)) -> Vec<String> {
        let problems = Problems::default();
        read(&Form::new(body.as_object().unwrap(), &problems));
        let Err(Refusal::Invalid { errors }) = problems.settle() else {
            return Vec::new();
        };
        errors.into_values().flatten().collect()
    }

    #[test]
    fn all_problems_are_gathered_with_their_place() {
        let body = json!({"id": "7", "rows": [{"start": 1}, {}], "junk": {}});
        let found = problems_of(&body, |form| {
            form.required::<Id>("id");
            form.required::<String>("name");
            for row in form.required_list("rows").unwrap() {
                row.required::<String>("start");
            }
        });
        assert_eq!(
            found,
            [
                "The value of id is not an int64.",
                "The Name field is required.",
                "The value of start is not a string.",
                "The Rows[1].Start field is required.",
            ]
        );
    }

    #[test]
    fn null_is_absent_for_optional_and_wrong_for_a_change() {
        let body = json!({"a": null});
        assert!(problems_of(&body, |form| assert!(form.optional::<Id>("a").is_none())).is_empty());
        assert_eq!(
            problems_of(&body, |form| assert!(form.change::<Id>("a").is_none())),
            ["The value of a is not an int64."]
        );
        assert!(
            problems_of(&body, |form| assert_eq!(
                form.nullable_change::<Id>("a"),
                Patch::Clear
            ))
            .is_empty()
        );
    }

    #[test]
    fn an_empty_required_list_is_missing() {
        let body = json!({"rows": []});
        let found = problems_of(&body, |form| assert!(form.required_list("rows").is_none()));
        assert_eq!(found, ["The Rows field is required."]);
    }
}
