//! A look at the state of the world that either holds or does not: preconditions, checks and proofs of
//! an undo are the same kind of data, so all of them are part of what is approved.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ApiCall;

/// Reads something and compares it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// What it shows, for a person.
    pub says: String,
    /// The call that reads.
    pub read: ApiCall,
    /// RFC 6901 pointer into its answer.
    pub at: String,
    /// What must be there.
    pub expect: Expect,
}

/// What a probe wants to see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Expect {
    /// Exactly this.
    Equal {
        /// The value.
        value: Value,
    },
    /// One of these.
    OneOf {
        /// The values.
        values: Vec<Value>,
    },
    /// A list with an element that has at least these fields.
    Has {
        /// The fields.
        fields: Value,
    },
    /// A list (or nothing) without an element that has these fields.
    Lacks {
        /// The fields.
        fields: Value,
    },
    /// A list with the same elements in any order, but for those whose `field` is one of `except`:
    /// these belong to somebody else.
    Same {
        /// The elements.
        elements: Vec<Value>,
        /// The field that tells whose an element is.
        field: String,
        /// The values of it that are left out on both sides.
        except: Vec<Value>,
    },
    /// A number, or the text of one, of at least this.
    AtLeast {
        /// The bound.
        number: i64,
    },
}

impl Expect {
    /// Whether `found` is what is wanted.
    pub fn holds(&self, found: &Value) -> bool {
        let list = found.as_array().map(Vec::as_slice).unwrap_or_default();
        match self {
            Self::Equal { value } => found == value,
            Self::OneOf { values } => values.contains(found),
            Self::Has { fields } => list.iter().any(|element| includes(element, fields)),
            Self::Lacks { fields } => !list.iter().any(|element| includes(element, fields)),
            Self::Same {
                elements,
                field,
                except,
            } => same(list, elements, |element| {
                element
                    .get(field)
                    .is_some_and(|value| except.contains(value))
            }),
            Self::AtLeast { number } => found
                .as_i64()
                .or_else(|| found.as_str().and_then(|text| text.parse().ok()))
                .is_some_and(|found| found >= *number),
        }
    }
}

/// Whether every field of `fields` is in `element` with the same value, at every depth.
fn includes(element: &Value, fields: &Value) -> bool {
    match (element, fields) {
        (Value::Object(element), Value::Object(fields)) => fields.iter().all(|(name, value)| {
            element
                .get(name)
                .is_some_and(|found| includes(found, value))
        }),
        _ => element == fields,
    }
}

fn same(found: &[Value], wanted: &[Value], foreign: impl Fn(&Value) -> bool) -> bool {
    let mut rest: Vec<&Value> = found.iter().filter(|element| !foreign(element)).collect();
    for element in wanted.iter().filter(|element| !foreign(element)) {
        match rest.iter().position(|found| *found == element) {
            Some(position) => rest.swap_remove(position),
            None => return false,
        };
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_are_compared_by_content_and_by_owner() {
        let found = json!([{"n": "1", "a": "x"}, {"n": "200", "a": "y"}]);
        let has = |fields| Expect::Has { fields }.holds(&found);
        assert!(has(json!({"n": "1"})));
        assert!(!has(json!({"n": "1", "a": "y"})));
        assert!(
            Expect::Lacks {
                fields: json!({"n": "2"})
            }
            .holds(&found)
        );
        assert!(Expect::Lacks { fields: json!({}) }.holds(&Value::Null));
        let same = |except: Vec<Value>| {
            Expect::Same {
                elements: vec![json!({"n": "200", "a": "y"})],
                field: "n".into(),
                except,
            }
            .holds(&found)
        };
        assert!(same(vec![json!("1")]));
        assert!(!same(vec![]));
        assert!(Expect::AtLeast { number: 3 }.holds(&json!("3")));
        assert!(!Expect::AtLeast { number: 3 }.holds(&Value::Null));
    }
}
