//! One test binary: one link.

#[cfg(test)]
mod connect;
#[cfg(test)]
mod diagnostics;
#[cfg(test)]
mod editor;
#[cfg(test)]
mod other;
mod faults;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod store;
