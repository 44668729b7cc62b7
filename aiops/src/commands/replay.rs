//! `aiops replay`: rebuild records and incidents of a time range from the raw archive, and compare.

use std::collections::{BTreeMap, BTreeSet};

use aiops_domain::config::{AppenderConfig, DetectorConfig};
use aiops_domain::{IncidentStatus, Source, Time};
use aiops_functions::adapters::{DynamoDbTable, S3, SystemClock};
use aiops_functions::detector::model::{PointedModels, PointerSettings};
use aiops_functions::detector::trained::TrainedModel;
use aiops_functions::incidents::{Incidents, items};
use aiops_functions::ports::{Range, Table};
use aiops_functions::replay::{self, Rebuilt, Request};
use aiops_model::WindowSpec;
use serde::Serialize;

use crate::deployed::{Deployed, StackArgs};
use crate::error::{CommandError, Outcome};
use crate::printer::Printer;

/// Findings of one incident that are compared.
const FINDINGS_MAX: usize = 100_000;

/// Rebuild the records and incidents of a time range from the raw archive, into a new generation.
///
/// The segments of the generation lie below generations/NAME/ in the bucket of segments; what is live
/// is read and never changed; what metrics say is neither rebuilt nor compared. Exit status 1 if what was
/// rebuilt is not what is live.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops replay --stack local --from 2026-08-01T12:00:00Z --to 2026-08-01T13:00:00Z
  aiops replay --stack prod --from 2026-08-01T00:00:00Z --to 2026-08-02T00:00:00Z --generation audit-7 --json")]
pub struct Args {
    /// The stack.
    #[arg(long)]
    pub stack: String,
    /// Event times from this one on (RFC 3339).
    #[arg(long, value_parser = time)]
    pub from: Time,
    /// Event times before this one (RFC 3339).
    #[arg(long, value_parser = time)]
    pub to: Time,
    /// The generation's name: letters, digits and `-`; one of the present without it.
    #[arg(long, value_parser = generation)]
    pub generation: Option<String>,
    /// The result as JSON.
    #[arg(long)]
    pub json: bool,
}

fn time(text: &str) -> Result<Time, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no time; write 2026-08-01T12:00:00Z"))
}

fn generation(text: &str) -> Result<String, String> {
    let form = (1..=64).contains(&text.len())
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    if form {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not 1 to 64 letters, digits and `-`"))
    }
}

#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    generation: String,
    from: Time,
    to: Time,
    raw_objects: u64,
    unreadable_objects: u64,
    segments: u64,
    records: Compared,
    incidents: Compared,
    findings: Compared,
    same: bool,
}

/// Two sets by their sizes and differences.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Compared {
    rebuilt: usize,
    live: usize,
    /// Live and not rebuilt; the first hundred.
    missing: Vec<String>,
    /// Rebuilt and not live; the first hundred.
    extra: Vec<String>,
}

impl Compared {
    fn of(rebuilt: &BTreeSet<String>, live: &BTreeSet<String>) -> Self {
        let some = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
            one.difference(other).take(100).cloned().collect()
        };
        Self {
            rebuilt: rebuilt.len(),
            live: live.len(),
            missing: some(live, rebuilt),
            extra: some(rebuilt, live),
        }
    }

    const fn is_same(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty()
    }
}

/// Rebuilds, compares and prints.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    if args.from >= args.to {
        return Err(CommandError::bad_key("--to", "it is not after --from"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(replayed(&args))?;
    if args.json {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    if report.same {
        Ok(Outcome::Done)
    } else {
        Ok(Outcome::NotOk)
    }
}

async fn replayed(args: &Args) -> Result<Report, CommandError> {
    let deployed = Deployed::open(&StackArgs::named(&args.stack)).await?;
    let appender: AppenderConfig = deployed.configuration("log-appender").await?;
    let detector: DetectorConfig = deployed.configuration("anomaly-detector").await?;
    let store = S3::new(&deployed.sdk);
    let now = aiops_functions::ports::Clock::now(&SystemClock);
    let request = Request {
        raw_bucket: deployed.text("rawBucket")?.to_owned(),
        from: args.from,
        to: args.to,
        generation: args
            .generation
            .clone()
            .unwrap_or_else(|| format!("{:013}", now.as_millis())),
    };
    let settings = PointerSettings {
        parameter: detector.model_parameter.clone(),
        reread_ms: i64::MAX,
        bytes_max: detector.limits.model_bytes_max,
        shadow: detector.shadow,
        untrained_window: WindowSpec::Tumbling {
            length_ms: i64::from(detector.untrained_window_seconds) * 1000,
        },
        untrained_flow_format: detector.flow_format.clone(),
    };
    let models: PointedModels<_, _, _, TrainedModel> = PointedModels::new(
        deployed.client.clone(),
        store.clone(),
        SystemClock,
        settings,
    );
    let segments_bucket = appender.segments_bucket.clone();
    let table = DynamoDbTable::new(&deployed.sdk, &detector.incidents_table);
    let rebuilt = replay::rebuild(&store, &request, appender, detector, models, SystemClock)
        .await
        .map_err(anyhow::Error::from)?;
    let records = replay::live_records(&store, &segments_bucket, &request)
        .await
        .map_err(anyhow::Error::from)?;
    let live = live_findings(table, &request).await?;
    Ok(report(&request, &rebuilt, &records, &live))
}

fn report(
    request: &Request,
    rebuilt: &Rebuilt,
    records: &BTreeSet<String>,
    live: &BTreeMap<String, BTreeSet<String>>,
) -> Report {
    let keys = |findings: &BTreeMap<String, BTreeSet<String>>| findings.keys().cloned().collect();
    let all = |findings: &BTreeMap<String, BTreeSet<String>>| {
        let ids = findings
            .iter()
            .flat_map(|(fingerprint, ids)| ids.iter().map(move |id| format!("{fingerprint}/{id}")));
        ids.collect()
    };
    let found: BTreeMap<String, BTreeSet<String>> = rebuilt
        .findings
        .iter()
        .map(|(fingerprint, findings)| (fingerprint.clone(), findings.keys().cloned().collect()))
        .collect();
    let records = Compared::of(&rebuilt.records, records);
    let incidents = Compared::of(&keys(&found), &keys(live));
    let findings = Compared::of(&all(&found), &all(live));
    Report {
        schema: "aiops.replay/1",
        generation: request.generation.clone(),
        from: request.from,
        to: request.to,
        raw_objects: rebuilt.raw_objects,
        unreadable_objects: rebuilt.unreadable_objects,
        segments: rebuilt.segments,
        same: records.is_same() && incidents.is_same() && findings.is_same(),
        records,
        incidents,
        findings,
    }
}

/// The ids of the live findings of the range, by fingerprint.
async fn live_findings(
    table: DynamoDbTable,
    request: &Request,
) -> Result<BTreeMap<String, BTreeSet<String>>, CommandError> {
    let failed = |error: aiops_functions::ports::PortError| CommandError::Failed(error.into());
    let incidents = Incidents::new(table);
    let mut live: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for status in IncidentStatus::ALL {
        // Last seen after the beginning: what ended before it has nothing in the range.
        let range = Range {
            from: Some(request.from.to_string()),
            ..Range::default()
        };
        let found = incidents
            .table()
            .query_index(&items::BY_STATUS, status.as_str(), &range)
            .await
            .map_err(failed)?;
        for item in found {
            let Some(id) = item.key.pk.strip_prefix("incident#") else {
                continue;
            };
            let meta = incidents
                .meta(id)
                .await
                .map_err(|error| CommandError::Failed(error.into()))?;
            // Metrics are no lines: their own archive is the record.
            if meta.source == Source::Metrics {
                continue;
            }
            let findings = incidents.findings(id, FINDINGS_MAX).await.map_err(failed)?;
            let inside = findings
                .into_iter()
                .filter(|finding| request.covers(finding));
            let ids: Vec<String> = inside.map(|finding| finding.id).collect();
            if !ids.is_empty() {
                live.entry(meta.incident.fingerprint)
                    .or_default()
                    .extend(ids);
            }
        }
    }
    Ok(live)
}

fn print(report: &Report, printer: &Printer) -> Result<(), CommandError> {
    printer.line(format_args!(
        "generation {}: {} objects of the archive, {} segments",
        report.generation, report.raw_objects, report.segments
    ))?;
    for (name, compared) in [
        ("records", &report.records),
        ("incidents", &report.incidents),
        ("findings", &report.findings),
    ] {
        printer.line(format_args!(
            "{name:<10} {} rebuilt, {} live, {} missing, {} extra",
            compared.rebuilt,
            compared.live,
            compared.missing.len(),
            compared.extra.len()
        ))?;
    }
    if report.unreadable_objects > 0 {
        printer.line(format_args!(
            "{} objects of the archive are unreadable",
            report.unreadable_objects
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_compared_by_what_they_hold() {
        let set = |ids: &[&str]| {
            ids.iter()
                .map(|id| (*id).to_owned())
                .collect::<BTreeSet<_>>()
        };
        assert!(Compared::of(&set(&["a", "b"]), &set(&["b", "a"])).is_same());
        let compared = Compared::of(&set(&["a", "x"]), &set(&["a", "b"]));
        assert_eq!(
            (compared.missing, compared.extra),
            (vec!["b".to_owned()], vec!["x".to_owned()])
        );
    }

    #[test]
    fn a_generation_cannot_leave_its_place() {
        assert!(generation("audit-7").is_ok());
        for text in ["", "a/b", "..", "a b"] {
            assert!(generation(text).is_err(), "{text}");
        }
    }
}
