//! What a metric's next value should be: simple predictors mixed by their recent loss (Hedge with a
//! fading memory; Cesa-Bianchi & Lugosi, "Prediction, Learning, and Games", 2006, ch. 2).

use aiops_domain::Time;

use super::season::Season;

const EXPERTS: usize = 5;
/// How fast losses fade: about the last fifty points count.
const MEMORY: f64 = 0.02;
/// Points after which a scale is believed.
const SETTLED: u32 = 20;
/// How strongly a better expert is preferred.
const LEARNING_RATE: f64 = 6.0;

/// What was expected of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The mixture of all experts: quick to follow a new level.
    pub mixed: f64,
    /// What the season alone says, once a whole day was seen: slow to follow, so that drifts show.
    /// Without a season, half of every day would look like a drift.
    pub slow: Option<f64>,
}

/// The predictors of one metric, their losses, and the scale of what they miss.
#[derive(Debug, Clone, Default)]
pub struct Experts {
    last: Option<f64>,
    quick: f64,
    long: f64,
    trend: f64,
    season: Season,
    losses: [f64; EXPERTS],
    residual: f64,
    slow_residual: f64,
    seen: u32,
    slow_seen: u32,
}

impl Experts {
    fn opinions(&self, time: Time) -> Option<[f64; EXPERTS]> {
        let last = self.last?;
        let season = self.season.at(time);
        Some([
            last,
            self.quick,
            self.long,
            self.quick + self.trend,
            season.map_or(self.long, |usual| {
                usual + (self.quick - self.season.level())
            }),
        ])
    }

    /// What to expect at `time`; nothing before the first point.
    pub fn predict(&self, time: Time) -> Option<Prediction> {
        let opinions = self.opinions(time)?;
        let best = self.losses.iter().copied().fold(f64::INFINITY, f64::min);
        let unit = self.residual.max(f64::MIN_POSITIVE);
        let (mut weights, mut mixed) = (0.0, 0.0);
        for (opinion, loss) in opinions.iter().zip(self.losses) {
            let weight = (-LEARNING_RATE * (loss - best) / unit).exp();
            weights += weight;
            mixed += weight * opinion;
        }
        Some(Prediction {
            mixed: mixed / weights,
            slow: self.season.at(time),
        })
    }

    /// Whether there were points enough for the mixture's residuals to mean something: the first ones
    /// are in units of next to nothing.
    pub fn is_settled(&self) -> bool {
        self.seen >= SETTLED
    }

    /// The same for the slow prediction.
    pub fn is_slow_settled(&self) -> bool {
        self.slow_seen >= SETTLED
    }

    /// The usual absolute residual of the mixture, never 0: a constant metric has the resolution of
    /// its own size.
    pub fn scale(&self, value: f64) -> f64 {
        self.residual.max(floor(self.long, value))
    }

    /// The same for the slow prediction.
    pub fn slow_scale(&self, value: f64) -> f64 {
        self.slow_residual.max(floor(self.long, value))
    }

    /// Learns from the point after it was judged.
    pub fn learn(&mut self, time: Time, value: f64) {
        if let (Some(opinions), Some(prediction)) = (self.opinions(time), self.predict(time)) {
            let most = clip_after(self.seen) * self.scale(value);
            let rate = rate_after(self.seen);
            let residual = (value - prediction.mixed).abs();
            self.residual += rate * (residual.min(most) - self.residual);
            if let Some(slow) = prediction.slow {
                self.slow_seen = self.slow_seen.saturating_add(1);
                let most = clip_after(self.slow_seen) * self.slow_scale(value);
                let residual = (value - slow).abs().min(most);
                self.slow_residual += rate_after(self.slow_seen) * (residual - self.slow_residual);
            }
            for (loss, opinion) in self.losses.iter_mut().zip(opinions) {
                *loss += rate * ((value - opinion).abs().min(most) - *loss);
            }
        } else {
            (self.quick, self.long) = (value, value);
        }
        let before = self.quick;
        self.quick += 0.3 * (value - self.quick);
        self.long += (1.0 / f64::from(self.seen + 1)).max(0.01) * (value - self.long);
        self.trend += 0.1 * ((self.quick - before) - self.trend);
        self.season.learn(time, value);
        self.last = Some(value);
        self.seen = self.seen.saturating_add(1);
    }
}

/// The first points set a scale quickly, later ones move it slowly.
fn rate_after(seen: u32) -> f64 {
    (1.0 / f64::from(seen.max(1))).max(MEMORY)
}

/// How many scales of a residual are learnt from: an outlier must neither blind the detector nor throw
/// out the best expert.
fn clip_after(seen: u32) -> f64 {
    if seen < SETTLED { f64::INFINITY } else { 5.0 }
}

fn floor(level: f64, value: f64) -> f64 {
    (level.abs().max(value.abs()) * 1e-6).max(1e-12)
}
