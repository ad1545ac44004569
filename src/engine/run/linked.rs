//! `linked(entity, key=…)`, `linked(entity, id=…)`: links that the record itself is no end of.
//!
//! An expression is evaluated without waiting, and the store is waited for. So a call whose link is not read yet ends
//! the evaluation, the link is read, and the expression is evaluated again. What was read is forgotten with the
//! evaluation: the next step sees what this one wrote.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use super::attempt::{Attempt, broken, key_text, link_datum, link_id, links_to};
use super::failure::Stop;
use crate::lang::expr::{Call, Datum, FunctionError, Scope};
use crate::lang::plan::Origin;

/// One link that an expression asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Ask {
    entity: Arc<str>,
    end: End,
    value: String,
}

/// Which end of a link is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum End {
    Key,
    Id,
}

/// What is known during one evaluation.
#[derive(Debug, Default)]
struct Pages {
    known: HashMap<Ask, Datum>,
    wanted: Option<Ask>,
}

/// The links that the expressions of an attempt asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked(Arc<Mutex<Pages>>);

impl Asked {
    /// The function as expressions see it.
    pub(crate) fn function(&self) -> Datum {
        let asked = self.clone();
        Datum::function(move |call| asked.call(call))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Pages) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn call(&self, call: &Call) -> Result<Datum, FunctionError> {
        let entity = call.positional.first().and_then(Datum::as_str);
        let ends = [("key", End::Key), ("id", End::Id)];
        let given = ends
            .iter()
            .find_map(|(name, end)| Some((*end, call.named(name)?)));
        let (Some(entity), Some((end, value))) = (entity, given) else {
            // `validate` refuses it.
            let message = "takes an entity and one of `key=`, `id=`".to_owned();
            return Err(FunctionError { message });
        };
        let Some(value) = key_text(value) else {
            return Ok(Datum::Null);
        };
        let ask = Ask {
            entity: entity.into(),
            end,
            value,
        };
        self.with(|pages| match pages.known.get(&ask) {
            Some(link) => Ok(link.clone()),
            None => {
                pages.wanted = Some(ask);
                let message = "the link is not read yet".to_owned();
                Err(FunctionError { message })
            }
        })
    }
}

impl Attempt<'_> {
    /// Evaluates something that may call `linked`.
    pub(crate) async fn evaluated<T, E: Display>(
        &mut self,
        origin: &Origin,
        evaluate: impl Fn(&Scope<'_>) -> Result<T, E>,
    ) -> Result<T, Stop> {
        loop {
            let result = evaluate(&self.scope());
            let wanted = self.asked.with(|pages| pages.wanted.take());
            let (error, ask) = match (result, wanted) {
                (Ok(value), _) => {
                    self.asked.with(|pages| pages.known.clear());
                    return Ok(value);
                }
                (Err(error), ask) => (broken(&error, origin), ask),
            };
            let Some(ask) = ask else {
                return Err(error);
            };
            // An outcome that is kept for the record's end is a link as well.
            self.flush().await?;
            let link = self.read_link(&ask).await?;
            self.asked.with(|pages| pages.known.insert(ask, link));
        }
    }

    async fn read_link(&self, ask: &Ask) -> Result<Datum, Stop> {
        let row = match ask.end {
            End::Key => {
                let id = link_id(self.tenant, &ask.entity, ask.value.clone());
                self.tenant.links.get(&id).await?
            }
            End::Id => links_to(self.tenant, &ask.entity, &ask.value).await?,
        };
        Ok(link_datum(row.as_deref()))
    }
}
