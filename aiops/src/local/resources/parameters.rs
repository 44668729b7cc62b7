//! Parameters and secrets.

use serde_json::{Value, json};

use super::{Call, ResourceError};
use crate::local::aws::{ACCOUNT, REGION, SECRETS, SSM};

pub(super) async fn parameter(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    let value = call
        .optional("value")
        .or_else(|| call.optional("insecureValue"))
        .ok_or_else(|| ResourceError::Input("value".to_owned()))?;
    call.aws
        .json(
            SSM,
            "PutParameter",
            json!({
                "Name": name,
                "Type": call.optional("type").unwrap_or("String"),
                "Value": value,
                "Overwrite": true,
            }),
        )
        .await?;
    let path = name.trim_start_matches('/');
    Ok(json!({
        "id": name,
        "name": name,
        "arn": format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{path}"),
    }))
}

pub(super) async fn secret(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    let request =
        json!({"Name": name, "Description": call.optional("description").unwrap_or_default()});
    match call.aws.json(SECRETS, "CreateSecret", request).await {
        Err(error) if error.is(&["ResourceExistsException"]) => {}
        other => drop(other?),
    }
    let answer = call
        .aws
        .json(SECRETS, "DescribeSecret", json!({"SecretId": name}))
        .await?;
    let arn = &answer["ARN"];
    Ok(json!({"id": arn, "arn": arn, "name": name}))
}

pub(super) async fn secret_version(call: &Call<'_>) -> Result<Value, ResourceError> {
    let id = call.text("secretId")?;
    let answer = call
        .aws
        .json(
            SECRETS,
            "PutSecretValue",
            json!({"SecretId": id, "SecretString": call.text("secretString")?}),
        )
        .await?;
    let version = &answer["VersionId"];
    // The value itself stays out of the state.
    Ok(
        json!({"id": format!("{id}|{}", version.as_str().unwrap_or_default()), "arn": id, "versionId": version, "secretString": Value::Null}),
    )
}
