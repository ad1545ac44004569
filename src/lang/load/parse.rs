//! Files to documents: YAML, the kind, the schema of the kind, the type.

use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::project::{Config, Document, Project};
use super::shape::{self, Shapes};
use super::{check, report};
use crate::lang::config::{Kind, schema};
use crate::lang::diag::{self, Code, Diagnostic, suggest};
use crate::lang::source::{self, ParsedDocument, Pointer, PointerTarget, Source};

impl Project {
    /// A project from files that are in memory: `(route from the workspace, text)`. Files that end in `.yaml` or
    /// `.yml` hold documents; the others are what documents name.
    pub fn from_files<N: AsRef<str>, T: Into<Arc<str>>>(
        files: impl IntoIterator<Item = (N, T)>,
    ) -> Self {
        let mut project = Self::default();
        for (name, text) in files {
            project.add(name.as_ref(), text);
        }
        project
    }

    /// Takes one file in.
    pub fn add(&mut self, name: &str, text: impl Into<Arc<str>>) {
        if !is_yaml(name) {
            self.files.insert(name.to_owned(), text.into());
            return;
        }
        let source = self.sources.add(name, text);
        for parsed in source::read(&source) {
            self.take(&source, parsed);
        }
    }

    fn take(&mut self, source: &Source, parsed: ParsedDocument) {
        let said = |issue| diag::from_issue(source, issue);
        self.diagnostics.extend(parsed.issues.iter().map(said));
        // A mistake of YAML changes what the document says, so nothing else is said about it; its name is
        // still known, and nothing that speaks of it is wrong because of it.
        let sound = parsed.issues.is_empty();
        let Some(json) = parsed.value else {
            self.documents.extend(unreadable(source, parsed));
            return;
        };
        let index = parsed.index;
        let Some(kind) = self.kind(&json, &index, sound) else {
            return;
        };
        let name = json
            .get("name")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .into();
        let config = if sound {
            self.config(kind, &json, &index)
        } else {
            None
        };
        self.documents.push(Document {
            kind,
            name,
            source: source.clone(),
            index,
            json,
            config,
        });
    }

    fn kind(&mut self, json: &Json, index: &source::SpanIndex, sound: bool) -> Option<Kind> {
        let at = Pointer::root().key("kind");
        let written = json.get("kind");
        let known = |word: &str| Kind::ALL.iter().copied().find(|kind| kind.name() == word);
        if let Some(kind) = written.and_then(Json::as_str).and_then(known) {
            return Some(kind);
        }
        if !sound {
            return None;
        }
        let names = Kind::ALL.iter().map(|kind| kind.name());
        let kinds = suggest::list(names.clone());
        let found = match written {
            None => {
                let span = index.span(&Pointer::root(), PointerTarget::Key);
                Diagnostic::new(Code::MissingKind, span, "the document has no `kind`")
                    .label("the first key says what the document is")
                    .help(format!("begin it with `kind:` and one of {kinds}"))
            }
            Some(written) => {
                let span = index.span(&at, PointerTarget::Value);
                let word = written
                    .as_str()
                    .map_or_else(|| written.to_string(), str::to_owned);
                let found = Diagnostic::new(
                    Code::UnknownKind,
                    span,
                    format!("`{word}` is not a kind of document"),
                )
                .label(format!("must be one of {kinds}"));
                match suggest::nearest(&word, names) {
                    Some(near) => found
                        .help(format!("did you mean `{near}`?"))
                        .patch(span, near),
                    None => found,
                }
            }
        };
        self.diagnostics.push(found);
        None
    }

    fn config(&mut self, kind: Kind, json: &Json, index: &source::SpanIndex) -> Option<Config> {
        let findings = check::check(shapes(kind), json);
        self.diagnostics.extend(
            findings
                .iter()
                .map(|finding| report::diagnostic(finding, index)),
        );
        if !findings.is_empty() {
            return None;
        }
        let decoded = match kind {
            Kind::Runtime => decode(json).map(|it| Config::Runtime(Box::new(it))),
            Kind::Connector => decode(json).map(|it| Config::Connector(Box::new(it))),
            Kind::Integration => decode(json).map(|it| Config::Integration(Box::new(it))),
            Kind::Pipeline => decode(json).map(|it| Config::Pipeline(Box::new(it))),
            Kind::Map => decode(json).map(|it| Config::Map(Box::new(it))),
            Kind::Routine => decode(json).map(|it| Config::Routine(Box::new(it))),
            Kind::Tenant => decode(json).map(|it| Config::Tenant(Box::new(it))),
            Kind::Test => decode(json).map(|it| Config::Test(Box::new(it))),
        };
        decoded
            .map_err(|Undecodable { at, message }| {
                let span = index.span(&at, PointerTarget::Value);
                let headline = format!("this cannot be read as a {}", kind.name());
                self.diagnostics
                    .push(Diagnostic::new(Code::BadValue, span, headline).label(message));
            })
            .ok()
    }
}

/// What can be told of a document that is no YAML: the two lines it begins with. Its name is then known, so that
/// nothing else is said of those who speak of it.
fn unreadable(source: &Source, parsed: ParsedDocument) -> Option<Document> {
    let text = source.text().get(parsed.span.start..)?;
    let word = |key: &str| {
        let lines = text.lines().enumerate();
        let own = lines
            .take_while(|(at, line)| *at == 0 || !line.starts_with("---"))
            .map(|(_, line)| line);
        let mut values = own.filter_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        values
            .next()
            .map(|value| value.trim().trim_matches(['"', '\'']))
    };
    let kind = Kind::ALL
        .iter()
        .copied()
        .find(|kind| Some(kind.name()) == word("kind"))?;
    Some(Document {
        kind,
        name: word("name").unwrap_or_default().into(),
        source: source.clone(),
        index: parsed.index,
        json: Json::Null,
        config: None,
    })
}

/// Numbers beyond what a field holds are the one thing the schema does not say.
struct Undecodable {
    at: Pointer,
    message: String,
}

fn decode<T: DeserializeOwned>(json: &Json) -> Result<T, Undecodable> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let mut at = Pointer::root();
        for segment in error.path() {
            match segment {
                serde_path_to_error::Segment::Seq { index } => at.push_index(*index),
                serde_path_to_error::Segment::Map { key } => at.push_key(key.as_str()),
                serde_path_to_error::Segment::Enum { .. }
                | serde_path_to_error::Segment::Unknown => {}
            }
        }
        Undecodable {
            at,
            message: error.into_inner().to_string(),
        }
    })
}

/// The schema of a kind, prepared when it is first needed.
fn shapes(kind: Kind) -> &'static Shapes {
    static SHAPES: [OnceLock<Shapes>; 8] = [const { OnceLock::new() }; 8];
    let at = match kind {
        Kind::Runtime => 0,
        Kind::Connector => 1,
        Kind::Integration => 2,
        Kind::Pipeline => 3,
        Kind::Map => 4,
        Kind::Tenant => 5,
        Kind::Routine => 6,
        Kind::Test => 7,
    };
    SHAPES[at].get_or_init(|| shape::compile(&schema::of(kind)))
}

pub(super) fn is_yaml(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| {
        ending.eq_ignore_ascii_case("yaml") || ending.eq_ignore_ascii_case("yml")
    })
}
