//! `aiops model`: versions of the model, and which of them the detector uses.

use aiops_domain::model_pointer::ModelPointer;
use serde::Serialize;

use crate::deployed::{Deployed, StackArgs};
use crate::error::{CommandError, Outcome};
use crate::printer::{Printer, Style};
use crate::sagemaker::packages::{self, Approval, Package};
use crate::sagemaker::pointer;

/// List, show, promote and roll back versions of the model.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops model list --stack prod           versions, the gate's verdict on each, and which one is in use
  aiops model promote 3f2a --stack prod --shadow   beside the current one; how often they differ is counted
  aiops model promote 3f2a --stack prod   the detector uses it within seconds
  aiops model rollback --stack prod       back to what it used before")]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with versions.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Every version, the newest first.
    List(LookArgs),
    /// One version.
    Show {
        /// The version, or its first digits.
        version: String,
        /// Of which stack.
        #[command(flatten)]
        look: LookArgs,
    },
    /// Make the detector use a version.
    Promote {
        /// The version, or its first digits.
        version: String,
        /// Also a version that the gate refused.
        #[arg(long)]
        force: bool,
        /// In shadow, beside the current one: it scores the same windows, and nobody is called.
        #[arg(long, conflicts_with = "force")]
        shadow: bool,
        /// Of which stack.
        #[command(flatten)]
        look: LookArgs,
    },
    /// Make the detector use what it used before the last promotion.
    Rollback(LookArgs),
}

/// Of which stack, and how it is shown.
#[derive(Debug, clap::Args)]
pub struct LookArgs {
    /// The stack.
    #[command(flatten)]
    pub stack: StackArgs,
    /// The result as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Listing<'a> {
    schema: &'static str,
    current: Option<&'a ModelPointer>,
    models: &'a [Package],
}

#[derive(Serialize)]
struct Moved<'a> {
    schema: &'static str,
    from: Option<&'a ModelPointer>,
    to: Option<&'a ModelPointer>,
}

#[derive(Serialize)]
struct Shadow<'a> {
    schema: &'static str,
    current: Option<&'a ModelPointer>,
    candidate: &'a ModelPointer,
}

/// Lists, shows or moves.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match args.action {
            Action::List(look) => list(&look, printer).await,
            Action::Show { version, look } => show(&version, &look, printer).await,
            Action::Promote {
                version,
                force,
                shadow,
                look,
            } => {
                if shadow {
                    accompany(&version, &look, printer).await
                } else {
                    promote(&version, force, &look, printer).await
                }
            }
            Action::Rollback(look) => rollback(&look, printer).await,
        }
    })
}

async fn list(look: &LookArgs, printer: &Printer) -> Result<Outcome, CommandError> {
    let stack = Deployed::open(&look.stack).await?;
    let current = pointer::current(&stack).await?;
    let models = packages::list(&stack).await?;
    if look.json {
        printer.json(&Listing {
            schema: "aiops.models/1",
            current: current.as_ref(),
            models: &models,
        })?;
        return Ok(Outcome::Done);
    }
    for package in &models {
        let used = current
            .as_ref()
            .is_some_and(|pointer| pointer.sha256 == package.sha256);
        printer.line(format_args!(
            "{}  {}  {}  {}{}",
            package.version,
            package.created,
            word(package.approval),
            package.job,
            if used { "  in use" } else { "" }
        ))?;
        if !package.reasons.is_empty() {
            printer.line(printer.styled(Style::Dim, format!("    {}", package.reasons)))?;
        }
    }
    match &current {
        None => printer.line("the detector has no model: it watches in shadow")?,
        Some(pointer) if models.iter().all(|one| one.sha256 != pointer.sha256) => {
            printer.line(format_args!(
                "the detector uses {}, which is not registered",
                pointer.version
            ))?;
        }
        Some(_) => {}
    }
    Ok(Outcome::Done)
}

const fn word(approval: Approval) -> &'static str {
    match approval {
        Approval::Pending => "passed  ",
        Approval::Approved => "approved",
        Approval::Rejected => "rejected",
    }
}

async fn show(version: &str, look: &LookArgs, printer: &Printer) -> Result<Outcome, CommandError> {
    let stack = Deployed::open(&look.stack).await?;
    let models = packages::list(&stack).await?;
    let package = packages::find(&models, version)?;
    if look.json {
        printer.json(package)?;
        return Ok(Outcome::Done);
    }
    for (name, value) in [
        ("version", package.version.as_str()),
        ("sha256", &package.sha256),
        (
            "artefact",
            &format!("s3://{}/{}", package.bucket, package.key),
        ),
        ("job", &package.job),
        ("registered", &package.created),
        ("decision", word(package.approval).trim()),
        ("reasons", &package.reasons),
        ("package", &package.arn),
    ] {
        if !value.is_empty() {
            printer.line(format_args!("{name:<11} {value}"))?;
        }
    }
    Ok(Outcome::Done)
}

async fn promote(
    version: &str,
    force: bool,
    look: &LookArgs,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    let stack = Deployed::open(&look.stack).await?;
    let models = packages::list(&stack).await?;
    let package = packages::find(&models, version)?;
    let from = pointer::current(&stack).await?;
    make_current(&stack, package, force).await?;
    moved(from.as_ref(), Some(&pointer::to(package)), look, printer)
}

async fn accompany(
    version: &str,
    look: &LookArgs,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    let stack = Deployed::open(&look.stack).await?;
    let models = packages::list(&stack).await?;
    let package = packages::find(&models, version)?;
    let current = pointer::current(&stack).await?;
    let candidate = pointer::to(package);
    pointer::accompany(&stack, &candidate).await?;
    if look.json {
        printer.json(&Shadow {
            schema: "aiops.model-shadow/1",
            current: current.as_ref(),
            candidate: &candidate,
        })?;
        return Ok(Outcome::Done);
    }
    printer.line(format_args!("{} runs in shadow", candidate.version))?;
    Ok(Outcome::Done)
}

/// Points to a version and approves it.
///
/// # Errors
/// When the gate refused it and nobody insists, or AWS refuses.
pub async fn make_current(
    stack: &Deployed,
    package: &Package,
    force: bool,
) -> Result<(), CommandError> {
    if package.approval == Approval::Rejected && !force {
        return Err(CommandError::bad_key(
            "VERSION",
            format_args!(
                "the gate refused {} ({}): --force promotes it all the same",
                package.version, package.reasons
            ),
        ));
    }
    pointer::point(stack, Some(&pointer::to(package))).await?;
    let why = if package.approval == Approval::Rejected {
        "promoted against the gate's verdict"
    } else {
        "promoted"
    };
    packages::decide(stack, package, Approval::Approved, why).await
}

async fn rollback(look: &LookArgs, printer: &Printer) -> Result<Outcome, CommandError> {
    let stack = Deployed::open(&look.stack).await?;
    let from = pointer::current(&stack).await?;
    let Some(before) = pointer::previous(&stack).await? else {
        return Err(CommandError::bad_key(
            "--stack",
            "the pointer was never anywhere else: there is nothing to go back to",
        ));
    };
    pointer::point(&stack, before.as_ref()).await?;
    moved(from.as_ref(), before.as_ref(), look, printer)
}

fn moved(
    from: Option<&ModelPointer>,
    to: Option<&ModelPointer>,
    look: &LookArgs,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    if look.json {
        printer.json(&Moved {
            schema: "aiops.model-moved/1",
            from,
            to,
        })?;
        return Ok(Outcome::Done);
    }
    let name = |pointer: Option<&ModelPointer>| {
        pointer.map_or_else(|| "no model".to_owned(), |pointer| pointer.version.clone())
    };
    printer.line(format_args!("from {} to {}", name(from), name(to)))?;
    Ok(Outcome::Done)
}
