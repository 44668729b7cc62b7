//! Why a window stands out: which templates moved its score, and by how much against what was
//! expected.

use aiops_domain::{FindingTemplate, Time};

use crate::detectors::{Detector, Ngram, Rate, SeenBefore, TemplateRarity, View};
use crate::ensemble::{Ensemble, Nearest};
use crate::miner::Template;
use crate::session::{Counts, Session};

/// Templates that an explanation names.
const TEMPLATES_MAX: usize = 10;

/// Bytes of a template's text in an explanation: lines are hostile, findings are stored and sent.
const TEXT_BYTES_MAX: usize = 300;

/// Bytes of a template's text within the sentence.
const QUOTED_BYTES_MAX: usize = 100;

/// What moved the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Most first; the contributions are shares of the evidence of all templates of the window.
    pub templates: Vec<FindingTemplate>,
    /// One sentence for a person.
    pub summary: String,
    /// Number of the template that contributed most and occurs in the window.
    pub shown: Option<u32>,
}

/// The members of an ensemble that can say what they expected.
struct Witnesses<'e> {
    rarity: Option<&'e TemplateRarity>,
    rate: Option<&'e Rate>,
    ngram: Option<&'e Ngram>,
    seen: Option<&'e SeenBefore>,
}

impl<'e> Witnesses<'e> {
    fn of(ensemble: &'e Ensemble) -> Self {
        let mut witnesses = Self {
            rarity: None,
            rate: None,
            ngram: None,
            seen: None,
        };
        for detector in ensemble.detectors() {
            match detector {
                Detector::TemplateRarity(rarity) => witnesses.rarity = Some(rarity),
                Detector::Rate(rate) => witnesses.rate = Some(rate),
                Detector::Ngram(ngram) => witnesses.ngram = Some(ngram),
                Detector::SeenBefore(seen) => witnesses.seen = Some(seen),
                Detector::NearestCount(_) | Detector::IsolationForest(_) | Detector::Pca(_) => {}
            }
        }
        witnesses
    }
}

/// One template's evidence.
struct Evidence {
    number: u32,
    count: u32,
    expected: f64,
    weight: f64,
}

/// Explains the score of a window whose lines have these templates, beside its nearest normal example.
/// `text` gives the template of a number.
pub fn explain<'t>(
    ensemble: &Ensemble,
    View {
        session, counts, ..
    }: View<'_>,
    nearest: Option<Nearest<'_>>,
    vocabulary: u32,
    text: impl Fn(u32) -> Option<&'t Template>,
) -> Explanation {
    let witnesses = Witnesses::of(ensemble);
    let mut evidence: Vec<Evidence> = relevant(counts, nearest.map(|nearest| nearest.vector))
        .map(|number| {
            let count = counts.get(number);
            Evidence {
                number,
                count,
                expected: witnesses
                    .rate
                    .map_or(0.0, |rate| rate.expected(number, session.start)),
                weight: weight(&witnesses, nearest, session.start, number, count),
            }
        })
        .filter(|evidence| evidence.weight > 0.0)
        .collect();
    evidence.sort_by(|one, other| {
        other
            .weight
            .total_cmp(&one.weight)
            .then(one.number.cmp(&other.number))
    });
    let total: f64 = evidence.iter().map(|evidence| evidence.weight).sum();
    evidence.truncate(TEMPLATES_MAX);
    let templates = evidence
        .iter()
        .filter_map(|evidence| {
            let template = text(evidence.number)?;
            Some(FindingTemplate {
                id: template.id.hex(),
                template: cut(&template.text, TEXT_BYTES_MAX).to_owned(),
                count: u64::from(evidence.count),
                expected: evidence.expected,
                contribution: evidence.weight / total,
            })
        })
        .collect();
    let shown = evidence
        .iter()
        .find(|evidence| evidence.count > 0)
        .map(|evidence| evidence.number);
    let summary = sentence(&evidence, &witnesses, session, counts, vocabulary, text);
    Explanation {
        templates,
        summary,
        shown,
    }
}

/// The templates of the window and those of its nearest normal example.
fn relevant(counts: &Counts, nearest: Option<&Counts>) -> impl Iterator<Item = u32> {
    let mut numbers: Vec<u32> = counts
        .iter()
        .chain(nearest.into_iter().flat_map(Counts::iter))
        .map(|(number, _)| number)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.into_iter()
}

/// How much a template's count speaks against the window being normal, in nats: how unlikely it is
/// that it is there or not, how far its count is from its rate (half the square of a standard
/// normal deviate), and how far from its count in the nearest normal example.
fn weight(
    witnesses: &Witnesses<'_>,
    nearest: Option<Nearest<'_>>,
    start: Option<Time>,
    number: u32,
    count: u32,
) -> f64 {
    let rarity = witnesses.rarity.map_or(0.0, |rarity| {
        if count > 0 {
            rarity.presence(number)
        } else {
            rarity.absence(number)
        }
    });
    let rate = witnesses
        .rate
        .map_or(0.0, |rate| rate.deviation(number, count, start));
    let apart = nearest.map_or(0.0, |Nearest { metric, vector, .. }| {
        metric.coordinate(number, count) - metric.coordinate(number, vector.get(number))
    });
    // Of the distance, its logarithm: a template that never varied would drown all others.
    rarity + rate * rate / 2.0 + (apart * apart / 2.0).ln_1p()
}

fn sentence<'t>(
    evidence: &[Evidence],
    witnesses: &Witnesses<'_>,
    session: &Session,
    counts: &Counts,
    vocabulary: u32,
    text: impl Fn(u32) -> Option<&'t Template>,
) -> String {
    let quoted = |number: u32| {
        text(number).map_or_else(String::new, |template| {
            format!("\"{}\"", cut(&template.text, QUOTED_BYTES_MAX))
        })
    };
    let mut parts: Vec<String> = evidence
        .iter()
        .take(2)
        .map(|evidence| {
            let Evidence {
                number,
                count,
                expected,
                ..
            } = *evidence;
            let what = quoted(number);
            if number >= vocabulary {
                format!("{count} × {what}, never seen before")
            } else if count == 0 {
                format!("no {what} where {} is usual", amount(expected))
            } else {
                format!("{count} × {what} where {} is usual", amount(expected))
            }
        })
        .collect();
    // An unseen template makes its transitions unseen too: that would say the same twice.
    if let Some((Some(from), Some(to), _)) = witnesses
        .ngram
        .and_then(|ngram| ngram.oddest(session))
        .filter(|&(from, to, _)| {
            [from, to]
                .into_iter()
                .flatten()
                .all(|number| number < vocabulary)
        })
        && evidence.len() < 2
    {
        parts.push(format!("{} right after {}", quoted(to), quoted(from)));
    }
    let seen = witnesses.seen.map_or(0, |seen| seen.occurrences(counts));
    let memory = match seen {
        0 => "no window of training had these counts".to_owned(),
        1 => "one window of training had these counts".to_owned(),
        _ => format!("{seen} windows of training had these counts"),
    };
    if parts.is_empty() {
        memory
    } else {
        format!("{}; {memory}", parts.join(", "))
    }
}

fn amount(expected: f64) -> String {
    if expected >= 10.0 {
        format!("{expected:.0}")
    } else if expected >= 0.1 {
        format!("{expected:.1}")
    } else {
        "none".to_owned()
    }
}

fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}
