//! What holds for every stack that the program declares.

use std::time::{Duration, Instant};

use aiops_infra::config::{Environment, StackConfig};
use aiops_infra::graph::{Value, json, validate};
use aiops_infra::platform;

const ENVIRONMENTS: [Environment; 5] = [
    Environment::Local,
    Environment::Dev,
    Environment::Staging,
    Environment::Prod,
    Environment::Team,
];

#[test]
fn every_stack_is_valid_against_the_schema() {
    for environment in ENVIRONMENTS {
        let graph = platform::declare(&StackConfig::of(environment));
        if let Err(problems) = validate::validate(&graph) {
            panic!("{environment:?}: {problems}");
        }
    }
}

#[test]
fn declaring_is_deterministic() {
    for environment in ENVIRONMENTS {
        let config = StackConfig::of(environment);
        let once = json::to_text(&platform::declare(&config));
        assert_eq!(once, json::to_text(&platform::declare(&config)));
        assert_eq!(json::to_text(&json::from_text(&once).unwrap()), once);
    }
}

#[test]
fn a_stack_declares_and_validates_in_under_100_ms() {
    // Reading the schema is paid once per process.
    aiops_infra::schema::aws();
    for environment in ENVIRONMENTS {
        let config = StackConfig::of(environment);
        let fastest = (0..5)
            .map(|_| {
                let start = Instant::now();
                let graph = platform::declare(&config);
                assert!(validate::validate(&graph).is_ok());
                start.elapsed()
            })
            .min()
            .unwrap();
        assert!(
            fastest < Duration::from_millis(100),
            "{environment:?}: {fastest:?}"
        );
    }
}

/// CloudWatch alone reads a pattern: what the program owes is to hand it over as it was written.
#[test]
fn a_filter_pattern_of_the_configuration_is_the_one_of_the_subscription() {
    let pattern = r#"{ $.level = "ERROR" || $.latency > 500 }"#;
    let mut config = StackConfig::of(Environment::Prod);
    let (key, group) = config.logs.groups.iter_mut().next().unwrap();
    pattern.clone_into(&mut group.filter_pattern);
    let key = key.to_string();
    let written = Value::from(pattern);
    let graph = platform::declare(&config);
    let carrying = graph
        .resources
        .iter()
        .filter(|resource| resource.inputs.get("filterPattern") == Some(&written));
    let names: Vec<&str> = carrying.map(|resource| resource.name.as_str()).collect();
    assert_eq!(names, [key]);
}
