//! The commands, one file each; `countersign --help` is their table of contents.

pub(crate) mod alerts;
mod approver;
pub(crate) mod case;
pub(crate) mod change;
pub(crate) mod client;
mod clock;
mod contact;
mod counsel;
mod demo;
mod directory;
mod drill;
mod duty;
mod exit_state;
pub(crate) mod init;
mod letter;
pub(crate) mod lists;
mod log;
pub(crate) mod order;
mod policy;
pub(crate) mod read;
pub(crate) mod request;
mod restrict;
mod ring;
mod screen;
pub(crate) mod serve;
mod trace;
pub(crate) mod trustee;
pub(crate) mod verify;
mod witness;
mod worker;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Client data leave only countersigned: approved by several people, public in a witnessed log, answered by trustees.
#[derive(Parser)]
#[command(name = "countersign", version, max_term_width = 110)]
pub(crate) struct Arguments {
    /// Folder of the custodian [default: countersign-data, for `demo` countersign-demo].
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play the whole story in a folder and leave the server running.
    #[command(after_help = demo::EXAMPLE)]
    Demo(demo::Demo),
    /// Attack a custodian that exists for nothing else, and show who refused what.
    #[command(after_help = drill::EXAMPLE)]
    Drill(drill::Drill),
    /// Found a custodian for a trial: keys of all parties, the key ceremony, leaf 0, in one folder.
    #[command(after_help = init::EXAMPLE)]
    Init(init::Init),
    /// Found a custodian together with trustees on machines of their own.
    #[command(after_help = ring::EXAMPLE)]
    Ring(ring::Ring),
    /// Import clients or payments from CSV into the sealed register.
    #[command(after_help = client::EXAMPLE)]
    Client(client::Client),
    /// Who may ask: the directory of authorities, with the source of every member.
    #[command(after_help = directory::EXAMPLE)]
    Directory(directory::DirectoryCommand),
    /// Register an informal approach within 24 hours; show what was between an authority and us.
    #[command(after_help = contact::EXAMPLE)]
    Contact(contact::Contact),
    /// Take in a letter or message, acknowledge it, show whom to call about it.
    #[command(after_help = request::EXAMPLE)]
    Request(request::Request),
    /// Work on a case: check the sender, answer questions, set the scope, propose, refuse.
    #[command(after_help = case::EXAMPLE)]
    Case(case::Case),
    /// Keep counsel's reasoning apart, sealed to counsel: notes about cases that no case, log or total knows.
    #[command(after_help = counsel::EXAMPLE)]
    Counsel(counsel::Counsel),
    /// Write letters to authorities and clients in English, Russian or German.
    #[command(after_help = letter::EXAMPLE)]
    Letter(letter::LetterCommand),
    /// When something is due: statutory clocks, holidays, time zones.
    #[command(after_help = clock::EXAMPLE)]
    Clock(clock::Clock),
    /// What an approver does alone: tell trustees how to recognise duress, pick the key for an order, see the own figures.
    #[command(after_help = approver::EXAMPLE)]
    Approver(approver::Approver),
    /// Show, approve and release orders.
    #[command(after_help = order::EXAMPLE)]
    Order(order::Order),
    /// Read client data in daily operation: cases of the queue, a client who is present, break-glass.
    #[command(after_help = read::EXAMPLE)]
    Read(read::Read),
    /// Decide once what is done regularly, and run it.
    #[command(after_help = duty::EXAMPLE)]
    Duty(duty::Duty),
    /// Change who may sign and what is in force: roster, policy, directory, witnesses, shares.
    #[command(after_help = change::EXAMPLE)]
    Change(change::Change),
    /// Policy packs: read one strictly, write it as a bundle, prove its invariants.
    #[command(after_help = policy::EXAMPLE)]
    Policy(policy::Policy),
    /// Leave a state: remove at once who lives there, and list what has to follow.
    #[command(after_help = exit_state::EXAMPLE)]
    ExitState(exit_state::ExitState),
    /// Say and count what a dated rule does to whom: lint a pack, simulate, explain. Changes no account.
    #[command(after_help = restrict::EXAMPLE)]
    Restrict(restrict::Restrict),
    /// Open a package, as the authority that received it: verifies first, offline.
    #[command(after_help = countersign_open::EXAMPLE)]
    Open(countersign_open::Open),
    /// Verify evidence or a log, offline.
    #[command(after_help = verify::EXAMPLE)]
    Verify(verify::Verify),
    /// Show, check and serve the log.
    #[command(after_help = log::EXAMPLE)]
    Log(log::Log),
    /// Serve the public page and the log on a loopback address.
    #[command(after_help = serve::EXAMPLE)]
    Serve(serve::Serve),
    /// Measure on the chain what deposits are exposed to, and how many clients a request would expose.
    #[command(after_help = trace::EXAMPLE)]
    Trace(trace::Trace),
    /// Keep sanctions lists: update, show, compare.
    #[command(after_help = lists::EXAMPLE)]
    Lists(lists::ListsCommand),
    /// Compare clients with the lists in effect.
    #[command(after_help = screen::EXAMPLE)]
    Screen(Box<screen::Screen>),
    /// The queue of alerts of screening: two people decide, what they found holds until a side changes.
    #[command(after_help = alerts::EXAMPLE)]
    Alerts(alerts::Alerts),
    /// Make one trustee, and run it as a service of its own.
    #[command(after_help = trustee::EXAMPLE)]
    Trustee(trustee::TrusteeCommand),
    /// Work for orders that name a worker, as a process of its own.
    #[command(after_help = worker::EXAMPLE)]
    Worker(worker::WorkerCommand),
    /// Run one witness as a service of its own.
    #[command(after_help = witness::EXAMPLE)]
    Witness(witness::Witness),
}

/// Runs one command.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let is_demo = matches!(arguments.command, Command::Demo(_));
    let given = arguments.dir.clone();
    let dir = arguments.dir.unwrap_or_else(|| if is_demo { "countersign-demo" } else { "countersign-data" }.into());
    match arguments.command {
        Command::Demo(command) => return command.run(&dir).await,
        Command::Drill(command) => return command.run(given.as_deref()).await,
        Command::Init(command) => command.run(&dir).await?,
        Command::Ring(command) => command.run(&dir).await?,
        Command::Client(command) => command.run(&dir).await?,
        Command::Directory(command) => command.run(&dir).await?,
        Command::Letter(command) => command.run(&dir).await?,
        Command::Contact(command) => command.run(&dir).await?,
        Command::Request(command) => command.run(&dir).await?,
        Command::Case(command) => return command.run(&dir).await,
        Command::Clock(command) => command.run()?,
        Command::Approver(command) => command.run(&dir).await?,
        Command::Counsel(command) => command.run(&dir)?,
        Command::Order(command) => command.run(&dir).await?,
        Command::Read(command) => command.run(&dir).await?,
        Command::Duty(command) => command.run(&dir).await?,
        Command::Change(command) => command.run(&dir).await?,
        Command::Policy(command) => return command.run(),
        Command::ExitState(command) => command.run(&dir).await?,
        Command::Restrict(command) => return command.run(&dir).await,
        Command::Open(command) => command.run(&crate::edge::seed()?)?,
        Command::Verify(command) => return command.run().await,
        Command::Log(command) => return command.run(&dir).await,
        Command::Serve(command) => command.run(&dir).await?,
        Command::Trace(command) => command.run(&dir)?,
        Command::Lists(command) => command.run(&dir).await?,
        Command::Screen(command) => command.run(&dir).await?,
        Command::Alerts(command) => command.run(&dir)?,
        Command::Trustee(command) => command.run().await?,
        Command::Worker(command) => command.run()?,
        Command::Witness(command) => command.run().await?,
    }
    Ok(ExitCode::SUCCESS)
}
