//! R18: without the dispatch board a work order is a booking in the Calls screen.

use serde_json::{Value, json};
use syncline::sandbox::servicechannel::people::Edit;

use super::office::{booking, call_in, campaigns, instant, prefer, read, small};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r18_a_booking_has_name_address_contact_and_summary() {
    let world = small().await;
    prefer(&world, "dispatch_board", json!(false));
    world.tenant("/settings/job_summary", json!({}));
    world.on().await;
    let edit = Edit {
        description: Some("The drain is blocked".to_owned()),
        priority: Some("P2 - 24 HOURS".to_owned()),
        trade: Some("PLUMBING".to_owned()),
        nte: Some(850.0),
        scheduled_date: Some("2026-11-04T14:00:00Z".parse().unwrap()),
        ..Edit::default()
    };
    let order = call_in(&world, &edit);
    world.run().await;

    let booking = booking(&world, order);
    let street = booking["address"]["street"].as_str().unwrap();
    assert!(street.ends_with(" Mill Street"), "{street}");
    let summary = format!(
        "Work order: {order}<br>Store: 0001<br>Trade: PLUMBING<br>Priority: P2 - 24 HOURS<br>NTE: 850.00<br>\
         Scheduled: 2026-11-04 09:00 -05:00<br>Description: The drain is blocked"
    );
    let wanted = json!({
        "source": "ServiceChannel",
        "externalId": format!("sc-{order}"),
        "status": "New",
        "name": "Acme Retail 0001",
        "customerType": "Commercial",
        "isFirstTimeClient": false,
        "priority": "High",
        "campaignId": campaigns(&world)[0]["id"],
        "businessUnitId": 12,
        "jobTypeId": 47,
        "summary": summary,
    });
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&booking[name], value, "{name}");
    }
    let town: Vec<&Value> = ["city", "state", "zip"]
        .iter()
        .map(|part| &booking["address"][part])
        .collect();
    assert_eq!(json!(town), json!(["Oakham", "NY", "10990"]));
    assert_eq!(
        instant(&booking["start"]).to_rfc3339(),
        "2026-11-04T14:00:00+00:00"
    );
    let contacts = read(&world, &format!("crm/bookings/{}/contacts", booking["id"]));
    let contact = &contacts["data"][0];
    assert_eq!(contact["type"], "Phone", "{contacts}");
    let digits = contact["value"].as_str().unwrap();
    assert!(
        digits.len() == 10 && digits.starts_with("555555"),
        "only digits: {digits}"
    );
    assert_eq!(world.created("jobs"), 0);
}
