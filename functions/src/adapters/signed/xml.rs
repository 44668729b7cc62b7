//! An XML answer as JSON, so that plans and their checks read every service the same way.

use serde_json::{Map, Value};

/// Deeper answers than this are not AWS's.
const MAX_DEPTH: usize = 32;

/// The content of the root element. An element whose children are all `item` or `member` is an array, one
/// with other children an object (of equal names the last counts), a leaf its text, an empty one null.
pub(super) fn to_json(bytes: &[u8]) -> Result<Value, String> {
    let text =
        std::str::from_utf8(bytes).map_err(|error| format!("the answer is not UTF-8: {error}"))?;
    let document = roxmltree::Document::parse(text)
        .map_err(|error| format!("the answer is not XML: {error}"))?;
    Ok(element(document.root_element(), MAX_DEPTH))
}

fn element(node: roxmltree::Node<'_, '_>, depth: usize) -> Value {
    let children: Vec<_> = node
        .children()
        .filter(roxmltree::Node::is_element)
        .collect();
    if children.is_empty() {
        return match node.text() {
            Some(text) if !text.trim().is_empty() => Value::from(text),
            _ => Value::Null,
        };
    }
    if depth == 0 {
        return Value::Null;
    }
    if children
        .iter()
        .all(|child| matches!(child.tag_name().name(), "item" | "member"))
    {
        return children
            .into_iter()
            .map(|child| element(child, depth - 1))
            .collect();
    }
    let fields: Map<String, Value> = children
        .into_iter()
        .map(|child| {
            (
                child.tag_name().name().to_owned(),
                element(child, depth - 1),
            )
        })
        .collect();
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_objects_leaves_and_emptiness_are_told_apart() {
        let xml = br#"<?xml version="1.0"?><R xmlns="urn:x"><set><item><n>1</n><x/></item><item>b</item></set><o><p>q</p></o></R>"#;
        assert_eq!(
            to_json(xml).unwrap(),
            json!({"set": [{"n": "1", "x": null}, "b"], "o": {"p": "q"}})
        );
        assert!(to_json(b"{}").is_err());
    }
}
