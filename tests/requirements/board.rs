//! R25 to R28, R31, R32: the dispatch board flow and the NTE.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};
use syncline::sandbox::servicechannel::people::Edit;
use syncline::sandbox::servicetitan::Id;
use syncline::sandbox::servicetitan::known::{FIELD_ACCESS, FIELD_NTE};

use super::office::{act, booking, call_in, field, id_of, lines, prefer, read, rows, small};
use crate::harness::world::TENANT;
use crate::harness::{World, WorldConfig, yaml};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r25_r26_a_job_without_technician_of_the_default_unit_and_type() {
    let world = small().await;
    // Without unit and type the preference cannot be chosen.
    let file = world.workspace().join("tenants/sandbox.yaml");
    yaml::change(&file, |tenant| {
        let preferences = tenant["settings"]["preferences"].as_object_mut().unwrap();
        preferences.remove("business_unit").unwrap();
        preferences.remove("job_type").unwrap();
    });
    let refused = world.cmd(["validate"]).run().await.exits(3);
    for name in ["business_unit", "job_type"] {
        let says = format!("`preferences.{name}` is needed and is not set");
        assert!(refused.stderr.contains(&says), "{}", refused.stderr);
    }
    assert_eq!(
        refused
            .stderr
            .matches("error[setting-missing-required]")
            .count(),
        2,
        "{}",
        refused.stderr
    );
    world
        .cmd(["on", TENANT, "--agree", "2026-11"])
        .run()
        .await
        .exits(3);

    prefer(&world, "business_unit", json!(13));
    prefer(&world, "job_type", json!(49));
    world.on().await;
    let orders = world.arrive(3);
    world.run().await;
    assert_eq!(world.created("bookings"), 0);
    let technicians = rows(&world, "settings/technicians");
    assert!(!technicians.is_empty());
    for order in orders {
        let job = world.job(order);
        assert_eq!(
            (&job["businessUnitId"], &job["jobTypeId"]),
            (&json!(13), &json!(49))
        );
        assert_eq!(
            (&job["jobStatus"], &job["appointmentCount"]),
            (&json!("Scheduled"), &json!(1))
        );
        let visit = read(
            &world,
            &format!("jpm/appointments/{}", job["firstAppointmentId"]),
        );
        assert_eq!(
            (&visit["status"], &visit["jobId"]),
            (&json!("Scheduled"), &job["id"])
        );
        for technician in &technicians {
            let path = format!("jpm/jobs?technicianId={}&pageSize=500", technician["id"]);
            assert!(
                rows(&world, &path).iter().all(|row| row["id"] != job["id"]),
                "nobody is sent"
            );
        }
    }
}

/// The place of a job, as its location says it.
fn place(world: &World, job: &Value) -> String {
    read(world, &format!("crm/locations/{}", job["locationId"]))["address"]["street"].to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r27_customer_and_location_are_found_before_they_are_made() {
    let world = World::with(WorldConfig {
        subscribers: 1,
        locations: 3,
        ..WorldConfig::default()
    })
    .await;
    prefer(&world, "dispatch_board", json!(false));
    world.on().await;
    // Bookings tell the addresses; in the office one of them is known under the subscriber's name.
    let booked = world.arrive(8);
    world.run().await;
    let mut addresses: BTreeMap<String, Value> = BTreeMap::new();
    for order in booked {
        let address = booking(&world, order)["address"].clone();
        addresses.insert(address["street"].to_string(), address);
    }
    assert_eq!(addresses.len(), 3, "every site was booked for");
    let known = addresses
        .values()
        .find(|address| address["city"] == "Oakham")
        .unwrap();
    let name = "Acme Retail";
    let customer = act(
        &world,
        "POST",
        "crm/customers",
        &json!({ "name": name, "type": "Commercial", "address": known, "locations": [{ "name": "Main", "address": known }] }),
    );
    let location = &customer["locations"][0]["id"];

    prefer(&world, "dispatch_board", json!(true));
    let first = world.arrive(8);
    world.run().await;
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut note = |world: &World, orders: &[_]| {
        for order in orders {
            let job = world.job(*order);
            assert_eq!(
                job["customerId"], customer["id"],
                "adopted by its name, then by its link"
            );
            places
                .entry(place(world, &job))
                .or_default()
                .insert(job["locationId"].to_string());
        }
        places.clone()
    };
    let found = note(&world, &first);
    assert!(found.len() > 1, "several sites have jobs: {found:?}");
    assert!(
        found.values().all(|ids| ids.len() == 1),
        "one location per site: {found:?}"
    );
    assert_eq!(
        found[&known["street"].to_string()],
        BTreeSet::from([location.to_string()]),
        "by its address"
    );
    let made = |found: &BTreeMap<_, _>| (0, found.len() as u64 - 1);
    assert_eq!(
        (world.created("customers"), world.created("locations")),
        made(&found)
    );

    // Without its links it finds them by what they carry, and by the address.
    for file in fs::read_dir(world.dir()).unwrap() {
        let file = file.unwrap().path();
        if file.is_file()
            && file
                .file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("syncline.db")
        {
            fs::remove_file(file).unwrap();
        }
    }
    world.on().await;
    let second = world.arrive(8);
    world.run().await;
    let found = note(&world, &second);
    assert!(
        found.values().all(|ids| ids.len() == 1),
        "no site got a second one: {found:?}"
    );
    assert_eq!(
        (world.created("customers"), world.created("locations")),
        made(&found)
    );
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r28_r31_r32_unit_type_and_nte_field_are_checked_and_the_nte_is_written_if_wanted() {
    let world = small().await;
    prefer(&world, "job_type", json!(48));
    prefer(&world, "nte_field", json!(3999));
    world.on().await;
    let nte = |amount| Edit {
        nte: Some(amount),
        ..Edit::default()
    };
    let order = call_in(&world, &nte(850.5));
    let checked = world
        .cmd(["check", TENANT, "--format", "json"])
        .run()
        .await
        .exits(1);
    let checked = lines(&checked);
    let line = |what: &str| checked.iter().find(|line| line["what"] == *what).unwrap();
    let wrong = [
        (
            "requirement job-type",
            "The job type Drain cleaning is inactive, or business unit 12 may not use it. Choose a pair that \
             ServiceTitan allows in Preferences; work orders wait until then.",
        ),
        (
            "requirement nte-field",
            "ServiceTitan has no job custom field 3999 for the NTE. Choose another in Preferences; work orders wait \
             until then.",
        ),
    ];
    for (what, message) in wrong {
        assert_eq!(
            (&line(what)["ok"], &line(what)["message"]),
            (&json!(false), &json!(message))
        );
    }
    world.run().await;
    assert_eq!(
        world.created("jobs"),
        0,
        "nothing is made with a pair that is not permitted"
    );
    assert_eq!(world.status().await["waiting_for"][0]["reason"], wrong[0].1);

    prefer(&world, "job_type", json!(47));
    prefer(&world, "nte_field", json!(FIELD_NTE.0));
    world.fine(["check", TENANT]).await;
    world.run().await;
    let job = world.job(order);
    assert_eq!(field(&job, FIELD_NTE.0), Some("850.50"));

    // Not wanted any more: new jobs go without it, and what a person types into the old one stays.
    prefer(&world, "nte_to_custom_field", json!(false));
    let office = world.sandbox.servicetitan();
    office
        .set_custom_field(id_of(&job), FIELD_NTE, "by hand")
        .unwrap();
    office
        .set_custom_field(id_of(&job), FIELD_ACCESS, "Key box")
        .unwrap();
    world
        .sandbox
        .servicechannel()
        .edit(order, nte(900.0))
        .unwrap();
    let without = call_in(&world, &nte(120.0));
    world.run().await;
    assert_eq!(world.job(without)["customFields"], json!([]));
    assert_eq!(field(&world.job(order), FIELD_NTE.0), Some("by hand"));

    // Wanted again: the next change is merged into what the job has by then.
    prefer(&world, "nte_to_custom_field", json!(true));
    world
        .sandbox
        .servicechannel()
        .edit(order, nte(1000.0))
        .unwrap();
    world.run().await;
    let job = world.job(order);
    let fields = (field(&job, FIELD_NTE.0), field(&job, FIELD_ACCESS.0));
    assert_eq!(fields, (Some("1000.00"), Some("Key box")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r67_a_merged_customer_and_a_merged_location_are_followed() {
    let world = small().await;
    world.on().await;
    let first = world.arrive(1)[0];
    world.run().await;
    let job = world.job(first);
    let made = (world.created("customers"), world.created("locations"));
    let place = json!({ "street": "9 Elm St", "city": "Oakham", "state": "CA", "zip": "90001", "country": "USA" });
    let other = act(
        &world,
        "POST",
        "crm/customers",
        &json!({ "name": "Acme", "type": "Commercial", "address": place, "locations": [{ "name": "Main", "address": place }] }),
    );
    let id = |value: &Value| Id(value.as_i64().unwrap());
    let (customer, location) = (&other["id"], &other["locations"][0]["id"]);
    let office = world.sandbox.servicetitan();
    office
        .merge_customer(id(&job["customerId"]), id(customer))
        .unwrap();
    office
        .merge_location(id(&job["locationId"]), id(location))
        .unwrap();

    let second = world.arrive(1)[0];
    world.run().await;
    let job = world.job(second);
    assert_eq!(
        (&job["customerId"], &job["locationId"]),
        (customer, location)
    );
    let made_now = (world.created("customers"), world.created("locations"));
    assert_eq!(made_now, made, "none is made again");
}
