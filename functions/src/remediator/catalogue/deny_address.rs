//! Denies a hostile address in the network ACLs, by entries of rule numbers that are remediation's own.

use std::net::IpAddr;

use aiops_domain::config::remediator::NetworkAcls;
use aiops_domain::plan::probe::Expect;
use aiops_domain::plan::{
    ActionName, ApiCall, BlastRadius, Operation, PLAN_VERSION, Probe, RemediationPlan, Target, Undo,
};
use aiops_domain::{Finding, Kind};
use serde_json::{Value, json};

use super::{BuildError, Context, Remediator};
use crate::incidents::items;
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Attributes, Clock, Condition, Item, PortError, Range, Table, Write};

/// One network ACL as AWS tells it.
struct Acl {
    id: String,
    entries: Vec<Value>,
    subnets: usize,
}

pub(super) async fn build<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<RemediationPlan, BuildError> {
    let address = hostile_address(context)?;
    let config = &remediator.config;
    let address = config
        .addresses
        .check(address)
        .map_err(|refused| BuildError::Refused(refused.to_string()))?;
    let network_acl_ids = config.network_acls.ids.clone();
    if network_acl_ids.is_empty() {
        return Err(BuildError::Refused(
            "no network ACL is configured for remediation".to_owned(),
        ));
    }
    let target = Target::Address {
        address,
        network_acl_ids: network_acl_ids.clone(),
    };
    let action_id = RemediationPlan::action_id_for(
        &context.meta.id,
        context.opening,
        ActionName::DenyAddress,
        &target,
    );
    // What leaves the network is stopped on its way out too: a stateless ACL that only refuses answers
    // would let the data of a datagram go.
    let directions: &[bool] = if context.meta.kind == Kind::DataExfiltration {
        &[false, true]
    } else {
        &[false]
    };
    let mut parts = Parts::default();
    for id in &network_acl_ids {
        let acl = read(remediator, id).await?;
        if acl.entries.iter().any(|entry| denies(entry, address)) {
            return Err(BuildError::Refused(format!(
                "{address} is already denied in {id}"
            )));
        }
        let number = free_number(remediator, context, &acl, &action_id).await?;
        parts.add(&config.network_acls, &acl, address, number, directions);
    }
    Ok(RemediationPlan {
        version: PLAN_VERSION,
        action_id,
        incident_id: context.meta.id.clone(),
        opening: context.opening,
        action: ActionName::DenyAddress,
        target,
        preconditions: parts.preconditions,
        calls: parts.calls,
        blast_radius: BlastRadius {
            scope: format!(
                "traffic between {address} and {} subnets of {}; nothing else",
                parts.subnets,
                network_acl_ids.join(", ")
            ),
            resources: u32::try_from(parts.subnets).unwrap_or(u32::MAX),
            share_percent: None,
        },
        prior_state: Value::Object(parts.prior_state),
        check: parts.check,
        undo: Undo::Calls {
            calls: parts.undo,
            restored: parts.restored,
        },
    })
}

/// The address that a rule read from a parsed field of the strangest finding, of those that no earlier
/// opening has answered.
fn hostile_address(context: &Context<'_>) -> Result<IpAddr, BuildError> {
    let mut named: Vec<(&Finding, IpAddr)> = context
        .findings
        .iter()
        .filter(|finding| finding.anomalous)
        .filter_map(|finding| Some((finding, finding.actor?)))
        .collect();
    named.sort_by(|(one, _), (other, _)| {
        one.p_value
            .total_cmp(&other.p_value)
            .then_with(|| one.id.cmp(&other.id))
    });
    let answered = |address: IpAddr| {
        context.standing.iter().find(|standing| {
            matches!(&standing.target, Target::Address { address: denied, .. } if *denied == address)
        })
    };
    let mut strangest = None;
    for (_, address) in named {
        match answered(address) {
            None => return Ok(address),
            Some(standing) => strangest = strangest.or(Some(standing)),
        }
    }
    Err(match strangest {
        Some(standing) => BuildError::Answered(standing.clone()),
        None => BuildError::Refused("no finding names a remote address".to_owned()),
    })
}

async fn read<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    id: &str,
) -> Result<Acl, BuildError> {
    let answer = remediator.cloud.call(&describe(id)).await?;
    let acl = answer
        .pointer("/networkAclSet/0")
        .ok_or_else(|| BuildError::Refused(format!("there is no network ACL {id}")))?;
    let list = |name: &str| {
        acl.get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    Ok(Acl {
        id: id.to_owned(),
        entries: list("entrySet"),
        subnets: list("associationSet").len(),
    })
}

fn describe(id: &str) -> ApiCall {
    ApiCall::new(
        Operation::DescribeNetworkAcls,
        json!({"NetworkAclId": [id]}),
    )
}

/// Takes the rule number that an earlier try of this action has, else the lowest that neither an entry
/// nor another action has.
async fn free_number<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
    acl: &Acl,
    action_id: &str,
) -> Result<u16, BuildError> {
    let NetworkAcls {
        first_rule,
        last_rule,
        ..
    } = remediator.config.network_acls;
    let table = remediator.incidents.table();
    let reserved = table
        .query(&items::rule_number(&acl.id, 0).pk, &Range::default())
        .await?;
    let holder = |number: u16| {
        let key = items::rule_number(&acl.id, number);
        let item = reserved.iter().find(|item| item.key == key)?;
        item.attributes.get("action_id").and_then(Value::as_str)
    };
    let ours = (first_rule..=last_rule).filter(|number| holder(*number) == Some(action_id));
    let free = (first_rule..=last_rule).filter(|number| holder(*number).is_none());
    for number in ours.chain(free) {
        let text = Value::from(number.to_string());
        if acl
            .entries
            .iter()
            .any(|entry| entry.get("ruleNumber") == Some(&text))
        {
            continue;
        }
        if !context.reserve {
            return Ok(number);
        }
        let key = items::rule_number(&acl.id, number);
        let write = Write::Put {
            item: Item {
                key: key.clone(),
                attributes: Attributes::from([
                    ("action_id".to_owned(), json!(action_id)),
                    ("incident_id".to_owned(), json!(context.meta.id)),
                ]),
            },
            condition: Some(Condition::Any(vec![
                Condition::Absent,
                Condition::Equals("action_id".to_owned(), json!(action_id)),
            ])),
        };
        match table.write(write).await {
            Ok(()) => return Ok(number),
            Err(PortError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(BuildError::Refused(format!(
        "every rule number from {first_rule} to {last_rule} of {} is taken",
        acl.id
    )))
}

/// Whether an entry denies all traffic from exactly this address.
fn denies(entry: &Value, address: IpAddr) -> bool {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let (field, cidr) = cidr(address);
    let field = match field {
        "CidrBlock" => "cidrBlock",
        _ => "ipv6CidrBlock",
    };
    text(field) == Some(cidr.as_str())
        && text("ruleAction") == Some("deny")
        && text("protocol") == Some("-1")
        && text("egress") == Some("false")
}

fn cidr(address: IpAddr) -> (&'static str, String) {
    match address {
        IpAddr::V4(_) => ("CidrBlock", format!("{address}/32")),
        IpAddr::V6(_) => ("Ipv6CidrBlock", format!("{address}/128")),
    }
}

#[derive(Default)]
struct Parts {
    preconditions: Vec<Probe>,
    calls: Vec<ApiCall>,
    check: Vec<Probe>,
    undo: Vec<ApiCall>,
    restored: Vec<Probe>,
    prior_state: serde_json::Map<String, Value>,
    subnets: usize,
}

impl Parts {
    fn add(
        &mut self,
        range: &NetworkAcls,
        acl: &Acl,
        address: IpAddr,
        number: u16,
        directions: &[bool],
    ) {
        let (field, cidr) = cidr(address);
        let entry_field = if field == "CidrBlock" {
            "cidrBlock"
        } else {
            "ipv6CidrBlock"
        };
        let probe = |says: String, expect: Expect| Probe {
            says,
            read: describe(&acl.id),
            at: "/networkAclSet/0/entrySet".to_owned(),
            expect,
        };
        for egress in directions {
            let way = if *egress { "to" } else { "from" };
            let slot = json!({"ruleNumber": number.to_string(), "egress": egress.to_string()});
            let mut entry = slot.clone();
            if let Some(fields) = entry.as_object_mut() {
                fields.insert(entry_field.to_owned(), json!(cidr));
                fields.insert("ruleAction".to_owned(), json!("deny"));
                fields.insert("protocol".to_owned(), json!("-1"));
            }
            let free = probe(
                format!("rule {number} of {} is free", acl.id),
                Expect::Lacks { fields: slot },
            );
            let there = probe(
                format!("rule {number} of {} denies traffic {way} {cidr}", acl.id),
                Expect::Has { fields: entry },
            );
            let effective = probe(
                format!(
                    "no earlier rule of {} lets traffic {way} {cidr} through",
                    acl.id
                ),
                Expect::Denies {
                    address,
                    egress: *egress,
                },
            );
            let slot = json!({"NetworkAclId": acl.id, "RuleNumber": number, "Egress": egress});
            let mut create = slot.clone();
            if let Some(fields) = create.as_object_mut() {
                fields.insert("Protocol".to_owned(), json!("-1"));
                fields.insert("RuleAction".to_owned(), json!("deny"));
                fields.insert(field.to_owned(), json!(cidr));
            }
            self.calls.push(
                ApiCall::new(Operation::CreateNetworkAclEntry, create).landed_when(there.clone()),
            );
            self.undo.push(
                ApiCall::new(Operation::DeleteNetworkAclEntry, slot).landed_when(free.clone()),
            );
            self.preconditions.push(free);
            self.check.extend([there, effective]);
        }
        // Other actions come and go in the reserved range meanwhile; everything else must be as it was.
        let others = (range.first_rule..=range.last_rule)
            .filter(|other| *other != number)
            .map(|other| json!(other.to_string()))
            .collect();
        self.restored.push(probe(
            format!("the entries of {} are as before", acl.id),
            Expect::Same {
                elements: acl.entries.clone(),
                field: "ruleNumber".to_owned(),
                except: others,
            },
        ));
        self.prior_state.insert(acl.id.clone(), json!(acl.entries));
        self.subnets += acl.subnets;
    }
}
