//! Duress: an approver who is made to sign can say so, and only trustees understand.
//!
//! The roster lists two keys of an approver, and nothing tells them apart. For every order exactly one of them is the right one, drawn
//! from a secret that the approver has told each trustee in an encrypted letter: whoever sees every signature of a year sees two keys
//! used like a coin that is thrown. A signature by the other key is a call for help. A trustee then answers `PENDING`, as it does for
//! some orders in any case ([`COVER`]), and locks the case. Rules and bytes: `docs/formats/duress.md`.

use countersign_approve::{PublicKey, verify_signature};
use countersign_core::approval::{Approval, SignerRole, signed_line};
use countersign_core::consent::Consent;
use countersign_core::control::{Person, Role};
use countersign_core::digest::parts;
use countersign_core::id::{CustodianId, Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::order::{Kind, Order};
use countersign_core::time::{HOUR, MINUTE, Seconds, Timestamp};
use countersign_seal::letter::CONTENT_LEN;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// SSHSIG namespace of letters.
pub const DURESS_NAMESPACE: &str = "duress@countersign";

/// One order of this many, on average, is pending although nobody calls for help.
pub const COVER: u8 = 16;

const LABEL: &str = "countersign/duress/v1";
const VERSION: u8 = 1;
/// Version, custodian, genesis, trustee, keys, secret.
const BODY: usize = 1 + CustodianId::LEN + 4 * 32;

/// Why a letter changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    /// Not the layout.
    #[error("not a duress letter: its version, its lengths or its padding are wrong")]
    Layout,
    /// For another trustee, or the trustees of another custodian.
    #[error("the letter is for another trustee, or for another custodian's")]
    OtherTrustee,
    /// No approver in force has exactly these two keys.
    #[error("no approver in force has exactly the two keys of this letter: whoever got other keys writes a new one")]
    NotInForce,
    /// One of the two signatures is missing or wrong.
    #[error("the letter is not signed by both keys of `{0}`: somebody else wrote it")]
    Signature(String),
}

/// The secret of one approver. Wiped when dropped; has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct DuressSecret(Zeroizing<[u8; 32]>);

impl DuressSecret {
    /// Takes 32 random bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the approver's own keeping and nothing else.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Which of the two keys, in their order in the roster, is the right one under what is signed: 0 or 1.
    pub fn right_key(&self, signed: &Digest) -> usize {
        let Digest([first, ..]) = parts("countersign/duress-key/v1", &[self.0.as_slice(), signed.as_bytes()]);
        usize::from(first & 1)
    }

    /// For how long an order that was signed with the right key is pending all the same, from when it is public.
    pub fn cover(&self, signed: &Digest, kind: Kind) -> Seconds {
        let Digest([drawn, high, low, ..]) =
            parts("countersign/duress-cover/v1", &[self.0.as_slice(), signed.as_bytes()]);
        let (least, most) = match kind {
            Kind::Emergency | Kind::Read => (5 * MINUTE, 20 * MINUTE),
            _ => (HOUR, 6 * HOUR),
        };
        let part = Seconds::from(u16::from_be_bytes([high, low]));
        // INVARIANT: 256 is a multiple of COVER, so one of COVER values of a byte covers.
        if drawn % COVER == 0 { least + part * (most - least) / Seconds::from(u16::MAX) } else { 0 }
    }
}

/// What a letter says, without its signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The custodian.
    pub custodian: CustodianId,
    /// Digest of its genesis.
    pub genesis: Digest,
    /// Identity of the trustee that is told.
    pub trustee: Digest,
    /// Whose, and of which two keys: [`keys_digest`].
    pub keys: Digest,
    /// The secret.
    pub secret: DuressSecret,
}

/// Names one approver with exactly two keys: parts("countersign/duress-keys/v1", id, key, key), keys as the roster has them. `None` for
/// everybody else: nobody with another number of keys can call for help.
pub fn keys_digest(person: &Person) -> Option<Digest> {
    let [first, second] = person.keys.as_slice() else { return None };
    person.roles.contains(&Role::Approver).then(|| keys_digest_of(&person.id, [first, second]))
}

/// As [`keys_digest`], of a person with these two keys in the order of the roster.
pub fn keys_digest_of(id: &PersonId, [first, second]: [&str; 2]) -> Digest {
    parts("countersign/duress-keys/v1", &[id.as_str().as_bytes(), first.as_bytes(), second.as_bytes()])
}

impl Letter {
    /// The line that both keys sign; a passkey's challenge is its digest.
    pub fn signed_line(&self) -> Vec<u8> {
        signed_line(LABEL, &parts(LABEL, &[self.body().as_slice()]))
    }

    fn body(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(BODY));
        out.push(VERSION);
        out.extend_from_slice(&self.custodian.0);
        for part in [&self.genesis, &self.trustee, &self.keys] {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(self.secret.expose());
        out
    }

    /// The content to be sealed: body, two signatures in the order of the keys, zeroes.
    ///
    /// # Errors
    /// [`LetterError::Layout`] when the signatures do not fit.
    pub fn encode(&self, signatures: [&str; 2]) -> Result<Zeroizing<[u8; CONTENT_LEN]>, LetterError> {
        let mut out = Zeroizing::new([0; CONTENT_LEN]);
        let mut whole = self.body();
        for signature in signatures {
            let length = u16::try_from(signature.len()).map_err(|_| LetterError::Layout)?;
            whole.extend_from_slice(&length.to_le_bytes());
            whole.extend_from_slice(signature.as_bytes());
        }
        let room = out.get_mut(..whole.len()).ok_or(LetterError::Layout)?;
        room.copy_from_slice(&whole);
        Ok(out)
    }

    /// Reads the content of a letter that was opened by the trustee with `identity`, and checks who wrote it against the people in force.
    ///
    /// # Errors
    /// [`LetterError`]: then nothing changes.
    pub fn read<'p>(
        content: &[u8],
        told: (&CustodianId, &Digest, &Digest),
        mut people: impl Iterator<Item = &'p Person>,
    ) -> Result<(Self, &'p Person), LetterError> {
        let (letter, signatures) = Self::decode(content).ok_or(LetterError::Layout)?;
        if (&letter.custodian, &letter.genesis, &letter.trustee) != told {
            return Err(LetterError::OtherTrustee);
        }
        let person = people.find(|person| keys_digest(person) == Some(letter.keys)).ok_or(LetterError::NotInForce)?;
        let line = letter.signed_line();
        for (key, signature) in person.keys.iter().zip(signatures) {
            let signed = PublicKey::parse(key)
                .is_ok_and(|key| verify_signature(&key, DURESS_NAMESPACE, &line, signature).is_ok());
            if !signed {
                return Err(LetterError::Signature(person.id.to_string()));
            }
        }
        Ok((letter, person))
    }

    /// Reads the content of a letter that was accepted before, without asking who wrote it.
    pub fn kept(content: &[u8]) -> Option<Self> {
        Self::decode(content).map(|(letter, _)| letter)
    }

    fn decode(content: &[u8]) -> Option<(Self, [&str; 2])> {
        if content.len() != CONTENT_LEN {
            return None;
        }
        let (version, rest) = content.split_first()?;
        let (custodian, rest) = rest.split_first_chunk::<{ CustodianId::LEN }>()?;
        let (genesis, rest) = rest.split_first_chunk::<32>()?;
        let (trustee, rest) = rest.split_first_chunk::<32>()?;
        let (keys, rest) = rest.split_first_chunk::<32>()?;
        let (secret, rest) = rest.split_first_chunk::<32>()?;
        let (first, rest) = signature(rest)?;
        let (second, padding) = signature(rest)?;
        let letter = Self {
            custodian: CustodianId(*custodian),
            genesis: Digest(*genesis),
            trustee: Digest(*trustee),
            keys: Digest(*keys),
            secret: DuressSecret::from_bytes(*secret),
        };
        (*version == VERSION && padding.iter().all(|byte| *byte == 0)).then_some((letter, [first, second]))
    }
}

fn signature(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

/// The secrets that a trustee was told, by [`keys_digest`]. Has no `Debug`.
#[derive(Clone, Default)]
pub struct Letters(BTreeMap<Digest, DuressSecret>);

impl Letters {
    /// Keeps what a letter said. The first letter about two keys counts: whoever gets hold of both keys later cannot turn them round.
    ///
    /// # Errors
    /// The secret that stands, when it is another one.
    pub fn accept(&mut self, letter: &Letter) -> Result<Accepted, AnotherSecret> {
        match self.0.get(&letter.keys) {
            None => {
                self.0.insert(letter.keys, letter.secret.clone());
                Ok(Accepted::New)
            }
            Some(kept) if *kept == letter.secret => Ok(Accepted::Before),
            Some(_) => Err(AnotherSecret),
        }
    }

    /// Whether a letter about this person's keys was accepted.
    pub fn knows(&self, person: &Person) -> bool {
        keys_digest(person).is_some_and(|keys| self.0.contains_key(&keys))
    }
}

/// What came of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It counts from now on.
    New,
    /// It was accepted before; nothing changes.
    Before,
}

/// Another letter about the same two keys stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "another letter about the same two keys was accepted before and stands: a new one needs new keys in the roster"
)]
pub struct AnotherSecret;

/// A case that is pending: one kind of value, whether somebody calls for help or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// The case, as its orders commit to it.
    pub case: Digest,
    /// Until when; [`Timestamp::MAX`] when somebody called for help.
    pub until: Timestamp,
}

impl Pending {
    /// Whether somebody called for help.
    pub fn is_a_call(&self) -> bool {
        self.until == Timestamp::MAX
    }
}

/// Whether an order that would be answered is pending. `since` is when the signed order was first shown to be public; `before` are the
/// cases that are pending already.
///
/// Every signature is looked at in the same way, whatever was found before.
pub fn pending<'a, 'p>(
    letters: &Letters,
    before: &BTreeMap<Digest, Timestamp>,
    order: &Order,
    signed: impl Iterator<Item = &'a str>,
    person: impl Fn(&Approval) -> Option<&'p Person>,
    (since, now): (Timestamp, Timestamp),
) -> Option<Pending> {
    let mut until = before.get(&order.case).copied().unwrap_or(Timestamp::MIN);
    for text in signed.filter(|text| !Consent::is_claimed_by(text)) {
        // The signature was verified before: this reads the same bytes again.
        let Ok(approval) = Exact::<Approval>::parse(text.as_bytes()) else { continue };
        let value = approval.value();
        let Some(person) = person(value).filter(|_| value.role == SignerRole::Approver) else { continue };
        let secret = keys_digest(person).and_then(|keys| letters.0.get(&keys));
        let used = person.keys.iter().position(|key| *key == value.key);
        let (Some(secret), Some(used)) = (secret, used) else { continue };
        let right = secret.right_key(&value.order) == used;
        let covered = since.plus(secret.cover(&value.order, order.kind));
        until = until.max(if right { covered } else { Timestamp::MAX });
    }
    (until > now).then_some(Pending { case: order.case, until })
}
