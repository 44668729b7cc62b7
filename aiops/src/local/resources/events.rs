//! EventBridge rules and their targets.

use serde_json::{Value, json};

use super::inputs::pascal;
use super::{Call, ResourceError};
use crate::local::aws::EVENTS;

pub(super) async fn rule(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    let mut request = call.renamed([
        ("description", "Description"),
        ("eventBusName", "EventBusName"),
        ("eventPattern", "EventPattern"),
        ("scheduleExpression", "ScheduleExpression"),
        ("roleArn", "RoleArn"),
        ("state", "State"),
    ]);
    request.insert("Name".to_owned(), name.clone().into());
    let made = call.aws.json(EVENTS, "PutRule", request.into()).await?;
    Ok(json!({"id": name, "name": name, "arn": made["RuleArn"]}))
}

pub(super) async fn target(call: &Call<'_>) -> Result<Value, ResourceError> {
    let id = call
        .optional("targetId")
        .map_or_else(|| call.key.name.clone(), str::to_owned);
    let mut target = call.renamed([
        ("arn", "Arn"),
        ("roleArn", "RoleArn"),
        ("input", "Input"),
        ("inputPath", "InputPath"),
    ]);
    target.insert("Id".to_owned(), id.clone().into());
    for (input, name) in [
        ("inputTransformer", "InputTransformer"),
        ("retryPolicy", "RetryPolicy"),
        ("deadLetterConfig", "DeadLetterConfig"),
    ] {
        if let Some(value) = call.get(input) {
            target.insert(
                name.to_owned(),
                pascal(value, &[("inputPaths", "InputPathsMap")], &["inputPaths"]),
            );
        }
    }
    let rule = call.text("rule")?;
    let mut request = json!({"Rule": rule, "Targets": [target]});
    if let Some(bus) = call.get("eventBusName") {
        request["EventBusName"] = bus.clone();
    }
    call.aws.json(EVENTS, "PutTargets", request).await?;
    Ok(json!({"id": format!("{rule}-{id}"), "targetId": id}))
}
