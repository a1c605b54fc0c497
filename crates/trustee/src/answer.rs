//! Answering one request: verify, compute, remember, and only then speak.

use crate::database::{NewReceipt, Remembered};
use crate::documents::Documents;
use crate::duress;
use crate::error::{Result, TrusteeError};
use crate::memory::{Held, Memory};
use crate::report::Incident;
use crate::trustee::{Trustee, TrusteeKeys};
use crate::vault::Vault;
use base64ct::{Base64, Encoding};
use countersign_core::id::{CustodianId, Digest};
use countersign_core::json::Document;
use countersign_core::time::Timestamp;
use countersign_seal::partial::{self, Ask, ReplyContext};
use countersign_seal::reply;
use countersign_seal::transport::TransportKey;
use countersign_tlog::leaf::Disclosure;
use countersign_verify::ledger::Ledger;
use countersign_verify::refusal::{Code, Refusal};
use countersign_verify::request::{Claimed, Plan, View, open, verify_opened};
use countersign_verify::trustee_log::Entry;
use countersign_verify::trustee_log::IncidentKind;
use countersign_verify::wire::{Answer, AnswerV1, HexBytes, Outcome, Receipt, ReceiptV1, ReleaseRequest, Signed};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::Value;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// What the caller gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// A signed answer: partial decryptions or a refusal with its code. Its receipt is durable.
    Answer(Vec<u8>),
    /// Not shown to come from the desk: the caller learns only "refused"; why is in the operations log.
    Unauthenticated,
}

impl Trustee {
    /// Answers one request. Answers are given one at a time; each is durable, with counters, replay key and receipt in one
    /// transaction, before it is returned. The same order under the same share epoch gets the same bytes again.
    ///
    /// `seed` are 32 fresh bytes. The journal is not read here: call [`tail`](Self::tail) before.
    ///
    /// # Errors
    /// [`TrusteeError`] when the trustee cannot answer; nothing was remembered that was not also kept.
    pub async fn answer(&self, request: &[u8], now: Timestamp, seed: [u8; 32]) -> Result<Answered> {
        let mut slot = Arc::clone(&self.memory).lock_owned().await;
        let mut memory = self.load(slot.take()).await?;
        let work = Work {
            keys: Arc::clone(&self.keys),
            vault: Arc::clone(&self.vault),
            documents: self.documents.clone(),
            request: request.to_vec(),
            now,
        };
        let decided = spawn_blocking(move || {
            let decided = work.decide(&mut memory, seed);
            (memory, decided)
        });
        let (mut memory, decided) = decided.await.map_err(|error| TrusteeError::storage("compute an answer", error))?;
        let result = match decided {
            Ok(decided) => self.conclude(&mut memory, decided).await,
            Err(error) => Err(error),
        };
        // After a failed write nobody knows what was kept: then the memory is read again.
        if !result.as_ref().is_err_and(TrusteeError::leaves_doubt) {
            *slot = Some(memory);
        }
        result
    }

    /// Whether a request is the desk's and for this trustee, by the genesis that is folded; `None` before it is. This is
    /// only a first look: [`answer`](Self::answer) looks again.
    ///
    /// # Errors
    /// [`TrusteeError`] when the trustee's own journal cannot be read.
    pub async fn recognises(&self, request: &[u8]) -> Result<Option<bool>> {
        self.is_from_desk::<ReleaseRequest>(request, |request| (request.custodian, request.trustee)).await
    }

    /// As [`recognises`](Self::recognises), for any message that names its addressee.
    pub(crate) async fn is_from_desk<T: Document + Send + 'static>(
        &self,
        message: &[u8],
        addressee: fn(&T) -> (CustodianId, u16),
    ) -> Result<Option<bool>> {
        let known = self.with_memory(|memory| {
            let genesis = memory.folded.as_ref()?.control.genesis().value();
            Some((genesis.desk_key, genesis.custodian.id))
        });
        let Some((desk_key, custodian)) = known.await? else { return Ok(None) };
        let (message, index) = (message.to_vec(), self.index());
        let looked = spawn_blocking(move || match Signed::<T>::open(&message, &desk_key) {
            Ok(signed) => addressee(signed.value()) == (custodian, index),
            Err(error) => {
                tracing::warn!(%error, "refused somebody who is not the desk");
                false
            }
        });
        looked.await.map(Some).map_err(|error| TrusteeError::storage("look at a request", error))
    }

    /// Keeps what was decided and returns the answer.
    pub(crate) async fn conclude(&self, memory: &mut Memory, decided: Decided) -> Result<Answered> {
        let new = match decided {
            Decided::Unauthenticated(refusal) => {
                tracing::warn!(code = %refusal.code(), detail = refusal.detail(), "refused somebody who is not the desk");
                return Ok(Answered::Unauthenticated);
            }
            Decided::Replay { order, share_epoch } => {
                let kept = memory.database.answer(&order, share_epoch).await?;
                memory.still_holds().await?;
                let kept =
                    kept.ok_or_else(|| TrusteeError::damaged("the journal", "an answer remembered is not kept"))?;
                return Ok(Answered::Answer(kept));
            }
            Decided::Refused { new, refusal } => {
                tracing::warn!(order = %new.receipt.order, code = %refusal.code(), detail = refusal.detail(), "refused");
                if refusal.code() == Code::ReceiptsMissing
                    && let Some(kept) = memory.database.unseen(&new.receipt.order).await?
                {
                    memory.still_holds().await?;
                    // The desk lost this answer, or it would be in the journal: giving it again tells nothing new and
                    // lets its receipt be logged.
                    return Ok(Answered::Answer(kept));
                }
                new
            }
            Decided::Answered(new) => {
                tracing::info!(order = %new.receipt.order, "answered");
                new
            }
        };
        memory.generation = memory.database.give(memory.generation, &new.receipt).await?;
        memory.ledger = new.ledger;
        if let Some(pending) = new.receipt.pending {
            let until = memory.pending.entry(pending.case).or_insert(pending.until);
            *until = pending.until.max(*until);
        }
        Ok(Answered::Answer(new.receipt.answer))
    }
}

/// What is to be done with a request.
pub(crate) enum Decided {
    Unauthenticated(Refusal),
    Replay { order: Digest, share_epoch: u32 },
    Refused { new: Box<New>, refusal: Refusal },
    Answered(Box<New>),
}

/// An answer that is not kept yet, and the ledger that will be the memory once it is.
pub(crate) struct New {
    pub(crate) receipt: NewReceipt,
    pub(crate) ledger: Ledger,
}

/// One request being worked on, on a thread for blocking work.
pub(crate) struct Work {
    pub(crate) keys: Arc<TrusteeKeys>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) documents: Documents,
    pub(crate) request: Vec<u8>,
    pub(crate) now: Timestamp,
}

impl Work {
    fn decide(&self, memory: &mut Memory, seed: [u8; 32]) -> Result<Decided> {
        let in_force = memory.hold(self.keys.index, &self.documents, &self.vault, self.now)?;
        let (signed, claimed) = match open(&self.view(memory, &in_force)?, &self.request) {
            Ok(opened) => opened,
            Err(refusal) => return Ok(Decided::Unauthenticated(refusal)),
        };
        let ring = &signed.value().ring;
        let former = memory.hold_former(self.keys.index, ring, &self.documents, &self.vault, self.now)?;
        let held = former.unwrap_or(in_force);
        let memory = &*memory;
        let view = self.view(memory, &held)?;
        let mut rng = ChaCha20Rng::from_seed(seed);
        let verified = verify_opened(&view, self.now, fresh(&mut rng), &signed);
        let verified = verified.and_then(|plan| recipient(&plan).map(|recipient| (plan, recipient)));
        // Last of all: nothing tells apart who calls for help and who is pending in any case.
        let pending = verified.as_ref().ok().and_then(|(plan, _)| {
            let state = view.control.at(self.now);
            duress::look(&memory.letters, &memory.pending, &state, plan, signed.value(), self.now)
        });
        match verified {
            Ok(_) if pending.is_some() => {
                let refusal = Refusal::new(Code::Pending, "not now");
                let mut new = self.refuse(&view, &claimed, &refusal, &mut rng)?;
                new.receipt.pending = pending;
                Ok(Decided::Refused { new, refusal })
            }
            Ok((plan, _)) if plan.replay => {
                Ok(Decided::Replay { order: plan.order.digest(), share_epoch: plan.share_epoch })
            }
            Ok((plan, recipient)) => self.give(&view, &held, &plan, &recipient, &mut rng).map(Decided::Answered),
            Err(refusal) => {
                let new = self.refuse(&view, &claimed, &refusal, &mut rng)?;
                Ok(Decided::Refused { new, refusal })
            }
        }
    }

    fn view<'v>(&self, memory: &'v Memory, held: &'v Held) -> Result<View<'v>> {
        let folded = memory.folded()?;
        Ok(View {
            trustee: self.keys.index,
            control: &folded.control,
            journal: &folded.journal,
            bundle: &held.bundle,
            directory: &held.directory,
            ring: &held.ring,
            shares: &held.shares,
            ledger: &memory.ledger,
        })
    }

    fn give(
        &self,
        view: &View<'_>,
        held: &Held,
        plan: &Plan,
        recipient: &TransportKey,
        rng: &mut ChaCha20Rng,
    ) -> Result<Box<New>> {
        let order = plan.order.digest();
        let asks: Vec<Ask<'_>> =
            plan.records.iter().map(|record| Ask { capsule: &record.capsule, classes: &record.classes }).collect();
        let reply = partial::answer(&held.share, &held.shares, &order, &asks, &fresh(rng))
            .map_err(|error| TrusteeError::damaged("the share in force", error))?;
        let context =
            ReplyContext { order, ring: held.ring.id(), trustee: self.keys.index, share_epoch: plan.share_epoch };
        let sealed = reply::seal(&reply, &context, recipient, &self.keys.identity, rng)
            .map_err(|error| TrusteeError::document("recipient key in force", error))?;
        let receipt = Receipt {
            outcome: Outcome::Answered,
            state: plan.state,
            share_epoch: plan.share_epoch,
            records: plan.order.value().scope.records,
            ..self.receipt(view, order, rng)
        };
        let mut ledger = view.ledger.clone();
        plan.remember(&mut ledger, self.now);
        let remembered = Remembered {
            id: plan.order.value().id,
            counters: plan.counters.clone(),
            people: plan.order.value().scope.subjects,
            bound: plan.bound,
            run: plan.run.map(|run| (run.standing, run.number)),
        };
        self.sign(receipt, Some(HexBytes(sealed)), ledger, Some(remembered), None, rng)
    }

    fn refuse(&self, view: &View<'_>, claimed: &Claimed, refusal: &Refusal, rng: &mut ChaCha20Rng) -> Result<Box<New>> {
        let receipt = Receipt {
            code: Some(refusal.code().as_str().to_owned()),
            reasons: refusal.reasons().to_vec(),
            ..self.receipt(view, claimed.order, rng)
        };
        let reused = claimed.id.filter(|_| refusal.code() == Code::OrderIdReused);
        let incident = reused.map(|id| Incident {
            kind: IncidentKind::OrderIdReused,
            subject: id.to_hex(),
            detail: refusal.detail().to_owned(),
            at: self.now,
        });
        self.sign(receipt, None, view.ledger.clone(), None, incident, rng)
    }

    /// A receipt of a refusal, without its code.
    fn receipt(&self, view: &View<'_>, order: Digest, rng: &mut ChaCha20Rng) -> Receipt {
        Receipt {
            v: ReceiptV1,
            custodian: view.control.genesis().value().custodian.id,
            trustee: self.keys.index,
            nonce: Digest(fresh(rng)),
            order,
            outcome: Outcome::Refused,
            code: None,
            reasons: Vec::new(),
            share_epoch: view.shares.epoch(),
            state: view.control.at(self.now).digest(),
            journal_size: view.journal.size(),
            journal_root: view.journal.root().map_or(Digest([0; 32]), |root| Digest(*root.as_bytes())),
            records: 0,
            at: self.now,
        }
    }

    pub(crate) fn sign(
        &self,
        receipt: Receipt,
        reply: Option<HexBytes>,
        mut ledger: Ledger,
        remembered: Option<Remembered>,
        incident: Option<Incident>,
        rng: &mut ChaCha20Rng,
    ) -> Result<Box<New>> {
        let unsigned = |error| TrusteeError::document("answer", error);
        let (order, share_epoch, journal_size) = (receipt.order, receipt.share_epoch, receipt.journal_size);
        let signed = Signed::sign(receipt, &self.keys.signing).map_err(unsigned)?;
        let digest = signed.document().digest();
        let (outcome, code) = (signed.value().outcome, signed.value().code.clone());
        let entry = Entry::Answer { receipt: digest, order, outcome, code, at: self.now };
        let disclosure = Disclosure::new("receipt", Value::from(digest.to_hex()), rng)
            .map_err(|error| TrusteeError::document("answer", error))?;
        let answer = Answer {
            v: AnswerV1,
            receipt: signed.text().to_owned(),
            disclosure: disclosure.as_str().to_owned(),
            reply,
        };
        let answer = Signed::sign(answer, &self.keys.signing).map_err(unsigned)?;
        ledger.awaited.insert(disclosure.digest(), self.now);
        let receipt = NewReceipt {
            order,
            share_epoch,
            given: self.now,
            journal_size,
            disclosure: disclosure.digest(),
            lookup: None,
            answer: answer.text().as_bytes().to_vec(),
            remembered,
            incident,
            pending: None,
            latest: ledger.latest,
            entry,
        };
        Ok(Box::new(New { receipt, ledger }))
    }
}

/// The recipient's key: the one that the order names, or the binding of the worker that it names.
fn recipient(plan: &Plan) -> std::result::Result<TransportKey, Refusal> {
    let refuse = |detail: &str| Refusal::new(Code::RecipientNotInForce, detail);
    let bytes = Base64::decode_vec(&plan.recipient_key).map_err(|_| refuse("the registered key is not base64"))?;
    let key = TransportKey::decode(&bytes).map_err(|error| refuse(&error.to_string()))?;
    if key.digest() == plan.recipient { Ok(key) } else { Err(refuse("the key is not the one that was checked")) }
}

pub(crate) fn fresh(rng: &mut ChaCha20Rng) -> [u8; 32] {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    bytes
}
