//! What is wrong with an invoice, in the order of the vendor's codes as far as it matters.

use std::time::Duration;

use chrono::{DateTime, Utc};
use regex::Regex;
use serde_json::Value;

use super::model::{Primary, WorkOrder};
use super::refusal::Mistake;
use super::state::State;
use super::terms::{InvoiceRules, Permit};
use crate::sandbox::kit::time::{earlier, later};

const DAY: Duration = Duration::from_secs(86_400);
/// Amounts closer than this are the same.
const CENT: f64 = 0.005;
const OTHER_CHARGES: [&str; 7] = [
    "Discount",
    "Management Fee",
    "Markup",
    "Overhead & Profit",
    "Rental Fee",
    "Subcontractor Cost",
    "Shipping & Handling",
];

/// An invoice as it was sent, read as the vendor does: what is missing is 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draft<'a>(pub(super) &'a Value);

impl<'a> Draft<'a> {
    pub(super) fn text(self, name: &str) -> &'a str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn amount(self, path: &str) -> f64 {
        self.0.pointer(path).map_or(0.0, number)
    }

    fn lines(self, name: &str) -> &'a [Value] {
        let lines = self.0.get(name).and_then(Value::as_array);
        lines.map_or(&[], Vec::as_slice)
    }

    /// The day on it: the member with an offset goes before the other, and now before nothing.
    pub(super) fn date(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let written = ["InvoiceDateDTO", "InvoiceDate"]
            .into_iter()
            .map(|name| self.text(name))
            .find(|text| !text.is_empty());
        let Some(text) = written else {
            return Some(now);
        };
        let parsed = DateTime::parse_from_rfc3339(text);
        parsed.ok().map(|at| at.to_utc())
    }
}

/// Numbers also come as text.
fn number(value: &Value) -> f64 {
    let text = || value.as_str().and_then(|text| text.parse().ok());
    value.as_f64().or_else(text).unwrap_or_default()
}

fn differs(one: f64, other: f64) -> bool {
    (one - other).abs() > CENT
}

/// All that is wrong with this invoice for `order`.
pub(super) fn mistakes(
    state: &State,
    order: &WorkOrder,
    rules: &InvoiceRules,
    draft: Draft<'_>,
    now: DateTime<Utc>,
) -> Vec<Mistake> {
    let mut found = Vec::new();
    let billable = matches!(order.status.below(), "" | "CONFIRMED");
    if order.status.primary != Primary::Completed || !billable {
        found.push(Mistake(904, "Work order must be completed or confirmed"));
    }
    let mut own = state.invoices().filter(|own| own.work_order == order.id);
    if order.invoiced || own.any(|own| own.status.stands()) {
        found.push(Mistake(1105, "Invoice exists"));
    }
    about_the_number(state, order, rules, draft.text("InvoiceNumber"), &mut found);
    about_the_date(order, rules, draft.date(now), now, &mut found);
    about_the_amounts(order, rules, draft, &mut found);
    about_the_lines(order, rules, draft, &mut found);
    let text = draft.text("InvoiceText").trim();
    if rules.without_text == Permit::Denied && text.is_empty() {
        found.push(Mistake(1163, "Resolution text is required in InvoiceText"));
    }
    let disputed = draft.0.get("SubmitDisputed") == Some(&Value::Bool(true));
    if disputed && draft.text("ExplainDispute").is_empty() {
        found.push(Mistake(1198, "The dispute has no explanation"));
    }
    found
}

fn about_the_number(
    state: &State,
    order: &WorkOrder,
    rules: &InvoiceRules,
    number: &str,
    found: &mut Vec<Mistake>,
) {
    let pattern = rules.number_pattern.as_deref().map(Regex::new);
    if let Some(Ok(pattern)) = pattern
        && !pattern.is_match(number)
    {
        found.push(Mistake(1180, "Invoice number is not as it must be"));
    }
    let taken = state.invoices().any(|own| {
        own.provider == order.provider
            && own.subscriber == order.subscriber
            && own.number.eq_ignore_ascii_case(number)
            && !own.frees_its_number(rules.reuse_rejected_number)
    });
    if taken {
        found.push(Mistake(1107, "Duplicate invoice number"));
    }
}

fn about_the_date(
    order: &WorkOrder,
    rules: &InvoiceRules,
    date: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    found: &mut Vec<Mistake>,
) {
    let Some(date) = date else {
        found.push(Mistake(503, "Invoice date is not as documented"));
        return;
    };
    match order.completed_date {
        None => found.push(Mistake(1109, "Completed date is null")),
        Some(completed) if date < completed => {
            found.push(Mistake(1110, "Invoice date is before the completed date"));
        }
        Some(_) => {}
    }
    if rules
        .days_back
        .is_some_and(|days| date < earlier(now, DAY * days))
    {
        found.push(Mistake(1121, "Invoice date is too far back"));
    }
    if rules
        .days_ahead
        .is_some_and(|days| date > later(now, DAY * days))
    {
        found.push(Mistake(1122, "Invoice date is too far ahead"));
    }
}

fn about_the_amounts(
    order: &WorkOrder,
    rules: &InvoiceRules,
    draft: Draft<'_>,
    found: &mut Vec<Mistake>,
) {
    if draft.0.get("InvoiceTotal").is_some_and(Value::is_null) {
        found.push(Mistake(1108, "Total is null"));
        return;
    }
    let part = |name: &str| draft.amount(&format!("/InvoiceAmountsDetails/{name}Amount"));
    let parts = ["Labor", "Material", "Travel", "Freight", "Other"].map(part);
    let tax = draft.amount("/InvoiceTax");
    let tax2 = draft.amount("/Tax2Details/Tax2Amount");
    let total = draft.amount("/InvoiceTotal");
    if differs(total, parts.iter().sum::<f64>() + tax + tax2) {
        found.push(Mistake(1103, "Invalid total"));
    }
    if order.nte.is_some_and(|nte| total > nte + CENT) {
        found.push(Mistake(1104, "Invoice total is over the NTE"));
    }
    if differs(tax, 0.0) && rules.sales_tax == Permit::Denied {
        found.push(Mistake(11_260, "Tax is not supported for this client"));
    }
    // All sites of the sandbox are in the USA.
    if differs(tax2, 0.0) {
        found.push(Mistake(1136, "Locations cannot have tax2"));
    }
    let described = draft.0.pointer("/InvoiceAmountsDetails/OtherDescription");
    let described = described.and_then(Value::as_str).unwrap_or_default();
    if differs(part("Other"), 0.0) && !OTHER_CHARGES.contains(&described) {
        found.push(Mistake(1100, "Invalid description of the other amount"));
    }
}

fn about_the_lines(
    order: &WorkOrder,
    rules: &InvoiceRules,
    draft: Draft<'_>,
    found: &mut Vec<Mistake>,
) {
    let trade = order.trade.as_deref().unwrap_or_default();
    let listed = |trades: &[String]| trades.iter().any(|own| own.eq_ignore_ascii_case(trade));
    let of = |line: &Value, name: &str| line.get(name).map_or(0.0, number);
    for (name, amount, required, missing, wrong_sum, negative) in [
        (
            "Labors",
            "Labor",
            listed(&rules.labor_lines_for),
            Mistake(1151, "Labor line items are required"),
            Some(Mistake(1119, "Labor amount is not the sum of its lines")),
            Mistake(11_933, "Negative amounts in labor lines"),
        ),
        (
            "Materials",
            "Material",
            listed(&rules.material_lines_for),
            Mistake(1152, "Material line items are required"),
            Some(Mistake(1120, "Material amount is not the sum of its lines")),
            Mistake(11_932, "Negative amounts in material lines"),
        ),
        (
            "Travels",
            "Travel",
            false,
            Mistake(503, "Travel line items are required"),
            None,
            Mistake(11_931, "Negative amounts in travel lines"),
        ),
        (
            "Others",
            "Other",
            false,
            Mistake(503, "Other line items are required"),
            None,
            Mistake(1193, "Negative amounts in other lines"),
        ),
    ] {
        let lines = draft.lines(name);
        if lines.is_empty() {
            if required {
                found.push(missing);
            }
            continue;
        }
        let sum: f64 = lines.iter().map(|line| of(line, "Amount")).sum();
        let stated = draft.amount(&format!("/InvoiceAmountsDetails/{amount}Amount"));
        found.extend(wrong_sum.filter(|_| differs(sum, stated)));
        let below_zero = lines.iter().any(|line| of(line, "Amount") < 0.0);
        if below_zero && rules.negative_amounts == Permit::Denied {
            found.push(negative);
        }
    }
    let within = |value: f64, last: f64| (1.0..=last).contains(&value);
    for labor in draft.lines("Labors") {
        if !within(of(labor, "SkillLevel"), 3.0) {
            found.push(Mistake(1194, "Labor skill level is 1 to 3"));
        }
        if !within(of(labor, "LaborType"), 3.0) {
            found.push(Mistake(1195, "Labor type is 1 to 3"));
        }
        if of(labor, "NumOfTech") <= 0.0 {
            found.push(Mistake(1196, "Technician quantity is more than 0"));
        }
    }
    let materials = draft.lines("Materials").iter();
    if materials
        .clone()
        .any(|line| !within(of(line, "UnitType"), 7.0))
    {
        found.push(Mistake(1159, "Material unit type is 1 to 7"));
    }
}
