//! What the language host hands over when it starts the program.

use std::collections::{BTreeMap, BTreeSet};

/// The variables that are read.
const MONITOR: &str = "PULUMI_MONITOR";
const ENGINE: &str = "PULUMI_ENGINE";
const PROJECT: &str = "PULUMI_PROJECT";
const STACK: &str = "PULUMI_STACK";
const DRY_RUN: &str = "PULUMI_DRY_RUN";
const PARALLEL: &str = "PULUMI_PARALLEL";
const CONFIG: &str = "PULUMI_CONFIG";
const SECRET_KEYS: &str = "PULUMI_CONFIG_SECRET_KEYS";

/// The stack, the engine's addresses, and how to deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Host and port of the resource monitor.
    pub monitor: String,
    /// Host and port of the engine itself.
    pub engine: String,
    /// The project's name.
    pub project: String,
    /// The stack's name.
    pub stack: String,
    /// A preview: nothing is changed, outputs may be unknown.
    pub preview: bool,
    /// Most registrations under way at once; none: as many as there are.
    pub parallel: Option<usize>,
    /// The stack's configuration: `namespace:key` → text.
    pub config: BTreeMap<String, String>,
    /// The keys of `config` that are secrets.
    pub secret_keys: BTreeSet<String>,
}

/// A variable that is missing or unreadable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// Started by hand.
    #[error(
        "{0} is not set: this program is started by the Pulumi CLI (pulumi preview, pulumi up)"
    )]
    Missing(&'static str),
    /// Not what the language host writes.
    #[error("{variable} cannot be read: {detail}")]
    Invalid {
        /// The variable.
        variable: &'static str,
        /// What is wrong.
        detail: String,
    },
}

impl Environment {
    /// Reads the variables.
    ///
    /// # Errors
    /// When one is missing or cannot be read.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let needed = |name: &'static str| {
            variable(name)
                .filter(|text| !text.is_empty())
                .ok_or(EnvironmentError::Missing(name))
        };
        let optional = |name: &str| variable(name).filter(|text| !text.is_empty());
        let invalid = |variable, detail: String| EnvironmentError::Invalid { variable, detail };
        let parallel = match optional(PARALLEL) {
            None => None,
            Some(text) => match text.parse::<i64>() {
                Ok(number) => usize::try_from(number).ok().filter(|number| *number > 0),
                Err(error) => return Err(invalid(PARALLEL, error.to_string())),
            },
        };
        let config = match optional(CONFIG) {
            None => BTreeMap::new(),
            Some(text) => {
                serde_json::from_str(&text).map_err(|error| invalid(CONFIG, error.to_string()))?
            }
        };
        let secret_keys = match optional(SECRET_KEYS) {
            None => BTreeSet::new(),
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| invalid(SECRET_KEYS, error.to_string()))?,
        };
        Ok(Self {
            monitor: needed(MONITOR)?,
            engine: needed(ENGINE)?,
            project: needed(PROJECT)?,
            stack: needed(STACK)?,
            preview: optional(DRY_RUN)
                .is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1"),
            parallel,
            config,
            secret_keys,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Environment, EnvironmentError> {
        let map: BTreeMap<&str, &str> = pairs.iter().copied().collect();
        Environment::read(|name| map.get(name).map(|text| (*text).to_owned()))
    }

    const COMPLETE: [(&str, &str); 8] = [
        (MONITOR, "127.0.0.1:1"),
        (ENGINE, "127.0.0.1:2"),
        (PROJECT, "aiops"),
        (STACK, "dev"),
        (DRY_RUN, "true"),
        (PARALLEL, "8"),
        (CONFIG, r#"{"aws:region":"eu-central-1"}"#),
        (SECRET_KEYS, r#"["aiops:token"]"#),
    ];

    #[test]
    fn everything_is_read() {
        let environment = read(&COMPLETE).unwrap();
        assert!(environment.preview);
        assert_eq!(environment.parallel, Some(8));
        assert_eq!(environment.config["aws:region"], "eu-central-1");
        assert!(environment.secret_keys.contains("aiops:token"));
    }

    #[test]
    fn a_number_below_one_means_no_limit() {
        for text in ["0", "-1"] {
            let mut pairs = COMPLETE;
            pairs[5].1 = text;
            assert_eq!(read(&pairs).unwrap().parallel, None);
        }
    }

    #[test]
    fn started_by_hand_it_says_who_starts_it() {
        let error = read(&[]).unwrap_err().to_string();
        assert!(error.contains("started by the Pulumi CLI"), "{error}");
        let mut pairs = COMPLETE;
        pairs[6].1 = "[";
        assert!(read(&pairs).unwrap_err().to_string().contains(CONFIG));
    }
}
