//! How unlikely the order of templates is: transitions of a first-order Markov chain.
//!
//! The idea is that of DeepLog (Du et al., CCS 2017), which predicts the next log key from those
//! before; a counted bigram with back-off does it without a network and can say which transition
//! was odd.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smartcore::api::UnsupervisedEstimator;
use smartcore::error::Failed;

use crate::session::{Corpus, Session};

/// Stands before the first and after the last template.
const EDGE: u32 = u32::MAX;

/// Transitions that are remembered, the most frequent ones.
const TRANSITIONS_MAX: usize = 100_000;

/// The fitted detector: how often each template follows each other one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ngram {
    #[serde(with = "crate::packed::pairs")]
    transitions: BTreeMap<u64, u32>,
    /// How often each template has a successor; the last entry is the edge's.
    from: Vec<u32>,
    /// How often each template is a successor; the last entry is the edge's.
    to: Vec<u32>,
    total: u64,
}

impl UnsupervisedEstimator<Corpus, ()> for Ngram {
    fn fit(corpus: &Corpus, (): ()) -> Result<Self, Failed> {
        if corpus.sessions.is_empty() {
            return Err(Failed::fit("a detector needs at least one session"));
        }
        let size = corpus.vocabulary as usize + 1;
        let mut ngram = Self {
            transitions: BTreeMap::new(),
            from: vec![0; size],
            to: vec![0; size],
            total: 0,
        };
        let mut transitions = std::collections::HashMap::<u64, u32>::new();
        for session in &corpus.sessions {
            for (from, to) in pairs(session) {
                *transitions.entry(pack(from, to)).or_default() += 1;
                let (from, to) = (ngram.slot(from), ngram.slot(to));
                if let Some(count) = ngram.from.get_mut(from) {
                    *count += 1;
                }
                if let Some(count) = ngram.to.get_mut(to) {
                    *count += 1;
                }
                ngram.total += 1;
            }
        }
        let mut transitions: Vec<(u64, u32)> = transitions.into_iter().collect();
        transitions.sort_by_key(|&(pair, count)| (std::cmp::Reverse(count), pair));
        transitions.truncate(TRANSITIONS_MAX);
        ngram.transitions = transitions.into_iter().collect();
        Ok(ngram)
    }
}

impl Ngram {
    /// The root mean square information of the session's transitions, in nats: one odd transition
    /// among many usual ones still shows, and the length of the session does not.
    pub fn score(&self, session: &Session) -> f64 {
        self.mean_square(session, 0)
    }

    /// The same for a session of training as if it had not been there: transitions that occurred
    /// once are new.
    pub fn score_left_out(&self, session: &Session) -> f64 {
        self.mean_square(session, 1)
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of lines")]
    fn mean_square(&self, session: &Session, ignored: u32) -> f64 {
        let (sum, count) = pairs(session).fold((0.0, 0usize), |(sum, count), (from, to)| {
            let surprise = self.information(from, to, ignored);
            (sum + surprise * surprise, count + 1)
        });
        (sum / count.max(1) as f64).sqrt()
    }

    /// `-ln P(to | from)`: the transition's count, backed off to how often `to` follows anything.
    pub fn surprise(&self, from: u32, to: u32) -> f64 {
        self.information(from, to, 0)
    }

    /// Counts up to `ignored` count as none.
    #[expect(clippy::cast_precision_loss, reason = "numbers of lines")]
    fn information(&self, from: u32, to: u32, ignored: u32) -> f64 {
        let pair = self.transitions.get(&pack(from, to)).copied();
        let pair = f64::from(pair.filter(|&count| count > ignored).unwrap_or(0));
        let outgoing = f64::from(self.from.get(self.slot(from)).copied().unwrap_or(0));
        let incoming = f64::from(self.to.get(self.slot(to)).copied().unwrap_or(0));
        let back_off = (incoming + 0.5) / (self.total as f64 + 0.5 * (self.to.len() as f64 + 1.0));
        -((pair + back_off) / (outgoing + 1.0)).ln()
    }

    /// The session's least likely transition (`None` stands for its beginning or end) and its
    /// information in nats.
    pub fn oddest(&self, session: &Session) -> Option<(Option<u32>, Option<u32>, f64)> {
        let named = |template: u32| (template != EDGE).then_some(template);
        pairs(session)
            .map(|(from, to)| (named(from), named(to), self.surprise(from, to)))
            .max_by(|one, other| one.2.total_cmp(&other.2))
    }

    fn slot(&self, template: u32) -> usize {
        if template == EDGE {
            self.from.len().saturating_sub(1)
        } else if (template as usize) + 1 < self.from.len() {
            template as usize
        } else {
            usize::MAX
        }
    }
}

fn pairs(session: &Session) -> impl Iterator<Item = (u32, u32)> + '_ {
    let from = std::iter::once(EDGE).chain(session.events.iter().copied());
    let to = session.events.iter().copied().chain(std::iter::once(EDGE));
    from.zip(to)
}

fn pack(from: u32, to: u32) -> u64 {
    (u64::from(from) << 32) | u64::from(to)
}
