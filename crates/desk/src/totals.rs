//! Daily totals: computed here, computed again and signed by t trustees, published once.
//!
//! A proposal is kept before anybody is asked, and its leaf before it goes to the journal: killed at any point, the next call
//! goes on with the same bytes, so no trustee is ever asked to sign two documents under one number.

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::leaves::{key, tick};
use crate::ports::Trustee;
use countersign_approve::{PublicKey, verify_control_signature};
use countersign_core::encoding::hex;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::{Date, Timestamp};
use countersign_core::totals::{DailyTotals, TotalsV1};
use countersign_store::journal::Entry;
use countersign_store::{LeafKey, NewLeaf};
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, Leaf, LeafId};
use countersign_verify::state::PublishedTotals;
use countersign_verify::totals::{CountedOrder, Held, Stretch, TotalsCode, check_stretch, figures};
use countersign_verify::wire::{DisclosedLeaf, MAX_STRETCH, Signed, TotalsAnswer, TotalsRequest, TotalsRequestV1};
use std::collections::{BTreeMap, BTreeSet};

/// What a trustee said about totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TotalsSaid {
    /// Its signature, checked.
    Signed(String),
    /// Why it does not sign; with `DISCLOSURE_WRONG` the leaf concerned.
    Refused(TotalsCode, Option<u64>),
    /// It cannot be reached, or says nothing that it signed.
    Silent(String),
}

/// Disclosures in one request, in bytes, unless a single leaf has more.
const STRETCH_BYTES: usize = 2 * 1024 * 1024;

impl Desk {
    /// Publishes the totals of `day`, unless they are published already, and returns those that stand in the journal. Totals
    /// of an earlier day that were interrupted are finished first.
    ///
    /// # Errors
    /// [`DeskError::Trustees`] when fewer than t trustees sign; [`DeskError::Journal`] when the leaf does not become public;
    /// [`DeskError::Input`] when later totals are published, or the custodian has no trustees.
    pub async fn publish_totals(&self, day: Date) -> Result<PublishedTotals> {
        self.threshold()?;
        loop {
            if let Some(last) = self.totals() {
                let of = last.totals.value().day;
                if of == day {
                    return Ok(last);
                }
                if of > day {
                    return Err(DeskError::Input(format!("totals of {of} are published: none of {day} can follow")));
                }
            }
            let number = self.control().next_totals_number();
            let proposal = match self.proposal_kept(number).await? {
                Some(proposal) => proposal,
                None => self.propose_totals(day).await?,
            };
            self.finish_totals(&proposal).await?;
        }
    }

    /// The totals that come next, computed over the published journal; nothing is kept.
    ///
    /// # Errors
    /// [`DeskError::Internal`] when disclosures of a leaf are missing here; [`DeskError::Journal`].
    pub async fn next_totals(&self, day: Date) -> Result<Exact<DailyTotals>> {
        let (size, root) = self.journal.head().await.map_err(DeskError::Journal)?;
        let genesis = &self.custodian.genesis;
        let mut tally = Tally::default();
        let mut first = 0;
        while first < size {
            let (leaves, held) = self.disclosed(first, size, usize::MAX).await?;
            let entries: Vec<Vec<u8>> = leaves.into_iter().map(|entry| entry.leaf).collect();
            let stretch = check_stretch(first, &entries, &held)
                .map_err(|wrong| DeskError::Internal(format!("totals cannot be computed: {wrong}")))?;
            tally.add(stretch);
            first += entries.len() as u64;
        }
        Ok(Exact::write(DailyTotals {
            v: TotalsV1,
            custodian: genesis.value().custodian.id,
            genesis: genesis.digest(),
            number: self.control().next_totals_number(),
            day,
            size,
            root,
            figures: figures(tally.orders.values(), size),
        })?)
    }

    /// Asks one trustee to sign totals, and hands it the disclosures that it does not hold yet.
    ///
    /// # Errors
    /// [`DeskError::Internal`] when disclosures of a leaf are missing here; [`DeskError::Journal`].
    pub async fn ask_totals(&self, trustee: &dyn Trustee, totals: &Exact<DailyTotals>) -> Result<TotalsSaid> {
        let mut held = None;
        loop {
            let request = self.totals_request(trustee.index(), totals, held).await?;
            let bytes = match trustee.totals(request.text().as_bytes()).await {
                Ok(bytes) => bytes,
                Err(reason) => return Ok(TotalsSaid::Silent(reason)),
            };
            let answer = match self.totals_answer(trustee.index(), totals, &bytes) {
                Ok(answer) => answer,
                Err(reason) => return Ok(TotalsSaid::Silent(reason)),
            };
            match (answer.signature, answer.code) {
                (Some(signature), _) => return Ok(TotalsSaid::Signed(signature)),
                // Every stretch must bring it further, or two faulty parties would talk for ever.
                (None, Some(TotalsCode::DisclosuresMissing)) if held.is_none_or(|before| answer.held > before) => {
                    held = Some(answer.held);
                }
                (None, Some(code)) => return Ok(TotalsSaid::Refused(code, answer.leaf)),
                (None, None) => return Ok(TotalsSaid::Silent("an answer without signature and code".into())),
            }
        }
    }

    async fn propose_totals(&self, day: Date) -> Result<Exact<DailyTotals>> {
        let proposal = self.next_totals(day).await?;
        self.store.set_setting(&name(proposal.value().number), proposal.bytes()).await?;
        Ok(proposal)
    }

    /// The proposal that was kept under a number and not given up.
    async fn proposal_kept(&self, number: u32) -> Result<Option<Exact<DailyTotals>>> {
        let kept = self.store.setting(&name(number)).await?.filter(|kept| !kept.is_empty());
        Ok(kept.map(|kept| Exact::parse(&kept)).transpose()?)
    }

    /// From a proposal that is kept to totals that stand in the journal.
    async fn finish_totals(&self, proposal: &Exact<DailyTotals>) -> Result<()> {
        let leaf_name = format!("{}/leaf", name(proposal.value().number));
        let kept = match self.store.setting(&leaf_name).await? {
            Some(kept) => kept,
            None => {
                let signatures = self.collect(proposal).await?;
                let at = self.now();
                let mut rng = self.rng();
                let body = proposal.text().to_owned();
                let leaf = ControlLeaf::new(LeafId::random(&mut *rng), tick(at), body, signatures);
                let leaf = leaf.and_then(|leaf| leaf.to_bytes()).map_err(DeskError::internal)?;
                [key(at, &mut *rng).as_slice(), &leaf].concat()
            }
        };
        self.store.set_setting_once(&leaf_name, &kept).await?;
        let (key, leaf) =
            kept.split_first_chunk::<32>().ok_or_else(|| DeskError::internal("a kept leaf is cut off"))?;
        let (key, leaf): (LeafKey, Vec<u8>) = (*key, leaf.to_vec());
        let new = NewLeaf { key, kind: "control".into(), leaf: leaf.clone(), disclosures: Vec::new() };
        self.store.append_leaves(Vec::new(), vec![new]).await?;
        let public = self.journal.public(&key).await.map_err(DeskError::Journal)?;
        self.fold_totals(public.included().index, &leaf)
    }

    /// Folds the leaf of totals into the state that this desk works by.
    fn fold_totals(&self, index: u64, leaf: &[u8]) -> Result<()> {
        let leaf = ControlLeaf::parse(leaf).map_err(DeskError::internal)?;
        let seconds = i64::try_from(leaf.tick().saturating_mul(countersign_tlog::leaf::TICK_SECONDS));
        let mut control = self.control();
        control.fold(index, &leaf, seconds.ok().and_then(Timestamp::from_unix).unwrap_or(Timestamp::MAX));
        if control.totals().is_none_or(|totals| totals.index != index) {
            let reason = control.rejected().last().map(|rejected| rejected.reason.clone()).unwrap_or_default();
            return Err(DeskError::Internal(format!("the totals in leaf {index} do not stand: {reason}")));
        }
        self.set_control(control);
        Ok(())
    }

    /// Asks the trustees one after the other until t have signed.
    async fn collect(&self, proposal: &Exact<DailyTotals>) -> Result<Vec<ControlSignature>> {
        let needed = self.threshold()?;
        let mut signatures = Vec::new();
        let mut refusals = Vec::new();
        let mut all_refused = true;
        let state = self.control().at(self.now());
        for trustee in self.trustees.iter().filter(|trustee| state.trustee(trustee.index()).is_some()) {
            if signatures.len() == needed {
                break;
            }
            let index = trustee.index();
            match self.ask_totals(trustee.as_ref(), proposal).await? {
                TotalsSaid::Signed(sig) => signatures.push(ControlSignature { by: format!("trustee:{index}"), sig }),
                TotalsSaid::Refused(code, None) => refusals.push(format!("trustee {index}: {code}")),
                TotalsSaid::Refused(code, Some(leaf)) => {
                    refusals.push(format!("trustee {index}: {code} of leaf {leaf}"))
                }
                TotalsSaid::Silent(reason) => {
                    all_refused = false;
                    refusals.push(format!("trustee {index}: {reason}"));
                }
            }
        }
        if signatures.len() == needed {
            return Ok(signatures);
        }
        if signatures.is_empty() && all_refused {
            // Nobody has signed it or will: another one may take its number. Were one signature out there, it could not.
            self.store.set_setting(&name(proposal.value().number), &[]).await?;
        }
        Err(DeskError::Trustees { answered: signatures.len(), needed, refusals })
    }

    /// The signed request to one trustee, with the stretch that begins at `held`.
    async fn totals_request(
        &self,
        trustee: u16,
        totals: &Exact<DailyTotals>,
        held: Option<u64>,
    ) -> Result<Signed<TotalsRequest>> {
        let size = totals.value().size;
        let (from, to, leaves) = match held.filter(|held| *held < size) {
            None => (0, 0, Vec::new()),
            Some(held) => {
                let (entries, disclosed) = self.disclosed(held, size, STRETCH_BYTES).await?;
                let leaves = disclosed.into_iter().map(|(index, disclosures)| DisclosedLeaf { index, disclosures });
                (held, held + entries.len() as u64, leaves.collect())
            }
        };
        let request = TotalsRequest {
            v: TotalsRequestV1,
            custodian: self.custodian.genesis.value().custodian.id,
            trustee,
            at: self.now(),
            totals: totals.text().to_owned(),
            from,
            to,
            leaves,
        };
        Ok(Signed::sign(request, &self.custodian.desk_key)?)
    }

    /// The leaves from `first` on, before `size`, as many as one request takes, and every disclosure of the sealed ones.
    async fn disclosed(&self, first: u64, size: u64, most_bytes: usize) -> Result<(Vec<Entry>, Held)> {
        let limit = u32::try_from((size - first).min(MAX_STRETCH)).unwrap_or(u32::MAX);
        let mut entries = self.journal.entries(first, limit).await.map_err(DeskError::Journal)?;
        let mut held = Held::new();
        let mut bytes = 0;
        for (place, entry) in entries.iter().enumerate() {
            if !matches!(Leaf::parse(&entry.leaf), Ok(Leaf::Sealed(_))) {
                continue;
            }
            let found = self.store.disclosures_of(&entry.key).await?;
            let list = found.map(|found| found.list).ok_or_else(|| {
                DeskError::Internal(format!(
                    "totals cannot be computed: no disclosures are kept of leaf {}",
                    entry.index
                ))
            })?;
            bytes += list.iter().map(String::len).sum::<usize>();
            if bytes > most_bytes && !held.is_empty() {
                entries.truncate(place);
                break;
            }
            held.insert(entry.index, list);
        }
        if entries.is_empty() {
            return Err(DeskError::Journal(format!("the journal has no leaf {first}")));
        }
        Ok((entries, held))
    }

    /// Checks an answer: the trustee's, about these totals, and a signature that will count.
    fn totals_answer(
        &self,
        trustee: u16,
        totals: &Exact<DailyTotals>,
        bytes: &[u8],
    ) -> std::result::Result<TotalsAnswer, String> {
        let state = self.control().at(self.now());
        let member = state.trustee(trustee).ok_or("is not in force")?;
        let answer = Signed::<TotalsAnswer>::open(bytes, &member.identity).map_err(|error| error.to_string())?;
        let answer = answer.value();
        let (custodian, digest): (_, Digest) = (self.custodian.genesis.value().custodian.id, totals.digest());
        if (answer.custodian, answer.trustee, answer.totals) != (custodian, trustee, digest) {
            return Err("answered about something else".into());
        }
        if let Some(signature) = &answer.signature {
            let key = PublicKey::parse(&format!("ed25519 {}", hex(member.identity.as_bytes())));
            let key = key.map_err(|error| error.to_string())?;
            verify_control_signature(totals.text(), &key, signature).map_err(|_| "gave a wrong signature")?;
        }
        Ok(answer.clone())
    }
}

/// Setting of the proposal under a number; empty when it was given up.
fn name(number: u32) -> String {
    format!("totals/{number}")
}

/// The orders of the journal, stretch by stretch, joined with what openings publish of them.
#[derive(Default)]
struct Tally {
    orders: BTreeMap<u64, CountedOrder>,
    published: BTreeMap<u64, BTreeSet<String>>,
}

impl Tally {
    fn add(&mut self, stretch: Stretch) {
        self.orders.extend(stretch.orders.into_iter().map(|order| (order.index, order)));
        for opened in stretch.opened {
            let Some(order) = self.orders.get_mut(&opened.leaf) else { continue };
            let published = self.published.entry(opened.leaf).or_default();
            published.extend(opened.disclosures);
            if published.len() >= order_fields() && order.opened.is_none() {
                order.opened = Some(opened.opening);
            }
        }
    }
}

/// Fields of an order's leaf, its kind included.
fn order_fields() -> usize {
    countersign_core::leaf::LeafKind::Order.fields().len() + 1
}

#[cfg(test)]
pub(crate) mod tests;
