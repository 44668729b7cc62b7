//! The reference of every key: type, default per environment, meaning.

use std::fmt::Write as _;

use serde_json::Value;

use super::StackConfig;
use super::choices::Environment;
use super::field::{Field, Rule, Section as _, Shape};
use super::value::to_json;

/// One line of the reference.
#[derive(Debug, Clone)]
struct Line {
    path: String,
    shape: String,
    defaults: Vec<Option<Value>>,
    meaning: String,
}

/// Every key as a Markdown table.
pub fn explain() -> String {
    let defaults: Vec<Value> = Environment::ALL
        .iter()
        .map(|environment| to_json(&StackConfig::defaults(*environment)))
        .collect();
    let mut lines = Vec::new();
    for field in StackConfig::own_fields() {
        let path = match field.key.as_str() {
            "stack" => continue,
            "region" => "aws:region".to_owned(),
            key => format!("aiops:{key}"),
        };
        let own = defaults
            .iter()
            .map(|defaults| match field.key.as_str() {
                "region" | "environment" => None,
                key => defaults.get(key).cloned(),
            })
            .collect();
        walk(&field, path, own, &mut lines);
    }
    let mut table = String::from("| key | type | default | meaning |\n| --- | --- | --- | --- |\n");
    for line in lines {
        let cells = [
            line.path.as_str(),
            &line.shape,
            &defaults_text(&line.defaults),
            &line.meaning,
        ]
        .map(|cell| cell.replace('|', "\\|"));
        // Writing to a String cannot fail.
        if writeln!(
            table,
            "| `{}` | {} | {} | {} |",
            cells[0], cells[1], cells[2], cells[3]
        )
        .is_err()
        {
            break;
        }
    }
    table
}

fn walk(field: &Field, path: String, defaults: Vec<Option<Value>>, lines: &mut Vec<Line>) {
    let (inner, deeper) = match &field.shape {
        Shape::Section(fields) => (fields, path.clone()),
        Shape::Map { values, .. } => match values.as_ref() {
            Shape::Section(fields) => (fields, format!("{path}.<name>")),
            _ => return lines.push(line(field, path, defaults)),
        },
        Shape::List(items) => match items.as_ref() {
            Shape::Section(fields) => (fields, format!("{path}[…]")),
            _ => return lines.push(line(field, path, defaults)),
        },
        Shape::Optional(value) => match value.as_ref() {
            Shape::Section(fields) => (fields, path.clone()),
            _ => return lines.push(line(field, path, defaults)),
        },
        _ => return lines.push(line(field, path, defaults)),
    };
    let is_section = matches!(field.shape, Shape::Section(_));
    if !is_section {
        lines.push(line(field, path, defaults.clone()));
    }
    for field in inner {
        let own = defaults
            .iter()
            .map(|default| {
                default
                    .as_ref()
                    .filter(|_| is_section)?
                    .get(&field.key)
                    .cloned()
            })
            .collect();
        walk(field, format!("{deeper}.{}", field.key), own, lines);
    }
}

fn line(field: &Field, path: String, defaults: Vec<Option<Value>>) -> Line {
    Line {
        path,
        shape: shape_text(&field.shape, field.rule),
        defaults,
        meaning: field.meaning.clone(),
    }
}

fn shape_text(shape: &Shape, rule: Rule) -> String {
    match shape {
        Shape::Text => match rule {
            Rule::Text { expected, .. } => expected.to_owned(),
            _ => "text".to_owned(),
        },
        Shape::Boolean => "true or false".to_owned(),
        Shape::Integer | Shape::Number => match rule {
            Rule::Range(low, high) => format!("{low} to {high}"),
            Rule::OneOf(allowed) => {
                let allowed: Vec<_> = allowed.iter().map(u64::to_string).collect();
                format!("one of {}", allowed.join(", "))
            }
            _ => "a number".to_owned(),
        },
        Shape::Choice(words) => words.join(", "),
        Shape::Section(_) => "keys".to_owned(),
        Shape::List(items) => format!("list of: {}", shape_text(items, rule)),
        Shape::Map { keys, values } => {
            let keys = if keys.is_empty() {
                "name".to_owned()
            } else {
                keys.join(", ")
            };
            format!("{keys} → {}", shape_text(values, rule))
        }
        Shape::Optional(value) => format!("{}, or absent", shape_text(value, rule)),
    }
}

/// One value where all environments agree, otherwise each value with its environments.
fn defaults_text(defaults: &[Option<Value>]) -> String {
    let mut groups: Vec<(&Option<Value>, Vec<&str>)> = Vec::new();
    for (value, environment) in defaults.iter().zip(Environment::WORDS) {
        match groups.iter_mut().find(|(seen, _)| *seen == value) {
            Some((_, environments)) => environments.push(environment),
            None => groups.push((value, vec![environment])),
        }
    }
    let single = groups.len() == 1;
    groups
        .iter()
        .map(|(value, environments)| {
            let text = value_text(value.as_ref());
            if single {
                text
            } else {
                format!("{text} ({})", environments.join(", "))
            }
        })
        .collect::<Vec<_>>()
        .join("; ")
}

fn value_text(value: Option<&Value>) -> String {
    match value {
        None => "–".to_owned(),
        Some(Value::Null) => "absent".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) if items.is_empty() => "none".to_owned(),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| value_text(Some(item)))
            .collect::<Vec<_>>()
            .join(", "),
        Some(Value::Object(entries)) if entries.is_empty() => "none".to_owned(),
        Some(Value::Object(entries)) => entries.keys().cloned().collect::<Vec<_>>().join(", "),
        Some(other) => other.to_string(),
    }
}
