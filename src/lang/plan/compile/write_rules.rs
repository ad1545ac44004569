//! What must hold of a write, so that it creates nothing twice and overwrites nothing unseen.

use super::marker;
use super::request;
use super::site::Site;
use super::steps::Walk;
use super::write::Maker;
use crate::lang::config::{self, Compare, OnUnknown};
use crate::lang::diag::{Code, suggest};
use crate::lang::expr::{Condition, ExprEnv, Template, Type, Uses};
use crate::lang::plan::EntityFrom;

impl<'p> Maker<'_, 'p> {
    /// Checks the write as a whole; its parts were checked where they stand.
    pub(super) fn check(&self, walk: &Walk<'_, 'p>) {
        self.check_link();
        self.check_change();
        self.check_create(walk);
        self.check_update();
    }

    /// A write changes what an entity links, or one record whose id is known.
    fn check_link(&self) {
        let (site, written) = (self.site, self.written);
        match (&written.entity, &written.id) {
            (Some(_), Some(_)) => site
                .key("id")
                .fault_key(Code::WriteKeyAndId, "a write has both `entity` and `id`")
                .label("the id of an entity is what its link says")
                .also(site.key("entity").key_span(), "the entity")
                .help("leave `id` away; `entity.key` names the link")
                .report(),
            (None, None) => site
                .fault_key(Code::MissingKey, "the write does not say what it changes")
                .label("needs `entity`, or `id` of a record that is known")
                .report(),
            (None, Some(_)) => {
                let parts = [
                    ("key", written.key.is_some()),
                    ("find", written.find.is_some()),
                    ("create", written.create.is_some()),
                    ("remember", !written.remember.is_empty()),
                ];
                for (part, _) in parts.into_iter().filter(|(_, there)| *there) {
                    site.key(part)
                        .fault_key(Code::WriteKeyAndId, format!("`{part}` needs an `entity`"))
                        .label("this write changes one record whose id is known")
                        .also(site.key("id").key_span(), "the id")
                        .help("name the kind of link with `entity`, and leave `id` away")
                        .report();
                }
            }
            (Some(entity), None) => self.check_entity(&site.key("entity"), entity),
        }
    }

    fn check_entity(&self, site: &Site<'_>, name: &str) {
        if !self.realm.config.entities.contains_key(name) {
            self.realm.unknown_entity(site, name, false);
            return;
        }
        let Some(entity) = self.realm.entities.get(name) else {
            return;
        };
        let (to, connector) = (&*entity.to.0, self.written.connector.as_str());
        if to != connector {
            let ends = self.realm.site.key("entities").key(name).key("to");
            self.site
                .key("connector")
                .fault(
                    Code::WriteEntityWrongEnd,
                    format!("`{name}` is made in `{to}`, not in `{connector}`"),
                )
                .label("is not where the made end is")
                .also(ends.span(), "the made end")
                .help(format!("write to `{to}`, or declare another entity"))
                .report();
        }
    }

    fn check_change(&self) {
        let written = self.written;
        if written.find.is_none() && written.create.is_none() && written.update.is_none() {
            self.site
                .fault_key(Code::WriteWithoutChange, "a write that changes nothing")
                .label("has neither `find` nor `create` nor `update`")
                .help("to read something, use `fetch`")
                .report();
        }
    }

    /// P3: an unknown create is settled by looking for what it sent.
    fn check_create(&self, walk: &Walk<'_, 'p>) {
        let (site, written) = (self.site, self.written);
        if written.create.is_none() || written.on_unknown == OnUnknown::Hold {
            return;
        }
        let create = site.key("create");
        if written.find.is_none() {
            create
                .fault_key(
                    Code::CreateWithoutFind,
                    "a `create` without `find` could happen twice",
                )
                .label("when its reply is lost, nothing tells whether it happened")
                .help("say with `find` how to look for what it made")
                .help("or say `on_unknown: hold`: it then waits for a person")
                .report();
            return;
        }
        if let Some(api) = self.api.filter(|api| api.config.settle.is_none()) {
            let connector = api.config.name.as_str();
            create
                .fault_key(
                    Code::SettleMissing,
                    format!("`{connector}` does not say when not finding means not made"),
                )
                .label("a create whose reply is lost could not be settled")
                .also(api.site.key("name").span(), "has no `settle`")
                .help(format!(
                    "add to `{connector}`: `settle: {{ in_flight: 100s, lag: 60s }}`"
                ))
                .help("or say `on_unknown: hold`: it then waits for a person")
                .report();
        }
        let entity = written
            .entity
            .as_ref()
            .and_then(|name| self.realm.entities.get(name.as_str()));
        let one_per_tenant = entity.is_some_and(|entity| entity.from == EntityFrom::Tenant);
        marker::check(
            &marker::Place {
                origins: &walk.origins,
                one_per_tenant,
            },
            site,
            written,
        );
    }

    fn check_update(&self) {
        let Some(update) = &self.written.update else {
            return;
        };
        let site = self.site.key("update");
        if update.compare == Some(Compare::Target) && self.written.read.is_none() {
            site.key("compare")
                .fault(Code::UpdateWithoutRead, "nothing is read to compare with")
                .label("compares with the record as it stands")
                .help("say with `read` how to read it, or compare with what was `written`")
                .report();
        }
        self.check_compared(&site, update);
        for (place, text) in update_texts(&site, update) {
            for used in &uses(text, &place).paths {
                let name = used.path.first().map(String::as_str).unwrap_or_default();
                if name == "found" && self.written.read.is_none() {
                    place
                        .fault_within(
                            used.range.clone(),
                            Code::UpdateWithoutRead,
                            "`found` needs a `read`",
                        )
                        .label("nothing reads the record before it is updated")
                        .help(
                            "say beside `update` how to read it: `read: { get: \"/…/{{ id }}\" }`",
                        )
                        .report();
                }
            }
        }
        for (place, text) in request::scalars(&site, &update.request()) {
            check_steady(&place, text);
        }
    }

    /// Each member of the body is compared with the member of that name, so there must be one.
    fn check_compared(&self, site: &Site<'_>, update: &config::Update) {
        let compared = update.compare != Some(Compare::Written) && self.written.read.is_some();
        let (true, Type::Object(found)) = (compared, &self.found) else {
            return;
        };
        let Some(body) = update.body.as_ref().and_then(|body| body.0.as_object()) else {
            return;
        };
        if found.others.is_some() {
            return;
        }
        for name in body.keys() {
            if found.members.contains_key(name) || update.same.contains_key(name) {
                continue;
            }
            let known = found.members.keys().map(String::as_str);
            site.key("body")
                .key(name.as_str())
                .fault_key(
                    Code::CompareNeedsFound,
                    format!("the record that is read has no member `{name}`"),
                )
                .label("has nothing to be compared with")
                .help_opt(
                    suggest::nearest(name, known).map(|near| format!("did you mean `{near}`?")),
                )
                .help(format!(
                    "say where it stands: `same: {{ {name}: $.… }}`, or use `compare: written`"
                ))
                .report();
        }
    }
}

/// What changes with every run makes every update look new (S37).
fn check_steady(place: &Site<'_>, text: &str) {
    for used in &uses(text, place).paths {
        if let Some(name @ ("now" | "run")) = used.path.first().map(String::as_str) {
            place
                .fault_within(used.range.clone(), Code::NowInUpdate, format!("`{name}` in an update"))
                .label("is another one in every version")
                .help("the update is then sent for every version, changed or not; take an instant of the record")
                .report();
        }
    }
}

/// Everything of an update that may read `found`.
fn update_texts<'a, 'p>(site: &Site<'p>, update: &'a config::Update) -> Vec<(Site<'p>, &'a str)> {
    let mut texts = request::scalars(site, &update.request());
    texts.extend(
        update
            .when
            .as_ref()
            .map(|when| (site.key("when"), when.as_str())),
    );
    texts.extend(
        update
            .reason
            .as_ref()
            .map(|reason| (site.key("reason"), reason.as_str())),
    );
    texts
}

/// What a scalar refers to: as a template, or as a condition where it is one. What does not compile was said.
fn uses(text: &str, place: &Site<'_>) -> Uses {
    let env = ExprEnv::default();
    if place.at.last() == Some("when") {
        return Condition::compile(&env, text)
            .map(|it| it.uses())
            .unwrap_or_default();
    }
    Template::compile(&env, text)
        .map(|it| it.uses())
        .unwrap_or_default()
}
