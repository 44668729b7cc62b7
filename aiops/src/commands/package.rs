//! `aiops package`: the zips of the functions.

use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use crate::error::{CommandError, Outcome};
use crate::package::archive::Compression;
use crate::package::build::{Build, build, names, outside_of_project, workspace_root};
use crate::package::{Architecture, LAMBDA_GLIBC, Package, pack};
use crate::printer::Printer;

/// Build the functions and pack each as a zip for Lambda.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops package                        zips for AWS in dist/functions
  aiops package --arch arm64           the same for Graviton (needs the Rust target and a linker for it)
  aiops package --local --out /tmp/z   zips for the local cloud: development build, quickly packed")]
pub struct Args {
    /// Directory for the zips; made if it is missing.
    #[arg(long, value_name = "DIR", default_value = "dist/functions")]
    pub out: PathBuf,
    /// The machine that the functions run on.
    #[arg(long, value_enum, default_value_t = Architecture::of_host())]
    pub arch: Architecture,
    /// Only this function; may be repeated.
    #[arg(long = "function", value_name = "NAME")]
    pub functions: Vec<String>,
    /// For the local cloud; a newer glibc than Lambda's is only a warning.
    #[arg(long, conflicts_with = "arch")]
    pub local: bool,
    /// The result as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    packages: &'a [Package],
}

/// Builds and packs.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let workspace = workspace_root(&std::env::current_dir()?).ok_or_else(outside_of_project)?;
    // Before the build, which takes its time.
    let known = names(&workspace, args.local)?;
    if let Some(unknown) = args.functions.iter().find(|name| !known.contains(name)) {
        return Err(CommandError::bad_key(
            "--function",
            format!("`{unknown}` is not one of {}", known.join(", ")),
        ));
    }
    fs::create_dir_all(&args.out).map_err(|error| CommandError::bad_path(&args.out, error))?;
    let progress = printer.progress(None, "building the functions");
    let kind = if args.local {
        Build::Local
    } else {
        Build::Release(args.arch)
    };
    let mut binaries = build(&workspace, kind)?;
    progress.finish_and_clear();
    if !args.functions.is_empty() {
        binaries.retain(|name, _| args.functions.contains(name));
    }
    let mut packages = Vec::new();
    for (name, binary) in &binaries {
        packages.push(pack(
            name,
            binary,
            &args.out,
            if args.local {
                Compression::Fast
            } else {
                Compression::Small
            },
            &|need| {
                let problem = format!(
                    "{name}: `{}` needs glibc {}, but Lambda's provided.al2023 has {LAMBDA_GLIBC}",
                    need.symbol, need.version
                );
                if args.local {
                    printer.warn(&problem);
                    return Ok(());
                }
                anyhow::bail!("{problem}: build on Amazon Linux 2023 or on a system as old")
            },
        )?);
    }
    if args.json {
        printer.json(&Report {
            schema: "aiops.package/1",
            packages: &packages,
        })?;
    } else {
        for package in &packages {
            printer.line(format_args!(
                "{}  {}  {} bytes",
                package.sha256,
                package.path.display(),
                package.bytes
            ))?;
        }
    }
    Ok(Outcome::Done)
}
