//! Rules as data: which log group and stream is which source, how its lines are read, and what they
//! are about.

mod entity;
mod pattern;
mod rules;

use serde::{Deserialize, Serialize};

pub use entity::EntityRule;
pub use pattern::Pattern;
pub use rules::default_rules;

use crate::event_time::{TimeAssumptions, stated_time};
use crate::shape::{self, flow::FlowFormat};
use crate::source::{Shape, Source};
use crate::time::Time;

/// What the lines of matching groups and streams are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryRule {
    /// Log groups, `*` standing for anything.
    #[serde(default)]
    pub group: Pattern,
    /// Log streams, `*` standing for anything.
    #[serde(default)]
    pub stream: Pattern,
    /// The kind of system.
    pub source: Source,
    /// How its lines are read; left out: each line shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// What its lines are about.
    pub entity: EntityRule,
    /// The fields of flow log lines, as the flow log's own format names them; left out, or where a
    /// line has another number of fields: AWS's default or the platform's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_format: Option<FlowFormat>,
}

/// The rules, ready to be asked. What no rule names is `other`, about its stream.
#[derive(Debug, Clone)]
pub struct Categoriser {
    rules: Vec<CategoryRule>,
    default_flow_format: FlowFormat,
    assume: TimeAssumptions,
}

/// What the lines of one log stream are.
#[derive(Debug, Clone, Copy)]
pub struct Category<'a> {
    /// The kind of system.
    pub source: Source,
    /// How lines are read, unless each line shows it.
    pub shape: Option<Shape>,
    /// What lines are about.
    pub entity: EntityRule,
    /// The fields of flow log lines.
    pub flow_format: &'a FlowFormat,
    assume: &'a TimeAssumptions,
    stream: &'a str,
    /// The entity, if the stream's name alone gives it.
    stream_entity: Option<&'a str>,
}

/// What one line is, beyond its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement<'a> {
    /// How the line is read.
    pub shape: Shape,
    /// Its event time.
    pub time: Time,
    /// Whether the line itself says its time; otherwise it is the envelope's timestamp.
    pub states_time: bool,
    /// What it is about.
    pub entity: std::borrow::Cow<'a, str>,
}

impl Categoriser {
    /// The first rule that matches counts.
    pub fn new(rules: Vec<CategoryRule>, assume: TimeAssumptions) -> Self {
        Self {
            rules,
            default_flow_format: FlowFormat::default(),
            assume,
        }
    }

    /// What the lines of this stream are.
    pub fn category<'a>(&'a self, group: &str, stream: &'a str) -> Category<'a> {
        let rule = self
            .rules
            .iter()
            .find(|rule| rule.group.matches(group) && rule.stream.matches(stream));
        let entity = rule.map_or(EntityRule::Stream, |rule| rule.entity);
        Category {
            source: rule.map_or(Source::Other, |rule| rule.source),
            shape: rule.and_then(|rule| rule.shape),
            entity,
            flow_format: rule
                .and_then(|rule| rule.flow_format.as_ref())
                .unwrap_or(&self.default_flow_format),
            assume: &self.assume,
            stream,
            stream_entity: entity.of_stream(stream),
        }
    }
}

impl<'a> Category<'a> {
    /// What a line of this stream is.
    pub fn place<'b>(&self, line: &'b str, timestamp: Time) -> Placement<'b>
    where
        'a: 'b,
    {
        let shape = self.shape.unwrap_or_else(|| shape::detect(line));
        let flow_format = match shape {
            Shape::Flow => self.flow_format.fitting(line),
            _ => self.flow_format,
        };
        let stated = stated_time(line, shape, flow_format, timestamp, self.assume);
        Placement {
            shape,
            time: stated.unwrap_or(timestamp),
            states_time: stated.is_some(),
            entity: match self.stream_entity {
                Some(entity) => entity.into(),
                None => self
                    .entity
                    .of_line(line, shape, flow_format)
                    .unwrap_or_else(|| self.entity.fallback(self.stream)),
            },
        }
    }
}

#[cfg(test)]
mod tests;
