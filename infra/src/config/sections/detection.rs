//! `detection`: windows, lateness, what makes an incident, and how often a person may be woken.

use aiops_domain::config::detector::IDLE_SECONDS_MAX;
use aiops_domain::config::metric_detector::{Direction, Statistic};
use aiops_domain::incident::FingerprintField;
use serde_json::json;

use crate::config::choices::Environment;
use crate::config::field::{Rule, Section, section};
use crate::config::rules;

/// The limit of `idleSeconds` below.
const _: () = assert!(IDLE_SECONDS_MAX == 900);

section! {
    /// How lines become findings.
    pub struct Detection {
        /// Length of a time window per entity, in seconds.
        window_seconds: u32 => Rule::Range(1.0, 3600.0),
        /// How late a line may come before its window closes, in seconds; later lines reopen it.
        lateness_seconds: u32 => Rule::Range(0.0, 86_400.0),
        /// Silence after which a source counts as caught up and its windows close, in seconds.
        idle_seconds: u32 => Rule::Range(1.0, 900.0),
        /// Regular expression whose first match in a line is the key of its sequence (a request, a block, a pod): scheduled training then learns sequences of all sources instead of windows. Absent: windows.
        session_key: Option<String> => rules::EXPRESSION,
        /// Silence after which a keyed sequence is complete, in seconds; without `sessionKey` of no account.
        session_gap_seconds: u32 => Rule::Range(1.0, 86_400.0),
        /// Parts of a message that are values, beside those that are told by themselves (whatever holds a digit, paths, hosts, dates): scheduled training mines its templates with them, in this order.
        masks: Vec<Mask>,
        /// How many pages a week quiet operation may cost: scheduled training chooses the threshold by it.
        pages_per_week: u32 => Rule::Range(1.0, 1000.0),
        /// Roughly how many entities (instances, pods, network interfaces; sequences, with `sessionKey`) write lines in a window's time: with `windowSeconds`, the windows of a week that the pages are shared out over.
        entities: u32 => Rule::Range(1.0, 1_000_000.0),
        /// By which fields findings of log lines belong to one incident; what is left out tells nothing apart.
        fingerprint_fields: Vec<FingerprintField>,
        /// Metrics that can run full, beside those that AWS's own metrics have by definition; the first that fits counts.
        capacities: Vec<MetricCapacity>,
        /// Whether windows are scored through the stack's endpoint.
        endpoint: DetectorEndpoint,
        /// Shadow mode: incidents are recorded and nobody is paged, nothing is remediated.
        shadow: bool,
        /// Minutes without a scored window after which the detector itself is alarmed.
        silence_minutes: u32 => Rule::Range(5.0, 1440.0),
        /// Minutes that the stream's consumer may lag behind before it is alarmed.
        maximum_lag_minutes: u32 => Rule::Range(1.0, 1440.0),
    }
}

impl Section for Detection {
    fn defaults(environment: Environment) -> Self {
        let local = environment == Environment::Local;
        Self {
            window_seconds: if local { 10 } else { 300 },
            lateness_seconds: if local { 2 } else { 120 },
            idle_seconds: if local { 2 } else { 300 },
            session_key: None,
            session_gap_seconds: if local { 10 } else { 600 },
            masks: Vec::new(),
            pages_per_week: if environment == Environment::Prod {
                2
            } else {
                5
            },
            entities: match environment {
                Environment::Prod => 100,
                Environment::Staging => 50,
                Environment::Local | Environment::Dev | Environment::Team => 20,
            },
            fingerprint_fields: FingerprintField::ALL.to_vec(),
            capacities: Vec::new(),
            endpoint: DetectorEndpoint::defaults(environment),
            // An operator turns it off once the incidents of a week convince.
            shadow: matches!(environment, Environment::Staging | Environment::Prod),
            silence_minutes: 30,
            maximum_lag_minutes: 15,
        }
    }
}

impl Detection {
    /// How many windows of this many seconds the stack's entities fill in a week.
    pub fn windows_a_week(&self, window_seconds: u64) -> u64 {
        const WEEK_SECONDS: u64 = 7 * 86_400;
        (WEEK_SECONDS * u64::from(self.entities) / window_seconds.max(1)).max(1)
    }

    /// The masks as training reads them, if there are any.
    pub fn masks_json(&self) -> Option<String> {
        let extra: Vec<_> = self
            .masks
            .iter()
            .map(|mask| json!({"pattern": mask.pattern, "replacement": mask.replacement}))
            .collect();
        (!extra.is_empty()).then(|| json!({ "extra": extra }).to_string())
    }
}

section! {
    /// Scoring through the endpoint of `sagemaker.endpoint`; what it does not answer in time is scored in the function.
    pub struct DetectorEndpoint {
        /// Whether it is asked at all.
        enabled: bool,
        /// How long one request may take, in milliseconds; then the function scores itself, and the rest of its batch too.
        timeout_milliseconds: u32 => Rule::Range(50.0, 30_000.0),
        /// Most windows in one request.
        batch_windows: u32 => Rule::Range(1.0, 1000.0),
    }
}

impl Section for DetectorEndpoint {
    fn defaults(_environment: Environment) -> Self {
        Self {
            enabled: false,
            timeout_milliseconds: 2000,
            batch_windows: 64,
        }
    }
}

section! {
    /// A part of a message that is a value.
    pub struct Mask {
        /// Regular expression of it.
        pattern: String => rules::EXPRESSION,
        /// What stands for it in a template; `$1` is the expression's first group.
        replacement: String,
    }
}

impl Section for Mask {
    fn defaults(_environment: Environment) -> Self {
        Self {
            pattern: String::new(),
            replacement: "<*>".to_owned(),
        }
    }
}

section! {
    /// A metric that can run full (or out), and where that is.
    pub struct MetricCapacity {
        /// Its namespace; absent: any.
        namespace: Option<String>,
        /// Its name.
        metric: String,
        /// A dimension that it must have, by name; absent: none.
        dimension: Option<String>,
        /// Which statistic of a minute is compared.
        statistic: Statistic,
        /// The value at which nothing is left, in the metric's unit.
        at: f64,
        /// Whether what is used rises to it or what is free falls to it.
        direction: Direction,
    }
}

impl Section for MetricCapacity {
    fn defaults(_environment: Environment) -> Self {
        Self {
            namespace: None,
            metric: String::new(),
            dimension: None,
            statistic: Statistic::default(),
            at: 100.0,
            direction: Direction::default(),
        }
    }
}
