//! What a message tells, gathered once and redacted before anything is rendered.

use aiops_domain::incident::event::Outcome;
use aiops_domain::plan::Undo;
use aiops_domain::redact::Redactor;
use aiops_domain::{IncidentStatus, Severity, Time};

use super::{Notice, Notifier, NotifyError};
use crate::incidents::{ActionRecord, ActionStatus};
use crate::ports::cloud::{Pause, Secrets, Web};
use crate::ports::{Clock, Table};
use crate::token::{Claims, Keys, Purpose};

/// Findings that are looked at for the reasons.
const MAX_FINDINGS: usize = 20;

/// Templates and lines that a message shows.
const MAX_REASONS: usize = 3;

/// Changes that a message shows.
const MAX_CHANGES: usize = 5;

/// What a message tells. Texts are redacted, not yet escaped.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The incident.
    pub id: String,
    /// Which opening.
    pub opening: u64,
    /// How much it matters.
    pub severity: Severity,
    /// Where it stands.
    pub status: IncidentStatus,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What, in a word.
    pub kind: String,
    /// What, in a sentence.
    pub summary: String,
    /// Where: source and entity.
    pub entity: String,
    /// The kind of system.
    pub source: String,
    /// Whose.
    pub team: String,
    /// Since when.
    pub first_seen: Time,
    /// Until when.
    pub last_seen: Time,
    /// How many findings.
    pub count: u64,
    /// Why: templates, strongest first.
    pub templates: Vec<String>,
    /// Why: lines.
    pub lines: Vec<String>,
    /// What is or was done.
    pub action: Option<ActionView>,
    /// What was changed shortly before, and by whom.
    pub changes: Vec<String>,
    /// Other incidents of the same entity and time, each in some words with its id.
    pub also: Vec<String>,
    /// That it goes on although it was answered: findings since the last message.
    pub continues: Option<u64>,
    /// The last word of the log.
    pub last_event: String,
    /// A query that shows the lines, in the console.
    pub query_url: Option<String>,
}

/// What is or was done.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionView {
    /// Name in the catalogue.
    pub name: String,
    /// What it acts on.
    pub target: String,
    /// How far the policy lets it go.
    pub mode: String,
    /// How far it came.
    pub status: ActionStatus,
    /// How far it reaches.
    pub blast_radius: String,
    /// The exact calls.
    pub calls: Vec<String>,
    /// Whether it can be taken back, and if not, why.
    pub irreversible: Option<String>,
    /// What the check saw.
    pub check: Option<(bool, String)>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// The digest of the plan.
    pub plan_digest: String,
    /// The token of the decision, while it is asked for.
    pub decide: Option<String>,
    /// Where the plan is shown.
    pub plan_url: Option<String>,
}

impl<T: Table, W: Web, S: Secrets, K: Clock, Z: Pause> Notifier<T, W, S, K, Z> {
    pub(super) async fn view(
        &self,
        notice: &Notice,
        redactor: &Redactor,
    ) -> Result<View, NotifyError> {
        let id = &notice.incident_id;
        let meta = self.incidents.meta(id).await?;
        let findings = self.incidents.findings(id, MAX_FINDINGS).await?;
        let events = self.incidents.events(id).await?;
        let actions = self.incidents.actions(id).await?;
        let related = self.incidents.related(id).await?;
        let changes = self.incidents.changes_before(&meta, MAX_CHANGES).await?;
        let action = match actions
            .into_iter()
            .find(|action| action.plan.opening == meta.opening)
        {
            Some(record) => Some(self.action_view(record, redactor).await?),
            None => None,
        };
        let mut strongest: Vec<_> = findings
            .iter()
            .flat_map(|finding| &finding.templates)
            .collect();
        strongest.sort_by(|one, other| other.contribution.total_cmp(&one.contribution));
        let mut templates: Vec<String> = strongest
            .iter()
            .map(|part| {
                let text = redactor.redact(&part.template);
                format!("{}× {text} (normally {:.1})", part.count, part.expected)
            })
            .collect();
        templates.dedup();
        templates.truncate(MAX_REASONS);
        let lines = findings
            .iter()
            .filter_map(|finding| finding.example.as_ref())
            .map(|example| redactor.redact(&example.text))
            .take(MAX_REASONS)
            .collect();
        Ok(View {
            id: meta.id.clone(),
            opening: meta.opening,
            severity: meta.severity,
            status: meta.status,
            outcome: meta.outcome,
            kind: meta.kind.as_str().replace('_', " "),
            summary: redactor.redact(&meta.summary),
            entity: redactor.redact(&meta.entity),
            source: meta.source.to_string(),
            team: meta
                .team
                .clone()
                .unwrap_or_else(|| aiops_domain::policy::team::UNOWNED.to_owned()),
            first_seen: meta.first_seen,
            last_seen: meta.last_seen,
            count: meta.count,
            templates,
            lines,
            action,
            changes: changes
                .iter()
                .map(|change| {
                    let text = format!("{} {} by {}", change.what, change.target, change.by);
                    format!("{} UTC {}", change.at, redactor.redact(&text))
                })
                .collect(),
            also: related
                .iter()
                .map(|other| {
                    let kind = other.kind.as_str().replace('_', " ");
                    format!("{kind} ({}) {}", other.source, other.id)
                })
                .collect(),
            continues: (notice.event == "continues").then_some(notice.more),
            last_event: events
                .last()
                .map(|event| redactor.redact(&event.why))
                .unwrap_or_default(),
            query_url: self.query_url(meta.first_seen, meta.last_seen),
        })
    }

    async fn action_view(
        &self,
        record: ActionRecord,
        redactor: &Redactor,
    ) -> Result<ActionView, NotifyError> {
        let plan = &record.plan;
        let asked = record.status == ActionStatus::AwaitingApproval;
        let (mut decide, mut plan_url) = (None, None);
        if let Some(arn) = &self.config.token_key_arn {
            let keys = Keys::load(&self.secrets, arn).await?;
            let now = self.clock.now().as_millis().div_euclid(1000);
            let claims = |purpose| Claims {
                purpose,
                incident_id: plan.incident_id.clone(),
                action_id: plan.action_id.clone(),
                plan_digest: record.plan_digest.clone(),
                expires: now + i64::from(self.config.approval_seconds),
            };
            decide = asked.then(|| keys.sign(&claims(Purpose::Decide)));
            plan_url = self.config.approvals_url.as_ref().map(|url| {
                let url = url.trim_end_matches('/');
                format!("{url}/plan?token={}", keys.sign(&claims(Purpose::View)))
            });
        }
        Ok(ActionView {
            name: plan.action.as_str().replace('_', " "),
            target: redactor.redact(&plan.target.to_string()),
            mode: record.mode.as_str().to_owned(),
            status: record.status,
            blast_radius: redactor.redact(&plan.blast_radius.scope),
            calls: plan
                .calls
                .iter()
                .map(|call| {
                    format!(
                        "{} {}",
                        call.operation,
                        redactor.redact(&call.parameters.to_string())
                    )
                })
                .collect(),
            irreversible: match &plan.undo {
                Undo::Irreversible { reason } => Some(reason.clone()),
                Undo::Calls { .. } => None,
            },
            check: record
                .check
                .map(|check| (check.passed, redactor.redact(&check.detail))),
            decided_by: record.decided_by,
            plan_digest: record.plan_digest,
            decide,
            plan_url,
        })
    }

    /// Logs Insights over the time of the incident.
    fn query_url(&self, from: Time, to: Time) -> Option<String> {
        let console = self.config.console.as_ref()?;
        // The console's own encoding: `~` forms, `*` before each hexadecimal pair.
        let star = |text: &str| {
            text.bytes().fold(String::new(), |mut encoded, byte| {
                if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
                    encoded.push(char::from(byte));
                } else {
                    encoded.push_str(&format!("*{byte:02x}"));
                }
                encoded
            })
        };
        let groups: String = console
            .log_groups
            .iter()
            .map(|group| format!("~'{}", star(group)))
            .collect();
        let query =
            star("fields @timestamp, @logStream, @message | sort @timestamp asc | limit 200");
        Some(format!(
            "https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logsV2:logs-insights\
             $3FqueryDetail$3D~(end~'{to}~start~'{from}~timeType~'ABSOLUTE~tz~'UTC~editorString~'{query}~source~({groups}))",
            region = console.region,
            to = star(&to.to_string()),
            from = star(&from.to_string()),
        ))
    }
}

impl View {
    /// The headline.
    pub fn headline(&self) -> String {
        let state = match (self.status, self.outcome) {
            (IncidentStatus::AwaitingApproval, _) => "needs your approval".to_owned(),
            (status, Some(outcome)) if status.is_terminal() => match outcome {
                Outcome::Remediated => "remediated".to_owned(),
                Outcome::NoAction => "for your information".to_owned(),
                Outcome::DryRun => "dry run only".to_owned(),
                Outcome::Denied => "plan refused by a person".to_owned(),
                Outcome::Expired => "approval expired".to_owned(),
                Outcome::Undone => "undone".to_owned(),
                Outcome::Refused => "refused by a limit".to_owned(),
                Outcome::Failed => "failed, a person must look".to_owned(),
                Outcome::Suppressed => "suppressed".to_owned(),
            },
            (status, _) => status.as_str().replace('_', " "),
        };
        let state = match self.continues {
            Some(_) => format!("continues, {state}"),
            None => state,
        };
        format!(
            "{:?}: {} on {}, {state}",
            self.severity, self.kind, self.entity
        )
    }

    /// That it goes on, in a sentence.
    pub fn going_on(&self, more: u64) -> String {
        format!(
            "It continues, {more} more findings until {} UTC: {}",
            self.last_seen, self.last_event
        )
    }

    /// What was done, in a sentence.
    pub fn done(&self) -> String {
        let Some(action) = &self.action else {
            return format!("Nothing: {}", self.last_event);
        };
        let state = match action.status {
            ActionStatus::Planned => format!("planned ({})", action.mode),
            ActionStatus::AwaitingApproval => "waits for approval".to_owned(),
            ActionStatus::Approved => "approved".to_owned(),
            ActionStatus::Denied => "refused".to_owned(),
            ActionStatus::Expired => "not approved in time".to_owned(),
            ActionStatus::Executing => "running".to_owned(),
            ActionStatus::Executed => "made, not yet checked".to_owned(),
            ActionStatus::Verified => "made and checked".to_owned(),
            ActionStatus::Undoing => "being undone".to_owned(),
            ActionStatus::Undone => "undone".to_owned(),
            ActionStatus::Failed => "failed".to_owned(),
        };
        let by = action
            .decided_by
            .as_ref()
            .map(|who| format!(" by {who}"))
            .unwrap_or_default();
        format!("{} {}: {state}{by}", action.name, action.target)
    }
}
