//! Each call that `functions/tests/calls` recorded from the SDK is allowed to its function in every stack;
//! a sibling of what it is on, another prefix, and the variants that delete or change it are not.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/allowed.rs"]
mod allowed;
#[path = "support/resolved.rs"]
mod resolved;
#[path = "support/stacks.rs"]
mod stacks;

use std::collections::{BTreeMap, BTreeSet};

use aiops_infra::graph::Graph;
use aiops_infra::platform;
use allowed::allowed;
use resolved::{ACCOUNT, Resolved};

const RECORDED: &str = include_str!("../../functions/tests/calls/recorded.json");

/// The calls of each function: action, and what it is on.
type Recorded = BTreeMap<String, BTreeSet<(String, String)>>;

/// A stack in which calls are looked at.
struct Stack<'g> {
    graph: &'g Graph,
    resolved: Resolved<'g>,
    region: String,
    prefix: String,
    /// Whether the detector asks the endpoint, where there is one.
    asks_endpoint: bool,
}

impl Stack<'_> {
    /// The ARN of what a call is on, `what` put behind the name of the resource; none when this stack has
    /// no such resource (a chat that it does not use).
    fn arn(&self, on: &str, what: &str) -> Option<String> {
        let Some((kind, rest)) = on.split_once(':') else {
            return Some(on.to_owned());
        };
        let (name, below) = match rest.split_once('/') {
            Some((name, below)) => (name, format!("/{}", below.replace("%3D", "="))),
            None => (rest, String::new()),
        };
        let token = match kind {
            "bucket" => "aws:s3/bucket:Bucket",
            "table" => "aws:dynamodb/table:Table",
            "queue" => "aws:sqs/queue:Queue",
            "topic" => "aws:sns/topic:Topic",
            "machine" => "aws:sfn/stateMachine:StateMachine",
            "secret" => "aws:secretsmanager/secret:Secret",
            "parameter" => "aws:ssm/parameter:Parameter",
            "role" => "aws:iam/role:Role",
            "endpoint" if self.asks_endpoint => "aws:sagemaker/endpoint:Endpoint",
            "endpoint" => return None,
            "job" => {
                // Jobs have no resource here; a sibling is another stack's.
                let region = &self.region;
                let whose = match what {
                    "" => self.prefix.as_str(),
                    _ => "another-stack",
                };
                let job = format!("training-job/{whose}-{name}");
                return Some(format!("arn:aws:sagemaker:{region}:{ACCOUNT}:{job}"));
            }
            other => panic!("what is a {other}?"),
        };
        let resource = self
            .graph
            .of_kind(token)
            .find(|resource| resource.name == name)?;
        let arn = self.resolved.arn(resource);
        // The laptop's Slack is a webhook; a secret's ARN ends in characters of AWS.
        Some(match arn.strip_suffix("-AbCdEf") {
            Some(secret) => format!("{secret}{what}-AbCdEf"),
            None => format!("{arn}{what}{below}"),
        })
    }

    fn may(&self, function: &str, action: &str, arn: &str) -> bool {
        let context: &[(&str, &str)] = match action {
            "s3:ListBucket" => &[("s3:prefix", "segments/source=ec2/")],
            "iam:PassRole" => &[("iam:PassedToService", "sagemaker.amazonaws.com")],
            _ => &[],
        };
        allowed(&self.resolved, function, action, arn, context)
    }
}

/// What would delete, change or read more of what an action is on.
fn variants(action: &str) -> &'static [&'static str] {
    match action.split(':').next().unwrap() {
        "s3" => &[
            "s3:DeleteObject",
            "s3:PutObject",
            "s3:GetObject",
            "s3:DeleteBucket",
            "s3:PutBucketPolicy",
        ],
        "dynamodb" => &[
            "dynamodb:DeleteTable",
            "dynamodb:UpdateTable",
            "dynamodb:Scan",
            "dynamodb:ExportTableToPointInTime",
        ],
        "sqs" => &[
            "sqs:PurgeQueue",
            "sqs:DeleteQueue",
            "sqs:SetQueueAttributes",
        ],
        "sns" => &["sns:DeleteTopic", "sns:Subscribe", "sns:SetTopicAttributes"],
        "states" => &[
            "states:DeleteStateMachine",
            "states:UpdateStateMachine",
            "states:StopExecution",
        ],
        "secretsmanager" => &[
            "secretsmanager:DeleteSecret",
            "secretsmanager:PutSecretValue",
            "secretsmanager:PutResourcePolicy",
        ],
        "ssm" => &["ssm:PutParameter", "ssm:DeleteParameter"],
        "sagemaker" => &[
            "sagemaker:StopTrainingJob",
            "sagemaker:CreateModel",
            "sagemaker:UpdateEndpoint",
            "sagemaker:DeleteEndpoint",
        ],
        "iam" => &[
            "iam:UpdateAssumeRolePolicy",
            "iam:PutRolePolicy",
            "sts:AssumeRole",
        ],
        other => panic!("what are the variants of {other}?"),
    }
}

/// Calls `look` with every recorded call of every function of every stack.
fn each_call(look: impl Fn(&Stack<'_>, &str, &str, &str, &BTreeSet<(String, String)>)) -> usize {
    let recorded: Recorded = serde_json::from_str(RECORDED).unwrap();
    let mut looked = 0;
    for config in stacks::configs() {
        let graph = platform::declare(&config);
        let stack = Stack {
            graph: &graph,
            resolved: Resolved::new(&graph, &config.region),
            region: config.region.clone(),
            prefix: config.prefix(),
            asks_endpoint: config.detection.endpoint.enabled,
        };
        for function in graph.of_kind("aws:lambda/function:Function") {
            let calls = recorded
                .get(&function.name)
                .unwrap_or_else(|| panic!("no call of {} is recorded", function.name));
            for (action, on) in calls {
                if stack.arn(on, "").is_some() {
                    look(&stack, &function.name, action, on, calls);
                    looked += 1;
                }
            }
        }
    }
    looked
}

#[test]
fn every_recorded_call_is_allowed() {
    let looked = each_call(|stack, function, action, on, _| {
        let arn = stack.arn(on, "").unwrap();
        assert!(
            stack.may(function, action, &arn),
            "{function}: {action} on {arn}"
        );
    });
    assert!(looked > 300, "{looked}");
}

#[test]
fn no_sibling_of_what_is_called_is_allowed() {
    each_call(|stack, function, action, on, _| {
        if on == "*" {
            return;
        }
        let sibling = stack.arn(on, "-sibling").unwrap();
        assert!(
            !stack.may(function, action, &sibling),
            "{function}: {action} on {sibling}"
        );
        // Another prefix of the same bucket.
        if let Some((bucket, key)) = on.split_once('/').filter(|_| on.starts_with("bucket:")) {
            let (_, rest) = key.split_once('/').unwrap();
            let other = stack.arn(&format!("{bucket}/sibling/{rest}"), "").unwrap();
            assert!(
                !stack.may(function, action, &other),
                "{function}: {action} on {other}"
            );
        }
    });
}

#[test]
fn no_variant_of_what_is_called_is_allowed() {
    each_call(|stack, function, action, on, calls| {
        if on == "*" {
            return;
        }
        let arn = stack.arn(on, "").unwrap();
        for variant in variants(action) {
            let called = calls
                .iter()
                .any(|(other, whose)| other == variant && prefix(whose) == prefix(on));
            assert!(
                called || !stack.may(function, variant, &arn),
                "{function}: {variant} on {arn}"
            );
        }
    });
}

/// A bucket with the first part of a key, or the whole of what is no bucket.
fn prefix(on: &str) -> String {
    on.split('/').take(2).collect::<Vec<_>>().join("/")
}

#[test]
fn only_the_detector_of_a_stack_that_says_so_asks_the_endpoint() {
    for config in stacks::configs() {
        let graph = platform::declare(&config);
        let resolved = Resolved::new(&graph, &config.region);
        let Some(endpoint) = graph.of_kind("aws:sagemaker/endpoint:Endpoint").next() else {
            assert!(!config.detection.endpoint.enabled, "{}", config.stack);
            continue;
        };
        let arn = resolved.arn(endpoint);
        for function in graph.of_kind("aws:lambda/function:Function") {
            let may = allowed(
                &resolved,
                &function.name,
                "sagemaker:InvokeEndpoint",
                &arn,
                &[],
            );
            let expected = function.name == "anomaly-detector" && config.detection.endpoint.enabled;
            assert_eq!(may, expected, "{} of {}", function.name, config.stack);
        }
    }
}
