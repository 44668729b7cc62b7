//! Revokes one inbound rule of a security group; the undo authorises it again field by field. The new
//! rule has an id of its own, which AWS gives.

use aiops_domain::plan::{
    ApiCall, BlastRadius, Expect, Operation, Probe, RemediationPlan, Target, Undo,
};
use serde_json::{Map, Value, json};

use super::resource::{Draft, action_id, check_tags, configured, is_name, text};
use super::{BuildError, Context, Remediator};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Clock, Table};

/// Where the rules are in the answer.
const RULES: &str = "/securityGroupRuleSet";

/// What a rule is, beside its id and its group.
const FIELDS: [&str; 7] = [
    "isEgress",
    "ipProtocol",
    "fromPort",
    "toPort",
    "cidrIpv4",
    "cidrIpv6",
    "description",
];

/// Revokes the rule that lets `cidr` in at `port`, both from the configuration.
pub(super) async fn revoke<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<RemediationPlan, BuildError> {
    let group = configured(context, "group_id", |id| {
        id.starts_with("sg-") && is_name(id)
    })?;
    let port = configured(context, "port", |port| port.parse::<u16>().is_ok())?;
    let cidr = configured(context, "cidr", |cidr| cidr.parse::<ipnet::IpNet>().is_ok())?;
    let describe = ApiCall::new(
        Operation::DescribeSecurityGroups,
        json!({"GroupId": [group]}),
    );
    let answer = remediator.cloud.call(&describe).await?;
    let found = answer
        .pointer("/securityGroupInfo/0")
        .ok_or_else(|| BuildError::Refused(format!("there is no security group {group}")))?;
    let tags = found.get("tagSet").unwrap_or(&Value::Null);
    check_tags(&remediator.config.resources, &group, tags)?;
    let read = ApiCall::new(
        Operation::DescribeSecurityGroupRules,
        json!({"Filter": [{"Name": "group-id", "Value": [group]}]}),
    );
    let answer = remediator.cloud.call(&read).await?;
    let rule = wanted(&answer, &cidr, &port).ok_or_else(|| {
        BuildError::Refused(format!(
            "{group} has no rule that lets {cidr} in at port {port} alone"
        ))
    })?;
    let id = text(&rule, "/securityGroupRuleId")?;
    let fields: Map<String, Value> = FIELDS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), rule.get(*name)?.clone())))
        .filter(|(_, value)| !value.is_null())
        .collect();
    let probe = |says: String, expect: Expect| Probe {
        says,
        read: read.clone(),
        at: RULES.to_owned(),
        expect,
    };
    let there = probe(
        format!("{group} lets {cidr} in at port {port}"),
        Expect::Has {
            fields: Value::Object(fields.clone()),
        },
    );
    let gone = probe(
        format!("{group} does not let {cidr} in at port {port}"),
        Expect::Lacks {
            fields: Value::Object(fields),
        },
    );
    let target = Target::SecurityGroupRule {
        group_id: group.clone(),
        rule: format!("{} {port} from {cidr}", text(&rule, "/ipProtocol")?),
    };
    let action = action_id(context, &target);
    let draft = Draft {
        target,
        preconditions: vec![there.clone()],
        calls: vec![
            ApiCall::new(
                Operation::RevokeSecurityGroupIngress,
                json!({"GroupId": group, "SecurityGroupRuleId": [id]}),
            )
            .landed_when(gone.clone()),
        ],
        blast_radius: BlastRadius {
            scope: format!(
                "new connections from {cidr} to port {port} of every member of {group}; after an undo the rule has another id"
            ),
            resources: 1,
            share_percent: None,
        },
        check: vec![gone],
        undo: Undo::Calls {
            calls: vec![
                ApiCall::new(
                    Operation::AuthorizeSecurityGroupIngress,
                    json!({"GroupId": group, "IpPermissions": [permission(&rule)]}),
                )
                .landed_when(there.clone()),
            ],
            restored: vec![there],
        },
        prior_state: rule,
    };
    Ok(draft.plan(context, action))
}

/// The inbound rule of exactly this range and port; the first by id if there are several.
fn wanted(answer: &Value, cidr: &str, port: &str) -> Option<Value> {
    let rules = answer.pointer(RULES)?.as_array()?;
    let field =
        |rule: &Value, name: &str| rule.get(name).and_then(Value::as_str).map(str::to_owned);
    rules
        .iter()
        .filter(|rule| field(rule, "isEgress").as_deref() == Some("false"))
        .filter(|rule| {
            ["cidrIpv4", "cidrIpv6"]
                .iter()
                .any(|name| field(rule, name).as_deref() == Some(cidr))
        })
        .filter(|rule| {
            ["fromPort", "toPort"]
                .iter()
                .all(|name| field(rule, name).as_deref() == Some(port))
        })
        .min_by_key(|rule| field(rule, "securityGroupRuleId"))
        .cloned()
}

/// The rule in the form that authorises it.
fn permission(rule: &Value) -> Value {
    let text = |name: &str| rule.get(name).cloned().filter(|value| !value.is_null());
    let mut range = Map::new();
    if let Some(description) = text("description") {
        range.insert("Description".to_owned(), description);
    }
    let list = if let Some(cidr) = text("cidrIpv6") {
        range.insert("CidrIpv6".to_owned(), cidr);
        "Ipv6Ranges"
    } else {
        range.insert("CidrIp".to_owned(), text("cidrIpv4").unwrap_or(Value::Null));
        "IpRanges"
    };
    json!({
        "IpProtocol": text("ipProtocol"),
        "FromPort": text("fromPort"),
        "ToPort": text("toPort"),
        list: [range],
    })
}
