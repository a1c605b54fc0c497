//! No outside effect before its intent is public, and an intent without outcome is an incident.

use crate::PublicProof;
use countersign_core::time::{MINUTE, Seconds, Timestamp};
use countersign_store::OpenEffect;
use countersign_tlog::leaf::{LeafError, check_disclosures};

/// How long an effect may take before its intent counts as an incident.
pub const INTENT_GRACE: Seconds = 10 * MINUTE;

/// The licence for one outside effect. Whatever calls a trustee, sends a mail or hands over a package takes one as its argument,
/// and compares effect and subject with what it is about to do.
#[derive(Debug)]
pub struct Intent {
    effect: String,
    subject: String,
    index: u64,
}

/// Not the intent of an effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntentError {
    /// The leaf or its disclosures are wrong.
    #[error("the intent's leaf cannot be read: {0}")]
    Leaf(#[from] LeafError),
    /// The leaf says something else.
    #[error("the public leaf is no intent with an effect and a subject")]
    NoIntent,
}

impl Intent {
    /// Reads the intent out of a public leaf and its disclosures.
    ///
    /// # Errors
    /// [`IntentError`] when the disclosures are not the leaf's, or do not say `kind` = `intent`, `effect` and `subject`.
    pub fn from_public(proof: &PublicProof, disclosures: &[String]) -> Result<Self, IntentError> {
        let fields = check_disclosures(proof.leaf(), disclosures)?;
        let text = |name: &str| fields.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        match (text("kind").as_deref(), text("effect"), text("subject")) {
            (Some("intent"), Some(effect), Some(subject)) => {
                Ok(Self { effect, subject, index: proof.included().index })
            }
            _ => Err(IntentError::NoIntent),
        }
    }

    /// What may be done.
    pub fn effect(&self) -> &str {
        &self.effect
    }

    /// With what it may be done.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Index of the intent's leaf.
    pub fn index(&self) -> u64 {
        self.index
    }
}

/// Of the effects without outcome, those begun more than [`INTENT_GRACE`] ago.
pub fn overdue(open: Vec<OpenEffect>, now: Timestamp) -> Vec<OpenEffect> {
    open.into_iter().filter(|effect| now.since(effect.at) > INTENT_GRACE).collect()
}
