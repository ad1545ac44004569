//! Mapping alone, on one core: what the expressions of one record cost when everything is in memory.
//!
//! `cargo bench --bench mapping`
//!
//! The expressions are those of the shipped pipeline: the job summary over 8 fields, the map of the priority, and the
//! body of a new job, which holds 15 values.

#[path = "support/table.rs"]
mod table;

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::{Value, json};
use syncline::lang::expr::{Datum, Scope, ValueForm};
use syncline::lang::load;
use syncline::lang::plan::{self, Body, MapUse, Plan, Step, Target, Verb};
use tokio::time::Instant;

use table::{heading, line, verdict};

const RECORDS: u32 = 50_000;
const REPEAT: u32 = 3;

fn main() -> anyhow::Result<()> {
    let project = load::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines")))?;
    let (plan, mistakes) = plan::compile(&project);
    let plan =
        plan.with_context(|| format!("the shipped workspace has {} mistakes", mistakes.len()))?;
    let work = Work::of(&plan)?;
    let records: Vec<Arc<Value>> = (0..64).map(|n| Arc::new(record(n))).collect();
    let body = work.map(&records[0])?;
    anyhow::ensure!(
        values(&body) == 15,
        "the body holds {} values, not 15: {body}",
        values(&body)
    );

    heading("Mapping alone, one core, best of 3");
    let whole = fastest(|record| work.map(record).map(drop), &records)?;
    line(&format!("one record: {:.1} µs", 1e6 / whole));
    verdict(
        "summary of 8 fields, priority, body of 15 values",
        whole,
        "rec/s",
        50_000.0..,
    );
    let summary = fastest(
        |record| work.summary(&work.scope(record)).map(drop),
        &records,
    )?;
    line(&format!("  the summary alone: {:.1} µs", 1e6 / summary));
    let json: Vec<String> = records.iter().map(ToString::to_string).collect();
    let mut next = json.iter().cycle();
    let parsed = fastest(
        |_| {
            let text = next.next().context("there are records")?;
            black_box(serde_json::from_str::<Value>(text)?);
            Ok(())
        },
        &records,
    )?;
    line(&format!(
        "  for comparison, reading its JSON of {} bytes: {:.1} µs",
        json[0].len(),
        1e6 / parsed
    ));
    line("\nAgain: cargo bench --bench mapping");
    Ok(())
}

/// Records per second in the best of the repeats.
fn fastest(
    mut one: impl FnMut(&Arc<Value>) -> anyhow::Result<()>,
    records: &[Arc<Value>],
) -> anyhow::Result<f64> {
    let mut best = 0.0_f64;
    for _ in 0..REPEAT {
        let started = Instant::now();
        for record in records.iter().cycle().take(RECORDS as usize) {
            one(black_box(record))?;
        }
        best = best.max(f64::from(RECORDS) / started.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// The expressions of one record, and what they see beside it.
struct Work {
    fields: ValueForm,
    summary: ValueForm,
    priority: MapUse,
    body: ValueForm,
    base: Scope<'static>,
}

impl Work {
    fn of(plan: &Plan) -> anyhow::Result<Self> {
        let integration = plan
            .integrations
            .get("servicechannel")
            .context("the integration")?;
        let pipeline = integration
            .pipelines
            .get("work-orders")
            .context("the pipeline")?;
        let transforms = || pipeline.steps.iter().filter_map(transform).flatten();
        let named = |wanted: &str| {
            let found = transforms().find(|(name, _)| name.as_ref() == wanted);
            found
                .map(|(_, form)| form.clone())
                .with_context(|| format!("no `{wanted}` is transformed"))
        };
        let priority = pipeline
            .steps
            .iter()
            .find_map(map_use)
            .context("a map")?
            .clone();
        Ok(Self {
            fields: named("fields")?,
            summary: named("summary")?,
            priority,
            body: pipeline
                .steps
                .iter()
                .find_map(job_body)
                .context("a job is created")?
                .clone(),
            base: surroundings(),
        })
    }

    /// The scope of an attempt when it comes to the mapping.
    fn scope(&self, record: &Arc<Value>) -> Scope<'_> {
        self.base
            .child()
            .with_root(Arc::clone(record))
            .with("record", Arc::clone(record))
    }

    fn summary(&self, scope: &Scope<'_>) -> anyhow::Result<Datum> {
        let fields = self.fields.eval_datum(scope)?;
        let scope = scope.child().with("vars", Datum::map([("fields", fields)]));
        Ok(self.summary.eval_datum(&scope)?)
    }

    /// The body of the job that a record becomes.
    fn map(&self, record: &Arc<Value>) -> anyhow::Result<Value> {
        let scope = self.scope(record);
        let summary = self.summary(&scope)?;
        let value = self.priority.value.eval(&scope)?;
        let row = self
            .priority
            .table
            .row(value.as_str().unwrap_or_default())
            .context("a row")?;
        let case = row.cases.first().context("a case")?;
        let Target::Values(values) = &case.to else {
            anyhow::bail!("the map keeps nothing")
        };
        let priority = values.first().context("a value")?.clone();
        let steps = Datum::map([
            ("priority", Datum::from(priority)),
            ("location", Datum::from(json!({ "id": 41 }))),
        ]);
        let vars = Datum::map([
            ("summary", summary),
            ("customer_id", Datum::from(40)),
            ("start", Datum::from("2026-04-02T23:40:16.53Z")),
            (
                "nte",
                Datum::from(json!([{ "typeId": 3001, "value": "850.00" }])),
            ),
        ]);
        let scope = scope.child().with("vars", vars).with("steps", steps);
        Ok(self.body.eval(&scope)?)
    }
}

fn transform(step: &Step) -> Option<&[(Arc<str>, ValueForm)]> {
    match &step.verb {
        Verb::Transform(names) => Some(names),
        Verb::Fetch(_)
        | Verb::Map(_)
        | Verb::Write(_)
        | Verb::Do(_)
        | Verb::Call(_)
        | Verb::Skip { .. }
        | Verb::Hold { .. }
        | Verb::Fail { .. } => None,
    }
}

fn map_use(step: &Step) -> Option<&MapUse> {
    match &step.verb {
        Verb::Map(map) => Some(map),
        Verb::Fetch(_)
        | Verb::Transform(_)
        | Verb::Write(_)
        | Verb::Do(_)
        | Verb::Call(_)
        | Verb::Skip { .. }
        | Verb::Hold { .. }
        | Verb::Fail { .. } => None,
    }
}

fn job_body(step: &Step) -> Option<&ValueForm> {
    let Verb::Write(write) = &step.verb else {
        return None;
    };
    if write.entity.as_deref() != Some("job") {
        return None;
    }
    let Body::Json(body) = &write.create.as_ref()?.request.body else {
        return None;
    };
    Some(body)
}

/// How many values there are that are neither list nor mapping.
fn values(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(values).sum(),
        Value::Object(members) => members.values().map(values).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

fn surroundings() -> Scope<'static> {
    let field = |title: &str, path: &str, show: Option<&str>| json!({ "title": title, "path": path, "show": show });
    let settings = json!({
        "preferences": { "business_unit": 12, "job_type": 47 },
        "job_summary": { "fields": [
            field("Work order", "$.Number", None),
            field("Purchase number", "$.PurchaseNumber", None),
            field("Store", "$.Location.StoreId", None),
            field("Trade", "$.Trade", None),
            field("Priority", "$.Priority", None),
            field("NTE", "$.Nte", Some("money")),
            field("Scheduled", "$.ScheduledDate", Some("date")),
            field("Description", "$.Description", None),
        ] },
    });
    Scope::new()
        .with("settings", settings)
        .with("link", json!({ "campaign": { "id": 9 }, "job": null }))
        .with("account", json!({ "servicetitan": { "application_guid": "6f1c7a0e-0000-4000-8000-000000000001" } }))
        .with("steps", json!({ "site": { "TimeZoneIanaName": "America/New_York" } }))
}

/// A work order as pages hold them.
fn record(n: u32) -> Value {
    json!({
        "Id": 310_000_000 + n,
        "Number": (310_000_000 + n).to_string(),
        "PurchaseNumber": format!("PO-{n}"),
        "LocationId": 2_005_000_001,
        "Status": { "Primary": "OPEN", "Extended": "" },
        "Caller": "Jane Store Phone# 5550100",
        "CreatedBy": "store@client.example",
        "CallDate": "2026-04-02T23:40:16.53Z",
        "ScheduledDate": "2026-04-04T23:40:16.53Z",
        "ExpirationDate": "2026-04-20T23:40:16.53Z",
        "UpdatedDate": "2026-04-13T14:27:38.9437189Z",
        "Priority": "P2 - 24 HOURS",
        "Trade": "HVAC",
        "Category": "REPAIR",
        "ProblemCode": "Not cooling",
        "Description": "Sales floor / HVAC / Rooftop unit / Not cooling / blows warm <air> / Jane will let you in; ask for the key & sign the log.",
        "Nte": 850.0,
        "Currency": { "AlphabeticalCode": "USD" },
        "Location": { "Id": 2_005_000_001, "StoreId": "0024", "Name": "Main Street 24" },
        "Subscriber": { "Id": 2_010_000_001, "Name": "Acme Retail", "ShortName": "Acme" },
    })
}
