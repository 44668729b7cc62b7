//! The points of a series in the state table: one item per hour, which grows until its hour is over.

use std::collections::BTreeMap;

use aiops_domain::Time;
use aiops_domain::metric::{MetricSeries, Statistics};
use aiops_domain::segment::Hour;
use aiops_model::metric::series::Points;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::detector::index::sortable;
use crate::ports::{
    Attributes, Clock, Condition, Item, ItemKey, PortError, PortResult, Range, Table, Write,
};

/// Tries of a write that others keep winning.
const MAX_TRIES: usize = 64;

/// Bytes of a point: the second of its hour and four numbers.
const POINT_BYTES: usize = 2 + 4 * 8;

/// The second that a time lies in: CloudWatch knows none finer, so an hour has at most 3,600 points.
pub fn whole_second(time: Time) -> Time {
    Time::from_millis(time.as_millis().div_euclid(1000).saturating_mul(1000))
}

fn partition(series: &MetricSeries) -> String {
    format!("series#{}", series.id())
}

/// Adds points to those that are known; of two readings of one point the one with more samples stays.
///
/// # Errors
/// When the table fails.
pub async fn merge(
    state: &impl Table,
    clock: &impl Clock,
    state_days: u32,
    series: &MetricSeries,
    new: &Points,
) -> PortResult<()> {
    let mut hours: BTreeMap<Time, Points> = BTreeMap::new();
    for (time, statistics) in new {
        let hour = Hour::of(*time).start();
        hours.entry(hour).or_default().insert(*time, *statistics);
    }
    let expires = clock.now().as_millis() / 1000 + i64::from(state_days) * 86_400;
    for (hour, new) in hours {
        merge_hour(state, series, hour, &new, expires).await?;
    }
    Ok(())
}

async fn merge_hour(
    state: &impl Table,
    series: &MetricSeries,
    hour: Time,
    new: &Points,
    expires: i64,
) -> PortResult<()> {
    let key = ItemKey::new(partition(series), sortable(hour));
    for _ in 0..MAX_TRIES {
        let known = state.get(&key).await?;
        let (mut points, version) = match &known {
            Some(item) => (decode(item, hour)?, item.attributes.get("version").cloned()),
            None => (Points::new(), None),
        };
        let before = points.clone();
        for (time, statistics) in new {
            super::keep(&mut points, *time, *statistics);
        }
        if points == before {
            return Ok(());
        }
        let condition = version.as_ref().map_or(Condition::Absent, |version| {
            Condition::Equals("version".into(), version.clone())
        });
        let next = version.as_ref().and_then(Value::as_i64).unwrap_or(0) + 1;
        let item = Item {
            key: key.clone(),
            attributes: Attributes::from([
                ("series".into(), json!(series.to_string())),
                ("points".into(), json!(encode(&points, hour))),
                ("version".into(), json!(next)),
                ("expires".into(), json!(expires)),
            ]),
        };
        let condition = Some(condition);
        match state.write(Write::Put { item, condition }).await {
            Ok(()) => return Ok(()),
            Err(PortError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(PortError::Transient {
        what: format!("the points of {series}"),
        detail: "others keep writing them".into(),
    })
}

/// The points of a series from one time until another (not included).
///
/// # Errors
/// When the table fails or an item is malformed.
pub async fn load(
    state: &impl Table,
    series: &MetricSeries,
    from: Time,
    until: Time,
) -> PortResult<Points> {
    let range = Range {
        from: Some(sortable(Hour::of(from).start())),
        to: Some(sortable(Hour::of(until).start())),
        ..Range::default()
    };
    let mut points = Points::new();
    for item in state.query(&partition(series), &range).await? {
        let hour = hour_of(&item)?;
        points.extend(decode(&item, hour)?);
    }
    points.retain(|time, _| from <= *time && *time < until);
    Ok(points)
}

fn malformed(item: &Item) -> PortError {
    PortError::Permanent {
        what: format!("{}/{}", item.key.pk, item.key.sk),
        detail: "the points of an hour are malformed".into(),
    }
}

/// The hour of an item's sort key, the inverse of [`sortable`].
fn hour_of(item: &Item) -> PortResult<Time> {
    u64::from_str_radix(&item.key.sk, 16)
        .map(|bits| Time::from_millis((bits ^ (1 << 63)).cast_signed()))
        .map_err(|_| malformed(item))
}

fn encode(points: &Points, hour: Time) -> String {
    let mut bytes = Vec::with_capacity(points.len() * POINT_BYTES);
    for (time, statistics) in points {
        let second = time.millis_since(hour) / 1000;
        bytes.extend(u16::try_from(second).unwrap_or(u16::MAX).to_le_bytes());
        let Statistics {
            count,
            sum,
            max,
            min,
        } = statistics;
        for number in [count, sum, max, min] {
            bytes.extend(number.to_le_bytes());
        }
    }
    STANDARD.encode(bytes)
}

fn decode(item: &Item, hour: Time) -> PortResult<Points> {
    let bytes = item
        .attributes
        .get("points")
        .and_then(Value::as_str)
        .and_then(|text| STANDARD.decode(text).ok())
        .filter(|bytes| bytes.len() % POINT_BYTES == 0)
        .ok_or_else(|| malformed(item))?;
    let mut points = Points::new();
    for point in bytes.chunks_exact(POINT_BYTES) {
        let Some((second, numbers)) = point.split_first_chunk::<2>() else {
            continue;
        };
        let number = |at: usize| {
            numbers
                .get(8 * at..)
                .and_then(|rest| rest.first_chunk())
                .map_or(0.0, |bytes| f64::from_le_bytes(*bytes))
        };
        let time = hour.plus_millis(i64::from(u16::from_le_bytes(*second)) * 1000);
        let statistics = Statistics {
            count: number(0),
            sum: number(1),
            max: number(2),
            min: number(3),
        };
        points.insert(time, statistics);
    }
    Ok(points)
}
