//! From a stack file's text, or from what the engine hands over, to the typed configuration.

use std::collections::BTreeMap;

use serde_json::Value;

use super::choices::Environment;
use super::field::ConfigValue as _;
use super::problem::{ConfigError, Problem, nearest, shown};
use super::read::{Object, Reader};
use super::{StackConfig, checks};

/// A stack file is read by people: one that is larger is a mistake or an attack.
const LARGEST_FILE_BYTES: usize = 1 << 20;

/// Keys that the CLI itself writes at the top of a stack file.
const CLI_KEYS: [&str; 6] = [
    "config",
    "encryptionsalt",
    "encryptedkey",
    "secretsprovider",
    "environment",
    "backend",
];

/// Keys of the default provider that may stand beside ours; only the region is ours to read.
const PROVIDER_KEYS: [&str; 6] = [
    "aws:region",
    "aws:profile",
    "aws:allowedAccountIds",
    "aws:assumeRoles",
    "aws:defaultTags",
    "aws:maxRetries",
];

pub(super) fn from_yaml(stack: &str, text: &str) -> Result<StackConfig, ConfigError> {
    let fail = |message: String| ConfigError {
        stack: stack.to_owned(),
        problems: vec![Problem {
            path: format!("Pulumi.{stack}.yaml"),
            message,
        }],
    };
    if text.len() > LARGEST_FILE_BYTES {
        return Err(fail(format!(
            "is {} bytes long; at most {LARGEST_FILE_BYTES} are read",
            text.len()
        )));
    }
    // Into YAML's own tree first: it refuses a key given twice, JSON's would keep the last.
    let tree: yaml_serde::Value =
        yaml_serde::from_str(text).map_err(|error| fail(format!("is not valid YAML: {error}")))?;
    let tree = serde_json::to_value(&tree)
        .map_err(|error| fail(format!("holds something that JSON cannot say: {error}")))?;

    let mut problems = Vec::new();
    let mut at = |path: String, message: String| problems.push(Problem { path, message });
    let top = match tree {
        Value::Object(top) => top,
        Value::Null => Object::new(),
        _ => return Err(fail("must hold keys and values".to_owned())),
    };
    for key in top.keys().filter(|key| !CLI_KEYS.contains(&key.as_str())) {
        at(
            shown(key),
            format!(
                "unknown key at the top of a stack file{}",
                hint(key, &CLI_KEYS)
            ),
        );
    }
    let config = match top.get("config") {
        None | Some(Value::Null) => Object::new(),
        Some(Value::Object(config)) => config.clone(),
        Some(_) => return Err(fail("`config` must hold keys and values".to_owned())),
    };
    from_tree(stack, config, problems)
}

pub(super) fn from_engine(
    stack: &str,
    values: &BTreeMap<String, String>,
) -> Result<StackConfig, ConfigError> {
    let tree = values
        .iter()
        .map(|(key, text)| {
            // Whatever begins like an object or a list is one; the rest are scalars, and those at
            // the top are text, a number or a switch.
            let value = match text.trim_start().chars().next() {
                Some('{' | '[') => {
                    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
                }
                Some('0'..='9') if key != "aiops:prefix" => {
                    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
                }
                _ => Value::from(text.as_str()),
            };
            (key.clone(), value)
        })
        .collect();
    from_tree(stack, tree, Vec::new())
}

/// Takes the namespaces off, reads the environment first (it decides the defaults), then the rest.
fn from_tree(
    stack: &str,
    config: Object,
    mut problems: Vec<Problem>,
) -> Result<StackConfig, ConfigError> {
    let own_keys: Vec<String> = StackConfig::own_fields()
        .into_iter()
        .map(|field| field.key)
        .filter(|key| !["stack", "region"].contains(&key.as_str()))
        .collect();
    let mut object = Object::from_iter([("stack".to_owned(), Value::from(stack))]);
    for (key, value) in config {
        match key.split_once(':') {
            Some(("aiops", "region")) => problems.push(Problem {
                path: key,
                message: "the region is the provider's: set aws:region".to_owned(),
            }),
            Some(("aiops", "stack")) => problems.push(Problem {
                path: key,
                message: "the stack's name is the file's: take this line out".to_owned(),
            }),
            Some(("aiops", name)) => {
                object.insert(name.to_owned(), value);
            }
            Some(_) if key == "aws:region" => {
                object.insert("region".to_owned(), value);
            }
            Some(_) if PROVIDER_KEYS.contains(&key.as_str()) => {}
            Some((namespace, _)) => {
                let known = if namespace == "aws" {
                    hint(&key, &PROVIDER_KEYS)
                } else {
                    "; keys begin with aiops: (the platform) or aws: (the provider)".to_owned()
                };
                problems.push(Problem {
                    message: format!("unknown key{known}"),
                    path: shown(&key),
                });
            }
            None => {
                let near = nearest(&key, own_keys.iter().map(String::as_str));
                let name = near.unwrap_or(&key);
                problems.push(Problem {
                    message: format!("has no namespace; did you mean `aiops:{}`?", shown(name)),
                    path: shown(&key),
                });
            }
        }
    }
    if !object.contains_key("region") {
        problems.push(Problem {
            path: "aws:region".to_owned(),
            message: "is missing: say where the stack is deployed".to_owned(),
        });
    }

    // Without an environment the other keys are still read, so that their mistakes show too.
    let environment = object.get("environment").and_then(|word| {
        let mut ignored = Vec::new();
        Environment::read(word, None, &mut Reader::new(Environment::Dev, &mut ignored))
    });
    if !object.contains_key("environment") {
        problems.push(Problem {
            path: "aiops:environment".to_owned(),
            message: format!("is missing: one of {}", Environment::WORDS.join(", ")),
        });
    }
    let mut reader = Reader::new(environment.unwrap_or(Environment::Dev), &mut problems);
    let read = StackConfig::read(&Value::Object(object), None, &mut reader);
    if let Some(config) = &read {
        problems.extend(checks::check(config));
    }
    problems.sort();
    problems.dedup();
    match read {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(ConfigError {
            stack: stack.to_owned(),
            problems,
        }),
    }
}

fn hint(key: &str, known: &[&str]) -> String {
    match nearest(key, known.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; known: {}", known.join(", ")),
    }
}
