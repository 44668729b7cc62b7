//! A forest exported from scikit-learn (`benches/peers/make_fixture.py`) scores the same here.

use aiops_model::detectors::IsolationForest;
use aiops_model::detectors::isolation_forest::ScikitForest;
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    forest: ScikitForest,
    rows: Vec<Vec<f32>>,
    scores: Vec<f64>,
}

#[test]
fn an_exported_forest_scores_equal_within_1e_9() {
    let fixture: Fixture =
        serde_json::from_str(include_str!("fixtures/scikit_forest.json")).unwrap();
    let forest = IsolationForest::from_scikit_learn(&fixture.forest).unwrap();
    let scores = forest.score_rows(&fixture.rows.concat()).unwrap();
    assert_eq!(scores.len(), fixture.scores.len());
    for (ours, theirs) in scores.iter().zip(&fixture.scores) {
        assert!((ours - theirs).abs() < 1e-9, "{ours} {theirs}");
    }
}

#[test]
fn a_forest_that_is_not_well_formed_is_an_error() {
    let fixture: Fixture =
        serde_json::from_str(include_str!("fixtures/scikit_forest.json")).unwrap();
    let mut circular = fixture.forest.clone();
    circular.estimators[0].children_left[1] = 0;
    circular.estimators[0].children_right[1] = 0;
    assert!(IsolationForest::from_scikit_learn(&circular).is_err());
    let mut wide = fixture.forest.clone();
    wide.estimators[0].feature[0] = 99;
    assert!(IsolationForest::from_scikit_learn(&wide).is_err());
    let mut cut = fixture.forest;
    cut.estimators[0].threshold.clear();
    assert!(IsolationForest::from_scikit_learn(&cut).is_err());
}
