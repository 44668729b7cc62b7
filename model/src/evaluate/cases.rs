//! The sessions of an evaluation, as tokens or as raw lines, and their way to template numbers.
//! Templates are learnt from the training part of each split alone.

use std::collections::HashMap;

use aiops_domain::LogRecord;

use super::EvaluateError;
use crate::line::LineLearner;
use crate::miner::MinerConfig;
use crate::sequence::{sequence, vocabulary};
use crate::session::{Corpus, Session};

/// A labelled session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its key.
    pub id: String,
    /// Its label.
    pub anomalous: bool,
    /// Whether the file's own split trains on it; `None` if the file has no split.
    pub in_training: Option<bool>,
}

/// Training and test sessions in template numbers.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// To fit on.
    pub training: Corpus,
    /// To test on, in the order asked for.
    pub test: Vec<Session>,
}

/// Sessions that can be evaluated.
pub trait Cases {
    /// All of them.
    fn cases(&self) -> &[Case];

    /// The sessions at these positions, with templates learnt from the training ones.
    ///
    /// # Errors
    /// Templates that cannot be mined.
    fn encode(&self, training: &[usize], test: &[usize]) -> Result<Encoded, EvaluateError>;
}

/// Sessions whose lines are template ids already.
#[derive(Debug, Clone, Default)]
pub struct TokenCases {
    /// What they are.
    pub cases: Vec<Case>,
    /// Their template ids, case by case.
    pub tokens: Vec<Vec<String>>,
}

impl Cases for TokenCases {
    fn cases(&self) -> &[Case] {
        &self.cases
    }

    fn encode(&self, training: &[usize], test: &[usize]) -> Result<Encoded, EvaluateError> {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut number_all = |positions: &[usize]| -> Vec<Session> {
            positions
                .iter()
                .map(|&at| {
                    let tokens = self.tokens.get(at).map_or(&[][..], Vec::as_slice);
                    let events = tokens.iter().map(|token| {
                        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                        *numbers.entry(token).or_insert(next)
                    });
                    Session::new(events.collect())
                })
                .collect()
        };
        // Ids of test sessions only get numbers beyond those of training: never seen.
        let training = number_all(training);
        let known = training.iter().flat_map(|session| &session.events).max();
        let vocabulary = known.map_or(0, |last| last + 1);
        let test = number_all(test);
        Ok(Encoded {
            training: Corpus {
                sessions: training,
                vocabulary,
            },
            test,
        })
    }
}

/// Sessions of raw lines.
#[derive(Debug, Clone, Default)]
pub struct LineCases {
    /// What they are.
    pub cases: Vec<Case>,
    /// Their records, case by case, in order.
    pub records: Vec<Vec<LogRecord>>,
    /// How their templates are mined.
    pub miner: MinerConfig,
}

impl Cases for LineCases {
    fn cases(&self) -> &[Case] {
        &self.cases
    }

    fn encode(&self, training: &[usize], test: &[usize]) -> Result<Encoded, EvaluateError> {
        let records_of =
            |at: &usize| -> &[LogRecord] { self.records.get(*at).map_or(&[][..], Vec::as_slice) };
        let mut lines: Vec<&LogRecord> = training.iter().flat_map(records_of).collect();
        lines.sort_by(|one, other| one.order().cmp(&other.order()));
        let mut learner = LineLearner::new(self.miner.clone())?;
        for record in lines {
            learner.learn(record);
        }
        let miner = learner.freeze();
        let read = |at: &usize| {
            let records = records_of(at);
            Session {
                start: records.first().map(|record| record.time),
                ..sequence(&miner, records).session
            }
        };
        Ok(Encoded {
            training: Corpus {
                sessions: training.iter().map(read).collect(),
                vocabulary: vocabulary(&miner),
            },
            test: test.iter().map(read).collect(),
        })
    }
}
