//! Whether a stream and its file gave the same findings.

use std::collections::BTreeMap;

use aiops_domain::{Finding, FindingTemplate};
use serde::Serialize;

/// How far two numbers may lie apart: none is recomputed on the way, so this is generous.
const TOLERANCE: f64 = 1e-9;

/// Differences that are told; their number is counted on.
const TOLD_MAX: usize = 10;

/// What a comparison gave.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Comparison {
    /// Whether the two arrays are equal.
    pub equal: bool,
    /// Findings of the stream.
    pub streamed: u64,
    /// Findings of the file.
    pub file: u64,
    /// Windows in which the two differ.
    pub differing: u64,
    /// The first of these, in words.
    pub differences: Vec<String>,
}

/// Compares the findings of a stream with those of its file, window by window.
pub fn compare(streamed: &[Finding], file: &[Finding]) -> Comparison {
    let mut pairs: BTreeMap<_, (Vec<&Finding>, Vec<&Finding>)> = BTreeMap::new();
    for finding in streamed {
        pairs.entry(about(finding)).or_default().0.push(finding);
    }
    for finding in file {
        pairs.entry(about(finding)).or_default().1.push(finding);
    }
    let mut comparison = Comparison {
        streamed: streamed.len() as u64,
        file: file.len() as u64,
        ..Comparison::default()
    };
    for ((window, _, entity, key), pair) in pairs {
        let difference = match (pair.0.as_slice(), pair.1.as_slice()) {
            ([streamed], [file]) => difference(streamed, file),
            (streamed, file) => Some(format!(
                "found {} times in the stream and {} times in the file",
                streamed.len(),
                file.len()
            )),
        };
        if let Some(difference) = difference {
            comparison.differing += 1;
            if comparison.differences.len() < TOLD_MAX {
                let name = key.unwrap_or(entity);
                comparison
                    .differences
                    .push(format!("{name} at {}: {difference}", window.start));
            }
        }
    }
    comparison.equal = comparison.differing == 0;
    comparison
}

/// What identifies a window, and orders findings.
type About<'f> = (
    aiops_domain::Interval,
    aiops_domain::Source,
    &'f str,
    Option<&'f str>,
);

fn about(finding: &Finding) -> About<'_> {
    (
        finding.window,
        finding.source,
        &finding.entity,
        finding.key.as_deref(),
    )
}

fn difference(streamed: &Finding, file: &Finding) -> Option<String> {
    let numbers = [
        ("score", streamed.score, file.score),
        ("p-value", streamed.p_value, file.p_value),
    ];
    for (name, one, other) in numbers {
        if !near(one, other) {
            return Some(format!("{name} {one} and {other}"));
        }
    }
    if streamed.kind != file.kind {
        return Some(format!("kind {} and {}", streamed.kind, file.kind));
    }
    let same = streamed.templates.len() == file.templates.len()
        && streamed
            .templates
            .iter()
            .zip(&file.templates)
            .all(|(one, other)| is_same(one, other));
    if !same {
        return Some("other templates".to_owned());
    }
    if streamed.example != file.example {
        return Some("another example line".to_owned());
    }
    let rest = |finding: &Finding| (finding.summary.clone(), finding.actor, finding.anomalous);
    (rest(streamed) != rest(file)).then(|| "another summary".to_owned())
}

fn is_same(one: &FindingTemplate, other: &FindingTemplate) -> bool {
    one.id == other.id
        && one.template == other.template
        && one.count == other.count
        && near(one.expected, other.expected)
        && near(one.contribution, other.contribution)
}

fn near(one: f64, other: f64) -> bool {
    one == other || (one - other).abs() <= TOLERANCE
}

#[cfg(test)]
mod tests {
    use aiops_domain::{Interval, Kind, Source, Time};

    use super::*;

    fn finding(key: &str, score: f64) -> Finding {
        let start = Time::from_millis(1_000);
        Finding {
            id: Finding::id_for(Source::Other, "app", Some(key), start),
            source: Source::Other,
            entity: "app".into(),
            key: Some(key.into()),
            window: Interval {
                start,
                end: Time::from_millis(2_000),
            },
            kind: Kind::LogAnomaly,
            score,
            p_value: 1e-3,
            anomalous: true,
            templates: vec![FindingTemplate {
                id: "t".into(),
                template: "a <*>".into(),
                count: 3,
                expected: 1.0,
                contribution: 0.5,
            }],
            example: None,
            summary: String::new(),
            actor: None,
            log_group: None,
        }
    }

    #[test]
    fn equal_arrays_are_equal_in_any_order() {
        let (a, b) = (finding("a", 1.0), finding("b", 2.0));
        let comparison = compare(&[b.clone(), a.clone()], &[a, b]);
        assert!(comparison.equal, "{comparison:?}");
        assert_eq!((comparison.streamed, comparison.file), (2, 2));
        assert!(compare(&[], &[]).equal);
    }

    #[test]
    fn every_part_of_a_finding_counts() {
        let base = finding("a", 1.0);
        let changed = |change: &dyn Fn(&mut Finding)| {
            let mut other = base.clone();
            change(&mut other);
            other
        };
        let others = [
            changed(&|f| f.score += 2e-9),
            changed(&|f| f.p_value = 0.5),
            changed(&|f| f.kind = Kind::DiskFull),
            changed(&|f| f.window.end = Time::from_millis(3_000)),
            changed(&|f| f.key = Some("b".into())),
            changed(&|f| f.templates[0].count = 4),
            changed(&|f| f.templates[0].contribution = 0.4),
            changed(&|f| f.templates.clear()),
            changed(&|f| f.summary = "x".into()),
        ];
        for other in others {
            let comparison = compare(std::slice::from_ref(&other), std::slice::from_ref(&base));
            assert!(!comparison.equal, "{other:?}");
            assert!(!comparison.differences.is_empty());
        }
        let hair = changed(&|f| f.score += 1e-10);
        assert!(compare(&[hair], std::slice::from_ref(&base)).equal);
        let twice = compare(&[base.clone(), base.clone()], std::slice::from_ref(&base));
        assert!(!twice.equal && twice.differing == 1);
        assert!(!compare(&[], &[base]).equal);
    }
}
