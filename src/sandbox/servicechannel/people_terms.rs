//! How a client agrees something else with its providers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::World;
use super::model::{Primary, SubscriberId};
use super::people::Error;
use super::terms::{
    Constraint, ExtendedStatus, InvoiceRules, Permissions, StatusOption, Subscriber,
};

/// What to change about a client; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TermsEdit {
    /// Its name. Its work orders are not stamped.
    pub name: Option<String>,
    /// Members of [`Permissions`] with their new values.
    pub permissions: Option<Value>,
    /// All its statuses below a main one.
    pub statuses: Option<Vec<Below>>,
    /// Members of [`InvoiceRules`] with their new values.
    pub invoices: Option<Value>,
}

/// A status below a main one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Below {
    /// The main one.
    pub primary: Primary,
    /// Its name.
    pub name: String,
    /// What must be there before it can be set.
    #[serde(default)]
    pub needs: Option<Constraint>,
}

/// What a client has agreed with its providers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Terms {
    /// Its number.
    pub id: SubscriberId,
    /// Its name.
    pub name: String,
    /// What it lets a provider do.
    pub permissions: Permissions,
    /// Its statuses below the main ones.
    pub statuses: Vec<Below>,
    /// What it asks of invoices.
    pub invoices: InvoiceRules,
}

impl World {
    /// What every client has agreed with its providers.
    pub fn terms(&self) -> Vec<Terms> {
        let terms = |subscriber: &Subscriber| Terms {
            id: subscriber.id,
            name: subscriber.name.clone(),
            permissions: subscriber.permissions,
            statuses: below(&subscriber.catalogue),
            invoices: subscriber.invoice_rules.clone(),
        };
        self.read_state(|state| state.subscribers().map(terms).collect())
    }

    /// A client changes its name, its statuses, or what it has agreed with its providers.
    pub fn edit_terms(&self, id: SubscriberId, edit: TermsEdit) -> Result<(), Error> {
        self.with_state(|state| {
            let subscriber = state
                .subscriber_mut(id)
                .ok_or(Error::UnknownSubscriber(id))?;
            let permissions = merged(&subscriber.permissions, edit.permissions)?;
            let invoice_rules = merged(&subscriber.invoice_rules, edit.invoices)?;
            subscriber.permissions = permissions;
            subscriber.invoice_rules = invoice_rules;
            if let Some(name) = edit.name {
                subscriber.name = name;
            }
            if let Some(statuses) = edit.statuses {
                subscriber.catalogue = catalogue(&statuses);
            }
            Ok(())
        })
    }

    /// A client takes another name. Its work orders are not stamped.
    pub fn rename_subscriber(&self, id: SubscriberId, name: &str) -> Result<(), Error> {
        let edit = TermsEdit {
            name: Some(name.to_owned()),
            ..TermsEdit::default()
        };
        self.edit_terms(id, edit)
    }
}

/// `present` with the members of `edit` in place of its own.
fn merged<T: Serialize + for<'de> Deserialize<'de>>(
    present: &T,
    edit: Option<Value>,
) -> Result<T, serde_json::Error> {
    let mut whole = serde_json::to_value(present)?;
    match (&mut whole, edit) {
        (_, None) => {}
        (Value::Object(members), Some(Value::Object(edit))) => members.extend(edit),
        (whole, Some(edit)) => *whole = edit,
    }
    serde_json::from_value(whole)
}

fn below(catalogue: &[StatusOption]) -> Vec<Below> {
    let all = catalogue.iter().flat_map(|option| {
        option.extended.iter().map(|extended| Below {
            primary: option.primary,
            name: extended.name.clone(),
            needs: extended.constraint,
        })
    });
    all.collect()
}

fn catalogue(statuses: &[Below]) -> Vec<StatusOption> {
    let option = |primary| {
        let own = statuses
            .iter()
            .zip(11..)
            .filter(|(below, _)| below.primary == primary);
        let extended = own.map(|(below, id)| ExtendedStatus {
            id,
            name: below.name.to_uppercase(),
            constraint: below.needs,
        });
        StatusOption {
            primary,
            extended: extended.collect(),
        }
    };
    Primary::ALL.into_iter().map(option).collect()
}
