//! Campaigns.

use serde_json::json;

use super::*;

fn campaign(name: &str) -> Value {
    json!({"name": name, "businessUnitId": 12, "categoryId": 5, "active": true})
}

#[tokio::test]
async fn a_campaign_is_found_by_a_part_of_its_name() {
    let st = St::new().await;
    let created = st
        .post("marketing/campaigns", &campaign("ServiceChannel"))
        .await;
    assert_eq!(
        (&created["businessUnit"], &created["active"]),
        (&json!("HVAC"), &json!(true))
    );
    assert_eq!(
        created["category"],
        json!({"id": 5, "name": "Online", "active": true})
    );
    let found = st.get("marketing/campaigns?name=servicechan").await;
    assert_eq!(ids(&found), [id(&created).0]);
    assert_eq!(st.created("campaigns"), [("ServiceChannel".to_owned(), 1)]);
    assert_eq!(ids(&st.get("marketing/categories").await), [5, 6]);
    assert_eq!(st.get("marketing/categories/5").await["type"], "Regular");
}

#[tokio::test]
async fn an_inactive_campaign_leaves_the_list() {
    let st = St::new().await;
    assert_eq!(ids(&st.get("marketing/campaigns").await), [9]);
    assert_eq!(
        ids(&st.get("marketing/campaigns?active=Any&sort=-Name").await),
        [9, 10]
    );
    st.advance(1);
    let before = st.get("marketing/campaigns/9").await;
    st.control(Method::POST, "campaigns/9/deactivate", None)
        .await;
    let row = st.get("marketing/campaigns/9").await;
    assert_eq!(row["active"], json!(false));
    assert_ne!(row["modifiedOn"], before["modifiedOn"]);
    assert!(rows(&st.get("marketing/campaigns").await).is_empty());
    st.control(Method::POST, "campaigns/9/activate", None).await;
    assert_eq!(ids(&st.get("marketing/campaigns").await), [9]);
}

#[tokio::test]
async fn a_change_needs_the_same_members_as_a_create() {
    let st = St::new().await;
    let reply = st
        .try_patch("marketing/campaigns/9", &json!({"active": false}))
        .await;
    assert_eq!(
        refused_fields(&reply, 400),
        ["BusinessUnitId", "CategoryId", "Name"]
    );
    let body = with(
        campaign("Web"),
        json!({"active": false, "source": "Search"}),
    );
    let changed = st.patch("marketing/campaigns/9", &body).await;
    assert_eq!(
        (&changed["name"], &changed["source"]),
        (&json!("Web"), &json!("Search"))
    );
    let wrong = with(
        campaign("Web"),
        json!({"businessUnitId": 1, "categoryId": "5"}),
    );
    let reply = st.try_post("marketing/campaigns", &wrong).await;
    assert_eq!(
        refused_fields(&reply, 400),
        ["BusinessUnitId", "CategoryId"]
    );
    assert_eq!(st.try_get("marketing/campaigns/1").await.status, 404);
}
