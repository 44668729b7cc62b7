//! From the lines of a window to its session: template numbers by the frozen miner.

use std::collections::HashMap;

use aiops_domain::LogRecord;

use crate::line::LineMiner;
use crate::mask::Masked;
use crate::miner::{Mined, Template, TemplateId};
use crate::session::Session;

/// The lines of one window, read.
#[derive(Debug, Clone, Default)]
pub struct Sequence {
    /// Template numbers; those at or above [`vocabulary`] are templates never seen.
    pub session: Session,
    /// The templates never seen, in the order of their numbers.
    pub unseen: Vec<Template>,
}

/// How many templates the miner knows: the numbers below it.
pub fn vocabulary(lines: &LineMiner) -> u32 {
    u32::try_from(lines.miner().templates().len()).unwrap_or(u32::MAX)
}

/// The templates of the records, in their order.
pub fn sequence<'r>(
    lines: &LineMiner,
    records: impl IntoIterator<Item = &'r LogRecord>,
) -> Sequence {
    let vocabulary = vocabulary(lines);
    let mut sequence = Sequence::default();
    let mut numbers: HashMap<TemplateId, u32> = HashMap::new();
    let mut masked = Masked::default();
    for record in records {
        let number = match lines.mine_with(record, &mut masked) {
            Mined::Known(position) => u32::try_from(position).unwrap_or(u32::MAX),
            Mined::Unseen(template) => match numbers.get(&template.id) {
                Some(&number) => number,
                None => {
                    let next = u32::try_from(sequence.unseen.len()).unwrap_or(u32::MAX);
                    let number = vocabulary.saturating_add(next);
                    numbers.insert(template.id, number);
                    sequence.unseen.push(template);
                    number
                }
            },
        };
        sequence.session.events.push(number);
    }
    sequence
}
