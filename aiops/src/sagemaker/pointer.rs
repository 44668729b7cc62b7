//! The pointer that the detector reads, and its history: rolling back is moving it to where it was.

use aiops_domain::finding::hex;
use aiops_domain::model_pointer::{ModelPointer, NO_MODEL};
use aiops_functions::adapters::signed::Service;
use aiops_functions::ports::ObjectStore as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::of_port;
use super::packages::Package;
use crate::deployed::Deployed;
use crate::error::CommandError;

/// Bytes of an artefact, as the detector reads it.
const ARTEFACT_BYTES_MAX: u64 = 256 << 20;

/// Pages of the history that are read; SSM keeps a hundred values.
const HISTORY_PAGES_MAX: usize = 20;

/// Where the pointer points.
///
/// # Errors
/// When SSM refuses, or the value is no pointer.
pub async fn current(stack: &Deployed) -> Result<Option<ModelPointer>, CommandError> {
    let name = stack.text("modelParameter")?;
    let value = stack.client.parameter(name).await.map_err(of_port)?;
    let pointer = value.as_deref().map_or(Ok(None), ModelPointer::parse);
    pointer.map_err(|error| CommandError::bad_key(name, error))
}

/// What the pointer said before what it says now; `None`: there is no such value.
///
/// # Errors
/// When SSM refuses.
pub async fn previous(stack: &Deployed) -> Result<Option<Option<ModelPointer>>, CommandError> {
    let name = stack.text("modelParameter")?;
    let mut values: Vec<(i64, String)> = Vec::new();
    let mut request = json!({ "Name": name, "WithDecryption": true, "MaxResults": 50 });
    for _page in 0..HISTORY_PAGES_MAX {
        let answer = stack
            .client
            .json(Service::Ssm, "GetParameterHistory", &request)
            .await
            .map_err(of_port)?;
        let entries = answer.get("Parameters").and_then(Value::as_array);
        values.extend(entries.into_iter().flatten().filter_map(|entry| {
            let version = entry.get("Version")?.as_i64()?;
            Some((version, entry.get("Value")?.as_str()?.to_owned()))
        }));
        match answer.get("NextToken").and_then(Value::as_str) {
            Some(token) => request["NextToken"] = token.into(),
            None => break,
        }
    }
    values.sort_unstable();
    let mut pointers = Vec::new();
    for (_, value) in &values {
        // A candidate that came or went beside a pointer did not move it.
        let pointer = ModelPointer::parse(value);
        pointers.push(pointer.map_err(|error| CommandError::bad_key(name, error))?);
    }
    let now = pointers.pop();
    Ok(pointers
        .into_iter()
        .rev()
        .find(|before| Some(before) != now.as_ref()))
}

/// The pointer to a version.
pub fn to(package: &Package) -> ModelPointer {
    ModelPointer {
        version: package.version.clone(),
        bucket: package.bucket.clone(),
        key: package.key.clone(),
        sha256: package.sha256.clone(),
    }
}

/// Lets a version run in shadow beside the current one: it scores the same windows, how often the two
/// differ is counted, and nobody is called for what it finds.
///
/// # Errors
/// When there is no current model, the artefact is not there or not what the pointer says, or SSM
/// refuses.
pub async fn accompany(stack: &Deployed, candidate: &ModelPointer) -> Result<(), CommandError> {
    let current = current(stack).await?.ok_or_else(|| {
        CommandError::bad_key(
            "--shadow",
            "there is no current model to run beside: promote it",
        )
    })?;
    check(stack, candidate).await?;
    let value = current.with_candidate(candidate);
    put(stack, value.map_err(anyhow::Error::from)?).await
}

/// Moves the pointer, once the artefact that it will point to is seen to be whole.
///
/// # Errors
/// When the artefact is not there or not what the pointer says, or SSM refuses.
pub async fn point(stack: &Deployed, pointer: Option<&ModelPointer>) -> Result<(), CommandError> {
    let value = match pointer {
        None => NO_MODEL.to_owned(),
        Some(pointer) => {
            check(stack, pointer).await?;
            serde_json::to_string(pointer).map_err(anyhow::Error::from)?
        }
    };
    put(stack, value).await
}

async fn put(stack: &Deployed, value: String) -> Result<(), CommandError> {
    let request = json!({
        "Name": stack.text("modelParameter")?,
        "Type": "String",
        "Value": value,
        "Overwrite": true,
    });
    let answer = stack
        .client
        .json(Service::Ssm, "PutParameter", &request)
        .await;
    answer.map(drop).map_err(of_port)
}

async fn check(stack: &Deployed, pointer: &ModelPointer) -> Result<(), CommandError> {
    let (bucket, key) = (&pointer.bucket, &pointer.key);
    let object = stack
        .objects
        .get(bucket, key, ARTEFACT_BYTES_MAX)
        .await
        .map_err(of_port)?;
    let sha256 = object.map(|object| hex(&Sha256::digest(&object.body)));
    if sha256.as_deref() == Some(&pointer.sha256) {
        return Ok(());
    }
    Err(CommandError::Failed(anyhow::anyhow!(
        "s3://{bucket}/{key} is {}: the pointer stays where it is",
        if sha256.is_some() {
            "not the artefact of this version"
        } else {
            "not there"
        }
    )))
}
