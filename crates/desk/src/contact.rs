//! Registering an informal approach.

use crate::case_file::kind;
use crate::desk::{Attached, Desk, stored};
use crate::documents::{Contact, Fact};
use crate::error::{DeskError, Result};
use crate::leaves::leaf;
use countersign_core::case::Event;
use countersign_core::id::{CaseId, PersonId};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::time::DAY;
use rand_core::Rng;
use serde_json::Value;

/// How long after an approach it must be registered.
pub const REGISTER_WITHIN: i64 = DAY;

impl Desk {
    /// Registers a contact: opens a case in stage CONTACT and its leaf. Returns the case, and whether the 24 hours were kept.
    ///
    /// # Errors
    /// [`DeskError::Input`] when a fact lies in the future or the record says nothing; [`DeskError::NotFound`] for an unknown authority.
    pub async fn register_contact(&self, contact: Contact, by: &PersonId) -> Result<(CaseId, bool)> {
        self.authority(&contact.authority)?;
        let facts = [&contact.met, &contact.asked, &contact.promised, &contact.delivered];
        let earliest = facts.iter().filter_map(|fact| fact.as_ref()).map(|fact| fact.at).min();
        if facts.iter().filter_map(|fact| fact.as_ref()).any(|fact| fact.at > contact.at) {
            return Err(DeskError::Input("a fact of the contact lies after its registration".into()));
        }
        let in_time = earliest.is_some_and(|met| contact.at.since(met) <= REGISTER_WITHIN);
        let document = Exact::write(contact)?;
        let value = document.value();
        let (case, leaf) = {
            let mut rng = self.rng();
            let mut id = [0; 16];
            rng.fill_bytes(&mut id);
            let values = vec![
                Value::from(document.digest().to_hex()),
                Value::from(value.authority.as_str()),
                Value::from(value.state.as_str()),
                stated(value.met.as_ref()),
                stated(value.asked.as_ref()),
                stated(value.promised.as_ref()),
                stated(value.delivered.as_ref()),
                Value::from(value.at.to_string()),
            ];
            (CaseId(id), leaf(LeafKind::Contact, value.at, values, &mut *rng)?)
        };
        let event = Event::Contact { document: document.digest(), authority: value.authority.clone() };
        let attached =
            Attached { documents: vec![stored(kind::CONTACT, &document)], leaves: vec![leaf], ..Attached::default() };
        self.append(None, case, by, event, attached).await?;
        Ok((case, in_time))
    }
}

/// A leaf says whether a fact was stated; what was said stays in the document until its opening.
fn stated(fact: Option<&Fact>) -> Value {
    Value::from(fact.is_some())
}
