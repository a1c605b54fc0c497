//! Countersigning daily totals: take the disclosures, compute, remember, and only then sign.

use crate::answer::Answered;
use crate::database::{NewStretch, NewTotals};
use crate::error::{Result, TrusteeError};
use crate::memory::Memory;
use crate::report::Incident;
use crate::source::LogSource;
use crate::tiles::Tiles;
use crate::trustee::Trustee;
use base64ct::{Base64, Encoding};
use countersign_core::control::control_message;
use countersign_core::digest;
use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_core::time::Timestamp;
use countersign_core::totals::DailyTotals;
use countersign_tlog::follow::{CaughtUp, Follower};
use countersign_tlog::merkle::Frontier;
use countersign_verify::totals::{
    CountedOrder, Held, Known, TotalsCode, TotalsRefusal, check_claim, check_proposal, check_stretch,
};
use countersign_verify::trustee_log::IncidentKind;
use countersign_verify::wire::{Signed, TotalsAnswer, TotalsAnswerV1, TotalsRequest};
use ed25519_dalek::Signer as _;

/// Why totals are not signed now; with a wrong disclosure, of which leaf.
struct Unsigned {
    refusal: TotalsRefusal,
    leaf: Option<u64>,
}

impl From<TotalsRefusal> for Unsigned {
    fn from(refusal: TotalsRefusal) -> Self {
        Self { refusal, leaf: None }
    }
}

/// What this trustee knows of the orders counted, read from its database.
struct Recalled {
    held: Frontier,
    signed: Option<Exact<DailyTotals>>,
    orders: Vec<CountedOrder>,
    answered: Vec<(Digest, u64)>,
}

impl Trustee {
    /// Takes the disclosures of one stretch of the journal and signs totals once it holds everything that they count and
    /// computes exactly the same. A signature is durable before it is returned, and the same totals get the same bytes again;
    /// other totals under a number that was signed are refused.
    ///
    /// The journal is not followed here: call [`tail`](Self::tail) before. `source` gives the entries of the stretch again,
    /// which are proved to be those that were folded.
    ///
    /// # Errors
    /// [`TrusteeError`] when the trustee cannot answer; nothing was remembered that was not also kept.
    pub async fn countersign_totals(&self, source: &dyn LogSource, request: &[u8], now: Timestamp) -> Result<Answered> {
        let mut slot = self.memory.lock().await;
        let mut memory = self.load(slot.take()).await?;
        let result = self.countersign_with(&mut memory, source, request, now).await;
        // After a failed write nobody knows what was kept: then the memory is read again.
        if !result.as_ref().is_err_and(TrusteeError::leaves_doubt) {
            *slot = Some(memory);
        }
        result
    }

    /// As [`recognises`](Self::recognises), for totals requests.
    pub(crate) async fn recognises_totals(&self, request: &[u8]) -> Result<Option<bool>> {
        self.is_from_desk::<TotalsRequest>(request, |request| (request.custodian, request.trustee)).await
    }

    async fn countersign_with(
        &self,
        memory: &mut Memory,
        source: &dyn LogSource,
        request: &[u8],
        now: Timestamp,
    ) -> Result<Answered> {
        let genesis = memory.folded()?.control.genesis().value();
        let custodian = genesis.custodian.id;
        let signed = match Signed::<TotalsRequest>::open(request, &genesis.desk_key) {
            Ok(signed) if (signed.value().custodian, signed.value().trustee) == (custodian, self.index()) => signed,
            Ok(_) => {
                tracing::warn!("refused totals for another trustee or custodian");
                return Ok(Answered::Unauthenticated);
            }
            Err(error) => {
                tracing::warn!(%error, "refused somebody who is not the desk");
                return Ok(Answered::Unauthenticated);
            }
        };
        let text = &signed.value().totals;
        let answer = |held: u64| TotalsAnswer {
            v: TotalsAnswerV1,
            custodian,
            trustee: self.index(),
            totals: digest::document(DailyTotals::DOMAIN, text.as_bytes()),
            held,
            signature: None,
            code: None,
            leaf: None,
            at: now,
        };
        if let Some(since) = memory.ledger.paused {
            let held = memory.database.held().await?.size();
            let detail = format!("paused since {since} by a person at the trustee");
            return self.refuse_totals(answer(held), TotalsRefusal::new(TotalsCode::Paused, detail).into());
        }
        let totals = match Exact::<DailyTotals>::parse(text.as_bytes()) {
            Ok(totals) => totals,
            Err(error) => {
                let held = memory.database.held().await?.size();
                let refusal = TotalsRefusal::new(TotalsCode::Malformed, error);
                return self.refuse_totals(answer(held), refusal.into());
            }
        };
        if let Some((kept, given)) = memory.database.totals(totals.value().number).await? {
            if kept == *text {
                return Ok(Answered::Answer(given));
            }
            let held = memory.database.held().await?.size();
            let refusal = TotalsRefusal::new(TotalsCode::NumberTaken, format!("signed before: {kept}"));
            return self.refuse_totals(answer(held), refusal.into());
        }
        let checked = self.take_and_check(memory, source, signed.value(), totals.value(), now).await?;
        let held = memory.database.held().await?.size();
        if let Err(unsigned) = checked {
            return self.refuse_totals(answer(held), unsigned);
        }
        let signature = Base64::encode_string(&self.keys.signing.sign(&control_message(text)).to_bytes());
        let given = self.sign_answer(TotalsAnswer { signature: Some(signature), ..answer(held) })?;
        let latest = memory.ledger.latest.map_or(now, |latest| latest.max(now));
        let new = NewTotals { totals: &totals, answer: &given, given: now, latest };
        memory.generation = memory.database.sign_totals(memory.generation, &new).await?;
        memory.ledger.latest = Some(latest);
        tracing::info!(number = totals.value().number, "signed totals");
        Ok(Answered::Answer(given))
    }

    /// Checks what can be checked without disclosures, takes the stretch, and checks the rest.
    async fn take_and_check(
        &self,
        memory: &mut Memory,
        source: &dyn LogSource,
        request: &TotalsRequest,
        totals: &DailyTotals,
        now: Timestamp,
    ) -> Result<std::result::Result<(), Unsigned>> {
        let mut recalled = Recalled {
            held: memory.database.held().await?,
            signed: memory.database.last_totals().await?,
            orders: Vec::new(),
            answered: Vec::new(),
        };
        if let Err(refusal) = check_claim(&recalled.known(memory, now)?, totals) {
            return Ok(Err(refusal.into()));
        }
        match self.take(memory, source, request, totals.size, &recalled.held).await? {
            Ok(Some(held)) => recalled.held = held,
            Ok(None) => {}
            Err(unsigned) => return Ok(Err(unsigned)),
        }
        if recalled.held.size() >= totals.size {
            recalled.orders = memory.database.orders().await?;
            recalled.answered = memory.database.answered().await?;
        }
        let checked = check_proposal(&recalled.known(memory, now)?, totals);
        if let Err(refusal) = &checked
            && refusal.code() == TotalsCode::OrderNotCounted
        {
            let detail = format!("totals number {} up to size {} do not count it", totals.number, totals.size);
            let (kind, subject) = (IncidentKind::OrderNotCounted, refusal.detail().to_owned());
            memory.database.report(&Incident { kind, subject, detail, at: now }).await?;
        }
        Ok(checked.map_err(Unsigned::from))
    }

    /// Takes what is new of the stretch: the entries come from the log and are proved to be those of the journal folded here.
    async fn take(
        &self,
        memory: &mut Memory,
        source: &dyn LogSource,
        request: &TotalsRequest,
        size: u64,
        held: &Frontier,
    ) -> Result<std::result::Result<Option<Frontier>, Unsigned>> {
        let (first, end) = (held.size(), request.to.min(size));
        if request.from > first || end <= first {
            return Ok(Ok(None));
        }
        let journal = &memory.folded()?.journal;
        let Some(root) = journal.root() else { return Ok(Ok(None)) };
        let mut tiles = Tiles::new(source);
        let follower = Follower::at(held.clone());
        let CaughtUp { next, leaves } = tiles.catch_up(&follower, journal.size(), root, end - first).await?;
        let disclosed: Held =
            request.disclosed().into_iter().filter(|(index, _)| (first..end).contains(index)).collect();
        let stretch = match check_stretch(first, &leaves, &disclosed) {
            Ok(stretch) => stretch,
            Err(wrong) => return Ok(Err(wrong.into())),
        };
        let new = NewStretch { held: next.frontier(), disclosed: &disclosed, stretch: &stretch };
        match memory.database.hold(memory.generation, &new).await? {
            Ok(generation) => memory.generation = generation,
            Err(wrong) => return Ok(Err(wrong.into())),
        }
        Ok(Ok(Some(next.frontier().clone())))
    }

    fn refuse_totals(&self, answer: TotalsAnswer, unsigned: Unsigned) -> Result<Answered> {
        let Unsigned { refusal, leaf } = unsigned;
        tracing::warn!(code = %refusal.code(), detail = refusal.detail(), "totals not signed");
        self.sign_answer(TotalsAnswer { code: Some(refusal.code()), leaf, ..answer }).map(Answered::Answer)
    }

    fn sign_answer(&self, answer: TotalsAnswer) -> Result<Vec<u8>> {
        let signed = Signed::sign(answer, &self.keys.signing);
        let signed = signed.map_err(|error| TrusteeError::document("answer about totals", error))?;
        Ok(signed.text().as_bytes().to_vec())
    }
}

impl Recalled {
    fn known<'k>(&'k self, memory: &'k Memory, now: Timestamp) -> Result<Known<'k>> {
        let folded = memory.folded()?;
        Ok(Known {
            control: &folded.control,
            journal: &folded.journal,
            signed: self.signed.as_ref().map(Exact::value),
            held: &self.held,
            orders: &self.orders,
            answered: &self.answered,
            latest: memory.ledger.latest,
            now,
        })
    }
}

impl From<countersign_verify::totals::WrongLeaf> for Unsigned {
    fn from(wrong: countersign_verify::totals::WrongLeaf) -> Self {
        Self { leaf: Some(wrong.index), refusal: TotalsRefusal::new(TotalsCode::DisclosureWrong, wrong) }
    }
}
