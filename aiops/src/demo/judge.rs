//! Compares what was found with what was put in. The labels come in only here, after the last
//! incident is written.

use aiops_domain::{Incident, Kind, Source, Time};
use serde::Serialize;

use crate::workload::Label;

/// A window is at most so much longer than what it shows: an incident may start before its label
/// and end after it by the window that holds its edge.
const EDGE_MILLIS: i64 = 120_000;

/// An injected incident and what was found of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Injected {
    /// What was put in.
    pub kind: Kind,
    /// Where its lines come from.
    pub source: Source,
    /// What they are about.
    pub entity: String,
    /// Event time of its first line.
    pub start: Time,
    /// First instant after its last line.
    pub end: Time,
    /// The incident that found it: the right source and entity at the right time.
    pub incident_id: Option<String>,
}

/// Each label with the incident that found it, and the ids of incidents that no label explains.
pub fn judge(labels: &[Label], incidents: &[Incident]) -> (Vec<Injected>, Vec<String>) {
    let injected = labels
        .iter()
        .map(|label| {
            let mut matching: Vec<&Incident> = incidents
                .iter()
                .filter(|incident| incident.entity == label.entity && explains(label, incident))
                .collect();
            // The one that also names what it is, if several found it.
            matching.sort_by_key(|incident| (incident.kind != label.kind, incident.first_seen));
            Injected {
                kind: label.kind,
                source: label.source,
                entity: label.entity.clone(),
                start: label.start,
                end: label.end,
                incident_id: matching.first().map(|incident| incident.id.clone()),
            }
        })
        .collect();
    let unexplained = incidents
        .iter()
        .filter(|incident| !labels.iter().any(|label| explains(label, incident)))
        .map(|incident| incident.id.clone())
        .collect();
    (injected, unexplained)
}

/// The incidents that findings stand behind, and those whose every finding was taken back when late
/// lines came: which ones, depends on how fast the machine was.
pub fn standing(incidents: Vec<Incident>) -> (Vec<Incident>, Vec<Incident>) {
    incidents
        .into_iter()
        .partition(|incident| incident.count > 0)
}

/// Whether the incident is about what the label says, when it says.
fn explains(label: &Label, incident: &Incident) -> bool {
    label.source == incident.source
        && (label.entity == incident.entity || label.traces_on.contains(&incident.entity))
        && incident.first_seen < label.end.plus_millis(EDGE_MILLIS)
        && incident.last_seen > label.start.plus_millis(-EDGE_MILLIS)
}

/// The `share` quantile (0 to 1) of `values`, the nearest rank; `None` of nothing.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "few values, and a share within 0 and 1"
)]
pub fn quantile(values: &[u64], share: f64) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiops_domain::{IncidentStatus, Severity};

    fn label() -> Label {
        Label {
            kind: Kind::DiskFull,
            source: Source::Ec2,
            entity: "i-1".to_owned(),
            traces_on: vec!["node-1".to_owned()],
            start: Time::from_millis(1_000_000),
            end: Time::from_millis(1_200_000),
            actor: None,
        }
    }

    fn incident(id: &str, kind: Kind, entity: &str, first_seen: i64, last_seen: i64) -> Incident {
        Incident {
            id: id.to_owned(),
            fingerprint: String::new(),
            source: Source::Ec2,
            entity: entity.to_owned(),
            kind,
            severity: Severity::High,
            status: IncidentStatus::Open,
            count: 1,
            first_seen: Time::from_millis(first_seen),
            last_seen: Time::from_millis(last_seen),
            summary: String::new(),
            finding_ids: Vec::new(),
            actions: Vec::new(),
        }
    }

    #[test]
    fn an_incident_counts_for_its_entity_and_time_only() {
        let incidents = [
            incident("vague", Kind::LogAnomaly, "i-1", 1_020_000, 1_080_000),
            incident("right", Kind::DiskFull, "i-1", 1_080_000, 1_200_000),
            incident("elsewhere", Kind::DiskFull, "i-2", 1_020_000, 1_200_000),
            incident("earlier", Kind::DiskFull, "i-1", 100_000, 160_000),
            incident("trace", Kind::LogAnomaly, "node-1", 1_020_000, 1_080_000),
        ];
        let (injected, unexplained) = judge(&[label()], &incidents);
        assert_eq!(injected[0].incident_id.as_deref(), Some("right"));
        assert_eq!(unexplained, ["elsewhere", "earlier"]);
        let (injected, unexplained) = judge(&[label()], &incidents[4..]);
        assert_eq!(
            (injected[0].incident_id.as_deref(), unexplained.len()),
            (None, 0)
        );
        let (injected, _) = judge(&[label()], &[]);
        assert_eq!(injected[0].incident_id, None);
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        assert_eq!(quantile(&[], 0.95), None);
        assert_eq!(quantile(&[7], 0.95), Some(7));
        assert_eq!(quantile(&[4, 1, 3, 2], 0.5), Some(2));
        assert_eq!(quantile(&(1..=100).collect::<Vec<_>>(), 0.95), Some(95));
    }
}
