//! Changes one value of a YAML file. Comments are lost; the copy in a test's workspace needs none.

use std::path::Path;

use serde_json::Value;

/// Sets the value at a JSON pointer; mappings on the way are made.
#[track_caller]
pub(crate) fn set(file: &Path, pointer: &str, value: Value) {
    change(file, |document| {
        let mut place = document;
        for step in pointer.trim_start_matches('/').split('/') {
            let step = step.replace("~1", "/").replace("~0", "~");
            place = match place {
                Value::Array(items) => {
                    let index: usize = step.parse().expect("a list is entered by a number");
                    items
                        .get_mut(index)
                        .unwrap_or_else(|| panic!("{} has nothing at {pointer}", file.display()))
                }
                other @ (Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Object(_)) => {
                    if other.is_null() {
                        *other = Value::Object(serde_json::Map::new());
                    }
                    let members = other.as_object_mut().unwrap_or_else(|| {
                        panic!(
                            "{} has a scalar before the end of {pointer}",
                            file.display()
                        )
                    });
                    members.entry(step).or_insert(Value::Null)
                }
            };
        }
        *place = value;
    });
}

/// Changes the document of a file as a whole.
#[track_caller]
pub(crate) fn change(file: &Path, change: impl FnOnce(&mut Value)) {
    let text = std::fs::read_to_string(file).expect("the file can be read");
    let mut document: Value = serde_yaml::from_str(&text).expect("the file is YAML");
    change(&mut document);
    let text = serde_yaml::to_string(&document).expect("JSON can be written as YAML");
    std::fs::write(file, text).expect("the file can be written");
}
