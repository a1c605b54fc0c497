//! Working for the blind index: verify, evaluate, remember, and only then speak.

use crate::answer::{Answered, Decided, New, Work, fresh};
use crate::database::{Enrolled, Remembered};
use crate::error::{Result, TrusteeError};
use crate::memory::{Held, HeldIndex, Memory};
use crate::report::Incident;
use crate::trustee::Trustee;
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use countersign_seal::kind::Slot;
use countersign_seal::oprf::evaluate;
use countersign_verify::lookup::{ClaimedLookup, LookupPlan, LookupView, open_lookup, verify_lookup};
use countersign_verify::refusal::{Code, Refusal};
use countersign_verify::trustee_log::IncidentKind;
use countersign_verify::wire::{HexBytes, LookupRequest, Outcome, Receipt, ReceiptV1};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::sync::Arc;
use tokio::task::spawn_blocking;

impl Trustee {
    /// Evaluates the blinded values of one lookup or enrolment. As for [`answer`](Self::answer): one at a time, durable with
    /// counters and receipt in one transaction before it is returned, and the same lookup under the same share epoch gets
    /// the same bytes again. A record enters the index once under each attribute.
    ///
    /// `seed` are 32 fresh bytes. The journal is not read here: call [`tail`](Self::tail) before.
    ///
    /// # Errors
    /// [`TrusteeError`] when the trustee cannot answer, above all when no index ring is in force.
    pub async fn lookup(&self, request: &[u8], now: Timestamp, seed: [u8; 32]) -> Result<Answered> {
        let mut slot = Arc::clone(&self.memory).lock_owned().await;
        let memory = self.load(slot.take()).await?;
        let (memory, result) = self.lookup_with(memory, request, now, seed).await;
        // After a failed write nobody knows what was kept: then the memory is read again.
        if !result.as_ref().is_err_and(TrusteeError::leaves_doubt) {
            *slot = memory;
        }
        result
    }

    /// As [`recognises`](Self::recognises), for lookup requests.
    pub(crate) async fn recognises_lookup(&self, request: &[u8]) -> Result<Option<bool>> {
        self.is_from_desk::<LookupRequest>(request, |request| (request.custodian, request.trustee)).await
    }

    async fn lookup_with(
        &self,
        memory: Memory,
        request: &[u8],
        now: Timestamp,
        seed: [u8; 32],
    ) -> (Option<Memory>, Result<Answered>) {
        let looking = Looking {
            work: Arc::new(Work {
                keys: Arc::clone(&self.keys),
                vault: Arc::clone(&self.vault),
                documents: self.documents.clone(),
                request: request.to_vec(),
                now,
            }),
            seed,
        };
        let (mut memory, checked) = match on_a_thread(memory, looking.clone(), Looking::check).await {
            Ok(checked) => checked,
            Err(error) => return (None, Err(error)),
        };
        let accepted = match checked {
            Ok(Checked::Accepted(accepted)) => accepted,
            Ok(Checked::Decided(decided)) => {
                let result = self.conclude(&mut memory, decided).await;
                return (Some(memory), result);
            }
            Err(error) => return (Some(memory), Err(error)),
        };
        let number = Slot::Attribute(accepted.plan.attribute).number();
        let before = match memory.database.enrolled_before(number, &accepted.plan.records).await {
            Ok(before) => before,
            Err(error) => return (Some(memory), Err(error)),
        };
        let evaluated =
            on_a_thread(memory, looking, move |looking, memory| looking.give(memory, &accepted, before)).await;
        match evaluated {
            Ok((mut memory, Ok(decided))) => {
                let result = self.conclude(&mut memory, decided).await;
                (Some(memory), result)
            }
            Ok((memory, Err(error))) => (Some(memory), Err(error)),
            Err(error) => (None, Err(error)),
        }
    }
}

async fn on_a_thread<T: Send + 'static>(
    mut memory: Memory,
    looking: Looking,
    work: impl FnOnce(&Looking, &mut Memory) -> Result<T> + Send + 'static,
) -> Result<(Memory, Result<T>)> {
    let done = spawn_blocking(move || {
        let result = work(&looking, &mut memory);
        (memory, result)
    });
    done.await.map_err(|error| TrusteeError::storage("compute an evaluation", error))
}

/// A lookup that passed every check of the pure function.
struct Accepted {
    plan: LookupPlan,
    claimed: ClaimedLookup,
    held: Arc<Held>,
    index: Arc<HeldIndex>,
}

enum Checked {
    Accepted(Box<Accepted>),
    Decided(Decided),
}

/// One lookup being worked on.
#[derive(Clone)]
struct Looking {
    work: Arc<Work>,
    seed: [u8; 32],
}

impl Looking {
    fn check(&self, memory: &mut Memory) -> Result<Checked> {
        let work = &self.work;
        let held = memory.hold(work.keys.index, &work.documents, &work.vault, work.now)?;
        let index = memory.hold_index(work.keys.index, &work.documents, &work.vault, work.now)?;
        let view = view(work.keys.index, memory, &held, &index)?;
        let claimed = match open_lookup(&view, &work.request) {
            Ok((_, claimed)) => claimed,
            Err(refusal) => return Ok(Checked::Decided(Decided::Unauthenticated(refusal))),
        };
        match verify_lookup(&view, work.now, self.fresh("headers"), &work.request) {
            Ok(plan) if plan.replay => {
                Ok(Checked::Decided(Decided::Replay { order: plan.lookup.digest(), share_epoch: plan.share_epoch }))
            }
            Ok(plan) => Ok(Checked::Accepted(Box::new(Accepted {
                plan,
                claimed,
                held: Arc::clone(&held),
                index: Arc::clone(&index),
            }))),
            Err(refusal) => self.refuse(&view, &claimed, refusal).map(Checked::Decided),
        }
    }

    fn give(&self, memory: &mut Memory, accepted: &Accepted, before: usize) -> Result<Decided> {
        let Accepted { plan, claimed, held, index } = accepted;
        let view = view(self.work.keys.index, memory, held, index)?;
        if before > 0 {
            let detail = format!("{before} of {} records entered the index under it before", plan.records.len());
            return self.refuse(&view, claimed, Refusal::new(Code::EnrolledBefore, detail));
        }
        let evaluation =
            evaluate(&index.share, &index.shares, plan.attribute, &plan.blinded, &self.fresh("evaluation"))
                .map_err(|error| TrusteeError::damaged("the share of the index ring in force", error))?;
        let mut rng = ChaCha20Rng::from_seed(self.fresh("receipt"));
        let receipt = Receipt {
            outcome: Outcome::Answered,
            state: plan.state,
            records: plan.lookup.value().count,
            ..self.receipt(&view, plan.lookup.digest(), &mut rng)
        };
        let mut ledger = view.ledger.clone();
        plan.remember(&mut ledger, self.work.now);
        let lookup = plan.lookup.value();
        let remembered =
            Remembered { id: lookup.id, counters: plan.counters.clone(), people: lookup.count, bound: None, run: None };
        let reply = Some(HexBytes(evaluation.encode()));
        let mut new = self.work.sign(receipt, reply, ledger, Some(remembered), None, &mut rng)?;
        let attribute = Slot::Attribute(plan.attribute).number();
        new.receipt.lookup = Some(Enrolled { attribute, records: plan.records.clone() });
        Ok(Decided::Answered(new))
    }

    fn refuse(&self, view: &LookupView<'_>, claimed: &ClaimedLookup, refusal: Refusal) -> Result<Decided> {
        let mut rng = ChaCha20Rng::from_seed(self.fresh("receipt"));
        let code = Some(refusal.code().as_str().to_owned());
        let receipt = Receipt { code, ..self.receipt(view, claimed.lookup, &mut rng) };
        let reused = claimed.id.filter(|_| refusal.code() == Code::OrderIdReused);
        let incident = reused.map(|id| Incident {
            kind: IncidentKind::OrderIdReused,
            subject: id.to_hex(),
            detail: refusal.detail().to_owned(),
            at: self.work.now,
        });
        let mut new: Box<New> = self.work.sign(receipt, None, view.ledger.clone(), None, incident, &mut rng)?;
        new.receipt.lookup = Some(Enrolled::default());
        Ok(Decided::Refused { new, refusal })
    }

    /// A receipt of a refusal, without its code; `order` is the lookup's digest.
    fn receipt(&self, view: &LookupView<'_>, lookup: Digest, rng: &mut ChaCha20Rng) -> Receipt {
        Receipt {
            v: ReceiptV1,
            custodian: view.control.genesis().value().custodian.id,
            trustee: self.work.keys.index,
            nonce: Digest(fresh(rng)),
            order: lookup,
            outcome: Outcome::Refused,
            code: None,
            reasons: Vec::new(),
            share_epoch: view.shares.epoch(),
            state: view.control.at(self.work.now).digest(),
            journal_size: view.journal.size(),
            journal_root: view.journal.root().map_or(Digest([0; 32]), |root| Digest(*root.as_bytes())),
            records: 0,
            at: self.work.now,
        }
    }

    /// 32 bytes of the seed's own stream for each use.
    fn fresh(&self, name: &str) -> [u8; 32] {
        countersign_core::digest::parts("countersign/trustee/lookup-seed/v1", &[&self.seed, name.as_bytes()]).0
    }
}

fn view<'v>(trustee: u16, memory: &'v Memory, held: &'v Held, index: &'v HeldIndex) -> Result<LookupView<'v>> {
    let folded = memory.folded()?;
    Ok(LookupView {
        trustee,
        control: &folded.control,
        journal: &folded.journal,
        bundle: &held.bundle,
        sealing: &held.ring,
        index: &index.ring,
        shares: &index.shares,
        ledger: &memory.ledger,
    })
}
