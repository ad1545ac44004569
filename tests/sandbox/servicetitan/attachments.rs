//! Files on jobs: listed by name, put there in a multipart body, downloaded over a link.

use reqwest::multipart::{Form, Part};
use serde_json::json;
use syncline::sandbox::servicetitan::Downloads;

use super::*;

async fn upload(st: &St, job: Id, name: &str, content: Vec<u8>) -> Reply {
    let length = u64::try_from(content.len()).unwrap();
    let body = reqwest::Body::wrap_stream(futures::stream::iter(
        content
            .chunks(10_000)
            .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
            .collect::<Vec<_>>(),
    ));
    let part = Part::stream_with_length(body, length).file_name(name.to_owned());
    let form = Form::new().text("kind", "photo").part("file", part);
    let path = format!("forms/jobs/{job}/attachments");
    let request = st.request(Method::POST, &path).multipart(form);
    Reply::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_file_goes_up_and_comes_down_over_a_link() {
    let st = St::new().await;
    let job = id(&st.post("jpm/jobs", &new_job()).await);
    // Larger than any other body may be, and with line breaks in it.
    let content: Vec<u8> = b"\r\n--photo"
        .iter()
        .copied()
        .cycle()
        .take(5 << 20)
        .collect();
    let reply = upload(&st, job, "sc-9-front.jpg", content.clone()).await;
    assert_eq!(reply.ok(), json!({"fileName": "sc-9-front.jpg"}));
    upload(&st, job, "sc-9-front.jpg", b"again".to_vec()).await;
    assert_eq!(
        st.created("attachments"),
        [(format!("{job}/sc-9-front.jpg"), 2)],
        "no dedupe"
    );
    let list = st.get(&format!("forms/jobs/{job}/attachments")).await;
    let names: Vec<&Value> = rows(&list).iter().map(|row| &row["fileName"]).collect();
    assert_eq!(names, ["sc-9-front.jpg", "sc-9-front.jpg"]);
    let first = ids(&list)[0];

    let path = format!("forms/jobs/attachment/{first}");
    let reply = st.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(reply.status(), 302);
    let link = reply.headers()["location"].to_str().unwrap().to_owned();
    let got = st.http.get(&link).send().await.unwrap();
    assert_eq!(got.status(), 200, "a link opens without a token");
    assert_eq!(got.bytes().await.unwrap(), content);
    st.advance(301);
    let late = st.http.get(&link).send().await.unwrap();
    assert_eq!(late.status(), 403, "its time is over");

    let switches = Switches {
        downloads: Downloads::Direct,
        ..st.titan.switches()
    };
    st.titan.set_switches(switches);
    let reply = st.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.bytes().await.unwrap(), content);
    assert_eq!(st.try_get("forms/jobs/attachment/1").await.status, 404);
}

#[tokio::test]
async fn only_a_part_called_file_is_a_file() {
    let st = St::new().await;
    let job = id(&st.post("jpm/jobs", &new_job()).await);
    let path = format!("forms/jobs/{job}/attachments");
    let reply = st.try_post(&path, &json!({"file": "x"})).await;
    assert_eq!(refused_fields(&reply, 400), ["file"]);
    let form = Form::new().part("picture", Part::bytes(vec![1]).file_name("a.jpg"));
    let request = st.request(Method::POST, &path).multipart(form);
    let reply = Reply::of(request.send().await.unwrap()).await;
    assert_eq!(refused_fields(&reply, 400), ["file"]);
    let reply = upload(&st, Id(1), "a.jpg", vec![1]).await;
    assert_eq!(refused_fields(&reply, 400), ["id"]);
}

#[tokio::test]
async fn a_technician_takes_a_photo() {
    let st = St::new().await;
    let job = id(&st.post("jpm/jobs", &new_job()).await);
    let photo = json!({"fileName": "after.jpg", "content": "SGVsbG8="});
    let made = st.make(&format!("jobs/{job}/attachments"), &photo).await;
    let list = st.get(&format!("forms/jobs/{job}/attachments")).await;
    assert_eq!(ids(&list), [made.0]);
    assert!(st.created("attachments").is_empty(), "people made it");
    let wrong = json!({"fileName": "after.jpg", "content": "?"});
    assert!(
        st.refused(&format!("jobs/{job}/attachments"), &wrong)
            .await
            .contains("It is no base64")
    );
}
