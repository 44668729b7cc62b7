//! What the compiler cannot see in a graph: identities used twice, references that lead nowhere,
//! inputs that the provider's schema does not know. Every problem is listed at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use super::key::{Key, Path, Segment};
use super::resource::{Graph, Resource};
use super::value::Value;
use crate::schema::{self, Property, Schema, Shape};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The resource, and the property if there is one.
    pub at: String,
    /// What is wrong and what to do.
    pub problem: String,
}

/// Everything that is wrong; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the graph has {} problem(s)", self.0.len())?;
        for Problem { at, problem } in &self.0 {
            write!(formatter, "\n  {at}: {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Checks a graph against itself and against the provider's schema.
///
/// # Errors
/// With every problem, in the order of the resources.
pub fn validate(graph: &Graph) -> Result<(), Problems> {
    let mut check = Check {
        schema: schema::aws(),
        declared: HashMap::new(),
        problems: Vec::new(),
    };
    for resource in &graph.resources {
        check.resource(resource);
    }
    for (name, value) in &graph.exports {
        check.references(&format!("exports.{name}"), value);
    }
    if check.problems.is_empty() {
        Ok(())
    } else {
        Err(Problems(check.problems))
    }
}

struct Check<'a> {
    schema: &'static Schema,
    declared: HashMap<Key, &'a Resource>,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn report(&mut self, at: &str, problem: impl Into<String>) {
        self.problems.push(Problem {
            at: at.to_owned(),
            problem: problem.into(),
        });
    }

    fn resource(&mut self, resource: &'a Resource) {
        let key = resource.key();
        let at = key.text();
        for (what, other) in [
            ("parent", resource.parent.as_ref()),
            ("provider", resource.options.provider.as_ref()),
        ] {
            if let Some(other) = other.filter(|other| !self.declared.contains_key(other)) {
                self.report(&at, format!("its {what} {other} is not declared before it"));
            }
        }
        for hidden in &resource.options.depends_on {
            if !self.declared.contains_key(&hidden.resource) {
                let on = &hidden.resource;
                self.report(
                    &at,
                    format!("it waits for {on}, which is not declared before it"),
                );
            }
            if hidden.reason.trim().is_empty() {
                self.report(
                    &at,
                    format!("it waits for {} without a reason", hidden.resource),
                );
            }
        }
        for (name, value) in &resource.inputs {
            self.references(&format!("{at}.{name}"), value);
        }
        self.types(resource, &at);
        if self.declared.insert(key, resource).is_some() {
            self.report(&at, "declared twice: one type has one resource of a name");
        }
    }

    fn references(&mut self, at: &str, value: &Value) {
        let mut found = Vec::new();
        value.walk(&mut |inner| match inner {
            Value::Ref { resource, path } => found.push((resource.clone(), path.clone())),
            Value::Invoke(invoke) => {
                if let Err(problem) = self.invoked(&invoke.token, &invoke.path) {
                    found.push((Key::new("", problem), Path::default()));
                }
            }
            _ => {}
        });
        for (resource, path) in found {
            if resource.kind.is_empty() {
                self.report(at, resource.name);
            } else if !self.declared.contains_key(&resource) {
                self.report(
                    at,
                    format!("refers to {resource}, which is not declared before it"),
                );
            } else if !self.has_output(&resource.kind, &path) {
                self.report(at, format!("{resource} has no output `{path}`"));
            }
        }
    }

    fn invoked(&self, token: &str, path: &Path) -> Result<(), String> {
        let Some(function) = self.schema.functions.get(token) else {
            return Err(format!("the data source {token} is not in the schema"));
        };
        if has_path(self.schema, &function.outputs.properties, path) {
            Ok(())
        } else {
            Err(format!("the data source {token} has no result `{path}`"))
        }
    }

    fn has_output(&self, kind: &str, path: &Path) -> bool {
        match self.schema.resources.get(kind) {
            _ if path.root() == Some("id") => path.0.len() == 1,
            Some(of) => has_path(self.schema, &of.properties, path),
            // Types of other providers are not in this schema.
            None => !kind.starts_with("aws:") && path.root().is_some(),
        }
    }

    fn types(&mut self, resource: &Resource, at: &str) {
        let Some(of) = self.schema.resources.get(&resource.kind) else {
            if resource.kind.starts_with("aws:") {
                self.report(at, "this resource type is not in the schema");
            }
            return;
        };
        for name in &of.required_inputs {
            if !resource.inputs.contains_key(name) {
                self.report(at, format!("the required input `{name}` is missing"));
            }
        }
        for (name, value) in &resource.inputs {
            let at = format!("{at}.{name}");
            match of.input_properties.get(name) {
                Some(property) => self.typed(&at, property, value),
                None => self.report(&at, "this type has no such input"),
            }
        }
        let listed = [
            ("ignore_changes", &resource.options.ignore_changes),
            ("replace_on_changes", &resource.options.replace_on_changes),
        ];
        for (option, paths) in listed {
            for path in paths {
                let known = path
                    .parse::<Path>()
                    .is_ok_and(|path| has_path(self.schema, &of.input_properties, &path));
                if !known {
                    self.report(at, format!("{option}: this type has no input `{path}`"));
                }
            }
        }
    }

    fn typed(&mut self, at: &str, property: &Property, value: &Value) {
        match (property.shape(), value) {
            (_, Value::Secret(inner)) => self.typed(at, property, inner),
            (_, Value::Ref { .. } | Value::Invoke(_) | Value::Config(_) | Value::Null)
            | (Shape::Any, _)
            | (Shape::String, Value::String(_) | Value::Concat(_) | Value::Json(_))
            | (Shape::Integer, Value::Integer(_))
            | (Shape::Number, Value::Integer(_) | Value::Number(_))
            | (Shape::Boolean, Value::Bool(_))
            | (Shape::Archive, Value::Archive(_))
            | (Shape::Asset, Value::Asset(_)) => {}
            (Shape::List(of), Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.typed(&format!("{at}[{index}]"), of, item);
                }
            }
            (Shape::Map(of), Value::Object(map)) => {
                for (key, item) in map {
                    self.typed(&format!("{at}.{key}"), of, item);
                }
            }
            (Shape::Object(token), Value::Object(map)) => self.object(at, token, map),
            (expected, _) => {
                self.report(at, format!("the schema wants {expected:?} here"));
            }
        }
    }

    fn object(&mut self, at: &str, token: &str, map: &BTreeMap<String, Value>) {
        let Some(of) = self.schema.types.get(token) else {
            return self.report(at, format!("the type {token} is not in the schema"));
        };
        let missing: BTreeSet<&String> = of
            .required
            .iter()
            .filter(|name| !map.contains_key(*name))
            .collect();
        for name in missing {
            self.report(at, format!("the required property `{name}` is missing"));
        }
        for (name, value) in map {
            let at = format!("{at}.{name}");
            match of.properties.get(name) {
                Some(property) => self.typed(&at, property, value),
                None => self.report(&at, "this type has no such property"),
            }
        }
    }
}

fn has_path(schema: &Schema, properties: &BTreeMap<String, Property>, path: &Path) -> bool {
    let mut segments = path.0.iter();
    let Some(Segment::Key(name)) = segments.next() else {
        return false;
    };
    let mut current = properties.get(name);
    for segment in segments {
        current = match (current.map(Property::shape), segment) {
            (Some(Shape::List(of)), Segment::Index(_))
            | (Some(Shape::Map(of)), Segment::Key(_)) => Some(of),
            (Some(Shape::Object(token)), Segment::Key(name)) => schema
                .types
                .get(token)
                .and_then(|of| of.properties.get(name)),
            _ => None,
        };
    }
    current.is_some()
}
