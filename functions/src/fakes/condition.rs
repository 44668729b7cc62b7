//! What DynamoDB's condition expressions mean, over an item in memory.

use serde_json::Value;

use crate::ports::{Attributes, Condition};

/// Whether `condition` holds of the item (`None`: there is none).
pub(super) fn holds(condition: &Condition, item: Option<&Attributes>) -> bool {
    let value = |name: &str| item.and_then(|attributes| attributes.get(name));
    match condition {
        Condition::Absent => item.is_none(),
        Condition::Present => item.is_some(),
        Condition::Equals(name, expected) => value(name).is_some_and(|found| same(found, expected)),
        Condition::Missing(name) => value(name).is_none(),
        Condition::Below(name, limit) => number(value(name)).is_some_and(|found| found < *limit),
        Condition::AtMost(name, limit) => number(value(name)).is_some_and(|found| found <= *limit),
        Condition::OneOf(name, allowed) => {
            value(name).is_some_and(|found| allowed.iter().any(|one| same(found, one)))
        }
        Condition::All(conditions) => conditions.iter().all(|one| holds(one, item)),
        Condition::Any(conditions) => conditions.iter().any(|one| holds(one, item)),
    }
}

fn number(value: Option<&Value>) -> Option<i64> {
    value.and_then(Value::as_i64)
}

/// DynamoDB has one type of number: 1 and 1.0 are the same.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        _ => one == other,
    }
}
