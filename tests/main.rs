//! One test binary: one link.

#[cfg(test)]
mod editor;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod schemas;
mod sandbox;
mod schemas;
mod store;
