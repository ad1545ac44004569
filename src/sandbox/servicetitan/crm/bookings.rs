//! `/bookings` (all, read only) and `/booking-provider/{provider}/bookings` (those of one
//! provider, who creates, changes and dismisses them).

use crate::sandbox::servicetitan::export;
use crate::sandbox::servicetitan::form::{Form, parse_body};
use crate::sandbox::servicetitan::listing::{ActiveRule, List, ListRules, plain_page};
use crate::sandbox::servicetitan::model::address::{AddressChange, PlainAddress, put};
use crate::sandbox::servicetitan::model::booking::{Booking, BookingStatus, ExportedBooking};
use crate::sandbox::servicetitan::model::contact::{BookingContactView, NewContact};
use crate::sandbox::servicetitan::params::Params;
use crate::sandbox::servicetitan::refusal::{Problems, Refusal};
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::value::{CustomerType, Id, Instant, Priority, Word as _};
use crate::sandbox::servicetitan::world::{World, check_known, found, rows_for, settled};

const RULES: ListRules = ListRules::new(ActiveRule::NoFilter);

/// Whose bookings a call sees.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Seen {
    All,
    OfProvider(Id),
}

impl Seen {
    fn holds(self, row: &Booking) -> bool {
        match self {
            Self::All => true,
            Self::OfProvider(provider) => row.booking_provider_id == provider,
        }
    }
}

fn seen(world: &World, seen: Seen, id: Id) -> Result<&Booking, Refusal> {
    let row = found(&world.bookings, "Booking", id)?;
    if seen.holds(row) {
        Ok(row)
    } else {
        Err(Refusal::NotFound {
            what: "Booking",
            id,
        })
    }
}

/// `GET …/bookings`.
pub(crate) fn list(world: &World, whose: Seen, params: &Params<'_>) -> Result<Reply, Refusal> {
    check_provider(world, whose)?;
    let problems = Problems::default();
    let list = List::read(params, RULES, world.newest, &problems);
    problems.settle()?;
    let rows: Box<dyn Iterator<Item = &Booking>> = match params.text("externalId") {
        Some(text) => {
            let ids = world.bookings_by.get(text).cloned().unwrap_or_default();
            Box::new(world.bookings.rows_of(ids))
        }
        None => rows_for(&world.bookings, &list),
    };
    Ok(Reply::json(&list.cut(rows.filter(|row| whose.holds(row)))))
}

/// `GET …/bookings/{id}`.
pub(crate) fn get(world: &World, whose: Seen, id: Id) -> Result<Reply, Refusal> {
    seen(world, whose, id).map(Reply::json)
}

/// `GET …/bookings/{id}/contacts`.
pub(crate) fn contacts(
    world: &World,
    whose: Seen,
    id: Id,
    params: &Params<'_>,
) -> Result<Reply, Refusal> {
    let contacts = &seen(world, whose, id)?.contacts;
    plain_page(
        params,
        contacts.iter().map(BookingContactView::new).collect(),
    )
    .map(|page| Reply::json(&page))
}

/// `POST …/bookings`. The external id is required, and not unique: each call creates a row.
pub(crate) fn create(world: &mut World, provider: Id, body: &[u8]) -> Result<Reply, Refusal> {
    check_provider(world, Seen::OfProvider(provider))?;
    let body = parse_body(body)?;
    let problems = Problems::default();
    let form = Form::new(&body, &problems);
    let (source, name) = (form.required("source"), form.required("name"));
    let (summary, external_id) = (form.required("summary"), form.required("externalId"));
    let first_time: Option<bool> = form.required("isFirstTimeClient");
    let address = form
        .optional_object("address")
        .and_then(|form| PlainAddress::read(&form));
    let contacts = NewContact::read_list(&form).unwrap_or_default();
    if address.is_none() && contacts.is_empty() {
        form.refuse(
            "address",
            "A booking needs an address, or a phone number or e-mail.",
        );
    }
    let customer_type: Option<CustomerType> = form.optional("customerType");
    let start: Option<Instant> = form.optional("start");
    let campaign_id = form.optional("campaignId");
    world.check_campaign(&form, campaign_id);
    let business_unit_id = form.optional("businessUnitId");
    check_known(
        &form,
        "businessUnitId",
        business_unit_id,
        &world.business_units,
    );
    let job_type_id = form.optional("jobTypeId");
    check_known(&form, "jobTypeId", job_type_id, &world.job_types);
    let priority: Option<Priority> = form.optional("priority");
    let uploaded_images = form.optional("uploadedImages");
    let is_send_confirmation_email = form.optional("isSendConfirmationEmail");
    let required = source.zip(name).zip(summary.zip(external_id));
    let ((source, name), (summary, external_id)) = settled(required, &problems)?;
    let id = world.next_id();
    let contacts = world.contact_rows(contacts);
    world.born("bookings", [String::clone(&external_id)]);
    world
        .bookings_by
        .entry(external_id.clone())
        .or_default()
        .push(id);
    let row = Booking {
        id,
        source,
        created_on: world.now,
        name,
        address,
        customer_type,
        start: start.unwrap_or(world.now),
        campaign_id,
        business_unit_id,
        is_first_time_client: first_time,
        uploaded_images,
        is_send_confirmation_email,
        status: BookingStatus::New,
        dismissing_reason_id: None,
        job_id: None,
        external_id,
        priority,
        job_type_id,
        booking_provider_id: provider,
        modified_on: world.now,
        summary: Some(summary),
        contacts,
    };
    world.bookings.insert(row, world.late);
    get(world, Seen::All, id)
}

/// `PATCH …/bookings/{id}`: 409 once it was answered.
pub(crate) fn change(
    world: &mut World,
    whose: Seen,
    id: Id,
    body: &[u8],
) -> Result<Reply, Refusal> {
    let status = seen(world, whose, id)?.status;
    let body = parse_body(body)?;
    let problems = Problems::default();
    let form = Form::new(&body, &problems);
    let (source, name) = (form.change("source"), form.change("name"));
    let address = form
        .optional_object("address")
        .map(|form| AddressChange::read(&form));
    let customer_type: Option<CustomerType> = form.change("customerType");
    let start = form.change("start");
    let summary: Option<String> = form.change("summary");
    let campaign: Option<Id> = form.change("campaignId");
    world.check_campaign(&form, campaign);
    let business_unit: Option<Id> = form.change("businessUnitId");
    check_known(
        &form,
        "businessUnitId",
        business_unit,
        &world.business_units,
    );
    let job_type: Option<Id> = form.change("jobTypeId");
    check_known(&form, "jobTypeId", job_type, &world.job_types);
    let priority: Option<Priority> = form.change("priority");
    let first_time: Option<bool> = form.change("isFirstTimeClient");
    let images: Option<Vec<String>> = form.change("uploadedImages");
    let external_id: Option<String> = form.change("externalId");
    problems.settle()?;
    if status != BookingStatus::New {
        let status = status.word();
        return Err(Refusal::conflict(format!(
            "The booking {id} is {status}, not New."
        )));
    }
    if let Some(external_id) = &external_id {
        world.reindex_booking(id, external_id);
    }
    world.bookings.change(id, world.now, |row| {
        put(&mut row.external_id, external_id);
        put(&mut row.source, source);
        put(&mut row.name, name);
        match (address, &mut row.address) {
            (Some(change), Some(address)) => change.apply_plain(address),
            (Some(change), none) => *none = Some(change.into_plain()),
            (None, _) => {}
        }
        put(&mut row.customer_type, customer_type.map(Some));
        put(&mut row.start, start);
        put(&mut row.summary, summary.map(Some));
        put(&mut row.campaign_id, campaign.map(Some));
        put(&mut row.business_unit_id, business_unit.map(Some));
        put(&mut row.job_type_id, job_type.map(Some));
        put(&mut row.priority, priority.map(Some));
        put(&mut row.is_first_time_client, first_time.map(Some));
        put(&mut row.uploaded_images, images.map(Some));
    });
    get(world, Seen::All, id)
}

/// `POST …/bookings/{id}/dismiss`: a body is allowed, not needed.
pub(crate) fn dismiss(
    world: &mut World,
    provider: Id,
    id: Id,
    body: &[u8],
) -> Result<Reply, Refusal> {
    seen(world, Seen::OfProvider(provider), id)?;
    let body = if body.is_empty() {
        serde_json::Map::new()
    } else {
        parse_body(body)?
    };
    let problems = Problems::default();
    let form = Form::new(&body, &problems);
    let reason: Option<Id> = form.optional("callReasonId");
    form.optional::<String>("dismissingMemo");
    problems.settle()?;
    world.dismiss_booking(id, reason)?;
    Ok(Reply::Empty)
}

/// `GET /export/bookings`.
pub(crate) fn export(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let show = |booking| ExportedBooking {
        booking,
        active: true,
    };
    export::feed(world, "bookings", &world.bookings, params, show)
}

fn check_provider(world: &World, whose: Seen) -> Result<(), Refusal> {
    match whose {
        Seen::OfProvider(id) if !world.provider_tags.has(id) => Err(Refusal::invalid(
            "booking_provider",
            format!("The booking provider {id} does not exist."),
        )),
        Seen::OfProvider(_) | Seen::All => Ok(()),
    }
}

impl World {
    fn reindex_booking(&mut self, id: Id, external_id: &str) {
        let Some(row) = self.bookings.get(id) else {
            return;
        };
        if let Some(ids) = self.bookings_by.get_mut(&row.external_id) {
            ids.retain(|known| *known != id);
        }
        self.bookings_by
            .entry(external_id.to_owned())
            .or_default()
            .push(id);
    }

    /// Dismisses a booking that was not converted or dismissed before.
    pub(crate) fn dismiss_booking(&mut self, id: Id, reason: Option<Id>) -> Result<(), Refusal> {
        let row = found(&self.bookings, "Booking", id)?;
        match row.status {
            BookingStatus::New | BookingStatus::Accepted => {}
            BookingStatus::Converted | BookingStatus::Dismissed => {
                let message = format!("The booking {id} is already {}.", row.status.word());
                return Err(Refusal::invalid("id", message));
            }
        }
        self.bookings.change(id, self.now, |row| {
            row.status = BookingStatus::Dismissed;
            row.dismissing_reason_id = reason;
        });
        Ok(())
    }
}
