//! The page budget holds: of a hundred quiet weeks, each after a training of its own, at most ten
//! have more false alarms than were allowed.

use aiops_model::AlarmTarget;
use aiops_model::ensemble::{Ensemble, EnsembleParameters};
use aiops_model::rng::Rng;
use aiops_model::session::{Corpus, Session};

/// Windows of five minutes in a week.
const WEEK: usize = 2_016;
const PAGES: u32 = 2;

/// A service's windows: requests with a daily course, answers, cache misses, now and then a retry, a
/// slow query or a rotation of the log, and rarely one of several harmless warnings.
fn week(rng: &mut Rng) -> Vec<Session> {
    (0..WEEK)
        .map(|at| {
            let hour = (at % 288) as f64 / 288.0 * std::f64::consts::TAU;
            let load = 6.0 + 4.0 * hour.sin();
            let requests = (0..20).filter(|_| rng.uniform() < load / 20.0).count();
            let mut events = Vec::new();
            for _ in 0..requests {
                events.push(0);
                if rng.uniform() < 0.3 {
                    events.push(1);
                }
                if rng.uniform() < 0.02 {
                    events.extend([2, 0]);
                }
                events.push(3);
            }
            for (template, chance) in [(4, 0.05), (5, 0.01), (6, 0.004), (7, 0.002), (8, 0.001)] {
                if rng.uniform() < chance {
                    events.push(template);
                }
            }
            Session::new(events)
        })
        .collect()
}

#[test]
fn quiet_weeks_stay_within_the_budget() {
    let exceeded = (0..100)
        .filter(|&seed| {
            let mut rng = Rng::new(1_000 + seed);
            let corpus = Corpus {
                sessions: week(&mut rng),
                vocabulary: 9,
            };
            let parameters = EnsembleParameters {
                target: AlarmTarget::Budget {
                    pages: PAGES,
                    windows: WEEK as u64,
                },
                seed,
                ..EnsembleParameters::default()
            };
            let ensemble = Ensemble::fit(&corpus, &parameters).unwrap();
            let pages = week(&mut rng)
                .iter()
                .filter(|session| ensemble.score(session, 0.5).anomalous)
                .count();
            pages > PAGES as usize
        })
        .count();
    assert!(exceeded <= 10, "{exceeded} of 100 weeks");
}
