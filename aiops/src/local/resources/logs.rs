//! Log groups and subscription filters.

use serde_json::{Value, json};

use super::{Call, ResourceError};
use crate::local::aws::{ACCOUNT, LOGS, REGION};

pub(super) async fn group(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    if call.before.is_none() {
        let made = call
            .aws
            .json(LOGS, "CreateLogGroup", json!({"logGroupName": name}))
            .await;
        match made {
            Err(error) if error.is(&["ResourceAlreadyExistsException"]) => {}
            other => drop(other?),
        }
    }
    if let Some(days) = call
        .get("retentionInDays")
        .filter(|days| **days != json!(0))
    {
        call.aws
            .json(
                LOGS,
                "PutRetentionPolicy",
                json!({"logGroupName": name, "retentionInDays": days}),
            )
            .await?;
    }
    Ok(json!({
        "id": name,
        "name": name,
        "arn": format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"),
    }))
}

/// The emulator delivers to functions only: what goes to Kinesis on AWS goes to the relay here,
/// which puts the same envelope into the same stream.
pub(super) async fn subscription_filter(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    let declared = call.text("destinationArn")?;
    let destination = if declared.contains(":kinesis:") {
        call.relay
    } else {
        declared
    };
    call.aws
        .json(
            LOGS,
            "PutSubscriptionFilter",
            json!({
                "logGroupName": call.text("logGroup")?,
                "filterName": name,
                "filterPattern": call.optional("filterPattern").unwrap_or_default(),
                "destinationArn": destination,
            }),
        )
        .await?;
    Ok(json!({"id": name, "name": name}))
}
