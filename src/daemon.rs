//! Puts the parts together, shuts them down.
