//! Which addresses may be denied. An address comes from a parsed field of a finding, and is still
//! looked at here: somebody who can write log lines must not be able to cut off the network itself.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The networks that are never denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct AddressRules {
    /// The CIDR blocks of the VPCs.
    #[serde(default)]
    pub vpc_cidrs: Vec<IpNet>,
    /// Offices, partners, monitoring: whatever must stay reachable.
    #[serde(default)]
    pub never_deny: Vec<IpNet>,
    /// Whether private addresses (RFC 1918, RFC 6598, RFC 4193) outside of the VPCs may be denied.
    #[serde(default)]
    pub private_allowed: bool,
}

/// Why an address is not denied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefused {
    /// It is in a configured network.
    #[error("{address} is in {network}, which is never denied")]
    Network {
        /// The address.
        address: IpAddr,
        /// The network.
        network: IpNet,
    },
    /// It names no single host of the internet.
    #[error("{address} is {what}, which is never denied")]
    Special {
        /// The address.
        address: IpAddr,
        /// What it is.
        what: &'static str,
    },
}

impl AddressRules {
    /// The address to deny: an IPv4 address in IPv6 clothes is unwrapped first.
    ///
    /// # Errors
    /// When it must not be denied.
    pub fn check(&self, address: IpAddr) -> Result<IpAddr, AddressRefused> {
        let address = address.to_canonical();
        if let Some(what) = special(address) {
            return Err(AddressRefused::Special { address, what });
        }
        let networks = self.vpc_cidrs.iter().chain(&self.never_deny);
        if let Some(network) = networks
            .into_iter()
            .find(|network| network.contains(&address))
        {
            return Err(AddressRefused::Network {
                address,
                network: *network,
            });
        }
        if is_private(address) && !self.private_allowed {
            return Err(AddressRefused::Special {
                address,
                what: "a private address",
            });
        }
        Ok(address)
    }
}

fn special(address: IpAddr) -> Option<&'static str> {
    let (unspecified, loopback, multicast) = (
        address.is_unspecified(),
        address.is_loopback(),
        address.is_multicast(),
    );
    let (link_local, reserved) = match address {
        // 169.254.169.254 and .253 are the instance metadata and the resolver of every VPC.
        IpAddr::V4(v4) => (v4.is_link_local(), v4.is_broadcast() || v4.octets()[0] == 0),
        // fe80::/10; fd00:ec2::/32 is AWS's own (metadata, resolver).
        IpAddr::V6(v6) => (
            v6.segments()[0] & 0xffc0 == 0xfe80,
            v6.segments()[0] == 0xfd00 && v6.segments()[1] == 0x0ec2,
        ),
    };
    [
        (unspecified, "no address"),
        (loopback, "a loopback address"),
        (multicast, "a multicast address"),
        (link_local, "a link-local address"),
        (reserved, "a reserved address"),
    ]
    .into_iter()
    .find_map(|(is, what)| is.then_some(what))
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64),
        IpAddr::V6(v6) => v6.segments()[0] & 0xfe00 == 0xfc00,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> AddressRules {
        serde_json::from_str(r#"{"vpc_cidrs":["203.0.113.0/28"],"never_deny":["198.51.100.7/32"]}"#)
            .unwrap()
    }

    #[test]
    fn what_the_network_needs_is_never_denied() {
        for address in [
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "169.254.169.254",
            "224.0.0.1",
            "10.0.0.2",
            "172.16.3.4",
            "192.168.1.1",
            "100.64.0.1",
            "203.0.113.2",
            "198.51.100.7",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:198.51.100.7",
            "fc00::1",
        ] {
            assert!(
                rules().check(address.parse().unwrap()).is_err(),
                "{address}"
            );
        }
    }

    #[test]
    fn a_stranger_may_be_denied_and_a_private_stranger_if_allowed() {
        let stranger: IpAddr = "198.51.100.8".parse().unwrap();
        assert_eq!(rules().check(stranger).unwrap(), stranger);
        assert_eq!(
            rules()
                .check("::ffff:198.51.100.8".parse().unwrap())
                .unwrap(),
            stranger
        );
        assert!(rules().check("2001:db8::1".parse().unwrap()).is_ok());
        let allowing = AddressRules {
            private_allowed: true,
            ..rules()
        };
        assert!(allowing.check("10.0.0.2".parse().unwrap()).is_ok());
        assert!(allowing.check("127.0.0.1".parse().unwrap()).is_err());
    }
}
