//! From metrics to incidents: the queue of notifications of `metrics/`, and the metric detector.

use aiops_domain::config::MetricDetectorConfig;
use aiops_domain::config::metric_detector::{Capacity, MetricDetectorNames};

use super::{Places, notified};
use crate::graph::{Document, Scope};
use crate::iam::Statement;
use crate::iam::action::{s3 as object, states};
use crate::platform::context::Context;
use crate::platform::functions::{Batch, Function, Shared, Spec, from_queue, function};
use crate::platform::keys::Keys;
use crate::platform::queues::{self, WorkQueue};
use crate::platform::tables;

/// What detects in metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Notifications of objects of metrics.
    pub queue: WorkQueue,
    /// Scores points.
    pub detector: Function,
}

/// Declares it, if metrics are archived.
pub(super) fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    shared: &Shared<'_>,
    places: Places<'_>,
) -> Option<Metrics> {
    if !context.config.archive.metrics {
        return None;
    }
    let Places {
        buckets,
        tables,
        workflow,
        ..
    } = places;
    let settings = &context.config.functions.metric_detector;
    let timeout = settings.timeout_seconds;
    let queue = notified(scope, context, keys, "metrics", &buckets.raw, timeout);
    let mut document = Document::default();
    let names = MetricDetectorNames {
        metrics_bucket: document.hole(buckets.raw.name()),
        state_table: document.hole(tables.state.name()),
        incidents_table: document.hole(tables.incidents.name()),
        state_machine_arn: document.hole(workflow.arn()),
    };
    let configuration = MetricDetectorConfig {
        shadow: context.config.detection.shadow,
        capacities: capacities(context),
        ..MetricDetectorConfig::new(names)
    };
    let detector = function(
        shared,
        context,
        keys,
        Spec {
            name: "metric-detector",
            description: "Scores points of metrics and opens incidents",
            settings,
            configuration: document.finish(&configuration),
            statements: vec![
                queues::consume(&queue.queue),
                Statement::allow(
                    "Metrics",
                    [object::GET_OBJECT],
                    [buckets.raw.objects("metrics/")],
                ),
                tables::items("State", &tables.state),
                tables::items("Incidents", &tables.incidents),
                Statement::allow("Start", [states::START_EXECUTION], [workflow.arn()]),
            ],
        },
    );
    let batch = Batch {
        size: 10,
        window_seconds: 0,
        maximum_concurrency: settings.reserved_concurrency.unwrap_or(5).max(2),
    };
    from_queue(
        shared,
        &detector,
        "metric-detector",
        queue.queue.arn(),
        batch,
    );
    Some(Metrics { queue, detector })
}

/// The stack's own first: the first that fits counts.
fn capacities(context: &Context<'_>) -> Vec<Capacity> {
    let own = context.config.detection.capacities.iter();
    own.map(|capacity| Capacity {
        namespace: capacity.namespace.clone(),
        metric: capacity.metric.clone(),
        dimension: capacity.dimension.clone(),
        statistic: capacity.statistic,
        at: capacity.at,
        direction: capacity.direction,
    })
    .chain(Capacity::defaults())
    .collect()
}
