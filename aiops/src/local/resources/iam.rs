//! Roles and policies. The emulator keeps them but enforces nothing.

use serde_json::{Value, json};

use super::{Call, ResourceError};
use crate::local::aws::query::Parameters;
use crate::local::aws::{ACCOUNT, IAM};

pub(super) async fn role(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    let document = call.text("assumeRolePolicy")?;
    let parameters = Parameters::new().with("RoleName", &name);
    ensure(
        call,
        "CreateRole",
        parameters
            .clone()
            .with("AssumeRolePolicyDocument", document),
        "UpdateAssumeRolePolicy",
        parameters.with("PolicyDocument", document),
    )
    .await?;
    for inline in call
        .get("inlinePolicies")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if let (Some(policy), Some(document)) = (inline["name"].as_str(), inline["policy"].as_str())
        {
            put_policy(call, &name, policy, document).await?;
        }
    }
    Ok(
        json!({"id": name, "name": name, "arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "uniqueId": name}),
    )
}

pub(super) async fn role_policy(call: &Call<'_>) -> Result<Value, ResourceError> {
    let role = call.text("role")?;
    let name = call.name("name");
    put_policy(call, role, &name, call.text("policy")?).await?;
    Ok(json!({"id": format!("{role}:{name}"), "name": name}))
}

pub(super) async fn policy(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
    let document = call.text("policy")?;
    ensure(
        call,
        "CreatePolicy",
        Parameters::new()
            .with("PolicyName", &name)
            .with("PolicyDocument", document),
        "CreatePolicyVersion",
        Parameters::new()
            .with("PolicyArn", &arn)
            .with("PolicyDocument", document)
            .with("SetAsDefault", "true"),
    )
    .await?;
    Ok(json!({"id": arn, "arn": arn, "name": name}))
}

pub(super) async fn role_policy_attachment(call: &Call<'_>) -> Result<Value, ResourceError> {
    let (role, arn) = (call.text("role")?, call.text("policyArn")?);
    call.aws
        .query(
            IAM,
            "AttachRolePolicy",
            &Parameters::new()
                .with("RoleName", role)
                .with("PolicyArn", arn),
        )
        .await?;
    Ok(json!({"id": format!("{role}-{arn}")}))
}

pub(super) async fn instance_profile(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    if call.before.is_none() {
        let parameters = Parameters::new().with("InstanceProfileName", &name);
        let made = call
            .aws
            .query(IAM, "CreateInstanceProfile", &parameters)
            .await;
        match made {
            Err(error) if error.is(&["EntityAlreadyExists"]) => {}
            other => drop(other?),
        }
        if let Some(role) = call.optional("role") {
            let added = call
                .aws
                .query(
                    IAM,
                    "AddRoleToInstanceProfile",
                    &parameters.with("RoleName", role),
                )
                .await;
            match added {
                Err(error) if error.is(&["LimitExceeded"]) => {}
                other => drop(other?),
            }
        }
    }
    Ok(
        json!({"id": name, "name": name, "arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/{name}")}),
    )
}

/// Creates, or brings what is there already to the same inputs.
async fn ensure(
    call: &Call<'_>,
    create: &str,
    inputs: Parameters,
    update: &str,
    changed: Parameters,
) -> Result<(), ResourceError> {
    match call.aws.query(IAM, create, &inputs).await {
        Err(error) if error.is(&["EntityAlreadyExists"]) => {
            call.aws.query(IAM, update, &changed).await?;
        }
        other => drop(other?),
    }
    Ok(())
}

async fn put_policy(
    call: &Call<'_>,
    role: &str,
    name: &str,
    document: &str,
) -> Result<(), ResourceError> {
    call.aws
        .query(
            IAM,
            "PutRolePolicy",
            &Parameters::new()
                .with("RoleName", role)
                .with("PolicyName", name)
                .with("PolicyDocument", document),
        )
        .await?;
    Ok(())
}
