//! Which cases are trained on and which are tested.

use sha2::{Digest, Sha256};

use super::{Case, EvaluateError, EvaluateOptions, Protocol};
use crate::rng::Rng;

/// Positions of cases, and the weight of normal test cases.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// `v1`, `v2`, ….
    pub salt: String,
    /// To fit on.
    pub training: Vec<usize>,
    /// To test on.
    pub test: Vec<usize>,
    /// Weight of a normal test case; an anomalous one weighs 1.
    pub normal_weight: f64,
}

/// Whether salted split `number` trains on the case: when the first 8 hex digits of
/// SHA-256("vN:" + id) over 2³² are below one half.
pub fn salted_into_training(number: u32, id: &str) -> bool {
    fraction_of(&format!("v{number}"), id) < 0.5
}

/// A number in 0..1 that the salt and the id determine.
pub(super) fn fraction_of(salt: &str, id: &str) -> f64 {
    let digest = Sha256::digest(format!("{salt}:{id}"));
    let word = digest
        .first_chunk::<4>()
        .map_or(0, |bytes| u32::from_be_bytes(*bytes));
    f64::from(word) / 4_294_967_296.0
}

/// Split `number`: 1 is the file's own, where it has one.
///
/// # Errors
/// A split with nothing to fit on, or without normal or anomalous test cases.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of sessions"
)]
pub fn split(
    cases: &[Case],
    number: u32,
    options: &EvaluateOptions,
) -> Result<Split, EvaluateError> {
    let salt = format!("v{number}");
    let in_training = |case: &Case| match case.in_training {
        Some(in_training) if number == 1 => in_training,
        _ => salted_into_training(number, &case.id),
    };
    let mut normal = Vec::new();
    let mut anomalous = Vec::new();
    let mut test = Vec::new();
    let mut test_anomalous = 0usize;
    for (at, case) in cases.iter().enumerate() {
        match (in_training(case), case.anomalous) {
            (true, false) => normal.push(at),
            (true, true) => anomalous.push(at),
            (false, is_anomalous) => {
                test_anomalous += usize::from(is_anomalous);
                test.push(at);
            }
        }
    }
    let test_normal = test.len() - test_anomalous;
    if options.protocol == Protocol::Clean {
        anomalous.clear();
    } else if let Some(prevalence) = options.prevalence {
        let keep = (normal.len() as f64 * odds(prevalence)).round() as usize;
        let mut kept = Rng::stream(options.seed, u64::from(number)).sample(anomalous.len(), keep);
        kept.sort_unstable();
        anomalous = kept
            .into_iter()
            .filter_map(|at| anomalous.get(at).copied())
            .collect();
    }
    let mut training = normal;
    training.extend(anomalous);
    training.sort_unstable();
    if training.is_empty() || test_anomalous == 0 || test_normal == 0 {
        return Err(EvaluateError::EmptySplit {
            salt,
            training: training.len(),
            anomalous: test_anomalous,
            normal: test_normal,
        });
    }
    let normal_weight = options.prevalence.map_or(1.0, |prevalence| {
        test_anomalous as f64 / odds(prevalence) / test_normal as f64
    });
    Ok(Split {
        salt,
        training,
        test,
        normal_weight,
    })
}

fn odds(prevalence: f64) -> f64 {
    prevalence / (1.0 - prevalence)
}
