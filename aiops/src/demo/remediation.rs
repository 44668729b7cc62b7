//! Remediation as the cloud itself shows it: the entries of its network ACLs before, after, and
//! after the undo.

use aiops_domain::Incident;
use anyhow::{Context as _, bail};
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::places::Places;
use crate::local::aws::query::Parameters;
use crate::local::aws::{Aws, EC2};

/// An entry of a network ACL, in the words of the API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AclEntry {
    /// The ACL.
    pub acl: String,
    /// Whether it is about what leaves.
    pub egress: bool,
    /// Its number.
    pub rule: u32,
    /// `allow` or `deny`.
    pub action: String,
    /// The addresses.
    pub cidr: String,
}

/// What a remediation did to the cloud's own state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Entries that came with the remediation.
    pub added: Vec<AclEntry>,
    /// Whether after the undo every entry is as it was before.
    pub restored: bool,
}

/// The entries of the stack's network ACLs, in order.
pub async fn state(aws: &Aws, places: &Places) -> anyhow::Result<Vec<AclEntry>> {
    let parameters = Parameters::new().with_list("NetworkAclId", &places.network_acl_ids);
    let answer = aws.query(EC2, "DescribeNetworkAcls", &parameters).await?;
    let mut entries = Vec::new();
    let acls = answer
        .find("networkAclSet")
        .map(|set| set.children.as_slice());
    for acl in acls.unwrap_or_default() {
        let id = acl
            .child("networkAclId")
            .map(|id| id.text.clone())
            .unwrap_or_default();
        let items = acl.child("entrySet").map(|set| set.children.as_slice());
        for item in items.unwrap_or_default() {
            entries.push(AclEntry {
                acl: id.clone(),
                egress: item.text("egress").as_deref() == Some("true"),
                rule: item
                    .text("ruleNumber")
                    .and_then(|number| number.parse().ok())
                    .context("a network ACL entry without a number")?,
                action: item.text("ruleAction").unwrap_or_default(),
                cidr: item.text("cidrBlock").unwrap_or_default(),
            });
        }
    }
    entries.sort();
    Ok(entries)
}

/// Shows what was added since `before`, undoes every executed action, and compares again.
pub async fn show_and_undo(
    aws: &Aws,
    places: &Places,
    before: Vec<AclEntry>,
    incidents: &[Incident],
) -> anyhow::Result<Shown> {
    let after = state(aws, places).await?;
    let added = after
        .iter()
        .filter(|entry| !before.contains(entry))
        .cloned()
        .collect();
    for incident in incidents {
        for action in &incident.actions {
            let in_force =
                !action.undone && matches!(action.status.as_str(), "executed" | "verified");
            if in_force {
                undo(aws, places, &incident.id, &action.id).await?;
            }
        }
    }
    let restored = state(aws, places).await? == before;
    Ok(Shown { added, restored })
}

/// What `aiops incidents undo` does: the remediator undoes an action from its recorded prior state.
async fn undo(aws: &Aws, places: &Places, incident: &str, action: &str) -> anyhow::Result<()> {
    let answer = aws
        .rest(
            "lambda",
            Method::POST,
            &format!("/2015-03-31/functions/{}/invocations", places.remediator),
            Some(json!({"step": "undo", "incident_id": incident, "action_id": action})),
        )
        .await?;
    if let Some(error) = answer.get("errorMessage").and_then(Value::as_str) {
        bail!("undoing {action} of {incident}: {error}");
    }
    Ok(())
}
