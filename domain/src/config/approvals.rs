//! Configuration of `approvals`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::policy::team::Approvers;

/// What `approvals` works with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalsConfig {
    /// Table of incidents.
    pub incidents_table: String,
    /// Topic of notifications.
    #[serde(default)]
    pub topic_arn: String,
    /// Secret with the key that signs approval tokens; its previous version is accepted too.
    pub token_key_arn: String,
    /// Secret with Slack's signing secret; without it the Slack route refuses everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack_signing_secret_arn: Option<String>,
    /// Who may approve, by team.
    #[serde(default)]
    pub approvers: BTreeMap<String, Approvers>,
}
