//! From count vectors to dense feature rows: counts, log counts or TF-IDF, with one last column for
//! what lies outside of the vocabulary.

use serde::{Deserialize, Serialize};

use crate::session::Counts;

/// How a count becomes a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// The count itself.
    Count,
    /// `ln(1 + count)`.
    LogCount,
    /// `ln(1 + count) × idf`, with the smoothed `idf = ln((1 + n) / (1 + df)) + 1` (Salton & Buckley
    /// 1988), so that a template's weight falls with the number of windows that have it.
    TfIdf,
}

/// A fitted vectoriser. Column `i` stands for template `columns[i]`; the last column is the number
/// of lines of templates without a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vectoriser {
    weighting: Weighting,
    /// Column of each template; `u32::MAX`: none.
    #[serde(with = "crate::packed::u32s")]
    column: Vec<u32>,
    /// Per column, that of the rest included.
    #[serde(with = "crate::packed::f64s")]
    idf: Vec<f64>,
}

/// Columns that a vectoriser makes at most, beside the one for the rest: dense methods cost their
/// square. The templates in the most windows win.
pub const COLUMNS_MAX: usize = 255;

impl Vectoriser {
    /// Fits columns and weights on these (vector, occurrences) pairs over `vocabulary` templates.
    pub fn fit(weighting: Weighting, patterns: &[(Counts, u32)], vocabulary: u32) -> Self {
        let mut frequency = vec![0u64; vocabulary as usize];
        let mut windows = 0u64;
        for (counts, occurrences) in patterns {
            windows += u64::from(*occurrences);
            for (template, _) in counts.iter() {
                if let Some(count) = frequency.get_mut(template as usize) {
                    *count += u64::from(*occurrences);
                }
            }
        }
        let mut order: Vec<usize> = (0..frequency.len()).collect();
        order.sort_by_key(|&template| (std::cmp::Reverse(frequency.get(template)), template));
        order.truncate(COLUMNS_MAX);
        order.sort_unstable();
        let mut column = vec![u32::MAX; frequency.len()];
        let mut idf = Vec::with_capacity(order.len() + 1);
        for (at, template) in (0u32..).zip(order) {
            if let Some(slot) = column.get_mut(template) {
                *slot = at;
            }
            idf.push(inverse_frequency(
                windows,
                frequency.get(template).copied().unwrap_or(0),
            ));
        }
        idf.push(inverse_frequency(windows, 0));
        Self {
            weighting,
            column,
            idf,
        }
    }

    /// Features per row.
    pub fn width(&self) -> usize {
        self.idf.len()
    }

    /// The column of a template, that of the rest if it has none of its own.
    pub fn column_of(&self, template: u32) -> usize {
        self.column
            .get(template as usize)
            .copied()
            .filter(|&column| column != u32::MAX)
            .map_or(self.idf.len().saturating_sub(1), |column| column as usize)
    }

    /// The feature row of a count vector, [`Vectoriser::width`] values.
    pub fn row(&self, counts: &Counts) -> Vec<f64> {
        let mut row = vec![0.0; self.width()];
        for (template, count) in counts.iter() {
            if let Some(slot) = row.get_mut(self.column_of(template)) {
                *slot += f64::from(count);
            }
        }
        match self.weighting {
            Weighting::Count => {}
            Weighting::LogCount => row.iter_mut().for_each(|value| *value = value.ln_1p()),
            Weighting::TfIdf => row
                .iter_mut()
                .zip(&self.idf)
                .for_each(|(value, idf)| *value = value.ln_1p() * idf),
        }
        row
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of windows")]
fn inverse_frequency(windows: u64, frequency: u64) -> f64 {
    ((1 + windows) as f64 / (1 + frequency) as f64).ln() + 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;

    #[test]
    fn rows_by_hand() {
        let counts = Session::new(vec![0, 0, 2, 7]).counts();
        let patterns = [(counts.clone(), 1), (Session::new(vec![0]).counts(), 2)];
        let plain = Vectoriser::fit(Weighting::Count, &patterns, 3);
        assert_eq!(plain.row(&counts), [2.0, 0.0, 1.0, 1.0]);
        let logs = Vectoriser::fit(Weighting::LogCount, &patterns, 3);
        assert_eq!(logs.row(&counts)[0], 2f64.ln_1p());
        let weighted = Vectoriser::fit(Weighting::TfIdf, &patterns, 3);
        let idf_of_2 = (4f64 / 2.0).ln() + 1.0;
        assert!((weighted.row(&counts)[2] - 2f64.ln() * idf_of_2).abs() < 1e-12);
        let idf_of_rest = 4f64.ln() + 1.0;
        assert!((weighted.row(&counts)[3] - 2f64.ln() * idf_of_rest).abs() < 1e-12);
    }

    #[test]
    fn a_wide_vocabulary_keeps_the_most_frequent_columns() {
        let wide = Session::new((0..1000).collect()).counts();
        let common = Session::new(vec![999]).counts();
        let vectoriser = Vectoriser::fit(Weighting::Count, &[(wide.clone(), 1), (common, 5)], 1000);
        assert_eq!(vectoriser.width(), COLUMNS_MAX + 1);
        assert!(vectoriser.column_of(999) < COLUMNS_MAX);
        let row = vectoriser.row(&wide);
        assert_eq!(row[COLUMNS_MAX], (1000 - COLUMNS_MAX) as f64);
    }
}
