//! Limits of the services that a deployment would meet half-way.

use std::collections::BTreeMap;

use crate::Rule;
use crate::fault::{double, set};
use crate::view::Seen;

/// Characters of the longest name, by type.
const NAMES: [(&str, usize); 8] = [
    ("Bucket", 63),
    ("Function", 64),
    ("Role", 64),
    ("Topic", 256),
    ("Queue", 80),
    ("Stream", 128),
    ("FirehoseDeliveryStream", 64),
    ("StateMachine", 80),
];

/// Bytes of all environment variables of a function, names included (Lambda quotas).
const ENVIRONMENT_BYTES: usize = 4096;

/// Characters of all inline policies of a role, white space left out (IAM quotas).
const INLINE_CHARACTERS: usize = 10_240;

/// Rules of an ACL in one direction (VPC quotas).
const ACL_RULES: usize = 20;

pub(crate) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            name: "a name is not longer than its service takes",
            broken: |view| {
                NAMES
                    .iter()
                    .flat_map(|(kind, most)| {
                        view.any(kind, |seen| {
                            let name = ["/name", "/bucket"].map(|at| seen.text(at).len());
                            name.iter().any(|length| length > most)
                        })
                    })
                    .collect()
            },
            fault: |graph| set(graph, "StateMachine", "incidents", "name", "x".repeat(81)),
        },
        Rule {
            name: "a function's environment fits into four kilobytes",
            broken: |view| {
                view.any("Function", |seen| {
                    environment_bytes(seen) > ENVIRONMENT_BYTES
                })
            },
            fault: |graph| {
                let path = "environment/variables/AIOPS_EXTRA";
                set(graph, "Function", "notifier", path, "x".repeat(4096));
            },
        },
        Rule {
            name: "a role's policies fit into ten kilobytes",
            broken: |view| {
                view.any("RolePolicy", |seen| {
                    seen.text("/policy").len() > INLINE_CHARACTERS
                })
            },
            fault: |graph| {
                let path = "policy/Statement/0/Resource/9";
                let long = format!("arn:aws:s3:::{}", "x".repeat(INLINE_CHARACTERS));
                set(graph, "RolePolicy", "notifier", path, long);
            },
        },
        Rule {
            name: "a log group has at most two subscription filters",
            broken: |view| {
                let mut filters: BTreeMap<&str, usize> = BTreeMap::new();
                for filter in view.of("LogSubscriptionFilter") {
                    *filters.entry(filter.text("/logGroup")).or_default() += 1;
                }
                let many = filters.into_iter().filter(|(_, count)| *count > 2);
                many.map(|(group, _)| group.to_owned()).collect()
            },
            fault: |graph| {
                for copy in ["second", "third"] {
                    double(graph, "LogSubscriptionFilter", "vpc-flow", copy);
                }
            },
        },
        Rule {
            name: "an ACL's rules and those that remediation may add fit into the quota",
            broken: |view| {
                let mut rules: BTreeMap<(String, bool), usize> = BTreeMap::new();
                for rule in view.of("NetworkAclRule") {
                    let egress = rule.at("/egress").as_bool().unwrap();
                    let key = (rule.text("/networkAclId").to_owned(), egress);
                    *rules.entry(key).or_default() += 1;
                }
                let reserved = usize::try_from(view.reserved_rules).unwrap();
                let many = rules
                    .into_iter()
                    .filter(|(_, count)| count + reserved > ACL_RULES);
                many.map(|((acl, _), _)| acl).collect()
            },
            fault: |graph| {
                for number in 0..10 {
                    double(
                        graph,
                        "NetworkAclRule",
                        "public-in-110",
                        &format!("more-{number}"),
                    );
                }
            },
        },
        Rule {
            name: "a bucket has one resource for its notifications: a second would replace the first",
            broken: |view| {
                let mut seen = Vec::new();
                let mut twice = Vec::new();
                for notification in view.of("BucketNotification") {
                    let bucket = notification.text("/bucket");
                    if seen.contains(&bucket) {
                        twice.push(notification.key.clone());
                    }
                    seen.push(bucket);
                }
                twice
            },
            fault: |graph| double(graph, "BucketNotification", "segments", "again"),
        },
    ]
}

fn environment_bytes(function: &Seen) -> usize {
    let variables = function.at("/environment/variables").as_object();
    variables
        .into_iter()
        .flatten()
        .map(|(name, value)| name.len() + value.as_str().unwrap().len())
        .sum()
}
