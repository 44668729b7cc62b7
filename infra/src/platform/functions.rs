//! Lambda functions: each with its log group, its role, its configuration and what hears of its
//! failures.
//!
//! Coming from HCL: `aws_lambda_function` with shared full-access roles and no destination for what
//! failed. Here each function has a role of its own, and a queue gets what it could not do.

use super::context::Context;
use super::keys::Keys;
use super::logs;
use super::queues;
use super::roles::{self, Role};
use crate::aws::{cloudwatch, kinesis, lambda, sqs};
use crate::config;
use crate::graph::{Archive, Expr, Options, Scope, Value, json};
use crate::iam::Statement;
use crate::iam::action::{logs as write, sqs as queue, xray};

pub mod appender;

/// What differs between functions.
#[derive(Debug)]
pub struct Spec<'a> {
    /// Logical name, part of the physical one, and the name of the zip.
    pub name: &'static str,
    /// What it does, for the console.
    pub description: &'static str,
    /// Memory, time limit, concurrency.
    pub settings: &'a config::Function,
    /// Its configuration, as the function's own type serialises it.
    pub configuration: Value,
    /// What it may do beyond writing its own log and traces.
    pub statements: Vec<Statement>,
}

/// A declared function.
#[derive(Debug, Clone)]
pub struct Function {
    /// The function.
    pub function: lambda::Function,
    /// Its time limit, in seconds.
    pub timeout_seconds: u32,
    /// Its role.
    pub role: Role,
    /// Its log group. The stream never subscribes to it: a function that reads its own log would
    /// feed itself.
    pub group: cloudwatch::LogGroup,
}

/// What every function shares.
#[derive(Debug, Clone)]
pub struct Shared<'a> {
    /// The scope of all functions.
    pub scope: Scope<'a>,
    /// What could not be done: asynchronous events and stream batches that were given up.
    pub failures: sqs::Queue,
}

/// Declares what every function shares.
pub fn shared<'p>(scope: &Scope<'p>, context: &Context<'_>, keys: Option<&Keys>) -> Shared<'p> {
    let scope = scope.component("Functions", "functions");
    let failures = queues::plain(&scope, context, keys, "failures");
    Shared { scope, failures }
}

/// Declares a function.
pub fn function(
    shared: &Shared<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    spec: Spec<'_>,
) -> Function {
    let Shared { scope, failures } = shared;
    let Spec {
        name,
        description,
        settings,
        configuration,
        mut statements,
    } = spec;
    let physical = context.name(name);
    let group = logs::group(
        scope,
        keys,
        name,
        format!("/aws/lambda/{physical}"),
        context.config.logs.retention_days,
    );
    statements.extend([
        Statement::allow(
            "Log",
            [write::CREATE_LOG_STREAM, write::PUT_LOG_EVENTS],
            [logs::streams(&group)],
        ),
        Statement::allow_any(
            "Trace",
            [xray::PUT_TRACE_SEGMENTS, xray::PUT_TELEMETRY_RECORDS],
            "a trace belongs to no resource",
        ),
        Statement::allow("Failures", [queue::SEND_MESSAGE], [failures.arn()]),
    ]);
    statements.extend(Keys::use_data(keys));
    let role = roles::role(
        scope,
        context,
        name,
        roles::attached("lambda.amazonaws.com"),
        statements,
    );
    let functions = &context.config.functions;
    let mut args = lambda::FunctionArgs::new(role.arn())
        .name(physical)
        .description(description)
        .package_type("Zip")
        .runtime("provided.al2023")
        .handler("bootstrap")
        .architectures([functions.architecture.as_str()])
        .code(Archive::path(format!(
            "{}/{name}.zip",
            functions.zip_directory
        )))
        .memory_size(settings.memory_mib)
        .timeout(settings.timeout_seconds)
        .environment(lambda::FunctionEnvironment::new().variables([(
            aiops_domain::config::ENVIRONMENT_VARIABLE,
            json(configuration),
        )]))
        .logging_config(
            lambda::FunctionLoggingConfig::new("JSON")
                .log_group(group.name())
                .application_log_level(functions.log_level.as_str())
                .system_log_level("WARN"),
        )
        .tracing_config(lambda::FunctionTracingConfig::new("Active"))
        .dead_letter_config(lambda::FunctionDeadLetterConfig::new(failures.arn()));
    if let Some(limit) = settings.reserved_concurrency {
        args = args.reserved_concurrent_executions(limit);
    }
    if let Some(keys) = keys {
        args = args.kms_key_arn(keys.data.arn());
    }
    let options = role.before(
        Options::new().after(
            &group,
            "the function would create the group itself, without retention",
        ),
        "creating it checks that the role may send to the dead-letter queue",
    );
    let function = scope.declare_with(name, args, options);
    Function {
        function,
        timeout_seconds: settings.timeout_seconds,
        role,
        group,
    }
}

/// Feeds a function from a Kinesis stream: batches that fail are bisected, retried from the lowest
/// failure, and set aside in the end.
pub fn from_stream(
    shared: &Shared<'_>,
    context: &Context<'_>,
    function: &Function,
    name: &str,
    stream: &kinesis::Stream,
) -> lambda::EventSourceMapping {
    use lambda::{
        EventSourceMappingDestinationConfig as Destination,
        EventSourceMappingDestinationConfigOnFailure as OnFailure,
    };
    let settings = &context.config.stream;
    shared.scope.declare_with(
        name,
        lambda::EventSourceMappingArgs::new(function.function.arn())
            .event_source_arn(stream.arn())
            .starting_position("TRIM_HORIZON")
            .batch_size(settings.batch_size)
            .maximum_batching_window_in_seconds(settings.batch_window_seconds)
            .parallelization_factor(1)
            .bisect_batch_on_function_error(true)
            .maximum_retry_attempts(settings.maximum_retries)
            .function_response_types(["ReportBatchItemFailures"])
            .destination_config(
                Destination::new().on_failure(OnFailure::new(shared.failures.arn())),
            ),
        function.role.before(
            Options::new(),
            "creating it tries the role's access to the stream",
        ),
    )
}

/// Feeds a function from a queue. Bisecting, retry limits and on-failure destinations do not exist
/// here: the queue's redrive policy does their work.
pub fn from_queue(
    shared: &Shared<'_>,
    function: &Function,
    name: &str,
    queue: Expr<String>,
    batch: Batch,
) -> lambda::EventSourceMapping {
    shared.scope.declare_with(
        name,
        lambda::EventSourceMappingArgs::new(function.function.arn())
            .event_source_arn(queue)
            .batch_size(batch.size)
            .maximum_batching_window_in_seconds(batch.window_seconds)
            .function_response_types(["ReportBatchItemFailures"])
            .scaling_config(
                lambda::EventSourceMappingScalingConfig::new()
                    .maximum_concurrency(batch.maximum_concurrency),
            ),
        function.role.before(
            Options::new(),
            "creating it tries the role's access to the queue",
        ),
    )
}

/// How messages of a queue are put together.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// Most messages.
    pub size: u32,
    /// Longest wait, in seconds.
    pub window_seconds: u32,
    /// Most concurrent executions, at least 2.
    pub maximum_concurrency: u32,
}
