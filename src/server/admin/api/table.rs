//! Every endpoint.

use super::super::auth::Scope;
use super::operation::Operation;
use super::{process, records, settings, tenants};

pub(super) fn operations() -> Vec<Operation> {
    let mut all = of_the_process();
    all.extend(of_tenants());
    all.extend(of_records());
    all.extend(of_settings());
    all
}

fn of_the_process() -> Vec<Operation> {
    vec![
        Operation::get(
            "/openapi.json",
            "openapi",
            "This document",
            process::openapi,
        )
        .open(),
        Operation::get(
            "/whoami",
            "whoami",
            "Who asks, and what they may do",
            process::whoami,
        ),
        Operation::get(
            "/generation",
            "generation",
            "Which plan holds, and how the last reload went, with every mistake of the files",
            process::generation,
        ),
        Operation::post(
            Scope::Admin,
            "/reload",
            "reload",
            "Reads files and secrets anew; a bad edit leaves the plan of before in place",
            process::reload,
        ),
        Operation::get(
            "/audit",
            "audit",
            "What was asked for, by whom and when, the latest first",
            process::audit,
        ),
        Operation::post(
            Scope::Operate,
            "/pause",
            "pause_everything",
            "Pauses everything, durably: what was begun ends, nothing more begins",
            tenants::pause_all,
        ),
        Operation::post(
            Scope::Operate,
            "/resume",
            "resume_everything",
            "Lets everything go on that is not paused by itself",
            tenants::resume_all,
        ),
    ]
}

fn of_tenants() -> Vec<Operation> {
    vec![
        Operation::get(
            "/integrations",
            "integrations",
            "What is offered, and how many tenants have it on",
            tenants::integrations,
        ),
        Operation::get(
            "/integrations/{integration}",
            "integration",
            "One integration, with the agreement it asks for",
            tenants::integration,
        ),
        Operation::get(
            "/tenants",
            "tenants",
            "Tenants by name: phase, counts, lag, closed requirements, accounts",
            tenants::tenants,
        ),
        Operation::get("/tenants/{tenant}", "tenant", "One tenant", tenants::tenant),
        Operation::post(
            Scope::Admin,
            "/tenants/{tenant}/agree",
            "agree",
            "Accepts the agreement of an integration for a tenant, which need not have a file yet",
            tenants::agree,
        ),
        Operation::post(
            Scope::Admin,
            "/tenants/{tenant}/on",
            "turn_on",
            "Turns the integration on",
            tenants::on,
        ),
        Operation::post(
            Scope::Admin,
            "/tenants/{tenant}/off",
            "turn_off",
            "Turns it off; nothing is sent for the tenant after the reply",
            tenants::off,
        ),
        Operation::post(
            Scope::Operate,
            "/tenants/{tenant}/pause",
            "pause_tenant",
            "Pauses a tenant, durably; nothing is sent for it after the reply",
            tenants::pause_tenant,
        ),
        Operation::post(
            Scope::Operate,
            "/tenants/{tenant}/resume",
            "resume_tenant",
            "Lets a tenant go on",
            tenants::resume_tenant,
        ),
        Operation::post(
            Scope::Operate,
            "/tenants/{tenant}/check",
            "check",
            "Tries credentials, requirements and chosen values",
            tenants::check,
        ),
        Operation::get(
            "/tenants/{tenant}/pipelines",
            "pipelines",
            "Its pipelines: steps, sources with their last passes, counts",
            tenants::pipelines,
        ),
        Operation::get(
            "/tenants/{tenant}/pipelines/{pipeline}",
            "pipeline",
            "One pipeline",
            tenants::pipeline,
        ),
        Operation::get(
            "/tenants/{tenant}/pipelines/{pipeline}/runs",
            "runs",
            "The last passes over its sources since the process started, the latest first",
            tenants::runs,
        ),
        Operation::post(
            Scope::Operate,
            "/tenants/{tenant}/pipelines/{pipeline}/read",
            "read",
            "Reads its source now",
            tenants::read,
        ),
        Operation::post(
            Scope::Operate,
            "/tenants/{tenant}/pipelines/{pipeline}/pause",
            "pause_pipeline",
            "Pauses a pipeline, durably: what was begun ends",
            tenants::pause_pipeline,
        ),
        Operation::post(
            Scope::Operate,
            "/tenants/{tenant}/pipelines/{pipeline}/resume",
            "resume_pipeline",
            "Lets a pipeline go on",
            tenants::resume_pipeline,
        ),
    ]
}

fn of_records() -> Vec<Operation> {
    vec![
        Operation::get(
            "/find",
            "find",
            "In which tenants something is known of an id of either side",
            records::find,
        ),
        Operation::get(
            "/tenants/{tenant}/records",
            "records",
            "Records by key, with where they stand and why",
            records::records,
        ),
        Operation::get(
            "/tenants/{tenant}/records/{key}",
            "record",
            "The records with a key, over all pipelines, with what the source said",
            records::record,
        ),
        Operation::get(
            "/tenants/{tenant}/trace/{id}",
            "trace",
            "What happened to a record, found by the id of either side: links, states, every attempt",
            records::trace,
        ),
        Operation::post(
            Scope::Operate,
            "/tenants/{tenant}/records/{key}/retry",
            "retry",
            "Works a record again, on its latest version",
            records::retry,
        ),
        Operation::post(
            Scope::Operate,
            "/tenants/{tenant}/records/{key}/resolve",
            "resolve",
            "Says what a record became on the other side",
            records::resolve,
        ),
        Operation::post(
            Scope::Operate,
            "/tenants/{tenant}/records/{key}/forget",
            "forget",
            "Forgets what was decided when a record was first seen: it is read and judged again",
            records::forget,
        ),
        Operation::get(
            "/dead",
            "dead_causes",
            "Why records were given up, the most frequent cause first",
            records::causes,
        ),
        Operation::get(
            "/tenants/{tenant}/dead",
            "dead",
            "Records that were given up, the oldest first",
            records::dead,
        ),
        Operation::get(
            "/tenants/{tenant}/dead/{key}",
            "dead_letter",
            "One of them with its payload, its last attempt, the exchange that failed and the line that asked for it",
            records::letter,
        ),
        Operation::post(
            Scope::Operate,
            "/tenants/{tenant}/retry",
            "retry_dead",
            "Works records again that were given up: all, or those of a pipeline or a cause",
            records::retry_all,
        ),
    ]
}

fn of_settings() -> Vec<Operation> {
    vec![
        Operation::get(
            "/tenants/{tenant}/settings",
            "settings",
            "Every setting that holds, for all or for one subject, and where it is said",
            settings::settings,
        ),
        Operation::post(
            Scope::Admin,
            "/tenants/{tenant}/settings/set",
            "set_settings",
            "Chooses values in the tenant's file, if the workspace is valid with them, and takes them up",
            settings::set,
        ),
        Operation::post(
            Scope::Admin,
            "/tenants/{tenant}/settings/unset",
            "unset_settings",
            "Takes choices back",
            settings::unset,
        ),
        Operation::post(
            Scope::Admin,
            "/tenants/{tenant}/settings/restore",
            "restore_settings",
            "Takes back everything that a subject has otherwise",
            settings::restore,
        ),
    ]
}
