//! What a decision says.

use countersign_core::finding::Question;
use countersign_core::named_enum;
use serde::Serialize;

named_enum!(
    /// What happens with a request, strictest first. A gate can only lower an outcome towards the strict end.
    Outcome, "an outcome" {
        /// The sender is not who he says.
        RejectFake = "reject_fake",
        /// Nothing is given, with reasons.
        Refuse = "refuse",
        /// The instrument is not executed: the service or the case is not covered, or it cannot be executed now.
        NonExecution = "non_execution",
        /// The requester is sent to mutual legal assistance or to the authority that may ask here.
        RouteMla = "route_mla",
        /// The order is contested before a court.
        Challenge = "challenge",
        /// Something is missing; the requester is asked.
        AskMore = "ask_more",
        /// There is nothing to give.
        NoData = "no_data",
        /// Data are kept, not given.
        PreserveOnly = "preserve_only",
        /// A yes, a no or an aggregate instead of records.
        Answer = "answer",
        /// Less than was asked.
        Narrow = "narrow",
        /// Given under protest: the law leaves no choice.
        ComplyUnderProtest = "comply_under_protest",
        /// Given as asked.
        Comply = "comply",
    }
);

impl Outcome {
    /// Whether data or an answer leave the custodian under this outcome.
    pub fn gives(self) -> bool {
        matches!(self, Outcome::Answer | Outcome::Narrow | Outcome::ComplyUnderProtest | Outcome::Comply)
    }
}

/// Name of a reason, 3 to 64 of `A`-`Z`, `0`-`9` and `_`, for example `DRAGNET`. The pack maps it to questions and a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReasonCode(String);

impl ReasonCode {
    /// The policy engine reported an error, or the facts contradict one another: nothing is permitted.
    pub const POLICY_ERROR: &'static str = "POLICY_ERROR";
    /// No policy permits this, although none forbids it.
    pub const NOT_PERMITTED: &'static str = "NOT_PERMITTED";
    /// The order differs from the facts it names, or the facts from the directory.
    pub const FACTS_MISMATCH: &'static str = "FACTS_MISMATCH";
    /// Codes that the engine itself gives; every pack must explain them.
    pub const OF_THE_ENGINE: [&'static str; 3] = [Self::POLICY_ERROR, Self::NOT_PERMITTED, Self::FACTS_MISMATCH];

    /// Reads a code.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (3..=64).contains(&text.len())
            && text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
            && text.starts_with(|first: char| first.is_ascii_uppercase());
        fits.then(|| Self(text.to_owned()))
    }

    pub(crate) fn of_engine(code: &'static str) -> Self {
        Self(code.to_owned())
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ReasonCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// One decision, with everything that led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Decision {
    /// Whether the action (propose or release) is permitted. Nothing but this permits.
    pub allowed: bool,
    /// The strictest outcome of all gates.
    pub outcome: Outcome,
    /// Whether the matter goes to the board or counsel, beside the outcome.
    pub escalate: bool,
    /// Every reason of every evaluated action, sorted, without repetition.
    pub reasons: Vec<ReasonCode>,
    /// Questions that this lane needs answered and nobody answered, sorted.
    pub missing: Vec<Question>,
    /// The lane, when the pack could place the requester.
    pub lane: Option<String>,
    /// What the quorum of this lane and kind of order demands, for display; the policies decide.
    pub requirement: Option<crate::Requirement>,
    /// Whether notice to the client may be delayed.
    pub delay_lawful: bool,
    /// Ids of the policies that determined the decision, sorted.
    pub policies: Vec<String>,
    /// Errors of the policy engine or of the facts, sorted; never empty together with `allowed`.
    pub errors: Vec<String>,
}

impl Decision {
    /// Whether this reason is among the reasons.
    pub fn has(&self, code: &str) -> bool {
        self.reasons.iter().any(|reason| reason.as_str() == code)
    }

    /// A refusal for a fault found before or in the policy engine.
    pub(crate) fn fault(code: &'static str, errors: Vec<String>) -> Self {
        Self {
            allowed: false,
            outcome: Outcome::Refuse,
            escalate: true,
            reasons: vec![ReasonCode::of_engine(code)],
            missing: Vec::new(),
            lane: None,
            requirement: None,
            delay_lawful: false,
            policies: Vec::new(),
            errors,
        }
    }
}
