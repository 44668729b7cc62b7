//! Tests of the rate of templates.

use aiops_domain::Time;

use super::*;
use crate::rng::Rng;
use crate::session::Session;

const HOUR_MS: i64 = 3_600_000;

/// A window of a minute at an hour of a day: by day about forty requests, at night about four.
fn window(random: &mut Rng, day: i64, hour: i64, seasonal: bool) -> Session {
    let busy = if seasonal {
        (8..20).contains(&hour)
    } else {
        random.below(2) == 0
    };
    let requests = if busy {
        35 + random.below(11)
    } else {
        3 + random.below(3)
    };
    let mut events = vec![0; requests];
    events.extend(vec![1; requests / 3]);
    let start = Time::from_millis((day * 24 + hour) * HOUR_MS + 60_000 * random.below(60) as i64);
    Session {
        events,
        start: Some(start),
    }
}

fn days(days: i64, seasonal: bool) -> Corpus {
    let mut random = Rng::new(7);
    let hours = (0..days).flat_map(|day| (0..24).map(move |hour| (day, hour)));
    let sessions = hours
        .flat_map(|(day, hour)| [(day, hour); 6])
        .map(|(day, hour)| window(&mut random, day, hour, seasonal))
        .collect();
    Corpus {
        sessions,
        vocabulary: 2,
    }
}

fn at(hour: i64) -> Option<Time> {
    Some(Time::from_millis((10 * 24 + hour) * HOUR_MS))
}

#[test]
fn a_days_volume_at_night_is_strange_and_by_day_is_not() {
    let corpus = days(4, true);
    let rate = Rate::fit(&corpus, ()).unwrap();
    let score = |session: &Session| rate.score(&session.counts(), session.start);
    let usual = corpus.sessions.iter().map(score).fold(0.0, f64::max);
    let busy = Session::new([vec![0; 40], vec![1; 13]].concat()).counts();
    assert!(rate.score(&busy, at(12)) < usual);
    assert!(rate.score(&busy, at(3)) > 2.0 * usual);
    // Silence by day, of what is usual at night.
    let calm = Session::new(vec![0, 0, 0, 0, 1]).counts();
    assert!(rate.score(&calm, at(3)) < usual);
    assert!(rate.score(&calm, at(12)) > 1.5 * usual);
    assert!((rate.expected(0, at(12)) - 40.0).abs() < 1.0);
    assert!((rate.expected(0, at(3)) - 4.0).abs() < 0.5);
    assert!(rate.deviation(0, 40, at(3)) > 0.0 && rate.deviation(0, 4, at(12)) < 0.0);
}

#[test]
fn hours_that_foretell_nothing_are_no_season() {
    for corpus in [days(4, false), days(1, true)] {
        let rate = Rate::fit(&corpus, ()).unwrap();
        let counts = corpus.sessions[0].counts();
        let scores = (0..24).map(|hour| rate.score(&counts, at(hour)));
        let apart = scores.clone().fold(0.0, f64::max) - scores.fold(f64::INFINITY, f64::min);
        assert!(apart < 1e-9, "{apart}");
        assert_eq!(rate.expected(0, at(3)), rate.expected(0, None));
    }
}

#[test]
fn an_hour_that_only_one_day_shows_has_the_usual_volume() {
    let mut corpus = days(4, true);
    let of_one_day = |session: &Session| {
        let hour = session.start.unwrap().as_millis() / HOUR_MS;
        hour % 24 != 3 || hour / 24 == 0
    };
    corpus.sessions.retain(of_one_day);
    let rate = Rate::fit(&corpus, ()).unwrap();
    assert!(rate.expected(0, at(2)) < 5.0);
    assert_eq!(rate.expected(0, at(3)), rate.expected(0, None));
}

#[test]
fn without_times_it_is_as_before_there_were_seasons() {
    let sessions = [vec![0, 0, 1], vec![0], vec![0, 0, 0, 0]];
    let corpus = Corpus {
        sessions: sessions.into_iter().map(Session::new).collect(),
        vocabulary: 2,
    };
    let rate = Rate::fit(&corpus, ()).unwrap();
    let transformed = [2.0, 1.0, 4.0].map(transform);
    let mean = transformed.iter().sum::<f64>() / 3.0;
    let deviation = transform(9.0) - mean;
    // The counts vary by less than a Poisson count does, so the spread is 1.
    assert!((rate.deviation(0, 9, None) - deviation).abs() < 1e-12);
    let stored = serde_json::to_string(&rate).unwrap();
    assert!(!stored.contains("season"), "{stored}");
}
