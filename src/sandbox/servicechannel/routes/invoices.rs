//! Invoices of the provider.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::writes::{body, permitted};
use super::{number_in, raw_json};
use crate::sandbox::servicechannel::World;
use crate::sandbox::servicechannel::auth::Caller;
use crate::sandbox::servicechannel::invoice_check::{Draft, mistakes};
use crate::sandbox::servicechannel::invoices::{Invoice, InvoiceStatus, Step};
use crate::sandbox::servicechannel::json::Object;
use crate::sandbox::servicechannel::ledger::{Entry, Pen, What};
use crate::sandbox::servicechannel::model::{InvoiceId, SubscriberId, WorkOrder};
use crate::sandbox::servicechannel::properties::trade_id;
use crate::sandbox::servicechannel::refusal::Refusal;
use crate::sandbox::servicechannel::state::State as Rows;
use crate::sandbox::servicechannel::terms::Permit;
use crate::sandbox::servicechannel::wire;

/// The provider's work order with this tracking number, or with this number of its own.
fn order_of<'a>(
    rows: &'a Rows,
    caller: &Caller,
    identifier: &str,
) -> Result<&'a WorkOrder, Refusal> {
    let mut own = rows
        .work_orders()
        .filter(|order| order.provider == caller.provider);
    own.find(|order| order.id.to_string() == identifier || order.number == identifier)
        .ok_or(Refusal::InvalidTrackingNumber)
}

/// `POST /invoices`.
pub(super) async fn add(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(pen): Extension<Pen>,
    bytes: Bytes,
) -> Result<Response, Refusal> {
    let request: Value = body(&bytes)?;
    let draft = Draft(&request);
    let number = draft.text("InvoiceNumber").to_owned();
    if number.is_empty() || draft.text("WoIdentifier").is_empty() {
        return Err(Refusal::Invalid("InvoiceNumber or WoIdentifier is empty"));
    }
    let id = world.with_state(|rows| {
        let order = order_of(rows, &caller, draft.text("WoIdentifier"))?;
        let order_id = order.id;
        permitted(rows, order_id, |permissions| permissions.invoices)?;
        let rules = rows
            .subscriber(order.subscriber)
            .map(|subscriber| &subscriber.invoice_rules)
            .ok_or(Refusal::UnknownSubscriber)?;
        let wrong = mistakes(rows, order, rules, draft, pen.now);
        if !wrong.is_empty() {
            return Err(Refusal::Invoice(wrong));
        }
        let invoice = Invoice {
            id: InvoiceId(0),
            number: number.clone(),
            work_order: order_id,
            subscriber: order.subscriber,
            provider: order.provider,
            status: InvoiceStatus::Open,
            total: draft.amount("/InvoiceTotal"),
            tax: draft.amount("/InvoiceTax"),
            text: draft.text("InvoiceText").to_owned(),
            trade: order.trade.clone(),
            category: order.category.clone(),
            invoice_date: draft.date(pen.now).unwrap_or(pen.now),
            posted: pen.now,
            updated: pen.now,
            approved: None,
            paid: None,
            comments: String::new(),
            history: vec![Step {
                status: InvoiceStatus::Open,
                at: pen.now,
                by: caller.user.to_string(),
            }],
            request: request.clone(),
        };
        let id = rows.add_invoice(invoice);
        rows.change(order_id, pen.now, |order| order.invoiced = true);
        rows.record(order_id, &pen, Entry::new(What::Invoice, number));
        Ok(id)
    })?;
    Ok((StatusCode::CREATED, Json(json!({ "Id": id }))).into_response())
}

/// `GET /invoices/{id}`.
pub(super) async fn one(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = InvoiceId(number_in(&id)?);
    let nulls = world.settings().null_members;
    world.read_state(|rows| {
        let invoice = rows
            .invoice(id)
            .filter(|own| own.provider == caller.provider)
            .ok_or(Refusal::UnknownInvoice)?;
        let mut out = Vec::new();
        Object::write(&mut out, None, nulls, |object| {
            wire::invoice(object, invoice);
            object.text("InvoiceNumber", &invoice.number);
            object.maybe("Category", invoice.category.as_deref());
            object.value("TradeId", invoice.trade.as_deref().and_then(trade_id));
            object.int("SubscriberId", invoice.subscriber.0);
            object.int("ProviderId", invoice.provider.0);
            let reason = invoice.comments.as_str();
            let rejected = invoice.status == InvoiceStatus::Rejected;
            object.maybe("RejectionReasonDescription", rejected.then_some(reason));
        });
        Ok(raw_json(out))
    })
}

/// `GET /invoices/{subscriberId}/InvoiceRequirements`.
pub(super) async fn requirements(
    State(world): State<World>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = SubscriberId(number_in(&id)?);
    world.read_state(|rows| {
        let rules = &rows
            .subscriber(id)
            .ok_or(Refusal::NoContract)?
            .invoice_rules;
        let ids = |trades: &[String]| -> Vec<i64> {
            trades.iter().filter_map(|trade| trade_id(trade)).collect()
        };
        let granted = |permit| permit == Permit::Granted;
        let reuse = i32::from(granted(rules.reuse_rejected_number));
        let none: [i64; 0] = [];
        let requirements = json!({
            "DaysBeforePostingDate": rules.days_back,
            "MaxDaysAfterPostingDate": rules.days_ahead,
            "RequireResolutionText": !granted(rules.without_text),
            "IsInvoiceNumberValidationFeatureEnabled": rules.number_pattern.is_some(),
            "IsInvoiceNegativeFeatureEnabled": granted(rules.negative_amounts),
            "IsProviderAbleToAddSalesTax": granted(rules.sales_tax),
            "RequireProviderDigitalCopy": false,
            "LaborTradeIds": ids(&rules.labor_lines_for),
            "MaterialsTradeIds": ids(&rules.material_lines_for),
            "TravelTradeIds": none, "OtherTradeIds": none, "LaborCategoryIds": none,
            "MaterialsCategoryIds": none, "TravelCategoryIds": none, "OtherCategoryIds": none,
            "AvailableTrades": "[]", "AvailableCategories": "[]",
            "NumberRequirementsModel": { "InvoiceNumberRequirement": {
                "SubscriberId": id, "Pattern": rules.number_pattern, "ReuseInvoiceNumber": reuse,
            }},
        });
        Ok(Json(requirements).into_response())
    })
}

/// `GET /invoices/{subscriberId}/InvoiceRejectionReasons`: the same for every subscriber here.
pub(super) async fn rejection_reasons(
    State(world): State<World>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = SubscriberId(number_in(&id)?);
    world.read_state(|rows| {
        rows.subscriber(id).ok_or(Refusal::NoContract)?;
        let reason = |number: i64, text: &str, kind: &str| {
            json!({ "Id": number, "SubscriberId": id, "Description": text, "Retired": false,
                    "ReasonType": kind })
        };
        let reasons = json!([
            reason(
                1,
                "Amounts do not match the proposal",
                "InvoiceRequiresCorrection"
            ),
            reason(2, "The work was not done", "WorkOrderNotInvoiceable"),
        ]);
        Ok(Json(reasons).into_response())
    })
}
