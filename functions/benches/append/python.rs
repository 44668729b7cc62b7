//! The Python contestant: a script beside this file, on the same records, timed by itself so that
//! starting the interpreter does not count.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::corpus::Corpus;

/// The script and the records as it reads them: one line of base64 each.
pub(crate) struct Python {
    records: tempfile::NamedTempFile,
}

impl Python {
    /// `None`, with a word on standard error, if there is no python3.
    pub(crate) fn prepare(corpus: &Corpus) -> Option<Self> {
        if Command::new("python3").arg("--version").output().is_err() {
            let _told = writeln!(
                std::io::stderr(),
                "python3 is missing: no comparison with it"
            );
            return None;
        }
        let mut records = tempfile::NamedTempFile::new().expect("a temporary file");
        for record in &corpus.records {
            writeln!(records, "{}", record.kinesis.data).expect("a temporary file");
        }
        Some(Self { records })
    }

    /// The time of so many rounds.
    pub(crate) fn run(&self, rounds: u64) -> Duration {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/append/floor.py");
        let output = Command::new("python3")
            .arg(script)
            .arg(self.records.path())
            .arg(rounds.to_string())
            .output()
            .expect("python3 runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let seconds = String::from_utf8_lossy(&output.stdout);
        Duration::from_secs_f64(seconds.trim().parse().expect("seconds"))
    }
}
