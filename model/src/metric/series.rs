//! The findings of one metric: a pure function of its points. A point is judged by those of whole
//! days before its own, so that what is found does not depend on when or in which portions the
//! points came.

use std::collections::BTreeMap;

use aiops_domain::config::{Capacity, Direction, Statistic};
use aiops_domain::metric::{MetricSeries, Statistics};
use aiops_domain::{Finding, Interval, Kind, LineExample, Source, Time};

use super::forecast::{Exhaustion, exhaustion};
use super::{MetricCause, MetricDetector, MetricOptions, MetricScore};

/// Points of a series by their time.
pub type Points = BTreeMap<Time, Statistics>;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How often a forecast is made: windows of this length, aligned to the epoch.
pub const FORECAST_MS: i64 = 10 * MINUTE_MS;

/// Over how long a trend is looked for, the shortest first: a fast one is seen soon, a slow one
/// shows over half a day only.
const LOOKBACKS_MS: [i64; 3] = [HOUR_MS, 3 * HOUR_MS, 12 * HOUR_MS];

/// A trend is carried on for at most so many times what was seen of it.
const REACH: i64 = 3;

/// How far it is carried on while it is not known what the day before did at these hours: half as
/// long as it was seen, and not for hours, since every morning rises.
const UNKNOWN_REACH_MS: i64 = 3 * HOUR_MS / 2;

/// The share of points with a counterpart a day before from which on the day before is compared.
const KNOWN_DAY_SHARE: f64 = 0.8;

/// How a series is judged.
#[derive(Debug, Clone, Copy)]
pub struct SeriesOptions<'a> {
    /// A point is anomalous below this p-value.
    pub significance: f64,
    /// Whole days before its own that a point is judged by.
    pub history_days: u32,
    /// How far ahead an exhaustion is announced, in milliseconds.
    pub horizon_ms: i64,
    /// Which metrics can run full; the first that fits counts.
    pub capacities: &'a [Capacity],
}

/// The key of a series' findings about single points.
pub fn anomaly_key(series: &MetricSeries) -> String {
    series.to_string()
}

/// The key of its forecasts.
pub fn forecast_key(series: &MetricSeries) -> String {
    format!("{series} exhaustion")
}

/// The first instant whose points take part in judging a point at `time`.
pub fn history_start(time: Time, history_days: u32) -> Time {
    day_of(time).plus_millis(-i64::from(history_days) * DAY_MS)
}

/// Until when a point at `time` takes part in judging others (that instant not included).
pub fn influence_end(time: Time, history_days: u32) -> Time {
    day_of(time).plus_millis((i64::from(history_days) + 1) * DAY_MS)
}

/// What is found at the points and forecast windows from `from` until `until` (not included).
/// `points` reach back to [`history_start`] of `from`.
pub fn findings(
    series: &MetricSeries,
    points: &Points,
    (from, until): (Time, Time),
    options: SeriesOptions<'_>,
) -> Vec<Finding> {
    let mut findings = anomalies(series, points, (from, until), options);
    if let Some(capacity) = capacity_of(series, options.capacities) {
        findings.extend(forecasts(series, points, (from, until), capacity, options));
    }
    findings
}

fn day_of(time: Time) -> Time {
    aligned(time, DAY_MS)
}

fn aligned(time: Time, length_ms: i64) -> Time {
    Time::from_millis(
        time.as_millis()
            .div_euclid(length_ms)
            .saturating_mul(length_ms),
    )
}

fn anomalies(
    series: &MetricSeries,
    points: &Points,
    (from, until): (Time, Time),
    options: SeriesOptions<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut day = day_of(from);
    while day < until {
        let next = day.plus_millis(DAY_MS);
        if points
            .range(day.max(from)..next.min(until))
            .next()
            .is_some()
        {
            let mut detector = MetricDetector::new(MetricOptions {
                significance: options.significance,
                ..MetricOptions::default()
            });
            let history = history_start(day, options.history_days);
            for (time, statistics) in points.range(history..next.min(until)) {
                let score = detector.observe(*time, series.amount(statistics));
                if score.anomalous && *time >= day.max(from) {
                    findings.push(anomaly(series, &score, statistics));
                }
            }
        }
        day = next;
    }
    findings
}

fn anomaly(series: &MetricSeries, score: &MetricScore, statistics: &Statistics) -> Finding {
    let entity = series.entity();
    let key = anomaly_key(series);
    let value = score.value.unwrap_or_default();
    let summary = match (score.cause, score.expected) {
        (MetricCause::Gap, _) => format!(
            "{} of {entity} had no points before {}",
            series.metric_name, score.timestamp
        ),
        (MetricCause::Drift, Some(expected)) => format!(
            "{} of {entity} has drifted from its usual course: {} where lately {} was expected",
            series.metric_name,
            rounded(value),
            rounded(expected)
        ),
        (_, Some(expected)) => format!(
            "{} of {entity} is {} where {} was expected",
            series.metric_name,
            rounded(value),
            rounded(expected)
        ),
        (_, None) => format!("{} of {entity} is {}", series.metric_name, rounded(value)),
    };
    Finding {
        id: Finding::id_for(Source::Metrics, &entity, Some(&key), score.timestamp),
        source: Source::Metrics,
        entity,
        window: Interval {
            start: score.timestamp,
            end: score.timestamp.plus_millis(MINUTE_MS),
        },
        kind: Kind::MetricAnomaly,
        score: score.score,
        p_value: score.p_value,
        anomalous: true,
        templates: Vec::new(),
        example: Some(example(&key, score.timestamp, statistics)),
        key: Some(key),
        summary,
        actor: None,
        log_group: None,
    }
}

fn example(key: &str, time: Time, statistics: &Statistics) -> LineExample {
    let Statistics {
        count,
        sum,
        max,
        min,
    } = statistics;
    LineExample {
        line: 1,
        text: format!("{time} {key} count {count} sum {sum} min {min} max {max}"),
    }
}

/// A number with the digits that a person reads.
fn rounded(value: f64) -> String {
    let size = value.abs();
    if size >= 1e15 || (size > 0.0 && size < 1e-4) {
        format!("{value:.3e}")
    } else if size >= 1_000.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if size >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.4}")
    }
}

fn capacity_of<'c>(series: &MetricSeries, capacities: &'c [Capacity]) -> Option<&'c Capacity> {
    capacities.iter().find(|capacity| {
        capacity.metric == series.metric_name
            && capacity
                .namespace
                .as_ref()
                .is_none_or(|namespace| *namespace == series.namespace)
            && capacity
                .dimension
                .as_ref()
                .is_none_or(|name| series.dimensions.contains_key(name))
    })
}

/// The values of a capacity's metric, turned so that they rise to the limit, and that limit.
struct Course<'p> {
    points: &'p Points,
    statistic: Statistic,
    sign: f64,
    limit: f64,
}

impl<'p> Course<'p> {
    fn new(points: &'p Points, capacity: &Capacity) -> Self {
        let sign = match capacity.direction {
            Direction::Rising => 1.0,
            Direction::Falling => -1.0,
        };
        Self {
            points,
            statistic: capacity.statistic,
            sign,
            limit: sign * capacity.at,
        }
    }

    fn value(&self, statistics: &Statistics) -> f64 {
        self.sign
            * match self.statistic {
                Statistic::Mean => statistics.mean(),
                Statistic::Sum => statistics.sum,
            }
    }

    fn between(&self, from: Time, until: Time) -> Vec<(Time, f64)> {
        self.points
            .range(from..until)
            .map(|(time, statistics)| (*time, self.value(statistics)))
            .collect()
    }

    /// The exhaustion that the points before `until` announce.
    fn exhaustion(&self, until: Time, horizon_ms: i64) -> Option<Exhaustion> {
        LOOKBACKS_MS.iter().find_map(|&lookback_ms| {
            let recent = self.between(until.plus_millis(-lookback_ms), until);
            let seen_ms = recent.last()?.0.millis_since(recent.first()?.0);
            let reach_ms = match self.beyond_the_day(&recent) {
                None => (seen_ms / 2).min(UNKNOWN_REACH_MS),
                Some(true) => REACH * seen_ms,
                Some(false) => return None,
            };
            let forecast = exhaustion(&recent, self.limit, horizon_ms.min(reach_ms))?;
            // A trend that may as well stop is none.
            forecast.latest.map(|_| forecast)
        })
    }

    /// Whether the rise is more than what the day before had at the same hours; `None` if that is
    /// not known.
    fn beyond_the_day(&self, recent: &[(Time, f64)]) -> Option<bool> {
        let differences: Vec<(Time, f64)> = recent
            .iter()
            .filter_map(|(time, value)| {
                let then = time.plus_millis(-DAY_MS);
                let near = FORECAST_MS / 2;
                let (_, before) = self
                    .points
                    .range(then.plus_millis(-near)..then.plus_millis(near))
                    .min_by_key(|(time, _)| time.millis_since(then).abs())?;
                Some((*time, value - self.value(before)))
            })
            .collect();
        let known = differences.len() as f64 / recent.len().max(1) as f64;
        (known >= KNOWN_DAY_SHARE).then(|| exhaustion(&differences, f64::MAX, i64::MAX).is_some())
    }
}

fn forecasts(
    series: &MetricSeries,
    points: &Points,
    (from, until): (Time, Time),
    capacity: &Capacity,
    options: SeriesOptions<'_>,
) -> Vec<Finding> {
    let course = Course::new(points, capacity);
    let mut findings = Vec::new();
    let mut start = aligned(from, FORECAST_MS);
    while start < until {
        let end = start.plus_millis(FORECAST_MS);
        if let Some((now, statistics)) = points.range(start..end).next_back()
            && let Some(forecast) = course.exhaustion(end, options.horizon_ms)
        {
            let window = Interval { start, end };
            let point = (*now, *statistics);
            findings.push(announcement(series, capacity, point, window, &forecast));
        }
        start = end;
    }
    findings
}

fn announcement(
    series: &MetricSeries,
    capacity: &Capacity,
    (now, statistics): (Time, Statistics),
    window: Interval,
    forecast: &Exhaustion,
) -> Finding {
    let entity = series.entity();
    let key = forecast_key(series);
    let p_value = (1.0 - forecast.confidence).clamp(1e-12, 1.0);
    let current = match capacity.statistic {
        Statistic::Mean => statistics.mean(),
        Statistic::Sum => statistics.sum,
    };
    let verb = match capacity.direction {
        Direction::Rising => "rises",
        Direction::Falling => "falls",
    };
    Finding {
        id: Finding::id_for(Source::Metrics, &entity, Some(&key), window.start),
        source: Source::Metrics,
        window,
        kind: Kind::ExhaustionForecast,
        score: -p_value.ln(),
        p_value,
        anomalous: true,
        templates: Vec::new(),
        example: Some(example(&key, now, &statistics)),
        summary: format!(
            "{} of {entity} is {} and {verb} to {}: {} (by {}, {:.1} % sure of the trend)",
            series.metric_name,
            rounded(current),
            rounded(capacity.at),
            forecast.sentence(now),
            forecast.at,
            (100.0 * forecast.confidence).min(99.9)
        ),
        entity,
        key: Some(key),
        actor: None,
        log_group: None,
    }
}

#[cfg(test)]
mod tests;
