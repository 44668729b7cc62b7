//! The current model: found by its pointer, loaded once per version.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use aiops_domain::config::ShadowMode;
use aiops_domain::finding::hex;
use aiops_domain::model_pointer::ModelPointer;
use aiops_domain::shape::flow::FlowFormat;
use aiops_domain::{Finding, Source, Time};
use aiops_model::drift::Drift;
use aiops_model::{EventWindow, WindowSpec, Windowing};
use sha2::{Digest, Sha256};

use crate::ports::{Clock, ObjectStore, Parameters, PortError, PortResult};

/// What the detector asks of a model: a pure function of a window.
pub trait Scorer: Send + Sync + 'static {
    /// Its version.
    fn version(&self) -> &str;

    /// How the lines of a source are cut into windows.
    fn windowing(&self, source: Source) -> &Windowing;

    /// What it finds in a window.
    fn score(&self, window: &EventWindow) -> Finding;

    /// How far these windows are from what it was trained on; `None` if it was not.
    fn drift(&self, _windows: &[EventWindow]) -> Option<Drift> {
        None
    }

    /// What it finds in each of these windows, in their order.
    fn score_all(&self, windows: &[EventWindow]) -> impl Future<Output = Vec<Finding>> + Send {
        async move { windows.iter().map(|window| self.score(window)).collect() }
    }
}

/// A scorer that is stored as an artefact.
pub trait Artefact: Scorer + Sized {
    /// Reads the artefact; the error says what is wrong with it.
    ///
    /// # Errors
    /// When it is malformed or of another version.
    fn from_bytes(bytes: &[u8]) -> Result<Self, String>;

    /// What detects before there is a model, in windows of this form; flows have this format.
    ///
    /// # Errors
    /// When the form of window cannot be used.
    fn untrained(window: WindowSpec, flow_format: FlowFormat) -> Result<Self, String>;
}

/// The model that counts now.
#[derive(Debug)]
pub struct Current<S> {
    /// The model.
    pub scorer: Arc<S>,
    /// Whether its findings are only recorded.
    pub shadow: bool,
    /// A model that may take its place: it scores the same windows, and how often the two differ is
    /// counted.
    pub candidate: Option<Arc<S>>,
}

/// Where the detector gets its model from.
pub trait Models: Send + Sync {
    /// Its kind of model.
    type Scorer: Scorer;

    /// The model that counts now.
    fn current(&self) -> impl Future<Output = PortResult<Current<Self::Scorer>>> + Send;
}

/// The model that a parameter points to, read again every few seconds.
#[derive(Debug)]
pub struct PointedModels<P, O, C, S> {
    parameters: P,
    objects: O,
    clock: C,
    settings: PointerSettings,
    loaded: Mutex<Option<Loaded<S>>>,
}

/// Which parameter, and how it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointerSettings {
    /// The parameter's name.
    pub parameter: String,
    /// How long what was read last counts, in milliseconds.
    pub reread_ms: i64,
    /// Bytes of the artefact.
    pub bytes_max: u64,
    /// When findings are only recorded.
    pub shadow: ShadowMode,
    /// How lines are cut into windows before there is a model.
    pub untrained_window: WindowSpec,
    /// How flow logs are read before there is a model; a model brings its own format.
    pub untrained_flow_format: FlowFormat,
}

#[derive(Debug)]
struct Loaded<S> {
    read_at: Time,
    pointer: Option<ModelPointer>,
    scorer: Arc<S>,
    candidate: Option<(ModelPointer, Arc<S>)>,
}

impl<S> Clone for Loaded<S> {
    fn clone(&self) -> Self {
        Self {
            read_at: self.read_at,
            pointer: self.pointer.clone(),
            scorer: self.scorer.clone(),
            candidate: self.candidate.clone(),
        }
    }
}

impl<P: Parameters, O: ObjectStore, C: Clock, S: Artefact> PointedModels<P, O, C, S> {
    /// The model that this parameter points to.
    pub fn new(parameters: P, objects: O, clock: C, settings: PointerSettings) -> Self {
        Self {
            parameters,
            objects,
            clock,
            settings,
            loaded: Mutex::new(None),
        }
    }

    fn known(&self) -> Option<Loaded<S>> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.clone()
    }

    async fn load(&self, known: Option<&Loaded<S>>) -> PortResult<Loaded<S>> {
        let read_at = self.clock.now();
        let value = self.parameters.parameter(&self.settings.parameter).await?;
        let pointer = value
            .as_deref()
            .map_or(Ok(None), ModelPointer::parse)
            .map_err(|error| self.unusable(error.to_string()))?;
        let scorer = match (&pointer, known) {
            (pointer, Some(known)) if *pointer == known.pointer => known.scorer.clone(),
            (None, _) => {
                let window = self.settings.untrained_window.clone();
                let format = self.settings.untrained_flow_format.clone();
                Arc::new(S::untrained(window, format).map_err(|error| self.unusable(error))?)
            }
            (Some(pointer), _) => Arc::new(self.fetch(pointer).await?),
        };
        let candidate = self.candidate(value.as_deref(), known).await;
        Ok(Loaded {
            read_at,
            pointer,
            scorer,
            candidate,
        })
    }

    /// The candidate of the parameter's value. One that cannot be loaded is reported and left out:
    /// it must not stop the detection.
    async fn candidate(
        &self,
        value: Option<&str>,
        known: Option<&Loaded<S>>,
    ) -> Option<(ModelPointer, Arc<S>)> {
        let pointer = ModelPointer::parse_candidate(value?).ok().flatten()?;
        if let Some((known, scorer)) = known.and_then(|known| known.candidate.as_ref())
            && *known == pointer
        {
            return Some((pointer, scorer.clone()));
        }
        match self.fetch(&pointer).await {
            Ok(scorer) => Some((pointer, Arc::new(scorer))),
            Err(error) => {
                tracing::error!(%error, version = pointer.version, "the candidate is left out");
                None
            }
        }
    }

    async fn fetch(&self, pointer: &ModelPointer) -> PortResult<S> {
        let object = self
            .objects
            .get(&pointer.bucket, &pointer.key, self.settings.bytes_max)
            .await?
            .ok_or_else(|| {
                self.unusable(format!(
                    "there is no s3://{}/{}",
                    pointer.bucket, pointer.key
                ))
            })?;
        let sha256 = hex(&Sha256::digest(&object.body));
        if sha256 != pointer.sha256 {
            return Err(self.unusable(format!(
                "s3://{}/{} has the checksum {sha256}, not {}",
                pointer.bucket, pointer.key, pointer.sha256
            )));
        }
        S::from_bytes(&object.body).map_err(|error| self.unusable(error))
    }

    fn unusable(&self, detail: String) -> PortError {
        PortError::Permanent {
            what: format!("the model of parameter {}", self.settings.parameter),
            detail,
        }
    }
}

impl<P: Parameters, O: ObjectStore, C: Clock, S: Artefact> Models for PointedModels<P, O, C, S> {
    type Scorer = S;

    async fn current(&self) -> PortResult<Current<S>> {
        let known = self.known();
        let loaded = match known {
            Some(known)
                if self.clock.now().millis_since(known.read_at) < self.settings.reread_ms =>
            {
                known
            }
            known => match (self.load(known.as_ref()).await, known) {
                (Ok(loaded), _) => {
                    let mut slot = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
                    *slot = Some(loaded.clone());
                    loaded
                }
                // A pointer that cannot be followed must not stop the detection.
                (Err(error), Some(known)) => {
                    tracing::error!(%error, version = known.scorer.version(), "the model stays as it is");
                    known
                }
                (Err(error), None) => return Err(error),
            },
        };
        let shadow = match self.settings.shadow {
            ShadowMode::UntilModel => loaded.pointer.is_none(),
            ShadowMode::Always => true,
            ShadowMode::Never => false,
        };
        Ok(Current {
            scorer: loaded.scorer,
            shadow,
            candidate: loaded.candidate.map(|(_, scorer)| scorer),
        })
    }
}
