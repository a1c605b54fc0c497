//! How many clients a request of the form "everyone who paid this address" would expose, before anybody decides and without anybody being
//! named.
//!
//! No question without an order: its officer signs it, and for every payment beyond the first one approver whom the requesting state cannot
//! compel. An order names its addresses and how many different questions may be asked. A question has one answer under an order, for good;
//! questions about one address are counted under all orders together; two questions stand so far apart that their difference tells of
//! no single person. Every question is a leaf. What the graph may be asked at all, the gate of the crate `trace` says.

use crate::case_file::{CaseFile, kind};
use crate::desk::{Desk, stored};
use crate::documents::{Intake, Targets};
use crate::entry::{ChainAddress, digests};
use crate::error::{DeskError, Result};
use crate::leaves::of_fields;
use crate::ports::{Behind, NoAnswer};
use crate::register::{BITCOIN, one_spelling};
use countersign_approve::verify_approval;
use countersign_core::approval::{Approval, SignerRole, Verdict};
use countersign_core::band::Band;
use countersign_core::case::Stage;
use countersign_core::control::Role;
use countersign_core::id::{AuthorityId, Digest, OrderId, PersonId, Salt};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::order::{Instrument, Kind};
use countersign_core::query::{Asked, Exposed, Fall, Narrower, Query, QueryV1, TraceOrder, TraceOrderV1};
use countersign_core::time::Timestamp;
use countersign_store::{KeptQuery, NewQuery, StoredDocument};
use countersign_trace::gate::{Basis, BlastAnswer, MAX_PER_ROOT, OrderTerms, Refusal};
use countersign_trace::wire::Outpoint;
use countersign_verify::query::{QueryOpening, QueryOpeningV1, query_leaf_fields};
use countersign_verify::request::SKEW;
use rand_core::Rng;
use std::collections::BTreeSet;

/// Different questions under one order.
const QUESTIONS: u32 = 12;

/// Instruments behind which a court stands.
const OF_COURTS: [Instrument; 5] =
    [Instrument::CourtOrder, Instrument::Warrant, Instrument::Mla, Instrument::LetterOfRequest, Instrument::Civil];

/// A question as an officer asks it: the addresses are those of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// Payments; 1 when left at 0.
    pub hops: u8,
    /// Payments from this midnight (UTC) on.
    pub from: Option<Timestamp>,
    /// Payments before this midnight (UTC).
    pub to: Option<Timestamp>,
    /// Least sum of one client in satoshi.
    pub min_satoshi: u64,
    /// Payments that a narrower request has to cover.
    pub covers: BTreeSet<Outpoint>,
}

impl Question {
    fn about(&self, roots: Vec<Digest>) -> Asked {
        let (from, to, min_satoshi) = (self.from, self.to, self.min_satoshi);
        let mut covers: Vec<String> = self.covers.iter().map(ToString::to_string).collect();
        covers.sort_unstable();
        Asked { roots, hops: self.hops.max(1), from, to, min_satoshi, covers }
    }
}

/// For whose request an order is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter {
    /// Who asks.
    pub authority: AuthorityId,
    /// The matter's digest, as in the intake record.
    pub digest: Digest,
}

impl Desk {
    /// The matter of a request that has not been filed yet.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for an authority that is not in the directory.
    pub fn matter_of(&self, authority: &AuthorityId, reference: &str) -> Result<Matter> {
        self.authority(authority)?;
        Ok(Matter { authority: authority.clone(), digest: self.matter(authority, reference)? })
    }

    /// A tracing order about the addresses of a request, for its officer and the approvers to sign. Nothing of it is kept.
    ///
    /// # Errors
    /// [`DeskError::Input`] for addresses that are none of the chain's, for none, and for more than six payments.
    pub fn prepare_trace(
        &self,
        matter: &Matter,
        addresses: &[ChainAddress],
        hops: u8,
        officer: &PersonId,
    ) -> Result<Exact<TraceOrder>> {
        let mut id = [0; 16];
        self.rng().fill_bytes(&mut id);
        let now = self.now();
        let order = Exact::write(TraceOrder {
            v: TraceOrderV1,
            id: OrderId(id),
            custodian: self.custodian.genesis.value().custodian.id,
            authority: matter.authority.clone(),
            matter: matter.digest,
            officer: officer.clone(),
            roots: digests(addresses)?,
            hops,
            questions: QUESTIONS,
            not_before: now,
            expires: now.plus(Kind::Trace.max_lifetime()),
        });
        order.map_err(|error| DeskError::Input(error.to_string()))
    }

    /// Asks the chain. `case` is the case that the order's matter has by now, if it has one: with a checked sender and a court's instrument
    /// a question may begin at an address whose label reveals opinion, religion or charity.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the order is not in force, a signature under it does not count, the question is none of the order, or the
    /// answer is unknown; [`DeskError::Refused`] when too few approve, the questions are used up, or the gate refuses.
    pub async fn ask_blast(
        &self,
        order: &Exact<TraceOrder>,
        approvals: &[Vec<u8>],
        addresses: &[ChainAddress],
        question: &Question,
        case: Option<&CaseFile>,
    ) -> Result<Exact<Query>> {
        let _turn = self.tracing.lock().await;
        let asked = question.about(digests(addresses)?);
        asked.check().map_err(|reason| DeskError::Input(format!("the question: {reason}")))?;
        let (signers, mut documents) = self.signers(order, approvals)?;
        let order_digest = order.digest();
        if let Some(kept) = self.store.query(&order_digest, &asked.digest()).await? {
            return self.read(&kept.document).await;
        }
        let basis = Basis::order(&OrderTerms {
            order: order_digest,
            kind: Kind::Trace,
            approvers: signers,
            quorum: 1,
            court: self.has_court(order.value(), case)?,
            budget: order.value().questions,
        });
        let basis = basis.map_err(refused)?;
        if asked.hops > order.value().hops {
            let reason = format!("the order is for {} payments, the question for {}", order.value().hops, asked.hops);
            return Err(DeskError::Input(reason));
        }
        if self.store.questions_under(&order_digest).await? >= u64::from(order.value().questions) {
            return Err(refused(Refusal::BudgetSpent(order.value().questions)));
        }
        for root in &asked.roots {
            if self.store.queries_about(root).await?.len() >= MAX_PER_ROOT {
                return Err(refused(Refusal::RootSpent));
            }
        }
        let answer =
            self.blast.behind(&basis, &behind(addresses, question, &asked)?).await.map_err(|error| match error {
                NoAnswer::Unknown(reason) => DeskError::Input(reason),
                NoAnswer::Refused(refusal) => refused(refusal),
            })?;
        let mut salt = [0; 16];
        self.rng().fill_bytes(&mut salt);
        let now = self.now();
        let query = Exact::write(answered(Salt(salt), order_digest, asked, answer, now))?;
        query
            .value()
            .check_order(&order_digest, order.value())
            .map_err(|reason| DeskError::Input(reason.to_owned()))?;
        let leaf = of_fields(LeafKind::Query, now, &query_leaf_fields(&query), &mut *self.rng())?;
        documents.extend([stored(kind::TRACE_ORDER, order), stored(kind::QUERY, &query)]);
        let (matter, roots) = (order.value().matter, query.value().asked.roots.clone());
        let question = query.value().asked.digest();
        let kept = NewQuery { document: query.digest(), matter, order: order_digest, question, roots, documents, leaf };
        self.store.keep_query(kept).await?;
        Ok(query)
    }

    /// What was asked for a matter, in the order in which it was answered.
    ///
    /// # Errors
    /// [`DeskError::Store`]; [`DeskError::Internal`] when an answer is missing or damaged.
    pub async fn queries_of(&self, matter: &Digest) -> Result<Vec<Exact<Query>>> {
        self.read_queries(self.store.queries_of(matter).await?).await
    }

    /// How many questions were answered about an address, under all orders together, and whether it has the shape of a list of donors.
    ///
    /// # Errors
    /// As [`queries_of`](Self::queries_of).
    pub async fn asked_about_address(&self, address: &Digest) -> Result<(usize, bool)> {
        let queries = self.read_queries(self.store.queries_about(address).await?).await?;
        Ok((queries.len(), queries.iter().any(|query| query.value().looks_like_donors)))
    }

    /// What opens the leaf of a question to somebody.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] when it was not asked here; [`DeskError::Store`].
    pub async fn query_opening(&self, query: &Exact<Query>) -> Result<Exact<QueryOpening>> {
        let missing = || DeskError::not_found("question", query.digest());
        let value = query.value();
        let kept = self.store.query(&value.order, &value.asked.digest()).await?.ok_or_else(missing)?;
        let sealed = self.store.sealed_leaf(&kept.leaf).await?.ok_or_else(missing)?;
        let order = self.read::<TraceOrder>(&value.order).await?;
        Ok(Exact::write(QueryOpening {
            v: QueryOpeningV1,
            leaf: String::from_utf8(sealed.leaf).map_err(DeskError::internal)?,
            disclosures: sealed.disclosures.list,
            order: order.text().to_owned(),
            query: query.text().to_owned(),
        })?)
    }

    async fn read_queries(&self, kept: Vec<KeptQuery>) -> Result<Vec<Exact<Query>>> {
        let mut queries = Vec::with_capacity(kept.len());
        for kept in kept {
            queries.push(self.read(&kept.document).await?);
        }
        Ok(queries)
    }

    /// How many people "everyone who paid" these addresses are, for a request about to be filed: what was answered for its matter, or
    /// everybody.
    pub(crate) async fn exposed_by_matter(
        &self,
        authority: &AuthorityId,
        reference: &str,
        roots: &[Digest],
    ) -> Result<u64> {
        let everybody = self.store.counts().await?.clients;
        let queries = self.queries_of(&self.matter(authority, reference)?).await?;
        match direct(&queries, roots) {
            Some((_, band)) => Ok(band.at_most(everybody)),
            None if everybody > 0 => Ok(everybody),
            None => Err(DeskError::Input("how many clients this would expose is unknown: ask the chain first".into())),
        }
    }

    /// Who signed the order, each once, with their approvals as documents. One signature that does not count refuses all: whoever collects
    /// them must not find out by trying.
    fn signers(
        &self,
        order: &Exact<TraceOrder>,
        approvals: &[Vec<u8>],
    ) -> Result<(BTreeSet<PersonId>, Vec<StoredDocument>)> {
        let input = |reason: String| DeskError::Input(reason);
        let (value, now) = (order.value(), self.now());
        if value.custodian != self.custodian.genesis.value().custodian.id {
            return Err(input("the tracing order is of another custodian".into()));
        }
        if !(value.not_before..value.expires).contains(&now) {
            return Err(input(format!(
                "the tracing order is in force from {} to {}: prepare and sign another one",
                value.not_before, value.expires
            )));
        }
        let asking = self.authority(&value.authority)?.state;
        let state = self.control().counting_at(now);
        let (mut signers, mut documents) = (BTreeSet::new(), Vec::new());
        for bytes in approvals {
            let approval = Exact::<Approval>::parse(bytes).map_err(|error| input(error.to_string()))?;
            let signed = approval.value();
            let who = &signed.approver;
            let person =
                state.people().get(who).ok_or_else(|| input(format!("`{who}` is not in force in the roster")))?;
            verify_approval(signed, &order.digest(), person).map_err(|error| input(error.to_string()))?;
            if signed.verdict != Verdict::Approve {
                return Err(input(format!("`{who}` refuses to sign the tracing order")));
            }
            if signed.at > now.plus(SKEW) || signed.at < value.not_before.plus(-SKEW) {
                return Err(input(format!("`{who}` signed at {}, not while the order was in force", signed.at)));
            }
            let officer = *who == value.officer;
            let counts = match signed.role {
                SignerRole::Author => officer,
                SignerRole::Approver => !officer && person.roles.contains(&Role::Approver),
                _ => false,
            };
            if !counts {
                return Err(input(format!("`{who}` signs a tracing order neither as its officer nor as an approver")));
            }
            if !officer && !person.is_out_of_reach_of(asking, now) {
                return Err(input(format!(
                    "`{who}` can be compelled by {asking}, whose request this is, or nobody knows: ask another approver, or \
                     counsel for a new statement of reach"
                )));
            }
            signers.insert(who.clone());
            documents.push(stored(kind::APPROVAL, &approval));
        }
        if signers.contains(&value.officer) {
            return Ok((signers, documents));
        }
        Err(input(format!("the tracing order is not signed by its officer `{}`", value.officer)))
    }

    fn has_court(&self, order: &TraceOrder, case: Option<&CaseFile>) -> Result<bool> {
        let Some(file) = case else { return Ok(false) };
        let intake = file.intake.as_ref().map(Exact::value);
        let Some(intake) = intake.filter(|intake| intake.matter == order.matter) else {
            return Err(DeskError::Input("the tracing order is for another matter than the case".into()));
        };
        if let Some(root) = order.roots.iter().find(|root| !intake.addresses.contains(root)) {
            return Err(DeskError::Input(format!("the request of the case does not name the address {root}")));
        }
        let checked = file.check.is_some() && file.stage != Stage::RejectedFake;
        Ok(checked && OF_COURTS.contains(&intake.instrument))
    }
}

/// How many people a request would expose, and how that is known.
pub(crate) struct Reach {
    /// How many, at most.
    pub(crate) people: u32,
    /// How it is known; `None`: it is not, and the number is everybody.
    pub(crate) source: Option<String>,
}

/// How many people the request of a case would expose. Where the chain can be asked, only its answer counts.
pub(crate) fn exposed_by(file: &CaseFile, intake: &Intake, has_chain: bool) -> Reach {
    let of_intake = |source: Option<&str>| Reach { people: intake.people_asked, source: source.map(str::to_owned) };
    if intake.targets == Targets::Named {
        return of_intake(Some("intake record: people named, or blast radius of the selector"));
    }
    match direct(&file.queries, &intake.addresses) {
        Some((query, band)) => {
            let people = u32::try_from(band.at_most(intake.people_asked.into())).unwrap_or(u32::MAX);
            let digests = [query.value().order, query.digest()].map(|digest| digest.to_hex());
            let [order, name] = digests.each_ref().map(|digest| digest.get(..16).unwrap_or_default());
            let bands: Vec<String> = query.value().by_hops().iter().map(Band::to_string).collect();
            let source = format!(
                "chain: tracing order {order}, question {name}: clients by payments, most under any rule: {}",
                bands.join("; ")
            );
            Reach { people, source: Some(source) }
        }
        None if has_chain => of_intake(None),
        None => of_intake(Some("intake record: people named, or blast radius of the selector")),
    }
}

/// The answer with the most direct payers among those about everybody who paid exactly these addresses.
fn direct<'q>(queries: &'q [Exact<Query>], roots: &[Digest]) -> Option<(&'q Exact<Query>, Band)> {
    let whole = |query: &&Exact<Query>| query.value().asked.is_whole() && query.value().asked.roots == roots;
    let direct = queries.iter().filter(whole).filter_map(|query| Some((query, *query.value().by_hops().first()?)));
    direct.max_by_key(|(_, band)| *band)
}

fn behind(addresses: &[ChainAddress], question: &Question, asked: &Asked) -> Result<Behind> {
    let on_chain = |address: &ChainAddress| match address.chain.as_str() {
        BITCOIN => Ok(one_spelling(&address.address)),
        other => Err(DeskError::Input(format!(
            "the index is of the chain `{BITCOIN}`, not `{other}`: the number is unknown"
        ))),
    };
    Ok(Behind {
        addresses: addresses.iter().map(on_chain).collect::<Result<_>>()?,
        hops: asked.hops,
        from: asked.from.unwrap_or(Timestamp::MIN),
        to: asked.to.map_or(Timestamp::MAX, |to| to.plus(-1)),
        min_satoshi: asked.min_satoshi,
        covers: question.covers.clone(),
    })
}

fn answered(salt: Salt, order: Digest, asked: Asked, answer: BlastAnswer, at: Timestamp) -> Query {
    let BlastAnswer { query: _, payments, clients, falls, narrowest, looks_like_donors } = answer;
    Query {
        v: QueryV1,
        salt,
        order,
        asked,
        payments,
        clients: clients.into_iter().map(|of| Exposed { rule: of.rule, by_hops: of.by_hops }).collect(),
        falls: falls.into_iter().map(|fall| Fall { min_satoshi: fall.min_satoshi, clients: fall.clients }).collect(),
        narrower: narrowest.map(|narrow| Narrower {
            from: narrow.from,
            to: narrow.to,
            min_satoshi: narrow.min_satoshi,
            hops: narrow.hops,
            clients: narrow.clients,
        }),
        looks_like_donors,
        at,
    }
}

/// A refusal of the gate with a stable code.
fn refused(refusal: Refusal) -> DeskError {
    let code = match &refusal {
        Refusal::Special { .. } => "SPECIAL_LABEL",
        Refusal::Hops { .. } | Refusal::HopsWithoutOrder(_) | Refusal::Approvers { .. } => "HOPS_NOT_APPROVED",
        Refusal::BudgetSpent(_) => "QUESTIONS_SPENT",
        Refusal::RootSpent => "ADDRESS_SPENT",
        _ => "NOT_ANSWERED",
    };
    DeskError::Refused { code, detail: refusal.to_string() }
}

#[cfg(test)]
mod tests;
