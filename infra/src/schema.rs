//! The provider's schema as data: what a resource type takes, returns, and which of its inputs
//! force a replacement. The build script shares this file to generate the typed arguments.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The trimmed package schema of the provider.
#[derive(Debug, Deserialize)]
pub struct Schema {
    /// Version of the provider plugin.
    pub version: String,
    /// Resource types by token.
    pub resources: BTreeMap<String, ResourceType>,
    /// Nested types by token.
    pub types: BTreeMap<String, ObjectType>,
    /// Data sources by token.
    pub functions: BTreeMap<String, Function>,
}

/// A resource type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceType {
    /// Inputs by name.
    pub input_properties: BTreeMap<String, Property>,
    /// Inputs that must be given.
    pub required_inputs: Vec<String>,
    /// Outputs by name (`id` is not among them: every resource has it).
    pub properties: BTreeMap<String, Property>,
}

/// A nested object type.
#[derive(Debug, Deserialize)]
pub struct ObjectType {
    /// Properties by name.
    pub properties: BTreeMap<String, Property>,
    /// Those that must be inside.
    #[serde(default)]
    pub required: Vec<String>,
}

/// A data source.
#[derive(Debug, Deserialize)]
pub struct Function {
    /// Arguments.
    pub inputs: ObjectType,
    /// Result.
    pub outputs: ObjectType,
}

/// One property.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Property {
    /// `string`, `integer`, `number`, `boolean`, `array` or `object`.
    #[serde(rename = "type")]
    pub scalar: Option<String>,
    /// A nested type, archive or asset.
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    /// Type of the elements of an array.
    pub items: Option<Box<Property>>,
    /// Type of the values of a map.
    pub additional_properties: Option<Box<Property>>,
    /// Whether a change replaces the resource.
    #[serde(default)]
    pub will_replace_on_changes: bool,
    /// Whether it is a secret.
    #[serde(default)]
    pub secret: bool,
}

/// What a property holds.
#[derive(Debug, Clone, Copy)]
pub enum Shape<'a> {
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A truth value.
    Boolean,
    /// A list of this.
    List(&'a Property),
    /// A map of texts to this.
    Map(&'a Property),
    /// A nested type, by token.
    Object(&'a str),
    /// A folder or zip file.
    Archive,
    /// A file.
    Asset,
    /// Anything.
    Any,
}

impl Property {
    /// What it holds.
    pub fn shape(&self) -> Shape<'_> {
        if let Some(reference) = &self.reference {
            return match reference.strip_prefix("#/types/") {
                Some(token) => Shape::Object(token),
                None if reference.ends_with("#/Archive") => Shape::Archive,
                None if reference.ends_with("#/Asset") => Shape::Asset,
                None => Shape::Any,
            };
        }
        match (
            self.scalar.as_deref(),
            &self.items,
            &self.additional_properties,
        ) {
            (Some("string"), _, _) => Shape::String,
            (Some("integer"), _, _) => Shape::Integer,
            (Some("number"), _, _) => Shape::Number,
            (Some("boolean"), _, _) => Shape::Boolean,
            (Some("array"), Some(items), _) => Shape::List(items),
            (Some("object"), _, Some(values)) => Shape::Map(values),
            _ => Shape::Any,
        }
    }
}

/// What the project adds to the copied schema.
#[derive(Debug, Deserialize)]
struct Additions {
    /// Resource types, replacing those of the schema.
    resources: BTreeMap<String, ResourceType>,
    /// Further inputs that force a replacement, by resource type.
    replaces: BTreeMap<String, Vec<String>>,
}

const TEXT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/aws.json"));
const ADDITIONS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/schema/additions.json"
));

fn read() -> Result<Schema, serde_json::Error> {
    let mut schema: Schema = serde_json::from_str(TEXT)?;
    let additions: Additions = serde_json::from_str(ADDITIONS)?;
    schema.resources.extend(additions.resources);
    for (token, names) in additions.replaces {
        for name in names {
            let of = schema.resources.get_mut(&token);
            match of.and_then(|of| of.input_properties.get_mut(&name)) {
                Some(property) => property.will_replace_on_changes = true,
                None => {
                    return Err(serde::de::Error::custom(format!(
                        "schema/additions.json: {token} has no input {name}"
                    )));
                }
            }
        }
    }
    Ok(schema)
}

/// The schema of the AWS provider that this program is built against; read once.
pub fn aws() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
        // The build script has read these very texts already: it fails where they are wrong.
        read().unwrap_or_else(|e| Schema {
            version: format!("unreadable: {e}"),
            resources: BTreeMap::new(),
            types: BTreeMap::new(),
            functions: BTreeMap::new(),
        })
    });
    &SCHEMA
}
