//! The journal: one change is one write, and what belongs to others was kept.

use serde_json::json;
use syncline::sandbox::servicetitan::journal::{Author, Deed};

use super::*;

#[tokio::test]
async fn every_write_says_what_it_changed() {
    let st = St::new().await;
    assert!(st.titan.journal().writes(|_| true).is_empty());
    let job = id(&st.post("jpm/jobs", &new_job()).await);
    st.act(&format!("jobs/{job}/tags"), &json!({"add": [301, 302]}))
        .await;
    let field = json!({"typeId": known::FIELD_ACCESS, "value": "Key box"});
    st.act(&format!("jobs/{job}/custom-fields"), &field).await;
    let path = format!("jpm/jobs/{job}");
    let kept = st.get(&path).await["customFields"].clone();
    let body = json!({"customFields": [kept[0], {"typeId": 3002, "value": "Front desk"}]});
    st.patch(&path, &body).await;
    st.patch(&path, &body).await;

    let by_clients = st.titan.journal().by_clients("jobs", job);
    assert_eq!(by_clients.len(), 3, "one write per call");
    assert_eq!(by_clients[0].deed, Deed::Created);
    let changed: Vec<&str> = by_clients[1]
        .changes
        .iter()
        .map(|change| change.field.as_str())
        .collect();
    assert_eq!(changed, ["customFields"], "the tags of others were kept");
    assert_eq!(by_clients[1].changes[0].from[1]["value"], "Key box");
    assert_eq!(by_clients[1].changes[0].to[1]["value"], "Front desk");
    assert!(by_clients[2].changes.is_empty(), "a write without a change");
    assert_eq!(&*by_clients[1].call, format!("PATCH /{path}"));
    let Author::Client(request) = by_clients[1].by else {
        panic!("a client wrote")
    };
    let log = st.titan.kit().audit.log(usize::MAX);
    let entry = log.iter().find(|entry| entry.seq == request).unwrap();
    assert_eq!(entry.method, "PATCH");

    // A full list that leaves a tag out takes it off: the journal shows whose it was.
    st.patch(&path, &json!({"tagTypeIds": [302]})).await;
    let last = st.titan.journal().by_clients("jobs", job).pop().unwrap();
    assert_eq!(last.changes[0].from, json!([301, 302]));
}

#[tokio::test]
async fn the_journal_is_read_over_the_control_calls() {
    let st = St::new().await;
    let job = st.post("jpm/jobs", &new_job()).await;
    let visit = &job["firstAppointmentId"];
    for step in ["dispatch", "arrive", "done"] {
        st.act(&format!("appointments/{visit}/{step}"), &json!({}))
            .await;
    }
    let read = async |query: &str| {
        let reply = st.control(Method::GET, query, None).await.ok();
        reply.as_array().unwrap().clone()
    };
    let steps = read(&format!(
        "journal?collection=appointments&id={visit}&field=status"
    ))
    .await;
    let to = |write: &Value| {
        let mut changes = write["changes"].as_array().unwrap().iter();
        changes.find(|change| change["field"] == "status").unwrap()["to"].clone()
    };
    assert_eq!(
        steps.iter().map(to).collect::<Vec<_>>(),
        ["Dispatched", "Working", "Done"]
    );
    assert_eq!(steps[0]["by"], "people");
    assert_eq!(
        st.titan.journal().values("jobs", id(&job), "jobStatus"),
        ["InProgress"]
    );
    let made = read("journal?by=client").await;
    let collections: Vec<&Value> = made.iter().map(|write| &write["collection"]).collect();
    assert_eq!(collections, ["appointments", "jobs", "invoices"]);
    let last = steps[2]["number"].as_u64().unwrap();
    let later = read(&format!("journal?after={last}")).await;
    assert!(later.iter().all(|write| write["call"] == steps[2]["call"]));
    st.control(Method::POST, "reset", None).await;
    assert!(st.titan.journal().writes(|_| true).is_empty());
}

#[tokio::test]
async fn control_calls_work_in_process_too() {
    let st = St::new().await;
    let job = id(&st.post("jpm/jobs", &new_job()).await);
    let note = json!({"text": "Left a card", "pinToTop": true});
    let made = st
        .titan
        .control("POST", &format!("jobs/{job}/notes"), &note)
        .unwrap();
    let feed = "jpm/export/job-notes?includeRecentChanges=true";
    let row = rows(&st.get(feed).await)[0].clone();
    assert_eq!(
        (&row["id"], &row["createdById"], &row["isPinned"]),
        (&made["id"], &json!(2), &json!(true))
    );
    st.titan
        .control("DELETE", &format!("notes/{}", made["id"]), &Value::Null)
        .unwrap();
    assert_eq!(rows(&st.get(feed).await)[0]["active"], json!(false));
    let notes = st.get(&format!("jpm/jobs/{job}/notes")).await;
    assert!(rows(&notes).is_empty());
    assert!(st.created("job-notes").is_empty(), "people wrote it");
    st.post(&format!("jpm/jobs/{job}/notes"), &json!({"text": "hello"}))
        .await;
    assert_eq!(st.created("job-notes"), [(format!("{job}: hello"), 1)]);
    let error = st.titan.control("POST", "jobs/1/juggle", &Value::Null);
    assert_eq!(
        error.unwrap_err().to_string(),
        "there is no control call POST jobs/1/juggle"
    );
}

#[tokio::test]
async fn the_office_merges_and_deactivates_places() {
    let st = St::new().await;
    let job = id(&st.post("jpm/jobs", &new_job()).await);
    st.act("locations/7002/merge-into/7004", &json!({})).await;
    let row = st.get("crm/locations/7002").await;
    assert_eq!(
        (&row["active"], &row["mergedToId"]),
        (&json!(false), &json!(7004))
    );
    assert_eq!(
        st.get(&format!("jpm/jobs/{job}")).await["locationId"],
        json!(7004)
    );
    assert_eq!(
        st.refused("locations/7004/merge-into/7004", &json!({}))
            .await,
        "The location 7004 cannot be its own merger."
    );
    st.act("locations/7004/deactivate", &json!({})).await;
    assert!(rows(&st.get("crm/locations?ids=7004").await).is_empty());
    st.act("customers/7003/deactivate", &json!({})).await;
    assert_eq!(st.get("crm/customers/7003").await["active"], json!(false));
    st.act("customers/7003/activate", &json!({})).await;
    st.act("campaigns/9/deactivate", &json!({})).await;
    assert_eq!(
        st.get("marketing/campaigns/9").await["active"],
        json!(false)
    );
}
