//! The model by its pointer: none yet, moved, broken.

use aiops_domain::config::ShadowMode;
use aiops_domain::finding::hex;
use aiops_domain::model_pointer::ModelPointer;
use aiops_domain::shape::flow::FlowFormat;
use aiops_domain::{Finding, Source, Time};
use aiops_functions::detector::model::{
    Artefact, Models as _, PointedModels, PointerSettings, Scorer,
};
use aiops_functions::fakes::{Failing, FakeClock, FakeObjectStore, FakeParameters, Fault, Faults};
use aiops_functions::ports::ObjectStore as _;
use aiops_model::{EventWindow, WindowSpec, Windowing};
use sha2::{Digest as _, Sha256};

use crate::scorer::Words;
use crate::world::{ready, tumbling};

/// A scorer whose artefact is its version.
#[derive(Debug)]
struct Named(String, Words);

impl Scorer for Named {
    fn version(&self) -> &str {
        &self.0
    }

    fn windowing(&self, source: Source) -> &Windowing {
        self.1.windowing(source)
    }

    fn score(&self, window: &EventWindow) -> Finding {
        self.1.score(window)
    }
}

impl Artefact for Named {
    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let name = String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())?;
        Ok(Self(name, Words::new(&tumbling())))
    }

    fn untrained(window: WindowSpec, _flow_format: FlowFormat) -> Result<Self, String> {
        Ok(Self("untrained".into(), Words::new(&window)))
    }
}

struct Setting {
    parameters: FakeParameters,
    objects: FakeObjectStore,
    clock: FakeClock,
}

impl Setting {
    fn new() -> Self {
        Self {
            parameters: FakeParameters::default(),
            objects: FakeObjectStore::default(),
            clock: FakeClock::at(Time::from_millis(0)),
        }
    }

    fn models(
        &self,
        faults: &Faults,
    ) -> PointedModels<Failing<FakeParameters>, FakeObjectStore, FakeClock, Named> {
        let settings = PointerSettings {
            parameter: "/model".into(),
            reread_ms: 5_000,
            bytes_max: 1_000,
            shadow: ShadowMode::UntilModel,
            untrained_window: tumbling(),
            untrained_flow_format: FlowFormat::default(),
        };
        let parameters = Failing::new(self.parameters.clone(), faults);
        PointedModels::new(
            parameters,
            self.objects.clone(),
            self.clock.clone(),
            settings,
        )
    }

    fn point_to(&self, version: &str, sha256: &str) {
        ready(self.objects.put("models", version, version.into(), "x")).unwrap();
        let pointer = serde_json::json!({
            "version": version, "bucket": "models", "key": version, "sha256": sha256,
        });
        self.parameters.set("/model", &pointer.to_string());
    }
}

#[test]
fn the_model_follows_its_pointer_after_a_few_seconds() {
    let setting = Setting::new();
    let models = setting.models(&Faults::none());
    let seen = || {
        let current = ready(models.current()).unwrap();
        (current.scorer.version().to_owned(), current.shadow)
    };
    assert_eq!(seen(), ("untrained".to_owned(), true));
    setting.point_to("one", &hex(&Sha256::digest("one")));
    assert_eq!(seen(), ("untrained".to_owned(), true), "read a moment ago");
    setting.clock.advance_millis(5_000);
    assert_eq!(seen(), ("one".to_owned(), false));
    setting.parameters.set("/model", "none");
    setting.clock.advance_millis(5_000);
    assert_eq!(seen(), ("untrained".to_owned(), true), "rolled back");
}

#[test]
fn a_pointer_that_cannot_be_followed_leaves_the_model_as_it_is() {
    let setting = Setting::new();
    let models = setting.models(&Faults::at([(2, Fault::Throttle)]));
    setting.point_to("one", &hex(&Sha256::digest("one")));
    let version = || ready(models.current()).map(|current| current.scorer.version().to_owned());
    assert_eq!(version().unwrap(), "one");
    setting.point_to("two", &"0".repeat(64));
    setting.clock.advance_millis(5_000);
    assert_eq!(version().unwrap(), "one", "a wrong checksum");
    setting.clock.advance_millis(5_000);
    assert_eq!(version().unwrap(), "one", "throttled");
    setting.point_to("two", &hex(&Sha256::digest("two")));
    setting.clock.advance_millis(5_000);
    assert_eq!(version().unwrap(), "two");
}

#[test]
fn without_any_model_before_a_broken_pointer_is_an_error_that_says_why() {
    let setting = Setting::new();
    let models = setting.models(&Faults::none());
    setting.parameters.set("/model", "{}");
    let error = ready(models.current()).unwrap_err().to_string();
    assert!(
        error.contains("/model") && error.contains("neither `none` nor"),
        "{error}"
    );
}

#[test]
fn a_candidate_runs_beside_the_current_model_and_a_broken_one_stops_nothing() {
    let setting = Setting::new();
    let models = setting.models(&Faults::none());
    let pointer = |version: &str, sha256: String| ModelPointer {
        version: version.into(),
        bucket: "models".into(),
        key: version.into(),
        sha256,
    };
    for version in ["one", "two"] {
        ready(setting.objects.put("models", version, version.into(), "x")).unwrap();
    }
    let one = pointer("one", hex(&Sha256::digest("one")));
    let seen = |candidate: &ModelPointer| {
        setting.clock.advance_millis(5_000);
        let value = one.with_candidate(candidate).unwrap();
        setting.parameters.set("/model", &value);
        let current = ready(models.current()).unwrap();
        let candidate = current.candidate.map(|model| model.version().to_owned());
        (current.scorer.version().to_owned(), candidate)
    };
    let two = pointer("two", hex(&Sha256::digest("two")));
    assert_eq!(seen(&two), ("one".to_owned(), Some("two".to_owned())));
    assert_eq!(seen(&two), ("one".to_owned(), Some("two".to_owned())));
    assert_eq!(
        seen(&pointer("two", "0".repeat(64))),
        ("one".to_owned(), None)
    );
    assert_eq!(
        seen(&pointer("gone", "0".repeat(64))),
        ("one".to_owned(), None)
    );
}
