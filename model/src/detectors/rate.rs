//! Counts far from their usual rate: bursts, and silence where there should be lines. What is usual
//! may depend on the hour of the day.

use aiops_domain::Time;
use serde::{Deserialize, Serialize};
use smartcore::api::UnsupervisedEstimator;
use smartcore::error::Failed;

use super::counts_of;
use crate::session::{Corpus, Counts};

mod season;

use season::Season;

/// The fitted detector: mean and spread of each template's count and of the number of lines, and how
/// much of that each hour of the day has, if the hours differ.
///
/// Counts are compared after Anscombe's transform `2 √(count + 3/8)` (Biometrika 35, 1948), which
/// gives a Poisson count unit variance whatever its mean. A spread below 1 is taken as 1: that
/// much a Poisson count varies although a short training may not have shown it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rate {
    templates: Vec<Level>,
    lines: Level,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    season: Option<Season>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Level {
    /// Of the transformed count, at the usual volume.
    mean: f64,
    /// Of the transformed count around its mean at each hour, at least 1.
    spread: f64,
    /// Of the plain count, at the usual volume.
    expected: f64,
}

impl Level {
    /// How far a count is from the mean at `factor` times the usual volume.
    fn deviation(&self, count: f64, factor: f64) -> f64 {
        (transform(count) - self.mean - shift(self.expected, factor)) / self.spread
    }
}

fn transform(count: f64) -> f64 {
    2.0 * (count + 0.375).sqrt()
}

/// By how much a transformed count that is `expected` at the usual volume is more at `factor` times it.
#[expect(clippy::float_cmp, reason = "no season is exactly 1")]
fn shift(expected: f64, factor: f64) -> f64 {
    if factor == 1.0 {
        return 0.0;
    }
    transform(expected * factor) - transform(expected)
}

/// Windows that share a factor.
#[derive(Debug, Clone, Copy)]
struct Slot {
    factor: f64,
    windows: f64,
}

/// Counts above zero in the windows of a slot, transformed.
#[derive(Debug, Clone, Copy, Default)]
struct Present {
    windows: f64,
    sum: f64,
    squares: f64,
}

/// One count of every window: those above zero are added, the others are known by their number.
#[derive(Debug, Clone, Default)]
struct Sums {
    plain: f64,
    /// By slot.
    present: Vec<Present>,
}

impl Sums {
    fn add(&mut self, count: f64, slot: usize) {
        self.plain += count;
        if self.present.len() <= slot {
            self.present.resize(slot + 1, Present::default());
        }
        if let Some(present) = self.present.get_mut(slot) {
            let value = transform(count);
            present.windows += 1.0;
            present.sum += value;
            present.squares += value * value;
        }
    }

    fn level(&self, slots: &[Slot]) -> Level {
        let windows: f64 = slots.iter().map(|slot| slot.windows).sum();
        let volume: f64 = slots.iter().map(|slot| slot.windows * slot.factor).sum();
        let expected = self.plain / volume;
        let zero = transform(0.0);
        let (mut sum, mut squares) = (0.0, 0.0);
        for (at, slot) in slots.iter().enumerate() {
            // Around the slot's own mean: what it shifts is taken off.
            let shift = shift(expected, slot.factor);
            let present = self.present.get(at).copied().unwrap_or_default();
            let absent = slot.windows - present.windows;
            sum += present.sum - present.windows * shift + absent * (zero - shift);
            squares += present.squares - 2.0 * shift * present.sum
                + present.windows * shift * shift
                + absent * (zero - shift) * (zero - shift);
        }
        let mean = sum / windows;
        let variance = squares / windows - mean * mean;
        Level {
            mean,
            spread: variance.max(0.0).sqrt().max(1.0),
            expected,
        }
    }
}

impl UnsupervisedEstimator<Corpus, ()> for Rate {
    #[expect(clippy::cast_precision_loss, reason = "numbers of lines")]
    fn fit(corpus: &Corpus, (): ()) -> Result<Self, Failed> {
        let counts = counts_of(corpus)?;
        let starts = || corpus.sessions.iter().map(|session| session.start);
        let volumes = counts.iter().map(|vector| vector.total() as f64);
        let season = Season::fit(starts().zip(volumes));
        let mut slots: Vec<Slot> = Vec::new();
        let mut templates = vec![Sums::default(); corpus.vocabulary as usize];
        let mut lines = Sums::default();
        for (vector, start) in counts.iter().zip(starts()) {
            let slot = slot_of(factor(season.as_ref(), start), &mut slots);
            lines.add(vector.total() as f64, slot);
            for (template, count) in vector.iter() {
                if let Some(sums) = templates.get_mut(template as usize) {
                    sums.add(f64::from(count), slot);
                }
            }
        }
        Ok(Self {
            templates: templates.iter().map(|sums| sums.level(&slots)).collect(),
            lines: lines.level(&slots),
            season,
        })
    }
}

/// The slot of a window with this factor, which is counted.
#[expect(clippy::float_cmp, reason = "windows of an hour have the same factor")]
fn slot_of(factor: f64, slots: &mut Vec<Slot>) -> usize {
    let at = slots.iter().position(|slot| slot.factor == factor);
    let at = at.unwrap_or_else(|| {
        let windows = 0.0;
        slots.push(Slot { factor, windows });
        slots.len() - 1
    });
    if let Some(slot) = slots.get_mut(at) {
        slot.windows += 1.0;
    }
    at
}

fn factor(season: Option<&Season>, start: Option<Time>) -> f64 {
    match (season, start) {
        (Some(season), Some(start)) => season.factor(start),
        _ => 1.0,
    }
}

impl Rate {
    /// The largest deviation of any template's count or of the number of lines, in standard
    /// deviations, of a window with this start.
    #[expect(clippy::cast_precision_loss, reason = "numbers of lines")]
    pub fn score(&self, counts: &Counts, start: Option<Time>) -> f64 {
        let factor = factor(self.season.as_ref(), start);
        let lines = self.lines.deviation(counts.total() as f64, factor).abs();
        let mut present = counts.iter().peekable();
        let known = self.templates.iter().zip(0u32..).map(|(level, template)| {
            let count = match present.peek() {
                Some(&(number, count)) if number == template => {
                    present.next();
                    count
                }
                _ => 0,
            };
            level.deviation(f64::from(count), factor).abs()
        });
        known.fold(lines, f64::max)
    }

    /// How many lines of the template a window with this start had on average in training.
    pub fn expected(&self, template: u32, start: Option<Time>) -> f64 {
        self.templates
            .get(template as usize)
            .map_or(0.0, |level| level.expected)
            * factor(self.season.as_ref(), start)
    }

    /// How far the template's count is from its usual rate, in standard deviations, with its sign;
    /// a template that training never saw has nothing to deviate from.
    pub fn deviation(&self, template: u32, count: u32, start: Option<Time>) -> f64 {
        let factor = factor(self.season.as_ref(), start);
        self.templates
            .get(template as usize)
            .map_or(0.0, |level| level.deviation(f64::from(count), factor))
    }
}

#[cfg(test)]
mod tests;
