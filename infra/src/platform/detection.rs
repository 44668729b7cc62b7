//! From segments to incidents: the queue of notifications, the detector, the model's pointer.
//!
//! Coming from HCL: a Lambda that was invoked by S3 directly and kept its windows in memory. The
//! queue in between holds what the detector cannot take yet, and its dead letters what it cannot
//! read.

use aiops_domain::config::DetectorConfig;
use aiops_domain::config::detector::{DetectorNames, ScoringEndpoint, ShadowMode};
use aiops_domain::shape::flow::FlowFormat;

use super::archive::Buckets;
use super::buckets::Bucket;
use super::context::Context;
use super::functions::{Batch, Function, Shared, Spec, from_queue, function};
use super::keys::Keys;
use super::queues::{self, WorkQueue};
use super::tables::{self, Tables};
use crate::aws::{s3, sagemaker, sfn, ssm};
use crate::graph::{Document, Options, Scope};
use crate::iam::action::{s3 as object, sagemaker as served, sqs, ssm as parameter, states};
use crate::iam::{Condition, Principal, Statement};

mod metrics;

pub use metrics::Metrics;

/// What detects.
#[derive(Debug, Clone)]
pub struct Detection {
    /// Notifications of segments, and the detector's timers.
    pub queue: WorkQueue,
    /// Scores windows.
    pub detector: Function,
    /// The pointer to the current model.
    pub pointer: ssm::Parameter,
    /// What detects in metrics.
    pub metrics: Option<Metrics>,
}

/// What detection reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The buckets.
    pub buckets: &'a Buckets,
    /// The tables.
    pub tables: &'a Tables,
    /// The workflow that an incident starts.
    pub workflow: &'a sfn::StateMachine,
    /// The endpoint that serves the model, if there is one yet.
    pub endpoint: Option<&'a sagemaker::Endpoint>,
}

/// Declares the detector.
pub fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    shared: &Shared<'_>,
    places: Places<'_>,
) -> Detection {
    let scope = scope.component("Detection", "detection");
    let Places {
        buckets,
        tables,
        workflow,
        endpoint,
    } = places;
    let endpoint = endpoint.filter(|_| context.config.detection.endpoint.enabled);
    let settings = &context.config.functions.anomaly_detector;
    let queue = notified(
        &scope,
        context,
        keys,
        "segments",
        &buckets.segments,
        settings.timeout_seconds,
    );
    let pointer = pointer(&scope, context, keys);
    let mut document = Document::default();
    let names = DetectorNames {
        segments_bucket: document.hole(buckets.segments.name()),
        state_table: document.hole(tables.state.name()),
        incidents_table: document.hole(tables.incidents.name()),
        queue_url: document.hole(queue.queue.url()),
        state_machine_arn: document.hole(workflow.arn()),
        model_parameter: document.hole(pointer.name()),
    };
    let detection = &context.config.detection;
    let configuration = DetectorConfig {
        lateness_seconds: detection.lateness_seconds,
        idle_seconds: detection.idle_seconds,
        untrained_window_seconds: detection.window_seconds,
        shadow: if detection.shadow {
            ShadowMode::Always
        } else {
            ShadowMode::UntilModel
        },
        flow_format: FlowFormat::platform(),
        fingerprint_fields: detection.fingerprint_fields.clone(),
        endpoint: endpoint.map(|endpoint| ScoringEndpoint {
            name: document.hole(endpoint.name()),
            timeout_ms: detection.endpoint.timeout_milliseconds,
            batch_windows_max: usize::try_from(detection.endpoint.batch_windows)
                .unwrap_or(usize::MAX),
        }),
        ..DetectorConfig::new(names)
    };
    let mut statements = vec![
        queues::consume(&queue.queue),
        Statement::allow("Timers", [sqs::SEND_MESSAGE], [queue.queue.arn()]),
        Statement::allow(
            "Segments",
            [object::GET_OBJECT],
            [buckets.segments.objects("segments/")],
        ),
        Statement::allow(
            "Model",
            [object::GET_OBJECT],
            [buckets.models.objects("models/")],
        ),
        Statement::allow("Pointer", [parameter::GET_PARAMETER], [pointer.arn()]),
        tables::items("State", &tables.state),
        tables::items("Incidents", &tables.incidents),
        Statement::allow("Start", [states::START_EXECUTION], [workflow.arn()]),
    ];
    statements
        .extend(endpoint.map(|endpoint| {
            Statement::allow("Score", [served::INVOKE_ENDPOINT], [endpoint.arn()])
        }));
    let detector = function(
        shared,
        context,
        keys,
        Spec {
            name: "anomaly-detector",
            description: "Scores windows of event time and opens incidents",
            settings,
            configuration: document.finish(&configuration),
            statements,
        },
    );
    let batch = Batch {
        size: 10,
        window_seconds: 0,
        maximum_concurrency: settings.reserved_concurrency.unwrap_or(10).max(2),
    };
    from_queue(
        shared,
        &detector,
        "anomaly-detector",
        queue.queue.arn(),
        batch,
    );
    Detection {
        queue,
        detector,
        pointer,
        metrics: metrics::declare(&scope, context, keys, shared, places),
    }
}

/// A queue that hears of every new object below `<name>/` of a bucket.
fn notified(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    name: &'static str,
    bucket: &Bucket,
    timeout_seconds: u32,
) -> WorkQueue {
    let from_bucket = vec![(
        Principal::service("s3.amazonaws.com"),
        Condition::source_arn(bucket.bucket.arn()),
    )];
    let queue = queues::work(scope, context, keys, name, timeout_seconds, from_bucket);
    scope.declare_with(
        name,
        s3::BucketNotificationArgs::new(bucket.bucket.id()).queues([
            s3::BucketNotificationQueue::new(s3::BucketNotificationQueueRequired {
                events: ["s3:ObjectCreated:*"].into(),
                queue_arn: queue.queue.arn(),
            })
            .id(name)
            .filter_prefix(format!("{name}/")),
        ]),
        Options::new().after(
            &queue.policy,
            "S3 tries the queue's policy when the notification is created",
        ),
    );
    queue
}

/// The pointer to the current model. Promotion and rollback own its value: the program only makes
/// it, saying that there is no model yet.
fn pointer(scope: &Scope<'_>, context: &Context<'_>, keys: Option<&Keys>) -> ssm::Parameter {
    scope.declare_with(
        "model",
        Keys::parameter(keys)
            .name(format!("/{}/model", context.config.prefix()))
            .description("The model that the detector uses: {version, bucket, key, sha256} or none")
            .value("none"),
        Options::new().ignore_changes(["value"]),
    )
}
