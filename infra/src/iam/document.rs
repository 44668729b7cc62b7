//! A policy as AWS reads it: from JSON, strictly.

use std::collections::BTreeMap;

use serde_json::Value;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// Its statements.
    pub statements: Vec<Rule>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name, if it has one.
    pub sid: String,
    /// Whether it gives.
    pub allows: bool,
    /// What it is about.
    pub actions: Names,
    /// On what; none in a trust policy.
    pub resources: Option<Names>,
    /// For whom; none in an identity policy.
    pub principals: Option<Principals>,
    /// Under which conditions: operator, key, values.
    pub conditions: Vec<(String, String, Vec<String>)>,
}

/// These names, or all but these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The patterns.
    pub patterns: Vec<String>,
    /// `NotAction`, `NotResource`.
    pub inverted: bool,
}

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principals {
    /// Kind (`AWS`, `Service`, `Federated`, `*`) and names.
    pub names: Vec<(String, String)>,
    /// `NotPrincipal`.
    pub inverted: bool,
}

/// What is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy: {0}")]
pub struct DocumentError(String);

fn wrong<T>(what: impl Into<String>) -> Result<T, DocumentError> {
    Err(DocumentError(what.into()))
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is not one: unknown keys, effects or forms.
    pub fn parse(json: &Value) -> Result<Self, DocumentError> {
        let Value::Object(document) = json else {
            return wrong("is not an object");
        };
        if let Some(key) = document
            .keys()
            .find(|key| !["Version", "Id", "Statement"].contains(&key.as_str()))
        {
            return wrong(format!("unknown key `{key}`"));
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().collect(),
            Some(one @ Value::Object(_)) => vec![one],
            _ => return wrong("has no Statement"),
        };
        let statements = statements.into_iter().map(rule).collect::<Result<_, _>>()?;
        Ok(Self { statements })
    }

    /// Reads a document's text.
    ///
    /// # Errors
    /// When it is not JSON, or not a policy.
    pub fn parse_text(text: &str) -> Result<Self, DocumentError> {
        match serde_json::from_str(text) {
            Ok(json) => Self::parse(&json),
            Err(error) => wrong(format!("is not JSON: {error}")),
        }
    }
}

fn rule(json: &Value) -> Result<Rule, DocumentError> {
    const KEYS: [&str; 9] = [
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    ];
    let Value::Object(statement) = json else {
        return wrong("a statement is not an object");
    };
    if let Some(key) = statement.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return wrong(format!("unknown key `{key}` in a statement"));
    }
    let names = |plain: &str, inverted: &str| match (statement.get(plain), statement.get(inverted))
    {
        (Some(_), Some(_)) => wrong(format!("both {plain} and {inverted}")),
        (Some(value), None) => Ok(Some(Names {
            patterns: texts(value)?,
            inverted: false,
        })),
        (None, Some(value)) => Ok(Some(Names {
            patterns: texts(value)?,
            inverted: true,
        })),
        (None, None) => Ok(None),
    };
    let principals = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(_), Some(_)) => return wrong("both Principal and NotPrincipal"),
        (Some(value), None) => Some(Principals {
            names: principals(value)?,
            inverted: false,
        }),
        (None, Some(value)) => Some(Principals {
            names: principals(value)?,
            inverted: true,
        }),
        (None, None) => None,
    };
    let Some(actions) = names("Action", "NotAction")? else {
        return wrong("a statement without Action");
    };
    Ok(Rule {
        sid: statement
            .get("Sid")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        allows: match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            other => return wrong(format!("Effect is {other:?}")),
        },
        actions,
        resources: names("Resource", "NotResource")?,
        principals,
        conditions: conditions(statement.get("Condition"))?,
    })
}

fn texts(value: &Value) -> Result<Vec<String>, DocumentError> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Bool(flag) => Ok(vec![flag.to_string()]),
        Value::Number(number) => Ok(vec![number.to_string()]),
        Value::Array(items) => {
            let nested: Vec<Vec<String>> = items.iter().map(texts).collect::<Result<_, _>>()?;
            Ok(nested.into_iter().flatten().collect())
        }
        other => wrong(format!("expected texts, found {other}")),
    }
}

fn principals(value: &Value) -> Result<Vec<(String, String)>, DocumentError> {
    match value {
        Value::String(text) if text == "*" => Ok(vec![("*".to_owned(), "*".to_owned())]),
        Value::Object(kinds) => {
            let mut names = Vec::new();
            for (kind, value) in kinds {
                names.extend(texts(value)?.into_iter().map(|name| (kind.clone(), name)));
            }
            Ok(names)
        }
        other => wrong(format!("Principal is {other}")),
    }
}

fn conditions(value: Option<&Value>) -> Result<Vec<(String, String, Vec<String>)>, DocumentError> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let Value::Object(operators) = value else {
        return wrong("Condition is not an object");
    };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let Some(keys) = keys.as_object() else {
            return wrong(format!("Condition {operator} is not an object"));
        };
        let keys: &BTreeMap<String, Value> = &keys.clone().into_iter().collect();
        for (key, values) in keys {
            conditions.push((operator.clone(), key.clone(), texts(values)?));
        }
    }
    Ok(conditions)
}
