//! The typed configuration of a stack.
//!
//! One definition per key (`sections`) gives the reader, the defaults per environment, the JSON Schema
//! and the explanation. A stack file is read into a tree, the tree into [`StackConfig`]; every mistake
//! is reported at once with its path, and nothing half-read gets out.

pub mod choices;
pub mod cidr;
pub mod sections;
pub mod slug;

mod checks;
mod explain;
mod field;
mod problem;
mod read;
mod rules;
mod schema;
mod stack_file;
mod value;

use std::collections::BTreeMap;

pub use choices::{
    Architecture, Capacity, Endpoint, Environment, InterfaceEndpoint, LogLevel, Nat,
    RemediationAction, RemediationMode,
};
pub use cidr::{Cidr, CidrError};
pub use explain::explain;
pub use problem::{ConfigError, Problem};
pub use schema::schema;
pub use sections::{
    Archive, Compute, Detection, DetectorEndpoint, Eks, Function, Functions, Instance, Instances,
    LifecycleRules, LogFile, LogGroup, Logs, Mask, MetricCapacity, MicrosoftTeams, Network, Nodes,
    Notify, Remediation, RemediationPolicy, RemediationResponse, RemediationRule, Sagemaker,
    Serverless, Slack, Stream, Team, Tiers, Training,
};
pub use slug::Slug;

use field::{Rule, Section, section};

section! {
    /// Everything that can be said about a stack.
    pub struct StackConfig {
        /// The stack's name; the engine knows it.
        stack: String => rules::SLUG,
        /// The region; the provider's own key.
        region: String => rules::REGION,
        /// What the stack is for; it decides every default below.
        environment: Environment,
        /// What stands before every physical name; absent: `aiops-<stack>`.
        prefix: Option<String> => rules::PREFIX,
        /// Whether data-bearing resources refuse to be destroyed.
        protect: bool,
        /// Tags of every resource, beside project, stack, environment and cost centre.
        tags: BTreeMap<String, String> => rules::TAG_TEXT,
        /// The VPC, its zones and its ways out.
        network: Network,
        /// The Kubernetes cluster.
        eks: Eks,
        /// Plain instances.
        compute: Compute,
        /// Log groups and their retention.
        logs: Logs,
        /// The Kinesis stream and its consumer.
        stream: Stream,
        /// The untouched archive, and metrics.
        archive: Archive,
        /// How long objects stay, and where.
        lifecycle: LifecycleRules,
        /// The Lambda functions.
        functions: Functions,
        /// How lines become findings.
        detection: Detection,
        /// Training and serving of models.
        sagemaker: Sagemaker,
        /// Where incidents are reported.
        notify: Notify,
        /// What may be done about an incident.
        remediation: Remediation,
        /// Teams by name.
        teams: BTreeMap<Slug, Team>,
        /// Monthly budget of the stack in US dollars; absent: no budget alarm.
        monthly_usd: Option<f64> => Rule::Range(1.0, 10_000_000.0),
        /// Existing resources to adopt: `type::name` of the resource in the program → its id in AWS.
        imports: BTreeMap<String, String>,
    }
}

impl Section for StackConfig {
    fn defaults(environment: Environment) -> Self {
        Self {
            stack: environment.as_str().to_owned(),
            region: "eu-central-1".to_owned(),
            environment,
            prefix: None,
            protect: environment != Environment::Local,
            tags: BTreeMap::new(),
            network: Network::defaults(environment),
            eks: Eks::defaults(environment),
            compute: Compute::defaults(environment),
            logs: Logs::defaults(environment),
            stream: Stream::defaults(environment),
            archive: Archive::defaults(environment),
            lifecycle: LifecycleRules::defaults(environment),
            functions: Functions::defaults(environment),
            detection: Detection::defaults(environment),
            sagemaker: Sagemaker::defaults(environment),
            notify: Notify::defaults(environment),
            remediation: Remediation::defaults(environment),
            teams: BTreeMap::new(),
            monthly_usd: match environment {
                Environment::Local => None,
                Environment::Dev | Environment::Team => Some(200.0),
                Environment::Staging => Some(500.0),
                Environment::Prod => Some(2500.0),
            },
            imports: BTreeMap::new(),
        }
    }
}

impl StackConfig {
    /// What a stack of this environment is without any stack file: the laptop's stack, and tests.
    pub fn of(environment: Environment) -> Self {
        Self::defaults(environment)
    }

    /// Reads `Pulumi.<stack>.yaml`.
    ///
    /// # Errors
    /// Every mistake of the file, each with its path.
    pub fn from_stack_file(stack: &str, text: &str) -> Result<Self, ConfigError> {
        stack_file::from_yaml(stack, text)
    }

    /// Reads what the engine hands over: `namespace:key` → text, where anything but a scalar is JSON.
    ///
    /// # Errors
    /// Every mistake, each with its path.
    pub fn from_engine(
        stack: &str,
        values: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        stack_file::from_engine(stack, values)
    }

    /// What stands before every physical name.
    pub fn prefix(&self) -> String {
        self.prefix
            .clone()
            .unwrap_or_else(|| format!("aiops-{}", self.stack))
    }

    /// The physical name of `what`: `<prefix>-<what>`.
    pub fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.prefix())
    }

    /// The name in CloudWatch of a group of `logs.groups`.
    pub fn log_group_name(&self, key: &Slug, group: &LogGroup) -> String {
        group
            .name
            .clone()
            .unwrap_or_else(|| format!("/{}/{key}", self.prefix()))
    }

    /// Days that CloudWatch keeps events of a group.
    pub fn log_group_retention_days(&self, group: &LogGroup) -> u32 {
        group.retention_days.unwrap_or(self.logs.retention_days)
    }

    /// The team that owns a group of `logs.groups`.
    pub fn owner(&self, group: &str) -> Option<&Slug> {
        self.teams
            .iter()
            .find(|(_, team)| team.log_groups.iter().any(|owned| owned == group))
            .map(|(name, _)| name)
    }

    /// The tags of every resource. A stack that is one team's carries its name everywhere. The user's come last and may replace the cost centre.
    pub fn all_tags(&self) -> BTreeMap<String, String> {
        let mut tags = BTreeMap::from(
            [
                ("project", "aiops"),
                ("stack", &self.stack),
                ("environment", self.environment.as_str()),
                ("managed-by", "pulumi"),
                ("cost-center", &self.prefix()),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        if self.environment == Environment::Team
            && let (1, Some((team, _))) = (self.teams.len(), self.teams.first_key_value())
        {
            tags.insert("team".to_owned(), team.to_string());
        }
        tags.extend(self.tags.clone());
        tags
    }
}

#[cfg(test)]
mod tests;
