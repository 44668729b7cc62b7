//! `--masks`: what counts as a value in a message, from a file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use aiops_infra::config::StackConfig;
use aiops_model::MinerConfig;
use aiops_model::mask::{ExtraMask, MaskConfig, Masks};

use crate::error::CommandError;

/// Bytes of the file.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Which parts of a message are values.
#[derive(Debug, Clone, clap::Args)]
pub struct MaskArgs {
    /// What counts as a value beside what does by itself: YAML or JSON such as
    /// `extra: [{pattern: 'tenant-\\w+', replacement: 'tenant-<*>'}]`; `numbers`, `paths`, `hosts`, `dates`
    /// or `words: false` takes one of the built-in masks away.
    #[arg(long, value_name = "YAML")]
    pub masks: Option<PathBuf>,
}

impl MaskArgs {
    /// How to mine with them.
    ///
    /// # Errors
    /// [`CommandError::BadInput`] naming file and key: no such file, an unknown key, no regular expression.
    pub fn miner(&self) -> Result<MinerConfig, CommandError> {
        let masks = self.masks.as_deref().map(read).transpose()?;
        Ok(MinerConfig {
            masks: masks.unwrap_or_default(),
            ..MinerConfig::default()
        })
    }
}

/// How a stack's training mines.
pub fn of_stack(config: &StackConfig) -> MinerConfig {
    let own = config.detection.masks.iter();
    MinerConfig {
        masks: MaskConfig {
            extra: own
                .map(|mask| ExtraMask {
                    pattern: mask.pattern.clone(),
                    replacement: mask.replacement.clone(),
                })
                .collect(),
            ..MaskConfig::default()
        },
        ..MinerConfig::default()
    }
}

fn read(path: &Path) -> Result<MaskConfig, CommandError> {
    let bad = |problem: String| CommandError::bad_path(path, problem);
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text))
        .map_err(|error| bad(error.to_string()))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(bad(format!("is longer than {FILE_BYTES_MAX} bytes")));
    }
    let masks: MaskConfig =
        yaml_serde::from_str(&text).map_err(|error| bad(format!("no masks: {error}")))?;
    Masks::new(masks.clone()).map_err(|error| {
        let why =
            std::error::Error::source(&error).map_or_else(String::new, |why| format!(": {why}"));
        bad(format!("{error}{why}"))
    })?;
    Ok(masks)
}

#[cfg(test)]
mod tests {
    use aiops_infra::config::{Environment, Mask, StackConfig};
    use aiops_model::{Miner, TemplateMiner};

    use super::*;

    const MASKS: &str = "numbers: false\nextra:\n  - pattern: 'tenant-\\w+'\n    replacement: tenant-<*>\n  - pattern: '[A-Z]{3}'\n";

    fn miner(text: &str) -> Result<MinerConfig, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("masks.yaml");
        std::fs::write(&path, text).unwrap();
        let args = MaskArgs { masks: Some(path) };
        args.miner().map_err(|error| error.to_string())
    }

    fn mined(config: MinerConfig) -> Miner {
        let mut miner = TemplateMiner::new(config).unwrap();
        for (tenant, currency) in [("ann", "EUR"), ("bob", "USD"), ("eve", "SEK")] {
            miner.learn(&format!(
                "invoice of tenant-{tenant} in {currency} is 7 days old"
            ));
        }
        miner.freeze()
    }

    #[test]
    fn own_masks_join_what_differs_in_them_only() {
        let without = mined(MaskArgs { masks: None }.miner().unwrap());
        assert_eq!(without.templates().len(), 3);
        let with = mined(miner(MASKS).unwrap());
        let texts: Vec<_> = with
            .templates()
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        assert_eq!(texts, ["invoice of tenant-<*> in <*> is 7 days old"]);
    }

    #[test]
    fn json_is_read_too_and_a_long_file_is_not() {
        let json = r#"{"extra": [{"pattern": "tenant-\\w+"}], "numbers": true}"#;
        assert_eq!(miner(json).unwrap().masks.extra[0].replacement, "<*>");
        let error = miner(&"#".repeat(70_000)).unwrap_err();
        assert!(error.contains("longer than 65536 bytes"), "{error}");
        let error = miner("numbres: false").unwrap_err();
        assert!(error.contains("unknown field `numbres`"), "{error}");
    }

    #[test]
    fn a_stacks_masks_are_the_same_here_and_in_a_training_job() {
        let mut config = StackConfig::of(Environment::Dev);
        config.detection.masks = vec![Mask {
            pattern: r"tenant-\w+".into(),
            replacement: "tenant-<*>".into(),
        }];
        let told = config.detection.masks_json().unwrap();
        let read: MaskConfig = serde_json::from_str(&told).unwrap();
        assert_eq!(of_stack(&config).masks, read);
        config.detection.masks.clear();
        assert_eq!(config.detection.masks_json(), None);
        assert_eq!(of_stack(&config), MinerConfig::default());
    }
}
