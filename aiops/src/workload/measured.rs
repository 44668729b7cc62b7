//! What the hosts' agents measure while the lines are written: two metrics of two hosts, minute by
//! minute, with two labelled faults in them. The same seed and times give the same points.

use aiops_domain::metric::{MetricDatum, MetricSeries, Statistics};
use aiops_domain::{Kind, Source, Time};

use super::random::Random;
use super::topology::{Host, Topology};
use super::{Label, MINUTE_MILLIS};

/// Minutes that are measured before the live period: what is usual shows in them.
pub const MINUTES_BEFORE: i64 = 8 * 60;

/// Minutes before the live period at which the disk begins to fill.
const FILLING_MINUTES: i64 = 4 * 60;

/// By how many points of a hundred it fills in an hour: so slowly that what it will come to can be
/// told only within the live period.
const FILLING_PER_HOUR: f64 = 7.0;

/// How full it was before.
const FILLED_BEFORE: f64 = 60.0;

/// The runaway process begins within these minutes of the live period,
const RUNAWAY_MINUTES: std::ops::Range<u64> = 4..16;
/// and is over after so many.
const RUNAWAY_LENGTH: i64 = 3;

/// The points of all metrics, in order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Before the live period.
    pub before: Vec<MetricDatum>,
    /// In it.
    pub live: Vec<MetricDatum>,
    /// The faults.
    pub labels: Vec<Label>,
}

/// Measures the hosts until `live_end`.
pub fn measure(
    seed: u64,
    instances: &[String],
    region: &str,
    (live_start, live_end): (Time, Time),
) -> Measured {
    let topology = Topology::generate(seed, instances);
    let mut random = Random::of(seed, "metrics");
    let order = random.permutation(topology.hosts.len());
    let host = |at: usize| order.get(at).and_then(|at| topology.hosts.get(*at));
    let mut measured = Measured {
        before: Vec::new(),
        live: Vec::new(),
        labels: Vec::new(),
    };
    let (Some(busy), Some(filling)) = (host(0), host(1)) else {
        return measured;
    };
    let minute = i64::try_from(random.range(RUNAWAY_MINUTES.start, RUNAWAY_MINUTES.end));
    let runaway = live_start.plus_millis(minute.unwrap_or_default() * MINUTE_MILLIS);
    let runaway_end = runaway.plus_millis(RUNAWAY_LENGTH * MINUTE_MILLIS);
    let fills = live_start.plus_millis(-FILLING_MINUTES * MINUTE_MILLIS);
    let minutes = live_end.millis_since(live_start) / MINUTE_MILLIS;
    for minute in -MINUTES_BEFORE..minutes {
        let time = live_start.plus_millis(minute * MINUTE_MILLIS);
        let to = if minute < 0 {
            &mut measured.before
        } else {
            &mut measured.live
        };
        for host in [busy, filling] {
            let wild = host.instance == busy.instance && (runaway..runaway_end).contains(&time);
            let usual = random.skewed(28.0, 0.04);
            let cpu = usual + if wild { 66.0 } else { 0.0 };
            to.push(datum(&topology, region, cpu_of(host), time, cpu));
            let full = if host.instance == filling.instance {
                FILLED_BEFORE + filled_since(fills, time)
            } else {
                41.0
            };
            let full = full + 0.1 * (random.uniform() - 0.5);
            to.push(datum(&topology, region, disk_of(host), time, full));
        }
    }
    let label = |kind, host: &Host, start, end| Label {
        kind,
        source: Source::Metrics,
        entity: host.instance.to_string(),
        traces_on: Vec::new(),
        start,
        end,
        actor: None,
    };
    measured.labels = vec![
        label(Kind::MetricAnomaly, busy, runaway, runaway_end),
        label(Kind::ExhaustionForecast, filling, fills, live_end),
    ];
    measured
}

#[expect(clippy::cast_precision_loss, reason = "a few hours")]
fn filled_since(start: Time, time: Time) -> f64 {
    let minutes = time.millis_since(start).max(0) / MINUTE_MILLIS;
    FILLING_PER_HOUR * minutes as f64 / 60.0
}

/// Namespace, name and dimensions of a metric.
type Of = (&'static str, &'static str, Vec<(&'static str, String)>);

fn cpu_of(host: &Host) -> Of {
    let dimensions = vec![("InstanceId", host.instance.to_string())];
    ("AWS/EC2", "CPUUtilization", dimensions)
}

fn disk_of(host: &Host) -> Of {
    let dimensions = vec![
        ("InstanceId", host.instance.to_string()),
        ("device", "nvme0n1p1".to_owned()),
        ("fstype", "xfs".to_owned()),
        ("path", "/".to_owned()),
    ];
    ("CWAgent", "disk_used_percent", dimensions)
}

/// A minute with one sample.
fn datum(topology: &Topology, region: &str, of: Of, time: Time, value: f64) -> MetricDatum {
    let (namespace, metric, dimensions) = of;
    MetricDatum {
        series: MetricSeries {
            account_id: topology.account.clone(),
            region: region.to_owned(),
            namespace: namespace.to_owned(),
            metric_name: metric.to_owned(),
            dimensions: dimensions
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            unit: "Percent".to_owned(),
        },
        time,
        statistics: Statistics {
            count: 1.0,
            sum: value,
            max: value,
            min: value,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aiops_domain::config::Capacity;
    use aiops_domain::metric::Statistics;
    use aiops_model::metric::series::{Points, SeriesOptions, findings};

    use super::*;

    /// What the detector finds in all points, with its defaults.
    fn found(measured: &Measured) -> Vec<aiops_domain::Finding> {
        let mut series: BTreeMap<&MetricSeries, Points> = BTreeMap::new();
        for datum in measured.before.iter().chain(&measured.live) {
            let points: &mut BTreeMap<Time, Statistics> = series.entry(&datum.series).or_default();
            points.insert(datum.time, datum.statistics);
        }
        let capacities = Capacity::defaults();
        let options = SeriesOptions {
            significance: 1e-6,
            history_days: 2,
            horizon_ms: 24 * 3_600_000,
            capacities: &capacities,
        };
        let all = (Time::from_millis(0), Time::from_millis(i64::MAX / 4));
        let span = |points: &Points| {
            let first = points.keys().next().copied().unwrap_or(all.0);
            let last = points.keys().next_back().copied().unwrap_or(all.1);
            (first, last.plus_millis(1))
        };
        series
            .into_iter()
            .flat_map(|(series, points)| findings(series, &points, span(&points), options))
            .collect()
    }

    #[test]
    fn both_faults_are_found_and_nothing_else() {
        let instances: Vec<String> = (0..6).map(|number| format!("i-{number:017}")).collect();
        for seed in 1..9 {
            // At every time of day, midnight between the periods included.
            let start = Time::from_millis(1_785_542_400_000 + (seed - 1) * 10_800_000 + 600_000);
            let live = (start, start.plus_millis(26 * MINUTE_MILLIS));
            let seed = seed.unsigned_abs();
            let measured = measure(seed, &instances, "us-east-1", live);
            assert_eq!(measured, measure(seed, &instances, "us-east-1", live));
            let found = found(&measured);
            for label in &measured.labels {
                let same = |finding: &&aiops_domain::Finding| {
                    finding.kind == label.kind && finding.entity == label.entity
                };
                let hits: Vec<_> = found.iter().filter(same).collect();
                assert!(!hits.is_empty(), "seed {seed}: {label:?} is not found");
                if label.kind == Kind::ExhaustionForecast {
                    assert!(
                        hits.iter().all(|hit| hit.window.end > live.0),
                        "seed {seed}"
                    );
                }
            }
            let unexplained: Vec<_> = found
                .iter()
                .filter(|finding| {
                    !measured.labels.iter().any(|label| {
                        label.entity == finding.entity
                            && finding.window.start < label.end
                            && finding.window.end > label.start
                    })
                })
                .map(|finding| &finding.summary)
                .collect();
            assert!(unexplained.is_empty(), "seed {seed}: {unexplained:?}");
        }
    }
}
