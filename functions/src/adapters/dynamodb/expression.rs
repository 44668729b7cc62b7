//! Conditions and updates as DynamoDB's expressions. Every name and value is a placeholder: names
//! such as `status` are reserved words, and values come from outside.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use super::value::to_attribute;
use crate::ports::{Attributes, Condition, Range};

/// The placeholders of one call.
#[derive(Debug, Default)]
pub(super) struct Expression {
    names: HashMap<String, String>,
    placeholders: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

/// Placeholders as the SDK takes them: an empty map is refused, none is not.
type Parts = (
    Option<HashMap<String, String>>,
    Option<HashMap<String, AttributeValue>>,
);

impl Expression {
    /// The names and values behind the placeholders.
    pub(super) fn parts(self) -> Parts {
        (
            (!self.names.is_empty()).then_some(self.names),
            (!self.values.is_empty()).then_some(self.values),
        )
    }

    fn name(&mut self, name: &str) -> String {
        if let Some(known) = self.placeholders.get(name) {
            return known.clone();
        }
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        self.placeholders
            .insert(name.to_owned(), placeholder.clone());
        placeholder
    }

    fn value(&mut self, value: Value) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), to_attribute(value));
        placeholder
    }

    /// The text of a condition.
    pub(super) fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::Absent => "attribute_not_exists(pk)".into(),
            Condition::Present => "attribute_exists(pk)".into(),
            Condition::Equals(name, value) => {
                format!("{} = {}", self.name(name), self.value(value.clone()))
            }
            Condition::Missing(name) => format!("attribute_not_exists({})", self.name(name)),
            Condition::Below(name, limit) => {
                format!("{} < {}", self.name(name), self.value((*limit).into()))
            }
            Condition::AtMost(name, limit) => {
                format!("{} <= {}", self.name(name), self.value((*limit).into()))
            }
            Condition::OneOf(_, allowed) if allowed.is_empty() => Self::never(),
            Condition::OneOf(name, allowed) => {
                let values: Vec<_> = allowed
                    .iter()
                    .map(|value| self.value(value.clone()))
                    .collect();
                format!("{} IN ({})", self.name(name), values.join(", "))
            }
            Condition::All(conditions) if conditions.is_empty() => {
                "(attribute_exists(pk) OR attribute_not_exists(pk))".into()
            }
            Condition::All(conditions) => self.joined(conditions, " AND "),
            Condition::Any(conditions) if conditions.is_empty() => Self::never(),
            Condition::Any(conditions) => self.joined(conditions, " OR "),
        }
    }

    fn never() -> String {
        "(attribute_exists(pk) AND attribute_not_exists(pk))".into()
    }

    fn joined(&mut self, conditions: &[Condition], between: &str) -> String {
        let each: Vec<_> = conditions
            .iter()
            .map(|condition| self.condition(condition))
            .collect();
        format!("({})", each.join(between))
    }

    /// The text of an update; empty if there is nothing to change.
    pub(super) fn update(
        &mut self,
        set: Attributes,
        add: BTreeMap<String, i64>,
        remove: Vec<String>,
    ) -> String {
        let set: Vec<_> = set
            .into_iter()
            .map(|(name, value)| format!("{} = {}", self.name(&name), self.value(value)))
            .collect();
        let add: Vec<_> = add
            .into_iter()
            .map(|(name, amount)| format!("{} {}", self.name(&name), self.value(amount.into())))
            .collect();
        let remove: Vec<_> = remove.iter().map(|name| self.name(name)).collect();
        let clauses = [("SET", set), ("ADD", add), ("REMOVE", remove)];
        let clauses: Vec<_> = clauses
            .into_iter()
            .filter(|(_, each)| !each.is_empty())
            .map(|(verb, each)| format!("{verb} {}", each.join(", ")))
            .collect();
        clauses.join(" ")
    }

    /// The key condition of a query.
    pub(super) fn key_range(
        &mut self,
        partition_name: &str,
        partition: &str,
        sort_name: &str,
        range: &Range,
    ) -> String {
        let mut text = format!(
            "{} = {}",
            self.name(partition_name),
            self.value(partition.into())
        );
        let bounds = (range.from.as_deref(), range.to.as_deref());
        let (from, to) = (bounds.0.map(Value::from), bounds.1.map(Value::from));
        if from.is_some() || to.is_some() {
            let sort = self.name(sort_name);
            // At most one condition on the sort key is allowed.
            text += &match (from, to) {
                (Some(from), Some(to)) => format!(
                    " AND {sort} BETWEEN {} AND {}",
                    self.value(from),
                    self.value(to)
                ),
                (Some(from), None) => format!(" AND {sort} >= {}", self.value(from)),
                (None, Some(to)) => format!(" AND {sort} <= {}", self.value(to)),
                (None, None) => String::new(),
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_are_written_with_placeholders_only() {
        let mut expression = Expression::default();
        let text = expression.condition(&Condition::Any(vec![
            Condition::Absent,
            Condition::All(vec![
                Condition::Equals("status".into(), json!("open")),
                Condition::OneOf("status".into(), vec![json!("a"), json!("b")]),
                Condition::AtMost("version".into(), 7),
                Condition::Missing("started".into()),
            ]),
            Condition::All(vec![]),
            Condition::OneOf("x".into(), vec![]),
        ]));
        assert_eq!(
            text,
            "(attribute_not_exists(pk) OR (#n0 = :v0 AND #n0 IN (:v1, :v2) AND #n1 <= :v3 AND \
             attribute_not_exists(#n2)) OR (attribute_exists(pk) OR attribute_not_exists(pk)) OR \
             (attribute_exists(pk) AND attribute_not_exists(pk)))"
        );
        let (names, values) = expression.parts();
        assert_eq!(names.unwrap().len(), 3);
        assert_eq!(values.unwrap()[":v3"], AttributeValue::N("7".into()));
    }

    #[test]
    fn an_update_has_a_clause_for_each_verb() {
        let mut expression = Expression::default();
        let text = expression.update(
            Attributes::from([("a".into(), json!(1))]),
            BTreeMap::from([("count".into(), 3)]),
            vec!["b".into()],
        );
        assert_eq!(text, "SET #n0 = :v0 ADD #n1 :v1 REMOVE #n2");
    }

    #[test]
    fn a_range_is_one_condition_on_the_sort_key() {
        let text = |from: Option<&str>, to: Option<&str>| {
            let range = Range {
                from: from.map(Into::into),
                to: to.map(Into::into),
                ..Range::default()
            };
            Expression::default().key_range("pk", "p", "sk", &range)
        };
        assert_eq!(text(None, None), "#n0 = :v0");
        assert_eq!(
            text(Some("a"), Some("b")),
            "#n0 = :v0 AND #n1 BETWEEN :v1 AND :v2"
        );
        assert_eq!(text(None, Some("b")), "#n0 = :v0 AND #n1 <= :v1");
    }
}
