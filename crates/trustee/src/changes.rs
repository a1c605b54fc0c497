//! Changes of the control state: shown in words, checked against the fold and the documents kept here, and only then signed.

use crate::error::{Result, TrusteeError};
use crate::memory::{read_ring, read_shares};
use crate::trustee::Trustee;
use base64ct::{Base64, Encoding};
use countersign_core::control::{Action, Change, HeldShares, RingRef, SetTrustees, control_message};
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_seal::kind::{Index, Kind, Sealing};
use countersign_seal::life::rotation::rotates;
use countersign_tlog::leaf::ControlSignature;
use countersign_verify::state::{ControlState, InForce, in_words};
use ed25519_dalek::Signer as _;

/// A change that this trustee could acknowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// Digest of the change, by which people compare what they sign.
    pub digest: Digest,
    /// What it does to what is in force here, one fact per line.
    pub words: Vec<String>,
}

impl Trustee {
    /// Reads a change against what this trustee has folded: call [`tail`](Self::tail) before.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] for a change that contradicts the fold: of another journal, out of turn, of somebody who is
    /// not there, with an unusable witness policy; and when the documents that it puts in force are not installed here.
    pub async fn review(&self, change: &[u8], now: Timestamp) -> Result<Reviewed> {
        let (change, control) = self.read_change(change, now).await?;
        Ok(Reviewed { digest: change.digest(), words: in_words(change.value(), &control.at(now)) })
    }

    /// Signs a change as `trustee:<index>`. `digest` is what the owner has read and compared; everything is checked as by
    /// [`review`](Self::review).
    ///
    /// # Errors
    /// As [`review`](Self::review), and [`TrusteeError::Document`] when the change has another digest.
    pub async fn acknowledge(&self, change: &[u8], digest: &Digest, now: Timestamp) -> Result<ControlSignature> {
        let (change, control) = self.read_change(change, now).await?;
        if change.digest() != *digest {
            return Err(refused(format!(
                "its digest is `{}`, not `{digest}`: another change was read",
                change.digest()
            )));
        }
        let sig = Base64::encode_string(&self.keys.signing.sign(&control_message(change.text())).to_bytes());
        let signature = ControlSignature { by: format!("trustee:{}", self.index()), sig };
        let action = &change.value().action;
        control
            .change_standing(change.text(), action, std::slice::from_ref(&signature), now)
            .map_err(|error| refused(format!("a signature made here would not count: {error}")))?;
        Ok(signature)
    }

    async fn read_change(&self, bytes: &[u8], now: Timestamp) -> Result<(Exact<Change>, ControlState)> {
        let change = Exact::<Change>::parse(bytes).map_err(refused)?;
        let control = self.with_memory(|memory| memory.folded.as_ref().map(|folded| folded.control.clone())).await?;
        let control = control.ok_or_else(|| TrusteeError::NotReady("the journal was not read yet".into()))?;
        control.check_next_change(change.value(), now).map_err(refused)?;
        self.check_documents(&change.value().action, &control, now)?;
        Ok((change, control))
    }

    /// What the fold cannot know: that the documents are here, and that somebody of that name is meant.
    fn check_documents(&self, action: &Action, control: &ControlState, now: Timestamp) -> Result<()> {
        let state = control.at(now);
        let missing = |what: &str, digest: &Digest| {
            refused(format!(
                "{what} `{digest}` is not installed here: read it, then `countersign trustee install FOLDER FILE`"
            ))
        };
        match action {
            Action::SetPolicy(digest) if self.documents.policy(digest)?.is_none() => {
                Err(missing("policy bundle", digest))
            }
            Action::SetDirectory(digest) if self.documents.directory(digest)?.is_none() => {
                Err(missing("authority directory", digest))
            }
            Action::SetRing(ring) => self.check_ring::<Sealing>(ring, &state),
            Action::SetIndexRing(ring) => self.check_ring::<Index>(ring, &state),
            Action::RotateRing(new) => self.check_rotated(&new.reference(), &state),
            Action::SetTrustees(new) => {
                self.check_place(new)?;
                self.check_held::<Sealing>(new, &new.ring, &state)?;
                new.index_ring.as_ref().map_or(Ok(()), |ring| self.check_held::<Index>(new, ring, &state))
            }
            Action::RemoveTrustee(identity) => {
                let cools = |waiting: &Change| matches!(&waiting.action, Action::SetTrustees(new) if new.members.iter().any(|one| one.identity == *identity));
                let present = state.members().iter().any(|member| member.identity == *identity);
                if present || control.waiting(now).any(|waiting| cools(&waiting.change)) {
                    return Ok(());
                }
                Err(refused(format!("no trustee in force or cooling has the identity key `{identity}`")))
            }
            Action::RemovePerson(id) if !state.people().contains_key(id) && !cools(control, id, now) => {
                Err(refused(format!("nobody called `{id}` is in force or cooling")))
            }
            Action::RevokeKey { person, key } => {
                let people = state.people();
                let held = people.get(person).is_some_and(|person| person.keys.contains(key));
                if held || cools(control, person, now) {
                    return Ok(());
                }
                Err(refused(format!("`{person}` has no such key")))
            }
            Action::SuspendAuthority(authority) => match self.documents.directory(&state.directory())? {
                Some(directory) if directory.value().get(authority).is_none() => {
                    Err(refused(format!("no authority `{authority}` is in the directory in force")))
                }
                _ => Ok(()),
            },
            Action::RemoveWorker(worker) => {
                let cooling = |action: &Action| matches!(action, Action::AddWorker(one) if one.digest() == *worker);
                let known = state.workers().contains_key(worker)
                    || control.waiting(now).any(|waiting| cooling(&waiting.change.action));
                if known { Ok(()) } else { Err(refused(format!("no worker `{worker}` is in force or cooling"))) }
            }
            _ => Ok(()),
        }
    }

    /// A ring or share epoch is put in force only where this trustee holds its share, and a later share epoch only when all
    /// its holders have confirmed it.
    fn check_ring<K: Kind>(&self, ring: &RingRef, state: &InForce) -> Result<()> {
        let refuse = |reason: &str| Err(TrusteeError::document("change of the ring", reason));
        if !self.holds_share(ring) {
            return refuse("this trustee holds no share of the ring and share epoch named");
        }
        if ring.share_epoch > 1 && !self.documents.is_confirmed(&ring.shares)? {
            return refuse("not all holders of the share epoch named have confirmed it to this trustee");
        }
        let (_, shares, _) = read_ring::<K>(self.index(), state, ring, &self.documents, &self.vault)?;
        if usize::from(shares.trustees()) == state.members().len() {
            return Ok(());
        }
        refuse(
            "the share epoch named is not held by as many trustees as are in force: trustees are set together with it",
        )
    }

    /// New keys are put in force only where this trustee holds its share of them, where they were made for the same classes, the
    /// same threshold and the trustees in force, and where each of them is younger than the key before it.
    fn check_rotated(&self, new: &RingRef, state: &InForce) -> Result<()> {
        let (ring, shares, _) = read_ring::<Sealing>(self.index(), state, new, &self.documents, &self.vault)?;
        let before = state.ring().ok_or_else(|| refused("no ring is in force"))?;
        let (before, _) = read_shares::<Sealing>(state, before, &self.documents)?;
        rotates(before.document().value(), ring.document().value()).map_err(refused)?;
        if usize::from(shares.trustees()) == state.members().len() {
            return Ok(());
        }
        Err(refused("the new keys are held by another number of trustees than are in force"))
    }

    /// Whoever stays keeps its number and keys; who is not among the trustees named leaves.
    fn check_place(&self, new: &SetTrustees) -> Result<()> {
        let public = self.public();
        let own = new.members.iter().find(|member| member.identity == public.identity);
        match own {
            Some(own) if (own.index, own.transport) != (public.index, public.transport.digest()) => {
                Err(refused("names this trustee with another number or transport key"))
            }
            _ => Ok(()),
        }
    }

    /// The verifying shares are here and are for as many trustees as are named; who stays holds its share of them. That
    /// every holder says so was checked with the change.
    fn check_held<K: Kind>(&self, new: &SetTrustees, ring: &HeldShares, state: &InForce) -> Result<()> {
        let reference = ring.reference();
        let stays = new.members.iter().any(|member| member.identity == self.public().identity);
        let shares = if stays {
            read_ring::<K>(self.index(), state, &reference, &self.documents, &self.vault)?.1
        } else {
            read_shares::<K>(state, &reference, &self.documents)?.1
        };
        if usize::from(shares.trustees()) != new.members.len() || shares.epoch() != ring.share_epoch {
            return Err(refused("the verifying shares named are for another number of trustees or another epoch"));
        }
        Ok(())
    }
}

fn cools(control: &ControlState, id: &PersonId, now: Timestamp) -> bool {
    control.waiting(now).any(|waiting| matches!(&waiting.change.action, Action::AddPerson(person) if person.id == *id))
}

fn refused(reason: impl ToString) -> TrusteeError {
    TrusteeError::document("change of control state", reason)
}
