//! `hyperparameters.json`: what a job is told beside its data. All values are strings, as SageMaker
//! hands them over; the Python SDK puts JSON quotes around them, which are taken off.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use aiops_model::mask::{MaskConfig, Masks};
use aiops_model::{AlarmTarget, TrainOptions, ValidateOptions, WindowSpec};

use crate::exit::ContainerError;
use crate::root::Root;
use crate::settings::read_json;

/// The keys, and what each says.
pub const KEYS: [(&str, &str); 12] = [
    (
        "window_seconds",
        "length of tumbling windows, 60 by default",
    ),
    (
        "key",
        "regular expression of keyed sequences instead of windows of one length",
    ),
    (
        "gap_seconds",
        "silence that ends a keyed sequence; without it only the end of the data does",
    ),
    ("seed", "seed of everything random, 0 by default"),
    (
        "alarm_rate",
        "share of quiet windows that may be called anomalous, 0.001 by default",
    ),
    ("pages", "instead: so many false pages"),
    ("per_windows", "in so many windows"),
    (
        "rules",
        "whether the static rules take part in scoring, true by default",
    ),
    (
        "flow_format",
        "fields of the flow logs that the rules read; AWS's own order by default",
    ),
    (
        "masks",
        "what counts as a value beside what does by itself, as JSON: {\"extra\": [{\"pattern\": …}]}",
    ),
    ("validation_windows", "most windows that are evaluated"),
    (
        "validation_faults",
        "most windows that a fault is planted into",
    ),
];

/// What the framework of SageMaker's Python SDK adds for itself.
const FRAMEWORK_PREFIX: &str = "sagemaker_";

/// How to train and evaluate.
#[derive(Debug, Clone)]
pub struct Hyperparameters {
    /// How to train.
    pub train: TrainOptions,
    /// How to evaluate.
    pub validate: ValidateOptions,
}

/// Reads the file; without one, and for what it leaves out, the defaults.
///
/// # Errors
/// When it is malformed, has an unknown key or a value that cannot be.
pub fn read(root: &Root) -> Result<Hyperparameters, ContainerError> {
    let path = root.config("hyperparameters.json");
    let given: BTreeMap<String, String> = if path.exists() {
        read_json(&path)?
    } else {
        BTreeMap::new()
    };
    parse(&path, &given)
}

fn parse(path: &Path, given: &BTreeMap<String, String>) -> Result<Hyperparameters, ContainerError> {
    let bad = |problem: String| ContainerError::input(path, problem);
    let unknown = given.keys().find(|key| {
        !key.starts_with(FRAMEWORK_PREFIX) && !KEYS.iter().any(|(known, _)| known == key)
    });
    if let Some(key) = unknown {
        let known: Vec<_> = KEYS.iter().map(|(key, _)| *key).collect();
        let key: String = key.chars().take(80).collect();
        return Err(bad(format!("`{key}` is not one of {}", known.join(", "))));
    }
    let values = Values { path, given };
    let mut options = Hyperparameters {
        train: TrainOptions::default(),
        validate: ValidateOptions::default(),
    };
    let gap = values.number::<i64>("gap_seconds")?;
    match (values.text("key"), values.number::<i64>("window_seconds")?) {
        (Some(_), Some(_)) => {
            return Err(bad("give key or window_seconds, not both".to_owned()));
        }
        (Some(key), None) => {
            options.train.window = WindowSpec::Keyed {
                key,
                gap_ms: gap.map_or(i64::MAX, |seconds| seconds.saturating_mul(1000)),
            };
        }
        (None, _) if gap.is_some() => return Err(bad("gap_seconds needs key".to_owned())),
        (None, Some(seconds)) => {
            options.train.window = WindowSpec::Tumbling {
                length_ms: seconds.saturating_mul(1000),
            };
        }
        (None, None) => {}
    }
    if let Err(error) = options.train.window.compile() {
        return Err(bad(error.to_string()));
    }
    if let Some(seed) = values.number("seed")? {
        options.train.seed = seed;
        options.validate.seed = seed;
    }
    options.train.target = target(&values)?.unwrap_or_default();
    if let Some(rules) = values.number("rules")? {
        options.train.rules_apply = rules;
    }
    if let Some(format) = values.text("flow_format") {
        options.train.rules.flow_format = format
            .parse()
            .map_err(|error| bad(format!("flow_format: {error}")))?;
    }
    if let Some(masks) = values.text("masks") {
        options.train.miner.masks =
            masks_of(&masks).map_err(|error| bad(format!("masks: {error}")))?;
    }
    if let Some(windows) = values.number("validation_windows")? {
        options.validate.windows_max = windows;
    }
    if let Some(faults) = values.number("validation_faults")? {
        options.validate.faults_max = faults;
    }
    Ok(options)
}

fn masks_of(text: &str) -> Result<MaskConfig, String> {
    let masks: MaskConfig = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Masks::new(masks.clone()).map_err(|error| error.to_string())?;
    Ok(masks)
}

fn target(values: &Values<'_>) -> Result<Option<AlarmTarget>, ContainerError> {
    let bad = |problem: &str| ContainerError::input(values.path, problem);
    let rate = values.number::<f64>("alarm_rate")?;
    match (rate, values.number("pages")?, values.number("per_windows")?) {
        (None, None, None) => Ok(None),
        (Some(rate), None, None) if (0.0..=1.0).contains(&rate) => {
            Ok(Some(AlarmTarget::Rate(rate)))
        }
        (Some(_), None, None) => Err(bad("alarm_rate is not within 0 to 1")),
        (None, Some(pages), Some(windows)) => Ok(Some(AlarmTarget::Budget { pages, windows })),
        (None, ..) => Err(bad("pages and per_windows go together")),
        (Some(_), ..) => Err(bad("give alarm_rate, or pages and per_windows, not both")),
    }
}

struct Values<'a> {
    path: &'a Path,
    given: &'a BTreeMap<String, String>,
}

impl Values<'_> {
    fn text(&self, key: &str) -> Option<String> {
        let value = self.given.get(key)?;
        Some(serde_json::from_str(value).unwrap_or_else(|_| value.clone()))
    }

    fn number<T: FromStr>(&self, key: &str) -> Result<Option<T>, ContainerError> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        text.trim().parse().map(Some).map_err(|_| {
            let text: String = text.chars().take(80).collect();
            ContainerError::input(self.path, format_args!("{key}: `{text}` is no such value"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<Hyperparameters, String> {
        let given = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        parse(Path::new("hyperparameters.json"), &given).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_strings_with_or_without_quotes() {
        let plain = of(&[("window_seconds", "30"), ("seed", "7")]).unwrap();
        assert_eq!(
            plain.train.window,
            WindowSpec::Tumbling { length_ms: 30_000 }
        );
        let quoted = of(&[("window_seconds", "\"30\""), ("seed", "\"7\"")]).unwrap();
        assert_eq!(
            (quoted.train.window, quoted.train.seed),
            (plain.train.window, 7)
        );
        let keyed = of(&[("key", "blk_-?\\d+"), ("gap_seconds", "60")]).unwrap();
        assert_eq!(
            keyed.train.window,
            WindowSpec::Keyed {
                key: "blk_-?\\d+".into(),
                gap_ms: 60_000
            }
        );
        let budget = of(&[("pages", "2"), ("per_windows", "10080")]).unwrap();
        assert_eq!(
            budget.train.target,
            AlarmTarget::Budget {
                pages: 2,
                windows: 10_080
            }
        );
        let masks = r#"{"extra":[{"pattern":"tenant-\\w+","replacement":"tenant-<*>"}]}"#;
        let quoted = serde_json::to_string(masks).unwrap();
        for given in [masks, &quoted] {
            let masks = of(&[("masks", given)]).unwrap().train.miner.masks;
            assert_eq!(masks.extra[0].pattern, r"tenant-\w+");
            assert!(masks.numbers);
        }
        assert!(of(&[("sagemaker_program", "x")]).is_ok());
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (pairs, says) in [
            (&[("windows", "3")][..], "`windows` is not one of"),
            (&[("seed", "many")][..], "seed: `many` is no such value"),
            (&[("window_seconds", "0")][..], "length is 0"),
            (&[("key", "(")][..], "key expression"),
            (&[("key", "a"), ("window_seconds", "3")][..], "not both"),
            (&[("gap_seconds", "3")][..], "needs key"),
            (&[("alarm_rate", "2")][..], "within 0 to 1"),
            (&[("alarm_rate", "NaN")][..], "within 0 to 1"),
            (&[("pages", "2")][..], "go together"),
            (&[("rules", "maybe")][..], "rules: `maybe` is no such value"),
            (&[("flow_format", "Not A Field")][..], "flow_format"),
            (
                &[("masks", r#"{"extra":[{"pattern":"("}]}"#)][..],
                "masks: extra[0].pattern",
            ),
            (
                &[("masks", r#"{"own":[]}"#)][..],
                "masks: unknown field `own`",
            ),
        ] {
            let error = of(pairs).unwrap_err();
            assert!(error.contains(says), "{pairs:?}: {error}");
        }
    }
}
