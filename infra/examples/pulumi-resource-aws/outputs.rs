//! Outputs made up from the schema: plausible, and the same at every run.

use std::collections::BTreeMap;

use aiops_infra::graph::Evaluated;
use aiops_infra::schema::{Property, Schema, Shape, aws};

/// What is not known in a preview is not made up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Preview,
    Real,
}

/// The outputs of a resource: its inputs, and the rest of what its type gives.
pub(crate) fn resource(
    kind: &str,
    name: &str,
    inputs: &BTreeMap<String, Evaluated>,
    mode: Mode,
) -> BTreeMap<String, Evaluated> {
    let schema = aws();
    let mut outputs = inputs.clone();
    let Some(resource) = schema.resources.get(kind) else {
        return outputs;
    };
    for (property, shape) in &resource.properties {
        if !outputs.contains_key(property) {
            let value = match mode {
                Mode::Preview => Evaluated::Unknown,
                Mode::Real => made_up(schema, shape, property, kind, name, 0),
            };
            outputs.insert(property.clone(), value);
        }
    }
    outputs
}

/// The result of a data source.
pub(crate) fn function(
    token: &str,
    arguments: &BTreeMap<String, Evaluated>,
) -> BTreeMap<String, Evaluated> {
    let schema = aws();
    let mut outputs = arguments.clone();
    for (property, shape) in schema
        .functions
        .get(token)
        .into_iter()
        .flat_map(|function| &function.outputs.properties)
    {
        if !outputs.contains_key(property) {
            let value = made_up(schema, shape, property, token, "data", 0);
            outputs.insert(property.clone(), value);
        }
    }
    outputs
}

fn made_up(
    schema: &Schema,
    property: &Property,
    key: &str,
    kind: &str,
    name: &str,
    depth: usize,
) -> Evaluated {
    let again = |property, key: &str| made_up(schema, property, key, kind, name, depth + 1);
    match property.shape() {
        Shape::String => Evaluated::String(text(key, kind, name)),
        Shape::Integer => Evaluated::Integer(1),
        Shape::Number => Evaluated::Number(1.5),
        Shape::Boolean => Evaluated::Bool(false),
        // Three: a list of zones is indexed by three subnets.
        Shape::List(items) if depth < 3 => Evaluated::List(
            ["a", "b", "c"]
                .map(|letter| match again(items, key) {
                    Evaluated::String(text) => Evaluated::String(format!("{text}{letter}")),
                    other => other,
                })
                .into(),
        ),
        Shape::Object(token) if depth < 6 => Evaluated::Object(
            schema
                .types
                .get(token)
                .into_iter()
                .flat_map(|object| &object.properties)
                .map(|(key, property)| (key.clone(), again(property, key)))
                .collect(),
        ),
        Shape::List(_) => Evaluated::List(Vec::new()),
        Shape::Map(_) | Shape::Object(_) | Shape::Any => Evaluated::Object(BTreeMap::new()),
        Shape::Archive => Evaluated::Archive(String::new()),
        Shape::Asset => Evaluated::Null,
    }
}

fn text(key: &str, kind: &str, name: &str) -> String {
    let service = kind
        .split(':')
        .nth(1)
        .and_then(|module| module.split('/').next())
        .unwrap_or("service");
    match key {
        "accountId" | "ownerId" | "registryId" => "111122223333".to_owned(),
        "partition" => "aws".to_owned(),
        "region" | "name" if kind.contains("getRegion") => "eu-central-1".to_owned(),
        "names" | "availabilityZones" => "eu-central-1".to_owned(),
        _ if key.to_lowercase().ends_with("arn") || key.ends_with("arns") => {
            format!("arn:aws:{service}:eu-central-1:111122223333:{name}")
        }
        _ if key.to_lowercase().ends_with("url") || key.ends_with("endpoint") => {
            format!("https://{name}.{service}.example.com")
        }
        _ => format!("{name}-{key}"),
    }
}
