//! `write`, compiled and made sure that it cannot create twice.

use std::sync::Arc;

use super::connector::Api;
use super::marker;
use super::realm::Realm;
use super::request::{self, Target};
use super::scope::Scope;
use super::site::Site;
use super::steps::Walk;
use super::values::{Unknown, all, optional};
use super::fetch;
use crate::lang::config::{self, Compare, OnUnknown, text};
use crate::lang::diag::{Code, suggest};
use crate::lang::expr::{Condition, ExprEnv, Template, Type, Uses, ValueForm};
use crate::lang::plan::{Create, EntityFrom, Find, Read, Update, Write};

/// Compiles a write; also gives the type of `found`.
pub(super) fn compile<'p>(
    walk: &Walk<'_, 'p>,
    site: &Site<'p>,
    written: &'p config::Write,
    scope: &Scope,
) -> (Option<Write>, Type) {
    let realm = walk.realm;
    let api = realm.api(&site.key("connector"), written.connector.as_str());
    let found = found_type(realm, site, api, written);
    let scope = if written.entity.is_some() { scope.with("key", Type::Text) } else { scope.clone() };
    let maker = Maker { realm, site, written, api, scope, found: found.clone() };
    let plan = maker.write();
    maker.check(walk);
    (plan, found)
}

/// What `found` holds: what `read` gives, else a candidate of `find`.
fn found_type(
    realm: &Realm<'_, '_>,
    site: &Site<'_>,
    api: Option<&Api<'_>>,
    written: &config::Write,
) -> Type {
    match (&written.read, &written.find) {
        (Some(config::Read { record: Some(name), .. }), _) => {
            realm.record(&site.key("read"), api, Some(name))
        }
        (_, Some(config::Find { record: Some(name), .. })) => {
            realm.record(&site.key("find"), api, Some(name))
        }
        _ => Type::Any,
    }
}

struct Maker<'m, 'p> {
    realm: &'m Realm<'m, 'p>,
    site: &'m Site<'p>,
    written: &'p config::Write,
    api: Option<&'m Api<'p>>,
    scope: Scope,
    found: Type,
}

impl<'p> Maker<'_, 'p> {
    fn write(&self) -> Option<Write> {
        let (site, written) = (self.site, self.written);
        let key = optional(written.key.as_ref(), |key| self.value(&site.key("key"), key, &self.scope));
        let id = optional(written.id.as_ref(), |id| self.value(&site.key("id"), id, &self.scope));
        let remember = all(written.remember.iter().map(|(name, value)| {
            let place = site.key("remember").key(name.as_str());
            self.check_remember(&place, name);
            Some((Arc::from(name.as_str()), self.value(&place, value, &self.scope)?))
        }));
        let find = optional(written.find.as_ref(), |find| self.find(&site.key("find"), find));
        let read = optional(written.read.as_ref(), |read| self.read(read));
        let create = optional(written.create.as_ref(), |create| self.create(create));
        let update = optional(written.update.as_ref(), |update| self.update(update));
        Some(Write {
            entity: written.entity.as_deref().map(Arc::from),
            connector: written.connector.as_str().into(),
            key: key?,
            id: id?,
            remember: remember?,
            find: find?,
            read: read?,
            create: create?,
            update: update?,
            on_unknown: written.on_unknown,
            on_missing: written.on_missing,
            origin: site.origin(),
        })
    }

    fn value(&self, site: &Site<'_>, value: &text::Value, scope: &Scope) -> Option<ValueForm> {
        self.realm.cx.values.value(site, &value.0, scope).map(|(form, _)| form)
    }

    fn target(&self) -> Target<'p> {
        Target {
            connector: self.written.connector.as_str(),
            roots: self.api.map(|api| &api.config.roots),
        }
    }

    fn find(&self, site: &Site<'p>, find: &'p config::Find) -> Option<Find> {
        let values = &self.realm.cx.values;
        let parts = find.request();
        let requested = !parts.methods.is_empty() || find.found.is_some() || find.paging.is_some();
        let request = optional(requested.then_some(&parts), |parts| {
            request::compile(self.realm.cx, site, self.target(), parts, &self.scope)
        });
        let candidate = self.realm.record(site, self.api, find.record.as_ref());
        let found = optional(find.found.as_ref(), |path| {
            values.query(&site.key("found"), path, &Type::Any).map(|(query, _)| query)
        });
        let scope = self.scope.rooted(candidate.clone()).with("candidate", candidate);
        let inside = if requested { &scope } else { &self.scope };
        let where_ = optional(find.where_.as_ref(), |condition| {
            values.condition(&site.key("where"), condition, inside)
        });
        let id = self.value(&site.key("id"), &find.id, inside);
        let choose = optional(find.choose.as_ref(), |choose| {
            self.value(&site.key("choose"), choose, inside)
        });
        let paging = fetch::list_paging(self.realm, site, find.paging.as_ref(), &self.written.connector);
        let otherwise = all(find.otherwise.iter().enumerate().map(|(index, further)| {
            self.find(&site.key("otherwise").index(index), further)
        }));
        Some(Find {
            request: request?,
            found: found?,
            where_: where_?,
            id: id?,
            paging: paging?,
            choose: choose?,
            otherwise: otherwise?,
        })
    }

    fn read(&self, read: &'p config::Read) -> Option<Read> {
        let site = self.site.key("read");
        let values = &self.realm.cx.values;
        let scope = self.scope.with("id", Type::Any);
        let request = request::compile(self.realm.cx, &site, self.target(), &read.request(), &scope);
        let found = optional(read.found.as_ref(), |path| {
            values.query(&site.key("found"), path, &Type::Any).map(|(query, _)| query)
        });
        let merged_into = optional(read.merged_into.as_ref(), |path| {
            values.single(&site.key("merged_into"), path, &self.found).map(|(query, _)| query)
        });
        Some(Read { request: request?, found: found?, merged_into: merged_into? })
    }

    fn create(&self, create: &'p config::Create) -> Option<Create> {
        let site = self.site.key("create");
        let request =
            request::compile(self.realm.cx, &site, self.target(), &create.request(), &self.scope);
        let scope = self.scope.rooted(Type::Any);
        let id = self.value(&site.key("id"), &create.id, &scope);
        if let Some(true) = id.as_ref().map(ValueForm::is_constant) {
            site.key("id")
                .fault(Code::CreateWithoutId, "every record that is made would have the same id")
                .label("is the same for all")
                .help("name where the reply gives the id: `id: $.id`")
                .help("where the API returns none, a value of ours stands for it: `id: \"{{ record.Id }}\"`")
                .report();
        }
        Some(Create { request: request?, id: id? })
    }

    fn update(&self, update: &'p config::Update) -> Option<Update> {
        let site = self.site.key("update");
        let values = &self.realm.cx.values;
        let scope = self.scope.with("id", Type::Any).with("found", self.found.clone());
        let when = optional(update.when.as_ref(), |when| {
            values.condition(&site.key("when"), when, &scope)
        });
        let reason = optional(update.reason.as_ref(), |reason| {
            values.text(&site.key("reason"), reason.as_str(), &scope)
        });
        let request = request::compile(self.realm.cx, &site, self.target(), &update.request(), &scope);
        let same = all(update.same.iter().map(|(member, path)| {
            let place = site.key("same").key(member.as_str());
            let (query, _) = values.single(&place, path, &self.found)?;
            Some((Arc::from(member.as_str()), query))
        }));
        let read = self.written.read.is_some();
        let default = if read { Compare::Target } else { Compare::Written };
        Some(Update {
            when: when?,
            reason: reason?,
            request: request?,
            compare: update.compare.unwrap_or(default),
            same: same?,
        })
    }

    fn check_remember(&self, site: &Site<'_>, name: &str) {
        let Some(entity) = &self.written.entity else { return };
        let Some(ends) = self.realm.config.entities.get(entity) else { return };
        if !ends.remember.iter().any(|known| known == name) {
            Unknown {
                code: Code::UnknownKey,
                what: &format!("name that `{entity}` remembers:"),
                several: &format!("names that `{entity}` remembers"),
            }
            .at_key(site, name, ends.remember.iter().map(String::as_str));
        }
    }

    fn check(&self, walk: &Walk<'_, 'p>) {
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
        let Some(entity) = self.realm.entities.get(name) else { return };
        let (to, connector) = (&*entity.to.0, self.written.connector.as_str());
        if to != connector {
            let ends = self.realm.site.key("entities").key(name).key("to");
            self.site
                .key("connector")
                .fault(Code::WriteEntityWrongEnd, format!("`{name}` is made in `{to}`, not in `{connector}`"))
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
                .fault_key(Code::CreateWithoutFind, "a `create` without `find` could happen twice")
                .label("when its reply is lost, nothing tells whether it happened")
                .help("say with `find` how to look for what it made")
                .help("or say `on_unknown: hold`: it then waits for a person")
                .report();
            return;
        }
        if let Some(api) = self.api.filter(|api| api.config.settle.is_none()) {
            let connector = api.config.name.as_str();
            create
                .fault_key(Code::SettleMissing, format!("`{connector}` does not say when not finding means not made"))
                .label("a create whose reply is lost could not be settled")
                .also(api.site.key("name").span(), "has no `settle`")
                .help(format!("add to `{connector}`: `settle: {{ in_flight: 100s, lag: 60s }}`"))
                .help("or say `on_unknown: hold`: it then waits for a person")
                .report();
        }
        let entity = written.entity.as_ref().and_then(|name| self.realm.entities.get(name.as_str()));
        let one_per_tenant = entity.is_some_and(|entity| entity.from == EntityFrom::Tenant);
        marker::check(&marker::Place { origins: &walk.origins, one_per_tenant }, site, written);
    }

    fn check_update(&self) {
        let Some(update) = &self.written.update else { return };
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
                        .fault_within(used.range.clone(), Code::UpdateWithoutRead, "`found` needs a `read`")
                        .label("nothing reads the record before it is updated")
                        .help("say beside `update` how to read it: `read: { get: \"/…/{{ id }}\" }`")
                        .report();
                }
            }
        }
        for (place, text) in request::scalars(&site, &update.request()) {
            self.check_steady(&place, text);
        }
    }

    /// Each member of the body is compared with the member of that name, so there must be one.
    fn check_compared(&self, site: &Site<'_>, update: &config::Update) {
        let compared = update.compare != Some(Compare::Written) && self.written.read.is_some();
        let (true, Type::Object(found)) = (compared, &self.found) else { return };
        let Some(body) = update.body.as_ref().and_then(|body| body.0.as_object()) else { return };
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
                .fault_key(Code::CompareNeedsFound, format!("the record that is read has no member `{name}`"))
                .label("has nothing to be compared with")
                .help_opt(suggest::nearest(name, known).map(|near| format!("did you mean `{near}`?")))
                .help(format!("say where it stands: `same: {{ {name}: $.… }}`, or use `compare: written`"))
                .report();
        }
    }

    /// What changes with every run makes every update look new (S37).
    fn check_steady(&self, place: &Site<'_>, text: &str) {
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
}

/// Everything of an update that may read `found`.
fn update_texts<'a, 'p>(site: &Site<'p>, update: &'a config::Update) -> Vec<(Site<'p>, &'a str)> {
    let mut texts = request::scalars(site, &update.request());
    texts.extend(update.when.as_ref().map(|when| (site.key("when"), when.as_str())));
    texts.extend(update.reason.as_ref().map(|reason| (site.key("reason"), reason.as_str())));
    texts
}

/// What a scalar refers to: as a template, or as a condition where it is one. What does not compile was said.
fn uses(text: &str, place: &Site<'_>) -> Uses {
    let env = ExprEnv::default();
    if place.at.last() == Some("when") {
        return Condition::compile(&env, text).map(|it| it.uses()).unwrap_or_default();
    }
    Template::compile(&env, text).map(|it| it.uses()).unwrap_or_default()
}
