//! Where a score becomes a page: chosen from normal windows alone, without any label.

use serde::{Deserialize, Serialize};

use crate::calibration::Calibration;

/// How many false alarms are acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AlarmTarget {
    /// This share of normal windows may be found anomalous.
    Rate(f64),
    /// At most this many pages in a period of so many windows, in nine quiet periods of ten.
    Budget {
        /// Pages that are acceptable in the period.
        pages: u32,
        /// Windows in the period.
        windows: u64,
    },
}

impl Default for AlarmTarget {
    /// One window in a thousand.
    fn default() -> Self {
        Self::Rate(0.001)
    }
}

/// Share of quiet periods that may exceed a budget.
const BUDGET_RISK: f64 = 0.1;

impl AlarmTarget {
    /// The false-alarm rate per window that meets the target, given a calibration of `calibrated`
    /// windows.
    ///
    /// The rate at which new windows exceed a threshold that `k` of `n` calibration windows exceeded
    /// is itself uncertain: about a gamma distribution of shape `k` and mean `k / n`, so that the
    /// alarms of a period are negative binomial. The largest rate is sought whose upper decile
    /// stays within the budget; beyond the largest calibration score the shape is taken as 1.
    #[expect(clippy::cast_precision_loss, reason = "numbers of windows")]
    pub fn rate(self, calibrated: u32) -> f64 {
        match self {
            Self::Rate(rate) => rate.clamp(0.0, 1.0),
            Self::Budget { windows: 0, .. } => 1.0,
            Self::Budget { pages, windows } => {
                let windows = windows as f64;
                let calibrated = f64::from(calibrated) + 1.0;
                let (mut low, mut high) = (0.0f64, 1.0f64);
                for _ in 0..60 {
                    let middle = f64::midpoint(low, high);
                    let shape = (middle * calibrated).max(1.0);
                    if exceedance(pages, middle * windows, shape) <= BUDGET_RISK {
                        low = middle;
                    } else {
                        high = middle;
                    }
                }
                low
            }
        }
    }

    /// The threshold of a score with this calibration.
    pub fn threshold(self, calibration: &Calibration) -> f64 {
        calibration.threshold(self.rate(calibration.windows()))
    }
}

/// P(N > `limit`) of a Poisson count whose mean is itself gamma-distributed around `mean` with this
/// shape: negative binomial.
fn exceedance(limit: u32, mean: f64, shape: f64) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    let inflation = mean / shape;
    let mut log_term = -shape * inflation.ln_1p();
    let mut within = 0.0;
    for k in 0..=limit.min(1_000_000) {
        within += log_term.exp();
        let k = f64::from(k);
        log_term += ((shape + k) / (k + 1.0)).ln() + (inflation / (1.0 + inflation)).ln();
    }
    (1.0 - within).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceedances_of_poisson_by_table() {
        // P(N > 2) for a mean of 1 is 0.0803, P(N > 0) is 0.6321.
        assert!((exceedance(2, 1.0, 1e9) - 0.080_3).abs() < 1e-3);
        assert!((exceedance(0, 1.0, 1e9) - 0.632_1).abs() < 1e-3);
    }

    #[test]
    fn a_budget_is_stricter_when_little_was_seen() {
        let budget = AlarmTarget::Budget {
            pages: 3,
            windows: 10_000,
        };
        let rates = [100, 10_000, 10_000_000].map(|calibrated| budget.rate(calibrated));
        assert!(rates[0] < rates[1] && rates[1] < rates[2], "{rates:?}");
        // With much data: the Poisson mean whose upper decile is 3 is 1.745.
        assert!((rates[2] * 10_000.0 - 1.745).abs() < 0.2, "{rates:?}");
    }

    #[test]
    fn a_rate_is_the_rate() {
        assert_eq!(AlarmTarget::Rate(0.01).rate(5), 0.01);
        let calibration = Calibration::fit((0..1000).map(f64::from).collect(), 1.0);
        let threshold = AlarmTarget::Rate(0.01).threshold(&calibration);
        assert!(threshold > 989.0 && threshold <= 991.0, "{threshold}");
    }
}
