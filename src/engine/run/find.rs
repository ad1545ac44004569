//! Searches: what may be there already, as ids with what was found.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::attempt::{Attempt, broken, key_text};
use super::failure::{Failure, Stop};
use super::lists::{self, Asker};
use crate::engine::connect::Priority;
use crate::engine::record::PipelineName;
use crate::lang::expr::{Condition, Datum, Scope};
use crate::lang::plan::Find;

use super::tenant::TenantRun;

/// What a search came to.
pub(crate) struct Searched {
    /// Every different id that was kept, with what it was found in. Several only where nothing orders them (S5).
    pub(crate) candidates: Vec<Candidate>,
    /// It ended at its page cap: finding nothing says nothing.
    pub(crate) capped: bool,
    /// What was asked, for settling later: the request and the names its condition needs (S28).
    pub(crate) sent: Option<Json>,
}

/// Something that was found.
pub(crate) struct Candidate {
    pub(crate) id: Json,
    pub(crate) found: Datum,
}

/// Runs one search of a `find`.
pub(crate) async fn search(attempt: &Attempt<'_>, find: &Find) -> Result<Searched, Stop> {
    let scope = attempt.scope();
    let tenant = attempt.tenant;
    let Some(request) = &find.request else {
        // `find` with an id alone adopts what the record already names.
        let origin = origin_of(attempt, find);
        let id = find
            .id
            .eval_datum(&scope)
            .map_err(|error| Failure::broken(error.to_string(), &origin))?;
        let candidates = match key_text(&id) {
            Some(_) => vec![Candidate {
                id: id.to_json().unwrap_or_default(),
                found: Datum::Null,
            }],
            None => Vec::new(),
        };
        return Ok(Searched {
            candidates,
            capped: false,
            sent: None,
        });
    };
    let rendered = lists::render(tenant, request, &scope)?;
    let sent = json!({
        "request": lists::request_json(&rendered),
        "names": names_for(find, &scope),
        "where": condition_text(find),
    });
    let list = lists::read_all(
        tenant,
        request,
        &scope,
        find.paging.as_ref(),
        find.found.as_ref(),
        attempt.asker(),
    )
    .await?;
    let candidates = keep(find, list.items, &scope)?;
    Ok(Searched {
        candidates,
        capped: list.capped,
        sent: Some(sent),
    })
}

/// A search as it was sent, with what the link is to remember once the thing is found.
pub(crate) fn with_remembered(sent: &Json, remembered: serde_json::Map<String, Json>) -> Json {
    let mut sent = sent.clone();
    if !remembered.is_empty() {
        sent["remember"] = Json::Object(remembered);
    }
    sent
}

/// Whether a search is the one that was sent: several steps may make one entity, each with a search of its own.
pub(crate) fn was_sent(find: &Find, sent: &Json) -> bool {
    sent.get("where").and_then(Json::as_str) == condition_text(find)
}

fn condition_text(find: &Find) -> Option<&str> {
    find.where_.as_ref().map(Condition::source)
}

/// Runs the search of an intent again, as it was sent, to settle an unknown outcome (T5).
pub(crate) async fn search_again(
    tenant: &TenantRun,
    find: &Find,
    sent: &Json,
) -> Result<Searched, Stop> {
    let request = find.request.as_ref();
    let rendered = request.and_then(|request| {
        let connection = tenant.connection(&request.connector);
        lists::request_from_json(connection, sent.get("request")?, &request.origin)
    });
    let (Some(request), Some(rendered)) = (request, rendered) else {
        return Ok(Searched {
            candidates: Vec::new(),
            capped: true,
            sent: None,
        });
    };
    let names = sent.get("names").cloned().unwrap_or_default();
    let mut scope = Scope::new();
    if let Json::Object(names) = &names {
        for (name, value) in names {
            scope.set(name.clone(), Datum::from(value.clone()));
        }
        if let Some(record) = names.get("record") {
            scope = scope.with_root(Arc::new(record.clone()));
        }
    }
    let lane = PipelineName::from("settle");
    let asker = Asker {
        priority: Priority::Settle,
        pipeline: &lane,
    };
    let list = lists::read_rendered(
        tenant,
        request,
        rendered,
        find.paging.as_ref(),
        find.found.as_ref(),
        asker,
    )
    .await?;
    let candidates = keep(find, list.items, &scope)?;
    Ok(Searched {
        candidates,
        capped: list.capped,
        sent: None,
    })
}

/// The candidates that `where` keeps, one per id; `choose` leaves the first.
fn keep(find: &Find, items: Vec<Arc<Json>>, scope: &Scope<'_>) -> Result<Vec<Candidate>, Stop> {
    let origin = find
        .request
        .as_ref()
        .map(|request| request.origin.clone())
        .expect("a search with replies has a request");
    let mut kept: Vec<(Candidate, Json)> = Vec::new();
    for item in items {
        let scope = scope
            .child()
            .with("candidate", Datum::Json(item.clone()))
            .with_root(item.clone());
        if let Some(condition) = &find.where_
            && !condition
                .holds(&scope)
                .map_err(|error| broken(&error, &origin))?
        {
            continue;
        }
        let id = find
            .id
            .eval_datum(&scope)
            .map_err(|error| Failure::broken(error.to_string(), &origin))?;
        if key_text(&id).is_none() {
            continue;
        }
        let id = id.to_json().unwrap_or_default();
        if kept.iter().any(|(known, _)| known.id == id) {
            continue;
        }
        let order = match &find.choose {
            Some(choose) => choose
                .eval_datum(&scope)
                .map_err(|error| Failure::broken(error.to_string(), &origin))?
                .to_json()
                .unwrap_or_default(),
            None => Json::Null,
        };
        kept.push((
            Candidate {
                id,
                found: Datum::Json(item),
            },
            order,
        ));
    }
    if find.choose.is_some() && kept.len() > 1 {
        kept.sort_by(|(_, a), (_, b)| order(a, b));
        kept.truncate(1);
    }
    Ok(kept.into_iter().map(|(candidate, _)| candidate).collect())
}

fn order(a: &Json, b: &Json) -> std::cmp::Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_) | None, _) => a.to_string().cmp(&b.to_string()),
    }
}

/// The names that a search's condition, id and order read, so that it can run again without the record's attempt.
fn names_for(find: &Find, scope: &Scope<'_>) -> Json {
    let values = [Some(&find.id), find.choose.as_ref()];
    let uses = values
        .into_iter()
        .flatten()
        .flat_map(|value| value.uses().into_iter().map(|(_, uses)| uses))
        .chain(find.where_.as_ref().map(Condition::uses));
    let names = uses
        .flat_map(|uses| uses.paths)
        .filter_map(|used| used.path.into_iter().next());
    let value = |name: String| Some((name.clone(), scope.get(&name)?.to_json().ok()?));
    Json::Object(names.filter_map(value).collect())
}

fn origin_of(attempt: &Attempt<'_>, find: &Find) -> crate::lang::plan::Origin {
    find.request
        .as_ref()
        .map(|request| request.origin.clone())
        .or_else(|| {
            attempt
                .pipeline
                .map(|pipeline| pipeline.fetch.request.origin.clone())
        })
        .unwrap_or(crate::lang::plan::Origin {
            file: "".into(),
            line: 0,
        })
}
