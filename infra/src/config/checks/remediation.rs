//! Mistakes between the keys of `remediation`.

use super::{Problems, note};
use crate::config::{RemediationMode, StackConfig};

pub(super) fn remediation(config: &StackConfig, problems: &mut Problems) {
    actions(config, problems);
    rules(config, problems);
    responses(config, problems);
    let remediation = &config.remediation;
    if remediation
        .first_network_acl_rule
        .saturating_add(remediation.network_acl_rules)
        >= 100
    {
        note(
            problems,
            "remediation.firstNetworkAclRule",
            "the reserved rules must end below 100, where this program's own begin",
        );
    }
}

fn nobody_approves(config: &StackConfig) -> bool {
    config.remediation.approvers.is_empty()
        && config.teams.values().all(|team| team.approvers.is_empty())
}

const NOBODY: &str = "is `approve`, but nobody may: name `remediation.approvers`";

fn actions(config: &StackConfig, problems: &mut Problems) {
    for (action, policy) in &config.remediation.actions {
        let path = format!("remediation.actions.{action}.mode");
        if policy.mode == RemediationMode::Approve && nobody_approves(config) {
            note(problems, &path, NOBODY);
        }
        let on_nodes = ["cordon-node", "restart-deployment", "rollback-deployment"];
        if policy.mode != RemediationMode::Off
            && on_nodes.contains(&action.as_str())
            && !config.eks.node_remediation
        {
            note(problems, &path, "needs `eks.nodeRemediation: true`");
        }
    }
}

fn rules(config: &StackConfig, problems: &mut Problems) {
    let remediation = &config.remediation;
    for (index, rule) in remediation.rules.iter().enumerate() {
        let path = format!("remediation.rules[{index}]");
        for action in &rule.actions {
            match remediation.actions.get(action) {
                None => note(
                    problems,
                    format!("{path}.actions"),
                    format!("`{action}` is not in `remediation.actions`: it is off"),
                ),
                Some(policy) if rule.mode > policy.mode => note(
                    problems,
                    format!("{path}.mode"),
                    format!(
                        "`{}` goes further than `remediation.actions.{action}.mode`, which is `{}`",
                        rule.mode, policy.mode
                    ),
                ),
                Some(_) => {}
            }
        }
        if rule.mode == RemediationMode::Approve && nobody_approves(config) {
            note(problems, format!("{path}.mode"), NOBODY);
        }
    }
}

fn responses(config: &StackConfig, problems: &mut Problems) {
    for (index, response) in config.remediation.responses.iter().enumerate() {
        if response.kinds.is_empty() {
            note(
                problems,
                format!("remediation.responses[{index}].kinds"),
                "names no kind: the action would answer nothing",
            );
        }
    }
}
