//! Reads a policy pack critically, without putting it in force.
//!
//! In scope: the golden corpus of a pack (worked requests with their complete expected decisions) and the laws it obeys,
//! generated cases, what a decision rests on, what changes between two packs, mutants of policies. Not in scope: deciding
//! anything in earnest (`policy`), proofs (`prove`), files: texts come in as arguments.

mod combine;
mod corpus;
mod derive;
mod diff;
mod explain;
mod generate;
mod invariant;
mod judge;
mod laws;
mod mutate;
mod near;
mod property;

pub use combine::{Combinations, combinations};
pub use corpus::{Case, Cast, Corpus, CorpusError, Derived, Excuse, Expected, Release, key_text, sign};
pub use derive::{DERIVED, Derivation, DeriveError};
pub use diff::{Changed, Difference, Names, Turned, compare};
pub use explain::{Change, Does, Explanation, Spoke, explain};
pub use generate::{Generated, Generator};
pub use invariant::{Bound, Edit, Invariant, InvariantError, parse as parse_invariants};
pub use judge::{Fault, Judged, Report, judge};
pub use laws::broken_laws;
pub use mutate::{Fate, Mutant, Near, Stage, Steps, mutants, prepare, prepare_neighbours};
pub use near::neighbours;
pub use property::{Findings, Tested, test_invariants};
