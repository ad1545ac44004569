//! Every fault as a client sees it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use syncline::sandbox::kit::audit::Answer;
use syncline::sandbox::kit::faults::{Action, FailBody, Preset, Rule};
use syncline::sandbox::kit::limits::RetryAfter;

use crate::sandbox::{Sc, ids};

const LIST: &str = "/v3/odata/workorders";

fn set(sc: &Sc, action: Action) {
    sc.world()
        .kit()
        .faults
        .set(vec![Rule::always(action).at_most(1)])
        .unwrap();
}

/// A work order of a subscriber that lets notes be written: all of them do.
fn notes_path(sc: &Sc) -> String {
    format!("/v3/workorders/{}/notes", sc.world().arrive(1)[0])
}

async fn note_count(sc: &Sc, path: &str) -> i64 {
    sc.get(path).await.ok()["AllNotesCount"].as_i64().unwrap()
}

fn note() -> Value {
    json!({ "Note": "marker 17" })
}

#[tokio::test]
async fn latency_makes_a_request_slow() {
    let sc = Sc::new().await;
    let base = Duration::from_millis(80);
    set(
        &sc,
        Action::Latency {
            base,
            jitter: Duration::ZERO,
        },
    );
    #[expect(
        clippy::disallowed_methods,
        reason = "the fault is of the machine's time"
    )]
    let began = Instant::now();
    sc.get(LIST).await.ok();
    assert!(began.elapsed() >= base);
}

#[tokio::test]
async fn throttle_answers_429_with_the_vendors_body() {
    let sc = Sc::new().await;
    let wait = Duration::from_secs(17);
    set(
        &sc,
        Action::Throttle {
            wait,
            form: RetryAfter::Seconds,
        },
    );
    let reply = sc.get(LIST).await;
    assert_eq!(reply.status, 429);
    assert_eq!(reply.headers["retry-after"], "17");
    assert!(
        reply.json()["Reason"]
            .as_str()
            .unwrap()
            .starts_with("Request has been throttled.")
    );

    set(
        &sc,
        Action::Throttle {
            wait,
            form: RetryAfter::HttpDate,
        },
    );
    let reply = sc.get(LIST).await;
    assert!(
        reply.headers["retry-after"]
            .to_str()
            .unwrap()
            .starts_with("Mon, 02 Nov 2026 08:00:")
    );
}

#[tokio::test]
async fn failures_have_no_body_or_html_or_json() {
    let sc = Sc::new().await;
    set(
        &sc,
        Action::Fail {
            status: 503,
            body: FailBody::Empty,
        },
    );
    let reply = sc.get(LIST).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (503, ""));
    set(
        &sc,
        Action::Fail {
            status: 502,
            body: FailBody::Html,
        },
    );
    let reply = sc.get(LIST).await;
    assert_eq!(reply.status, 502);
    assert!(
        reply.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    set(
        &sc,
        Action::Fail {
            status: 500,
            body: FailBody::Json,
        },
    );
    assert_eq!(sc.get(LIST).await.refusal(), (500, 501));
    set(&sc, Action::HtmlError { status: 200 });
    let reply = sc.get(LIST).await;
    assert_eq!(reply.status, 200);
    assert!(reply.text.starts_with("<!DOCTYPE html>"), "{reply:?}");
}

#[tokio::test]
async fn unauthorized_looks_like_an_expired_token() {
    let sc = Sc::new().await;
    set(&sc, Action::Unauthorized);
    assert_eq!(sc.get(LIST).await.status, 401);
    sc.get(LIST).await.ok();
}

#[tokio::test]
async fn a_dropped_request_has_no_reply_and_no_effect() {
    let sc = Sc::new().await;
    let path = notes_path(&sc);
    set(&sc, Action::DropBefore);
    let error = sc.try_post(&path, note()).await.unwrap_err();
    assert!(!error.is_timeout() && error.status().is_none(), "{error:?}");
    assert_eq!(note_count(&sc, &path).await, 0);
    assert_eq!(sc.world().kit().audit.summary().created("notes"), 0);
}

#[tokio::test]
async fn commit_then_drop_does_the_work_and_says_nothing() {
    let sc = Sc::new().await;
    let path = notes_path(&sc);
    set(&sc, Action::CommitThenDrop);
    let error = sc.try_post(&path, note()).await.unwrap_err();
    assert!(
        !error.is_timeout(),
        "the connection is closed, not left hanging: {error:?}"
    );
    assert_eq!(note_count(&sc, &path).await, 1);

    sc.post(&path, note()).await;
    let audit = &sc.world().kit().audit;
    let summary = audit.summary();
    assert_eq!(
        (summary.created("notes"), summary.doubles(), summary.dropped),
        (2, 1, 1)
    );
    let doubled = &summary.collections["notes"].doubled[0];
    assert!(doubled.key.ends_with(": marker 17"));
    let log = audit.log(100);
    let creators: Vec<_> = log
        .iter()
        .filter(|entry| doubled.requests.contains(&entry.seq))
        .collect();
    assert_eq!(
        (creators[0].work, creators[0].answer),
        (Some(201), Answer::Dropped)
    );
    assert_eq!(
        (creators[1].work, creators[1].answer),
        (Some(201), Answer::Status(201))
    );
    assert_eq!(
        creators[1].client.as_deref(),
        Some("PR.2090000001.6F1C7A0E")
    );
    assert_eq!(
        (creators[1].method.as_str(), creators[1].path.as_str()),
        ("POST", path.as_str())
    );
}

#[tokio::test]
async fn commit_then_5xx_does_the_work_and_says_it_failed() {
    let sc = Sc::new().await;
    let path = notes_path(&sc);
    set(&sc, Action::CommitThenFail { status: 503 });
    assert_eq!(sc.post(&path, note()).await.refusal(), (503, 501));
    assert_eq!(note_count(&sc, &path).await, 1);
}

#[tokio::test]
async fn late_commit_does_the_work_after_the_connection_is_gone() {
    let sc = Sc::new().await;
    let path = notes_path(&sc);
    set(
        &sc,
        Action::LateCommit {
            after: Duration::from_secs(60),
        },
    );
    sc.try_post(&path, note()).await.unwrap_err();
    assert_eq!(note_count(&sc, &path).await, 0);
    sc.world().kit().clock.advance(Duration::from_secs(61));
    // The work is woken by the jump and done as soon as its task runs.
    for _ in 0..1_000 {
        if sc.world().kit().audit.summary().created("notes") == 1 {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(note_count(&sc, &path).await, 1);
    let log = sc.world().kit().audit.log(100);
    let late = log
        .iter()
        .find(|entry| entry.answer == Answer::Dropped)
        .unwrap();
    assert_eq!(late.work, Some(201));
}

#[tokio::test]
async fn a_truncated_body_breaks_off() {
    let sc = Sc::new().await;
    set(&sc, Action::TruncateBody);
    let mut response = sc.try_query(LIST, &[]).await.unwrap();
    assert_eq!(response.status(), 200);
    let promised = response.content_length().unwrap();
    let mut got = 0;
    let broken = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => got += chunk.len() as u64,
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken, "the client notices");
    assert!(got > 0 && got < promised, "{got} of {promised}");
}

#[tokio::test]
async fn a_page_is_repeated() {
    let sc = Sc::new().await;
    let page = |skip: &'static str| [("$orderby", "Id"), ("$skip", skip), ("$select", "Id")];
    let rule = Rule::under(LIST, Action::RepeatPage).nth(3);
    sc.world().kit().faults.set(vec![rule]).unwrap();
    let first = ids(&sc.list(&page("0")).await);
    let second = ids(&sc.list(&page("50")).await);
    let third = ids(&sc.list(&page("100")).await);
    assert_ne!(first, second);
    assert_eq!(second, third);
    assert_ne!(ids(&sc.list(&page("100")).await), third);
}

#[tokio::test]
async fn no_query_gets_the_answer_to_another() {
    let sc = Sc::new().await;
    sc.world()
        .kit()
        .faults
        .set(vec![Rule::always(Action::RepeatPage)])
        .unwrap();
    for id in [310_000_300, 310_000_301] {
        let page = sc
            .list(&[(
                "$filter",
                &format!("Id eq {id} and CallDate ge 2020-01-01T00:00:00Z"),
            )])
            .await;
        assert_eq!(ids(&page), [id]);
    }
}

#[tokio::test]
async fn a_page_links_to_itself() {
    let sc = Sc::new().await;
    set(&sc, Action::SelfNextLink);
    let page = sc.list(&[("$skip", "50")]).await;
    let link = page["@odata.nextLink"].as_str().unwrap();
    assert_eq!(link, sc.url("/v3/odata/workorders?%24skip=50"));
    sc.world()
        .kit()
        .faults
        .set(vec![Rule::always(Action::SelfNextLink)])
        .unwrap();
    let path = link.strip_prefix(&sc.served.url()).unwrap();
    assert_eq!(sc.get(path).await.ok()["@odata.nextLink"], link);
}

#[tokio::test]
async fn faults_are_set_over_http_and_spare_control_calls() {
    let sc = Sc::new().await;
    let rules = json!({ "rules": [
        { "when": { "method": "GET", "path": "/v3/odata" }, "action": "drop_before" },
        { "action": { "throttle": { "wait": "5s", "form": "http_date" } } },
    ]});
    let report = sc.control(Method::PUT, "/faults", Some(rules)).await.ok();
    assert_eq!(report["rules"][0]["action"], "drop_before");
    sc.try_query(LIST, &[]).await.unwrap_err();
    assert_eq!(sc.get("/v3/workorders").await.status, 429);
    let report = sc.control(Method::GET, "/faults", None).await.ok();
    assert_eq!(report["rules"][0]["struck"], 1);

    let wrong = json!({ "rules": [{ "when": { "regex": "(" }, "action": "drop_before" }] });
    let refused = sc.control(Method::PUT, "/faults", Some(wrong)).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.json()["error"]
            .as_str()
            .unwrap()
            .starts_with("rule 1: ")
    );

    let flaky = sc
        .control(Method::PUT, "/faults", Some(json!({ "preset": "flaky" })))
        .await
        .ok();
    assert_eq!(
        flaky["rules"].as_array().unwrap().len(),
        Preset::Flaky.rules().len()
    );
    sc.control(Method::DELETE, "/faults", None).await.ok();
    sc.get(LIST).await.ok();
}

#[tokio::test]
async fn the_clock_is_advanced_over_http_and_dates_the_replies() {
    let sc = Sc::new().await;
    let date = sc.get(LIST).await.headers["date"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(date.starts_with("Mon, 02 Nov 2026 08:00:"), "{date}");
    let now = sc
        .control(Method::POST, "/clock/advance", Some(json!({ "by": "2h" })))
        .await
        .ok();
    assert!(
        now["now"]
            .as_str()
            .unwrap()
            .starts_with("2026-11-02T10:00:"),
        "{now}"
    );
    let date = sc.get("/oauth/none").await.headers["date"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(date.starts_with("Mon, 02 Nov 2026 10:00:"), "{date}");
}

#[tokio::test]
async fn it_serves_on_loopback_only_and_stops() {
    use syncline::sandbox::kit::Kit;
    use syncline::sandbox::kit::time::SimClock;
    use syncline::sandbox::servicechannel::{ServiceChannel, Settings};

    let kit = Kit::new(SimClock::real(), 1);
    let addr = "0.0.0.0:0".parse().unwrap();
    let error = ServiceChannel::start(addr, kit, super::seed(), Settings::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the sandbox serves on loopback only, and 0.0.0.0:0 is not a loopback address"
    );

    let sc = Sc::new().await;
    sc.get(LIST).await.ok();
    let Sc {
        served,
        http,
        token,
        seen: _seen,
    } = sc;
    let url = served.url();
    served.stop().await;
    let error = http
        .get(format!("{url}{LIST}"))
        .bearer_auth(token)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_connect(), "{error:?}");
}
