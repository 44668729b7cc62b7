//! HTTP APIs of API Gateway.

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::inputs::pascal;
use super::{Call, ResourceError};
use crate::local::aws::{ACCOUNT, REGION};

const SCOPE: &str = "apigateway";

pub(super) async fn api(call: &Call<'_>) -> Result<Value, ResourceError> {
    let name = call.name("name");
    let request = json!({"name": name, "protocolType": call.text("protocolType")?});
    let answer = put(call, "/v2/apis", request).await?;
    let id = answer["apiId"].as_str().unwrap_or_default().to_owned();
    Ok(json!({
        "id": id,
        "name": name,
        // The emulator serves an API below this path as well as by host name.
        "apiEndpoint": format!("{}/_aws/execute-api/{id}", call.aws.endpoint()),
        "arn": format!("arn:aws:apigateway:{REGION}::/apis/{id}"),
        "executionArn": format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{id}"),
    }))
}

pub(super) async fn integration(call: &Call<'_>) -> Result<Value, ResourceError> {
    let request = call.renamed([
        ("integrationType", "integrationType"),
        ("integrationMethod", "integrationMethod"),
        ("integrationUri", "integrationUri"),
        ("payloadFormatVersion", "payloadFormatVersion"),
        ("timeoutMilliseconds", "timeoutInMillis"),
    ]);
    child(call, "integrations", "integrationId", request).await
}

pub(super) async fn route(call: &Call<'_>) -> Result<Value, ResourceError> {
    let request = call.renamed([
        ("routeKey", "routeKey"),
        ("target", "target"),
        ("authorizationType", "authorizationType"),
        ("authorizerId", "authorizerId"),
        ("authorizationScopes", "authorizationScopes"),
    ]);
    child(call, "routes", "routeId", request).await
}

pub(super) async fn authorizer(call: &Call<'_>) -> Result<Value, ResourceError> {
    let mut request = call.renamed([
        ("authorizerType", "authorizerType"),
        ("identitySources", "identitySource"),
        ("authorizerUri", "authorizerUri"),
        ("jwtConfiguration", "jwtConfiguration"),
    ]);
    request.insert("name".to_owned(), call.name("name").into());
    child(call, "authorizers", "authorizerId", request).await
}

pub(super) async fn stage(call: &Call<'_>) -> Result<Value, ResourceError> {
    let api = call.text("apiId")?;
    let name = call.name("name");
    if call.before.is_none() {
        let auto = call.get("autoDeploy").cloned().unwrap_or(true.into());
        let request = json!({"stageName": name, "autoDeploy": auto});
        let path = format!("/v2/apis/{api}/stages");
        let made = call
            .aws
            .rest(SCOPE, Method::POST, &path, Some(request))
            .await;
        match made {
            Err(error) if error.is(&["ConflictException"]) => {}
            other => drop(other?),
        }
    }
    Ok(json!({
        "id": name,
        "name": name,
        "invokeUrl": format!("{}/_aws/execute-api/{api}/{name}", call.aws.endpoint()),
        "executionArn": format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/{name}"),
        "arn": format!("arn:aws:apigateway:{REGION}::/apis/{api}/stages/{name}"),
    }))
}

async fn child(
    call: &Call<'_>,
    collection: &str,
    id: &str,
    request: Map<String, Value>,
) -> Result<Value, ResourceError> {
    let path = format!("/v2/apis/{}/{collection}", call.text("apiId")?);
    let answer = put(call, &path, pascal_free(request)).await?;
    Ok(json!({"id": answer[id]}))
}

/// Creates an element of a collection, or changes the one that was made before.
async fn put(call: &Call<'_>, collection: &str, request: Value) -> Result<Value, ResourceError> {
    let (method, path) = match call.was("id") {
        Some(id) => (Method::PATCH, format!("{collection}/{id}")),
        None => (Method::POST, collection.to_owned()),
    };
    Ok(call.aws.rest(SCOPE, method, &path, Some(request)).await?)
}

/// This API takes its keys as Pulumi writes them, nested ones too.
fn pascal_free(request: Map<String, Value>) -> Value {
    let same: [(&str, &str); 2] = [("audiences", "audience"), ("issuer", "issuer")];
    match request.get("jwtConfiguration") {
        Some(jwt) => {
            let jwt = pascal(jwt, &same, &[]);
            let mut request = request;
            request.insert("jwtConfiguration".to_owned(), jwt);
            request.into()
        }
        None => request.into(),
    }
}
