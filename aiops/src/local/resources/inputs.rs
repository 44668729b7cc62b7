//! Reading inputs, and turning them into the words of the AWS APIs.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Call, ResourceError};

/// A zip that is not where the graph expects it.
#[derive(Debug, thiserror::Error)]
#[error("{path}: the archive cannot be read: {source}", path = path.display())]
pub(in crate::local) struct ArchiveError {
    path: PathBuf,
    source: std::io::Error,
}

impl Call<'_> {
    /// The input, if it is there and not null.
    pub(super) fn get(&self, property: &str) -> Option<&Value> {
        self.inputs.get(property).filter(|value| !value.is_null())
    }

    /// A text that may be missing.
    pub(super) fn optional(&self, property: &str) -> Option<&str> {
        self.get(property)?.as_str()
    }

    /// A text that must be there.
    pub(super) fn text(&self, property: &str) -> Result<&str, ResourceError> {
        self.optional(property)
            .ok_or_else(|| ResourceError::Input(property.to_owned()))
    }

    /// What the last time answered under `property`.
    pub(super) fn was(&self, property: &str) -> Option<&str> {
        self.before?.get(property)?.as_str()
    }

    /// The inputs of these names, renamed, where they are there: `[("batchSize", "BatchSize")]`.
    pub(super) fn renamed<const N: usize>(&self, names: [(&str, &str); N]) -> Map<String, Value> {
        names
            .into_iter()
            .filter_map(|(from, to)| Some((to.to_owned(), self.get(from)?.clone())))
            .collect()
    }
}

/// The value with every key in the API's case (`vpcConfig` → `VpcConfig`), but for the keys that
/// `special` names, and leaving alone what is inside of `opaque` keys (maps of the user's own keys).
pub(super) fn pascal(value: &Value, special: &[(&str, &str)], opaque: &[&str]) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(_, inner)| !inner.is_null())
            .map(|(key, inner)| {
                let name = special
                    .iter()
                    .find_map(|(from, to)| (from == key).then(|| (*to).to_owned()))
                    .unwrap_or_else(|| capitalised(key));
                let inner = if opaque.contains(&key.as_str()) {
                    inner.clone()
                } else {
                    pascal(inner, special, opaque)
                };
                (name, inner)
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .map(|item| pascal(item, special, opaque))
            .collect(),
        other => other.clone(),
    }
}

fn capitalised(key: &str) -> String {
    let mut characters = key.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + characters.as_str()
    })
}

/// Every scalar of a map as a text, as attribute maps want it.
pub(super) fn as_texts(map: Map<String, Value>) -> Map<String, Value> {
    map.into_iter()
        .map(|(key, value)| {
            let text = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            (key, Value::String(text))
        })
        .collect()
}

/// Where the archive `path` of the graph lies here: the zip of the same name among the local ones.
fn resolve_archive(path: &str, archives: &Path) -> PathBuf {
    Path::new(path)
        .file_name()
        .map_or_else(|| archives.to_path_buf(), |name| archives.join(name))
}

/// The bytes of an archive input.
pub(super) fn archive_bytes(value: &Value, archives: &Path) -> Result<Vec<u8>, ResourceError> {
    let path = value
        .get("$archive")
        .and_then(Value::as_str)
        .ok_or_else(|| ResourceError::Input("code".to_owned()))?;
    let path = resolve_archive(path, archives);
    std::fs::read(&path).map_err(|source| ArchiveError { path, source }.into())
}

/// sha256 of inputs: equal inputs have equal digests, and an archive counts by its content.
pub(in crate::local) fn content_digest(
    inputs: &Value,
    archives: &Path,
) -> Result<String, ArchiveError> {
    fn walk(value: &Value, archives: &Path, hash: &mut Sha256) -> Result<(), ArchiveError> {
        match value {
            Value::Object(map) => {
                if let Some(path) = map.get("$archive").and_then(Value::as_str) {
                    let path = resolve_archive(path, archives);
                    let bytes =
                        std::fs::read(&path).map_err(|source| ArchiveError { path, source })?;
                    hash.update(b"archive");
                    hash.update(Sha256::digest(&bytes));
                    return Ok(());
                }
                let mut keys: Vec<_> = map.keys().collect();
                keys.sort();
                hash.update((keys.len() as u64).to_be_bytes());
                for key in keys {
                    hash.update((key.len() as u64).to_be_bytes());
                    hash.update(key);
                    walk(&map[key], archives, hash)?;
                }
            }
            Value::Array(items) => {
                hash.update(b"list");
                hash.update((items.len() as u64).to_be_bytes());
                for item in items {
                    walk(item, archives, hash)?;
                }
            }
            scalar => {
                let text = scalar.to_string();
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text);
            }
        }
        Ok(())
    }
    let mut hash = Sha256::new();
    walk(inputs, archives, &mut hash)?;
    Ok(aiops_domain::finding::hex(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_take_the_apis_case_and_maps_of_users_keep_theirs() {
        let value = json!({"vpcConfig": {"subnetIds": ["a"]}, "variables": {"myKey": 1}, "arn": "x", "none": null});
        assert_eq!(
            pascal(&value, &[("arn", "ARN")], &["variables"]),
            json!({"VpcConfig": {"SubnetIds": ["a"]}, "Variables": {"myKey": 1}, "ARN": "x"})
        );
    }

    #[test]
    fn a_digest_is_that_of_the_content() {
        let directory = tempfile::tempdir().unwrap();
        let digest = |content: &str, order: bool| {
            std::fs::write(directory.path().join("f.zip"), content).unwrap();
            let inputs = if order {
                json!({"a": 1, "code": {"$archive": "dist/functions/f.zip"}})
            } else {
                json!({"code": {"$archive": "elsewhere/f.zip"}, "a": 1})
            };
            content_digest(&inputs, directory.path()).unwrap()
        };
        assert_eq!(digest("one", true), digest("one", false));
        assert_ne!(digest("one", true), digest("two", true));
        let missing = json!({"$archive": "missing.zip"});
        assert!(content_digest(&missing, directory.path()).is_err());
        let flat = json!(["ab", "c"]);
        let other = json!(["a", "bc"]);
        assert_ne!(
            content_digest(&flat, directory.path()).unwrap(),
            content_digest(&other, directory.path()).unwrap()
        );
    }
}
