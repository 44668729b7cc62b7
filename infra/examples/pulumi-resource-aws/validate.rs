//! Inputs against the schema: unknown, missing, wrong type, a plain text for an archive.

use std::collections::BTreeMap;

use aiops_infra::graph::Evaluated;
use aiops_infra::schema::{Property, Schema, Shape, aws};

/// One input that the provider would refuse: its path and what is wrong.
pub(crate) type Failure = (String, String);

/// Everything that is wrong with the inputs of a resource.
pub(crate) fn resource(kind: &str, inputs: &BTreeMap<String, Evaluated>) -> Vec<Failure> {
    let schema = aws();
    let Some(resource) = schema.resources.get(kind) else {
        return vec![(
            String::new(),
            format!("{kind} is not a resource type of this provider"),
        )];
    };
    let mut failures = Vec::new();
    members(
        schema,
        "",
        &resource.input_properties,
        &resource.required_inputs,
        inputs,
        &mut failures,
    );
    failures
}

/// Everything that is wrong with the arguments of a data source.
pub(crate) fn function(token: &str, arguments: &BTreeMap<String, Evaluated>) -> Vec<Failure> {
    let schema = aws();
    let Some(function) = schema.functions.get(token) else {
        return vec![(
            String::new(),
            format!("{token} is not a function of this provider"),
        )];
    };
    let mut failures = Vec::new();
    members(
        schema,
        "",
        &function.inputs.properties,
        &function.inputs.required,
        arguments,
        &mut failures,
    );
    failures
}

fn members(
    schema: &Schema,
    path: &str,
    properties: &BTreeMap<String, Property>,
    required: &[String],
    values: &BTreeMap<String, Evaluated>,
    failures: &mut Vec<Failure>,
) {
    let at = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    for name in required.iter().filter(|name| !values.contains_key(*name)) {
        failures.push((at(name), "is required".to_owned()));
    }
    for (name, value) in values {
        match properties.get(name) {
            None => failures.push((at(name), "is not known".to_owned())),
            Some(property) => check(schema, &at(name), property, value, failures),
        }
    }
}

fn check(
    schema: &Schema,
    path: &str,
    property: &Property,
    value: &Evaluated,
    failures: &mut Vec<Failure>,
) {
    let wanted = match (property.shape(), value) {
        (_, Evaluated::Unknown | Evaluated::Null) | (Shape::Any, _) => return,
        (_, Evaluated::Secret(inner)) => return check(schema, path, property, inner, failures),
        (Shape::String, Evaluated::String(_))
        | (Shape::Integer, Evaluated::Integer(_))
        | (Shape::Number, Evaluated::Integer(_) | Evaluated::Number(_))
        | (Shape::Boolean, Evaluated::Bool(_))
        | (Shape::Archive, Evaluated::Archive(_))
        | (Shape::Asset, Evaluated::Asset(_)) => return,
        (Shape::List(items), Evaluated::List(values)) => {
            for (index, value) in values.iter().enumerate() {
                check(schema, &format!("{path}[{index}]"), items, value, failures);
            }
            return;
        }
        (Shape::Map(items), Evaluated::Object(values)) => {
            for (key, value) in values {
                check(schema, &format!("{path}.{key}"), items, value, failures);
            }
            return;
        }
        (Shape::Object(token), Evaluated::Object(values)) => {
            if let Some(object) = schema.types.get(token) {
                members(
                    schema,
                    path,
                    &object.properties,
                    &object.required,
                    values,
                    failures,
                );
            }
            return;
        }
        (Shape::String, _) => "a text",
        (Shape::Integer, _) => "a whole number",
        (Shape::Number, _) => "a number",
        (Shape::Boolean, _) => "a truth value",
        (Shape::List(_), _) => "a list",
        (Shape::Map(_) | Shape::Object(_), _) => "an object",
        (Shape::Archive, _) => "an archive",
        (Shape::Asset, _) => "an asset",
    };
    failures.push((path.to_owned(), format!("must be {wanted}")));
}
