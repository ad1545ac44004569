//! Simulators of both APIs over loopback HTTP. They share no code with the engine on purpose:
//! they are the other side of the wire, built from the reference.

pub mod kit;
pub mod servicechannel;
pub mod servicetitan;
