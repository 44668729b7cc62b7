//! A look at the state of the world that either holds or does not: preconditions, checks and proofs of
//! an undo are the same kind of data, so all of them are part of what is approved.

use std::net::IpAddr;

use ipnet::IpNet;
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
    /// A list with at least so many elements that have at least these fields.
    Count {
        /// The fields.
        fields: Value,
        /// How many.
        at_least: u32,
    },
    /// The entries of a network ACL, of which the first that speaks of this address denies it.
    Denies {
        /// The address.
        address: IpAddr,
        /// Whether the outbound entries are meant.
        egress: bool,
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
            Self::Count { fields, at_least } => {
                let having = list.iter().filter(|element| includes(element, fields));
                having.count() >= *at_least as usize
            }
            Self::Denies { address, egress } => denies(list, *address, *egress),
        }
    }
}

/// Network ACLs are evaluated in the order of rule numbers; the first entry that fits decides. An entry
/// that fits only some protocols or ports and allows counts as letting the address through.
fn denies(entries: &[Value], address: IpAddr, egress: bool) -> bool {
    let text =
        |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |entry: &Value| -> Option<u32> { text(entry, "ruleNumber")?.parse().ok() };
    let covers = |entry: &Value| {
        ["cidrBlock", "ipv6CidrBlock"].into_iter().any(|field| {
            text(entry, field)
                .and_then(|cidr| cidr.parse::<IpNet>().ok())
                .is_some_and(|network| network.contains(&address))
        })
    };
    let mut fitting: Vec<(u32, &Value)> = entries
        .iter()
        .filter(|entry| {
            text(entry, "egress").as_deref() == Some(if egress { "true" } else { "false" })
        })
        .filter(|entry| covers(entry))
        .filter_map(|entry| number(entry).map(|number| (number, entry)))
        .collect();
    fitting.sort_by_key(|(number, _)| *number);
    fitting
        .iter()
        .map(|(_, entry)| {
            let deny = text(entry, "ruleAction").as_deref() == Some("deny");
            let whole = text(entry, "protocol").as_deref() == Some("-1");
            (deny, whole)
        })
        .find(|(deny, whole)| !*deny || *whole)
        .is_some_and(|(deny, _)| deny)
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
    fn a_deny_counts_only_if_nothing_lets_the_address_through_before() {
        let entry = |number: u32, cidr: &str, action: &str, protocol: &str| {
            json!({"ruleNumber": number.to_string(), "cidrBlock": cidr, "ruleAction": action,
                   "protocol": protocol, "egress": "false"})
        };
        let denied = |entries: Vec<Value>| {
            Expect::Denies {
                address: "203.0.113.7".parse().unwrap(),
                egress: false,
            }
            .holds(&json!(entries))
        };
        let deny = entry(5, "203.0.113.7/32", "deny", "-1");
        assert!(denied(vec![
            entry(100, "0.0.0.0/0", "allow", "-1"),
            deny.clone()
        ]));
        assert!(!denied(vec![
            entry(4, "0.0.0.0/0", "allow", "6"),
            deny.clone()
        ]));
        assert!(denied(vec![
            entry(4, "198.51.100.0/24", "allow", "-1"),
            deny.clone()
        ]));
        assert!(denied(vec![entry(4, "203.0.113.0/24", "deny", "6"), deny]));
        assert!(!denied(vec![entry(5, "203.0.113.7/32", "deny", "6")]));
        assert!(!denied(vec![]));
    }

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
        let count = |at_least| {
            Expect::Count {
                fields: json!({"a": "x"}),
                at_least,
            }
            .holds(&found)
        };
        assert!(count(1) && !count(2));
        assert!(!Expect::AtLeast { number: 3 }.holds(&Value::Null));
    }
}
