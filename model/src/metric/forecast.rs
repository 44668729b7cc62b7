//! When a resource will be full: a robust trend with its confidence. Theil–Sen's slope with Sen's
//! interval ("Estimates of the regression coefficient based on Kendall's tau", JASA 1968).

use aiops_domain::Time;
use serde::{Deserialize, Serialize};

/// Points that a trend is drawn through, at most; more are thinned evenly.
const MOST_POINTS: usize = 120;
const FEWEST_POINTS: usize = 12;
/// A rise counts if it is so many times what half of the points lie off the trend: a walk of chance
/// has trends too, but strays from them (Kendall's test takes the points as independent).
const STEADINESS: f64 = 8.0;
/// How many standard errors the last points may lie off it.
const ERRORS_MAX: f64 = 3.5;
/// Two-sided 95 %.
const Z: f64 = 1.96;

/// When a metric reaches its capacity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Exhaustion {
    /// The middle estimate.
    pub at: Time,
    /// The earliest plausible instant.
    pub earliest: Time,
    /// The latest plausible instant; absent where the trend may just as well stop.
    pub latest: Option<Time>,
    /// One minus the p-value of there being no trend.
    pub confidence: f64,
}

impl Exhaustion {
    /// "full in 6 h ± 1 h" as seen from `now`.
    pub fn sentence(&self, now: Time) -> String {
        let hours = |millis: i64| millis as f64 / 3_600_000.0;
        let middle = hours(self.at.millis_since(now));
        let spread = self.latest.map_or_else(
            || hours(self.at.millis_since(self.earliest)),
            |latest| hours(latest.millis_since(self.earliest)) / 2.0,
        );
        if middle >= 2.0 {
            format!("full in {middle:.0} h ± {:.0} h", spread.max(1.0))
        } else {
            format!(
                "full in {:.0} min ± {:.0} min",
                middle * 60.0,
                (spread * 60.0).max(1.0)
            )
        }
    }
}

/// The forecast of reaching `capacity` (from below) within `horizon_millis`, from points in the order
/// of time; nothing without a significant rising trend, or beyond the horizon.
pub fn exhaustion(
    points: &[(Time, f64)],
    capacity: f64,
    horizon_millis: i64,
) -> Option<Exhaustion> {
    let step = points.len().div_ceil(MOST_POINTS).max(1);
    let used: Vec<(Time, f64)> = points
        .iter()
        .rev()
        .step_by(step)
        .copied()
        .filter(|(_, value)| value.is_finite())
        .collect();
    let (now, current) = *used.first()?;
    if used.len() < FEWEST_POINTS || !capacity.is_finite() || current >= capacity {
        return None;
    }
    let mut slopes = Vec::with_capacity(used.len() * used.len() / 2);
    let mut concordance = 0i64;
    for (index, (later, high)) in used.iter().enumerate() {
        for (earlier, low) in used.iter().skip(index + 1) {
            let millis = later.millis_since(*earlier) as f64;
            if millis > 0.0 {
                slopes.push((high - low) / millis);
                concordance += i64::from(high > low) - i64::from(high < low);
            }
        }
    }
    slopes.sort_by(f64::total_cmp);
    let count = used.len() as f64;
    // The variance of Kendall's S under no trend.
    let deviation = (count * (count - 1.0) * (2.0 * count + 5.0) / 18.0).sqrt();
    let z = (concordance.abs() as f64 - 1.0).max(0.0) / deviation;
    if concordance <= 0 || z < 3.0 {
        return None;
    }
    let pick = |rank: f64| {
        let last = slopes.len().saturating_sub(1);
        slopes
            .get((rank.max(0.0) as usize).min(last))
            .copied()
            .unwrap_or(0.0)
    };
    let pairs = slopes.len() as f64;
    let slope = pick(pairs / 2.0);
    let low = pick((pairs - Z * deviation) / 2.0);
    let high = pick((pairs + Z * deviation) / 2.0);
    if slope <= 0.0 {
        return None;
    }
    // The level of the trend now: the median of the points carried forward along it.
    let mut levels: Vec<f64> = used
        .iter()
        .map(|(time, value)| value + slope * now.millis_since(*time) as f64)
        .collect();
    levels.sort_by(f64::total_cmp);
    let middle = levels.get(levels.len() / 2).copied()?;
    let mut strays: Vec<f64> = levels.iter().map(|level| (level - middle).abs()).collect();
    strays.sort_by(f64::total_cmp);
    let stray = strays.get(strays.len() / 2).copied()?;
    // Where the last tenth lies now: a curve that turns is no line to be carried on.
    let mut latest: Vec<f64> = used
        .iter()
        .take(used.len().div_ceil(10))
        .map(|(time, value)| value + slope * now.millis_since(*time) as f64 - middle)
        .collect();
    latest.sort_by(f64::total_cmp);
    let off = latest.get(latest.len() / 2).copied()?.abs();
    let rise = slope * used.last().map_or(0, |(first, _)| now.millis_since(*first)) as f64;
    // Of a median of normal noise: 1.25 deviations by the root of the number, and a deviation is 1.48
    // times the median absolute one. Nobody minds a hundredth of the rise.
    let error = 1.25 * 1.48 * stray / (latest.len() as f64).sqrt();
    if rise < STEADINESS * stray || off > (ERRORS_MAX * error).max(rise / 100.0) {
        return None;
    }
    let level = middle.min(capacity);
    // A float beyond the integers becomes the largest one, and a time saturates.
    let reach = |slope: f64| now.plus_millis(((capacity - level) / slope) as i64);
    let at = reach(slope);
    if at.millis_since(now) > horizon_millis {
        return None;
    }
    Some(Exhaustion {
        at,
        earliest: reach(high),
        latest: (low > 0.0).then(|| reach(low)),
        confidence: 1.0 - two_sided(z),
    })
}

/// The two-sided p-value of a standard normal deviate (Abramowitz & Stegun 7.1.26).
fn two_sided(z: f64) -> f64 {
    let x = z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series = t
        * (0.254_829_592
            + t * (-0.284_496_736
                + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    series * (-x * x).exp()
}
