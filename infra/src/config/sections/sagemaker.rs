//! `sagemaker`: training, the notebook, the endpoint.

use crate::config::choices::{Endpoint, Environment};
use crate::config::field::{Rule, Section, section};
use crate::config::rules;

section! {
    /// Training and serving of models.
    pub struct Sagemaker {
        /// Tag or digest of our image in the stack's repository. Absent (the first phase of a first deploy): no training schedule, no model, no endpoint yet.
        image: Option<String> => rules::IMAGE_TAG,
        /// Key of the artefact that the endpoint serves, in the models bucket: a training job's `training/<job>/output/model.tar.gz`. Absent: no model, no endpoint yet.
        model: Option<String>,
        /// Whether there is a notebook instance.
        notebook: bool,
        /// Type of the notebook instance.
        notebook_instance_type: String => rules::INSTANCE_TYPE,
        /// What serves the model beside the detector.
        endpoint: Endpoint,
        /// The serverless endpoint.
        serverless: Serverless,
        /// The endpoint on instances.
        instances: Instances,
        /// Scheduled training.
        training: Training,
    }
}

impl Section for Sagemaker {
    fn defaults(environment: Environment) -> Self {
        Self {
            image: None,
            model: None,
            notebook: environment == Environment::Dev,
            notebook_instance_type: "ml.t3.medium".to_owned(),
            endpoint: match environment {
                Environment::Local | Environment::Dev | Environment::Team => Endpoint::None,
                Environment::Staging => Endpoint::Serverless,
                Environment::Prod => Endpoint::Instances,
            },
            serverless: Serverless::defaults(environment),
            instances: Instances::defaults(environment),
            training: Training::defaults(environment),
        }
    }
}

section! {
    /// A serverless endpoint.
    pub struct Serverless {
        /// Memory in MiB.
        memory_mib: u32 => Rule::OneOf(&[1024, 2048, 3072, 4096, 5120, 6144]),
        /// Most concurrent invocations.
        maximum_concurrency: u32 => Rule::Range(1.0, 200.0),
    }
}

impl Section for Serverless {
    fn defaults(_environment: Environment) -> Self {
        Self {
            memory_mib: 2048,
            maximum_concurrency: 5,
        }
    }
}

section! {
    /// Instances behind an endpoint.
    pub struct Instances {
        /// Their type.
        instance_type: String => rules::INSTANCE_TYPE,
        /// Fewest.
        minimum: u32 => Rule::Range(1.0, 50.0),
        /// Most.
        maximum: u32 => Rule::Range(1.0, 50.0),
    }
}

impl Section for Instances {
    fn defaults(_environment: Environment) -> Self {
        Self {
            instance_type: "ml.c7g.large".to_owned(),
            minimum: 2,
            maximum: 4,
        }
    }
}

section! {
    /// Scheduled training.
    pub struct Training {
        /// When, as an EventBridge schedule in UTC; absent: only by hand.
        schedule: Option<String> => rules::SCHEDULE,
        /// Days of segments that a training reads.
        days: u32 => Rule::Range(1.0, 365.0),
        /// Instance type.
        instance_type: String => rules::INSTANCE_TYPE,
        /// Number of instances: a model is learnt from all of its lines together, on one.
        instances: u32 => Rule::Range(1.0, 1.0),
        /// Size of each encrypted volume in GiB.
        volume_gib: u32 => Rule::Range(1.0, 1000.0),
        /// Longest run in minutes.
        maximum_minutes: u32 => Rule::Range(5.0, 2880.0),
    }
}

impl Section for Training {
    fn defaults(environment: Environment) -> Self {
        Self {
            schedule: matches!(environment, Environment::Staging | Environment::Prod)
                .then(|| "cron(0 3 ? * SUN *)".to_owned()),
            days: 14,
            instance_type: "ml.m5.large".to_owned(),
            instances: 1,
            volume_gib: 30,
            maximum_minutes: 120,
        }
    }
}
