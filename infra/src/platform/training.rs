//! Scheduled training: a function that writes the manifest and creates the job, and the schedule
//! that invokes it. Both appear with the image, in the second phase of a first deployment.
//!
//! Coming from HCL: nothing; models were trained by hand in the notebook.

use std::collections::BTreeMap;

use aiops_domain::config::TrainingConfig;
use aiops_domain::config::training::{TrainingNames, TrainingRange, TrainingResources};

use aiops_domain::shape::flow::FlowFormat;

use crate::aws::{scheduler, ssm};
use crate::graph::{Document, Options, Scope, json};
use crate::iam::action::{iam, lambda, s3, sagemaker, sqs, ssm as parameter};
use crate::iam::{Condition, Operator, Statement};
use crate::object;
use crate::platform::archive::Buckets;
use crate::platform::context::Context;
use crate::platform::functions::{Function, Shared, Spec, function};
use crate::platform::keys::Keys;
use crate::platform::network::Network;
use crate::platform::roles;
use crate::platform::sagemaker::Sagemaker;

/// What training reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The image and the role of the job.
    pub sagemaker: &'a Sagemaker,
    /// The buckets.
    pub buckets: &'a Buckets,
    /// The pointer to the current model.
    pub pointer: &'a ssm::Parameter,
    /// Where the job's containers run.
    pub network: &'a Network,
}

/// Declares the function, and its schedule if there is one.
pub fn declare(
    shared: &Shared<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    places: Places<'_>,
) -> Option<Function> {
    let settings = &context.config.sagemaker;
    let image = settings.image.as_deref()?;
    let training = function(
        shared,
        context,
        keys,
        Spec {
            name: "training-manifest",
            description: "Writes the manifest of a training job and creates the job",
            settings: &context.config.functions.training_manifest,
            configuration: configuration(context, keys, places, image),
            statements: statements(context, places),
        },
    );
    if let Some(expression) = &settings.training.schedule {
        schedule(&shared.scope, context, keys, shared, &training, expression);
    }
    Some(training)
}

fn configuration(
    context: &Context<'_>,
    keys: Option<&Keys>,
    places: Places<'_>,
    image: &str,
) -> crate::graph::Value {
    let Places {
        sagemaker,
        buckets,
        pointer,
        network,
    } = places;
    let settings = &context.config.sagemaker.training;
    let mut document = Document::default();
    let names = TrainingNames {
        segments_bucket: document.hole(buckets.segments.name()),
        models_bucket: document.hole(buckets.models.name()),
        model_parameter: document.hole(pointer.name()),
        role_arn: document.hole(sagemaker.role.arn()),
        image: document.hole(sagemaker.image(image)),
        job_prefix: context.config.prefix(),
    };
    let configuration = TrainingConfig {
        range: TrainingRange {
            days: settings.days,
            ..TrainingRange::default()
        },
        resources: TrainingResources {
            instance_type: settings.instance_type.clone(),
            instances: settings.instances,
            volume_gib: settings.volume_gib,
            maximum_minutes: settings.maximum_minutes,
            ..TrainingResources::default()
        },
        kms_key_arn: Keys::data_arn(keys).map(|arn| document.hole(arn)),
        subnet_ids: network
            .private
            .iter()
            .map(|subnet| document.hole(subnet.id()))
            .collect(),
        security_group_ids: vec![document.hole(network.groups.workload.id())],
        tags: context.config.all_tags(),
        hyperparameters: hyperparameters(context),
        ..TrainingConfig::new(names)
    };
    document.finish(&configuration)
}

/// What a training of this stack's lines is told, in the words of the container: its windows, how many
/// false pages they may bring, and which fields its flow logs have.
pub fn hyperparameters(context: &Context<'_>) -> BTreeMap<String, String> {
    let detection = &context.config.detection;
    let windows = detection.windows_a_week(detection.window_seconds.into());
    let window = match &detection.session_key {
        Some(key) => vec![
            ("key", key.clone()),
            ("gap_seconds", detection.session_gap_seconds.to_string()),
        ],
        None => vec![("window_seconds", detection.window_seconds.to_string())],
    };
    window
        .into_iter()
        .chain(detection.masks_json().map(|masks| ("masks", masks)))
        .chain([
            ("pages", detection.pages_per_week.to_string()),
            ("per_windows", windows.to_string()),
            ("flow_format", FlowFormat::platform().to_string()),
        ])
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn statements(context: &Context<'_>, places: Places<'_>) -> Vec<Statement> {
    let jobs = context.arn(
        "sagemaker",
        format!("training-job/{}-*", context.config.prefix()),
    );
    let buckets = places.buckets;
    vec![
        Statement::allow("List", [s3::LIST_BUCKET], [buckets.segments.bucket.arn()]).when(
            Condition::new(Operator::StringLike, "s3:prefix", ["segments/*"]),
        ),
        Statement::allow(
            "Manifest",
            [s3::PUT_OBJECT],
            [buckets.models.objects("training/")],
        ),
        Statement::allow(
            "Pointer",
            [parameter::GET_PARAMETER],
            [places.pointer.arn()],
        ),
        Statement::allow(
            "Train",
            [sagemaker::ADD_TAGS, sagemaker::CREATE_TRAINING_JOB],
            [jobs],
        ),
        Statement::allow("PassRole", [iam::PASS_ROLE], [places.sagemaker.role.arn()]).when(
            Condition::equals("iam:PassedToService", "sagemaker.amazonaws.com"),
        ),
    ]
}

fn schedule(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    shared: &Shared<'_>,
    training: &Function,
    expression: &str,
) {
    let mut statements = vec![
        Statement::allow(
            "Invoke",
            [lambda::INVOKE_FUNCTION],
            [training.function.arn()],
        ),
        Statement::allow("Failures", [sqs::SEND_MESSAGE], [shared.failures.arn()]),
    ];
    statements.extend(Keys::use_data(keys));
    let trust = roles::service(context, "scheduler.amazonaws.com");
    let role = roles::role(scope, context, "training-schedule", trust, statements);
    let mut args = scheduler::ScheduleArgs::new(scheduler::ScheduleRequired {
        // Nothing waits for it: AWS may spread the load.
        flexible_time_window: scheduler::ScheduleFlexibleTimeWindow::new("FLEXIBLE")
            .maximum_window_in_minutes(15)
            .into(),
        schedule_expression: expression.into(),
        target: scheduler::ScheduleTarget::new(scheduler::ScheduleTargetRequired {
            arn: training.function.arn(),
            role_arn: role.arn(),
        })
        .input(json(object! {
            "scheduled_time" => "<aws.scheduler.scheduled-time>",
        }))
        .dead_letter_config(scheduler::ScheduleTargetDeadLetterConfig::new(
            shared.failures.arn(),
        ))
        .retry_policy(
            scheduler::ScheduleTargetRetryPolicy::new()
                .maximum_retry_attempts(3)
                .maximum_event_age_in_seconds(3600),
        )
        .into(),
    })
    .name(context.name("training"))
    .description("Trains a model on the last days")
    .schedule_expression_timezone("UTC");
    if let Some(keys) = keys {
        args = args.kms_key_arn(keys.data.arn());
    }
    let options = role.before(
        Options::new(),
        "a schedule that fires without permissions sends its event to nobody",
    );
    scope.declare_with("training", args, options);
}
