//! Check list 7: what people do, over the control calls and in process.

use serde_json::json;
use syncline::sandbox::servicetitan::{Conversion, Mark};

use super::*;

/// A control call that answers 204.
async fn act(st: &St, path: &str) {
    let reply = st.control(Method::POST, path, None).await;
    assert_eq!(reply.status, 204, "{path}: {reply:?}");
}

#[tokio::test]
async fn a_visit_goes_its_way_and_the_job_follows() {
    let st = St::new().await;
    let job = st.post("jpm/jobs", &new_job()).await;
    let visit = job["firstAppointmentId"].as_i64().unwrap();
    let mut modified = job["modifiedOn"].clone();
    for (step, visit_status, job_status) in [
        ("dispatch", "Dispatched", "In Progress"),
        ("arrive", "Working", "In Progress"),
        ("done", "Done", "In Progress"),
    ] {
        st.advance(1);
        act(&st, &format!("appointments/{visit}/{step}")).await;
        let row = st.get(&format!("jpm/appointments/{visit}")).await;
        assert_eq!(row["status"], visit_status);
        let job = st.get(&format!("jpm/jobs/{}", id(&job))).await;
        assert_eq!(job["jobStatus"], job_status);
        assert_ne!(job["modifiedOn"], modified, "{step} counts as a change");
        assert_eq!(job["modifiedOn"], row["modifiedOn"]);
        modified = job["modifiedOn"].clone();
    }
    assert_eq!(
        ids(&st
            .get("jpm/appointments?status=Done&technicianId=201&sort=-Id&pageSize=1")
            .await),
        [visit]
    );
    let reply = st
        .control(Method::POST, &format!("appointments/{visit}/arrive"), None)
        .await;
    assert_eq!(reply.status, 400);
    assert_eq!(
        reply.json()["error"],
        json!(format!("The appointment {visit} is Done."))
    );
}

#[tokio::test]
async fn holding_the_only_visit_holds_the_job() {
    let st = St::new().await;
    let job = st.post("jpm/jobs", &new_job()).await;
    act(
        &st,
        &format!("appointments/{}/hold", job["firstAppointmentId"]),
    )
    .await;
    assert_eq!(
        st.get(&format!("jpm/jobs/{}", id(&job))).await["jobStatus"],
        "Hold"
    );
}

#[tokio::test]
async fn a_csr_books_a_job_from_a_booking() {
    let st = St::new().await;
    let booking = id(&st.post(BOOKINGS, &new_booking("sc-1")).await);
    st.advance(1);
    act(&st, &format!("bookings/{booking}/accept")).await;
    let reply = st
        .control(Method::POST, &format!("bookings/{booking}/convert"), None)
        .await
        .ok();
    let job = reply["jobId"].as_i64().unwrap();
    let row = st.get(&format!("crm/bookings/{booking}")).await;
    assert_eq!(
        (&row["status"], &row["jobId"]),
        (&json!("Converted"), &json!(job))
    );
    let found = st.get(&format!("jpm/jobs?bookingId={booking}")).await;
    assert_eq!(ids(&found), [job]);
    let made = &rows(&found)[0];
    assert_eq!(
        (&made["bookingId"], &made["summary"]),
        (&row["id"], &row["summary"])
    );
    let customer = st
        .get(&format!("crm/customers/{}", made["customerId"]))
        .await;
    assert_eq!(customer["name"], row["name"]);
    assert!(
        st.created("jobs").is_empty() && st.created("customers").is_empty(),
        "people made them"
    );
    let again = st.titan.convert_booking(booking, Conversion::default());
    assert!(again.unwrap_err().to_string().contains("already Converted"));

    let other = id(&st.post(BOOKINGS, &new_booking("sc-2")).await);
    let choice = Conversion {
        customer_id: Some(7003),
        ..Conversion::default()
    };
    let job = st.titan.convert_booking(other, choice).unwrap();
    assert_eq!(
        st.get(&format!("jpm/jobs/{job}")).await["locationId"],
        json!(7004)
    );
    let third = id(&st.post(BOOKINGS, &new_booking("sc-3")).await);
    act(&st, &format!("bookings/{third}/dismiss")).await;
    assert_eq!(
        st.get(&format!("crm/bookings/{third}")).await["status"],
        "Dismissed"
    );
}

#[tokio::test]
async fn the_office_marks_merges_and_types() {
    let st = St::new().await;
    st.titan.set_do_not_service(Id(7001), Mark::On).unwrap();
    assert_eq!(
        st.get("crm/customers/7001").await["doNotService"],
        json!(true)
    );
    let off = json!({"mark": "off"});
    st.control(Method::POST, "customers/7001/do-not-service", Some(&off))
        .await;
    assert_eq!(
        st.get("crm/customers/7001").await["doNotService"],
        json!(false)
    );

    let job = id(&st.post("jpm/jobs", &new_job()).await);
    act(&st, "customers/7001/merge-into/7003").await;
    assert_eq!(
        st.get("crm/customers/7001").await["mergedToId"],
        json!(7003)
    );
    assert_eq!(
        st.get(&format!("jpm/jobs/{job}")).await["customerId"],
        json!(7003)
    );
    assert_eq!(
        ids(&st.get("crm/locations?customerId=7003").await),
        [7002, 7004]
    );

    let typed = json!({"typeId": 3002, "value": "Key box"});
    st.control(
        Method::POST,
        &format!("jobs/{job}/custom-fields"),
        Some(&typed),
    )
    .await;
    let fields = st.get(&format!("jpm/jobs/{job}")).await["customFields"].clone();
    assert_eq!(fields.as_array().unwrap().len(), 2);
    st.titan.set_custom_field(job, Id(3001), "").unwrap();
    let fields = st.get(&format!("jpm/jobs/{job}")).await["customFields"].clone();
    assert_eq!(
        fields,
        json!([{"typeId": 3002, "name": "Site access", "value": "Key box"}])
    );
}

#[tokio::test]
async fn the_office_can_do_what_the_api_can_without_being_audited() {
    let st = St::new().await;
    let body = with(
        new_customer("Walk In"),
        json!({"externalData": external(GUID, "servicechannel.subscriberId", "1")}),
    );
    let row = st
        .titan
        .office("POST", "crm/customers", Some(&body))
        .unwrap()
        .unwrap();
    assert_eq!(
        st.get(&format!("crm/customers/{}", id(&row))).await["name"],
        "Walk In"
    );
    let reply = st
        .control(Method::POST, "office/crm/customers", Some(&body))
        .await
        .ok();
    assert_eq!(reply["name"], "Walk In");
    assert!(st.created("customers").is_empty());
    let reply = st.control(Method::GET, "office/jpm/jobs/1", None).await;
    assert_eq!(reply.json()["error"], "Job 1 does not exist");
    let reply = st.control(Method::POST, "nothing", None).await;
    assert_eq!(
        reply.json()["error"],
        "there is no control call POST nothing"
    );
}

#[tokio::test]
async fn one_seed_gives_one_world_also_after_a_reset() {
    let st = St::new().await;
    let page = async || st.get("crm/customers?pageSize=500&active=Any").await;
    let (before, other) = (page().await, St::new().await);
    assert_eq!(
        other.get("crm/customers?pageSize=500&active=Any").await["data"]
            .as_array()
            .unwrap()
            .len(),
        rows(&before).len()
    );
    st.post("crm/customers", &new_customer("Gone Soon")).await;
    assert_ne!(page().await, before);
    let reply = st.control(Method::POST, "reset", None).await;
    assert_eq!(reply.status, 204);
    let token = st.ask_token("cid.sandbox", "cs1.sandbox").await.ok();
    let url = format!(
        "{}/crm/v2/tenant/1000/customers?pageSize=500&active=Any",
        st.running.url()
    );
    let request = st.http.get(url).header("ST-App-Key", "ak1.sandbox");
    let after = request
        .bearer_auth(token["access_token"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(after.json::<Value>().await.unwrap(), before);
}
