//! What a case came to against what it expects.

use serde_json::Value as Json;

use super::compare::{Extent, text};
use super::drive::Running;
use super::script::{Request, literal};
use crate::engine::record::{PipelineName, RecordKey};
use crate::engine::store::{self, RecordId, Store as _};
use crate::lang::config::{Expect, Outcome, Sent};

/// Everything that is otherwise than expected.
pub(super) async fn judge(run: &Running<'_>, expect: &Expect) -> store::Result<Vec<String>> {
    let mut wrong = Vec::new();
    if let Some(outcome) = expect.outcome {
        match &run.last {
            Some(key) => ends(run, key, outcome, expect.reason.as_deref(), &mut wrong).await?,
            None => wrong.push("no record was given whose outcome could be told".to_owned()),
        }
    }
    for (key, end) in &expect.records {
        let key = RecordKey::from(key.as_str());
        ends(run, &key, end.outcome, end.reason.as_deref(), &mut wrong).await?;
    }
    requests(&run.replies.requests(), expect, &mut wrong);
    links(run, expect, &mut wrong).await?;
    Ok(wrong)
}

async fn ends(
    run: &Running<'_>,
    key: &RecordKey,
    outcome: Outcome,
    reason: Option<&str>,
    wrong: &mut Vec<String>,
) -> store::Result<()> {
    let id = RecordId {
        tenant: run.tenant.name().clone(),
        identity: run.source_identity(),
        pipeline: PipelineName::from(&*run.pipeline.name),
        key: key.clone(),
    };
    let Some(row) = run.tenant.store().record(&id).await? else {
        wrong.push(format!("there is no record {key}"));
        return Ok(());
    };
    let came_to = row
        .outcome
        .map(|outcome| outcome.to_string())
        .unwrap_or_default();
    let why = row.reason.as_deref().unwrap_or_default();
    if came_to != outcome.name() {
        let detail = [Some(why), row.detail.as_deref()];
        let detail: Vec<&str> = detail
            .into_iter()
            .flatten()
            .filter(|text| !text.is_empty())
            .collect();
        let mark = if detail.is_empty() { "" } else { ": " };
        wrong.push(format!(
            "record {key} is {came_to}{mark}{}, expected {}",
            detail.join(" — "),
            outcome.name()
        ));
    } else if let Some(reason) = reason.filter(|reason| *reason != why) {
        wrong.push(format!(
            "record {key} is {came_to} because `{why}`, expected `{reason}`"
        ));
    }
    Ok(())
}

fn requests(sent: &[Request], expect: &Expect, wrong: &mut Vec<String>) {
    let mut sent: Vec<&Request> = sent
        .iter()
        .filter(|one| one.method != http::Method::GET)
        .collect();
    if expect.in_any_order {
        for expected in &expect.requests {
            let fits = sent
                .iter()
                .position(|one| differs(expected, one).is_empty());
            if let Some(at) = fits {
                sent.remove(at);
                continue;
            }
            let nearest = sent
                .iter()
                .map(|one| (differs(expected, one), one))
                .min_by_key(|(differences, _)| differences.len());
            let told = nearest.map_or(String::new(), |(differences, one)| {
                format!(
                    "\n  nearest: {}, but {}",
                    one.line(),
                    differences.join("; ")
                )
            });
            wrong.push(format!("{} was not sent{told}", line(expected)));
        }
    } else {
        let both = expect.requests.len().min(sent.len());
        for (index, (expected, one)) in expect.requests.iter().zip(&sent).enumerate() {
            let differences = differs(expected, one);
            if !differences.is_empty() {
                wrong.push(format!(
                    "request {} is {}: {}",
                    index + 1,
                    one.line(),
                    differences.join("; ")
                ));
            }
        }
        let missing = expect.requests.iter().skip(both);
        wrong.extend(missing.map(|expected| format!("{} was not sent", line(expected))));
        sent.drain(..both);
    }
    wrong.extend(sent.iter().map(|one| {
        let body = if one.body.is_null() {
            String::new()
        } else {
            format!(" {}", one.body)
        };
        format!("{}{body} was sent, expected nothing more", one.line())
    }));
}

fn line(expected: &Sent) -> String {
    let (method, path) = expected.asked();
    format!("{} {path}", method.http())
}

fn differs(expected: &Sent, sent: &Request) -> Vec<String> {
    let (method, path) = expected.asked();
    if method.http() != sent.method.as_str() || !sent.paths.iter().any(|own| own == path) {
        return vec![format!("expected {}", line(expected))];
    }
    let extent = if expected.exactly {
        Extent::Whole
    } else {
        Extent::Part
    };
    sent.differs(
        literal(&expected.query),
        expected.body.as_ref().map(|body| &body.0),
        extent,
    )
}

async fn links(run: &Running<'_>, expect: &Expect, wrong: &mut Vec<String>) -> store::Result<()> {
    for (entity, links) in &expect.links {
        for (key, expected) in run.pairs(entity, &links.0) {
            let row = run.tenant.store().link(&run.link_id(entity, &key)).await?;
            let key = if run.is_of_tenant(entity) {
                String::new()
            } else {
                format!(" {key}")
            };
            let target = row.as_ref().and_then(|row| row.target.as_ref());
            let found = target.map(|target| target.id.to_string());
            let id = expected
                .as_object()
                .map_or(Some(expected), |members| members.get("id"));
            let id = id.filter(|id| !id.is_null()).map(text);
            if found != id {
                let said = |id: Option<String>| {
                    id.map_or("not linked".to_owned(), |id| format!("linked with {id}"))
                };
                wrong.push(format!(
                    "{entity}{key} is {}, expected {}",
                    said(found),
                    said(id)
                ));
                continue;
            }
            let kept: Json = row
                .and_then(|row| serde_json::from_str(row.remember.as_deref()?).ok())
                .unwrap_or_default();
            for (name, value) in expected
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(name, _)| *name != "id")
            {
                let found = kept.get(name).unwrap_or(&Json::Null);
                if found != value {
                    wrong.push(format!(
                        "{entity}{key} remembers {name} as {found}, expected {value}"
                    ));
                }
            }
        }
    }
    Ok(())
}
