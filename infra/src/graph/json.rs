//! The wire form of a graph (`aiops.graph/1`, see `docs/reference/interfaces.md`), both ways.
//!
//! An expression is an object whose first key starts with `$`: `{"$ref":"type::name","path":…}`,
//! `{"$concat":[…]}`, `{"$secret":…}`, `{"$json":…}`, `{"$archive":…}`, `{"$asset":…}`,
//! `{"$invoke":token,"args":…,"path":…}`, `{"$config":key}`. A literal object that has a key with
//! `$` is wrapped: `{"$object":{…}}`.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::key::{Key, Path};
use super::resource::{
    Alias, AliasParent, CustomTimeouts, Graph, HiddenDependency, Inputs, Options, Resource,
};
use super::value::{AssetSource, Invoke, Value};

/// The schema name of the wire form.
pub const SCHEMA: &str = "aiops.graph/1";

/// A text that is not a graph.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON.
    #[error("the graph is not JSON: {0}")]
    Syntax(#[from] serde_json::Error),
    /// JSON of another shape.
    #[error("the graph is not of the form {SCHEMA}: at {at}: {problem}")]
    Shape {
        /// Where.
        at: String,
        /// What is wrong.
        problem: String,
    },
}

fn shape(at: &str, problem: impl Into<String>) -> ReadError {
    ReadError::Shape {
        at: at.to_owned(),
        problem: problem.into(),
    }
}

/// The graph's JSON.
pub fn to_json(graph: &Graph) -> Json {
    json!({
        "schema": SCHEMA,
        "stack": graph.stack,
        "resources": graph.resources.iter().map(resource_to_json).collect::<Vec<_>>(),
        "exports": object_to_json(&graph.exports),
    })
}

/// The graph's JSON as a text: indented, with a final line feed.
pub fn to_text(graph: &Graph) -> String {
    format!("{:#}\n", to_json(graph))
}

/// Reads a graph; derived dependencies are derived anew.
///
/// # Errors
/// When `text` is not JSON or not a graph.
pub fn from_text(text: &str) -> Result<Graph, ReadError> {
    let json: Json = serde_json::from_str(text)?;
    let schema = text_at(&json, "schema", "graph")?;
    if schema != SCHEMA {
        return Err(shape("schema", format!("`{schema}` instead of {SCHEMA}")));
    }
    let resources = json
        .get("resources")
        .and_then(Json::as_array)
        .ok_or_else(|| shape("resources", "a list is missing"))?;
    Ok(Graph {
        stack: text_at(&json, "stack", "graph")?,
        resources: resources
            .iter()
            .enumerate()
            .map(|(index, resource)| resource_from_json(resource, index))
            .collect::<Result<_, _>>()?,
        exports: object_from_json(json.get("exports").unwrap_or(&Json::Null), "exports")?,
    })
}

fn keys<'a>(keys: impl IntoIterator<Item = &'a Key>) -> Json {
    Json::Array(keys.into_iter().map(|key| key.text().into()).collect())
}

pub(crate) fn resource_to_json(resource: &Resource) -> Json {
    let by_property: Map<String, Json> = resource
        .property_dependencies()
        .iter()
        .map(|(name, on)| (name.clone(), keys(on)))
        .collect();
    json!({
        "name": resource.name,
        "type": resource.kind,
        "parent": resource.parent.as_ref().map(Key::text),
        "inputs": object_to_json(&resource.inputs),
        "depends_on": keys(&resource.dependencies()),
        "property_dependencies": by_property,
        "options": options_to_json(&resource.options),
    })
}

fn object_to_json(map: &BTreeMap<String, Value>) -> Json {
    map.iter()
        .map(|(k, v)| (k.clone(), value_to_json(v)))
        .collect()
}

/// The wire form of one value.
pub fn value_to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Integer(integer) => json!(integer),
        Value::Number(number) => json!(number),
        Value::String(text) => json!(text),
        Value::List(items) => items.iter().map(value_to_json).collect(),
        Value::Object(map) if map.keys().any(|key| key.starts_with('$')) => {
            json!({ "$object": object_to_json(map) })
        }
        Value::Object(map) => object_to_json(map),
        Value::Ref { resource, path } => {
            json!({ "$ref": resource.text(), "path": path.to_string() })
        }
        Value::Concat(parts) => {
            json!({ "$concat": parts.iter().map(value_to_json).collect::<Json>() })
        }
        Value::Secret(inner) => json!({ "$secret": value_to_json(inner) }),
        Value::Json(inner) => json!({ "$json": value_to_json(inner) }),
        Value::Archive(path) => json!({ "$archive": path }),
        Value::Asset(AssetSource::Path(path)) => json!({ "$asset": { "path": path } }),
        Value::Asset(AssetSource::Text(text)) => json!({ "$asset": { "text": text } }),
        Value::Invoke(invoke) => json!({
            "$invoke": invoke.token,
            "args": object_to_json(&invoke.args),
            "path": invoke.path.to_string(),
        }),
        Value::Config(key) => json!({ "$config": key }),
    }
}

fn options_to_json(options: &Options) -> Json {
    let mut map = Map::new();
    let mut set = |key: &str, value: Json| {
        map.insert(key.to_owned(), value);
    };
    for (key, flag) in [
        ("protect", options.protect),
        ("delete_before_replace", options.delete_before_replace),
        ("retain_on_delete", options.retain_on_delete),
    ] {
        if flag {
            set(key, json!(true));
        }
    }
    for (key, list) in [
        ("ignore_changes", &options.ignore_changes),
        ("replace_on_changes", &options.replace_on_changes),
        (
            "additional_secret_outputs",
            &options.additional_secret_outputs,
        ),
    ] {
        if !list.is_empty() {
            set(key, json!(list));
        }
    }
    if !options.aliases.is_empty() {
        set(
            "aliases",
            options.aliases.iter().map(alias_to_json).collect(),
        );
    }
    if let Some(id) = &options.import_id {
        set("import_id", json!(id));
    }
    let timeouts = &options.custom_timeouts;
    if !timeouts.is_empty() {
        let pairs = [
            ("create", &timeouts.create),
            ("update", &timeouts.update),
            ("delete", &timeouts.delete),
        ];
        let set_ones = pairs
            .into_iter()
            .filter_map(|(key, limit)| Some((key.to_owned(), json!(limit.as_ref()?))));
        set("custom_timeouts", set_ones.collect());
    }
    if !options.depends_on.is_empty() {
        let hidden = options.depends_on.iter();
        set(
            "depends_on",
            hidden
                .map(|d| json!({ "resource": d.resource.text(), "reason": d.reason }))
                .collect(),
        );
    }
    if let Some(provider) = &options.provider {
        set("provider", json!(provider.text()));
    }
    Json::Object(map)
}

fn alias_to_json(alias: &Alias) -> Json {
    let mut map = Map::new();
    if let Some(name) = &alias.name {
        map.insert("name".to_owned(), json!(name));
    }
    if let Some(kind) = &alias.kind {
        map.insert("type".to_owned(), json!(kind));
    }
    match &alias.parent {
        Some(AliasParent::Stack) => {
            map.insert("parent".to_owned(), Json::Null);
        }
        Some(AliasParent::Component(key)) => {
            map.insert("parent".to_owned(), json!(key.text()));
        }
        None => {}
    }
    Json::Object(map)
}

fn text_at(json: &Json, key: &str, at: &str) -> Result<String, ReadError> {
    let found = json.get(key).and_then(Json::as_str);
    found
        .map(str::to_owned)
        .ok_or_else(|| shape(at, format!("the text `{key}` is missing")))
}

fn key_from(json: &Json, at: &str) -> Result<Key, ReadError> {
    let text = json
        .as_str()
        .ok_or_else(|| shape(at, "a resource's key is not a text"))?;
    text.parse().map_err(|e| shape(at, format!("{e}")))
}

fn optional_key(json: Option<&Json>, at: &str) -> Result<Option<Key>, ReadError> {
    match json {
        None | Some(Json::Null) => Ok(None),
        Some(key) => key_from(key, at).map(Some),
    }
}

fn resource_from_json(json: &Json, index: usize) -> Result<Resource, ReadError> {
    let at = format!("resources[{index}]");
    let name = text_at(json, "name", &at)?;
    let at = format!("{at} ({name})");
    Ok(Resource {
        kind: text_at(json, "type", &at)?,
        parent: optional_key(json.get("parent"), &at)?,
        inputs: object_from_json(json.get("inputs").unwrap_or(&Json::Null), &at)?,
        options: options_from_json(json.get("options").unwrap_or(&Json::Null), &at)?,
        name,
    })
}

fn object_from_json(json: &Json, at: &str) -> Result<Inputs, ReadError> {
    match json {
        Json::Null => Ok(Inputs::new()),
        Json::Object(map) => map
            .iter()
            .map(|(k, v)| Ok((k.clone(), value_from_json(v, &format!("{at}.{k}"))?)))
            .collect(),
        _ => Err(shape(at, "an object is expected")),
    }
}

fn list_from_json(json: &Json, at: &str) -> Result<Vec<Value>, ReadError> {
    let items = json
        .as_array()
        .ok_or_else(|| shape(at, "a list is expected"))?;
    items
        .iter()
        .enumerate()
        .map(|(index, item)| value_from_json(item, &format!("{at}[{index}]")))
        .collect()
}

fn path_at(json: &Json, at: &str) -> Result<Path, ReadError> {
    text_at(json, "path", at)?
        .parse()
        .map_err(|e| shape(at, format!("{e}")))
}

/// Reads one value; `at` names it in errors.
///
/// # Errors
/// When an expression has not the form of this module.
pub fn value_from_json(json: &Json, at: &str) -> Result<Value, ReadError> {
    let Json::Object(map) = json else {
        return match json {
            Json::Array(_) => Ok(Value::List(list_from_json(json, at)?)),
            scalar => Ok(Value::from(scalar.clone())),
        };
    };
    let Some((kind, body)) = map.iter().find(|(key, _)| key.starts_with('$')) else {
        return Ok(Value::Object(object_from_json(json, at)?));
    };
    let body_text = || text_at(json, kind, at);
    let boxed = || Ok::<_, ReadError>(Box::new(value_from_json(body, at)?));
    Ok(match kind.as_str() {
        "$object" => Value::Object(object_from_json(body, at)?),
        "$ref" => Value::Ref {
            resource: key_from(body, at)?,
            path: path_at(json, at)?,
        },
        "$concat" => Value::Concat(list_from_json(body, at)?),
        "$secret" => Value::Secret(boxed()?),
        "$json" => Value::Json(boxed()?),
        "$archive" => Value::Archive(body_text()?),
        "$asset" => Value::Asset(match body.get("path") {
            Some(_) => AssetSource::Path(text_at(body, "path", at)?),
            None => AssetSource::Text(text_at(body, "text", at)?),
        }),
        "$invoke" => Value::Invoke(Invoke {
            token: body_text()?,
            args: object_from_json(json.get("args").unwrap_or(&Json::Null), at)?,
            path: path_at(json, at)?,
        }),
        "$config" => Value::Config(body_text()?),
        other => return Err(shape(at, format!("`{other}` is not a kind of expression"))),
    })
}

fn options_from_json(json: &Json, at: &str) -> Result<Options, ReadError> {
    let flag = |key: &str| json.get(key).and_then(Json::as_bool).unwrap_or(false);
    let text = |json: &Json, key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
    let list = |key: &str| json.get(key).and_then(Json::as_array).into_iter().flatten();
    let texts = |key: &str| list(key).filter_map(Json::as_str).map(str::to_owned);
    let timeouts = json.get("custom_timeouts").unwrap_or(&Json::Null);
    Ok(Options {
        protect: flag("protect"),
        ignore_changes: texts("ignore_changes").collect(),
        delete_before_replace: flag("delete_before_replace"),
        replace_on_changes: texts("replace_on_changes").collect(),
        aliases: list("aliases")
            .map(|alias| {
                Ok(Alias {
                    name: text(alias, "name"),
                    kind: text(alias, "type"),
                    parent: match alias.get("parent") {
                        None => None,
                        Some(Json::Null) => Some(AliasParent::Stack),
                        Some(key) => Some(AliasParent::Component(key_from(key, at)?)),
                    },
                })
            })
            .collect::<Result<_, ReadError>>()?,
        import_id: text(json, "import_id"),
        custom_timeouts: CustomTimeouts {
            create: text(timeouts, "create"),
            update: text(timeouts, "update"),
            delete: text(timeouts, "delete"),
        },
        retain_on_delete: flag("retain_on_delete"),
        additional_secret_outputs: texts("additional_secret_outputs").collect(),
        depends_on: list("depends_on")
            .map(|hidden| {
                Ok(HiddenDependency {
                    resource: key_from(hidden.get("resource").unwrap_or(&Json::Null), at)?,
                    reason: text_at(hidden, "reason", at)?,
                })
            })
            .collect::<Result<_, ReadError>>()?,
        provider: optional_key(json.get("provider"), at)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::value::tests::{config, value};
    use proptest::prelude::*;

    fn options() -> impl Strategy<Value = Options> {
        let texts = || prop::collection::vec("[a-z]{1,5}", 0..3);
        let text = || prop::option::of("[a-z]{1,5}");
        let parent = prop_oneof![
            Just(None),
            Just(Some(AliasParent::Stack)),
            Just(Some(AliasParent::Component(Key::new(
                "aiops:platform:X",
                "x"
            )))),
        ];
        (
            any::<[bool; 4]>(),
            [texts(), texts(), texts()],
            [text(), text(), text(), text()],
            parent,
        )
            .prop_map(
                |(flags, [ignored, replaced, secret], [a, b, c, d], parent)| Options {
                    protect: flags[0],
                    ignore_changes: ignored,
                    delete_before_replace: flags[1],
                    replace_on_changes: replaced,
                    aliases: vec![Alias {
                        name: a,
                        kind: b.clone(),
                        parent,
                    }],
                    import_id: c,
                    custom_timeouts: CustomTimeouts {
                        create: d,
                        update: None,
                        delete: b,
                    },
                    retain_on_delete: flags[2],
                    additional_secret_outputs: secret,
                    depends_on: vec![HiddenDependency {
                        resource: Key::new("t", "n"),
                        reason: "because".into(),
                    }],
                    provider: flags[3].then(|| Key::new("pulumi:providers:kubernetes", "k")),
                },
            )
    }

    proptest! {
        #![proptest_config(config())]
        #[test]
        fn proptest_a_graph_survives_its_wire_form(
            inputs in prop::collection::btree_map("[a-z]{1,5}", value(), 0..5),
            exports in prop::collection::btree_map("[a-z]{1,5}", value(), 0..3),
            options in options(),
        ) {
            let graph = Graph {
                stack: "dev".into(),
                resources: vec![Resource {
                    name: "r".into(),
                    kind: "aws:x/y:Y".into(),
                    parent: Some(Key::new("aiops:platform:X", "x")),
                    inputs,
                    options,
                }],
                exports,
            };
            let text = to_text(&graph);
            let read = from_text(&text).unwrap();
            prop_assert_eq!(to_text(&read), text);
            prop_assert_eq!(read, graph);
        }
    }

    #[test]
    fn what_is_no_graph_is_refused_with_its_place() {
        let bad = r#"{"schema":"aiops.graph/1","stack":"s","resources":[
            {"name":"a","type":"t","inputs":{"x":{"y":{"$nope":1}}}}],"exports":{}}"#;
        assert_eq!(
            from_text(bad).unwrap_err().to_string(),
            "the graph is not of the form aiops.graph/1: at resources[0] (a).x.y: `$nope` is not a kind of expression"
        );
        assert!(from_text("{").is_err());
        assert!(from_text(r#"{"schema":"other"}"#).is_err());
    }
}
