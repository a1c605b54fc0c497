//! The letters by what they may say.

use crate::template::{Letter, Value, Values, render};
use crate::words::{CHANNELS, CLASSES, INSTRUMENTS, REASONS, Row};
use countersign_core::class::ClassSet;
use countersign_core::id::{Digest, Salt};
use countersign_core::named_enum;
use countersign_core::order::Instrument;
use countersign_core::time::Timestamp;

named_enum!(
    /// Language of a letter.
    Language, "a language of letters (en, ru, de)" {
        /// English.
        English = "en",
        /// Russian.
        Russian = "ru",
        /// German.
        German = "de",
    }
);

/// A reason: its code, and its text in the policy pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable code.
    pub code: String,
    /// English text.
    pub text: String,
}

/// What a letter to an authority is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The request arrived.
    Acknowledgement {
        /// Salted digest of the bytes.
        digest: Digest,
        /// The salt.
        salt: Salt,
        /// By when we expect to answer.
        due: Option<Timestamp>,
    },
    /// It cannot be decided as it stands.
    Clarification {
        /// What we ask, in an officer's words.
        questions: Vec<String>,
        /// By when we ask for an answer.
        until: Option<Timestamp>,
    },
    /// It is refused.
    Refusal {
        /// Why.
        reasons: Vec<Reason>,
    },
    /// A binding order that cannot be executed.
    NonExecution {
        /// Why.
        reasons: Vec<Reason>,
    },
}

/// A letter to an authority: what it sent us, and our reasons. No member holds data of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToAuthority {
    /// Our name.
    pub custodian: String,
    /// Its name.
    pub authority: String,
    /// Its own reference, from its own letter; where we keep none, what it wrote must be looked up there.
    pub reference: Option<String>,
    /// When its request arrived.
    pub received: Timestamp,
    /// How.
    pub channel: String,
    /// Date of this letter.
    pub date: Timestamp,
    /// What it is about.
    pub subject: Subject,
}

/// A notice to a client about one disclosure. No member holds the authority's file, its grounds, or anything of other people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToClient {
    custodian: String,
    authority: String,
    instrument: Instrument,
    classes: ClassSet,
    released: Timestamp,
    date: Timestamp,
}

/// The client must not be told yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a delay order forbids telling the client until {until}")]
pub struct Delayed {
    /// Until when.
    pub until: Timestamp,
}

impl ToAuthority {
    /// The letter.
    pub fn write(&self, language: Language) -> Letter {
        let mut values = Values::new();
        values.insert("custodian", Value::Text(self.custodian.clone()));
        values.insert("authority", Value::Text(self.authority.clone()));
        values.insert("reference", Value::Text(self.reference.clone().unwrap_or_else(|| "-".to_owned())));
        values.insert("received", Value::Text(day(self.received)));
        values.insert("date", Value::Text(day(self.date)));
        let reasons = |reasons: &[Reason]| Value::List(told(reasons, language));
        let name = match &self.subject {
            Subject::Acknowledgement { digest, salt, due } => {
                values.insert("channel", Value::Text(word(CHANNELS, &self.channel, language)));
                values.insert("digest", Value::Text(digest.to_hex()));
                values.insert("salt", Value::Text(salt.to_hex()));
                values.insert("due", Value::of(due.map(day)));
                "acknowledgement"
            }
            Subject::Clarification { questions, until } => {
                values.insert("questions", Value::List(questions.clone()));
                values.insert("until", Value::of(until.map(day)));
                "clarification"
            }
            Subject::Refusal { reasons: why } => {
                values.insert("reasons", reasons(why));
                "refusal"
            }
            Subject::NonExecution { reasons: why } => {
                values.insert("reasons", reasons(why));
                "non-execution"
            }
        };
        render(name, language, &values)
    }
}

impl ToClient {
    /// A notice about a disclosure. `delayed_until` is the end of the delay order under which it was made, if there was one.
    ///
    /// # Errors
    /// [`Delayed`] while the delay order is in force at `date`.
    pub fn new(
        custodian: String,
        authority: String,
        instrument: Instrument,
        classes: ClassSet,
        released: Timestamp,
        delayed_until: Option<Timestamp>,
        date: Timestamp,
    ) -> Result<Self, Delayed> {
        match delayed_until.filter(|until| date < *until) {
            Some(until) => Err(Delayed { until }),
            None => Ok(Self { custodian, authority, instrument, classes, released, date }),
        }
    }

    /// The letter.
    pub fn write(&self, language: Language) -> Letter {
        let mut values = Values::new();
        values.insert("custodian", Value::Text(self.custodian.clone()));
        values.insert("authority", Value::Text(self.authority.clone()));
        values.insert("instrument", Value::Text(word(INSTRUMENTS, self.instrument.as_str(), language)));
        values.insert("released", Value::Text(day(self.released)));
        values.insert("date", Value::Text(day(self.date)));
        let classes = self.classes.iter().map(|class| word(CLASSES, class.as_str(), language));
        values.insert("classes", Value::List(classes.collect()));
        render("client-notice", language, &values)
    }
}

/// Days are written as numbers: no language misreads the year first.
fn day(at: Timestamp) -> String {
    at.date().to_string()
}

fn word(table: &[Row], code: &str, language: Language) -> String {
    let row = table.iter().find(|row| row.0 == code);
    row.map_or(code, |row| match language {
        Language::English => row.1,
        Language::German => row.2,
        Language::Russian => row.3,
    })
    .to_owned()
}

/// What is never told: whoever put somebody under duress would read that it was noticed, and who may have said so.
const UNTOLD: &str = "DURESS";
/// What is told where nothing else is left.
const INSTEAD: (&str, &str) = ("NOT_PERMITTED", "No policy permits this.");

fn told(reasons: &[Reason], language: Language) -> Vec<String> {
    let told: Vec<String> = reasons.iter().filter(|one| one.code != UNTOLD).map(|one| reason(one, language)).collect();
    if told.is_empty() && !reasons.is_empty() {
        let (code, text) = INSTEAD;
        return vec![reason(&Reason { code: code.into(), text: text.into() }, language)];
    }
    told
}

/// A reason without words in a language is given in English beside its code: a reader can look the code up.
fn reason(reason: &Reason, language: Language) -> String {
    let row = REASONS.iter().find(|row| row.0 == reason.code);
    let text = match (language, row) {
        (Language::German, Some(row)) => row.1,
        (Language::Russian, Some(row)) => row.2,
        _ => reason.text.as_str(),
    };
    format!("{}: {text}", reason.code)
}

#[cfg(test)]
mod tests;
