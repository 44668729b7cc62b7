//! JSON values as DynamoDB holds them, and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Number, Value};

use crate::ports::{self, Item, ItemKey, PortError, PortResult};

/// An item in the SDK's form.
pub(super) type Attributes = HashMap<String, AttributeValue>;

/// A JSON value in DynamoDB's form.
pub(super) fn to_attribute(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(value),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(values) => AttributeValue::L(values.into_iter().map(to_attribute).collect()),
        Value::Object(entries) => AttributeValue::M(
            entries
                .into_iter()
                .map(|(name, value)| (name, to_attribute(value)))
                .collect(),
        ),
    }
}

/// The attributes of a key.
pub(super) fn key_attributes(key: ItemKey) -> Attributes {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk)),
        ("sk".to_owned(), AttributeValue::S(key.sk)),
    ])
}

/// A whole item.
pub(super) fn to_attributes(key: ItemKey, attributes: ports::Attributes) -> Attributes {
    let mut all = key_attributes(key);
    all.extend(
        attributes
            .into_iter()
            .map(|(name, value)| (name, to_attribute(value))),
    );
    all
}

/// The item of an answer; `what` was read.
pub(super) fn from_attributes(attributes: Attributes, what: &str) -> PortResult<Item> {
    let mut key = ItemKey::new("", "");
    let mut values = ports::Attributes::new();
    for (name, value) in attributes {
        match (name.as_str(), value) {
            ("pk", AttributeValue::S(text)) => key.pk = text,
            ("sk", AttributeValue::S(text)) => key.sk = text,
            (_, value) => {
                let value = from_attribute(value).ok_or_else(|| PortError::Permanent {
                    what: what.to_owned(),
                    detail: format!("attribute `{name}` has a type that is never written here"),
                })?;
                values.insert(name, value);
            }
        }
    }
    Ok(Item {
        key,
        attributes: values,
    })
}

fn from_attribute(value: AttributeValue) -> Option<Value> {
    Some(match value {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(value) => Value::Bool(value),
        AttributeValue::N(text) => Value::Number(number(&text)?),
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::L(values) => Value::Array(
            values
                .into_iter()
                .map(from_attribute)
                .collect::<Option<_>>()?,
        ),
        AttributeValue::M(entries) => {
            // The order of a map is lost on the way: by name, so that it is always the same.
            let mut entries: Vec<_> = entries
                .into_iter()
                .map(|(name, value)| Some((name, from_attribute(value)?)))
                .collect::<Option<_>>()?;
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(Map::from_iter(entries))
        }
        _ => return None,
    })
}

fn number(text: &str) -> Option<Number> {
    text.parse::<i64>()
        .map(Number::from)
        .or_else(|_| text.parse::<u64>().map(Number::from))
        .ok()
        .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_survives_the_way_through_attributes() {
        let attributes: ports::Attributes = [
            ("text", json!("x")),
            ("whole", json!(-7)),
            ("large", json!(u64::MAX)),
            ("real", json!(0.1)),
            ("nested", json!({"a": [1, null, true, {"b": "c"}]})),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let item = Item {
            key: ItemKey::new("p", "s"),
            attributes: attributes.clone(),
        };
        let written = to_attributes(item.key.clone(), attributes);
        assert_eq!(from_attributes(written, "a test").unwrap(), item);
    }
}
