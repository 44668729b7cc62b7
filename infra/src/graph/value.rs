//! The value of an input: a literal, or an expression over outputs that are not known yet.

use std::collections::{BTreeMap, BTreeSet};

use super::key::{Key, Path};

/// An input. What is not known while declaring is a tree, never a string that looks like one.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number; always finite.
    Number(f64),
    /// A text that is known.
    String(String),
    /// A list.
    List(Vec<Value>),
    /// An object; its order is that of its keys, so that one declaration has one form.
    Object(BTreeMap<String, Value>),
    /// An output of a resource.
    Ref {
        /// The resource.
        resource: Key,
        /// The property, from its outputs' root; `id` is the provider's id.
        path: Path,
    },
    /// Texts, one after the other.
    Concat(Vec<Value>),
    /// A value that must not be shown or stored in clear.
    Secret(Box<Value>),
    /// The text of a JSON document that is serialised once everything inside is known.
    Json(Box<Value>),
    /// A folder or zip of the local machine, by its path.
    Archive(String),
    /// A file, by its path or its content.
    Asset(AssetSource),
    /// A property of a data source's result.
    Invoke(Invoke),
    /// A key of the stack's configuration that only the driver may read (a secret).
    Config(String),
}

/// Where an asset's bytes are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssetSource {
    /// A file of the local machine.
    Path(String),
    /// The content itself.
    Text(String),
}

/// A call of a data source.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoke {
    /// Function token, for instance `aws:index/getCallerIdentity:getCallerIdentity`.
    pub token: String,
    /// Arguments.
    pub args: BTreeMap<String, Value>,
    /// The property of the result.
    pub path: Path,
}

impl Value {
    /// The texts `parts` one after the other: nested concatenations are flattened, neighbouring
    /// literals joined, and what is only literals is a literal.
    pub fn concat(parts: impl IntoIterator<Item = Value>) -> Self {
        let mut flat = Vec::new();
        flatten(parts, &mut flat);
        match flat.len() {
            0 => Self::String(String::new()),
            1 => match flat.remove(0) {
                // A lone expression must still be a text.
                text @ Self::String(_) => text,
                other => Self::Concat(vec![other]),
            },
            _ => Self::Concat(flat),
        }
    }

    /// Calls `visit` on this value and on every value inside, outermost first.
    pub fn walk(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self);
        match self {
            Self::List(items) | Self::Concat(items) => items.iter().for_each(|v| v.walk(visit)),
            Self::Object(map) => map.values().for_each(|v| v.walk(visit)),
            Self::Secret(inner) | Self::Json(inner) => inner.walk(visit),
            Self::Invoke(invoke) => invoke.args.values().for_each(|v| v.walk(visit)),
            Self::Null
            | Self::Bool(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::String(_)
            | Self::Ref { .. }
            | Self::Archive(_)
            | Self::Asset(_)
            | Self::Config(_) => {}
        }
    }

    /// The resources whose outputs this value uses.
    pub fn references(&self) -> BTreeSet<Key> {
        let mut keys = BTreeSet::new();
        self.walk(&mut |value| {
            if let Self::Ref { resource, .. } = value {
                keys.insert(resource.clone());
            }
        });
        keys
    }

    /// Whether anything inside is known only to a driver.
    pub fn is_literal(&self) -> bool {
        let mut literal = true;
        self.walk(&mut |value| {
            literal &= !matches!(value, Self::Ref { .. } | Self::Invoke(_) | Self::Config(_));
        });
        literal
    }
}

fn flatten(parts: impl IntoIterator<Item = Value>, flat: &mut Vec<Value>) {
    for part in parts {
        match part {
            Value::Concat(inner) => flatten(inner, flat),
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => {
                if let Some(Value::String(last)) = flat.last_mut() {
                    last.push_str(&text);
                } else {
                    flat.push(Value::String(text));
                }
            }
            other => flat.push(other),
        }
    }
}

macro_rules! from_scalar {
    ($($from:ty => $variant:ident($via:ty)),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(<$via>::from(value))
            }
        }
    )*};
}

from_scalar!(
    bool => Bool(bool),
    i32 => Integer(i64),
    u16 => Integer(i64),
    u32 => Integer(i64),
    i64 => Integer(i64),
    &str => String(String),
    &String => String(String),
    String => String(String),
);

impl From<f64> for Value {
    /// What is not finite has no JSON form and becomes nothing.
    fn from(number: f64) -> Self {
        if number.is_finite() {
            Self::Number(number)
        } else {
            Self::Null
        }
    }
}

impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(items: Vec<V>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<V: Into<Value>, const N: usize> From<[V; N]> for Value {
    fn from(items: [V; N]) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<V: Into<Value>> From<BTreeMap<String, V>> for Value {
    fn from(map: BTreeMap<String, V>) -> Self {
        Self::Object(map.into_iter().map(|(k, v)| (k, v.into())).collect())
    }
}

impl From<serde_json::Value> for Value {
    /// Literals only: an object with a key that starts with `$` stays an object.
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(flag) => Self::Bool(flag),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(integer) => Self::Integer(integer),
                None => Self::from(number.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(items) => {
                Self::List(items.into_iter().map(Self::from).collect())
            }
            serde_json::Value::Object(map) => {
                Self::Object(map.into_iter().map(|(k, v)| (k, v.into())).collect())
            }
        }
    }
}

/// An object [`Value`] from `key => value` pairs; values are anything that is `Into<Value>`.
#[macro_export]
macro_rules! object {
    ($($key:expr => $value:expr),* $(,)?) => {
        $crate::graph::Value::Object(::std::collections::BTreeMap::from([
            $((::std::string::String::from($key), $crate::graph::Value::from($value))),*
        ]))
    };
}

/// A list [`Value`] of anything that is `Into<Value>`.
#[macro_export]
macro_rules! list {
    ($($value:expr),* $(,)?) => {
        $crate::graph::Value::List(::std::vec![$($crate::graph::Value::from($value)),*])
    };
}

/// A text expression from parts: `text!(bucket.arn(), "/*")`.
#[macro_export]
macro_rules! text {
    ($($part:expr),+ $(,)?) => {
        $crate::graph::Expr::<::std::string::String>::concat([
            $($crate::graph::Value::from($part)),+
        ])
    };
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::graph::key::Segment;
    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngAlgorithm, RngSeed};

    /// The same cases at every run.
    pub(crate) fn config() -> Config {
        Config {
            cases: 128,
            rng_seed: RngSeed::Fixed(7),
            rng_algorithm: RngAlgorithm::ChaCha,
            failure_persistence: None,
            ..Config::default()
        }
    }

    fn path() -> impl Strategy<Value = Path> {
        prop::collection::vec("[a-z]{1,6}".prop_map(Segment::Key), 1..3).prop_map(Path)
    }

    /// Any value tree; references name `aws:x/y:Y::r0` to `r4`.
    pub(crate) fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Integer),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::String),
            "[a-z/]{1,8}".prop_map(Value::Archive),
            "[a-z/]{1,8}".prop_map(|t| Value::Asset(AssetSource::Text(t))),
            "[a-z:]{1,8}".prop_map(Value::Config),
            (0..5, path()).prop_map(|(n, path)| Value::Ref {
                resource: Key::new("aws:x/y:Y", format!("r{n}")),
                path
            }),
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::btree_map("[$a-z]{1,4}", inner.clone(), 0..4)
                    .prop_map(Value::Object),
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Concat),
                inner.clone().prop_map(|v| Value::Secret(Box::new(v))),
                inner.clone().prop_map(|v| Value::Json(Box::new(v))),
                (
                    prop::collection::btree_map("[a-z]{1,4}", inner, 0..3),
                    path()
                )
                    .prop_map(|(args, path)| Value::Invoke(Invoke {
                        token: "aws:index/f:f".into(),
                        args,
                        path
                    })),
            ]
        })
    }

    #[test]
    fn concat_joins_literals_and_flattens() {
        let reference = Value::Ref {
            resource: Key::new("a", "b"),
            path: Path::property("arn"),
        };
        let nested = Value::concat([reference.clone(), "/".into()]);
        assert_eq!(
            Value::concat(["x".into(), "y".into(), nested, "*".into()]),
            Value::Concat(vec!["xy".into(), reference, "/*".into()])
        );
        assert_eq!(Value::concat(["a".into(), "b".into()]), "ab".into());
    }

    proptest! {
        #![proptest_config(config())]
        #[test]
        fn proptest_references_are_those_of_the_parts(
            items in prop::collection::vec(value(), 0..4)
        ) {
            let all: BTreeSet<Key> = items.iter().flat_map(Value::references).collect();
            prop_assert_eq!(Value::List(items.clone()).references(), all.clone());
            prop_assert_eq!(Value::Json(Box::new(Value::List(items))).references(), all);
        }
    }
}
