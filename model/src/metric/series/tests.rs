//! A series of points: what is found in it, and that the order of arrival changes nothing.

use super::*;
use crate::rng::Rng;

const START: Time = Time::from_millis(1_785_542_400_000);

fn options(capacities: &[Capacity]) -> SeriesOptions<'_> {
    SeriesOptions {
        significance: 1e-6,
        history_days: 2,
        horizon_ms: 24 * HOUR_MS,
        capacities,
    }
}

fn series(namespace: &str, metric: &str) -> MetricSeries {
    MetricSeries {
        account_id: "111122223333".into(),
        region: "eu-central-1".into(),
        namespace: namespace.into(),
        metric_name: metric.into(),
        dimensions: [("InstanceId".to_owned(), "i-0abc".to_owned())].into(),
        unit: "Percent".into(),
    }
}

/// Points every minute from [`START`].
fn points(minutes: i64, value: impl Fn(i64, f64) -> f64) -> Points {
    let mut rng = Rng::new(5);
    (0..minutes)
        .map(|minute| {
            let noise: f64 = (0..12).map(|_| rng.uniform()).sum::<f64>() - 6.0;
            let value = value(minute, noise);
            let statistics = Statistics {
                count: 1.0,
                sum: value,
                max: value,
                min: value,
            };
            (START.plus_millis(minute * MINUTE_MS), statistics)
        })
        .collect()
}

fn all(series: &MetricSeries, points: &Points) -> Vec<Finding> {
    let until = START.plus_millis(30 * DAY_MS);
    findings(
        series,
        points,
        (START, until),
        options(&Capacity::defaults()),
    )
}

#[test]
fn a_disk_that_fills_is_announced_with_its_time() {
    let disk = series("CWAgent", "disk_used_percent");
    // 55 for two days, then 5 an hour: full nine hours after.
    let begin = 2 * 1440;
    let filling = points(begin + 180, |minute, noise| {
        55.0 + 5.0 * (minute - begin).max(0) as f64 / 60.0 + 0.05 * noise
    });
    let found = all(&disk, &filling);
    let forecasts: Vec<&Finding> = found
        .iter()
        .filter(|finding| finding.kind == Kind::ExhaustionForecast)
        .collect();
    let last = forecasts.last().unwrap();
    assert_eq!(last.entity, "i-0abc");
    assert!(
        last.summary
            .contains("is 69.9 and rises to 100: full in 6 h ± 1 h"),
        "{}",
        last.summary
    );
    // Not before it begins.
    let begin = START.plus_millis(begin * MINUTE_MS);
    assert!(
        forecasts
            .iter()
            .all(|finding| finding.window.start >= begin)
    );
}

#[test]
fn what_runs_out_falls_to_its_limit() {
    let mut storage = series("AWS/RDS", "FreeStorageSpace");
    storage.dimensions = [("DBInstanceIdentifier".to_owned(), "orders".to_owned())].into();
    let falling = points(450, |minute, noise| {
        2e10 - 4e7 * minute as f64 + 1e7 * noise
    });
    let found = all(&storage, &falling);
    let last = found.last().unwrap();
    assert_eq!(
        (last.kind, last.entity.as_str()),
        (Kind::ExhaustionForecast, "orders")
    );
    assert!(last.summary.contains("falls to 0"), "{}", last.summary);
}

#[test]
fn a_daily_rise_is_no_exhaustion_and_nor_is_a_walk_of_chance() {
    let memory = series("CWAgent", "mem_used_percent");
    let daily = points(4 * 1440, |minute, noise| {
        55.0 + 20.0 * (minute as f64 / 1440.0 * std::f64::consts::TAU).sin() + noise
    });
    // From the second day on there is a day before.
    let second = START.plus_millis(DAY_MS);
    let late: Vec<Finding> = all(&memory, &daily)
        .into_iter()
        .filter(|finding| finding.window.start >= second)
        .collect();
    let late: Vec<&str> = late
        .iter()
        .map(|finding| finding.summary.as_str())
        .collect();
    assert!(late.is_empty(), "{} such as {:?}", late.len(), late.first());
    let mut announced = 0;
    for seed in 0..10 {
        let mut rng = Rng::new(seed);
        let mut level = 60.0;
        let steps: Vec<f64> = (0..2 * 1440)
            .map(|_| {
                level += 0.3 * (rng.uniform() - 0.5) - 0.002 * (level - 60.0);
                level
            })
            .collect();
        let walk = points(2 * 1440, |minute, _| steps[minute as usize]);
        announced += all(&memory, &walk)
            .iter()
            .filter(|finding| finding.kind == Kind::ExhaustionForecast)
            .count();
    }
    assert_eq!(announced, 0, "of 2,880 windows");
}

#[test]
fn a_spike_is_found_once_and_a_quiet_metric_is_not() {
    let cpu = series("AWS/EC2", "CPUUtilization");
    let quiet = |minute: i64, noise: f64| {
        40.0 + 10.0 * (minute as f64 / 1440.0 * std::f64::consts::TAU).sin() + noise
    };
    assert_eq!(all(&cpu, &points(3 * 1440, quiet)), vec![]);
    let spiked = points(3 * 1440, |minute, noise| {
        quiet(minute, noise) + if minute == 3000 { 45.0 } else { 0.0 }
    });
    let found = all(&cpu, &spiked);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].window.start, START.plus_millis(3000 * MINUTE_MS));
    assert!(
        found[0].summary.contains("where") && found[0].summary.contains("was expected"),
        "{}",
        found[0].summary
    );
}

#[test]
fn what_is_found_does_not_depend_on_where_one_begins_to_look() {
    let disk = series("CWAgent", "disk_used_percent");
    let filling = points(2 * 1440, |minute, noise| {
        50.0 + 2.0 * (minute - 2000).max(0) as f64 / 60.0
            + 0.1 * noise
            + if minute % 700 == 699 { 20.0 } else { 0.0 }
    });
    let whole = all(&disk, &filling);
    assert!(whole.len() > 3);
    let until = START.plus_millis(30 * DAY_MS);
    for minutes in [0, 1, 1439, 1440, 2100, 2879] {
        let from = START.plus_millis(minutes * MINUTE_MS);
        let known = filling
            .range(history_start(from, 2)..)
            .map(|(time, statistics)| (*time, *statistics))
            .collect();
        let capacities = Capacity::defaults();
        let part = findings(&disk, &known, (from, until), options(&capacities));
        let expected: Vec<Finding> = whole
            .iter()
            .filter(|finding| {
                let step = match finding.kind {
                    Kind::ExhaustionForecast => FORECAST_MS,
                    _ => 1,
                };
                finding.window.start >= aligned(from, step)
            })
            .cloned()
            .collect();
        let ids = |findings: &[Finding]| -> Vec<String> {
            let mut ids: Vec<String> = findings.iter().map(|f| f.id.clone()).collect();
            ids.sort();
            ids
        };
        assert_eq!(ids(&part), ids(&expected), "from minute {minutes}");
    }
}
