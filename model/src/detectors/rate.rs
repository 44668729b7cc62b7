//! Counts far from their usual rate: bursts, and silence where there should be lines.

use serde::{Deserialize, Serialize};
use smartcore::api::UnsupervisedEstimator;
use smartcore::error::Failed;

use super::counts_of;
use crate::session::{Corpus, Counts};

/// The fitted detector: mean and spread of each template's count and of the number of lines.
///
/// Counts are compared after Anscombe's transform `2 √(count + 3/8)` (Biometrika 35, 1948), which
/// gives a Poisson count unit variance whatever its mean. A spread below 1 is taken as 1: that
/// much a Poisson count varies although a short training may not have shown it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rate {
    templates: Vec<Level>,
    lines: Level,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Level {
    /// Of the transformed count.
    mean: f64,
    /// Of the transformed count, at least 1.
    spread: f64,
    /// Of the plain count.
    expected: f64,
}

impl Level {
    fn deviation(&self, count: f64) -> f64 {
        (transform(count) - self.mean) / self.spread
    }
}

fn transform(count: f64) -> f64 {
    2.0 * (count + 0.375).sqrt()
}

#[derive(Clone, Copy, Default)]
struct Sums {
    present: f64,
    plain: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, count: f64) {
        let value = transform(count);
        self.present += 1.0;
        self.plain += count;
        self.sum += value;
        self.squares += value * value;
    }

    /// Windows without the template are not in the sums: they count as zero lines.
    fn level(self, windows: f64) -> Level {
        let zero = transform(0.0);
        let absent = windows - self.present;
        let mean = (self.sum + absent * zero) / windows;
        let variance = (self.squares + absent * zero * zero) / windows - mean * mean;
        Level {
            mean,
            spread: variance.max(0.0).sqrt().max(1.0),
            expected: self.plain / windows,
        }
    }
}

impl UnsupervisedEstimator<Corpus, ()> for Rate {
    #[expect(clippy::cast_precision_loss, reason = "numbers of lines")]
    fn fit(corpus: &Corpus, (): ()) -> Result<Self, Failed> {
        let counts = counts_of(corpus)?;
        let windows = counts.len() as f64;
        let mut templates = vec![Sums::default(); corpus.vocabulary as usize];
        let mut lines = Sums::default();
        for vector in &counts {
            lines.add(vector.total() as f64);
            for (template, count) in vector.iter() {
                if let Some(sums) = templates.get_mut(template as usize) {
                    sums.add(f64::from(count));
                }
            }
        }
        Ok(Self {
            templates: templates
                .into_iter()
                .map(|sums| sums.level(windows))
                .collect(),
            lines: lines.level(windows),
        })
    }
}

impl Rate {
    /// The largest deviation of any template's count or of the number of lines, in standard
    /// deviations.
    #[expect(clippy::cast_precision_loss, reason = "numbers of lines")]
    pub fn score(&self, counts: &Counts) -> f64 {
        let lines = self.lines.deviation(counts.total() as f64).abs();
        let mut present = counts.iter().peekable();
        let known = self.templates.iter().zip(0u32..).map(|(level, template)| {
            let count = match present.peek() {
                Some(&(number, count)) if number == template => {
                    present.next();
                    count
                }
                _ => 0,
            };
            level.deviation(f64::from(count)).abs()
        });
        known.fold(lines, f64::max)
    }

    /// How many lines of the template a window of training had on average.
    pub fn expected(&self, template: u32) -> f64 {
        self.templates
            .get(template as usize)
            .map_or(0.0, |level| level.expected)
    }

    /// How far the template's count is from its usual rate, in standard deviations, with its sign;
    /// a template that training never saw has nothing to deviate from.
    pub fn deviation(&self, template: u32, count: u32) -> f64 {
        self.templates
            .get(template as usize)
            .map_or(0.0, |level| level.deviation(f64::from(count)))
    }
}
