//! A workspace that was read: its documents, decoded, and the other files they name.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::lang::config::{self, Kind};
use crate::lang::diag::Diagnostic;
use crate::lang::source::{Source, SourceMap, SpanIndex};

/// Everything that was read of a workspace.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The folder it was read from; empty when it came from memory.
    pub workspace: PathBuf,
    /// Every file with YAML, for messages.
    pub sources: SourceMap,
    /// The documents whose kind is known, in the order of the files.
    pub documents: Vec<Document>,
    /// The text of other files that documents name, by their route from the workspace.
    pub files: HashMap<String, Arc<str>>,
    /// What is wrong with the files as YAML and with the shape of the documents.
    pub diagnostics: Vec<Diagnostic>,
}

/// One document.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it is.
    pub kind: Kind,
    /// Its name; empty when it has none that can be read.
    pub name: Arc<str>,
    /// The file it is in.
    pub source: Source,
    /// Where everything in it stands.
    pub index: SpanIndex,
    /// The document as data.
    pub json: serde_json::Value,
    /// What it says; none when its shape is wrong, and then something in the project's diagnostics says why.
    pub config: Option<Config>,
}

/// What a document says.
#[derive(Clone, Debug)]
pub enum Config {
    /// `kind: runtime`
    Runtime(Box<config::Runtime>),
    /// `kind: connector`
    Connector(Box<config::Connector>),
    /// `kind: integration`
    Integration(Box<config::Integration>),
    /// `kind: pipeline`
    Pipeline(Box<config::Pipeline>),
    /// `kind: map`
    Map(Box<config::Map>),
    /// `kind: routine`
    Routine(Box<config::Routine>),
    /// `kind: tenant`
    Tenant(Box<config::Tenant>),
    /// `kind: test`
    Test(Box<config::Test>),
}

impl Document {
    /// The folder its file is in, relative to the workspace; empty for the workspace itself.
    pub fn folder(&self) -> &str {
        self.source
            .name()
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
    }

    /// The route from the workspace of a file that this document names relative to itself.
    pub fn beside(&self, file: &str) -> String {
        route(self.folder(), file)
    }
}

/// What the documents of one kind say, of those whose shape is right.
macro_rules! of_kind {
    ($($(#[$doc:meta])* $name:ident: $kind:ident;)*) => {
        impl Project {$(
            $(#[$doc])*
            pub fn $name(&self) -> impl Iterator<Item = &config::$kind> {
                self.documents.iter().filter_map(|document| match &document.config {
                    Some(Config::$kind(config)) => Some(&**config),
                    Some(_) | None => None,
                })
            }
        )*}
    };
}

of_kind! {
    /// The connectors, in the order of the files.
    connectors: Connector;
    /// The maps, in the order of the files.
    maps: Map;
}

impl Project {
    /// A connector by its name.
    pub fn connector(&self, name: &str) -> Option<&config::Connector> {
        self.connectors().find(|it| it.name.as_str() == name)
    }

    /// The text of a file that a document names.
    pub fn file(&self, document: &Document, name: &str) -> Option<&Arc<str>> {
        self.files.get(&document.beside(name))
    }

    /// The files that documents name, by their route from the workspace, each once.
    pub fn wanted(&self) -> Vec<String> {
        let mut wanted = Vec::new();
        for document in &self.documents {
            let names: Vec<&str> = match &document.config {
                Some(Config::Connector(connector)) => connector
                    .records
                    .values()
                    .map(config::text::FileName::as_str)
                    .collect(),
                Some(Config::Integration(integration)) => integration
                    .agreement
                    .iter()
                    .map(|agreement| agreement.text.as_str())
                    .collect(),
                Some(
                    Config::Runtime(_)
                    | Config::Pipeline(_)
                    | Config::Map(_)
                    | Config::Routine(_)
                    | Config::Tenant(_)
                    | Config::Test(_),
                )
                | None => Vec::new(),
            };
            wanted.extend(names.into_iter().map(|name| document.beside(name)));
        }
        wanted.sort();
        wanted.dedup();
        wanted
    }
}

/// `file` as seen from `folder`, with `.` and `..` worked out. It may lead out of the workspace.
fn route(folder: &str, file: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::route;

    #[test]
    fn routes_lead_up_and_out() {
        assert_eq!(route("a/b", "c.json"), "a/b/c.json");
        assert_eq!(route("a/b", "../../x/c.json"), "x/c.json");
        assert_eq!(
            route("connectors", "../../schemas/c.json"),
            "../schemas/c.json"
        );
        assert_eq!(route("", "./c.json"), "c.json");
    }
}
