//! The Kinesis stream that every subscription filter writes to.
//!
//! Coming from HCL: `aws_kinesis_stream`, now encrypted and with its retention in the
//! configuration.

use super::context::Context;
use super::keys::Keys;
use crate::aws::kinesis;
use crate::config::{RemediationAction, RemediationMode};
use crate::graph::{Expr, Options, Scope};

/// Declares the stream.
pub fn declare(scope: &Scope<'_>, context: &Context<'_>, keys: Option<&Keys>) -> kinesis::Stream {
    let scope = scope.component("Stream", "stream");
    let stream = &context.config.stream;
    let key: Expr<String> = match keys {
        Some(keys) => keys.data.arn(),
        None => "alias/aws/kinesis".into(),
    };
    let args = kinesis::StreamArgs::new()
        .name(context.name("logs"))
        .encryption_type("KMS")
        .kms_key_id(key)
        .retention_period(stream.retention_hours)
        .shard_level_metrics(["IncomingBytes", "IteratorAgeMilliseconds"]);
    let args = match stream.shards {
        Some(shards) => args
            .shard_count(shards)
            .stream_mode_details(kinesis::StreamStreamModeDetails::new("PROVISIONED")),
        None => args.stream_mode_details(kinesis::StreamStreamModeDetails::new("ON_DEMAND")),
    };
    let raised = context
        .config
        .remediation
        .actions
        .get(&RemediationAction::RaiseStreamCapacity)
        .is_some_and(|policy| policy.mode != RemediationMode::Off);
    // What a remediation raised, a deployment must not take back.
    let options = match stream.shards {
        Some(_) if raised => Options::new().ignore_changes(["shardCount"]),
        _ => Options::new(),
    };
    scope.declare_with("logs", args, options)
}
