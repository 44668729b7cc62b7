//! The training image: what the binaries `train` and `serve` do by SageMaker's container contract
//! (<https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html>,
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html>).
//!
//! A crate of its own, so that no Lambda function compiles a web server (`docs/decisions/0020`).

pub mod channel;
pub mod exit;
pub mod hyperparameters;
pub mod records;
pub mod root;
pub mod serve;
pub mod settings;
pub mod train;

use std::io::{self, Write as _};
use std::process::ExitCode;

use exit::ContainerError;
use root::Root;

/// `train`: trains, or leaves the reason of the failure where SageMaker looks for it.
pub fn train_main(root: &Root) -> ExitCode {
    let result = runtime().and_then(|runtime| runtime.block_on(trained(root.clone())));
    ended(root, result)
}

/// `serve`: answers until it is asked to stop.
pub fn serve_main(root: &Root) -> ExitCode {
    let result = serve::settings::Settings::of_process(root)
        .and_then(|settings| runtime()?.block_on(serve::run(root, &settings)));
    ended(root, result)
}

/// Trains on a thread of its own, so that SIGTERM is heard meanwhile. A thread that is still at work
/// ends with the process, which has written nothing half: files are renamed into place.
async fn trained(root: Root) -> Result<(), ContainerError> {
    let (sender, finished) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let result = train::run(&root, &mut io::stdout());
        // Nobody listens any more when the job was stopped.
        let _unheard = sender.send(result);
    });
    tokio::select! {
        result = finished => result.unwrap_or(Err(ContainerError::Panicked)),
        () = stopped() => Err(ContainerError::Stopped),
    }
}

/// Ends when SageMaker stops the container.
pub(crate) async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            terminate.recv().await;
        }
        // Without a handler the signal ends the process by itself.
        Err(_) => std::future::pending().await,
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, ContainerError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(ContainerError::file(std::path::Path::new("/proc")))
}

fn ended(root: &Root, result: Result<(), ContainerError>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    // A reason that cannot be written is in the job's log all the same.
    let _unwritten = writeln!(io::stderr(), "error: {}", error.chain());
    let _unwritten = error.write_reason(root);
    ExitCode::from(error.exit_status())
}
