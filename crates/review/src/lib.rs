//! Reads a policy pack critically, without putting it in force.
//!
//! In scope: the golden corpus of a pack (worked requests with their complete expected decisions) and the laws it obeys.
//! Not in scope: deciding anything in earnest (`policy`), proofs (`prove`), files: texts come in as arguments.

mod corpus;
mod judge;
mod laws;

pub use corpus::{Case, Cast, Corpus, CorpusError, Excuse, Expected, Release, key_text, sign};
pub use judge::{Fault, Judged, Report, judge};
pub use laws::broken_laws;
