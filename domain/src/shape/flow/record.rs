//! One flow, read from its line.

use std::net::IpAddr;

use super::{FlowField, FlowFormat};
use crate::time::Time;

/// What the security groups and network ACLs did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the words are AWS's own")]
pub enum FlowAction {
    Accept,
    Reject,
}

/// A flow of one capture window. What its format does not carry, or its line gives as `-`, is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FlowRecord<'a> {
    /// Version of the highest field in the format.
    pub version: Option<u8>,
    /// The account of the network interface.
    pub account_id: Option<&'a str>,
    /// The network interface.
    pub interface_id: Option<&'a str>,
    /// Source address as the interface saw it.
    pub src_addr: Option<IpAddr>,
    /// Destination address as the interface saw it.
    pub dst_addr: Option<IpAddr>,
    /// Source port.
    pub src_port: Option<u16>,
    /// Destination port.
    pub dst_port: Option<u16>,
    /// IANA protocol number: 6 TCP, 17 UDP, 1 ICMP.
    pub protocol: Option<u8>,
    /// Packets in the window.
    pub packets: Option<u64>,
    /// Bytes in the window.
    pub bytes: Option<u64>,
    /// First packet's time.
    pub start: Option<Time>,
    /// Last packet's time.
    pub end: Option<Time>,
    /// What became of it.
    pub action: Option<FlowAction>,
    /// OK, NODATA or SKIPDATA.
    pub log_status: Option<&'a str>,
    /// The VPC.
    pub vpc_id: Option<&'a str>,
    /// The subnet.
    pub subnet_id: Option<&'a str>,
    /// The instance behind the interface.
    pub instance_id: Option<&'a str>,
    /// TCP flags seen, or-ed: 1 FIN, 2 SYN, 4 RST, 18 SYN-ACK.
    pub tcp_flags: Option<u16>,
    /// IPv4, IPv6 or EFA.
    pub traffic_type: Option<&'a str>,
    /// Source address within the packet.
    pub pkt_src_addr: Option<IpAddr>,
    /// Destination address within the packet.
    pub pkt_dst_addr: Option<IpAddr>,
    /// The AWS region.
    pub region: Option<&'a str>,
    /// The availability zone's id.
    pub az_id: Option<&'a str>,
    /// wavelength, outpost or localzone.
    pub sublocation_type: Option<&'a str>,
    /// Its id.
    pub sublocation_id: Option<&'a str>,
    /// The AWS service that the source address belongs to.
    pub pkt_src_aws_service: Option<&'a str>,
    /// The AWS service that the destination address belongs to.
    pub pkt_dst_aws_service: Option<&'a str>,
    /// ingress or egress.
    pub flow_direction: Option<&'a str>,
    /// The path that egress traffic takes, 1 to 8.
    pub traffic_path: Option<u8>,
}

/// A line that does not have its format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// Another number of fields.
    #[error("the line has {actual} fields, its format {expected}")]
    FieldCount {
        /// In the format.
        expected: usize,
        /// In the line.
        actual: usize,
    },
    /// A value that its field cannot have.
    #[error("field {position} ({field:?}) has the value `{value}`")]
    Value {
        /// From 1.
        position: usize,
        /// The field.
        field: FlowField,
        /// At most 40 characters of it.
        value: String,
    },
}

impl<'a> FlowRecord<'a> {
    /// Reads a line of this format.
    ///
    /// # Errors
    /// [`FlowError`] if the number of fields differs or a value is not of its field's type.
    pub fn parse(line: &'a str, format: &FlowFormat) -> Result<Self, FlowError> {
        let mut record = Self::default();
        let mut words = line.split_ascii_whitespace();
        for (index, field) in format.fields().iter().enumerate() {
            let Some(word) = words.next() else {
                return Err(FlowError::FieldCount {
                    expected: format.fields().len(),
                    actual: index,
                });
            };
            if word != "-" && record.set(*field, word).is_none() {
                return Err(FlowError::Value {
                    position: index + 1,
                    field: *field,
                    value: word.chars().take(40).collect(),
                });
            }
        }
        match words.count() {
            0 => Ok(record),
            more => Err(FlowError::FieldCount {
                expected: format.fields().len(),
                actual: format.fields().len() + more,
            }),
        }
    }

    /// Whether the window carried traffic that was captured.
    pub fn has_data(&self) -> bool {
        self.log_status.is_none_or(|status| status == "OK") && self.src_addr.is_some()
    }

    /// The far end of the conversation, seen from the interface: the source of what came in. Prefers
    /// the addresses within the packet, which NAT and load balancers leave alone.
    pub fn source(&self) -> Option<IpAddr> {
        self.pkt_src_addr.or(self.src_addr)
    }

    /// Where the packets went; see [`FlowRecord::source`].
    pub fn destination(&self) -> Option<IpAddr> {
        self.pkt_dst_addr.or(self.dst_addr)
    }

    fn set(&mut self, field: FlowField, word: &'a str) -> Option<()> {
        match field {
            FlowField::Version => self.version = Some(word.parse().ok()?),
            FlowField::AccountId => self.account_id = Some(word),
            FlowField::InterfaceId => self.interface_id = Some(word),
            FlowField::SrcAddr => self.src_addr = Some(word.parse().ok()?),
            FlowField::DstAddr => self.dst_addr = Some(word.parse().ok()?),
            FlowField::SrcPort => self.src_port = Some(word.parse().ok()?),
            FlowField::DstPort => self.dst_port = Some(word.parse().ok()?),
            FlowField::Protocol => self.protocol = Some(word.parse().ok()?),
            FlowField::Packets => self.packets = Some(word.parse().ok()?),
            FlowField::Bytes => self.bytes = Some(word.parse().ok()?),
            FlowField::Start => self.start = Some(seconds(word)?),
            FlowField::End => self.end = Some(seconds(word)?),
            FlowField::Action => {
                self.action = Some(match word {
                    "ACCEPT" => FlowAction::Accept,
                    "REJECT" => FlowAction::Reject,
                    _ => return None,
                });
            }
            FlowField::LogStatus => self.log_status = Some(word),
            FlowField::VpcId => self.vpc_id = Some(word),
            FlowField::SubnetId => self.subnet_id = Some(word),
            FlowField::InstanceId => self.instance_id = Some(word),
            FlowField::TcpFlags => self.tcp_flags = Some(word.parse().ok()?),
            FlowField::Type => self.traffic_type = Some(word),
            FlowField::PktSrcAddr => self.pkt_src_addr = Some(word.parse().ok()?),
            FlowField::PktDstAddr => self.pkt_dst_addr = Some(word.parse().ok()?),
            FlowField::Region => self.region = Some(word),
            FlowField::AzId => self.az_id = Some(word),
            FlowField::SublocationType => self.sublocation_type = Some(word),
            FlowField::SublocationId => self.sublocation_id = Some(word),
            FlowField::PktSrcAwsService => self.pkt_src_aws_service = Some(word),
            FlowField::PktDstAwsService => self.pkt_dst_aws_service = Some(word),
            FlowField::FlowDirection => self.flow_direction = Some(word),
            FlowField::TrafficPath => self.traffic_path = Some(word.parse().ok()?),
            FlowField::Unread => {}
        }
        Some(())
    }
}

fn seconds(word: &str) -> Option<Time> {
    let seconds: i64 = word.parse().ok()?;
    Some(Time::from_millis(seconds.checked_mul(1000)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCEPT: &str = "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK";

    #[test]
    fn the_default_format_is_version_2() {
        let flow = FlowRecord::parse(ACCEPT, &FlowFormat::default()).unwrap();
        assert_eq!(flow.interface_id, Some("eni-1235b8ca123456789"));
        assert_eq!(
            (flow.dst_port, flow.protocol, flow.bytes),
            (Some(22), Some(6), Some(4249))
        );
        assert_eq!(flow.action, Some(FlowAction::Accept));
        assert_eq!(flow.start, Some(Time::from_millis(1_418_530_010_000)));
        assert_eq!(FlowFormat::default().start_of(ACCEPT), flow.start);
        assert_eq!(
            FlowFormat::default().interface_of(ACCEPT),
            flow.interface_id
        );
        assert!(flow.has_data());
    }

    #[test]
    fn a_window_without_data_has_only_its_times() {
        let line =
            "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA";
        let flow = FlowRecord::parse(line, &FlowFormat::default()).unwrap();
        assert!(!flow.has_data());
        assert_eq!((flow.src_addr, flow.action), (None, None));
        assert_eq!(flow.end, Some(Time::from_millis(1_431_280_934_000)));
    }

    #[test]
    fn a_custom_format_is_read_by_its_header() {
        let format: FlowFormat = "${version} ${vpc-id} ${subnet-id} ${instance-id} ${interface-id} ${account-id} ${type} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${pkt-srcaddr} ${pkt-dstaddr} ${protocol} ${bytes} ${packets} ${start} ${end} ${action} ${tcp-flags} ${log-status} ${flow-direction} ${traffic-path} ${ecs-cluster-name}"
            .parse()
            .unwrap();
        let line = "7 vpc-1 subnet-1 i-0abc eni-0abc 123456789010 IPv6 2001:db8::1 2001:db8::2 443 50000 2001:db8::1 2001:db8::2 6 5044 4 1566848875 1566848933 REJECT 18 OK egress 8 shop";
        let flow = FlowRecord::parse(line, &format).unwrap();
        assert_eq!(flow.tcp_flags, Some(18));
        assert_eq!(flow.traffic_path, Some(8));
        assert_eq!(flow.source(), "2001:db8::1".parse().ok());
        assert_eq!(format.interface_of(line), Some("eni-0abc"));
        let json = serde_json::to_string(&format).unwrap();
        assert_eq!(serde_json::from_str::<FlowFormat>(&json).unwrap(), format);
    }

    #[test]
    fn a_line_of_another_format_is_refused_with_the_place() {
        let format = FlowFormat::default();
        assert_eq!(
            FlowRecord::parse("2 1 eni-1", &format),
            Err(FlowError::FieldCount {
                expected: 14,
                actual: 3
            })
        );
        assert!(matches!(
            FlowRecord::parse(&format!("{ACCEPT} more"), &format),
            Err(FlowError::FieldCount { actual: 15, .. })
        ));
        let error = FlowRecord::parse(&ACCEPT.replace("20641", "65536"), &format).unwrap_err();
        assert_eq!(error.to_string(), "field 6 (SrcPort) has the value `65536`");
        for header in ["", "SRCADDR", "${srcaddr", &"start ".repeat(65)] {
            assert!(header.parse::<FlowFormat>().is_err(), "{header}");
        }
    }
}
