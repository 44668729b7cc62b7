//! Lines of containers and of structured loggers: one JSON object. Fluent Bit wraps a container's
//! line as `log` and adds `kubernetes` metadata; Container Insights writes pods' names at the top.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// How often one JSON line may be wrapped in another before the text is taken as it is.
const WRAPPINGS_MAX: usize = 3;

/// A JSON line as collectors and loggers write it; what is missing is `None`.
#[derive(Debug, Default, Deserialize)]
pub struct ContainerLine<'a> {
    /// The container's own line (Fluent Bit, Docker).
    #[serde(borrow)]
    log: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    msg: Option<&'a RawValue>,
    #[serde(borrow, rename = "MESSAGE")]
    journal_message: Option<&'a RawValue>,
    #[serde(borrow)]
    kubernetes: Option<&'a RawValue>,
    #[serde(borrow, rename = "Namespace")]
    namespace: Option<&'a RawValue>,
    #[serde(borrow, rename = "PodName")]
    pod_name: Option<&'a RawValue>,
    #[serde(borrow, rename = "NodeName")]
    node_name: Option<&'a RawValue>,
    #[serde(borrow)]
    ec2_instance_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "InstanceId")]
    instance_id: Option<&'a RawValue>,
    #[serde(borrow)]
    host: Option<&'a RawValue>,
    #[serde(borrow)]
    systemd_unit: Option<&'a RawValue>,
}

/// What Fluent Bit's Kubernetes filter adds.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct KubernetesMetadata {
    /// The pod's name.
    pub pod_name: String,
    /// Its namespace.
    pub namespace_name: String,
    /// The container within it.
    pub container_name: String,
    /// The node it runs on.
    pub host: String,
}

impl<'a> ContainerLine<'a> {
    /// Reads a line; `None` unless it is one JSON object.
    pub fn parse(line: &'a str) -> Option<Self> {
        serde_json::from_str(line.trim()).ok()
    }

    /// The `kubernetes` object, if there is one of the expected form.
    pub fn kubernetes(&self) -> Option<KubernetesMetadata> {
        serde_json::from_str(self.kubernetes?.get()).ok()
    }

    /// `namespace/pod` of the line.
    pub fn pod(&self) -> Option<String> {
        let (namespace, pod) = match self.kubernetes() {
            Some(metadata) if !metadata.pod_name.is_empty() => {
                (metadata.namespace_name, metadata.pod_name)
            }
            _ => match self.pod_of_kubelet() {
                Some(found) => found,
                None => (string(self.namespace)?, string(self.pod_name)?),
            },
        };
        (!namespace.is_empty() && !pod.is_empty()).then(|| format!("{namespace}/{pod}"))
    }

    /// The pod that the kubelet speaks of, by its structured field `pod="namespace/name"`; a program's
    /// own words, which stand escaped in a field, cannot be it.
    fn pod_of_kubelet(&self) -> Option<(String, String)> {
        if string(self.systemd_unit)? != "kubelet.service" {
            return None;
        }
        let text = self.text()?;
        let (_, field) = text.rsplit_once(" pod=\"")?;
        let (pod, _) = field.split_once('"')?;
        let (namespace, name) = pod.split_once('/')?;
        Some((namespace.to_owned(), name.to_owned()))
    }

    /// The node that the line is about: its instance id, else its name.
    pub fn node(&self) -> Option<String> {
        [
            self.ec2_instance_id,
            self.instance_id,
            self.node_name,
            self.host,
        ]
        .into_iter()
        .find_map(string)
        .filter(|node| !node.is_empty())
    }

    /// The text that the program logged.
    fn text(&self) -> Option<String> {
        [self.log, self.message, self.msg, self.journal_message]
            .into_iter()
            .find_map(string)
    }
}

/// The value if it is a string.
fn string(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

/// The innermost text of a JSON line, without trailing line ends; `None` if the line is no JSON
/// object or names no text.
pub fn inner_text(line: &str) -> Option<Cow<'_, str>> {
    let mut text = ContainerLine::parse(line)?.text()?;
    for _wrapping in 1..WRAPPINGS_MAX {
        if !text.trim_start().starts_with('{') {
            break;
        }
        match ContainerLine::parse(&text).and_then(|inner| inner.text()) {
            Some(inner) => text = inner,
            None => break,
        }
    }
    text.truncate(text.trim_end_matches(['\n', '\r']).len());
    Some(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fluent_bit_line_names_its_pod_and_node() {
        let line = r#"{"time":"2026-08-01T12:00:00.5Z","stream":"stdout","_p":"F","log":"hello",
            "kubernetes":{"pod_name":"web-1","namespace_name":"shop","pod_id":"x","host":"ip-10-0-0-1",
            "labels":{"app":"web"},"container_name":"web"}}"#;
        let parsed = ContainerLine::parse(line).unwrap();
        assert_eq!(parsed.pod().unwrap(), "shop/web-1");
        assert_eq!(parsed.kubernetes().unwrap().host, "ip-10-0-0-1");
        assert_eq!(inner_text(line).unwrap(), "hello");
    }

    #[test]
    fn a_performance_event_names_its_pod_or_its_node() {
        let pod = r#"{"Type":"Pod","Namespace":"shop","PodName":"web","NodeName":"ip-10-0-0-1","InstanceId":"i-0abc"}"#;
        assert_eq!(
            ContainerLine::parse(pod).unwrap().pod().unwrap(),
            "shop/web"
        );
        let node = r#"{"Type":"Node","NodeName":"ip-10-0-0-1","InstanceId":"i-0abc"}"#;
        let parsed = ContainerLine::parse(node).unwrap();
        assert_eq!(parsed.pod(), None);
        assert_eq!(parsed.node().unwrap(), "i-0abc");
    }

    #[test]
    fn the_kubelet_names_the_pod_that_it_speaks_of() {
        let line = r#"{"hostname":"ip-10-0-0-1","systemd_unit":"kubelet.service","message":"E0801 12:00:00.000000 1 pod_workers.go:1] \"Error syncing pod\" err=\"x pod=\\\"other/pod\\\"\" pod=\"shop/web-1\" podUID=\"u\"","ec2_instance_id":"i-0abc"}"#;
        let parsed = ContainerLine::parse(line).unwrap();
        assert_eq!(parsed.pod().unwrap(), "shop/web-1");
        let other = line.replace("kubelet.service", "other.service");
        let parsed = ContainerLine::parse(&other).unwrap();
        assert_eq!(
            (parsed.pod(), parsed.node()),
            (None, Some("i-0abc".to_owned()))
        );
    }

    #[test]
    fn a_text_that_is_no_string_is_no_text() {
        assert_eq!(inner_text(r#"{"log":{"a":1}}"#), None);
        assert_eq!(inner_text(r#"{"log":{"a":1},"msg":"m"}"#).unwrap(), "m");
        assert_eq!(inner_text("[]"), None);
    }
}
