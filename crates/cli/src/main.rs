//! The `countersign` binary: every command of a custodian, and the tools of approvers, authorities and verifiers.

mod ceremony;
mod commands;
mod config;
mod custody;
mod demo;
mod edge;
mod files;
mod parties;
mod place;
mod signer;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "error".into()))
        .with_writer(std::io::stderr)
        .init();
    let arguments = commands::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("cannot start")),
    };
    match runtime.block_on(commands::run(arguments)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// One line on standard error that says what is wrong, where, and what to do.
fn fail(error: &anyhow::Error) -> ExitCode {
    let text: Vec<String> = error.chain().map(|cause| cause.to_string().replace('\n', " ")).collect();
    let mut line = String::new();
    for part in text {
        // A cause that its parent already quotes is not repeated.
        if !line.ends_with(&part) {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&part);
        }
    }
    eprintln!("countersign: {line}");
    ExitCode::from(1)
}
