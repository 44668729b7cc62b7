//! A window or a keyed sequence as the detectors see it: the templates of its lines, in order.

use aiops_domain::Time;
use serde::{Deserialize, Serialize};

/// The templates of one window's lines, in event order. A number below the vocabulary's size is a
/// template of the model; a higher one is a template that training never saw, numbered per window
/// in the order of appearance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Session {
    /// Template numbers, one per line.
    pub events: Vec<u32>,
    /// When its window starts, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Time>,
}

impl Session {
    /// The session of these template numbers, at a time that is not known.
    pub const fn new(events: Vec<u32>) -> Self {
        Self {
            events,
            start: None,
        }
    }

    /// Template number and count, by number: the session's count vector, sparse.
    pub fn counts(&self) -> Counts {
        let mut sorted = self.events.clone();
        sorted.sort_unstable();
        let mut counts: Vec<(u32, u32)> = Vec::new();
        for event in sorted {
            match counts.last_mut() {
                Some((last, count)) if *last == event => *count += 1,
                _ => counts.push((event, 1)),
            }
        }
        Counts(counts.into())
    }
}

/// A sparse count vector: (template number, count above 0), ascending by number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Counts(pub Box<[(u32, u32)]>);

impl Counts {
    /// The count of a template, 0 when it is not there.
    pub fn get(&self, template: u32) -> u32 {
        self.0
            .binary_search_by_key(&template, |&(number, _)| number)
            .ok()
            .and_then(|at| self.0.get(at))
            .map_or(0, |&(_, count)| count)
    }

    /// The entries.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.0.iter().copied()
    }

    /// The number of lines.
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, count)| u64::from(count)).sum()
    }
}

/// Sessions and the size of the vocabulary that their template numbers refer to: what every
/// detector is fitted on and predicts for.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    /// The sessions; their order carries no meaning.
    pub sessions: Vec<Session>,
    /// Template numbers below this are known.
    pub vocabulary: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_template() {
        let counts = Session::new(vec![3, 1, 3, 3]).counts();
        assert_eq!(&*counts.0, &[(1, 1), (3, 3)]);
        assert_eq!((counts.get(3), counts.get(2), counts.total()), (3, 0, 4));
    }
}
