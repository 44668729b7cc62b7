//! An incident just opened, where a test begins with what comes after.

use std::net::IpAddr;

use aiops_domain::{Finding, Incident, IncidentStatus, Interval, Kind, Severity, Source, Time};

use crate::incidents::{items, opening_attributes};
use crate::ports::{Item, Write};

/// Milliseconds since 1970 of 2026-08-01T11:58:00Z, when the window of [`flow_finding`] starts.
const START_MS: i64 = 1_785_585_480_000;

/// A finding in one minute of a network interface's flows.
pub fn flow_finding(entity: &str, kind: Kind, actor: Option<IpAddr>) -> Finding {
    let start = Time::from_millis(START_MS);
    Finding {
        id: Finding::id_for(Source::VpcFlow, entity, None, start),
        source: Source::VpcFlow,
        entity: entity.to_owned(),
        key: None,
        window: Interval {
            start,
            end: start.plus_millis(60_000),
        },
        kind,
        score: 9.5,
        p_value: 0.001,
        anomalous: true,
        templates: Vec::new(),
        example: None,
        summary: "ports were tried".to_owned(),
        actor,
        log_group: None,
    }
}

/// What the detector writes when a finding opens the incident `id`.
pub fn opening(id: &str, finding: &Finding) -> Vec<Write> {
    let incident = Incident {
        id: id.to_owned(),
        fingerprint: format!("fp-{id}"),
        source: finding.source,
        entity: finding.entity.clone(),
        kind: finding.kind,
        severity: Severity::High,
        status: IncidentStatus::Open,
        count: 1,
        first_seen: finding.window.start,
        last_seen: finding.window.end,
        summary: finding.summary.clone(),
        finding_ids: Vec::new(),
        actions: Vec::new(),
    };
    let put = |key, attributes| Write::Put {
        item: Item { key, attributes },
        condition: None,
    };
    vec![
        put(items::meta(id), opening_attributes(&incident, 0.999)),
        put(
            items::finding(id, &finding.id),
            items::finding_attributes(finding),
        ),
    ]
}
