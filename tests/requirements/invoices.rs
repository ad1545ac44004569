//! R51 to R58: invoices, and what becomes of them.

use serde_json::{Value, json};
use syncline::sandbox::kit::faults::{Action, Rule};
use syncline::sandbox::servicechannel::invoices::{Invoice, InvoiceAction};
use syncline::sandbox::servicechannel::model::{InvoiceId, Primary, Status, WorkOrderId};
use syncline::sandbox::servicechannel::people::Edit;
use syncline::sandbox::servicechannel::people_terms::TermsEdit;

use super::office::{
    ACME, agree, both_ways, call_in, call_in_open, counted, people, read, rows, try_run,
};
use crate::harness::World;
use crate::harness::world::TENANT;

async fn board() -> World {
    let world = both_ways().await;
    world.on().await;
    world
}

fn choose(world: &World, name: &str, value: Value) {
    let at = format!("/settings/invoice_information/{name}");
    world.tenant(&at, value);
}

/// A work order whose job is done and whose client has confirmed it; the job and its invoice.
async fn done(world: &World, order: WorkOrderId) -> (Value, Value) {
    world.run().await;
    let job = world.job(order);
    work(world, &job);
    world.run().await;
    confirm(world, order);
    (job["id"].clone(), job["invoiceId"].clone())
}

/// A technician goes there and is done with it.
fn work(world: &World, job: &Value) {
    for what in ["dispatch", "arrive"] {
        let visit = format!("appointments/{}/{what}", job["firstAppointmentId"]);
        people(world, &visit, &json!({}));
    }
    people(world, &format!("jobs/{}/complete", job["id"]), &json!({}));
}

fn confirm(world: &World, order: WorkOrderId) {
    let confirmed = Status::of(Primary::Completed, "CONFIRMED");
    let people = world.sandbox.servicechannel();
    people.set_status(order, confirmed).unwrap();
}

/// Somebody in the office says what is to be paid.
fn bill(world: &World, invoice: &Value, bill: &Value) {
    let titan = world.sandbox.servicetitan();
    titan
        .control("PATCH", &format!("invoices/{invoice}"), bill)
        .unwrap();
}

fn post(world: &World, invoice: &Value) {
    people(world, &format!("invoices/{invoice}/post"), &json!({}));
}

/// 375.00 labor, 65.00 travel, 200.00 and 99.99 material, 20.50 tax.
fn usual() -> Value {
    json!({ "tax": 20.5, "summary": "Replaced the <b>fan motor</b>", "items": [
        { "skuName": "LABOR", "quantity": 2.5, "description": "On site" },
        { "skuName": "TRAVEL" },
        { "skuName": "PART-1", "quantity": 2 },
        { "skuName": "PART-1", "price": 99.99 },
    ]})
}

/// The invoices that the client has.
fn sent(world: &World) -> Vec<Invoice> {
    world.sandbox.servicechannel().invoices()
}

#[track_caller]
fn only(world: &World) -> Invoice {
    let mut all = sent(world);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn numbers(world: &World) -> Vec<String> {
    sent(world)
        .into_iter()
        .map(|invoice| invoice.number)
        .collect()
}

fn act(world: &World, invoice: InvoiceId, action: InvoiceAction, why: &str) {
    let client = world.sandbox.servicechannel();
    client.act_on_invoice(invoice, action, why).unwrap();
}

fn notes(world: &World, job: &Value) -> Vec<String> {
    let notes = rows(world, &format!("jpm/jobs/{job}/notes"));
    notes
        .iter()
        .map(|note| note["text"].as_str().unwrap().to_owned())
        .collect()
}

/// An order that may cost a lot.
fn dear(world: &World) -> WorkOrderId {
    let edit = Edit {
        status: Some(Status::plain(Primary::Open)),
        nte: Some(5_000.0),
        ..Edit::default()
    };
    call_in(world, &edit)
}

/// What people read of a state and its reason.
async fn held(world: &World) -> Vec<String> {
    let status = world.status().await;
    let rows = status["records"].as_array().unwrap().clone();
    let held = rows.iter().filter(|row| row["state"] == "held");
    held.map(|row| row["reason"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r51_r54_r56_a_posted_invoice_is_sent_once_with_exact_amounts() {
    let world = board().await;
    let order = dear(&world);
    let (job, invoice) = done(&world, order).await;
    bill(&world, &invoice, &usual());
    world.run().await;
    assert_eq!(numbers(&world), [""; 0], "not before it is posted");
    assert_eq!(counted(&world, "the invoice is not posted yet").await, 1);
    post(&world, &invoice);
    for _ in 0..3 {
        world.run().await;
    }
    let only = only(&world);
    assert_eq!(only.work_order, order);
    assert_eq!(only.number, job.to_string(), "the number of the invoice");
    assert_eq!(only.text, "Replaced the fan motor");
    // As text, digit for digit: no amount went through a binary fraction.
    let amounts = &only.request["InvoiceAmountsDetails"];
    let of = |value: &Value| value.to_string();
    assert_eq!(
        [
            "LaborAmount",
            "TravelAmount",
            "MaterialAmount",
            "FreightAmount",
            "OtherAmount"
        ]
        .map(|name| of(&amounts[name])),
        ["375", "65", "299.99", "0", "0"]
    );
    assert_eq!(of(&only.request["InvoiceTax"]), "20.5");
    assert_eq!(of(&only.request["InvoiceTotal"]), "760.49");
    assert_eq!(
        only.request.get("Labors"),
        None,
        "totals unless lists are wanted"
    );
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r51_the_number_comes_from_where_the_setting_says() {
    let world = board().await;
    let first = dear(&world);
    let (_, invoice) = done(&world, first).await;
    bill(
        &world,
        &invoice,
        &json!({ "number": "INV7", "items": [{ "skuName": "LABOR" }] }),
    );
    post(&world, &invoice);
    world.run().await;
    assert_eq!(numbers(&world), ["INV7"]);

    choose(&world, "number", json!("job"));
    let second = dear(&world);
    let (job, invoice) = done(&world, second).await;
    bill(
        &world,
        &invoice,
        &json!({ "number": "INV8", "items": [{ "skuName": "LABOR" }] }),
    );
    post(&world, &invoice);
    world.run().await;
    let number = read(&world, &format!("jpm/jobs/{job}"))["jobNumber"].clone();
    assert_eq!(json!(numbers(&world)[1]), number);

    choose(&world, "number", json!("custom_field"));
    world
        .fine([
            "settings",
            "set",
            TENANT,
            "invoice_information.number_field=Their number",
        ])
        .await;
    let third = dear(&world);
    let (_, invoice) = done(&world, third).await;
    bill(
        &world,
        &invoice,
        &json!({ "items": [{ "skuName": "LABOR" }] }),
    );
    post(&world, &invoice);
    world.run().await;
    assert_eq!(
        held(&world).await,
        ["the invoice has no value for its number (custom_field)"]
    );
    assert_eq!(numbers(&world).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r52_the_other_rows_are_fixed() {
    let world = board().await;
    let ran = world
        .cmd([
            "settings",
            "set",
            TENANT,
            "invoice_information.total=Something else",
        ])
        .run()
        .await
        .exits(3);
    let fixed = "The rows below the invoice number are the same for all customers.";
    assert!(
        ran.stderr.contains(fixed) || ran.stdout.contains(fixed),
        "{ran:?}"
    );
    choose(&world, "total", json!("Something else"));
    let ran = world.cmd(["validate"]).run().await.exits(3);
    assert!(
        ran.stderr.contains("setting-locked") && ran.stderr.contains(fixed),
        "{ran:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r53_only_a_completed_work_order_is_billed_and_a_rejected_number_is_not_used_again() {
    let world = board().await;
    let order = dear(&world);
    world.run().await;
    let job = world.job(order);
    let invoice = job["invoiceId"].clone();
    bill(&world, &invoice, &usual());
    post(&world, &invoice);
    world.run().await;
    assert_eq!(numbers(&world), [""; 0]);
    assert_eq!(
        held(&world).await,
        ["the work order is open, and is billed once it is completed or confirmed"]
    );
    work(&world, &job);
    world.run().await;
    confirm(&world, order);
    world.run().await;
    let first = only(&world);

    act(
        &world,
        first.id,
        InvoiceAction::Reject,
        "Hours do not match",
    );
    world.run().await;
    world.run().await;
    assert_eq!(
        sent(&world).len(),
        1,
        "the same once more would be rejected once more"
    );
    let adjusted = json!({ "items": [{ "skuName": "LABOR", "quantity": 2 }] });
    // Posted is posted: what the office corrects is made anew by the client's rules of this simulator.
    let titan = world.sandbox.servicetitan();
    let changed = titan.control("PATCH", &format!("invoices/{invoice}"), &adjusted);
    if changed.is_err() {
        people(&world, &format!("invoices/{invoice}/export"), &json!({}));
    }
    for _ in 0..3 {
        world.run().await;
    }
    assert_eq!(
        numbers(&world),
        [first.number.clone(), format!("{}R2", first.number)]
    );
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r53_a_lost_reply_makes_no_second_invoice() {
    let world = board().await;
    let order = dear(&world);
    let (_, invoice) = done(&world, order).await;
    bill(&world, &invoice, &usual());
    post(&world, &invoice);
    let lost = Rule::under("/v3/invoices", Action::CommitThenDrop).method("POST");
    let faults = &world.sandbox.servicechannel().kit().faults;
    faults.set(vec![lost.at_most(1)]).unwrap();
    for _ in 0..3 {
        try_run(&world).await;
    }
    assert_eq!(faults.rules()[0].struck, 1, "the reply was lost");
    only(&world);
    let links = world.links("invoice").await;
    assert!(links.len() == 1 && links[0].target.is_some(), "{links:?}");
}

/// A run that is killed when the client has the invoice and the store does not know it yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r53_a_crash_after_the_sending_makes_no_second_invoice() {
    let world = board().await;
    let order = dear(&world);
    let (_, invoice) = done(&world, order).await;
    world.run().await;
    bill(&world, &invoice, &usual());
    post(&world, &invoice);
    let died = world
        .cmd(["run", TENANT])
        .env("SYNCLINE_CRASH_AT", "before-t3-settle")
        .run()
        .await;
    assert!(died.crashed(), "{died:?}");
    only(&world);
    let unknown = world.links("invoice").await;
    assert!(
        unknown.iter().all(|link| link.target.is_none()),
        "{unknown:?}"
    );
    for _ in 0..3 {
        try_run(&world).await;
    }
    only(&world);
    let links = world.links("invoice").await;
    assert!(links.len() == 1 && links[0].target.is_some(), "{links:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r54_the_moment_of_sending_is_a_setting_and_an_empty_invoice_is_not_sent() {
    let world = board().await;
    choose(&world, "send_when", json!("completed"));
    let empty = dear(&world);
    done(&world, empty).await;
    world.run().await;
    assert_eq!(numbers(&world), [""; 0]);
    let order = dear(&world);
    let (_, invoice) = done(&world, order).await;
    bill(&world, &invoice, &usual());
    world.run().await;
    assert_eq!(only(&world).work_order, order, "completed is enough");

    choose(&world, "send_when", json!("reviewed"));
    let order = dear(&world);
    let (_, invoice) = done(&world, order).await;
    bill(&world, &invoice, &usual());
    world.run().await;
    assert_eq!(sent(&world).len(), 1);
    bill(&world, &invoice, &json!({ "reviewStatus": "Reviewed" }));
    world.run().await;
    assert_eq!(sent(&world).len(), 2);
    assert_eq!(counted(&world, "the invoice has no amount").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r55_items_are_listed_and_tax_is_left_out_where_the_client_wants_it() {
    let world = board().await;
    agree(
        &world,
        TermsEdit {
            invoices: Some(json!({ "sales_tax": "denied" })),
            ..TermsEdit::default()
        },
    );
    world.tenant(
        &format!("/overrides/{ACME}/settings/invoice_information/line_items"),
        json!(true),
    );
    let order = dear(&world);
    let (_, invoice) = done(&world, order).await;
    let bill_of = json!({ "tax": 20.5, "items": [
        { "skuName": "LABOR", "quantity": 2.5 }, { "skuName": "TRAVEL" },
        { "skuName": "PART-1" }, { "skuName": "FREIGHT" },
    ]});
    bill(&world, &invoice, &bill_of);
    post(&world, &invoice);
    world.run().await;
    let only = only(&world);
    assert_eq!(
        only.request["InvoiceTotal"].to_string(),
        "580",
        "without tax"
    );
    assert_eq!(
        only.request["InvoiceAmountsDetails"]["FreightAmount"].to_string(),
        "40"
    );
    let labors = only.request["Labors"].as_array().unwrap();
    assert_eq!(labors.len(), 1);
    assert_eq!(
        (
            labors[0]["Hours"].to_string(),
            labors[0]["HourlyRate"].to_string()
        ),
        ("2.5".to_owned(), "150".to_owned())
    );
    assert_eq!(only.request["Materials"][0]["PartNum"], "PART-1");
    assert_eq!(only.request["Travels"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r57_above_the_nte_it_waits_and_the_office_is_told_once() {
    let world = board().await;
    let order = call_in_open(&world);
    let cheap = Edit {
        nte: Some(500.0),
        ..Edit::default()
    };
    world.sandbox.servicechannel().edit(order, cheap).unwrap();
    let (job, invoice) = done(&world, order).await;
    bill(&world, &invoice, &usual());
    post(&world, &invoice);
    world.run().await;
    world.run().await;
    assert_eq!(numbers(&world), [""; 0]);
    assert_eq!(
        held(&world).await,
        ["the invoice of 760.49 is above the NTE of 500.00"]
    );
    let told = notes(&world, &job);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("The invoice of 760.49 is above the NTE of 500.00"));

    let raised = Edit {
        nte: Some(800.0),
        ..Edit::default()
    };
    world.sandbox.servicechannel().edit(order, raised).unwrap();
    world.run().await;
    assert_eq!(only(&world).work_order, order);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r58_what_becomes_of_it_is_told_on_the_job() {
    let world = board().await;
    let order = dear(&world);
    let (job, invoice) = done(&world, order).await;
    bill(&world, &invoice, &usual());
    post(&world, &invoice);
    world.run().await;
    let only = only(&world);
    act(&world, only.id, InvoiceAction::Approve, "");
    world.run().await;
    act(&world, only.id, InvoiceAction::Pay, "");
    world.run().await;
    world.run().await;
    let mut told = notes(&world, &job);
    told.sort();
    let begins = |text: &String| text.split_once(". [").unwrap().0.to_owned();
    let told: Vec<String> = told.iter().map(begins).collect();
    assert_eq!(
        told,
        ["approved", "paid"]
            .map(|what| format!("ServiceChannel: invoice {} is {what}", only.number))
    );

    choose(&world, "show_status", json!(false));
    let order = dear(&world);
    let (job, invoice) = done(&world, order).await;
    bill(&world, &invoice, &usual());
    post(&world, &invoice);
    world.run().await;
    let second = sent(&world)[1].id;
    act(&world, second, InvoiceAction::Reject, "Hours do not match");
    world.run().await;
    assert_eq!(notes(&world, &job), [""; 0]);
}
