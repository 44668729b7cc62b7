//! Instances and security groups.

use serde_json::{Value, json};

use super::{Call, ResourceError};
use crate::local::aws::query::{Parameters, Xml};
use crate::local::aws::{ACCOUNT, EC2, REGION};

pub(super) async fn instance(call: &Call<'_>) -> Result<Value, ResourceError> {
    if call.before.is_some() {
        return Err(ResourceError::CannotChange("an instance"));
    }
    let mut parameters = Parameters::new()
        .with("MinCount", "1")
        .with("MaxCount", "1")
        .with_value(
            "ImageId",
            Some(&call.get("ami").cloned().unwrap_or("ami-00000000".into())),
        )
        .with_value("InstanceType", call.get("instanceType"))
        .with_value("SubnetId", call.get("subnetId"));
    parameters = parameters.with_list("SecurityGroupId", texts(call.get("vpcSecurityGroupIds")));
    parameters = tagged(parameters, call, "instance");
    let made = call.aws.query(EC2, "RunInstances", &parameters).await?;
    let id = required(&made, "instanceId")?;
    Ok(json!({
        "id": id,
        "arn": arn("instance", &id),
        "privateIp": made.text("privateIpAddress"),
        "instanceState": "running",
        "primaryNetworkInterfaceId": made.text("networkInterfaceId"),
    }))
}

pub(super) async fn security_group(call: &Call<'_>) -> Result<Value, ResourceError> {
    if let Some(before) = call.before {
        let same = ["ingress", "egress", "vpcId", "name"]
            .iter()
            .all(|property| before.get(property) == call.inputs.get(property));
        if !same {
            return Err(ResourceError::CannotChange("a security group"));
        }
        return Ok(before.clone());
    }
    let name = call.name("name");
    let parameters = Parameters::new()
        .with("GroupName", &name)
        .with(
            "GroupDescription",
            call.optional("description").unwrap_or("Managed by aiops"),
        )
        .with_value("VpcId", call.get("vpcId"));
    let parameters = tagged(parameters, call, "security-group");
    let made = call
        .aws
        .query(EC2, "CreateSecurityGroup", &parameters)
        .await?;
    let id = required(&made, "groupId")?;
    for (input, action) in [
        ("ingress", "AuthorizeSecurityGroupIngress"),
        ("egress", "AuthorizeSecurityGroupEgress"),
    ] {
        for rule in call
            .get(input)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let mut permission = Parameters::new()
                .with("GroupId", &id)
                .with_value("IpPermissions.1.IpProtocol", rule.get("protocol"))
                .with_value("IpPermissions.1.FromPort", rule.get("fromPort"))
                .with_value("IpPermissions.1.ToPort", rule.get("toPort"));
            for (index, block) in texts(rule.get("cidrBlocks")).into_iter().enumerate() {
                permission = permission.with(
                    format!("IpPermissions.1.IpRanges.{}.CidrIp", index + 1),
                    block,
                );
            }
            match call.aws.query(EC2, action, &permission).await {
                // A new group lets everything out already.
                Err(error) if error.is(&["InvalidPermission.Duplicate"]) => {}
                other => drop(other?),
            }
        }
    }
    Ok(json!({"id": id, "arn": arn("security-group", &id), "name": name}))
}

/// The parameters with the resource's tags.
pub(super) fn tagged(mut parameters: Parameters, call: &Call<'_>, kind: &str) -> Parameters {
    let Some(tags) = call.get("tags").and_then(Value::as_object) else {
        return parameters;
    };
    parameters = parameters.with("TagSpecification.1.ResourceType", kind);
    for (index, (key, value)) in tags.iter().enumerate() {
        parameters = parameters
            .with(format!("TagSpecification.1.Tag.{}.Key", index + 1), key)
            .with_value(
                &format!("TagSpecification.1.Tag.{}.Value", index + 1),
                Some(value),
            );
    }
    parameters
}

pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

pub(super) fn required(answer: &Xml, element: &str) -> Result<String, ResourceError> {
    answer
        .text(element)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| ResourceError::Input(format!("{element} in the answer")))
}

pub(super) fn arn(kind: &str, id: &str) -> String {
    format!("arn:aws:ec2:{REGION}:{ACCOUNT}:{kind}/{id}")
}
