//! Files: sent in parts, listed, fetched from another host without credentials.

use std::time::Duration;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use syncline::sandbox::servicechannel::model::WorkOrderId;

use super::open;
use crate::sandbox::{Reply, Sc, rows};

fn sha256(bytes: &[u8]) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, bytes);
    let digits = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

async fn upload(sc: &Sc, path: &str, meta: Value, bytes: Vec<u8>) -> Reply {
    let form = Form::new()
        .text(
            "AddAttachmentsRequest",
            json!({ "Attachments": [meta] }).to_string(),
        )
        .part("file", Part::bytes(bytes).file_name("photo.jpg"));
    let request = sc
        .http
        .post(sc.url(path))
        .bearer_auth(&sc.token)
        .multipart(form);
    Reply::of(request.send().await.unwrap()).await
}

async fn listed(sc: &Sc, id: WorkOrderId) -> Vec<Value> {
    let path = format!("/v3/odata/workorders({id})/attachments");
    rows(&sc.get(&path).await.ok()).clone()
}

async fn people_attach(sc: &Sc, id: WorkOrderId, file: Value) -> Value {
    let path = format!("/workorders/{id}/attachments");
    let made = sc.control(Method::POST, &path, Some(file)).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json().as_array().unwrap().last().unwrap().clone()
}

#[tokio::test]
async fn a_file_that_was_sent_comes_back_as_it_was() {
    let mut sc = Sc::new().await;
    let id = open(&sc, 0);
    let path = format!("/v3/workorders/{id}/attachments");
    let meta = json!({ "Name": "before.jpg", "Description": "The fan", "Type": 1 });
    let made = upload(&sc, &path, meta.clone(), b"pixels & more".to_vec()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let files = listed(&sc, id).await;
    assert_eq!(
        (&files[0]["Id"], &files[0]["Name"], &files[0]["UploadBy"]),
        (
            &made.json()["id"],
            &json!("before.jpg"),
            &json!("api@best.example")
        )
    );
    let link = files[0]["Uri"].as_str().unwrap();
    assert!(
        !link.starts_with(&sc.served.url()),
        "files are on another host"
    );
    let bare = sc.http.get(link).send().await.unwrap();
    assert_eq!(bare.bytes().await.unwrap(), "pixels & more");
    let leaked = sc
        .http
        .get(link)
        .bearer_auth(&sc.token)
        .send()
        .await
        .unwrap();
    assert_eq!(leaked.status(), 400, "credentials are not for this host");
    let forged = link.replace("sig=", "sig=0");
    assert_eq!(sc.http.get(forged).send().await.unwrap().status(), 403);
    sc.world().kit().clock.advance(Duration::from_secs(3_601));
    assert_eq!(
        sc.http.get(link).send().await.unwrap().status(),
        403,
        "it has expired"
    );

    let token = sc.log_in().await;
    sc.token = token;
    let order = sc.get(&format!("/v3/workorders/{id}")).await.ok();
    assert_eq!(
        order["Attachments"]["Count"],
        json!({ "Own": 1, "Total": 1 })
    );
    let audit = || sc.world().kit().audit.summary();
    assert_eq!((audit().created("attachments"), audit().doubles()), (1, 0));
    upload(&sc, &path, meta, b"pixels & more".to_vec()).await;
    assert_eq!((audit().created("attachments"), audit().doubles()), (2, 1));
}

#[tokio::test]
async fn a_large_file_is_weighed_and_made_up_as_it_goes() {
    let sc = Sc::new().await;
    let id = open(&sc, 0);
    let bytes = vec![7; 3 << 20];
    let path = format!("/v3/workorders/{id}/attachments");
    assert_eq!(
        upload(&sc, &path, json!({}), bytes.clone()).await.status,
        201
    );
    let known = sc
        .control(Method::GET, &format!("/workorders/{id}/attachments"), None)
        .await
        .ok();
    assert_eq!(known[0]["size"], 3 << 20);
    assert_eq!(known[0]["sha256"], sha256(&bytes));
    assert_eq!(known[0]["name"], "photo.jpg");

    let made = people_attach(&sc, id, json!({ "name": "drawing.pdf", "size": 3_000_000 })).await;
    let link = listed(&sc, id).await[1]["Uri"].as_str().unwrap().to_owned();
    let fetched = sc.http.get(&link).send().await.unwrap();
    assert_eq!(fetched.content_length(), Some(3_000_000));
    assert_eq!(sha256(&fetched.bytes().await.unwrap()), made["sha256"]);
}

#[tokio::test]
async fn a_file_may_belong_to_a_note_or_be_hidden_or_go_away() {
    let sc = Sc::new().await;
    let id = open(&sc, 0);
    let notes = format!("/v3/workorders/{id}/notes");
    let note = sc
        .post(&notes, json!({ "Note": "see the photo" }))
        .await
        .json()["id"]
        .clone();
    let path = format!("{notes}/{note}/attachments");
    let made = upload(&sc, &path, json!({ "Name": "a.jpg" }), b"a".to_vec()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let file = made.json()[0].clone();
    let shown = sc.get(&notes).await.ok()["Notes"][0].clone();
    assert_eq!(
        (&shown["Attachments"][0]["Id"], &shown["IsAttachmentNote"]),
        (&file, &json!(true))
    );
    let unknown = upload(
        &sc,
        &format!("{notes}/5/attachments"),
        json!({}),
        b"a".to_vec(),
    )
    .await;
    assert_eq!(unknown.refusal(), (400, 503));

    people_attach(
        &sc,
        id,
        json!({ "name": "secret.pdf", "size": 10, "visibility": 3 }),
    )
    .await;
    assert_eq!(listed(&sc, id).await.len(), 1, "not for providers");
    let one = sc.url(&format!("/v3/workorders/{id}/attachments/{file}"));
    let gone = sc
        .http
        .delete(one)
        .bearer_auth(&sc.token)
        .send()
        .await
        .unwrap();
    assert_eq!(Reply::of(gone).await.ok(), json!({ "WorkOrderId": id }));
    assert_eq!(listed(&sc, id).await.len(), 0);
    let notes = sc
        .get(&format!(
            "/v3/odata/workorders({id})/notes?$orderby=Id desc"
        ))
        .await
        .ok();
    assert_eq!(rows(&notes)[0]["NoteType"], "SystemNote");
    let query = [("$filter", "NoteType eq 'UsersNote'"), ("$count", "true")];
    let users = sc
        .query(&format!("/v3/odata/workorders({id})/notes"), &query)
        .await
        .ok();
    assert_eq!(users["@odata.count"], 1);
}

#[tokio::test]
async fn files_that_are_refused() {
    let sc = Sc::new().await;
    let id = open(&sc, 0);
    let path = format!("/v3/workorders/{id}/attachments");
    let long = json!({ "Description": "x".repeat(201) });
    assert_eq!(
        upload(&sc, &path, long, b"a".to_vec()).await.refusal(),
        (400, 503)
    );
    let nobody = upload(
        &sc,
        "/v3/workorders/5/attachments",
        json!({}),
        b"a".to_vec(),
    )
    .await;
    assert_eq!(nobody.refusal(), (400, 502));
    let subscriber = sc.world().subscribers()[0].0;
    let edit = json!({ "permissions": { "attachments": "denied" } });
    sc.control(
        Method::PATCH,
        &format!("/subscribers/{subscriber}"),
        Some(edit),
    )
    .await;
    assert_eq!(
        upload(&sc, &path, json!({}), b"a".to_vec()).await.refusal(),
        (401, 504)
    );
}
