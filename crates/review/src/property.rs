//! Invariants of a pack on generated cases, where no solver can be asked. What is found broken is broken; what is not, is
//! tested and not proved.

use crate::corpus::Corpus;
use crate::generate::{Generated, Generator};
use crate::invariant::{Bound, Invariant};
use countersign_policy::{Bundle, BundleError, Lone, Prepared, Question, Reader, Variant};

/// Circumstances of a release that are tried with one request: building the request costs most.
const CIRCUMSTANCES: u64 = 8;
/// What separates the seeds of two threads.
const STRIDE: u64 = 0x5851_f42d_4c95_7f2d;

/// What became of one invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// Its name.
    pub id: String,
    /// In how many cases that the pack allows it had something to say, and held.
    pub held: u64,
    /// The first case that breaks it.
    pub broken: Option<String>,
}

/// What became of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Requests with their circumstances.
    pub cases: u64,
    /// How many of them the policies of `release` permit.
    pub released: u64,
    /// The first error that a policy reported.
    pub error: Option<String>,
    /// The invariants, in their order.
    pub invariants: Vec<Tested>,
}

impl Findings {
    /// Whether nothing was found broken.
    pub fn nothing_broken(&self) -> bool {
        self.error.is_none() && self.invariants.iter().all(|tested| tested.broken.is_none())
    }

    /// How many invariants no case had anything to do with.
    pub fn untried(&self) -> usize {
        self.invariants.iter().filter(|tested| tested.held == 0 && tested.broken.is_none()).count()
    }

    fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.released += other.released;
        self.error = self.error.take().or(other.error);
        for (ours, theirs) in self.invariants.iter_mut().zip(other.invariants) {
            ours.held += theirs.held;
            ours.broken = ours.broken.take().or(theirs.broken);
        }
    }
}

/// An invariant as conditions that can be asked.
struct Conditions<'i> {
    invariant: &'i Invariant,
    /// The cases it is about, and of which it holds.
    holds: Lone,
    /// The cases it is about, and of which it does not.
    breaks: Lone,
}

/// Tests invariants on `cases` generated cases, on so many threads. The same seed and threads find the same.
///
/// # Errors
/// An invariant that does not fit the pack's schema, or a corpus without any attempt to release.
pub fn test_invariants(
    bundle: &Bundle,
    corpus: &Corpus,
    invariants: &[Invariant],
    cases: u64,
    seed: u64,
    threads: u64,
) -> Result<Findings, BundleError> {
    let reader = Reader::new(bundle);
    let conditions = invariants
        .iter()
        .map(|invariant| {
            let Invariant { action, when, then, .. } = invariant;
            let holds = reader.condition(action, &format!("({when}) && ({then})"))?;
            let breaks = reader.condition(action, &format!("({when}) && !({then})"))?;
            Ok(Conditions { invariant, holds, breaks })
        })
        .collect::<Result<Vec<_>, BundleError>>()?;
    let permits = Variant::permits_alone(bundle)?;
    if Generator::new(corpus, seed).is_none() {
        return Err(BundleError::Files("the corpus attempts no release, so no cases can be made from it".into()));
    }
    let threads = threads.clamp(1, cases.max(1));
    let work = |thread: u64| {
        let share = cases / threads + u64::from(thread < cases % threads);
        let mut run = Run::new(bundle, &permits, &conditions);
        let generator = Generator::new(corpus, seed.wrapping_add(STRIDE.wrapping_mul(thread)));
        generator.into_iter().for_each(|mut generator| run.test(&mut generator, share));
        run.found
    };
    let mut all = Run::new(bundle, &permits, &conditions).found;
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        for thread in started {
            match thread.join() {
                Ok(found) => all.add(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    Ok(all)
}

struct Run<'r> {
    bundle: &'r Bundle,
    permits: &'r Variant,
    conditions: &'r [Conditions<'r>],
    found: Findings,
}

impl<'r> Run<'r> {
    fn new(bundle: &'r Bundle, permits: &'r Variant, conditions: &'r [Conditions<'r>]) -> Self {
        let tested = |one: &Conditions<'_>| Tested { id: one.invariant.id.clone(), held: 0, broken: None };
        let invariants = conditions.iter().map(tested).collect();
        Self { bundle, permits, conditions, found: Findings { cases: 0, released: 0, error: None, invariants } }
    }

    fn test(&mut self, generator: &mut Generator<'_>, cases: u64) {
        while self.found.cases < cases {
            let mut made = generator.case();
            let (facts, authority) = (made.facts.clone(), made.authority.clone());
            let Ok(prepared) = Prepared::new(self.bundle, &facts, &authority, made.seat) else {
                // Contradictions between facts and directory are refused before any policy is asked.
                self.found.cases += 1;
                continue;
            };
            for action in ["classify", "limit", "delay", "propose"] {
                self.ask(&prepared, action, &made, true);
            }
            for turn in 0..CIRCUMSTANCES.min(cases - self.found.cases) {
                // The gates, too, must not err: they are asked once for each request.
                self.ask(&prepared, "release", &made, turn == 0);
                self.found.cases += 1;
                generator.circumstances(&mut made);
            }
        }
    }

    fn ask(&mut self, prepared: &Prepared<'_>, action: &'static str, made: &Generated, gates: bool) {
        let context = (action == "release").then_some(&made.context);
        if let Err(errors) = prepared.question(action, context).and_then(|question| {
            // What all policies allow, the permits alone allow: a bound that holds of these holds of all.
            let allowed = prepared.allows(&question, Some(self.permits))?;
            let whole = if gates { Some(prepared.allows(&question, None)?) } else { None };
            self.found.released += u64::from(action == "release" && allowed);
            self.judge(prepared, &question, action, made, allowed, whole)
        }) {
            self.found.error.get_or_insert_with(|| format!("{}: {}", case_of(made), errors.join("; ")));
        }
    }

    fn judge(
        &mut self,
        prepared: &Prepared<'_>,
        question: &Question,
        action: &str,
        made: &Generated,
        permits: bool,
        whole: Option<bool>,
    ) -> Result<(), Vec<String>> {
        let conditions = self.conditions.iter().zip(&mut self.found.invariants);
        for (condition, tested) in conditions.filter(|(condition, _)| condition.invariant.action == action) {
            let broken = match condition.invariant.bound {
                Bound::AtMost if !permits => continue,
                Bound::AtMost => prepared.applies(&condition.breaks, question)?,
                // The whole pack must allow it, and so must the permits.
                Bound::AtLeast => whole == Some(false) && prepared.applies(&condition.holds, question)?,
            };
            if broken {
                tested.broken.get_or_insert_with(|| case_of(made));
            } else if (permits || whole == Some(true)) && prepared.applies(&condition.holds, question)? {
                tested.held += 1;
            }
        }
        Ok(())
    }
}

/// A case in words, so that it can be looked at: the facts as a document, and the circumstances.
fn case_of(made: &Generated) -> String {
    let facts = serde_json::to_string(&made.facts).unwrap_or_default();
    format!("seat {}, authority {:?}, facts {facts}, circumstances {:?}", made.seat, made.authority, made.context)
}
