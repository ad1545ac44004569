//! Appointments and who is sent to them: several technicians, several visits, holds with a reason,
//! and what the logs of a job tell of it.

use serde_json::json;

use super::*;

/// A job and its first appointment.
async fn job(st: &St) -> (Id, Id) {
    let job = st.post("jpm/jobs", &new_job()).await;
    (id(&job), Id(job["firstAppointmentId"].as_i64().unwrap()))
}

async fn status(st: &St, visit: Id) -> String {
    let row = st.get(&format!("jpm/appointments/{visit}")).await;
    row["status"].as_str().unwrap().to_owned()
}

async fn job_status(st: &St, job: Id) -> String {
    let row = st.get(&format!("jpm/jobs/{job}")).await;
    row["jobStatus"].as_str().unwrap().to_owned()
}

fn of(assignments: &Value) -> Vec<(i64, String, bool)> {
    let row = |row: &Value| {
        (
            row["technicianId"].as_i64().unwrap(),
            row["status"].as_str().unwrap().to_owned(),
            row["isPaused"].as_bool().unwrap(),
        )
    };
    rows(assignments).iter().map(row).collect()
}

#[tokio::test]
async fn two_technicians_go_their_ways_and_the_appointment_follows() {
    let st = St::new().await;
    let (job, visit) = job(&st).await;
    let list = format!("dispatch/appointment-assignments?appointmentIds={visit}&jobId={job}");
    assert!(rows(&st.get(&list).await).is_empty());
    let at = |step: &str| format!("appointments/{visit}/{step}");
    st.act(&at("dispatch"), &json!({"technicianId": 201})).await;
    st.act(&at("dispatch"), &json!({"technicianId": 202})).await;
    let sent = |who: i64, status: &str| (who, status.to_owned(), false);
    assert_eq!(
        of(&st.get(&list).await),
        [sent(201, "Dispatched"), sent(202, "Dispatched")]
    );
    assert_eq!(
        st.refused(&at("dispatch"), &json!({"technicianId": 202}))
            .await,
        format!("The appointment {visit} is Dispatched.")
    );
    st.act(&at("arrive"), &json!({"technicianId": 202})).await;
    assert_eq!(status(&st, visit).await, "Working");
    st.act(&at("pause"), &json!({})).await;
    assert_eq!(
        of(&st.get(&list).await)[1],
        (202, "Working".to_owned(), true)
    );
    st.act(&at("resume"), &json!({})).await;
    st.act(&at("done"), &json!({"technicianId": 202})).await;
    assert_eq!(status(&st, visit).await, "Working", "201 is still to come");
    st.act(&at("arrive"), &json!({})).await;
    st.act(&at("done"), &json!({})).await;
    assert_eq!(status(&st, visit).await, "Done");
    assert_eq!(
        of(&st.get(&list).await),
        [sent(201, "Done"), sent(202, "Done")]
    );
    let feed = "dispatch/export/appointment-assignments?from=2026-11-02&includeRecentChanges=true";
    assert_eq!(of(&st.get(feed).await).len(), 2);
}

#[tokio::test]
async fn technicians_are_assigned_over_the_api_and_taken_off_again() {
    let st = St::new().await;
    let (_, visit) = job(&st).await;
    let body = json!({"jobAppointmentId": visit, "technicianIds": [201, 202]});
    let assign = "dispatch/appointment-assignments/assign-technicians";
    let off = "dispatch/appointment-assignments/unassign-technicians";
    assert_eq!(st.post(assign, &body).await["id"], json!(visit));
    st.post(assign, &body).await;
    assert_eq!(
        ids(&st.get("jpm/appointments?technicianId=202").await),
        [visit.0]
    );
    assert_eq!(status(&st, visit).await, "Scheduled", "nobody set out");
    let one = json!({"jobAppointmentId": visit, "technicianIds": [202]});
    st.post(off, &one).await;
    let list = format!("dispatch/appointment-assignments?appointmentIds={visit}");
    assert_eq!(
        of(&st.get(&list).await),
        [(201, "Scheduled".to_owned(), false)]
    );
    let all = st.get(&format!("{list}&active=Any")).await;
    assert_eq!(rows(&all).len(), 2);
    st.act(&format!("appointments/{visit}/dispatch"), &json!({}))
        .await;
    assert_eq!(
        refused_fields(&st.try_post(off, &body).await, 400),
        ["technicianIds"]
    );
    st.act(&format!("appointments/{visit}/done"), &json!({}))
        .await;
    assert!(refused_fields(&st.try_post(assign, &one).await, 409).is_empty());
    let unknown = json!({"jobAppointmentId": 1, "technicianIds": [1]});
    assert_eq!(
        refused_fields(&st.try_post(assign, &unknown).await, 400),
        ["JobAppointmentId", "TechnicianIds"]
    );
}

#[tokio::test]
async fn a_job_of_several_visits_is_not_done_with_the_first() {
    let st = St::new().await;
    let (job, first) = job(&st).await;
    let body = json!({"start": "2026-11-05T15:00:00Z", "end": "2026-11-05T17:00:00Z"});
    let second = st.make(&format!("jobs/{job}/appointments"), &body).await;
    let row = st.get(&format!("jpm/jobs/{job}")).await;
    assert_eq!(
        (&row["appointmentCount"], &row["lastAppointmentId"]),
        (&json!(2), &json!(second))
    );
    for step in ["dispatch", "arrive", "done"] {
        st.act(&format!("appointments/{first}/{step}"), &json!({}))
            .await;
    }
    assert_eq!(job_status(&st, job).await, "In Progress");
    st.act(
        &format!("jobs/{job}/complete"),
        &json!({"completedOn": "2026-11-04T18:00:00Z"}),
    )
    .await;
    assert_eq!(job_status(&st, job).await, "Completed");
    let row = st.get(&format!("jpm/appointments/{second}")).await;
    assert_eq!(
        (&row["status"], &row["unused"]),
        (&json!("Done"), &json!(true))
    );
    assert_eq!(
        st.get(&format!("jpm/jobs/{job}")).await["completedOn"],
        "2026-11-04T18:00:00Z"
    );
    assert!(
        st.refused(&format!("jobs/{job}/appointments"), &body)
            .await
            .contains("is Completed")
    );
}

#[tokio::test]
async fn the_only_appointment_of_a_job_stays() {
    let st = St::new().await;
    let (job, first) = job(&st).await;
    let path = format!("jpm/appointments/{first}");
    let reply = st.send(Method::DELETE, &path, None).await;
    assert!(refused_fields(&reply, 409).is_empty());
    let body = json!({"jobId": job, "start": "2026-11-05T15:00:00Z",
                      "end": "2026-11-05T17:00:00Z", "technicianIds": [203]});
    let second = id(&st.post("jpm/appointments", &body).await);
    assert_eq!(st.created("appointments").len(), 1);
    let reply = st.send(Method::DELETE, &path, None).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
    assert_eq!(
        ids(&st.get(&format!("jpm/appointments?jobId={job}")).await),
        [second.0]
    );
    let feed = "jpm/export/appointments?active=False&includeRecentChanges=true";
    assert_eq!(ids(&st.get(feed).await), [first.0]);
}

#[tokio::test]
async fn an_appointment_is_confirmed_once_and_takes_instructions() {
    let st = St::new().await;
    let (_, visit) = job(&st).await;
    let path = format!("jpm/appointments/{visit}");
    let confirm = format!("{path}/confirmation");
    st.put(&confirm, &json!({})).await;
    assert_eq!(st.get(&path).await["isConfirmed"], json!(true));
    assert!(refused_fields(&st.try_put(&confirm, &json!({})).await, 409).is_empty());
    let reply = st.send(Method::DELETE, &confirm, None).await;
    assert_eq!(reply.status, 200);
    let reply = st.send(Method::DELETE, &confirm, None).await;
    assert!(refused_fields(&reply, 409).is_empty());
    let text = json!({"specialInstructions": "Ring twice"});
    let row = st
        .try_put(&format!("{path}/special-instructions"), &text)
        .await
        .ok();
    assert_eq!(row["specialInstructions"], "Ring twice");
}

#[tokio::test]
async fn a_hold_tells_its_reason_in_the_history_and_ends() {
    let st = St::new().await;
    let (job, visit) = job(&st).await;
    let why = json!({"reasonId": known::HOLD_REASON, "memo": "compressor is on order"});
    st.act(&format!("appointments/{visit}/hold"), &why).await;
    assert_eq!(job_status(&st, job).await, "Hold");
    let path = format!("jpm/jobs/{job}/history");
    let history = st.get(&path).await["history"].clone();
    let last = history.as_array().unwrap().last().unwrap();
    assert_eq!(last["memo"], "Waiting for parts: compressor is on order");
    assert_eq!(last["eventType"], "Appointment On Hold");
    st.act(&format!("appointments/{visit}/release"), &json!({}))
        .await;
    assert_eq!(job_status(&st, job).await, "Scheduled");
    st.act(&format!("jobs/{job}/hold"), &json!({})).await;
    assert_eq!(status(&st, visit).await, "Hold");
    let feed = st
        .get("jpm/export/job-history?from=2026-11-02&includeRecentChanges=true")
        .await;
    let told = rows(&feed)
        .iter()
        .find(|row| row["jobId"] == json!(job))
        .unwrap();
    let events: Vec<&str> = told["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["eventType"].as_str().unwrap())
        .collect();
    assert_eq!(
        events,
        [
            "Job Booked",
            "Appointment On Hold",
            "Hold Removed",
            "Job On Hold"
        ]
    );
}

#[tokio::test]
async fn a_cancellation_is_logged_and_can_be_taken_back() {
    let st = St::new().await;
    let (job, visit) = job(&st).await;
    let log = format!("jpm/jobs/{job}/canceled-log");
    assert!(rows(&st.get(&log).await).is_empty());
    let why = json!({"reasonId": 402, "memo": "same as yesterday's"});
    st.act(&format!("jobs/{job}/cancel"), &why).await;
    assert_eq!(status(&st, visit).await, "Canceled");
    let row = rows(&st.get(&log).await)[0].clone();
    assert_eq!(
        (&row["reasonId"], &row["memo"], &row["active"]),
        (&json!(402), &json!("same as yesterday's"), &json!(true))
    );
    let reason = st.get(&format!("jpm/jobs/cancel-reasons?ids={job}")).await;
    assert_eq!(rows(&reason)[0]["name"], "Booked twice");
    st.put(&format!("jpm/jobs/{job}/remove-cancellation"), &json!({}))
        .await;
    assert_eq!(status(&st, visit).await, "Scheduled");
    let feed = st
        .get("jpm/export/job-canceled-logs?includeRecentChanges=true")
        .await;
    assert_eq!(rows(&feed)[0]["active"], json!(false));
    let booked = st.get(&format!("jpm/jobs/{job}/booked-log")).await;
    assert_eq!(booked["jobAppointmentId"], json!(visit));
}
