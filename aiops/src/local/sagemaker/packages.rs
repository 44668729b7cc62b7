//! Model packages: versions of a model, each with an approval.

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::{Shared, api, check, files, images, jobs};

const STATUSES: [&str; 3] = ["PendingManualApproval", "Approved", "Rejected"];

pub(super) fn create_group(shared: &Shared, request: &Value) -> Answer {
    let name = api::text(request, "ModelPackageGroupName")?;
    check::name("modelPackageGroupName", name)?;
    let arn = shared.arn(&format!("model-package-group/{name}"));
    let mut state = shared.state();
    if state.groups.contains_key(name) {
        return Err(Refusal::validation(format!(
            "Model Package Group already exists: {arn}"
        )));
    }
    state.groups.insert(name.to_owned(), Vec::new());
    Ok(json!({ "ModelPackageGroupArn": arn }))
}

pub(super) async fn create(shared: &Shared, mut request: Value) -> Answer {
    let group = api::text(&request, "ModelPackageGroupName")?.to_owned();
    let status = request
        .get("ModelApprovalStatus")
        .and_then(Value::as_str)
        .unwrap_or("PendingManualApproval")
        .to_owned();
    approval(&status)?;
    let container = request
        .pointer("/InferenceSpecification/Containers/0")
        .ok_or_else(|| {
            Refusal::validation("InferenceSpecification.Containers must not be empty")
        })?;
    images::find(shared, api::text(container, "Image")?)?;
    let data = api::text(container, "ModelDataUrl")?;
    let (bucket, key) = check::location("ModelDataUrl", data)?;
    if !matches!(files::object(shared, bucket, key).await, Ok(Some(_))) {
        return Err(Refusal::validation(format!(
            "Could not find model data at {data}."
        )));
    }
    metadata(&request)?;
    let mut state = shared.state();
    let Some(packages) = state.groups.get_mut(&group) else {
        return Err(Refusal::validation(format!(
            "Model Package Group {group} does not exist."
        )));
    };
    let version = packages.len() + 1;
    let arn = shared.arn(&format!("model-package/{group}/{version}"));
    request["ModelPackageArn"] = arn.as_str().into();
    request["ModelPackageVersion"] = version.into();
    request["ModelPackageStatus"] = "Completed".into();
    request["ModelApprovalStatus"] = status.into();
    request["CreationTime"] = jobs::now().into();
    packages.push(request);
    Ok(json!({ "ModelPackageArn": arn }))
}

fn metadata(request: &Value) -> Result<(), Refusal> {
    let Some(metadata) = request.get("CustomerMetadataProperties") else {
        return Ok(());
    };
    let holds = metadata.as_object().is_some_and(|pairs| {
        pairs.len() <= 50
            && pairs.iter().all(|(key, value)| {
                let value = value.as_str().unwrap_or_default();
                (1..=128).contains(&key.chars().count())
                    && (1..=256).contains(&value.chars().count())
            })
    });
    if holds {
        Ok(())
    } else {
        Err(Refusal::validation(
            "CustomerMetadataProperties: at most 50, values of 1 to 256 characters",
        ))
    }
}

fn approval(status: &str) -> Result<(), Refusal> {
    if STATUSES.contains(&status) {
        Ok(())
    } else {
        Err(Refusal::validation(format!(
            "'{status}' is no approval status: {}",
            STATUSES.join(", ")
        )))
    }
}

fn find<'a>(packages: impl Iterator<Item = &'a mut Value>, arn: &str) -> Option<&'a mut Value> {
    packages
        .into_iter()
        .find(|package| package.get("ModelPackageArn").and_then(Value::as_str) == Some(arn))
}

pub(super) fn describe(shared: &Shared, request: &Value) -> Answer {
    let arn = api::text(request, "ModelPackageName")?;
    let mut state = shared.state();
    find(state.groups.values_mut().flatten(), arn)
        .cloned()
        .ok_or_else(|| Refusal::validation(format!("ModelPackage {arn} does not exist.")))
}

/// The newest first, a hundred a page; one page is what is kept here.
pub(super) fn list(shared: &Shared, request: &Value) -> Answer {
    let group = api::text(request, "ModelPackageGroupName")?;
    let state = shared.state();
    let packages = state.groups.get(group).ok_or_else(|| {
        Refusal::validation(format!("Model Package Group {group} does not exist."))
    })?;
    let summary = |package: &Value| {
        let member = |name: &str| package.get(name).cloned().unwrap_or_default();
        json!({
            "ModelPackageGroupName": group,
            "ModelPackageArn": member("ModelPackageArn"),
            "ModelPackageVersion": member("ModelPackageVersion"),
            "ModelPackageStatus": member("ModelPackageStatus"),
            "ModelApprovalStatus": member("ModelApprovalStatus"),
            "CreationTime": member("CreationTime"),
        })
    };
    let summaries: Vec<Value> = packages.iter().rev().take(100).map(summary).collect();
    Ok(json!({ "ModelPackageSummaryList": summaries }))
}

pub(super) fn update(shared: &Shared, request: &Value) -> Answer {
    let arn = api::text(request, "ModelPackageArn")?;
    let mut state = shared.state();
    let package = find(state.groups.values_mut().flatten(), arn)
        .ok_or_else(|| Refusal::validation(format!("ModelPackage {arn} does not exist.")))?;
    for member in ["ModelApprovalStatus", "ApprovalDescription"] {
        if let Some(value) = request.get(member) {
            if member == "ModelApprovalStatus" {
                approval(value.as_str().unwrap_or_default())?;
            }
            package[member] = value.clone();
        }
    }
    Ok(json!({ "ModelPackageArn": arn }))
}
