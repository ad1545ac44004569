//! The made-up APIs. They share no code with the engine or with the simulators it ships with: an API that the
//! engine's own people wrote with the engine's own tools would prove little.

pub(crate) mod depot;
mod depot_routes;
pub(crate) mod orchard;
pub(crate) mod serve;
