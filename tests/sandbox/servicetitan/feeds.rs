//! Check list 3: export feeds.

use serde_json::json;

use super::*;

/// Reads a feed until it says that it is at its end.
async fn read(st: &St, feed: &str, from: &str, recent: bool) -> (Vec<i64>, String) {
    let (mut found, mut from) = (Vec::new(), from.to_owned());
    loop {
        let page = st
            .get(&format!("{feed}?from={from}&includeRecentChanges={recent}"))
            .await;
        found.extend(ids(&page));
        from = page["continueFrom"].as_str().unwrap().to_owned();
        if page["hasMore"] == json!(false) {
            return (found, from);
        }
    }
}

#[tokio::test]
async fn a_feed_goes_on_where_its_token_stands() {
    let st = St::switched(Switches {
        export_page: 7,
        ..Switches::default()
    })
    .await;
    let (all, token) = read(&st, "jpm/export/jobs", "", false).await;
    assert_eq!(all.len(), 20, "the seed's jobs");
    let (none, same) = read(&st, "jpm/export/jobs", &token, false).await;
    assert_eq!((none, &same), (vec![], &token));
    let job = id(&st.post("jpm/jobs", &new_job()).await).0;
    st.advance(61);
    let (new, later) = read(&st, "jpm/export/jobs", &token, false).await;
    assert_eq!(new, [job]);
    assert_ne!(later, token);
    st.patch(&format!("jpm/jobs/{job}"), &json!({"summary": "x"}))
        .await;
    st.advance(61);
    assert_eq!(
        read(&st, "jpm/export/jobs", &later, false).await.0,
        [job],
        "a change comes again"
    );
}

#[tokio::test]
async fn a_feed_starts_at_a_date() {
    let st = St::new().await;
    st.post("jpm/jobs", &new_job()).await;
    st.advance(61);
    let (since_today, token) = read(&st, "jpm/export/jobs", "2026-11-02", false).await;
    assert_eq!(since_today.len(), 1);
    assert_eq!(
        read(&st, "jpm/export/jobs", "2020-01-01", false)
            .await
            .0
            .len(),
        21
    );
    assert!(
        read(&st, "jpm/export/jobs", "2027-01-01", false)
            .await
            .0
            .is_empty()
    );
    for from in ["soon", token.as_str()] {
        let reply = st
            .try_get(&format!("crm/export/customers?from={from}"))
            .await;
        assert_eq!(
            refused_fields(&reply, 400),
            ["from"],
            "no token of this feed"
        );
    }
}

#[tokio::test]
async fn recent_changes_come_at_once_and_repeat() {
    let st = St::new().await;
    let (_, token) = read(&st, "crm/export/bookings", "", false).await;
    let booking = id(&st.post(BOOKINGS, &new_booking("sc-1")).await).0;
    assert!(
        read(&st, "crm/export/bookings", &token, false)
            .await
            .0
            .is_empty()
    );
    let (first, again) = read(&st, "crm/export/bookings", &token, true).await;
    assert_eq!(first, [booking]);
    let (second, _) = read(&st, "crm/export/bookings", &again, true).await;
    assert_eq!(second, [booking], "it is still recent, so it comes again");
    st.advance(61);
    let (third, settled) = read(&st, "crm/export/bookings", &again, true).await;
    assert_eq!(third, [booking]);
    assert!(
        read(&st, "crm/export/bookings", &settled, true)
            .await
            .0
            .is_empty()
    );
}

#[tokio::test]
async fn feeds_also_give_inactive_rows() {
    let st = St::new().await;
    let page = st.get("crm/export/customers").await;
    let merged = rows(&page)
        .iter()
        .find(|row| row["id"] == json!(7007))
        .unwrap();
    assert_eq!(
        (&merged["active"], &merged["mergedToId"]),
        (&json!(false), &json!(7009))
    );
    assert_eq!(merged["externalData"], json!([]));
    let location = id(&rows(&st.get("crm/export/locations").await)[0]);
    st.patch(
        &format!("crm/locations/{location}"),
        &json!({"active": false}),
    )
    .await;
    let page = st
        .get("crm/export/locations?includeRecentChanges=true")
        .await;
    assert_eq!(rows(&page).last().unwrap()["active"], json!(false));
}

#[tokio::test]
async fn appointments_and_notes_have_feeds() {
    let st = St::new().await;
    let job = st.post("jpm/jobs", &new_job()).await;
    st.post(
        &format!("jpm/jobs/{}/notes", id(&job)),
        &json!({"text": "hello"}),
    )
    .await;
    let page = st
        .get("jpm/export/appointments?active=True&includeRecentChanges=true")
        .await;
    assert_eq!(rows(&page).last().unwrap()["jobId"], job["id"]);
    let page = st
        .get("jpm/export/appointments?active=False&includeRecentChanges=true")
        .await;
    assert!(rows(&page).is_empty());
    let page = st
        .get("jpm/export/job-notes?includeRecentChanges=true")
        .await;
    let note = &rows(&page)[0];
    assert_eq!(
        (&note["jobId"], &note["text"]),
        (&job["id"], &json!("hello"))
    );
}

#[tokio::test]
async fn reads_can_lag_behind_writes() {
    let lag = Duration::from_secs(5);
    let st = St::switched(Switches {
        read_lag: lag,
        ..Switches::default()
    })
    .await;
    let query = format!(
        "jpm/jobs?{}",
        lookup(GUID, "servicechannel.workOrderId", "123456789")
    );
    let job = id(&st.post("jpm/jobs", &new_job()).await);
    st.get(&format!("jpm/jobs/{job}")).await;
    assert!(
        rows(&st.get(&query).await).is_empty(),
        "known by id, not yet listed"
    );
    let feed = "jpm/export/jobs?from=2026-11-02&includeRecentChanges=true";
    assert!(rows(&st.get(feed).await).is_empty());
    st.advance(6);
    assert_eq!(ids(&st.get(&query).await), [job.0]);
    assert_eq!(ids(&st.get(feed).await), [job.0]);
}
