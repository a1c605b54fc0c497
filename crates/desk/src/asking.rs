//! Asking trustees: as many at once as answers are needed, others for those that fail, and nothing believed that is not signed.

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::leaves::{key, tick};
use crate::ports::Trustee;
use crate::release::{RELEASE, RequestParts};
use base64ct::{Base64, Encoding};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::leaf::{KIND_FIELD, LeafKind};
use countersign_log::Intent;
use countersign_seal::identity::IdentityKey;
use countersign_seal::partial::ReplyContext;
use countersign_seal::reply;
use countersign_seal::transport::TransportKey;
use countersign_store::{LookupReceipt, NewLeaf, Receipt as StoredReceipt};
use countersign_tlog::leaf::{Disclosure, LeafId, seal_disclosures};
use countersign_verify::wire::{Answer, Outcome, Receipt, Signed};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// What one trustee said.
#[derive(Debug, Clone)]
pub struct Said {
    /// The trustee.
    pub trustee: u16,
    /// Its receipt, when it gave one.
    pub receipt: Option<Exact<Receipt>>,
    /// Exact text of the signed receipt.
    pub receipt_text: String,
    /// Its encrypted reply.
    pub reply: Option<Vec<u8>>,
    /// For people: `answered`, or the refusal.
    pub summary: String,
}

/// What an answer to an order must be for.
pub(crate) struct Expected {
    pub(crate) order: Digest,
    pub(crate) ring: Digest,
    pub(crate) share_epoch: u32,
    pub(crate) records: u32,
    /// The recipient's X-Wing key, base64.
    pub(crate) recipient: String,
    /// With which trustee to begin, in the desk's order; counted round.
    pub(crate) first: usize,
}

/// What trustees are asked about, and what the leaf of a receipt calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// An order to answer.
    Order(Digest),
    /// A lookup or an enrolment to evaluate.
    Lookup(Digest),
}

impl About {
    fn digest(self) -> Digest {
        match self {
            Self::Order(digest) | Self::Lookup(digest) => digest,
        }
    }

    fn receipts(self) -> LeafKind {
        match self {
            Self::Order(_) => LeafKind::Receipt,
            Self::Lookup(_) => LeafKind::LookupReceipt,
        }
    }
}

/// How long one trustee may take: the largest order takes a few seconds. After that the next trustee is asked.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

impl Desk {
    /// Asks as many trustees at once as answers are needed, and for each that gives none the next one, until `enough` have answered or all
    /// were asked; every receipt goes to the journal. The public intent is the licence: without it nothing may happen outside.
    ///
    /// # Errors
    /// [`DeskError::Internal`] when the intent is another's; [`DeskError::Store`] when a receipt cannot be kept.
    pub async fn ask_trustees(&self, intent: &Intent, parts: &RequestParts<'_>, enough: usize) -> Result<Vec<Said>> {
        let authority = self.authority(&parts.proposal.order.value().authority)?;
        let key = authority.recipient.as_ref().map(|keys| keys.xwing_key.clone()).unwrap_or_default();
        self.ask_for_reader(intent, parts, key, None, enough).await
    }

    /// As [`ask_trustees`](Self::ask_trustees), for replies encrypted to this X-Wing key (base64): with a worker's `binding`
    /// it is the one that this brought.
    pub(crate) async fn ask_for_reader(
        &self,
        intent: &Intent,
        parts: &RequestParts<'_>,
        key: String,
        binding: Option<&str>,
        enough: usize,
    ) -> Result<Vec<Said>> {
        let order = &parts.proposal.order;
        if intent.effect() != RELEASE || intent.subject() != order.digest().to_hex() {
            return Err(DeskError::internal("the public intent is for something else"));
        }
        let ring = self.custodian.ring_of(&order.value().ring)?;
        let expected = Expected {
            order: order.digest(),
            ring: ring.ring.id(),
            share_epoch: ring.shares.value().epoch,
            records: order.value().scope.records,
            recipient: key,
            first: 0,
        };
        let headers = self.headers(parts.proposal.manifest.value()).await?;
        self.gather(&expected, enough, PATIENCE, |trustee| {
            let mut request = self.request(trustee, parts, headers.clone())?;
            request.binding = binding.map(str::to_owned);
            Ok(Signed::sign(request, &self.custodian.desk_key)?.text().as_bytes().to_vec())
        })
        .await
    }

    pub(crate) async fn gather(
        &self,
        expected: &Expected,
        enough: usize,
        patience: Duration,
        request: impl Fn(u16) -> Result<Vec<u8>>,
    ) -> Result<Vec<Said>> {
        let read = |said: &Said, reply: &[u8]| self.check_reply(said, reply, expected);
        let all =
            self.gather_about(About::Order(expected.order), expected.first, enough, patience, request, read).await?;
        Ok(all.into_iter().map(|(said, _)| said).collect())
    }

    /// As many answers as are enough about one thing, beginning with the trustee at the place `first`, each as `read` understands it; a reply
    /// that it does not accept counts as none.
    pub(crate) async fn gather_about<T>(
        &self,
        about: About,
        first: usize,
        enough: usize,
        patience: Duration,
        request: impl Fn(u16) -> Result<Vec<u8>>,
        read: impl Fn(&Said, &[u8]) -> std::result::Result<T, String>,
    ) -> Result<Vec<(Said, Option<T>)>> {
        let mut running = JoinSet::new();
        let mut places = HashMap::new();
        let state = self.control().at(self.now());
        let in_force = |(_, trustee): &(usize, &Arc<dyn Trustee>)| state.trustee(trustee.index()).is_some();
        let count = self.trustees.len();
        let round = self.trustees.iter().enumerate().cycle().skip(first.checked_rem(count).unwrap_or(0));
        let mut waiting = round.take(count).filter(in_force);
        let mut said: BTreeMap<usize, (Said, Option<T>)> = BTreeMap::new();
        loop {
            let answered = said.values().filter(|(said, _)| said.reply.is_some()).count();
            while answered + running.len() < enough
                && let Some((place, trustee)) = waiting.next()
            {
                let (trustee, request) = (Arc::clone(trustee), request(trustee.index())?);
                let task = running.spawn(async move { patiently(trustee.as_ref(), about, &request, patience).await });
                places.insert(task.id(), place);
            }
            let Some(joined) = running.join_next_with_id().await else { break };
            let (task, answer) = match joined {
                Ok(answered) => answered,
                Err(died) => (died.id(), Err("what asks this trustee has died".to_owned())),
            };
            let Some((place, trustee)) = places.get(&task).and_then(|at| Some((*at, self.trustees.get(*at)?))) else {
                continue;
            };
            let mut one = self.heard(trustee.index(), about, answer).await?;
            let mut understood = None;
            if let Some(reply) = &one.reply {
                match read(&one, reply) {
                    Ok(reply) => understood = Some(reply),
                    Err(reason) => {
                        one.reply = None;
                        one.summary = reason;
                    }
                }
            }
            said.insert(place, (one, understood));
        }
        Ok(said.into_values().collect())
    }

    /// What can be said of an encrypted reply without opening it: that the trustee signed it, for this order and this reader. A reply that
    /// holds wrong partial decryptions is found by its reader, who names the trustee.
    fn check_reply(&self, said: &Said, reply: &[u8], expected: &Expected) -> std::result::Result<(), String> {
        let wrong = |what: &str| Err(format!("says that it answered, and {what}"));
        let Some(receipt) = said.receipt.as_ref().map(Exact::value) else { return wrong("gave no receipt") };
        if (receipt.share_epoch, receipt.records) != (expected.share_epoch, expected.records) {
            return wrong("its receipt is for another share epoch or number of records");
        }
        let state = self.control().at(self.now());
        let identity = state.trustee(said.trustee).and_then(|member| IdentityKey::from_digest(&member.identity));
        let recipient = Base64::decode_vec(&expected.recipient).ok().and_then(|key| TransportKey::decode(&key).ok());
        let (Some(identity), Some(recipient)) = (identity, recipient) else {
            return wrong("its reply cannot be checked: no usable key of the trustee or the recipient is known");
        };
        let context = ReplyContext {
            order: expected.order,
            ring: expected.ring,
            trustee: said.trustee,
            share_epoch: expected.share_epoch,
        };
        reply::check(reply, &context, &recipient, &identity)
            .or_else(|error| wrong(&format!("its reply is none: {error}")))
    }

    /// Sends one request and keeps the receipt. A trustee that cannot be reached, or says nothing that it signed, is reported
    /// and leaves no receipt.
    ///
    /// # Errors
    /// [`DeskError::Store`] when the receipt cannot be kept.
    pub async fn ask(&self, trustee: &dyn Trustee, order: &Digest, request: &[u8]) -> Result<Said> {
        let about = About::Order(*order);
        let answer = patiently(trustee, about, request, PATIENCE).await;
        self.heard(trustee.index(), about, answer).await
    }

    /// Reads what a trustee said and keeps its receipt. Nothing that a trustee says is an error: the others are still there.
    async fn heard(&self, index: u16, about: About, answer: std::result::Result<Vec<u8>, String>) -> Result<Said> {
        let silent =
            |summary: String| Said { trustee: index, receipt: None, receipt_text: String::new(), reply: None, summary };
        let bytes = match answer {
            Ok(bytes) => bytes,
            Err(reason) => return Ok(silent(reason)),
        };
        let state = self.control().at(self.now());
        let Some(member) = state.trustee(index) else { return Ok(silent("is not in force".into())) };
        let answer = match Signed::<Answer>::open(&bytes, &member.identity) {
            Ok(answer) => answer,
            Err(error) => return Ok(silent(error.to_string())),
        };
        let text = answer.value().receipt.clone();
        let custodian = self.custodian.genesis.value().custodian.id;
        let receipt = match Signed::<Receipt>::open(text.as_bytes(), &member.identity) {
            Ok(receipt)
                if (receipt.value().custodian, receipt.value().trustee, receipt.value().order)
                    == (custodian, index, about.digest()) =>
            {
                receipt
            }
            Ok(_) => return Ok(silent("gave a receipt for something else".into())),
            Err(error) => return Ok(silent(error.to_string())),
        };
        let digest = receipt.document().digest().to_hex();
        let disclosure = match Disclosure::parse(&answer.value().disclosure) {
            Ok(own) if own.name() == "receipt" && own.value().as_str() == Some(digest.as_str()) => own,
            Ok(_) => return Ok(silent("gave a disclosure that is not its receipt's".into())),
            Err(error) => return Ok(silent(format!("gave a disclosure that is none: {error}"))),
        };
        self.keep_receipt(about, &receipt, disclosure).await?;
        let value = receipt.value();
        let reply = answer.value().reply.as_ref().map(|reply| reply.0.clone());
        let (summary, reply) = match (&value.outcome, &value.code, reply) {
            (Outcome::Answered, _, Some(reply)) => ("answered".to_owned(), Some(reply)),
            (Outcome::Answered, _, None) => ("says that it answered, and gave nothing".to_owned(), None),
            (Outcome::Refused, code, None) => (refusal_text(code.as_deref(), &value.reasons), None),
            (Outcome::Refused, ..) => ("says that it refused, and gave something".to_owned(), None),
        };
        Ok(Said { trustee: index, receipt: Some(receipt.document().clone()), receipt_text: text, reply, summary })
    }

    async fn keep_receipt(&self, about: About, receipt: &Signed<Receipt>, disclosure: Disclosure) -> Result<()> {
        let value = receipt.value();
        let digest = receipt.document().digest();
        if let About::Lookup(lookup) = about {
            if self.store.lookup_receipts(&lookup).await?.iter().any(|kept| kept.digest == digest) {
                return Ok(());
            }
            let bytes = receipt.text().as_bytes().to_vec();
            let kept = LookupReceipt { lookup, trustee: value.trustee, digest, bytes, at: self.now() };
            return Ok(self.store.add_lookup_receipt(kept, self.receipt_leaf(about, value, disclosure)?).await?);
        }
        let known = self.store.receipts_of(&value.order).await?;
        if known.iter().any(|kept| kept.digest == digest) {
            return Ok(());
        }
        let leaf = self.receipt_leaf(about, value, disclosure)?;
        if self.store.order(&value.order).await?.is_none() {
            // A receipt for an order this desk never proposed still goes to the journal: the trustee looks for it there.
            return Ok(self.store.append_leaves(Vec::new(), vec![leaf]).await?);
        }
        let kept = StoredReceipt {
            order: value.order,
            trustee: value.trustee.to_string(),
            digest,
            bytes: receipt.text().as_bytes().to_vec(),
            at: self.now(),
        };
        Ok(self.store.add_receipt(kept, leaf).await?)
    }

    /// The receipt's leaf, with the trustee's own disclosure in it.
    fn receipt_leaf(&self, about: About, receipt: &Receipt, own: Disclosure) -> Result<NewLeaf> {
        let kind = about.receipts();
        let mut rng = self.rng();
        let mut disclosures = Vec::new();
        for name in std::iter::once(KIND_FIELD).chain(kind.fields().iter().copied()) {
            let value = match name {
                KIND_FIELD => Value::from(kind.as_str()),
                "receipt" => {
                    disclosures.push(own.clone());
                    continue;
                }
                "order" | "lookup" => Value::from(receipt.order.to_hex()),
                "trustee" => Value::from(receipt.trustee),
                "outcome" => Value::from(receipt.outcome.as_str()),
                "code" => receipt.code.clone().map_or(Value::Null, Value::from),
                _ => Value::from(receipt.at.to_string()),
            };
            disclosures.push(Disclosure::new(name, value, &mut *rng).map_err(DeskError::internal)?);
        }
        let at = self.now();
        let bytes = seal_disclosures(LeafId::random(&mut *rng), tick(at), &disclosures, &mut *rng)
            .map_err(DeskError::internal)?;
        let texts = disclosures.iter().map(|disclosure| disclosure.as_str().to_owned()).collect();
        Ok(NewLeaf { key: key(at, &mut *rng), kind: kind.as_str().into(), leaf: bytes, disclosures: texts })
    }
}

/// Asks a trustee, and gives up after a while.
async fn patiently(
    trustee: &dyn Trustee,
    about: About,
    request: &[u8],
    patience: Duration,
) -> std::result::Result<Vec<u8>, String> {
    let asking = async {
        match about {
            About::Order(_) => trustee.ask(request).await,
            About::Lookup(_) => trustee.lookup(request).await,
        }
    };
    let answer = tokio::time::timeout(patience, asking).await;
    answer.unwrap_or_else(|_| Err(format!("no answer within {patience:?}")))
}

fn refusal_text(code: Option<&str>, reasons: &[String]) -> String {
    match (code.unwrap_or("refused"), reasons) {
        (code, []) => code.to_owned(),
        (code, reasons) => format!("{code} ({})", reasons.join(", ")),
    }
}

#[cfg(test)]
mod tests;
