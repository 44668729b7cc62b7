//! Values of the graph as the protocol's, and back.
//!
//! The protocol is JSON-like; what JSON cannot say is an object with a signature under one fixed key,
//! and what is not known yet is a fixed text.

use std::collections::BTreeMap;

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};

use crate::graph::{AssetSource, Evaluated};

/// The key of a signature.
pub const SIGNATURE: &str = "4dabf18193072939515e22adb298388d";
/// A secret: `value`.
pub const SECRET: &str = "1b47061264138c4ac30d75fd1eb44270";
/// A reference to a resource: `urn`, `id`.
pub const RESOURCE: &str = "5cf8f73096256a8f31e491e813e4eb8e";
/// An output: `value`, `secret`, `dependencies`.
pub const OUTPUT: &str = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
/// An asset: `path`, `text` or `uri`.
pub const ASSET: &str = "c44067f5952c0a294b673a41bacd8c17";
/// An archive: `path`, `assets` or `uri`.
pub const ARCHIVE: &str = "0def7320c3a5731c473e5ecbe6d01bc7";

/// What stands for a value that is not known yet; the first, for texts, is understood for any type.
pub const UNKNOWN: [&str; 7] = [
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
];

/// Whole numbers up to here have an exact double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Values nest this deep at most; what is deeper becomes unknown instead of exhausting the stack.
const DEEPEST: usize = 100;

/// An object of the protocol. Nothing (`null`) is left out, as the SDKs do.
pub fn object(values: &BTreeMap<String, Evaluated>) -> Struct {
    Struct {
        fields: values
            .iter()
            .filter(|(_, value)| !matches!(value, Evaluated::Null))
            .map(|(key, value)| (key.clone(), encode(value)))
            .collect(),
    }
}

/// A value of the protocol.
pub fn encode(value: &Evaluated) -> Value {
    match value {
        Evaluated::Null => of(Kind::NullValue(0)),
        Evaluated::Bool(flag) => of(Kind::BoolValue(*flag)),
        Evaluated::Integer(integer) => of(Kind::NumberValue(double(*integer))),
        Evaluated::Number(number) => of(Kind::NumberValue(*number)),
        Evaluated::String(text) => string(text),
        Evaluated::List(items) => of(Kind::ListValue(ListValue {
            values: items.iter().map(encode).collect(),
        })),
        Evaluated::Object(map) => of(Kind::StructValue(object(map))),
        Evaluated::Unknown => string(UNKNOWN[0]),
        Evaluated::Secret(inner) => signed(SECRET, [("value", encode(inner))]),
        Evaluated::Archive(path) => signed(ARCHIVE, [("path", string(path))]),
        Evaluated::Asset(AssetSource::Path(path)) => signed(ASSET, [("path", string(path))]),
        Evaluated::Asset(AssetSource::Text(text)) => signed(ASSET, [("text", string(text))]),
    }
}

/// The value of an answer. Whatever the engine sends has one: what is malformed or of a kind that the
/// graph does not have is unknown, and so can never be taken for something it is not.
pub fn decode(value: &Value) -> Evaluated {
    decode_at(value, 0)
}

/// The properties of an answer.
pub fn decode_object(object: &Struct) -> BTreeMap<String, Evaluated> {
    properties(object, 0)
}

fn properties(object: &Struct, depth: usize) -> BTreeMap<String, Evaluated> {
    object
        .fields
        .iter()
        .map(|(key, value)| (key.clone(), decode_at(value, depth + 1)))
        .collect()
}

fn decode_at(value: &Value, depth: usize) -> Evaluated {
    if depth > DEEPEST {
        return Evaluated::Unknown;
    }
    match &value.kind {
        None | Some(Kind::NullValue(_)) => Evaluated::Null,
        Some(Kind::BoolValue(flag)) => Evaluated::Bool(*flag),
        Some(Kind::NumberValue(number)) => decode_number(*number),
        Some(Kind::StringValue(text)) if UNKNOWN.contains(&text.as_str()) => Evaluated::Unknown,
        Some(Kind::StringValue(text)) => Evaluated::String(text.clone()),
        Some(Kind::ListValue(list)) => Evaluated::List(
            list.values
                .iter()
                .map(|item| decode_at(item, depth + 1))
                .collect(),
        ),
        Some(Kind::StructValue(object)) => match text_field(object, SIGNATURE) {
            Some(signature) => decode_signed(signature, object, depth),
            None if object.fields.contains_key(SIGNATURE) => Evaluated::Unknown,
            None => Evaluated::Object(properties(object, depth)),
        },
    }
}

fn decode_signed(signature: &str, object: &Struct, depth: usize) -> Evaluated {
    let inner = || {
        object
            .fields
            .get("value")
            .map_or(Evaluated::Unknown, |value| decode_at(value, depth + 1))
    };
    match signature {
        SECRET => inner().into_secret(),
        OUTPUT => {
            let secret = matches!(
                object
                    .fields
                    .get("secret")
                    .and_then(|value| value.kind.as_ref()),
                Some(Kind::BoolValue(true))
            );
            if secret {
                inner().into_secret()
            } else {
                inner()
            }
        }
        // A reference stands for the resource's id.
        RESOURCE => match text_field(object, "id") {
            Some(id) if !id.is_empty() && !UNKNOWN.contains(&id) => {
                Evaluated::String(id.to_owned())
            }
            _ => Evaluated::Unknown,
        },
        ARCHIVE => text_field(object, "path").map_or(Evaluated::Unknown, |path| {
            Evaluated::Archive(path.to_owned())
        }),
        ASSET => match (text_field(object, "path"), text_field(object, "text")) {
            (Some(path), _) => Evaluated::Asset(AssetSource::Path(path.to_owned())),
            (None, Some(text)) => Evaluated::Asset(AssetSource::Text(text.to_owned())),
            (None, None) => Evaluated::Unknown,
        },
        _ => Evaluated::Unknown,
    }
}

fn decode_number(number: f64) -> Evaluated {
    if !number.is_finite() {
        return Evaluated::Null;
    }
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and within the exact range"
        )]
        return Evaluated::Integer(number as i64);
    }
    Evaluated::Number(number)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the protocol has doubles only; no input of a resource is beyond 2^53"
)]
fn double(integer: i64) -> f64 {
    integer as f64
}

fn of(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}

fn string(text: &str) -> Value {
    of(Kind::StringValue(text.to_owned()))
}

fn signed<const N: usize>(signature: &str, fields: [(&str, Value); N]) -> Value {
    let mut object = Struct::default();
    object
        .fields
        .insert(SIGNATURE.to_owned(), string(signature));
    for (key, value) in fields {
        object.fields.insert(key.to_owned(), value);
    }
    of(Kind::StructValue(object))
}

fn text_field<'a>(object: &'a Struct, key: &str) -> Option<&'a str> {
    match object.fields.get(key)?.kind.as_ref()? {
        Kind::StringValue(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
