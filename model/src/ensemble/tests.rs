//! Tests of the module `ensemble`.

use super::*;

/// Sessions of a small made system: open, a few reads, sometimes a retry, close.
fn made(seed: u64, count: usize) -> Vec<Session> {
    let mut rng = Rng::new(seed);
    (0..count)
        .map(|_| {
            let mut events = vec![0];
            events.extend(vec![1; 2 + rng.below(6)]);
            if rng.uniform() < 0.05 {
                events.extend([2, 1]);
            }
            events.push(3);
            Session::new(events)
        })
        .collect()
}

fn corpus(sessions: Vec<Session>) -> Corpus {
    Corpus {
        sessions,
        vocabulary: 4,
    }
}

#[test]
fn finds_what_is_missing_new_or_too_much() {
    let ensemble = Ensemble::fit(&corpus(made(1, 3000)), &EnsembleParameters::default()).unwrap();
    for odd in [
        vec![0, 1, 1],
        vec![0, 1, 4, 3],
        [vec![0], vec![1; 80], vec![3]].concat(),
    ] {
        let scored = ensemble.score(&Session::new(odd.clone()), 0.5);
        assert!(
            scored.anomalous,
            "{odd:?} {scored:?} {}",
            ensemble.threshold()
        );
        assert!(scored.p_value < 0.001);
    }
    let normal = made(2, 3000);
    let alarms = normal
        .iter()
        .filter(|session| ensemble.score(session, 0.5).anomalous)
        .count();
    assert!(alarms <= 8, "{alarms} alarms in 3000 normal sessions");
}

#[test]
fn p_values_of_held_out_normal_sessions_are_uniform() {
    let ensemble = Ensemble::fit(&corpus(made(3, 4000)), &EnsembleParameters::default()).unwrap();
    let mut rng = Rng::new(5);
    let mut values: Vec<f64> = made(4, 4000)
        .iter()
        .map(|session| ensemble.score(session, rng.uniform()).p_value)
        .collect();
    values.sort_by(f64::total_cmp);
    let distance = values
        .iter()
        .enumerate()
        .map(|(rank, value)| (value - rank as f64 / 4000.0).abs())
        .fold(0.0, f64::max);
    assert!(distance <= 0.05, "Kolmogorov-Smirnov distance {distance}");
}

#[test]
fn one_unseen_line_is_not_enough_after_a_short_training() {
    let ensemble = Ensemble::fit(&corpus(made(1, 200)), &EnsembleParameters::default()).unwrap();
    let novel = made(9, 200)
        .into_iter()
        .map(|mut session| {
            session.events.insert(1, 4);
            session
        })
        .filter(|session| ensemble.score(session, 0.5).anomalous)
        .count();
    assert!(
        novel <= 20,
        "{novel} of 200 windows with one new line alarm"
    );
    let many = Session::new([vec![0], [4, 5, 6, 7].repeat(30), vec![3]].concat());
    assert!(ensemble.score(&many, 0.5).anomalous);
}

#[test]
fn degenerate_training_sets_give_bounded_results() {
    let parameters = EnsembleParameters::default();
    assert!(matches!(
        Ensemble::fit(&corpus(Vec::new()), &parameters),
        Err(FitError::Empty)
    ));
    let strange = Session::new(vec![9, 9, 1, 0]);
    for sessions in [
        vec![Session::new(vec![0])],
        vec![Session::new(Vec::new())],
        vec![Session::new(vec![0, 1]); 500],
        (0..50)
            .map(|at| Session::new(vec![at % 4; at as usize]))
            .collect(),
    ] {
        let ensemble = Ensemble::fit(&corpus(sessions), &parameters).unwrap();
        let scored = ensemble.score(&strange, 0.5);
        assert!(scored.score.is_finite() && (0.0..=1.0).contains(&scored.p_value));
        assert!(ensemble.threshold().is_finite());
    }
}

#[test]
fn the_same_seed_gives_the_same_ensemble() {
    let corpus = corpus(made(1, 300));
    let fit = || {
        let ensemble = Ensemble::fit(&corpus, &EnsembleParameters::default()).unwrap();
        serde_json::to_string(&ensemble).unwrap()
    };
    let text = fit();
    assert_eq!(text, fit());
    let read: Ensemble = serde_json::from_str(&text).unwrap();
    let session = Session::new(vec![0, 1, 2, 9]);
    let direct = Ensemble::fit(&corpus, &EnsembleParameters::default()).unwrap();
    assert_eq!(read.score(&session, 0.5), direct.score(&session, 0.5));
}

/// What stands out without a new template must not pay for the allowance for new templates.
#[test]
fn a_short_training_still_finds_known_lines_in_a_wrong_order() {
    let mut rng = Rng::new(21);
    let mut sessions = |count: usize| -> Vec<Session> {
        (0..count)
            .map(|_| {
                let mut events = vec![0];
                for _ in 0..2 + rng.below(4) {
                    events.extend(if rng.uniform() < 0.7 {
                        vec![1, 2, 3]
                    } else {
                        vec![1, 4, 2, 3]
                    });
                }
                events.extend([5, 6, 7]);
                Session::new(events)
            })
            .collect()
    };
    let corpus = Corpus {
        sessions: sessions(800),
        vocabulary: 8,
    };
    let ensemble = Ensemble::fit(&corpus, &EnsembleParameters::default()).unwrap();
    let normal = sessions(800);
    let alarms = |sessions: &[Session]| {
        let anomalous = |session: &&Session| ensemble.score(session, 0.5).anomalous;
        sessions.iter().filter(anomalous).count()
    };
    let swapped: Vec<Session> = normal
        .iter()
        .map(|session| {
            let mut session = session.clone();
            let last = session.events.len() - 1;
            session.events.swap(last - 1, last - 2);
            session
        })
        .collect();
    assert!(alarms(&swapped) >= 760, "{}", alarms(&swapped));
    assert!(alarms(&normal) <= 8, "{}", alarms(&normal));
    let novel: Vec<Session> = normal
        .iter()
        .map(|session| {
            let mut session = session.clone();
            session.events.insert(2, 8);
            session
        })
        .collect();
    assert!(alarms(&novel) <= 40, "{}", alarms(&novel));
}

#[test]
fn an_artefact_with_one_threshold_for_all_windows_is_read() {
    let ensemble = Ensemble::fit(&corpus(made(1, 200)), &EnsembleParameters::default()).unwrap();
    let mut content = serde_json::to_value(&ensemble).unwrap();
    let allowance = content.as_object_mut().unwrap().remove("novelty").unwrap();
    content["threshold"] = allowance["threshold"].clone();
    let old: Ensemble = serde_json::from_value(content).unwrap();
    let novel = Session::new(vec![0, 4, 1, 1, 3]);
    assert_eq!(old.score(&novel, 0.5), ensemble.score(&novel, 0.5));
    assert_eq!(Some(old.threshold()), allowance["threshold"].as_f64());
}
