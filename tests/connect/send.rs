//! Sending and judging.

use std::time::Duration;

use serde_json::json;
use syncline::engine::connect::{
    Class, Hooks, NoHooks, PauseReason, Priority, ReplyBody, Standing, Wire, Withdrawn,
};
use syncline::engine::record::PipelineName;
use syncline::lang::config::{ApiKeyPlace, ErrorClass, Method};
use syncline::lang::expr::{Condition, ExprEnv};
use syncline::lang::plan::{Auth, ErrorRule, Limit, ParamValue};

use super::server::{Answer, Server};
use super::world::{Shop, World, call, get, post, rendered, template};

fn fine() -> Answer {
    Answer::json(200, &json!({ "id": 7 }))
}

#[tokio::test]
async fn a_reply_is_read_and_connections_are_kept() {
    let server = Server::start(|_, _| fine()).await;
    let shop = Shop {
        headers: vec![("X-App".into(), template("app"))],
        ..Shop::at(format!("{}/v1/", server.url()))
    };
    let connection = World::new().open(shop).await;
    assert_eq!(connection.identity().as_str(), "shop:42");
    for _ in 0..20 {
        let reply = post(&connection, "/orders").await.unwrap();
        assert_eq!((reply.status, reply.standing), (200, Standing::Now));
        assert_eq!(reply.json().unwrap()["id"], 7);
    }
    let got = server.got();
    assert_eq!(got.len(), 20);
    assert!(
        got.iter().all(|got| got.connection == 0),
        "one connection serves them all"
    );
    assert_eq!(got[0].line, "POST /v1/orders HTTP/1.1");
    assert_eq!(got[0].header("x-app"), Some("app"));
    assert_eq!(got[0].header("content-type"), Some("application/json"));
    assert_eq!(got[0].header("content-length"), Some("7"));
    assert_eq!(got[0].body, r#"{"a":1}"#);
}

#[tokio::test]
async fn nobody_listens_and_nothing_was_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let connection = World::new().open(Shop::at(url)).await;
    let failure = post(&connection, "/orders").await.unwrap_err();
    assert_eq!(
        (failure.class, failure.wire),
        (Class::Transient, Wire::NotSent)
    );
    assert_eq!(failure.sent, None);
    assert_eq!(failure.pause.unwrap().reason, PauseReason::NoConnection);
    assert_eq!(connection.pause(), failure.pause);
    let text = failure.to_string();
    let expected = "orders.yaml:12: POST /orders: no connection to 127.0.0.1: ";
    assert!(text.starts_with(expected), "{text}");
}

#[tokio::test]
async fn a_reset_after_the_request_leaves_its_effect_unknown() {
    let server = Server::start(|_, _| Answer::Reset).await;
    let connection = World::new().open(Shop::at(server.url())).await;
    let failure = post(&connection, "/orders").await.unwrap_err();
    assert_eq!(
        (failure.class, failure.wire),
        (Class::Transient, Wire::Unknown)
    );
    assert!(failure.sent.is_some());
    assert_eq!(failure.pause, None, "one broken connection pauses nothing");
    assert_eq!(server.got().len(), 1, "it is not sent again");
}

#[tokio::test]
async fn a_truncated_reply_leaves_the_effect_unknown() {
    let server = Server::start(|_, _| Answer::Truncated(201, r#"{"id":7"#.into())).await;
    let connection = World::new().open(Shop::at(server.url())).await;
    let failure = post(&connection, "/orders").await.unwrap_err();
    assert_eq!(
        (failure.class, failure.wire),
        (Class::Transient, Wire::Unknown)
    );
}

#[tokio::test]
async fn a_2xx_whose_json_is_broken_leaves_the_effect_unknown() {
    let json = ("Content-Type", "application/json".to_owned());
    let answer = Answer::Reply(201, vec![json], "{\"id\":".into());
    let server = Server::start(move |_, _| answer.clone()).await;
    let connection = World::new().open(Shop::at(server.url())).await;
    let failure = post(&connection, "/orders").await.unwrap_err();
    assert_eq!((failure.status, failure.wire), (Some(201), Wire::Unknown));
    assert_eq!(
        failure.to_string(),
        "orders.yaml:12: POST /orders: the API answered 201 with a body that is no JSON: {\"id\":"
    );
}

#[tokio::test]
async fn silence_ends_at_the_timeout() {
    let server = Server::start(|_, _| Answer::Silence).await;
    // 300 ms of the machine's time, so that the request is surely written.
    let shop = Shop {
        timeout: Duration::from_secs(300),
        ..Shop::at(server.url())
    };
    let connection = World::new().open(shop).await;
    let failure = post(&connection, "/orders").await.unwrap_err();
    assert_eq!(
        (failure.class, failure.wire),
        (Class::Transient, Wire::Unknown)
    );
    assert_eq!(
        failure.to_string(),
        "orders.yaml:12: POST /orders: no reply from 127.0.0.1 within 300 s"
    );
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let elsewhere = Server::start(|_, _| fine()).await;
    let location = ("Location", format!("{}/login?next=there", elsewhere.url()));
    let answer = Answer::Reply(302, vec![location], String::new());
    let server = Server::start(move |_, _| answer.clone()).await;
    let connection = World::new().open(Shop::at(server.url())).await;
    let failure = post(&connection, "/orders").await.unwrap_err();
    assert_eq!(
        (failure.class, failure.wire),
        (Class::Rejected, Wire::Unknown)
    );
    assert_eq!(failure.status, Some(302));
    assert!(!failure.to_string().contains("next=there"), "{failure}");
    assert!(elsewhere.got().is_empty());
}

#[tokio::test]
async fn a_reply_that_is_too_long_is_not_read_to_its_end() {
    let server = Server::start(|_, _| Answer::Reply(200, vec![], "x".repeat((16 << 20) + 1))).await;
    let connection = World::new().open(Shop::at(server.url())).await;
    let failure = get(&connection, "/orders").await.unwrap_err();
    assert_eq!(
        (failure.class, failure.wire),
        (Class::Rejected, Wire::Unknown)
    );
    assert_eq!(
        failure.to_string(),
        "orders.yaml:12: GET /orders: the reply of 127.0.0.1 is longer than 16777216 bytes"
    );
}

#[tokio::test]
async fn rules_name_what_the_api_means() {
    let server = Server::start(|number, _| match number {
        0 => Answer::json(400, &json!({ "code": 5202 })),
        _ => Answer::json(400, &json!({ "code": 904, "text": "not yours" })),
    })
    .await;
    let rule = |when: &str, class| ErrorRule {
        when: Condition::compile(&ExprEnv::new(), when).unwrap(),
        class,
        code: Some(template("{{ body.code }}")),
        message: Some(template("{{ body.text }}")),
        applied: None,
        blame: None,
    };
    let shop = Shop {
        errors: vec![
            rule("status == 400 and body.code == 5202", ErrorClass::Done),
            rule("status >= 400", ErrorClass::Rejected),
        ],
        ..Shop::at(server.url())
    };
    let connection = World::new().open(shop).await;
    assert_eq!(
        post(&connection, "/accept").await.unwrap().standing,
        Standing::Before
    );
    let failure = post(&connection, "/accept").await.unwrap_err();
    assert_eq!(
        (failure.class, failure.wire),
        (Class::Rejected, Wire::Refused)
    );
    assert_eq!(failure.code.as_deref(), Some("904"));
    assert_eq!(
        failure.to_string(),
        "orders.yaml:12: POST /accept: not yours"
    );
}

#[tokio::test]
async fn a_withdrawn_request_never_leaves() {
    struct Off;
    impl Hooks for Off {
        fn before_socket(&self) -> Result<(), Withdrawn> {
            Err(Withdrawn {
                reason: "the tenant was turned off",
            })
        }
    }
    let server = Server::start(|_, _| fine()).await;
    let connection = World::new().open(Shop::at(server.url())).await;
    let request = rendered(&connection, Method::Post, "/orders", None);
    let pipeline = PipelineName::from("orders");
    let admission = connection.admit(Priority::Event, &pipeline).await.unwrap();
    let failure = connection
        .send(admission, &request, &Off)
        .await
        .unwrap_err();
    assert_eq!(failure.wire, Wire::NotSent);
    assert_eq!(
        failure.to_string(),
        "orders.yaml:12: POST /orders: the request was withdrawn before it was sent: the tenant was turned off"
    );
    assert!(server.got().is_empty());
}

#[tokio::test]
async fn a_throttled_account_rests_until_the_date_it_was_given() {
    let server = Server::start(|number, _| match number {
        0 => {
            let headers = vec![
                ("Date", "Mon, 13 Apr 2026 14:00:00 GMT".to_owned()),
                ("Retry-After", "Mon, 13 Apr 2026 14:30:00 GMT".to_owned()),
            ];
            Answer::Reply(429, headers, r#"{"Reason":"throttled"}"#.into())
        }
        _ => fine(),
    })
    .await;
    let world = World::new();
    let connection = world.open(Shop::at(server.url())).await;
    let before = world.clock.now();
    let failure = get(&connection, "/orders").await.unwrap_err();
    let Class::Throttled { retry_at } = failure.class else {
        panic!("{failure:?}")
    };
    assert!(retry_at.since(before) >= Duration::from_secs(1800));
    assert_eq!(failure.wire, Wire::Refused);
    let pause = failure.pause.unwrap();
    assert_eq!(pause.reason, PauseReason::Throttled);
    assert!(pause.until >= retry_at);
    let pipeline = PipelineName::from("orders");
    assert!(connection.admit(Priority::Event, &pipeline).await.is_err());
    // One probe after the pause, and all is well.
    let mut watch = connection.watch_pause();
    world.clock.sleep_until(pause.until).await;
    world.clock.sleep(Duration::from_secs(5)).await;
    let probe = connection.admit(Priority::Event, &pipeline).await.unwrap();
    assert!(
        connection.admit(Priority::Event, &pipeline).await.is_err(),
        "one probe at a time"
    );
    let request = rendered(&connection, Method::Get, "/orders", None);
    connection.send(probe, &request, &NoHooks).await.unwrap();
    watch.wait_for(Option::is_none).await.unwrap();
    get(&connection, "/orders").await.unwrap();
}

#[tokio::test]
async fn five_server_errors_in_a_row_pause_the_account() {
    let server = Server::start(|_, _| Answer::Reply(503, vec![], "down".into())).await;
    let connection = World::new().open(Shop::at(server.url())).await;
    for _ in 0..4 {
        assert_eq!(get(&connection, "/x").await.unwrap_err().pause, None);
    }
    let fifth = get(&connection, "/x").await.unwrap_err();
    assert_eq!(fifth.pause.unwrap().reason, PauseReason::ServerErrors);
}

#[tokio::test]
async fn two_tenants_share_the_window_of_one_client() {
    let server = Server::start(|_, _| fine()).await;
    let shop = || Shop {
        limits: vec![Limit {
            requests: 10,
            per: Duration::from_secs(60),
            by: Some(template("{{ params.client }}")),
        }],
        params: vec![("client", ParamValue::Literal(json!("one")))],
        ..Shop::at(server.url())
    };
    let world = World::new();
    let acme = world.open_for("acme", shop()).await;
    let zeta = world.open_for("zeta", shop()).await;
    world.clock.sleep(Duration::from_secs(61)).await;
    let started = world.clock.monotonic();
    for _ in 0..6 {
        get(&acme, "/x").await.unwrap();
        get(&zeta, "/x").await.unwrap();
    }
    let took = world.clock.monotonic() - started;
    assert!(
        took >= Duration::from_secs(60),
        "12 requests at 10 a minute took {took:?}"
    );
}

#[tokio::test]
async fn a_key_in_the_query_is_added_when_the_request_leaves() {
    let server = Server::start(|_, _| fine()).await;
    let shop = Shop {
        auth: Auth::ApiKey(
            "key".into(),
            template("{{ params.key }}"),
            ApiKeyPlace::Query,
        ),
        params: vec![("key", ParamValue::Secret("s.3-cret".into()))],
        ..Shop::at(server.url())
    };
    let connection = World::new().open(shop).await;
    let request = rendered(&connection, Method::Get, "/x", None);
    assert!(
        !request.url.as_str().contains("cret"),
        "the journal holds requests before auth"
    );
    call(&connection, &request).await.unwrap();
    assert_eq!(server.got()[0].line, "GET /x?key=s.3-cret HTTP/1.1");
    let account = connection.account_datum().to_json().unwrap();
    assert_eq!(account, json!({ "shop_id": 42 }));
}

#[tokio::test]
async fn text_and_nothing_are_bodies_too() {
    let server = Server::start(|number, _| match number {
        0 => Answer::Reply(
            200,
            vec![("Content-Type", "text/plain".into())],
            "hello".into(),
        ),
        _ => Answer::Reply(204, vec![], String::new()),
    })
    .await;
    let connection = World::new().open(Shop::at(server.url())).await;
    assert_eq!(
        get(&connection, "/x").await.unwrap().body,
        ReplyBody::Text("hello".into())
    );
    assert_eq!(get(&connection, "/x").await.unwrap().body, ReplyBody::Empty);
}
