//! `aiops evaluate`: a backtest of the detectors on labelled sessions.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use aiops_model::WindowSpec;
use aiops_model::evaluate::{
    Case, Contender, ContenderResult, EvaluateError, EvaluateOptions, LineCases, Protocol,
    ThresholdRule, TokenCases, evaluate,
};
use clap::ValueEnum;
use flate2::bufread::MultiGzDecoder;
use serde::Serialize;

use crate::error::{CommandError, Outcome};
use crate::masks::MaskArgs;
use crate::printer::{Printer, Style};
use crate::records;

/// Bytes of one line of a CSV file.
const ROW_BYTES_MAX: u64 = 4 << 20;

/// Test the detectors on sessions with labels, such as your own past incidents.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aiops evaluate --sessions sessions.csv.gz --prevalence 0.03 --splits 5\n  aiops evaluate --lines app.log.gz --key 'request=\\w+' --labels labels.csv --protocol clean\n\nFiles: sessions have the columns id,label,split,seq (template ids, separated by spaces), labels id,label,split; label is 0 or 1, split is train or test and may be missing."
)]
pub struct Args {
    /// Sessions as sequences of template ids.
    #[arg(
        long,
        value_name = "CSV",
        required_unless_present = "lines",
        conflicts_with_all = ["lines", "masks"]
    )]
    pub sessions: Option<PathBuf>,
    /// Raw lines; needs `--key` and `--labels`.
    #[arg(long, value_name = "LOG", requires = "key", requires = "labels")]
    pub lines: Option<PathBuf>,
    /// The session of a line: the first match of this expression.
    #[arg(long, value_name = "REGEX")]
    pub key: Option<String>,
    /// Labels of the sessions of `--lines`.
    #[arg(long, value_name = "CSV")]
    pub labels: Option<PathBuf>,
    /// Which parts of a message are values.
    #[command(flatten)]
    pub masks: MaskArgs,
    /// Train on everything unlabelled, or on normal sessions only.
    #[arg(long, value_enum, default_value_t = ProtocolArg::Unlabelled)]
    pub protocol: ProtocolArg,
    /// `auto` (what ships), `contamination=C` or `quantile=Q`.
    #[arg(long, default_value = "auto", value_name = "RULE")]
    pub threshold: String,
    /// True share of anomalies, if the file's differs.
    #[arg(long, value_name = "P")]
    pub prevalence: Option<f64>,
    /// How many splits: the file's, then salted ones.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub splits: u32,
    /// A detector, `ensemble`, or `all` (each alone, the ensemble, and the ensemble without each).
    #[arg(long, default_value = "all", value_name = "NAME")]
    pub detector: String,
    /// Seed of fits and samples.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// See [`Protocol`].
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ProtocolArg {
    /// With the training part's anomalies, unlabelled.
    Unlabelled,
    /// Without them.
    Clean,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    protocol: Protocol,
    threshold: &'a str,
    prevalence: Option<f64>,
    results: Vec<ContenderResult>,
}

/// Reads, evaluates and prints.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let options = EvaluateOptions {
        protocol: match args.protocol {
            ProtocolArg::Unlabelled => Protocol::Unlabelled,
            ProtocolArg::Clean => Protocol::Clean,
        },
        threshold: threshold(&args.threshold)?,
        prevalence: args.prevalence,
        splits: args.splits,
        contenders: contenders(&args.detector)?,
        seed: args.seed,
    };
    if args
        .prevalence
        .is_some_and(|share| !(share > 0.0 && share < 1.0))
    {
        return Err(CommandError::bad_key(
            "--prevalence",
            "must lie between 0 and 1",
        ));
    }
    let miner = args.masks.miner()?;
    let progress = printer.progress(None, "reading");
    let results = match (&args.sessions, &args.lines, &args.key, &args.labels) {
        (Some(sessions), ..) => {
            let cases = token_cases(sessions)?;
            evaluate(&cases, &options, |what| {
                progress.set_message(what.to_owned())
            })
        }
        (None, Some(lines), Some(key), Some(labels)) => {
            let mut cases = line_cases(lines, key, labels, printer)?;
            cases.miner = miner;
            evaluate(&cases, &options, |what| {
                progress.set_message(what.to_owned())
            })
        }
        _ => {
            return Err(CommandError::BadInput(
                "give --sessions, or --lines with --key and --labels".to_owned(),
            ));
        }
    };
    progress.finish_and_clear();
    let results = results.map_err(|error| match error {
        EvaluateError::EmptySplit { .. } => CommandError::BadInput(error.to_string()),
        other => CommandError::Failed(other.into()),
    })?;
    if args.json {
        printer.json(&Report {
            schema: "aiops.evaluate/1",
            protocol: options.protocol,
            threshold: &args.threshold,
            prevalence: args.prevalence,
            results,
        })?;
    } else {
        print(&results, printer)?;
    }
    Ok(Outcome::Done)
}

fn threshold(text: &str) -> Result<ThresholdRule, CommandError> {
    let share = |value: &str| {
        value
            .parse::<f64>()
            .ok()
            .filter(|share| (0.0..=1.0).contains(share))
            .ok_or_else(|| {
                CommandError::bad_key("--threshold", format!("`{value}` is not between 0 and 1"))
            })
    };
    match text.split_once('=') {
        None if text == "auto" => Ok(ThresholdRule::Auto),
        Some(("contamination", value)) => Ok(ThresholdRule::Contamination(share(value)?)),
        Some(("quantile", value)) => Ok(ThresholdRule::Quantile(share(value)?)),
        _ => Err(CommandError::bad_key(
            "--threshold",
            format!("`{text}` is not auto, contamination=C or quantile=Q"),
        )),
    }
}

fn contenders(name: &str) -> Result<Vec<Contender>, CommandError> {
    if name == "all" {
        return Ok(Contender::all());
    }
    let one = Contender::all()
        .into_iter()
        .find(|contender| contender.to_string() == name);
    one.map(|contender| vec![contender]).ok_or_else(|| {
        let names: Vec<String> = Contender::all()
            .into_iter()
            .filter(|contender| !matches!(contender, Contender::Without(_)))
            .map(|contender| contender.to_string())
            .collect();
        CommandError::bad_key(
            "--detector",
            format!("`{name}` is not all or one of {}", names.join(", ")),
        )
    })
}

/// A labelled row; `rest` holds the sequence.
struct Row {
    case: Case,
    sequence: String,
}

fn token_cases(path: &Path) -> Result<TokenCases, CommandError> {
    let mut cases = TokenCases::default();
    for row in rows(path, true)? {
        cases
            .tokens
            .push(row.sequence.split_whitespace().map(str::to_owned).collect());
        cases.cases.push(row.case);
    }
    Ok(cases)
}

fn line_cases(
    lines: &Path,
    key: &str,
    labels: &Path,
    printer: &Printer,
) -> Result<LineCases, CommandError> {
    let windowing = WindowSpec::Keyed {
        key: key.to_owned(),
        gap_ms: i64::MAX,
    }
    .compile()
    .map_err(|error| CommandError::bad_key("--key", error))?;
    let labels = rows(labels, false)?;
    let input = records::read(&[lines.to_owned()], None, None, printer)?;
    let mut sessions: HashMap<String, Vec<_>> = HashMap::new();
    for window in windowing.assemble(input).windows {
        if let Some(key) = window.key {
            sessions.entry(key).or_default().extend(window.records);
        }
    }
    let mut cases = LineCases::default();
    let mut absent = 0usize;
    for row in labels {
        match sessions.remove(&row.case.id) {
            Some(records) => {
                cases.cases.push(row.case);
                cases.records.push(records);
            }
            None => absent += 1,
        }
    }
    if absent + sessions.len() > 0 {
        printer.note(format!(
            "{absent} labels have no lines and {} sessions have no label: they are left out",
            sessions.len()
        ));
    }
    Ok(cases)
}

/// The rows of a CSV file with a header. Fields are plain: ids, numbers, words.
fn rows(path: &Path, with_sequence: bool) -> Result<Vec<Row>, CommandError> {
    let bad = |line: usize, problem: &str| {
        CommandError::bad_path(path, format!("line {line}: {problem}"))
    };
    let file = File::open(path).map_err(|error| CommandError::bad_path(path, error))?;
    let mut reader = BufReader::new(file);
    let gzip = reader
        .fill_buf()
        .map_err(|error| CommandError::bad_path(path, error))?
        .starts_with(&[0x1f, 0x8b]);
    let mut reader: Box<dyn BufRead> = if gzip {
        Box::new(BufReader::new(MultiGzDecoder::new(reader)))
    } else {
        Box::new(reader)
    };
    let mut columns: Option<Columns> = None;
    let mut rows = Vec::new();
    let mut text = String::new();
    for number in 1.. {
        text.clear();
        let read = reader
            .by_ref()
            .take(ROW_BYTES_MAX)
            .read_line(&mut text)
            .map_err(|error| bad(number, &error.to_string()))?;
        if read == 0 {
            break;
        }
        let fields: Vec<&str> = text.trim_end_matches(['\r', '\n']).split(',').collect();
        match &columns {
            None => columns = Some(Columns::of(&fields, with_sequence).map_err(|p| bad(1, &p))?),
            Some(_) if fields == [""] => {}
            Some(columns) => {
                rows.push(
                    columns
                        .row(&fields)
                        .map_err(|problem| bad(number, &problem))?,
                );
            }
        }
    }
    if rows.is_empty() {
        return Err(CommandError::bad_path(path, "there is no session in it"));
    }
    Ok(rows)
}

/// Which column is which.
struct Columns {
    id: usize,
    label: usize,
    split: Option<usize>,
    sequence: Option<usize>,
    count: usize,
}

impl Columns {
    fn of(header: &[&str], with_sequence: bool) -> Result<Self, String> {
        let find = |name: &str| header.iter().position(|column| *column == name);
        let need = |name: &str| find(name).ok_or_else(|| format!("there is no column `{name}`"));
        Ok(Self {
            id: need("id")?,
            label: need("label")?,
            split: find("split"),
            sequence: with_sequence.then(|| need("seq")).transpose()?,
            count: header.len(),
        })
    }

    fn row(&self, fields: &[&str]) -> Result<Row, String> {
        if fields.len() != self.count {
            return Err(format!("{} fields instead of {}", fields.len(), self.count));
        }
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        let anomalous = match field(self.label) {
            "0" => false,
            "1" => true,
            other => return Err(format!("label `{other}` is not 0 or 1")),
        };
        let in_training = match self.split.map(field) {
            None => None,
            Some("train") => Some(true),
            Some("test") => Some(false),
            Some(other) => return Err(format!("split `{other}` is not train or test")),
        };
        Ok(Row {
            case: Case {
                id: field(self.id).to_owned(),
                anomalous,
                in_training,
            },
            sequence: self.sequence.map(field).unwrap_or_default().to_owned(),
        })
    }
}

fn print(results: &[ContenderResult], printer: &Printer) -> Result<(), CommandError> {
    let heading = format!(
        "{:34} {:>6} {:>6}  {:^15} {:>9} {:>6} {:>8} {:>7} {:>6}",
        "detector", "F1", "sd", "95 %", "precision", "recall", "ROC-AUC", "PR-AUC", "KS"
    );
    printer.line(printer.styled(Style::Heading, heading))?;
    for result in results {
        printer.line(format!(
            "{:34} {:>6.3} {:>6.3}  {:.3} – {:.3}   {:>9.3} {:>6.3} {:>8.4} {:>7.4} {:>6}",
            result.detector,
            result.f1.mean,
            result.f1.sd,
            result.f1.ci95.0,
            result.f1.ci95.1,
            result.precision,
            result.recall,
            result.roc_auc,
            result.pr_auc,
            result
                .p_value_ks
                .map_or_else(String::new, |distance| format!("{distance:.3}"))
        ))?;
    }
    Ok(())
}
