//! The `countersign` binary: every command of a custodian, and the tools of approvers, authorities and verifiers.

mod ceremony;
mod chain;
mod commands;
mod config;
mod custody;
mod daily;
mod deadlines;
mod demo;
mod drafts;
mod edge;
mod filing;
mod installed;
mod letters;
mod parties;
mod place;
mod signer;
mod tiles;
mod upkeep;
mod workspace;

use clap::Parser;
use countersign_open::files;
use std::process::ExitCode;

fn main() -> ExitCode {
    end_when_nobody_reads();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "error".into()))
        .with_writer(std::io::stderr)
        .init();
    let arguments = match commands::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("cannot start")),
    };
    match runtime.block_on(commands::run(arguments)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// A reader that goes away, like `head`, ends the program as quietly as others; other faults of standard output are one line.
fn end_when_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload_as_str().unwrap_or_default();
        match message.strip_prefix("failed printing to stdout: ") {
            // What a shell shows of a program that a closed pipe has ended.
            Some(reason) if reason.starts_with("Broken pipe") => std::process::exit(141),
            Some(reason) => {
                eprintln!("countersign: cannot write to standard output: {reason}");
                std::process::exit(1)
            }
            None => usual(panic),
        }
    }));
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Help goes to standard output; a mistake in the arguments is one line, like every other error.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1));
    }
    let text = error.to_string();
    let parts: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .collect();
    let line = parts.join(" ");
    eprintln!("countersign: {} (see --help)", line.strip_prefix("error: ").unwrap_or(&line));
    ExitCode::from(2)
}

fn fail(error: &anyhow::Error) -> ExitCode {
    tell(error);
    ExitCode::from(1)
}

/// One line on standard error that says what is wrong, where, and what to do.
fn tell(error: &anyhow::Error) {
    let text: Vec<String> = error.chain().map(|cause| one_line(&cause.to_string())).collect();
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
}
