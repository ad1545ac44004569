//! `kind: pipeline` compiled.

use std::sync::Arc;

use super::durations::duration;
use super::fetch::Feed;
use super::realm::Realm;
use super::site::Site;
use super::steps::Walk;
use super::values::{all, optional};
use super::{crontab, fetch, signals, webhook};
use crate::lang::config;
use crate::lang::diag::Code;
use crate::lang::expr::Type;
use crate::lang::plan::{Crontab, EntityFrom, LinkEnd, Pipeline, Trigger};

/// Compiles one pipeline.
pub(super) fn compile<'p>(
    realm: &Realm<'_, 'p>,
    site: &Site<'p>,
    config: &'p config::Pipeline,
) -> Option<Pipeline> {
    let trigger = optional(config.trigger.as_ref(), |written| {
        trigger(realm, &site.key("trigger"), config, written)
    });
    let fetched = fetch::compile(realm, &site.key("fetch"), Feed::from(&config.fetch));
    let record = fetched.record;
    let row = realm
        .base
        .rooted(record.clone())
        .elsewhere("record", "in steps; here the row is `$`");
    let links = all(config.links.iter().map(|(name, end)| {
        let place = site.key("links").key(name.as_str());
        if !realm.config.entities.contains_key(name) {
            realm.unknown_entity(&place, name, true);
            return None;
        }
        let is_record = |value: &config::text::Value| value.0 == config.fetch.key.0;
        let (key, value, make): (_, _, fn(_) -> LinkEnd) = match (&end.key, &end.id) {
            (Some(value), _) if is_record(value) => ("key", value, LinkEnd::Source),
            (Some(value), _) => ("key", value, LinkEnd::Key),
            (None, Some(value)) if is_record(value) => ("id", value, LinkEnd::Made),
            (None, value) => ("id", value.as_ref()?, LinkEnd::Id),
        };
        check_end(realm, &place, config, name, key);
        let (form, _) = realm.cx.values.value(&place.key(key), &value.0, &row)?;
        Some((Arc::from(name.as_str()), make(form)))
    }));
    let link = realm.link(config.links.keys().map(String::as_str));
    let overrides_for = optional(config.overrides_for.as_ref(), |value| {
        let place = site.key("overrides_for");
        if realm.config.subjects.is_none() {
            place
                .fault_key(Code::UnknownSubject, "the integration has no `subjects`")
                .label("overrides are per subject")
                .help("say under `subjects` of the integration what overrides are per")
                .report();
        }
        let scope = row.with("link", link.clone());
        realm
            .cx
            .values
            .value(&place, &value.0, &scope)
            .map(|(form, _)| form)
    });
    let signals = signals::compile(
        realm,
        site,
        config,
        trigger.as_ref().and_then(Option::as_ref),
    );
    let steps = steps(realm, site, config, record, link);
    super::unused::check(site);
    Some(Pipeline {
        name: config.name.as_str().into(),
        trigger: trigger?,
        fetch: fetched.plan?,
        signals: signals?,
        names: None,
        links: links?.into_iter().collect(),
        overrides_for: overrides_for?,
        steps: steps?,
    })
}

fn steps<'p>(
    realm: &Realm<'_, 'p>,
    site: &Site<'p>,
    config: &'p config::Pipeline,
    record: Type,
    link: Type,
) -> Option<Vec<crate::lang::plan::Step>> {
    let list = site.key("steps");
    Walk::over_records(realm, &list, config, record, link).list(&list, &config.steps)
}

/// The end that a record is must be on its own side.
fn check_end(
    realm: &Realm<'_, '_>,
    site: &Site<'_>,
    config: &config::Pipeline,
    name: &str,
    key: &str,
) {
    let Some(entity) = realm.entities.get(name) else {
        return;
    };
    let end = match (&entity.from, key) {
        (EntityFrom::Tenant, "key") => return,
        (EntityFrom::Record(connector, _), "key") => connector,
        _ => &entity.to.0,
    };
    let connector = config.fetch.connector.as_str();
    if **end == *connector {
        return;
    }
    let (end_key, other) = if key == "key" {
        ("from", "id")
    } else {
        ("to", "key")
    };
    site.key(key)
        .fault_key(
            Code::LinkWrongConnector,
            format!("the `{key}` of `{name}` is one of `{end}`"),
        )
        .label(format!("the records of this pipeline are of `{connector}`"))
        .also(
            realm.site.key("entities").key(name).key(end_key).span(),
            "this end",
        )
        .help(format!(
            "`key` is for the `from` end, `id` for the `to` end: is this `{other}`?"
        ))
        .report();
}

fn trigger(
    realm: &Realm<'_, '_>,
    site: &Site<'_>,
    config: &config::Pipeline,
    written: &config::Trigger,
) -> Option<Trigger> {
    let every = optional(written.every.as_ref(), |text| {
        let place = site.key("every");
        let every = duration(&place, text)?;
        if every.is_zero() {
            place
                .fault(Code::BadDuration, "a pipeline that runs without pause")
                .label("must be longer than nothing")
                .report();
        }
        Some(every)
    });
    let zone = optional(written.zone.as_ref(), |zone| {
        crontab::zone(&site.key("zone"), zone)
    });
    let cron = optional(written.cron.as_ref(), |line| {
        crontab::line(&site.key("cron"), line)
    });
    let connector = config.fetch.connector.as_str();
    let api = realm.apis.get(connector).and_then(Option::as_ref);
    let webhooks = webhook::listened(site, config, &written.webhook, api);
    match (&written.every, &written.cron) {
        (None, None) if !written.webhook.is_empty() => {}
        (None, None) => {
            site.fault_key(Code::TriggerMissing, "a trigger that never fires")
                .label("needs `every`, `cron` or `webhook`")
                .help("leave `trigger` away when the pipeline runs by hand alone")
                .report();
        }
        (Some(_), Some(_)) => {
            site.key("cron")
                .fault_key(
                    Code::TooManyChoices,
                    "a trigger has both `every` and `cron`",
                )
                .label("only one of them may stand here")
                .also(site.key("every").key_span(), "the first one")
                .report();
        }
        (Some(_), None) if written.zone.is_some() => {
            site.key("zone")
                .fault_key(Code::UnknownKey, "`zone` says nothing about `every`")
                .label("is the zone of a `cron` line")
                .help("leave it away, or write `cron`")
                .report();
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    let zone = zone?.unwrap_or(chrono_tz::UTC);
    Some(Trigger {
        every: every?,
        cron: cron?.map(|line| Crontab::parse(&line, zone).expect("the line was read before")),
        webhooks: webhooks?,
        if_running: written.if_running.unwrap_or_default(),
        missed: written.missed.unwrap_or_default(),
    })
}
