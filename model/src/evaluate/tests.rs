//! Tests of the module `evaluate`.

use super::*;

fn case(id: &str, anomalous: bool, in_training: bool) -> Case {
    Case {
        id: id.to_owned(),
        anomalous,
        in_training: Some(in_training),
    }
}

fn options(protocol: Protocol) -> EvaluateOptions {
    EvaluateOptions {
        protocol,
        threshold: ThresholdRule::Auto,
        prevalence: None,
        splits: 1,
        contenders: vec![Contender::Alone(DetectorName::NearestCount)],
        seed: 0,
    }
}

#[test]
fn measures_by_hand() {
    // 3 of 4 anomalies found; 2 of 10 normal sessions called, each worth 3.
    let mut confusion = Confusion::new(3.0);
    for (anomalous, alarm, times) in [
        (true, true, 3),
        (true, false, 1),
        (false, true, 2),
        (false, false, 8),
    ] {
        for _ in 0..times {
            confusion.add(anomalous, alarm);
        }
    }
    assert_eq!(confusion.recall(), 0.75);
    assert!((confusion.precision() - 3.0 / 9.0).abs() < 1e-12);
    let f1 = 2.0 * 0.75 * (1.0 / 3.0) / (0.75 + 1.0 / 3.0);
    assert!((confusion.f1() - f1).abs() < 1e-12);
    let interval = measures::bootstrap([confusion].iter(), 1);
    assert!(interval.0 < f1 && f1 < interval.1, "{interval:?}");
}

#[test]
fn rankings_by_hand() {
    // Descending: A N (A N tied) N. Pairs won: first A beats 3; the tied A beats 1 and ties 1.
    let scored = vec![
        (5.0, true),
        (4.0, false),
        (3.0, true),
        (3.0, false),
        (1.0, false),
    ];
    let ranking = Ranking::of(scored.clone(), 1.0);
    assert!((ranking.roc_auc - (3.0 + 1.5) / 6.0).abs() < 1e-12);
    // Recall rises by half at precision 1, and by half at 2 of 4.
    assert!((ranking.pr_auc - (0.5 + 0.25)).abs() < 1e-12);
    let weighted = Ranking::of(scored, 10.0);
    assert!((weighted.roc_auc - ranking.roc_auc).abs() < 1e-12);
    assert!((weighted.pr_auc - (0.5 + 0.5 * 2.0 / 22.0)).abs() < 1e-12);
}

#[test]
fn uniformity_by_hand() {
    assert!((measures::distance_from_uniform(vec![0.25, 0.75]) - 0.25).abs() < 1e-12);
    assert!((measures::distance_from_uniform(vec![0.9, 0.9]) - 0.9).abs() < 1e-12);
}

#[test]
fn salted_splits_follow_the_published_rule() {
    // SHA-256 of "v2:blk_1" begins 2dbc5db7, then 667a2041, 936e3c8c, 36b25d5b.
    let splits: Vec<bool> = ["blk_1", "blk_2", "blk_3", "blk_4"]
        .iter()
        .map(|id| salted_into_training(2, id))
        .collect();
    assert_eq!(splits, [true, true, false, true]);
}

#[test]
fn prevalence_thins_training_and_weighs_the_test_and_clean_drops_anomalies() {
    let mut cases = Vec::new();
    for at in 0..90 {
        cases.push(case(&format!("n{at}"), false, at % 2 == 0));
    }
    for at in 0..60 {
        cases.push(case(&format!("a{at}"), true, at % 2 == 0));
    }
    let mut options = options(Protocol::Unlabelled);
    options.prevalence = Some(0.1);
    let unlabelled = split(&cases, 1, &options).unwrap();
    let anomalies = unlabelled.training.iter().filter(|&&at| at >= 90).count();
    assert_eq!((unlabelled.training.len(), anomalies), (50, 5));
    // 30 anomalies are a tenth when 45 normal sessions stand for 270.
    assert!((unlabelled.normal_weight - 6.0).abs() < 1e-9);
    options.protocol = Protocol::Clean;
    assert_eq!(split(&cases, 1, &options).unwrap().training.len(), 45);
    assert!(matches!(
        split(&cases[..90], 1, &options),
        Err(EvaluateError::EmptySplit { anomalous: 0, .. })
    ));
}

#[test]
fn a_whole_evaluation_by_hand() {
    // Training: 40 sessions "a b". Test: 4 alike, 2 of them labelled anomalous (missed), and 3 with
    // a token never seen, 1 of them labelled normal (a false alarm).
    let mut cases = TokenCases::default();
    let mut push = |id: String, anomalous, in_training, tokens: &[&str]| {
        cases.cases.push(case(&id, anomalous, in_training));
        cases
            .tokens
            .push(tokens.iter().map(|&token| token.to_owned()).collect());
    };
    for at in 0..40 {
        push(format!("t{at}"), false, true, &["a", "b"]);
    }
    for (id, anomalous, tokens) in [
        ("1", false, &["a", "b"][..]),
        ("2", false, &["a", "b"]),
        ("3", true, &["a", "b"]),
        ("4", true, &["a", "b"]),
        ("5", true, &["a", "x", "y", "z", "x"]),
        ("6", true, &["q", "q", "r"]),
        ("7", false, &["q", "r", "s"]),
    ] {
        push(id.to_owned(), anomalous, false, tokens);
    }
    let mut options = options(Protocol::Unlabelled);
    options.threshold = ThresholdRule::Contamination(0.05);
    let results = evaluate(&cases, &options, |_| {}).unwrap();
    let split = &results[0].splits[0];
    assert_eq!((split.tp, split.fp, split.missed, split.tn), (2, 1, 2, 2));
    assert_eq!(split.salt, "v1");
    let f1 = 2.0 * (2.0 / 3.0) * 0.5 / (2.0 / 3.0 + 0.5);
    assert!((results[0].f1.mean - f1).abs() < 1e-12);
    assert_eq!(results[0].f1.sd, 0.0);
}
