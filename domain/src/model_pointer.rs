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

/// The form in which a candidate lies beside the current model: `{…, "candidate":{…}}`.
#[derive(Deserialize)]
struct Beside {
    #[serde(default)]
    candidate: Option<ModelPointer>,
}

impl ModelPointer {
    /// The model that runs in shadow beside the current one: the member `candidate` of the value.
    ///
    /// # Errors
    /// When the value is no pointer.
    pub fn parse_candidate(value: &str) -> Result<Option<Self>, ModelPointerError> {
        match value.trim() {
            NO_MODEL => Ok(None),
            value => serde_json::from_str::<Beside>(value)
                .map(|beside| beside.candidate)
                .map_err(ModelPointerError),
        }
    }

    /// The value that points to this model and lets `candidate` run in shadow beside it.
    ///
    /// # Errors
    /// Never for pointers that were parsed: they are texts.
    pub fn with_candidate(&self, candidate: &Self) -> Result<String, ModelPointerError> {
        #[derive(Serialize)]
        struct Both<'p> {
            #[serde(flatten)]
            current: &'p ModelPointer,
            candidate: &'p ModelPointer,
        }
        let both = Both {
            current: self,
            candidate,
        };
        serde_json::to_string(&both).map_err(ModelPointerError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_lies_beside_the_current_model() {
        let pointer = |version: &str| ModelPointer {
            version: version.into(),
            bucket: "models".into(),
            key: format!("models/{version}/model"),
            sha256: "0".repeat(64),
        };
        let (current, next) = (pointer("7"), pointer("8"));
        let value = current.with_candidate(&next).unwrap();
        assert_eq!(ModelPointer::parse(&value).unwrap(), Some(current.clone()));
        assert_eq!(ModelPointer::parse_candidate(&value).unwrap(), Some(next));
        let alone = serde_json::to_string(&current).unwrap();
        assert_eq!(ModelPointer::parse_candidate(&alone).unwrap(), None);
        assert_eq!(ModelPointer::parse_candidate("none").unwrap(), None);
        assert!(ModelPointer::parse_candidate("{").is_err());
    }

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
