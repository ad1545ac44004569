//! The params of a connector: what an account gives.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::site::Site;
use super::values::Unknown;
use super::words::is_identifier;
use crate::lang::config::{self, ParamScope, ParamType};
use crate::lang::diag::Code;
use crate::lang::expr::Type;
use crate::lang::plan::Param;

/// Compiles the params, and checks each.
pub(super) fn compile(site: &Site<'_>, config: &config::Connector) -> IndexMap<Arc<str>, Param> {
    let site = site.key("params");
    let compiled = config.params.iter().map(|(name, param)| {
        let site = site.key(name.as_str());
        check_param(&site, name, param);
        let compiled = Param {
            type_: param.type_,
            default: param.default.as_ref().map(|default| default.0.clone()),
            secret: param.secret,
            scope: param.per,
            required: param.required.unwrap_or(param.default.is_none()),
            description: param.description.as_deref().map(Arc::from),
        };
        (Arc::from(name.as_str()), compiled)
    });
    compiled.collect()
}

fn check_param(site: &Site<'_>, name: &str, param: &config::Param) {
    if !is_identifier(name) {
        site.fault_key(
            Code::BadName,
            format!("`{name}` is not a name that expressions can use"),
        )
        .label("a small letter, then small letters, digits or `_`")
        .report();
    }
    let Some(default) = &param.default else {
        return;
    };
    let place = site.key("default");
    if param.secret {
        place
            .fault(
                Code::SecretInPlainText,
                format!("the secret `{name}` has a default"),
            )
            .label("would stand in plain text, and be the same for everyone")
            .help("leave the default away; each account names its own secret")
            .report();
    } else if !fits(param.type_, &default.0) {
        place
            .fault(
                Code::DefaultWrongType,
                format!("the default of `{name}` is not {}", type_name(param.type_)),
            )
            .label(format!("must be {}", type_name(param.type_)))
            .report();
    }
}

/// Whether a value has the type of a param.
pub(super) fn fits(ty: ParamType, value: &Json) -> bool {
    match ty {
        ParamType::Text => value.is_string(),
        ParamType::Integer => value.is_i64() || value.is_u64(),
        ParamType::Boolean => value.is_boolean(),
    }
}

/// The type of a param as messages name it.
pub(super) fn type_name(ty: ParamType) -> &'static str {
    match ty {
        ParamType::Text => "text",
        ParamType::Integer => "a whole number",
        ParamType::Boolean => "`true` or `false`",
    }
}

/// The params that are shown, as a type.
pub(super) fn types(config: &config::Connector, shown: impl Fn(&config::Param) -> bool) -> Type {
    Type::object(
        config
            .params
            .iter()
            .filter(|(_, param)| shown(param))
            .map(|(name, param)| {
                let ty = match param.type_ {
                    ParamType::Text => Type::Text,
                    ParamType::Integer => Type::Int,
                    ParamType::Boolean => Type::Bool,
                };
                (name.as_str(), ty)
            }),
    )
}

/// The params whose values name an account must be there, be given by the tenant, and be no secret: their values
/// are keys in the store (S30).
pub(super) fn check_identity(site: &Site<'_>, config: &config::Connector) {
    let list = site.key("identity");
    if config.identity.is_empty() {
        list.fault(Code::IdentityMissing, format!("nothing says whose data `{}` sees", config.name.as_str()))
            .label("names no param")
            .help("name the params that tell one customer's data from another's; state is kept under their values")
            .report();
    }
    for (index, name) in config.identity.iter().enumerate() {
        let site = list.index(index);
        match config.params.get(name) {
            None => {
                Unknown {
                    code: Code::UnknownParam,
                    what: "param",
                    of: None,
                    several: "params",
                }
                .at(&site, name, config.params.keys().map(String::as_str));
            }
            Some(param) if param.secret || param.per == ParamScope::App => {
                let why = if param.secret {
                    "is a secret"
                } else {
                    "is the same for all tenants"
                };
                site.fault(
                    Code::IdentityMissing,
                    format!("`{name}` cannot say whose data it is"),
                )
                .label(why)
                .help("name a param of the account that is no secret")
                .report();
            }
            Some(_) => {}
        }
    }
}
