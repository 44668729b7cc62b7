//! The one definition of a configuration key: its Rust type, name, meaning, rule and shape. Reading,
//! the JSON Schema and the explanation are all derived from it.

use serde::Serialize;
use serde_json::Value;

use super::choices::Environment;
use super::read::Reader;

/// The shape of a value, as the schema and the explanation show it.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// Text.
    Text,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Keys of their own.
    Section(Vec<Field>),
    /// Any number of values of one shape.
    List(Box<Self>),
    /// Values of one shape under names.
    Map {
        /// The names that exist; empty: the user chooses.
        keys: &'static [&'static str],
        /// Their shape.
        values: Box<Self>,
    },
    /// A value that may be absent or `null`.
    Optional(Box<Self>),
}

/// What a value must satisfy beyond its type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// Nothing more.
    Any,
    /// A number from … to …, both included.
    Range(f64, f64),
    /// One of these numbers.
    OneOf(&'static [u64]),
    /// Text that the function accepts; the text says what is expected, in words and as a regular
    /// expression for editors.
    Text {
        /// What is expected, in words.
        expected: &'static str,
        /// The same for editors, where a regular expression can say it.
        pattern: &'static str,
        /// The check itself.
        accepts: fn(&str) -> bool,
    },
}

/// One key.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// The key in the stack file.
    pub key: String,
    /// What it means, from the documentation of the Rust field.
    pub meaning: String,
    /// Its shape.
    pub shape: Shape,
    /// What the value must satisfy.
    pub rule: Rule,
}

/// A type that can stand in a stack file.
pub(super) trait ConfigValue: Sized + Serialize {
    /// The shape.
    fn shape() -> Shape;

    /// Reads a value; what is wrong is noted in the reader and gives `None`. `base` is what keys
    /// that are not given keep.
    fn read(value: &Value, base: Option<Self>, reader: &mut Reader<'_>) -> Option<Self>;
}

/// A group of keys.
pub(super) trait Section: Sized {
    /// What every key is in this environment when the stack file does not say.
    fn defaults(environment: Environment) -> Self;
}

/// `retention_days` → `retentionDays`.
pub(super) fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut key = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        key.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        key.push_str(letters.as_str());
    }
    key
}

/// The lines of a documentation comment as one sentence.
pub(super) fn meaning(lines: &[&str]) -> String {
    lines
        .iter()
        .map(|line| line.trim())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Declares a group of keys: a struct whose fields become camelCase keys, each with its meaning
/// (the documentation comment) and, after `=>`, its rule.
macro_rules! section {
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident {
            $( $(#[doc = $meaning:literal])+ $field:ident : $type:ty $(=> $rule:expr)? , )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $( $(#[doc = $meaning])+ pub $field: $type, )*
        }

        impl $name {
            fn read_keys(
                self,
                object: &$crate::config::read::Object,
                reader: &mut $crate::config::read::Reader<'_>,
            ) -> Self {
                reader.unknown_keys(object, &Self::own_fields());
                Self {
                    $( $field: reader.key(
                        object,
                        &$crate::config::field::camel_case(stringify!($field)),
                        $crate::config::field::section!(@rule $($rule)?),
                        self.$field,
                    ), )*
                }
            }

            pub(in crate::config) fn own_fields() -> Vec<$crate::config::field::Field> {
                vec![$( $crate::config::field::Field {
                    key: $crate::config::field::camel_case(stringify!($field)),
                    meaning: $crate::config::field::meaning(&[$($meaning),+]),
                    shape: <$type as $crate::config::field::ConfigValue>::shape(),
                    rule: $crate::config::field::section!(@rule $($rule)?),
                } ),*]
            }
        }

        impl $crate::config::field::ConfigValue for $name {
            fn shape() -> $crate::config::field::Shape {
                $crate::config::field::Shape::Section(Self::own_fields())
            }

            fn read(
                value: &serde_json::Value,
                base: Option<Self>,
                reader: &mut $crate::config::read::Reader<'_>,
            ) -> Option<Self> {
                use $crate::config::field::Section as _;
                let object = reader.object(value)?;
                let base = base.unwrap_or_else(|| Self::defaults(reader.environment()));
                Some(base.read_keys(&object, reader))
            }
        }
    };
    (@rule) => { $crate::config::field::Rule::Any };
    (@rule $rule:expr) => { $rule };
}
pub(super) use section;

/// Declares an enumeration of words.
macro_rules! choice {
    (
        $(#[doc = $doc:literal])+
        pub enum $name:ident {
            $( $(#[doc = $meaning:literal])+ $variant:ident = $word:literal , )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub enum $name {
            $( $(#[doc = $meaning])+ #[serde(rename = $word)] $variant, )*
        }

        impl $name {
            /// Every one, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),*];
            /// Their words.
            pub const WORDS: &'static [&'static str] = &[$( $word ),*];

            /// The word of the stack file.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $word, )* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl $crate::config::field::ConfigValue for $name {
            fn shape() -> $crate::config::field::Shape {
                $crate::config::field::Shape::Choice(Self::WORDS)
            }

            fn read(
                value: &serde_json::Value,
                _base: Option<Self>,
                reader: &mut $crate::config::read::Reader<'_>,
            ) -> Option<Self> {
                reader.choice(value, Self::ALL, Self::WORDS)
            }
        }
    };
}
pub(super) use choice;
