//! `countersign policy explain`.

use super::golden::corpus;
use super::{DEFAULT_PACK, read};
use crate::files;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use countersign_core::country::Country;
use countersign_core::directory::{Authority, Directory};
use countersign_core::facts::Facts;
use countersign_core::json::{Document, Exact};
use countersign_policy::{Bundle, ReleaseContext, Requirement};
use countersign_review::{Change, Does, Explanation, explain};
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Explain {
    /// Folder of the pack; with --facts also a bundle.
    #[arg(default_value = DEFAULT_PACK)]
    pack: PathBuf,
    /// A worked request of the pack.
    #[arg(long, value_name = "NAME", required_unless_present = "facts", conflicts_with = "facts")]
    case: Option<String>,
    /// One of its attempts to release, instead of the proposal.
    #[arg(long, value_name = "NAME", requires = "case")]
    release: Option<String>,
    /// A document of facts.
    #[arg(long, value_name = "FILE", requires_all = ["directory", "seat"])]
    facts: Option<PathBuf>,
    /// The directory of authorities that the facts name.
    #[arg(long, value_name = "FILE", requires = "facts")]
    directory: Option<PathBuf>,
    /// State of the custodian's seat.
    #[arg(long, value_name = "STATE", requires = "facts")]
    seat: Option<String>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// What is to be explained.
struct Subject {
    name: String,
    facts: Facts,
    authority: Authority,
    seat: Country,
    context: Option<ReleaseContext>,
}

impl Explain {
    pub(super) fn run(self) -> Result<()> {
        let bundle = read(&self.pack)?;
        let subject = self.subject()?;
        let Subject { facts, authority, seat, context, .. } = &subject;
        let explanation = explain(&bundle, facts, authority, *seat, context.as_ref());
        if self.json {
            println!("{}", serde_json::to_string_pretty(&explanation)?);
        } else {
            print(&bundle, &subject, &explanation);
        }
        Ok(())
    }

    fn subject(&self) -> Result<Subject> {
        if let Some(name) = &self.case {
            let corpus = corpus(&self.pack)?;
            let case = corpus.case(name).ok_or_else(|| anyhow!("the pack has no worked request `{name}`"))?;
            let step = self.release.as_ref().map(|wanted| {
                let known = || case.releases.iter().map(|step| step.name.as_str()).collect::<Vec<_>>().join("; ");
                let found = case.releases.iter().find(|step| step.name == *wanted);
                found.ok_or_else(|| anyhow!("`{name}` has no attempt `{wanted}`; it has: {}", known()))
            });
            return Ok(Subject {
                name: format!("{name}: {}", case.story),
                facts: case.facts.clone(),
                authority: case.authority.clone(),
                seat: case.seat,
                context: step.transpose()?.map(|step| step.context.clone()),
            });
        }
        let (Some(facts), Some(directory), Some(seat)) = (&self.facts, &self.directory, &self.seat) else {
            bail!("name a worked request with --case, or --facts, --directory and --seat");
        };
        let place = |path: &PathBuf| path.display().to_string();
        let read = files::read(facts, Facts::MAX_LEN)?;
        let read = Exact::<Facts>::parse(&read).with_context(|| place(facts))?;
        let known = files::read(directory, Directory::MAX_LEN)?;
        let known = Exact::<Directory>::parse(&known).with_context(|| place(directory))?;
        let facts = read.value().clone();
        if known.digest() != facts.directory {
            bail!("{} is not the directory {} that the facts name", place(directory), facts.directory);
        }
        let authority = known.value().get(&facts.authority);
        let authority = authority.ok_or_else(|| anyhow!("the directory has no authority `{}`", facts.authority))?;
        let authority = authority.clone();
        let seat = Country::parse(seat).map_err(|error| anyhow!("--seat: {error}"))?;
        Ok(Subject { name: format!("case {}", facts.case), facts, authority, seat, context: None })
    }
}

fn print(bundle: &Bundle, subject: &Subject, explanation: &Explanation) {
    let decision = &explanation.decision;
    println!("{}", subject.name);
    println!(
        "asked by {} ({}, {}), kind {}, instrument {}",
        subject.authority.name,
        subject.authority.kind,
        subject.authority.state,
        subject.facts.kind,
        subject.facts.instrument
    );
    let act = if subject.context.is_some() { "release" } else { "proposal" };
    println!(
        "{act} {}: {}{}",
        if decision.allowed { "permitted" } else { "NOT permitted" },
        decision.outcome,
        if decision.escalate { ", goes to the board or counsel" } else { "" }
    );
    let title = |name: &str| bundle.lanes().iter().find(|lane| lane.name == name).map(|lane| lane.title.as_str());
    if let Some(lane) = &decision.lane {
        println!("lane {lane}: {}", title(lane).unwrap_or_default());
    }
    if let Some(need) = &decision.requirement {
        println!("needs {}", needs(need));
    }
    if let (Some(context), Some(_)) = (&subject.context, &decision.requirement) {
        let quorum = &context.quorum;
        println!(
            "has {} approvers in {} states, {} out of reach, {} within reach, {} outside the author's line; author {}, \
             counsel {}, rights expert {}; {} signatures not counted",
            quorum.approvals(),
            quorum.states(),
            quorum.out_of_reach(),
            quorum.within_reach(),
            quorum.outside_line(),
            yes(quorum.author()),
            yes(quorum.counsel()),
            yes(quorum.rights_expert()),
            quorum.not_counted()
        );
    }
    for error in &decision.errors {
        println!("error: {error}");
    }
    println!("\nwhat spoke");
    for spoke in &explanation.spoke {
        match &spoke.does {
            Does::Places { lane } => println!("  {}: places it in lane {lane}", spoke.policy),
            Does::Permits => println!("  {}: permits ({})", spoke.policy, spoke.action),
            Does::Lowers { reason, questions, text, outcome, escalate, decisive } => {
                let questions: Vec<&str> = questions.iter().map(|question| question.as_str()).collect();
                let questions =
                    if questions.is_empty() { String::new() } else { format!(" ({})", questions.join(", ")) };
                println!(
                    "  {}: lowers to {outcome}{}, {reason}{questions}: {text}{}",
                    spoke.policy,
                    if *escalate { ", escalates" } else { "" },
                    if *decisive { " [this decides the outcome]" } else { "" }
                );
            }
        }
        let flag = if spoke.verified { "compared with its source" } else { "NOT compared with its source" };
        println!("      source: {} [{flag}, {}]", spoke.source, spoke.date);
    }
    if !decision.missing.is_empty() {
        let missing: Vec<&str> = decision.missing.iter().map(|question| question.as_str()).collect();
        println!("\nnobody answered {}", missing.join(", "));
    }
    changes("less strict, or permitted, if", &explanation.raised_by);
    if explanation.raised_by.is_empty() && !decision.allowed {
        println!("\nno other answer to one or two questions makes it less strict");
    }
    changes("stricter, or not permitted, if", &explanation.lowered_by);
    println!("\nEach \"if\" was decided again with nothing else changed. An answer changes when its evidence does.");
}

fn changes(title: &str, changes: &[Change]) {
    if changes.is_empty() {
        return;
    }
    println!("\n{title}");
    for Change { changes, allowed, outcome } in changes {
        let permitted = if *allowed { "permitted" } else { "not permitted" };
        println!("  {}: {permitted}, {outcome}", changes.join(", and "));
    }
}

fn needs(need: &Requirement) -> String {
    let mut words = vec![format!("{} approvers", need.approvals)];
    let mut add = |holds: bool, text: String| words.extend(holds.then_some(text));
    add(need.states > 1, format!("in {} states", need.states));
    let instead = if need.counsel_instead { " or independent counsel" } else { "" };
    add(need.out_of_reach > 0, format!("{} out of reach{instead}", need.out_of_reach));
    add(need.outside_line > 0, format!("{} outside the author's line", need.outside_line));
    add(need.author, "the legal author".into());
    add(need.counsel, "outside counsel".into());
    add(need.rights_expert, "a rights expert".into());
    add(need.none_within_reach, "nobody within reach".into());
    add(need.none_within_reach_abroad, "nobody within reach of a third state".into());
    add(true, format!("{} witnesses", need.witnesses));
    words.join(", ")
}

fn yes(holds: bool) -> &'static str {
    if holds { "yes" } else { "no" }
}
