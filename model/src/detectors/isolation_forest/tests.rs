//! Tests of the module `isolation_forest`.

use super::*;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

fn cluster_and_outlier() -> Vec<f32> {
    let mut rng = Rng::new(3);
    let mut values: Vec<f32> = (0..998).map(|_| rng.uniform() as f32).collect();
    values.extend([9.0, 9.0]);
    values
}

#[test]
fn an_outlier_scores_highest() {
    let values = cluster_and_outlier();
    let forest =
        IsolationForest::fit_rows(&values, 2, &IsolationForestParameters::default()).unwrap();
    let scores = forest.score_rows(&values).unwrap();
    let (last, rest) = scores.split_last().unwrap();
    assert!(rest.iter().all(|score| score < last));
    assert!(*last > 0.7 && *last < 1.0, "{last}");
}

#[test]
fn one_seed_gives_one_forest_and_it_survives_json() {
    let values = cluster_and_outlier();
    let parameters = IsolationForestParameters::default();
    let one = IsolationForest::fit_rows(&values, 2, &parameters).unwrap();
    let two = IsolationForest::fit_rows(&values, 2, &parameters).unwrap();
    assert_eq!(one, two);
    let text = serde_json::to_string(&one).unwrap();
    assert_eq!(serde_json::from_str::<IsolationForest>(&text).unwrap(), one);
}

#[test]
fn agrees_with_the_estimator_traits() {
    let rows = vec![vec![0.0f32, 1.0], vec![0.5, 1.5], vec![9.0, -4.0]];
    let matrix = DenseMatrix::from_2d_vec(&rows).unwrap();
    let forest = IsolationForest::fit(&matrix, IsolationForestParameters::default()).unwrap();
    let flat: Vec<f32> = rows.concat();
    assert_eq!(
        forest.predict(&matrix).unwrap(),
        forest.score_rows(&flat).unwrap()
    );
}

#[test]
fn average_paths_of_the_paper() {
    assert_eq!(average_path(1), 0.0);
    assert_eq!(average_path(2), 1.0);
    assert!((average_path(256) - 10.244_770_920_165_9).abs() < 1e-6);
}

#[test]
fn bad_parameters_are_errors() {
    let parameters = IsolationForestParameters::default();
    assert!(IsolationForest::fit_rows(&[], 2, &parameters).is_err());
    assert!(IsolationForest::fit_rows(&[1.0; 3], 2, &parameters).is_err());
    let none = IsolationForestParameters {
        trees: 0,
        ..parameters
    };
    assert!(IsolationForest::fit_rows(&[1.0; 4], 2, &none).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_row_gets_a_score_between_0_and_1(
        values in proptest::collection::vec(any::<f32>(), 3..90),
        seed in any::<u64>(),
    ) {
        let whole = values.len() - values.len() % 3;
        let values = &values[..whole];
        let parameters = IsolationForestParameters { trees: 5, samples_max: 16, seed };
        let forest = IsolationForest::fit_rows(values, 3, &parameters).unwrap();
        let together = forest.score_rows(values).unwrap();
        for (row, score) in values.chunks(3).zip(together) {
            prop_assert!((0.0..=1.0).contains(&score));
            prop_assert_eq!(forest.score_rows(row).unwrap()[0], score);
        }
    }
}
