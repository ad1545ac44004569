//! Control calls for what people do in the office and on the road.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::ServiceTitan;
use super::super::accounting::desk::Billing;
use super::super::jpm::visits::Pace;
use super::super::model::attachment::Upload;
use super::super::model::invoice::SyncStatus;
use super::super::model::job::Why;
use super::super::people::{Conversion, Mark};
use super::super::refusal::Refusal;
use super::super::value::{FromField as _, FromText as _, Id, Instant};
use super::super::world::{World, found};
use super::{Call, ControlError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetMark {
    mark: Mark,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Technician {
    technician_id: Option<Id>,
}

/// Why something is canceled, held or dismissed. Left out: the first reason there is.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Reason {
    reason_id: Option<Id>,
    memo: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetField {
    type_id: Id,
    value: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct SetTags {
    add: Vec<Id>,
    remove: Vec<Id>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Complete {
    completed_on: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Note {
    text: String,
    #[serde(default)]
    pin_to_top: bool,
}

/// A file that someone puts on a job.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Photo {
    file_name: String,
    #[serde(default = "jpeg")]
    content_type: String,
    /// In base64.
    content: String,
}

fn jpeg() -> String {
    "image/jpeg".to_owned()
}

impl Photo {
    fn into_upload(self) -> Result<Upload, Refusal> {
        let content = STANDARD
            .decode(&self.content)
            .map_err(|error| Refusal::invalid("content", format!("It is no base64: {error}.")))?;
        Ok(Upload {
            file_name: self.file_name,
            content_type: self.content_type,
            content: content.into(),
        })
    }
}

type Answer = Result<Value, ControlError>;

/// The answer, or nothing when there is no such call.
pub(super) fn act(titan: &ServiceTitan, call: &Call<'_>) -> Option<Answer> {
    let (family, row, rest) = match call.path {
        [family, row, rest @ ..] => (*family, Id::from_text(row)?, rest),
        [_] | [] => return None,
    };
    let todo = Todo {
        titan,
        call,
        row,
        rest,
    };
    match family {
        "campaigns" => todo.campaign(),
        "customers" => todo.customer(),
        "locations" => todo.location(),
        "bookings" => todo.booking(),
        "appointments" => todo.appointment(),
        "jobs" => todo.job(),
        "notes" => todo.note(),
        "invoices" => todo.invoice(),
        _ => None,
    }
}

/// A call about one row.
struct Todo<'a> {
    titan: &'a ServiceTitan,
    call: &'a Call<'a>,
    row: Id,
    /// What follows the row in the path.
    rest: &'a [&'a str],
}

impl Todo<'_> {
    fn campaign(&self) -> Option<Answer> {
        let mark = match (self.call.method, self.rest) {
            ("POST", ["activate"]) => Mark::On,
            ("POST", ["deactivate"]) => Mark::Off,
            _ => return None,
        };
        Some(self.world("/campaigns", |world, id| world.mark_campaign(id, mark)))
    }

    fn customer(&self) -> Option<Answer> {
        let path = "/customers";
        Some(match (self.call.method, self.rest) {
            ("POST", ["do-not-service"]) => self.with(path, |world, id, SetMark { mark }| {
                world.mark_do_not_service(id, mark)
            }),
            ("POST", ["merge-into", into]) => {
                let into = Id::from_text(into)?;
                self.world(path, |world, id| world.merge_customer(id, into))
            }
            ("POST", ["activate"]) => {
                self.world(path, |world, id| world.mark_customer(id, Mark::On))
            }
            ("POST", ["deactivate"]) => {
                self.world(path, |world, id| world.mark_customer(id, Mark::Off))
            }
            _ => return None,
        })
    }

    fn location(&self) -> Option<Answer> {
        let path = "/locations";
        Some(match (self.call.method, self.rest) {
            ("POST", ["merge-into", into]) => {
                let into = Id::from_text(into)?;
                self.world(path, |world, id| world.merge_location(id, into))
            }
            ("POST", ["activate"]) => {
                self.world(path, |world, id| world.mark_location(id, Mark::On))
            }
            ("POST", ["deactivate"]) => {
                self.world(path, |world, id| world.mark_location(id, Mark::Off))
            }
            _ => return None,
        })
    }

    fn booking(&self) -> Option<Answer> {
        let path = "/bookings";
        Some(match (self.call.method, self.rest) {
            ("POST", ["accept"]) => self.world(path, World::accept_booking),
            ("POST", ["dismiss"]) => self.with(path, |world, id, why: Reason| {
                world.dismiss_booking(id, why.reason_id)
            }),
            ("POST", ["convert"]) => self.read().and_then(|choice: Conversion| {
                let job = self.titan.convert_booking(self.row, choice)?;
                Ok(json!({ "jobId": job }))
            }),
            _ => return None,
        })
    }

    fn appointment(&self) -> Option<Answer> {
        let path = "/appointments";
        Some(match (self.call.method, self.rest) {
            ("POST", ["dispatch"]) => self.with(path, |world, id, who: Technician| {
                world.dispatch(id, who.technician_id)
            }),
            ("POST", ["arrive"]) => self.with(path, |world, id, who: Technician| {
                world.arrive(id, who.technician_id)
            }),
            ("POST", ["done"]) => self.with(path, |world, id, who: Technician| {
                world.finish(id, who.technician_id)
            }),
            ("POST", ["pause"]) => self.world(path, |world, id| world.pace(id, Pace::Paused)),
            ("POST", ["resume"]) => self.world(path, |world, id| world.pace(id, Pace::Resumed)),
            ("POST", ["hold"]) => self.with(path, |world, id, why: Reason| {
                let why = hold_reason(world, why)?;
                world.hold_one(id, &why)
            }),
            ("POST", ["release"]) => self.world(path, World::release_one),
            _ => return None,
        })
    }

    fn job(&self) -> Option<Answer> {
        let path = "/jobs";
        Some(match (self.call.method, self.rest) {
            ("POST", ["custom-fields"]) => self.with(path, |world, id, field: SetField| {
                world.type_custom_field(id, field.type_id, &field.value)
            }),
            ("POST", ["tags"]) => self.with(path, |world, id, tags: SetTags| {
                world.set_tags(id, &tags.add, &tags.remove)
            }),
            ("POST", ["cancel"]) => self.with(path, |world, id, why: Reason| {
                let reason = match why.reason_id {
                    Some(reason) => reason,
                    None => world.some_cancel_reason()?,
                };
                let memo = why.memo;
                world.cancel_job(id, Why { reason, memo })
            }),
            ("POST", ["hold"]) => self.with(path, |world, id, why: Reason| {
                let why = hold_reason(world, why)?;
                world.hold_job(id, &why)
            }),
            ("POST", ["complete"]) => self.with(path, |world, id, body: Complete| {
                let at = match &body.completed_on {
                    None => world.now,
                    Some(value) => Instant::from_field(value)
                        .ok_or_else(|| Refusal::invalid("completedOn", "It is no date-time."))?,
                };
                world.complete_job(id, at)
            }),
            ("POST", ["notes"]) => self.with_id("/jobs/notes", |world, id, note: Note| {
                world.add_note(id, note.text, note.pin_to_top)
            }),
            ("POST", ["invoice"]) => self.with_id("/invoices", |world, id, billing: Billing| {
                let invoice = found(&world.jobs, "Job", id)?.invoice_id;
                world.bill(invoice, billing)?;
                Ok(invoice)
            }),
            ("POST", ["attachments"]) => {
                self.with_id("/jobs/attachments", |world, id, photo: Photo| {
                    let file = photo.into_upload()?;
                    world.attach(id, file)
                })
            }
            ("POST", ["appointments"]) => self.office("POST", &["appointments"], "jobId"),
            _ => return None,
        })
    }

    fn invoice(&self) -> Option<Answer> {
        let path = "/invoices";
        Some(match (self.call.method, self.rest) {
            ("PATCH", []) => self.with(path, World::bill),
            ("POST", ["post"]) => {
                self.world(path, |world, id| world.set_sync(id, SyncStatus::Posted))
            }
            ("POST", ["export"]) => {
                self.world(path, |world, id| world.set_sync(id, SyncStatus::Exported))
            }
            ("POST", ["adjust"]) => self.with_id(path, |world, id, billing: Billing| {
                let adjustment = world.adjust_invoice(id)?;
                world.bill(adjustment, billing)?;
                Ok(adjustment)
            }),
            _ => return None,
        })
    }

    fn note(&self) -> Option<Answer> {
        match (self.call.method, self.rest) {
            ("DELETE", []) => Some(self.world("/jobs/notes", World::delete_note)),
            _ => None,
        }
    }

    /// A body that may be left out.
    fn read<T: DeserializeOwned>(&self) -> Result<T, ControlError> {
        let body = if self.call.body.is_empty() {
            b"{}"
        } else {
            self.call.body
        };
        Ok(serde_json::from_slice(body)?)
    }

    fn world(&self, path: &str, act: impl FnOnce(&mut World, Id) -> Result<(), Refusal>) -> Answer {
        let done = self
            .titan
            .0
            .people(self.call.method, path, |world| act(world, self.row));
        done?;
        Ok(Value::Null)
    }

    fn with<T: DeserializeOwned>(
        &self,
        path: &str,
        act: impl FnOnce(&mut World, Id, T) -> Result<(), Refusal>,
    ) -> Answer {
        let body = self.read()?;
        self.world(path, |world, id| act(world, id, body))
    }

    /// For calls that create a row: the answer says which.
    fn with_id<T: DeserializeOwned>(
        &self,
        path: &str,
        act: impl FnOnce(&mut World, Id, T) -> Result<Id, Refusal>,
    ) -> Answer {
        let body = self.read()?;
        let created = self
            .titan
            .0
            .people(self.call.method, path, |world| act(world, self.row, body));
        Ok(json!({ "id": created? }))
    }

    /// What module `jpm` has a call for, with the row as one member of the body.
    fn office(&self, method: &str, path: &[&str], member: &str) -> Answer {
        let mut body: Value = self.read()?;
        if let Some(body) = body.as_object_mut() {
            body.insert(member.to_owned(), json!(self.row));
        }
        let path = format!("jpm/{}", path.join("/"));
        let reply = self.titan.office(method, &path, Some(&body))?;
        Ok(reply.unwrap_or_default())
    }
}

fn hold_reason(world: &World, why: Reason) -> Result<Why, Refusal> {
    let reason = match why.reason_id {
        Some(reason) => reason,
        None => world.some_hold_reason()?,
    };
    let memo = why.memo;
    Ok(Why { reason, memo })
}
