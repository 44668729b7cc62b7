//! The program that the Pulumi CLI starts: declares the platform of a stack and deploys it.

use std::io::Write as _;
use std::process::ExitCode;

use aiops_infra::engine::{Environment, program};
use aiops_infra::platform;

#[tokio::main]
async fn main() -> ExitCode {
    let environment = Environment::read(|name| std::env::var(name).ok());
    match program::run(environment, platform::checked).await {
        Ok(status) => status,
        Err(error) => {
            // There is no engine to tell.
            let told = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(if told.is_ok() { program::BAD_START } else { 1 })
        }
    }
}
