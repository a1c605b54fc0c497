//! From findings to a proposed order: facts, the policy's decision, the arithmetic of the scope.

use crate::blast::exposed_by;
use crate::case_file::{CaseFile, kind};
use crate::desk::{Attached, Desk, stored};
use crate::documents::{Decision, DecisionV1, Intake, Scoping, Targets};
use crate::error::{DeskError, Result};
use crate::leaves::leaf;
use crate::opening::latest_opening;
use crate::scope::granted;
use crate::sender::confirmed;
use countersign_core::case::{Event, case_commitment};
use countersign_core::class::ClassSet;
use countersign_core::directory::Authority;
use countersign_core::facts::{Asked, Facts, FactsV1};
use countersign_core::finding::{Finding, Question};
use countersign_core::id::{CaseId, Digest, OrderId, PersonId, Salt};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::order::{InstrumentRef, Kind, Mode, Order, OrderV1, Recipient, Scope};
use countersign_core::time::{DAY, Timestamp};
use countersign_policy::{Decision as Ruling, propose as rule};
use countersign_store::{NewOrder, StoredDocument};
use countersign_verify::manifest::Manifest;
use countersign_verify::wire::{DelayOrder, Signed};
use rand_core::Rng;
use serde_json::Value;

/// How long after the end of an order's life the persons concerned are told at the latest.
pub(crate) const NOTICE_AFTER: i64 = DAY;

/// Ring of an order at ladder level L0, where no register is sealed: trustees would refuse it, and there are none.
pub const NO_RING: Digest = Digest([0; 32]);

/// What a proposal came to.
pub enum Proposed {
    /// The policy allows the order; it waits for signatures.
    Order(Box<OrderProposed>),
    /// The policy does not allow an order on these facts: refuse, ask, or find more.
    NotAllowed(Box<Ruling>),
}

/// A proposed order with the arithmetic of its scope.
pub struct OrderProposed {
    /// The order.
    pub order: Exact<Order>,
    /// The policy's decision.
    pub ruling: Ruling,
    /// The decision record, with the people and cells asked and granted.
    pub decision: Exact<Decision>,
}

/// Who opens the package of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressee {
    /// The authority that asked: standing records only.
    Authority,
    /// A worker in force.
    Worker {
        /// Its name.
        name: PersonId,
        /// The window, the end excluded: months that it touches are in the scope, and the worker takes the rows outside away.
        window: Option<(Timestamp, Timestamp)>,
    },
}

impl Addressee {
    fn window(&self) -> Option<(Timestamp, Timestamp)> {
        match self {
            Addressee::Authority => None,
            Addressee::Worker { window, .. } => *window,
        }
    }
}

/// An order as it could be proposed, not stored anywhere.
pub struct Draft {
    /// The order.
    pub order: Exact<Order>,
    /// Its facts.
    pub facts: Exact<Facts>,
    /// Its manifest.
    pub manifest: Exact<Manifest>,
    /// People granted.
    pub people: u32,
    /// Cells granted: the sum over people of the classes opened.
    pub cells: u64,
}

impl Desk {
    /// Evaluates the policy on a case as it stands, without changing anything.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the case has no request yet.
    pub async fn evaluate(&self, case: &CaseId) -> Result<Ruling> {
        let file = self.case(case).await?;
        let (kind, author) = (self.kind_of(&file)?, self.author_of(&file)?);
        let facts = self.facts(&file, kind, &author, Salt([0; 16]))?;
        Ok(rule(&self.custodian.bundle, &facts, self.requester(&file)?, self.seat()))
    }

    /// Proposes an order for a case in REVIEW.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the scope leaves nothing; [`DeskError::Denied`] when a cumulative cap would be passed;
    /// [`DeskError::Stage`] in another stage.
    pub async fn propose(&self, case: &CaseId, author: &PersonId) -> Result<Proposed> {
        self.propose_for(case, author, &Addressee::Authority).await
    }

    /// As [`propose`](Self::propose), for whoever is to open the package.
    ///
    /// # Errors
    /// As [`propose`](Self::propose); [`DeskError::NotFound`] when no such worker is in force.
    pub async fn propose_for(&self, case: &CaseId, author: &PersonId, addressee: &Addressee) -> Result<Proposed> {
        let kind = self.kind_of(&self.case(case).await?)?;
        self.propose_kind(case, author, addressee, kind).await
    }

    /// As [`propose_for`](Self::propose_for), of an order that is complied with under protest: counsel disagrees, and the law leaves no
    /// choice. The pack demands more signatures, counsel's among them, and nothing is released before a challenge is on file.
    ///
    /// # Errors
    /// As [`propose_for`](Self::propose_for); [`DeskError::Input`] for what is called an emergency, which has a lane of its own.
    pub async fn propose_under_protest(
        &self,
        case: &CaseId,
        author: &PersonId,
        addressee: &Addressee,
    ) -> Result<Proposed> {
        if self.kind_of(&self.case(case).await?)? != Kind::Disclosure {
            return Err(DeskError::Input(
                "an emergency is not answered under protest: it has a lane of its own".into(),
            ));
        }
        self.propose_kind(case, author, addressee, Kind::Compelled).await
    }

    async fn propose_kind(
        &self,
        case: &CaseId,
        author: &PersonId,
        addressee: &Addressee,
        kind: Kind,
    ) -> Result<Proposed> {
        let file = self.case(case).await?;
        self.asked_to_disclose(case).await?;
        let salt = self.salt();
        let facts = self.facts(&file, kind, author, salt)?;
        let ruling = rule(&self.custodian.bundle, &facts, self.requester(&file)?, self.seat());
        if !ruling.allowed {
            return Ok(Proposed::NotAllowed(Box::new(ruling)));
        }
        let draft = self.draft_for(&file, kind, facts, ruling.delay_lawful, addressee).await?;
        self.check_caps(draft.facts.value(), draft.manifest.value()).await?;
        let decision = self.decision(&file, &draft, &ruling, author)?;
        self.append_proposal(&file, &draft, &decision, author).await?;
        Ok(Proposed::Order(Box::new(OrderProposed { order: draft.order, ruling, decision })))
    }

    /// The order as it could be proposed on these facts; nothing is stored.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the scope leaves nothing to release, or the authority has no registered key.
    pub async fn draft(&self, file: &CaseFile, kind: Kind, facts: Facts, delay_lawful: bool) -> Result<Draft> {
        self.draft_for(file, kind, facts, delay_lawful, &Addressee::Authority).await
    }

    async fn draft_for(
        &self,
        file: &CaseFile,
        kind: Kind,
        facts: Facts,
        delay_lawful: bool,
        addressee: &Addressee,
    ) -> Result<Draft> {
        let intake = intake(file)?;
        let scoping = scoping(file)?;
        let facts = Exact::write(facts)?;
        let wanted = intake
            .classes
            .intersection(&scoping.necessary)
            .intersection(&scoping.allowed)
            .intersection(&self.custodian.bundle.classes_of(kind));
        let window = addressee.window();
        let manifest = self.manifest_in(&scoping.subjects, &wanted, window).await?;
        let handles = granted(&manifest)?;
        let ring = self.ring_of(&manifest).await?;
        let delay = delay_of(intake, self.requester(file)?, delay_lawful)?;
        let now = self.now();
        let expires = now.plus(kind.max_lifetime());
        let latest = delay.as_ref().map_or(expires, |delay| delay.value().until.max(expires));
        let order = Order {
            v: OrderV1,
            id: self.order_id(),
            custodian: self.custodian.genesis.value().custodian.id,
            case: facts.value().case,
            kind,
            authority: intake.authority.clone(),
            instrument: InstrumentRef { form: intake.instrument, request: intake.request },
            policy: self.custodian.bundle.digest(),
            facts: facts.digest(),
            scope: Scope {
                manifest: manifest.root().map_err(DeskError::internal)?,
                subjects: u32::try_from(handles.len()).map_err(DeskError::internal)?,
                records: u32::try_from(manifest.entries.len()).map_err(DeskError::internal)?,
                classes: manifest.classes(),
                from: window.map(|window| window.0),
                to: window.map(|window| window.1),
            },
            recipient: self.recipient(self.authority(&intake.authority)?, addressee)?,
            not_before: now,
            expires,
            latest_opening: latest_opening(latest),
            notice_due: delay.is_none().then(|| expires.plus(NOTICE_AFTER)),
            delay: delay.map(|delay| delay.document().digest()),
            ring,
        };
        let (people, cells) = (order.scope.subjects, handles.values().map(|classes| classes.len() as u64).sum());
        Ok(Draft { order: Exact::write(order)?, facts, manifest: Exact::write(manifest)?, people, cells })
    }

    /// The facts of a case: what was found, what the directory says, what arrived.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the case has no request.
    pub fn facts(&self, file: &CaseFile, kind: Kind, author: &PersonId, salt: Salt) -> Result<Facts> {
        let intake = intake(file)?;
        let requester = self.requester(file)?;
        let mut factors: Vec<_> =
            file.check.as_ref().map(|check| confirmed(&check.value().tried).collect()).unwrap_or_default();
        factors.sort_unstable();
        factors.dedup();
        let empty = ClassSet::default();
        let scoping = file.scoping.as_ref().map(Exact::value);
        let mut findings = file.findings.clone();
        for finding in self.derived(file, intake, requester, author)? {
            findings.entry(finding.question()).or_insert(finding);
        }
        Ok(Facts {
            v: FactsV1,
            case: case_commitment(&salt, &file.id),
            authority: intake.authority.clone(),
            directory: self.custodian.directory.digest(),
            kind,
            instrument: intake.instrument,
            author: author.clone(),
            factors,
            asked: Asked {
                subjects: exposed_by(file, intake, self.blast.has_chain()).people,
                classes: intake.classes.clone(),
            },
            necessary: scoping.map_or(&empty, |scoping| &scoping.necessary).clone(),
            allowed: scoping.map_or(&empty, |scoping| &scoping.allowed).clone(),
            listed_by: scoping.map(|scoping| scoping.listed_by.clone()).unwrap_or_default(),
            matter: intake.matter,
            addresses: intake.addresses.clone(),
            findings: findings.into_values().collect(),
        })
    }

    /// Answers that follow from the directory and the intake; a finding of a person stands before them.
    fn derived(&self, file: &CaseFile, intake: &Intake, requester: &Authority, by: &PersonId) -> Result<Vec<Finding>> {
        let directory = format!("authority directory, version {}", self.custodian.directory.value().version);
        let seat = self.seat();
        let sanctioned = match requester.sanctioned_in.as_slice() {
            [] => "no",
            states if states.contains(&seat) => "at_our_seat",
            _ => "somewhere",
        };
        let authentic = match (&file.check, &file.stage) {
            (Some(_), countersign_core::case::Stage::RejectedFake) => Some("failed"),
            (Some(_), _) => Some("verified"),
            (None, _) => None,
        };
        let informal = intake.instrument == countersign_core::order::Instrument::Informal;
        let independence = requester.independence.to_string();
        let reach = exposed_by(file, intake, self.blast.has_chain());
        let exposed = reach.people.to_string();
        let mut answers = vec![
            (Question::Form, if informal { "informal" } else { "formal" }, "intake record"),
            (Question::AuthorityKind, requester.kind.as_str(), directory.as_str()),
            (Question::Independence, independence.as_str(), directory.as_str()),
            (Question::InstrumentForm, intake.instrument.as_str(), "intake record"),
            (Question::Standing, requester.standing.as_str(), directory.as_str()),
            (Question::Sanctioned, sanctioned, directory.as_str()),
            (Question::Targets, if intake.targets == Targets::Named { "named" } else { "selector" }, "intake record"),
        ];
        if let Some(source) = &reach.source {
            answers.push((Question::Exposed, exposed.as_str(), source));
        }
        if let Some(word) = authentic {
            answers.push((Question::Authentic, word, "check of the sender"));
        }
        let listed = file.scoping.as_ref().map(|scoping| scoping.value().listed_by.len().to_string());
        if let Some(number) = &listed {
            answers.push((Question::ListedBy, number.as_str(), "scoping record"));
        }
        let now = self.now();
        answers
            .into_iter()
            .map(|(question, value, source)| {
                Finding::new(question, value, source, by.clone(), now).map_err(DeskError::internal)
            })
            .collect()
    }

    fn recipient(&self, authority: &Authority, addressee: &Addressee) -> Result<Recipient> {
        // A worker encrypts to the authority too.
        let keys = authority.recipient.as_ref().ok_or_else(|| {
            DeskError::Input(format!("the directory has no key of `{}` to seal a package to", authority.id))
        })?;
        if let Addressee::Worker { name, .. } = addressee {
            return Ok(Recipient { mode: Mode::Worker, key: self.worker(name)?.digest() });
        }
        Ok(Recipient { mode: Mode::Authority, key: keys.xwing })
    }

    fn decision(&self, file: &CaseFile, draft: &Draft, ruling: &Ruling, by: &PersonId) -> Result<Exact<Decision>> {
        let intake = intake(file)?;
        Ok(Exact::write(Decision {
            v: DecisionV1,
            case: file.id,
            outcome: ruling.outcome.to_string(),
            lane: ruling.lane.clone().unwrap_or_default(),
            reasons: reasons(ruling),
            kind: draft.order.value().kind,
            people_asked: intake.people_asked,
            cells_asked: cells_asked(intake),
            people_granted: draft.people,
            cells_granted: draft.cells,
            facts: draft.facts.digest(),
            policy: self.custodian.bundle.digest(),
            at: self.now(),
            by: by.clone(),
        })?)
    }

    async fn append_proposal(
        &self,
        file: &CaseFile,
        draft: &Draft,
        decision: &Exact<Decision>,
        by: &PersonId,
    ) -> Result<()> {
        let at = self.now();
        let value = decision.value();
        let values = vec![
            Value::from(decision.digest().to_hex()),
            Value::from(value.outcome.as_str()),
            Value::from(value.reasons.clone()),
            Value::from(value.policy.to_hex()),
            Value::from(at.to_string()),
        ];
        let leaf = leaf(LeafKind::Decision, at, values, &mut *self.rng())?;
        let order = draft.order.value();
        let documents = vec![
            stored(kind::ORDER, &draft.order),
            stored(kind::FACTS, &draft.facts),
            stored(kind::DECISION, decision),
            // The manifest is found by the root that the order names.
            StoredDocument { digest: order.scope.manifest, ..stored(kind::MANIFEST, &draft.manifest) },
        ];
        let index = NewOrder {
            id: order.id,
            digest: draft.order.digest(),
            decision: decision.digest(),
            authority: order.authority.clone(),
        };
        let attached = Attached { documents, leaves: vec![leaf], order: Some(index), ..Attached::default() };
        self.append(Some(file), file.id, by, Event::Proposed { order: draft.order.digest() }, attached).await
    }

    /// Emergency when the request claims a threat to life, disclosure otherwise.
    fn kind_of(&self, file: &CaseFile) -> Result<Kind> {
        Ok(if intake(file)?.emergency { Kind::Emergency } else { Kind::Disclosure })
    }

    /// Whoever set the scope, or opened the case.
    pub(crate) fn author_of(&self, file: &CaseFile) -> Result<PersonId> {
        let first = file.events.first().map(|event| event.value().by.clone());
        let author = file.scoping.as_ref().map(|scoping| scoping.value().by.clone()).or(first);
        author.ok_or_else(|| DeskError::internal("a case without events"))
    }

    fn requester(&self, file: &CaseFile) -> Result<&Authority> {
        self.authority(&intake(file)?.authority)
    }

    pub(crate) fn seat(&self) -> countersign_core::country::Country {
        self.custodian.genesis.value().custodian.seat
    }

    pub(crate) fn salt(&self) -> Salt {
        let mut salt = [0; 16];
        self.rng().fill_bytes(&mut salt);
        Salt(salt)
    }

    fn order_id(&self) -> OrderId {
        let mut id = [0; 16];
        self.rng().fill_bytes(&mut id);
        OrderId(id)
    }
}

/// The request of a case.
pub(crate) fn intake(file: &CaseFile) -> Result<&Intake> {
    let intake = file.intake.as_ref().ok_or_else(|| DeskError::Input("the case has no written request".into()))?;
    Ok(intake.value())
}

/// People x classes asked.
pub(crate) fn cells_asked(intake: &Intake) -> u64 {
    u64::from(intake.people_asked) * intake.classes.len() as u64
}

/// Reason codes as text.
pub(crate) fn reasons(ruling: &Ruling) -> Vec<String> {
    ruling.reasons.iter().map(ToString::to_string).collect()
}

fn scoping(file: &CaseFile) -> Result<&Scoping> {
    let scoping = file.scoping.as_ref().ok_or_else(|| {
        DeskError::Input("the case has no scope yet: say which clients and classes are necessary and allowed".into())
    })?;
    Ok(scoping.value())
}

/// The delay order that came with the request, when the policy finds the delay lawful.
fn delay_of(intake: &Intake, requester: &Authority, lawful: bool) -> Result<Option<Signed<DelayOrder>>> {
    let Some(text) = intake.delay.as_ref().filter(|_| lawful) else { return Ok(None) };
    Signed::open_by(text.as_bytes(), |_| requester.signing_key).map(Some).map_err(DeskError::internal)
}
