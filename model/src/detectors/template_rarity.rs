//! How unlikely it is that exactly these templates occur: a Bernoulli model per template.

use serde::{Deserialize, Serialize};
use smartcore::api::UnsupervisedEstimator;
use smartcore::error::Failed;

use super::counts_of;
use crate::session::{Corpus, Counts};

/// The fitted detector: in how many sessions each template occurs.
///
/// The score is the information (in nats) of which templates are there and which are not, each by
/// Krichevsky and Trofimov's estimate: a rare template that occurs costs much, so does a template
/// that is always there and is missing now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TemplateRarity {
    frequencies: Vec<u32>,
    sessions: u32,
    /// Cost of an empty session.
    absent: f64,
}

impl UnsupervisedEstimator<Corpus, ()> for TemplateRarity {
    fn fit(corpus: &Corpus, (): ()) -> Result<Self, Failed> {
        let counts = counts_of(corpus)?;
        let mut frequencies = vec![0u32; corpus.vocabulary as usize];
        for (template, _) in counts.iter().flat_map(Counts::iter) {
            if let Some(frequency) = frequencies.get_mut(template as usize) {
                *frequency += 1;
            }
        }
        let mut rarity = Self {
            frequencies,
            sessions: u32::try_from(counts.len()).unwrap_or(u32::MAX),
            absent: 0.0,
        };
        rarity.absent = (0..corpus.vocabulary)
            .map(|template| rarity.absence(template))
            .sum();
        Ok(rarity)
    }
}

impl TemplateRarity {
    /// The information of the set of templates, in nats.
    pub fn score(&self, counts: &Counts) -> f64 {
        counts.iter().fold(self.absent, |score, (template, _)| {
            score + self.presence(template) - self.absence(template)
        })
    }

    /// The same for a session of training as if it had not been there: templates of that session
    /// only are new.
    pub fn score_left_out(&self, counts: &Counts) -> f64 {
        counts.iter().fold(self.absent, |score, (template, _)| {
            if self.frequency(template) == 1 {
                score + self.information(0) - self.absence(template)
            } else {
                score + self.presence(template) - self.absence(template)
            }
        })
    }

    fn frequency(&self, template: u32) -> u32 {
        self.frequencies
            .get(template as usize)
            .copied()
            .unwrap_or(0)
    }

    fn share_of(&self, frequency: u32) -> f64 {
        (f64::from(frequency) + 0.5) / (f64::from(self.sessions) + 1.0)
    }

    fn information(&self, frequency: u32) -> f64 {
        -self.share_of(frequency).ln()
    }

    /// The share of sessions that have the template.
    pub fn share(&self, template: u32) -> f64 {
        self.share_of(self.frequency(template))
    }

    /// What it costs that the template is there.
    pub fn presence(&self, template: u32) -> f64 {
        self.information(self.frequency(template))
    }

    /// What it costs that the template is not there; a template that training never saw is not
    /// expected anywhere.
    pub fn absence(&self, template: u32) -> f64 {
        if (template as usize) < self.frequencies.len() {
            -(-self.share(template)).ln_1p()
        } else {
            0.0
        }
    }
}
