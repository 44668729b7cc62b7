//! When an incident is not acted on: suppressions (a person said so, with a reason and an end) and
//! maintenance windows (planned work, from configuration).

use serde::{Deserialize, Serialize};

use crate::incident::event::Who;
use crate::kind::Kind;
use crate::source::Source;
use crate::time::Time;

/// Which incidents; a part that is left out fits everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Of this source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// About this entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
}

impl Scope {
    /// Whether an incident is in it.
    pub fn covers(&self, source: Source, kind: Kind, entity: &str) -> bool {
        self.source.is_none_or(|wanted| wanted == source)
            && self.kind.is_none_or(|wanted| wanted == kind)
            && self.entity.as_deref().is_none_or(|wanted| wanted == entity)
    }
}

/// Somebody's word that incidents of a scope are not to be acted on for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Its id.
    pub id: String,
    /// Which incidents.
    pub scope: Scope,
    /// Why; never empty.
    pub reason: String,
    /// Who said so.
    pub who: Who,
    /// Until when; a suppression without an end does not exist.
    pub expires: Time,
}

impl Suppression {
    /// Whether it covers an incident at `now`.
    pub fn covers(&self, source: Source, kind: Kind, entity: &str, now: Time) -> bool {
        now < self.expires && self.scope.covers(source, kind, entity)
    }
}

/// Planned work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// From.
    pub start: Time,
    /// Until (not part of it).
    pub end: Time,
    /// What is touched.
    #[serde(default)]
    pub scope: Scope,
    /// What for.
    pub reason: String,
}

impl MaintenanceWindow {
    /// Whether it covers an incident whose event time is `at`.
    pub fn covers(&self, source: Source, kind: Kind, entity: &str, at: Time) -> bool {
        self.start <= at && at < self.end && self.scope.covers(source, kind, entity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suppression_ends_and_keeps_to_its_scope() {
        let suppression = Suppression {
            id: "s1".into(),
            scope: Scope {
                entity: Some("i-1".into()),
                ..Scope::default()
            },
            reason: "load test".into(),
            who: Who::system("test"),
            expires: Time::from_millis(1_000),
        };
        let covers = |entity, now| {
            suppression.covers(Source::Ec2, Kind::DiskFull, entity, Time::from_millis(now))
        };
        assert!(covers("i-1", 999));
        assert!(!covers("i-1", 1_000));
        assert!(!covers("i-2", 0));
    }
}
