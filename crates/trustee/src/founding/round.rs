//! The steps of key generation for every ring of a founding at once: one message carries the parts of both.

use crate::ceremony::{Finished, Messages};
use crate::documents::RingDocuments;
use crate::error::{Result, TrusteeError};
use crate::trustee::Trustee;
use countersign_core::json::Exact;
use countersign_seal::dkg::DkgError;
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::{Index, Kind, Sealing};
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings};
use countersign_verify::founding::{Both, Founding, Outcome, Outcomes, join};
use rand_core::CryptoRng;

/// What a trustee ends a founding with, for every ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    sealing: Finished,
    index: Option<Finished>,
}

impl Ended {
    /// The message that confirms the rings.
    pub(super) fn confirmation(&self) -> Vec<u8> {
        let index = self.index.as_ref().map(|finished| finished.confirmation.bytes());
        join(Both { sealing: self.sealing.confirmation.bytes(), index })
    }

    pub(super) fn outcomes(&self) -> Outcomes {
        Outcomes { sealing: outcome(&self.sealing), index: self.index.as_ref().map(outcome) }
    }
}

fn outcome(finished: &Finished) -> Outcome {
    Outcome { ring: finished.ring.clone(), shares: finished.shares.clone() }
}

impl Trustee {
    /// Round 1 of every ring: the broadcast.
    pub(super) fn founding_start(&self, founding: &Founding, rng: &mut impl CryptoRng) -> Result<Vec<u8>> {
        let sealing = self.dkg_start(founding.ceremony(), rng)?;
        let index = founding.index_ceremony().map(|ceremony| self.dkg_start(ceremony, rng)).transpose()?;
        Ok(join(Both { sealing: &sealing, index: index.as_deref() }))
    }

    /// Round 2 of every ring: one message for each other trustee.
    pub(super) fn founding_proceed(
        &self,
        founding: &Founding,
        broadcasts: &[Vec<u8>],
        rng: &mut impl CryptoRng,
    ) -> Result<Messages> {
        let numbered: Messages = (1u16..).zip(broadcasts.iter().cloned()).collect();
        let parts = parts(founding, &numbered)?;
        let sealing = self.dkg_proceed(founding.ceremony(), &bytes(parts.sealing), rng)?;
        let Some((ceremony, broadcasts)) = founding.index_ceremony().zip(parts.index) else { return Ok(sealing) };
        let index = self.dkg_proceed(ceremony, &bytes(broadcasts), rng)?;
        let other = |recipient: u16| index.iter().find(|(to, _)| *to == recipient).map(|(_, bytes)| bytes.as_slice());
        let joined = sealing.iter().map(|(recipient, bytes)| {
            let index = other(*recipient).ok_or(DkgError::Missing(*recipient))?;
            Ok((*recipient, join(Both { sealing: bytes, index: Some(index) })))
        });
        joined.collect()
    }

    /// Takes the messages of round 2 from all other trustees; stores the share of every ring.
    pub(super) fn founding_finish(&self, founding: &Founding, messages: &Messages) -> Result<Ended> {
        let parts = parts(founding, messages)?;
        let sealing = self.dkg_finish(founding.ceremony(), &parts.sealing)?;
        let index = founding.index_ceremony().zip(parts.index);
        let index = index.map(|(ceremony, messages)| self.dkg_finish(ceremony, &messages)).transpose()?;
        Ok(Ended { sealing, index })
    }
}

/// The parts of messages, each with its sender.
fn parts(founding: &Founding, messages: &Messages) -> Result<Both<Messages>> {
    let mut all = Both { sealing: Messages::new(), index: founding.index_ceremony().map(|_| Messages::new()) };
    for (sender, bytes) in messages {
        let both = founding.split(bytes).ok_or(DkgError::Malformed(*sender))?;
        all.sealing.push((*sender, both.sealing.to_vec()));
        if let Some((index, part)) = all.index.as_mut().zip(both.index) {
            index.push((*sender, part.to_vec()));
        }
    }
    Ok(all)
}

fn bytes(messages: Messages) -> Vec<Vec<u8>> {
    messages.into_iter().map(|(_, bytes)| bytes).collect()
}

/// The documents of every ring, confirmed by all trustees: `confirmations` are the messages of trustees 1 to n.
pub(super) fn confirmed(
    founding: &Founding,
    ended: &Ended,
    confirmations: &[Vec<u8>],
) -> Result<(RingDocuments, Option<RingDocuments>)> {
    let numbered: Messages = (1u16..).zip(confirmations.iter().cloned()).collect();
    let parts = parts(founding, &numbered)?;
    let sealing = documents::<Sealing>(&ended.sealing, parts.sealing, founding.identities())?;
    let index = ended.index.as_ref().zip(parts.index);
    let index = index.map(|(ended, texts)| documents::<Index>(ended, texts, founding.identities())).transpose()?;
    Ok((sealing, index))
}

fn documents<K: Kind>(finished: &Finished, texts: Messages, identities: &[IdentityKey]) -> Result<RingDocuments> {
    let confirmations: Vec<Exact<Confirmation>> = texts
        .iter()
        .map(|(_, bytes)| Exact::parse(bytes).map_err(|error| TrusteeError::document("confirmation", error)))
        .collect::<Result<_>>()?;
    let values: Vec<Confirmation> = confirmations.iter().map(|exact| exact.value().clone()).collect();
    ConfirmedRing::<K>::new(finished.ring.clone(), &values, identities, DealerRings::Refuse)
        .map_err(|error| TrusteeError::document("key ring", error))?;
    Ok(RingDocuments {
        ring: finished.ring.text().to_owned(),
        confirmations: confirmations.iter().map(|exact| exact.text().to_owned()).collect(),
        shares: finished.shares.text().to_owned(),
    })
}
