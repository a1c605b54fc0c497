//! `countersign-prove`: proves the invariants of a policy pack, or shows what breaks one.
//!
//! A program of its own: the symbolic compiler turns on features of the policy engine that the product does without.

mod equal;
mod prover;

use cedar_policy::SchemaFragment;
use clap::Parser;
use countersign_policy::{Bundle, File};
use countersign_review::{Invariant, mutants, parse_invariants};
use equal::Subject;
use prover::{Found, Pack, ProveError, Prover};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const SCHEMA: &str = "schema.cedarschema";
const POLICIES: &str = "policies.cedar";
const PACK: &str = "pack.json";
/// Mutants that no test notices.
const MUTANTS: &str = "mutants.json";

const EXAMPLE: &str = "Examples:
  countersign-prove packs/policy/eea-custodian
  countersign-prove packs/policy/eea-custodian --only waited --whole
  countersign-prove our-next-pack --against our-pack
  countersign-prove packs/policy/eea-custodian --mutants

  The pack is a folder with schema.cedarschema, policies.cedar and invariants.json. The solver is cvc5 (Debian: apt install cvc5), found on the
  PATH or named by the environment variable CVC5.

Exit codes: 0 all proved; 1 an invariant does not hold, holds of nothing, or is broken by nothing, or the pack allows more than the one it is compared
  with; 2 usage; 3 the pack cannot be read or the solver does not know; 4 no solver: nothing is proved.";

/// Proves the invariants of a policy pack, shows what satisfies and what would break each, or a request that breaks one.
#[derive(Parser)]
#[command(name = "countersign-prove", version, max_term_width = 110, after_help = EXAMPLE)]
struct Arguments {
    /// Folder of the pack.
    pack: PathBuf,
    /// Only the invariants whose name has this in it.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Another pack of the same schema: say whether this one allows anything that the other does not.
    #[arg(long, value_name = "PACK", conflicts_with = "only")]
    against: Option<PathBuf>,
    /// Prove that the mutants which `mutants.json` names as equal are equal to the policy they were made from.
    #[arg(long, conflicts_with_all = ["only", "against"])]
    mutants: bool,
    /// With --mutants, look for equal ones among the other survivors too, and write `mutants.json` anew.
    #[arg(long, requires = "mutants")]
    write: bool,
    /// Show found requests whole, not only the attributes that the invariant speaks of.
    #[arg(long)]
    whole: bool,
    /// Seconds for one question to the solver.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    seconds: u32,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return said(3, &error),
    };
    match runtime.block_on(prove(&arguments)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error @ ProveError::NoSolver(_)) => {
            eprintln!("install cvc5 (Debian: apt install cvc5) or name its program in the environment variable CVC5");
            said(4, &error)
        }
        Err(error) => said(3, &error),
    }
}

fn said(code: u8, error: &dyn std::error::Error) -> ExitCode {
    eprintln!("countersign-prove: {error}");
    ExitCode::from(code)
}

async fn prove(arguments: &Arguments) -> Result<bool, ProveError> {
    let read = |name: &str| text(&arguments.pack.join(name));
    let (schema, policies) = (read(SCHEMA)?, read(POLICIES)?);
    if let Some(old) = &arguments.against {
        if declarations(&text(&old.join(SCHEMA))?)? != declarations(&schema)? {
            return Err(ProveError::Pack(
                "the two packs have different schemas: nothing of them can be compared".into(),
            ));
        }
        let old = Pack::parse(&text(&old.join(POLICIES))?)?;
        return compare(&mut Prover::start(&schema, arguments.seconds)?, &old, &Pack::parse(&policies)?).await;
    }
    if arguments.mutants {
        return equal_mutants(arguments, &schema, &policies).await;
    }
    let invariants = parse_invariants(&read("invariants.json")?)?;
    let chosen = |invariant: &&Invariant| arguments.only.as_ref().is_none_or(|only| invariant.id.contains(only));
    let invariants: Vec<&Invariant> = invariants.iter().filter(chosen).collect();
    if invariants.is_empty() {
        return Err(ProveError::Pack("no invariant has that in its name".into()));
    }
    let mut prover = Prover::start(&schema, arguments.seconds)?;
    let mut good = true;
    if arguments.only.is_none() {
        let (looked_at, erring) = prover.policies_that_may_err(&Pack::parse(&policies)?).await?;
        good = erring.is_empty();
        match erring.as_slice() {
            [] => println!("proved   never-errs: none of the {looked_at} policies errs on any request"),
            erring => println!("REFUTED  never-errs: these may err: {}", erring.join(", ")),
        }
    }
    for invariant in &invariants {
        let found = prover.check(invariant, &policies).await?;
        good &= matches!(found, Found::Proved { .. });
        print(invariant, &found, arguments.whole);
    }
    println!("{}: {} invariants", if good { "all proved" } else { "NOT ALL PROVED" }, invariants.len());
    Ok(good)
}

/// What a schema declares; comments and white space do not count.
fn declarations(schema: &str) -> Result<serde_json::Value, ProveError> {
    let bad = |error: &dyn std::error::Error| ProveError::Pack(format!("{SCHEMA}: {error}"));
    let (fragment, _) = SchemaFragment::from_cedarschema_str(schema).map_err(|error| bad(&error))?;
    fragment.to_json_value().map_err(|error| bad(&error))
}

/// The mutants of a pack that no test notices, by name: those proved equal, and those of which nothing is known.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Survivors {
    equal: BTreeSet<String>,
    survivors: BTreeSet<String>,
}

async fn equal_mutants(arguments: &Arguments, schema: &str, policies: &str) -> Result<bool, ProveError> {
    let place = arguments.pack.join(MUTANTS);
    let bad = |reason: String| ProveError::Pack(format!("{}: {reason}", place.display()));
    let listed: Survivors = serde_json::from_str(&text(&place)?).map_err(|error| bad(error.to_string()))?;
    let file = |name: &str, text: &str| File { name: name.to_owned(), text: text.to_owned() };
    let pack = text(&arguments.pack.join(PACK))?;
    let files = vec![file(PACK, &pack), file(POLICIES, policies), file(SCHEMA, schema)];
    let bundle = Bundle::parse(files).map_err(|error| ProveError::Pack(error.to_string()))?;
    let all = mutants(&bundle);
    let subject = Subject::new(&bundle)?;
    let mut prover = Prover::start(schema, arguments.seconds)?;
    let mut found = Survivors { equal: listed.equal.clone(), survivors: listed.survivors.clone() };
    let mut good = true;
    // What is already called equal is checked; among the others equal ones are only looked for when the list is written,
    // and first: what was found before a run was stopped is not looked for again.
    let unknown = listed.survivors.iter().filter(|_| arguments.write);
    for name in unknown.chain(&listed.equal) {
        let mutant = all.iter().find(|mutant| mutant.name == *name);
        let mutant = mutant.ok_or_else(|| bad(format!("the pack has no mutant `{name}`")))?;
        let equal = match subject.equal(&mut prover, mutant).await {
            Err(ProveError::Solver(said)) => {
                eprintln!("{name}: {said}");
                false
            }
            other => other?,
        };
        if !equal && listed.equal.contains(name) {
            good = false;
            println!("NOT PROVED  {name}");
        }
        let changed = if equal {
            found.survivors.remove(name);
            found.equal.insert(name.clone())
        } else {
            found.equal.remove(name);
            found.survivors.insert(name.clone())
        };
        if changed && arguments.write {
            let text = serde_json::to_string_pretty(&found).map_err(|error| bad(error.to_string()))? + "\n";
            replace(&place, &text).map_err(|error| bad(error.to_string()))?;
        }
    }
    let new = found.equal.difference(&listed.equal).count();
    println!(
        "{} mutants that no test notices: {} proved equal ({new} of them not listed as such), {} not",
        found.equal.len() + found.survivors.len(),
        found.equal.len(),
        found.survivors.len()
    );
    Ok(good)
}

/// Writes a file whole or not at all.
fn replace(place: &Path, text: &str) -> std::io::Result<()> {
    let new = place.with_extension("json.new");
    std::fs::write(&new, text)?;
    std::fs::rename(&new, place)
}

async fn compare(prover: &mut Prover, old: &Pack, new: &Pack) -> Result<bool, ProveError> {
    let mut good = true;
    for (action, example) in prover.widened(old, new).await? {
        good &= example.is_none();
        match example {
            None => println!("proved   {action}: nothing is allowed that was not"),
            Some(example) => println!("WIDENED  {action}: now allowed, for example\n{}", example.whole()),
        }
    }
    Ok(good)
}

fn print(invariant: &Invariant, found: &Found, whole: bool) {
    let attributes = invariant.attributes();
    let show = |example: &prover::Example| if whole { example.whole() } else { example.show(&attributes) };
    let Invariant { id, says, .. } = invariant;
    match found {
        Found::Proved { example, broken } => {
            println!("proved   {id}: {says}");
            println!("         allowed, for example: {}", show(example));
            println!("         weakened, it would allow: {}", show(broken));
        }
        Found::Refuted { of, example } => {
            println!("REFUTED  {id}: {says}");
            println!("         against {of}: {}", show(example));
        }
        Found::Vacuous => println!("VACUOUS  {id}: nothing that the pack allows is a case of it"),
        Found::Unbreakable => println!("USELESS  {id}: the weakened pack does not break it"),
    }
}

fn text(path: &Path) -> Result<String, ProveError> {
    std::fs::read_to_string(path).map_err(|error| ProveError::Pack(format!("cannot read {}: {error}", path.display())))
}
