//! Buckets, their policies and notifications, and objects.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Call, ResourceError};
use crate::local::aws::REGION;
use crate::local::aws::s3::object_path;

pub(super) async fn bucket(call: &Call<'_>) -> Result<Value, ResourceError> {
    let bucket = call.name("bucket");
    if call.before.is_none() {
        let made = call
            .aws
            .s3(Method::PUT, &format!("/{bucket}"), None, Vec::new())
            .await;
        match made {
            Err(error) if !error.is(&["BucketAlreadyOwnedByYou", "BucketAlreadyExists"]) => {
                return Err(error.into());
            }
            _ => {}
        }
    }
    Ok(json!({
        "id": bucket,
        "bucket": bucket,
        "arn": format!("arn:aws:s3:::{bucket}"),
        "bucketDomainName": format!("{bucket}.s3.amazonaws.com"),
        "bucketRegionalDomainName": format!("{bucket}.s3.{REGION}.amazonaws.com"),
        "region": REGION,
    }))
}

pub(super) async fn policy(call: &Call<'_>) -> Result<Value, ResourceError> {
    let bucket = call.text("bucket")?;
    let policy = call.text("policy")?.to_owned();
    call.aws
        .s3(
            Method::PUT,
            &format!("/{bucket}?policy"),
            Some("application/json"),
            policy.into_bytes(),
        )
        .await?;
    Ok(json!({"id": bucket}))
}

pub(super) async fn notification(call: &Call<'_>) -> Result<Value, ResourceError> {
    let bucket = call.text("bucket")?;
    let mut xml = String::from("<NotificationConfiguration>");
    for (input, element, target, arn) in [
        ("queues", "QueueConfiguration", "Queue", "queueArn"),
        ("topics", "TopicConfiguration", "Topic", "topicArn"),
        (
            "lambdaFunctions",
            "CloudFunctionConfiguration",
            "CloudFunction",
            "lambdaFunctionArn",
        ),
    ] {
        for entry in call
            .get(input)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let text = |key: &str| entry.get(key).and_then(Value::as_str);
            let arn = text(arn).ok_or_else(|| ResourceError::Input(format!("{input}[].{arn}")))?;
            xml.push_str(&format!("<{element}><{target}>{}</{target}>", escaped(arn)));
            for event in entry
                .get("events")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                xml.push_str(&format!(
                    "<Event>{}</Event>",
                    escaped(event.as_str().unwrap_or_default())
                ));
            }
            xml.push_str("<Filter><S3Key>");
            for (name, value) in [
                ("prefix", text("filterPrefix")),
                ("suffix", text("filterSuffix")),
            ] {
                if let Some(value) = value {
                    xml.push_str(&format!(
                        "<FilterRule><Name>{name}</Name><Value>{}</Value></FilterRule>",
                        escaped(value)
                    ));
                }
            }
            xml.push_str(&format!("</S3Key></Filter></{element}>"));
        }
    }
    if call.get("eventbridge").and_then(Value::as_bool) == Some(true) {
        xml.push_str("<EventBridgeConfiguration/>");
    }
    xml.push_str("</NotificationConfiguration>");
    call.aws
        .s3(
            Method::PUT,
            &format!("/{bucket}?notification"),
            Some("application/xml"),
            xml.into_bytes(),
        )
        .await?;
    Ok(json!({"id": bucket}))
}

pub(super) async fn object(call: &Call<'_>) -> Result<Value, ResourceError> {
    let (bucket, key) = (call.text("bucket")?, call.text("key")?);
    let content = call.optional("content").unwrap_or_default().to_owned();
    call.aws
        .s3(
            Method::PUT,
            &object_path(bucket, key),
            call.optional("contentType"),
            content.into_bytes(),
        )
        .await?;
    Ok(json!({"id": key, "key": key, "arn": format!("arn:aws:s3:::{bucket}/{key}")}))
}

/// Text inside an XML element.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
