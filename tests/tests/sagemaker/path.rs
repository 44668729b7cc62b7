//! From segments to a served model, and back to the one before.

use std::time::Duration;

use aiops::commands::model::make_current;
use aiops::sagemaker::gate::judge;
use aiops::sagemaker::packages::{self, Approval};
use aiops::sagemaker::pointer;
use aiops::sagemaker::submit::submit;
use aiops::sagemaker::watch::{Status, wait};
use aiops_domain::model_pointer::ModelPointer;
use aiops_domain::scoring::{ScoringResponse, ScoringWindow};
use aiops_domain::training::{GateLimits, TrainingMetric};
use aiops_functions::adapters::signed::Service;
use aiops_functions::ports::ObjectStore as _;
use aiops_model::Model;
use serde_json::json;

use crate::world::{MODELS, World, records};

const LOOK: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_job_trains_and_its_model_is_judged_promoted_served_and_rolled_back() {
    let world = World::with_segments().await;
    let stack = &world.stack;
    assert_eq!(pointer::current(stack).await.unwrap(), None);

    // The first model: there is none to compare it with.
    let job = submit(stack, &world.request(1)).await.unwrap();
    assert!(!job.known);
    assert_eq!(job.segments, (3, 1));
    let again = submit(stack, &world.request(1)).await.unwrap();
    assert!(again.known);
    assert_eq!(again.name, job.name);
    let done = wait(&stack.client, &job.name, LOOK, &world.printer)
        .await
        .unwrap();
    assert_eq!(done.status, Status::Completed, "{done:?}");
    assert!((done.metrics[TrainingMetric::Lines.name()] - 43_200.0).abs() < 0.5);
    assert!(done.metrics[TrainingMetric::FaultRecall.name()] > 0.5);
    let first = judge(stack, &job.name, &done, &GateLimits::default())
        .await
        .unwrap();
    assert!(first.verdict.passed, "{:?}", first.verdict);
    assert!(first.evaluation.unwrap().current.is_none());
    assert_eq!(first.package.approval, Approval::Pending);
    make_current(stack, &first.package, false).await.unwrap();
    let pointed = pointer::current(stack).await.unwrap().unwrap();
    assert_eq!(pointed, pointer::to(&first.package));
    let object = stack
        .objects
        .get(MODELS, &pointed.key, 1 << 28)
        .await
        .unwrap();
    let model = Model::from_bytes(&object.unwrap().body).unwrap();
    assert_eq!(model.version(), first.package.version);

    // The second is evaluated beside it. Judging twice registers once.
    let job = submit(stack, &world.request(2)).await.unwrap();
    assert!(!job.known);
    let done = wait(&stack.client, &job.name, LOOK, &world.printer)
        .await
        .unwrap();
    let second = judge(stack, &job.name, &done, &GateLimits::default())
        .await
        .unwrap();
    let evaluation = second.evaluation.unwrap();
    assert_eq!(evaluation.current.unwrap().version, first.package.version);
    assert!(second.verdict.passed, "{:?}", second.verdict);
    judge(stack, &job.name, &done, &GateLimits::default())
        .await
        .unwrap();
    make_current(stack, &second.package, false).await.unwrap();
    let listed = packages::list(stack).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0].version, second.package.version);
    assert!(
        listed
            .iter()
            .all(|package| package.approval == Approval::Approved)
    );

    // A candidate beside the pointer does not move it, nor what there is to go back to.
    let candidate = pointer::to(&first.package);
    pointer::accompany(stack, &candidate).await.unwrap();
    let value = stack
        .client
        .parameter("/aiops-local/model")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        ModelPointer::parse_candidate(&value).unwrap(),
        Some(candidate)
    );
    let now = pointer::current(stack).await.unwrap();
    assert_eq!(now, Some(pointer::to(&second.package)));

    // Back to the first, whose bytes are still what the pointer says.
    let before = pointer::previous(stack).await.unwrap().unwrap();
    assert_eq!(before.as_ref().unwrap(), &pointed);
    pointer::point(stack, before.as_ref()).await.unwrap();
    assert_eq!(
        pointer::current(stack).await.unwrap(),
        Some(pointed.clone())
    );

    // A pointer to what is damaged does not move.
    stack
        .objects
        .put(
            MODELS,
            &second.package.key,
            b"damaged".to_vec(),
            "application/octet-stream",
        )
        .await
        .unwrap();
    let error = pointer::point(stack, Some(&pointer::to(&second.package)))
        .await
        .unwrap_err();
    assert!(
        error.chain().contains("not the artefact"),
        "{}",
        error.chain()
    );
    assert_eq!(pointer::current(stack).await.unwrap(), Some(pointed));

    // The endpoint answers what the model answers in process.
    let image = format!(
        "{}@{}",
        stack.text("modelRepositoryUrl").unwrap(),
        stack.text("localImage").unwrap()
    );
    let role = stack.text("sagemakerRoleArn").unwrap();
    world
        .call(
            "CreateModel",
            json!({
                "ModelName": "second",
                "ExecutionRoleArn": role,
                "PrimaryContainer": {"Image": image, "ModelDataUrl": done.artefact.unwrap()},
            }),
        )
        .await
        .unwrap();
    world
        .call("CreateEndpointConfig", json!({
            "EndpointConfigName": "second",
            "ProductionVariants": [{"VariantName": "main", "ModelName": "second", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}],
        }))
        .await
        .unwrap();
    let endpoint = json!({"EndpointName": "models", "EndpointConfigName": "second"});
    world.call("CreateEndpoint", endpoint).await.unwrap();
    let status = world
        .settled(
            "DescribeEndpoint",
            json!({"EndpointName": "models"}),
            "/EndpointStatus",
            "Creating",
        )
        .await;
    assert_eq!(status["EndpointStatus"], "InService", "{status}");
    let windowing = model
        .window_spec(aiops_domain::Source::Ec2)
        .compile()
        .unwrap();
    let windows = windowing.assemble(records(5 * 3600, 30)).windows;
    let wire: Vec<ScoringWindow> = windows.iter().cloned().map(ScoringWindow::from).collect();
    let answer = stack
        .client
        .rest(
            Service::SageMakerRuntime,
            "POST".parse().unwrap(),
            "/endpoints/models/invocations",
            Some(&json!({ "windows": wire })),
        )
        .await
        .unwrap();
    let answer: ScoringResponse = serde_json::from_value(answer).unwrap();
    assert_eq!(answer.model.version, second.package.version);
    assert_eq!(answer.findings.len(), windows.len());
    assert!(answer.findings.iter().all(|finding| !finding.anomalous));
}
