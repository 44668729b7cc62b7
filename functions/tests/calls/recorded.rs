//! Drives every operation of every seam, function by function, and compares what was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aiops_domain::Time;
use aiops_domain::config::training::TrainingNames;
use aiops_domain::config::{AppenderConfig, RotationConfig, TrainingConfig};
use aiops_domain::scoring::ScoringRequest;
use aiops_functions::adapters::signed::SignedClient;
use aiops_functions::adapters::{
    DynamoDbTable, S3, SageMakerEndpoint, SecretsManager, SnsTopic, SqsQueue, StateMachine, sdk,
};
use aiops_functions::appender::Appender;
use aiops_functions::detector::endpoint::ScoringService as _;
use aiops_functions::incidents::items::BY_STATUS;
use aiops_functions::ports::cloud::{SecretVersion, Secrets as _, Topic as _};
use aiops_functions::ports::rotation::RotatedSecrets as _;
use aiops_functions::ports::training::TrainingJobs as _;
use aiops_functions::ports::{
    Condition, Item, ItemKey, ObjectStore as _, Queue as _, Range, Table as _, Workflow as _, Write,
};
use aiops_functions::training::job::{Inputs, TrainingJob};

use crate::server::Server;

/// The calls of each function, by name.
pub(crate) type Recorded = BTreeMap<String, BTreeSet<(String, String)>>;

/// Everything that a function does with the table of incidents.
async fn incidents(sdk: &aws_config::SdkConfig) {
    let table = DynamoDbTable::new(sdk, "incidents");
    every_operation_of(&table).await;
    let _answer = table
        .query_index(&BY_STATUS, "open", &Range::default())
        .await;
}

async fn every_operation_of(table: &DynamoDbTable) {
    let key = || ItemKey::new("p", "s");
    let item = || Item {
        key: key(),
        attributes: BTreeMap::new(),
    };
    let writes = [
        Write::Put {
            item: item(),
            condition: Some(Condition::Absent),
        },
        Write::Update {
            key: key(),
            set: [("a".to_owned(), 1.into())].into(),
            add: BTreeMap::new(),
            remove: Vec::new(),
            condition: None,
        },
        Write::Delete {
            key: key(),
            condition: None,
        },
    ];
    let _answer = table.get(&key()).await;
    let _answer = table.query("p", &Range::default()).await;
    for write in writes {
        let _answer = table.write(write).await;
    }
    let transaction = vec![
        Write::Put {
            item: item(),
            condition: None,
        },
        Write::Check {
            key: ItemKey::new("p", "t"),
            condition: Condition::Present,
        },
    ];
    let _answer = table.transact(transaction).await;
}

async fn read(sdk: &aws_config::SdkConfig, secrets: &[&str]) {
    let seam = SecretsManager::new(sdk);
    for secret in secrets {
        for version in [SecretVersion::Current, SecretVersion::Previous] {
            let _answer = seam.secret(secret, version).await;
        }
    }
}

async fn log_appender(sdk: &aws_config::SdkConfig) {
    let store = S3::new(sdk);
    let appender = Appender::new(AppenderConfig::new("segments"));
    // A record that is no envelope is quarantined; segments go beside it.
    let event = serde_json::json!({"Records": [{
        "eventID": "shardId-000000000000:49590338271490256608559692538361571095921575989136588898",
        "eventSourceARN": "arn:aws:kinesis:eu-central-1:111122223333:stream/logs",
        "kinesis": {
            "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
            "data": "bm90IGFuIGVudmVsb3Bl",
            "partitionKey": "p",
            "approximateArrivalTimestamp": 1_700_000_000.0
        }
    }]});
    let event = serde_json::from_value(event).unwrap();
    let _answer = appender
        .handle(&store, event, Time::from_millis(1_700_000_000_000))
        .await;
    // Where an earlier attempt left an object.
    let (bucket, key) = ("segments", "segments/source=ec2/x.ndjson.gz");
    let _answer = store.etag(bucket, key).await;
    let _answer = store.etag(bucket, "quarantine/dt=2023-11-14/x.json").await;
    let _answer = store
        .put_over(bucket, key, &[], "application/x-ndjson", Some("etag"))
        .await;
}

async fn anomaly_detector(sdk: &aws_config::SdkConfig) {
    let store = S3::new(sdk);
    let _answer = store
        .get("segments", "segments/source=ec2/x.ndjson.gz", 1 << 20)
        .await;
    let _answer = store.get("models", "models/1/model", 1 << 20).await;
    every_operation_of(&DynamoDbTable::new(sdk, "state")).await;
    incidents(sdk).await;
    let queue = SqsQueue::new(
        sdk,
        "https://sqs.eu-central-1.amazonaws.com/111122223333/segments",
    );
    let _answer = queue.send("{}".to_owned(), 1).await;
    let _answer = StateMachine::new(sdk, "incidents")
        .start("i", "{}".to_owned())
        .await;
    let client = SignedClient::new(sdk).unwrap();
    let _answer = client.parameter("model").await;
    let request = ScoringRequest::Windows { windows: vec![] };
    let _answer = SageMakerEndpoint::new(client, "model")
        .score(&request)
        .await;
}

async fn metric_detector(sdk: &aws_config::SdkConfig) {
    let _answer = S3::new(sdk)
        .get("raw", "metrics/dt=2026-01-01/x", 1 << 20)
        .await;
    every_operation_of(&DynamoDbTable::new(sdk, "state")).await;
    incidents(sdk).await;
    let _answer = StateMachine::new(sdk, "incidents")
        .start("i", "{}".to_owned())
        .await;
}

async fn remediator(sdk: &aws_config::SdkConfig) {
    incidents(sdk).await;
    publish(sdk).await;
}

async fn publish(sdk: &aws_config::SdkConfig) {
    let topic = SnsTopic::new(SignedClient::new(sdk).unwrap(), "incidents");
    let _answer = topic.publish("s", "t", &serde_json::json!({})).await;
}

async fn approvals(sdk: &aws_config::SdkConfig) {
    incidents(sdk).await;
    read(sdk, &["approval-token-key", "slack-signing-secret"]).await;
    let _answer = StateMachine::new(sdk, "")
        .succeed("token", "{}".to_owned())
        .await;
}

async fn notifier(sdk: &aws_config::SdkConfig) {
    incidents(sdk).await;
    read(
        sdk,
        &["approval-token-key", "slack-bot-token", "teams-webhook"],
    )
    .await;
}

async fn secret_rotation(sdk: &aws_config::SdkConfig) {
    let config = RotationConfig::new(vec!["approval-token-key".to_owned()]);
    let seam = SecretsManager::new(sdk);
    let arn = config.secret_arns[0].as_str();
    let _answer = seam.state(arn).await;
    let _answer = seam
        .pending(arn, "00000000-0000-4000-8000-000000000000")
        .await;
    let _answer = seam
        .put_pending(arn, "00000000-0000-4000-8000-000000000000", "key")
        .await;
    let _answer = seam.promote(arn, "v2", Some("v1")).await;
    let _answer = seam.random(config.key_characters).await;
}

async fn training_manifest(sdk: &aws_config::SdkConfig) {
    let store = S3::new(sdk);
    let client = SignedClient::new(sdk).unwrap();
    let _answer = store.list("segments", "segments/source=ec2/").await;
    let _answer = store
        .put(
            "models",
            "training/j/manifest",
            Vec::new(),
            "application/json",
        )
        .await;
    let _answer = client.parameter("model").await;
    let config = TrainingConfig::new(TrainingNames {
        segments_bucket: "segments".into(),
        models_bucket: "models".into(),
        model_parameter: "model".into(),
        role_arn: "sagemaker".into(),
        image: "image:1".into(),
        job_prefix: "aiops".into(),
    });
    let inputs = Inputs {
        training: "s3://models/training/j/manifest".into(),
        validation: None,
        current: None,
    };
    let job = TrainingJob::new(&config, "scheduled".to_owned(), inputs);
    let _answer = client.create(&job).await;
}

#[tokio::test]
async fn every_call_of_every_function_is_the_recorded_one() {
    let server = Server::start().await;
    let sdk = &sdk::load_local(&server.endpoint, "eu-central-1").await;
    let mut recorded = Recorded::new();
    let mut keep = |name: &str| {
        let calls = server.take();
        assert!(!calls.is_empty(), "{name} asked for nothing");
        recorded.insert(name.to_owned(), calls);
    };
    log_appender(sdk).await;
    keep("log-appender");
    anomaly_detector(sdk).await;
    keep("anomaly-detector");
    metric_detector(sdk).await;
    keep("metric-detector");
    remediator(sdk).await;
    keep("remediator");
    approvals(sdk).await;
    keep("approvals");
    notifier(sdk).await;
    keep("notifier");
    secret_rotation(sdk).await;
    keep("secret-rotation");
    training_manifest(sdk).await;
    keep("training-manifest");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls/recorded.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&recorded).unwrap());
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text);
}
