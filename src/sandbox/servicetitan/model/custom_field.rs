//! Custom fields: their types, and their values on rows.

use serde::Serialize;

use crate::sandbox::servicetitan::form::Form;
use crate::sandbox::servicetitan::table::{Table, row};
use crate::sandbox::servicetitan::value::{Id, Instant, words};

words! {
    /// What a custom field holds.
    DataType { Text, Dropdown, Numeric }
}

/// A custom field that jobs (or customers, or locations) can have.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomFieldType {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) data_type: DataType,
    pub(crate) data_type_options: Option<Vec<String>>,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
}
row!(CustomFieldType, name: name);

/// The value of a custom field on a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomField {
    pub(crate) type_id: Id,
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Reads `customFields`: each type must exist. The list is the whole target state.
pub(crate) fn read_list(
    form: &Form<'_>,
    types: &Table<CustomFieldType>,
) -> Option<Vec<CustomField>> {
    let list = form.optional_list("customFields")?;
    let mut fields: Vec<CustomField> = Vec::with_capacity(list.len());
    for item in &list {
        let value = item.optional("value").unwrap_or_default();
        let type_id = item.required("typeId")?;
        let Some(known) = types.get(type_id) else {
            item.refuse(
                "typeId",
                format!("The custom field type {type_id} does not exist."),
            );
            continue;
        };
        let name = known.name.clone();
        match fields.iter_mut().find(|field| field.type_id == type_id) {
            Some(field) => field.value = value,
            None => fields.push(CustomField {
                type_id,
                name,
                value,
            }),
        }
    }
    Some(fields)
}
