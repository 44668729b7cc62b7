//! The JSON Schema of a stack file, for editors.

use serde_json::{Map, Value, json};

use super::StackConfig;
use super::field::{Field, Rule, Shape};

/// JSON Schema (draft 2020-12) of `Pulumi.<stack>.yaml`.
pub fn schema() -> Value {
    let mut config = Map::new();
    for field in StackConfig::own_fields() {
        match field.key.as_str() {
            "stack" => {}
            "region" => {
                config.insert("aws:region".to_owned(), of_field(&field));
            }
            key => {
                config.insert(format!("aiops:{key}"), of_field(&field));
            }
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of a stack",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": config,
                "patternProperties": { "^aws:": {} },
                "required": ["aws:region", "aiops:environment"],
                "additionalProperties": false,
            },
            "encryptionsalt": { "type": "string" },
            "encryptedkey": { "type": "string" },
            "secretsprovider": { "type": "string" },
        },
    })
}

fn of_field(field: &Field) -> Value {
    let mut schema = of_shape(&field.shape, field.rule);
    if let Value::Object(schema) = &mut schema {
        schema.insert(
            "description".to_owned(),
            Value::from(field.meaning.as_str()),
        );
    }
    schema
}

/// The rule of a list or an optional value is that of what it holds.
fn of_shape(shape: &Shape, rule: Rule) -> Value {
    match shape {
        Shape::Text => match rule {
            Rule::Text { pattern, .. } => json!({"type": "string", "pattern": pattern}),
            _ => json!({"type": "string"}),
        },
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Integer => of_number("integer", rule),
        Shape::Number => of_number("number", rule),
        Shape::Choice(words) => json!({ "enum": words }),
        Shape::Section(fields) => {
            let properties: Map<String, Value> = fields
                .iter()
                .map(|field| (field.key.clone(), of_field(field)))
                .collect();
            json!({"type": "object", "properties": properties, "additionalProperties": false})
        }
        Shape::List(items) => json!({"type": "array", "items": of_shape(items, rule)}),
        Shape::Map { keys, values } => {
            let values = json!({"anyOf": [of_shape(values, rule), {"type": "null"}]});
            let mut schema = json!({"type": "object", "additionalProperties": values});
            if let (false, Value::Object(schema)) = (keys.is_empty(), &mut schema) {
                schema.insert("propertyNames".to_owned(), json!({ "enum": keys }));
            }
            schema
        }
        Shape::Optional(inner) => {
            json!({"anyOf": [of_shape(inner, rule), {"type": "null"}]})
        }
    }
}

fn of_number(kind: &str, rule: Rule) -> Value {
    match rule {
        Rule::Range(low, high) => json!({"type": kind, "minimum": low, "maximum": high}),
        Rule::OneOf(allowed) => json!({"type": kind, "enum": allowed}),
        _ => json!({"type": kind}),
    }
}
