//! One test binary: one link.

#[cfg(test)]
mod editor;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod other;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod requirements;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod store;
mod diagnostics;
