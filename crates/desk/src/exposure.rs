//! Own deposits for the duty to honour sanctions: a standing order that several people sign once, and runs under it.
//!
//! The order pins its lists and the custodian's own addresses by digest, how far is asked back, from which share on a deposit is named, and
//! how many deposits a run, a day and all runs may have. A run says of each deposit the share in bands and a verdict, and nothing of anybody
//! else. A deposit has one answer under an order, for good; every run is a leaf, kept with its answers in one transaction before anybody sees
//! them. What the graph may be asked at all, the gate of the crate `trace` says. Bytes: `docs/formats/exposure.md`.

use crate::case_file::kind;
use crate::desk::{Desk, stored};
use crate::error::{DeskError, Result};
use crate::leaves::of_fields;
use crate::ports::NoExposure;
use countersign_core::approval::Approval;
use countersign_core::digest;
use countersign_core::exposure::{
    DepositAnswer, ExposureOrder, ExposureOrderV1, ExposureRun, ExposureRunV1, MAX_PER_DEPOSIT, ShareBand,
};
use countersign_core::id::{AuthorityId, Digest, OrderId, PersonId, Salt};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::time::{DAY, Seconds, Timestamp};
use countersign_store::NewExposures;
use countersign_trace::gate::DutyRefusal;
use countersign_trace::wire::Outpoint;
use countersign_verify::exposure::{ExposureOpening, ExposureOpeningV1, exposure_leaf_fields};
use std::collections::BTreeSet;

/// What a standing order is proposed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExposureEntry {
    /// Who supervises the duty.
    pub authority: AuthorityId,
    /// The law or decision that asks for it.
    pub basis: String,
    /// Names of the lists.
    pub lists: Vec<String>,
    /// Payments asked back at most.
    pub payments: u8,
    /// The first band that is above.
    pub threshold: ShareBand,
    /// Deposits of one run at most.
    pub run: u32,
    /// Deposits of any 24 hours at most.
    pub day: u32,
    /// Deposits of all runs together.
    pub total: u32,
    /// Hours that the last block of the graph may be old.
    pub graph_hours: u16,
    /// For how many days, at most 90.
    pub days: u16,
}

/// A standing order as the desk has it.
pub struct ExposureFile {
    /// The standing order.
    pub order: Exact<ExposureOrder>,
    /// Approvals, in the order in which they came.
    pub approvals: Vec<Exact<Approval>>,
    /// Number of the last run; 0 before the first.
    pub runs: u32,
    /// Deposits of all runs.
    pub answered: u64,
    /// Deposits of the last 24 hours.
    pub today: u64,
    /// What is missing before runs are possible; none when nothing is.
    pub missing: Option<String>,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// For every deposit asked about, sorted, with the number of the run in which it was answered.
    pub answers: Vec<(u32, DepositAnswer)>,
    /// The run of those that had no answer before; none when all had one.
    pub run: Option<Exact<ExposureRun>>,
}

const LIST: &str = "exposures";

impl Desk {
    /// Proposes a standing order over the lists and own addresses as they are now. Nothing can be run before enough people have signed it.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for an authority that is not in the directory; [`DeskError::Input`] when the lists cannot be read or the order
    /// breaks a rule.
    pub async fn propose_exposure(&self, entry: ExposureEntry, author: &PersonId) -> Result<ExposureFile> {
        self.authority(&entry.authority)?;
        let names: BTreeSet<String> = entry.lists.into_iter().collect();
        let names: Vec<String> = names.into_iter().collect();
        let pins = self.blast.pins(&names).await.map_err(DeskError::Input)?;
        let not_before = self.now();
        let order = Exact::write(ExposureOrder {
            v: ExposureOrderV1,
            id: OrderId(self.fresh::<16>()),
            custodian: self.custodian.genesis.value().custodian.id,
            authority: entry.authority,
            basis: entry.basis,
            author: author.clone(),
            lists: pins.lists,
            own: pins.own,
            payments: entry.payments,
            threshold: entry.threshold,
            run: entry.run,
            day: entry.day,
            total: entry.total,
            graph_hours: entry.graph_hours,
            not_before,
            expires: not_before.plus(Seconds::from(entry.days) * DAY),
        });
        let order = order.map_err(|error| DeskError::Input(error.to_string()))?;
        let id = order.value().id;
        self.store.append_leaves(vec![stored(kind::EXPOSURE_ORDER, &order)], Vec::new()).await?;
        self.store.set_setting_once(&name(&id, "order"), order.digest().to_hex().as_bytes()).await?;
        let mut list = self.exposure_orders().await?;
        list.push(id);
        self.store.set_setting(LIST, &serde_json::to_vec(&list).map_err(DeskError::internal)?).await?;
        self.exposure_order(&id).await
    }

    /// The standing orders for own deposits, oldest first.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn exposure_orders(&self) -> Result<Vec<OrderId>> {
        Ok(self.kept(LIST).await?.unwrap_or_default())
    }

    /// A standing order by its id.
    ///
    /// # Errors
    /// [`DeskError::NotFound`].
    pub async fn exposure_order(&self, id: &OrderId) -> Result<ExposureFile> {
        let digest = self.store.setting(&name(id, "order")).await?;
        let digest = digest.and_then(|bytes| Digest::parse(std::str::from_utf8(&bytes).ok()?).ok());
        let digest = digest.ok_or_else(|| DeskError::not_found("standing order for own deposits", id))?;
        let order = self.read::<ExposureOrder>(&digest).await?;
        let mut approvals = Vec::new();
        for digest in self.kept::<Vec<Digest>>(&name(id, "approvals")).await?.unwrap_or_default() {
            approvals.push(self.read::<Approval>(&digest).await?);
        }
        let runs = self.store.last_exposures(&digest).await?.map_or(0, |last| last.number);
        let answered = self.store.deposits_answered(&digest, Timestamp::MIN).await?;
        let today = self.store.deposits_answered(&digest, self.now().plus(1 - DAY)).await?;
        let value = order.value();
        let missing = self.standing_signed(&digest, &value.author, &value.authority, &approvals).err();
        Ok(ExposureFile { order, approvals, runs, answered, today, missing })
    }

    /// Whether this is the id of a standing order for own deposits.
    pub(crate) async fn is_exposure_order(&self, id: &OrderId) -> Result<bool> {
        Ok(self.store.setting(&name(id, "order")).await?.is_some())
    }

    /// Takes in one approval of a standing order, or a refusal to approve. Says what is missing; nothing when runs are possible.
    ///
    /// # Errors
    /// [`DeskError::Input`] when it is not a valid signature of somebody in force over this order.
    pub async fn approve_exposure(&self, id: &OrderId, bytes: &[u8]) -> Result<Option<String>> {
        let file = self.exposure_order(id).await?;
        let approval = self.keep_standing_approval(&file.order.digest(), &file.approvals, bytes).await?;
        let mut digests: Vec<Digest> = file.approvals.iter().map(Exact::digest).collect();
        digests.push(approval.digest());
        let text = serde_json::to_vec(&digests).map_err(DeskError::internal)?;
        self.store.set_setting(&name(id, "approvals"), &text).await?;
        Ok(self.exposure_order(id).await?.missing)
    }

    /// Says what own deposits are exposed to. All of them are answered or none; what was answered before under the order stays as it was and
    /// counts once.
    ///
    /// # Errors
    /// [`DeskError::Refused`] when the order is not in force, held, or not signed by enough people in force; when a run, a day, the order or a
    /// deposit is used up; and when the gate refuses. [`DeskError::Input`] when the chain cannot be asked.
    pub async fn expose(&self, id: &OrderId, deposits: &BTreeSet<Outpoint>) -> Result<Exposed> {
        let _turn = self.tracing.lock().await;
        let file = self.exposure_order(id).await?;
        self.may_run(&file, deposits.len())?;
        let order = file.order.digest();
        let (mut answers, mut fresh) = (Vec::new(), BTreeSet::new());
        for deposit in deposits {
            match self.answered_deposit(&order, deposit).await? {
                Some(answer) => answers.push(answer),
                None => {
                    fresh.insert(*deposit);
                }
            }
        }
        let run = match fresh.is_empty() {
            true => None,
            false => Some(self.run_over(&file, &fresh).await?),
        };
        if let Some(run) = &run {
            let number = run.value().number;
            answers.extend(run.value().deposits.iter().map(|answer| (number, answer.clone())));
        }
        answers.sort_by(|(_, left), (_, right)| left.deposit.cmp(&right.deposit));
        Ok(Exposed { answers, run })
    }

    /// What opens the leaf of a run to somebody.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] when there is no such run; [`DeskError::Store`].
    pub async fn exposure_opening(&self, run: &Exact<ExposureRun>) -> Result<Exact<ExposureOpening>> {
        let missing = || DeskError::not_found("run over own deposits", run.digest());
        let deposit = run.value().deposits.first().ok_or_else(missing)?;
        let kept = self.store.exposure_of(&run.value().order, &deposit_name(&deposit.deposit)).await?;
        let kept = kept.filter(|kept| kept.document == run.digest()).ok_or_else(missing)?;
        let sealed = self.store.sealed_leaf(&kept.leaf).await?.ok_or_else(missing)?;
        Ok(Exact::write(ExposureOpening {
            v: ExposureOpeningV1,
            leaf: String::from_utf8(sealed.leaf).map_err(DeskError::internal)?,
            disclosures: sealed.disclosures.list,
            order: self.read::<ExposureOrder>(&run.value().order).await?.text().to_owned(),
            run: run.text().to_owned(),
        })?)
    }

    /// Whether anything may be asked under the order now, and so much at once.
    fn may_run(&self, file: &ExposureFile, deposits: usize) -> Result<()> {
        let (order, now) = (file.order.value(), self.now());
        if !(order.not_before..order.expires).contains(&now) {
            let detail = format!(
                "the standing order is in force from {} to {}: propose and sign another one",
                order.not_before, order.expires
            );
            return refuse("NOT_IN_FORCE", detail);
        }
        if self.control().counting_at(now).is_held(&order.id) {
            return refuse("ORDER_HELD", format!("standing order {} is held by a control leaf", order.id));
        }
        if let Some(missing) = &file.missing {
            return refuse(
                "NOT_APPROVED",
                format!("the standing order is not signed by enough people in force: {missing}"),
            );
        }
        if deposits == 0 {
            return Err(DeskError::Input("no deposit was named".into()));
        }
        if deposits > order.run as usize {
            return refuse("RUN_TOO_LARGE", format!("{deposits} deposits, a run may have {}", order.run));
        }
        Ok(())
    }

    async fn answered_deposit(&self, order: &Digest, deposit: &Outpoint) -> Result<Option<(u32, DepositAnswer)>> {
        let text = deposit.to_string();
        let Some(kept) = self.store.exposure_of(order, &deposit_name(&text)).await? else { return Ok(None) };
        let run = self.read::<ExposureRun>(&kept.document).await?;
        let answer = run.value().deposits.iter().find(|answer| answer.deposit == text);
        let answer = answer.ok_or_else(|| DeskError::internal("a run without the deposit that it answered"))?;
        Ok(Some((kept.number, answer.clone())))
    }

    /// Asks the chain about deposits that have no answer yet, and keeps what it says with its leaf before it is told.
    async fn run_over(&self, file: &ExposureFile, fresh: &BTreeSet<Outpoint>) -> Result<Exact<ExposureRun>> {
        let (order, order_digest) = (file.order.value(), file.order.digest());
        self.has_budget(file, fresh).await?;
        let now = self.now();
        let answer = self.blast.exposures(order, now, fresh).await.map_err(|error| match error {
            NoExposure::Unknown(reason) => DeskError::Input(reason),
            NoExposure::Refused(refusal) => DeskError::Refused { code: code(&refusal), detail: refusal.to_string() },
        })?;
        let same = answer.deposits.iter().map(|answer| &answer.deposit).eq(&names(fresh));
        if !same {
            return Err(DeskError::internal("the chain answered about other deposits than it was asked about"));
        }
        let last = self.store.last_exposures(&order_digest).await?;
        let run = Exact::write(ExposureRun {
            v: ExposureRunV1,
            salt: Salt(self.fresh::<16>()),
            order: order_digest,
            number: last.map_or(1, |last| last.number.saturating_add(1)),
            previous: last.map(|last| last.document),
            height: answer.height,
            deposits: answer.deposits,
            at: now,
        })?;
        run.value().check_order(&order_digest, order).map_err(DeskError::internal)?;
        let leaf = of_fields(LeafKind::Query, now, &exposure_leaf_fields(order, &run), &mut *self.rng())?;
        let kept = NewExposures {
            document: run.digest(),
            order: order_digest,
            number: run.value().number,
            deposits: run.value().deposits.iter().map(|answer| deposit_name(&answer.deposit)).collect(),
            at: now,
            documents: vec![stored(kind::EXPOSURE, &run)],
            leaf,
        };
        self.store.keep_exposures(kept).await?;
        Ok(run)
    }

    async fn has_budget(&self, file: &ExposureFile, fresh: &BTreeSet<Outpoint>) -> Result<()> {
        let (order, more) = (file.order.value(), fresh.len() as u64);
        if file.today + more > u64::from(order.day) {
            let detail = format!(
                "{} deposits in 24 hours and {more} more, at most {}: ask again later, or propose a larger day",
                file.today, order.day
            );
            return refuse("DAY_SPENT", detail);
        }
        if file.answered + more > u64::from(order.total) {
            let detail = format!(
                "{} deposits in all and {more} more, at most {}: propose and sign another standing order",
                file.answered, order.total
            );
            return refuse("TOTAL_SPENT", detail);
        }
        for deposit in fresh {
            if self.store.answers_about(&deposit_name(&deposit.to_string())).await? >= MAX_PER_DEPOSIT {
                let detail = format!(
                    "`{deposit}` was answered {MAX_PER_DEPOSIT} times under all standing orders together: slices of lists add up"
                );
                return refuse("DEPOSIT_SPENT", detail);
            }
        }
        Ok(())
    }
}

fn refuse<T>(code: &'static str, detail: String) -> Result<T> {
    Err(DeskError::Refused { code, detail })
}

/// A stable code for what the gate refuses.
fn code(refusal: &DutyRefusal) -> &'static str {
    match refusal {
        DutyRefusal::NoBlocks | DutyRefusal::NotReached(_) => "GRAPH_UNKNOWN",
        DutyRefusal::TooOld { .. } | DutyRefusal::Ahead(_) => "GRAPH_TOO_OLD",
        DutyRefusal::OtherList(_) => "OTHER_LIST",
        DutyRefusal::OtherAddresses => "OTHER_ADDRESSES",
        DutyRefusal::NotOwn(_) | DutyRefusal::NotPaidToUs(_) => "NOT_OWN_DEPOSIT",
        DutyRefusal::NotInGraph(_) => "NOT_IN_GRAPH",
    }
}

/// Outputs as texts, sorted as texts.
fn names(deposits: &BTreeSet<Outpoint>) -> Vec<String> {
    let mut names: Vec<String> = deposits.iter().map(ToString::to_string).collect();
    names.sort_unstable();
    names
}

/// What the store calls a deposit.
fn deposit_name(deposit: &str) -> Digest {
    digest::parts("countersign/exposure/deposit/v1", &[deposit.as_bytes()])
}

fn name(id: &OrderId, what: &str) -> String {
    format!("exposure/{id}/{what}")
}

#[cfg(test)]
mod tests;
