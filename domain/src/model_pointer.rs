//! The pointer to the current model, the value of an SSM parameter.

use serde::{Deserialize, Serialize};

/// The value that says that there is no model (a parameter cannot be empty).
pub const NO_MODEL: &str = "none";

/// Which artefact is the current model. Moving it back is the rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPointer {
    /// The model's version.
    pub version: String,
    /// The bucket of its artefact.
    pub bucket: String,
    /// The key of its artefact.
    pub key: String,
    /// SHA-256 of the artefact's bytes, 64 lower-case hex digits.
    pub sha256: String,
}

/// A value that is no pointer.
#[derive(Debug, thiserror::Error)]
#[error(
    "the model pointer is neither `none` nor {{\"version\",\"bucket\",\"key\",\"sha256\"}}: {0}"
)]
pub struct ModelPointerError(#[source] serde_json::Error);

impl ModelPointer {
    /// Reads a parameter's value; `None`: there is no model.
    ///
    /// # Errors
    /// When the value is no pointer.
    pub fn parse(value: &str) -> Result<Option<Self>, ModelPointerError> {
        match value.trim() {
            NO_MODEL => Ok(None),
            value => serde_json::from_str(value)
                .map(Some)
                .map_err(ModelPointerError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_or_none() {
        assert_eq!(ModelPointer::parse("none\n").unwrap(), None);
        let pointer = ModelPointer {
            version: "7".into(),
            bucket: "models".into(),
            key: "models/7/model.json.gz".into(),
            sha256: "0".repeat(64),
        };
        let value = serde_json::to_string(&pointer).unwrap();
        assert_eq!(ModelPointer::parse(&value).unwrap(), Some(pointer));
        assert!(ModelPointer::parse("").is_err());
        assert!(ModelPointer::parse("{}").is_err());
    }
}
