//! Text and where things stand in it.
