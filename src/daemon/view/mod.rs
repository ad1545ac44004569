//! What people and programs see of an engine: plain data, made from the plan, the store and what is remembered in
//! memory. The API shows it as JSON, the console as pages. Nothing here changes anything, and nothing holds a secret.

mod audit;
mod dead;
mod health;
mod integration;
mod list;
mod moment;
mod pipeline;
mod record;
mod reload;
mod settings;
mod tenant;
mod timeline;

pub use audit::{AuditLine, audit};
pub use dead::{
    DeadGroup, DeadLetter, DeadLine, Exchange, Place, dead_groups, dead_letter, dead_letters,
};
pub use health::{ConnectorHealth, FRESH, Health, Trouble, health};
pub use integration::{AgreementText, IntegrationView, TenantCounts, integration, integrations};
pub use list::Page;
pub use moment::At;
pub use pipeline::{
    EntityLine, Pass, PassKind, PausedBy, PipelineView, RecordCount, Source, StepLine, TriggerView,
    WaitsFor, pipeline, pipelines,
};
pub use record::{RecordFilter, RecordLine, RecordView, record_views, records};
pub use reload::{FailedTenant, GenerationView, ReloadKind, ReloadView, generation};
pub use settings::{
    ChoiceLine, Setting, SettingFrom, SettingRow, SettingsGroup, SettingsView, SubjectLine,
    settings,
};
pub use tenant::{
    Accepted, Account, AccountRest, Standing, TenantFilter, TenantView, tenant, tenants,
};
pub use timeline::{Attempt, LinkEndView, LinkLine, OpenRequest, Timeline, find, timeline};
