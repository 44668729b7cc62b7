//! What writes lines: hosts, nodes, pods, network interfaces, and where their lines go.

use std::net::Ipv4Addr;
use std::sync::Arc;

use aiops_domain::Time;
use jiff::tz::Offset;

use super::random::Random;

/// The log groups of the stack, and the format of its flow logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroups {
    /// System logs of EC2 hosts.
    pub system: Arc<str>,
    /// Application logs of EC2 hosts.
    pub application: Arc<str>,
    /// The cluster's control plane.
    pub control_plane: Arc<str>,
    /// The cluster's containers.
    pub containers: Arc<str>,
    /// The system logs of the cluster's nodes.
    pub nodes: Arc<str>,
    /// What runs the containers on the nodes.
    pub dataplane: Arc<str>,
    /// VPC flow logs.
    pub flow: Arc<str>,
    /// The names of the fields of a flow record, parted by blanks, with or without `${}`.
    pub flow_format: String,
}

/// An EC2 host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Instance id, which is also its log stream.
    pub instance: Arc<str>,
    /// Host name in syslog.
    pub name: String,
    /// Private address.
    pub address: Ipv4Addr,
    /// Its network interface.
    pub interface: Arc<str>,
}

/// A node of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its host name.
    pub name: String,
    /// Its EC2 instance id.
    pub instance: String,
}

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: &'static str,
    /// Its container, which is also its application.
    pub container: &'static str,
    /// Its uid.
    pub uid: String,
    /// The node that it runs on.
    pub node: Node,
    /// Container id.
    pub container_id: String,
    /// Log stream, as Fluent Bit names it.
    pub stream: Arc<str>,
}

impl Pod {
    /// `namespace/pod`.
    pub fn entity(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// Everything that writes lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// EC2 hosts.
    pub hosts: Vec<Host>,
    /// Nodes of the cluster.
    pub nodes: Vec<Node>,
    /// Pods.
    pub pods: Vec<Pod>,
    /// The stream of the control plane's audit log.
    pub audit_stream: Arc<str>,
    /// The account that owns it all.
    pub account: String,
    /// Its VPC.
    pub vpc: String,
    /// Its subnet.
    pub subnet: String,
}

const NODES: usize = 2;
const DEPLOYMENTS: [(&str, &str, usize); 4] = [
    ("shop", "checkout", 2),
    ("shop", "catalog", 2),
    ("shop", "cart", 1),
    ("billing", "invoicer", 1),
];

impl Topology {
    /// The topology of `seed` with these EC2 hosts.
    pub fn generate(seed: u64, instances: &[String]) -> Self {
        let mut random = Random::of(seed, "topology");
        let hosts = instances
            .iter()
            .map(|instance| {
                let address = private_address(&mut random, 1);
                Host {
                    instance: instance.as_str().into(),
                    name: host_name(address),
                    address,
                    interface: format!("eni-0{}", random.hex(16)).into(),
                }
            })
            .collect();
        let nodes: Vec<Node> = (0..NODES)
            .map(|_| Node {
                name: format!(
                    "{}.ec2.internal",
                    host_name(private_address(&mut random, 2))
                ),
                instance: format!("i-0{}", random.hex(16)),
            })
            .collect();
        let pods = DEPLOYMENTS
            .into_iter()
            .flat_map(|(namespace, container, replicas)| {
                std::iter::repeat_n((namespace, container), replicas)
            })
            .enumerate()
            .map(|(index, (namespace, container))| {
                let name = format!(
                    "{container}-{}-{}",
                    random.name_suffix(10),
                    random.name_suffix(5)
                );
                let node = nodes[index % nodes.len()].clone();
                let container_id = random.hex(64);
                Pod {
                    stream: format!(
                        "{}-application.var.log.containers.{name}_{namespace}_{container}-{container_id}.log",
                        node.name
                    )
                    .into(),
                    uid: random.uuid(),
                    name,
                    namespace,
                    container,
                    node,
                    container_id,
                }
            })
            .collect();
        Self {
            hosts,
            nodes,
            pods,
            audit_stream: format!("kube-apiserver-audit-{}", random.hex(32)).into(),
            account: "000000000000".to_owned(),
            vpc: format!("vpc-0{}", random.hex(16)),
            subnet: format!("subnet-0{}", random.hex(16)),
        }
    }
}

fn private_address(random: &mut Random, third: u8) -> Ipv4Addr {
    let last = u8::try_from(random.range(4, 250)).unwrap_or(4);
    Ipv4Addr::new(10, 0, third, last)
}

fn host_name(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("ip-{a}-{b}-{c}-{d}")
}

/// A client somewhere on the Internet.
pub(crate) fn client_address(random: &mut Random) -> Ipv4Addr {
    let last = u8::try_from(random.range(1, 255)).unwrap_or(1);
    Ipv4Addr::new(198, 51, 100, last)
}

/// An attacker: of a range that no ordinary client is of.
pub(crate) fn attacker_address(random: &mut Random) -> Ipv4Addr {
    let last = u8::try_from(random.range(1, 255)).unwrap_or(1);
    Ipv4Addr::new(203, 0, 113, last)
}

/// A partner, whom the network lets in.
pub(crate) fn partner_address(random: &mut Random) -> Ipv4Addr {
    let last = u8::try_from(random.range(1, 255)).unwrap_or(1);
    let [a, b, c, _] = PARTNER.octets();
    Ipv4Addr::new(a, b, c, last)
}

/// The partner's network, a /24 of the ranges for documentation.
pub const PARTNER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 0);

/// `time` by a `strftime` pattern, in UTC.
pub(crate) fn stamp(time: Time, pattern: &str) -> String {
    jiff::Timestamp::from_millisecond(time.as_millis()).map_or_else(
        |_| time.to_string(),
        |timestamp| {
            Offset::UTC
                .to_datetime(timestamp)
                .strftime(pattern)
                .to_string()
        },
    )
}
