//! Triage: whose incident it is, what else happens there, and whether it is to be left alone.

use aiops_domain::incident::event::{Outcome, Who};
use aiops_domain::incident::lifecycle::Trigger;
use aiops_domain::policy::quiet::Suppression;
use aiops_domain::policy::team::{log_group_of, team_of};
use aiops_domain::{IncidentStatus, Kind, Source};
use serde_json::{Value, json};

use super::{Next, Remediator, State, StepResult};
use crate::incidents::{MAX_RELATED, Meta, Related, items};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Attributes, Clock, Item, Range, Table, Write};

/// Incidents whose windows are this close belong together, in milliseconds.
const CORRELATION_MILLIS: i64 = 15 * 60 * 1000;

/// Incidents that are looked at for correlation, per status.
const MAX_COMPARED: usize = 50;

/// Findings that say whose log group an incident is about.
const FINDINGS_READ: usize = 100;

impl<T: Table, C: Cloud, P: Topic, K: Clock> Remediator<T, C, P, K> {
    pub(super) async fn triage(&self, mut state: State) -> StepResult<State> {
        let meta = self.incidents.meta(&state.incident_id).await?;
        if meta.opening > state.opening || meta.status.is_terminal() {
            state.next = Some(Next::Close);
            state.outcome = meta.outcome;
            return Ok(state);
        }
        if let Some(why) = self.quiet(&meta).await? {
            self.advance(
                &state,
                Trigger::Suppress,
                "triage",
                &why,
                Some(Outcome::Suppressed),
            )
            .await?;
            state.next = Some(Next::Close);
            state.outcome = Some(Outcome::Suppressed);
            state.why = Some(why);
            return Ok(state);
        }
        let log_group = self.log_group(&meta).await?;
        let team = team_of(
            &self.config.teams,
            meta.source,
            meta.kind,
            &meta.entity,
            log_group.as_deref(),
        );
        let related = self.related(&meta).await?;
        self.introduce(&meta, &related).await?;
        let part_of = leader(&meta, &related);
        if meta.team.as_deref() != Some(team) || meta.part_of.as_deref() != part_of {
            let mut why = format!("belongs to {team}");
            if let Some(leader) = part_of {
                why.push_str(&format!("; told with {leader}, which names the cause"));
            } else if !related.is_empty() {
                let ids: Vec<&str> = related.iter().map(|other| other.id.as_str()).collect();
                why.push_str(&format!("; same entity and time as {}", ids.join(", ")));
            }
            let set = Attributes::from([
                ("team".to_owned(), json!(team)),
                ("part_of".to_owned(), json!(part_of)),
            ]);
            let who = Who::system("remediator:triage");
            self.incidents
                .remark(&meta.id, &who, &why, set, self.clock.now())
                .await?;
        }
        self.advance(
            &state,
            Trigger::Triage,
            "triage",
            &format!("triaged for {team}"),
            None,
        )
        .await?;
        state.next = Some(Next::Plan);
        Ok(state)
    }

    /// The log group that the incident is about, where a team owns any.
    async fn log_group(&self, meta: &Meta) -> StepResult<Option<String>> {
        if self
            .config
            .teams
            .iter()
            .all(|rule| rule.log_groups.is_none())
        {
            return Ok(None);
        }
        let findings = self.incidents.findings(&meta.id, FINDINGS_READ).await?;
        Ok(log_group_of(&findings).map(str::to_owned))
    }

    /// Why the incident is to be left alone, if it is.
    async fn quiet(&self, meta: &Meta) -> StepResult<Option<String>> {
        let (source, kind, entity): (Source, Kind, &str) = (meta.source, meta.kind, &meta.entity);
        let window = self
            .config
            .maintenance
            .iter()
            .find(|window| window.covers(source, kind, entity, meta.first_seen));
        if let Some(window) = window {
            return Ok(Some(format!(
                "maintenance until {}: {}",
                window.end, window.reason
            )));
        }
        let range = Range {
            from: Some("suppression#".to_owned()),
            to: Some("suppression#~".to_owned()),
            ..Range::default()
        };
        let items = self.incidents.table().query("control", &range).await?;
        let now = self.clock.now();
        Ok(items
            .iter()
            .filter_map(items::parse::<Suppression>)
            .find(|suppression| suppression.covers(source, kind, entity, now))
            .map(|suppression| {
                format!(
                    "suppressed by {} until {}: {}",
                    suppression.who, suppression.expires, suppression.reason
                )
            }))
    }

    /// Other incidents about the same entity at the same time, of whatever status but suppressed.
    async fn related(&self, meta: &Meta) -> StepResult<Vec<Related>> {
        let mut related = Vec::new();
        let range = Range {
            from: Some(meta.first_seen.plus_millis(-CORRELATION_MILLIS).to_string()),
            to: Some(meta.last_seen.plus_millis(CORRELATION_MILLIS).to_string()),
            limit: Some(MAX_COMPARED),
            descending: true,
        };
        let told = IncidentStatus::ALL
            .into_iter()
            .filter(|status| *status != IncidentStatus::Suppressed);
        for status in told {
            let items = self
                .incidents
                .table()
                .query_index(&items::BY_STATUS, status.as_str(), &range)
                .await?;
            let same = items.iter().filter(|item| {
                item.attributes.get("entity").and_then(Value::as_str) == Some(meta.entity.as_str())
                    // What is only recorded is nobody's to be told with.
                    && !item.attributes.contains_key("shadow")
            });
            let others = same.filter_map(items::parse::<Related>);
            related.extend(others.filter(|other| other.id != meta.id));
        }
        related.sort_by(|one, other| (one.first_seen, &one.id).cmp(&(other.first_seen, &other.id)));
        related.dedup_by(|one, other| one.id == other.id);
        related.truncate(MAX_RELATED);
        Ok(related)
    }

    /// Notes each beside the other, so that what is told of one names the other too.
    async fn introduce(&self, meta: &Meta, related: &[Related]) -> StepResult<()> {
        let ours = Related {
            id: meta.id.clone(),
            kind: meta.kind,
            source: meta.source,
            severity: meta.severity,
            status: meta.status,
            first_seen: meta.first_seen,
        };
        for other in related {
            for (of, noted) in [(&meta.id, other), (&other.id, &ours)] {
                let item = Item {
                    key: items::also(of, &noted.id),
                    attributes: items::attributes(noted),
                };
                let condition = None;
                let write = Write::Put { item, condition };
                self.incidents.table().write(write).await?;
            }
        }
        Ok(())
    }
}

/// The incident with which this one is told: this one only says that something is strange, the other
/// names what, and matters as much.
fn leader<'r>(meta: &Meta, related: &'r [Related]) -> Option<&'r str> {
    if meta.kind.is_named() {
        return None;
    }
    related
        .iter()
        .find(|other| other.kind.is_named() && other.severity >= meta.severity)
        .map(|other| other.id.as_str())
}
