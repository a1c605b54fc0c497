//! The questions of the decision table and their answers.
//!
//! A finding has a source, a person and a time. A question without a finding is *unknown*, and unknown never equals
//! "no problem".

use crate::id::{InvalidId, PersonId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// One of these words.
    Words(&'static [&'static str]),
    /// A whole number from 0 to this.
    Number(u32),
}

macro_rules! questions {
    ($($(#[$meta:meta])* $name:ident = $id:literal, $answers:expr;)*) => {
        named_enum!(
            /// One question of the decision table.
            Question, "a question of the decision table (D01 to D34)" {
                $($(#[$meta])* $name = $id,)*
            }
        );

        impl Question {
            /// The answers that the question takes.
            pub fn answers(self) -> Answers {
                match self { $(Question::$name => $answers,)* }
            }
        }
    };
}

use Answers::{Number, Words};

/// Largest number a finding may state (people, states).
pub const MAX_NUMBER: u32 = 1_000_000_000;

questions! {
    /// A request, or an informal contact?
    Form = "D01", Words(&["formal", "informal"]);
    /// Is the sender who he says?
    Authentic = "D02", Words(&["verified", "partly", "failed"]);
    /// Is the officer in post and allowed to sign?
    OfficerInPost = "D03", Words(&["yes", "no", "unknown"]);
    /// What is the authority?
    AuthorityKind = "D04", Words(&["court", "prosecutor", "police", "fiu", "tax", "regulator", "intelligence", "unknown"]);
    /// How independent of the executive and the security services?
    Independence = "D05", Number(3);
    /// Competent for this matter and person?
    Competence = "D06", Words(&["yes", "no", "unknown"]);
    /// Link of the state with custodian, client or offence?
    Territory = "D07", Words(&["entity", "client", "offence", "none", "unknown"]);
    /// Which instrument?
    InstrumentForm = "D08", Words(&[
        "court_order", "warrant", "subpoena", "epoc", "epoc_pr", "mla", "letter_of_request", "second_protocol", "fiu_request", "s314a",
        "emergency", "regulator", "civil", "informal",
    ]);
    /// Formally valid?
    FormallyValid = "D09", Words(&["yes", "partly", "no"]);
    /// Is our service covered by the instrument?
    ServiceCovered = "D10", Words(&["yes", "no"]);
    /// Offence named, with facts, serious enough?
    Offence = "D11", Words(&["yes", "no"]);
    /// Dual criminality?
    DualCriminality = "D12", Words(&["yes", "no", "unknown"]);
    /// Ne bis in idem, limitation, immunity, privilege, press freedom?
    Bars = "D13", Words(&["none", "raised"]);
    /// Political offence or rights red flag?
    Political = "D14", Words(&["none", "suspected", "yes"]);
    /// How many independent states list the target as terrorist?
    ListedBy = "D15", Number(300);
    /// Standing of the requester in its peer network?
    Standing = "D16", Words(&["good", "suspended", "unknown"]);
    /// Is the requester sanctioned?
    Sanctioned = "D17", Words(&["no", "somewhere", "at_our_seat"]);
    /// Would answering breach a law binding us?
    ConflictOfLaws = "D18", Words(&["no", "yes", "unknown"]);
    /// Are targets named?
    Targets = "D19", Words(&["named", "selector", "dragnet"]);
    /// How many clients would it expose?
    Exposed = "D20", Number(MAX_NUMBER);
    /// What share of them, in percent, is evidently uninvolved?
    Uninvolved = "D21", Number(100);
    /// Are the data classes within what the instrument allows?
    ClassesAllowed = "D22", Words(&["yes", "no"]);
    /// Is the time window bounded?
    Window = "D23", Words(&["yes", "no", "not_applicable"]);
    /// Could an aggregate or a yes/no do?
    AggregateEnough = "D24", Words(&["yes", "no"]);
    /// Could the authority get it with less harm elsewhere?
    LessHarmElsewhere = "D25", Words(&["yes", "no", "unknown"]);
    /// A real threat to life, this person, now?
    ThreatToLife = "D26", Words(&["yes", "no", "doubt"]);
    /// Emergency regularised by a judge afterwards?
    Regularised = "D27", Words(&["yes", "no", "pending"]);
    /// A delay order?
    Delay = "D28", Words(&["none", "agency_wish", "statute", "court"]);
    /// Retaliation or duress on staff?
    Duress = "D29", Words(&["no", "yes"]);
    /// Can a quorum be formed?
    QuorumPossible = "D30", Words(&["yes", "no"]);
    /// Are t trustees outside the requesting state and its close allies?
    TrusteesOutside = "D31", Words(&["yes", "no"]);
    /// Is the order in the log and witnessed?
    Logged = "D32", Words(&["yes", "no"]);
    /// Will the person face torture, death penalty or persecution?
    Persecution = "D33", Words(&["no", "risk", "unknown"]);
    /// May the authority pass it to a security service?
    OnwardUse = "D34", Words(&["no", "yes", "unknown"]);
}

/// One answered question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    question: Question,
    value: String,
    source: String,
    by: PersonId,
    at: Timestamp,
}

impl Finding {
    /// Longest source text in bytes.
    pub const MAX_SOURCE: usize = 500;

    /// An answer to `question`.
    ///
    /// # Errors
    /// [`InvalidFinding`] when the question does not take this value, or the source is empty or too long.
    pub fn new(
        question: Question,
        value: &str,
        source: &str,
        by: PersonId,
        at: Timestamp,
    ) -> Result<Self, InvalidFinding> {
        let fits = match question.answers() {
            Answers::Words(words) => words.contains(&value),
            Answers::Number(most) => {
                value.parse::<u32>().is_ok_and(|number| number <= most && number.to_string() == value)
            }
        };
        if !fits {
            return Err(InvalidFinding::Value {
                question,
                found: InvalidId::not("an answer", value),
                takes: question.answers(),
            });
        }
        if source.trim().is_empty() || source.len() > Self::MAX_SOURCE || source.chars().any(char::is_control) {
            return Err(InvalidFinding::Source { question });
        }
        Ok(Self { question, value: value.to_owned(), source: source.to_owned(), by, at })
    }

    /// The question.
    pub fn question(&self) -> Question {
        self.question
    }

    /// The answer, one that the question takes.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Where the answer comes from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Who answered.
    pub fn by(&self) -> &PersonId {
        &self.by
    }

    /// When.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// Why an answer is not a finding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFinding {
    /// The question does not take this value.
    #[error("{question}: {found}; it takes {}", describe(*takes))]
    Value {
        /// The question.
        question: Question,
        /// The value given.
        found: InvalidId,
        /// What it takes.
        takes: Answers,
    },
    /// No usable source.
    #[error("{question}: a finding needs a source of 1 to 500 bytes on one line")]
    Source {
        /// The question.
        question: Question,
    },
}

fn describe(answers: Answers) -> String {
    match answers {
        Answers::Words(words) => words.join(", "),
        Answers::Number(most) => format!("a whole number from 0 to {most}"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFinding {
    question: Question,
    value: String,
    source: String,
    by: PersonId,
    at: Timestamp,
}

impl<'de> Deserialize<'de> for Finding {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawFinding::deserialize(deserializer)?;
        Self::new(raw.question, &raw.value, &raw.source, raw.by, raw.at).map_err(serde::de::Error::custom)
    }
}
