//! The rows a simulator starts with. One seed gives one world; all names are made up.

use std::time::Duration;

use super::config::Config;
use super::crm::new_customer::{Marks, NewCustomer, NewPlace};
use super::external::{Datum, ExternalWrite};
use super::journal::Author;
use super::jpm::new_job::{Details, NewJob};
use super::model::address::{Address, PlainAddress};
use super::model::appointment::NewAppointment;
use super::model::custom_field::CustomField;
use super::people::Mark;
use super::seed_lists;
use super::value::{CustomerType, Id, Instant, Priority};
use super::world::World;
use crate::sandbox::kit::rng::Rng;
use crate::sandbox::kit::time::{earlier, later};

/// Ids that tests and demonstrations can rely on.
pub mod known {
    use super::Id;

    /// Business unit `Plumbing`.
    pub const UNIT_PLUMBING: Id = Id(11);
    /// Business unit `HVAC`.
    pub const UNIT_HVAC: Id = Id(12);
    /// Job type permitted in [`UNIT_HVAC`] only.
    pub const JOB_TYPE_HVAC: Id = Id(47);
    /// Job type permitted in [`UNIT_PLUMBING`] only.
    pub const JOB_TYPE_PLUMBING: Id = Id(48);
    /// Job type permitted everywhere.
    pub const JOB_TYPE_ANY: Id = Id(49);
    /// Text custom field `NTE` of jobs.
    pub const FIELD_NTE: Id = Id(3001);
    /// Dropdown custom field `Site access` of jobs.
    pub const FIELD_ACCESS: Id = Id(3002);
    /// Campaign category `Online`.
    pub const CATEGORY: Id = Id(5);
    /// An active campaign.
    pub const CAMPAIGN: Id = Id(9);
    /// An inactive campaign.
    pub const CAMPAIGN_INACTIVE: Id = Id(10);
    /// The booking provider tag that is tied to the app.
    pub const BOOKING_PROVIDER: Id = Id(55);
    /// A technician.
    pub const TECHNICIAN: Id = Id(201);
    /// A tag type.
    pub const TAG: Id = Id(301);
    /// A second tag type.
    pub const TAG_OTHER: Id = Id(302);
    /// A reason for canceling jobs.
    pub const CANCEL_REASON: Id = Id(401);
    /// A reason for holding jobs.
    pub const HOLD_REASON: Id = Id(411);
    /// Carries `servicechannel.subscriberId` = `900100` under the app's GUID; its one location
    /// `servicechannel.locationId` = `900200`.
    pub const CUSTOMER_LINKED: Id = Id(7001);
    /// Has no external data; its one location is at 12 Orchard St, 91203.
    pub const CUSTOMER_UNLINKED: Id = Id(7003);
    /// Is marked Do Not Service.
    pub const CUSTOMER_DO_NOT_SERVICE: Id = Id(7005);
    /// Was merged into [`CUSTOMER_MERGED_INTO`]; carries `servicechannel.subscriberId` = `900400`.
    pub const CUSTOMER_MERGED: Id = Id(7007);
    /// See [`CUSTOMER_MERGED`].
    pub const CUSTOMER_MERGED_INTO: Id = Id(7009);
    /// Both these customers carry `servicechannel.subscriberId` = `900300`.
    pub const CUSTOMERS_ALIKE: [Id; 2] = [Id(7011), Id(7013)];
}

/// How long before the start the oldest row was created.
const HISTORY: Duration = Duration::from_secs(200 * 24 * 60 * 60);
/// Seed rows lie this far apart, or less when there are so many that they would not fit.
const STEP: Duration = Duration::from_secs(60);
/// Ids of the fixed customers come after this, all later ids after the next.
const BEFORE_FIXED: Id = Id(7000);
/// At least as many as there are fixed rows that take a step.
const FIXED_ROWS: u32 = 20;
const BEFORE_OTHERS: Id = Id(10_000);

/// The world of this seed at `now`.
pub(crate) fn world(config: &Config, now: Instant) -> World {
    let mut world = World::empty(earlier(now, HISTORY), config.switches.clone());
    seed_lists::fill(&mut world, config);
    let step = step_for(config);
    world.ids_after(BEFORE_FIXED);
    fixed_customers(&mut world, config, step);
    world.ids_after(BEFORE_OTHERS);
    let mut rng = Rng::seeded(config.seed);
    for _ in 0..config.customers {
        tick(&mut world, step);
        made_up_customer(&mut world, &mut rng);
    }
    let places: Vec<(Id, Id)> = world
        .customers
        .rows()
        .filter(|row| row.active)
        .filter_map(|row| row.locations.first().map(|location| (row.id, *location)))
        .collect();
    for _ in 0..config.jobs {
        tick(&mut world, step);
        let job = past_job(&mut world, &mut rng, &places);
        tick(&mut world, step);
        world
            .complete_job(job, world.now)
            .expect("a new job with a technician can be completed");
    }
    world.begin(Author::People, now, None, None);
    world.follow();
    world
}

/// Each row takes at most two steps, and all of them must lie before the start.
fn step_for(config: &Config) -> Duration {
    let rows = FIXED_ROWS
        .saturating_add(config.customers)
        .saturating_add(config.jobs);
    STEP.min(HISTORY / rows.saturating_mul(2))
}

fn tick(world: &mut World, step: Duration) {
    world.now = later(world.now, step);
}

fn address(street: &str, city: &str, zip: &str) -> Address {
    Address::without_coordinates(PlainAddress {
        street: street.to_owned(),
        unit: None,
        city: city.to_owned(),
        state: "CA".to_owned(),
        zip: zip.to_owned(),
        country: "USA".to_owned(),
    })
}

fn external(config: &Config, key: &str, value: &str) -> ExternalWrite {
    let datum = Datum {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    ExternalWrite::new(config.application_guid, vec![datum])
}

fn shop(name: &str, at: Address, external: Option<ExternalWrite>) -> NewCustomer {
    let mut new = NewCustomer::plain(name, CustomerType::Commercial, at);
    new.place.external = external;
    new
}

fn fixed_customers(world: &mut World, config: &Config, step: Duration) {
    const SUBSCRIBER: &str = "servicechannel.subscriberId";
    let subscriber = |value| Some(external(config, SUBSCRIBER, value));

    let mut linked = shop(
        "Harbor Lane Cafe",
        address("4 Harbor Ln", "Burbank", "91502"),
        subscriber("900100"),
    );
    for location in &mut linked.locations {
        location.external = Some(external(config, "servicechannel.locationId", "900200"));
    }
    let mut unserved = shop(
        "Granite Gym",
        address("77 Quarry Rd", "Pasadena", "91101"),
        None,
    );
    unserved.marks = Marks {
        do_not_service: true,
        ..Marks::default()
    };
    let mill = || address("9 Mill Ct", "Glendale", "91204");
    let peaks = || address("310 Summit Ave", "Glendale", "91206");
    let customers = [
        linked,
        shop(
            "Pinewood Books",
            address("12 Orchard St", "Glendale", "91203"),
            None,
        ),
        unserved,
        shop("Old Mill Bakery", mill(), subscriber("900400")),
        shop("Old Mill Bakery and Cafe", mill(), None),
        shop("Twin Peaks Diner", peaks(), subscriber("900300")),
        shop("Twin Peaks Diner No 2", peaks(), subscriber("900300")),
    ];
    for customer in customers {
        tick(world, step);
        world.add_customer(customer);
    }
    tick(world, step);
    world
        .merge_customer(known::CUSTOMER_MERGED, known::CUSTOMER_MERGED_INTO)
        .expect("both customers were just added");
}

const FIRST: [&str; 10] = [
    "Amber", "Birch", "Cobalt", "Dune", "Ember", "Fern", "Garnet", "Hazel", "Indigo", "Juniper",
];
const SECOND: [&str; 8] = [
    "Market",
    "Outfitters",
    "Pharmacy",
    "Grill",
    "Hardware",
    "Optics",
    "Florist",
    "Cinema",
];
const STREETS: [&str; 6] = [
    "Alder St",
    "Beacon Ave",
    "Canyon Rd",
    "Dover Ln",
    "Elm Ct",
    "Foothill Blvd",
];
const CITIES: [(&str, &str); 4] = [
    ("Glendale", "91203"),
    ("Burbank", "91502"),
    ("Pasadena", "91101"),
    ("Alhambra", "91801"),
];

fn made_up_address(rng: &mut Rng) -> Address {
    let (city, zip) = *rng.pick(&CITIES);
    let street = format!("{} {}", 1 + rng.below(999), rng.pick(&STREETS));
    address(&street, city, zip)
}

fn made_up_customer(world: &mut World, rng: &mut Rng) {
    let name = format!("{} {}", rng.pick(&FIRST), rng.pick(&SECOND));
    let mut new = shop(&name, made_up_address(rng), None);
    for branch in 0..rng.below(3) {
        let name = format!("{name} {}", branch + 2);
        new.locations
            .push(NewPlace::plain(name, made_up_address(rng)));
    }
    world.add_customer(new);
}

/// A job to which a technician was sent, with values in its custom fields.
fn past_job(world: &mut World, rng: &mut Rng, places: &[(Id, Id)]) -> Id {
    let (customer_id, location_id) = *rng.pick(places);
    let start = later(world.now, Duration::from_secs(24 * 60 * 60));
    let value = format!("{}.00", 100 + 50 * rng.below(20));
    let fields = vec![
        CustomField {
            type_id: known::FIELD_NTE,
            name: "NTE".to_owned(),
            value,
        },
        CustomField {
            type_id: known::FIELD_ACCESS,
            name: "Site access".to_owned(),
            value: rng.pick(&["Front desk", "Key box"]).to_string(),
        },
    ];
    let appointment = NewAppointment {
        start,
        end: later(start, Duration::from_secs(2 * 60 * 60)),
        arrival_window: (None, None),
        technicians: vec![known::TECHNICIAN],
    };
    world.add_job(NewJob {
        customer_id,
        location_id,
        business_unit_id: known::UNIT_HVAC,
        job_type_id: known::JOB_TYPE_HVAC,
        priority: *rng.pick(&[Priority::Low, Priority::Normal, Priority::High]),
        campaign_id: known::CAMPAIGN,
        appointments: vec![appointment],
        details: Details {
            summary: Some("Seasonal maintenance".to_owned()),
            custom_fields: fields,
            tag_type_ids: vec![known::TAG],
            ..Details::default()
        },
    })
}

/// Turns the second campaign off again after all campaigns were added active.
pub(crate) fn close_campaign(world: &mut World) {
    world
        .mark_campaign(known::CAMPAIGN_INACTIVE, Mark::Off)
        .expect("the campaign was just added");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::servicetitan::table::Row as _;

    #[test]
    fn all_rows_lie_before_the_start() {
        let many = Config {
            jobs: 1_000_000,
            customers: 50_000,
            ..Config::default()
        };
        assert!(step_for(&many) * 2 * 1_050_020 <= HISTORY);
        let now = Instant::UNIX_EPOCH + 2 * HISTORY;
        let world = world(&Config::default(), now);
        assert!(world.jobs.rows().all(|row| row.modified_on() < now));
        assert_eq!((world.jobs.rows().count(), world.now), (20, now));
    }

    #[test]
    fn the_fixed_ids_are_what_they_say() {
        let world = world(&Config::default(), Instant::UNIX_EPOCH + 2 * HISTORY);
        let customer = |id: Id| world.customers.get(id).expect("a fixed customer");
        assert_eq!(customer(known::CUSTOMER_LINKED).name, "Harbor Lane Cafe");
        assert_eq!(
            customer(known::CUSTOMER_UNLINKED).address.plain.street,
            "12 Orchard St"
        );
        assert!(customer(known::CUSTOMER_DO_NOT_SERVICE).do_not_service);
        let merged = customer(known::CUSTOMER_MERGED);
        assert_eq!(merged.merged_to_id, Some(known::CUSTOMER_MERGED_INTO));
        assert!(
            !world
                .campaigns
                .get(known::CAMPAIGN_INACTIVE)
                .expect("a campaign")
                .active
        );
    }

    #[test]
    fn one_seed_gives_one_world() {
        let names = |seed| {
            let config = Config {
                seed,
                ..Config::default()
            };
            let world = world(&config, Instant::UNIX_EPOCH + 2 * HISTORY);
            world
                .customers
                .rows()
                .map(|row| row.name.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(1), names(1));
        assert_ne!(names(1), names(2));
    }
}
