//! The remediator: a role that may do what the configuration's actions need, and nothing else.
//!
//! Coming from HCL: a Lambda with `AmazonEC2FullAccess`.

use super::context::Context;
use super::functions::{Function, Shared, Spec, function};
use super::keys::Keys;
use super::network::Network;
use super::tables::{self, Tables};
use super::topics::Topics;
use crate::config::RemediationMode;
use crate::graph::Value;
use crate::iam::Statement;
use crate::iam::action::sns;
use crate::{list, object};

mod actions;

/// What the remediator acts on and reports to.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The network whose ACLs get denials.
    pub network: &'a Network,
    /// The tables.
    pub tables: &'a Tables,
    /// The topics.
    pub topics: &'a Topics,
}

/// Declares the remediator.
pub fn declare(
    shared: &Shared<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    places: Places<'_>,
) -> Function {
    let mut statements = vec![
        tables::items("Incidents", &places.tables.incidents),
        Statement::allow("Notify", [sns::PUBLISH], [places.topics.incidents.arn()]),
    ];
    let policies = &context.config.remediation.actions;
    let enabled = policies
        .iter()
        .filter(|(_, policy)| policy.mode != RemediationMode::Off)
        .map(|(action, _)| *action);
    statements.extend(actions::statements(context, places.network, enabled));
    function(
        shared,
        context,
        keys,
        Spec {
            name: "remediator",
            description: "Plans, executes, verifies and undoes remediations",
            settings: &context.config.functions.remediator,
            configuration: configuration(context, places),
            statements,
        },
    )
}

fn configuration(context: &Context<'_>, places: Places<'_>) -> Value {
    let remediation = &context.config.remediation;
    let first = remediation.first_network_acl_rule;
    object! {
        "incidents_table" => places.tables.incidents.name(),
        "topic_arn" => places.topics.incidents.arn(),
        "network_acls" => object! {
            "ids" => list![places.network.public_acl.id(), places.network.private_acl.id()],
            "first_rule" => first,
            "last_rule" => first + remediation.network_acl_rules - 1,
        },
    }
}
