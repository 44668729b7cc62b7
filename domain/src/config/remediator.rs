//! Configuration of `remediator`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::plan::ActionName;
use crate::policy::address::AddressRules;
use crate::policy::quiet::MaintenanceWindow;
use crate::policy::team::TeamRule;
use crate::policy::{Caps, Policy};
use crate::source::Source;

/// What `remediator` works with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemediatorConfig {
    /// Table of incidents.
    pub incidents_table: String,
    /// Topic of notifications.
    pub topic_arn: String,
    /// How far each action may go by itself; without a rule nothing is done.
    #[serde(default)]
    pub policy: Policy,
    /// Which team owns which incidents.
    #[serde(default)]
    pub teams: Vec<TeamRule>,
    /// Which action answers which incidents, first fit wins.
    #[serde(default = "default_responses")]
    pub responses: Vec<Response>,
    /// Planned work, during which incidents are suppressed.
    #[serde(default)]
    pub maintenance: Vec<MaintenanceWindow>,
    /// Addresses that are never denied.
    #[serde(default)]
    pub addresses: AddressRules,
    /// The network ACLs in which addresses are denied.
    #[serde(default)]
    pub network_acls: NetworkAcls,
    /// Caps per action; an action that is not named has [`Caps::default`].
    #[serde(default)]
    pub caps: BTreeMap<ActionName, Caps>,
    /// What may be touched beside addresses.
    #[serde(default)]
    pub resources: ResourceRules,
}

impl RemediatorConfig {
    /// The defaults, with these names: nothing is done by itself.
    pub fn new(incidents_table: impl Into<String>, topic_arn: impl Into<String>) -> Self {
        Self {
            incidents_table: incidents_table.into(),
            topic_arn: topic_arn.into(),
            policy: Policy::default(),
            teams: Vec::new(),
            responses: default_responses(),
            maintenance: Vec::new(),
            addresses: AddressRules::default(),
            network_acls: NetworkAcls::default(),
            caps: BTreeMap::new(),
            resources: ResourceRules::default(),
        }
    }

    /// The caps of an action.
    pub fn caps(&self, action: ActionName) -> Caps {
        self.caps.get(&action).copied().unwrap_or_default()
    }
}

/// An action for a kind of incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The kinds it answers.
    pub kinds: Vec<Kind>,
    /// Only of these sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<Source>>,
    /// The action.
    pub action: ActionName,
    /// The approved SSM document, for `run_document`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// The resource that the incident's entity stands for, where the entity is not its identifier.
    #[serde(default)]
    pub resource: BTreeMap<String, String>,
}

/// An SSM document and its parameters; nothing of an incident goes into them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its parameters.
    #[serde(default)]
    pub parameters: BTreeMap<String, Vec<String>>,
}

/// Network ACLs and the rule numbers that belong to remediation alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkAcls {
    /// Their ids.
    #[serde(default)]
    pub ids: Vec<String>,
    /// The first rule number of remediation.
    #[serde(default = "first_rule")]
    pub first_rule: u16,
    /// The last rule number of remediation; the program's own rules lie above.
    #[serde(default = "last_rule")]
    pub last_rule: u16,
}

const fn first_rule() -> u16 {
    1
}

const fn last_rule() -> u16 {
    99
}

impl Default for NetworkAcls {
    fn default() -> Self {
        Self {
            ids: Vec::new(),
            first_rule: first_rule(),
            last_rule: last_rule(),
        }
    }
}

/// What may be touched, by tag and by identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceRules {
    /// A resource must carry one of these tags to be touched (key, value); empty: none is touched.
    #[serde(default)]
    pub allowed_tags: Vec<Tag>,
    /// A resource with one of these tags is never touched, whatever else it carries.
    #[serde(default)]
    pub protected_tags: Vec<Tag>,
    /// Identifiers that are never touched.
    #[serde(default)]
    pub protected_ids: Vec<String>,
    /// The security group of isolated instances (no rules), by VPC. Written as a list of pairs, since
    /// what declares it does not know a VPC's id beforehand; read as a map too.
    #[serde(default, with = "quarantine")]
    pub quarantine_groups: BTreeMap<String, String>,
    /// Names of SSM documents that may be run.
    #[serde(default)]
    pub documents: Vec<String>,
    /// The cluster whose nodes and deployments may be touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Its namespaces that may be touched.
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// Users of IAM whose keys may be deactivated.
    #[serde(default)]
    pub key_users: Vec<String>,
    /// Streams whose shard count may be raised.
    #[serde(default)]
    pub streams: Vec<String>,
    /// The largest size of a node group or number of shards that an action may set.
    #[serde(default = "max_units")]
    pub max_units: u32,
}

const fn max_units() -> u32 {
    10
}

impl Default for ResourceRules {
    fn default() -> Self {
        Self {
            allowed_tags: Vec::new(),
            protected_tags: Vec::new(),
            protected_ids: Vec::new(),
            quarantine_groups: BTreeMap::new(),
            documents: Vec::new(),
            cluster: None,
            namespaces: Vec::new(),
            key_users: Vec::new(),
            streams: Vec::new(),
            max_units: max_units(),
        }
    }
}

/// The wire form of quarantine groups.
mod quarantine {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        vpc: String,
        group: String,
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Wire {
        Pairs(Vec<Pair>),
        Map(BTreeMap<String, String>),
    }

    pub(super) fn serialize<S: Serializer>(
        groups: &BTreeMap<String, String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(groups.iter().map(|(vpc, group)| Pair {
            vpc: vpc.clone(),
            group: group.clone(),
        }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, String>, D::Error> {
        Ok(match Wire::deserialize(deserializer)? {
            Wire::Map(groups) => groups,
            Wire::Pairs(pairs) => pairs
                .into_iter()
                .map(|pair| (pair.vpc, pair.group))
                .collect(),
        })
    }
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Hostile addresses are denied; the rest needs to be configured.
fn default_responses() -> Vec<Response> {
    vec![Response {
        kinds: vec![Kind::SshBruteForce, Kind::PortScan, Kind::DataExfiltration],
        sources: None,
        action: ActionName::DenyAddress,
        document: None,
        resource: BTreeMap::new(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_the_default() {
        let read: ResourceRules = serde_json::from_str("{}").unwrap();
        assert_eq!(read, ResourceRules::default());
        assert_eq!(read.max_units, 10);
    }

    #[test]
    fn quarantine_groups_are_read_as_pairs_and_as_a_map() {
        let expected = BTreeMap::from([("vpc-1".to_owned(), "sg-1".to_owned())]);
        for json in [
            r#"{"quarantine_groups":[{"vpc":"vpc-1","group":"sg-1"}]}"#,
            r#"{"quarantine_groups":{"vpc-1":"sg-1"}}"#,
        ] {
            let read: ResourceRules = serde_json::from_str(json).unwrap();
            assert_eq!(read.quarantine_groups, expected);
            let again = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<ResourceRules>(&again).unwrap(), read);
        }
    }
}
