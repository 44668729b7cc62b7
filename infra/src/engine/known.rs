//! What is known of outputs while a graph is deployed.

use std::collections::BTreeMap;

use super::monitor::Registered;
use crate::graph::key::Segment;
use crate::graph::{EvaluateError, Evaluated, Invoke, Key, Outputs, Path};

/// Registered resources, called data sources and the secrets of the configuration.
#[derive(Debug, Default)]
pub struct Known {
    /// A preview: what is missing is not known yet, and not absent.
    pub preview: bool,
    /// Answers, by resource.
    pub resources: BTreeMap<Key, Registered>,
    /// Results, by token and arguments.
    pub invokes: BTreeMap<String, Evaluated>,
    /// The configuration.
    pub config: BTreeMap<String, String>,
}

/// What tells one call of a data source from another.
pub fn call_key(token: &str, arguments: &Evaluated) -> String {
    format!("{token} {arguments:?}")
}

impl Known {
    fn absent(&self) -> Evaluated {
        if self.preview {
            Evaluated::Unknown
        } else {
            // Providers leave out what is null.
            Evaluated::Null
        }
    }
}

impl Outputs for Known {
    fn output(&self, resource: &Key, path: &Path) -> Result<Evaluated, EvaluateError> {
        let registered = self
            .resources
            .get(resource)
            .ok_or_else(|| EvaluateError::NoResource(resource.clone()))?;
        let no_property = || EvaluateError::NoProperty {
            resource: resource.to_string(),
            path: path.clone(),
        };
        let Some(root) = path.root() else {
            return Err(no_property());
        };
        let rest = Path(path.0.iter().skip(1).cloned().collect());
        let found = match root {
            "urn" => Evaluated::String(registered.urn.clone()),
            "id" if registered.id.is_empty() => Evaluated::Unknown,
            "id" => Evaluated::String(registered.id.clone()),
            _ => match registered.outputs.get(root) {
                Some(value) => value.clone(),
                None => return Ok(self.absent()),
            },
        };
        match found.at(&rest) {
            Some(value) => Ok(value),
            // A list that the provider has yet to fill, an object without the key.
            None if self.preview => Ok(Evaluated::Unknown),
            None => match rest.0.last() {
                Some(Segment::Key(_)) => Ok(Evaluated::Null),
                _ => Err(no_property()),
            },
        }
    }

    fn invoke(&self, invoke: &Invoke, args: &Evaluated) -> Result<Evaluated, EvaluateError> {
        self.invokes
            .get(&call_key(&invoke.token, args))
            .cloned()
            .ok_or_else(|| EvaluateError::Invoke {
                token: invoke.token.clone(),
                detail: "it was not called".to_owned(),
            })
    }

    fn config(&self, key: &str) -> Result<Evaluated, EvaluateError> {
        self.config
            .get(key)
            .map(|text| Evaluated::String(text.clone()).into_secret())
            .ok_or_else(|| EvaluateError::NoConfig(key.to_owned()))
    }
}
