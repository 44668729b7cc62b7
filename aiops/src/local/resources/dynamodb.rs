//! Tables.

use serde_json::{Value, json};

use super::{Call, ResourceError};
use crate::local::aws::DYNAMODB;

pub(super) async fn table(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    if call.before.is_none() {
        let made = call
            .aws
            .json(DYNAMODB, "CreateTable", definition(call, &name)?)
            .await;
        match made {
            Err(error) if error.is(&["ResourceInUseException"]) => {}
            other => drop(other?),
        }
        if let Some(ttl) = call.get("ttl").filter(|ttl| ttl["enabled"] != json!(false)) {
            call.aws
                .json(
                    DYNAMODB,
                    "UpdateTimeToLive",
                    json!({
                        "TableName": name,
                        "TimeToLiveSpecification": {"Enabled": true, "AttributeName": ttl["attributeName"]},
                    }),
                )
                .await?;
        }
    } else if let Some(before) = call.before {
        for property in [
            "hashKey",
            "rangeKey",
            "attributes",
            "globalSecondaryIndexes",
        ] {
            if before.get(property) != call.inputs.get(property) {
                return Err(ResourceError::CannotChange("a table's key or index"));
            }
        }
    }
    let answer = call
        .aws
        .json(DYNAMODB, "DescribeTable", json!({"TableName": name}))
        .await?;
    let described = &answer["Table"];
    Ok(json!({
        "id": name,
        "name": name,
        "arn": described["TableArn"],
        "streamArn": described["LatestStreamArn"],
    }))
}

fn definition(call: &Call<'_>, name: &str) -> Result<Value, ResourceError> {
    let attributes: Vec<Value> = call
        .get("attributes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|attribute| {
            json!({"AttributeName": attribute["name"], "AttributeType": attribute["type"]})
        })
        .collect();
    let mut request = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes,
        "KeySchema": key_schema(call.inputs),
    });
    call.text("hashKey")?;
    if let Some(indexes) = call.get("globalSecondaryIndexes").and_then(Value::as_array) {
        request["GlobalSecondaryIndexes"] = indexes
            .iter()
            .map(|index| {
                let mut projection = json!({"ProjectionType": index["projectionType"]});
                if let Some(attributes) = index.get("nonKeyAttributes") {
                    projection["NonKeyAttributes"] = attributes.clone();
                }
                json!({
                    "IndexName": index["name"],
                    "KeySchema": key_schema(index),
                    "Projection": projection,
                })
            })
            .collect();
    }
    if call.get("streamEnabled") == Some(&json!(true)) {
        request["StreamSpecification"] =
            json!({"StreamEnabled": true, "StreamViewType": call.get("streamViewType")});
    }
    Ok(request)
}

/// The key of a table or an index: `hashKey`/`rangeKey`, or a list `keySchemas`.
fn key_schema(of: &Value) -> Value {
    if let Some(schemas) = of.get("keySchemas").and_then(Value::as_array) {
        return schemas
            .iter()
            .map(|key| json!({"AttributeName": key["attributeName"], "KeyType": key["keyType"]}))
            .collect();
    }
    [("hashKey", "HASH"), ("rangeKey", "RANGE")]
        .into_iter()
        .filter_map(|(input, kind)| {
            let name = of.get(input)?.as_str()?;
            Some(json!({"AttributeName": name, "KeyType": kind}))
        })
        .collect()
}
