//! The metric stream: CloudWatch's metrics to Firehose, for the archive and the metric detector.

use crate::aws::cloudwatch;
use crate::graph::{Options, Scope};
use crate::iam::Statement;
use crate::iam::action::firehose;
use crate::platform::archive::Firehoses;
use crate::platform::context::Context;
use crate::platform::keys::Keys;
use crate::platform::roles;

/// Declares the stream, if metrics are archived.
pub(super) fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    firehoses: &Firehoses,
) {
    let Some(target) = &firehoses.metrics else {
        return;
    };
    let mut statements = vec![Statement::allow(
        "Write",
        [firehose::PUT_RECORD, firehose::PUT_RECORD_BATCH],
        [target.arn()],
    )];
    statements.extend(Keys::use_data(keys));
    let trust = roles::service(context, "streams.metrics.cloudwatch.amazonaws.com");
    let role = roles::role(scope, context, "metric-stream", trust, statements);
    let namespaces = &context.config.archive.metric_namespaces;
    scope.declare_with(
        "metrics",
        cloudwatch::MetricStreamArgs::new(cloudwatch::MetricStreamRequired {
            firehose_arn: target.arn(),
            output_format: "json".into(),
            role_arn: role.arn(),
        })
        .name(context.name("metrics"))
        .include_filters(
            namespaces
                .iter()
                .map(cloudwatch::MetricStreamIncludeFilter::new)
                .collect::<Vec<_>>(),
        ),
        role.before(
            Options::new(),
            "a metric stream without permissions drops what it has",
        ),
    );
}
