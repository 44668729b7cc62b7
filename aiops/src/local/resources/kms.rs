//! Keys and their aliases.

use serde_json::{Value, json};

use super::{Call, ResourceError};
use crate::local::aws::{ACCOUNT, KMS, REGION};

pub(super) async fn key(call: &Call<'_>) -> Result<Value, ResourceError> {
    if let (Some(id), Some(arn)) = (call.was("keyId"), call.was("arn")) {
        if let Some(policy) = call.optional("policy") {
            call.aws
                .json(
                    KMS,
                    "PutKeyPolicy",
                    json!({"KeyId": id, "PolicyName": "default", "Policy": policy}),
                )
                .await?;
        }
        return Ok(json!({"id": id, "keyId": id, "arn": arn}));
    }
    let request = call.renamed([
        ("description", "Description"),
        ("policy", "Policy"),
        ("keyUsage", "KeyUsage"),
        ("customerMasterKeySpec", "KeySpec"),
    ]);
    let made = call.aws.json(KMS, "CreateKey", request.into()).await?;
    let metadata = &made["KeyMetadata"];
    Ok(json!({"id": metadata["KeyId"], "keyId": metadata["KeyId"], "arn": metadata["Arn"]}))
}

pub(super) async fn alias(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call
        .optional("name")
        .map_or_else(|| format!("alias/{}", call.key.name), str::to_owned);
    let request = json!({"AliasName": name, "TargetKeyId": call.text("targetKeyId")?});
    match call.aws.json(KMS, "CreateAlias", request.clone()).await {
        Err(error) if error.is(&["AlreadyExistsException"]) => {
            call.aws.json(KMS, "UpdateAlias", request).await?;
        }
        other => drop(other?),
    }
    Ok(json!({
        "id": name,
        "name": name,
        "arn": format!("arn:aws:kms:{REGION}:{ACCOUNT}:{name}"),
        "targetKeyArn": call.text("targetKeyId")?,
    }))
}
