//! What a tenant may choose, what holds, and where that is said: for people, and for whoever changes it.
//!
//! The engine asks [`super::Settings`], where only the values are left. This is the same rule, override, else tenant,
//! else default, key by key, with the places kept.

use serde_json::Value as Json;

use super::{Origin, Tenant};
use crate::lang::config::{self, FieldType, Kind};
use crate::lang::load::{Config, Document, Project};
use crate::lang::source::{Pointer, PointerTarget};

/// Who said a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nobody chose: the integration or the map says it.
    Default,
    /// The tenant chose.
    Tenant,
    /// It is an override of the subject.
    Override,
}

/// A value that holds, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Held<'p> {
    /// The value; null when there is none.
    pub value: &'p Json,
    /// Who said it.
    pub said: Said,
    /// Where; none for what is said nowhere.
    pub origin: Option<Origin>,
}

/// A group of settings.
#[derive(Clone, Debug)]
pub struct GroupChoices<'p> {
    /// Its name.
    pub name: &'p str,
    /// What people call it.
    pub title: &'p str,
    /// Its settings.
    pub fields: Vec<FieldChoice<'p>>,
}

/// A setting with what holds.
#[derive(Clone, Debug)]
pub struct FieldChoice<'p> {
    /// Its name.
    pub name: &'p str,
    /// What the integration says of it.
    pub field: &'p config::Field,
    /// What holds. Of a `map`, what was put over its rows.
    pub held: Held<'p>,
    /// Of a `map`: its rows, with those of the tenant and of the subject put over them.
    pub rows: Vec<RowChoice<'p>>,
    /// The subjects that have it otherwise.
    pub overridden_for: Vec<&'p str>,
}

/// A row of a map with what holds.
#[derive(Clone, Debug)]
pub struct RowChoice<'p> {
    /// The value it is for.
    pub value: &'p str,
    /// What holds.
    pub held: Held<'p>,
}

/// What of an integration tells its subjects apart, beside the records that name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectTraces<'p> {
    /// Entities whose links have a subject's key for their own.
    pub keyed: Vec<&'p str>,
    /// Entities whose links remember a subject: the entity, and the names of its key and of its label.
    pub remembered: Vec<(&'p str, &'p str, Option<&'p str>)>,
}

/// A tenant with its integration, as they are written.
#[derive(Clone, Debug)]
pub struct Choices<'p> {
    project: &'p Project,
    document: &'p Document,
    integration_document: &'p Document,
    integration: &'p config::Integration,
}

impl<'p> Choices<'p> {
    /// The tenant with this name; none when there is no such document, or none of its integration.
    pub fn of(project: &'p Project, tenant: &str) -> Option<Self> {
        let document = find(project, Kind::Tenant, tenant)?;
        let name = document.json.get("integration")?.as_str()?;
        let integration_document = find(project, Kind::Integration, name)?;
        let Some(Config::Integration(integration)) = &integration_document.config else {
            return None;
        };
        Some(Self {
            project,
            document,
            integration_document,
            integration,
        })
    }

    /// The tenant's document.
    pub fn document(&self) -> &'p Document {
        self.document
    }

    /// The integration.
    pub fn integration(&self) -> &'p config::Integration {
        self.integration
    }

    /// A setting, if the integration has it.
    pub fn field(&self, group: &str, name: &str) -> Option<&'p config::Field> {
        self.integration.settings.get(group)?.fields.get(name)
    }

    /// The place of what the tenant, or a subject of it, chose.
    pub fn place(subject: Option<&str>) -> Pointer {
        let root = Pointer::root();
        match subject {
            Some(subject) => root.key("overrides").key(subject).key("settings"),
            None => root.key("settings"),
        }
    }

    /// The subjects that the tenant's file names, with their titles and what they have otherwise, as
    /// `group.field`.
    pub fn overrides(&self) -> Vec<(&'p str, Option<&'p str>, Vec<String>)> {
        let written = self
            .document
            .json
            .get("overrides")
            .and_then(Json::as_object);
        let subjects = written.into_iter().flatten();
        subjects
            .map(|(subject, said)| {
                let groups = said.get("settings").and_then(Json::as_object);
                let keys = groups.into_iter().flatten().flat_map(|(group, fields)| {
                    let fields = fields.as_object().into_iter().flatten();
                    fields.map(move |(field, _)| format!("{group}.{field}"))
                });
                let title = said.get("title").and_then(Json::as_str);
                (subject.as_str(), title, keys.collect())
            })
            .collect()
    }

    /// Every setting with what holds for a subject, or for all without one. `plan` is the tenant, compiled.
    pub fn groups(&self, plan: &Tenant, subject: Option<&str>) -> Vec<GroupChoices<'p>> {
        let groups = self.integration.settings.iter();
        groups
            .map(|(name, group)| GroupChoices {
                name,
                title: &group.title,
                fields: group
                    .fields
                    .iter()
                    .map(|(field_name, field)| FieldChoice {
                        name: field_name,
                        field,
                        held: self.held(name, field_name, field, subject),
                        rows: self.rows(plan, name, field_name, field, subject),
                        overridden_for: self.overridden_for(name, field_name),
                    })
                    .collect(),
            })
            .collect()
    }

    fn overridden_for(&self, group: &str, field: &str) -> Vec<&'p str> {
        let key = format!("{group}.{field}");
        self.overrides()
            .into_iter()
            .filter(|(_, _, keys)| keys.contains(&key))
            .map(|(subject, _, _)| subject)
            .collect()
    }

    /// Who may say something of a subject, the innermost first.
    fn choosers(subject: Option<&str>) -> Vec<(Said, Pointer)> {
        let inner = subject.map(|subject| (Said::Override, Self::place(Some(subject))));
        let outer = (Said::Tenant, Self::place(None));
        inner.into_iter().chain([outer]).collect()
    }

    fn held(
        &self,
        group: &str,
        name: &str,
        field: &'p config::Field,
        subject: Option<&str>,
    ) -> Held<'p> {
        let choosers = Self::choosers(subject).into_iter();
        let chosen = choosers
            .filter(|_| field.locked.is_none())
            .find_map(|(said, at)| self.said(said, &at.key(group).key(name)));
        chosen.unwrap_or_else(|| {
            let at = Pointer::root().key("settings").key(group);
            let at = at.key("fields").key(name).key("default");
            match field.default.as_ref() {
                Some(default) => Held {
                    value: &default.0,
                    said: Said::Default,
                    origin: Some(origin(self.integration_document, &at)),
                },
                None => Held {
                    value: &Json::Null,
                    said: Said::Default,
                    origin: None,
                },
            }
        })
    }

    fn said(&self, said: Said, at: &Pointer) -> Option<Held<'p>> {
        let value = self.document.json.pointer(&at.to_string())?;
        Some(Held {
            value,
            said,
            origin: Some(origin(self.document, at)),
        })
    }

    fn rows(
        &self,
        plan: &Tenant,
        group: &str,
        name: &str,
        field: &'p config::Field,
        subject: Option<&str>,
    ) -> Vec<RowChoice<'p>> {
        let Some(map) = field.map.as_ref().filter(|_| field.type_ == FieldType::Map) else {
            return Vec::new();
        };
        let Some(document) = self.map(map.as_str()) else {
            return Vec::new();
        };
        let table = plan.integration.maps.get(map.as_str());
        let fold = |value: &str| match table {
            Some(table) => table.fold(value),
            None => value.to_owned(),
        };
        let mut rows: Vec<RowChoice<'p>> = Vec::new();
        let mut layers = vec![(Said::Default, document, Pointer::root().key("rows"))];
        let outer_first = Self::choosers(subject).into_iter().rev();
        layers.extend(outer_first.map(|(said, at)| (said, self.document, at.key(group).key(name))));
        for (said, document, at) in layers {
            let written = document
                .json
                .pointer(&at.to_string())
                .and_then(Json::as_object);
            for (value, to) in written.into_iter().flatten() {
                let held = Held {
                    value: to,
                    said,
                    origin: Some(origin(document, &at.key(value.as_str()))),
                };
                match rows.iter_mut().find(|row| fold(row.value) == fold(value)) {
                    Some(row) => *row = RowChoice { value, held },
                    None => rows.push(RowChoice { value, held }),
                }
            }
        }
        rows
    }

    /// A map in the integration's folder.
    fn map(&self, name: &str) -> Option<&'p Document> {
        let folder = self.integration_document.folder();
        let mut documents = self.project.documents.iter();
        documents.find(|document| {
            document.kind == Kind::Map
                && &*document.name == name
                && document.folder().starts_with(folder)
        })
    }

    /// Where links keep the subjects of records that are done: wherever the pipeline that names the subjects uses
    /// the same expression for a link's key, or has a link remember it.
    pub fn subject_traces(&self) -> SubjectTraces<'p> {
        let mut traces = SubjectTraces::default();
        let Some(subjects) = &self.integration.subjects else {
            return traces;
        };
        let (Some(from), Some(key)) = (&subjects.from, &subjects.key) else {
            return traces;
        };
        let label = subjects.label.as_ref().map(|label| &label.0);
        let Some(pipeline) = find(self.project, Kind::Pipeline, from.as_str()) else {
            return traces;
        };
        let links = pipeline.json.get("links").and_then(Json::as_object);
        for (entity, end) in links.into_iter().flatten() {
            if end.get("key") == Some(&key.0) {
                traces.keyed.push(entity);
            }
        }
        if let Some(steps) = pipeline.json.get("steps") {
            remembered(steps, &key.0, label, &mut traces);
        }
        traces
    }
}

/// The writes among `steps` whose links remember a subject.
fn remembered<'p>(
    steps: &'p Json,
    key: &Json,
    label: Option<&Json>,
    traces: &mut SubjectTraces<'p>,
) {
    match steps {
        Json::Array(items) => {
            for item in items {
                remembered(item, key, label, traces);
            }
        }
        Json::Object(members) => {
            let write = members.get("write");
            let entity = write.and_then(|write| write.get("entity")?.as_str());
            let kept = write.and_then(|write| write.get("remember")?.as_object());
            if let (Some(entity), Some(kept)) = (entity, kept) {
                let name_of = |wanted: &Json| {
                    let mut kept = kept.iter();
                    kept.find(|(_, value)| *value == wanted)
                        .map(|(name, _)| name.as_str())
                };
                if let Some(name) = name_of(key) {
                    let found = (entity, name, label.and_then(name_of));
                    if !traces.remembered.contains(&found) {
                        traces.remembered.push(found);
                    }
                }
            }
            for member in members.values() {
                remembered(member, key, label, traces);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn find<'p>(project: &'p Project, kind: Kind, name: &str) -> Option<&'p Document> {
    let mut documents = project.documents.iter();
    documents.find(|document| document.kind == kind && &*document.name == name)
}

fn origin(document: &Document, at: &Pointer) -> Origin {
    let span = document.index.span(at, PointerTarget::Key);
    let line = document.source.position(span.start).line;
    Origin {
        file: document.source.name().into(),
        line: u32::try_from(line).unwrap_or(u32::MAX),
    }
}
