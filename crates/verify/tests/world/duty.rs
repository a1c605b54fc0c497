//! A worker in force, and a standing order for it.

use super::*;
use base64ct::{Base64, Encoding};
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::class::{Class, ClassSet};
use countersign_core::duty::{Cap, Duty, DutyV1, Output, Purpose, Run, RunV1, destination_digest};
use countersign_core::id::{Digest, OrderId};
use countersign_core::order::{Mode, Order, Recipient, Scope};
use countersign_core::time::{DAY, HOUR};
use countersign_core::worker::{Binding, BindingV1, Worker, WorkerV1};
use countersign_seal::transport::TransportSecret;
use countersign_verify::wire::StandingEvidence;

pub(crate) const CODE: Digest = Digest([0xc0; 32]);

pub(crate) fn worker() -> Worker {
    Worker {
        v: WorkerV1,
        name: person_id("worker-one"),
        state: state("XB"),
        identity: public("worker-one"),
        code: CODE,
        attestation: None,
    }
}

/// The key that the worker makes for one order.
pub(crate) fn worker_secret(order: &Digest) -> TransportSecret {
    TransportSecret::from_seed(seed(&format!("worker key for {order}")))
}

/// A published standing order.
#[derive(Clone)]
pub(crate) struct Standing {
    pub(crate) order: Exact<Order>,
    pub(crate) evidence: StandingEvidence,
    pub(crate) index: u64,
}

impl World {
    /// A worker that was registered seven days ago.
    pub(crate) fn with_worker() -> Self {
        let mut world = Self::new();
        let now = world.now;
        world.now = now.plus(-7 * DAY);
        world.change(Action::AddWorker(worker()), &ENOUGH);
        world.now = now;
        world
    }

    /// The order of [`draft`](Self::draft), for the worker.
    pub(crate) fn worker_draft(&self) -> Draft {
        self.for_worker(self.draft())
    }

    pub(crate) fn for_worker(&self, mut draft: Draft) -> Draft {
        draft.order.recipient = Recipient { mode: Mode::Worker, key: worker().digest() };
        draft
    }

    /// What the worker signs once the order stands at this index.
    pub(crate) fn binding(&self, order: &Exact<Order>, index: u64) -> Binding {
        Binding {
            v: BindingV1,
            custodian: CUSTODIAN,
            order: order.digest(),
            worker: worker().digest(),
            index,
            key: Base64::encode_string(worker_secret(&order.digest()).public().unwrap().bytes()),
            at: self.now.plus(-60),
        }
    }

    /// Publishes the order, and the worker binds itself to it.
    pub(crate) fn publish_bound(&mut self, draft: Draft) -> Case {
        let mut case = self.publish(draft);
        case.binding = Some(signed_binding(self.binding(&case.order, case.index), "worker-one"));
        case
    }

    /// Screening: five people at most in one run, eight in all.
    pub(crate) fn duty(&self) -> Duty {
        Duty {
            v: DutyV1,
            case: Digest(seed("case of the duty")),
            authority: authority_id("xa-fiu"),
            purpose: Purpose::Screening,
            basis: "section 12, invented Sanctions Act of XA".into(),
            author: person_id("emil-fuchs"),
            code: CODE,
            destination: destination_digest("age1invented"),
            output: Output::Hits { list: Digest([0x11; 32]) },
            classes: name_and_address(),
            run: Cap { subjects: 5, records: 5 },
            total: 8,
        }
    }

    /// The standing order of a duty, valid for thirty days since yesterday.
    pub(crate) fn standing_order(&self, duty: &Duty) -> Order {
        let not_before = self.now.plus(-DAY);
        let draft = self.worker_draft();
        Order {
            id: OrderId([0x5a; 16]),
            case: duty.case,
            kind: countersign_core::order::Kind::Duty,
            authority: duty.authority.clone(),
            facts: Exact::write(duty.clone()).unwrap().digest(),
            scope: Scope {
                manifest: Digest([0; 32]),
                subjects: 0,
                records: 0,
                classes: duty.classes.clone(),
                from: None,
                to: None,
            },
            not_before,
            expires: not_before.plus(30 * DAY),
            latest_opening: not_before.plus(30 * DAY).quarter_end(),
            notice_due: None,
            ..draft.order
        }
    }

    pub(crate) fn publish_standing(&mut self, duty: Duty, order: Order) -> Standing {
        self.publish_standing_signed(duty, order, &["anna-berg", "bruno-costa"])
    }

    pub(crate) fn publish_standing_signed(&mut self, duty: Duty, order: Order, signers: &[&str]) -> Standing {
        let (order, duty) = (Exact::write(order).unwrap(), Exact::write(duty).unwrap());
        let (index, leaf) = self.publish_order(&order);
        let sign = |id: &&str| approval(&order, id, SignerRole::Approver, Verdict::Approve, self.now.plus(-HOUR - 60));
        let approvals = signers.iter().map(sign).collect();
        let evidence =
            StandingEvidence { order: order.text().to_owned(), duty: duty.text().to_owned(), approvals, leaf };
        Standing { order, evidence, index }
    }

    /// A good standing order.
    pub(crate) fn standing(&mut self) -> Standing {
        let duty = self.duty();
        let order = self.standing_order(&duty);
        self.publish_standing(duty, order)
    }

    /// Draft of a run over the names and addresses of these clients.
    pub(crate) fn run_draft(&self, standing: &Standing, run: &Run, clients: &[u8]) -> Draft {
        let mut draft = self.draft_for(clients);
        let value = standing.order.value();
        draft.order = Order {
            id: OrderId([run.number as u8; 16]),
            case: value.case,
            kind: value.kind,
            authority: value.authority.clone(),
            facts: Exact::write(run.clone()).unwrap().digest(),
            recipient: value.recipient.clone(),
            expires: draft.order.not_before.plus(24 * HOUR),
            notice_due: None,
            ..draft.order
        };
        draft
    }

    /// Publishes a run, and the worker binds itself to it. The standing order is proved under the same checkpoint.
    pub(crate) fn publish_run(&mut self, standing: &Standing, run: &Run, draft: Draft) -> Case {
        let mut case = self.publish_bound(draft);
        case.facts = Exact::write(run.clone()).unwrap().text().to_owned();
        case.approvals = Vec::new();
        let mut evidence = standing.evidence.clone();
        evidence.leaf.proof = self.journal.proof(standing.index, self.journal.size(), &[self.now, self.now.plus(-60)]);
        case.standing = Some(evidence);
        case
    }

    /// A good run, the first after `before`.
    pub(crate) fn run(&mut self, standing: &Standing, before: Option<(u32, Digest)>, clients: &[u8]) -> Case {
        let run = run_after(standing, before);
        let draft = self.run_draft(standing, &run, clients);
        self.publish_run(standing, &run, draft)
    }
}

pub(crate) fn run_after(standing: &Standing, before: Option<(u32, Digest)>) -> Run {
    Run {
        v: RunV1,
        standing: standing.order.digest(),
        number: before.map_or(1, |(number, _)| number + 1),
        previous: before.map(|(_, digest)| digest),
    }
}

pub(crate) fn signed_binding(binding: Binding, signer: &str) -> String {
    Signed::sign(binding, &signing_key(signer)).unwrap().text().to_owned()
}

pub(crate) fn only(class: Class) -> ClassSet {
    ClassSet::new([class])
}
