//! HTTP out over real loopback sockets: what a byte on the wire proves, tokens, limits, secrets.

mod crash;
mod send;
mod server;
mod tokens;
mod world;
