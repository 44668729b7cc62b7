//! What a line is about, by rule: from the stream's name where that suffices, else from the line.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::shape::{container::ContainerLine, flow::FlowFormat};
use crate::source::Shape;

/// How the entity of a line is found. Where a rule finds nothing, the entity is the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntityRule {
    /// The log stream's name.
    Stream,
    /// The EC2 instance id within the stream's name.
    Instance,
    /// `namespace/pod`: from the stream's name as Fluent Bit writes it, else from the line's
    /// `kubernetes` metadata or the kubelet's words; the node, if the line is about one.
    Pod,
    /// The node: the line's instance id or host.
    Node,
    /// The network interface: from the stream's name (`eni-…-all`), else from the flow log line.
    Interface,
}

impl EntityRule {
    /// The entity, if the stream's name alone gives it as a part of itself.
    pub(super) fn of_stream(self, stream: &str) -> Option<&str> {
        match self {
            Self::Stream => Some(stream),
            Self::Instance => resource_id(stream, "i-"),
            Self::Interface => resource_id(stream, "eni-"),
            Self::Pod | Self::Node => None,
        }
    }

    /// The entity that a line names.
    pub(super) fn of_line<'a>(
        self,
        line: &'a str,
        shape: Shape,
        flow_format: &FlowFormat,
    ) -> Option<Cow<'a, str>> {
        match self {
            Self::Interface => flow_format.interface_of(line).map(Cow::Borrowed),
            Self::Pod if shape == Shape::Json => {
                let line = ContainerLine::parse(line)?;
                line.pod().or_else(|| line.node()).map(Cow::Owned)
            }
            Self::Node if shape == Shape::Json => {
                ContainerLine::parse(line)?.node().map(Cow::Owned)
            }
            Self::Stream | Self::Instance | Self::Pod | Self::Node => None,
        }
    }

    /// The entity of a line that names none, from the whole stream name.
    pub(super) fn fallback(self, stream: &str) -> Cow<'_, str> {
        match self {
            Self::Pod => container_stream(stream).map_or(Cow::Borrowed(stream), Cow::Owned),
            _ => Cow::Borrowed(stream),
        }
    }
}

/// The first `<prefix><hexadecimal>` that is a word of `name`.
fn resource_id<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    name.match_indices(prefix).find_map(|(start, _)| {
        let before = name.get(..start)?;
        if before.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            return None;
        }
        let digits = name.get(start + prefix.len()..)?;
        let length = digits
            .bytes()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            .count();
        let ends = !digits
            .as_bytes()
            .get(length)
            .is_some_and(u8::is_ascii_alphanumeric);
        if !ends || !(8..=17).contains(&length) {
            return None;
        }
        name.get(start..start + prefix.len() + length)
    })
}

/// `namespace/pod` of `…containers.<pod>_<namespace>_<container>-<id>.log`, as Fluent Bit names
/// streams after the node's files.
fn container_stream(stream: &str) -> Option<String> {
    let (_, file) = stream.rsplit_once("containers.")?;
    let mut parts = file.splitn(3, '_');
    let (pod, namespace, _container) = (parts.next()?, parts.next()?, parts.next()?);
    (!pod.is_empty() && !namespace.is_empty()).then(|| format!("{namespace}/{pod}"))
}
