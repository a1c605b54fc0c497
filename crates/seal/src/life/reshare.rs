//! Resharing: the shares of one share epoch are dealt anew to the holders of the next. Refresh, enrolment and removal.
//!
//! Dealer i draws, for every key, a polynomial f_i of degree t-1 with f_i(0) = x_i, its own share, and broadcasts the
//! commitments; the first must be its published verifying share h_i, so a dealer can neither change the key nor deal what
//! it does not hold. It sends f_i(j) to holder j. With the Lagrange weights w_i of the dealers at 0, the new share is
//! x'_j = sum of w_i f_i(j), and everybody computes h'_j from the broadcasts alone. One honest dealer suffices for the new
//! shares to be independent of the old ones.

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
use crate::polynomial::{evaluate, evaluate_points};
use crate::read::Reader;
use crate::ring::{
    ConfirmedRing, EncodedPoint, EpochKey, MAX_TRUSTEES, ShareEpoch, ShareEpochV1, SharesError, VerifyingShares,
};
use crate::share::Share;
use crate::transport::TransportSecret;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use rand_core::CryptoRng;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Which shares are dealt anew, by whom, to whom.
///
/// Whoever is a holder of the outcome can answer with the others: a trustee deals only when the identities named here are
/// the ones it wants to hold the keys.
#[derive(Clone)]
pub struct Resharing<K: Kind> {
    ring: ConfirmedRing<K>,
    shares: VerifyingShares<K>,
    keys: Vec<K::Key>,
    slots: Vec<Slot>,
    t: u16,
    dealers: Vec<u16>,
    holders: Vec<IdentityKey>,
    digest: Digest,
}

impl<K: Kind> Resharing<K> {
    /// From the epoch of `shares` to the next, held by trustees 1 to n' with the identities `holders`.
    ///
    /// `session` is 32 random bytes, never used again. `dealers` are t or more holders of the old epoch who keep their
    /// index in the new one: who leaves does not deal.
    ///
    /// # Errors
    /// [`LifeError::Plan`] with the rule that is broken.
    pub fn new(
        ring: &ConfirmedRing<K>,
        shares: &VerifyingShares<K>,
        session: Digest,
        dealers: &[u16],
        holders: Vec<IdentityKey>,
    ) -> Result<Self, LifeError> {
        let (keys, t) = keys_of(ring)?;
        let held = u16::try_from(holders.len()).ok().filter(|held| *held <= MAX_TRUSTEES);
        let held = held.ok_or(LifeError::Plan("more than 255 holders"))?;
        let both = 1..=held.min(shares.trustees());
        let next = shares.epoch().checked_add(1);
        let rules = [
            (shares.ring() == ring.id(), "the verifying shares belong to another ring"),
            (next.is_some(), "no share epoch follows the last"),
            (t <= held, "fewer holders than the threshold"),
            (all_distinct(holders.iter().map(IdentityKey::bytes)), "two holders have the same identity"),
            (dealers.is_sorted_by(|left, right| left < right), "dealers are not in ascending order or repeat"),
            (dealers.iter().all(|dealer| both.contains(dealer)), "a dealer does not hold a share before and after"),
            (dealers.len() >= usize::from(t), "fewer dealers than the threshold"),
        ];
        if let Some((_, reason)) = rules.into_iter().find(|(holds, _)| !holds) {
            return Err(LifeError::Plan(reason));
        }
        let indices: Vec<u8> = dealers.iter().flat_map(|dealer| dealer.to_le_bytes()).collect();
        let (epoch, next) = (shares.epoch().to_le_bytes(), next.unwrap_or_default().to_le_bytes());
        let (ring_id, old) = (ring.id(), shares.digest());
        let (key_type, t_bytes) = ([K::TYPE.number()], t.to_le_bytes());
        let mut parts: Vec<&[u8]> = vec![&[SUITE], &key_type, ring_id.as_bytes(), old.as_bytes(), &epoch, &next];
        parts.extend([session.as_bytes().as_slice(), &t_bytes, &indices]);
        parts.extend(holders.iter().map(|holder| holder.bytes().as_slice()));
        let digest = digest(domain!("reshare"), &parts);
        let slots = keys.iter().map(|key| K::slot(*key)).collect();
        let (ring, shares, dealers) = (ring.clone(), shares.clone(), dealers.to_vec());
        Ok(Self { ring, shares, keys, slots, t, dealers, holders, digest })
    }

    /// Digest of everything that the plan says; part of every message.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The ring, whose keys stay.
    pub fn ring(&self) -> &ConfirmedRing<K> {
        &self.ring
    }

    /// The verifying shares of the epoch that is dealt.
    pub fn shares(&self) -> &VerifyingShares<K> {
        &self.shares
    }

    /// Those who deal, ascending.
    pub fn dealers(&self) -> &[u16] {
        &self.dealers
    }

    /// The identities of holders 1 to n' of the new epoch.
    pub fn holders(&self) -> &[IdentityKey] {
        &self.holders
    }

    fn holder(&self, index: u16) -> Option<&IdentityKey> {
        self.holders.get(usize::from(index).checked_sub(1)?)
    }

    fn deals(&self, index: u16) -> bool {
        self.dealers.contains(&index)
    }

    /// How many elements the broadcast of this trustee has.
    fn elements_of(&self, index: u16) -> usize {
        if self.deals(index) { self.keys.len() * usize::from(self.t) } else { 0 }
    }

    fn indices(&self) -> impl Iterator<Item = u16> + use<K> {
        (1u16..).take(self.holders.len())
    }

    fn transcript(&self, broadcasts: &[Broadcast]) -> Digest {
        transcript(domain!("reshare-transcript"), &self.digest, broadcasts.iter())
    }

    fn way<'a>(&'a self, transcript: &'a Digest, sender: u16, recipient: u16) -> Way<'a> {
        Way { domain: domain!("reshare-round2"), exchange: &self.digest, transcript, sender, recipient }
    }

    /// Reads the broadcasts of holders 1 to n' and checks that every dealer deals its own share.
    fn read(&self, broadcasts: &[Vec<u8>]) -> Result<Vec<Broadcast>, LifeError> {
        let read: Vec<Broadcast> = self
            .indices()
            .zip(&self.holders)
            .map(|(index, holder)| {
                let bytes = broadcasts.get(usize::from(index) - 1).ok_or(LifeError::Missing(index))?;
                Broadcast::read(domain!("reshare-round1"), &self.digest, index, holder, self.elements_of(index), bytes)
            })
            .collect::<Result<_, _>>()?;
        for culprit in &self.dealers {
            for (place, key) in self.keys.iter().enumerate() {
                let dealt = self.commitments(&read, *culprit, place).first();
                if dealt.is_none() || dealt != self.shares.share(*key, *culprit) {
                    return Err(LifeError::Foreign { culprit: *culprit, class: K::slot(*key) });
                }
            }
        }
        Ok(read)
    }

    fn commitments<'a>(&self, broadcasts: &'a [Broadcast], dealer: u16, place: usize) -> &'a [crate::group::Element] {
        let broadcast = usize::from(dealer).checked_sub(1).and_then(|at| broadcasts.get(at));
        broadcast.map_or(&[], |broadcast| broadcast.elements(place, usize::from(self.t)))
    }

    /// The new share epoch: the commitments of the dealers, weighted and evaluated at 1 to n'.
    fn outcome(&self, broadcasts: &[Broadcast]) -> Result<(Exact<ShareEpoch>, VerifyingShares<K>), LifeError> {
        let weights = lagrange::at(0, &self.dealers);
        let keys = self.slots.iter().enumerate().map(|(place, class)| {
            let dealt: Vec<&[_]> =
                self.dealers.iter().map(|dealer| self.commitments(broadcasts, *dealer, place)).collect();
            let combined: Vec<RistrettoPoint> = (0..usize::from(self.t))
                .map(|degree| {
                    // INVARIANT: every dealer's broadcast was read with t elements per key, so none is left out.
                    let points = dealt.iter().filter_map(|commitments| commitments.get(degree));
                    RistrettoPoint::vartime_multiscalar_mul(
                        &weights,
                        points.map(|element| element.point).collect::<Vec<_>>(),
                    )
                })
                .collect();
            let share = |index| EncodedPoint(evaluate_points(combined.iter(), index).compress().to_bytes());
            EpochKey { class: *class, shares: self.indices().map(share).collect() }
        });
        let epoch = self.shares.epoch().saturating_add(1);
        let epoch = ShareEpoch { v: ShareEpochV1, ring: self.ring.id(), epoch, keys: keys.collect() };
        let epoch = Exact::write(epoch).map_err(SharesError::from)?;
        let verifying = VerifyingShares::new(&self.ring, &epoch)?;
        Ok((epoch, verifying))
    }
}

/// The share epoch that follows from the broadcasts, for everybody who reads them.
///
/// Signatures, shapes and dealers' first commitments are checked, and that the new verifying shares interpolate to the
/// ring's keys. That every holder received a share that fits is what the holders' confirmations stand for.
///
/// # Errors
/// [`LifeError`].
pub fn public_outcome<K: Kind>(
    resharing: &Resharing<K>,
    broadcasts: &[Vec<u8>],
) -> Result<Exact<ShareEpoch>, LifeError> {
    let read = resharing.read(broadcasts)?;
    resharing.outcome(&read).map(|(epoch, _)| epoch)
}

/// A holder after its broadcast. Secret; has no `Debug`.
pub struct Round1<K: Kind> {
    resharing: Resharing<K>,
    index: u16,
    own: Vec<u8>,
    key: TransportSecret,
    /// Per key; empty for a holder that does not deal.
    polynomials: Vec<Zeroizing<Vec<Scalar>>>,
}

/// A holder after it dealt. Secret; has no `Debug`.
pub struct Round2<K: Kind> {
    resharing: Resharing<K>,
    index: u16,
    broadcasts: Vec<Broadcast>,
    key: TransportSecret,
    /// What a dealer deals to itself, per key; empty for a holder that does not deal.
    kept: Zeroizing<Vec<Scalar>>,
}

/// What a holder ends a resharing with.
pub struct Reshared<K: Kind> {
    /// The verifying shares of the new epoch, to confirm.
    pub epoch: Exact<ShareEpoch>,
    /// The holder's own secret shares of the new epoch.
    pub share: Share<K>,
}

impl<K: Kind> Round1<K> {
    /// Starts; the second value is the broadcast for everybody. A dealer gives its `share` of the old epoch.
    ///
    /// Coefficients are hedged with the share: they stay unknown to others when the generator fails.
    ///
    /// # Errors
    /// [`LifeError`] when index, identity or share are not those of the plan.
    pub fn start(
        resharing: &Resharing<K>,
        index: u16,
        share: Option<&Share<K>>,
        identity: &Identity,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, Vec<u8>), LifeError> {
        check_identity(resharing.holder(index), index, identity)?;
        let (key, public) = exchange_key(rng)?;
        let mut polynomials = Vec::new();
        if resharing.deals(index) {
            let share = share.filter(|share| share.trustee() == index).ok_or(LifeError::NoShare(index))?;
            share.check(&resharing.shares)?;
            for key in &resharing.keys {
                polynomials.push(draw(resharing, K::slot(*key), scalar_of(share, *key)?, rng));
            }
        }
        let commitments: Vec<[u8; 32]> = polynomials
            .iter()
            .flat_map(|polynomial| polynomial.iter())
            .map(|coefficient| RistrettoPoint::mul_base(coefficient).compress().to_bytes())
            .collect();
        let own =
            Broadcast::write(domain!("reshare-round1"), &resharing.digest, index, &public, &commitments, identity);
        Ok((Self { resharing: resharing.clone(), index, own: own.clone(), key, polynomials }, own))
    }

    /// Takes the broadcasts of all holders 1 to n' in order; a dealer gives one encrypted message per other holder.
    ///
    /// # Errors
    /// [`LifeError`] naming the party whose broadcast is missing, malformed, unsigned or not of its own share.
    pub fn proceed(
        self,
        broadcasts: &[Vec<u8>],
        identity: &Identity,
        rng: &mut impl CryptoRng,
    ) -> Result<(Round2<K>, Vec<Addressed>), LifeError> {
        let Self { resharing, index, own, key, polynomials } = self;
        let read = resharing.read(broadcasts)?;
        if broadcasts.get(usize::from(index).wrapping_sub(1)) != Some(&own) {
            return Err(LifeError::NotOurs(index));
        }
        let at = |holder: u16| -> Zeroizing<Vec<Scalar>> {
            Zeroizing::new(polynomials.iter().map(|polynomial| evaluate(polynomial, holder)).collect())
        };
        let transcript = resharing.transcript(&read);
        let mut messages = Vec::new();
        if resharing.deals(index) {
            for (holder, broadcast) in resharing.indices().zip(&read).filter(|(holder, _)| *holder != index) {
                let way = resharing.way(&transcript, index, holder);
                messages.push((holder, way.seal(&at(holder), broadcast.key(), identity, rng)?));
            }
        }
        let kept = at(index);
        Ok((Round2 { resharing, index, broadcasts: read, key, kept }, messages))
    }

    /// The state for the holder's own encrypted storage.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let secret = 32 + self.polynomials.iter().map(|polynomial| 32 * polynomial.len()).sum::<usize>();
        let mut out = state_head(1, &self.resharing.digest, self.index, secret + self.own.len());
        out.extend_from_slice(self.key.expose());
        self.polynomials.iter().for_each(|polynomial| put_scalars(&mut out, polynomial.iter()));
        out.extend_from_slice(&self.own);
        out
    }

    /// Reads a stored state of this resharing.
    ///
    /// # Errors
    /// [`LifeError::State`].
    pub fn decode(resharing: &Resharing<K>, bytes: &[u8]) -> Result<Self, LifeError> {
        let mut reader = Reader::new(bytes);
        let index = read_state_head(1, &resharing.digest, &mut reader)?;
        resharing.holder(index).ok_or(LifeError::State)?;
        let key = TransportSecret::from_seed(reader.array("the key of the exchange")?);
        let dealt = if resharing.deals(index) { resharing.keys.len() } else { 0 };
        let polynomials =
            (0..dealt).map(|_| read_scalars(&mut reader, usize::from(resharing.t))).collect::<Result<_, _>>()?;
        let own = reader.slice(Broadcast::length(resharing.elements_of(index)), "the broadcast")?.to_vec();
        reader.end()?;
        Ok(Self { resharing: resharing.clone(), index, own, key, polynomials })
    }
}

impl<K: Kind> Round2<K> {
    /// Takes the messages of all other dealers; gives the new epoch and the holder's share of it.
    ///
    /// # Errors
    /// [`LifeError`] naming the dealer whose message is missing, unsigned, unreadable, or does not fit its commitments.
    pub fn finish(&self, messages: &[Addressed]) -> Result<Reshared<K>, LifeError> {
        let plan = &self.resharing;
        let transcript = plan.transcript(&self.broadcasts);
        let mut sums: Vec<Zeroizing<Scalar>> = plan.keys.iter().map(|_| Zeroizing::new(Scalar::ZERO)).collect();
        for (dealer, weight) in plan.dealers.iter().zip(lagrange::at(0, &plan.dealers)) {
            let dealt = if *dealer == self.index {
                self.kept.clone()
            } else {
                let identity = plan.holder(*dealer).ok_or(LifeError::Index(*dealer))?;
                let way = plan.way(&transcript, *dealer, self.index);
                way.open(from(messages, *dealer)?, &plan.slots, &self.key, identity)?
            };
            for (place, ((class, value), sum)) in plan.slots.iter().zip(dealt.iter()).zip(&mut sums).enumerate() {
                let commitments =
                    plan.commitments(&self.broadcasts, *dealer, place).iter().map(|element| &element.point);
                if RistrettoPoint::mul_base(value) != evaluate_points(commitments, self.index) {
                    return Err(LifeError::Value { culprit: *dealer, class: *class });
                }
                **sum += weight * value;
            }
        }
        let (epoch, verifying) = plan.outcome(&self.broadcasts)?;
        let scalars: BTreeMap<u8, Scalar> =
            plan.slots.iter().zip(&sums).map(|(class, sum)| (class.number(), **sum)).collect();
        let share = Share::new(plan.ring.id(), self.index, verifying.epoch(), scalars);
        share.check(&verifying)?;
        Ok(Reshared { epoch, share })
    }

    /// The state for the holder's own encrypted storage.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let public = self.broadcasts.iter().map(|broadcast| broadcast.bytes().len()).sum::<usize>();
        let mut out = state_head(2, &self.resharing.digest, self.index, 32 + 32 * self.kept.len() + public);
        out.extend_from_slice(self.key.expose());
        put_scalars(&mut out, self.kept.iter());
        self.broadcasts.iter().for_each(|broadcast| out.extend_from_slice(broadcast.bytes()));
        out
    }

    /// Reads a stored state of this resharing.
    ///
    /// # Errors
    /// [`LifeError`].
    pub fn decode(resharing: &Resharing<K>, bytes: &[u8]) -> Result<Self, LifeError> {
        let mut reader = Reader::new(bytes);
        let index = read_state_head(2, &resharing.digest, &mut reader)?;
        resharing.holder(index).ok_or(LifeError::State)?;
        let key = TransportSecret::from_seed(reader.array("the key of the exchange")?);
        let kept = if resharing.deals(index) { resharing.keys.len() } else { 0 };
        let kept = read_scalars(&mut reader, kept)?;
        let broadcasts = resharing
            .indices()
            .map(|holder| {
                let length = Broadcast::length(resharing.elements_of(holder));
                Ok(reader.slice(length, "a broadcast")?.to_vec())
            })
            .collect::<Result<Vec<_>, LifeError>>()?;
        reader.end()?;
        let broadcasts = resharing.read(&broadcasts)?;
        Ok(Self { resharing: resharing.clone(), index, broadcasts, key, kept })
    }
}

/// A polynomial of degree t-1 with constant term `x`. The other coefficients come from fresh bytes and x together.
fn draw<K: Kind>(
    resharing: &Resharing<K>,
    class: Slot,
    x: &Scalar,
    rng: &mut impl CryptoRng,
) -> Zeroizing<Vec<Scalar>> {
    let mut fresh = Zeroizing::new([0; 64]);
    rng.fill_bytes(fresh.as_mut_slice());
    let prk = Salt::new(&[]).extract(&[fresh.as_slice(), x.as_bytes()]);
    let mut out = Zeroizing::new(Vec::with_capacity(usize::from(resharing.t)));
    out.push(*x);
    for degree in 1..resharing.t {
        let info: [&[u8]; 3] = [resharing.digest.as_bytes(), &[class.number()], &degree.to_le_bytes()];
        out.push(Scalar::from_bytes_mod_order_wide(&prk.expand::<64>(domain!("reshare-coefficient"), &info)));
    }
    out
}
