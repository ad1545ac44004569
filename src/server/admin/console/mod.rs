//! The console: pages made here, for people. They work without scripts for reading and for giving orders; with scripts
//! they follow what happens.
//!
//! | file | what |
//! | --- | --- |
//! | [`visit`] | who looks at a page or sends a form, and what they are told when they may not |
//! | [`pages`] | the templates |
//! | [`live`] | pages that follow what happens |
//! | [`facts`] | what several pages say alike |

mod assets;
mod audit;
mod dead;
mod facts;
mod files;
mod integrations;
mod live;
mod login;
mod notices;
mod overview;
mod pages;
mod picture;
mod record;
mod settings;
mod settings_edit;
mod setup;
mod tenant;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::Admin;

/// What the console remembers between requests.
#[derive(Debug, Default)]
pub(super) struct Console {
    notices: notices::Notices,
    standing: facts::Kept,
}

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route("/", get(overview::page))
        .route("/login", get(login::form).post(login::enter))
        .route("/logout", post(login::leave))
        .route("/assets/{name}", get(assets::asset))
        .route("/pause", post(overview::pause))
        .route("/resume", post(overview::resume))
        .route("/reload", post(overview::reload))
        .route("/records", get(record::page))
        .route("/dead", get(dead::page))
        .route("/dead/letter", get(dead::letter))
        .route("/dead/retry", post(dead::retry))
        .route("/dead/resolve", post(dead::resolve))
        .route("/tenants/{tenant}", get(tenant::page))
        .route("/tenants/{tenant}/pause", post(tenant::pause))
        .route("/tenants/{tenant}/resume", post(tenant::resume))
        .route(
            "/tenants/{tenant}/pipelines/{pipeline}/pause",
            post(tenant::pause_pipeline),
        )
        .route(
            "/tenants/{tenant}/pipelines/{pipeline}/resume",
            post(tenant::resume_pipeline),
        )
        .route(
            "/tenants/{tenant}/pipelines/{pipeline}/read",
            post(tenant::read_now),
        )
        .route("/tenants/{tenant}/on", post(integrations::on))
        .route("/tenants/{tenant}/off", post(integrations::off))
        .route(
            "/tenants/{tenant}/settings",
            get(settings::page).post(settings_edit::change),
        )
        .route("/tenants/{tenant}/setup", get(setup::page))
        .route("/tenants/{tenant}/setup/agree", post(setup::agree))
        .route("/tenants/{tenant}/setup/check", post(setup::check))
        .route("/integrations", get(integrations::page))
        .route("/files", get(files::page))
        .route("/audit", get(audit::page))
        .fallback(visit::nowhere)
}
