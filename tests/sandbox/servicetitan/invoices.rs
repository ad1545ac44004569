//! Check list 9: invoices. People fill and post them; clients read, review and adjust.

use serde_json::json;

use super::*;

/// A job and its invoice.
async fn job(st: &St) -> (Id, Id) {
    let job = st.post("jpm/jobs", &new_job()).await;
    (id(&job), Id(job["invoiceId"].as_i64().unwrap()))
}

async fn invoice(st: &St, id: Id) -> Value {
    let page = st.get(&format!("accounting/invoices?ids={id}")).await;
    rows(&page)[0].clone()
}

fn texts<'a>(row: &'a Value, members: &[&str]) -> Vec<&'a str> {
    members
        .iter()
        .map(|member| row[*member].as_str().unwrap())
        .collect()
}

const SUMS: [&str; 4] = ["subTotal", "salesTax", "total", "balance"];

fn bill() -> Value {
    json!({"taxRate": 10.25, "summary": "Replaced the fan motor", "items": [
        {"skuName": "LABOR", "quantity": 2.5, "description": "On site"},
        {"skuName": "PART-1", "price": 99.99},
        {"skuName": "TRAVEL"}]})
}

#[tokio::test]
async fn a_job_has_an_empty_invoice_from_the_start() {
    let st = St::new().await;
    let (job, own) = job(&st).await;
    let row = invoice(&st, own).await;
    assert_eq!(texts(&row, &SUMS), ["0.00", "0.00", "0.00", "0.00"]);
    assert_eq!(
        (&row["job"]["id"], &row["referenceNumber"], &row["items"]),
        (&json!(job), &json!(job.to_string()), &json!([]))
    );
    assert_eq!(row["syncStatus"], "Pending");
    let found = st.get(&format!("accounting/invoices?jobId={job}")).await;
    assert_eq!(ids(&found), [own.0]);
    let reply = st.try_get(&format!("accounting/invoices/{own}")).await;
    assert_eq!(reply.status, 404, "there is no call for one invoice");
}

#[tokio::test]
async fn the_office_fills_an_invoice_and_posts_it() {
    let st = St::new().await;
    let (job, own) = job(&st).await;
    assert_eq!(st.make(&format!("jobs/{job}/invoice"), &bill()).await, own);
    let row = invoice(&st, own).await;
    assert_eq!(
        texts(&row, &SUMS),
        ["539.99", "10.25", "550.24", "550.24"],
        "only the part is taxable"
    );
    let item = &row["items"][0];
    assert_eq!(
        texts(item, &["quantity", "price", "total", "type", "skuName"]),
        ["2.5", "150.00", "375.00", "Service", "LABOR"]
    );
    assert_eq!(
        st.get(&format!("jpm/jobs/{job}")).await["total"],
        json!(550.24)
    );
    st.advance(1);
    let change = json!({"tax": 12, "number": "R-7", "reviewStatus": "ReadyForBilling"});
    let path = format!("invoices/{own}");
    let reply = st.control(Method::PATCH, &path, Some(&change)).await;
    assert_eq!(reply.status, 204, "{reply:?}");
    st.act(&format!("{path}/post"), &json!({})).await;
    let row = invoice(&st, own).await;
    assert_eq!(
        texts(
            &row,
            &["salesTax", "referenceNumber", "reviewStatus", "syncStatus"]
        ),
        ["12.00", "R-7", "ReadyForBilling", "Posted"]
    );
    assert_ne!(row["modifiedOn"], row["createdOn"]);
    assert_eq!(
        st.refused(&format!("{path}/post"), &json!({})).await,
        format!("The invoice {own} is Posted.")
    );
    let posted = st.get("accounting/invoices?statuses=Posted,Exported").await;
    assert_eq!(ids(&posted), [own.0]);
    assert_eq!(
        st.titan.journal().values("invoices", own, "syncStatus"),
        ["Posted"]
    );
}

#[tokio::test]
async fn clients_change_items_until_the_invoice_is_posted() {
    let st = St::new().await;
    let (_, own) = job(&st).await;
    let path = format!("accounting/invoices/{own}");
    let items = format!("{path}/items");
    let send = async |body: &Value| st.try_patch(&items, body).await;
    let item = json!({"skuName": "FREIGHT", "description": "Pallet", "quantity": 2,
                      "unitPrice": 40.5, "price": 1});
    let reply = send(&item).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
    send(&item).await;
    assert_eq!(
        st.created("invoice-items"),
        [(format!("{own}: Pallet"), 2)],
        "no dedupe"
    );
    let row = invoice(&st, own).await;
    assert_eq!(row["total"], "162.00", "`price` is no member");
    let (one, two) = (row["items"][0]["id"].clone(), row["items"][1]["id"].clone());
    send(&json!({"id": one, "description": "Half a pallet", "quantity": 1})).await;
    let reply = st
        .send(Method::DELETE, &format!("{items}/{two}"), None)
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(invoice(&st, own).await["total"], "40.50");
    assert_eq!(
        refused_fields(&send(&json!({"skuName": "NONE"})).await, 400),
        ["Description", "Quantity", "SkuId"]
    );
    let feed = st
        .get("accounting/export/invoice-items?includeRecentChanges=true")
        .await;
    let active: Vec<&Value> = rows(&feed).iter().map(|row| &row["active"]).collect();
    assert_eq!(active, [&json!(true), &json!(false)]);
    let reply = st
        .try_patch(&path, &json!({"summary": "Checked", "tax": 1.5}))
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(invoice(&st, own).await["total"], "42.00");

    let mark = json!([{"invoiceId": own, "externalId": "B-1"}, {"invoiceId": 1}]);
    let marked = st.post("accounting/invoices/markasexported", &mark).await;
    assert_eq!(
        (&marked[0]["success"], &marked[1]["success"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(invoice(&st, own).await["syncStatus"], "Exported");
    assert_eq!(refused_fields(&send(&item).await, 400), ["id"]);
}

#[tokio::test]
async fn a_new_invoice_is_an_adjustment() {
    let st = St::new().await;
    let (job, own) = job(&st).await;
    let reply = st.try_post("accounting/invoices", &json!({})).await;
    assert_eq!(refused_fields(&reply, 400), ["AdjustmentToId"]);
    let body = json!({"adjustmentToId": own, "items": [
        {"skuName": "DISCOUNT", "description": "Goodwill", "quantity": 1}]});
    let made = st.post("accounting/invoices", &body).await;
    let made = Id(made.as_i64().expect("a bare id"));
    let row = invoice(&st, made).await;
    assert_eq!(
        (&row["adjustmentToId"], &row["total"]),
        (&json!(own), &json!("-25.00"))
    );
    let all = st.get(&format!("accounting/invoices?jobId={job}")).await;
    assert_eq!(ids(&all), [own.0, made.0]);
    let billed = json!({"items": [{"skuName": "TRAVEL"}]});
    let third = st.make(&format!("invoices/{own}/adjust"), &billed).await;
    let adjusting = st
        .get(&format!("accounting/invoices?adjustmentToId={own}"))
        .await;
    assert_eq!(ids(&adjusting), [made.0, third.0]);
}

#[tokio::test]
async fn a_changed_invoice_comes_again_in_the_feed() {
    let st = St::new().await;
    let (job, own) = job(&st).await;
    st.advance(61);
    let page = st.get("accounting/export/invoices?from=2026-11-02").await;
    assert_eq!(ids(&page), [own.0]);
    let from = page["continueFrom"].as_str().unwrap().to_owned();
    st.make(&format!("jobs/{job}/invoice"), &bill()).await;
    st.advance(61);
    let page = st
        .get(&format!("accounting/export/invoices?from={from}"))
        .await;
    assert_eq!(rows(&page)[0]["items"].as_array().unwrap().len(), 3);
    st.act(&format!("jobs/{job}/cancel"), &json!({})).await;
    let row = invoice(&st, own).await;
    assert_eq!(
        (&row["items"], &row["total"]),
        (&json!([]), &json!("0.00")),
        "a canceled job bills nothing"
    );
}
