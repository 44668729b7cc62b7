//! `functions`: the Lambda functions.

use crate::config::choices::{Architecture, Environment, LogLevel};
use crate::config::field::{Rule, Section, section};
use crate::config::rules;

section! {
    /// The Lambda functions.
    pub struct Functions {
        /// Processor architecture; the zips are built for it.
        architecture: Architecture,
        /// Directory of the packaged zips, from the project's root.
        zip_directory: String => rules::RELATIVE_DIRECTORY,
        /// How loud they log.
        log_level: LogLevel,
        /// Reads the stream and writes segments.
        log_appender: Function,
        /// Scores windows of log lines.
        anomaly_detector: Function,
        /// Scores metrics.
        metric_detector: Function,
        /// Plans, executes, verifies and undoes remediations.
        remediator: Function,
        /// Takes approvals.
        approvals: Function,
        /// Sends messages to chat.
        notifier: Function,
        /// Writes the manifest of a training job.
        training_manifest: Function,
        /// Rotates the key of approvals.
        secret_rotation: Function,
    }
}

impl Section for Functions {
    fn defaults(environment: Environment) -> Self {
        let prod = environment == Environment::Prod;
        let function = |memory_mib, timeout_seconds, concurrency: u32| Function {
            memory_mib,
            timeout_seconds,
            // Reserved concurrency is taken from the account's pool: only production earns it, and
            // the remediator everywhere, as its cap.
            reserved_concurrency: prod.then_some(concurrency),
        };
        Self {
            architecture: if environment == Environment::Local {
                Architecture::X86_64
            } else {
                Architecture::Arm64
            },
            zip_directory: "dist/functions".to_owned(),
            log_level: if environment == Environment::Dev {
                LogLevel::Debug
            } else {
                LogLevel::Info
            },
            log_appender: function(512, 60, 50),
            anomaly_detector: function(1024, 60, 20),
            metric_detector: function(512, 60, 5),
            remediator: Function {
                reserved_concurrency: Some(5),
                ..function(256, 120, 5)
            },
            approvals: function(256, 10, 5),
            notifier: function(256, 30, 5),
            training_manifest: function(256, 300, 1),
            secret_rotation: function(128, 60, 1),
        }
    }
}

section! {
    /// One function.
    pub struct Function {
        /// Memory in MiB; processor time is in proportion to it.
        memory_mib: u32 => Rule::Range(128.0, 10_240.0),
        /// Longest run in seconds.
        timeout_seconds: u32 => Rule::Range(1.0, 900.0),
        /// Concurrent executions kept for it and its limit; absent: the account's pool.
        reserved_concurrency: Option<u32> => Rule::Range(1.0, 900.0),
    }
}

impl Section for Function {
    fn defaults(_environment: Environment) -> Self {
        Self {
            memory_mib: 256,
            timeout_seconds: 30,
            reserved_concurrency: None,
        }
    }
}
