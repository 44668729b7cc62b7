//! What references and data sources resolve to on the local cloud.

use std::collections::BTreeMap;

use aiops_infra::graph::value::Invoke;
use aiops_infra::graph::{EvaluateError, Evaluated, Key, Outputs, Path};
use serde_json::{Value, json};

use super::aws::{ACCOUNT, REGION};

/// The outputs that are known so far.
#[derive(Debug, Default)]
pub(super) struct KnownOutputs {
    resources: BTreeMap<Key, Value>,
}

impl KnownOutputs {
    pub(super) fn insert(&mut self, key: Key, outputs: Value) {
        self.resources.insert(key, outputs);
    }
}

impl Outputs for KnownOutputs {
    fn output(&self, resource: &Key, path: &Path) -> Result<Evaluated, EvaluateError> {
        let outputs = self
            .resources
            .get(resource)
            .ok_or_else(|| EvaluateError::NoResource(resource.clone()))?;
        Evaluated::from(outputs.clone())
            .at(path)
            .ok_or_else(|| EvaluateError::NoProperty {
                resource: resource.to_string(),
                path: path.clone(),
            })
    }

    fn invoke(&self, invoke: &Invoke, _args: &Evaluated) -> Result<Evaluated, EvaluateError> {
        let result = match invoke.token.as_str() {
            "aws:index/getCallerIdentity:getCallerIdentity" => json!({
                "accountId": ACCOUNT,
                "arn": format!("arn:aws:iam::{ACCOUNT}:root"),
                "userId": ACCOUNT,
                "id": ACCOUNT,
            }),
            "aws:index/getRegion:getRegion" => {
                json!({"name": REGION, "region": REGION, "id": REGION})
            }
            "aws:index/getPartition:getPartition" => {
                json!({"partition": "aws", "dnsSuffix": "amazonaws.com", "id": "aws"})
            }
            "aws:index/getAvailabilityZones:getAvailabilityZones" => json!({
                "names": [format!("{REGION}a"), format!("{REGION}b"), format!("{REGION}c")],
                "zoneIds": ["use1-az1", "use1-az2", "use1-az3"],
            }),
            // AWS's own public parameter: the id of an image, which nothing here looks into.
            "aws:ssm/getParameter:getParameter" => json!({"value": "ami-00000000000000000"}),
            token => {
                return Err(EvaluateError::Invoke {
                    token: token.to_owned(),
                    detail: "the local cloud has no such data source".to_owned(),
                });
            }
        };
        Ok(result.into())
    }

    fn config(&self, key: &str) -> Result<Evaluated, EvaluateError> {
        // Secrets are filled once they are made, never from the stack's configuration.
        Err(EvaluateError::NoConfig(key.to_owned()))
    }
}
