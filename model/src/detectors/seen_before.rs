//! Exact memory: how often training had this very count vector. The baseline that learned methods
//! must beat, and on sources with few distinct sequences a strong one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use smartcore::api::UnsupervisedEstimator;
use smartcore::error::Failed;

use super::{counts_of, patterns_of};
use crate::session::{Corpus, Counts};

/// Distinct vectors that are remembered, the most frequent ones. Beyond it everything is new
/// anyway, and other detectors carry the load.
const REMEMBERED_MAX: usize = 50_000;

/// The fitted detector. Vectors are remembered by 64 bits of their SHA-256.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SeenBefore {
    #[serde(with = "crate::packed::pairs")]
    occurrences: BTreeMap<u64, u32>,
    sessions: u64,
}

impl UnsupervisedEstimator<Corpus, ()> for SeenBefore {
    fn fit(corpus: &Corpus, (): ()) -> Result<Self, Failed> {
        let counts = counts_of(corpus)?;
        Ok(Self {
            occurrences: patterns_of(&counts)
                .into_iter()
                .take(REMEMBERED_MAX)
                .map(|(counts, occurrences)| (fingerprint(&counts), occurrences))
                .collect(),
            sessions: counts.len() as u64,
        })
    }
}

impl SeenBefore {
    /// `-ln` of the share of training sessions with this vector, by Laplace's rule.
    pub fn score(&self, counts: &Counts) -> f64 {
        self.information(self.occurrences(counts))
    }

    /// The same for a session of training as if it had not been there: what occurred once is new.
    pub fn score_left_out(&self, counts: &Counts) -> f64 {
        self.information(
            Some(self.occurrences(counts))
                .filter(|&seen| seen > 1)
                .unwrap_or(0),
        )
    }

    /// How often training had this vector.
    pub fn occurrences(&self, counts: &Counts) -> u32 {
        self.occurrences
            .get(&fingerprint(counts))
            .copied()
            .unwrap_or(0)
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of sessions")]
    fn information(&self, seen: u32) -> f64 {
        ((self.sessions + 1) as f64 / (f64::from(seen) + 1.0)).ln()
    }
}

fn fingerprint(counts: &Counts) -> u64 {
    let mut hash = Sha256::new();
    for (template, count) in counts.iter() {
        hash.update(template.to_be_bytes());
        hash.update(count.to_be_bytes());
    }
    hash.finalize()
        .iter()
        .take(8)
        .fold(0, |word, &byte| (word << 8) | u64::from(byte))
}
