//! Tail probabilities of a stream of non-negative numbers: peaks over threshold (Siffer, Fouque,
//! Termier & Largouët, "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017), with the
//! generalised Pareto distribution fitted by probability-weighted moments (Hosking & Wallis, 1987),
//! which needs no iteration and is steady on few peaks. The numbers are in units of their usual size.

use std::collections::VecDeque;

/// Numbers that are remembered: what is usual may change.
const MEMORY: usize = 2_000;
/// The share of numbers above the threshold.
const PEAKS: f64 = 0.05;
/// The tail is fitted anew after so many numbers.
const REFIT: usize = 20;
/// A tail heavier than this has no mean: the estimate is noise.
const HEAVIEST: f64 = 0.9;

/// The upper tail of what was seen so far.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    seen: VecDeque<f64>,
    fit: Option<Fit>,
    since_fit: usize,
}

#[derive(Debug, Clone, Copy)]
struct Fit {
    threshold: f64,
    share: f64,
    scale: f64,
    shape: f64,
}

impl Tail {
    /// The probability of a number of at least `value`, given those learnt. Never 0, and 1 at first.
    pub fn p_value(&self, value: f64) -> f64 {
        match self.fit {
            Some(fit) if value > fit.threshold => fit.survival(value - fit.threshold),
            _ => self.rank(value),
        }
    }

    fn rank(&self, value: f64) -> f64 {
        let above = self.seen.iter().filter(|seen| **seen >= value).count();
        (1.0 + above as f64) / (1.0 + self.seen.len() as f64)
    }

    /// Remembers the number.
    pub fn learn(&mut self, value: f64) {
        self.seen.push_back(value);
        if self.seen.len() > MEMORY {
            self.seen.pop_front();
        }
        self.since_fit += 1;
        if self.since_fit >= REFIT {
            self.since_fit = 0;
            self.fit = Fit::of(&self.seen);
        }
    }
}

impl Fit {
    fn of(seen: &VecDeque<f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = seen.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let peaks = ((sorted.len() as f64 * PEAKS).ceil() as usize).max(10);
        let below = sorted.len().checked_sub(peaks).filter(|below| *below > 0)?;
        let threshold = *sorted.get(below - 1)?;
        let excesses: Vec<f64> = sorted
            .iter()
            .skip(below)
            .map(|value| value - threshold)
            .collect();
        let count = excesses.len() as f64;
        let mean = excesses.iter().sum::<f64>() / count;
        // The moment that weights an excess by how many are above it.
        let weighted = excesses
            .iter()
            .enumerate()
            .map(|(rank, excess)| excess * (count - 1.0 - rank as f64) / (count - 1.0))
            .sum::<f64>()
            / count;
        let share = count / sorted.len() as f64;
        if mean <= 0.0 || mean - 2.0 * weighted <= 0.0 {
            // All alike: there is no spread to fit, and one unit beyond it is one e-fold.
            return Some(Self {
                threshold,
                share,
                scale: 1.0,
                shape: 0.0,
            });
        }
        let shape = (2.0 - mean / (mean - 2.0 * weighted)).clamp(0.0, HEAVIEST);
        Some(Self {
            threshold,
            share,
            // The scale that keeps the mean under the clamped shape.
            scale: mean * (1.0 - shape),
            shape,
        })
    }

    fn survival(&self, excess: f64) -> f64 {
        let beyond = if self.shape < 1e-6 {
            (-excess / self.scale).exp()
        } else {
            (1.0 + self.shape * excess / self.scale).powf(-1.0 / self.shape)
        };
        (self.share * beyond).max(1e-300)
    }
}
