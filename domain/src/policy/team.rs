//! Which team an incident belongs to, and who of it may approve.

use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::source::Source;

/// The team of whatever no rule names.
pub const UNOWNED: &str = "platform";

/// Gives incidents to a team; a part that is left out fits everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamRule {
    /// The team.
    pub team: String,
    /// Sources it owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<Source>>,
    /// Kinds it owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<Kind>>,
    /// Entities it owns begin with one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_prefixes: Option<Vec<String>>,
}

/// The team of the first rule that fits, else [`UNOWNED`].
pub fn team_of<'a>(rules: &'a [TeamRule], source: Source, kind: Kind, entity: &str) -> &'a str {
    rules
        .iter()
        .find(|rule| {
            rule.sources
                .as_ref()
                .is_none_or(|sources| sources.contains(&source))
                && rule
                    .kinds
                    .as_ref()
                    .is_none_or(|kinds| kinds.contains(&kind))
                && rule.entity_prefixes.as_ref().is_none_or(|prefixes| {
                    prefixes
                        .iter()
                        .any(|prefix| entity.starts_with(prefix.as_str()))
                })
        })
        .map_or(UNOWNED, |rule| rule.team.as_str())
}

/// Who of a team may approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Approvers {
    /// Slack's user ids.
    #[serde(default)]
    pub slack_user_ids: Vec<String>,
    /// ARNs of IAM; an assumed role's session is covered by `arn:…:assumed-role/<role>/*`.
    #[serde(default)]
    pub iam_arns: Vec<String>,
}

impl Approvers {
    /// Whether this ARN of a caller is on the list.
    pub fn allows_arn(&self, arn: &str) -> bool {
        self.iam_arns
            .iter()
            .any(|allowed| match allowed.strip_suffix("/*") {
                Some(role) => arn
                    .strip_prefix(role)
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(|session| !session.is_empty() && !session.contains('/')),
                None => arn == allowed,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_of_a_role_is_allowed_and_a_longer_name_is_not() {
        let approvers = Approvers {
            slack_user_ids: vec![],
            iam_arns: vec![
                "arn:aws:sts::1:assumed-role/OnCall/*".into(),
                "arn:aws:iam::1:user/eve".into(),
            ],
        };
        assert!(approvers.allows_arn("arn:aws:sts::1:assumed-role/OnCall/ann"));
        assert!(approvers.allows_arn("arn:aws:iam::1:user/eve"));
        assert!(!approvers.allows_arn("arn:aws:sts::1:assumed-role/OnCallX/ann"));
        assert!(!approvers.allows_arn("arn:aws:sts::1:assumed-role/OnCall/"));
        assert!(!approvers.allows_arn("arn:aws:sts::1:assumed-role/OnCall/a/b"));
        assert!(!approvers.allows_arn("arn:aws:iam::1:user/eve2"));
    }

    #[test]
    fn the_first_rule_that_fits_owns_the_incident() {
        let rules: Vec<TeamRule> = serde_json::from_str(
            r#"[{"team":"shop","entity_prefixes":["shop/"]},{"team":"network","sources":["vpc-flow"]}]"#,
        )
        .unwrap();
        assert_eq!(
            team_of(&rules, Source::VpcFlow, Kind::PortScan, "shop/1"),
            "shop"
        );
        assert_eq!(
            team_of(&rules, Source::VpcFlow, Kind::PortScan, "eni-1"),
            "network"
        );
        assert_eq!(team_of(&rules, Source::Ec2, Kind::DiskFull, "i-1"), UNOWNED);
    }
}
