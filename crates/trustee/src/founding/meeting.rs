//! The meeting place's side: which messages there are, which are missing, whose fault it is. No input and output: whoever runs it keeps
//! a message before it says that it was taken.

use super::Item;
use countersign_core::control::Genesis;
use countersign_core::directory::Directory;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_policy::Bundle;
use countersign_seal::ring::Confirmation;
use countersign_tlog::leaf::ControlLeaf;
use countersign_verify::founding::{Both, Founding, FoundingError, Outcome, Outcomes, Records};
use countersign_verify::state::{ControlState, is_signed_by_trustee};
use std::collections::BTreeMap;
use std::fmt;

/// A founding ceremony as its meeting place sees it.
pub struct Meeting {
    founding: Founding,
    held: BTreeMap<Item, Vec<u8>>,
    recorded: Option<(Records, Outcomes)>,
    genesis: Option<Exact<Genesis>>,
    faults: Vec<Fault>,
}

/// What to do with a message that is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// New: keep it under this name.
    Keep(Item),
    /// These very bytes are here.
    Known,
}

/// Why a message is not taken. Nothing is kept of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It comes too early.
    #[error("`{0}` comes before the messages that it answers")]
    Early(Item),
    /// Other bytes are here under the same name.
    #[error("`{0}` is here with other bytes: the first counts")]
    Taken(Item),
    /// It is not what its name says, or not signed by whom it should be.
    #[error("`{item}`: {reason}")]
    Wrong {
        /// Which message.
        item: Item,
        /// Why.
        reason: String,
    },
}

/// Why a ceremony does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// One trustee signed two different broadcasts; both are kept.
    TwoBroadcasts(u16),
    /// A trustee does not go on: its word against the other's.
    Complaint {
        /// Who says it.
        by: u16,
        /// Who is blamed.
        blames: Option<u16>,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TwoBroadcasts(index) => write!(
                f,
                "trustee {index} signed two different broadcasts of round 1: it cheats, or its folder was restored from an old copy"
            ),
            Self::Complaint { by, blames: Some(blamed), reason } => {
                write!(f, "trustee {by} does not go on and blames trustee {blamed}: {reason}")
            }
            Self::Complaint { by, blames: None, reason } => write!(f, "trustee {by} does not go on: {reason}"),
        }
    }
}

/// How far a ceremony is, and on whom it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// It does not go on.
    Stopped,
    /// Broadcasts are missing.
    Round1(Vec<u16>),
    /// Messages of these trustees to others are missing. They send them once the log of the ceremony is public.
    Round2(Vec<u16>),
    /// Confirmations are missing.
    Confirming(Vec<u16>),
    /// The custodian has to bring genesis.
    Genesis,
    /// Signatures under genesis are missing.
    Signing(Vec<u16>),
    /// The custodian has to bring leaf 0 with the signatures of the people.
    Leaf,
    /// Done: leaf 0 is here.
    Done,
}

impl Meeting {
    /// Opens a meeting about these terms.
    pub fn new(founding: Founding) -> Self {
        let held = BTreeMap::from([(Item::Terms, founding.terms().bytes().to_vec())]);
        Self { founding, held, recorded: None, genesis: None, faults: Vec::new() }
    }

    /// The terms.
    pub fn founding(&self) -> &Founding {
        &self.founding
    }

    /// A message that is here.
    pub fn get(&self, item: Item) -> Option<&[u8]> {
        self.held.get(&item).map(Vec::as_slice)
    }

    /// Names of all messages that are here, ascending.
    pub fn items(&self) -> impl Iterator<Item = Item> + '_ {
        self.held.keys().copied()
    }

    /// Why it does not go on.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The leaves of the ceremony's log, once all broadcasts are here.
    pub fn entries(&self) -> Option<Vec<Vec<u8>>> {
        let broadcasts = (1..=self.founding.trustees()).map(|index| self.get(Item::Round1(index)));
        let broadcasts: Option<Vec<&[u8]>> = broadcasts.collect();
        broadcasts.map(|broadcasts| self.founding.entries(broadcasts).into_iter().map(<[u8]>::to_vec).collect())
    }

    /// Rings and verifying shares, once all broadcasts are here.
    pub fn outcomes(&self) -> Option<&Outcomes> {
        self.recorded.as_ref().map(|(_, outcomes)| outcomes)
    }

    /// The confirmation of trustee `index`, in its parts, once it is here.
    pub fn confirmation(&self, index: u16) -> Option<Both<&[u8]>> {
        self.founding.split(self.get(Item::Confirmation(index))?)
    }

    /// Genesis, once it is here.
    pub fn genesis(&self) -> Option<&Exact<Genesis>> {
        self.genesis.as_ref()
    }

    /// How far it is. Once leaf 0 bears all signatures nobody can stop it any more.
    pub fn stage(&self) -> Stage {
        if self.held.contains_key(&Item::Leaf) {
            return Stage::Done;
        }
        if !self.faults.is_empty() {
            return Stage::Stopped;
        }
        let n = self.founding.trustees();
        let missing = |is_there: &dyn Fn(u16) -> bool| (1..=n).filter(|index| !is_there(*index)).collect::<Vec<u16>>();
        let here = |item: Item| self.held.contains_key(&item);
        let sent = |sender| {
            let mut recipients = (1..=n).filter(|recipient| *recipient != sender);
            recipients.all(|recipient| here(Item::Round2 { sender, recipient }))
        };
        let unsaid = missing(&|index| here(Item::Round1(index)));
        let unsent = missing(&sent);
        let unconfirmed = missing(&|index| here(Item::Confirmation(index)));
        let unsigned = missing(&|index| here(Item::Signature(index)));
        if !unsaid.is_empty() {
            Stage::Round1(unsaid)
        } else if !unsent.is_empty() {
            Stage::Round2(unsent)
        } else if !unconfirmed.is_empty() {
            Stage::Confirming(unconfirmed)
        } else if self.genesis.is_none() {
            Stage::Genesis
        } else if !unsigned.is_empty() {
            Stage::Signing(unsigned)
        } else {
            Stage::Leaf
        }
    }

    /// Checks a message. One that is to be kept is given to [`keep`](Self::keep) once it is safe.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check(&self, item: Item, bytes: &[u8]) -> Result<Verdict, Refused> {
        let wrong = |reason: String| Refused::Wrong { item, reason };
        if bytes.len() > item.most() {
            return Err(wrong(format!("{} bytes, the limit is {}", bytes.len(), item.most())));
        }
        match self.get(item) {
            Some(here) if here == bytes => return Ok(Verdict::Known),
            Some(_) => return self.second(item, bytes),
            None => {}
        }
        match item {
            Item::Terms => return Err(wrong("another ceremony".into())),
            Item::Round1(index) => {
                self.founding.check_broadcast(index, bytes).map_err(|error| wrong(error.to_string()))?;
            }
            Item::Second(index) => return self.evidence(index, bytes),
            Item::Round2 { sender, recipient } => {
                let (recorded, _) = self.recorded.as_ref().ok_or(Refused::Early(item))?;
                recorded.check_message(sender, recipient, bytes).map_err(|error| wrong(error.to_string()))?;
            }
            Item::Confirmation(index) => self.check_confirmation(item, index, bytes)?,
            Item::Policy => {
                Bundle::from_document(bytes).map_err(|error| wrong(error.to_string()))?;
            }
            Item::Directory => {
                Exact::<Directory>::parse(bytes).map_err(|error| wrong(error.to_string()))?;
            }
            Item::Genesis => self.check_genesis(bytes)?,
            Item::Signature(index) => {
                let genesis = self.genesis.as_ref().ok_or(Refused::Early(item))?;
                let place = usize::from(index).checked_sub(1);
                let member = place.and_then(|place| self.founding.members().get(place));
                let text = std::str::from_utf8(bytes).ok();
                let signed =
                    member.zip(text).is_some_and(|(member, text)| is_signed_by_trustee(genesis.text(), member, text));
                if !signed {
                    return Err(wrong(format!("not a signature of trustee {index} under this genesis")));
                }
            }
            Item::Leaf => self.check_leaf(bytes)?,
            Item::Complaint(index) => {
                self.founding.complaint(index, bytes).map_err(|error| wrong(error.to_string()))?;
            }
        }
        Ok(Verdict::Keep(item))
    }

    /// Keeps a message that [`check`](Self::check) has just allowed under this name.
    ///
    /// # Errors
    /// As [`check`](Self::check), which is run again: what is here is always right.
    pub fn keep(&mut self, item: Item, bytes: Vec<u8>) -> Result<(), Refused> {
        match self.check(item, &bytes)? {
            Verdict::Known => return Ok(()),
            Verdict::Keep(name) if name != item => return Err(Refused::Taken(item)),
            Verdict::Keep(_) => {}
        }
        let wrong = |reason: String| Refused::Wrong { item, reason };
        match item {
            Item::Second(index) => self.faults.push(Fault::TwoBroadcasts(index)),
            Item::Complaint(index) => {
                let complaint = self.founding.complaint(index, &bytes).map_err(|error| wrong(error.to_string()))?;
                let (blames, reason) = (complaint.blames, complaint.reason);
                self.faults.push(Fault::Complaint { by: index, blames, reason });
            }
            Item::Genesis => {
                let genesis = Exact::<Genesis>::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
                self.genesis = Some(genesis);
            }
            _ => {}
        }
        self.held.insert(item, bytes);
        if self.recorded.is_none()
            && let Some(entries) = self.entries()
        {
            let read = |entries: &[Vec<u8>]| -> Result<_, FoundingError> {
                let records = self.founding.records(&self.founding.broadcasts(entries)?)?;
                let outcomes = records.outcomes()?;
                Ok((records, outcomes))
            };
            match read(&entries) {
                Ok(recorded) => self.recorded = Some(recorded),
                Err(error) => {
                    self.held.remove(&item);
                    return Err(wrong(error.to_string()));
                }
            }
        }
        Ok(())
    }

    /// Other bytes than those that are here: of a broadcast they are evidence, if the trustee really signed them.
    fn second(&self, item: Item, bytes: &[u8]) -> Result<Verdict, Refused> {
        match item {
            Item::Round1(index) if !self.held.contains_key(&Item::Second(index)) => {
                self.evidence(index, bytes).map_err(|_| Refused::Taken(item))
            }
            _ => Err(Refused::Taken(item)),
        }
    }

    fn evidence(&self, index: u16, bytes: &[u8]) -> Result<Verdict, Refused> {
        let item = Item::Second(index);
        let first = self.get(Item::Round1(index)).ok_or(Refused::Early(item))?;
        match self.founding.check_broadcast(index, bytes) {
            Ok(()) if first != bytes => Ok(Verdict::Keep(item)),
            Ok(()) => Err(Refused::Wrong { item, reason: "it is the first broadcast".into() }),
            Err(error) => Err(Refused::Wrong { item, reason: error.to_string() }),
        }
    }

    fn check_confirmation(&self, item: Item, index: u16, bytes: &[u8]) -> Result<(), Refused> {
        let outcomes = self.outcomes().ok_or(Refused::Early(item))?;
        let wrong = |reason: String| Refused::Wrong { item, reason };
        let place = usize::from(index).checked_sub(1);
        let key = place.and_then(|place| self.founding.identities().get(place));
        let key = key.ok_or_else(|| wrong(format!("there is no trustee {index}")))?;
        let parts = self.founding.split(bytes).ok_or_else(|| wrong("not a confirmation of each ring".into()))?;
        let check = |outcome: &Outcome, bytes: &[u8]| {
            let confirmation = Exact::<Confirmation>::parse(bytes).map_err(|error| wrong(error.to_string()))?;
            let ring = outcome.ring.value().id();
            confirmation.value().check(ring, index, key).map_err(|error| wrong(error.to_string()))
        };
        check(&outcomes.sealing, parts.sealing)?;
        outcomes.index.as_ref().zip(parts.index).map_or(Ok(()), |(outcome, bytes)| check(outcome, bytes))
    }

    fn check_genesis(&self, bytes: &[u8]) -> Result<(), Refused> {
        let item = Item::Genesis;
        let wrong = |reason: String| Refused::Wrong { item, reason };
        let outcomes = self.outcomes().ok_or(Refused::Early(item))?;
        let confirmed = (1..=self.founding.trustees()).all(|index| self.held.contains_key(&Item::Confirmation(index)));
        if !confirmed {
            return Err(Refused::Early(item));
        }
        let (Some(policy), Some(directory)) = (self.get(Item::Policy), self.get(Item::Directory)) else {
            return Err(Refused::Early(item));
        };
        let genesis = Exact::<Genesis>::parse(bytes).map_err(|error| wrong(error.to_string()))?;
        self.founding.check_genesis(genesis.value(), outcomes).map_err(|error| wrong(error.to_string()))?;
        let policy = Bundle::from_document(policy).map(|bundle| bundle.digest()).ok();
        let directory = Exact::<Directory>::parse(directory).map(|directory| directory.digest()).ok();
        if (policy, directory) != (Some(genesis.value().policy), Some(genesis.value().directory)) {
            return Err(wrong("names another policy or directory than those that are here".into()));
        }
        Ok(())
    }

    fn check_leaf(&self, bytes: &[u8]) -> Result<(), Refused> {
        let item = Item::Leaf;
        let genesis = self.genesis.as_ref().ok_or(Refused::Early(item))?;
        read_leaf(bytes, &genesis.digest()).map_err(|reason| Refused::Wrong { item, reason })
    }
}

/// Leaf 0 with this genesis, signed by everybody who must sign it.
pub(super) fn read_leaf(bytes: &[u8], genesis: &Digest) -> Result<(), String> {
    let leaf = ControlLeaf::parse(bytes).map_err(|error| error.to_string())?;
    ControlState::begin(&leaf, Some(genesis)).map(|_| ()).map_err(|error| error.to_string())
}
