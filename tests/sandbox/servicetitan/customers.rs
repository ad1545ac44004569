//! Check lists 4 and 5 on customers and locations.

use serde_json::json;

use super::*;

const SUBSCRIBER: &str = "servicechannel.subscriberId";

#[tokio::test]
async fn a_customer_comes_with_locations_and_contacts() {
    let st = St::new().await;
    let contacts = json!([{"type": "Phone", "value": "(818) 555-0100", "memo": "desk"}]);
    let body = with(
        new_customer("Example Retail"),
        json!({"contacts": contacts, "externalData": external(GUID, SUBSCRIBER, "77"),
               "locations": [{"name": "Example Retail 0042", "address": address(),
                              "contacts": [{"type": "Email", "value": "a@example.org"}]}]}),
    );
    let created = st.post("crm/customers", &body).await;
    assert_eq!(created["locations"][0]["name"], "Example Retail 0042");
    assert_eq!(
        created["contacts"].as_array().unwrap().len(),
        2,
        "the location's is copied"
    );
    let customer = id(&created);
    let found = st.get("crm/customers?phone=8185550100").await;
    assert_eq!(ids(&found), [customer.0]);
    let contacts = st.get(&format!("crm/customers/{customer}/contacts")).await;
    assert_eq!(
        rows(&contacts)[0]["phoneSettings"]["phoneNumber"],
        "(818) 555-0100"
    );
    let location = id(&created["locations"][0]);
    assert_eq!(
        rows(&st.get(&format!("crm/locations/{location}/contacts")).await).len(),
        1
    );
    assert_eq!(
        st.created("customers"),
        [(format!("{GUID} {SUBSCRIBER}=77"), 1)]
    );
}

#[tokio::test]
async fn bodies_are_refused_with_every_field_that_is_wrong() {
    let st = St::new().await;
    let body = json!({"type": "Robot", "address": {"street": 5}, "doNotMail": "no", "extra": 1,
                      "locations": [{"name": "x"}]});
    let reply = st.try_post("crm/customers", &body).await;
    assert_eq!(
        refused_fields(&reply, 400),
        [
            "Address.City",
            "Address.Country",
            "Address.State",
            "Address.Street",
            "Address.Zip",
            "DoNotMail",
            "Locations[0].Address",
            "Name",
            "Type",
        ]
    );
    let reply = st
        .try_post(
            "crm/customers",
            &with(new_customer("x"), json!({"locations": []})),
        )
        .await;
    assert_eq!(refused_fields(&reply, 400), ["Locations"]);
    let reply = st
        .request(Method::POST, "crm/customers")
        .body("{")
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 400);
    assert!(st.created("customers").is_empty());
}

#[tokio::test]
async fn unknown_members_are_ignored() {
    let st = St::new().await;
    let body = with(new_customer("Extra"), json!({"price": 4, "lineItems": []}));
    assert_eq!(st.post("crm/customers", &body).await["name"], "Extra");
}

#[tokio::test]
async fn a_second_post_creates_a_second_row() {
    let st = St::new().await;
    let body = with(
        new_customer("Twice"),
        json!({"externalData": external(GUID, SUBSCRIBER, "88")}),
    );
    let first = id(&st.post("crm/customers", &body).await);
    let second = id(&st.post("crm/customers", &body).await);
    assert_ne!(first, second);
    let found = st
        .get(&format!("crm/customers?{}", lookup(GUID, SUBSCRIBER, "88")))
        .await;
    assert_eq!(ids(&found), [first.0, second.0]);
    assert_eq!(
        st.created("customers"),
        [(format!("{GUID} {SUBSCRIBER}=88"), 2)]
    );
    assert_eq!(st.titan.kit().audit.summary().doubles(), 1);
}

#[tokio::test]
async fn external_data_is_seen_with_its_own_guid_only() {
    let st = St::new().await;
    let found = st
        .get(&format!(
            "crm/customers?{}",
            lookup(GUID, SUBSCRIBER, "900100,5")
        ))
        .await;
    assert_eq!(ids(&found), [known::CUSTOMER_LINKED.0]);
    let datum = json!([{"key": SUBSCRIBER, "value": "900100"}]);
    assert_eq!(rows(&found)[0]["externalData"], datum);
    let other = st
        .get(&format!(
            "crm/customers?{}",
            lookup(OTHER_GUID, SUBSCRIBER, "900100")
        ))
        .await;
    assert!(rows(&other).is_empty());
    let plain = st.get("crm/customers?ids=7001").await;
    assert_eq!(rows(&plain)[0]["externalData"], json!([]));
    assert_eq!(
        st.get("crm/customers/7001").await["externalData"],
        json!([])
    );
    let shown = st
        .get(&format!(
            "crm/customers?ids=7001&externalDataApplicationGuid={GUID}"
        ))
        .await;
    assert_eq!(rows(&shown)[0]["externalData"], datum);
    let alike = st
        .get(&format!(
            "crm/customers?{}",
            lookup(GUID, SUBSCRIBER, "900300")
        ))
        .await;
    assert_eq!(ids(&alike), known::CUSTOMERS_ALIKE.map(|id| id.0));
}

#[tokio::test]
async fn key_values_and_guid_of_a_lookup_belong_together() {
    let st = St::new().await;
    let guid = format!("externalDataApplicationGuid={GUID}");
    for (query, field) in [
        (format!("{guid}&externalDataKey=a"), "externalDataValues"),
        (format!("{guid}&externalDataValues=1"), "externalDataKey"),
        (
            "externalDataKey=a&externalDataValues=1".to_owned(),
            "externalDataApplicationGuid",
        ),
        (
            "externalDataApplicationGuid=7".to_owned(),
            "externalDataApplicationGuid",
        ),
    ] {
        let reply = st.try_get(&format!("crm/customers?{query}")).await;
        assert_eq!(refused_fields(&reply, 400), [field], "{query}");
    }
}

#[tokio::test]
async fn external_data_is_replaced_by_default_and_merged_on_request() {
    let st = St::new().await;
    let shown = async || {
        let page = st
            .get(&format!(
                "crm/customers?ids=7001&externalDataApplicationGuid={GUID}"
            ))
            .await;
        rows(&page)[0]["externalData"].clone()
    };
    let change = |mode: Option<&str>, data: Value| json!({"externalData": {"patchMode": mode, "applicationGuid": GUID, "externalData": data}});
    let more = json!([{"key": "b", "value": "2"}]);
    st.patch("crm/customers/7001", &change(Some("Merge"), more.clone()))
        .await;
    assert_eq!(shown().await.as_array().unwrap().len(), 2);
    let removed = json!([{"key": SUBSCRIBER, "value": null}]);
    st.patch("crm/customers/7001", &change(Some("Merge"), removed))
        .await;
    assert_eq!(shown().await, more);
    st.patch(
        "crm/customers/7001",
        &change(None, json!([{"key": "c", "value": "3"}])),
    )
    .await;
    assert_eq!(shown().await, json!([{"key": "c", "value": "3"}]));
    let gone = st
        .get(&format!("crm/customers?{}", lookup(GUID, "b", "2")))
        .await;
    assert!(rows(&gone).is_empty(), "the index follows");
}

#[tokio::test]
async fn customers_are_found_by_name_and_address_and_changed() {
    let st = St::new().await;
    assert_eq!(ids(&st.get("crm/customers?name=pinewood").await), [7003]);
    let found = st
        .get("crm/customers?street=12%20orchard%20st&zip=91203&state=CA")
        .await;
    assert_eq!(ids(&found), [7003]);
    let body = json!({"doNotService": true, "address": {"unit": "B"}, "tagTypeIds": [301]});
    let changed = st.patch("crm/customers/7003", &body).await;
    assert_eq!(
        (&changed["doNotService"], &changed["address"]["unit"]),
        (&json!(true), &json!("B"))
    );
    assert_eq!(changed["address"]["street"], "12 Orchard St");
    let reply = st
        .try_patch(
            "crm/customers/7003",
            &json!({"name": null, "tagTypeIds": [9]}),
        )
        .await;
    assert_eq!(refused_fields(&reply, 400), ["Name", "TagTypeIds"]);
    assert_eq!(
        st.try_patch("crm/customers/1", &json!({})).await.status,
        404
    );
    assert_eq!(
        st.get("crm/customers/7005").await["doNotService"],
        json!(true)
    );
}

#[tokio::test]
async fn a_merged_customer_is_inactive_and_points_on() {
    let st = St::new().await;
    let row = st.get("crm/customers/7007").await;
    assert_eq!(
        (&row["active"], &row["mergedToId"]),
        (&json!(false), &json!(7009))
    );
    let query = lookup(GUID, SUBSCRIBER, "900400");
    assert!(rows(&st.get(&format!("crm/customers?{query}")).await).is_empty());
    assert_eq!(
        ids(&st.get(&format!("crm/customers?{query}&active=Any")).await),
        [7007]
    );
    let locations = st.get("crm/locations?customerId=7009").await;
    assert_eq!(ids(&locations), [7008, 7010], "the locations went over");
}

#[tokio::test]
async fn locations_belong_to_a_customer() {
    let st = St::new().await;
    let body = json!({"customerId": 7003, "name": "Pinewood Books 2", "address": address(),
                      "externalData": external(GUID, "servicechannel.locationId", "5")});
    let created = st.post("crm/locations", &body).await;
    let location = id(&created);
    assert_eq!(created["customerId"], json!(7003));
    let query = lookup(GUID, "servicechannel.locationId", "5");
    assert_eq!(
        ids(&st.get(&format!("crm/locations?{query}")).await),
        [location.0]
    );
    let found = st
        .get("crm/locations?customerId=7003&street=1%20MAIN%20ST&zip=91203")
        .await;
    assert_eq!(ids(&found), [location.0]);
    assert!(rows(&st.get("crm/locations?customerId=1").await).is_empty());

    let unknown = with(body.clone(), json!({"customerId": 123}));
    assert!(refused_fields(&st.try_post("crm/locations", &unknown).await, 409).is_empty());
    let reply = st.try_post("crm/locations", &json!({"name": "x"})).await;
    assert_eq!(refused_fields(&reply, 400), ["Address", "CustomerId"]);

    let fields = json!({"customFields": [{"typeId": 3201, "value": "1234"}]});
    let changed = st
        .patch(&format!("crm/locations/{location}"), &fields)
        .await;
    assert_eq!(changed["customFields"][0]["name"], "Gate code");
    let changed = st
        .patch(
            &format!("crm/locations/{location}"),
            &json!({"customFields": []}),
        )
        .await;
    assert_eq!(
        changed["customFields"],
        json!([]),
        "the list is the whole state"
    );
    let moved = json!({"customerId": 7001, "active": false});
    assert_eq!(
        st.patch(&format!("crm/locations/{location}"), &moved).await["customerId"],
        7001
    );
    assert!(!ids(&st.get("crm/locations?customerId=7001").await).contains(&location.0));
    let all = st.get("crm/locations?customerId=7001&active=Any").await;
    assert!(ids(&all).contains(&location.0));
    let reply = st
        .try_patch(
            &format!("crm/locations/{location}"),
            &json!({"customerId": 9}),
        )
        .await;
    assert_eq!(reply.status, 409);
}
