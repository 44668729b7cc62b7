//! The rules that every stack keeps, each with a fault that trips it and no other.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/resolved.rs"]
mod resolved;
#[path = "support/stacks.rs"]
mod stacks;

#[path = "policies/encryption.rs"]
mod encryption;
#[path = "policies/exposure.rs"]
mod exposure;
#[path = "policies/fault.rs"]
mod fault;
#[path = "policies/identity.rs"]
mod identity;
#[path = "policies/limits.rs"]
mod limits;
#[path = "policies/operation.rs"]
mod operation;
#[path = "policies/services.rs"]
mod services;
#[path = "policies/view.rs"]
mod view;

use aiops_infra::config::StackConfig;
use aiops_infra::graph::Graph;
use aiops_infra::platform;
use view::View;

/// A rule: what breaks it, one line each; and a fault that does, in the production stack.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) broken: fn(&View) -> Vec<String>,
    pub(crate) fault: fn(&mut Graph),
}

fn rules() -> Vec<Rule> {
    [
        encryption::rules(),
        exposure::rules(),
        identity::rules(),
        limits::rules(),
        operation::rules(),
        services::rules(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn prod() -> (StackConfig, Graph) {
    let mut configs = stacks::configs();
    configs.retain(|config| config.stack == "prod");
    let mut config = configs.remove(0);
    // Every kind of remediation, so that its rights are looked at too.
    for action in aiops_infra::config::RemediationAction::ALL {
        let policy = aiops_infra::config::RemediationPolicy {
            mode: aiops_infra::config::RemediationMode::Approve,
            maximum_per_hour: 5,
            maximum_share_percent: 25,
            entities: Vec::new(),
        };
        config.remediation.actions.entry(*action).or_insert(policy);
    }
    let graph = platform::declare(&config);
    (config, graph)
}

#[test]
fn every_stack_keeps_every_rule() {
    let (everything, _) = prod();
    let mut broken = Vec::new();
    for config in stacks::configs().iter().chain([&everything]) {
        let graph = platform::declare(config);
        let view = View::new(&graph, config);
        for rule in rules() {
            for problem in (rule.broken)(&view) {
                broken.push(format!("{}: {}: {problem}", config.stack, rule.name));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_fault_trips_its_rule_and_no_other() {
    let (config, graph) = prod();
    let rules = rules();
    let mut wrong = Vec::new();
    for rule in &rules {
        let mut faulty = graph.clone();
        (rule.fault)(&mut faulty);
        assert_ne!(faulty, graph, "{}: the fault changes nothing", rule.name);
        let view = View::new(&faulty, &config);
        let tripped: Vec<&str> = rules
            .iter()
            .filter(|other| !(other.broken)(&view).is_empty())
            .map(|other| other.name)
            .collect();
        if tripped != [rule.name] {
            wrong.push(format!("`{}` trips {tripped:?}", rule.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
