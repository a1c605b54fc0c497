//! Checking who sent a request: at least two independent factors, one of them out of band; which ones, says
//! [`authenticity`](countersign_intake::authenticity) by channel, kind of authority and urgency.

use crate::case_file::{CaseFile, kind};
use crate::desk::{Attached, Desk, stored};
use crate::documents::{FactorTried, SenderCheck, SenderCheckV1};
use crate::error::{DeskError, Result};
use crate::leaves::leaf;
use countersign_core::case::Event;
use countersign_core::control::{Person, Role};
use countersign_core::facts::Factor;
use countersign_core::id::{CaseId, PersonId};
use countersign_core::json::Exact;
use countersign_core::leaf::{CheckOutcome, LeafKind};
use countersign_intake::authenticity::{Channel, Verdict, conclude};
use serde_json::Value;

/// What came of the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// At least two factors confirmed the sender, one of them out of band.
    Confirmed,
    /// A factor out of band contradicts the sender.
    Fake,
}

impl Desk {
    /// Concludes the check of the sender.
    ///
    /// The directory entry is a factor of its own; a call-back counts only to the number of OUR directory, which the caller of
    /// this function never supplies: it is written into the record from the directory.
    ///
    /// # Errors
    /// [`DeskError::Input`] when what the channel demands was not tried, the directory has no number to call, no signature was checked that
    /// `registered_key` could mean, or the second officer is the first one.
    pub async fn check_sender(&self, case: &CaseId, tried: Vec<FactorTried>, by: &PersonId) -> Result<Sender> {
        let file = self.case(case).await?;
        let intake = file.intake.as_ref().ok_or_else(|| DeskError::Input("the case has no request".into()))?.value();
        let authority = self.authority(&intake.authority)?;
        let key = self.came(case).await?.and_then(|came| came.key);
        let mut tried = tried;
        for attempt in &mut tried {
            match attempt.factor {
                Factor::CallBack => {
                    let number = authority.call_back.as_deref().ok_or_else(|| {
                        DeskError::Input(format!("the directory has no number of `{}` to call back", authority.id))
                    })?;
                    attempt.note = format!("called {number} of our directory; {}", attempt.note);
                }
                Factor::SecondOfficer => {
                    let second = self.second_officer(attempt.person.as_ref(), by)?;
                    attempt.note = format!("checked by {second}; {}", attempt.note);
                }
                // A delay order is under the authority's key, too.
                Factor::RegisteredKey if attempt.confirmed && key.is_none() && intake.delay.is_none() => {
                    return Err(DeskError::Input(
                        "no signature of this request was checked: `registered_key` cannot confirm its sender".into(),
                    ));
                }
                _ => {}
            }
        }
        let channel = Channel::parse(&intake.channel).ok();
        let seen = tried.iter().map(|attempt| (attempt.factor, attempt.confirmed));
        let outcome = match conclude(channel, authority.kind, intake.emergency, seen) {
            Verdict::Confirmed => Sender::Confirmed,
            Verdict::Fake => Sender::Fake,
            Verdict::Missing(demands) => {
                let reasons: Vec<&str> = demands.iter().map(|demand| demand.reason).collect();
                return Err(DeskError::Input(format!("the sender is not confirmed yet: {}", reasons.join("; "))));
            }
        };
        let at = self.now();
        let document = Exact::write(SenderCheck { v: SenderCheckV1, case: *case, tried, by: by.clone(), at })?;
        self.append_check(&file, &document, outcome, by).await?;
        Ok(outcome)
    }

    /// Somebody else of the custodian's own people, in force now.
    fn second_officer<'p>(&self, person: Option<&'p PersonId>, by: &PersonId) -> Result<&'p PersonId> {
        let person =
            person.ok_or_else(|| DeskError::Input("`second_officer` needs the name of that officer".into()))?;
        if person == by {
            return Err(DeskError::Input(format!("`{by}` cannot be the second officer of the own check")));
        }
        let roster = self.control().counting_at(self.now());
        let officer = |known: &Person| known.roles.contains(&Role::Officer);
        if roster.people().get(person).is_some_and(officer) {
            Ok(person)
        } else {
            Err(DeskError::not_found("officer in force who is not silent", person))
        }
    }

    async fn append_check(
        &self,
        file: &CaseFile,
        document: &Exact<SenderCheck>,
        outcome: Sender,
        by: &PersonId,
    ) -> Result<()> {
        let (digest, at) = (document.digest(), document.value().at);
        let event = match outcome {
            Sender::Confirmed => Event::Authenticated { document: digest },
            Sender::Fake => Event::Fake { document: digest },
        };
        let emergency = file.intake.as_ref().is_some_and(|intake| intake.value().emergency);
        let word = CheckOutcome::of(outcome == Sender::Confirmed, emergency);
        let factors: Value = confirmed(&document.value().tried).map(Factor::as_str).collect();
        let values =
            vec![Value::from(digest.to_hex()), Value::from(word.as_str()), factors, Value::from(at.to_string())];
        let leaf = leaf(LeafKind::Verified, at, values, &mut *self.rng())?;
        let attached =
            Attached { documents: vec![stored(kind::CHECK, document)], leaves: vec![leaf], ..Attached::default() };
        self.append(Some(file), file.id, by, event, attached).await
    }
}

/// Factors that confirmed the sender.
pub(crate) fn confirmed(tried: &[FactorTried]) -> impl Iterator<Item = Factor> {
    tried.iter().filter(|attempt| attempt.confirmed).map(|attempt| attempt.factor)
}
