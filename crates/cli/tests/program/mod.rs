//! Running the built binary.

use std::fmt;
use std::path::Path;
use std::process::{Command, Output};

/// What one run of the binary came to.
pub(crate) struct Ran {
    /// Exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {:?}\n--- standard output\n{}\n--- standard error\n{}", self.code, self.out, self.err)
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// The binary under test, working on `dir`.
pub(crate) fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("--dir").arg(dir).args(arguments);
    for ours in
        ["RUST_LOG", "RUST_BACKTRACE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SHARED_CREDENTIALS_FILE"]
    {
        command.env_remove(ours);
    }
    // Of a bucket, where a test has written some.
    let credentials = dir.with_file_name("credentials");
    if credentials.is_file() {
        command.env("AWS_SHARED_CREDENTIALS_FILE", credentials);
    }
    command
}

/// Runs it to its end.
pub(crate) fn countersign(dir: &Path, arguments: &[&str]) -> Ran {
    Ran::from(command(dir, arguments).output().unwrap())
}
