//! `logs`, `stream`, `archive` and `lifecycle`: how lines travel and how long they stay.

use std::collections::BTreeMap;

use aiops_domain::{Shape, Source};

use crate::config::choices::Environment;
use crate::config::field::{Rule, Section, section};
use crate::config::rules;
use crate::config::slug::Slug;

section! {
    /// Log groups and their retention in CloudWatch; the archive keeps lines longer.
    pub struct Logs {
        /// Days that CloudWatch keeps events, where a group does not say.
        retention_days: u32 => rules::RETENTION_DAYS,
        /// Log groups by name; `null` takes a default one away. Those of the cluster and of flow logs come with them.
        groups: BTreeMap<Slug, LogGroup>,
        /// The year of times that are written without one (a replay of old syslog); absent: the one that brings them nearest to their delivery.
        assumed_year: Option<u32> => Rule::Range(1990.0, 2100.0),
    }
}

impl Section for Logs {
    fn defaults(environment: Environment) -> Self {
        let groups = [
            ("system", Source::Ec2, Shape::Syslog),
            ("application", Source::Ec2, Shape::Text),
        ]
        .into_iter()
        .filter_map(|(name, source, shape)| {
            let group = LogGroup {
                source,
                shape,
                ..LogGroup::defaults(environment)
            };
            Some((Slug::new(name)?, group))
        })
        .collect();
        Self {
            retention_days: match environment {
                Environment::Local => 1,
                Environment::Dev | Environment::Team => 14,
                Environment::Staging => 30,
                Environment::Prod => 365,
            },
            groups,
            assumed_year: None,
        }
    }
}

section! {
    /// A log group whose lines are analysed.
    pub struct LogGroup {
        /// Its name in CloudWatch; absent: `/<prefix>/<key>`.
        name: Option<String> => rules::LOG_GROUP_NAME,
        /// What writes to it.
        source: Source,
        /// How its lines are read.
        shape: Shape,
        /// Days that CloudWatch keeps its events; absent: `logs.retentionDays`.
        retention_days: Option<u32> => rules::RETENTION_DAYS,
        /// Whether this stack creates it; otherwise it exists already and is only subscribed to.
        managed: bool,
        /// CloudWatch filter pattern of the subscription; empty: every line.
        filter_pattern: String,
    }
}

impl Section for LogGroup {
    fn defaults(_environment: Environment) -> Self {
        Self {
            name: None,
            source: Source::Other,
            shape: Shape::Text,
            retention_days: None,
            managed: true,
            filter_pattern: String::new(),
        }
    }
}

section! {
    /// The Kinesis stream and its consumer.
    pub struct Stream {
        /// Provisioned shards (1 MiB/s each); absent: on demand.
        shards: Option<u32> => Rule::Range(1.0, 200.0),
        /// Hours that records can be read again.
        retention_hours: u32 => Rule::Range(24.0, 8760.0),
        /// Most records in one batch of `log-appender`.
        batch_size: u32 => Rule::Range(1.0, 10_000.0),
        /// Longest wait for a batch to fill, in seconds.
        batch_window_seconds: u32 => Rule::Range(0.0, 300.0),
        /// How often a failing batch is tried again before its records are set aside.
        maximum_retries: u32 => Rule::Range(0.0, 10_000.0),
    }
}

impl Section for Stream {
    fn defaults(environment: Environment) -> Self {
        Self {
            shards: match environment {
                Environment::Local | Environment::Dev | Environment::Team => Some(1),
                Environment::Staging | Environment::Prod => None,
            },
            retention_hours: if environment == Environment::Prod {
                168
            } else {
                24
            },
            batch_size: if environment == Environment::Local {
                100
            } else {
                500
            },
            batch_window_seconds: match environment {
                Environment::Local => 0,
                Environment::Dev | Environment::Team => 15,
                Environment::Staging | Environment::Prod => 5,
            },
            maximum_retries: 5,
        }
    }
}

section! {
    /// Firehose: the untouched archive of envelopes, and of metrics.
    pub struct Archive {
        /// Size at which an object is written, in MiB.
        buffer_mib: u32 => Rule::Range(1.0, 128.0),
        /// Longest wait for an object to fill, in seconds.
        buffer_seconds: u32 => Rule::Range(60.0, 900.0),
        /// Whether CloudWatch metrics are streamed, archived and watched.
        metrics: bool,
        /// Namespaces of the metric stream.
        metric_namespaces: Vec<String>,
    }
}

impl Section for Archive {
    fn defaults(environment: Environment) -> Self {
        Self {
            buffer_mib: if environment == Environment::Prod {
                64
            } else {
                5
            },
            buffer_seconds: if environment == Environment::Prod {
                300
            } else {
                60
            },
            metrics: true,
            metric_namespaces: [
                "AWS/EC2",
                "AWS/Kinesis",
                "AWS/Lambda",
                "CWAgent",
                "ContainerInsights",
            ]
            .map(str::to_owned)
            .into(),
        }
    }
}

section! {
    /// How long objects stay, and where.
    pub struct LifecycleRules {
        /// The raw archive.
        raw: Tiers,
        /// Segments.
        segments: Tiers,
        /// Metrics.
        metrics: Tiers,
        /// Days that an overwritten or deleted version stays.
        noncurrent_days: u32 => Rule::Range(1.0, 3650.0),
        /// Days that access logs stay.
        access_log_days: u32 => Rule::Range(1.0, 3650.0),
    }
}

impl Section for LifecycleRules {
    fn defaults(environment: Environment) -> Self {
        let prod = environment == Environment::Prod;
        let short = Tiers {
            infrequent_access_days: None,
            glacier_days: None,
            expire_days: Some(90),
        };
        Self {
            raw: if prod {
                Tiers::defaults(environment)
            } else {
                short.clone()
            },
            segments: if prod {
                Tiers {
                    infrequent_access_days: Some(30),
                    glacier_days: None,
                    expire_days: Some(400),
                }
            } else {
                short.clone()
            },
            metrics: if prod {
                Tiers {
                    infrequent_access_days: Some(30),
                    glacier_days: None,
                    expire_days: Some(400),
                }
            } else {
                short
            },
            noncurrent_days: if prod { 30 } else { 7 },
            access_log_days: if prod { 400 } else { 30 },
        }
    }
}

section! {
    /// Days until objects move to cheaper storage and are deleted, each later than the one before.
    pub struct Tiers {
        /// Days until Infrequent Access; absent: never.
        infrequent_access_days: Option<u32> => Rule::Range(30.0, 3650.0),
        /// Days until Glacier Flexible Retrieval; absent: never.
        glacier_days: Option<u32> => Rule::Range(30.0, 3650.0),
        /// Days until deletion; absent: never.
        expire_days: Option<u32> => Rule::Range(1.0, 3650.0),
    }
}

impl Section for Tiers {
    fn defaults(_environment: Environment) -> Self {
        Self {
            infrequent_access_days: Some(30),
            glacier_days: Some(90),
            expire_days: Some(730),
        }
    }
}
