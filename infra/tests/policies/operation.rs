//! What operating a stack needs: retention, tags, alarms, recovery, traces.

use aiops_infra::config::Environment;
use aiops_infra::schema;
use serde_json::json;

use crate::Rule;
use crate::fault::{find, remove, set, unset};
use crate::view::View;

/// Tags by which costs are told apart.
const COST_TAGS: [&str; 4] = ["project", "stack", "environment", "cost-center"];

pub(crate) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            name: "a log group forgets",
            broken: |view| view.any("LogGroup", |seen| !seen.has("/retentionInDays")),
            fault: |graph| unset(graph, "LogGroup", "vpc-flow", "retentionInDays"),
        },
        Rule {
            name: "what can carry tags carries those of costs",
            broken: untagged,
            fault: |graph| unset(graph, "Table", "state", "tags/cost-center"),
        },
        Rule {
            name: "an alarm calls somebody when it rings and when it ends",
            broken: |view| {
                ["MetricAlarm", "CompositeAlarm"]
                    .into_iter()
                    .flat_map(|kind| {
                        view.any(kind, |seen| {
                            !seen.has("/alarmActions/0") || !seen.has("/okActions/0")
                        })
                    })
                    .collect()
            },
            fault: |graph| unset(graph, "MetricAlarm", "stream-lag", "alarmActions"),
        },
        Rule {
            name: "every function has its alarms",
            broken: |view| {
                let watched: Vec<&str> = view
                    .of("MetricAlarm")
                    .filter(|alarm| alarm.text("/metricName") == "Errors")
                    .map(|alarm| alarm.text("/dimensions/FunctionName"))
                    .collect();
                view.deployed("Function", |seen| !watched.contains(&seen.text("/name")))
            },
            fault: |graph| remove(graph, "MetricAlarm", "notifier-errors"),
        },
        Rule {
            name: "every queue that nobody works off has an alarm",
            broken: |view| {
                let watched: Vec<&str> = view
                    .of("MetricAlarm")
                    .map(|alarm| alarm.text("/dimensions/QueueName"))
                    .collect();
                let worked: Vec<&str> = view
                    .of("EventSourceMapping")
                    .map(|mapping| mapping.text("/eventSourceArn"))
                    .collect();
                view.deployed("Queue", |seen| {
                    let aside = !worked.contains(&seen.arn.as_str());
                    aside && !watched.contains(&seen.text("/name"))
                })
            },
            fault: |graph| remove(graph, "MetricAlarm", "segments-dead-waiting"),
        },
        Rule {
            name: "what a function could not do goes somewhere",
            broken: |view| view.any("Function", |seen| !seen.has("/deadLetterConfig/targetArn")),
            fault: |graph| unset(graph, "Function", "notifier", "deadLetterConfig"),
        },
        Rule {
            name: "a function writes traces and JSON, to a group that the stack declares",
            broken: |view| {
                let groups: Vec<&str> = view.of("LogGroup").map(|g| g.text("/name")).collect();
                view.any("Function", |seen| {
                    seen.text("/tracingConfig/mode") != "Active"
                        || seen.text("/loggingConfig/logFormat") != "JSON"
                        || !groups.contains(&seen.text("/loggingConfig/logGroup"))
                })
            },
            fault: |graph| {
                set(
                    graph,
                    "Function",
                    "notifier",
                    "tracingConfig/mode",
                    "PassThrough",
                )
            },
        },
        Rule {
            name: "a workflow writes logs and traces",
            broken: |view| {
                view.any("StateMachine", |seen| {
                    seen.text("/loggingConfiguration/level") != "ALL"
                        || *seen.at("/tracingConfiguration/enabled") != json!(true)
                })
            },
            fault: |graph| {
                let path = "loggingConfiguration/level";
                set(graph, "StateMachine", "incidents", path, "OFF");
            },
        },
        Rule {
            name: "a table is recovered to any second, and forgets",
            broken: |view| {
                view.any("Table", |seen| {
                    *seen.at("/pointInTimeRecovery/enabled") != json!(true)
                        || *seen.at("/ttl/enabled") != json!(true)
                })
            },
            fault: |graph| {
                set(
                    graph,
                    "Table",
                    "state",
                    "pointInTimeRecovery/enabled",
                    false,
                )
            },
        },
        Rule {
            name: "a bucket keeps versions",
            broken: |view| {
                let versioned: Vec<&str> = view
                    .of("BucketVersioning")
                    .filter(|seen| seen.text("/versioningConfiguration/status") == "Enabled")
                    .map(|seen| seen.text("/bucket"))
                    .collect();
                view.any("Bucket", |seen| !versioned.contains(&seen.text("/bucket")))
            },
            fault: |graph| remove(graph, "BucketVersioning", "raw"),
        },
        Rule {
            name: "old versions and unfinished uploads of a bucket go",
            broken: |view| {
                let tidy: Vec<&str> = view
                    .of("BucketLifecycleConfiguration")
                    .filter(|seen| {
                        let rules = seen.at("/rules").as_array().unwrap();
                        let has = |key: &str| rules.iter().any(|rule| rule.get(key).is_some());
                        has("noncurrentVersionExpiration") && has("abortIncompleteMultipartUpload")
                    })
                    .map(|seen| seen.text("/bucket"))
                    .collect();
                view.any("Bucket", |seen| !tidy.contains(&seen.text("/bucket")))
            },
            fault: |graph| unset(graph, "BucketLifecycleConfiguration", "raw", "rules/0"),
        },
        Rule {
            name: "access to a bucket is logged",
            broken: |view| {
                let target = |seen: &crate::view::Seen| seen.text("/targetBucket").to_owned();
                let targets: Vec<String> = view.of("BucketLogging").map(target).collect();
                let logged: Vec<&str> = view
                    .of("BucketLogging")
                    .map(|seen| seen.text("/bucket"))
                    .collect();
                view.any("Bucket", |seen| {
                    let name = seen.text("/bucket");
                    !logged.contains(&name) && !targets.iter().any(|target| target == name)
                })
            },
            fault: |graph| remove(graph, "BucketLogging", "raw"),
        },
        Rule {
            name: "data refuses to be destroyed where the stack says so",
            broken: |view| {
                let data =
                    |seen: &&crate::view::Seen| aiops_infra::export::is_data_bearing(&seen.token);
                let bare = view
                    .all()
                    .iter()
                    .filter(data)
                    .filter(|s| s.protected != view.protect);
                bare.map(|seen| seen.key.clone()).collect()
            },
            fault: |graph| find(graph, "Table", "incidents").options.protect = false,
        },
        Rule {
            name: "production keeps lines for a year",
            broken: |view| {
                if view.environment != Environment::Prod {
                    return Vec::new();
                }
                view.any("LogGroup", |seen| {
                    seen.at("/retentionInDays")
                        .as_i64()
                        .is_some_and(|d| d < 365)
                })
            },
            fault: |graph| set(graph, "LogGroup", "vpc-flow", "retentionInDays", 30),
        },
        Rule {
            name: "the control plane tells everything",
            broken: |view| {
                view.any("Cluster", |seen| {
                    seen.at("/enabledClusterLogTypes").as_array().map(Vec::len) != Some(5)
                })
            },
            fault: |graph| unset(graph, "Cluster", "eks", "enabledClusterLogTypes/0"),
        },
        Rule {
            name: "a team's budget finds what carries its tag",
            broken: |view| {
                let tags: Vec<String> = view
                    .all()
                    .iter()
                    .filter(|seen| seen.has("/tags/team"))
                    .map(|seen| format!("user:team${}", seen.text("/tags/team")))
                    .collect();
                view.any("Budget", |seen| {
                    let filter = seen.text("/costFilters/0/values/0");
                    filter.starts_with("user:team$") && !tags.iter().any(|tag| tag == filter)
                })
            },
            fault: |graph| {
                for resource in &mut graph.resources {
                    if let Some(aiops_infra::graph::Value::Object(tags)) =
                        resource.inputs.get_mut("tags")
                        && tags.get("team") == Some(&"payments".into())
                    {
                        tags.remove("team");
                    }
                }
            },
        },
    ]
}

fn untagged(view: &View) -> Vec<String> {
    let takes = |token: &str| {
        schema::aws().resources.get(token).is_some_and(|resource| {
            resource
                .input_properties
                .get("tags")
                .is_some_and(|tags| matches!(tags.shape(), schema::Shape::Map(_)))
        })
    };
    view.all()
        .iter()
        .filter(|seen| takes(&seen.token))
        .filter(|seen| {
            COST_TAGS
                .iter()
                .any(|tag| !seen.has(&format!("/tags/{tag}")))
        })
        .map(|seen| seen.key.clone())
        .collect()
}
