//! The real form of the cloud seam: each operation of a plan by its API's protocol.

use aiops_domain::{ApiCall, Operation};
use serde_json::Value;

use super::kubernetes::Kubernetes;
use super::signed::endpoint::path_segment;
use super::signed::{Service, SignedClient};
use crate::ports::cloud::Cloud;
use crate::ports::{PortError, PortResult};

/// AWS, through the signed client.
#[derive(Debug, Clone)]
pub struct AwsCloud {
    client: SignedClient,
    clusters: Kubernetes,
}

impl AwsCloud {
    /// AWS through this client.
    pub fn new(client: SignedClient) -> Self {
        Self {
            clusters: Kubernetes::new(client.clone()),
            client,
        }
    }
}

impl Cloud for AwsCloud {
    async fn call(&self, call: &ApiCall) -> PortResult<Value> {
        let Some((service, name)) = call.operation.as_str().split_once(':') else {
            return Err(unsupported(call.operation));
        };
        match service {
            "ec2" => {
                self.client
                    .query(Service::Ec2, name, &call.parameters)
                    .await
            }
            "autoscaling" => {
                self.client
                    .query(Service::Autoscaling, name, &call.parameters)
                    .await
            }
            "iam" => {
                self.client
                    .query(Service::Iam, name, &call.parameters)
                    .await
            }
            "ssm" => self.client.json(Service::Ssm, name, &call.parameters).await,
            "kinesis" => {
                self.client
                    .json(Service::Kinesis, name, &call.parameters)
                    .await
            }
            "eks" => self.eks(call).await,
            "kubernetes" => self.clusters.call(call).await,
            _ => Err(unsupported(call.operation)),
        }
    }
}

impl AwsCloud {
    async fn eks(&self, call: &ApiCall) -> PortResult<Value> {
        let text = |name: &str| {
            call.parameters
                .get(name)
                .and_then(Value::as_str)
                .map(path_segment)
                .ok_or_else(|| PortError::Permanent {
                    what: call.operation.to_string(),
                    detail: format!("the plan's call lacks {name}"),
                })
        };
        let group = format!(
            "/clusters/{}/node-groups/{}",
            text("clusterName")?,
            text("nodegroupName")?
        );
        match call.operation {
            Operation::DescribeNodegroup => {
                self.client
                    .rest(Service::Eks, reqwest::Method::GET, &group, None)
                    .await
            }
            Operation::UpdateNodegroupConfig => {
                let mut body = call.parameters.clone();
                if let Some(fields) = body.as_object_mut() {
                    fields.remove("clusterName");
                    fields.remove("nodegroupName");
                }
                let path = format!("{group}/update-config");
                self.client
                    .rest(Service::Eks, reqwest::Method::POST, &path, Some(&body))
                    .await
            }
            other => Err(unsupported(other)),
        }
    }
}

fn unsupported(operation: Operation) -> PortError {
    PortError::Permanent {
        what: operation.to_string(),
        detail: "no adapter makes this call".to_owned(),
    }
}
