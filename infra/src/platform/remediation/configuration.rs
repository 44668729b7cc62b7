//! The remediator's configuration, from the stack's: policies, teams, caps, what may be touched.

use std::collections::BTreeMap;

use aiops_domain::config::RemediatorConfig;
use aiops_domain::config::remediator::{NetworkAcls, Response, Tag};
use aiops_domain::plan::ActionName;
use aiops_domain::policy::address::AddressRules;
use aiops_domain::policy::team::TeamRule;
use aiops_domain::policy::{Caps, Mode, Policy, PolicyRule};

use super::Places;
use super::actions::TAG_VALUE;
use crate::config::{Cidr, RemediationAction, RemediationMode, StackConfig};
use crate::graph::{Document, Value};
use crate::platform::context::Context;

/// The document.
pub(super) fn document(context: &Context<'_>, places: Places<'_>) -> Value {
    let config = context.config;
    let remediation = &config.remediation;
    let mut document = Document::default();
    let mut remediator = RemediatorConfig::new(
        document.hole(places.tables.incidents.name()),
        document.hole(places.topics.incidents.arn()),
    );
    remediator.policy = policy(config);
    remediator.responses = responses(config);
    remediator.teams = teams(config);
    remediator.addresses = AddressRules {
        vpc_cidrs: networks([config.network.cidr]),
        never_deny: networks(config.network.reserved_cidrs.iter().copied()),
        private_allowed: false,
    };
    remediator.network_acls = network_acls(config, &mut document, places);
    remediator.caps = remediation
        .actions
        .iter()
        .map(|(action, policy)| {
            let caps = Caps {
                per_hour: policy.maximum_per_hour,
                share_percent: policy.maximum_share_percent,
                // No more denials than there are rule numbers for them.
                in_force: match action {
                    RemediationAction::DenyAddress => remediation.network_acl_rules,
                    _ => Caps::default().in_force,
                },
            };
            (name(*action), caps)
        })
        .collect();
    remediator.resources.allowed_tags = vec![Tag {
        key: remediation.required_tag.clone(),
        value: TAG_VALUE.to_owned(),
    }];
    let resources = &mut remediator.resources;
    resources.quarantine_groups.insert(
        document.hole(places.network.vpc.id()),
        document.hole(places.network.groups.quarantine.id()),
    );
    resources
        .protected_ids
        .clone_from(&remediation.protected_ids);
    resources.documents.clone_from(&remediation.documents);
    resources.namespaces.clone_from(&remediation.namespaces);
    resources.key_users.clone_from(&remediation.key_users);
    remediator.resources.max_units = config.eks.nodes.maximum;
    remediator.resources.cluster = config.eks.enabled.then(|| config.prefix());
    remediator.resources.streams = vec![context.name("logs")];
    document.finish(&remediator)
}

fn network_acls(config: &StackConfig, document: &mut Document, places: Places<'_>) -> NetworkAcls {
    let number = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    let first = config.remediation.first_network_acl_rule;
    let last = first.saturating_add(config.remediation.network_acl_rules.saturating_sub(1));
    NetworkAcls {
        ids: vec![
            document.hole(places.network.public_acl.id()),
            document.hole(places.network.private_acl.id()),
        ],
        first_rule: number(first),
        last_rule: number(last),
    }
}

fn networks<T: FromIterator<N>, N: std::str::FromStr>(cidrs: impl IntoIterator<Item = Cidr>) -> T {
    // A range of the configuration is one everywhere.
    cidrs
        .into_iter()
        .filter_map(|cidr| cidr.to_string().parse().ok())
        .collect()
}

/// A team's rules come before the stack's, and go no further than the stack's.
fn policy(config: &StackConfig) -> Policy {
    let of_teams = config.teams.iter().flat_map(|(team, settings)| {
        rules(config).into_iter().map(move |rule| PolicyRule {
            teams: Some(vec![team.to_string()]),
            mode: rule.mode.min(mode(settings.remediation)),
            ..rule
        })
    });
    Policy {
        rules: of_teams.chain(rules(config)).collect(),
    }
}

/// The finer rules, then each action's own mode, which none of them exceeds.
fn rules(config: &StackConfig) -> Vec<PolicyRule> {
    let actions = &config.remediation.actions;
    let finer = config.remediation.rules.iter().flat_map(|rule| {
        let named =
            |action: &RemediationAction| rule.actions.is_empty() || rule.actions.contains(action);
        actions
            .iter()
            .filter(move |(action, _)| named(action))
            .map(|(action, policy)| PolicyRule {
                actions: Some(vec![name(*action)]),
                kinds: some(&rule.kinds),
                sources: some(&rule.sources),
                entities: some(&policy.entities),
                min_severity: rule.minimum_severity,
                min_confidence: rule.minimum_confidence,
                mode: mode(rule.mode).min(mode(policy.mode)),
                ..PolicyRule::default()
            })
    });
    let whole = actions.iter().map(|(action, policy)| PolicyRule {
        actions: Some(vec![name(*action)]),
        entities: some(&policy.entities),
        mode: mode(policy.mode),
        ..PolicyRule::default()
    });
    finer.chain(whole).collect()
}

/// What an empty list of the configuration means: everything.
fn some<T: Clone>(list: &[T]) -> Option<Vec<T>> {
    (!list.is_empty()).then(|| list.to_vec())
}

fn responses(config: &StackConfig) -> Vec<Response> {
    config
        .remediation
        .responses
        .iter()
        .map(|response| Response {
            kinds: response.kinds.clone(),
            sources: some(&response.sources),
            action: name(response.action),
            document: None,
            resource: BTreeMap::new(),
        })
        .collect()
}

/// A team owns what its log groups show.
fn teams(config: &StackConfig) -> Vec<TeamRule> {
    config
        .teams
        .iter()
        .map(|(team, settings)| {
            let owned = config
                .logs
                .groups
                .iter()
                .filter(|(key, _)| settings.log_groups.iter().any(|own| own == key.as_str()))
                .map(|(key, group)| config.log_group_name(key, group));
            TeamRule {
                team: team.to_string(),
                log_groups: Some(owned.collect()),
                sources: None,
                kinds: None,
                entity_prefixes: None,
            }
        })
        .collect()
}

fn mode(mode: RemediationMode) -> Mode {
    match mode {
        RemediationMode::Off => Mode::Off,
        RemediationMode::DryRun => Mode::DryRun,
        RemediationMode::Approve => Mode::Approve,
        RemediationMode::Automatic => Mode::Automatic,
    }
}

fn name(action: RemediationAction) -> ActionName {
    use RemediationAction as A;
    match action {
        A::DenyAddress => ActionName::DenyAddress,
        A::RevokeSecurityGroupRule => ActionName::RevokeSecurityGroupRule,
        A::IsolateInstance => ActionName::IsolateInstance,
        A::RunDocument => ActionName::RunDocument,
        A::RebootInstance => ActionName::RebootInstance,
        A::ReplaceInstance => ActionName::ReplaceInstance,
        A::CordonNode => ActionName::DrainNode,
        A::RestartDeployment => ActionName::RestartDeployment,
        A::RollbackDeployment => ActionName::RollBackDeployment,
        A::ScaleNodeGroup => ActionName::ScaleNodeGroup,
        A::DeactivateAccessKey => ActionName::DeactivateAccessKey,
        A::RaiseStreamCapacity => ActionName::RaiseShardCount,
    }
}
