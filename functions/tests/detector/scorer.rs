//! A scorer whose findings depend on every record of a window, so that a window which misses one
//! is seen, and the reference: what the records say, computed at once.

use std::collections::BTreeMap;

use aiops_domain::finding::hex;
use aiops_domain::{Finding, FindingTemplate, Incident, Kind, LogRecord, Source, Time};
use aiops_functions::detector::model::{Current, Models, Scorer};
use aiops_functions::ports::PortResult;
use aiops_model::{EventWindow, WindowSpec, Windowing};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Finds windows that have a line with a bad word; `ssh` in it makes it another kind, and `by` an address
/// at its end names who is behind it.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    windowing: Windowing,
    bad: &'static str,
}

impl Words {
    pub(crate) fn new(spec: &WindowSpec) -> Self {
        Self::looking_for(spec, "bad")
    }

    pub(crate) fn looking_for(spec: &WindowSpec, bad: &'static str) -> Self {
        Self {
            windowing: spec.compile().unwrap(),
            bad,
        }
    }

    /// What the records say.
    pub(crate) fn reference(&self, records: &[LogRecord]) -> BTreeMap<String, Finding> {
        let assembly = self.windowing.assemble(records.to_vec());
        let findings = assembly.windows.iter().map(|window| self.score(window));
        findings
            .filter(|finding| finding.anomalous)
            .map(|finding| (finding.id.clone(), finding))
            .collect()
    }
}

impl Scorer for Words {
    fn version(&self) -> &str {
        "words"
    }

    fn windowing(&self, _source: Source) -> &Windowing {
        &self.windowing
    }

    fn score(&self, window: &EventWindow) -> Finding {
        let has = |word: &str| window.records.iter().any(|r| r.message.contains(word));
        Finding {
            id: Finding::id_for(
                window.source,
                &window.entity,
                window.key.as_deref(),
                window.interval.start,
            ),
            source: window.source,
            entity: window.entity.clone(),
            key: window.key.clone(),
            window: window.interval,
            kind: if has("ssh") {
                Kind::SshBruteForce
            } else {
                Kind::LogAnomaly
            },
            score: window.records.len() as f64 / 3.0,
            p_value: 1e-200,
            anomalous: has(self.bad) && !has("fine"),
            templates: vec![FindingTemplate {
                id: "t".into(),
                template: "<*>".into(),
                count: window.records.len() as u64,
                expected: 0.1,
                contribution: 1.0,
            }],
            example: None,
            summary: told(&window.records),
            actor: window.records.iter().find_map(|record| {
                let (_, address) = record.message.rsplit_once(" by ")?;
                address.parse().ok()
            }),
            log_group: None,
        }
    }
}

/// Names every record in a text that a stored finding keeps whole: it cuts summaries at 2048 bytes.
fn told(records: &[LogRecord]) -> String {
    let ids: Vec<&str> = records.iter().map(|r| r.id.as_str()).collect();
    let names = ids.join(" ");
    if names.len() <= 1024 {
        return names;
    }
    format!("{} lines, {}", ids.len(), hex(&Sha256::digest(names)))
}

/// Always the same model.
pub(crate) struct Fixed<S> {
    pub(crate) scorer: Arc<S>,
    pub(crate) shadow: bool,
}

impl<S: Scorer> Models for Fixed<S> {
    type Scorer = S;

    async fn current(&self) -> PortResult<Current<S>> {
        Ok(Current {
            scorer: self.scorer.clone(),
            shadow: self.shadow,
            candidate: None,
        })
    }
}

/// What incidents say of their findings: by fingerprint, how many, first and last seen, summary.
pub(crate) fn extents(
    findings: &BTreeMap<String, Finding>,
) -> BTreeMap<String, (u64, Time, Time, String)> {
    let mut ordered: Vec<&Finding> = findings.values().collect();
    ordered.sort_by_key(|finding| (finding.window.start, &finding.id));
    let mut extents: BTreeMap<String, (u64, Time, Time, String)> = BTreeMap::new();
    for finding in ordered {
        let fingerprint = Incident::fingerprint_of(finding.source, &finding.entity, finding.kind);
        let extent = extents.entry(fingerprint).or_insert_with(|| {
            let window = finding.window;
            (0, window.start, window.end, finding.summary.clone())
        });
        extent.0 += 1;
        extent.2 = extent.2.max(finding.window.end);
    }
    extents
}
