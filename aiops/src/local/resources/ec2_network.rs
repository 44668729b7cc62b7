//! The network: VPC, subnets, routes, network ACLs.

use serde_json::{Value, json};

use super::ec2::{arn, required, tagged, texts};
use super::{Call, ResourceError};
use crate::local::aws::EC2;
use crate::local::aws::query::{Parameters, Xml};

pub(super) async fn vpc(call: &Call<'_>) -> Result<Value, ResourceError> {
    let made = create(
        call,
        "CreateVpc",
        "vpc",
        &[("cidrBlock", "CidrBlock")],
        "a VPC",
    )
    .await?;
    let Some(made) = made else {
        return before(call);
    };
    let id = required(&made, "vpcId")?;
    for (input, attribute) in [
        ("enableDnsSupport", "EnableDnsSupport"),
        ("enableDnsHostnames", "EnableDnsHostnames"),
    ] {
        if let Some(value) = call.get(input) {
            query(
                call,
                "ModifyVpcAttribute",
                Parameters::new()
                    .with("VpcId", &id)
                    .with_value(&format!("{attribute}.Value"), Some(value)),
            )
            .await?;
        }
    }
    let acl = find(
        call,
        "DescribeNetworkAcls",
        &[("vpc-id", &id), ("default", "true")],
        "networkAclId",
    )
    .await?;
    let table = find(
        call,
        "DescribeRouteTables",
        &[("vpc-id", &id), ("association.main", "true")],
        "routeTableId",
    )
    .await?;
    let group = find(
        call,
        "DescribeSecurityGroups",
        &[("vpc-id", &id), ("group-name", "default")],
        "groupId",
    )
    .await?;
    Ok(json!({
        "id": id,
        "arn": arn("vpc", &id),
        "defaultNetworkAclId": acl,
        "mainRouteTableId": table,
        "defaultRouteTableId": table,
        "defaultSecurityGroupId": group,
    }))
}

pub(super) async fn subnet(call: &Call<'_>) -> Result<Value, ResourceError> {
    let inputs = [
        ("vpcId", "VpcId"),
        ("cidrBlock", "CidrBlock"),
        ("availabilityZone", "AvailabilityZone"),
    ];
    let Some(made) = create(call, "CreateSubnet", "subnet", &inputs, "a subnet").await? else {
        return before(call);
    };
    let id = required(&made, "subnetId")?;
    Ok(
        json!({"id": id, "arn": arn("subnet", &id), "availabilityZone": made.text("availabilityZone")}),
    )
}

pub(super) async fn internet_gateway(call: &Call<'_>) -> Result<Value, ResourceError> {
    let made = create(
        call,
        "CreateInternetGateway",
        "internet-gateway",
        &[],
        "an internet gateway",
    )
    .await?;
    let Some(made) = made else {
        return before(call);
    };
    let id = required(&made, "internetGatewayId")?;
    if let Some(vpc) = call.optional("vpcId") {
        let parameters = Parameters::new()
            .with("InternetGatewayId", &id)
            .with("VpcId", vpc);
        query(call, "AttachInternetGateway", parameters).await?;
    }
    Ok(json!({"id": id, "arn": arn("internet-gateway", &id)}))
}

pub(super) async fn route_table(call: &Call<'_>) -> Result<Value, ResourceError> {
    let made = create(
        call,
        "CreateRouteTable",
        "route-table",
        &[("vpcId", "VpcId")],
        "a route table",
    )
    .await?;
    let Some(made) = made else {
        return before(call);
    };
    let id = required(&made, "routeTableId")?;
    Ok(json!({"id": id, "arn": arn("route-table", &id)}))
}

pub(super) async fn route(call: &Call<'_>) -> Result<Value, ResourceError> {
    let inputs = [
        ("routeTableId", "RouteTableId"),
        ("destinationCidrBlock", "DestinationCidrBlock"),
        ("gatewayId", "GatewayId"),
        ("natGatewayId", "NatGatewayId"),
    ];
    if create(call, "CreateRoute", "", &inputs, "a route")
        .await?
        .is_none()
    {
        return before(call);
    }
    let id = format!("r-{}", call.text("routeTableId")?);
    Ok(json!({"id": id}))
}

pub(super) async fn route_table_association(call: &Call<'_>) -> Result<Value, ResourceError> {
    let inputs = [("routeTableId", "RouteTableId"), ("subnetId", "SubnetId")];
    let made = create(call, "AssociateRouteTable", "", &inputs, "an association").await?;
    let Some(made) = made else {
        return before(call);
    };
    Ok(json!({"id": required(&made, "associationId")?}))
}

/// The ACL's outputs, and which part of it the emulator cannot do.
pub(super) async fn network_acl(call: &Call<'_>) -> Result<(Value, Option<String>), ResourceError> {
    let made = create(
        call,
        "CreateNetworkAcl",
        "network-acl",
        &[("vpcId", "VpcId")],
        "a network ACL",
    )
    .await?;
    let Some(made) = made else {
        return Ok((before(call)?, None));
    };
    let id = required(&made, "networkAclId")?;
    for (input, egress) in [("ingress", "false"), ("egress", "true")] {
        for rule in call
            .get(input)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let parameters = Parameters::new()
                .with("NetworkAclId", &id)
                .with("Egress", egress)
                .with_value("RuleNumber", rule.get("ruleNo"))
                .with_value("Protocol", rule.get("protocol"))
                .with_value("RuleAction", rule.get("action"))
                .with_value("CidrBlock", rule.get("cidrBlock"))
                .with_value("PortRange.From", rule.get("fromPort"))
                .with_value("PortRange.To", rule.get("toPort"));
            query(call, "CreateNetworkAclEntry", parameters).await?;
        }
    }
    let mut unguarded = Vec::new();
    for subnet in texts(call.get("subnetIds")) {
        if !associate(call, &id, &subnet).await? {
            unguarded.push(subnet);
        }
    }
    let missing =
        (!unguarded.is_empty()).then(|| format!("its association with {}", unguarded.join(", ")));
    Ok((json!({"id": id, "arn": arn("network-acl", &id)}), missing))
}

/// Moves a subnet from the ACL that it has to this one; answers whether it had one. The emulator gives
/// a new subnet no ACL at all and cannot make an association, so there is nothing to move on it: the
/// ACL and its entries are real, that they guard the subnet is not emulated (docs/local-cloud.md).
async fn associate(call: &Call<'_>, acl: &str, subnet: &str) -> Result<bool, ResourceError> {
    let filters = [("association.subnet-id", subnet)];
    let answer = query(call, "DescribeNetworkAcls", filtered(&filters)).await?;
    let association = answer
        .all("associationSet")
        .into_iter()
        .flat_map(|set| &set.children)
        .find(|item| item.text("subnetId").as_deref() == Some(subnet))
        .and_then(|item| item.text("networkAclAssociationId"));
    let Some(association) = association else {
        return Ok(false);
    };
    let parameters = Parameters::new()
        .with("AssociationId", association)
        .with("NetworkAclId", acl);
    query(call, "ReplaceNetworkAclAssociation", parameters).await?;
    Ok(true)
}

pub(super) async fn network_acl_rule(call: &Call<'_>) -> Result<Value, ResourceError> {
    let egress = call.get("egress").and_then(Value::as_bool) == Some(true);
    let action = if call.before.is_some() {
        "ReplaceNetworkAclEntry"
    } else {
        "CreateNetworkAclEntry"
    };
    let parameters = Parameters::new()
        .with("NetworkAclId", call.text("networkAclId")?)
        .with("Egress", egress.to_string())
        .with_value("RuleNumber", call.get("ruleNumber"))
        .with_value("Protocol", call.get("protocol"))
        .with_value("RuleAction", call.get("ruleAction"))
        .with_value("CidrBlock", call.get("cidrBlock"))
        .with_value("PortRange.From", call.get("fromPort"))
        .with_value("PortRange.To", call.get("toPort"));
    query(call, action, parameters).await?;
    Ok(json!({"id": format!("nacl-{}", call.key.name)}))
}

/// Calls `action` with these inputs; `None` if it was done before and the inputs are still the same.
async fn create(
    call: &Call<'_>,
    action: &str,
    tag_kind: &str,
    inputs: &[(&str, &str)],
    noun: &'static str,
) -> Result<Option<Xml>, ResourceError> {
    if let Some(before) = call.before {
        let same = inputs
            .iter()
            .all(|(input, _)| before.get(input) == call.inputs.get(input));
        return if same {
            Ok(None)
        } else {
            Err(ResourceError::CannotChange(noun))
        };
    }
    let mut parameters = Parameters::new();
    for (input, parameter) in inputs {
        parameters = parameters.with_value(parameter, call.get(input));
    }
    if !tag_kind.is_empty() {
        parameters = tagged(parameters, call, tag_kind);
    }
    Ok(Some(query(call, action, parameters).await?))
}

fn before(call: &Call<'_>) -> Result<Value, ResourceError> {
    Ok(call.before.cloned().unwrap_or_default())
}

fn filtered(filters: &[(&str, &str)]) -> Parameters {
    (1..)
        .zip(filters)
        .fold(Parameters::new(), |parameters, (number, (name, value))| {
            parameters
                .with(format!("Filter.{number}.Name"), *name)
                .with(format!("Filter.{number}.Value.1"), *value)
        })
}

async fn find(
    call: &Call<'_>,
    action: &str,
    filters: &[(&str, &str)],
    element: &str,
) -> Result<Option<String>, ResourceError> {
    Ok(query(call, action, filtered(filters)).await?.text(element))
}

async fn query(
    call: &Call<'_>,
    action: &str,
    parameters: Parameters,
) -> Result<Xml, ResourceError> {
    Ok(call.aws.query(EC2, action, &parameters).await?)
}
