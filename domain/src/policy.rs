//! Who may let what happen by itself: off, dry run, approval or automatic, by what the incident is.

use serde::{Deserialize, Serialize};

use crate::incident::Severity;
use crate::kind::Kind;
use crate::plan::ActionName;
use crate::source::Source;

pub mod address;
pub mod quiet;
pub mod team;

/// How far an action may go.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// No plan is made.
    #[default]
    Off,
    /// The plan is made and shown.
    DryRun,
    /// A person must approve the plan.
    Approve,
    /// The plan is executed.
    Automatic,
}

impl Mode {
    /// The fixed word of interfaces and configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::DryRun => "dry-run",
            Self::Approve => "approve",
            Self::Automatic => "automatic",
        }
    }
}

/// What a policy decides on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Situation<'a> {
    /// The action that would answer.
    pub action: ActionName,
    /// The incident's kind.
    pub kind: Kind,
    /// Its source.
    pub source: Source,
    /// What it is about.
    pub entity: &'a str,
    /// Its severity.
    pub severity: Severity,
    /// 1 − the smallest p-value of its findings, 0 to 1.
    pub confidence: f64,
    /// The team it belongs to.
    pub team: &'a str,
}

/// One rule; a part that is left out fits everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    /// Actions it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<ActionName>>,
    /// Kinds it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<Kind>>,
    /// Sources it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<Source>>,
    /// Teams it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams: Option<Vec<String>>,
    /// Entities it speaks of, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entities: Option<Vec<String>>,
    /// From this severity on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
    /// From this confidence on, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_confidence: Option<f64>,
    /// How far the action may go.
    pub mode: Mode,
}

impl PolicyRule {
    fn fits(&self, situation: &Situation<'_>) -> bool {
        fn among<T: PartialEq>(list: Option<&Vec<T>>, found: &T) -> bool {
            list.is_none_or(|list| list.contains(found))
        }
        among(self.actions.as_ref(), &situation.action)
            && among(self.kinds.as_ref(), &situation.kind)
            && among(self.sources.as_ref(), &situation.source)
            && among(self.teams.as_ref(), &situation.team.to_owned())
            && among(self.entities.as_ref(), &situation.entity.to_owned())
            && self
                .min_severity
                .is_none_or(|least| situation.severity >= least)
            && self
                .min_confidence
                .is_none_or(|least| situation.confidence >= least)
    }
}

/// The rules, first fit wins; without a fit the mode is off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// In order.
    #[serde(default)]
    pub rules: Vec<PolicyRule>,
}

impl Policy {
    /// How far the action may go in this situation.
    pub fn mode(&self, situation: &Situation<'_>) -> Mode {
        self.rules
            .iter()
            .find(|rule| rule.fits(situation))
            .map_or(Mode::Off, |rule| rule.mode)
    }
}

/// How often and how much at once; both hold under parallel executions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Actions that are in force at a time (not yet undone).
    pub in_force: u32,
    /// Actions that begin in one hour of the clock.
    pub per_hour: u32,
    /// The share of a group that one action may touch, in percent.
    #[serde(default = "Caps::half")]
    pub share_percent: u32,
}

impl Caps {
    const fn half() -> u32 {
        50
    }
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            in_force: 10,
            per_hour: 5,
            share_percent: Self::half(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn situation(severity: Severity, confidence: f64) -> Situation<'static> {
        Situation {
            action: ActionName::DenyAddress,
            kind: Kind::PortScan,
            source: Source::VpcFlow,
            entity: "eni-1",
            severity,
            confidence,
            team: "payments",
        }
    }

    #[test]
    fn nothing_happens_by_itself_without_a_rule() {
        assert_eq!(
            Policy::default().mode(&situation(Severity::Critical, 1.0)),
            Mode::Off
        );
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let policy: Policy = serde_json::from_str(
            r#"{"rules":[
                {"teams":["search"],"mode":"automatic"},
                {"kinds":["port_scan"],"min_severity":"high","min_confidence":0.9,"mode":"automatic"},
                {"actions":["deny_address"],"mode":"approve"}]}"#,
        )
        .unwrap();
        assert_eq!(
            policy.mode(&situation(Severity::High, 0.95)),
            Mode::Automatic
        );
        assert_eq!(policy.mode(&situation(Severity::High, 0.5)), Mode::Approve);
        assert_eq!(policy.mode(&situation(Severity::Low, 0.95)), Mode::Approve);
        assert!(serde_json::from_str::<Policy>(r#"{"rules":[{"mode":"yes"}]}"#).is_err());
        assert!(serde_json::from_str::<Policy>(r#"{"rules":[{"mod":"off"}]}"#).is_err());
    }
}
