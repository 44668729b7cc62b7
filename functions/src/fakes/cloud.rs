//! A network of AWS in memory, as far as plans speak to it, with the refusals of the real one; and a
//! cloud that replays recorded requests and answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aiops_domain::{ApiCall, Operation};
use serde_json::{Value, json};

use super::locked;
use crate::ports::cloud::Cloud;
use crate::ports::{PortError, PortResult};

/// Network ACLs in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct FakeCloud {
    acls: Arc<Mutex<BTreeMap<String, Vec<Value>>>>,
    calls: Arc<Mutex<Vec<ApiCall>>>,
}

impl FakeCloud {
    /// Network ACLs of these ids, each with the default entries of a VPC and one of the program's own.
    pub fn with_acls(ids: &[&str]) -> Self {
        let cloud = Self::default();
        for id in ids {
            let entries = [(100, "allow"), (32767, "deny")]
                .into_iter()
                .flat_map(|(number, action)| {
                    [false, true].map(|egress| entry(number, action, egress, "0.0.0.0/0"))
                })
                .collect();
            locked(&cloud.acls).insert((*id).to_owned(), entries);
        }
        cloud
    }

    /// The entries of a network ACL.
    pub fn entries(&self, id: &str) -> Vec<Value> {
        locked(&self.acls).get(id).cloned().unwrap_or_default()
    }

    /// An operator adds an entry.
    pub fn add_entry(&self, id: &str, number: u32, action: &str, cidr: &str) {
        let mut acls = locked(&self.acls);
        acls.entry(id.to_owned())
            .or_default()
            .push(entry(number, action, false, cidr));
    }

    /// How many calls were made so far, reading ones too.
    pub fn calls(&self) -> usize {
        locked(&self.calls).len()
    }

    /// The mutating calls so far.
    pub fn changes(&self) -> Vec<ApiCall> {
        locked(&self.calls)
            .iter()
            .filter(|call| call.operation.is_mutating())
            .cloned()
            .collect()
    }
}

fn entry(number: u32, action: &str, egress: bool, cidr: &str) -> Value {
    let field = if cidr.contains(':') {
        "ipv6CidrBlock"
    } else {
        "cidrBlock"
    };
    json!({
        "ruleNumber": number.to_string(),
        "protocol": "-1",
        "ruleAction": action,
        "egress": egress.to_string(),
        field: cidr,
    })
}

fn refused(code: &str) -> PortError {
    PortError::Permanent {
        what: "ec2".to_owned(),
        detail: format!("{code}: refused by the fake"),
    }
}

impl Cloud for FakeCloud {
    async fn call(&self, call: &ApiCall) -> PortResult<Value> {
        let mut acls = locked(&self.acls);
        locked(&self.calls).push(call.clone());
        let parameter = |name: &str| call.parameters.get(name).cloned().unwrap_or(Value::Null);
        let text = |name: &str| parameter(name).as_str().unwrap_or_default().to_owned();
        let id = match parameter("NetworkAclId") {
            Value::Array(ids) => ids
                .first()
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            other => other.as_str().unwrap_or_default().to_owned(),
        };
        let entries = acls
            .get_mut(&id)
            .ok_or_else(|| refused("InvalidNetworkAclID.NotFound"))?;
        let number = parameter("RuleNumber").to_string();
        let egress = parameter("Egress").to_string();
        let at = entries.iter().position(|entry| {
            entry.get("ruleNumber") == Some(&json!(number))
                && entry.get("egress") == Some(&json!(egress))
        });
        match (call.operation, at) {
            (Operation::DescribeNetworkAcls, _) => Ok(json!({"networkAclSet": [{
                "networkAclId": id,
                "entrySet": entries,
                "associationSet": [{"subnetId": "subnet-a"}, {"subnetId": "subnet-b"}],
            }]})),
            (Operation::CreateNetworkAclEntry, None) => {
                let cidr = if parameter("CidrBlock").is_null() {
                    "Ipv6CidrBlock"
                } else {
                    "CidrBlock"
                };
                let number = number
                    .parse()
                    .map_err(|_| refused("InvalidParameterValue"))?;
                entries.push(entry(
                    number,
                    &text("RuleAction"),
                    egress == "true",
                    &text(cidr),
                ));
                Ok(json!({"return": "true"}))
            }
            (Operation::CreateNetworkAclEntry, Some(_)) => {
                Err(refused("NetworkAclEntryAlreadyExists"))
            }
            (Operation::DeleteNetworkAclEntry, Some(at)) => {
                entries.remove(at);
                Ok(json!({"return": "true"}))
            }
            (Operation::DeleteNetworkAclEntry, None) => {
                Err(refused("InvalidNetworkAclEntry.NotFound"))
            }
            _ => Err(refused("UnsupportedOperation")),
        }
    }
}
