//! A serde value with expressions inside: the very struct that a function reads is serialised,
//! and its texts may stand for outputs that are not known yet.

use serde::Serialize;

use super::expr::Expr;
use super::value::Value;

/// Collects the expressions of one document. A text that [`Document::hole`] returned stands for
/// its expression; [`Document::finish`] puts the expressions back.
///
/// ```
/// # use aiops_infra::graph::{Document, Program, Expr};
/// #[derive(serde::Serialize)]
/// struct Config { bucket: String }
/// let mut document = Document::default();
/// let config = Config { bucket: document.hole(Expr::from("raw")) };
/// assert_eq!(document.finish(&config).unwrap(), aiops_infra::object! { "bucket" => "raw" });
/// ```
#[derive(Debug, Default)]
pub struct Document {
    holes: Vec<Value>,
}

/// Opens and closes a hole's number in a text. A control character: no name, ARN or path has it.
const MARK: char = '\u{1}';

/// A document that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot serialise the configuration document: {0}")]
pub struct DocumentError(#[from] serde_json::Error);

impl Document {
    /// A text that stands for `expr` until [`Document::finish`].
    pub fn hole(&mut self, expr: impl Into<Expr<String>>) -> String {
        self.holes.push(expr.into().into());
        format!("{MARK}{}{MARK}", self.holes.len() - 1)
    }

    /// The document, its holes filled.
    ///
    /// # Errors
    /// When `document` has no JSON form (a map whose keys are no texts).
    pub fn finish<T: Serialize>(self, document: &T) -> Result<Value, DocumentError> {
        Ok(self.fill(serde_json::to_value(document)?))
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
