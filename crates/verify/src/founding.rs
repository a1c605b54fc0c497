//! The founding ceremony as everybody can check it: the terms, the log of the ceremony, the ring that follows from it.
//!
//! Rules: `docs/formats/ceremony.md`. The log is the consistent broadcast that distributed key generation needs: leaf 0 holds the terms,
//! leaf i the broadcast of trustee i, and nothing else stands in it. Trustees accept it under one checkpoint that the witnesses have
//! cosigned; whoever reads it later comes to the same ring and the same verifying shares.

mod both;

pub use both::{Both, Records, join, split};

use crate::wire::{CEREMONY_SUFFIX, CeremonyTerms, Complaint, Signed, SignedError, TrusteeIdentity};
use base64ct::{Base64, Encoding};
use countersign_core::control::{Genesis, RingRef, TrusteeMember};
use countersign_core::json::{DocumentError, Exact};
use countersign_seal::ceremony::{Ceremony, Party, Plan, PlanError};
use countersign_seal::dkg::{DkgError, check_broadcast};
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::{Index, Kind, Sealing};
use countersign_seal::ring::{Ring, ShareEpoch};
use countersign_seal::transport::TransportKey;
use countersign_tlog::policy::Policy;

/// Why a founding ceremony, or what is said of one, is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoundingError {
    /// The identity of a trustee cannot be used.
    #[error("identity of trustee {index}: {reason}")]
    Identity {
        /// Its place in the terms.
        index: u16,
        /// Why.
        reason: String,
    },
    /// The terms contradict themselves.
    #[error("ceremony terms: {0}")]
    Terms(String),
    /// The log of the ceremony holds something else than it must.
    #[error("ceremony log: {0}; who runs the log, the custodian, is to blame")]
    Log(&'static str),
    /// One trustee signed two broadcasts.
    #[error("trustee {0} signed two different broadcasts of round 1")]
    TwoBroadcasts(u16),
    /// A message of the ceremony is not acceptable.
    #[error(transparent)]
    Message(#[from] DkgError),
    /// A complaint cannot be used.
    #[error(transparent)]
    Complaint(#[from] SignedError),
    /// A complaint that is somebody else's, or about another ceremony.
    #[error("the complaint of trustee {0} is about another ceremony or names another trustee")]
    OtherComplaint(u16),
    /// Genesis says something else than the ceremony.
    #[error("genesis: {0}")]
    Genesis(&'static str),
    /// The outcome cannot be written.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl From<PlanError> for FoundingError {
    fn from(error: PlanError) -> Self {
        Self::Terms(error.to_string())
    }
}

/// What the ceremony of one ring comes to: anybody computes it from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The ring that every trustee must confirm.
    pub ring: Exact<Ring>,
    /// The verifying shares of epoch 1.
    pub shares: Exact<ShareEpoch>,
}

impl Outcome {
    /// As genesis names it.
    pub fn reference(&self) -> RingRef {
        RingRef { id: self.ring.value().id(), share_epoch: self.shares.value().epoch, shares: self.shares.digest() }
    }
}

/// What a founding comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcomes {
    /// The sealing ring.
    pub sealing: Outcome,
    /// The index ring, if the terms ask for one.
    pub index: Option<Outcome>,
}

/// Terms that were checked: every trustee signed its identity, and the log and its witnesses can show something.
#[derive(Debug, Clone)]
pub struct Founding {
    terms: Exact<CeremonyTerms>,
    ceremony: Ceremony<Sealing>,
    index: Option<Ceremony<Index>>,
    members: Vec<TrusteeMember>,
    identities: Vec<IdentityKey>,
    policy: Policy,
}

impl Founding {
    /// Checks the terms.
    ///
    /// # Errors
    /// [`FoundingError::Identity`] naming the trustee, [`FoundingError::Terms`].
    pub fn new(terms: Exact<CeremonyTerms>) -> Result<Self, FoundingError> {
        let value = terms.value();
        let (mut members, mut parties, mut identities) = (Vec::new(), Vec::new(), Vec::new());
        for (index, text) in (1u16..).zip(&value.trustees) {
            let (member, party) = party(index, text).map_err(|reason| FoundingError::Identity { index, reason })?;
            identities.push(party.identity);
            members.push(member);
            parties.push(party);
        }
        let ceremony = ceremony_of(&terms, &value.ring, &value.classes, &parties)?;
        let index = value.index.as_ref();
        let index = index.map(|index| ceremony_of(&terms, &index.ring, &index.attributes, &parties)).transpose()?;
        let policy = policy(value).map_err(FoundingError::Terms)?;
        Ok(Self { ceremony, index, members, identities, policy, terms })
    }

    /// The terms.
    pub fn terms(&self) -> &Exact<CeremonyTerms> {
        &self.terms
    }

    /// What the trustees' messages about the sealing ring are about.
    pub fn ceremony(&self) -> &Ceremony<Sealing> {
        &self.ceremony
    }

    /// What their messages about the index ring are about, if there is to be one.
    pub fn index_ceremony(&self) -> Option<&Ceremony<Index>> {
        self.index.as_ref()
    }

    /// The trustees as genesis will name them.
    pub fn members(&self) -> &[TrusteeMember] {
        &self.members
    }

    /// Their identity keys.
    pub fn identities(&self) -> &[IdentityKey] {
        &self.identities
    }

    /// The log of the ceremony and its witnesses.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Number n of trustees.
    pub fn trustees(&self) -> u16 {
        self.ceremony.plan().n
    }

    /// Leaves that the log of the ceremony has.
    pub fn leaves(&self) -> u64 {
        u64::from(self.trustees()) + 1
    }

    /// The leaves of the log, from the broadcasts of trustees 1 to n in order.
    pub fn entries<'a>(&'a self, broadcasts: impl IntoIterator<Item = &'a [u8]>) -> Vec<&'a [u8]> {
        std::iter::once(self.terms.bytes()).chain(broadcasts).collect()
    }

    /// The broadcasts of trustees 1 to n, out of the leaves of the log: all of them, in their order.
    ///
    /// # Errors
    /// [`FoundingError::Log`], [`FoundingError::TwoBroadcasts`], [`FoundingError::Message`].
    pub fn broadcasts(&self, entries: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, FoundingError> {
        let Some((first, broadcasts)) = entries.split_first() else {
            return Err(FoundingError::Log("it is empty"));
        };
        if first != self.terms.bytes() {
            return Err(FoundingError::Log("leaf 0 does not hold the terms of this ceremony"));
        }
        let n = usize::from(self.trustees());
        if let Some(more) = broadcasts.get(n..).filter(|more| !more.is_empty()) {
            let author =
                |bytes: &Vec<u8>| (1..=self.trustees()).find(|index| self.check_broadcast(*index, bytes).is_ok());
            return Err(match more.iter().find_map(author) {
                Some(index) => FoundingError::TwoBroadcasts(index),
                None => FoundingError::Log("it holds more than the terms and one broadcast of each trustee"),
            });
        }
        for (index, bytes) in (1u16..).zip(broadcasts) {
            self.check_broadcast(index, bytes)?;
        }
        if broadcasts.len() < n {
            return Err(FoundingError::Log("it holds fewer broadcasts than there are trustees"));
        }
        Ok(broadcasts.to_vec())
    }

    /// Checks that `bytes` are a broadcast of trustee `index` about every ring of the terms.
    ///
    /// # Errors
    /// [`DkgError::Malformed`], [`DkgError::Signature`].
    pub fn check_broadcast(&self, index: u16, bytes: &[u8]) -> Result<(), DkgError> {
        let parts = self.split(bytes).ok_or(DkgError::Malformed(index))?;
        check_broadcast(&self.ceremony, index, parts.sealing)?;
        match self.index.as_ref().zip(parts.index) {
            Some((ceremony, bytes)) => check_broadcast(ceremony, index, bytes),
            None => Ok(()),
        }
    }

    /// The parts of a message of this founding.
    pub fn split<'b>(&self, bytes: &'b [u8]) -> Option<Both<&'b [u8]>> {
        split(self.index.is_some(), bytes)
    }

    /// What the broadcasts of all trustees, in order, come to.
    ///
    /// # Errors
    /// [`FoundingError::Message`].
    pub fn records(&self, broadcasts: &[Vec<u8>]) -> Result<Records, FoundingError> {
        Records::new(self, broadcasts)
    }

    /// The rings and the verifying shares that follow from the leaves of the log.
    ///
    /// # Errors
    /// As [`broadcasts`](Self::broadcasts).
    pub fn recompute(&self, entries: &[Vec<u8>]) -> Result<Outcomes, FoundingError> {
        self.records(&self.broadcasts(entries)?)?.outcomes()
    }

    /// Checks that genesis names the custodian, journal, witnesses, trustees and threshold of the terms, and these outcomes.
    ///
    /// # Errors
    /// [`FoundingError::Genesis`].
    pub fn check_genesis(&self, genesis: &Genesis, outcomes: &Outcomes) -> Result<(), FoundingError> {
        let terms = self.terms.value();
        let trustees = genesis.trustees.as_ref();
        let rules = [
            (genesis.custodian == terms.custodian, "names another custodian than the terms"),
            (genesis.journal == terms.journal, "names another journal than the terms"),
            (
                witness_lines(&genesis.witness_policy).eq(witness_lines(&terms.witness_policy)),
                "names other witnesses than those of the ceremony",
            ),
            (trustees.is_some_and(|it| it.members == self.members), "names other trustees than the terms"),
            (trustees.is_some_and(|it| it.threshold == terms.threshold), "names another threshold than the terms"),
            (genesis.ring.as_ref() == Some(&outcomes.sealing.reference()), "names another ring than the ceremony made"),
            (
                genesis.index_ring == outcomes.index.as_ref().map(Outcome::reference),
                "names another index ring than the ceremony made",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(FoundingError::Genesis(reason)))
    }

    /// Reads the complaint of trustee `index`.
    ///
    /// # Errors
    /// [`FoundingError::Complaint`], [`FoundingError::OtherComplaint`].
    pub fn complaint(&self, index: u16, bytes: &[u8]) -> Result<Complaint, FoundingError> {
        let other = FoundingError::OtherComplaint(index);
        let member =
            usize::from(index).checked_sub(1).and_then(|place| self.members.get(place)).ok_or(other.clone())?;
        let complaint = Signed::<Complaint>::open(bytes, &member.identity)?.value().clone();
        let named = complaint.blames.is_none_or(|blamed| blamed <= self.trustees());
        let same = complaint.terms == self.terms.digest() && complaint.trustee == index && named;
        if same { Ok(complaint) } else { Err(other) }
    }
}

/// Reads a trustee's own word about itself: signed by the key in it.
///
/// # Errors
/// [`SignedError`].
pub fn read_identity(text: &str) -> Result<Signed<TrusteeIdentity>, SignedError> {
    Signed::open_by(text.as_bytes(), |identity: &TrusteeIdentity| Some(identity.identity))
}

/// A trustee as control documents name it, from its signed identity.
///
/// # Errors
/// [`FoundingError::Identity`]; its index is 0 when the text tells none.
pub fn read_member(text: &str) -> Result<TrusteeMember, FoundingError> {
    read_party(text).map(|(member, _)| member)
}

/// As [`read_member`], with the keys as a ceremony needs them.
///
/// # Errors
/// [`FoundingError::Identity`].
pub fn read_party(text: &str) -> Result<(TrusteeMember, Party), FoundingError> {
    let index = read_identity(text).map_or(0, |signed| signed.value().index);
    party(index, text).map_err(|reason| FoundingError::Identity { index, reason })
}

fn ceremony_of<K: Kind>(
    terms: &Exact<CeremonyTerms>,
    name: &str,
    keys: &[K::Key],
    parties: &[Party],
) -> Result<Ceremony<K>, FoundingError> {
    let n = u16::try_from(parties.len()).map_err(|_| FoundingError::Terms("too many trustees".into()))?;
    let keys = keys.iter().map(|key| (*key, 1)).collect();
    let plan = Plan { name: name.to_owned(), ceremony: terms.digest(), t: terms.value().threshold, n, keys };
    Ok(Ceremony::new(plan, parties.to_vec())?)
}

fn party(index: u16, text: &str) -> Result<(TrusteeMember, Party), String> {
    let signed = read_identity(text).map_err(|error| error.to_string())?;
    let value = signed.value();
    if value.index != index {
        return Err(format!("was made for index {}", value.index));
    }
    let identity = IdentityKey::from_digest(&value.identity).ok_or("the identity key is unusable")?;
    let transport = Base64::decode_vec(&value.transport).map_err(|error| error.to_string())?;
    let transport = TransportKey::decode(&transport).map_err(|error| error.to_string())?;
    let member = TrusteeMember {
        index,
        name: value.name.clone(),
        state: value.state,
        identity: value.identity,
        transport: transport.digest(),
        obliged_entity: value.obliged_entity,
    };
    Ok((member, Party { identity, transport }))
}

fn policy(terms: &CeremonyTerms) -> Result<Policy, String> {
    let policy = Policy::parse(terms.witness_policy.as_bytes()).map_err(|error| error.to_string())?;
    if let Some(reason) = policy.refused() {
        return Err(format!("the witness policy is refused: {reason}"));
    }
    match policy.logs() {
        [log] if log.key.to_string() == terms.log.vkey && log.key.name().as_str() == terms.log.origin => Ok(policy),
        _ => Err("the witness policy names another log than that of the ceremony".into()),
    }
}

/// A policy of witnesses without its logs.
fn witness_lines(policy: &str) -> impl Iterator<Item = &str> {
    policy.lines().filter(|line| !line.starts_with("log "))
}

/// The policy of the journal with the log of the ceremony in the place of the journal.
pub fn ceremony_policy(journal_policy: &str, log_vkey: &str) -> String {
    let lines = std::iter::once(format!("log {log_vkey}")).chain(witness_lines(journal_policy).map(str::to_owned));
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

/// The origin of the log of the ceremony that founds a journal.
pub fn ceremony_origin(journal: &str) -> String {
    format!("{journal}{CEREMONY_SUFFIX}")
}
