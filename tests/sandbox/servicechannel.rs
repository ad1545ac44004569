//! The simulated ServiceChannel, line by line of the reference's check list.

mod limits;
mod login;
mod odata;
mod paging;
mod people;
mod rest;
mod writes;
