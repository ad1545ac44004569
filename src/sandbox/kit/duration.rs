//! Durations as people write them: `250ms`, `5s`, `2m`. For `#[serde(with = "duration")]`.

use std::time::Duration;

use serde::{Deserialize as _, Deserializer, Serializer, de};

/// As text.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

/// From text.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let written = String::deserialize(deserializer)?;
    humantime::parse_duration(&written)
        .map_err(|error| de::Error::custom(format!("`{written}` is no duration: {error}")))
}
