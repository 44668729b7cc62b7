//! Data streams.

use serde_json::{Value, json};

use super::{Call, ResourceError};
use crate::local::aws::KINESIS;

/// Shards of an on-demand stream here; AWS starts with four.
const ON_DEMAND_SHARDS: u64 = 2;

pub(super) async fn stream(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    // The emulator gives an on-demand stream shards by its own rule: the count is said here.
    let shards = call
        .get("shardCount")
        .and_then(Value::as_u64)
        .unwrap_or(ON_DEMAND_SHARDS);
    if call.before.is_none() {
        let made = call
            .aws
            .json(
                KINESIS,
                "CreateStream",
                json!({"StreamName": name, "ShardCount": shards}),
            )
            .await;
        match made {
            Err(error) if error.is(&["ResourceInUseException"]) => {}
            other => drop(other?),
        }
    } else if call.before.and_then(|before| before["shardCount"].as_u64()) != Some(shards) {
        return Err(ResourceError::CannotChange(
            "the number of a stream's shards",
        ));
    }
    let answer = call
        .aws
        .json(
            KINESIS,
            "DescribeStreamSummary",
            json!({"StreamName": name}),
        )
        .await?;
    let arn = &answer["StreamDescriptionSummary"]["StreamARN"];
    Ok(json!({"id": arn, "arn": arn, "name": name, "shardCount": shards}))
}
