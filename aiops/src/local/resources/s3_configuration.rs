//! The sub-resources of buckets that are one XML document each.

use reqwest::Method;
use serde_json::{Value, json};

use super::s3::escaped;
use super::{Call, ResourceError};

/// Input names whose element is not the same word in capitals.
const ELEMENTS: [(&str, &str); 8] = [
    ("rules", "Rule"),
    ("rule", "Rule"),
    ("transitions", "Transition"),
    (
        "noncurrentVersionTransitions",
        "NoncurrentVersionTransition",
    ),
    ("id", "ID"),
    ("sseAlgorithm", "SSEAlgorithm"),
    ("kmsMasterKeyId", "KMSMasterKeyID"),
    ("mfaDelete", "MfaDelete"),
];

pub(super) async fn versioning(call: &Call<'_>) -> Result<Value, ResourceError> {
    let configuration = call.get("versioningConfiguration").cloned();
    put(
        call,
        "versioning",
        "VersioningConfiguration",
        configuration.unwrap_or_default(),
    )
    .await
}

pub(super) async fn encryption(call: &Call<'_>) -> Result<Value, ResourceError> {
    let rules = json!({"rules": call.get("rules")});
    put(
        call,
        "encryption",
        "ServerSideEncryptionConfiguration",
        rules,
    )
    .await
}

pub(super) async fn public_access_block(call: &Call<'_>) -> Result<Value, ResourceError> {
    let flags = call.renamed([
        ("blockPublicAcls", "blockPublicAcls"),
        ("ignorePublicAcls", "ignorePublicAcls"),
        ("blockPublicPolicy", "blockPublicPolicy"),
        ("restrictPublicBuckets", "restrictPublicBuckets"),
    ]);
    put(
        call,
        "publicAccessBlock",
        "PublicAccessBlockConfiguration",
        flags.into(),
    )
    .await
}

pub(super) async fn ownership(call: &Call<'_>) -> Result<Value, ResourceError> {
    let rule = json!({"rule": call.get("rule")});
    put(call, "ownershipControls", "OwnershipControls", rule).await
}

pub(super) async fn lifecycle(call: &Call<'_>) -> Result<Value, ResourceError> {
    let rules = json!({"rules": call.get("rules")});
    put(call, "lifecycle", "LifecycleConfiguration", rules).await
}

async fn put(
    call: &Call<'_>,
    subresource: &str,
    root: &str,
    value: Value,
) -> Result<Value, ResourceError> {
    let bucket = call.text("bucket")?;
    let mut xml = String::new();
    element(root, &value, &mut xml);
    call.aws
        .s3(
            Method::PUT,
            &format!("/{bucket}?{subresource}"),
            Some("application/xml"),
            xml.into_bytes(),
        )
        .await?;
    Ok(json!({"id": bucket}))
}

/// Writes `value` as the element `name`, a list as one element for each item.
fn element(name: &str, value: &Value, xml: &mut String) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| element(name, item, xml)),
        Value::Object(map) => {
            xml.push_str(&format!("<{name}>"));
            for (key, inner) in map {
                let child = ELEMENTS
                    .iter()
                    .find_map(|(from, to)| (from == key).then(|| (*to).to_owned()))
                    .unwrap_or_else(|| capitalised(key));
                element(&child, inner, xml);
            }
            xml.push_str(&format!("</{name}>"));
        }
        Value::String(text) => xml.push_str(&format!("<{name}>{}</{name}>", escaped(text))),
        scalar => xml.push_str(&format!("<{name}>{scalar}</{name}>")),
    }
}

fn capitalised(key: &str) -> String {
    let mut characters = key.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + characters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_become_repeated_elements() {
        let mut xml = String::new();
        let value = json!({"rules": [{"id": "a&b", "transitions": [{"days": 30}], "filter": {"prefix": "x/"}}]});
        element("LifecycleConfiguration", &value, &mut xml);
        assert_eq!(
            xml,
            "<LifecycleConfiguration><Rule><ID>a&amp;b</ID><Transition><Days>30</Days></Transition>\
             <Filter><Prefix>x/</Prefix></Filter></Rule></LifecycleConfiguration>"
        );
    }
}
