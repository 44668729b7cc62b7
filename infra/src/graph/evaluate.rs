//! Turning inputs into values, shared by every driver: the engine, the local cloud, the tests.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::key::{Key, Path, Segment};
use super::value::{AssetSource, Invoke, Value};

/// A value as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Evaluated {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A text.
    String(String),
    /// A list; its elements may be unknown.
    List(Vec<Evaluated>),
    /// An object; its properties may be unknown.
    Object(BTreeMap<String, Evaluated>),
    /// Not known yet.
    Unknown,
    /// A value that must not be shown.
    Secret(Box<Evaluated>),
    /// A folder or zip file, by its path.
    Archive(String),
    /// A file.
    Asset(AssetSource),
}

/// What a driver knows of outputs.
pub trait Outputs {
    /// The output of `resource` at `path`; [`Evaluated::Unknown`] while it is not known.
    ///
    /// # Errors
    /// When the resource was never registered or has no such property.
    fn output(&self, resource: &Key, path: &Path) -> Result<Evaluated, EvaluateError>;

    /// The whole result of a data source; its `path` is followed by [`evaluate`].
    ///
    /// # Errors
    /// When it was not called, or failed.
    fn invoke(&self, invoke: &Invoke, args: &Evaluated) -> Result<Evaluated, EvaluateError>;

    /// A secret of the stack's configuration.
    ///
    /// # Errors
    /// When the key is not set.
    fn config(&self, key: &str) -> Result<Evaluated, EvaluateError>;
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// A reference to what was not registered.
    #[error("`{0}` is not registered: its reference cannot be resolved")]
    NoResource(Key),
    /// A reference to what the resource does not have.
    #[error("`{resource}` has no output `{path}`")]
    NoProperty {
        /// The resource or data source.
        resource: String,
        /// The property.
        path: Path,
    },
    /// Something in a text that has no text form.
    #[error("a {0} cannot be part of a text: only texts, numbers and truth values can")]
    NotText(&'static str),
    /// Something in a JSON document that has no JSON form.
    #[error("a {0} cannot be part of a JSON document")]
    NotJson(&'static str),
    /// A data source without a result.
    #[error("the data source {token} failed: {detail}")]
    Invoke {
        /// Its token.
        token: String,
        /// What the provider said.
        detail: String,
    },
    /// A configuration key that is not set.
    #[error("the configuration key `{0}` is not set: pulumi config set --secret {0}")]
    NoConfig(String),
}

/// The value of `value`, given what `outputs` knows.
///
/// A text or JSON document with something unknown inside is unknown as a whole; with a secret
/// inside, it is a secret as a whole. Lists and objects keep their unknown parts apart.
///
/// # Errors
/// See [`EvaluateError`].
pub fn evaluate(value: &Value, outputs: &dyn Outputs) -> Result<Evaluated, EvaluateError> {
    Ok(match value {
        Value::Null => Evaluated::Null,
        Value::Bool(flag) => Evaluated::Bool(*flag),
        Value::Integer(integer) => Evaluated::Integer(*integer),
        Value::Number(number) => Evaluated::Number(*number),
        Value::String(text) => Evaluated::String(text.clone()),
        Value::List(items) => Evaluated::List(evaluate_all(items, outputs)?),
        Value::Object(map) => Evaluated::Object(evaluate_map(map, outputs)?),
        Value::Ref { resource, path } => outputs.output(resource, path)?,
        Value::Concat(parts) => concat(evaluate_all(parts, outputs)?)?,
        Value::Secret(inner) => evaluate(inner, outputs)?.into_secret(),
        Value::Json(inner) => document(&evaluate(inner, outputs)?)?,
        Value::Archive(path) => Evaluated::Archive(path.clone()),
        Value::Asset(source) => Evaluated::Asset(source.clone()),
        Value::Invoke(invoke) => {
            let args = Evaluated::Object(evaluate_map(&invoke.args, outputs)?);
            if args.has_unknown() {
                return Ok(Evaluated::Unknown);
            }
            let result = outputs.invoke(invoke, &args)?;
            result
                .at(&invoke.path)
                .ok_or_else(|| EvaluateError::NoProperty {
                    resource: invoke.token.clone(),
                    path: invoke.path.clone(),
                })?
        }
        Value::Config(key) => outputs.config(key)?,
    })
}

fn evaluate_all(items: &[Value], outputs: &dyn Outputs) -> Result<Vec<Evaluated>, EvaluateError> {
    items.iter().map(|item| evaluate(item, outputs)).collect()
}

fn evaluate_map(
    map: &BTreeMap<String, Value>,
    outputs: &dyn Outputs,
) -> Result<BTreeMap<String, Evaluated>, EvaluateError> {
    map.iter()
        .map(|(key, item)| Ok((key.clone(), evaluate(item, outputs)?)))
        .collect()
}

fn concat(parts: Vec<Evaluated>) -> Result<Evaluated, EvaluateError> {
    let mut text = String::new();
    let (mut unknown, mut secret) = (false, false);
    for part in parts {
        let plain = match part {
            Evaluated::Secret(inner) => {
                secret = true;
                *inner
            }
            other => other,
        };
        match plain {
            Evaluated::Unknown => unknown = true,
            Evaluated::String(part) => text.push_str(&part),
            Evaluated::Bool(flag) => text.push_str(if flag { "true" } else { "false" }),
            Evaluated::Integer(integer) => text.push_str(&integer.to_string()),
            Evaluated::Number(number) => text.push_str(&number.to_string()),
            other => return Err(EvaluateError::NotText(other.noun())),
        }
    }
    let whole = if unknown {
        Evaluated::Unknown
    } else {
        Evaluated::String(text)
    };
    Ok(if secret { whole.into_secret() } else { whole })
}

fn document(value: &Evaluated) -> Result<Evaluated, EvaluateError> {
    let secret = value.has_secret();
    let whole = match value.to_json()? {
        Some(json) => Evaluated::String(json.to_string()),
        None => Evaluated::Unknown,
    };
    Ok(if secret { whole.into_secret() } else { whole })
}

impl Evaluated {
    /// This value as a secret; a secret stays as it is.
    #[must_use]
    pub fn into_secret(self) -> Self {
        match self {
            Self::Secret(_) => self,
            other => Self::Secret(Box::new(other)),
        }
    }

    /// Whether anything inside is not known.
    pub fn has_unknown(&self) -> bool {
        self.any(&|value| matches!(value, Self::Unknown))
    }

    /// Whether anything inside is a secret.
    pub fn has_secret(&self) -> bool {
        self.any(&|value| matches!(value, Self::Secret(_)))
    }

    fn any(&self, test: &dyn Fn(&Self) -> bool) -> bool {
        test(self)
            || match self {
                Self::List(items) => items.iter().any(|item| item.any(test)),
                Self::Object(map) => map.values().any(|item| item.any(test)),
                Self::Secret(inner) => inner.any(test),
                _ => false,
            }
    }

    /// The part at `path`: unknown inside what is unknown, secret inside what is secret; none when
    /// there is no such part.
    pub fn at(&self, path: &Path) -> Option<Self> {
        let mut current = self;
        let mut secret = false;
        for segment in &path.0 {
            while let Self::Secret(inner) = current {
                secret = true;
                current = inner;
            }
            current = match (current, segment) {
                (Self::Unknown, _) => break,
                (Self::Object(map), Segment::Key(key)) => map.get(key)?,
                (Self::List(items), Segment::Index(index)) => items.get(*index)?,
                _ => return None,
            };
        }
        let found = current.clone();
        Some(if secret { found.into_secret() } else { found })
    }

    /// The plain JSON of this value, secrets in clear; none when something inside is unknown.
    ///
    /// # Errors
    /// When an archive or an asset is inside.
    pub fn to_json(&self) -> Result<Option<Json>, EvaluateError> {
        Ok(Some(match self {
            Self::Null => Json::Null,
            Self::Bool(flag) => Json::from(*flag),
            Self::Integer(integer) => Json::from(*integer),
            Self::Number(number) => Json::from(*number),
            Self::String(text) => Json::from(text.as_str()),
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    let Some(json) = item.to_json()? else {
                        return Ok(None);
                    };
                    list.push(json);
                }
                Json::Array(list)
            }
            Self::Object(map) => {
                let mut object = serde_json::Map::with_capacity(map.len());
                for (key, item) in map {
                    let Some(json) = item.to_json()? else {
                        return Ok(None);
                    };
                    object.insert(key.clone(), json);
                }
                Json::Object(object)
            }
            Self::Unknown => return Ok(None),
            Self::Secret(inner) => return inner.to_json(),
            Self::Archive(_) | Self::Asset(_) => {
                return Err(EvaluateError::NotJson(self.noun()));
            }
        }))
    }

    fn noun(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "truth value",
            Self::Integer(_) | Self::Number(_) => "number",
            Self::String(_) => "text",
            Self::List(_) => "list",
            Self::Object(_) => "object",
            Self::Unknown => "unknown value",
            Self::Secret(_) => "secret",
            Self::Archive(_) => "archive",
            Self::Asset(_) => "asset",
        }
    }
}

impl From<Json> for Evaluated {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Bool(flag),
            Json::Number(number) => match number.as_i64() {
                Some(integer) => Self::Integer(integer),
                None => number.as_f64().map_or(Self::Null, Self::Number),
            },
            Json::String(text) => Self::String(text),
            Json::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Json::Object(map) => {
                Self::Object(map.into_iter().map(|(k, v)| (k, v.into())).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests;
