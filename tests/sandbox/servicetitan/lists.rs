//! Check list 2: the envelope, its parameters, and the small lists.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_page_has_fifty_rows_and_no_total() {
    let st = St::with(Config {
        customers: 60,
        calls_per_second: None,
        ..Config::default()
    })
    .await;
    let page = st.get("crm/customers").await;
    assert_eq!((&page["page"], &page["pageSize"]), (&json!(1), &json!(50)));
    assert_eq!(
        (&page["hasMore"], &page["totalCount"]),
        (&json!(true), &json!(null))
    );
    assert_eq!(rows(&page).len(), 50);
    let second = st.get("crm/customers?page=2&includeTotal=true").await;
    let total = second["totalCount"].as_u64().unwrap();
    assert_eq!(
        total, 66,
        "60 made up and 7 fixed ones, of which one is merged away"
    );
    assert_eq!(second["hasMore"], json!(false));
    assert_eq!(rows(&second).len() as u64, total - 50);
    assert_eq!(
        ids(&st.get("crm/customers?page=0").await),
        ids(&page),
        "page 0 is the first"
    );
}

#[tokio::test]
async fn page_zero_is_refused_by_lists_of_custom_field_types() {
    let st = St::new().await;
    let reply = st.try_get("jpm/jobs/custom-fields?page=0").await;
    assert_eq!(refused_fields(&reply, 400), ["page"]);
    let page = st.get("jpm/jobs/custom-fields?page=1").await;
    let nte = &rows(&page)[0];
    assert_eq!(
        (&nte["id"], &nte["name"], &nte["dataType"]),
        (&json!(3001), &json!("NTE"), &json!("Text"))
    );
    st.get("crm/customers/custom-fields").await;
    st.get("crm/locations/custom-fields").await;
}

#[tokio::test]
async fn ids_are_at_most_fifty() {
    let st = St::new().await;
    let page = st.get("crm/customers?ids=7003,7001,99").await;
    assert_eq!(ids(&page), [7001, 7003]);
    let many = (1..=51)
        .map(|id| id.to_string())
        .collect::<Vec<_>>()
        .join(",");
    let reply = st.try_get(&format!("crm/customers?ids={many}")).await;
    assert_eq!(refused_fields(&reply, 400), ["ids"]);
}

#[tokio::test]
async fn inactive_rows_are_shown_when_asked_for() {
    let st = St::new().await;
    let merged = known::CUSTOMER_MERGED.0;
    let shown = async |active: &str| {
        ids(&st.get(&format!("crm/customers?pageSize=500{active}")).await).contains(&merged)
    };
    assert!(!shown("").await);
    assert!(!shown("&active=True").await);
    assert!(shown("&active=any").await);
    assert_eq!(ids(&st.get("crm/customers?active=False").await), [merged]);
    let reply = st.try_get("crm/customers?active=perhaps").await;
    assert_eq!(refused_fields(&reply, 400), ["active"]);
}

#[tokio::test]
async fn times_filter_from_inclusive_to_exclusive_and_sort() {
    let st = St::new().await;
    let created = id(&st.post("crm/customers", &new_customer("Time Shop")).await);
    let row = st.get(&format!("crm/customers/{created}")).await;
    let at = row["createdOn"].as_str().unwrap();
    assert_eq!(
        ids(&st
            .get(&format!("crm/customers?createdOnOrAfter={at}"))
            .await),
        [created.0]
    );
    let before = st
        .get(&format!("crm/customers?createdBefore={at}&pageSize=500"))
        .await;
    assert!(!ids(&before).contains(&created.0));
    st.advance(1);
    st.patch("crm/customers/7001", &json!({"name": "Harbor Lane Coffee"}))
        .await;
    let newest = st.get("crm/customers?sort=-ModifiedOn&pageSize=2").await;
    assert_eq!(ids(&newest), [7001, created.0]);
    let changed = st
        .get(&format!("crm/customers?modifiedOnOrAfter={at}&sort=%2BId"))
        .await;
    assert_eq!(ids(&changed), [7001, created.0]);
    let reply = st.try_get("crm/customers?sort=Balance").await;
    assert_eq!(refused_fields(&reply, 400), ["sort"]);
}

#[tokio::test]
async fn the_lists_for_settings_name_what_jobs_need() {
    let st = St::new().await;
    assert_eq!(ids(&st.get("settings/business-units").await), [11, 12, 13]);
    assert_eq!(ids(&st.get("settings/business-units?name=hva").await), [12]);
    assert_eq!(
        st.get("settings/business-units/12").await["tenant"]["name"],
        "Best HVAC LLC"
    );
    assert_eq!(ids(&st.get("settings/technicians").await), [201, 202, 203]);
    assert_eq!(st.get("settings/technicians/201").await["status"], "Idle");
    assert_eq!(ids(&st.get("settings/tag-types").await), [301, 302]);
    assert_eq!(
        ids(&st
            .get("jpm/job-types?orderBy=id&orderByDirection=desc")
            .await),
        [49, 48, 47]
    );
    assert_eq!(
        st.get("jpm/job-types/47").await["businessUnitIds"],
        json!([12])
    );
    assert_eq!(
        ids(&st.get("jpm/job-cancel-reasons").await),
        [401, 402, 403]
    );
    assert_eq!(
        ids(&st.get("jpm/job-cancel-reasons?active=True").await),
        [401, 402]
    );
    assert_eq!(ids(&st.get("jpm/job-hold-reasons").await), [411, 412]);
    assert_eq!(ids(&st.get("crm/booking-provider-tags").await), [55]);
    assert_eq!(
        st.get("crm/booking-provider-tags/55").await["tagName"],
        "ServiceChannel"
    );
    assert_eq!(st.try_get("settings/business-units/99").await.status, 404);
}
