//! Alarms, each with somebody who hears of it, and one that sums them up.

use super::Watched;
use crate::aws::{cloudwatch, kinesis};
use crate::graph::{Expr, Options, Scope, Value};
use crate::platform::context::Context;
use crate::platform::functions::Function;
use crate::platform::topics::Topics;
use crate::text;

/// What an alarm compares.
struct Alarm {
    name: String,
    description: &'static str,
    /// The page in `docs/runbooks` that says what to do.
    runbook: &'static str,
    namespace: &'static str,
    metric: &'static str,
    statistic: &'static str,
    dimensions: Vec<(&'static str, Expr<String>)>,
    /// Seconds over which the statistic is taken.
    period_seconds: u32,
    /// Periods that must be out of bounds.
    periods: u32,
    comparison: &'static str,
    threshold: f64,
    /// What silence means: `breaching` where silence is the fault itself.
    missing: &'static str,
}

impl Alarm {
    /// An alarm on anything above nothing within five minutes.
    fn any(
        name: String,
        (description, runbook): (&'static str, &'static str),
        metric: (&'static str, &'static str),
    ) -> Self {
        Self {
            name,
            description,
            runbook,
            namespace: metric.0,
            metric: metric.1,
            statistic: "Sum",
            dimensions: Vec::new(),
            period_seconds: 300,
            periods: 1,
            comparison: "GreaterThanThreshold",
            threshold: 0.0,
            missing: "notBreaching",
        }
    }

    fn of(mut self, dimension: &'static str, value: Expr<String>) -> Self {
        self.dimensions.push((dimension, value));
        self
    }
}

/// Declares the alarms, and the one that sums them and `others` up.
pub(super) fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    topics: &Topics,
    watched: &Watched<'_>,
    others: Vec<cloudwatch::MetricAlarm>,
) {
    let alarms: Vec<cloudwatch::MetricAlarm> = list(context, watched)
        .into_iter()
        .map(|alarm| single(scope, context, topics, alarm))
        .chain(others)
        .collect();
    let mut rule: Vec<Value> = Vec::new();
    for alarm in &alarms {
        if !rule.is_empty() {
            rule.push(" OR ".into());
        }
        rule.push(text!("ALARM(\"", alarm.name(), "\")").into());
    }
    scope.declare(
        "platform",
        cloudwatch::CompositeAlarmArgs::new(cloudwatch::CompositeAlarmRequired {
            alarm_name: context.name("platform").into(),
            alarm_rule: Expr::<String>::concat(rule),
        })
        .alarm_description(described(
            "Something of the log analysis platform itself is not well",
            "platform",
        ))
        .alarm_actions(topics.alarm_actions())
        .ok_actions(topics.alarm_actions()),
    );
}

fn single(
    scope: &Scope<'_>,
    context: &Context<'_>,
    topics: &Topics,
    alarm: Alarm,
) -> cloudwatch::MetricAlarm {
    let args = cloudwatch::MetricAlarmArgs::new()
        .name(context.name(&alarm.name))
        .alarm_description(described(alarm.description, alarm.runbook))
        .namespace(alarm.namespace)
        .metric_name(alarm.metric)
        .dimensions(
            alarm
                .dimensions
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<std::collections::BTreeMap<_, _>>(),
        )
        .period(alarm.period_seconds)
        .evaluation_periods(alarm.periods)
        .comparison_operator(alarm.comparison)
        .threshold(alarm.threshold)
        .treat_missing_data(alarm.missing)
        .alarm_actions(topics.alarm_actions())
        .ok_actions(topics.alarm_actions());
    // Percentiles are "extended" statistics.
    let args = if alarm.statistic.starts_with('p') {
        args.extended_statistic(alarm.statistic)
    } else {
        args.statistic(alarm.statistic)
    };
    scope.declare_with(
        alarm.name,
        args,
        Options::new().after(
            &topics.alarms_policy,
            "an alarm that rings before the topic's policy is heard by nobody",
        ),
    )
}

/// What an alarm says: what happened, and where it stands what to do.
pub(super) fn described(what: &str, runbook: &str) -> String {
    format!("{what}. Runbook: docs/runbooks/{runbook}.md")
}

fn list(context: &Context<'_>, watched: &Watched<'_>) -> Vec<Alarm> {
    let detection = &context.config.detection;
    let milliseconds = f64::from(detection.maximum_lag_minutes) * 60_000.0;
    let mut alarms = vec![
        Alarm {
            statistic: "Maximum",
            threshold: milliseconds,
            periods: 3,
            ..Alarm::any(
                "stream-lag".to_owned(),
                ("log-appender falls behind the stream", "stream-lag"),
                ("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds"),
            )
        }
        .of("StreamName", watched.stream.name()),
        Alarm::any(
            "stream-throttled".to_owned(),
            (
                "The stream refuses records: raise its capacity",
                "stream-throttled",
            ),
            ("AWS/Kinesis", "WriteProvisionedThroughputExceeded"),
        )
        .of("StreamName", watched.stream.name()),
        stale(context, "archive-stale", &watched.firehoses.raw),
        Alarm::any(
            "workflow-failed".to_owned(),
            ("An incident's workflow failed", "workflow-failed"),
            ("AWS/States", "ExecutionsFailed"),
        )
        .of("StateMachineArn", watched.workflow.arn()),
        Alarm::any(
            "workflow-timed-out".to_owned(),
            ("An incident's workflow timed out", "workflow-failed"),
            ("AWS/States", "ExecutionsTimedOut"),
        )
        .of("StateMachineArn", watched.workflow.arn()),
        Alarm {
            comparison: "LessThanThreshold",
            threshold: 1.0,
            missing: "breaching",
            periods: (detection.silence_minutes / 5).max(1),
            ..Alarm::any(
                "detector-silent".to_owned(),
                (
                    "No window was looked at: the detector or what feeds it has stopped",
                    "detector-silent",
                ),
                ("AWS/Lambda", "Invocations"),
            )
        }
        .of("FunctionName", watched.detection.detector.function.name()),
    ];
    let metrics = watched.firehoses.metrics.as_ref();
    alarms.extend(metrics.map(|firehose| stale(context, "metrics-stale", firehose)));
    let mut queues = vec![
        ("failures", "failures-waiting", watched.failures),
        (
            "segments-dead",
            "dead-letters",
            &watched.detection.queue.dead,
        ),
    ];
    let metrics = watched.detection.metrics.as_ref();
    queues.extend(metrics.map(|metrics| ("metrics-dead", "dead-letters", &metrics.queue.dead)));
    for (name, runbook, queue) in queues {
        alarms.push(
            Alarm {
                statistic: "Maximum",
                ..Alarm::any(
                    format!("{name}-waiting"),
                    (
                        "Something could not be processed and waits for a person",
                        runbook,
                    ),
                    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
                )
            }
            .of("QueueName", queue.name()),
        );
    }
    for (name, function) in &watched.functions {
        alarms.extend(of_function(name, function));
    }
    alarms
}

/// Seconds after which what Firehose holds is late, whatever its buffer.
const STALE_SECONDS: u32 = 900;

fn stale(context: &Context<'_>, name: &str, firehose: &kinesis::FirehoseDeliveryStream) -> Alarm {
    // A record may wait for the buffer to fill as long as the configuration lets it.
    let buffered = context.config.archive.buffer_seconds.saturating_mul(2);
    Alarm {
        statistic: "Maximum",
        threshold: f64::from(buffered.max(STALE_SECONDS)),
        ..Alarm::any(
            name.to_owned(),
            (
                "Firehose has not delivered for a quarter of an hour",
                "archive-stale",
            ),
            ("AWS/Firehose", "DeliveryToS3.DataFreshness"),
        )
    }
    .of("DeliveryStreamName", firehose.name())
}

fn of_function(name: &str, function: &Function) -> [Alarm; 3] {
    let any = |what: &str, description, runbook, metric| {
        Alarm::any(
            format!("{name}-{what}"),
            (description, runbook),
            ("AWS/Lambda", metric),
        )
        .of("FunctionName", function.function.name())
    };
    let limit_ms = f64::from(function.timeout_seconds) * 1000.0;
    [
        any("errors", "A function fails", "function-errors", "Errors"),
        any(
            "throttles",
            "A function is refused: raise its reserved concurrency",
            "function-throttled",
            "Throttles",
        ),
        Alarm {
            statistic: "p99",
            periods: 3,
            threshold: limit_ms * 0.8,
            ..any(
                "duration",
                "A function comes close to its time limit",
                "function-slow",
                "Duration",
            )
        },
    ]
}
