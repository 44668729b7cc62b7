//! `aiops mine`: the templates of a log, and the template of each line.

use std::io::{self, Write};
use std::path::PathBuf;

use aiops_domain::Time;
use aiops_domain::categorise::Categoriser;
use aiops_domain::event_time::TimeAssumptions;
use aiops_model::mask::Masked;
use aiops_model::{LineLearner, Mined, Template, TemplateId};
use serde::Serialize;
use std::collections::BTreeMap;

use crate::error::{CommandError, Outcome};
use crate::input::{self, InputOptions};
use crate::masks::MaskArgs;
use crate::printer::{Printer, printable};

/// Find the templates of a log: which lines are one statement of a program with different values.
///
/// The header of the lines (time, level, host, process) is found by itself and left out.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aiops mine app.log\n  aiops mine app.log --masks masks.yaml\n  zcat app.log.gz | aiops mine - --json"
)]
pub struct Args {
    /// Files or directories (plain, gzip, segments, CloudWatch envelopes, CloudTrail); `-` is
    /// standard input.
    #[arg(required = true, value_name = "FILE")]
    pub paths: Vec<PathBuf>,
    /// Which parts of a message are values.
    #[command(flatten)]
    pub masks: MaskArgs,
    /// Print JSON: the template of each line, and the templates.
    #[arg(long)]
    pub json: bool,
}

/// The result as JSON, `docs/reference/interfaces.md`.
#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    lines: Vec<ReportLine>,
    templates: Vec<ReportTemplate>,
}

#[derive(Debug, Serialize)]
struct ReportLine {
    n: u64,
    template_id: TemplateId,
}

#[derive(Debug, Serialize)]
struct ReportTemplate {
    id: TemplateId,
    template: String,
    count: u64,
}

/// Learns the templates from all lines, then tells each line's.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let spooled = spool_stdin(&args.paths)?;
    let paths: Vec<PathBuf> = args
        .paths
        .iter()
        .map(|path| match &spooled {
            Some(file) if path.as_os_str() == "-" => file.path().to_owned(),
            _ => path.clone(),
        })
        .collect();
    let options = InputOptions {
        group: spooled.as_ref().map(|_| "stdin".to_owned()),
        stream: None,
        categoriser: Categoriser::new(Vec::new(), TimeAssumptions::default()),
        // Mining looks at no time; a fixed one keeps it a function of the files.
        now: Time::from_millis(i64::MAX / 2),
    };
    let mut learner = LineLearner::new(args.masks.miner()?).map_err(anyhow::Error::from)?;
    let progress = printer.progress(None, "learning templates");
    let summary = input::read(&paths, &options, &mut |line| {
        learner.learn(&line.record);
        Ok(())
    })?;
    if summary.lines == 0 {
        return Err(CommandError::BadInput(
            "the input holds no lines: give a log with text in it".into(),
        ));
    }
    let miner = learner.freeze();
    let mut masked = Masked::default();
    let mut lines = Vec::new();
    let mut templates: BTreeMap<TemplateId, (String, u64)> = BTreeMap::new();
    input::read(&paths, &options, &mut |line| {
        let template = match miner.mine_with(&line.record, &mut masked) {
            Mined::Known(position) => miner.miner().templates().get(position).cloned(),
            Mined::Unseen(template) => Some(template),
        };
        if let Some(Template { id, text, .. }) = template {
            templates.entry(id).or_insert((text, 0)).1 += 1;
            lines.push(ReportLine {
                n: line.line,
                template_id: id,
            });
        }
        Ok(())
    })?;
    progress.finish_and_clear();
    if summary.cut > 0 {
        printer.note(format!(
            "{} lines were longer than 1 MiB and were cut",
            summary.cut
        ));
    }
    let mut templates: Vec<ReportTemplate> = templates
        .into_iter()
        .map(|(id, (template, count))| ReportTemplate {
            id,
            template,
            count,
        })
        .collect();
    templates.sort_by(|a, b| {
        b.count
            .cmp(&a.count)
            .then_with(|| a.template.cmp(&b.template))
    });
    let report = Report {
        schema: "aiops.mine/1",
        lines,
        templates,
    };
    if args.json {
        printer.json(&report)?;
    } else {
        for template in &report.templates {
            printer.line(format!(
                "{:>9}  {}  {}",
                template.count,
                template.id,
                printable(&template.template)
            ))?;
        }
    }
    Ok(Outcome::Done)
}

/// Standard input is read twice as well, so it is kept in a file until the end.
fn spool_stdin(paths: &[PathBuf]) -> Result<Option<tempfile::NamedTempFile>, CommandError> {
    let count = paths.iter().filter(|path| path.as_os_str() == "-").count();
    if count == 0 {
        return Ok(None);
    }
    if count > 1 {
        return Err(CommandError::BadInput(
            "give `-` (standard input) once".into(),
        ));
    }
    let mut file = tempfile::NamedTempFile::new()?;
    io::copy(&mut io::stdin().lock(), file.as_file_mut())?;
    file.as_file_mut().flush()?;
    Ok(Some(file))
}
