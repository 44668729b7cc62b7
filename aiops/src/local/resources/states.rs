//! State machines.

use serde_json::{Value, json};

use super::{Call, ResourceError};
use crate::local::aws::{ACCOUNT, REGION, STATES};

pub(super) async fn machine(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    let arn = format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}");
    let (definition, role) = (call.text("definition")?, call.text("roleArn")?);
    let mut made = Ok(Value::Null);
    if call.before.is_none() {
        made = call
            .aws
            .json(
                STATES,
                "CreateStateMachine",
                json!({
                    "name": name,
                    "definition": definition,
                    "roleArn": role,
                    "type": call.optional("type").unwrap_or("STANDARD"),
                }),
            )
            .await;
    }
    let is_there = call.before.is_some()
        || made
            .as_ref()
            .is_err_and(|error| error.is(&["StateMachineAlreadyExists"]));
    if is_there {
        call.aws
            .json(
                STATES,
                "UpdateStateMachine",
                json!({"stateMachineArn": arn, "definition": definition, "roleArn": role}),
            )
            .await?;
    } else {
        made?;
    }
    Ok(json!({"id": arn, "arn": arn, "name": name}))
}
