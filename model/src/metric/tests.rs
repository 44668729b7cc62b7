//! Generated metrics with labelled faults, and what two baselines make of them.

use super::*;
use crate::nab::{Profile, Series, normalised_score};

/// A small deterministic generator (SplitMix64), so that the series are the same everywhere.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

const STEP_MILLIS: i64 = 300_000;
const DAY: usize = 288;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Spike,
    Shift,
    Drift,
    Missing,
    Season,
}

/// Fourteen days of a seasonal metric with one fault in the second week; answers the points and
/// the labelled window as positions among the points that are left.
fn series(seed: u64, fault: Fault) -> (Vec<(Time, f64)>, (usize, usize)) {
    let mut noise = Noise(seed);
    let start = 8 * DAY + (noise.uniform() * (4 * DAY) as f64) as usize;
    let length = 40;
    let mut points = Vec::new();
    let mut window = (usize::MAX, 0);
    for step in 0..14 * DAY {
        let inside = (start..start + length).contains(&step);
        let phase = step as f64 / DAY as f64 * std::f64::consts::TAU;
        let mut value = 50.0 + 20.0 * phase.sin() + 1.5 * noise.normal();
        match fault {
            Fault::Spike if (start..start + 3).contains(&step) => value += 25.0,
            Fault::Shift if step >= start => value += 18.0,
            Fault::Drift if step >= start => value += (step - start) as f64 * 0.5,
            Fault::Season if step >= start => {
                value = 50.0 - 20.0 * phase.sin() + 1.5 * noise.normal()
            }
            Fault::Missing if (start..start + 20).contains(&step) => continue,
            _ => {}
        }
        if inside {
            window = (window.0.min(points.len()), points.len());
        }
        points.push((Time::from_millis(step as i64 * STEP_MILLIS), value));
    }
    (points, window)
}

fn ours(points: &[(Time, f64)]) -> Vec<f64> {
    let mut detector = MetricDetector::new(MetricOptions::default());
    points
        .iter()
        .map(|(time, value)| detector.observe(*time, *value).score)
        .collect()
}

/// The moving z-score over two hours.
fn moving_z(points: &[(Time, f64)]) -> Vec<f64> {
    let score = |index: usize| {
        if index < 24 {
            return 0.0;
        }
        let before: Vec<f64> = points[index - 24..index]
            .iter()
            .map(|point| point.1)
            .collect();
        let mean = before.iter().sum::<f64>() / 24.0;
        let deviation = (before
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / 24.0)
            .sqrt();
        let z = (points[index].1 - mean).abs() / deviation.max(1e-9);
        z / (z + 4.0)
    };
    (0..points.len()).map(score).collect()
}

/// The distance from the value of a day ago, in units of its usual size.
fn seasonal_naive(points: &[(Time, f64)]) -> Vec<f64> {
    let score = |index: usize| {
        if index < 2 * DAY {
            return 0.0;
        }
        let distance = |index: usize| (points[index].1 - points[index - DAY].1).abs();
        let usual = (index - DAY..index).map(distance).sum::<f64>() / DAY as f64;
        let z = distance(index) / usual.max(1e-9);
        z / (z + 4.0)
    };
    (0..points.len()).map(score).collect()
}

type Detector = fn(&[(Time, f64)]) -> Vec<f64>;

fn figure(detector: Detector) -> f64 {
    let mut corpus = Vec::new();
    for fault in [
        Fault::Spike,
        Fault::Shift,
        Fault::Drift,
        Fault::Missing,
        Fault::Season,
    ] {
        for seed in 1..=4 {
            let (points, window) = series(seed, fault);
            corpus.push(Series {
                scores: detector(&points),
                windows: vec![window],
            });
        }
    }
    normalised_score(&corpus, Profile::STANDARD).unwrap().0
}

#[test]
fn beats_a_moving_z_score_and_a_seasonal_naive_baseline() {
    let (ours, moving, seasonal) = (figure(ours), figure(moving_z), figure(seasonal_naive));
    assert!(
        ours > 60.0 && ours > moving + 10.0 && ours > seasonal + 10.0,
        "{ours} {moving} {seasonal}"
    );
}

#[test]
fn a_quiet_fortnight_raises_hardly_an_alarm() {
    let alarms: Vec<usize> = (10..20)
        .map(|seed| {
            let mut noise = Noise(seed);
            let mut detector = MetricDetector::new(MetricOptions::default());
            (0..14 * DAY)
                .filter(|step| {
                    let phase = *step as f64 / DAY as f64 * std::f64::consts::TAU;
                    let value = 50.0 + 20.0 * phase.sin() + 1.5 * noise.normal();
                    detector
                        .observe(Time::from_millis(*step as i64 * STEP_MILLIS), value)
                        .anomalous
                })
                .count()
        })
        .collect();
    // 4,032 points at 1e-4 are .4 alarms each.
    assert!(alarms.iter().sum::<usize>() <= 15, "{alarms:?}");
}

#[test]
fn scores_are_causal() {
    let (points, _) = series(7, Fault::Spike);
    let whole = ours(&points);
    let half = ours(&points[..2_000]);
    assert_eq!(whole[..2_000], half[..]);
}

#[test]
fn what_is_no_number_or_late_scores_nothing_and_teaches_nothing() {
    let mut detector = MetricDetector::new(MetricOptions::default());
    let mut twin = MetricDetector::new(MetricOptions::default());
    for step in 0..500 {
        let time = Time::from_millis(step * STEP_MILLIS);
        let value = (step % 7) as f64;
        let plain = twin.observe(time, value);
        assert_eq!(detector.observe(time, value), plain);
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let score = detector.observe(time, odd);
            assert!(!score.anomalous && score.score == 0.0 && score.value.is_none());
        }
        assert_eq!(detector.observe(time.plus_millis(-1), 1e9).score, 0.0);
    }
}

#[test]
fn a_constant_metric_that_moves_is_an_anomaly() {
    let mut detector = MetricDetector::new(MetricOptions::default());
    for step in 0..300 {
        assert!(
            !detector
                .observe(Time::from_millis(step * STEP_MILLIS), 5.0)
                .anomalous
        );
    }
    assert!(
        detector
            .observe(Time::from_millis(300 * STEP_MILLIS), 6.0)
            .anomalous
    );
}

proptest::proptest! {
    #[test]
    fn no_stream_of_numbers_breaks_it(values in proptest::collection::vec(proptest::num::f64::ANY, 0..300)) {
        let mut detector = MetricDetector::new(MetricOptions::default());
        for (step, value) in values.into_iter().enumerate() {
            let score = detector.observe(Time::from_millis(step as i64 * 1_000), value);
            proptest::prop_assert!((0.0..=1.0).contains(&score.score) && (0.0..=1.0).contains(&score.p_value));
        }
    }
}

mod exhaustion {
    use super::super::forecast::exhaustion;
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_disk_that_fills_is_full_when_the_line_says() {
        let mut noise = Noise(3);
        let points: Vec<_> = (0..72)
            .map(|step| {
                (
                    Time::from_millis(step * HOUR / 12),
                    60.0 + step as f64 * 0.25 + 0.3 * noise.normal(),
                )
            })
            .collect();
        let now = points[71].0;
        // 77.75 now, 3 per hour: 100 is 7.4 hours away.
        let forecast = exhaustion(&points, 100.0, 24 * HOUR).unwrap();
        let hours = forecast.at.millis_since(now) as f64 / HOUR as f64;
        assert!((hours - 7.4).abs() < 0.7, "{hours}");
        assert!(forecast.earliest < forecast.at && forecast.at < forecast.latest.unwrap());
        assert!(forecast.confidence > 0.99);
        assert_eq!(forecast.sentence(now), "full in 7 h ± 1 h");
    }

    #[test]
    fn noise_a_falling_line_and_a_full_disk_have_no_forecast() {
        let mut noise = Noise(4);
        let at = |step: i64| Time::from_millis(step * HOUR / 12);
        let flat: Vec<_> = (0..72)
            .map(|step| (at(step), 60.0 + noise.normal()))
            .collect();
        assert_eq!(exhaustion(&flat, 100.0, 24 * HOUR), None);
        let falling: Vec<_> = (0..72).map(|step| (at(step), 90.0 - step as f64)).collect();
        assert_eq!(exhaustion(&falling, 100.0, 24 * HOUR), None);
        let full: Vec<_> = (0..72).map(|step| (at(step), 30.0 + step as f64)).collect();
        assert_eq!(exhaustion(&full, 100.0, 24 * HOUR), None);
        assert_eq!(exhaustion(&[], 100.0, HOUR), None);
    }
}
