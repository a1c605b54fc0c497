//! The one way to an answer.
//!
//! Everything that walks the graph is private to this crate; what is public takes a [`Basis`] and gives shares of the custodian's own
//! deposits or [`Band`]s. So the rules of `docs/tracing.md` cannot be forgotten by a caller, only broken by a change of this module.
//!
//! ```compile_fail
//! use countersign_trace::taint::trace_back;
//! ```
//! ```compile_fail
//! fn everybody(graph: &countersign_trace::graph::Graph) { graph.outputs_of(0); }
//! ```

mod answer;
mod basis;
mod blast;
mod duty;
mod exposure;
mod journal;
#[cfg(test)]
mod tests;

pub use answer::{BlastAnswer, Exposure, Fall, ListExposure, Narrowed, Rest, RuleBands, RuleExposure};
pub use basis::{Basis, MAX_BUDGET, MAX_HOPS, OrderTerms};
pub use countersign_core::band::Band;
pub use duty::{DutyAnswer, DutyRefusal, DutyTerms};
pub use journal::{Journal, JournalError, MAX_PER_ROOT};

use crate::address::Lock;
use crate::graph::{Clusters, Graph, LockId, Locked, NO_LOCK, OutId, QUARANTINE};
use crate::labels::Labels;
use crate::own::Own;
use crate::taint::{Numbers, Rule, Spread, Stops};
use crate::wire::{Outpoint, Txid};
use countersign_core::digest;
use countersign_core::id::Digest;
use countersign_core::order::Kind;
use countersign_core::time::Timestamp;
use exposure::Listed;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::BuildHasherDefault;

const BLAST: &str = "countersign/trace/blast/v1";
const EXPOSURE: &str = "countersign/trace/exposure/v1";
/// Payments asked back at most for a deposit's exposure.
const EXPOSURE_HOPS: u16 = 32;
/// Addresses that one question may begin at.
const MAX_ROOTS: usize = 100;

/// Why a question gets no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No address, or too many.
    #[error("a question begins at 1 to {MAX_ROOTS} addresses, this one at {0}")]
    Roots(usize),
    /// The label of an address reveals opinion, religion or charity.
    #[error(
        "`{issuer}` labels an address of this question as `{label}`: who paid it reveals opinion, religion or charity; only an order of a case with a court behind it may begin there"
    )]
    Special {
        /// Who says so.
        issuer: String,
        /// The label.
        label: String,
    },
    /// Too many payments in between.
    #[error("{hops} payments need {needed} approvers; this order allows {allowed}")]
    Hops {
        /// Asked for.
        hops: u8,
        /// Approvers it would need.
        needed: usize,
        /// Allowed.
        allowed: u8,
    },
    /// No approver can allow so many payments, or none were asked for.
    #[error("a question has 1 to {MAX_HOPS} payments, this one {0}")]
    NoSuchHops(u8),
    /// More than one payment without an order.
    #[error("without an order a question goes over one payment, not {0}")]
    HopsWithoutOrder(u8),
    /// Too few approvers.
    #[error("the order needs {needed} approvers and has {found}")]
    Approvers {
        /// Needed.
        needed: usize,
        /// Found.
        found: usize,
    },
    /// The order is of another kind.
    #[error("an order of the kind `{0}` is not one for tracing")]
    NotForTracing(Kind),
    /// The order's questions are used up.
    #[error("the order allowed {0} different questions, and they were asked")]
    BudgetSpent(u32),
    /// Too many questions about one address.
    #[error(
        "{MAX_PER_ROOT} different questions were asked about an address of this one, under all orders together: slices of one crowd add up"
    )]
    RootSpent,
    /// Needs an order.
    #[error("this names other people's transactions: it needs an order")]
    NeedsOrder,
    /// Not the custodian's own.
    #[error("`{0}` is not among the deposits of the custodian")]
    NotOwn(Outpoint),
    /// Not in the graph.
    #[error("`{0}` is not in the graph: ingest the block it stands in")]
    NotInGraph(Outpoint),
    /// The window ends before it begins.
    #[error("the window ends before it begins")]
    Window,
    /// What has to be covered is no payment of this question.
    #[error("`{0}` has to be covered and is no payment to an address of this question inside its window")]
    NotCovered(Outpoint),
    /// No such list.
    #[error("there is no list `{0}`")]
    NoList(String),
}

/// "Everyone who paid these addresses": whom would it expose?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlastQuery {
    /// The addresses.
    pub roots: BTreeSet<Lock>,
    /// 1: who paid them. 2: who paid somebody who paid them with it. And so on.
    pub hops: u8,
    /// Payments from this second on.
    pub from: Timestamp,
    /// Payments until this second.
    pub to: Timestamp,
    /// Least sum of one client, in satoshi.
    pub min_satoshi: u64,
    /// Payments that have to be covered; the narrowest question that does is proposed.
    pub covers: BTreeSet<Outpoint>,
}

impl BlastQuery {
    /// SHA-256 over everything that the answer depends on.
    pub fn digest(&self) -> Digest {
        let mut parts: Vec<Vec<u8>> = vec![
            vec![self.hops],
            self.from.unix().to_le_bytes().to_vec(),
            self.to.unix().to_le_bytes().to_vec(),
            self.min_satoshi.to_le_bytes().to_vec(),
            (self.roots.len() as u64).to_le_bytes().to_vec(),
        ];
        parts.extend(self.roots.iter().map(|root| [&[root.kind() as u8], root.body()].concat()));
        parts.extend(self.covers.iter().map(|outpoint| outpoint.to_string().into_bytes()));
        digest::parts(BLAST, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

/// Payments from a listed address to a deposit; only the gate makes one, under an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Vec<Outpoint>);

impl Path {
    /// The outputs, the listed one first, the deposit last.
    pub fn outputs(&self) -> &[Outpoint] {
        &self.0
    }
}

/// The gate in front of a graph.
pub struct Gate<'g> {
    graph: &'g Graph,
    labels: &'g Labels,
    own: &'g Own,
    journal: Journal,
    clusters: Clusters,
    locked: Locked,
    /// Where the question for a deposit's exposure ends.
    exposure_stops: Stops,
    lists: Vec<Listed<'g>>,
    clients: HashMap<OutId, u32, BuildHasherDefault<Spread>>,
}

impl<'g> Gate<'g> {
    /// Opens the gate with the journal of what was answered before.
    pub fn new(graph: &'g Graph, labels: &'g Labels, own: &'g Own, journal: Journal) -> Self {
        let clusters = Clusters::of(graph, QUARANTINE);
        let wallets = own.wallets().filter_map(|lock| graph.lock_id(lock));
        let tagged = labels.locks().filter(|lock| labels.of(lock).any(crate::labels::Tag::is_service));
        let named: HashSet<LockId> = wallets.chain(tagged.filter_map(|lock| graph.lock_id(lock))).collect();
        // A service's other addresses are the service too: more is stopped, nobody more is accused.
        let roots: HashSet<LockId> = named.iter().map(|lock| clusters.root(*lock)).collect();
        let all = 0..LockId::try_from(graph.lock_count()).unwrap_or(NO_LOCK);
        let services: Numbers<LockId> = all.filter(|lock| roots.contains(&clusters.root(*lock))).collect();
        let clients =
            own.withdrawals().filter_map(|(outpoint, client)| Some((graph.out_id(outpoint)?, client))).collect();
        let outputs = own.deposits().filter_map(|deposit| graph.out_id(deposit)).collect();
        let exposure_stops = Stops { services, outputs, hops: Some(EXPOSURE_HOPS), ..Stops::usual() };
        let locked = Locked::of(graph);
        let listed = labels.lists().map(|(name, locks)| {
            let outputs = locked.outputs_of(locks.iter().filter_map(|lock| graph.lock_id(lock)));
            Listed { name, numbers: outputs.iter().copied().collect(), outputs }
        });
        let lists = listed.collect();
        Self { graph, labels, own, journal, clusters, locked, exposure_stops, lists, clients }
    }

    /// What was answered so far; to be kept by the caller before an answer is shown.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// How many of the custodian's clients a request would expose, in bands. The same question under the same order gets the same answer,
    /// whatever the chain did in between.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn blast(&mut self, basis: &Basis, query: &BlastQuery) -> Result<BlastAnswer, Refusal> {
        self.check(basis, query)?;
        let digest = query.digest();
        if let Some(answer) = self.journal.answered(basis, &digest) {
            return Ok(answer.clone());
        }
        self.journal.allows(basis, &query.roots)?;
        let covers = query.covers.iter().map(|outpoint| self.covered(query, outpoint)).collect::<Result<_, _>>()?;
        let passed = blast::Passed {
            graph: self.graph,
            locked: &self.locked,
            query,
            roots: query.roots.iter().filter_map(|root| self.graph.lock_id(root)).collect(),
            covers,
            clients: &self.clients,
            stops: Stops {
                hops: Some(u16::from(query.hops) - 1),
                services: self.exposure_stops.services.clone(),
                ..Stops::usual()
            },
        };
        let answer = passed.answer(digest);
        self.journal.keep(basis, &query.roots, &answer);
        Ok(answer)
    }

    fn check(&self, basis: &Basis, query: &BlastQuery) -> Result<(), Refusal> {
        if !(1..=MAX_ROOTS).contains(&query.roots.len()) {
            return Err(Refusal::Roots(query.roots.len()));
        }
        if !(1..=MAX_HOPS).contains(&query.hops) {
            return Err(Refusal::NoSuchHops(query.hops));
        }
        if query.hops > basis.hops() {
            if !basis.is_order() {
                return Err(Refusal::HopsWithoutOrder(query.hops));
            }
            let needed = basis.approvers_for(query.hops);
            return Err(Refusal::Hops { hops: query.hops, needed, allowed: basis.hops() });
        }
        if query.from > query.to {
            return Err(Refusal::Window);
        }
        let special = query.roots.iter().find_map(|root| self.labels.special(root));
        if let Some(tag) = special.filter(|_| !basis.has_court()) {
            return Err(Refusal::Special { issuer: tag.issuer.clone(), label: tag.label.clone() });
        }
        Ok(())
    }

    fn covered(&self, query: &BlastQuery, outpoint: &Outpoint) -> Result<OutId, Refusal> {
        let out = self.graph.out_id(outpoint).ok_or(Refusal::NotInGraph(*outpoint))?;
        let lock = self.graph.lock(out);
        let time = i64::from(self.graph.time_of(self.graph.maker(out)));
        let root = query.roots.iter().any(|root| self.graph.lock_id(root) == Some(lock));
        let inside = (query.from.unix()..=query.to.unix()).contains(&time);
        if root && inside { Ok(out) } else { Err(Refusal::NotCovered(*outpoint)) }
    }

    /// What one deposit of the custodian is exposed to, against every list. A purpose of its own, the duty to honour sanctions: no order, no
    /// budget, and nothing about anybody else.
    ///
    /// # Errors
    /// [`Refusal`] for what is no deposit of the custodian, or not in the graph.
    pub fn exposure(&self, deposit: &Outpoint) -> Result<Exposure, Refusal> {
        let out = self.deposit(deposit)?;
        let lists =
            self.lists.iter().map(|list| exposure::of_one(self.graph, out, list, &self.exposure_stops)).collect();
        Ok(Exposure { query: self.exposure_digest(deposit), lists })
    }

    /// The same for all deposits at once, without where the rest comes from.
    ///
    /// # Errors
    /// [`Refusal`] for the first deposit that is none, or not in the graph.
    pub fn exposures(&self, deposits: &BTreeSet<Outpoint>) -> Result<Vec<(Outpoint, Exposure)>, Refusal> {
        let mut outs = BTreeSet::new();
        let mut found = Vec::new();
        for deposit in deposits {
            let out = self.deposit(deposit)?;
            outs.insert(out);
            found.push((out, *deposit, Exposure { query: self.exposure_digest(deposit), lists: Vec::new() }));
        }
        for list in &self.lists {
            let mut exposures = exposure::of_many(self.graph, &outs, list, &self.exposure_stops);
            for (out, _, exposure) in &mut found {
                exposure.lists.extend(exposures.remove(out));
            }
        }
        Ok(found.into_iter().map(|(_, deposit, exposure)| (deposit, exposure)).collect())
    }

    /// The payments from an address of a list to one deposit, by where most of it went under a rule: other people's transactions, so only with
    /// an order. `None` when nothing comes from the list.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn path(&self, basis: &Basis, deposit: &Outpoint, list: &str, rule: Rule) -> Result<Option<Path>, Refusal> {
        if !basis.is_order() {
            return Err(Refusal::NeedsOrder);
        }
        let out = self.deposit(deposit)?;
        let list =
            self.lists.iter().find(|known| known.name == list).ok_or_else(|| Refusal::NoList(list.to_owned()))?;
        let sources = exposure::sources(self.graph, out, list, &self.exposure_stops, rule);
        let largest = sources.hits.iter().max_by_key(|(_, hit)| hit.amount).map(|(from, _)| *from);
        let path = largest.map(|from| sources.path(from));
        Ok(path.map(|path| Path(path.into_iter().filter_map(|out| self.graph.outpoint(out)).collect())))
    }

    /// The transactions because of which two addresses are said to have one owner. Needs an order.
    ///
    /// # Errors
    /// [`Refusal::NeedsOrder`].
    pub fn evidence(&self, basis: &Basis, left: &Lock, right: &Lock) -> Result<Option<Vec<Txid>>, Refusal> {
        if !basis.is_order() {
            return Err(Refusal::NeedsOrder);
        }
        let ids = self.graph.lock_id(left).zip(self.graph.lock_id(right));
        Ok(ids.and_then(|(left, right)| self.clusters.evidence(left, right)))
    }

    fn deposit(&self, deposit: &Outpoint) -> Result<OutId, Refusal> {
        if !self.own.is_deposit(deposit) {
            return Err(Refusal::NotOwn(*deposit));
        }
        self.graph.out_id(deposit).ok_or(Refusal::NotInGraph(*deposit))
    }

    fn exposure_digest(&self, deposit: &Outpoint) -> Digest {
        let tip = self.graph.tip().map(|(hash, _)| hash.0).unwrap_or_default();
        digest::parts(EXPOSURE, &[deposit.to_string().as_bytes(), &tip])
    }
}
