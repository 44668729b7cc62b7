//! The trained model as the detector's scorer.

use std::collections::BTreeMap;

use aiops_domain::shape::flow::FlowFormat;
use aiops_domain::{Finding, Source};
use aiops_model::drift::{Drift, DriftMeter};
use aiops_model::rules::RuleConfig;
use aiops_model::{EventWindow, Model, WindowSpec, Windowing};

use super::model::{Artefact, Scorer};

/// A model with its windows compiled.
#[derive(Debug)]
pub struct TrainedModel {
    model: Model,
    windowings: BTreeMap<Source, Windowing>,
    /// Of a source that is in no table: [`Source::ALL`] has them all.
    otherwise: Windowing,
}

impl TrainedModel {
    /// The model, ready to score.
    ///
    /// # Errors
    /// When one of its windows cannot be used.
    pub fn new(model: Model) -> Result<Self, String> {
        let compiled = |source| {
            let spec = model.window_spec(source);
            spec.compile().map_err(|error| format!("{source}: {error}"))
        };
        let windowings = Source::ALL
            .into_iter()
            .map(|source| Ok((source, compiled(source)?)))
            .collect::<Result<_, String>>()?;
        Ok(Self {
            otherwise: compiled(Source::Other)?,
            windowings,
            model,
        })
    }
}

impl Scorer for TrainedModel {
    fn version(&self) -> &str {
        self.model.version()
    }

    fn windowing(&self, source: Source) -> &Windowing {
        self.windowings.get(&source).unwrap_or(&self.otherwise)
    }

    fn score(&self, window: &EventWindow) -> Finding {
        self.model.score(window)
    }

    fn drift(&self, windows: &[EventWindow]) -> Option<Drift> {
        let mut meter = DriftMeter::default();
        for window in windows {
            self.model.measure(window, &mut meter);
        }
        self.model.drift(&meter).into_values().next()
    }
}

impl Artefact for TrainedModel {
    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let model = Model::from_bytes(bytes).map_err(|error| error.to_string())?;
        Self::new(model)
    }

    fn untrained(window: WindowSpec, flow_format: FlowFormat) -> Result<Self, String> {
        let rules = RuleConfig {
            flow_format,
            ..RuleConfig::default()
        };
        let model = Model::shadow(window, rules).map_err(|error| error.to_string())?;
        Self::new(model)
    }
}
