//! A reading on its way: facts, order and manifest; who signs; the order's leaf; the request to a trustee.

use super::*;
use base64ct::{Base64, Encoding};
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::class::Class;
use countersign_core::consent::{Consent, ConsentV1, client_key_digest, consent_message};
use countersign_core::control::{Genesis, Person, Role};
use countersign_core::id::{Digest, OrderId};
use countersign_core::order::{Instrument, Kind, Mode};
use countersign_core::reading::{DAILY_OPERATION, Lane, Reading, ReadingV1, Reason};
use countersign_core::time::{MINUTE, Seconds};
use countersign_seal::label::Head;
use countersign_seal::record::SealedRecord;
use countersign_seal::transport::TransportSecret;

pub(crate) const ADA: &str = "ada-roth";
pub(crate) const BEN: &str = "ben-weiss";

pub(crate) fn reader(id: &str) -> TransportSecret {
    TransportSecret::from_seed(seed(&format!("reader {id}")))
}

pub(crate) fn agent(id: &str, home: &str) -> Person {
    Person { reader: Some(reader(id).public().unwrap().digest()), ..person(id, &[Role::Agent], home, false) }
}

/// Genesis with two agents in two states.
pub(crate) fn genesis_with_agents() -> Genesis {
    let mut genesis = genesis();
    genesis.people.extend([agent(ADA, "XA"), agent(BEN, "XB")]);
    genesis.people.sort_by(|left, right| left.id.cmp(&right.id));
    genesis
}

/// The key of a client who can be present.
pub(crate) fn client_key(client: u8) -> String {
    roster_key(&format!("client {client}"))
}

/// Everything before anybody signs; tests change it as an attacker would.
pub(crate) struct ReadingDraft {
    pub(crate) reading: Reading,
    pub(crate) draft: Draft,
    pub(crate) signers: Vec<(&'static str, SignerRole, Verdict)>,
    /// Clients who consent.
    pub(crate) consents: Vec<u8>,
    /// How long the order has been public when the trustee looks.
    pub(crate) public: Seconds,
}

impl World {
    pub(crate) fn with_agents() -> Self {
        Self::founded_with(&genesis_with_agents())
    }

    pub(crate) fn record_with_key(&self, client: u8) -> SealedRecord {
        let head = Head { client_key: Some(client_key_digest(&client_key(client))), ..head(client) };
        self.record_of(head, &[Class::Name, Class::Address])
    }

    /// A good reading of these clients by Ada.
    pub(crate) fn reading(&self, lane: Lane, clients: &[u8]) -> ReadingDraft {
        self.reading_of(lane, clients.iter().map(|client| self.record_with_key(*client)).collect())
    }

    pub(crate) fn reading_of(&self, lane: Lane, records: Vec<SealedRecord>) -> ReadingDraft {
        let mut draft = self.draft_of(records);
        let key = reader(ADA).public().unwrap();
        let reading = Reading {
            v: ReadingV1,
            case: draft.order.case,
            lane,
            agent: person_id(ADA),
            reason: Reason::Payment,
            key: Base64::encode_string(key.bytes()),
        };
        let order = &mut draft.order;
        order.id = OrderId([0x33; 16]);
        (order.kind, order.authority) = (Kind::Read, authority_id(DAILY_OPERATION));
        order.instrument.form = Instrument::Informal;
        (order.recipient.mode, order.recipient.key) = (Mode::Reviewer, key.digest());
        order.not_before = self.now.plus(-12 * MINUTE);
        order.expires = order.not_before.plus(lane.max_lifetime());
        order.latest_opening = order.expires.quarter_end();
        order.notice_due = None;
        let mut signers = vec![(ADA, SignerRole::Agent, Verdict::Approve)];
        if lane == Lane::BreakGlass {
            signers.push((BEN, SignerRole::Peer, Verdict::Approve));
        }
        let consents = if lane == Lane::ClientPresent { vec![1] } else { Vec::new() };
        let mut drafted = ReadingDraft { reading, draft, signers, consents, public: 10 * MINUTE };
        drafted.link();
        drafted
    }

    /// Signed, public since then and witnessed now.
    pub(crate) fn publish_reading(&mut self, draft: ReadingDraft) -> Case {
        let ReadingDraft { reading, draft, signers, consents, public } = draft;
        let since = self.now.plus(-public);
        let mut case = self.publish_signed(draft, &[]);
        let signed =
            signers.iter().map(|(id, role, verdict)| approval(&case.order, id, *role, *verdict, since.plus(-30)));
        case.approvals = signed.collect();
        let consents = consents.iter().map(|client| consent(case.order.digest(), *client, since.plus(-30)));
        case.approvals.extend(consents);
        case.facts = Exact::write(reading).unwrap().text().to_owned();
        case.leaf.seasoned = Some(self.journal.proof(case.index, case.index + 1, &[since; 2]));
        case
    }
}

impl ReadingDraft {
    /// The order names manifest and facts.
    pub(crate) fn link(&mut self) {
        self.draft.order.scope.manifest = self.draft.manifest.root().unwrap();
        self.draft.order.facts = Exact::write(self.reading.clone()).unwrap().digest();
    }

    /// Another agent reads, with the own key and signature.
    pub(crate) fn by(&mut self, id: &'static str) {
        let key = reader(id).public().unwrap();
        (self.reading.agent, self.reading.key) = (person_id(id), Base64::encode_string(key.bytes()));
        self.draft.order.recipient.key = key.digest();
        self.signers = vec![(id, SignerRole::Agent, Verdict::Approve)];
        self.link();
    }

    pub(crate) fn with_peer(mut self, id: &'static str) -> Self {
        self.signers.push((id, SignerRole::Peer, Verdict::Approve));
        self
    }

    pub(crate) fn numbered(mut self, number: u8) -> Self {
        self.draft.order.id = OrderId([number; 16]);
        self
    }
}

/// The consent of client `client` to an order.
pub(crate) fn consent(order: Digest, client: u8, at: Timestamp) -> String {
    let mut consent = Consent { v: ConsentV1, order, at, key: client_key(client), signature: String::new() };
    consent.signature = plain_signature(&format!("client {client}"), &consent_message(&consent.signed_digest()));
    Exact::write(consent).unwrap().text().to_owned()
}
