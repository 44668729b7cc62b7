//! Functions, their permissions and event source mappings.

use base64::Engine as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::inputs::{archive_bytes, pascal};
use super::{Call, ResourceError};
use crate::local::aws::{ACCOUNT, Aws, AwsError, REGION};
use crate::package::Architecture;

const SCOPE: &str = "lambda";

/// A function's ARN.
pub(in crate::local) fn arn_of(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

pub(super) async fn function(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    let code = call
        .get("code")
        .ok_or_else(|| ResourceError::Input("code".to_owned()))?;
    let zip = archive_bytes(code, call.archives)?;
    let mut configuration = call.renamed([
        ("handler", "Handler"),
        ("runtime", "Runtime"),
        ("role", "Role"),
        ("memorySize", "MemorySize"),
        ("timeout", "Timeout"),
        ("description", "Description"),
    ]);
    configuration
        .entry("Handler")
        .or_insert_with(|| "bootstrap".into());
    let mut variables = call
        .get("environment")
        .and_then(|environment| environment.get("variables"))
        .cloned()
        .unwrap_or_else(|| json!({}));
    variables["AWS_ENDPOINT_URL"] = call.aws.endpoint().into();
    configuration.insert("Environment".to_owned(), json!({"Variables": variables}));
    if let Some(tracing) = call.get("tracingConfig") {
        configuration.insert("TracingConfig".to_owned(), pascal(tracing, &[], &[]));
    }
    create_or_update(call.aws, &name, configuration.into(), &zip).await?;
    if let Some(reserved) = call
        .get("reservedConcurrentExecutions")
        .and_then(Value::as_i64)
        .filter(|reserved| *reserved >= 0)
    {
        call.aws
            .rest(
                SCOPE,
                Method::PUT,
                &format!("/2017-10-31/functions/{name}/concurrency"),
                Some(json!({"ReservedConcurrentExecutions": reserved})),
            )
            .await?;
    }
    let arn = arn_of(&name);
    Ok(json!({
        "id": name,
        "name": name,
        "arn": arn,
        "qualifiedArn": format!("{arn}:$LATEST"),
        "invokeArn": format!("arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"),
        "version": "$LATEST",
        "code": Value::Null,
    }))
}

/// Creates the function, or brings the one of this name to this configuration and code.
pub(in crate::local) async fn create_or_update(
    aws: &Aws,
    name: &str,
    mut configuration: Value,
    zip: &[u8],
) -> Result<(), AwsError> {
    let zip = base64::engine::general_purpose::STANDARD.encode(zip);
    let mut request = configuration.clone();
    request["FunctionName"] = name.into();
    request["Code"] = json!({"ZipFile": zip});
    // Whatever AWS runs it on, here it runs on this machine.
    let machine = match Architecture::of_host() {
        Architecture::X86_64 => "x86_64",
        Architecture::Arm64 => "arm64",
    };
    request["Architectures"] = json!([machine]);
    match aws
        .rest(SCOPE, Method::POST, "/2015-03-31/functions", Some(request))
        .await
    {
        Err(error) if error.is(&["ResourceConflictException"]) => {
            let path = format!("/2015-03-31/functions/{name}");
            configuration["FunctionName"] = name.into();
            aws.rest(
                SCOPE,
                Method::PUT,
                &format!("{path}/configuration"),
                Some(configuration),
            )
            .await?;
            aws.rest(
                SCOPE,
                Method::PUT,
                &format!("{path}/code"),
                Some(json!({"ZipFile": zip})),
            )
            .await?;
            Ok(())
        }
        other => other.map(drop),
    }
}

pub(super) async fn permission(call: &Call<'_>) -> Result<Value, ResourceError> {
    let statement = call
        .optional("statementId")
        .map_or_else(|| call.key.name.clone(), str::to_owned);
    let function = function_name(call.text("function")?).to_owned();
    let mut request = call.renamed([
        ("action", "Action"),
        ("principal", "Principal"),
        ("sourceArn", "SourceArn"),
        ("sourceAccount", "SourceAccount"),
    ]);
    request.insert("StatementId".to_owned(), statement.clone().into());
    let path = format!("/2015-03-31/functions/{function}/policy");
    if call.before.is_some() {
        let removed = call
            .aws
            .rest(SCOPE, Method::DELETE, &format!("{path}/{statement}"), None)
            .await;
        match removed {
            Err(error) if error.is_not_found() => {}
            other => drop(other?),
        }
    }
    match call
        .aws
        .rest(SCOPE, Method::POST, &path, Some(request.into()))
        .await
    {
        Err(error) if error.is(&["ResourceConflictException"]) => {}
        other => drop(other?),
    }
    Ok(json!({"id": statement, "statementId": statement}))
}

pub(super) async fn mapping(call: &Call<'_>) -> Result<Value, ResourceError> {
    let mut request = call.renamed([
        ("batchSize", "BatchSize"),
        (
            "maximumBatchingWindowInSeconds",
            "MaximumBatchingWindowInSeconds",
        ),
        ("bisectBatchOnFunctionError", "BisectBatchOnFunctionError"),
        ("maximumRetryAttempts", "MaximumRetryAttempts"),
        ("maximumRecordAgeInSeconds", "MaximumRecordAgeInSeconds"),
        ("parallelizationFactor", "ParallelizationFactor"),
        ("functionResponseTypes", "FunctionResponseTypes"),
        ("enabled", "Enabled"),
    ]);
    request.insert(
        "FunctionName".to_owned(),
        function_name(call.text("functionName")?).into(),
    );
    for (input, name) in [
        ("scalingConfig", "ScalingConfig"),
        ("filterCriteria", "FilterCriteria"),
        ("destinationConfig", "DestinationConfig"),
    ] {
        if let Some(value) = call.get(input) {
            request.insert(
                name.to_owned(),
                pascal(value, &[("destinationArn", "Destination")], &[]),
            );
        }
    }
    if let Some(id) = call.was("uuid") {
        call.aws
            .rest(
                SCOPE,
                Method::PUT,
                &format!("/2015-03-31/event-source-mappings/{id}"),
                Some(request.into()),
            )
            .await?;
        return Ok(json!({"id": id, "uuid": id, "arn": call.was("arn")}));
    }
    let source = call.text("eventSourceArn")?;
    request.insert("EventSourceArn".to_owned(), source.into());
    if source.contains(":kinesis:") {
        // The emulator fixes `LATEST` at its first poll, not when the mapping is made: what is put
        // before that poll would be lost. The stream is new, so its beginning is the same.
        request.insert("StartingPosition".to_owned(), "TRIM_HORIZON".into());
    }
    let made = call
        .aws
        .rest(
            SCOPE,
            Method::POST,
            "/2015-03-31/event-source-mappings",
            Some(request.into()),
        )
        .await?;
    let id = &made["UUID"];
    Ok(json!({"id": id, "uuid": id, "arn": made["EventSourceMappingArn"]}))
}

/// A function's name, from its name or its ARN.
fn function_name(name_or_arn: &str) -> &str {
    name_or_arn
        .split_once(":function:")
        .map_or(name_or_arn, |(_, name)| {
            name.split(':').next().unwrap_or(name)
        })
}
