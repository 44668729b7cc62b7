//! A Terraform plan of the graph, for scanners that read nothing else: every resource and every
//! property appears, under Terraform's names.
//!
//! What is not known stands in `after_unknown`, its references in `configuration`; a text or policy
//! with something unknown inside is written with `${address.property}` in its place, so that the
//! scanner sees the rest.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use crate::graph::{AssetSource, Graph, Key, Resource, Value};
use crate::schema::{self, Property, Shape};

mod names;

/// The plan: everything is created.
pub fn plan(graph: &Graph) -> Json {
    let resources: Vec<&Resource> = graph
        .resources
        .iter()
        .filter(|resource| !resource.is_component())
        .collect();
    let changes: Vec<Json> = resources.iter().map(|resource| change(resource)).collect();
    let planned: Vec<Json> = resources.iter().map(|resource| planned(resource)).collect();
    let configured: Vec<Json> = resources
        .iter()
        .map(|resource| configured(resource))
        .collect();
    json!({
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": { "root_module": { "resources": planned } },
        "resource_changes": changes,
        "configuration": {
            "provider_config": { "aws": {
                "name": "aws",
                "full_name": "registry.terraform.io/hashicorp/aws",
            } },
            "root_module": { "resources": configured },
        },
    })
}

/// The address of a resource in the plan: `aws_s3_bucket.raw`.
pub fn address(key: &Key) -> String {
    format!(
        "{}.{}",
        names::resource_type(&key.kind),
        names::label(&key.name)
    )
}

fn head(resource: &Resource) -> Map<String, Json> {
    let fields = [
        ("address", json!(address(&resource.key()))),
        ("mode", json!("managed")),
        ("type", json!(names::resource_type(&resource.kind))),
        ("name", json!(names::label(&resource.name))),
        (
            "provider_name",
            json!("registry.terraform.io/hashicorp/aws"),
        ),
        ("schema_version", json!(0)),
    ];
    fields
        .map(|(key, value)| (key.to_owned(), value))
        .into_iter()
        .collect()
}

fn planned(resource: &Resource) -> Json {
    let mut object = head(resource);
    object.insert("values".to_owned(), Json::Object(body(resource).0));
    Json::Object(object)
}

fn change(resource: &Resource) -> Json {
    let (after, unknown) = body(resource);
    let mut object = head(resource);
    object.insert(
        "change".to_owned(),
        json!({
            "actions": ["create"],
            "before": null,
            "after": after,
            "after_unknown": unknown,
            "before_sensitive": false,
            "after_sensitive": {},
        }),
    );
    Json::Object(object)
}

fn configured(resource: &Resource) -> Json {
    let mut expressions = Map::new();
    for (name, value) in &resource.inputs {
        let shape = property(resource, name).map(Property::shape);
        let references = references(value);
        let expression = if references.is_empty() {
            json!({ "constant_value": known(value, shape) })
        } else {
            json!({ "references": references })
        };
        expressions.insert(names::property(&resource.kind, name, shape), expression);
    }
    let mut object = head(resource);
    object.remove("provider_name");
    object.insert("provider_config_key".to_owned(), json!("aws"));
    object.insert("expressions".to_owned(), Json::Object(expressions));
    let hidden: Vec<String> = resource
        .options
        .depends_on
        .iter()
        .map(|hidden| address(&hidden.resource))
        .collect();
    if !hidden.is_empty() {
        object.insert("depends_on".to_owned(), json!(hidden));
    }
    Json::Object(object)
}

/// Terraform lists a reference twice: the property, and the resource itself.
fn references(value: &Value) -> Vec<String> {
    let mut found = BTreeSet::new();
    value.walk(&mut |inner| match inner {
        Value::Ref { resource, path } => {
            let address = address(resource);
            found.insert(format!("{address}.{}", names::snake(&path.to_string())));
            found.insert(address);
        }
        Value::Invoke(invoke) => {
            found.insert(format!("data.{}", data_source(&invoke.token)));
        }
        Value::Config(key) => {
            found.insert(format!("var.{}", names::label(key)));
        }
        _ => {}
    });
    found.into_iter().collect()
}

fn data_source(token: &str) -> String {
    let name = token.rsplit(':').next().unwrap_or(token);
    let name = names::snake(name.strip_prefix("get").unwrap_or(name));
    format!("aws_{name}.current")
}

fn property<'a>(resource: &Resource, name: &str) -> Option<&'a Property> {
    let of = schema::aws().resources.get(&resource.kind)?;
    of.input_properties.get(name)
}

fn body(resource: &Resource) -> (Map<String, Json>, Map<String, Json>) {
    let (mut after, mut unknown) = (Map::new(), Map::new());
    for (name, value) in &resource.inputs {
        let shape = property(resource, name).map(Property::shape);
        let key = names::property(&resource.kind, name, shape);
        put(&key, value, shape, &mut after, &mut unknown);
    }
    (after, unknown)
}

fn put(
    key: &str,
    value: &Value,
    shape: Option<Shape<'_>>,
    after: &mut Map<String, Json>,
    unknown: &mut Map<String, Json>,
) {
    if is_unknown(value) {
        unknown.insert(key.to_owned(), json!(true));
        return;
    }
    after.insert(key.to_owned(), known(value, shape));
    let inside = unknown_inside(value, shape);
    if inside != json!(false) {
        unknown.insert(key.to_owned(), inside);
    }
}

fn is_unknown(value: &Value) -> bool {
    match value {
        Value::Ref { .. } | Value::Invoke(_) | Value::Config(_) => true,
        Value::Secret(inner) => is_unknown(inner),
        _ => false,
    }
}

/// The known part; what is unknown inside is null.
fn known(value: &Value, shape: Option<Shape<'_>>) -> Json {
    match value {
        _ if is_unknown(value) => Json::Null,
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Integer(integer) => json!(integer),
        Value::Number(number) => json!(number),
        Value::String(text) => json!(text),
        Value::Concat(_) => json!(written(value)),
        Value::Json(inner) => json!(document(inner).to_string()),
        Value::Archive(path) | Value::Asset(AssetSource::Path(path)) => json!(path),
        Value::Asset(AssetSource::Text(text)) => json!(text),
        Value::Secret(inner) => known(inner, shape),
        Value::List(items) => {
            let of = match shape {
                Some(Shape::List(of)) => Some(of.shape()),
                _ => None,
            };
            items.iter().map(|item| block(item, of)).collect()
        }
        Value::Object(_) => match shape {
            // Terraform has a nested object as a list of one block.
            Some(Shape::Object(_)) => json!([block(value, shape)]),
            _ => block(value, shape),
        },
        Value::Ref { .. } | Value::Invoke(_) | Value::Config(_) => Json::Null,
    }
}

/// The block of an object, without the list around it.
fn block(value: &Value, shape: Option<Shape<'_>>) -> Json {
    let Value::Object(map) = value else {
        return known(value, shape);
    };
    let Some(Shape::Object(token)) = shape else {
        return map
            .iter()
            .map(|(key, item)| (key.clone(), known(item, None)))
            .collect();
    };
    let (mut after, mut unknown) = (Map::new(), Map::new());
    for (name, item) in map {
        let of = nested(token, name);
        put(
            &names::property(token, name, of),
            item,
            of,
            &mut after,
            &mut unknown,
        );
    }
    Json::Object(after)
}

fn nested(token: &str, name: &str) -> Option<Shape<'static>> {
    let of = schema::aws().types.get(token)?;
    of.properties.get(name).map(Property::shape)
}

/// What is unknown inside, in the shape of [`known`]; `false` where nothing is.
fn unknown_inside(value: &Value, shape: Option<Shape<'_>>) -> Json {
    match value {
        _ if is_unknown(value) => json!(true),
        Value::List(items) => {
            let of = match shape {
                Some(Shape::List(of)) => Some(of.shape()),
                _ => None,
            };
            let inside: Vec<Json> = items.iter().map(|item| unknown_block(item, of)).collect();
            if inside.iter().all(|item| *item == json!(false)) {
                json!(false)
            } else {
                json!(inside)
            }
        }
        Value::Object(_) => {
            let inside = unknown_block(value, shape);
            match shape {
                Some(Shape::Object(_)) if inside != json!(false) => json!([inside]),
                _ => inside,
            }
        }
        _ => json!(false),
    }
}

fn unknown_block(value: &Value, shape: Option<Shape<'_>>) -> Json {
    let Value::Object(map) = value else {
        return unknown_inside(value, shape);
    };
    let mut unknown = Map::new();
    for (name, item) in map {
        let (key, of) = match shape {
            Some(Shape::Object(token)) => {
                let of = nested(token, name);
                (names::property(token, name, of), of)
            }
            _ => (name.clone(), None),
        };
        let inside = unknown_inside(item, of);
        if inside != json!(false) {
            unknown.insert(key, inside);
        }
    }
    if unknown.is_empty() {
        json!(false)
    } else {
        Json::Object(unknown)
    }
}

/// A text with `${…}` where something is not known.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Concat(parts) => parts.iter().map(written).collect(),
        Value::Ref { resource, path } => {
            format!(
                "${{{}.{}}}",
                address(resource),
                names::snake(&path.to_string())
            )
        }
        Value::Invoke(invoke) => format!(
            "${{data.{}.{}}}",
            data_source(&invoke.token),
            names::snake(&invoke.path.to_string())
        ),
        Value::Config(key) => format!("${{var.{}}}", names::label(key)),
        Value::Secret(inner) => written(inner),
        Value::Json(inner) => document(inner).to_string(),
        other => match known(other, None) {
            Json::String(text) => text,
            json => json.to_string(),
        },
    }
}

/// A document, its keys as they are.
fn document(value: &Value) -> Json {
    match value {
        Value::List(items) => items.iter().map(document).collect(),
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), document(v))).collect(),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Number(_) => known(value, None),
        other => json!(written(other)),
    }
}
