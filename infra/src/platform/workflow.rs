//! The workflow of an incident: the state machine that the detector starts.

use super::context::Context;
use super::functions::Function;
use super::keys::Keys;
use super::{logs, roles};
use crate::asl::remediation::Workflow;
use crate::aws::sfn;
use crate::graph::{Options, Scope};
use crate::iam::Statement;
use crate::iam::action::{lambda, logs as delivery, xray};

/// Declares the state machine, its role and its log group.
pub fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    remediator: &Function,
) -> sfn::StateMachine {
    let scope = scope.component("Workflow", "workflow");
    let name = context.name("incidents");
    let group = logs::group(
        &scope,
        keys,
        "workflow",
        // The prefix keeps the account's policy for log delivery short.
        format!("/aws/vendedlogs/states/{name}"),
        context.config.logs.retention_days,
    );
    let mut statements = vec![
        Statement::allow(
            "Invoke",
            [lambda::INVOKE_FUNCTION],
            [remediator.function.arn()],
        ),
        Statement::allow_any(
            "LogDelivery",
            [
                delivery::CREATE_LOG_DELIVERY,
                delivery::DELETE_LOG_DELIVERY,
                delivery::DESCRIBE_LOG_GROUPS,
                delivery::DESCRIBE_RESOURCE_POLICIES,
                delivery::GET_LOG_DELIVERY,
                delivery::LIST_LOG_DELIVERIES,
                delivery::PUT_RESOURCE_POLICY,
                delivery::UPDATE_LOG_DELIVERY,
            ],
            "deliveries of vended logs belong to the account",
        ),
        Statement::allow_any(
            "Trace",
            [
                xray::PUT_TRACE_SEGMENTS,
                xray::PUT_TELEMETRY_RECORDS,
                xray::GET_SAMPLING_RULES,
                xray::GET_SAMPLING_TARGETS,
            ],
            "a trace belongs to no resource",
        ),
    ];
    statements.extend(Keys::use_data(keys));
    let trust = roles::service(context, "states.amazonaws.com");
    let role = roles::role(&scope, context, "workflow", trust, statements);
    let mut args = sfn::StateMachineArgs::new(sfn::StateMachineRequired {
        definition: Workflow {
            remediator: remediator.function.arn(),
            approval_seconds: context.config.remediation.approval_minutes * 60,
        }
        .machine()
        .definition(),
        role_arn: role.arn(),
    })
    .name(name)
    .r#type("STANDARD")
    .logging_configuration(
        sfn::StateMachineLoggingConfiguration::new()
            .level("ALL")
            // Plans and lines of incidents stay in the table, which knows who may read them.
            .include_execution_data(false)
            .log_destination(logs::streams(&group)),
    )
    .tracing_configuration(sfn::StateMachineTracingConfiguration::new().enabled(true));
    if let Some(keys) = keys {
        args = args.encryption_configuration(
            sfn::StateMachineEncryptionConfiguration::new()
                .r#type("CUSTOMER_MANAGED_KMS_KEY")
                .kms_key_id(keys.data.arn())
                .kms_data_key_reuse_period_seconds(300),
        );
    }
    let options = role.before(
        Options::new(),
        "creating it tries the role's access to its log group",
    );
    scope.declare_with("incidents", args, options)
}
