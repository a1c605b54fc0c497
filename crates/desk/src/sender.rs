//! Checking who sent a request: at least two independent factors, one of them out of band.

use crate::case_file::{CaseFile, kind};
use crate::desk::{Attached, Desk, stored};
use crate::documents::{FactorTried, SenderCheck, SenderCheckV1};
use crate::error::{DeskError, Result};
use crate::leaves::leaf;
use countersign_core::case::Event;
use countersign_core::facts::Factor;
use countersign_core::id::{CaseId, PersonId};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
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
    /// [`DeskError::Input`] when fewer than two factors were tried or none out of band, or the directory has no number to call.
    pub async fn check_sender(&self, case: &CaseId, tried: Vec<FactorTried>, by: &PersonId) -> Result<Sender> {
        let file = self.case(case).await?;
        let intake = file.intake.as_ref().ok_or_else(|| DeskError::Input("the case has no request".into()))?;
        let authority = self.authority(&intake.value().authority)?;
        let mut tried = tried;
        for attempt in &mut tried {
            if attempt.factor == Factor::CallBack {
                let number = authority.call_back.as_deref().ok_or_else(|| {
                    DeskError::Input(format!("the directory has no number of `{}` to call back", authority.id))
                })?;
                attempt.note = format!("called {number} of our directory; {}", attempt.note);
            }
        }
        let outcome = conclude(&tried)?;
        let at = self.now();
        let document = Exact::write(SenderCheck { v: SenderCheckV1, case: *case, tried, by: by.clone(), at })?;
        self.append_check(&file, &document, outcome, by).await?;
        Ok(outcome)
    }

    async fn append_check(
        &self,
        file: &CaseFile,
        document: &Exact<SenderCheck>,
        outcome: Sender,
        by: &PersonId,
    ) -> Result<()> {
        let (digest, at) = (document.digest(), document.value().at);
        let (event, word) = match outcome {
            Sender::Confirmed => (Event::Authenticated { document: digest }, "verified"),
            Sender::Fake => (Event::Fake { document: digest }, "fake"),
        };
        let factors: Value = confirmed(&document.value().tried).map(Factor::as_str).collect();
        let values = vec![Value::from(digest.to_hex()), Value::from(word), factors, Value::from(at.to_string())];
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

fn out_of_band(factor: Factor) -> bool {
    matches!(factor, Factor::CallBack | Factor::SecondOfficer)
}

fn conclude(tried: &[FactorTried]) -> Result<Sender> {
    if tried.iter().any(|attempt| out_of_band(attempt.factor) && !attempt.confirmed) {
        return Ok(Sender::Fake);
    }
    let mut factors: Vec<Factor> = confirmed(tried).collect();
    factors.sort_unstable();
    factors.dedup();
    if factors.len() < 2 || !factors.iter().copied().any(out_of_band) {
        return Err(DeskError::Input(
            "at least two independent factors must confirm the sender, one of them out of band (call_back or second_officer)".into(),
        ));
    }
    Ok(Sender::Confirmed)
}
