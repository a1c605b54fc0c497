//! Changes of the control state: drafted here, signed by approvers and trustees, published as one control leaf.
//!
//! The leaf is kept before it goes to the journal: killed at any point, the next call publishes the same bytes.

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::leaves::{key, tick};
use countersign_approve::PublicKey;
use countersign_core::control::{Action, COOLING, Change, ChangeV1};
use countersign_core::id::PersonId;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_store::{LeafKey, NewLeaf};
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, LeafId};
use countersign_verify::state::{ControlState, Standing};

/// A change whose leaf stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedChange {
    /// Index of its leaf.
    pub index: u64,
    /// From when on it is in force, by the time at which the witnesses first saw it.
    pub effective: Timestamp,
}

impl Desk {
    /// Writes the next change. An addition or weakening takes effect at `effective`, at the earliest seven days from now, which
    /// is also what is taken when no time is given; a removal at once.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the change could not come into force, or names something that is not there.
    pub async fn draft_change(&self, action: Action, effective: Option<Timestamp>) -> Result<Exact<Change>> {
        let (control, now) = (self.control(), self.now());
        self.check_names(&action, &control, now).await?;
        let earliest = if action.only_removes() { now } else { now.plus(COOLING) };
        let effective = effective.unwrap_or(earliest);
        if effective < earliest {
            return Err(DeskError::Input(format!("a change like this takes effect at {earliest} at the earliest")));
        }
        let genesis = self.custodian.genesis.value();
        let change = Change {
            v: ChangeV1,
            custodian: genesis.custodian.id,
            genesis: self.custodian.genesis.digest(),
            number: control.next_number(),
            effective,
            action,
        };
        control.check_next_change(&change, now).map_err(|error| DeskError::Input(error.to_string()))?;
        Ok(Exact::write(change)?)
    }

    /// Checks every signature under a change and counts them.
    ///
    /// # Errors
    /// [`DeskError::Input`] for a change that is not the next one, or a signature that would make its leaf count for nothing.
    pub fn change_standing(&self, change: &Exact<Change>, signatures: &[ControlSignature]) -> Result<Standing> {
        let (control, now) = (self.control(), self.now());
        let input = |error: countersign_verify::state::ChangeError| DeskError::Input(error.to_string());
        control.check_next_change(change.value(), now).map_err(input)?;
        control.change_standing(change.text(), &change.value().action, signatures, now).map_err(input)
    }

    /// Publishes a signed change, and folds it into the state that this desk works by. Called again it gives the same leaf.
    ///
    /// # Errors
    /// [`DeskError::Input`] when it is not signed as needed, or another change has taken its number; [`DeskError::Journal`] when
    /// the leaf does not become public.
    pub async fn publish_change(
        &self,
        change: &Exact<Change>,
        signatures: &[ControlSignature],
    ) -> Result<PublishedChange> {
        let name = format!("change/{}", change.digest());
        let kept = match self.store.setting(&name).await? {
            Some(kept) => kept,
            None => self.change_leaf(change, signatures)?,
        };
        let (key, leaf) =
            kept.split_first_chunk::<32>().ok_or_else(|| DeskError::internal("a kept leaf is cut off"))?;
        let (key, leaf): (LeafKey, Vec<u8>) = (*key, leaf.to_vec());
        if self.control().next_number() == change.value().number {
            self.store.set_setting_once(&name, &kept).await?;
            let new = NewLeaf { key, kind: "control".into(), leaf: leaf.clone(), disclosures: Vec::new() };
            self.store.append_leaves(Vec::new(), vec![new]).await?;
        }
        let public = self.journal.public(&key).await.map_err(|reason| self.never_published(change, reason))?;
        let index = public.included().index;
        let seen = self.first_seen(index, &leaf).await?;
        let mut control = self.control();
        if control.next_number() == change.value().number {
            let parsed = ControlLeaf::parse(&leaf).map_err(DeskError::internal)?;
            control.fold(index, &parsed, seen);
            if control.next_number() == change.value().number {
                let reason = control.rejected().last().map(|rejected| rejected.reason.clone()).unwrap_or_default();
                return Err(DeskError::Internal(format!("the change in leaf {index} counts for nothing: {reason}")));
            }
            self.set_control(control);
        }
        Ok(PublishedChange { index, effective: ControlState::effective(change.value(), seen) })
    }

    /// Key and bytes of the control leaf with this change, when the fold will accept it.
    fn change_leaf(&self, change: &Exact<Change>, signatures: &[ControlSignature]) -> Result<Vec<u8>> {
        let at = self.now();
        self.control()
            .check_signed_change(change, signatures, at)
            .map_err(|error| DeskError::Input(error.to_string()))?;
        let mut rng = self.rng();
        let leaf = ControlLeaf::new(LeafId::random(&mut *rng), tick(at), change.text().to_owned(), signatures.to_vec());
        let leaf = leaf.and_then(|leaf| leaf.to_bytes()).map_err(DeskError::internal)?;
        Ok([key(at, &mut *rng).as_slice(), &leaf].concat())
    }

    fn never_published(&self, change: &Exact<Change>, reason: String) -> DeskError {
        let (number, next) = (change.value().number, self.control().next_number());
        if number == next {
            return DeskError::Journal(reason);
        }
        DeskError::Input(format!("change number {number} was taken by another change: write it again as number {next}"))
    }

    /// What the fold does not ask: whether the change names something that is there. A misspelt name must not look like a removal.
    async fn check_names(&self, action: &Action, control: &ControlState, now: Timestamp) -> Result<()> {
        let state = control.at(now);
        match action {
            Action::AddPerson(person) => person.keys.iter().try_for_each(|key| {
                PublicKey::parse(key).map(drop).map_err(|error| DeskError::Input(format!("`{key}`: {error}")))
            }),
            Action::RemovePerson(id) if !state.people().contains_key(id) && !cools(control, id, None, now) => {
                Err(DeskError::not_found("person in force or cooling", id))
            }
            Action::RevokeKey { person, key } => {
                let held = state.people().get(person).is_some_and(|person| person.keys.contains(key));
                if held || cools(control, person, Some(key), now) {
                    return Ok(());
                }
                Err(DeskError::Input(format!("`{person}` has no key `{key}` in force or cooling")))
            }
            Action::SuspendAuthority(authority) => self.authority(authority).map(drop),
            Action::HoldOrder(order) => {
                let known = self.store.order_by_id(order).await?.is_some()
                    || self.has_reading(order).await?
                    || self.is_duty(order).await?
                    || self.is_exposure_order(order).await?;
                if known { Ok(()) } else { Err(DeskError::not_found("order", order)) }
            }
            Action::RemoveWorker(worker) => {
                let cooling = |action: &Action| matches!(action, Action::AddWorker(one) if one.digest() == *worker);
                let known = state.workers().contains_key(worker)
                    || control.waiting(now).any(|waiting| cooling(&waiting.change.action));
                if known { Ok(()) } else { Err(DeskError::not_found("worker in force or cooling", worker)) }
            }
            _ => Ok(()),
        }
    }
}

/// Whether an addition of this person, with this key, is cooling.
fn cools(control: &ControlState, id: &PersonId, key: Option<&String>, now: Timestamp) -> bool {
    control.waiting(now).any(|waiting| match &waiting.change.action {
        Action::AddPerson(person) => person.id == *id && key.is_none_or(|key| person.keys.contains(key)),
        _ => false,
    })
}

#[cfg(test)]
mod tests;
