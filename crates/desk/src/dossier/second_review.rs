//! The draw of a second review, recomputed from the disclosed leaves of receipts, and what the events make of it.

use super::event_path;
use crate::second_review::Drawn;
use countersign_core::case::draw::draws;
use countersign_core::case::{Event, EventRecord};
use countersign_core::id::PersonId;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_verify::evidence::{DisclosedLeaf, Fault, LEAVES};
use countersign_verify::state::ControlState;
use countersign_verify::wire::Outcome;
use std::collections::BTreeSet;

/// What draws the case: the first receipt of an answer that does.
///
/// # Errors
/// [`Fault`] of a receipt's leaf that names no receipt, trustee or time.
pub(super) fn drawn(receipts: &[&DisclosedLeaf], control: &ControlState) -> Result<Option<Drawn>, Fault> {
    let Some(trustees) = &control.genesis().value().trustees else { return Ok(None) };
    let mut found: Option<Drawn> = None;
    for leaf in receipts.iter().filter(|leaf| leaf.text("outcome") == Some(Outcome::Answered.as_str())) {
        let drawn = read(leaf).ok_or_else(|| {
            Fault::new(format!("{LEAVES}/{:010}.leaf", leaf.index), "names no receipt, order, trustee or time")
        })?;
        let first = found.is_none_or(|first| (drawn.at, drawn.receipt) < (first.at, first.receipt));
        if draws(&drawn.receipt, trustees.threshold) && first {
            found = Some(drawn);
        }
    }
    Ok(found)
}

fn read(leaf: &DisclosedLeaf) -> Option<Drawn> {
    Some(Drawn {
        order: leaf.digest("order")?,
        receipt: leaf.digest("receipt")?,
        trustee: leaf.fields.get("trustee")?.as_u64().and_then(|number| u16::try_from(number).ok())?,
        at: Timestamp::parse(leaf.text("at")?).ok()?,
    })
}

/// Whether the events treat the draw as they must: a drawn case is not closed without a second review, no other case has one, and
/// whoever reviews is in force and had no part before. `signer` names who signed the approval that an event brought.
///
/// # Errors
/// [`Fault`] of the first event that does not.
pub(super) fn check(
    records: &[Exact<EventRecord>],
    drawn: Option<Drawn>,
    control: &ControlState,
    signer: impl Fn(&Event) -> Option<PersonId>,
) -> Result<(), Fault> {
    let mut parties: BTreeSet<PersonId> = BTreeSet::new();
    let mut reviewed = false;
    for record in records.iter().map(Exact::value) {
        let fault = |reason: String| Err(Fault::new(event_path(record.number), reason));
        match &record.event {
            Event::Confirmed { .. } | Event::Objected { .. } => {
                if drawn.is_none() {
                    return fault("no receipt of a trustee draws the case".to_owned());
                }
                if parties.contains(&record.by) {
                    return fault(format!("`{}` had a part in the case", record.by));
                }
                if !control.at(record.at).people().contains_key(&record.by) {
                    return fault(format!("`{}` was not in force in the roster", record.by));
                }
                reviewed = true;
            }
            Event::Closed if drawn.is_some() && !reviewed => {
                return fault("the case was drawn, and closed without its second review".to_owned());
            }
            _ => {}
        }
        parties.insert(record.by.clone());
        parties.extend(signer(&record.event));
    }
    Ok(())
}
