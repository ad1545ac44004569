//! The shapes of both sides and the way from one to the other, for this one task.

use std::fmt::Write as _;

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, TimeDelta};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::GUID;

/// The custom field of jobs that holds the NTE.
pub(super) const NTE_FIELD: u64 = 3001;
/// The subscriber whose jobs begin when the work order was submitted.
const SUBMITTED: u64 = 2_010_000_001;

/// A page of work orders.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) value: Vec<Order>,
}

/// A work order.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Order {
    pub(super) id: u64,
    pub(super) updated_date: String,
    number: String,
    purchase_number: Option<String>,
    call_date: String,
    scheduled_date: Option<String>,
    priority: Option<String>,
    trade: Option<String>,
    description: Option<String>,
    nte: Option<f64>,
    pub(super) location: Store,
    pub(super) subscriber: Subscriber,
}

/// The store in a work order.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Store {
    pub(super) id: u64,
    store_id: String,
}

/// Whose store it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscriber {
    pub(super) id: u64,
    pub(super) name: String,
}

/// The store by itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Site {
    address1: Option<String>,
    address2: Option<String>,
    city: String,
    state: String,
    pub(super) zip: String,
    country: String,
}

/// Anything with an id.
#[derive(Debug, Deserialize)]
pub(super) struct Id {
    pub(super) id: u64,
}

/// A customer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Customer {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) do_not_service: bool,
}

/// A job.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job {
    pub(super) custom_fields: Option<Vec<CustomField>>,
}

/// A value of a custom field.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomField {
    pub(super) type_id: u64,
    pub(super) value: String,
}

/// A job to make.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewJob<'o> {
    customer_id: u64,
    location_id: u64,
    business_unit_id: u64,
    job_type_id: u64,
    campaign_id: u64,
    priority: &'static str,
    summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_po: Option<&'o str>,
    appointments: [Appointment; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_fields: Option<[CustomField; 1]>,
    external_data: Value,
}

#[derive(Debug, Serialize)]
struct Appointment {
    start: String,
    end: String,
}

impl<'o> NewJob<'o> {
    pub(super) fn of(
        order: &'o Order,
        customer: u64,
        location: u64,
        campaign: u64,
    ) -> anyhow::Result<Self> {
        let start = order.start()?;
        let text = |at: DateTime<_>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        Ok(Self {
            customer_id: customer,
            location_id: location,
            business_unit_id: 12,
            job_type_id: 47,
            campaign_id: campaign,
            priority: order.priority(),
            summary: order.summary()?,
            customer_po: order.purchase_number.as_deref(),
            appointments: [Appointment {
                start: text(start),
                end: text(start + TimeDelta::hours(2)),
            }],
            custom_fields: order.nte_text().map(|value| {
                [CustomField {
                    type_id: NTE_FIELD,
                    value,
                }]
            }),
            external_data: external("servicechannel.workOrderId", order.id),
        })
    }
}

impl Order {
    /// The name of the store for people.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.subscriber.name, self.location.store_id)
    }

    /// The amount with its cents.
    pub(super) fn nte_text(&self) -> Option<String> {
        self.nte.map(|nte| format!("{nte:.2}"))
    }

    fn start(&self) -> anyhow::Result<DateTime<chrono::Utc>> {
        let date = match &self.scheduled_date {
            Some(scheduled) if self.subscriber.id != SUBMITTED => scheduled,
            Some(_) | None => &self.call_date,
        };
        Ok(DateTime::parse_from_rfc3339(date)
            .with_context(|| format!("{date} is no date"))?
            .to_utc())
    }

    fn priority(&self) -> &'static str {
        match self.priority.as_deref() {
            Some("P1 - EMERGENCY") => "Urgent",
            Some("P2 - 24 HOURS") => "High",
            Some(_) | None => "Normal",
        }
    }

    fn summary(&self) -> anyhow::Result<String> {
        let nte = self.nte_text();
        let fields = [
            ("Work order", Some(self.number.as_str())),
            ("Purchase number", self.purchase_number.as_deref()),
            ("Store", Some(self.location.store_id.as_str())),
            ("Trade", self.trade.as_deref()),
            ("NTE", nte.as_deref()),
            ("Description", self.description.as_deref()),
        ];
        let mut summary = String::with_capacity(400);
        for (title, value) in fields {
            let Some(value) = value.filter(|value| !value.trim().is_empty()) else {
                continue;
            };
            let line_break = if summary.is_empty() { "" } else { "<br>" };
            write!(summary, "{line_break}{title}: {}", escaped(value))?;
        }
        Ok(summary)
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push_str("<br>"),
            other => escaped.push(other),
        }
    }
    escaped
}

impl Site {
    /// The second line is the street; the first one adds to it.
    pub(super) fn street(&self) -> &str {
        self.address2
            .as_deref()
            .or(self.address1.as_deref())
            .unwrap_or_default()
    }

    /// As the target writes addresses.
    pub(super) fn address(&self) -> Value {
        let unit = self.address1.as_deref().filter(|_| self.address2.is_some());
        json!({
            "street": self.street(),
            "unit": unit,
            "city": self.city,
            "state": self.state,
            "zip": self.zip,
            "country": self.country,
        })
    }
}

/// The mark by which a row is found again.
pub(super) fn external(key: &str, value: u64) -> Value {
    json!({
        "applicationGuid": GUID,
        "externalData": [{ "key": key, "value": value.to_string() }],
    })
}
