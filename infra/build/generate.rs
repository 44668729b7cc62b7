//! From the schema to Rust: a module per service; a type per nested object, `…Args` and a handle
//! per resource, a function per data source.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;

use crate::schema::{ObjectType, Property, ResourceType, Schema, Shape};

/// The code of all modules.
pub(crate) fn generate<'a>(
    schema: &Schema,
    wanted: impl Iterator<Item = &'a str>,
) -> Result<String, Box<dyn Error>> {
    let mut modules: BTreeMap<String, String> = BTreeMap::new();
    let types = Types { schema };
    let (mut inputs, mut outputs) = (Closure::new(schema), Closure::new(schema));
    for token in wanted {
        let of = schema.resources.get(token).ok_or_else(|| {
            format!("schema/resources.txt: {token} is not a resource of schema/aws.json")
        })?;
        of.input_properties.values().for_each(|p| inputs.add(p));
        of.properties.values().for_each(|p| outputs.add(p));
        let (module, name) = split(token)?;
        resource(types, modules.entry(module).or_default(), token, &name, of)?;
    }
    for (token, function) in &schema.functions {
        function
            .inputs
            .properties
            .values()
            .for_each(|p| inputs.add(p));
        function
            .outputs
            .properties
            .values()
            .for_each(|p| outputs.add(p));
        let (module, name) = split(token)?;
        data_source(
            types,
            modules.entry(module).or_default(),
            token,
            &name,
            &function.inputs,
            &function.outputs,
        )?;
    }
    let both: BTreeSet<&str> = inputs.tokens.union(&outputs.tokens).copied().collect();
    for token in both {
        let of = schema
            .types
            .get(token)
            .ok_or("a type is not in the schema")?;
        let (module, name) = types.nested(token)?;
        let code = modules.entry(module).or_default();
        if inputs.tokens.contains(token) {
            object(types, code, &name, of)?;
        } else {
            writeln!(
                code,
                "/// Part of an output.\n#[derive(Debug)] pub enum {name} {{}}"
            )?;
        }
        if outputs.tokens.contains(token) {
            writeln!(code, "impl Expr<{name}> {{")?;
            for (property, shape) in &of.properties {
                writeln!(
                    code,
                    "/// Its `{property}`.\n#[inline] pub fn {}(&self) -> Expr<{}> {{ self.nested_property({property:?}) }}",
                    identifier(property),
                    types.rust(shape)
                )?;
            }
            writeln!(code, "}}")?;
        }
    }
    let mut file = String::new();
    for (module, code) in modules {
        writeln!(
            file,
            "/// Types of the service `{module}`.\npub mod {module} {{\nuse super::prelude::*;\n{code}}}"
        )?;
    }
    Ok(file)
}

/// The nested types that a set of properties needs.
struct Closure<'a> {
    schema: &'a Schema,
    tokens: BTreeSet<&'a str>,
}

impl<'a> Closure<'a> {
    fn new(schema: &'a Schema) -> Self {
        Self {
            schema,
            tokens: BTreeSet::new(),
        }
    }

    fn add(&mut self, property: &'a Property) {
        match property.shape() {
            Shape::List(of) | Shape::Map(of) => self.add(of),
            Shape::Object(token) if self.tokens.insert(token) => {
                let of = self.schema.types.get(token);
                of.into_iter()
                    .flat_map(|of| of.properties.values())
                    .for_each(|p| self.add(p));
            }
            _ => {}
        }
    }
}

/// Names of Rust types.
#[derive(Clone, Copy)]
struct Types<'a> {
    schema: &'a Schema,
}

impl Types<'_> {
    /// Module and name of a nested type; one that a resource type of the same service has already
    /// taken is called `…Block`.
    fn nested(self, token: &str) -> Result<(String, String), Box<dyn Error>> {
        let (module, name) = split(token)?;
        let taken =
            self.schema.resources.keys().any(|other| {
                split(other).is_ok_and(|other| other == (module.clone(), name.clone()))
            });
        Ok((module, if taken { format!("{name}Block") } else { name }))
    }

    fn rust(self, property: &Property) -> String {
        match property.shape() {
            Shape::String => "String".to_owned(),
            Shape::Integer => "i64".to_owned(),
            Shape::Number => "f64".to_owned(),
            Shape::Boolean => "bool".to_owned(),
            Shape::List(of) => format!("Vec<{}>", self.rust(of)),
            Shape::Map(of) => format!("BTreeMap<String, {}>", self.rust(of)),
            Shape::Object(token) => match self.nested(token) {
                Ok((module, name)) => format!("super::{module}::{name}"),
                Err(_) => "Value".to_owned(),
            },
            Shape::Archive => "Archive".to_owned(),
            Shape::Asset => "Asset".to_owned(),
            Shape::Any => "Value".to_owned(),
        }
    }
}

/// `aws:lambda/function:Function` → (`lambda`, `Function`).
fn split(token: &str) -> Result<(String, String), Box<dyn Error>> {
    let mut parts = token.split(':');
    let (Some(_), Some(path), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(format!("{token} is not a token").into());
    };
    let module = path.split('/').next().unwrap_or(path);
    Ok((module.to_owned(), name.to_owned()))
}

/// camelCase → snake_case; a digit stays with what precedes it, keywords are escaped.
fn identifier(name: &str) -> String {
    let mut snake = String::new();
    let mut previous_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && previous_lower {
            snake.push('_');
        }
        previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        snake.push(c.to_ascii_lowercase());
    }
    match snake.as_str() {
        "type" | "match" | "for" | "in" | "ref" | "use" | "static" | "where" | "if" | "else"
        | "loop" | "move" | "enum" | "struct" | "const" | "dyn" | "final" | "override" => {
            format!("r#{snake}")
        }
        "self" | "new" => format!("{snake}_"),
        _ => snake,
    }
}

/// A setter per property that may be left out.
fn setters(
    types: Types<'_>,
    code: &mut String,
    properties: &BTreeMap<String, Property>,
    required: &[String],
) -> std::fmt::Result {
    for (name, property) in properties
        .iter()
        .filter(|(name, _)| !required.contains(name))
    {
        let replaces = if property.will_replace_on_changes {
            " A change replaces."
        } else {
            ""
        };
        let secret = if property.secret {
            ".into_secret()"
        } else {
            ""
        };
        writeln!(
            code,
            "/// Sets `{name}`.{replaces}\n#[must_use] pub fn {id}(mut self, value: impl Into<Expr<{ty}>>) -> Self {{ \
             let value: Expr<{ty}> = value.into(); self.0.insert({name:?}.to_owned(), value{secret}.into()); self }}",
            id = identifier(name),
            ty = types.rust(property),
        )?;
    }
    Ok(())
}

/// The constructor of `name`: no argument, the one required property, or a struct of them.
fn constructor(
    types: Types<'_>,
    code: &mut String,
    name: &str,
    base: &str,
    properties: &BTreeMap<String, Property>,
    required: &[String],
) -> std::fmt::Result {
    let of = |key: &String| {
        properties
            .get(key)
            .map_or_else(|| "Value".to_owned(), |property| types.rust(property))
    };
    match required {
        [] => writeln!(
            code,
            "impl {name} {{ /// Nothing is required.\npub fn new() -> Self {{ Self::default() }} }}"
        ),
        [only] => writeln!(
            code,
            "impl {name} {{ /// `{only}` is required.\npub fn new(value: impl Into<Expr<{ty}>>) -> Self {{ \
             let value: Expr<{ty}> = value.into(); Self(BTreeMap::from([({only:?}.to_owned(), value.into())])) }} }}",
            ty = of(only),
        ),
        several => {
            writeln!(
                code,
                "/// What [`{name}`] cannot be without.\n#[derive(Debug, Clone)] pub struct {base}Required {{"
            )?;
            for key in several {
                writeln!(
                    code,
                    "/// `{key}`.\npub {}: Expr<{}>,",
                    identifier(key),
                    of(key)
                )?;
            }
            writeln!(
                code,
                "}}\nimpl {name} {{ /// From what is required.\npub fn new(required: {base}Required) -> Self {{ Self(BTreeMap::from(["
            )?;
            for key in several {
                writeln!(
                    code,
                    "({key:?}.to_owned(), required.{}.into()),",
                    identifier(key)
                )?;
            }
            writeln!(code, "])) }} }}")
        }
    }
}

fn object(types: Types<'_>, code: &mut String, name: &str, of: &ObjectType) -> std::fmt::Result {
    let default = if of.required.is_empty() {
        ", Default"
    } else {
        ""
    };
    writeln!(
        code,
        "/// The nested object `{name}`.\n#[derive(Debug, Clone{default})] pub struct {name}(BTreeMap<String, Value>);\n\
         impl From<{name}> for Expr<{name}> {{ fn from(object: {name}) -> Self {{ Expr::trusted(Value::Object(object.0)) }} }}"
    )?;
    constructor(types, code, name, name, &of.properties, &of.required)?;
    writeln!(code, "impl {name} {{")?;
    setters(types, code, &of.properties, &of.required)?;
    writeln!(code, "}}")
}

fn resource(
    types: Types<'_>,
    code: &mut String,
    token: &str,
    name: &str,
    of: &ResourceType,
) -> std::fmt::Result {
    let default = if of.required_inputs.is_empty() {
        ", Default"
    } else {
        ""
    };
    let taggable = of
        .input_properties
        .get("tags")
        .is_some_and(|tags| matches!(tags.shape(), Shape::Map(_)));
    let args = format!("{name}Args");
    writeln!(
        code,
        "/// Arguments of `{token}`.\n#[derive(Debug, Clone{default})] pub struct {args}(BTreeMap<String, Value>);\n\
         impl Args for {args} {{ type Resource = {name}; const TOKEN: &'static str = {token:?}; const TAGGABLE: bool = {taggable};\n\
         fn into_inputs(self) -> BTreeMap<String, Value> {{ self.0 }} }}\n\
         /// A declared `{token}`.\n#[derive(Debug, Clone)] pub struct {name}(Handle);\n\
         impl From<Handle> for {name} {{ fn from(handle: Handle) -> Self {{ Self(handle) }} }}\n\
         impl AsRef<crate::graph::Key> for {name} {{ fn as_ref(&self) -> &crate::graph::Key {{ self.0.as_ref() }} }}"
    )?;
    constructor(
        types,
        code,
        &args,
        name,
        &of.input_properties,
        &of.required_inputs,
    )?;
    writeln!(code, "impl {args} {{")?;
    setters(types, code, &of.input_properties, &of.required_inputs)?;
    writeln!(
        code,
        "}}\nimpl {name} {{ /// Type token.\npub const TOKEN: &'static str = {token:?};\n\
         /// The provider's id.\n#[inline] pub fn id(&self) -> Expr<String> {{ self.0.output(\"id\") }}"
    )?;
    for (property, shape) in of.properties.iter().filter(|(name, _)| *name != "id") {
        writeln!(
            code,
            "/// Output `{property}`.\n#[inline] pub fn {}(&self) -> Expr<{}> {{ self.0.output({property:?}) }}",
            identifier(property),
            types.rust(shape)
        )?;
    }
    writeln!(code, "}}")
}

fn data_source(
    types: Types<'_>,
    code: &mut String,
    token: &str,
    name: &str,
    inputs: &ObjectType,
    outputs: &ObjectType,
) -> std::fmt::Result {
    let mut pascal = name.to_owned();
    if let Some(first) = pascal.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    object(types, code, &format!("{pascal}Args"), inputs)?;
    writeln!(
        code,
        "/// Result of `{token}`.\n#[derive(Debug, Clone)] pub struct {pascal}Result(BTreeMap<String, Value>);\n\
         /// Calls `{token}`.\npub fn {}(args: {pascal}Args) -> {pascal}Result {{ {pascal}Result(args.0) }}\n\
         impl {pascal}Result {{",
        identifier(name)
    )?;
    for (property, shape) in &outputs.properties {
        writeln!(
            code,
            "/// Result `{property}`.\n#[inline] pub fn {}(&self) -> Expr<{}> {{ invoke({token:?}, &self.0, {property:?}) }}",
            identifier(property),
            types.rust(shape)
        )?;
    }
    writeln!(code, "}}")
}
