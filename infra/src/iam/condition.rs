//! Conditions of a statement.

use std::collections::BTreeMap;

use crate::graph::{Expr, Value};

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words are IAM's own")]
pub enum Operator {
    StringEquals,
    StringNotEquals,
    StringLike,
    StringNotLike,
    ArnEquals,
    ArnLike,
    ArnNotLike,
    NumericLessThan,
    NumericGreaterThan,
    Bool,
    IpAddress,
    NotIpAddress,
    Null,
    ForAnyValueStringEquals,
    ForAllValuesStringEquals,
    ForAllValuesStringLike,
}

impl Operator {
    /// The word of the policy language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StringEquals => "StringEquals",
            Self::StringNotEquals => "StringNotEquals",
            Self::StringLike => "StringLike",
            Self::StringNotLike => "StringNotLike",
            Self::ArnEquals => "ArnEquals",
            Self::ArnLike => "ArnLike",
            Self::ArnNotLike => "ArnNotLike",
            Self::NumericLessThan => "NumericLessThan",
            Self::NumericGreaterThan => "NumericGreaterThan",
            Self::Bool => "Bool",
            Self::IpAddress => "IpAddress",
            Self::NotIpAddress => "NotIpAddress",
            Self::Null => "Null",
            Self::ForAnyValueStringEquals => "ForAnyValue:StringEquals",
            Self::ForAllValuesStringEquals => "ForAllValues:StringEquals",
            Self::ForAllValuesStringLike => "ForAllValues:StringLike",
        }
    }
}

/// One condition: the key of the request compared with values, any of which may match.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    operator: Operator,
    key: String,
    values: Vec<Value>,
}

impl Condition {
    /// Compares the request's `key` with `values`.
    pub fn new<V: Into<Expr<String>>>(
        operator: Operator,
        key: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self {
            operator,
            key: key.into(),
            values: values
                .into_iter()
                .map(|value| Value::from(value.into()))
                .collect(),
        }
    }

    /// The request's `key` is `value`.
    pub fn equals(key: impl Into<String>, value: impl Into<Expr<String>>) -> Self {
        Self::new(Operator::StringEquals, key, [value.into()])
    }

    /// The calling service acts for this account: keeps others from using it as their deputy.
    pub fn source_account(id: impl Into<Expr<String>>) -> Self {
        Self::equals("aws:SourceAccount", id)
    }

    /// The calling service acts for a resource like this.
    pub fn source_arn(pattern: impl Into<Expr<String>>) -> Self {
        Self::new(Operator::ArnLike, "aws:SourceArn", [pattern.into()])
    }

    /// Conditions as the policy language writes them: operator → key → values.
    pub(super) fn block(conditions: Vec<Self>) -> Value {
        let mut block: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for Self {
            operator,
            key,
            mut values,
        } in conditions
        {
            let value = if values.len() == 1 {
                values.remove(0)
            } else {
                Value::List(values)
            };
            block
                .entry(operator.as_str().to_owned())
                .or_default()
                .insert(key, value);
        }
        Value::Object(
            block
                .into_iter()
                .map(|(operator, keys)| (operator, Value::Object(keys)))
                .collect(),
        )
    }
}
