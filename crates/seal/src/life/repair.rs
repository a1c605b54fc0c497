//! Repair: t or more helpers give a trustee its own lost share back, in the same share epoch.
//!
//! Every helper i splits w_i x_i, its weighted share, into one random summand for every helper; helper j adds up what it
//! received and sends the sum to the trustee, who adds up the sums: x_r = sum of w_i x_i. Helpers see only summands, the
//! trustee only sums. Every helper broadcasts the commitments of its summands; they must add up to w_i h_i, and every
//! summand and every sum is checked against them, so that whoever is wrong is known.

use super::message::{Broadcast, Way, exchange_key, from, transcript};
use super::{
    Addressed, LifeError, all_distinct, check_identity, keys_of, put_scalars, read_scalars, read_state_head, scalar_of,
    state_head,
};
use crate::group::SUITE;
use crate::hash::{Salt, digest, domain};
use crate::identity::{Identity, IdentityKey};
use crate::kind::{Kind, Slot};
use crate::lagrange;
use crate::read::Reader;
use crate::ring::{ConfirmedRing, VerifyingShares};
use crate::share::Share;
use crate::transport::TransportSecret;
use countersign_core::id::Digest;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use rand_core::CryptoRng;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Whose share is repaired, by whom.
#[derive(Clone)]
pub struct Repair<K: Kind> {
    shares: VerifyingShares<K>,
    keys: Vec<K::Key>,
    slots: Vec<Slot>,
    lost: (u16, IdentityKey),
    helpers: Vec<(u16, IdentityKey)>,
    indices: Vec<u16>,
    digest: Digest,
}

impl<K: Kind> Repair<K> {
    /// The share of trustee `lost` in the epoch of `shares`, by `helpers`: t or more other trustees, ascending.
    ///
    /// `session` is 32 random bytes, never used again; `identities` are those of all trustees 1 to n of the epoch.
    ///
    /// # Errors
    /// [`LifeError::Plan`] with the rule that is broken.
    pub fn new(
        ring: &ConfirmedRing<K>,
        shares: &VerifyingShares<K>,
        session: Digest,
        lost: u16,
        helpers: &[u16],
        identities: &[IdentityKey],
    ) -> Result<Self, LifeError> {
        let (keys, t) = keys_of(ring)?;
        let all = 1..=shares.trustees();
        let rules = [
            (shares.ring() == ring.id(), "the verifying shares belong to another ring"),
            (identities.len() == usize::from(shares.trustees()), "not exactly one identity per trustee"),
            (all_distinct(identities.iter().map(IdentityKey::bytes)), "two trustees have the same identity"),
            (all.contains(&lost), "no trustee of the epoch has the lost share"),
            (helpers.is_sorted_by(|left, right| left < right), "helpers are not in ascending order or repeat"),
            (helpers.iter().all(|helper| all.contains(helper) && *helper != lost), "a helper holds no other share"),
            (helpers.len() >= usize::from(t), "fewer helpers than the threshold"),
        ];
        if let Some((_, reason)) = rules.into_iter().find(|(holds, _)| !holds) {
            return Err(LifeError::Plan(reason));
        }
        let party = |index: u16| {
            let identity = usize::from(index).checked_sub(1).and_then(|at| identities.get(at));
            identity.map(|identity| (index, *identity)).ok_or(LifeError::Index(index))
        };
        let lost = party(lost)?;
        let parties = helpers.iter().map(|helper| party(*helper)).collect::<Result<Vec<_>, _>>()?;
        let indices: Vec<u8> = helpers.iter().flat_map(|helper| helper.to_le_bytes()).collect();
        let (ring_id, epoch, own) = (ring.id(), shares.epoch().to_le_bytes(), shares.digest());
        let (key_type, lost_index) = ([K::TYPE.number()], lost.0.to_le_bytes());
        let mut parts: Vec<&[u8]> = vec![&[SUITE], &key_type, ring_id.as_bytes(), own.as_bytes(), &epoch];
        parts.extend([session.as_bytes().as_slice(), &lost_index, &indices, lost.1.bytes()]);
        parts.extend(parties.iter().map(|(_, identity)| identity.bytes().as_slice()));
        let digest = digest(domain!("repair"), &parts);
        let slots = keys.iter().map(|key| K::slot(*key)).collect();
        Ok(Self { shares: shares.clone(), keys, slots, lost, helpers: parties, indices: helpers.to_vec(), digest })
    }

    /// Digest of everything that the plan says; part of every message.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The verifying shares of the epoch.
    pub fn shares(&self) -> &VerifyingShares<K> {
        &self.shares
    }

    /// The trustee whose share is repaired.
    pub fn lost(&self) -> (u16, &IdentityKey) {
        (self.lost.0, &self.lost.1)
    }

    /// Those who help, ascending.
    pub fn helpers(&self) -> &[(u16, IdentityKey)] {
        &self.helpers
    }

    fn identity(&self, helper: u16) -> Option<&IdentityKey> {
        self.helpers.iter().find(|(index, _)| *index == helper).map(|(_, identity)| identity)
    }

    fn place(&self, helper: u16) -> Result<usize, LifeError> {
        self.indices.iter().position(|index| *index == helper).ok_or(LifeError::Index(helper))
    }

    /// The weights that evaluate at the lost index what is known at the helpers.
    fn weights(&self) -> Vec<Scalar> {
        lagrange::at(self.lost.0, &self.indices)
    }

    /// Reads the request and the broadcasts of the helpers; checks that every helper splits its own share.
    fn read(&self, request: &[u8], broadcasts: &[Vec<u8>]) -> Result<Heard, LifeError> {
        let (index, identity) = &self.lost;
        let request = Broadcast::read(domain!("repair-request"), &self.digest, *index, identity, 0, request)?;
        let count = self.keys.len() * self.helpers.len();
        let read: Vec<Broadcast> = self
            .helpers
            .iter()
            .enumerate()
            .map(|(at, (index, identity))| {
                let bytes = broadcasts.get(at).ok_or(LifeError::Missing(*index))?;
                Broadcast::read(domain!("repair-round1"), &self.digest, *index, identity, count, bytes)
            })
            .collect::<Result<_, _>>()?;
        for ((culprit, weight), broadcast) in self.indices.iter().zip(self.weights()).zip(&read) {
            for (place, key) in self.keys.iter().enumerate() {
                let split: RistrettoPoint = self.split(broadcast, place).map(|element| element.point).sum();
                let held = self.shares.share(*key, *culprit).map(|held| held.point * weight);
                if held != Some(split) {
                    return Err(LifeError::Foreign { culprit: *culprit, class: K::slot(*key) });
                }
            }
        }
        let all = std::iter::once(&request).chain(&read);
        let transcript = transcript(domain!("repair-transcript"), &self.digest, all);
        Ok(Heard { request, broadcasts: read, transcript })
    }

    /// A helper's commitments for the key at `place`, in the order of the helpers.
    fn split<'a>(&self, broadcast: &'a Broadcast, place: usize) -> impl Iterator<Item = &'a crate::group::Element> {
        broadcast.elements(place, self.helpers.len()).iter()
    }

    /// The commitment of what helper number `at` receives in all, for the key at `place`.
    fn sum(&self, heard: &Heard, place: usize, at: usize) -> RistrettoPoint {
        heard.broadcasts.iter().filter_map(|one| self.split(one, place).nth(at)).map(|element| element.point).sum()
    }

    fn way<'a>(&'a self, domain: &'static str, heard: &'a Heard, sender: u16, recipient: u16) -> Way<'a> {
        Way { domain, exchange: &self.digest, transcript: &heard.transcript, sender, recipient }
    }
}

/// The request and the broadcasts of all helpers, read and checked.
struct Heard {
    request: Broadcast,
    broadcasts: Vec<Broadcast>,
    transcript: Digest,
}

impl Heard {
    fn length(&self) -> usize {
        self.broadcasts.iter().chain([&self.request]).map(|broadcast| broadcast.bytes().len()).sum()
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.request.bytes());
        self.broadcasts.iter().for_each(|broadcast| out.extend_from_slice(broadcast.bytes()));
    }
}

/// The trustee that lost its share, after its request. Secret; has no `Debug`.
pub struct Requested<K: Kind> {
    repair: Repair<K>,
    own: Vec<u8>,
    key: TransportSecret,
}

/// A helper after its broadcast. Secret; has no `Debug`.
pub struct Helping<K: Kind> {
    repair: Repair<K>,
    index: u16,
    own: Vec<u8>,
    key: TransportSecret,
    /// Per key, one summand for every helper.
    summands: Vec<Zeroizing<Vec<Scalar>>>,
}

/// A helper after it sent its summands. Secret; has no `Debug`.
pub struct Adding<K: Kind> {
    repair: Repair<K>,
    index: u16,
    heard: Heard,
    key: TransportSecret,
    /// Its own summand for itself, per key.
    kept: Zeroizing<Vec<Scalar>>,
}

impl<K: Kind> Requested<K> {
    /// Asks for the own share; the second value is the request for all helpers.
    ///
    /// # Errors
    /// [`LifeError::Identity`] when the identity is not the one of the plan.
    pub fn start(
        repair: &Repair<K>,
        identity: &Identity,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, Vec<u8>), LifeError> {
        check_identity(Some(&repair.lost.1), repair.lost.0, identity)?;
        let (key, public) = exchange_key(rng)?;
        let own = Broadcast::write(domain!("repair-request"), &repair.digest, repair.lost.0, &public, &[], identity);
        Ok((Self { repair: repair.clone(), own: own.clone(), key }, own))
    }

    /// Takes the broadcasts of all helpers and their sums (helper and bytes); gives the share, exactly the old one.
    ///
    /// # Errors
    /// [`LifeError`] naming the helper whose broadcast or sum is missing, unsigned, unreadable or wrong.
    pub fn finish(&self, broadcasts: &[Vec<u8>], sums: &[Addressed]) -> Result<Share<K>, LifeError> {
        let plan = &self.repair;
        let heard = plan.read(&self.own, broadcasts)?;
        let mut totals: Vec<Zeroizing<Scalar>> = plan.keys.iter().map(|_| Zeroizing::new(Scalar::ZERO)).collect();
        for (at, (helper, identity)) in plan.helpers.iter().enumerate() {
            let way = plan.way(domain!("repair-sum"), &heard, *helper, plan.lost.0);
            let sum = way.open(from(sums, *helper)?, &plan.slots, &self.key, identity)?;
            for (place, ((class, value), total)) in plan.slots.iter().zip(sum.iter()).zip(&mut totals).enumerate() {
                if RistrettoPoint::mul_base(value) != plan.sum(&heard, place, at) {
                    return Err(LifeError::Value { culprit: *helper, class: *class });
                }
                **total += value;
            }
        }
        let scalars: BTreeMap<u8, Scalar> =
            plan.slots.iter().zip(&totals).map(|(class, total)| (class.number(), **total)).collect();
        let share = Share::new(plan.shares.ring(), plan.lost.0, plan.shares.epoch(), scalars);
        share.check(&plan.shares)?;
        Ok(share)
    }

    /// The state for the trustee's own encrypted storage.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = state_head(0, &self.repair.digest, self.repair.lost.0, 32 + self.own.len());
        out.extend_from_slice(self.key.expose());
        out.extend_from_slice(&self.own);
        out
    }

    /// Reads a stored state of this repair.
    ///
    /// # Errors
    /// [`LifeError::State`].
    pub fn decode(repair: &Repair<K>, bytes: &[u8]) -> Result<Self, LifeError> {
        let mut reader = Reader::new(bytes);
        let index = read_state_head(0, &repair.digest, &mut reader)?;
        let key = TransportSecret::from_seed(reader.array("the key of the exchange")?);
        let own = reader.slice(Broadcast::length(0), "the request")?.to_vec();
        reader.end()?;
        if index == repair.lost.0 { Ok(Self { repair: repair.clone(), own, key }) } else { Err(LifeError::State) }
    }
}

impl<K: Kind> Helping<K> {
    /// Splits the helper's share; the second value is the broadcast for all helpers and the trustee.
    ///
    /// Summands are hedged with the share: they stay unknown to others when the generator fails.
    ///
    /// # Errors
    /// [`LifeError`] when index, identity or share are not those of the plan.
    pub fn start(
        repair: &Repair<K>,
        share: &Share<K>,
        identity: &Identity,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, Vec<u8>), LifeError> {
        let index = share.trustee();
        check_identity(repair.identity(index), index, identity)?;
        share.check(&repair.shares)?;
        let weights = repair.weights();
        let weight = weights.get(repair.place(index)?).ok_or(LifeError::Index(index))?;
        let (key, public) = exchange_key(rng)?;
        let mut summands = Vec::with_capacity(repair.keys.len());
        for key in &repair.keys {
            let part = Zeroizing::new(scalar_of(share, *key)? * weight);
            summands.push(split(repair, K::slot(*key), &part, rng));
        }
        let commitments: Vec<[u8; 32]> = summands
            .iter()
            .flat_map(|summands| summands.iter())
            .map(|summand| RistrettoPoint::mul_base(summand).compress().to_bytes())
            .collect();
        let own = Broadcast::write(domain!("repair-round1"), &repair.digest, index, &public, &commitments, identity);
        Ok((Self { repair: repair.clone(), index, own: own.clone(), key, summands }, own))
    }

    /// Takes the request and the broadcasts of all helpers in order; gives one encrypted message per other helper.
    ///
    /// # Errors
    /// [`LifeError`] naming the party whose broadcast is missing, malformed, unsigned or not of its own share.
    pub fn proceed(
        self,
        request: &[u8],
        broadcasts: &[Vec<u8>],
        identity: &Identity,
        rng: &mut impl CryptoRng,
    ) -> Result<(Adding<K>, Vec<Addressed>), LifeError> {
        let Self { repair, index, own, key, summands } = self;
        let heard = repair.read(request, broadcasts)?;
        let own_place = repair.place(index)?;
        if broadcasts.get(own_place) != Some(&own) {
            return Err(LifeError::NotOurs(index));
        }
        let at = |place: usize| {
            let mut out = Zeroizing::new(Vec::with_capacity(summands.len()));
            out.extend(summands.iter().filter_map(|summands| summands.get(place)));
            out
        };
        let mut messages = Vec::new();
        for (place, (helper, broadcast)) in repair.indices.iter().zip(&heard.broadcasts).enumerate() {
            if *helper != index {
                let way = repair.way(domain!("repair-round2"), &heard, index, *helper);
                messages.push((*helper, way.seal(&at(place), broadcast.key(), identity, rng)?));
            }
        }
        let kept = at(own_place);
        Ok((Adding { repair, index, heard, key, kept }, messages))
    }

    /// The state for the helper's own encrypted storage.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let secret = 32 + self.summands.iter().map(|summands| 32 * summands.len()).sum::<usize>();
        let mut out = state_head(1, &self.repair.digest, self.index, secret + self.own.len());
        out.extend_from_slice(self.key.expose());
        self.summands.iter().for_each(|summands| put_scalars(&mut out, summands.iter()));
        out.extend_from_slice(&self.own);
        out
    }

    /// Reads a stored state of this repair.
    ///
    /// # Errors
    /// [`LifeError::State`].
    pub fn decode(repair: &Repair<K>, bytes: &[u8]) -> Result<Self, LifeError> {
        let mut reader = Reader::new(bytes);
        let index = read_state_head(1, &repair.digest, &mut reader)?;
        repair.identity(index).ok_or(LifeError::State)?;
        let key = TransportSecret::from_seed(reader.array("the key of the exchange")?);
        let helpers = repair.helpers.len();
        let summands = repair.keys.iter().map(|_| read_scalars(&mut reader, helpers)).collect::<Result<_, _>>()?;
        let own = reader.slice(Broadcast::length(repair.keys.len() * helpers), "the broadcast")?.to_vec();
        reader.end()?;
        Ok(Self { repair: repair.clone(), index, own, key, summands })
    }
}

impl<K: Kind> Adding<K> {
    /// Takes the messages of all other helpers; gives the encrypted sum for the trustee that lost its share.
    ///
    /// # Errors
    /// [`LifeError`] naming the helper whose message is missing, unsigned, unreadable, or does not fit its commitments.
    pub fn finish(
        &self,
        messages: &[Addressed],
        identity: &Identity,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, LifeError> {
        let plan = &self.repair;
        let own = plan.place(self.index)?;
        let mut sums = self.kept.clone();
        for ((helper, sender), broadcast) in plan.helpers.iter().zip(&self.heard.broadcasts) {
            if *helper == self.index {
                continue;
            }
            let way = plan.way(domain!("repair-round2"), &self.heard, *helper, self.index);
            let summands = way.open(from(messages, *helper)?, &plan.slots, &self.key, sender)?;
            for (place, ((class, value), sum)) in
                plan.slots.iter().zip(summands.iter()).zip(sums.iter_mut()).enumerate()
            {
                let committed = plan.split(broadcast, place).nth(own).map(|element| element.point);
                if committed != Some(RistrettoPoint::mul_base(value)) {
                    return Err(LifeError::Value { culprit: *helper, class: *class });
                }
                *sum += value;
            }
        }
        let way = plan.way(domain!("repair-sum"), &self.heard, self.index, plan.lost.0);
        way.seal(&sums, self.heard.request.key(), identity, rng)
    }

    /// The state for the helper's own encrypted storage.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let secret = 32 + 32 * self.kept.len();
        let mut out = state_head(2, &self.repair.digest, self.index, secret + self.heard.length());
        out.extend_from_slice(self.key.expose());
        put_scalars(&mut out, self.kept.iter());
        self.heard.encode(&mut out);
        out
    }

    /// Reads a stored state of this repair.
    ///
    /// # Errors
    /// [`LifeError`].
    pub fn decode(repair: &Repair<K>, bytes: &[u8]) -> Result<Self, LifeError> {
        let mut reader = Reader::new(bytes);
        let index = read_state_head(2, &repair.digest, &mut reader)?;
        repair.identity(index).ok_or(LifeError::State)?;
        let key = TransportSecret::from_seed(reader.array("the key of the exchange")?);
        let kept = read_scalars(&mut reader, repair.keys.len())?;
        let request = reader.slice(Broadcast::length(0), "the request")?;
        let length = Broadcast::length(repair.keys.len() * repair.helpers.len());
        let broadcasts = repair
            .helpers
            .iter()
            .map(|_| Ok(reader.slice(length, "a broadcast")?.to_vec()))
            .collect::<Result<Vec<_>, LifeError>>()?;
        reader.end()?;
        let heard = repair.read(request, &broadcasts)?;
        Ok(Self { repair: repair.clone(), index, heard, key, kept })
    }
}

/// Random summands of `part`, one per helper. All but the last come from fresh bytes and the part together.
fn split<K: Kind>(repair: &Repair<K>, class: Slot, part: &Scalar, rng: &mut impl CryptoRng) -> Zeroizing<Vec<Scalar>> {
    let mut fresh = Zeroizing::new([0; 64]);
    rng.fill_bytes(fresh.as_mut_slice());
    let prk = Salt::new(&[]).extract(&[fresh.as_slice(), part.as_bytes()]);
    let mut out = Zeroizing::new(Vec::with_capacity(repair.helpers.len()));
    let mut rest = Zeroizing::new(*part);
    for helper in repair.indices.iter().skip(1) {
        let info: [&[u8]; 3] = [repair.digest.as_bytes(), &[class.number()], &helper.to_le_bytes()];
        let summand = Scalar::from_bytes_mod_order_wide(&prk.expand::<64>(domain!("repair-summand"), &info));
        *rest -= summand;
        out.push(summand);
    }
    out.insert(0, *rest);
    out
}
