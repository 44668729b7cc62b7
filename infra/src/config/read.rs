//! Reads a tree of values into typed sections and notes everything that is wrong on the way.

use serde_json::Value;

use super::choices::Environment;
use super::field::{ConfigValue, Field, Rule};
use super::problem::{Problem, nearest, shown};

/// An object of the tree.
pub(super) type Object = serde_json::Map<String, Value>;

/// Where the reader stands, what it found wrong, and which environment's defaults hold.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    environment: Environment,
    path: Vec<String>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(environment: Environment, problems: &'a mut Vec<Problem>) -> Self {
        Self {
            environment,
            path: Vec::new(),
            problems,
        }
    }

    /// The environment whose defaults hold.
    pub(super) fn environment(&self) -> Environment {
        self.environment
    }

    /// Notes a mistake here.
    pub(super) fn problem(&mut self, message: impl Into<String>) {
        let path = path_text(&self.path);
        self.problems.push(Problem {
            path,
            message: message.into(),
        });
    }

    /// Runs `read` one step deeper.
    pub(super) fn within<T>(
        &mut self,
        step: impl Into<String>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.path.push(step.into());
        let result = read(self);
        self.path.pop();
        result
    }

    /// The value as an object. A top-level section may come from the engine as JSON text.
    pub(super) fn object(&mut self, value: &Value) -> Option<Object> {
        match value {
            Value::Object(object) => {
                if object.len() == 1 && object.contains_key("secure") {
                    self.problem(
                        "is encrypted: no key here is a secret; put secrets into Secrets Manager and name them in `notify`",
                    );
                    return None;
                }
                Some(object.clone())
            }
            Value::Null => Some(Object::new()),
            other => {
                self.expected("keys and values", other);
                None
            }
        }
    }

    pub(super) fn expected(&mut self, what: &str, found: &Value) {
        let found = match found {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => format!("{value}"),
            Value::Number(value) => format!("the number {value}"),
            Value::String(text) => format!("the text `{}`", shown(text)),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "keys and values".to_owned(),
        };
        self.problem(format!("expected {what}, found {found}"));
    }

    pub(super) fn choice<T: Copy>(
        &mut self,
        value: &Value,
        all: &[T],
        words: &[&str],
    ) -> Option<T> {
        let Some(word) = value.as_str() else {
            self.expected(&format!("one of {}", words.join(", ")), value);
            return None;
        };
        if let Some(found) = words
            .iter()
            .zip(all)
            .find(|(candidate, _)| **candidate == word)
        {
            return Some(*found.1);
        }
        let hint = nearest(word, words.iter().copied())
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        self.problem(format!(
            "`{}` is not one of {}{hint}",
            shown(word),
            words.join(", ")
        ));
        None
    }

    pub(super) fn unknown_keys(&mut self, object: &Object, fields: &[Field]) {
        for key in object.keys() {
            if fields.iter().any(|field| field.key == *key) {
                continue;
            }
            let hint = match nearest(key, fields.iter().map(|field| field.key.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "known here: {}",
                    fields
                        .iter()
                        .map(|field| field.key.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            };
            self.within(shown(key), |reader| {
                reader.problem(format!("unknown key; {hint}"));
            });
        }
    }

    pub(super) fn key<T: ConfigValue + Clone>(
        &mut self,
        object: &Object,
        key: &str,
        rule: Rule,
        base: T,
    ) -> T {
        let Some(value) = object.get(key) else {
            return base;
        };
        self.within(key, |reader| {
            let read = T::read(value, Some(base.clone()), reader);
            if read.is_some() {
                reader.apply(rule, value);
            }
            read.unwrap_or(base)
        })
    }

    fn apply(&mut self, rule: Rule, value: &Value) {
        match value {
            Value::Null | Value::Object(_) => {}
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.within(format!("[{index}]"), |reader| reader.apply(rule, item));
                }
            }
            scalar => self.apply_scalar(rule, scalar),
        }
    }

    fn apply_scalar(&mut self, rule: Rule, value: &Value) {
        match rule {
            Rule::Any => {}
            Rule::Range(low, high) => {
                if value
                    .as_f64()
                    .is_some_and(|number| !(low..=high).contains(&number))
                {
                    self.problem(format!(
                        "{value} is out of range: it must be from {low} to {high}"
                    ));
                }
            }
            Rule::OneOf(allowed) => {
                if value
                    .as_u64()
                    .is_some_and(|number| !allowed.contains(&number))
                {
                    let allowed: Vec<_> = allowed.iter().map(u64::to_string).collect();
                    self.problem(format!(
                        "{value} is not allowed: it must be one of {}",
                        allowed.join(", ")
                    ));
                }
            }
            Rule::Text {
                expected, accepts, ..
            } => {
                if let Some(text) = value.as_str().filter(|text| !accepts(text)) {
                    self.problem(format!("`{}` is not {expected}", shown(text)));
                }
            }
        }
    }
}

/// `["network", "cidr"]` → `aiops:network.cidr`; the region is the provider's own key.
pub(super) fn path_text(path: &[String]) -> String {
    let mut text = match path.first().map(String::as_str) {
        Some("region") => return "aws:region".to_owned(),
        _ => "aiops:".to_owned(),
    };
    for (index, step) in path.iter().enumerate() {
        if index > 0 && !step.starts_with('[') {
            text.push('.');
        }
        text.push_str(step);
    }
    text
}
