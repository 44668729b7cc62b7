//! VPC flow log lines: the default format (version 2) and custom formats of the fields of versions 2
//! to 5 (and later ones, which are carried over unread).

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::digits::ten_digits;
use crate::time::Time;

mod record;

pub use record::{FlowAction, FlowError, FlowRecord};

/// More fields than any version has: a header beyond it is a mistake.
const FIELDS_MAX: usize = 64;

/// The fields of the default format, in its order.
const DEFAULT_HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes \
     start end action log-status";

/// The fields of the platform's own flow logs, in their order: those of version 2, then what later
/// versions add about the real addresses behind NAT, TCP flags, the direction and the path.
const PLATFORM_HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes \
     start end action log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr \
     pkt-dstaddr az-id flow-direction traffic-path";

/// How the default format ends, and many custom ones.
const DEFAULT_TAIL: [FlowField; 4] = [
    FlowField::Start,
    FlowField::End,
    FlowField::Action,
    FlowField::LogStatus,
];

/// A field of a flow log format, by its name in AWS's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are AWS's own")]
pub enum FlowField {
    Version,
    AccountId,
    InterfaceId,
    SrcAddr,
    DstAddr,
    SrcPort,
    DstPort,
    Protocol,
    Packets,
    Bytes,
    Start,
    End,
    Action,
    LogStatus,
    VpcId,
    SubnetId,
    InstanceId,
    TcpFlags,
    Type,
    PktSrcAddr,
    PktDstAddr,
    Region,
    AzId,
    SublocationType,
    SublocationId,
    PktSrcAwsService,
    PktDstAwsService,
    FlowDirection,
    TrafficPath,
    /// A field of a later version.
    Unread,
}

impl FlowField {
    const NAMES: [(&'static str, Self); 29] = [
        ("version", Self::Version),
        ("account-id", Self::AccountId),
        ("interface-id", Self::InterfaceId),
        ("srcaddr", Self::SrcAddr),
        ("dstaddr", Self::DstAddr),
        ("srcport", Self::SrcPort),
        ("dstport", Self::DstPort),
        ("protocol", Self::Protocol),
        ("packets", Self::Packets),
        ("bytes", Self::Bytes),
        ("start", Self::Start),
        ("end", Self::End),
        ("action", Self::Action),
        ("log-status", Self::LogStatus),
        ("vpc-id", Self::VpcId),
        ("subnet-id", Self::SubnetId),
        ("instance-id", Self::InstanceId),
        ("tcp-flags", Self::TcpFlags),
        ("type", Self::Type),
        ("pkt-srcaddr", Self::PktSrcAddr),
        ("pkt-dstaddr", Self::PktDstAddr),
        ("region", Self::Region),
        ("az-id", Self::AzId),
        ("sublocation-type", Self::SublocationType),
        ("sublocation-id", Self::SublocationId),
        ("pkt-src-aws-service", Self::PktSrcAwsService),
        ("pkt-dst-aws-service", Self::PktDstAwsService),
        ("flow-direction", Self::FlowDirection),
        ("traffic-path", Self::TrafficPath),
    ];

    fn of_name(name: &str) -> Self {
        Self::NAMES
            .iter()
            .find_map(|(known, field)| (*known == name).then_some(*field))
            .unwrap_or(Self::Unread)
    }
}

/// The fields of a flow log, in the order of its lines. Its text is AWS's: names parted by blanks,
/// with or without `${…}` around each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowFormat {
    header: String,
    fields: Vec<FlowField>,
    start: Option<usize>,
    interface: Option<usize>,
    has_default_tail: bool,
}

/// A header that is no flow log format.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FlowFormatError {
    /// Nothing in it.
    #[error("a flow log format names at least one field, such as `version` or `${{srcaddr}}`")]
    Empty,
    /// Too many fields.
    #[error("a flow log format has at most {FIELDS_MAX} fields")]
    TooLong,
    /// A character that no field name has.
    #[error(
        "`{0}` is not a field name of a flow log: lower-case letters, digits and hyphens, perhaps in ${{…}}"
    )]
    Name(String),
}

impl FlowFormat {
    /// The fields in order.
    pub fn fields(&self) -> &[FlowField] {
        &self.fields
    }

    /// The capture window's start that a line states, which is its event time; `None` if the format
    /// or the line has none.
    pub fn start_of(&self, line: &str) -> Option<Time> {
        let default_start = match self.has_default_tail {
            true => default_tail_start(line),
            false => None,
        };
        let seconds: i64 = match default_start {
            Some(seconds) => seconds,
            None => word_at(line, self.start?, self.fields.len())?
                .parse()
                .ok()?,
        };
        Some(Time::from_millis(seconds.checked_mul(1000)?))
    }

    /// The format that a line has by the number of its fields: this one, else AWS's default or the
    /// platform's own; this one if none fits.
    pub fn fitting<'f>(&'f self, line: &str) -> &'f Self {
        static KNOWN: LazyLock<[FlowFormat; 2]> =
            LazyLock::new(|| [FlowFormat::default(), FlowFormat::platform()]);
        // Most lines of a stream in the default format need no counting.
        if self.has_default_tail && default_tail_start(line).is_some() {
            return self;
        }
        let fields = line.split_ascii_whitespace().count();
        if fields == self.fields.len() {
            return self;
        }
        KNOWN
            .iter()
            .find(|known| known.fields.len() == fields)
            .unwrap_or(self)
    }

    /// The network interface that a line names.
    pub fn interface_of<'a>(&self, line: &'a str) -> Option<&'a str> {
        word_at(line, self.interface?, self.fields.len()).filter(|word| *word != "-")
    }
}

/// The start in a line that ends as those of the default format do, `<start> <end> ACCEPT OK`: found
/// without looking at what comes before, since every line of a stream goes through here.
fn default_tail_start(line: &str) -> Option<i64> {
    let line = line.as_bytes().strip_suffix(b" OK")?;
    let line = line
        .strip_suffix(b" ACCEPT")
        .or_else(|| line.strip_suffix(b" REJECT"))?;
    let (line, end) = line.split_last_chunk::<10>()?;
    let (line, start) = line.strip_suffix(b" ")?.split_last_chunk::<10>()?;
    line.strip_suffix(b" ")?;
    ten_digits(end)?;
    ten_digits(start)
}

/// The word of a line of this format at `index`, words being parted by single blanks; counted from
/// the nearer end.
fn word_at(line: &str, index: usize, words: usize) -> Option<&str> {
    let bytes = line.as_bytes();
    let from_end = words.checked_sub(index + 1)?;
    if index <= from_end {
        let mut blanks = memchr::memchr_iter(b' ', bytes);
        let start = match index {
            0 => 0,
            _ => blanks.nth(index - 1)? + 1,
        };
        line.get(start..blanks.next().unwrap_or(bytes.len()))
    } else {
        let mut blanks = memchr::memrchr_iter(b' ', bytes);
        let end = match from_end {
            0 => bytes.len(),
            _ => blanks.nth(from_end - 1)?,
        };
        line.get(blanks.next().map_or(0, |blank| blank + 1)..end)
    }
}

impl Default for FlowFormat {
    fn default() -> Self {
        Self::of_known_header(DEFAULT_HEADER)
    }
}

impl FlowFormat {
    /// The format of the platform's own flow logs.
    pub fn platform() -> Self {
        Self::of_known_header(PLATFORM_HEADER)
    }

    fn of_known_header(header: &str) -> Self {
        Self::of_header(header).unwrap_or(Self {
            header: String::new(),
            fields: Vec::new(),
            start: None,
            interface: None,
            has_default_tail: false,
        })
    }
}

impl FlowFormat {
    fn of_header(text: &str) -> Result<Self, FlowFormatError> {
        let mut names = Vec::new();
        for word in text.split_whitespace() {
            if names.len() == FIELDS_MAX {
                return Err(FlowFormatError::TooLong);
            }
            let name = word
                .strip_prefix("${")
                .and_then(|rest| rest.strip_suffix('}'))
                .unwrap_or(word);
            let is_name = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if !is_name {
                return Err(FlowFormatError::Name(word.chars().take(80).collect()));
            }
            names.push(name);
        }
        if names.is_empty() {
            return Err(FlowFormatError::Empty);
        }
        let fields: Vec<_> = names.iter().map(|name| FlowField::of_name(name)).collect();
        let position = |wanted| fields.iter().position(|field| *field == wanted);
        Ok(Self {
            header: names.join(" "),
            start: position(FlowField::Start),
            interface: position(FlowField::InterfaceId),
            has_default_tail: fields.ends_with(&DEFAULT_TAIL),
            fields,
        })
    }
}

impl FromStr for FlowFormat {
    type Err = FlowFormatError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::of_header(text)
    }
}

impl fmt::Display for FlowFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.header)
    }
}

impl Serialize for FlowFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.header)
    }
}

impl<'de> Deserialize<'de> for FlowFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}
