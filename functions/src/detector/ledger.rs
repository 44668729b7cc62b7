//! What was found, written down: the findings of a region's windows, each counted once in its
//! incident, and those retracted that are no more.
//!
//! Windows whose starts lie in one slot share a guard, an item that holds the revision by which the
//! slot was decided last. A pass raises the guards of its slots to its own revision before it looks
//! at what is written there, and each of its transactions checks that the guard is still its own: a
//! pass that knows less than another writes nothing after it. Passes of one revision know the same
//! and write the same; that a finding's pointer is absent (or as it was read) is a condition of the
//! transaction that counts it, so it is counted once.

use std::collections::{BTreeMap, HashMap};

use aiops_domain::finding::hex;
use aiops_domain::incident::FingerprintField;
use aiops_domain::{Finding, Incident, Source, Time};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::index::sortable;
use super::region::{Claim, Region, slot_of};
use crate::ports::{
    Attributes, Clock, Condition, Item, ItemKey, PortError, PortResult, Range, Table, Write,
};

mod extent;
mod incident;
mod outbox;
mod stored;

pub use outbox::{Start, start_pending};

/// Findings of one transaction: a pointer and the finding itself are two writes of at most 100, and
/// the guard, the incident, its event, its fingerprint, its actors and the start of its workflow are six.
const FINDINGS_MAX: usize = 47;

/// Bytes of findings in one transaction of at most 4 MiB.
const TRANSACTION_BYTES_MAX: usize = 2 << 20;

/// Tries of a slot whose items others keep writing.
const MAX_TRIES: usize = 64;

/// How a pass ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Everything is written.
    Written(Changes),
    /// Somebody who knows more was here: read again what there is, and decide again.
    Stale,
}

/// What a pass changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes {
    /// Findings that are new.
    pub added: u64,
    /// Findings that are no more.
    pub retracted: u64,
    /// Findings whose content changed.
    pub changed: u64,
    /// Incidents that were opened, also again.
    pub opened: u64,
}

impl Changes {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            added: self.added + other.added,
            retracted: self.retracted + other.retracted,
            changed: self.changed + other.changed,
            opened: self.opened + other.opened,
        }
    }
}

/// Writes what passes decide.
#[derive(Debug)]
pub struct Ledger<'a, T, C> {
    /// The incidents table.
    pub table: &'a T,
    /// The present.
    pub clock: &'a C,
    /// The function's name in the log of an incident.
    pub component: &'static str,
    /// The source.
    pub source: Source,
    /// The revision that the pass read before it read the index.
    pub revision: i64,
    /// Whether findings are only recorded.
    pub shadow: bool,
    /// By which fields findings belong to one incident.
    pub fingerprint_fields: &'a [FingerprintField],
    /// How long after its end an incident is opened again, in milliseconds.
    pub reopen_ms: i64,
    /// How long guards are kept, in days.
    pub state_days: u32,
}

/// A finding as its slot knows it.
#[derive(Debug, Clone)]
struct Pointer {
    finding_id: String,
    incident_id: String,
    fingerprint: String,
    group: String,
    start: Time,
    end: Time,
    digest: String,
}

/// A finding that is to be written.
#[derive(Debug)]
struct Wanted<'f> {
    finding: &'f Finding,
    fingerprint: String,
    json: String,
    digest: String,
}

impl<T: Table, C: Clock> Ledger<'_, T, C> {
    /// Writes the findings of a region (those that are anomalous) and retracts what its claims
    /// cover and `findings` does not hold.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn settle(&self, region: &Region, findings: &[Finding]) -> PortResult<Settled> {
        let claims = Claims::new(&region.claims);
        let stored: Vec<Finding> = findings.iter().map(stored::bounded).collect();
        let mut by_slot: BTreeMap<Time, Vec<Wanted<'_>>> = BTreeMap::new();
        for finding in &stored {
            by_slot
                .entry(slot_of(finding.window.start))
                .or_default()
                .push(Wanted::new(finding, self.fingerprint_fields));
        }
        let mut changes = Changes::default();
        for slot in &region.slots {
            let wanted = by_slot.remove(slot).unwrap_or_default();
            match self.settle_slot(*slot, &claims, &wanted).await? {
                Settled::Written(some) => changes = changes.plus(some),
                Settled::Stale => return Ok(Settled::Stale),
            }
        }
        Ok(Settled::Written(changes))
    }

    async fn settle_slot(
        &self,
        slot: Time,
        claims: &Claims<'_>,
        wanted: &[Wanted<'_>],
    ) -> PortResult<Settled> {
        if !self.raise_guard(slot).await? {
            return Ok(Settled::Stale);
        }
        let mut changes = Changes::default();
        for _ in 0..MAX_TRIES {
            let known = self.known(slot).await?;
            match self
                .reconcile(slot, claims, wanted, known, &mut changes)
                .await
            {
                Ok(()) => return Ok(Settled::Written(changes)),
                // The guard is the first write of every transaction.
                Err(PortError::Conflict { failed, .. }) if failed.contains(&0) => {
                    return Ok(Settled::Stale);
                }
                Err(PortError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(PortError::Transient {
            what: format!("the findings of {} from {slot}", self.source),
            detail: "others keep writing them".into(),
        })
    }

    async fn raise_guard(&self, slot: Time) -> PortResult<bool> {
        let write = Write::Update {
            key: self.slot_key(slot, "guard"),
            set: Attributes::from([
                ("revision".into(), json!(self.revision)),
                ("expires".into(), json!(self.expires())),
            ]),
            add: BTreeMap::new(),
            remove: vec![],
            condition: Some(Condition::Any(vec![
                Condition::Missing("revision".into()),
                Condition::AtMost("revision".into(), self.revision),
            ])),
        };
        match self.table.write(write).await {
            Ok(()) => Ok(true),
            Err(PortError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn guard(&self, slot: Time) -> Write {
        Write::Check {
            key: self.slot_key(slot, "guard"),
            condition: Condition::Equals("revision".into(), json!(self.revision)),
        }
    }

    fn expires(&self) -> i64 {
        self.clock.now().as_millis() / 1000 + i64::from(self.state_days) * 86_400
    }

    fn slot_key(&self, slot: Time, sk: &str) -> ItemKey {
        ItemKey::new(format!("slot#{}#{}", self.source, sortable(slot)), sk)
    }

    async fn known(&self, slot: Time) -> PortResult<Vec<Pointer>> {
        let range = Range {
            from: Some("finding#".into()),
            to: Some("finding#~".into()),
            ..Range::default()
        };
        let pk = self.slot_key(slot, "").pk;
        let items = self.table.query(&pk, &range).await?;
        items
            .into_iter()
            .map(|item| {
                Pointer::read(&item).ok_or_else(|| PortError::Permanent {
                    what: format!("{pk}/{}", item.key.sk),
                    detail: "a finding's pointer is malformed".into(),
                })
            })
            .collect()
    }

    async fn reconcile(
        &self,
        slot: Time,
        claims: &Claims<'_>,
        wanted: &[Wanted<'_>],
        known: Vec<Pointer>,
        changes: &mut Changes,
    ) -> PortResult<()> {
        let known_by_id: HashMap<&str, &Pointer> = known
            .iter()
            .map(|pointer| (pointer.finding_id.as_str(), pointer))
            .collect();
        let wanted_by_id: HashMap<&str, &Wanted<'_>> = wanted
            .iter()
            .map(|wanted| (wanted.finding.id.as_str(), wanted))
            .collect();
        let mut amended: BTreeMap<&str, Vec<(&Pointer, Option<&Wanted<'_>>)>> = BTreeMap::new();
        for pointer in &known {
            let now = wanted_by_id.get(pointer.finding_id.as_str()).copied();
            let amendment = match now {
                Some(now) if now.fingerprint == pointer.fingerprint => {
                    (now.digest != pointer.digest).then_some(Some(now))
                }
                // It looks like something else now: out of the one incident, into another below.
                Some(_) => Some(None),
                None => claims.cover(pointer).then_some(None),
            };
            if let Some(amendment) = amendment {
                amended
                    .entry(&pointer.incident_id)
                    .or_default()
                    .push((pointer, amendment));
            }
        }
        for (incident_id, amendments) in amended {
            let mut rest = amendments.as_slice();
            while !rest.is_empty() {
                let bytes = rest
                    .iter()
                    .map(|(_, now)| now.map_or(0, |wanted| wanted.json.len()));
                let (some, others) = rest.split_at(fitting(bytes));
                rest = others;
                self.amend(slot, incident_id, some).await?;
                let retracted = some.iter().filter(|(_, now)| now.is_none()).count() as u64;
                changes.retracted += retracted;
                changes.changed += some.len() as u64 - retracted;
            }
        }
        let mut added: BTreeMap<&str, Vec<&Wanted<'_>>> = BTreeMap::new();
        for wanted in wanted {
            let there = known_by_id
                .get(wanted.finding.id.as_str())
                .is_some_and(|pointer| pointer.fingerprint == wanted.fingerprint);
            if !there {
                added.entry(&wanted.fingerprint).or_default().push(wanted);
            }
        }
        for (fingerprint, mut findings) in added {
            findings.sort_by_key(|wanted| (wanted.finding.window.start, &wanted.finding.id));
            let mut rest = findings.as_slice();
            while !rest.is_empty() {
                let bytes = rest.iter().map(|wanted| wanted.json.len());
                let (some, others) = rest.split_at(fitting(bytes));
                let opened = self.add(slot, fingerprint, some).await?;
                changes.added += some.len() as u64;
                changes.opened += u64::from(opened);
                rest = others;
            }
        }
        Ok(())
    }

    fn pointer_item(&self, slot: Time, incident_id: &str, wanted: &Wanted<'_>) -> Item {
        let finding = wanted.finding;
        Item {
            key: self.slot_key(slot, &format!("finding#{}", finding.id)),
            attributes: Attributes::from([
                ("incident_id".into(), json!(incident_id)),
                ("fingerprint".into(), json!(wanted.fingerprint)),
                ("group".into(), json!(group_of(finding))),
                ("start".into(), json!(finding.window.start.as_millis())),
                ("end".into(), json!(finding.window.end.as_millis())),
                ("digest".into(), json!(wanted.digest)),
                ("expires".into(), json!(self.expires())),
            ]),
        }
    }
}

/// How many findings of these sizes one transaction takes, at least one.
fn fitting(sizes: impl Iterator<Item = usize>) -> usize {
    let mut bytes = 0;
    let fit = sizes
        .take(FINDINGS_MAX)
        .take_while(|size| {
            bytes += size;
            bytes <= TRANSACTION_BYTES_MAX
        })
        .count();
    fit.max(1)
}

fn group_of(finding: &Finding) -> &str {
    finding.key.as_deref().unwrap_or(&finding.entity)
}

impl<'f> Wanted<'f> {
    fn new(finding: &'f Finding, fields: &[FingerprintField]) -> Self {
        let json = json!(finding).to_string();
        Self {
            finding,
            fingerprint: Incident::fingerprint_by(
                fields,
                finding.source,
                &finding.entity,
                finding.kind,
            ),
            digest: hex(Sha256::digest(&json).get(..16).unwrap_or_default()),
            json,
        }
    }
}

impl Pointer {
    fn read(item: &Item) -> Option<Self> {
        let text = |name: &str| Some(item.attributes.get(name)?.as_str()?.to_owned());
        let instant = |name: &str| {
            let millis = item.attributes.get(name).and_then(Value::as_i64)?;
            Some(Time::from_millis(millis))
        };
        Some(Self {
            finding_id: item.key.sk.strip_prefix("finding#")?.to_owned(),
            incident_id: text("incident_id")?,
            fingerprint: text("fingerprint")?,
            group: text("group")?,
            start: instant("start")?,
            end: instant("end")?,
            digest: text("digest")?,
        })
    }
}

/// Claims, to be asked by group.
struct Claims<'c> {
    of_all: Vec<&'c Claim>,
    of_group: HashMap<&'c str, Vec<&'c Claim>>,
}

impl<'c> Claims<'c> {
    fn new(claims: &'c [Claim]) -> Self {
        let mut of_group: HashMap<&str, Vec<&Claim>> = HashMap::new();
        let mut of_all = Vec::new();
        for claim in claims {
            match &claim.group {
                None => of_all.push(claim),
                Some(group) => of_group.entry(group).or_default().push(claim),
            }
        }
        Self { of_all, of_group }
    }

    fn cover(&self, pointer: &Pointer) -> bool {
        let inside = |claim: &&Claim| claim.from <= pointer.start && pointer.start <= claim.to;
        self.of_all.iter().any(inside)
            || self
                .of_group
                .get(pointer.group.as_str())
                .is_some_and(|claims| claims.iter().any(inside))
    }
}
