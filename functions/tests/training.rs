//! `training-manifest`: what it writes, what it asks for, and that running twice is running once.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use aiops_domain::config::{TrainingConfig, TrainingNames};
use aiops_domain::segment::{Partition, SegmentName};
use aiops_domain::{Source, Time};
use aiops_functions::fakes::{
    Failing, FakeClock, FakeObjectStore, FakeParameters, FakeTrainingJobs, Fault, Faults,
};
use aiops_functions::ports::{ObjectStore as _, PortError};
use aiops_functions::training::{Answer, Trainer, TrainingEvent};
use serde_json::{Value, json};

const NOW: &str = "2026-08-15T03:00:27Z";

fn config() -> TrainingConfig {
    TrainingConfig::new(TrainingNames {
        segments_bucket: "segments".into(),
        models_bucket: "models".into(),
        model_parameter: "/aiops-dev/model".into(),
        role_arn: "arn:aws:iam::111122223333:role/aiops-dev-sagemaker".into(),
        image: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/aiops-dev/model:1".into(),
        job_prefix: "aiops-dev".into(),
    })
}

#[derive(Default)]
struct World {
    objects: FakeObjectStore,
    parameters: FakeParameters,
    jobs: FakeTrainingJobs,
}

impl World {
    async fn with_segments() -> Self {
        let world = Self::default();
        for (source, time) in [
            (Source::Ec2, "2026-08-01T02:59:59Z"),     // an hour too early
            (Source::Ec2, "2026-08-01T03:00:00Z"),     // the first hour
            (Source::VpcFlow, "2026-08-13T02:59:59Z"), // the last hour to learn from
            (Source::Ec2, "2026-08-13T03:00:00Z"),     // the first hour to evaluate on
            (Source::Eks, "2026-08-15T02:10:00Z"),     // the last one
            (Source::Eks, "2026-08-15T03:00:00Z"),     // not whole yet
            (Source::Metrics, "2026-08-10T00:00:00Z"), // no log lines
        ] {
            world.segment(source, time).await;
        }
        for key in [
            "segments/source=ec2/dt=2026-08-05/hour=01/readme.txt",
            "quarantine/dt=2026-08-05/shardId-000000000000-1.json",
        ] {
            world.put(key, b"x".to_vec()).await;
        }
        world
    }

    async fn segment(&self, source: Source, time: &str) {
        let name = SegmentName {
            partition: Partition::of(source, time.parse().unwrap()),
            shard: "shardId-000000000000".into(),
            sequence: "7".into(),
        };
        self.put(&name.key(), b"gzip".to_vec()).await;
    }

    async fn put(&self, key: &str, body: Vec<u8>) {
        self.objects
            .put("segments", key, body, "application/gzip")
            .await
            .unwrap();
    }

    async fn run(&self, config: TrainingConfig, faults: &Faults) -> Result<Answer, PortError> {
        let trainer = Trainer {
            objects: Failing::new(self.objects.clone(), faults),
            parameters: Failing::new(self.parameters.clone(), faults),
            jobs: Failing::new(self.jobs.clone(), faults),
            clock: FakeClock::at(Time::from_millis(0)),
            config,
        };
        let scheduled_time = Some(NOW.parse().unwrap());
        trainer.handle(TrainingEvent { scheduled_time }).await
    }

    fn written(&self) -> Vec<(String, Value)> {
        self.objects
            .all("models")
            .into_iter()
            .map(|(key, body)| (key, serde_json::from_slice(&body).unwrap()))
            .collect()
    }
}

#[tokio::test]
async fn the_range_is_whole_hours_and_its_end_is_kept_for_the_evaluation() {
    let world = World::with_segments().await;
    let answer = world.run(config(), &Faults::none()).await.unwrap();
    assert!(answer.started, "{answer:?}");
    assert!(answer.job.starts_with("aiops-dev-20260815-030027-"));
    let written = world.written();
    assert_eq!(
        written,
        [
            (
                format!("training/{}/training.manifest", answer.job),
                json!([
                    {"prefix": "s3://segments/"},
                    "segments/source=ec2/dt=2026-08-01/hour=03/shardId-000000000000-7.ndjson.gz",
                    "segments/source=vpc-flow/dt=2026-08-13/hour=02/shardId-000000000000-7.ndjson.gz",
                ])
            ),
            (
                format!("training/{}/validation.manifest", answer.job),
                json!([
                    {"prefix": "s3://segments/"},
                    "segments/source=ec2/dt=2026-08-13/hour=03/shardId-000000000000-7.ndjson.gz",
                    "segments/source=eks/dt=2026-08-15/hour=02/shardId-000000000000-7.ndjson.gz",
                ])
            ),
        ]
    );
    let job = world.jobs.all().remove(&answer.job).unwrap();
    let mut request = serde_json::to_value(job).unwrap();
    request["TrainingJobName"] = "<name>".into();
    let text = request.to_string().replace(&answer.job, "<name>");
    insta::assert_json_snapshot!(serde_json::from_str::<Value>(&text).unwrap());
}

#[tokio::test]
async fn the_settings_reach_the_job() {
    let world = World::with_segments().await;
    world.parameters.set(
        "/aiops-dev/model",
        r#"{"version":"v","bucket":"models","key":"models/v/model.json.gz","sha256":"0"}"#,
    );
    let mut config = config();
    config.subnet_ids = vec!["subnet-1".into()];
    config.security_group_ids = vec!["sg-1".into()];
    config.kms_key_arn = Some("arn:aws:kms:eu-west-1:111122223333:key/k".into());
    config.resources.spot = true;
    config.tags.insert("Team".into(), "platform".into());
    config.hyperparameters.insert("seed".into(), "7".into());
    let answer = world.run(config, &Faults::none()).await.unwrap();
    let job = world.jobs.all().remove(&answer.job).unwrap();
    let vpc = job.vpc_config.unwrap();
    assert_eq!(
        (&*vpc.subnets[0], &*vpc.security_group_ids[0]),
        ("subnet-1", "sg-1")
    );
    assert_eq!(
        job.output_data_config.kms_key_id,
        job.resource_config.volume_kms_key_id
    );
    assert!(job.enable_managed_spot_training);
    assert_eq!(
        job.stopping_condition.max_wait_time_in_seconds,
        Some(10_800)
    );
    assert_eq!(job.hyper_parameters["seed"], "7");
    assert_eq!(job.tags[0].key, "Team");
    assert!(job.enable_network_isolation);
    let channels: Vec<_> = job
        .input_data_config
        .iter()
        .map(|channel| {
            let source = &channel.data_source.s3_data_source;
            (&*channel.channel_name, &*source.s3_data_type)
        })
        .collect();
    assert_eq!(
        channels,
        [
            ("training", "ManifestFile"),
            ("validation", "ManifestFile"),
            ("current", "S3Prefix")
        ]
    );
    assert_eq!(
        job.input_data_config[2].data_source.s3_data_source.s3_uri,
        "s3://models/models/v/model.json.gz"
    );
}

#[tokio::test]
async fn whatever_fails_a_retry_ends_with_one_job() {
    let plain = World::with_segments().await;
    let faults = Faults::none();
    let expected = plain.run(config(), &faults).await.unwrap();
    for call in 0..faults.calls() {
        for fault in [Fault::Before, Fault::After] {
            let world = World::with_segments().await;
            let first = world.run(config(), &Faults::at([(call, fault)])).await;
            assert!(first.is_err(), "call {call}");
            let second = world.run(config(), &Faults::none()).await.unwrap();
            assert_eq!(second, expected);
            assert_eq!(world.jobs.all(), plain.jobs.all());
            assert_eq!(world.written(), plain.written());
        }
    }
}

#[tokio::test]
async fn nothing_to_learn_from_starts_nothing() {
    let world = World::default();
    let answer = world.run(config(), &Faults::none()).await.unwrap();
    assert!(!answer.started);
    assert!(answer.reason.unwrap().contains("no segments"));
    assert!(world.jobs.all().is_empty() && world.written().is_empty());
}

#[tokio::test]
async fn what_cannot_work_is_refused_before_anything_is_written() {
    let world = World::with_segments().await;
    let mut too_many = config();
    too_many.range.objects_max = 1;
    let mut wrong = config();
    wrong.range.validation_hours = 9999;
    for (config, says) in [
        (too_many, "more than 1 segments"),
        (wrong, "range.validation_hours"),
    ] {
        let error = world.run(config, &Faults::none()).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    world.parameters.set("/aiops-dev/model", "{}");
    let error = world.run(config(), &Faults::none()).await.unwrap_err();
    assert!(error.to_string().contains("model pointer"), "{error}");
    assert!(world.jobs.all().is_empty() && world.written().is_empty());
}
