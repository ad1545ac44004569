//! Bookings: the calls of a booking provider, and what the CSR's answer does to them.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_booking_is_found_by_its_external_id() {
    let st = St::new().await;
    let created = st.post(BOOKINGS, &new_booking("sc-1")).await;
    assert_eq!(
        (&created["status"], &created["bookingProviderId"]),
        (&json!("New"), &json!(55))
    );
    assert_eq!(created["jobId"], json!(null));
    st.post(BOOKINGS, &new_booking("sc-2")).await;
    let booking = id(&created);
    for list in [BOOKINGS, "crm/bookings"] {
        assert_eq!(
            ids(&st.get(&format!("{list}?externalId=sc-1")).await),
            [booking.0]
        );
        assert_eq!(rows(&st.get(list).await).len(), 2);
        assert_eq!(
            st.get(&format!("{list}/{booking}")).await["externalId"],
            "sc-1"
        );
        let contacts = st.get(&format!("{list}/{booking}/contacts")).await;
        assert_eq!(rows(&contacts)[0]["value"], "8185550100");
    }
    st.post(BOOKINGS, &new_booking("sc-1")).await;
    assert_eq!(
        rows(&st.get(&format!("{BOOKINGS}?externalId=sc-1")).await).len(),
        2
    );
    assert_eq!(
        st.created("bookings"),
        [("sc-1".to_owned(), 2), ("sc-2".to_owned(), 1)]
    );
}

#[tokio::test]
async fn required_members_and_known_ids_are_checked() {
    let st = St::new().await;
    let reply = st.try_post(BOOKINGS, &json!({})).await;
    assert_eq!(
        refused_fields(&reply, 400),
        [
            "Address",
            "ExternalId",
            "IsFirstTimeClient",
            "Name",
            "Source",
            "Summary"
        ]
    );
    let unreachable = with(new_booking("x"), json!({"address": null, "contacts": null}));
    assert_eq!(
        refused_fields(&st.try_post(BOOKINGS, &unreachable).await, 400),
        ["Address"]
    );
    let by_phone = with(new_booking("x"), json!({"address": null, "start": null}));
    let created = st.post(BOOKINGS, &by_phone).await;
    assert_eq!(created["start"], created["createdOn"]);
    let wrong = with(
        new_booking("x"),
        json!({"campaignId": 1, "jobTypeId": 1, "priority": "Now"}),
    );
    assert_eq!(
        refused_fields(&st.try_post(BOOKINGS, &wrong).await, 400),
        ["CampaignId", "JobTypeId", "Priority"]
    );
    let pair = with(
        new_booking("x"),
        json!({"businessUnitId": known::UNIT_PLUMBING}),
    );
    st.post(BOOKINGS, &pair).await;
    let reply = st
        .try_post("crm/booking-provider/56/bookings", &new_booking("x"))
        .await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn an_answered_booking_cannot_be_changed() {
    let st = St::new().await;
    let booking = id(&st.post(BOOKINGS, &new_booking("sc-1")).await);
    let path = format!("{BOOKINGS}/{booking}");
    st.advance(1);
    let body = with(
        new_booking("sc-1"),
        json!({"summary": "changed", "contacts": null}),
    );
    let changed = st.patch(&path, &body).await;
    assert_eq!(changed["summary"], "changed");
    assert_ne!(changed["modifiedOn"], changed["createdOn"]);
    st.titan.accept_booking(booking).unwrap();
    assert_eq!(st.get(&path).await["status"], "Accepted");
    assert!(refused_fields(&st.try_patch(&path, &body).await, 409).is_empty());
    assert_eq!(
        st.try_patch(&format!("{BOOKINGS}/1"), &body).await.status,
        404
    );
}

#[tokio::test]
async fn a_booking_is_dismissed_once() {
    let st = St::new().await;
    let booking = id(&st.post(BOOKINGS, &new_booking("sc-1")).await);
    let path = format!("{BOOKINGS}/{booking}/dismiss");
    let reply = st
        .try_post(&path, &json!({"callReasonId": 3, "dismissingMemo": "no"}))
        .await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
    let row = st.get(&format!("crm/bookings/{booking}")).await;
    assert_eq!(
        (&row["status"], &row["dismissingReasonId"]),
        (&json!("Dismissed"), &json!(3))
    );
    assert_eq!(st.try_post(&path, &json!({})).await.status, 400);
}
