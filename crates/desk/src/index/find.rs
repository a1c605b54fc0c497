//! Lookups: one value, for one case, by its officer. Found or not found is a leaf like the question.

use super::ask::Asking;
use super::batch::damaged;
use super::opening::LookupOpening;
use crate::asking::Said;
use crate::case_file::CaseFile;
use crate::desk::{Desk, keyed_digest};
use crate::error::{DeskError, Result};
use crate::intake::seal_to_officers;
use crate::leaves::{leaf, of_fields};
use countersign_approve::verify_approval;
use countersign_core::approval::{Approval, SignerRole, Verdict};
use countersign_core::case::{Stage, case_commitment};
use countersign_core::id::{CaseId, Digest, Handle, OrderId, PersonId, Salt};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::lookup::{Lookup, LookupV1, Purpose, blinded_digest};
use countersign_core::time::HOUR;
use countersign_seal::group::Element;
use countersign_seal::normal::Normal;
use countersign_seal::oprf::{Blind, Token, blind, lookup_commitment};
use countersign_seal::posting::List;
use countersign_store::NewLookup;
use countersign_verify::lookup::lookup_leaf_fields;
use rand_core::Rng;
use serde_json::Value;
use zeroize::Zeroizing;

/// A lookup that its officer has not signed yet. Nothing of it is kept.
pub struct Prepared {
    /// The document whose digest the officer signs.
    pub lookup: Exact<Lookup>,
    case: CaseId,
    value: Normal,
    salt: Zeroizing<[u8; 32]>,
    blinded: Element,
}

/// What a lookup came to.
#[derive(Debug, Clone)]
pub struct FoundClients {
    /// Digest of the lookup.
    pub lookup: Digest,
    /// The clients, ascending; none: not found.
    pub clients: Vec<Handle>,
    /// What each trustee asked said.
    pub said: Vec<Said>,
}

impl Desk {
    /// Prepares a lookup for a case that has a request and is not over.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the case is not one to look up for, or the index has no key for the attribute.
    pub async fn prepare_lookup(&self, case: &CaseId, officer: &PersonId, value: Normal) -> Result<Prepared> {
        let index = self.index_key(value.attribute())?;
        may_look_up(&self.case(case).await?)?;
        let (mut salt, mut id) = (Zeroizing::new([0; 32]), [0; 16]);
        {
            let mut rng = self.rng();
            rng.fill_bytes(salt.as_mut_slice());
            rng.fill_bytes(&mut id);
        }
        let secret = Blind::of_lookup(&salt, &value).ok_or_else(|| DeskError::internal("a blind of zero"))?;
        let blinded = blind(&value, &secret).map_err(DeskError::internal)?;
        let now = self.now();
        let lookup = Exact::write(Lookup {
            v: LookupV1,
            id: OrderId(id),
            custodian: self.custodian.genesis.value().custodian.id,
            ring: index.ring.id(),
            attribute: value.attribute().as_str().to_owned(),
            purpose: Purpose::Find {
                case: self.lookup_case(case)?,
                officer: officer.clone(),
                value: lookup_commitment(&salt, &value),
            },
            count: 1,
            blinded: blinded_digest([blinded.bytes()]),
            not_before: now,
            expires: now.plus(HOUR),
        })?;
        Ok(Prepared { lookup, case: *case, value, salt, blinded })
    }

    /// Looks the value up: the question is public before any trustee is asked, and what came of it is a leaf too.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the approval is not the officer's; [`DeskError::Trustees`] when too few evaluate. The question stays in
    /// the log without an outcome then.
    pub async fn look_up(&self, prepared: Prepared, approval: &[u8]) -> Result<FoundClients> {
        let Prepared { lookup, case, value, salt, blinded } = prepared;
        let approval = self.check_officer(&lookup, approval)?;
        may_look_up(&self.case(&case).await?)?;
        let digest = lookup.digest();
        let opening = LookupOpening::new(&salt, &value);
        let opening = seal_to_officers(&self.custodian.officers, &opening.to_bytes()?)?;
        let now = self.now();
        let question = of_fields(LeafKind::Lookup, now, &lookup_leaf_fields(&lookup), &mut *self.rng())?;
        let key = question.key;
        let (document, signed) = (lookup.bytes().to_vec(), approval.bytes().to_vec());
        self.store
            .begin_lookup(NewLookup {
                lookup: digest,
                case,
                document,
                approval: signed,
                opening,
                leaf: question,
                at: now,
            })
            .await?;
        let asking = Asking {
            lookup: &lookup,
            attribute: value.attribute(),
            approval: Some(approval.text()),
            leaf: key,
            blinded: std::slice::from_ref(&blinded),
            records: Vec::new(),
        };
        let (combined, said) = self.evaluate_blinded(&asking).await?;
        let combined = combined.first().ok_or_else(|| DeskError::internal("no value was evaluated"))?;
        let secret = Blind::of_lookup(&salt, &value).ok_or_else(|| DeskError::internal("a blind of zero"))?;
        let list = List::of(&Token::finalize(&value, &secret, combined));
        let clients: Vec<Handle> = match self.store.postings(&[list.name()]).await?.into_iter().flatten().next() {
            None => Vec::new(),
            Some(sealed) => {
                list.open(&sealed).map_err(|error| DeskError::internal(damaged(&error)))?.into_iter().collect()
            }
        };
        let at = self.now();
        let values = vec![Value::from(digest.to_hex()), Value::from(clients.len()), Value::from(at.to_string())];
        let outcome = leaf(LeafKind::LookupOutcome, at, values, &mut *self.rng())?;
        self.store.finish_lookup(&digest, &clients, outcome).await?;
        Ok(FoundClients { lookup: digest, clients, said })
    }

    /// The clients whom the request of a case asks about: those named by account, and those found by lookups for it.
    pub(crate) async fn asked_about(&self, file: &CaseFile) -> Result<Vec<Handle>> {
        let intake = file.intake.as_ref().ok_or_else(|| DeskError::Input("the case has no request".into()))?;
        let mut asked = intake.value().found.clone();
        for lookup in self.store.lookups_of(&file.id).await? {
            asked.extend(lookup.found.unwrap_or_default());
        }
        asked.sort_unstable();
        asked.dedup();
        Ok(asked)
    }

    /// The commitment to a case that its lookups carry: the same in all of them, because trustees count lookups for a case.
    pub(crate) fn lookup_case(&self, case: &CaseId) -> Result<Digest> {
        let key = keyed_digest(&self.custodian.matter_key, "countersign/lookup-case/v1", &[case.as_bytes()])?;
        let salt = key.as_bytes().first_chunk::<16>().copied().unwrap_or_default();
        Ok(case_commitment(&Salt(salt), case))
    }

    fn check_officer(&self, lookup: &Exact<Lookup>, approval: &[u8]) -> Result<Exact<Approval>> {
        let input = |reason: String| DeskError::Input(reason);
        let Purpose::Find { officer, .. } = &lookup.value().purpose else {
            return Err(DeskError::internal("nobody signs an enrolment"));
        };
        let approval = Exact::<Approval>::parse(approval).map_err(|error| input(error.to_string()))?;
        let value = approval.value();
        if (&value.approver, value.role, value.verdict) != (officer, SignerRole::Author, Verdict::Approve) {
            return Err(input(format!("the lookup is not signed by its officer `{officer}`")));
        }
        let state = self.control().counting_at(self.now());
        let person =
            state.people().get(officer).ok_or_else(|| input(format!("`{officer}` is not in force in the roster")))?;
        verify_approval(value, &lookup.digest(), person).map_err(|error| input(error.to_string()))?;
        Ok(approval)
    }
}

/// The sender was checked, and no order is under way: a forged letter looks nobody up, and whoever is found can get into the scope.
fn may_look_up(file: &CaseFile) -> Result<()> {
    if file.intake.is_none() {
        return Err(DeskError::Input("the case has no request: file the letter first".into()));
    }
    match file.stage {
        Stage::Clarify { .. } | Stage::Review { .. } => Ok(()),
        _ => Err(DeskError::Input(format!(
            "the case is `{}`: people are looked up after the sender was checked and before an order is proposed",
            file.stage.name()
        ))),
    }
}
