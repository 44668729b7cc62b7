//! The hours of the day: how much of the usual volume each has.

use aiops_domain::Time;
use serde::{Deserialize, Serialize};

use super::transform;

const HOURS: usize = 24;
const HOUR_MS: i64 = 3_600_000;

/// How many times the usual volume an hour of the day (UTC) has.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Season {
    #[serde(with = "crate::packed::f64s")]
    factors: Vec<f64>,
}

/// Windows and their lines.
#[derive(Debug, Clone, Copy, Default)]
struct Volume {
    windows: f64,
    lines: f64,
}

impl Volume {
    fn add(&mut self, lines: f64) {
        self.windows += 1.0;
        self.lines += lines;
    }

    fn mean(self) -> Option<f64> {
        (self.windows > 0.0).then(|| self.lines / self.windows)
    }
}

/// The volume of some days, as a whole and hour by hour.
#[derive(Debug, Clone, Copy, Default)]
struct Days {
    all: Volume,
    hours: [Volume; HOURS],
}

impl Days {
    fn add(&mut self, hour: usize, lines: f64) {
        self.all.add(lines);
        if let Some(volume) = self.hours.get_mut(hour) {
            volume.add(lines);
        }
    }

    fn mean_of(&self, hour: usize) -> Option<f64> {
        self.hours.get(hour).and_then(|volume| volume.mean())
    }
}

impl Season {
    /// The season of windows with these starts and numbers of lines, if there is one: the hours of the
    /// even days must foretell the volume of the odd days' windows better than one mean does, and the
    /// other way round. An hour that was not seen on days of both kinds has the usual volume.
    pub(super) fn fit(windows: impl Iterator<Item = (Option<Time>, f64)>) -> Option<Self> {
        let windows: Vec<(usize, usize, f64)> = windows
            .filter_map(|(start, lines)| {
                let start = start?;
                let day = start.as_millis().div_euclid(HOURS as i64 * HOUR_MS);
                let kind = usize::try_from(day.rem_euclid(2)).ok()?;
                Some((kind, hour_of(start), lines))
            })
            .collect();
        let mut kinds = [Days::default(); 2];
        let mut both = Days::default();
        for &(kind, hour, lines) in &windows {
            both.add(hour, lines);
            if let Some(days) = kinds.get_mut(kind) {
                days.add(hour, lines);
            }
        }
        let [even, odd] = kinds;
        let (mut by_hour, mut by_mean) = (0.0, 0.0);
        for &(kind, hour, lines) in &windows {
            let others = if kind == 0 { &odd } else { &even };
            let mean = others.all.mean()?;
            let error = |expected: f64| (transform(lines) - transform(expected)).powi(2);
            by_mean += error(mean);
            by_hour += error(others.mean_of(hour).unwrap_or(mean));
        }
        if by_hour >= by_mean {
            return None;
        }
        let mean = both.all.mean()?;
        let factors = (0..HOURS).map(|hour| {
            let seen = even.mean_of(hour).and(odd.mean_of(hour));
            seen.and(both.mean_of(hour))
                .map_or(1.0, |volume| volume / mean)
        });
        Some(Self {
            factors: factors.collect(),
        })
    }

    /// How many times the usual volume a window with this start has.
    pub(super) fn factor(&self, start: Time) -> f64 {
        self.factors.get(hour_of(start)).copied().unwrap_or(1.0)
    }
}

fn hour_of(start: Time) -> usize {
    let hour = start
        .as_millis()
        .div_euclid(HOUR_MS)
        .rem_euclid(HOURS as i64);
    usize::try_from(hour).unwrap_or(0)
}
