//! The configuration through its public interface.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{Cidr, Endpoint, Environment, RemediationMode, StackConfig, explain, schema};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn stack_file(stack: &str) -> StackConfig {
    let path = root().join(format!("Pulumi.{stack}.yaml"));
    StackConfig::from_stack_file(stack, &std::fs::read_to_string(path).unwrap()).unwrap()
}

fn problems(text: &str) -> String {
    StackConfig::from_stack_file("dev", text)
        .unwrap_err()
        .to_string()
}

#[test]
fn every_stack_file_of_the_repository_is_valid() {
    for (stack, environment) in [
        ("local", Environment::Local),
        ("dev", Environment::Dev),
        ("staging", Environment::Staging),
        ("prod", Environment::Prod),
        ("team-example", Environment::Team),
    ] {
        let config = stack_file(stack);
        assert_eq!(config.environment, environment);
        assert_eq!(config.stack, stack);
    }
}

#[test]
fn networks_of_the_stacks_do_not_overlap() {
    let stacks = ["dev", "staging", "prod", "team-example"].map(stack_file);
    for (index, stack) in stacks.iter().enumerate() {
        for other in &stacks[..index] {
            assert!(
                !stack.network.cidr.overlaps(other.network.cidr),
                "{} and {}",
                stack.stack,
                other.stack
            );
        }
    }
}

#[test]
fn a_second_team_is_five_lines() {
    let text = std::fs::read_to_string(root().join("Pulumi.prod.yaml")).unwrap();
    let second = "    checkout:\n      logGroups: [checkout]\n      slackChannel: \"#checkout\"\n      remediation: dry-run\n      monthlyUsd: 300\n";
    assert!(text.contains(second));
    assert_eq!(second.lines().count(), 5);
    let team = &stack_file("prod").teams["checkout"];
    assert_eq!(team.remediation, RemediationMode::DryRun);
}

#[test]
fn the_environment_decides_what_the_file_does_not_say() {
    let prod = stack_file("prod");
    assert_eq!(prod.sagemaker.endpoint, Endpoint::Instances);
    assert_eq!(prod.logs.retention_days, 365);
    assert!(prod.protect);
    let dev = stack_file("dev");
    assert_eq!(dev.sagemaker.endpoint, Endpoint::None);
    assert_eq!(dev.stream.shards, Some(1));
    assert!(
        dev.remediation.actions.is_empty(),
        "remediation is off by default"
    );
}

#[test]
fn entries_are_merged_by_name_and_null_takes_one_away() {
    let text = "config:\n  aws:region: eu-central-1\n  aiops:environment: dev\n  aiops:logs:\n    groups:\n      system: {retentionDays: 30}\n      application: null\n  aiops:compute:\n    instances: {app: null}\n";
    let config = StackConfig::from_stack_file("dev", text).unwrap();
    let names: Vec<&str> = config.logs.groups.keys().map(super::Slug::as_str).collect();
    assert_eq!(names, ["system"]);
    let system = &config.logs.groups["system"];
    assert_eq!(system.retention_days, Some(30));
    assert_eq!(
        system.source,
        aiops_domain::Source::Ec2,
        "the default's other keys stay"
    );
}

#[test]
fn what_the_engine_hands_over_reads_like_the_file() {
    for stack in ["dev", "staging", "prod", "team-example"] {
        let path = root().join(format!("Pulumi.{stack}.yaml"));
        let tree: serde_json::Value =
            yaml_serde::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let values: BTreeMap<String, String> = tree["config"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                (key.clone(), text)
            })
            .collect();
        assert_eq!(
            StackConfig::from_engine(stack, &values).unwrap(),
            stack_file(stack)
        );
    }
}

#[test]
fn scalars_at_the_top_come_from_the_engine_as_text() {
    let values = BTreeMap::from(
        [
            ("aws:region", "eu-central-1"),
            ("aiops:environment", "dev"),
            ("aiops:protect", "false"),
            ("aiops:monthlyUsd", "75.5"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    let config = StackConfig::from_engine("dev", &values).unwrap();
    assert!(!config.protect);
    assert_eq!(config.monthly_usd, Some(75.5));
}

/// One file per mistake: the whole message is the expectation.
#[test]
fn each_mistake_has_its_message() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    let mut report = String::new();
    for path in &files {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        report.push_str(&format!("--- {name}\n{}\n", problems(&text)));
    }
    assert!(files.len() >= 30, "{} fixtures", files.len());
    insta::assert_snapshot!(report);
}

#[test]
fn every_problem_is_listed_at_once() {
    let text = "config:\n  aws:region: eu-central-1\n  aiops:environment: dev\n  aiops:netwrok: {}\n  aiops:network: {cidr: 10.0.0.0/8, zones: 9, nat: both}\n  aiops:detection: {pagesPerWeek: -1}\n";
    let error = StackConfig::from_stack_file("dev", text).unwrap_err();
    let paths: Vec<&str> = error
        .problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "aiops:detection.pagesPerWeek",
            "aiops:network.cidr",
            "aiops:network.nat",
            "aiops:network.zones",
            "aiops:netwrok"
        ]
    );
}

#[test]
fn the_reference_is_generated_and_current() {
    let explained = explain();
    for key in [
        "aws:region",
        "aiops:network.cidr",
        "aiops:teams.<name>.logGroups",
        "aiops:functions.remediator.memoryMib",
    ] {
        assert!(explained.contains(&format!("| `{key}` |")), "{key}");
    }
    let schema = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    for (path, text) in [
        (
            "docs/reference/configuration.md",
            format!("{}{explained}", HEAD),
        ),
        ("docs/reference/stack.schema.json", schema),
    ] {
        let path = root().join(path);
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            committed,
            text,
            "{} is stale: run the tests with UPDATE_REFERENCE=1",
            path.display()
        );
    }
}

const HEAD: &str = "# Configuration of a stack\n\nGenerated from the one definition (`infra/src/config`); `cargo aiops config explain` prints the same table.\n`stack.schema.json` beside it is for editors. Entries of maps (`<name>`) are merged over the defaults; `null`\ntakes a default entry away.\n\n";

#[test]
fn every_key_has_a_meaning_and_every_default_passes_its_own_rules() {
    for environment in Environment::ALL {
        let mut config = serde_json::to_value(StackConfig::of(*environment)).unwrap();
        let object = config.as_object_mut().unwrap();
        object.remove("stack");
        let region = object.remove("region").unwrap();
        let mut values: BTreeMap<String, String> = object
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                (format!("aiops:{key}"), text)
            })
            .collect();
        values.insert("aws:region".to_owned(), region.as_str().unwrap().to_owned());
        let read = StackConfig::from_engine(environment.as_str(), &values).unwrap();
        assert_eq!(read, StackConfig::of(*environment));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, rng_seed: proptest::test_runner::RngSeed::Fixed(4), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s).{0,200}") {
        if let Err(error) = StackConfig::from_stack_file("dev", &text) {
            prop_assert!(!error.problems.is_empty());
        }
    }

    #[test]
    fn no_engine_value_makes_the_reader_panic(key in "(aiops|aws|x)?:?[a-zA-Z]{0,12}", value in "\\PC{0,60}|\\[.{0,20}|\\{.{0,30}") {
        let values = BTreeMap::from([(key, value)]);
        prop_assert!(StackConfig::from_engine("dev", &values).is_err());
    }

    #[test]
    fn subnets_of_a_range_are_inside_it_and_apart(first in any::<u32>(), prefix in 8_u8..=20, one in 0_u32..8, other in 0_u32..8) {
        let range = Cidr::containing(std::net::Ipv4Addr::from_bits(first), prefix);
        let a = range.subnet(prefix + 3, one).unwrap();
        let b = range.subnet(prefix + 3, other).unwrap();
        prop_assert!(range.overlaps(a));
        prop_assert_eq!(a.overlaps(b), one == other);
        prop_assert_eq!(a.to_string().parse::<Cidr>().unwrap(), a);
        prop_assert!(range.subnet(prefix + 3, 8).is_none());
    }
}
