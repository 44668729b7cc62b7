//! Delivery streams to S3.

use serde_json::{Value, json};

use super::{Call, ResourceError};
use crate::local::aws::FIREHOSE;

pub(super) async fn stream(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    let destination = call
        .get("extendedS3Configuration")
        .ok_or_else(|| ResourceError::Input("extendedS3Configuration".to_owned()))?;
    let field = |name: &str| destination.get(name).cloned().unwrap_or_default();
    let mut configuration = json!({
        "BucketARN": field("bucketArn"),
        "RoleARN": field("roleArn"),
        "Prefix": field("prefix"),
        "ErrorOutputPrefix": field("errorOutputPrefix"),
        "CompressionFormat": destination.get("compressionFormat").cloned().unwrap_or("UNCOMPRESSED".into()),
        "FileExtension": field("fileExtension"),
        "BufferingHints": {
            "IntervalInSeconds": destination.get("bufferingInterval").cloned().unwrap_or(300.into()),
            "SizeInMBs": destination.get("bufferingSize").cloned().unwrap_or(5.into()),
        },
    });
    if let Value::Object(fields) = &mut configuration {
        fields.retain(|_, value| !value.is_null());
    }
    if call.before.is_some() {
        update(call, &name, configuration).await?;
    } else {
        let mut request = json!({
            "DeliveryStreamName": name,
            "DeliveryStreamType": "DirectPut",
            "ExtendedS3DestinationConfiguration": configuration,
        });
        if let Some(source) = call.get("kinesisSourceConfiguration") {
            request["DeliveryStreamType"] = "KinesisStreamAsSource".into();
            request["KinesisStreamSourceConfiguration"] = json!({
                "KinesisStreamARN": source["kinesisStreamArn"],
                "RoleARN": source["roleArn"],
            });
        }
        match call
            .aws
            .json(FIREHOSE, "CreateDeliveryStream", request)
            .await
        {
            Err(error) if error.is(&["ResourceInUseException"]) => {}
            other => drop(other?),
        }
    }
    let answer = describe(call, &name).await?;
    let arn = &answer["DeliveryStreamDescription"]["DeliveryStreamARN"];
    Ok(json!({"id": arn, "arn": arn, "name": name}))
}

async fn describe(call: &Call<'_>, name: &str) -> Result<Value, ResourceError> {
    Ok(call
        .aws
        .json(
            FIREHOSE,
            "DescribeDeliveryStream",
            json!({"DeliveryStreamName": name}),
        )
        .await?)
}

async fn update(call: &Call<'_>, name: &str, configuration: Value) -> Result<(), ResourceError> {
    let answer = describe(call, name).await?;
    let description = &answer["DeliveryStreamDescription"];
    call.aws
        .json(
            FIREHOSE,
            "UpdateDestination",
            json!({
                "DeliveryStreamName": name,
                "CurrentDeliveryStreamVersionId": description["VersionId"],
                "DestinationId": description["Destinations"][0]["DestinationId"],
                "ExtendedS3DestinationUpdate": configuration,
            }),
        )
        .await?;
    Ok(())
}
