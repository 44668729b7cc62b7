//! The dashboard, from typed widgets: six columns of four, each row about one stage of the path.

use super::Watched;
use crate::aws::cloudwatch;
use crate::graph::{Expr, Scope, Value, json};
use crate::platform::context::Context;
use crate::{list, object};

/// A metric on a widget.
struct Metric {
    namespace: &'static str,
    name: &'static str,
    dimension: (&'static str, Expr<String>),
    statistic: &'static str,
}

/// A graph over time.
struct Widget {
    title: &'static str,
    metrics: Vec<Metric>,
}

/// Width and height of a widget; a dashboard is 24 wide.
const SIZE: (u32, u32) = (8, 6);

/// Declares the dashboard.
pub(super) fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    watched: &Watched<'_>,
) -> cloudwatch::Dashboard {
    let widgets: Vec<Value> = widgets(watched)
        .into_iter()
        .zip(0_u32..)
        .map(|(widget, index)| place(context, widget, index))
        .collect();
    scope.declare(
        "platform",
        cloudwatch::DashboardArgs::new(cloudwatch::DashboardRequired {
            dashboard_body: json(object! { "widgets" => widgets }),
            dashboard_name: context.config.prefix().into(),
        }),
    )
}

fn place(context: &Context<'_>, widget: Widget, index: u32) -> Value {
    let (width, height) = SIZE;
    let columns = 24 / width;
    let metrics: Vec<Value> = widget
        .metrics
        .into_iter()
        .map(|metric| {
            let (dimension, value) = metric.dimension;
            list![
                metric.namespace,
                metric.name,
                dimension,
                value,
                object! { "stat" => metric.statistic },
            ]
        })
        .collect();
    object! {
        "type" => "metric",
        "x" => (index % columns) * width,
        "y" => (index / columns) * height,
        "width" => width,
        "height" => height,
        "properties" => object! {
            "title" => widget.title,
            "region" => context.region(),
            "view" => "timeSeries",
            "stacked" => false,
            "period" => 300,
            "metrics" => metrics,
        },
    }
}

fn widgets(watched: &Watched<'_>) -> Vec<Widget> {
    let stream = |name, statistic| Metric {
        namespace: "AWS/Kinesis",
        name,
        dimension: ("StreamName", watched.stream.name()),
        statistic,
    };
    let functions = |name, statistic| -> Vec<Metric> {
        watched
            .functions
            .iter()
            .map(|(_, function)| Metric {
                namespace: "AWS/Lambda",
                name,
                dimension: ("FunctionName", function.function.name()),
                statistic,
            })
            .collect()
    };
    let queue = |queue: &crate::aws::sqs::Queue| Metric {
        namespace: "AWS/SQS",
        name: "ApproximateNumberOfMessagesVisible",
        dimension: ("QueueName", queue.name()),
        statistic: "Maximum",
    };
    let workflow = |name| Metric {
        namespace: "AWS/States",
        name,
        dimension: ("StateMachineArn", watched.workflow.arn()),
        statistic: "Sum",
    };
    vec![
        Widget {
            title: "Stream: records in",
            metrics: vec![
                stream("IncomingRecords", "Sum"),
                stream("IncomingBytes", "Sum"),
            ],
        },
        Widget {
            title: "Stream: lag of its consumer (ms)",
            metrics: vec![stream("GetRecords.IteratorAgeMilliseconds", "Maximum")],
        },
        Widget {
            title: "Archive: freshness (s)",
            metrics: vec![Metric {
                namespace: "AWS/Firehose",
                name: "DeliveryToS3.DataFreshness",
                dimension: ("DeliveryStreamName", watched.firehoses.raw.name()),
                statistic: "Maximum",
            }],
        },
        Widget {
            title: "Functions: invocations",
            metrics: functions("Invocations", "Sum"),
        },
        Widget {
            title: "Functions: errors",
            metrics: functions("Errors", "Sum"),
        },
        Widget {
            title: "Functions: p95 duration (ms)",
            metrics: functions("Duration", "p95"),
        },
        Widget {
            title: "Queues: waiting",
            metrics: [
                &watched.detection.queue.queue,
                &watched.detection.queue.dead,
                watched.failures,
            ]
            .into_iter()
            .chain(
                watched
                    .detection
                    .metrics
                    .iter()
                    .flat_map(|metrics| [&metrics.queue.queue, &metrics.queue.dead]),
            )
            .map(queue)
            .collect(),
        },
        Widget {
            title: "Incidents: workflows",
            metrics: vec![workflow("ExecutionsStarted"), workflow("ExecutionsFailed")],
        },
    ]
}
