//! One approval against one order and one person of the roster.

use crate::key::{KeyError, PublicKey};
use crate::signature::{SignatureError, verify_signature};
use countersign_core::approval::{APPROVAL_NAMESPACE, Approval, SignerRole, Verdict, approval_message};
use countersign_core::control::{Person, Role};
use countersign_core::id::{Digest, PersonId};
use countersign_core::time::Timestamp;

/// An approval whose signature was checked. There is no other way to make one than [`verify_approval`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedApproval {
    // INVARIANT: private fields without a constructor: a value is the proof of its own verification.
    order: Digest,
    person: Person,
    role: SignerRole,
    verdict: Verdict,
    at: Timestamp,
    key: String,
}

impl VerifiedApproval {
    /// Digest of the order that was signed.
    pub fn order(&self) -> &Digest {
        &self.order
    }

    /// The roster's entry against which the signature was checked.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// Who signed.
    pub fn id(&self) -> &PersonId {
        &self.person.id
    }

    /// In which role.
    pub fn role(&self) -> SignerRole {
        self.role
    }

    /// What the signer says.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// When, by the signer's clock: a claim, to be bounded by witnessed times.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The key that signed, as spelled in the roster.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Why an approval is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// The approval is over another order.
    #[error("approval of `{approver}` is over another order: {found} instead of {expected}")]
    OtherOrder {
        /// Who signed.
        approver: PersonId,
        /// Digest in the approval.
        found: Digest,
        /// Digest of the order.
        expected: Digest,
    },
    /// The approval names another person than the roster entry it is checked against.
    #[error("approval of `{found}` was checked against the roster's entry of `{expected}`")]
    OtherPerson {
        /// Person in the approval.
        found: PersonId,
        /// Person of the roster's entry.
        expected: PersonId,
    },
    /// The key is not among the person's keys in the roster.
    #[error(
        "key of the approval is not in the roster of `{approver}`; sign with a registered key or register this one"
    )]
    KeyNotInRoster {
        /// Who signed.
        approver: PersonId,
    },
    /// The roster's key is not in a known spelling.
    #[error("key of `{approver}`: {source}")]
    Key {
        /// Whose key.
        approver: PersonId,
        /// What is wrong.
        source: KeyError,
    },
    /// The person may not sign in this role.
    #[error("`{approver}` may not sign in the role `{role}`")]
    RoleNotPermitted {
        /// Who signed.
        approver: PersonId,
        /// In which role.
        role: SignerRole,
    },
    /// The signature is not accepted.
    #[error("approval of `{approver}`: {source}")]
    Signature {
        /// Who signed.
        approver: PersonId,
        /// Why not.
        source: SignatureError,
    },
}

/// Checks one approval: it is over `order`, by `person`, under a key of that person's roster entry, in a role that the
/// entry permits, and its signature verifies.
///
/// Not checked here: whether the person counts (`policy`), and whether `at` is plausible (`verify`).
///
/// # Errors
/// [`ApprovalError`]; see its variants.
pub fn verify_approval(
    approval: &Approval,
    order: &Digest,
    person: &Person,
) -> Result<VerifiedApproval, ApprovalError> {
    let approver = || approval.approver.clone();
    if approval.order != *order {
        return Err(ApprovalError::OtherOrder { approver: approver(), found: approval.order, expected: *order });
    }
    if approval.approver != person.id {
        return Err(ApprovalError::OtherPerson { found: approver(), expected: person.id.clone() });
    }
    if !permitting_roles(approval.role).iter().any(|role| person.roles.contains(role)) {
        return Err(ApprovalError::RoleNotPermitted { approver: approver(), role: approval.role });
    }
    if !person.keys.contains(&approval.key) {
        return Err(ApprovalError::KeyNotInRoster { approver: approver() });
    }
    let key = PublicKey::parse(&approval.key).map_err(|source| ApprovalError::Key { approver: approver(), source })?;
    let message = approval_message(&approval.signed_digest());
    verify_signature(&key, APPROVAL_NAMESPACE, &message, &approval.signature)
        .map_err(|source| ApprovalError::Signature { approver: approver(), source })?;
    Ok(VerifiedApproval {
        order: *order,
        person: person.clone(),
        role: approval.role,
        verdict: approval.verdict,
        at: approval.at,
        key: approval.key.clone(),
    })
}

/// The roster roles without one of which nobody may sign in `role`.
fn permitting_roles(role: SignerRole) -> &'static [Role] {
    match role {
        SignerRole::Approver => &[Role::Approver],
        SignerRole::Author => &[Role::Officer],
        SignerRole::Counsel => &[Role::Counsel],
        SignerRole::RightsExpert => &[Role::RightsExpert],
        SignerRole::Agent => &[Role::Agent],
        SignerRole::Peer => &[Role::Agent, Role::Officer],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64;
    use countersign_core::approval::ApprovalV1;
    use countersign_core::control::Reach;
    use countersign_core::country::Country;
    use ed25519_dalek::{Signer as _, SigningKey};

    const ORDER: Digest = Digest([7; 32]);

    fn secret(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn key(seed: u8) -> String {
        format!("ed25519 {}", Digest(secret(seed).verifying_key().to_bytes()))
    }

    fn person() -> Person {
        let state = Country::parse("XA").unwrap();
        Person {
            id: PersonId::parse("anna-berg").unwrap(),
            roles: vec![Role::Approver, Role::Officer],
            state,
            manages: Vec::new(),
            independent: false,
            reach: Reach { states: vec![state], at: Timestamp::MIN },
            keys: vec![key(1), key(2)],
            reader: None,
        }
    }

    fn signed(seed: u8, change: impl Fn(&mut Approval)) -> Approval {
        let mut approval = Approval {
            v: ApprovalV1,
            order: ORDER,
            approver: person().id,
            role: SignerRole::Approver,
            verdict: Verdict::Approve,
            at: Timestamp::parse("2026-11-20T12:00:00Z").unwrap(),
            key: key(seed),
            signature: String::new(),
        };
        change(&mut approval);
        let message = approval_message(&approval.signed_digest());
        approval.signature = base64::write_padded(&secret(seed).sign(&message).to_bytes());
        approval
    }

    #[test]
    fn a_right_approval_is_verified() {
        for seed in [1, 2] {
            let approval = signed(seed, |_| ());
            let verified = verify_approval(&approval, &ORDER, &person()).unwrap();
            assert_eq!((verified.order(), verified.person(), verified.key()), (&ORDER, &person(), key(seed).as_str()));
            assert_eq!(
                (verified.role(), verified.verdict(), verified.at()),
                (approval.role, approval.verdict, approval.at)
            );
        }
        let refusal = signed(1, |approval| approval.verdict = Verdict::Refuse);
        assert_eq!(verify_approval(&refusal, &ORDER, &person()).unwrap().verdict(), Verdict::Refuse);
        let author = signed(1, |approval| approval.role = SignerRole::Author);
        assert_eq!(verify_approval(&author, &ORDER, &person()).unwrap().role(), SignerRole::Author);
    }

    /// The example of `docs/formats/approval.md`, made by another implementation.
    #[test]
    fn the_example_of_the_format_page_verifies() {
        let page = include_str!("../../../docs/formats/approval.md");
        let text =
            page.lines().map(str::trim).find(|line| line.starts_with("{\"v\":\"countersign/approval/v1\"")).unwrap();
        let exact = countersign_core::json::Exact::<Approval>::parse(text.as_bytes()).unwrap();
        assert!(verify_approval(exact.value(), &ORDER, &person()).is_ok());
        let line = String::from_utf8(approval_message(&exact.value().signed_digest())).unwrap();
        assert!(page.contains(line.trim_end()));
        assert_eq!(exact.value(), &signed(1, |_| ()));
    }

    #[test]
    fn each_changed_member_breaks_the_signature() {
        let changes: [fn(&mut Approval); 3] = [
            |approval| approval.role = SignerRole::Author,
            |approval| approval.verdict = Verdict::Refuse,
            |approval| approval.at = approval.at.plus(1),
        ];
        for change in changes {
            let mut approval = signed(1, |_| ());
            change(&mut approval);
            let error = verify_approval(&approval, &ORDER, &person()).unwrap_err();
            assert!(matches!(error, ApprovalError::Signature { source: SignatureError::Wrong, .. }), "{error}");
        }
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let other_order = signed(1, |approval| approval.order = Digest([8; 32]));
        assert!(matches!(verify_approval(&other_order, &ORDER, &person()), Err(ApprovalError::OtherOrder { .. })));
        // The order digest is what is signed: naming the right order over a signature for another does not help.
        let renamed = Approval { order: ORDER, ..other_order };
        assert!(matches!(verify_approval(&renamed, &ORDER, &person()), Err(ApprovalError::Signature { .. })));
        let other_person = signed(1, |approval| approval.approver = PersonId::parse("bruno-costa").unwrap());
        assert!(matches!(verify_approval(&other_person, &ORDER, &person()), Err(ApprovalError::OtherPerson { .. })));
        let unknown_key = signed(3, |_| ());
        assert!(matches!(verify_approval(&unknown_key, &ORDER, &person()), Err(ApprovalError::KeyNotInRoster { .. })));
        // Signed by one roster key, claimed for the other.
        let claimed = Approval { key: key(2), ..signed(1, |_| ()) };
        assert!(matches!(verify_approval(&claimed, &ORDER, &person()), Err(ApprovalError::Signature { .. })));
        for role in [SignerRole::Counsel, SignerRole::RightsExpert, SignerRole::Agent] {
            let approval = signed(1, |approval| approval.role = role);
            assert!(matches!(
                verify_approval(&approval, &ORDER, &person()),
                Err(ApprovalError::RoleNotPermitted { .. })
            ));
        }
        let mut unreadable = person();
        unreadable.keys.push("rsa AAAA".to_owned());
        let approval = Approval { key: "rsa AAAA".to_owned(), ..signed(1, |_| ()) };
        assert!(matches!(verify_approval(&approval, &ORDER, &unreadable), Err(ApprovalError::Key { .. })));
    }

    #[test]
    fn control_signatures_are_over_the_body() {
        let body = "{}";
        let message = countersign_core::control::control_message(body);
        let signature = base64::write_padded(&secret(1).sign(&message).to_bytes());
        let trustee = PublicKey::ed25519(&secret(1).verifying_key().to_bytes()).unwrap();
        assert_eq!(crate::verify_control_signature(body, &trustee, &signature), Ok(()));
        assert_eq!(crate::verify_control_signature("{ }", &trustee, &signature), Err(SignatureError::Wrong));
    }

    proptest::proptest! {
        #[test]
        fn foreign_text_never_panics(key in ".{0,80}", signature in ".{0,120}") {
            let _ = PublicKey::parse(&key);
            let key = PublicKey::parse(&super::tests::key(1)).unwrap();
            proptest::prop_assert!(verify_signature(&key, "n", b"m", &signature).is_err());
            let _ = crate::from_armor(&signature);
        }
    }
}
