//! What each function of each stack finds in its environment is its configuration: read by the very
//! type that the function reads, and within its ranges.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/resolved.rs"]
mod resolved;
#[path = "support/stacks.rs"]
mod stacks;

use std::collections::{BTreeMap, BTreeSet};

use aiops_domain::config::metric_detector::{Capacity, Direction, Statistic};
use aiops_domain::config::{
    AppenderConfig, ApprovalsConfig, DetectorConfig, ENVIRONMENT_VARIABLE, MetricDetectorConfig,
    NotifierConfig, RemediatorConfig, RotationConfig, TrainingConfig,
};
use aiops_domain::incident::FingerprintField;
use aiops_domain::plan::ActionName;
use aiops_domain::policy::Mode;
use aiops_domain::shape::flow::FlowFormat;
use aiops_infra::config::{Mask, MetricCapacity, StackConfig};
use aiops_infra::graph::Graph;
use aiops_infra::platform;
use resolved::Resolved;
use serde::de::DeserializeOwned;

/// The configurations of a stack's functions, by name, as they stand in the environment.
fn environment(config: &StackConfig) -> BTreeMap<String, String> {
    let graph = platform::declare(config);
    let resolved = Resolved::new(&graph, &config.region);
    graph
        .of_kind("aws:lambda/function:Function")
        .map(|function| {
            let environment = resolved.json(&function.inputs["environment"]);
            let text = environment["variables"][ENVIRONMENT_VARIABLE].as_str();
            (function.name.clone(), text.unwrap().to_owned())
        })
        .collect()
}

fn read<T: DeserializeOwned>(text: &str, whose: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{whose}: {error} in {text}"))
}

/// What is wrong with the configuration of the function `name`.
fn problems(name: &str, text: &str, whose: &str) -> Vec<String> {
    match name {
        "log-appender" => {
            let read: AppenderConfig = read(text, whose);
            assert!(!read.rules.is_empty(), "{whose}");
            Vec::new()
        }
        "anomaly-detector" => read::<DetectorConfig>(text, whose).problems(),
        "metric-detector" => read::<MetricDetectorConfig>(text, whose).problems(),
        "training-manifest" => read::<TrainingConfig>(text, whose).problems(),
        "remediator" => {
            let read: RemediatorConfig = read(text, whose);
            assert_eq!(read.addresses.vpc_cidrs.len(), 1, "{whose}");
            assert_eq!(read.network_acls.ids.len(), 2, "{whose}");
            assert_eq!(read.resources.quarantine_groups.len(), 1, "{whose}");
            Vec::new()
        }
        "approvals" => {
            let read: ApprovalsConfig = read(text, whose);
            assert!(!read.approvers.is_empty(), "{whose}");
            Vec::new()
        }
        "notifier" => {
            let read: NotifierConfig = read(text, whose);
            assert!(
                read.approvals_url
                    .is_some_and(|url| url.starts_with("https://"))
            );
            Vec::new()
        }
        "secret-rotation" => {
            let read: RotationConfig = read(text, whose);
            assert_eq!(read.secret_arns.len(), 1, "{whose}");
            Vec::new()
        }
        other => panic!("{whose}: which configuration is that of {other}?"),
    }
}

#[test]
fn every_function_of_every_stack_reads_its_own_configuration() {
    for config in stacks::configs() {
        let functions = environment(&config);
        assert!(functions.len() >= 6, "{}", config.stack);
        for (name, text) in functions {
            let whose = format!("{name} of {}", config.stack);
            let problems = problems(&name, &text, &whose);
            assert!(problems.is_empty(), "{whose}: {problems:?}");
        }
    }
}

fn stack(name: &str) -> StackConfig {
    let mut configs = stacks::configs();
    configs.retain(|config| config.stack == name);
    configs.remove(0)
}

#[test]
fn the_remediator_knows_policies_teams_and_limits() {
    let prod = stack("prod");
    let read: RemediatorConfig = read(&environment(&prod)["remediator"], "prod");
    let teams: Vec<&str> = read.teams.iter().map(|rule| rule.team.as_str()).collect();
    assert_eq!(teams, ["checkout", "payments"]);
    // Both hear of their own log groups, not of the sources these are of.
    let groups: Vec<&[String]> = read
        .teams
        .iter()
        .map(|rule| rule.log_groups.as_deref().unwrap())
        .collect();
    assert_eq!(
        groups,
        [["/aiops-prod/checkout"], ["/aiops-prod/payments-api"]]
    );
    assert!(read.teams.iter().all(|rule| rule.sources.is_none()));
    // A team goes no further than it says: checkout looks only, whatever the stack allows.
    let of = |team: &str| {
        read.policy
            .rules
            .iter()
            .find(|rule| {
                rule.actions == Some(vec![ActionName::DenyAddress])
                    && rule.teams == Some(vec![team.to_owned()])
            })
            .unwrap()
            .mode
    };
    assert_eq!(
        (of("payments"), of("checkout")),
        (Mode::Approve, Mode::DryRun)
    );
    assert_eq!(read.addresses.never_deny.len(), 2);
    assert_eq!(
        read.addresses.vpc_cidrs[0].to_string(),
        prod.network.cidr.to_string()
    );
    let (vpc, group) = read.resources.quarantine_groups.first_key_value().unwrap();
    assert!(
        vpc.starts_with("vpc-") && group.starts_with("sg-"),
        "{vpc} {group}"
    );
    assert_eq!(read.resources.max_units, prod.eks.nodes.maximum);
    let numbers = read.network_acls.first_rule..=read.network_acls.last_rule;
    assert_eq!(
        numbers.count(),
        usize::try_from(prod.remediation.network_acl_rules).unwrap()
    );
}

#[test]
fn what_a_stack_says_of_detection_reaches_both_detectors() {
    let mut config = stack("prod");
    config.detection.fingerprint_fields = vec![FingerprintField::Entity];
    config.detection.endpoint.timeout_milliseconds = 750;
    config.detection.capacities = vec![MetricCapacity {
        namespace: Some("AWS/RDS".into()),
        metric: "DatabaseConnections".into(),
        dimension: None,
        statistic: Statistic::Mean,
        at: 420.0,
        direction: Direction::Rising,
    }];
    let functions = environment(&config);
    let detector: DetectorConfig = read(&functions["anomaly-detector"], "prod");
    assert_eq!(detector.fingerprint_fields, [FingerprintField::Entity]);
    let endpoint = detector.endpoint.unwrap();
    assert_eq!(
        (
            endpoint.name.as_str(),
            endpoint.timeout_ms,
            endpoint.batch_windows_max
        ),
        ("aiops-prod-model", 750, 64)
    );
    let metrics: MetricDetectorConfig = read(&functions["metric-detector"], "prod");
    assert_eq!(
        (
            metrics.capacities[0].metric.as_str(),
            metrics.capacities[0].at
        ),
        ("DatabaseConnections", 420.0)
    );
    assert_eq!(metrics.capacities[1..], Capacity::defaults());
    // Without the endpoint, nothing is asked.
    config.detection.endpoint.enabled = false;
    let detector: DetectorConfig = read(&environment(&config)["anomaly-detector"], "prod");
    assert_eq!(detector.endpoint, None);
}

#[test]
fn scheduled_training_is_told_the_windows_the_page_budget_and_the_flow_format() {
    let mut config = stack("prod");
    let told = |config: &StackConfig| {
        let read: TrainingConfig = read(&environment(config)["training-manifest"], "prod");
        // The command line's training is told the same.
        let graph = platform::declare(config);
        let exported =
            Resolved::new(&graph, &config.region).json(&graph.exports["trainingHyperparameters"]);
        assert_eq!(
            exported,
            serde_json::to_value(&read.hyperparameters).unwrap()
        );
        read.hyperparameters
    };
    let flow_format = FlowFormat::platform().to_string();
    let expected = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        pairs
            .chain([("flow_format".to_owned(), flow_format.clone())])
            .collect()
    };
    // 100 entities, 2016 windows of five minutes each.
    assert_eq!(
        told(&config),
        expected(&[
            ("window_seconds", "300"),
            ("pages", "2"),
            ("per_windows", "201600")
        ])
    );
    config.detection.masks = vec![Mask {
        pattern: r"tenant-\w+".into(),
        replacement: "tenant-<*>".into(),
    }];
    assert_eq!(
        told(&config)["masks"],
        r#"{"extra":[{"pattern":"tenant-\\w+","replacement":"tenant-<*>"}]}"#
    );
    config.detection.masks.clear();
    config.detection.session_key = Some("req-[0-9a-f]+".into());
    config.detection.session_gap_seconds = 90;
    config.detection.entities = 1;
    assert_eq!(
        told(&config),
        expected(&[
            ("key", "req-[0-9a-f]+"),
            ("gap_seconds", "90"),
            ("pages", "2"),
            ("per_windows", "2016"),
        ])
    );
}

#[test]
fn a_team_of_five_lines_has_its_budget_limits_rule_and_channel() {
    let file = stacks::root().join("Pulumi.prod.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let five = "    search:\n      logGroups: [application]\n      slackChannel: \"#search\"\n      remediation: approve\n      monthlyUsd: 50\n";
    assert_eq!(five.lines().count(), 5);
    let with = text.replace("  aiops:teams:\n", &format!("  aiops:teams:\n{five}"));
    let config = StackConfig::from_stack_file("prod", &with).unwrap();
    let (before, after) = (
        platform::declare(&stack("prod")),
        platform::declare(&config),
    );
    let names = |graph: &Graph| -> BTreeSet<String> {
        let custom = graph
            .resources
            .iter()
            .filter(|resource| !resource.is_component());
        custom.map(|resource| resource.key().text()).collect()
    };
    let added: Vec<String> = names(&after).difference(&names(&before)).cloned().collect();
    assert_eq!(
        added,
        [
            "aws:budgets/budget:Budget::team-search",
            "aws:cloudwatch/metricAlarm:MetricAlarm::team-search-volume",
        ]
    );
    assert!(names(&before).is_subset(&names(&after)));
    let functions = environment(&config);
    let remediator: RemediatorConfig = read(&functions["remediator"], "prod");
    let rule = remediator
        .teams
        .iter()
        .find(|rule| rule.team == "search")
        .unwrap();
    assert_eq!(
        rule.log_groups,
        Some(vec!["/aiops-prod/application".to_owned()])
    );
    let policies = remediator.policy.rules.iter();
    assert!(
        policies
            .clone()
            .any(|rule| rule.teams == Some(vec!["search".to_owned()]))
    );
    let approvals: ApprovalsConfig = read(&functions["approvals"], "prod");
    assert!(approvals.approvers.contains_key("search"));
    assert!(
        functions["notifier"].contains("#search"),
        "{}",
        functions["notifier"]
    );
}

#[test]
fn what_a_stack_allows_to_be_touched_reaches_the_remediator() {
    let mut config = stack("prod");
    config.remediation.documents = vec!["aiops-prod-restart".into()];
    config.remediation.namespaces = vec!["payments".into()];
    config.remediation.key_users = vec!["deployer".into()];
    config.remediation.protected_ids = vec!["i-0123456789abcdef0".into()];
    let read: RemediatorConfig = read(&environment(&config)["remediator"], "prod");
    let resources = read.resources;
    assert_eq!(resources.documents, config.remediation.documents);
    assert_eq!(resources.namespaces, config.remediation.namespaces);
    assert_eq!(resources.key_users, config.remediation.key_users);
    assert_eq!(resources.protected_ids, config.remediation.protected_ids);
}
