//! What no single key can show: ranges that overlap, names that point nowhere, numbers in the wrong
//! order.

mod network;
mod remediation;

use self::network::network;
use self::remediation::remediation;
use super::problem::{Problem, nearest, shown};
use super::{Endpoint, Environment, InterfaceEndpoint, Nat, RemediationMode, StackConfig, Tiers};

/// What SageMaker takes as the value of one hyperparameter.
const HYPERPARAMETER_CHARS_MAX: usize = 2_500;

type Problems = Vec<Problem>;

/// Every mistake between keys.
pub(super) fn check(config: &StackConfig) -> Problems {
    let mut problems = Problems::new();
    for concern in [
        names,
        network,
        cluster,
        instances,
        log_groups,
        lifecycle,
        functions,
        detection,
        scoring,
        serving,
        remediation,
        teams,
        tags,
        imports,
    ] {
        concern(config, &mut problems);
    }
    problems
}

fn note(problems: &mut Problems, path: impl Into<String>, message: impl Into<String>) {
    problems.push(Problem {
        path: format!("aiops:{}", path.into()),
        message: message.into(),
    });
}

fn names(config: &StackConfig, problems: &mut Problems) {
    let prefix = config.prefix();
    if config.prefix.is_none() && prefix.len() > 20 {
        note(
            problems,
            "prefix",
            format!(
                "`{prefix}` has {} characters; physical names leave it 20: set a shorter one",
                prefix.len()
            ),
        );
    }
    if config.environment == Environment::Local && config.stack != "local" {
        note(
            problems,
            "environment",
            "`local` is the laptop's stack and is not for the engine",
        );
    }
}

fn cluster(config: &StackConfig, problems: &mut Problems) {
    let eks = &config.eks;
    let nodes = &eks.nodes;
    if !(nodes.minimum <= nodes.desired && nodes.desired <= nodes.maximum) {
        note(
            problems,
            "eks.nodes",
            format!(
                "minimum {} ≤ desired {} ≤ maximum {} does not hold",
                nodes.minimum, nodes.desired, nodes.maximum
            ),
        );
    }
    if nodes.instance_types.is_empty() {
        note(
            problems,
            "eks.nodes.instanceTypes",
            "names no instance type",
        );
    }
    if !(12..=24).contains(&eks.service_cidr.prefix()) {
        note(
            problems,
            "eks.serviceCidr",
            format!("{} must have a prefix of /12 to /24", eks.service_cidr),
        );
    }
    for (index, range) in eks.public_access_cidrs.iter().enumerate() {
        if range.prefix() < 8 {
            note(
                problems,
                format!("eks.publicAccessCidrs[{index}]"),
                format!("{range} opens the API server to the world: name your own ranges"),
            );
        }
    }
    if eks.node_remediation && !eks.enabled {
        note(problems, "eks.nodeRemediation", "needs `eks.enabled: true`");
    }
    if config.network.nat == Nat::None && eks.enabled {
        for needed in [
            InterfaceEndpoint::EcrApi,
            InterfaceEndpoint::EcrDkr,
            InterfaceEndpoint::Ec2,
            InterfaceEndpoint::Eks,
            InterfaceEndpoint::Sts,
        ] {
            if !config.network.interface_endpoints.contains(&needed) {
                note(
                    problems,
                    "network.interfaceEndpoints",
                    format!(
                        "`{needed}` is needed: with `nat: none` the nodes have no other way to it"
                    ),
                );
            }
        }
    }
}

fn instances(config: &StackConfig, problems: &mut Problems) {
    for (name, instance) in &config.compute.instances {
        if instance.zone >= config.network.zones {
            note(
                problems,
                format!("compute.instances.{name}.zone"),
                format!(
                    "{} does not exist: `network.zones` is {}",
                    instance.zone, config.network.zones
                ),
            );
        }
        for (index, file) in instance.log_files.iter().enumerate() {
            if !config.logs.groups.contains_key(file.group.as_str()) {
                note(
                    problems,
                    format!("compute.instances.{name}.logFiles[{index}].group"),
                    unknown_group(config, &file.group),
                );
            }
        }
    }
}

fn unknown_group(config: &StackConfig, name: &str) -> String {
    let known: Vec<&str> = config.logs.groups.keys().map(super::Slug::as_str).collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!(
            "`{}` is not in `logs.groups`; did you mean `{near}`?",
            shown(name)
        ),
        None => format!(
            "`{}` is not in `logs.groups` ({})",
            shown(name),
            known.join(", ")
        ),
    }
}

fn log_groups(config: &StackConfig, problems: &mut Problems) {
    let mut names = std::collections::BTreeMap::new();
    for (key, group) in &config.logs.groups {
        let name = config.log_group_name(key, group);
        if name.starts_with("/aws/lambda/") {
            note(
                problems,
                format!("logs.groups.{key}.name"),
                format!(
                    "`{name}` belongs to a function: reading its own log, the pipeline would never end"
                ),
            );
        }
        if let Some(first) = names.insert(name.clone(), key) {
            note(
                problems,
                format!("logs.groups.{key}.name"),
                format!("`{name}` is the group of `{first}` too"),
            );
        }
        if group.filter_pattern.chars().count() > 1024 {
            note(
                problems,
                format!("logs.groups.{key}.filterPattern"),
                "is longer than 1024 characters",
            );
        }
    }
}

fn lifecycle(config: &StackConfig, problems: &mut Problems) {
    for (name, tiers) in [
        ("raw", &config.lifecycle.raw),
        ("segments", &config.lifecycle.segments),
        ("metrics", &config.lifecycle.metrics),
    ] {
        let Tiers {
            infrequent_access_days,
            glacier_days,
            expire_days,
        } = *tiers;
        let steps: Vec<(&str, u32)> = [
            ("infrequentAccessDays", infrequent_access_days),
            ("glacierDays", glacier_days),
            ("expireDays", expire_days),
        ]
        .into_iter()
        .filter_map(|(step, days)| Some((step, days?)))
        .collect();
        for ((early, first), (late, second)) in steps.iter().zip(steps.iter().skip(1)) {
            if first >= second {
                note(
                    problems,
                    format!("lifecycle.{name}.{late}"),
                    format!("{second} is not later than `{early}` ({first})"),
                );
            }
        }
    }
    let training = config.sagemaker.training.days;
    if let Some(days) = config
        .lifecycle
        .segments
        .expire_days
        .filter(|days| *days < training)
    {
        note(
            problems,
            "sagemaker.training.days",
            format!(
                "{training} days of segments are read, but they are deleted after {days} (lifecycle.segments.expireDays)"
            ),
        );
    }
}

fn functions(config: &StackConfig, problems: &mut Problems) {
    let approvals = &config.functions.approvals;
    if approvals.timeout_seconds > 30 {
        note(
            problems,
            "functions.approvals.timeoutSeconds",
            format!(
                "{} is longer than API Gateway waits (30)",
                approvals.timeout_seconds
            ),
        );
    }
}

fn detection(config: &StackConfig, problems: &mut Problems) {
    let detection = &config.detection;
    let longest = detection
        .window_seconds
        .saturating_add(detection.lateness_seconds);
    if longest / 60 >= detection.silence_minutes {
        note(
            problems,
            "detection.silenceMinutes",
            format!(
                "{} is shorter than a window and its lateness ({longest} s): the alarm would always ring",
                detection.silence_minutes
            ),
        );
    }
}

fn scoring(config: &StackConfig, problems: &mut Problems) {
    let detection = &config.detection;
    if detection.fingerprint_fields.is_empty() {
        note(
            problems,
            "detection.fingerprintFields",
            "names no field: everything would be one incident",
        );
    }
    for (index, mask) in detection.masks.iter().enumerate() {
        if mask.pattern.is_empty() {
            note(
                problems,
                format!("detection.masks[{index}].pattern"),
                "names no part of a message: give a regular expression",
            );
        }
    }
    let masks = detection
        .masks_json()
        .map_or(0, |json| json.chars().count());
    if masks > HYPERPARAMETER_CHARS_MAX {
        note(
            problems,
            "detection.masks",
            format!(
                "are {masks} characters as JSON, of which SageMaker hands {HYPERPARAMETER_CHARS_MAX} to a training job: join expressions or leave some out"
            ),
        );
    }
    for (index, capacity) in detection.capacities.iter().enumerate() {
        if capacity.metric.is_empty() {
            note(
                problems,
                format!("detection.capacities[{index}].metric"),
                "names no metric",
            );
        }
    }
    let endpoint = &detection.endpoint;
    if endpoint.enabled && config.sagemaker.endpoint == Endpoint::None {
        note(
            problems,
            "detection.endpoint.enabled",
            "needs `sagemaker.endpoint: serverless` or `instances`",
        );
    }
    let timeout = config.functions.anomaly_detector.timeout_seconds;
    if endpoint.timeout_milliseconds >= timeout.saturating_mul(1000) {
        note(
            problems,
            "detection.endpoint.timeoutMilliseconds",
            format!(
                "{} leaves the function, which runs {timeout} s at most, no time to score itself",
                endpoint.timeout_milliseconds
            ),
        );
    }
}

fn serving(config: &StackConfig, problems: &mut Problems) {
    let sagemaker = &config.sagemaker;
    if sagemaker.instances.minimum > sagemaker.instances.maximum {
        note(
            problems,
            "sagemaker.instances",
            format!(
                "minimum {} is more than maximum {}",
                sagemaker.instances.minimum, sagemaker.instances.maximum
            ),
        );
    }
    if sagemaker.endpoint != Endpoint::None
        && sagemaker.model.is_some()
        && sagemaker.image.is_none()
    {
        note(
            problems,
            "sagemaker.model",
            "needs `sagemaker.image`: a model is served by our image",
        );
    }
    for (path, kind) in [
        (
            "sagemaker.notebookInstanceType",
            &sagemaker.notebook_instance_type,
        ),
        (
            "sagemaker.instances.instanceType",
            &sagemaker.instances.instance_type,
        ),
        (
            "sagemaker.training.instanceType",
            &sagemaker.training.instance_type,
        ),
    ] {
        if !kind.starts_with("ml.") {
            note(
                problems,
                path,
                format!(
                    "`{}` is not a SageMaker type: they begin with ml.",
                    shown(kind)
                ),
            );
        }
    }
}

fn teams(config: &StackConfig, problems: &mut Problems) {
    let mut owners = std::collections::BTreeMap::new();
    for (name, team) in &config.teams {
        if team.log_groups.is_empty() {
            note(
                problems,
                format!("teams.{name}.logGroups"),
                "names no log group: the team would own nothing",
            );
        }
        if team.log_groups.len() > 9 {
            note(
                problems,
                format!("teams.{name}.logGroups"),
                "are more than nine: the alarm on a team's volume adds no more up",
            );
        }
        for (index, group) in team.log_groups.iter().enumerate() {
            let path = format!("teams.{name}.logGroups[{index}]");
            if !config.logs.groups.contains_key(group.as_str()) {
                note(problems, &path, unknown_group(config, group));
            }
            if let Some(owner) = owners.insert(group.as_str(), name) {
                note(
                    problems,
                    &path,
                    format!("`{}` belongs to team `{owner}` already", shown(group)),
                );
            }
        }
        if team.remediation == RemediationMode::Approve
            && team.approvers.is_empty()
            && config.remediation.approvers.is_empty()
        {
            note(
                problems,
                format!("teams.{name}.remediation"),
                "is `approve`, but nobody may: name `approvers`",
            );
        }
        if team.slack_channel.is_some() && config.notify.slack.is_none() {
            note(
                problems,
                format!("teams.{name}.slackChannel"),
                "needs `notify.slack`",
            );
        }
    }
    let budgets: f64 = config.teams.values().map(|team| team.monthly_usd).sum();
    if let Some(total) = config.monthly_usd.filter(|total| budgets > *total) {
        note(
            problems,
            "teams",
            format!(
                "the teams' budgets add up to {budgets} USD, the stack has {total} (monthlyUsd)"
            ),
        );
    }
}

fn tags(config: &StackConfig, problems: &mut Problems) {
    if config.tags.len() > 40 {
        note(
            problems,
            "tags",
            format!(
                "are {}; AWS takes 50 and the program adds its own",
                config.tags.len()
            ),
        );
    }
    for key in config.tags.keys() {
        if key.to_lowercase().starts_with("aws:") || key.is_empty() || key.chars().count() > 128 {
            note(
                problems,
                format!("tags.{}", shown(key)),
                "a tag's key has 1 to 128 characters and does not begin with aws:",
            );
        }
    }
}

fn imports(config: &StackConfig, problems: &mut Problems) {
    for (resource, id) in &config.imports {
        let path = format!("imports.{}", shown(resource));
        if resource.split("::").filter(|part| !part.is_empty()).count() != 2 {
            note(
                problems,
                &path,
                "must be `type::name`, for instance `aws:s3/bucket:Bucket::raw`",
            );
        }
        if id.trim().is_empty() {
            note(problems, &path, "has no id");
        }
    }
}
