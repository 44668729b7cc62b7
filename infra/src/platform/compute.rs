//! Plain instances: Amazon Linux 2023, the CloudWatch agent, Session Manager in place of SSH.
//!
//! Coming from HCL: `aws_instance` with a key pair, SSH open to the world and an AMI id in the
//! code.

use std::collections::BTreeMap;

use super::agent::{self, AgentConfig};
use super::context::Context;
use super::keys::Keys;
use super::network::Network;
use super::remediation::TAG_VALUE;
use super::roles;
use crate::aws::ssm::{GetParameterArgs, get_parameter};
use crate::aws::{ec2, iam, ssm};
use crate::config::{Instance, Slug};
use crate::graph::{Expr, Options, Scope, Value, json};
use crate::iam::Statement;
use crate::iam::action::ssm as act;
use crate::text;

/// Declares the instances, if there are any.
pub fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    network: &Network,
) -> Vec<ec2::Instance> {
    let instances = &context.config.compute.instances;
    if instances.is_empty() {
        return Vec::new();
    }
    let scope = scope.component("Compute", "compute");
    let profile = profile(&scope, context, keys);
    let declared = instances
        .iter()
        .map(|(name, settings)| instance(&scope, context, keys, network, &profile, name, settings))
        .collect();
    associations(&scope, context);
    declared
}

/// Whether an instance type runs on AWS Graviton: a `g` right behind the generation (`t4g`,
/// `m7gd`).
pub fn is_graviton(instance_type: &str) -> bool {
    let family = instance_type.split('.').next().unwrap_or_default();
    let behind = family.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    behind
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with('g')
}

fn profile(scope: &Scope<'_>, context: &Context<'_>, keys: Option<&Keys>) -> iam::InstanceProfile {
    let config = context.config;
    let groups = config.logs.groups.iter().map(|(key, group)| {
        let name = config.log_group_name(key, group);
        context.arn("logs", format!("log-group:{name}:*"))
    });
    let mut statements = agent::statements(groups, "CWAgent");
    statements.push(Statement::allow(
        "AgentConfiguration",
        [act::GET_PARAMETER],
        [context.arn("ssm", format!("parameter/{}/agent/*", config.prefix()))],
    ));
    statements.extend(Keys::read_data(keys));
    let trust = roles::attached("ec2.amazonaws.com");
    let role = roles::role(scope, context, "instances", trust, statements);
    roles::attach(
        scope,
        context,
        &role,
        "instances",
        "AmazonSSMManagedInstanceCore",
    );
    scope.declare(
        "instances",
        iam::InstanceProfileArgs::new()
            .name(context.name("instances"))
            .role(role.role.name()),
    )
}

fn instance(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    network: &Network,
    profile: &iam::InstanceProfile,
    name: &Slug,
    settings: &Instance,
) -> ec2::Instance {
    let zone = usize::try_from(settings.zone).unwrap_or_default();
    // The configuration's zones are within the network's.
    let subnet = network.private.get(zone).or(network.private.first());
    let mut disk = ec2::InstanceRootBlockDevice::new()
        .encrypted(true)
        .volume_type("gp3")
        .volume_size(settings.disk_gib);
    if let Some(keys) = keys {
        disk = disk.kms_key_id(keys.data.arn());
    }
    let mut args = ec2::InstanceArgs::new()
        .ami(image(settings))
        .instance_type(settings.instance_type.as_str())
        .iam_instance_profile(profile.name())
        .vpc_security_group_ids([network.groups.workload.id()])
        .associate_public_ip_address(false)
        .metadata_options(
            ec2::InstanceMetadataOptions::new()
                .http_endpoint("enabled")
                .http_tokens("required")
                .http_put_response_hop_limit(1),
        )
        .root_block_device(disk)
        .ebs_optimized(true)
        .monitoring(true)
        .tags(tags(context, name, settings));
    if let Some(subnet) = subnet {
        args = args.subnet_id(subnet.id());
    }
    let instance = scope.declare_with(
        name.as_str(),
        args,
        // A newer image replaces the instance: that is decided, not met in a preview.
        // An isolated instance is in other groups: a deployment must not let it out.
        network.before(Options::new().ignore_changes(["ami", "vpcSecurityGroupIds"])),
    );
    let groups = &context.config.logs.groups;
    let agent = AgentConfig::new(settings, |key| {
        let (key, group) = groups.get_key_value(key)?;
        Some(context.config.log_group_name(key, group))
    });
    let document = serde_json::to_value(&agent).map_or(Value::Null, Value::from);
    scope.declare(
        name.as_str(),
        Keys::parameter(keys)
            .name(agent_parameter(context, name.as_str()))
            .description("Configuration of the CloudWatch agent")
            .value(json(document)),
    );
    scope.declare(
        format!("{name}-agent"),
        ssm::AssociationArgs::new()
            .name("AmazonCloudWatch-ManageAgent")
            .association_name(context.name(&format!("{name}-agent")))
            .schedule_expression("rate(1 day)")
            .parameters([
                ("action", Expr::<String>::from("configure")),
                ("mode", "ec2".into()),
                ("optionalConfigurationSource", "ssm".into()),
                (
                    "optionalConfigurationLocation",
                    agent_parameter(context, name.as_str()).into(),
                ),
                ("optionalRestart", "yes".into()),
            ])
            .targets([ssm::AssociationTarget::new(
                ssm::AssociationTargetRequired {
                    key: "InstanceIds".into(),
                    values: [instance.id()].into(),
                },
            )]),
    );
    instance
}

/// An instance whose log files all go to one team's groups is that team's.
fn tags(context: &Context<'_>, name: &Slug, settings: &Instance) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::from(
        ["Name", "aiops:agent"].map(|key| (key.to_owned(), context.name(name.as_str()))),
    );
    let mut owners = settings
        .log_files
        .iter()
        .map(|file| context.config.owner(&file.group));
    if let Some(Some(team)) = owners.next()
        && owners.all(|owner| owner == Some(team))
    {
        tags.insert("team".to_owned(), team.to_string());
    }
    if settings.remediation {
        let required = context.config.remediation.required_tag.clone();
        tags.insert(required, TAG_VALUE.to_owned());
    }
    tags
}

fn agent_parameter(context: &Context<'_>, name: &str) -> String {
    format!("/{}/agent/{name}", context.config.prefix())
}

/// The current Amazon Linux 2023 of the instance type's architecture.
fn image(settings: &Instance) -> Expr<String> {
    let architecture = if is_graviton(&settings.instance_type) {
        "arm64"
    } else {
        "x86_64"
    };
    let name =
        format!("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}");
    text!(get_parameter(GetParameterArgs::new().name(name)).value())
}

/// Installs the agent on every instance of this stack, and keeps it current.
fn associations(scope: &Scope<'_>, context: &Context<'_>) {
    scope.declare(
        "install-agent",
        ssm::AssociationArgs::new()
            .name("AWS-ConfigureAWSPackage")
            .association_name(context.name("install-agent"))
            .schedule_expression("rate(7 days)")
            .parameters([("action", "Install"), ("name", "AmazonCloudWatchAgent")])
            .targets([ssm::AssociationTarget::new(
                ssm::AssociationTargetRequired {
                    key: "tag:stack".into(),
                    values: [context.config.stack.as_str()].into(),
                },
            )]),
    );
}

#[cfg(test)]
mod tests {
    use super::is_graviton;

    #[test]
    fn the_letter_behind_the_generation_says_graviton() {
        for graviton in ["t4g.small", "m7g.large", "c7gn.xlarge", "m7gd.large"] {
            assert!(is_graviton(graviton), "{graviton}");
        }
        for other in ["t3.micro", "g5.xlarge", "m7i.large", "ml.m5.large"] {
            assert!(!is_graviton(other), "{other}");
        }
    }
}
