//! Drives the real binary against the sandbox: the sandbox lives in the test, the engine is a child process.
//!
//! | file | what |
//! | --- | --- |
//! | [`cmd`] | runs the binary, or starts it to be killed |
//! | [`terminal`] | runs it at a terminal, and answers what it asks |
//! | [`world`] | a workspace of its own, a sandbox, one clock for both |
//! | [`yaml`] | changes one value of a file of the workspace |
//! | [`wait`] | waits for something to become true, never for time to pass |
//! | [`books`] | compares what was made with what should have been, and with the store |
//! | [`front`] | stands before a simulator and knows other credentials |
//! | [`hooks`] | starts the daemon, and sends webhooks to it |
//! | [`scrub`] | paths, ids, times and ports to names, for snapshots |

pub(crate) mod books;
pub(crate) mod cmd;
pub(crate) mod front;
pub(crate) mod hooks;
pub(crate) mod scrub;
pub(crate) mod terminal;
pub(crate) mod wait;
pub(crate) mod world;
pub(crate) mod yaml;

pub(crate) use cmd::{Cmd, Ran};
pub(crate) use wait::until;
pub(crate) use world::{Flows, World, WorldConfig};
