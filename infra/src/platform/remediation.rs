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
use crate::iam::Statement;
use crate::iam::action::sns;

mod actions;
mod configuration;

pub(super) use actions::TAG_VALUE;

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
            configuration: configuration::document(context, places),
            statements,
        },
    )
}
