//! The Query protocol: parameters out, XML in.

use serde_json::Value;

/// Form parameters of a call, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this one.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.push((key.into(), value.into()));
        self
    }

    /// With this one, if there is a value; scalars as the protocol writes them.
    #[must_use]
    pub fn with_value(self, key: &str, value: Option<&Value>) -> Self {
        match value.and_then(scalar) {
            Some(text) => self.with(key, text),
            None => self,
        }
    }

    /// With `key.1`, `key.2`, … for each text.
    #[must_use]
    pub fn with_list<T: Into<String>>(
        mut self,
        key: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        for (index, value) in values.into_iter().enumerate() {
            self = self.with(format!("{key}.{}", index + 1), value);
        }
        self
    }

    /// The form: action and version first.
    pub(super) fn encode(&self, action: &str, version: &str) -> String {
        let mut form = format!("Action={}&Version={}", escape(action), escape(version));
        for (key, value) in &self.0 {
            form.push('&');
            form.push_str(&escape(key));
            form.push('=');
            form.push_str(&escape(value));
        }
        form
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Percent-encodes all but RFC 3986's unreserved characters.
pub fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _infallible = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// An element of an answer: its name without a prefix, its text, its children.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Xml {
    /// Local name.
    pub name: String,
    /// Text directly inside it.
    pub text: String,
    /// Elements inside it.
    pub children: Vec<Xml>,
}

impl Xml {
    /// Reads a document.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let document = roxmltree::Document::parse(text).map_err(|error| error.to_string())?;
        Ok(Self::of(document.root_element()))
    }

    fn of(node: roxmltree::Node<'_, '_>) -> Self {
        Self {
            name: node.tag_name().name().to_owned(),
            text: node.text().unwrap_or_default().to_owned(),
            children: node
                .children()
                .filter(roxmltree::Node::is_element)
                .map(Self::of)
                .collect(),
        }
    }

    /// The child of this name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first element of this name at any depth.
    pub fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }

    /// The text of the first element of this name at any depth.
    pub fn text(&self, name: &str) -> Option<String> {
        self.find(name).map(|element| element.text.clone())
    }

    /// Every element of this name at any depth, in document order; not inside one another.
    pub fn all(&self, name: &str) -> Vec<&Self> {
        if self.name == name {
            return vec![self];
        }
        self.children
            .iter()
            .flat_map(|child| child.all(name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_escaped_and_numbered() {
        let form = Parameters::new()
            .with("Name", "a b&c")
            .with_list("Id", ["x", "y"])
            .with_value("Egress", Some(&Value::Bool(true)))
            .with_value("None", Some(&Value::Null))
            .encode("Do", "1");
        assert_eq!(
            form,
            "Action=Do&Version=1&Name=a%20b%26c&Id.1=x&Id.2=y&Egress=true"
        );
    }

    #[test]
    fn elements_are_found_without_their_prefix() {
        let xml = Xml::parse(
            b"<r xmlns='u'><set><item><id>1</id></item><item><id>2</id></item></set></r>",
        )
        .unwrap();
        let ids: Vec<_> = xml
            .all("item")
            .iter()
            .filter_map(|item| item.text("id"))
            .collect();
        assert_eq!(ids, ["1", "2"]);
        assert!(Xml::parse(b"<open>").is_err());
    }
}
