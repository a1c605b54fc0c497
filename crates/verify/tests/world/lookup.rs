//! Lookups and enrolments of the blind index on their way to a trustee.

use super::*;
use countersign_core::approval::{Approval, ApprovalV1, SignerRole, Verdict, approval_message};
use countersign_core::class::Class;
use countersign_core::control::Genesis;
use countersign_core::id::{Digest, OrderId};
use countersign_core::json::Exact;
use countersign_core::lookup::{Lookup, LookupV1, Purpose, blinded_digest, records_digest};
use countersign_core::time::HOUR;
use countersign_seal::kind::Index;
use countersign_seal::normal::Normal;
use countersign_seal::oprf::{Blind, blind, lookup_commitment};
use countersign_seal::record::SealedRecord;
use countersign_verify::lookup::{LookupPlan, LookupView, lookup_leaf_fields, verify_lookup};
use countersign_verify::wire::{HexBytes, LeafEvidence, LookupRequest, LookupRequestV1, SealedHeader};

/// A custodian with an index ring.
pub(crate) struct IndexWorld {
    pub(crate) world: World,
    pub(crate) index: ConfirmedRing<Index>,
    pub(crate) shares: VerifyingShares<Index>,
}

/// Everything before the leaf is written; tests change it as an attacker would.
pub(crate) struct LookupDraft {
    pub(crate) lookup: Lookup,
    pub(crate) blinded: Vec<[u8; 32]>,
    pub(crate) records: Vec<SealedRecord>,
    /// Who signs, and in which role.
    pub(crate) signer: Option<(&'static str, SignerRole, Verdict)>,
}

pub(crate) fn genesis_with_index() -> Genesis {
    Genesis { index_ring: Some(index_founded().reference()), ..genesis() }
}

fn value() -> Normal {
    Normal::email("Ilka.Dorn@dorn.example").unwrap()
}

pub(crate) fn salt() -> [u8; 32] {
    seed("salt of the lookup")
}

impl IndexWorld {
    pub(crate) fn new() -> Self {
        Self::of(&genesis_with_index())
    }

    pub(crate) fn of(genesis: &Genesis) -> Self {
        let (index, shares) = index_founded().confirmed();
        Self { world: World::founded_with(genesis), index, shares }
    }

    pub(crate) fn view(&self, trustee: u16) -> LookupView<'_> {
        LookupView {
            trustee,
            control: &self.world.control,
            journal: &self.world.seen,
            bundle: self.world.bundle,
            sealing: &self.world.ring,
            index: &self.index,
            shares: &self.shares,
            ledger: &self.world.ledger,
        }
    }

    fn lookup(&self, purpose: Purpose, blinded: &[[u8; 32]]) -> Lookup {
        Lookup {
            v: LookupV1,
            id: OrderId([5; 16]),
            custodian: CUSTODIAN,
            ring: self.index.id(),
            attribute: "lookup_email".into(),
            purpose,
            count: blinded.len() as u32,
            blinded: blinded_digest(blinded),
            not_before: self.world.now.plus(-HOUR),
            expires: self.world.now.plus(HOUR),
        }
    }

    /// Officer emil-fuchs looks for an e-mail address.
    pub(crate) fn find(&self) -> LookupDraft {
        let element = blind(&value(), &Blind::of_lookup(&salt(), &value()).unwrap()).unwrap();
        let blinded = vec![*element.bytes()];
        let purpose = Purpose::Find {
            case: Digest(seed("case commitment")),
            officer: person_id("emil-fuchs"),
            value: lookup_commitment(&salt(), &value()),
        };
        let signer = Some(("emil-fuchs", SignerRole::Author, Verdict::Approve));
        LookupDraft { lookup: self.lookup(purpose, &blinded), blinded, records: Vec::new(), signer }
    }

    /// Two fresh records enter the index.
    pub(crate) fn enrol(&self) -> LookupDraft {
        let records = vec![
            self.world.record_of(head(1), &[Class::Name, Class::Address]),
            self.world.record_of(head(2), &[Class::Name]),
        ];
        let secret = Blind::random(&[9; 64]).unwrap();
        let blinded: Vec<[u8; 32]> = ["ilka@dorn.example", "bruno@costa.example"]
            .map(|address| *blind(&Normal::email(address).unwrap(), &secret).unwrap().bytes())
            .into();
        let purpose = Purpose::Enrol { records: digest_of(&records) };
        LookupDraft { lookup: self.lookup(purpose, &blinded), blinded, records, signer: None }
    }

    /// Signed, public and witnessed now.
    pub(crate) fn publish(&mut self, draft: LookupDraft) -> LookupRequest {
        let lookup = Exact::write(draft.lookup).unwrap();
        let (leaf, disclosures) = sealed_leaf(&lookup_leaf_fields(&lookup), "leaf of a lookup");
        let world = &mut self.world;
        let index = world.append(leaf.clone());
        let proof = world.journal.proof(index, world.journal.size(), &[world.now, world.now.plus(-60)]);
        LookupRequest {
            v: LookupRequestV1,
            custodian: CUSTODIAN,
            trustee: 1,
            at: world.now,
            share_epoch: 1,
            approval: draft.signer.map(|(id, role, verdict)| word(&lookup, id, role, verdict, world.now.plus(-60))),
            lookup: lookup.text().to_owned(),
            leaf: LeafEvidence {
                leaf: String::from_utf8(leaf).unwrap(),
                disclosures: disclosures.iter().map(|one| one.as_str().to_owned()).collect(),
                proof,
                seasoned: None,
            },
            blinded: draft.blinded.iter().map(|element| HexBytes(element.to_vec())).collect(),
            records: draft.records.iter().map(sealed_header).collect(),
        }
    }

    pub(crate) fn send(&self, request: &LookupRequest) -> Result<LookupPlan, Refusal> {
        self.send_bytes(&self.sign(request))
    }

    pub(crate) fn sign(&self, request: &LookupRequest) -> Vec<u8> {
        Signed::sign(request.clone(), &signing_key("desk")).unwrap().text().as_bytes().to_vec()
    }

    pub(crate) fn send_bytes(&self, bytes: &[u8]) -> Result<LookupPlan, Refusal> {
        verify_lookup(&self.view(1), self.world.now, seed("header weights"), bytes)
    }
}

pub(crate) fn digest_of(records: &[SealedRecord]) -> Digest {
    let ids: Vec<_> = records.iter().map(SealedRecord::id).collect();
    records_digest(ids.iter().map(|id| id.as_bytes()))
}

pub(crate) fn sealed_header(record: &SealedRecord) -> SealedHeader {
    let capsule = record.capsule();
    SealedHeader { label: HexBytes(capsule.label.encode()), header: HexBytes(capsule.header.bytes().to_vec()) }
}

pub(crate) fn word(lookup: &Exact<Lookup>, id: &str, role: SignerRole, verdict: Verdict, at: Timestamp) -> String {
    let (order, key) = (lookup.digest(), roster_key(id));
    let signature = String::new();
    let mut approval = Approval { v: ApprovalV1, order, approver: person_id(id), role, verdict, at, key, signature };
    approval.signature = plain_signature(id, &approval_message(&approval.signed_digest()));
    Exact::write(approval).unwrap().text().to_owned()
}
