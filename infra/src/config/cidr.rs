//! IPv4 address ranges.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::field::{ConfigValue, Shape};
use super::problem::shown;
use super::read::Reader;

/// An address range such as `10.40.0.0/16`, with no bit set behind the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    first: u32,
    prefix: u8,
}

/// Why a text is no address range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// Not four numbers, a slash and a prefix length.
    #[error("expected an address range such as 10.40.0.0/16")]
    Form,
    /// Bits behind the prefix are set.
    #[error("the range starts at {0}: bits behind the prefix are set")]
    HostBits(Cidr),
}

impl Cidr {
    /// The range of `prefix` bits (at most 32) that holds `address`.
    pub fn containing(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        Self {
            first: address.to_bits() & mask(prefix),
            prefix,
        }
    }

    /// The first address.
    pub fn first(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.first)
    }

    /// Length of the prefix, 0 to 32.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// The last address.
    pub fn last(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.first | !mask(self.prefix))
    }

    /// Whether an address is in both.
    pub fn overlaps(self, other: Self) -> bool {
        let shorter = mask(self.prefix.min(other.prefix));
        self.first & shorter == other.first & shorter
    }

    /// The `index`-th range of `prefix` bits within this one, if it has so many.
    pub fn subnet(self, prefix: u8, index: u32) -> Option<Self> {
        if prefix < self.prefix || prefix > 32 {
            return None;
        }
        let count = 1_u64 << (prefix - self.prefix);
        let step = 1_u64 << (32 - prefix);
        if u64::from(index) >= count {
            return None;
        }
        let first = u64::from(self.first) + u64::from(index) * step;
        u32::try_from(first)
            .ok()
            .map(|first| Self { first, prefix })
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX
        .checked_shl(32 - u32::from(prefix.min(32)))
        .unwrap_or(0)
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.first(), self.prefix)
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, prefix) = text.split_once('/').ok_or(CidrError::Form)?;
        let address: Ipv4Addr = address.parse().map_err(|_| CidrError::Form)?;
        let prefix: u8 = prefix.parse().map_err(|_| CidrError::Form)?;
        if prefix > 32 {
            return Err(CidrError::Form);
        }
        let range = Self::containing(address, prefix);
        if range.first() == address {
            Ok(range)
        } else {
            Err(CidrError::HostBits(range))
        }
    }
}

impl Serialize for Cidr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl ConfigValue for Cidr {
    fn shape() -> Shape {
        Shape::Text
    }

    fn read(value: &Value, _base: Option<Self>, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(text) = value.as_str() else {
            reader.expected("an address range such as 10.40.0.0/16", value);
            return None;
        };
        match text.parse() {
            Ok(range) => Some(range),
            Err(error) => {
                reader.problem(format!("`{}`: {error}", shown(text)));
                None
            }
        }
    }
}
