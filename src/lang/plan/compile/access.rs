//! `access:` of `kind: runtime`: who may use the admin listener.

use std::net::SocketAddr;

use super::site::Site;
use crate::lang::config;
use crate::lang::diag::Code;
use crate::lang::plan::Access;

pub(super) fn compile(config: &config::Runtime) -> Vec<Access> {
    let access = config.access.iter().map(|access| Access {
        name: access.name.as_str().into(),
        scope: access.scope,
        token: access.token.secret.as_str().into(),
    });
    access.collect()
}

/// Checks that names and tokens tell those who ask apart, and that somebody has one where others can reach the listener.
pub(super) fn check(site: &Site<'_>, config: &config::Runtime) {
    let place = site.key("access");
    for (index, access) in config.access.iter().enumerate() {
        let at = place.index(index);
        let mut before = config.access.iter().take(index).enumerate();
        if let Some((first, _)) = before.clone().find(|(_, other)| other.name == access.name) {
            at.key("name")
                .fault(
                    Code::DuplicateName,
                    format!(
                        "two of those who have access are called `{}`",
                        access.name.as_str()
                    ),
                )
                .label("is the second one")
                .also(place.index(first).key("name").span(), "the first one")
                .help("the audit log tells them apart by their names: give each its own")
                .report();
        }
        if let Some((first, other)) = before.find(|(_, other)| other.token == access.token) {
            at.key("token")
                .fault(
                    Code::BadSecret,
                    format!(
                        "`{}` has the token of `{}`",
                        access.name.as_str(),
                        other.name.as_str()
                    ),
                )
                .label("is another's token")
                .also(place.index(first).key("token").span(), "the other")
                .help("name a secret of its own: who asks is known by the token")
                .report();
        }
    }
    let admin = config.listen.as_ref().and_then(|it| it.admin.as_deref());
    let reached = admin
        .and_then(|at| at.parse::<SocketAddr>().ok())
        .is_some_and(|at| !at.ip().is_loopback());
    if reached && config.access.is_empty() {
        site.key("listen")
            .key("admin")
            .fault(
                Code::AdminWithoutAccess,
                "other machines can reach the admin listener, and nobody there may use it",
            )
            .label("is not this machine alone")
            .help("name who may: `access: [{ name: ops, scope: operate, token: { secret: ops/token } }]`")
            .help("or let it be `127.0.0.1:7811`: the command line of this machine needs no token of yours")
            .report();
    }
}
