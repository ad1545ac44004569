//! Check lists 5 and 8: faults in this vendor's words, and rows that were made unseen.

use serde_json::json;
use syncline::sandbox::kit::faults::{Action, FailBody, Rule};
use syncline::sandbox::kit::limits::RetryAfter;

use super::*;

fn fault(st: &St, action: Action) {
    st.titan
        .kit()
        .faults
        .set(vec![Rule::always(action).at_most(1)])
        .unwrap();
}

#[tokio::test]
async fn a_lost_reply_leaves_a_row_that_a_second_post_doubles() {
    let st = St::new().await;
    fault(&st, Action::CommitThenDrop);
    let lost = st
        .request(Method::POST, "jpm/jobs")
        .json(&new_job())
        .send()
        .await;
    assert!(lost.is_err(), "no reply came");
    let query = format!(
        "jpm/jobs?{}",
        lookup(GUID, "servicechannel.workOrderId", "123456789")
    );
    assert_eq!(rows(&st.get(&query).await).len(), 1, "the work was done");
    st.post("jpm/jobs", &new_job()).await;
    assert_eq!(rows(&st.get(&query).await).len(), 2);
    assert_eq!(st.titan.kit().audit.summary().doubles(), 1);
}

#[tokio::test]
async fn faults_use_the_vendors_bodies() {
    let st = St::new().await;
    fault(
        &st,
        Action::Throttle {
            wait: Duration::from_secs(17),
            form: RetryAfter::Seconds,
        },
    );
    let reply = st.try_get("crm/customers").await;
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["retry-after"]),
        (429, &"17".parse().unwrap())
    );
    assert_eq!(reply.json()["statusCode"], json!(429));
    fault(
        &st,
        Action::Fail {
            status: 503,
            body: FailBody::Json,
        },
    );
    assert!(refused_fields(&st.try_get("crm/customers").await, 503).is_empty());
    fault(&st, Action::Unauthorized);
    assert!(refused_fields(&st.try_get("crm/customers").await, 401).is_empty());
}

#[tokio::test]
async fn a_feed_can_lead_to_itself() {
    let st = St::new().await;
    let first = st.get("jpm/export/jobs").await;
    let token = first["continueFrom"].as_str().unwrap();
    fault(&st, Action::SelfNextLink);
    let page = st.get(&format!("jpm/export/jobs?from={token}")).await;
    assert_eq!(
        (&page["continueFrom"], &page["hasMore"]),
        (&json!(token), &json!(true))
    );
}

#[tokio::test]
async fn a_late_row_is_listed_later_and_comes_at_the_end_of_the_feed() {
    let st = St::new().await;
    st.titan
        .kit()
        .faults
        .set(vec![
            Rule::always(Action::LateRow {
                delay: Duration::from_secs(5),
            })
            .at_most(1),
        ])
        .unwrap();
    let late = id(&st.post(BOOKINGS, &new_booking("sc-1")).await).0;
    st.advance(1);
    let prompt = id(&st.post(BOOKINGS, &new_booking("sc-2")).await).0;
    let feed = "crm/export/bookings?includeRecentChanges=true";
    assert_eq!(ids(&st.get(feed).await), [prompt]);
    assert!(rows(&st.get(&format!("{BOOKINGS}?externalId=sc-1")).await).is_empty());
    st.advance(5);
    assert_eq!(ids(&st.get(feed).await), [prompt, late]);
    assert_eq!(
        ids(&st.get(&format!("{BOOKINGS}?externalId=sc-1")).await),
        [late]
    );
    let rows = st.get("crm/bookings?sort=ModifiedOn").await;
    assert_eq!(ids(&rows), [late, prompt], "with the time of its writing");
}
