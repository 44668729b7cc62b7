//! `remediation` and `teams`: what may be done about an incident, and for whom.

use std::collections::BTreeMap;

use aiops_domain::{Kind, Severity, Source};

use crate::config::choices::{Environment, RemediationAction, RemediationMode};
use crate::config::field::{Rule, Section, section};
use crate::config::rules;

section! {
    /// What the remediator may do. Off unless said otherwise.
    pub struct Remediation {
        /// Policy per action; an action that is not named is off.
        actions: BTreeMap<RemediationAction, RemediationPolicy>,
        /// Finer rules, the first that fits wins; without a fit the action's own mode holds. None goes further than that mode.
        rules: Vec<RemediationRule>,
        /// Which action answers which incidents, the first that fits wins.
        responses: Vec<RemediationResponse>,
        /// Slack user ids and IAM role ARNs that may approve.
        approvers: Vec<String>,
        /// Minutes until an unanswered approval expires.
        approval_minutes: u32 => Rule::Range(1.0, 1440.0),
        /// Days after which the key that signs approval tokens is replaced; what the key before signed stays valid until the next time.
        token_key_days: u32 => Rule::Range(1.0, 1000.0),
        /// Tag that a resource must carry to be touched at all.
        required_tag: String => rules::TAG_TEXT,
        /// First number of the network ACL rules that belong to remediation; this program leaves them alone.
        first_network_acl_rule: u32 => Rule::Range(1.0, 32_000.0),
        /// How many network ACL rules belong to remediation (an ACL holds 20 by default, of which the program needs seven).
        network_acl_rules: u32 => Rule::Range(1.0, 13.0),
        /// Identifiers of resources that are never touched, whatever they carry.
        protected_ids: Vec<String>,
        /// SSM documents that may be run; their names begin with the stack's prefix.
        documents: Vec<String>,
        /// Namespaces of the cluster whose Deployments may be touched.
        namespaces: Vec<String>,
        /// IAM users whose access keys may be deactivated.
        key_users: Vec<String>,
    }
}

impl Section for Remediation {
    fn defaults(environment: Environment) -> Self {
        let actions = match environment {
            Environment::Local => BTreeMap::from([(
                RemediationAction::DenyAddress,
                RemediationPolicy {
                    mode: RemediationMode::Automatic,
                    ..RemediationPolicy::defaults(environment)
                },
            )]),
            _ => BTreeMap::new(),
        };
        Self {
            actions,
            rules: Vec::new(),
            responses: vec![RemediationResponse::defaults(environment)],
            approvers: Vec::new(),
            approval_minutes: 60,
            token_key_days: 30,
            required_tag: "aiops:remediation".to_owned(),
            first_network_acl_rule: 50,
            network_acl_rules: 10,
            protected_ids: Vec::new(),
            documents: Vec::new(),
            namespaces: Vec::new(),
            key_users: Vec::new(),
        }
    }
}

section! {
    /// The policy of one action.
    pub struct RemediationPolicy {
        /// What it may do.
        mode: RemediationMode,
        /// Most executions an hour, over all incidents.
        maximum_per_hour: u32 => Rule::Range(1.0, 100.0),
        /// Largest share of a group that may be affected at once, in percent.
        maximum_share_percent: u32 => Rule::Range(1.0, 100.0),
        /// Entities whose incidents it may answer; empty: any.
        entities: Vec<String>,
    }
}

impl Section for RemediationPolicy {
    fn defaults(_environment: Environment) -> Self {
        Self {
            mode: RemediationMode::Off,
            maximum_per_hour: 5,
            maximum_share_percent: 25,
            entities: Vec::new(),
        }
    }
}

section! {
    /// How far an action may go in some situations; what is not named fits everything.
    pub struct RemediationRule {
        /// Actions it speaks of; empty: every one of `actions`.
        actions: Vec<RemediationAction>,
        /// Kinds of incidents it speaks of; empty: every kind.
        kinds: Vec<Kind>,
        /// Sources it speaks of; empty: every source.
        sources: Vec<Source>,
        /// From this severity on.
        minimum_severity: Option<Severity>,
        /// From this confidence on (1 less the smallest p-value of the findings).
        minimum_confidence: Option<f64> => Rule::Range(0.0, 1.0),
        /// What the action may do.
        mode: RemediationMode,
    }
}

impl Section for RemediationRule {
    fn defaults(_environment: Environment) -> Self {
        Self {
            actions: Vec::new(),
            kinds: Vec::new(),
            sources: Vec::new(),
            minimum_severity: None,
            minimum_confidence: None,
            mode: RemediationMode::Off,
        }
    }
}

section! {
    /// The action that answers some kinds of incidents.
    pub struct RemediationResponse {
        /// The kinds it answers.
        kinds: Vec<Kind>,
        /// Only of these sources; empty: every source.
        sources: Vec<Source>,
        /// The action.
        action: RemediationAction,
    }
}

impl Section for RemediationResponse {
    /// Hostile addresses are denied.
    fn defaults(_environment: Environment) -> Self {
        Self {
            kinds: vec![Kind::SshBruteForce, Kind::PortScan, Kind::DataExfiltration],
            sources: Vec::new(),
            action: RemediationAction::DenyAddress,
        }
    }
}

section! {
    /// A team: what it owns, where it hears of it, what it allows, what it may cost.
    pub struct Team {
        /// Its log groups: names from `logs.groups`.
        log_groups: Vec<String> => rules::SLUG,
        /// Its Slack channel; absent: `notify.slack.channel`.
        slack_channel: Option<String> => rules::SLACK_CHANNEL,
        /// E-mail addresses that hear of its budget and its volume.
        emails: Vec<String> => rules::EMAIL,
        /// The most that remediation may do on its incidents.
        remediation: RemediationMode,
        /// Its approvers; empty: `remediation.approvers`.
        approvers: Vec<String>,
        /// Its monthly budget in US dollars (resources tagged with its name).
        monthly_usd: f64 => Rule::Range(1.0, 1_000_000.0),
        /// Lines it may send a day, in GiB; more raises an alarm.
        volume_gib_per_day: f64 => Rule::Range(0.01, 100_000.0),
    }
}

impl Section for Team {
    fn defaults(_environment: Environment) -> Self {
        Self {
            log_groups: Vec::new(),
            slack_channel: None,
            emails: Vec::new(),
            remediation: RemediationMode::Off,
            approvers: Vec::new(),
            monthly_usd: 100.0,
            volume_gib_per_day: 5.0,
        }
    }
}
