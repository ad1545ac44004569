//! The requirements of the shipped integration, one test each, named for its number: the real binary against both
//! simulators, with the shipped pipelines and settings changed as a person changes them, in the YAML.
//!
//! | file | what |
//! | --- | --- |
//! | `setup` | off until turned on, credentials, secrets, defaults (R1 to R6) |
//! | `campaign` | made once, carried by everything, waited for (R8 to R11) |
//! | `scope` | which work orders come over (R12 to R17) |
//! | `booking` | the booking flow (R18) |
//! | `answers` | what the office answers to a booking (R19 to R24) |
//! | `job_status` | what happens to jobs and visits (R30, R40 to R48, R50) |
//! | `board` | the dispatch board flow, NTE (R25 to R28, R31, R32) |
//! | `content` | dates and summary (R35 to R39) |
//! | `files` | photos and files both ways (R70) |
//! | `forward` | what changes in a work order later (R29, R33, R34, R49) |
//! | `invoices` | invoices, and what becomes of them (R51 to R58) |
//! | `notes` | notes both ways (R69) |
//! | `visits` | who came and went, and who is on the way (R71, R74) |
//! | `trouble` | states, failures, a crash (R64 to R66) |
//! | `webhooks` | how soon a status goes back (R73) |
//! | `settings` | what is changed in YAML is what the next run sends |
//! | `mistakes` | what is misspelt is refused, with the caret on it |
//! | `office` | what a test asks both sides, and does in a person's place |

mod answers;
mod board;
mod booking;
mod campaign;
mod content;
mod files;
mod forward;
mod invoices;
mod job_status;
mod mistakes;
mod notes;
pub(crate) mod office;
mod scope;
mod settings;
mod setup;
mod trouble;
mod visits;
mod webhooks;

pub(crate) use office::{both_ways, call_in_open, people, reword, stands, statuses};
