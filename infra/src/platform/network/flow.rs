//! VPC flow logs, in a format that carries the fields of version 5.

use aiops_domain::shape::flow::FlowFormat;

use crate::aws::ec2;
use crate::graph::{Options, Scope};
use crate::iam::Statement;
use crate::iam::action::logs as act;
use crate::platform::context::Context;
use crate::platform::intake;
use crate::platform::keys::Keys;
use crate::platform::logs::{self, Subscribed};
use crate::platform::roles;

/// Declares the flow log of the VPC, its group and its role.
pub(super) fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    vpc: &ec2::Vpc,
) -> Subscribed {
    let config = context.config;
    let group = logs::group(
        scope,
        keys,
        "vpc-flow",
        intake::flow_group(config),
        config.logs.retention_days,
    );
    let role = roles::role(
        scope,
        context,
        "flow-logs",
        roles::service(context, "vpc-flow-logs.amazonaws.com"),
        [Statement::allow(
            "Write",
            [
                act::CREATE_LOG_STREAM,
                act::DESCRIBE_LOG_STREAMS,
                act::PUT_LOG_EVENTS,
            ],
            [logs::streams(&group)],
        )],
    );
    let options = role.before(
        Options::new(),
        "a flow log without permissions starts and delivers nothing",
    );
    let format = FlowFormat::platform().to_string();
    let format: Vec<String> = format
        .split(' ')
        .map(|field| format!("${{{field}}}"))
        .collect();
    scope.declare_with(
        "vpc",
        ec2::FlowLogArgs::new()
            .vpc_id(vpc.id())
            .traffic_type("ALL")
            .log_destination_type("cloud-watch-logs")
            .log_destination(group.arn())
            .iam_role_arn(role.arn())
            .log_format(format.join(" "))
            .max_aggregation_interval(config.network.flow_log_interval_seconds),
        options,
    );
    Subscribed {
        name: "vpc-flow".to_owned(),
        group: group.name(),
        resource: Some(group),
        pattern: String::new(),
        team: None,
    }
}
