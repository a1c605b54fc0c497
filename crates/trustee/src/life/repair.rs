//! Repair of a lost share: the side of the trustee that lost it, and that of a helper.

use super::exchange_file;
use crate::ceremony::Messages;
use crate::error::{Result, TrusteeError};
use crate::files::Existing;
use crate::steps::{Sent, Started};
use crate::trustee::Trustee;
use countersign_core::time::Timestamp;
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::Kind;
use countersign_seal::life::repair::{Adding, Helping, Repair, Requested};
use rand_core::CryptoRng;

impl Trustee {
    /// The trustee that lost its share asks the helpers for it. It needs its keys: the share is sent to its identity.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] when its share is here and fits; [`TrusteeError::Life`] when the plan names another.
    pub fn repair_request<K: Kind>(&self, repair: &Repair<K>, rng: &mut impl CryptoRng) -> Result<Vec<u8>> {
        let name = repair_file(repair, "request");
        if let Some(started) = Started::read(&self.vault, &name)? {
            return Ok(started.broadcast);
        }
        let (lost, _) = repair.lost();
        if lost == self.index() && self.share_of(repair.shares()).is_ok() {
            return Err(TrusteeError::document("repair", "the share is here and fits: nothing is lost"));
        }
        let (state, broadcast) = Requested::start(repair, &self.keys.identity, rng)?;
        let started = Started { broadcast, state: state.encode() };
        started.keep(&self.vault, &name)?;
        Ok(started.broadcast)
    }

    /// A helper's first step: the broadcast for the other helpers and the trustee that lost its share.
    ///
    /// A helper works only with shares in force, as far as it has read the journal, and only with trustees in force and
    /// with `newcomers`: identities that its operator has compared with their owners.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] when the repair is not of the shares in force or names somebody else;
    /// [`TrusteeError::Life`] when it does not name this trustee; [`TrusteeError::NotReady`] without its share.
    pub async fn repair_start<K: Kind>(
        &self,
        repair: &Repair<K>,
        newcomers: &[IdentityKey],
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>> {
        if let Some((sent, _)) = Sent::read(&self.vault, &repair_file(repair, "round2"))? {
            return Ok(sent.broadcast);
        }
        let name = repair_file(repair, "round1");
        if let Some(started) = Started::read(&self.vault, &name)? {
            return Ok(started.broadcast);
        }
        let (lost, identity) = repair.lost();
        let parties = repair.helpers().iter().copied().chain([(lost, *identity)]);
        self.check_parties("repair", repair.shares(), parties, newcomers, now).await?;
        let share = self.share_of(repair.shares())?;
        let (state, broadcast) = Helping::start(repair, &share, &self.keys.identity, rng)?;
        let started = Started { broadcast, state: state.encode() };
        started.keep(&self.vault, &name)?;
        Ok(started.broadcast)
    }

    /// A helper's second step: takes the request and the broadcasts of all helpers in order; gives one encrypted message
    /// for each other helper.
    ///
    /// # Errors
    /// [`TrusteeError::Life`], naming who is to blame; [`TrusteeError::CeremonyRepeated`] when this trustee acted on another
    /// request or other broadcasts before; [`TrusteeError::NotReady`] before the first step.
    pub fn repair_proceed<K: Kind>(
        &self,
        repair: &Repair<K>,
        request: &[u8],
        broadcasts: &[Vec<u8>],
        rng: &mut impl CryptoRng,
    ) -> Result<Messages> {
        let (first, second) = (repair_file(repair, "round1"), repair_file(repair, "round2"));
        let heard: Vec<Vec<u8>> = std::iter::once(request.to_vec()).chain(broadcasts.iter().cloned()).collect();
        if let Some((sent, _)) = Sent::read(&self.vault, &second)? {
            self.vault.remove(&first)?;
            return sent.again(&heard);
        }
        let started = Started::read(&self.vault, &first)?
            .ok_or_else(|| TrusteeError::NotReady("this repair was not started".into()))?;
        let (state, messages) =
            Helping::decode(repair, &started.state)?.proceed(request, broadcasts, &self.keys.identity, rng)?;
        let sent = Sent::new(&heard, started.broadcast, messages);
        sent.keep(&self.vault, &second, &state.encode(), Existing::Refuse)?;
        self.vault.remove(&first)?;
        Ok(sent.messages)
    }

    /// A helper's last step: takes the messages of all other helpers (sender and bytes); gives the encrypted sum for the
    /// trustee that lost its share.
    ///
    /// # Errors
    /// [`TrusteeError::Life`], naming who is to blame; [`TrusteeError::NotReady`] before the second step.
    pub fn repair_add<K: Kind>(
        &self,
        repair: &Repair<K>,
        messages: &[(u16, Vec<u8>)],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>> {
        let (second, name) = (repair_file(repair, "round2"), repair_file(repair, "end"));
        if let Some(stored) = self.vault.read(&name)? {
            Sent::destroy_state(&self.vault, &second)?;
            return Ok(stored.to_vec());
        }
        let (_, state) = Sent::read(&self.vault, &second)?
            .ok_or_else(|| TrusteeError::NotReady("the broadcasts of this repair were not taken".into()))?;
        let sum = Adding::decode(repair, &state)?.finish(messages, &self.keys.identity, rng)?;
        self.vault.write(&name, &sum, Existing::Refuse)?;
        Sent::destroy_state(&self.vault, &second)?;
        Ok(sum)
    }

    /// The trustee that lost its share takes the broadcasts of all helpers in order and their sums (helper and bytes); its
    /// share is stored again, exactly the one it was.
    ///
    /// # Errors
    /// [`TrusteeError::Life`], naming who is to blame; [`TrusteeError::NotReady`] without a request.
    pub fn repair_finish<K: Kind>(
        &self,
        repair: &Repair<K>,
        broadcasts: &[Vec<u8>],
        sums: &[(u16, Vec<u8>)],
    ) -> Result<()> {
        let name = repair_file(repair, "request");
        let started = Started::read(&self.vault, &name)?;
        if started.is_none() && repair.lost().0 == self.index() && self.share_of(repair.shares()).is_ok() {
            return Ok(());
        }
        let started = started.ok_or_else(|| TrusteeError::NotReady("this repair was not requested".into()))?;
        let share = Requested::decode(repair, &started.state)?.finish(broadcasts, sums)?;
        self.keep_share(&share, &repair.shares().digest())?;
        // Without the key of the exchange its recorded messages stay closed.
        self.vault.remove(&name)
    }
}

fn repair_file<K: Kind>(repair: &Repair<K>, step: &str) -> String {
    exchange_file("repair", repair.shares(), &repair.digest(), step)
}
