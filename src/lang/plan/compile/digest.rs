//! Of which files a plan was made, in a few bytes: what tells whether a reload changes something, and for whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::lang::load::{Config, Document, Project};
use crate::lang::plan::Digest;

/// Of everything that tenants share, and of each tenant with it.
pub(super) struct Digests {
    pub(super) shared: Digest,
    pub(super) all: Digest,
}

/// Digests of a project. Files with cases only count for nothing: they change nothing that runs.
pub(super) fn of(project: &Project) -> Digests {
    let runs = |document: &&Document| !matches!(document.config, Some(Config::Test(_)));
    let is_tenant = |document: &&Document| matches!(document.config, Some(Config::Tenant(_)));
    let documents = || project.documents.iter().filter(runs);
    let text = |document: &Document| {
        let source = &document.source;
        (source.name().to_owned(), source.text().to_owned())
    };
    let shared: BTreeMap<String, String> = documents()
        .filter(|document| !is_tenant(document))
        .map(text)
        .chain(
            project
                .files
                .iter()
                .map(|(name, text)| (name.clone(), text.to_string())),
        )
        .collect();
    let tenants: BTreeSet<(String, String)> = documents().filter(is_tenant).map(text).collect();
    let shared = hash(shared.iter());
    let mut hasher = blake3::Hasher::new();
    hasher.update(&shared.0);
    hasher.update(&hash(tenants.iter().map(|(name, text)| (name, text))).0);
    Digests {
        shared,
        all: Digest(hasher.finalize().into()),
    }
}

/// Of one tenant, and what it shares with others.
pub(super) fn of_tenant(shared: Digest, document: &Document) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&shared.0);
    hasher.update(document.source.text().as_bytes());
    Digest(hasher.finalize().into())
}

fn hash<'t>(parts: impl Iterator<Item = (&'t String, &'t String)>) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for (name, text) in parts {
        for part in [name, text] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    Digest(hasher.finalize().into())
}
