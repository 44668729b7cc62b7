//! Buckets, and Firehose: the untouched archive of envelopes and of metrics.
//!
//! Coming from HCL: `aws_s3_bucket` with a policy that blocked its own writers, and an
//! `aws_kinesis_firehose_delivery_stream` without a source.

use super::buckets::{self, Bucket, Spec};
use super::context::Context;
use super::keys::Keys;
use super::logs;
use super::roles;
use crate::aws::{cloudwatch, kinesis};
use crate::config::Tiers;
use crate::graph::{Options, Scope};
use crate::iam::action::{kinesis as read, logs as write, s3};
use crate::iam::{Condition, Principal, Statement};
use crate::text;

/// The buckets.
#[derive(Debug, Clone)]
pub struct Buckets {
    /// Access logs of the others.
    pub access_logs: Bucket,
    /// `raw/` and `metrics/`, as Firehose wrote them.
    pub raw: Bucket,
    /// `segments/` and `quarantine/`.
    pub segments: Bucket,
    /// Artefacts and training manifests.
    pub models: Bucket,
}

/// Declares the buckets.
pub fn buckets(scope: &Scope<'_>, context: &Context<'_>, keys: Option<&Keys>) -> Buckets {
    let scope = scope.component("Buckets", "buckets");
    let days = &context.config.lifecycle;
    let forever = Tiers {
        infrequent_access_days: None,
        glacier_days: None,
        expire_days: None,
    };
    let expire = |days| Tiers {
        expire_days: Some(days),
        ..forever.clone()
    };
    let access_logs = buckets::bucket(
        &scope,
        context,
        Spec {
            name: "access-logs",
            // Log delivery supports SSE-S3 only.
            keys: None,
            lifecycle: vec![("", expire(days.access_log_days))],
            access_logs: None,
            statements: vec![(
                Principal::service("logging.s3.amazonaws.com"),
                Statement::allow(
                    "LogDelivery",
                    [s3::PUT_OBJECT],
                    [text!(context.bucket_arn("access-logs"), "/*")],
                )
                .when(Condition::source_account(&context.account)),
            )],
        },
    );
    let one = |name, lifecycle| {
        buckets::bucket(
            &scope,
            context,
            Spec {
                name,
                keys,
                lifecycle,
                access_logs: Some(&access_logs),
                statements: Vec::new(),
            },
        )
    };
    Buckets {
        raw: one(
            "raw",
            vec![
                ("raw/", days.raw.clone()),
                ("metrics/", days.metrics.clone()),
                ("errors/", expire(90)),
            ],
        ),
        segments: one(
            "segments",
            vec![
                ("segments/", days.segments.clone()),
                ("quarantine/", expire(90)),
                ("athena/", expire(30)),
            ],
        ),
        models: one("models", vec![("", forever.clone())]),
        access_logs,
    }
}

/// Firehose from the stream to `raw/`, and from the metric stream to `metrics/`.
#[derive(Debug, Clone)]
pub struct Firehoses {
    /// The archive of envelopes.
    pub raw: kinesis::FirehoseDeliveryStream,
    /// The archive of metrics.
    pub metrics: Option<kinesis::FirehoseDeliveryStream>,
}

/// Declares the delivery streams.
pub fn firehoses(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    stream: &kinesis::Stream,
    raw: &Bucket,
) -> Firehoses {
    let scope = scope.component("Archive", "archive");
    let group = logs::group(
        &scope,
        keys,
        "firehose",
        format!("/aws/kinesisfirehose/{}", context.config.prefix()),
        context.config.logs.retention_days,
    );
    let deliver = |name: &'static str, source| {
        firehose(
            &scope,
            context,
            keys,
            &Delivery {
                name,
                source,
                bucket: raw,
                group: &group,
            },
        )
    };
    Firehoses {
        raw: deliver("raw", Some(stream)),
        // Direct put: the metric stream writes to it.
        metrics: context
            .config
            .archive
            .metrics
            .then(|| deliver("metrics", None)),
    }
}

struct Delivery<'a> {
    /// Logical name and first part of every object's key.
    name: &'static str,
    /// The stream it reads; none: it is written to directly.
    source: Option<&'a kinesis::Stream>,
    bucket: &'a Bucket,
    group: &'a cloudwatch::LogGroup,
}

fn firehose(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    delivery: &Delivery<'_>,
) -> kinesis::FirehoseDeliveryStream {
    use kinesis::{
        FirehoseDeliveryStreamArgs as Args, FirehoseDeliveryStreamExtendedS3Configuration as S3,
        FirehoseDeliveryStreamExtendedS3ConfigurationCloudwatchLoggingOptions as Logging,
        FirehoseDeliveryStreamExtendedS3ConfigurationRequired as S3Required,
        FirehoseDeliveryStreamKinesisSourceConfiguration as Source,
        FirehoseDeliveryStreamKinesisSourceConfigurationRequired as SourceRequired,
        FirehoseDeliveryStreamServerSideEncryption as Encryption,
    };
    let Delivery {
        name,
        source,
        bucket,
        group,
    } = delivery;
    let log_stream = scope.declare(
        *name,
        cloudwatch::LogStreamArgs::new(group.name()).name(*name),
    );
    let mut statements = vec![
        Statement::allow(
            "Write",
            [s3::ABORT_MULTIPART_UPLOAD, s3::PUT_OBJECT],
            [
                bucket.objects(&format!("{name}/")),
                bucket.objects(&format!("errors/{name}/")),
            ],
        ),
        Statement::allow(
            "Look",
            [
                s3::GET_BUCKET_LOCATION,
                s3::LIST_BUCKET,
                s3::LIST_BUCKET_MULTIPART_UPLOADS,
            ],
            [bucket.bucket.arn()],
        ),
        Statement::allow("Log", [write::PUT_LOG_EVENTS], [logs::streams(group)]),
    ];
    statements.extend(source.map(|stream| {
        Statement::allow(
            "Read",
            [
                read::DESCRIBE_STREAM,
                read::GET_RECORDS,
                read::GET_SHARD_ITERATOR,
                read::LIST_SHARDS,
            ],
            [stream.arn()],
        )
    }));
    statements.extend(Keys::use_data(keys));
    let trust = roles::service(context, "firehose.amazonaws.com");
    let role = roles::role(
        scope,
        context,
        &format!("firehose-{name}"),
        trust,
        statements,
    );
    let archive = &context.config.archive;
    let s3 = S3::new(S3Required {
        bucket_arn: bucket.bucket.arn(),
        role_arn: role.arn(),
    })
    .prefix(format!(
        "{name}/dt=!{{timestamp:yyyy-MM-dd}}/hour=!{{timestamp:HH}}/"
    ))
    .error_output_prefix(format!(
        "errors/{name}/!{{firehose:error-output-type}}/dt=!{{timestamp:yyyy-MM-dd}}/"
    ))
    .buffering_size(archive.buffer_mib)
    .buffering_interval(archive.buffer_seconds)
    // CloudWatch's envelopes are gzip already, and members one after the other are a valid
    // gzip file: compressing again would hide them. Metrics come as plain JSON.
    .compression_format(if source.is_some() {
        "UNCOMPRESSED"
    } else {
        "GZIP"
    })
    .cloudwatch_logging_options(
        Logging::new()
            .enabled(true)
            .log_group_name(group.name())
            .log_stream_name(log_stream.name()),
    );
    let args = Args::new("extended_s3")
        .name(context.name(name))
        .extended_s3_configuration(s3);
    let args = match source {
        Some(stream) => args.kinesis_source_configuration(Source::new(SourceRequired {
            kinesis_stream_arn: stream.arn(),
            role_arn: role.arn(),
        })),
        // A delivery stream that reads a stream takes the stream's encryption.
        None => args.server_side_encryption(match keys {
            Some(keys) => Encryption::new()
                .enabled(true)
                .key_type("CUSTOMER_MANAGED_CMK")
                .key_arn(keys.data.arn()),
            None => Encryption::new().enabled(true),
        }),
    };
    let options = Options::new().after(
        &bucket.policy,
        "a delivery that starts before the bucket's policy would be judged by none",
    );
    let options = role.before(options, "creating it tries the role's access to the source");
    scope.declare_with(*name, args, options)
}
