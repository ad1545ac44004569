//! `write`, compiled and made sure that it cannot create twice.

use std::sync::Arc;

use super::connector::Api;
use super::durations::duration;
use super::fetch;
use super::paths;
use super::realm::{self, Realm};
use super::request::{self, Target};
use super::scope::Scope;
use super::site::Site;
use super::steps::Walk;
use super::values::{Unknown, all, optional};
use crate::lang::config::{self, Compare, text};
use crate::lang::diag::Code;
use crate::lang::expr::{Type, ValueForm};
use crate::lang::plan::{Create, Find, Read, Update, Write};

/// Compiles a write; also gives the type of `found`.
pub(super) fn compile<'p>(
    walk: &Walk<'_, 'p>,
    site: &Site<'p>,
    written: &'p config::Write,
    scope: &Scope,
) -> (Option<Write>, Type) {
    let realm = walk.realm;
    let api = realm.api(&site.key("connector"), written.connector.as_str());
    let found = found_type(site, api, written);
    let scope = if written.entity.is_some() {
        scope.with("key", Type::Text)
    } else {
        scope.clone()
    };
    let maker = Maker {
        realm,
        site,
        written,
        api,
        scope,
        found: found.clone(),
    };
    let plan = maker.write();
    maker.check(walk);
    (plan, found)
}

/// What `found` holds: what `read` gives, else a candidate of `find`.
fn found_type(site: &Site<'_>, api: Option<&Api<'_>>, written: &config::Write) -> Type {
    match (&written.read, &written.find) {
        (
            Some(config::Read {
                record: Some(name), ..
            }),
            _,
        ) => realm::record(&site.key("read"), api, Some(name)),
        (
            _,
            Some(config::Find {
                record: Some(name), ..
            }),
        ) => realm::record(&site.key("find"), api, Some(name)),
        _ => Type::Any,
    }
}

/// Compiles one write.
pub(super) struct Maker<'m, 'p> {
    pub(super) realm: &'m Realm<'m, 'p>,
    pub(super) site: &'m Site<'p>,
    pub(super) written: &'p config::Write,
    pub(super) api: Option<&'m Api<'p>>,
    pub(super) scope: Scope,
    pub(super) found: Type,
}

impl<'p> Maker<'_, 'p> {
    fn write(&self) -> Option<Write> {
        let (site, written) = (self.site, self.written);
        let key = optional(written.key.as_ref(), |key| {
            self.value(&site.key("key"), key, &self.scope)
        });
        let id = optional(written.id.as_ref(), |id| {
            self.value(&site.key("id"), id, &self.scope)
        });
        let remember = all(written.remember.iter().map(|(name, value)| {
            let place = site.key("remember").key(name.as_str());
            self.check_remember(&place, name);
            Some((
                Arc::from(name.as_str()),
                self.value(&place, value, &self.scope)?,
            ))
        }));
        let find = optional(written.find.as_ref(), |find| {
            self.find(&site.key("find"), find)
        });
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
        self.realm
            .cx
            .values
            .value(site, &value.0, scope)
            .map(|(form, _)| form)
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
        let candidate = realm::record(site, self.api, find.record.as_ref());
        let found = optional(find.found.as_ref(), |path| {
            paths::query(&site.key("found"), path, &Type::Any).map(|(query, _)| query)
        });
        let scope = self
            .scope
            .rooted(candidate.clone())
            .with("candidate", candidate);
        let inside = if requested { &scope } else { &self.scope };
        let where_ = optional(find.where_.as_ref(), |condition| {
            values.condition(&site.key("where"), condition, inside)
        });
        let id = self.value(&site.key("id"), &find.id, inside);
        let choose = optional(find.choose.as_ref(), |choose| {
            self.value(&site.key("choose"), choose, inside)
        });
        let paging = fetch::list_paging(
            self.realm,
            site,
            find.paging.as_ref(),
            &self.written.connector,
        );
        let otherwise = all(find
            .otherwise
            .iter()
            .enumerate()
            .map(|(index, further)| self.find(&site.key("otherwise").index(index), further)));
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
        let scope = self.scope.with("id", Type::Any);
        let request =
            request::compile(self.realm.cx, &site, self.target(), &read.request(), &scope);
        let found = optional(read.found.as_ref(), |path| {
            paths::query(&site.key("found"), path, &Type::Any).map(|(query, _)| query)
        });
        let merged_into = optional(read.merged_into.as_ref(), |path| {
            paths::single(&site.key("merged_into"), path, &self.found).map(|(query, _)| query)
        });
        let cache = optional(read.cache.as_ref(), |text| {
            duration(&site.key("cache"), text)
        });
        Some(Read {
            request: request?,
            found: found?,
            merged_into: merged_into?,
            // What is about to be changed is looked at as it stands.
            cache: cache?.filter(|_| self.written.update.is_none()),
        })
    }

    fn create(&self, create: &'p config::Create) -> Option<Create> {
        let site = self.site.key("create");
        let request = request::compile(
            self.realm.cx,
            &site,
            self.target(),
            &create.request(),
            &self.scope,
        );
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
        Some(Create {
            request: request?,
            id: id?,
        })
    }

    fn update(&self, update: &'p config::Update) -> Option<Update> {
        let site = self.site.key("update");
        let values = &self.realm.cx.values;
        let scope = self
            .scope
            .with("id", Type::Any)
            .with("found", self.found.clone());
        let when = optional(update.when.as_ref(), |when| {
            values.condition(&site.key("when"), when, &scope)
        });
        let reason = optional(update.reason.as_ref(), |reason| {
            values.text(&site.key("reason"), reason.as_str(), &scope)
        });
        let request = request::compile(
            self.realm.cx,
            &site,
            self.target(),
            &update.request(),
            &scope,
        );
        let same = all(update.same.iter().map(|(member, path)| {
            let place = site.key("same").key(member.as_str());
            let (query, _) = paths::single(&place, path, &self.found)?;
            Some((Arc::from(member.as_str()), query))
        }));
        let read = self.written.read.is_some();
        let default = if read {
            Compare::Target
        } else {
            Compare::Written
        };
        Some(Update {
            when: when?,
            reason: reason?,
            request: request?,
            compare: update.compare.unwrap_or(default),
            first: update.first,
            same: same?,
        })
    }

    fn check_remember(&self, site: &Site<'_>, name: &str) {
        let Some(entity) = &self.written.entity else {
            return;
        };
        let Some(ends) = self.realm.config.entities.get(entity) else {
            return;
        };
        if !ends.remember.iter().any(|known| known == name) {
            Unknown {
                code: Code::UnknownKey,
                what: "name to remember",
                of: Some(entity),
                several: &format!("names that `{entity}` remembers"),
            }
            .at_key(site, name, ends.remember.iter().map(String::as_str));
        }
    }
}
