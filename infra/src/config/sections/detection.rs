//! `detection`: windows, lateness and how often a person may be woken.

use crate::config::choices::Environment;
use crate::config::field::{Rule, Section, section};

section! {
    /// How lines become findings.
    pub struct Detection {
        /// Length of a time window per entity, in seconds.
        window_seconds: u32 => Rule::Range(1.0, 3600.0),
        /// How late a line may come before its window closes, in seconds; later lines reopen it.
        lateness_seconds: u32 => Rule::Range(0.0, 86_400.0),
        /// Silence after which a source counts as caught up and its windows close, in seconds.
        idle_seconds: u32 => Rule::Range(1.0, 86_400.0),
        /// Gap after which a keyed sequence (request, block, pod) is complete, in seconds.
        session_gap_seconds: u32 => Rule::Range(1.0, 86_400.0),
        /// How many pages a week quiet operation may cost.
        pages_per_week: f64 => Rule::Range(0.1, 1000.0),
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
            session_gap_seconds: if local { 10 } else { 600 },
            pages_per_week: if environment == Environment::Prod {
                2.0
            } else {
                5.0
            },
            // An operator turns it off once the incidents of a week convince.
            shadow: matches!(environment, Environment::Staging | Environment::Prod),
            silence_minutes: 30,
            maximum_lag_minutes: 15,
        }
    }
}
