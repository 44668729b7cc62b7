//! Reads incidents and findings as the stack wrote them.

use std::collections::BTreeSet;

use aiops_domain::{Finding, Incident};
use aiops_functions::adapters::{DynamoDbTable, sdk};
use aiops_functions::incidents::{ActionRecord, Incidents};
use serde_json::{Value, json};

use crate::local::aws::{Aws, DYNAMODB, REGION};

/// Findings of an incident that are read: more than any file gives that the local cloud takes.
const FINDINGS_MAX: usize = 1_000_000;

/// The incidents of a stack on the local cloud.
#[derive(Debug)]
pub struct IncidentReader {
    aws: Aws,
    table: String,
    incidents: Incidents<DynamoDbTable>,
}

/// How much there is so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Incidents.
    pub incidents: usize,
    /// Findings of incidents.
    pub findings: usize,
}

impl IncidentReader {
    /// A reader of the table of this name.
    pub async fn new(aws: &Aws, table: &str) -> Self {
        let config = sdk::load_local(aws.endpoint(), REGION).await;
        Self {
            aws: aws.clone(),
            table: table.to_owned(),
            incidents: Incidents::new(DynamoDbTable::new(&config, table)),
        }
    }

    /// Every incident, by the start of what it is about, with the findings behind them.
    pub async fn all(&self) -> anyhow::Result<(Vec<Incident>, Vec<Finding>)> {
        let mut incidents = Vec::new();
        let mut findings = Vec::new();
        for id in self.ids().await? {
            incidents.push(self.incidents.incident(&id).await?);
            findings.extend(self.incidents.findings(&id, FINDINGS_MAX).await?);
        }
        incidents.sort_by(|one, other| {
            (one.first_seen, &one.entity, &one.id).cmp(&(
                other.first_seen,
                &other.entity,
                &other.id,
            ))
        });
        findings.sort_by(|one, other| {
            (one.window, &one.entity, &one.id).cmp(&(other.window, &other.entity, &other.id))
        });
        findings.dedup_by(|one, other| one.id == other.id);
        Ok((incidents, findings))
    }

    /// The actions of an incident.
    pub async fn actions(&self, incident_id: &str) -> anyhow::Result<Vec<ActionRecord>> {
        Ok(self.incidents.actions(incident_id).await?)
    }

    /// How much there is so far.
    pub async fn counts(&self) -> anyhow::Result<Counts> {
        let mut counts = Counts::default();
        for (pk, sk) in self.keys().await? {
            if pk.starts_with("incident#") {
                counts.incidents += usize::from(sk == "meta");
                counts.findings += usize::from(sk.starts_with("finding#"));
            }
        }
        Ok(counts)
    }

    async fn ids(&self) -> anyhow::Result<BTreeSet<String>> {
        Ok(self
            .keys()
            .await?
            .into_iter()
            .filter(|(_, sk)| sk == "meta")
            .filter_map(|(pk, _)| pk.strip_prefix("incident#").map(str::to_owned))
            .collect())
    }

    /// Every key of the table. A scan: the table of a demonstration is small.
    async fn keys(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut keys = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({"TableName": self.table, "ProjectionExpression": "pk, sk"});
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let mut answer = self.aws.json(DYNAMODB, "Scan", request).await?;
            for item in answer["Items"].as_array().into_iter().flatten() {
                if let (Some(pk), Some(sk)) = (item["pk"]["S"].as_str(), item["sk"]["S"].as_str()) {
                    keys.push((pk.to_owned(), sk.to_owned()));
                }
            }
            start = answer["LastEvaluatedKey"].take();
            if start.is_null() {
                return Ok(keys);
            }
        }
    }
}
