//! A training job from a stack's outputs. Its name is made of its inputs: the same command starts one
//! job, however often it is given.

use std::collections::BTreeMap;

use aiops_domain::Time;
use aiops_domain::config::{TrainingConfig, TrainingNames, TrainingRange, TrainingResources};
use aiops_domain::finding::hex;
use aiops_functions::ports::training::{Creation, TrainingJobs as _};
use aiops_functions::training::job::TrainingJob;
use aiops_functions::training::manifest::Ranges;
use aiops_functions::training::{Prepared, prepare};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::of_port;
use super::watch::{Status, describe};
use crate::deployed::{Deployed, LOCAL};
use crate::error::CommandError;

/// Jobs of the same inputs that were tried before a new one is given up.
const TRIES_MAX: u32 = 20;

/// What shapes a submission beside the stack.
#[derive(Debug, Clone)]
pub struct Request {
    /// The image: a whole reference, a tag or a digest of the stack's repository.
    pub image: String,
    /// Up to when.
    pub until: Time,
    /// How much.
    pub range: TrainingRange,
    /// On what.
    pub resources: TrainingResources,
    /// What the container is told.
    pub hyperparameters: std::collections::BTreeMap<String, String>,
}

/// A job that runs, or ran.
#[derive(Debug, Clone)]
pub struct Submitted {
    /// Its configuration.
    pub config: TrainingConfig,
    /// Its name.
    pub name: String,
    /// Whether it was there already.
    pub known: bool,
    /// Segments to learn from and to evaluate on.
    pub segments: (usize, usize),
}

/// Starts the job, unless a job of the same inputs runs or is done. Jobs that failed or were stopped are
/// tried again, under a further name.
///
/// # Errors
/// When there is nothing to learn from, or AWS refuses.
pub async fn submit(stack: &Deployed, request: &Request) -> Result<Submitted, CommandError> {
    let config = configuration(stack, request)?;
    let problems = config.problems();
    if !problems.is_empty() {
        return Err(CommandError::BadInput(problems.join("; ")));
    }
    let ranges = Ranges::before(request.until, &config.range);
    let prepared = prepare(&stack.objects, &config, ranges)
        .await
        .map_err(of_port)?;
    let segments = (
        prepared.training.selection().objects,
        prepared.validation.selection().objects,
    );
    if segments.0 == 0 {
        return Err(CommandError::bad_key(
            "--days",
            format_args!(
                "there are no segments to learn from in {} between {} and {}; what is newer is evaluated on (--validation-hours), and the hour that runs is left out (--until)",
                config.segments_bucket,
                ranges.training.start.start(),
                ranges.training.end.start(),
            ),
        ));
    }
    let base = format!("{}-{}", config.job_prefix, identity(&config, &prepared));
    for number in 1..=TRIES_MAX {
        let name = if number == 1 {
            base.clone()
        } else {
            format!("{base}-{number}")
        };
        match describe(&stack.client, &name).await? {
            Some(job) if matches!(job.status, Status::Failed | Status::Stopped) => {}
            Some(_) => {
                return Ok(Submitted {
                    config,
                    name,
                    known: true,
                    segments,
                });
            }
            None => {
                let inputs = prepared
                    .write(&stack.objects, &stack.client, &config, &name)
                    .await
                    .map_err(of_port)?;
                let job = TrainingJob::new(&config, name.clone(), inputs);
                let creation = stack.client.create(&job).await.map_err(of_port)?;
                return Ok(Submitted {
                    config,
                    name,
                    known: creation == Creation::Known,
                    segments,
                });
            }
        }
    }
    Err(CommandError::Failed(anyhow::anyhow!(
        "{TRIES_MAX} jobs of these inputs failed: see the log of {base}-{TRIES_MAX}"
    )))
}

/// Twelve digits of everything that shapes the model.
fn identity(config: &TrainingConfig, prepared: &Prepared) -> String {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(config).unwrap_or_default());
    for part in [&prepared.training, &prepared.validation] {
        for (key, etag) in part.identity() {
            hash.update(key.as_bytes());
            hash.update([0]);
            hash.update(etag.as_bytes());
            hash.update([0]);
        }
        hash.update([1]);
    }
    hex(&hash.finalize()).chars().take(12).collect()
}

fn configuration(stack: &Deployed, request: &Request) -> Result<TrainingConfig, CommandError> {
    let repository = stack.text("modelRepositoryUrl")?;
    let image = if request.image.contains('/') {
        request.image.clone()
    } else if request.image.starts_with("sha256:") {
        format!("{repository}@{}", request.image)
    } else {
        format!("{repository}:{}", request.image)
    };
    let parameter = stack.text("modelParameter")?;
    // `/<prefix>/model`: what the stack's names begin with.
    let prefix = parameter
        .trim_matches('/')
        .split('/')
        .next()
        .unwrap_or("aiops");
    let mut config = TrainingConfig::new(TrainingNames {
        segments_bucket: stack.text("segmentsBucket")?.to_owned(),
        models_bucket: stack.text("modelsBucket")?.to_owned(),
        model_parameter: parameter.to_owned(),
        role_arn: stack.text("sagemakerRoleArn")?.to_owned(),
        image,
        job_prefix: format!("{prefix}-train"),
    });
    config.range = request.range.clone();
    config.resources = request.resources.clone();
    config.hyperparameters = hyperparameters(
        stack.value("trainingHyperparameters"),
        &request.hyperparameters,
    );
    if stack.stack != LOCAL {
        config.subnet_ids = stack.list("privateSubnetIds");
        config.security_group_ids = stack
            .value("sagemakerSecurityGroupId")
            .or_else(|| stack.value("workloadGroupId"))
            .and_then(Value::as_str)
            .map(|id| vec![id.to_owned()])
            .unwrap_or_default();
        // Without a group of its own there is no network at all, which the container does not need.
        if config.security_group_ids.is_empty() {
            config.subnet_ids.clear();
        }
    }
    config.kms_key_arn = stack
        .value("dataKeyArn")
        .and_then(Value::as_str)
        .map(str::to_owned);
    config.tags.insert("Project".to_owned(), "aiops".to_owned());
    config.tags.insert("Stack".to_owned(), stack.stack.clone());
    Ok(config)
}

/// Keys of which giving one takes back what the stack says in the others.
const ALTERNATIVES: [&[&str]; 2] = [
    &["window_seconds", "key", "gap_seconds"],
    &["alarm_rate", "pages", "per_windows"],
];

/// What the stack's scheduled training is told, unless the request says otherwise.
fn hyperparameters(
    of_stack: Option<&Value>,
    requested: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let replaced = |key: &str| {
        let mut groups = ALTERNATIVES.iter().filter(|group| group.contains(&key));
        groups.any(|group| group.iter().any(|other| requested.contains_key(*other)))
    };
    let of_stack = of_stack.and_then(Value::as_object).into_iter().flatten();
    of_stack
        .filter(|(key, _)| !replaced(key))
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .chain(requested.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_replaces_what_the_stack_says_in_its_alternatives_too() {
        let stack = serde_json::json!({
            "window_seconds": "300", "pages": "2", "per_windows": "201600", "flow_format": "version",
        });
        let merged = |given: &[(&str, &str)]| -> Vec<String> {
            let given = given
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            let merged = hyperparameters(Some(&stack), &given);
            merged
                .into_iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect()
        };
        assert_eq!(
            merged(&[]),
            [
                "flow_format=version",
                "pages=2",
                "per_windows=201600",
                "window_seconds=300"
            ]
        );
        assert_eq!(
            merged(&[("key", "blk_\\d+"), ("alarm_rate", "0.01"), ("seed", "3")]),
            [
                "alarm_rate=0.01",
                "flow_format=version",
                "key=blk_\\d+",
                "seed=3"
            ]
        );
        assert_eq!(hyperparameters(None, &BTreeMap::new()), BTreeMap::new());
    }
}
