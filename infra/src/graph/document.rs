//! A serde value with expressions inside: the very struct that a function reads is serialised,
//! and its texts may stand for outputs that are not known yet.

use serde::Serialize;

use super::expr::Expr;
use super::value::Value;

/// Collects the expressions of one document. A text that [`Document::hole`] returned stands for
/// its expression; [`Document::finish`] puts the expressions back.
#[derive(Debug, Default)]
pub struct Document {
    holes: Vec<Value>,
}

/// Opens and closes a hole's number in a text. A control character: no name, ARN or path has it.
const MARK: char = '\u{1}';

impl Document {
    /// A text that stands for `expr` until [`Document::finish`].
    pub fn hole(&mut self, expr: impl Into<Expr<String>>) -> String {
        self.holes.push(expr.into().into());
        format!("{MARK}{}{MARK}", self.holes.len() - 1)
    }

    /// The document, its holes filled. What has no JSON form (a map whose keys are no texts) is a
    /// text that says so; the test that reads every configuration back finds it.
    pub fn finish<T: Serialize>(self, document: &T) -> Value {
        match serde_json::to_value(document) {
            Ok(json) => self.fill(json),
            Err(problem) => Value::from(problem.to_string()),
        }
    }

    fn fill(&self, json: serde_json::Value) -> Value {
        match json {
            serde_json::Value::String(text) => self.fill_text(&text),
            serde_json::Value::Array(items) => {
                Value::List(items.into_iter().map(|item| self.fill(item)).collect())
            }
            serde_json::Value::Object(map) => Value::Object(
                map.into_iter()
                    .map(|(key, item)| (key, self.fill(item)))
                    .collect(),
            ),
            other => Value::from(other),
        }
    }

    fn fill_text(&self, text: &str) -> Value {
        // Odd pieces are between two marks.
        let pieces = text.split(MARK).enumerate().map(|(position, piece)| {
            let hole = (position % 2 == 1)
                .then(|| piece.parse::<usize>().ok())
                .flatten();
            match hole.and_then(|number| self.holes.get(number)) {
                Some(value) => value.clone(),
                None => Value::from(piece),
            }
        });
        match Value::concat(pieces) {
            // A text that is nothing but one hole is that expression.
            Value::Concat(mut parts) if parts.len() == 1 => parts.remove(0),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Key, Path};
    use crate::{list, object, text};

    #[derive(Serialize)]
    struct Config {
        bucket: String,
        queues: Vec<String>,
        days: u32,
    }

    #[test]
    fn a_hole_becomes_its_expression_alone_or_within_a_text() {
        let arn: Expr<String> = Expr::trusted(Value::Ref {
            resource: Key::new("aws:s3/bucket:Bucket", "raw"),
            path: Path::property("arn"),
        });
        let mut document = Document::default();
        let bucket = document.hole(&arn);
        let config = Config {
            queues: vec![format!("{bucket}/raw/"), "plain".to_owned()],
            bucket,
            days: 7,
        };
        assert_eq!(
            document.finish(&config),
            object! {
                "bucket" => &arn,
                "queues" => list![text!(&arn, "/raw/"), "plain"],
                "days" => 7,
            }
        );
    }
}
