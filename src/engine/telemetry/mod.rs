//! What operators see of a running engine: the names of metrics, log fields and spans, and the meters that count.
//!
//! [`names`] is the only place where a metric gets its name. [`Metrics`] owns the registry; there is no global one.
//! Parts of the engine are handed a meter and count with it; what can be read from the state (dead records, budgets)
//! is read when somebody asks, through [`Gauges`].

mod gauges;
mod meters;
pub mod names;
#[cfg(feature = "otlp")]
pub mod otlp;
mod process;
mod root;

pub use gauges::Gauges;
pub use meters::{
    CONTENT_TYPE, HookMeter, HttpClass, HttpEndpoint, HttpMeter, HttpMethod, Metrics,
    PipelineMeter, StoreMeter,
};
pub use process::Process;
pub use root::of_root;
