//! `aiops demo`: the whole path on this machine, from a log line to a notified, remediated incident,
//! through the code that is deployed to AWS.

pub mod answers;
pub mod incidents;
pub mod judge;
pub mod latency;
pub mod learn;
pub mod logs;
pub mod measure;
pub mod on_call;
pub mod places;
pub mod read_back;
pub mod receiver;
pub mod remediation;
pub mod report;
pub mod sagemaker;
pub mod settle;
pub mod state;
pub mod stream;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use aiops_domain::{Source, Time};
use aiops_infra::config::StackConfig;
use aiops_model::rules::RuleConfig;
use aiops_model::{AlarmTarget, TrainOptions, WindowSpec};
use anyhow::Context as _;

use crate::demo::incidents::IncidentReader;
use crate::demo::latency::Clockwork;
use crate::demo::measure::Meter;
use crate::demo::on_call::OnCall;
use crate::demo::places::Places;
use crate::demo::read_back::Lines;
use crate::demo::receiver::Receiver;
use crate::demo::remediation::Remediation;
use crate::demo::report::{Metrics, Report};
use crate::demo::state::{Observer, Snapshot};
use crate::demo::stream::{Pace, Streamer};
use crate::error::CommandError;
use crate::local::aws::REGION;
use crate::local::cloud::{LocalCloud, Options as CloudOptions};
use crate::local::stack;
use crate::masks;
use crate::package::build::{outside_of_project, workspace_root};
use crate::printer::Printer;
use crate::workload::measured::measure;
use crate::workload::{self, Label, LogEvent, Settings, Workload};

/// Event time passes so many times as fast as the clock on the wall.
const SPEED: f64 = 40.0;
/// Lines are handed over in slices of so much event time.
const SLICE_MILLIS: i64 = 60_000;
/// Minutes for training.
const QUIET_MINUTES: u32 = 150;
/// Minutes with the incidents.
const LIVE_MINUTES: u32 = 26;
/// Length of the windows that are learnt from and scored.
const WINDOW_SECONDS: u32 = 60;
/// The workload starts at a whole ten minutes, so that its windows are the same at every run.
const ALIGNMENT_MILLIS: i64 = 600_000;

/// What to show.
#[derive(Debug, Clone)]
pub struct Options {
    /// Working directory.
    pub home: PathBuf,
    /// Of the workload.
    pub seed: u64,
    /// Whether the static rules take part; otherwise the learned detectors are alone.
    pub rules: bool,
    /// Whether the cloud stays.
    pub keep: bool,
    /// Whether the model comes from a training job and is asked through an endpoint.
    pub sagemaker: bool,
    /// The present.
    pub now: Time,
}

/// The configuration of the stack that is shown, and the project that it is in.
pub fn stack_config(options: &Options) -> Result<StackConfig, CommandError> {
    let workspace = workspace_root(&options.home).ok_or_else(outside_of_project)?;
    stack::config(&workspace)
}

/// A demonstration under way.
pub struct Demo<'a> {
    options: &'a Options,
    printer: &'a Printer,
    cloud: LocalCloud,
    config: StackConfig,
    places: Places,
    receiver: Receiver,
}

impl<'a> Demo<'a> {
    /// Starts the cloud, the receiver of notifications and the stack of this configuration.
    pub async fn start(
        options: &'a Options,
        config: StackConfig,
        printer: &'a Printer,
    ) -> Result<Self, CommandError> {
        let workspace = workspace_root(&options.home).ok_or_else(outside_of_project)?;
        let archives = stack::archives(&workspace, printer)?;
        let receiver = Receiver::start().await?;
        let secrets = BTreeMap::from([
            ("slack-webhook".to_owned(), receiver.url("/slack")),
            ("teams-webhook".to_owned(), receiver.url("/teams")),
        ]);
        let mut cloud = LocalCloud::start(
            CloudOptions {
                home: options.home.clone(),
                archives,
                keep: options.keep,
                secrets,
            },
            printer,
        )
        .await?;
        let graph = aiops_infra::platform::declare(&config);
        let bar = printer.progress(Some(graph.resources.len() as u64), "applying the stack");
        cloud.apply(&graph, &|_| bar.inc(1)).await?;
        bar.finish_and_clear();
        printer.note(format_args!(
            "local cloud at {}: {} resources",
            cloud.aws().endpoint(),
            cloud.applied().resources.len()
        ));
        for name in cloud.applied().not_emulated_by_type() {
            printer.note(format_args!("not emulated: {name}"));
        }
        let places = Places::of(&cloud)?;
        Ok(Self {
            options,
            printer,
            cloud,
            config,
            places,
            receiver,
        })
    }

    /// The generated workload from end to end.
    pub async fn run_workload(self) -> Result<(Report, LocalCloud), CommandError> {
        let settings = self.settings()?;
        let Workload {
            quiet,
            live,
            mut labels,
            live_start,
            live_end,
        } = workload::generate(&settings);
        let measured = measure(
            settings.seed,
            &settings.instances,
            REGION,
            (live_start, live_end),
        );
        labels.extend(measured.labels);
        let label_file = self.write_labels(&labels)?;
        drop(labels);
        // What was usual lies there before anything is to be judged by it.
        let delivery = &self.places.metrics_delivery;
        let mut usual = Meter::new(self.cloud.aws().clone(), delivery, &measured.before);
        usual.finish().await?;
        let mut meter = Meter::new(self.cloud.aws().clone(), delivery, &measured.live);
        let progress = self.printer.progress(None, "training on the quiet period");
        let groups = places::log_groups(&self.config, &self.cloud)?;
        let flow_format = groups
            .flow_format
            .parse()
            .context("the format of the stack's flow log")?;
        let train = TrainOptions {
            window: WindowSpec::Tumbling {
                length_ms: i64::from(WINDOW_SECONDS) * 1000,
            },
            rules_apply: self.options.rules,
            rules: RuleConfig {
                flow_format,
                ..RuleConfig::default()
            },
            miner: masks::of_stack(&self.config),
            // As the stack's own trainings, which pages a week a quiet platform may cost.
            target: AlarmTarget::Budget {
                pages: self.config.detection.pages_per_week,
                windows: self.config.detection.windows_a_week(WINDOW_SECONDS.into()),
            },
            ..TrainOptions::default()
        };
        let lines = quiet.len();
        let categoriser = learn::categoriser(&self.config);
        let trained = if self.options.sagemaker {
            Some(self.train_by_job(&quiet, &groups.flow_format).await?)
        } else {
            None
        };
        let version = match &trained {
            Some(trained) => trained.version.clone(),
            None => {
                let learnt = move || learn::learn(&quiet, &categoriser, &train);
                let model = tokio::task::spawn_blocking(learnt).await;
                let model = model.context("training panicked")??;
                learn::promote(self.cloud.aws(), &self.places, &model).await?;
                model.version().to_owned()
            }
        };
        progress.finish_and_clear();
        self.printer
            .note(format_args!("model {version} trained on {lines} lines"));
        remediation::let_partner_in(self.cloud.aws(), &self.places).await?;
        let before = Snapshot::take(self.cloud.aws(), &self.places).await?;
        let observer = Observer::start(
            self.cloud.aws().clone(),
            self.places.clone(),
            before.clone(),
        );
        let on_call = OnCall::start(
            self.cloud.aws(),
            self.receiver.mailbox(),
            &self.places.approvals_url,
            &self.places.slack_signing_secret,
        )
        .await?;
        let clockwork = self.stream(&live, live_start, &mut meter).await?;
        let (incidents, findings) = self.settle(live.len() as u64).await?;
        if let Some(trained) = &trained {
            let asked = trained.served.invocations();
            self.printer
                .note(format_args!("the endpoint answered {asked} requests"));
            if asked == 0 {
                return Err(anyhow::anyhow!("the detector did not ask the endpoint").into());
            }
        }
        // Every incident is written: only now may the labels be looked at.
        let labels: Vec<Label> = serde_json::from_slice(&std::fs::read(&label_file)?)
            .map_err(|error| CommandError::bad_path(&label_file, error))?;
        // What late lines took back counts neither way.
        let (incidents, _) = judge::standing(incidents);
        let (injected, false_incidents) = judge::judge(&labels, &incidents);
        let (of_metrics, injected) = injected
            .into_iter()
            .partition(|injected| injected.source == Source::Metrics);
        let metrics = Metrics {
            points: usual.sent() + meter.sent(),
            injected: of_metrics,
        };
        let latencies = clockwork.latencies(&incidents, &findings, &self.receiver.received());
        let lines = self.read_back(live.len() as u64).await?;
        if !self.options.keep {
            remediation::undo_all(self.cloud.aws(), &self.places, &incidents).await?;
        }
        let last = Snapshot::take(self.cloud.aws(), &self.places).await?;
        let mut seen = observer.seen();
        let restored = (!self.options.keep).then_some(last == before);
        seen.push(last);
        let reader = IncidentReader::new(self.cloud.aws(), &self.places.incidents_table).await;
        let (incidents, findings) = reader.all().await?;
        let (incidents, withdrawn) = judge::standing(incidents);
        let remediation = Remediation {
            answers: remediation::answers(&reader, &incidents, &seen).await?,
            decisions: on_call.decisions(),
            restored,
        };
        let report = Report::new(report::Parts {
            seed: self.options.seed,
            rules: self.options.rules,
            lines,
            injected,
            metrics,
            incidents,
            withdrawn,
            findings,
            false_incidents,
            latencies,
            remediation,
            messages: self.receiver.received(),
        });
        Ok((report, self.cloud))
    }

    /// Trains in SageMaker beside the cloud; what it runs ends with what is answered.
    async fn train_by_job(
        &self,
        quiet: &[LogEvent],
        flow_format: &str,
    ) -> Result<sagemaker::Trained, CommandError> {
        let categoriser = learn::categoriser(&self.config);
        let records: Vec<_> = quiet
            .iter()
            .enumerate()
            .map(|(number, event)| learn::record(&categoriser, number, event))
            .collect();
        let workspace = workspace_root(&self.options.home).ok_or_else(outside_of_project)?;
        let directory = self.options.home.join(".aiops/sagemaker");
        let settings = sagemaker::Settings {
            workspace: &workspace,
            directory: &directory,
            rules: self.options.rules,
            flow_format,
        };
        let (aws, places) = (self.cloud.aws(), &self.places);
        let trained =
            sagemaker::train_and_serve(aws, places, &records, &settings, self.printer).await?;
        Ok(trained)
    }

    fn settings(&self) -> anyhow::Result<Settings> {
        let live_end = self.options.now.as_millis();
        let live_end = live_end - live_end.rem_euclid(ALIGNMENT_MILLIS);
        let instances = self.places.instance_ids.clone();
        anyhow::ensure!(
            instances.len() >= workload::MIN_INSTANCES,
            "the stack has {} instances, the workload needs {}: add them to aiops:compute.instances of Pulumi.local.yaml",
            instances.len(),
            workload::MIN_INSTANCES
        );
        let quiet_minutes = if self.options.sagemaker {
            sagemaker::QUIET_MINUTES
        } else {
            QUIET_MINUTES
        };
        let minutes = i64::from(quiet_minutes + LIVE_MINUTES);
        Ok(Settings {
            seed: self.options.seed,
            start: Time::from_millis(live_end - minutes * 60_000),
            quiet_minutes,
            live_minutes: LIVE_MINUTES,
            groups: places::log_groups(&self.config, &self.cloud)?,
            instances,
        })
    }

    fn write_labels(&self, labels: &[Label]) -> Result<PathBuf, CommandError> {
        let path = self
            .options
            .home
            .join(".aiops")
            .join(format!("labels-{}.json", self.options.seed));
        let text = serde_json::to_string_pretty(labels).map_err(anyhow::Error::from)?;
        std::fs::write(&path, text).map_err(|error| CommandError::bad_path(&path, error))?;
        Ok(path)
    }

    /// Streams the live period at the demonstration's speed.
    async fn stream(
        &self,
        live: &[LogEvent],
        live_start: Time,
        meter: &mut Meter<'_>,
    ) -> anyhow::Result<Clockwork> {
        let mut streamer = Streamer::new(self.cloud.aws().clone(), None);
        let mut clockwork = Clockwork::default();
        let categoriser = learn::categoriser(&self.config);
        let bar = self
            .printer
            .progress(Some(live.len() as u64), "streaming lines");
        let pace = Pace::start(live_start, SPEED);
        let mut rest = live;
        let mut cut = live_start;
        while !rest.is_empty() {
            cut = cut.plus_millis(SLICE_MILLIS);
            let (slice, later) = rest.split_at(rest.partition_point(|event| event.timestamp < cut));
            rest = later;
            tokio::time::sleep(pace.until(cut)).await;
            clockwork.put(&categoriser, slice);
            streamer.put(slice).await?;
            meter.put_until(cut).await?;
            bar.set_position(streamer.sent());
        }
        meter.finish().await?;
        bar.finish_and_clear();
        Ok(clockwork)
    }

    /// Waits until everything that was sent has been looked at, then reads what was found.
    async fn settle(
        &self,
        sent: u64,
    ) -> anyhow::Result<(Vec<aiops_domain::Incident>, Vec<aiops_domain::Finding>)> {
        self.wait(sent, settle::STILL_FOR).await?;
        let reader = IncidentReader::new(self.cloud.aws(), &self.places.incidents_table).await;
        reader.all().await
    }

    /// Waits until everything that was sent has been looked at, for workflows as long as they move
    /// within `patience`.
    async fn wait(&self, sent: u64, patience: Duration) -> anyhow::Result<()> {
        let bar = self.printer.progress(None, "closing the last windows");
        settle::wait_for(self.cloud.aws(), &self.places, sent, patience, &|seen| {
            bar.set_message(format!(
                "closing the last windows: {} of {sent} lines in segments, {} messages waiting",
                seen.lines, seen.messages
            ));
        })
        .await?;
        bar.finish_and_clear();
        Ok(())
    }

    async fn read_back(&self, sent: u64) -> anyhow::Result<Lines> {
        let bar = self.printer.progress(None, "reading every object back");
        let lines = read_back::lines(self.cloud.aws(), &self.places, sent).await?;
        bar.finish_and_clear();
        Ok(lines)
    }
}

/// How long to look again while waiting.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(500);
