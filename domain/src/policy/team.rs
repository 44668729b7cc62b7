//! Which team an incident belongs to, and who of it may approve.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
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
    /// Log groups it owns, by their names in CloudWatch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_groups: Option<Vec<String>>,
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

/// The log group that most of an incident's findings are of; of several such, the first by name.
pub fn log_group_of(findings: &[Finding]) -> Option<&str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for group in findings
        .iter()
        .filter_map(|finding| finding.log_group.as_deref())
    {
        *counts.entry(group).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|&(group, count)| (count, Reverse(group)))
        .map(|(group, _)| group)
}

/// The team of the first rule that fits, else [`UNOWNED`]. `log_group` is [`log_group_of`] the
/// incident's findings: without one, nobody owns it by its log group.
pub fn team_of<'a>(
    rules: &'a [TeamRule],
    source: Source,
    kind: Kind,
    entity: &str,
    log_group: Option<&str>,
) -> &'a str {
    rules
        .iter()
        .find(|rule| {
            rule.log_groups.as_ref().is_none_or(|groups| {
                log_group.is_some_and(|group| groups.iter().any(|owned| owned == group))
            }) && rule
                .sources
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
        let team = |source, kind, entity| team_of(&rules, source, kind, entity, None);
        assert_eq!(team(Source::VpcFlow, Kind::PortScan, "shop/1"), "shop");
        assert_eq!(team(Source::VpcFlow, Kind::PortScan, "eni-1"), "network");
        assert_eq!(team(Source::Ec2, Kind::DiskFull, "i-1"), UNOWNED);
    }

    #[test]
    fn two_teams_of_one_source_are_told_apart_by_their_log_groups() {
        let rules: Vec<TeamRule> = serde_json::from_str(
            r#"[{"team":"checkout","log_groups":["/shop/checkout"]},
                {"team":"search","log_groups":["/shop/search","/shop/index"]}]"#,
        )
        .unwrap();
        let team = |group| team_of(&rules, Source::Ec2, Kind::LogAnomaly, "i-1", group);
        assert_eq!(team(Some("/shop/checkout")), "checkout");
        assert_eq!(team(Some("/shop/index")), "search");
        assert_eq!(team(Some("/shop/checkout-2")), UNOWNED);
        assert_eq!(team(None), UNOWNED);
    }

    #[test]
    fn an_incident_is_of_the_log_group_of_most_of_its_findings() {
        let finding = |group: Option<&str>| -> Finding {
            serde_json::from_value(serde_json::json!({
                "id": "f", "source": "ec2", "entity": "i-1", "key": null,
                "window": {"start": "2026-08-01T00:00:00Z", "end": "2026-08-01T00:01:00Z"},
                "kind": "log_anomaly", "score": 1.0, "p_value": 0.1, "anomalous": true,
                "templates": [], "example": null, "log_group": group,
            }))
            .unwrap()
        };
        let of = |groups: &[Option<&str>]| {
            let findings: Vec<Finding> = groups.iter().copied().map(finding).collect();
            log_group_of(&findings).map(str::to_owned)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[None, None]), None);
        assert_eq!(of(&[Some("b"), None, None, None]).as_deref(), Some("b"));
        assert_eq!(of(&[Some("a"), Some("b"), Some("b")]).as_deref(), Some("b"));
        assert_eq!(of(&[Some("b"), Some("a")]).as_deref(), Some("a"));
    }
}
