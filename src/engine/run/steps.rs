//! Steps in order: one function per verb, with `when`, `each` and `catch` around it.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tracing::{Instrument as _, info_span};

use super::attempt::{Attempt, Frame, broken};
use super::failure::{Class, Failure, Stop};
use super::lists;
use crate::engine::telemetry::names::span;
use crate::lang::expr::{Datum, Template};
use crate::lang::plan::{Call, Catch, MapUse, Origin, Step, StepFetch, Target, Verb};

impl Attempt<'_> {
    /// Runs steps to the end, or to what stops the attempt.
    pub(crate) async fn run_steps(&mut self, steps: &[Step]) -> Result<(), Stop> {
        for step in steps {
            self.step_with_each(step).await?;
        }
        Ok(())
    }

    async fn step_with_each(&mut self, step: &Step) -> Result<(), Stop> {
        let Some(each) = &step.each else {
            if !self.holds(step).await? {
                return self.not_run(step);
            }
            let result = self.caught(step).await?;
            return self.keep(step, result);
        };
        let items = self
            .evaluated(&step.origin, |scope| each.eval_datum(scope))
            .await?;
        let mut results = Vec::new();
        let place: Arc<str> = Arc::from("index");
        for (index, item) in items_of(&items).into_iter().enumerate() {
            self.enter(&place, Datum::from(Json::from(index)));
            self.enter(&step.item, item);
            let done = self.one_item(step).await;
            self.leave();
            self.leave();
            if let Some(result) = done? {
                results.push(result);
            }
        }
        self.keep(step, Datum::list(results))
    }

    async fn one_item(&mut self, step: &Step) -> Result<Option<Datum>, Stop> {
        if !self.holds(step).await? {
            return Ok(None);
        }
        Ok(Some(self.caught(step).await?))
    }

    async fn holds(&mut self, step: &Step) -> Result<bool, Stop> {
        match &step.when {
            Some(when) => {
                self.evaluated(&step.origin, |scope| when.holds(scope))
                    .await
            }
            None => Ok(true),
        }
    }

    /// `steps.x` is null when its `when` was false.
    fn not_run(&mut self, step: &Step) -> Result<(), Stop> {
        self.keep(step, Datum::Null)
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the last call of functions that may stop the attempt"
    )]
    fn keep(&mut self, step: &Step, result: Datum) -> Result<(), Stop> {
        if let Some(name) = &step.name {
            self.set_step(name, result);
        }
        Ok(())
    }

    /// Runs a step; a failure goes to the first `catch` that is meant. Unknown outcomes are no failures (S2).
    async fn caught(&mut self, step: &Step) -> Result<Datum, Stop> {
        let span = info_span!(span::STEP, step = %called(step));
        let failure = match self.verb(step).instrument(span).await {
            Ok(result) => return Ok(result),
            Err(Stop::Fail(failure)) => failure,
            Err(stop) => return Err(stop),
        };
        let error = error_datum(&failure);
        self.enter(&Arc::from("error"), error);
        let caught = self.catching(&step.catch, &failure, &step.origin).await;
        self.leave();
        match caught {
            Ok(true) => Ok(Datum::Null),
            Ok(false) => Err(Stop::Fail(failure)),
            Err(stop) => Err(stop),
        }
    }

    async fn catching(
        &mut self,
        catches: &[Catch],
        failure: &Failure,
        origin: &Origin,
    ) -> Result<bool, Stop> {
        for (index, catch) in catches.iter().enumerate() {
            if !catch.errors.iter().any(|error| failure.is(error)) {
                continue;
            }
            let meant = match &catch.when {
                Some(when) => self.evaluated(origin, |scope| when.holds(scope)).await?,
                None => true,
            };
            if meant {
                let met = format!("{}: {}", failure.cause(), failure.message);
                self.trace.step("catch", &met);
                self.tenant.progress.met(|coverage| {
                    coverage.catches.insert((origin.clone(), index));
                });
                Box::pin(self.run_steps(&catch.steps)).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn verb(&mut self, step: &Step) -> Result<Datum, Stop> {
        self.tenant.progress.met(|coverage| {
            coverage.steps.insert(step.origin.clone());
        });
        match &step.verb {
            Verb::Fetch(fetch) => self.fetch(fetch).await,
            Verb::Transform(entries) => {
                let mut named = Vec::with_capacity(entries.len());
                for (name, form) in entries {
                    let value = self
                        .evaluated(&step.origin, |scope| form.eval_datum(scope))
                        .await?;
                    self.set_var(name, value.clone());
                    named.push((name.to_string(), value));
                }
                Ok(Datum::map(named))
            }
            Verb::Map(map) => self.map(map, &step.origin),
            Verb::Write(write) => Box::pin(self.write(write, step.name.as_deref())).await,
            Verb::Do(steps) => {
                Box::pin(self.run_steps(steps)).await?;
                Ok(Datum::Null)
            }
            Verb::Call(call) => self.call(call, &step.origin).await,
            Verb::Skip {
                reason,
                forever,
                echo,
            } => {
                // The first verdict stands: a record once found eligible is not kept out later (S23).
                if *forever
                    && self
                        .work
                        .as_ref()
                        .is_some_and(|work| super::attempt::judged(work.row.verdict))
                {
                    return Ok(Datum::Null);
                }
                let reason = self.text(reason, &step.origin)?;
                Err(Stop::Skip {
                    reason,
                    forever: *forever,
                    echo: *echo,
                })
            }
            Verb::Hold { reason, recheck } => {
                let reason = self.text(reason, &step.origin)?;
                Err(Stop::Hold {
                    reason,
                    recheck: *recheck,
                })
            }
            Verb::Fail { code, reason } => {
                let reason = self.text(reason, &step.origin)?;
                let mut failure = Failure::of(Class::Own, reason, Some(step.origin.clone()));
                failure.code = Some(code.to_string());
                Err(failure.into())
            }
        }
    }

    /// Runs a routine's steps in a frame of their own; what they name is the result.
    async fn call(&mut self, call: &Call, origin: &Origin) -> Result<Datum, Stop> {
        let mut inputs = Vec::with_capacity(call.inputs.len());
        for (name, form) in &call.inputs {
            let value = self
                .evaluated(origin, |scope| form.eval_datum(scope))
                .await?;
            inputs.push((name.to_string(), value));
        }
        self.enter(&Arc::from("inputs"), Datum::map(inputs));
        let outer = self.swap_frame(Frame::default());
        let done = Box::pin(self.run_steps(&call.steps)).await;
        let own = self.swap_frame(outer);
        self.leave();
        done?;
        Ok(own.result())
    }

    /// A template as text.
    pub(crate) fn text(&self, template: &Template, origin: &Origin) -> Result<String, Stop> {
        template
            .text(&self.scope())
            .map_err(|error| broken(&error, origin))
    }

    async fn fetch(&mut self, fetch: &StepFetch) -> Result<Datum, Stop> {
        self.flush().await?;
        let scope = self.scope();
        let now = self.tenant.clock.now();
        // A record that was held is looked at with fresh eyes (S42).
        let cache = fetch.cache.filter(|_| !self.looked_at_before());
        let name = match cache {
            Some(_) => Some(lists::cache_key(self.tenant, &fetch.request, &scope)?),
            None => None,
        };
        if let (Some(name), Some(age)) = (&name, cache)
            && let Some(answer) = self.tenant.cache.get(name, now, age)
        {
            return Ok(answer);
        }
        let answer = match &fetch.records {
            Some(records) => {
                let list = lists::read_all(
                    self.tenant,
                    &fetch.request,
                    &scope,
                    fetch.paging.as_ref(),
                    Some(records),
                    self.asker(),
                )
                .await?;
                if list.capped {
                    let message = format!(
                        "the list did not end within its page cap ({} rows read)",
                        list.items.len()
                    );
                    return Err(Failure::of(
                        Class::Paging,
                        message,
                        Some(fetch.request.origin.clone()),
                    )
                    .into());
                }
                Datum::list(list.items.into_iter().map(Datum::Json))
            }
            None => lists::read_reply(self.tenant, &fetch.request, &scope, self.asker()).await?,
        };
        if let (Some(name), Some(age)) = (name, cache) {
            self.tenant.cache.put(name, now, age, answer.clone());
        }
        Ok(answer)
    }

    fn map(&self, map: &MapUse, origin: &Origin) -> Result<Datum, Stop> {
        let scope = self.scope();
        let eval = |form: &crate::lang::expr::ValueForm| {
            form.eval_datum(&scope)
                .map_err(|error| broken(&error, origin))
        };
        let value = eval(&map.value)?;
        let table = match &map.setting {
            Some(setting) => self.settings.tables.get(setting).unwrap_or(&map.table),
            None => &map.table,
        };
        let text = super::attempt::key_text(&value).unwrap_or_default();
        let Some(row) = table.row(&text) else {
            let message = format!(
                "the map `{}` has no row for `{text}` and no `else`",
                map.map
            );
            let mut failure = Failure::of(Class::Own, message, Some(origin.clone()));
            failure.code = Some("unmapped".to_owned());
            return Err(failure.into());
        };
        let mut given = crate::lang::expr::Scope::new();
        for (name, form) in &map.with {
            given.set(name.to_string(), eval(form)?);
        }
        let mut chosen = None;
        for (index, case) in row.cases.iter().enumerate() {
            let holds = match &case.when {
                Some(when) => when.holds(&given).map_err(|error| broken(&error, origin))?,
                None => true,
            };
            if holds {
                self.tenant.progress.met(|coverage| {
                    let value = table.value(&text).map(ToOwned::to_owned);
                    coverage.rows.insert((map.map.to_string(), value, index));
                });
                chosen = Some(&case.to);
                break;
            }
        }
        let values = match chosen {
            Some(Target::Keep) => return Ok(Datum::Keep),
            Some(Target::Values(values)) => values,
            None => return Ok(Datum::Null),
        };
        let Some(among) = &map.among else {
            return Ok(values.first().cloned().map_or(Datum::Null, Datum::from));
        };
        let offered: Vec<Json> = match eval(among)?.to_json() {
            Ok(Json::Array(items)) => items,
            Ok(_) | Err(_) => Vec::new(),
        };
        let is_offered = |value: &Json| {
            let wanted = table.fold(&text_of(value));
            offered
                .iter()
                .any(|offer| table.fold(&text_of(offer)) == wanted)
        };
        Ok(match values.iter().find(|value| is_offered(value)) {
            Some(value) => Datum::from(value.clone()),
            None => match &map.none {
                Some(none) if *none != json!("refused") => Datum::from(none.clone()),
                Some(_) | None => Datum::absent([(
                    "refused",
                    values.first().cloned().map_or(Datum::Null, Datum::from),
                )]),
            },
        })
    }
}

/// What a step is called: its name, else where it stands.
fn called(step: &Step) -> String {
    let place = || step.origin.to_string();
    step.name.as_deref().map_or_else(place, ToOwned::to_owned)
}

fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            value.to_string()
        }
    }
}

fn error_datum(failure: &Failure) -> Datum {
    Datum::map([
        ("class", Datum::from(failure.class.name())),
        ("code", Datum::from(failure.code.clone())),
        ("status", Datum::from(failure.status.map(i64::from))),
        ("message", Datum::from(failure.message.clone())),
    ])
}

/// What `each` goes through: the items of a list, nothing for null, one item for anything else.
fn items_of(datum: &Datum) -> Vec<Datum> {
    match datum.resolved() {
        Datum::List(items) => items.to_vec(),
        Datum::Json(json) => match &**json {
            Json::Array(items) => items.iter().cloned().map(Datum::from).collect(),
            Json::Null => Vec::new(),
            Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
                vec![datum.clone()]
            }
        },
        Datum::Null | Datum::Absent(_) | Datum::Omit => Vec::new(),
        Datum::Bool(_)
        | Datum::Int(_)
        | Datum::Float(_)
        | Datum::Text(_)
        | Datum::Date(_)
        | Datum::Decimal(_)
        | Datum::Map(_)
        | Datum::Lazy(_)
        | Datum::Function(_)
        | Datum::Keep => vec![datum.clone()],
    }
}
