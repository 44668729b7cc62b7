//! What SageMaker refuses, at once or by a failed job.

use std::time::Duration;

use aiops::sagemaker::submit::submit;
use aiops::sagemaker::watch::{Status, wait};
use aiops_functions::ports::ObjectStore as _;
use serde_json::{Value, json};

use crate::world::{MODELS, SEGMENTS, World};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

/// A job that is taken, but for what a test changes.
fn job(world: &World, name: &str) -> Value {
    let stack = &world.stack;
    let image = format!(
        "{}@{}",
        stack.text("modelRepositoryUrl").unwrap(),
        stack.text("localImage").unwrap()
    );
    json!({
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "RoleArn": stack.text("sagemakerRoleArn").unwrap(),
        "HyperParameters": {"window_seconds": "10"},
        "InputDataConfig": [{
            "ChannelName": "training",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": format!("s3://{SEGMENTS}/segments/"), "S3DataDistributionType": "FullyReplicated"}},
            "InputMode": "File",
            "CompressionType": "None",
        }],
        "OutputDataConfig": {"S3OutputPath": format!("s3://{MODELS}/training/")},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    })
}

async fn refused(world: &World, operation: &str, request: Value, says: &str) {
    let error = world
        .call(operation, request)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains(says), "{operation}: {error}");
}

/// Pushes the image's manifest once more, as OCI tools would have made it.
async fn push_as_oci(world: &World) -> String {
    let repository = world.stack.text("modelRepositoryUrl").unwrap();
    let (registry, name) = repository.split_once('/').unwrap();
    let http = aiops_functions::adapters::signed::http_client().unwrap();
    let url = format!("http://{registry}/v2/{name}/manifests");
    let digest = world.stack.text("localImage").unwrap();
    let manifest = http.get(format!("{url}/{digest}")).send().await.unwrap();
    let mut manifest: Value = serde_json::from_slice(&manifest.bytes().await.unwrap()).unwrap();
    manifest["mediaType"] = OCI.into();
    let pushed = http
        .put(format!("{url}/as-oci"))
        .header("content-type", OCI)
        .body(manifest.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(pushed.status().as_u16(), 201);
    format!("{repository}:as-oci")
}

#[tokio::test]
async fn what_cannot_be_is_refused_at_once() {
    let world = World::with_segments().await;
    let change = |pointer: &str, value: Value| {
        let mut request = job(&world, "a-job");
        match request.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => request[pointer.trim_start_matches('/')] = value,
        }
        request
    };
    let oci = push_as_oci(&world).await;
    let image = "/AlgorithmSpecification/TrainingImage";
    let channel = job(&world, "x")["InputDataConfig"][0].clone();
    for (request, says) in [
        (
            change(image, oci.clone().into()),
            "Unsupported manifest media type application/vnd.oci.image.manifest.v1+json",
        ),
        (
            change(image, format!("{}/other:1", world.served.registry()).into()),
            "not found",
        ),
        (
            change(
                image,
                "111122223333.dkr.ecr.eu-west-1.amazonaws.com/x:1".into(),
            ),
            "not found",
        ),
        (
            change("/RoleArn", "arn:aws:iam::000000000000:role/nobody".into()),
            "Could not assume role",
        ),
        (change("/RoleArn", "nobody".into()), "Could not assume role"),
        (
            change("/TrainingJobName", "no_such-".into()),
            "regular expression pattern",
        ),
        (
            change("/ResourceConfig/InstanceType", "m5.large".into()),
            "instance type",
        ),
        (
            change("/ResourceConfig/InstanceCount", 0.into()),
            "at least 1",
        ),
        (
            change("/EnableManagedSpotTraining", true.into()),
            "MaxWaitTimeInSeconds",
        ),
        (
            change("/OutputDataConfig/S3OutputPath", "models/".into()),
            "no address in S3",
        ),
        (
            change("/InputDataConfig", json!([channel, channel])),
            "must be different",
        ),
        (
            change(
                "/InputDataConfig/0/DataSource/S3DataSource/S3DataType",
                "File".into(),
            ),
            "malformed",
        ),
        (change("/Surprise", 1.into()), "unknown field"),
    ] {
        refused(&world, "CreateTrainingJob", request, says).await;
    }
    let model = |name: &str, image: &str, data: &str, role: &str| json!({"ModelName": name, "ExecutionRoleArn": role, "PrimaryContainer": {"Image": image, "ModelDataUrl": data}});
    let good = job(&world, "x")["AlgorithmSpecification"]["TrainingImage"]
        .as_str()
        .unwrap()
        .to_owned();
    let role = world.stack.text("sagemakerRoleArn").unwrap();
    let data = format!("s3://{MODELS}/none.tar.gz");
    for (request, says) in [
        (
            model("m", &oci, &data, role),
            "Unsupported manifest media type",
        ),
        (
            model("m", &good, &data, "arn:aws:iam::000000000000:role/nobody"),
            "Could not assume role",
        ),
        (model("m", &good, &data, role), "Could not find model data"),
        (
            model("m", &good, &format!("s3://{MODELS}/model.json"), role),
            ".tar.gz",
        ),
        (
            model("m!", &good, &data, role),
            "regular expression pattern",
        ),
    ] {
        refused(&world, "CreateModel", request, says).await;
    }
    let configuration = json!({"EndpointConfigName": "c", "ProductionVariants": [{"VariantName": "v", "ModelName": "none", "InstanceType": "ml.m5.large"}]});
    refused(
        &world,
        "CreateEndpointConfig",
        configuration,
        "Could not find model",
    )
    .await;
    refused(
        &world,
        "CreateEndpoint",
        json!({"EndpointName": "e", "EndpointConfigName": "none"}),
        "Could not find endpoint configuration",
    )
    .await;
    refused(
        &world,
        "DescribeEndpoint",
        json!({"EndpointName": "e"}),
        "Could not find endpoint",
    )
    .await;
    refused(
        &world,
        "CreateModelPackageGroup",
        json!({"ModelPackageGroupName": world.stack.text("modelPackageGroup").unwrap()}),
        "already exists",
    )
    .await;
    refused(&world, "DeleteEverything", json!({}), "UnknownOperation").await;
    // A tag names one image for ever, and nothing is answered that is not signed.
    let http = aiops_functions::adapters::signed::http_client().unwrap();
    let repository = world.stack.text("modelRepositoryUrl").unwrap();
    let (registry, name) = repository.split_once('/').unwrap();
    let url = format!("http://{registry}/v2/{name}/manifests/as-oci");
    let stored = http.get(&url).send().await.unwrap().text().await.unwrap();
    let other = http
        .put(&url)
        .header("content-type", OCI)
        .body(format!("{stored}\n"));
    assert_eq!(other.send().await.unwrap().status().as_u16(), 400);
    let unsigned = http
        .post(world.served.endpoint())
        .header("x-amz-target", "SageMaker.DescribeEndpoint")
        .body("{}");
    assert_eq!(unsigned.send().await.unwrap().status().as_u16(), 400);
}

#[tokio::test]
async fn what_shows_only_in_the_run_fails_the_job_with_its_reason() {
    let world = World::with_segments().await;
    let run = async |name: &str, change: &dyn Fn(&mut Value)| {
        let mut request = job(&world, name);
        change(&mut request);
        world.call("CreateTrainingJob", request).await.unwrap();
        let described = json!({ "TrainingJobName": name });
        world
            .settled(
                "DescribeTrainingJob",
                described,
                "/TrainingJobStatus",
                "InProgress",
            )
            .await
    };
    let answer = run("no-channel", &|request| {
        request["InputDataConfig"] = json!([])
    })
    .await;
    assert_eq!(answer["TrainingJobStatus"], "Failed");
    let reason = answer["FailureReason"].as_str().unwrap();
    assert!(
        reason.starts_with("AlgorithmError: ") && reason.contains("there is no channel training"),
        "{reason}"
    );
    assert!(reason.ends_with("exit code: 2"), "{reason}");

    let uri = "/InputDataConfig/0/DataSource/S3DataSource/S3Uri";
    let answer = run("nothing-there", &|request| {
        *request.pointer_mut(uri).unwrap() = format!("s3://{SEGMENTS}/elsewhere/").into();
    })
    .await;
    let reason = answer["FailureReason"].as_str().unwrap();
    assert!(
        reason.contains("No S3 objects found under S3 URL"),
        "{reason}"
    );

    let manifest =
        json!([{"prefix": format!("s3://{SEGMENTS}/")}, "segments/none.ndjson.gz"]).to_string();
    world
        .stack
        .objects
        .put(
            MODELS,
            "a.manifest",
            manifest.into_bytes(),
            "application/json",
        )
        .await
        .unwrap();
    let answer = run("gone", &|request| {
        *request.pointer_mut(uri).unwrap() = format!("s3://{MODELS}/a.manifest").into();
        request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3DataType"] =
            "ManifestFile".into();
    })
    .await;
    let reason = answer["FailureReason"].as_str().unwrap();
    assert!(reason.contains("NoSuchKey"), "{reason}");

    let answer = run("bad-parameter", &|request| {
        request["HyperParameters"] = json!({"windows": "3"});
    })
    .await;
    let reason = answer["FailureReason"].as_str().unwrap();
    assert!(reason.contains("`windows` is not one of"), "{reason}");

    // A job that failed is tried again under a further name.
    let mut request = world.request(1);
    request.hyperparameters.insert("windows".into(), "3".into());
    let first = submit(&world.stack, &request).await.unwrap();
    let done = wait(
        &world.stack.client,
        &first.name,
        Duration::from_millis(100),
        &world.printer,
    )
    .await
    .unwrap();
    assert_eq!(done.status, Status::Failed);
    let second = submit(&world.stack, &request).await.unwrap();
    assert_eq!(second.name, format!("{}-2", first.name));
    refused(
        &world,
        "CreateTrainingJob",
        job(&world, &first.name),
        "ResourceInUse",
    )
    .await;
}

#[tokio::test]
async fn a_range_without_segments_is_told_with_its_ends() {
    let world = World::with_segments().await;
    let mut request = world.request(1);
    // All four hours are evaluated on.
    request.range.validation_hours = 4;
    let error = aiops::sagemaker::submit::submit(&world.stack, &request)
        .await
        .unwrap_err();
    assert_eq!(error.exit_status(), 2);
    let says = "between 2026-07-31T05:00:00.000Z and 2026-08-01T01:00:00.000Z";
    assert!(error.to_string().contains(says), "{error}");
}
