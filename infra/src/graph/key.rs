//! Names of things inside a graph: a resource's key, and the path to a property.

use std::fmt;
use std::str::FromStr;

/// What identifies a resource within a graph: its type token and its logical name. Written
/// `type::name`, for instance `aws:s3/bucket:Bucket::raw`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Type token, for instance `aws:s3/bucket:Bucket`.
    pub kind: String,
    /// Logical name, permanent: renaming it needs an alias.
    pub name: String,
}

impl Key {
    /// The key of the resource of type `kind` with the logical name `name`.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
        }
    }

    /// The text form that is used as a map key and in the wire form.
    pub fn text(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}::{}", self.kind, self.name)
    }
}

/// A text that is not `type::name`.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a resource: write type::name, for instance aws:s3/bucket:Bucket::raw")]
pub struct InvalidKey(String);

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("::") {
            Some((kind, name)) if !kind.is_empty() && !name.is_empty() => Ok(Self::new(kind, name)),
            _ => Err(InvalidKey(text.chars().take(200).collect())),
        }
    }
}

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A property of an object.
    Key(String),
    /// An element of a list, from 0.
    Index(usize),
}

/// The way to a property of a resource's outputs: `arn`, `vpcConfig.subnetIds[0]`. Keys that hold
/// anything but letters, digits, `_`, `-`, `/` and `:` are written `["key"]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Path(pub Vec<Segment>);

impl Path {
    /// The path of one property.
    pub fn property(name: impl Into<String>) -> Self {
        Self(vec![Segment::Key(name.into())])
    }

    /// This path, one step further.
    #[must_use]
    pub fn then(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// The outermost property, if the path starts with one.
    pub fn root(&self) -> Option<&str> {
        match self.0.first() {
            Some(Segment::Key(name)) => Some(name),
            _ => None,
        }
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | ':'))
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(formatter, "[{index}]")?,
                Segment::Key(key) if is_plain(key) => {
                    let dot = if position == 0 { "" } else { "." };
                    write!(formatter, "{dot}{key}")?;
                }
                Segment::Key(key) => {
                    write!(formatter, "[{}]", serde_json::Value::from(key.as_str()))?;
                }
            }
        }
        Ok(())
    }
}

/// A text that is not a property path.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a property path such as vpcConfig.subnetIds[0]")]
pub struct InvalidPath(String);

impl FromStr for Path {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_path(text).ok_or_else(|| InvalidPath(text.chars().take(200).collect()))
    }
}

fn parse_path(text: &str) -> Option<Path> {
    let mut segments = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix("[\"") {
            // A quoted key is a JSON string: the stream reader stops at its closing quote.
            let quoted = rest.strip_prefix('[')?;
            let mut reader =
                serde_json::Deserializer::from_str(quoted).into_iter::<serde_json::Value>();
            let key = reader.next()?.ok()?.as_str()?.to_owned();
            rest = quoted.get(reader.byte_offset()..)?.strip_prefix(']')?;
            segments.push(Segment::Key(key));
            debug_assert!(inside.len() >= rest.len());
        } else if let Some(inside) = rest.strip_prefix('[') {
            let (index, after) = inside.split_once(']')?;
            segments.push(Segment::Index(index.parse().ok()?));
            rest = after;
        } else {
            let body = if segments.is_empty() {
                rest
            } else {
                rest.strip_prefix('.')?
            };
            let end = body.find(['.', '[']).unwrap_or(body.len());
            let key = body.get(..end)?;
            if !is_plain(key) {
                return None;
            }
            segments.push(Segment::Key(key.to_owned()));
            rest = body.get(end..)?;
        }
    }
    Some(Path(segments))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segment() -> impl Strategy<Value = Segment> {
        prop_oneof![
            "[a-zA-Z0-9_]{1,8}".prop_map(Segment::Key),
            any::<String>().prop_map(Segment::Key),
            (0usize..1000).prop_map(Segment::Index),
        ]
    }

    proptest! {
        #![proptest_config(crate::graph::value::tests::config())]
        #[test]
        fn proptest_a_path_survives_its_text(segments in prop::collection::vec(segment(), 0..6)) {
            let path = Path(segments);
            prop_assert_eq!(path.to_string().parse::<Path>().unwrap(), path);
        }
    }

    #[test]
    fn a_key_needs_type_and_name() {
        let key: Key = "aws:s3/bucket:Bucket::raw".parse().unwrap();
        assert_eq!(key, Key::new("aws:s3/bucket:Bucket", "raw"));
        assert!("bucket".parse::<Key>().is_err());
        assert!("::x".parse::<Key>().is_err());
    }
}
