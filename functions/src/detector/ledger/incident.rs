//! The writes of one transaction on an incident: findings are added (the incident is opened, opened
//! again or counted up) or amended.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use aiops_domain::finding::hex;
use aiops_domain::incident::event::{IncidentEvent, Who};
use aiops_domain::incident::lifecycle::Trigger;
use aiops_domain::{Finding, Incident, IncidentStatus, Severity, Time};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::extent::{Extent, summary_of};
use super::outbox::Start;
use super::{Ledger, Pointer, Wanted};
use crate::incidents::{items, opening_attributes};
use crate::ports::{
    Attributes, Clock, Condition, Item, PortError, PortResult, Range, Table, Write,
};

/// Actors of one write that are noted.
const ACTORS_MAX: usize = 16;

/// What the detector reads of an incident.
#[derive(Debug, Clone)]
struct Known {
    status: IncidentStatus,
    opening: u64,
    events: u64,
    /// Counts the detector's own writes: two of them on what one read cannot both happen.
    detections: i64,
    /// How many findings it has; what it says of them is of no account if there are none.
    count: u64,
    first: (Time, String),
    last_seen: Time,
    confidence: f64,
    shadow: bool,
    closed_at: Option<Time>,
}

impl Known {
    fn read(attributes: &Attributes) -> Option<Self> {
        let value = |name: &str| attributes.get(name).cloned();
        let number = |name: &str| attributes.get(name).and_then(Value::as_u64);
        let instant = |name: &str| serde_json::from_value::<Time>(value(name)?).ok();
        Some(Self {
            status: serde_json::from_value(value("status")?).ok()?,
            opening: number("opening")?,
            events: number("events")?,
            detections: value("detections")?.as_i64()?,
            count: number("count")?,
            first: (
                instant("first_seen")?,
                value("first_finding")?.as_str()?.to_owned(),
            ),
            last_seen: instant("last_seen")?,
            confidence: value("confidence")?.as_f64()?,
            shadow: value("shadow").and_then(|value| value.as_bool()) == Some(true),
            closed_at: instant("closed_at"),
        })
    }

    /// The condition that nobody wrote what a write is decided on.
    fn unchanged(&self) -> Vec<Condition> {
        vec![
            Condition::Equals("status".into(), json!(self.status)),
            Condition::Equals("opening".into(), json!(self.opening)),
            Condition::Equals("detections".into(), json!(self.detections)),
        ]
    }
}

fn confidence_of(findings: &[&Wanted<'_>]) -> f64 {
    findings
        .iter()
        .map(|wanted| 1.0 - wanted.finding.p_value)
        .filter(|confidence| confidence.is_finite())
        .fold(0.0, f64::max)
}

/// The id of an incident follows from its fingerprint and how many there were before it, so that
/// two instances that open it at once mean the same.
fn incident_id(fingerprint: &str, generation: u64) -> String {
    let text = format!("incident:{fingerprint}:{generation}");
    hex(Sha256::digest(text).get(..12).unwrap_or_default())
}

impl<T: Table, C: Clock> Ledger<'_, T, C> {
    /// Adds findings that are not there, all of one fingerprint; answers whether that opened an
    /// incident (again).
    pub(super) async fn add(
        &self,
        slot: Time,
        fingerprint: &str,
        findings: &[&Wanted<'_>],
    ) -> PortResult<bool> {
        let Some(first) = findings.first() else {
            return Ok(false);
        };
        let key = items::fingerprint(fingerprint);
        let pointer = self.table.get(&key).await?.map(|item| item.attributes);
        let generation = pointer
            .as_ref()
            .and_then(|pointer| pointer.get("generation"))
            .and_then(Value::as_u64)
            .unwrap_or(0);
        let current = pointer
            .as_ref()
            .and_then(|pointer| pointer.get("incident_id"))
            .and_then(Value::as_str);
        let known = match current {
            Some(id) => self.incident(id).await?.map(|known| (id.to_owned(), known)),
            None => None,
        };
        let (id, opened, mut writes) = match known {
            Some((id, known)) if !self.is_over(&known) => {
                let (opened, mut writes) = self.count_up(&id, &known, findings);
                let opening = known.opening + u64::from(opened);
                writes.extend(actors(&id, opening, known.detections + 1, findings));
                (id, opened, writes)
            }
            _ => {
                let id = incident_id(fingerprint, generation + 1);
                let mut writes = self.open(&id, fingerprint, first.finding, findings);
                writes.extend(actors(&id, 1, 1, findings));
                // Its condition is the incident's own: the id follows from the generation.
                writes.push(Write::Put {
                    item: Item {
                        key,
                        attributes: Attributes::from([
                            ("incident_id".into(), json!(id)),
                            ("generation".into(), json!(generation + 1)),
                        ]),
                    },
                    condition: None,
                });
                (id, true, writes)
            }
        };
        writes.insert(0, self.guard(slot));
        for wanted in findings {
            writes.push(Write::Put {
                item: self.pointer_item(slot, &id, wanted),
                condition: Some(Condition::Absent),
            });
            writes.push(put_finding(&id, wanted));
        }
        self.table.transact(writes).await?;
        Ok(opened)
    }

    /// Changes (`Some`) or retracts (`None`) findings of an incident.
    pub(super) async fn amend(
        &self,
        slot: Time,
        id: &str,
        amendments: &[(&Pointer, Option<&Wanted<'_>>)],
    ) -> PortResult<()> {
        let mut writes = vec![self.guard(slot)];
        if let Some(known) = self.incident(id).await? {
            let retracted = amendments.iter().filter(|(_, now)| now.is_none()).count();
            let retracted = i64::try_from(retracted).unwrap_or(i64::MAX);
            let mut set = self.extent_after(id, &known, amendments).await?;
            set.insert("detections".into(), json!(known.detections + 1));
            writes.push(Write::Update {
                key: items::meta(id),
                set,
                add: BTreeMap::from([("count".to_owned(), -retracted)]),
                remove: vec![],
                condition: Some(Condition::Equals(
                    "detections".into(),
                    json!(known.detections),
                )),
            });
        }
        for (pointer, now) in amendments {
            let as_read = Condition::Equals("digest".into(), json!(pointer.digest));
            match now {
                Some(wanted) => {
                    writes.push(Write::Put {
                        item: self.pointer_item(slot, id, wanted),
                        condition: Some(as_read),
                    });
                    writes.push(put_finding(id, wanted));
                }
                None => {
                    let sk = format!("finding#{}", pointer.finding_id);
                    writes.push(Write::Delete {
                        key: self.slot_key(slot, &sk),
                        condition: Some(as_read),
                    });
                    writes.push(Write::Delete {
                        key: items::finding(id, &pointer.finding_id),
                        condition: None,
                    });
                }
            }
        }
        self.table.transact(writes).await
    }

    async fn incident(&self, id: &str) -> PortResult<Option<Known>> {
        let item = self.table.get(&items::meta(id)).await?;
        item.map(|item| {
            Known::read(&item.attributes).ok_or_else(|| PortError::Permanent {
                what: format!("incident {id}"),
                detail: "its item is malformed".into(),
            })
        })
        .transpose()
    }

    /// Whether a further finding belongs to a new incident.
    fn is_over(&self, known: &Known) -> bool {
        known.status.is_terminal()
            && known
                .closed_at
                .is_none_or(|closed_at| self.clock.now().millis_since(closed_at) > self.reopen_ms)
    }

    fn open(
        &self,
        id: &str,
        fingerprint: &str,
        first: &Finding,
        findings: &[&Wanted<'_>],
    ) -> Vec<Write> {
        let now = self.clock.now();
        let Some(extent) = Extent::of(findings.iter().map(|wanted| wanted.finding)) else {
            return Vec::new();
        };
        let incident = Incident {
            id: id.to_owned(),
            fingerprint: fingerprint.to_owned(),
            source: first.source,
            entity: first.entity.clone(),
            kind: first.kind,
            severity: self.severity(first),
            status: IncidentStatus::Open,
            count: findings.len() as u64,
            first_seen: extent.first.0,
            last_seen: extent.last_seen,
            summary: summary_of(first),
            finding_ids: vec![],
            actions: vec![],
        };
        let mut attributes = opening_attributes(&incident, confidence_of(findings));
        attributes.extend(extent.attributes());
        attributes.insert("events".into(), json!(1));
        attributes.insert("detections".into(), json!(1));
        attributes.insert("opened_at".into(), json!(now));
        if self.shadow {
            attributes.insert("shadow".into(), json!(true));
        }
        let event = self.event(1, 1, None, IncidentStatus::Open, &incident.summary);
        let mut writes = vec![
            Write::Put {
                item: Item {
                    key: items::meta(id),
                    attributes,
                },
                condition: Some(Condition::Absent),
            },
            Write::Put {
                item: Item {
                    key: items::event(id, 1),
                    attributes: items::attributes(&event),
                },
                condition: None,
            },
        ];
        writes.extend(self.start(id, 1));
        writes
    }

    /// Adds to an incident that is not over, and opens it again if it had ended. A suppressed one
    /// stays so: it is what the suppression is for.
    fn count_up(&self, id: &str, known: &Known, findings: &[&Wanted<'_>]) -> (bool, Vec<Write>) {
        let Some(first) = findings.first().map(|wanted| wanted.finding) else {
            return (false, vec![]);
        };
        let mut set = Attributes::new();
        if let Some(mut extent) = Extent::of(findings.iter().map(|wanted| wanted.finding)) {
            if known.count > 0 {
                if known.first < extent.first {
                    extent.first = known.first.clone();
                    extent.summary = None;
                }
                extent.last_seen = extent.last_seen.max(known.last_seen);
            }
            set = extent.attributes();
        }
        set.insert("detections".into(), json!(known.detections + 1));
        let confidence = confidence_of(findings).max(known.confidence);
        set.insert("confidence".into(), json!(confidence));
        let mut unchanged = known.unchanged();
        let (mut remove, mut others) = (vec![], vec![]);
        let ended = known.status.is_terminal() && known.status != IncidentStatus::Suppressed;
        let opening = known.opening + u64::from(ended);
        if ended {
            let n = known.events + 1;
            let why = format!("{} more findings of the same cause", findings.len());
            let event = self.event(n, opening, Some(Trigger::Reopen), known.status, &why);
            unchanged.push(Condition::Equals("events".into(), json!(known.events)));
            set.extend([
                ("status".to_owned(), json!(IncidentStatus::Open)),
                ("status_key".to_owned(), json!(IncidentStatus::Open)),
                ("opening".to_owned(), json!(opening)),
                ("events".to_owned(), json!(n)),
            ]);
            remove.extend(["closed_at".to_owned(), "outcome".to_owned()]);
            others.push(Write::Put {
                item: Item {
                    key: items::event(id, n),
                    attributes: items::attributes(&event),
                },
                condition: None,
            });
        }
        // What was found in shadow is called out once the detector is trusted.
        let trusted = known.shadow && !self.shadow;
        if trusted {
            set.insert("severity".into(), json!(self.severity(first)));
            remove.push("shadow".to_owned());
        }
        if ended || trusted {
            others.extend(self.start(id, opening));
        }
        let update = Write::Update {
            key: items::meta(id),
            set,
            add: BTreeMap::from([(
                "count".to_owned(),
                i64::try_from(findings.len()).unwrap_or(i64::MAX),
            )]),
            remove,
            condition: Some(Condition::All(unchanged)),
        };
        others.insert(0, update);
        (ended, others)
    }

    /// The workflow of an opening; none in shadow.
    fn start(&self, id: &str, opening: u64) -> Option<Write> {
        (!self.shadow).then(|| {
            Start {
                incident_id: id.to_owned(),
                opening,
            }
            .pending()
        })
    }

    fn severity(&self, finding: &Finding) -> Severity {
        if self.shadow {
            Severity::Low
        } else {
            finding.kind.severity()
        }
    }

    fn event(
        &self,
        n: u64,
        opening: u64,
        trigger: Option<Trigger>,
        from: IncidentStatus,
        why: &str,
    ) -> IncidentEvent {
        IncidentEvent {
            n,
            opening,
            at: self.clock.now(),
            who: Who::system(self.component),
            trigger,
            from,
            to: IncidentStatus::Open,
            why: why.to_owned(),
        }
    }

    /// What the incident says of its findings once these are amended. Its findings are read only
    /// if one of those that bound it changes.
    async fn extent_after(
        &self,
        id: &str,
        known: &Known,
        amendments: &[(&Pointer, Option<&Wanted<'_>>)],
    ) -> PortResult<Attributes> {
        let bounds = |pointer: &Pointer| {
            pointer.finding_id == known.first.1 || pointer.end == known.last_seen
        };
        let now: HashMap<&str, Option<&Wanted<'_>>> = amendments
            .iter()
            .map(|(pointer, now)| (pointer.finding_id.as_str(), *now))
            .collect();
        if !amendments.iter().any(|(pointer, _)| bounds(pointer)) {
            let last_seen = now
                .values()
                .flatten()
                .map(|wanted| wanted.finding.window.end)
                .fold(known.last_seen, Time::max);
            return Ok(Attributes::from([("last_seen".into(), json!(last_seen))]));
        }
        let range = Range {
            from: Some("finding#".into()),
            to: Some("finding#~".into()),
            ..Range::default()
        };
        let stored = self.table.query(&items::partition(id), &range).await?;
        let stored: Vec<Finding> = stored.iter().filter_map(items::finding_of).collect();
        let remaining = stored
            .iter()
            .filter(|finding| !now.contains_key(finding.id.as_str()))
            .chain(now.values().flatten().map(|wanted| wanted.finding));
        // Without any finding left it keeps saying what it was about.
        Ok(Extent::of(remaining).map_or_else(Attributes::new, Extent::attributes))
    }
}

/// Who is behind the findings of one write, for whoever answers this opening: the strangest finding of
/// each actor. Nothing if none names one.
fn actors(id: &str, opening: u64, write: i64, findings: &[&Wanted<'_>]) -> Option<Write> {
    let mut named: Vec<(&Finding, IpAddr)> = findings
        .iter()
        .filter_map(|wanted| Some((wanted.finding, wanted.finding.actor?)))
        .collect();
    named.sort_by(|(one, _), (other, _)| {
        let strangest = one.p_value.total_cmp(&other.p_value);
        strangest.then_with(|| one.id.cmp(&other.id))
    });
    let mut seen = HashSet::new();
    named.retain(|(_, actor)| seen.insert(*actor));
    let ids: Vec<&str> = named
        .iter()
        .take(ACTORS_MAX)
        .map(|(finding, _)| finding.id.as_str())
        .collect();
    (!ids.is_empty()).then(|| Write::Put {
        item: Item {
            key: items::actors(id, opening, write),
            attributes: Attributes::from([("finding_ids".into(), json!(ids))]),
        },
        condition: None,
    })
}

fn put_finding(id: &str, wanted: &Wanted<'_>) -> Write {
    Write::Put {
        item: Item {
            key: items::finding(id, &wanted.finding.id),
            // The very text that the digest is of.
            attributes: Attributes::from([("finding".into(), json!(wanted.json))]),
        },
        condition: None,
    }
}
