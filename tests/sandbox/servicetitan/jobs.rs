//! Check lists 4, 5, 6 and 8 on jobs, and their appointments and notes.

use serde_json::json;
use syncline::sandbox::servicetitan::{InactiveCampaigns, InvalidIs, StatusText};

use super::*;

const WORK_ORDER: &str = "servicechannel.workOrderId";

#[tokio::test]
async fn a_job_makes_an_appointment_and_an_invoice() {
    let st = St::new().await;
    let job = st.post("jpm/jobs", &new_job()).await;
    let number = job["jobNumber"].as_str().unwrap();
    assert_eq!(job["jobStatus"], "Scheduled");
    assert!(job["invoiceId"].is_i64());
    assert_eq!(job["appointmentCount"], json!(1));
    assert_eq!(job["firstAppointmentId"], job["lastAppointmentId"]);
    let field = json!([{"typeId": 3001, "name": "NTE", "value": "450.00"}]);
    assert_eq!(
        (&job["customFields"], &job["customerPo"]),
        (&field, &json!("PO-55"))
    );
    let page = st
        .get(&format!("jpm/appointments?jobId={}", id(&job)))
        .await;
    let appointment = &rows(&page)[0];
    assert_eq!(appointment["id"], job["firstAppointmentId"]);
    assert_eq!(
        appointment["appointmentNumber"],
        json!(format!("{number}-1"))
    );
    assert_eq!(appointment["status"], "Scheduled");
    let one = st
        .get(&format!("jpm/appointments/{}", id(appointment)))
        .await;
    assert_eq!(&one, appointment);
}

#[tokio::test]
async fn a_job_is_found_by_external_data_and_by_what_it_holds() {
    let st = St::new().await;
    let created = st.post("jpm/jobs", &new_job()).await;
    let job = id(&created).0;
    assert_eq!(
        created["externalData"],
        json!([]),
        "shown only when the GUID is asked for"
    );
    let found = st
        .get(&format!(
            "jpm/jobs?{}",
            lookup(GUID, WORK_ORDER, "1,123456789")
        ))
        .await;
    assert_eq!(ids(&found), [job]);
    let datum = json!([{"key": WORK_ORDER, "value": "123456789"}]);
    assert_eq!(rows(&found)[0]["externalData"], datum);
    let one = st
        .get(&format!(
            "jpm/jobs/{job}?externalDataApplicationGuid={GUID}"
        ))
        .await;
    assert_eq!(one["externalData"], datum);
    assert_eq!(
        st.get(&format!("jpm/jobs/{job}")).await["externalData"],
        json!([])
    );
    let other = st
        .get(&format!(
            "jpm/jobs?{}",
            lookup(OTHER_GUID, WORK_ORDER, "123456789")
        ))
        .await;
    assert!(rows(&other).is_empty());

    let since = format!(
        "createdOnOrAfter={}",
        created["createdOn"].as_str().unwrap()
    );
    for filter in [
        format!("number={job}"),
        format!("ids={job}"),
        "customerId=7001&jobStatus=scheduled".to_owned(),
        "locationId=7002&priority=high".to_owned(),
        "campaignId=9&businessUnitId=12&jobTypeId=47&appointmentStatus=Scheduled".to_owned(),
        format!("invoiceId={}", created["invoiceId"]),
        "firstAppointmentStartsOnOrAfter=2026-11-04T15:00:00Z".to_owned(),
        "appointmentStartsBefore=2026-11-04T15:00:01Z".to_owned(),
    ] {
        assert_eq!(
            ids(&st.get(&format!("jpm/jobs?{since}&{filter}")).await),
            [job],
            "{filter}"
        );
    }
    for filter in [
        "customerId=7003",
        "technicianId=201",
        "bookingId=4",
        "tagTypeIds=302",
        "completedOnOrAfter=2020-01-01",
        "hasUnusedAppointments=true",
        "projectId=1",
    ] {
        let page = st.get(&format!("jpm/jobs?{since}&{filter}")).await;
        assert!(rows(&page).is_empty(), "{filter}");
    }
    let reply = st.try_get("jpm/jobs?jobStatus=Lost").await;
    assert_eq!(refused_fields(&reply, 400), ["jobStatus"]);
}

#[tokio::test]
async fn every_rule_of_a_new_job_names_its_field() {
    let st = St::new().await;
    let reply = st.try_post("jpm/jobs", &json!({})).await;
    assert_eq!(
        refused_fields(&reply, 400),
        [
            "Appointments",
            "BusinessUnitId",
            "CampaignId",
            "CustomerId",
            "JobTypeId",
            "LocationId",
            "Priority"
        ]
    );
    for (changes, fields) in [
        (json!({"campaignId": 1}), vec!["CampaignId"]),
        (json!({"campaignId": 10}), vec!["CampaignId"]),
        (json!({"campaignId": "9"}), vec!["CampaignId"]),
        (json!({"businessUnitId": 1}), vec!["BusinessUnitId"]),
        (json!({"jobTypeId": 1}), vec!["JobTypeId"]),
        (json!({"jobTypeId": 48}), vec!["JobTypeId"]),
        (json!({"businessUnitId": 11}), vec!["JobTypeId"]),
        (json!({"customerId": 1}), vec!["CustomerId", "LocationId"]),
        (json!({"locationId": 1}), vec!["LocationId"]),
        (json!({"locationId": 7004}), vec!["LocationId"]),
        (json!({"priority": "Now"}), vec!["Priority"]),
        (json!({"appointments": []}), vec!["Appointments"]),
        (
            json!({"appointments": [{"start": "2026-11-04T15:00:00Z"}]}),
            vec!["Appointments[0].End"],
        ),
        (
            json!({"appointments": [{"start": "2026-11-04T15:00:00Z", "end": "2026-11-04T15:00:00Z"}]}),
            vec!["Appointments[0].End"],
        ),
        (
            json!({"appointments": [{"start": "2026-11-04T15:00:00Z", "end": "2026-11-04T16:00:00Z",
                                     "technicianIds": [9]}]}),
            vec!["Appointments[0].TechnicianIds"],
        ),
        (
            json!({"customFields": [{"typeId": 1, "value": "x"}]}),
            vec!["CustomFields[0].TypeId"],
        ),
        (
            json!({"customFields": [{"typeId": 3001, "value": 450}]}),
            vec!["CustomFields[0].Value"],
        ),
        (json!({"tagTypeIds": [1]}), vec!["TagTypeIds"]),
        (json!({"bookingId": 1}), vec!["BookingId"]),
        (
            json!({"externalData": {"applicationGuid": "7"}}),
            vec!["ExternalData.ApplicationGuid", "ExternalData.ExternalData"],
        ),
    ] {
        let reply = st
            .try_post("jpm/jobs", &with(new_job(), changes.clone()))
            .await;
        assert_eq!(refused_fields(&reply, 400), fields, "{changes}");
    }
    let reply = st
        .try_post("jpm/jobs", &with(new_job(), json!({"jobTypeId": 48})))
        .await;
    assert_eq!(
        reply.json()["errors"]["JobTypeId"],
        json!(["The jobTypeId 48 is not permitted in businessUnitId 12."])
    );
    st.post(
        "jpm/jobs",
        &with(new_job(), json!({"jobTypeId": 49, "customFields": null})),
    )
    .await;
    assert_eq!(st.created("jobs").len(), 1);
}

#[tokio::test]
async fn refusals_and_inactive_campaigns_follow_the_switches() {
    let st = St::switched(Switches {
        inactive_campaigns: InactiveCampaigns::Taken,
        invalid_is: InvalidIs::Unprocessable,
        ..Switches::default()
    })
    .await;
    st.post("jpm/jobs", &with(new_job(), json!({"campaignId": 10})))
        .await;
    st.titan.kit().recorder.stop(); // 422 is not in the vendor's files.
    let reply = st
        .try_post("jpm/jobs", &with(new_job(), json!({"campaignId": null})))
        .await;
    assert_eq!(refused_fields(&reply, 422), ["CampaignId"]);
    let sent = json!({"invalid_is": "bad_request"});
    let reply = st.control(Method::PUT, "switches", Some(&sent)).await.ok();
    assert_eq!(
        reply["inactive_campaigns"], "taken",
        "what is not sent stays"
    );
    let reply = st.try_post("jpm/jobs", &json!({})).await;
    assert_eq!(reply.status, 400);
    let wrong = json!({"read_lag": "soon"});
    let reply = st.control(Method::PUT, "switches", Some(&wrong)).await;
    assert_eq!(reply.status, 400);
    assert!(
        reply.text.contains("`soon` is no duration"),
        "{}",
        reply.text
    );
}

#[tokio::test]
async fn a_second_post_creates_a_second_job() {
    let st = St::new().await;
    let first = id(&st.post("jpm/jobs", &new_job()).await);
    let second = id(&st.post("jpm/jobs", &new_job()).await);
    assert_ne!(first, second);
    assert_eq!(
        st.created("jobs"),
        [(format!("{GUID} {WORK_ORDER}=123456789"), 2)]
    );
    let report = st.control(Method::GET, "creations", None).await.ok();
    assert_eq!(
        report["jobs"][format!("{GUID} {WORK_ORDER}=123456789")],
        json!(2)
    );
}

#[tokio::test]
async fn a_change_replaces_lists_and_keeps_the_rest() {
    let st = St::new().await;
    let fields = json!([{"typeId": 3001, "value": "450.00"}, {"typeId": 3002, "value": "Key box"}]);
    let body = with(
        new_job(),
        json!({"customFields": fields, "tagTypeIds": [301, 302]}),
    );
    let created = st.post("jpm/jobs", &body).await;
    let path = format!("jpm/jobs/{}", id(&created));
    st.advance(1);
    let changed = st
        .patch(
            &path,
            &json!({"customFields": [{"typeId": 3001, "value": "500.00"}],
                              "tagTypeIds": [302], "unknown": true}),
        )
        .await;
    let nte = json!([{"typeId": 3001, "name": "NTE", "value": "500.00"}]);
    assert_eq!(
        (&changed["customFields"], &changed["tagTypeIds"]),
        (&nte, &json!([302]))
    );
    assert_eq!(changed["summary"], created["summary"]);
    assert_ne!(changed["modifiedOn"], created["modifiedOn"]);
    let changed = st
        .patch(&path, &json!({"summary": "new", "priority": "Low"}))
        .await;
    assert_eq!(
        (&changed["summary"], &changed["customFields"]),
        (&json!("new"), &nte)
    );

    for (body, fields) in [
        (json!({"jobTypeId": 48}), vec!["JobTypeId"]),
        (json!({"locationId": 7004}), vec!["LocationId"]),
        (json!({"summary": null}), vec!["Summary"]),
        (json!({"priority": 3}), vec!["Priority"]),
    ] {
        assert_eq!(
            refused_fields(&st.try_patch(&path, &body).await, 400),
            fields
        );
    }
    let moved = json!({"customerId": 7003, "locationId": 7004, "jobTypeId": 48,
                       "businessUnitId": 11, "soldById": 201,
                       "jobGeneratedLeadSource": {"jobId": 4}});
    let changed = st.patch(&path, &moved).await;
    assert_eq!(
        (&changed["customerId"], &changed["soldById"]),
        (&json!(7003), &json!(201))
    );
    assert_eq!(
        changed["jobGeneratedLeadSource"],
        json!({"jobId": 4, "employeeId": null})
    );
    assert_eq!(
        st.patch(&path, &json!({"soldById": null})).await["soldById"],
        json!(null)
    );
    assert_eq!(st.try_patch("jpm/jobs/1", &json!({})).await.status, 404);
}

#[tokio::test]
async fn external_data_of_a_job_replaces_or_merges() {
    let st = St::new().await;
    let job = id(&st.post("jpm/jobs", &new_job()).await);
    let path = format!("jpm/jobs/{job}?externalDataApplicationGuid={GUID}");
    let change = |guid: &str, mode: &str, key: &str| {
        json!({"externalData": {"applicationGuid": guid, "patchMode": mode,
                                "externalData": [{"key": key, "value": "v"}]}})
    };
    let changed = st.patch(&path, &change(GUID, "Merge", "other")).await;
    assert_eq!(changed["externalData"].as_array().unwrap().len(), 2);
    let changed = st.patch(&path, &change(OTHER_GUID, "Replace", "x")).await;
    assert_eq!(
        changed["externalData"].as_array().unwrap().len(),
        2,
        "another app's data stay"
    );
    let changed = st.patch(&path, &change(GUID, "Replace", "other")).await;
    assert_eq!(
        changed["externalData"],
        json!([{"key": "other", "value": "v"}])
    );
    let gone = st
        .get(&format!(
            "jpm/jobs?{}",
            lookup(GUID, WORK_ORDER, "123456789")
        ))
        .await;
    assert!(rows(&gone).is_empty());
}

#[tokio::test]
async fn jobs_are_canceled_held_and_completed() {
    let st = St::new().await;
    let why = |reason: i64| json!({"reasonId": reason, "memo": "as asked"});
    let status = async |job: Id| st.get(&format!("jpm/jobs/{job}")).await["jobStatus"].clone();
    let visits = async |job: Id| {
        let page = st.get(&format!("jpm/appointments?jobId={job}")).await;
        rows(&page)
            .iter()
            .map(|row| row["status"].clone())
            .collect::<Vec<_>>()
    };

    let canceled = id(&st.post("jpm/jobs", &new_job()).await);
    let path = format!("jpm/jobs/{canceled}");
    let reply = st
        .try_put(&format!("{path}/cancel"), &json!({"reasonId": 9}))
        .await;
    assert_eq!(refused_fields(&reply, 400), ["Memo", "ReasonId"]);
    st.put(&format!("{path}/cancel"), &why(401)).await;
    assert_eq!(status(canceled).await, "Canceled");
    assert_eq!(visits(canceled).await, ["Canceled"]);
    let reasons = st
        .get(&format!("jpm/jobs/cancel-reasons?ids={canceled}"))
        .await;
    assert_eq!(
        rows(&reasons)[0],
        json!({"jobId": canceled, "reasonId": 401, "name": "Customer canceled", "text": "as asked"})
    );
    assert_eq!(
        st.try_put(&format!("{path}/cancel"), &why(401))
            .await
            .status,
        400
    );
    let done = json!({"completedOn": "2026-11-04T17:00:00Z"});
    assert_eq!(
        st.try_put(&format!("{path}/complete"), &done).await.status,
        409
    );
    st.put(&format!("{path}/remove-cancellation"), &json!({}))
        .await;
    assert_eq!(
        (status(canceled).await, visits(canceled).await),
        (json!("Scheduled"), vec![json!("Scheduled")])
    );

    let held = id(&st.post("jpm/jobs", &new_job()).await);
    st.put(&format!("jpm/jobs/{held}/hold"), &why(411)).await;
    assert_eq!(
        (status(held).await, visits(held).await),
        (json!("Hold"), vec![json!("Hold")])
    );
    assert_eq!(
        st.try_put(&format!("jpm/jobs/{held}/hold"), &why(411))
            .await
            .status,
        400
    );

    let completed = id(&st.post("jpm/jobs", &new_job()).await);
    let path = format!("jpm/jobs/{completed}/complete");
    assert_eq!(
        st.try_put(&path, &done).await.status,
        409,
        "nobody is assigned"
    );
    let visit = id(&rows(&st.get(&format!("jpm/appointments?jobId={completed}")).await)[0]);
    st.titan.dispatch(visit, None).unwrap();
    st.titan.arrive(visit).unwrap();
    st.put(&path, &done).await;
    let row = st.get(&format!("jpm/jobs/{completed}")).await;
    assert_eq!(
        (&row["jobStatus"], &row["completedOn"]),
        (&json!("Completed"), &json!("2026-11-04T17:00:00Z"))
    );
    assert_eq!(st.try_put(&path, &done).await.status, 409);
    assert_eq!(st.try_put("jpm/jobs/1/complete", &done).await.status, 404);
}

#[tokio::test]
async fn appointments_are_added_moved_and_held() {
    let st = St::new().await;
    let job = id(&st.post("jpm/jobs", &new_job()).await);
    let second = json!({"jobId": job, "start": "2026-11-05T15:00:00Z", "end": "2026-11-05T17:00:00Z",
                        "technicianIds": [201], "specialInstructions": "Ring twice"});
    let added = st.post("jpm/appointments", &second).await;
    assert_eq!(added["appointmentNumber"], json!(format!("{job}-2")));
    assert_eq!(
        st.get(&format!("jpm/jobs/{job}")).await["appointmentCount"],
        json!(2)
    );
    let visit = id(&added);
    let moved = json!({"start": "2026-11-06T15:00:00Z", "end": "2026-11-06T17:00:00Z"});
    let row = st
        .patch(&format!("jpm/appointments/{visit}/reschedule"), &moved)
        .await;
    assert_eq!(row["start"], "2026-11-06T15:00:00Z");
    for filter in [
        "technicianId=201",
        "startsOnOrAfter=2026-11-06T00:00:00Z",
        "status=Scheduled&unused=false",
    ] {
        let page = st
            .get(&format!(
                "jpm/appointments?jobId={job}&{filter}&sort=-Id&pageSize=1"
            ))
            .await;
        assert_eq!(ids(&page), [visit.0], "{filter}");
    }
    let why = json!({"reasonId": 411, "memo": "parts"});
    let hold = format!("jpm/appointments/{visit}/hold");
    st.put(&hold, &why).await;
    assert_eq!(
        st.get(&format!("jpm/jobs/{job}")).await["jobStatus"],
        "Scheduled"
    );
    assert_eq!(st.try_put(&hold, &why).await.status, 409);
    assert_eq!(st.send(Method::DELETE, &hold, None).await.status, 200);
    assert_eq!(st.send(Method::DELETE, &hold, None).await.status, 409);
    assert_eq!(st.try_get("jpm/appointments/1").await.status, 404);
}

#[tokio::test]
async fn notes_are_appended_and_have_no_id() {
    let st = St::new().await;
    let path = format!(
        "jpm/jobs/{}/notes",
        id(&st.post("jpm/jobs", &new_job()).await)
    );
    let note = st
        .post(&path, &json!({"text": "first", "pinToTop": true}))
        .await;
    assert_eq!(
        (&note["text"], &note["isPinned"], note.get("id")),
        (&json!("first"), &json!(true), None)
    );
    st.post(&path, &json!({"text": "second"})).await;
    let texts: Vec<Value> = rows(&st.get(&path).await)
        .iter()
        .map(|row| row["text"].clone())
        .collect();
    assert_eq!(texts, ["first", "second"]);
    let page = st
        .get(&format!("{path}?pageSize=1&includeTotal=true"))
        .await;
    assert_eq!(
        (&page["hasMore"], &page["totalCount"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(
        refused_fields(&st.try_post(&path, &json!({})).await, 400),
        ["Text"]
    );
    assert_eq!(st.try_get("jpm/jobs/1/notes").await.status, 404);
}

#[tokio::test]
async fn the_spelling_of_a_status_is_a_switch() {
    for (text, expected) in [
        (StatusText::Display, "In Progress"),
        (StatusText::Plain, "InProgress"),
    ] {
        let st = St::switched(Switches {
            status_text: text,
            ..Switches::default()
        })
        .await;
        let job = st.post("jpm/jobs", &new_job()).await;
        st.titan
            .dispatch(Id(job["firstAppointmentId"].as_i64().unwrap()), None)
            .unwrap();
        let page = st.get("jpm/jobs?jobStatus=InProgress").await;
        assert_eq!(rows(&page)[0]["jobStatus"], expected);
    }
}
