//! What people do in ServiceChannel, beside what its API lets clients do.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::World;
use super::model::{ProviderId, Status, SubscriberId, WorkOrder, WorkOrderId};
use super::state::{NoteDraft, State};
use crate::sandbox::kit::time::later;

/// Why something cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such work order.
    #[error("there is no work order {0}")]
    UnknownWorkOrder(WorkOrderId),
    /// There is no such client.
    #[error("there is no subscriber {0}")]
    UnknownSubscriber(SubscriberId),
}

/// What to write into a work order; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Edit {
    /// What is to be done.
    pub description: Option<String>,
    /// How urgent.
    pub priority: Option<String>,
    /// No more than this may be spent.
    pub nte: Option<f64>,
    /// The client's number.
    pub purchase_number: Option<String>,
    /// Which trade.
    pub trade: Option<String>,
    /// The problem.
    pub problem_code: Option<String>,
    /// When work is to begin.
    pub scheduled_date: Option<DateTime<Utc>>,
    /// When the client asked.
    pub call_date: Option<DateTime<Utc>>,
    /// How far it is.
    pub status: Option<Status>,
}

impl Edit {
    fn apply(self, order: &mut WorkOrder) {
        let Self {
            description,
            priority,
            nte,
            purchase_number,
            trade,
            problem_code,
            scheduled_date,
            call_date,
            status,
        } = self;
        if let Some(description) = description {
            order.description = description;
        }
        if let Some(purchase_number) = purchase_number {
            order.purchase_number = purchase_number;
        }
        if let Some(call_date) = call_date {
            order.call_date = call_date;
        }
        if let Some(status) = status {
            order.status = status;
        }
        order.priority = priority.or(order.priority.take());
        order.nte = nte.or(order.nte);
        order.trade = trade.or(order.trade.take());
        order.problem_code = problem_code.or(order.problem_code.take());
        order.scheduled_date = scheduled_date.or(order.scheduled_date);
    }
}

/// A work order as a test needs it to compute what must come out on the other side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overview {
    /// Its number.
    pub id: WorkOrderId,
    /// Whose it is.
    pub subscriber: SubscriberId,
    /// Who is to do it.
    pub provider: ProviderId,
    /// How far it is.
    pub status: Status,
    /// When the client asked.
    pub call_date: DateTime<Utc>,
    /// When it was written.
    pub created_date: DateTime<Utc>,
    /// When it was last changed.
    pub updated_date: DateTime<Utc>,
    /// How urgent.
    pub priority: Option<String>,
}

impl World {
    /// Clients call in `count` work orders, now.
    pub fn arrive(&self, count: usize) -> Vec<WorkOrderId> {
        self.arrive_as(count, &Edit::default())
    }

    /// Clients call in `count` work orders, now, that say what `edit` says.
    pub fn arrive_as(&self, count: usize, edit: &Edit) -> Vec<WorkOrderId> {
        let seed = self.seed();
        self.with_state(|state| {
            let add = |_| {
                let now = state.stamp(self.kit().clock.now());
                let mut order = seed.work_order(state, now);
                edit.clone().apply(&mut order);
                order.hidden_until = self.late_row("POST", now);
                let id = order.id;
                state.add_work_order(order);
                id
            };
            (0..count).map(add).collect()
        })
    }

    /// Work orders come in that were last changed at `updated`: a late or restored source.
    pub fn insert_at(&self, count: usize, updated: DateTime<Utc>) -> Vec<WorkOrderId> {
        let seed = self.seed();
        self.with_state(|state| {
            let add = |_| {
                let order = seed.work_order(state, updated);
                let id = order.id;
                state.add_work_order(order);
                id
            };
            (0..count).map(add).collect()
        })
    }

    /// Somebody edits a work order. Says when it was changed.
    pub fn edit(&self, id: WorkOrderId, edit: Edit) -> Result<DateTime<Utc>, Error> {
        let now = self.kit().clock.now();
        let late = self.late_row("PUT", now);
        let changed = self.with_state(|state| {
            state.change(id, now, |order| {
                edit.apply(order);
                order.hidden_until = late;
            })
        });
        changed.ok_or(Error::UnknownWorkOrder(id))
    }

    /// Somebody at the client sets a status, which writes a system note too.
    pub fn set_status(&self, id: WorkOrderId, status: Status) -> Result<DateTime<Utc>, Error> {
        let now = self.kit().clock.now();
        let changed = self.with_state(|state| change_status(state, id, now, status));
        changed.ok_or(Error::UnknownWorkOrder(id))
    }

    /// Somebody at the client writes a note.
    pub fn write_note(&self, id: WorkOrderId, text: &str) -> Result<(), Error> {
        let now = self.kit().clock.now();
        let draft = NoteDraft::user(text.to_owned(), "Jane Store");
        let added = self.with_state(|state| state.add_note(id, now, draft));
        added.map(|_| ()).ok_or(Error::UnknownWorkOrder(id))
    }

    /// All of these were changed within one tick, now.
    pub fn same_tick(&self, ids: &[WorkOrderId]) -> Result<DateTime<Utc>, Error> {
        let now = self.kit().clock.now();
        self.with_state(|state| {
            let stamp = state.stamp(now);
            for id in ids {
                state
                    .set_stamp(*id, stamp)
                    .ok_or(Error::UnknownWorkOrder(*id))?;
            }
            Ok(stamp)
        })
    }

    /// Lists do not show a work order for this long, and then with the stamp it has now.
    pub fn appear_late(&self, id: WorkOrderId, delay: Duration) -> Result<(), Error> {
        let until = later(self.kit().clock.now(), delay);
        let hidden =
            self.with_state(|state| state.touch(id, |order| order.hidden_until = Some(until)));
        hidden.ok_or(Error::UnknownWorkOrder(id))
    }

    /// The client gives a work order to another provider: it disappears for the one before.
    pub fn move_to(&self, id: WorkOrderId, provider: ProviderId) -> Result<(), Error> {
        let now = self.kit().clock.now();
        let moved =
            self.with_state(|state| state.change(id, now, |order| order.provider = provider));
        moved.map(|_| ()).ok_or(Error::UnknownWorkOrder(id))
    }

    /// A client takes another name. Its work orders are not stamped.
    pub fn rename_subscriber(&self, id: SubscriberId, name: &str) -> Result<(), Error> {
        self.with_state(|state| {
            let subscriber = state
                .subscriber_mut(id)
                .ok_or(Error::UnknownSubscriber(id))?;
            name.clone_into(&mut subscriber.name);
            Ok(())
        })
    }

    /// Ids and names of the clients.
    pub fn subscribers(&self) -> Vec<(SubscriberId, String)> {
        self.read_state(|state| {
            state
                .subscribers()
                .map(|found| (found.id, found.name.clone()))
                .collect()
        })
    }

    /// Every work order, whoever sees it, by id.
    pub fn overview(&self) -> Vec<Overview> {
        let view = |order: &WorkOrder| Overview {
            id: order.id,
            subscriber: order.subscriber,
            provider: order.provider,
            status: order.status.clone(),
            call_date: order.call_date,
            created_date: order.created_date,
            updated_date: order.updated_date,
            priority: order.priority.clone(),
        };
        self.read_state(|state| state.work_orders().map(view).collect())
    }

    /// The instant until which a row written now stays out of lists, if a fault says so.
    fn late_row(&self, method: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let delay = self.kit().faults.late_row(method, "/v3/workorders");
        delay.map(|delay| later(now, delay))
    }
}

/// Sets a status with the system note that goes with it. Says when it was changed.
pub(super) fn change_status(
    state: &mut State,
    id: WorkOrderId,
    now: DateTime<Utc>,
    status: Status,
) -> Option<DateTime<Utc>> {
    let before = state.work_order(id)?.status.clone();
    let text = format!("Status has been changed from '{before}' to '{status}'");
    state.add_note(id, now, NoteDraft::system(text))?;
    state.change(id, now, |order| {
        order.completed_date = match status.primary {
            super::model::Primary::Completed => order.completed_date.or(Some(now)),
            super::model::Primary::Open | super::model::Primary::InProgress => None,
        };
        order.status = status;
    })
}
