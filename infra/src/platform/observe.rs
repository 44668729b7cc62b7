//! The platform watches itself: alarms, one composite alarm, a dashboard, saved queries, the metric
//! stream, the budget.
//!
//! Coming from HCL: `aws_cloudwatch_metric_alarm` without actions.

use super::archive::Firehoses;
use super::context::Context;
use super::detection::Detection;
use super::functions::Function;
use super::keys::Keys;
use super::logs::Subscribed;
use super::topics::Topics;
use crate::aws::{cloudwatch, kinesis, sfn, sqs};
use crate::graph::Scope;

mod alarms;
mod budget;
mod dashboard;
mod metrics;
mod queries;
mod volume;

/// What is watched.
#[derive(Debug, Clone)]
pub struct Watched<'a> {
    /// The stream.
    pub stream: &'a kinesis::Stream,
    /// The delivery streams.
    pub firehoses: &'a Firehoses,
    /// Every function, by name.
    pub functions: Vec<(&'static str, &'a Function)>,
    /// What could not be done.
    pub failures: &'a sqs::Queue,
    /// Detection.
    pub detection: &'a Detection,
    /// The workflow.
    pub workflow: &'a sfn::StateMachine,
    /// The groups whose lines are analysed.
    pub groups: &'a [Subscribed],
}

/// Declares it; nothing on the laptop, where the command line watches.
pub fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    topics: &Topics,
    watched: &Watched<'_>,
) -> Option<cloudwatch::Dashboard> {
    if context.is_local() {
        return None;
    }
    let scope = scope.component("Observe", "observe");
    let volumes = volume::declare(&scope, context, topics, watched.groups);
    alarms::declare(&scope, context, topics, watched, volumes);
    queries::declare(&scope, context, watched.groups);
    metrics::declare(&scope, context, keys, watched.firehoses);
    budget::declare(&scope, context, topics);
    Some(dashboard::declare(&scope, context, watched))
}
