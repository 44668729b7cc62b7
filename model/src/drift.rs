//! How far what is scored has moved away from what was trained on.

use std::collections::BTreeMap;

use aiops_domain::Source;
use serde::Serialize;

use crate::card::DriftBaseline;
use crate::session::Session;

/// Drift of one source, from scored windows against the model card's baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Drift {
    /// Windows that it was measured on.
    pub windows: u64,
    /// Lines per window, divided by those of training: 1 is no drift.
    pub lines_ratio: f64,
    /// Share of windows with a template that training never saw.
    pub novel_windows_share: f64,
    /// The same share among the windows of training, each against the others.
    pub novel_windows_expected: f64,
    /// Jensen-Shannon divergence of the shares of lines per template, in bits: 0 (the same) to 1
    /// (nothing in common). Lin, "Divergence measures based on the Shannon entropy", 1991.
    pub divergence: f64,
}

/// Gathers what drift is measured on. Memory is bounded by the number of templates.
#[derive(Debug, Clone, Default)]
pub struct DriftMeter {
    sources: BTreeMap<Source, Gathered>,
}

#[derive(Debug, Clone, Default)]
struct Gathered {
    windows: u64,
    lines: u64,
    novel_windows: u64,
    /// Lines by template; the last: of templates never seen.
    by_template: Vec<u64>,
}

impl DriftMeter {
    /// Adds a window's session; numbers at or above `vocabulary` are templates never seen.
    pub fn add(&mut self, source: Source, session: &Session, vocabulary: u32) {
        let gathered = self.sources.entry(source).or_default();
        let unseen = vocabulary as usize;
        gathered.by_template.resize(unseen + 1, 0);
        gathered.windows += 1;
        gathered.lines += session.events.len() as u64;
        let mut is_novel = false;
        for event in &session.events {
            let at = (*event as usize).min(unseen);
            is_novel |= at == unseen;
            if let Some(count) = gathered.by_template.get_mut(at) {
                *count += 1;
            }
        }
        gathered.novel_windows += u64::from(is_novel);
    }

    /// The drift of every source that has windows and a baseline.
    #[expect(clippy::cast_precision_loss, reason = "numbers of lines and windows")]
    pub fn measure<'b>(
        &self,
        baseline: impl Fn(Source) -> Option<&'b DriftBaseline>,
    ) -> BTreeMap<Source, Drift> {
        self.sources
            .iter()
            .filter_map(|(source, gathered)| {
                let baseline = baseline(*source)?;
                let windows = gathered.windows.max(1) as f64;
                let lines_per_window = gathered.lines as f64 / windows;
                let drift = Drift {
                    windows: gathered.windows,
                    lines_ratio: lines_per_window
                        / baseline.lines_per_window.max(f64::MIN_POSITIVE),
                    novel_windows_share: gathered.novel_windows as f64 / windows,
                    novel_windows_expected: baseline.novel_windows_share,
                    divergence: divergence(&baseline.template_shares, &gathered.by_template),
                };
                Some((*source, drift))
            })
            .collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of lines")]
fn divergence(expected: &[f64], counted: &[u64]) -> f64 {
    let total = counted.iter().sum::<u64>().max(1) as f64;
    let length = expected.len().max(counted.len());
    let mut bits = 0.0;
    for at in 0..length {
        let one = expected.get(at).copied().unwrap_or(0.0);
        let other = counted.get(at).map_or(0.0, |count| *count as f64 / total);
        let middle = f64::midpoint(one, other);
        for share in [one, other] {
            if share > 0.0 {
                bits += share / 2.0 * (share / middle).log2();
            }
        }
    }
    bits.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(sessions: &[Vec<u32>]) -> Drift {
        let baseline = DriftBaseline {
            lines_per_window: 2.0,
            novel_windows_share: 0.01,
            template_shares: vec![0.5, 0.5],
        };
        let mut meter = DriftMeter::default();
        for events in sessions {
            meter.add(Source::Ec2, &Session::new(events.clone()), 2);
        }
        meter.measure(|_| Some(&baseline))[&Source::Ec2]
    }

    #[test]
    fn the_same_again_is_no_drift() {
        let drift = measured(&[vec![0, 1], vec![1, 0]]);
        assert_eq!((drift.lines_ratio, drift.divergence), (1.0, 0.0));
        assert_eq!(drift.novel_windows_share, 0.0);
    }

    #[test]
    fn nothing_in_common_is_one_bit_and_half_is_between() {
        let strange = measured(&[vec![5; 8]]);
        assert_eq!((strange.lines_ratio, strange.divergence), (4.0, 1.0));
        assert_eq!(strange.novel_windows_share, 1.0);
        let half = measured(&[vec![0, 0]]).divergence;
        // H(3/4, 1/4) - H(1/2, 1/2) / 2 = 0.8113 - 0.5.
        assert!((half - 0.311_3).abs() < 1e-4, "{half}");
    }

    #[test]
    fn without_windows_or_a_baseline_there_is_none() {
        let mut meter = DriftMeter::default();
        assert!(meter.measure(|_| None).is_empty());
        meter.add(Source::Ec2, &Session::new(vec![0]), 1);
        assert!(meter.measure(|_| None).is_empty());
    }
}
