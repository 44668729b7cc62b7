//! Topics.

use serde_json::{Value, json};

use super::{Call, ResourceError};
use crate::local::aws::SNS;
use crate::local::aws::query::Parameters;

pub(super) async fn topic(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    // Creating a topic that is there answers its ARN.
    let made = call
        .aws
        .query(SNS, "CreateTopic", &Parameters::new().with("Name", &name))
        .await?;
    let arn = made.text("TopicArn").unwrap_or_default();
    for (input, attribute) in [
        ("displayName", "DisplayName"),
        ("policy", "Policy"),
        ("deliveryPolicy", "DeliveryPolicy"),
        ("kmsMasterKeyId", "KmsMasterKeyId"),
    ] {
        if let Some(value) = call.optional(input) {
            set(call, &arn, attribute, value).await?;
        }
    }
    Ok(json!({"id": arn, "arn": arn, "name": name}))
}

pub(super) async fn topic_policy(call: &Call<'_>) -> Result<Value, ResourceError> {
    let arn = call.text("arn")?;
    set(call, arn, "Policy", call.text("policy")?).await?;
    Ok(json!({"id": arn}))
}

pub(super) async fn subscription(call: &Call<'_>) -> Result<Value, ResourceError> {
    if call.before.is_some() {
        return Err(ResourceError::CannotChange("a topic's subscription"));
    }
    let mut parameters = Parameters::new()
        .with("TopicArn", call.text("topic")?)
        .with("Protocol", call.text("protocol")?)
        .with("Endpoint", call.text("endpoint")?)
        .with("ReturnSubscriptionArn", "true");
    let mut number = 0;
    for (input, attribute) in [
        ("rawMessageDelivery", "RawMessageDelivery"),
        ("filterPolicy", "FilterPolicy"),
        ("filterPolicyScope", "FilterPolicyScope"),
        ("redrivePolicy", "RedrivePolicy"),
    ] {
        if let Some(value) = call.get(input) {
            number += 1;
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            parameters = parameters
                .with(format!("Attributes.entry.{number}.key"), attribute)
                .with(format!("Attributes.entry.{number}.value"), text);
        }
    }
    let made = call.aws.query(SNS, "Subscribe", &parameters).await?;
    let arn = made.text("SubscriptionArn").unwrap_or_default();
    Ok(json!({"id": arn, "arn": arn}))
}

async fn set(
    call: &Call<'_>,
    arn: &str,
    attribute: &str,
    value: &str,
) -> Result<(), ResourceError> {
    call.aws
        .query(
            SNS,
            "SetTopicAttributes",
            &Parameters::new()
                .with("TopicArn", arn)
                .with("AttributeName", attribute)
                .with("AttributeValue", value),
        )
        .await?;
    Ok(())
}
