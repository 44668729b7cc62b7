//! The daily profile of a metric: a robust running level per part of the day.

use aiops_domain::Time;

/// Parts of a day: five minutes each, CloudWatch's usual period.
const PARTS: i64 = 288;
const PART_MILLIS: i64 = 86_400_000 / PARTS;
/// A part speaks once this share of the day was seen a second time.
const DAYS_BEFORE_SPEAKING: i64 = 1;

/// The usual value at a time of day.
#[derive(Debug, Clone)]
pub struct Season {
    usual: Vec<Option<f64>>,
    level: f64,
    first: Option<Time>,
    seen: u32,
}

impl Default for Season {
    fn default() -> Self {
        Self {
            usual: vec![None; PARTS as usize],
            level: 0.0,
            first: None,
            seen: 0,
        }
    }
}

fn part(time: Time) -> usize {
    let within_day = time.as_millis().rem_euclid(86_400_000);
    usize::try_from(within_day / PART_MILLIS).unwrap_or(0)
}

impl Season {
    /// The usual value at this time of day; nothing before a whole day was seen.
    pub fn at(&self, time: Time) -> Option<f64> {
        let first = self.first?;
        if time.millis_since(first) < DAYS_BEFORE_SPEAKING * 86_400_000 {
            return None;
        }
        let part = part(time);
        // Neighbours smooth a profile that has few days.
        let around = [
            part.checked_sub(1).unwrap_or(self.usual.len() - 1),
            part,
            (part + 1) % self.usual.len(),
        ];
        let mut known: Vec<f64> = around
            .iter()
            .filter_map(|part| self.usual.get(*part).copied().flatten())
            .collect();
        known.sort_by(f64::total_cmp);
        known.get(known.len() / 2).copied()
    }

    /// The mean of the profile.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// Moves the profile towards this value.
    pub fn learn(&mut self, time: Time, value: f64) {
        self.first.get_or_insert(time);
        if let Some(usual) = self.usual.get_mut(part(time)) {
            *usual = Some(usual.map_or(value, |usual| usual + 0.3 * (value - usual)));
        }
        self.seen = self.seen.saturating_add(1);
        self.level += (1.0 / f64::from(self.seen)).max(0.003) * (value - self.level);
    }
}
