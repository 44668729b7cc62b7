//! checkov over the exported plan of every stack that is deployed: no failure beyond the reviewed
//! exceptions in `.checkov.yaml`; and it does read the plan: each of ten seeded faults is found.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/stacks.rs"]
mod stacks;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use aiops_infra::export::terraform;
use aiops_infra::graph::{Graph, Resource, Value};
use serde_json::Value as Json;

/// A fault that is put into the first resource of a type, and the check that must find it.
struct Fault {
    name: &'static str,
    check: &'static str,
    kind: &'static str,
    seed: fn(&mut Resource),
}

fn set(resource: &mut Resource, input: &str, value: impl Into<Value>) {
    resource.inputs.insert(input.to_owned(), value.into());
}

fn without(resource: &mut Resource, input: &str) {
    assert!(resource.inputs.remove(input).is_some());
}

const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

const FAULTS: [Fault; 10] = [
    Fault {
        name: "a log group without a key",
        check: "CKV_AWS_158",
        kind: "aws:cloudwatch/logGroup:LogGroup",
        seed: |group| without(group, "kmsKeyId"),
    },
    Fault {
        name: "a log group without retention",
        check: "CKV_AWS_66",
        kind: "aws:cloudwatch/logGroup:LogGroup",
        seed: |group| without(group, "retentionInDays"),
    },
    Fault {
        name: "a key that never rotates",
        check: "CKV_AWS_7",
        kind: "aws:kms/key:Key",
        seed: |key| set(key, "enableKeyRotation", false),
    },
    Fault {
        name: "a bucket that takes public policies",
        check: "CKV_AWS_54",
        kind: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        seed: |block| set(block, "blockPublicPolicy", false),
    },
    Fault {
        name: "a table without recovery",
        check: "CKV_AWS_28",
        kind: "aws:dynamodb/table:Table",
        seed: |table| without(table, "pointInTimeRecovery"),
    },
    Fault {
        name: "a stream in the clear",
        check: "CKV_AWS_43",
        kind: "aws:kinesis/stream:Stream",
        seed: |stream| set(stream, "encryptionType", "NONE"),
    },
    Fault {
        name: "a topic in the clear",
        check: "CKV_AWS_26",
        kind: "aws:sns/topic:Topic",
        seed: |topic| without(topic, "kmsMasterKeyId"),
    },
    Fault {
        name: "a function without traces",
        check: "CKV_AWS_50",
        kind: "aws:lambda/function:Function",
        seed: |function| without(function, "tracingConfig"),
    },
    Fault {
        name: "images under mutable tags",
        check: "CKV_AWS_51",
        kind: "aws:ecr/repository:Repository",
        seed: |repository| set(repository, "imageTagMutability", "MUTABLE"),
    },
    Fault {
        name: "a policy that allows everything",
        check: "CKV_AWS_62",
        kind: "aws:iam/rolePolicy:RolePolicy",
        seed: |policy| set(policy, "policy", EVERYTHING),
    },
];

impl Fault {
    /// The resource alone, as it is and with the fault.
    fn graphs(&self, graph: &Graph) -> [Graph; 2] {
        let healthy = graph.of_kind(self.kind).next().unwrap().clone();
        let mut faulty = healthy.clone();
        (self.seed)(&mut faulty);
        [healthy, faulty].map(|resource| Graph {
            resources: vec![resource],
            ..Graph::default()
        })
    }
}

/// What `.checkov.baseline` excepts, check and resource. A bucket that receives access logs supports
/// SSE-S3 only (S3 user guide, "Enabling server access logging"): the one resource on which KMS cannot
/// be asked for. The check stays on for all others.
fn excepted() -> BTreeSet<(String, String)> {
    let text = fs::read_to_string(stacks::root().join(".checkov.baseline")).unwrap();
    let baseline: Json = serde_json::from_str(&text).unwrap();
    let mut excepted = BTreeSet::new();
    for finding in baseline["failed_checks"][0]["findings"].as_array().unwrap() {
        for check in finding["check_ids"].as_array().unwrap() {
            let text = |value: &Json| value.as_str().unwrap().to_owned();
            excepted.insert((text(check), text(&finding["resource"])));
        }
    }
    excepted
}

/// A bucket and its encryption, which is S3's own.
fn without_kms(graph: &Graph, bucket: &str) -> Graph {
    let mut resources: Vec<Resource> = [
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    ]
    .map(|kind| {
        graph
            .of_kind(kind)
            .find(|r| r.name == bucket)
            .unwrap()
            .clone()
    })
    .into();
    let weaker = Value::Object([("sseAlgorithm".to_owned(), "AES256".into())].into());
    let rule = Value::Object([("applyServerSideEncryptionByDefault".to_owned(), weaker)].into());
    set(&mut resources[1], "rules", Value::List(vec![rule]));
    Graph {
        resources,
        ..Graph::default()
    }
}

/// A check that failed: the plan's file, the check, the resource.
type Failure = (String, String, String);

fn failures(report: &Json) -> BTreeSet<Failure> {
    let reports = match report {
        Json::Array(reports) => reports.iter().collect(),
        one => vec![one],
    };
    let failed = reports
        .into_iter()
        .flat_map(|report| report["results"]["failed_checks"].as_array().into_iter())
        .flatten();
    failed
        .map(|failed| {
            let text = |key: &str| failed[key].as_str().unwrap_or_default().to_owned();
            let file = text("file_path");
            (
                file.trim_start_matches('/').to_owned(),
                text("check_id"),
                text("resource"),
            )
        })
        .collect()
}

fn run(directory: &Path, files: &[String]) -> BTreeSet<Failure> {
    let mut command = Command::new("checkov");
    command
        .args(["--framework", "terraform_plan", "--output", "json"])
        .args(["--quiet", "--compact", "--skip-download", "--soft-fail"])
        .arg("--config-file")
        .arg(stacks::root().join(".checkov.yaml").canonicalize().unwrap())
        .current_dir(directory)
        .env("LOG_LEVEL", "ERROR")
        // What is known after the deployment only counts as given.
        .env("EVAL_TF_PLAN_AFTER_UNKNOWN", "1");
    for file in files {
        command.args(["--file", file]);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let report: Json = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr))
    });
    failures(&report)
}

fn write(directory: &Path, name: &str, graph: &Graph) -> String {
    let file = format!("{name}.json");
    let plan = terraform::plan(graph).to_string();
    fs::write(directory.join(&file), plan).unwrap();
    file
}

#[test]
fn every_stack_passes_and_every_seeded_fault_is_found() {
    if stacks::on_path("checkov").is_none() {
        stacks::say(
            "skipped: every_stack_passes_and_every_seeded_fault_is_found: no checkov on PATH",
        );
        return;
    }
    let directory = std::env::temp_dir().join(format!("aiops-checkov-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let graphs = stacks::graphs();
    // The laptop's stack goes to an emulator that has no keys, and to no account.
    let deployed = graphs.iter().filter(|graph| graph.stack != "local");
    let stacks: Vec<String> = deployed
        .map(|graph| write(&directory, &graph.stack, graph))
        .collect();
    let mut files = Vec::new();
    let prod = graphs.iter().find(|graph| graph.stack == "prod").unwrap();
    for (number, fault) in FAULTS.iter().enumerate() {
        let [healthy, faulty] = fault.graphs(prod);
        files.push(write(&directory, &format!("healthy-{number}"), &healthy));
        files.push(write(&directory, &format!("faulty-{number}"), &faulty));
    }
    // The check that is excepted for one bucket finds every other that is not under KMS.
    let weakened = write(&directory, "weakened", &without_kms(prod, "raw"));
    files.push(weakened.clone());
    let failures = run(&directory, &files);
    // One process each: resources of one address in two files would be taken for one another.
    let of_stacks: Vec<Failure> = std::thread::scope(|scope| {
        let runs: Vec<_> = stacks
            .iter()
            .map(|file| scope.spawn(|| run(&directory, std::slice::from_ref(file))))
            .collect();
        runs.into_iter()
            .flat_map(|run| run.join().unwrap())
            .collect()
    });
    fs::remove_dir_all(&directory).unwrap();
    let finds = |file: String, wanted: &str| {
        failures
            .iter()
            .any(|(of, check, _)| *of == file && check == wanted)
    };
    for (number, fault) in FAULTS.iter().enumerate() {
        let Fault { name, check, .. } = fault;
        assert!(
            finds(format!("faulty-{number}.json"), check),
            "{check} does not find {name}"
        );
        assert!(
            !finds(format!("healthy-{number}.json"), check),
            "{check} finds {name} where it is not"
        );
    }
    assert!(finds(weakened, "CKV_AWS_145"));
    let excepted = excepted();
    assert_eq!(excepted.len(), 1, "{excepted:?}");
    let unexpected: Vec<String> = of_stacks
        .iter()
        .filter(|(_, check, resource)| !excepted.contains(&(check.clone(), resource.clone())))
        .map(|(file, check, resource)| format!("{file}: {check} {resource}"))
        .collect();
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
}
