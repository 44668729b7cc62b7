//! The typed layer over [`Value`]: an [`Expr<T>`] is an input or an output of type `T`. References
//! come only from handles, and handles only from declaring, so an undeclared resource cannot be
//! referred to.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::key::Segment;
use super::value::{AssetSource, Value};

/// A typed expression: a literal, an output, or a combination of them.
#[derive(Debug, PartialEq)]
pub struct Expr<T> {
    value: Value,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Expr<T> {
    fn clone(&self) -> Self {
        Self::trusted(self.value.clone())
    }
}

/// A folder or zip file of the local machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive(String);

impl Archive {
    /// The archive at `path`, relative to the repository's root.
    pub fn path(path: impl Into<String>) -> Self {
        Self(path.into())
    }
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset(AssetSource);

impl Asset {
    /// The file at `path`, relative to the repository's root.
    pub fn path(path: impl Into<String>) -> Self {
        Self(AssetSource::Path(path.into()))
    }

    /// The file whose content is `text`.
    pub fn text(text: impl Into<String>) -> Self {
        Self(AssetSource::Text(text.into()))
    }
}

impl<T> Expr<T> {
    /// For generated code, which knows that `value` is a `T`.
    pub(crate) fn trusted(value: Value) -> Self {
        Self {
            value,
            of: PhantomData,
        }
    }

    /// The same, hidden from state files, logs and plans.
    #[must_use]
    pub fn into_secret(self) -> Self {
        match self.value {
            secret @ Value::Secret(_) => Self::trusted(secret),
            other => Self::trusted(Value::Secret(Box::new(other))),
        }
    }

    /// The property `name` of this object.
    pub(crate) fn nested_property<U>(&self, name: &str) -> Expr<U> {
        Expr::trusted(step(&self.value, Segment::Key(name.to_owned())))
    }
}

fn step(value: &Value, segment: Segment) -> Value {
    match (value, &segment) {
        (Value::Ref { resource, path }, _) => Value::Ref {
            resource: resource.clone(),
            path: path.then(segment),
        },
        (Value::Invoke(invoke), _) => {
            let mut invoke = invoke.clone();
            invoke.path = invoke.path.then(segment);
            Value::Invoke(invoke)
        }
        (Value::Secret(inner), _) => Value::Secret(Box::new(step(inner, segment))),
        (Value::Object(map), Segment::Key(key)) => map.get(key).cloned().unwrap_or(Value::Null),
        (Value::List(items), Segment::Index(index)) => {
            items.get(*index).cloned().unwrap_or(Value::Null)
        }
        _ => Value::Null,
    }
}

impl Expr<String> {
    /// The texts `parts` one after the other; see [`crate::text!`].
    pub fn concat(parts: impl IntoIterator<Item = Value>) -> Self {
        Self::trusted(Value::concat(parts))
    }

    /// A secret of the stack's configuration, by its full key (`aiops:name`). Its content never
    /// enters the graph.
    pub fn config_secret(key: impl Into<String>) -> Self {
        Self::trusted(Value::Secret(Box::new(Value::Config(key.into()))))
    }
}

/// The text of the JSON document `document`, serialised once everything inside is known.
pub fn json(document: impl Into<Value>) -> Expr<String> {
    Expr::trusted(Value::Json(Box::new(document.into())))
}

impl<T> Expr<Vec<T>> {
    /// The element at `index`, from 0.
    pub fn at(&self, index: usize) -> Expr<T> {
        Expr::trusted(step(&self.value, Segment::Index(index)))
    }
}

impl<T> Expr<BTreeMap<String, T>> {
    /// The entry at `key`.
    pub fn entry(&self, key: &str) -> Expr<T> {
        self.nested_property(key)
    }
}

impl<T> From<Expr<T>> for Value {
    fn from(expr: Expr<T>) -> Self {
        expr.value
    }
}

impl<T> From<&Expr<T>> for Value {
    fn from(expr: &Expr<T>) -> Self {
        expr.value.clone()
    }
}

impl<T> From<&Expr<T>> for Expr<T> {
    fn from(expr: &Expr<T>) -> Self {
        expr.clone()
    }
}

macro_rules! from_scalar {
    ($($from:ty => $to:ty),* $(,)?) => {$(
        impl From<$from> for Expr<$to> {
            fn from(value: $from) -> Self {
                Self::trusted(Value::from(value))
            }
        }
    )*};
}

from_scalar!(
    bool => bool,
    i32 => i64,
    u16 => i64,
    u32 => i64,
    i64 => i64,
    f64 => f64,
    &str => String,
    &String => String,
    String => String,
);

impl From<i32> for Expr<f64> {
    fn from(number: i32) -> Self {
        Self::trusted(Value::from(f64::from(number)))
    }
}

impl From<Archive> for Expr<Archive> {
    fn from(archive: Archive) -> Self {
        Self::trusted(Value::Archive(archive.0))
    }
}

impl From<Asset> for Expr<Asset> {
    fn from(asset: Asset) -> Self {
        Self::trusted(Value::Asset(asset.0))
    }
}

impl<T, I: Into<Expr<T>>> FromIterator<I> for Expr<Vec<T>> {
    fn from_iter<It: IntoIterator<Item = I>>(items: It) -> Self {
        Self::trusted(Value::List(
            items.into_iter().map(|item| item.into().value).collect(),
        ))
    }
}

impl<T, I: Into<Expr<T>>> From<Vec<I>> for Expr<Vec<T>> {
    fn from(items: Vec<I>) -> Self {
        items.into_iter().collect()
    }
}

impl<T, I: Into<Expr<T>>, const N: usize> From<[I; N]> for Expr<Vec<T>> {
    fn from(items: [I; N]) -> Self {
        items.into_iter().collect()
    }
}

impl<T, I: Into<Expr<T>>> From<BTreeMap<String, I>> for Expr<BTreeMap<String, T>> {
    fn from(map: BTreeMap<String, I>) -> Self {
        Self::trusted(Value::Object(
            map.into_iter()
                .map(|(key, item)| (key, item.into().value))
                .collect(),
        ))
    }
}

impl<T, K: Into<String>, I: Into<Expr<T>>, const N: usize> From<[(K, I); N]>
    for Expr<BTreeMap<String, T>>
{
    fn from(pairs: [(K, I); N]) -> Self {
        Self::trusted(Value::Object(
            pairs
                .into_iter()
                .map(|(key, item)| (key.into(), item.into().value))
                .collect(),
        ))
    }
}

/// A number as a text.
pub fn text_of(number: &Expr<i64>) -> Expr<String> {
    Expr::concat([number.into()])
}
