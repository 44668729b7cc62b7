//! `log-appender`: from the stream to segments.

use aiops_domain::config::AppenderConfig;

use super::{Function, Shared, Spec, from_stream, function};
use crate::aws::kinesis;
use crate::graph::Document;
use crate::iam::Statement;
use crate::iam::action::{kinesis as read, s3};
use crate::platform::buckets::Bucket;
use crate::platform::context::Context;
use crate::platform::intake;
use crate::platform::keys::Keys;

/// Declares the function and its mapping.
pub fn declare(
    shared: &Shared<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    stream: &kinesis::Stream,
    segments: &Bucket,
) -> Function {
    let mut document = Document::default();
    let configuration = AppenderConfig {
        rules: intake::rules(context.config),
        time: intake::time(context.config),
        ..AppenderConfig::new(document.hole(segments.name()))
    };
    let appender = function(
        shared,
        context,
        keys,
        Spec {
            name: "log-appender",
            description: "Turns envelopes of the stream into segments",
            settings: &context.config.functions.log_appender,
            configuration: document.finish(&configuration),
            statements: vec![
                Statement::allow(
                    "Read",
                    [
                        read::DESCRIBE_STREAM,
                        read::DESCRIBE_STREAM_SUMMARY,
                        read::GET_RECORDS,
                        read::GET_SHARD_ITERATOR,
                        read::LIST_SHARDS,
                    ],
                    [stream.arn()],
                ),
                // Reading: S3 asks for it where a write replaces the one object that it knows.
                Statement::allow(
                    "Write",
                    [s3::PUT_OBJECT, s3::GET_OBJECT],
                    [
                        segments.objects("segments/"),
                        segments.objects("quarantine/"),
                    ],
                ),
            ],
        },
    );
    from_stream(shared, context, &appender, "log-appender", stream);
    appender
}
