//! JSON Schema of each kind, as editors read it (draft 2020-12), made from the types of this module.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Connector, Integration, Kind, Map, Pipeline, Runtime, Tenant};

macro_rules! kind_word {
    ($($name:ident = $word:literal),+ $(,)?) => {$(
        #[doc = concat!("The word `", $word, "`.")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            #[doc = concat!("This document is a ", $word, ".")]
            #[default]
            #[serde(rename = $word)]
            Word,
        }
    )+};
}

kind_word! {
    RuntimeKind = "runtime",
    ConnectorKind = "connector",
    IntegrationKind = "integration",
    PipelineKind = "pipeline",
    MapKind = "map",
    TenantKind = "tenant",
}

/// The JSON Schema of `kind`, draft 2020-12.
pub fn of(kind: Kind) -> Json {
    let generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = false)
        .with_transform(RecursiveTransform(drop_noise))
        .into_generator();
    let mut schema = match kind {
        Kind::Runtime => generator.into_root_schema_for::<Runtime>(),
        Kind::Connector => generator.into_root_schema_for::<Connector>(),
        Kind::Integration => generator.into_root_schema_for::<Integration>(),
        Kind::Pipeline => generator.into_root_schema_for::<Pipeline>(),
        Kind::Map => generator.into_root_schema_for::<Map>(),
        Kind::Tenant => generator.into_root_schema_for::<Tenant>(),
    };
    RecursiveTransform(drop_noise).transform(&mut schema);
    schema.to_value()
}

/// Removes `format` of integers and `default: null`, which editors show and nobody needs.
fn drop_noise(schema: &mut Schema) {
    if let Some(object) = schema.as_object_mut() {
        let integer = object.get("type").and_then(Json::as_str) == Some("integer");
        if integer {
            object.remove("format");
        }
        if object.get("default").is_some_and(Json::is_null) {
            object.remove("default");
        }
    }
}
