//! Names that users choose and that become parts of resource names.

use std::borrow::Borrow;
use std::fmt;

use serde::Serialize;

use super::problem::shown;
use super::read::Reader;
use super::value::ConfigKey;

/// At most 24 lower case letters, digits and hyphens, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Slug(String);

impl Slug {
    /// The name, if it is one.
    pub fn new(text: &str) -> Option<Self> {
        is_slug(text).then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the text can be part of a resource's name.
pub(super) fn is_slug(text: &str) -> bool {
    text.len() <= 24
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
}

impl Borrow<str> for Slug {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl ConfigKey for Slug {
    const WORDS: &'static [&'static str] = &[];

    fn read_key(key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let slug = Self::new(key);
        if slug.is_none() {
            reader.problem(format!(
                "`{}` cannot be part of a resource name: at most 24 lower case letters, digits and hyphens, beginning with a letter",
                shown(key)
            ));
        }
        slug
    }
}
