//! Queues.

use serde_json::{Value, json};

use super::inputs::as_texts;
use super::{Call, ResourceError};
use crate::local::aws::SQS;

pub(super) async fn queue(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    let attributes = as_texts(call.renamed([
        ("visibilityTimeoutSeconds", "VisibilityTimeout"),
        ("messageRetentionSeconds", "MessageRetentionPeriod"),
        ("delaySeconds", "DelaySeconds"),
        ("maxMessageSize", "MaximumMessageSize"),
        ("receiveWaitTimeSeconds", "ReceiveMessageWaitTimeSeconds"),
        ("fifoQueue", "FifoQueue"),
        ("policy", "Policy"),
        ("redrivePolicy", "RedrivePolicy"),
        ("redriveAllowPolicy", "RedriveAllowPolicy"),
        ("kmsMasterKeyId", "KmsMasterKeyId"),
        (
            "kmsDataKeyReusePeriodSeconds",
            "KmsDataKeyReusePeriodSeconds",
        ),
        ("sqsManagedSseEnabled", "SqsManagedSseEnabled"),
    ]));
    let url = if let Some(url) = call.was("url") {
        set(call, url, attributes.into()).await?;
        url.to_owned()
    } else {
        let made = call
            .aws
            .json(
                SQS,
                "CreateQueue",
                json!({"QueueName": name, "Attributes": attributes}),
            )
            .await?;
        made["QueueUrl"].as_str().unwrap_or_default().to_owned()
    };
    let answer = call
        .aws
        .json(
            SQS,
            "GetQueueAttributes",
            json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]}),
        )
        .await?;
    Ok(json!({"id": url, "url": url, "name": name, "arn": answer["Attributes"]["QueueArn"]}))
}

pub(super) async fn queue_policy(call: &Call<'_>) -> Result<Value, ResourceError> {
    let url = call.text("queueUrl")?;
    set(call, url, json!({"Policy": call.text("policy")?})).await?;
    Ok(json!({"id": url}))
}

pub(super) async fn redrive_policy(call: &Call<'_>) -> Result<Value, ResourceError> {
    let url = call.text("queueUrl")?;
    set(
        call,
        url,
        json!({"RedrivePolicy": call.text("redrivePolicy")?}),
    )
    .await?;
    Ok(json!({"id": url}))
}

async fn set(call: &Call<'_>, url: &str, attributes: Value) -> Result<(), ResourceError> {
    call.aws
        .json(
            SQS,
            "SetQueueAttributes",
            json!({"QueueUrl": url, "Attributes": attributes}),
        )
        .await?;
    Ok(())
}
