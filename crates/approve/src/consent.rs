//! One client's consent against one order and the client key digest of the client's records.

use crate::key::{KeyError, PublicKey};
use crate::signature::{SignatureError, verify_signature};
use countersign_core::consent::{CONSENT_NAMESPACE, Consent, client_key_digest, consent_message};
use countersign_core::id::Digest;

/// Why a consent is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// The consent is over another order.
    #[error("consent to another order: {found} instead of {expected}")]
    OtherOrder {
        /// Digest in the consent.
        found: Digest,
        /// Digest of the order.
        expected: Digest,
    },
    /// The key is not the one whose digest the labels hold.
    #[error("the key of the consent is not the client's: its digest is {found}, the label holds {expected}")]
    OtherKey {
        /// Digest of the key in the consent.
        found: Digest,
        /// Digest in the label.
        expected: Digest,
    },
    /// The key is not in a known spelling.
    #[error("key of the consent: {0}")]
    Key(#[from] KeyError),
    /// The signature is not accepted.
    #[error("consent: {0}")]
    Signature(#[from] SignatureError),
}

/// Checks one consent: it is over `order`, under the key with the digest `client_key`, and its signature verifies.
///
/// Not checked here: whether `at` is plausible (`verify`).
///
/// # Errors
/// [`ConsentError`]; see its variants.
pub fn verify_consent(consent: &Consent, order: &Digest, client_key: &Digest) -> Result<(), ConsentError> {
    if consent.order != *order {
        return Err(ConsentError::OtherOrder { found: consent.order, expected: *order });
    }
    let found = client_key_digest(&consent.key);
    if found != *client_key {
        return Err(ConsentError::OtherKey { found, expected: *client_key });
    }
    let key = PublicKey::parse(&consent.key)?;
    let message = consent_message(&consent.signed_digest());
    Ok(verify_signature(&key, CONSENT_NAMESPACE, &message, &consent.signature)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64;
    use countersign_core::consent::ConsentV1;
    use countersign_core::time::Timestamp;
    use ed25519_dalek::{Signer as _, SigningKey};

    const ORDER: Digest = Digest([7; 32]);

    fn key(seed: u8) -> String {
        PublicKey::ed25519(&SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes()).unwrap().to_string()
    }

    fn signed(seed: u8, change: impl FnOnce(&mut Consent)) -> Consent {
        let at = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
        let mut consent = Consent { v: ConsentV1, order: ORDER, at, key: key(seed), signature: String::new() };
        change(&mut consent);
        let message = consent_message(&consent.signed_digest());
        consent.signature = base64::write_padded(&SigningKey::from_bytes(&[seed; 32]).sign(&message).to_bytes());
        consent
    }

    #[test]
    fn a_consent_is_over_one_order_by_one_client_at_one_time() {
        let client = client_key_digest(&key(1));
        let good = signed(1, |_| ());
        assert_eq!(verify_consent(&good, &ORDER, &client), Ok(()));
        assert!(Consent::is_claimed_by(countersign_core::json::Exact::write(good.clone()).unwrap().text()));
        let other = signed(1, |consent| consent.order = Digest([8; 32]));
        assert!(matches!(verify_consent(&other, &ORDER, &client), Err(ConsentError::OtherOrder { .. })));
        let renamed = Consent { order: ORDER, ..other };
        assert!(matches!(verify_consent(&renamed, &ORDER, &client), Err(ConsentError::Signature(_))));
        let later = Consent { at: good.at.plus(1), ..good.clone() };
        assert!(matches!(verify_consent(&later, &ORDER, &client), Err(ConsentError::Signature(_))));
        assert!(matches!(verify_consent(&signed(2, |_| ()), &ORDER, &client), Err(ConsentError::OtherKey { .. })));
        let claimed = Consent { key: key(1), ..signed(2, |_| ()) };
        assert!(matches!(verify_consent(&claimed, &ORDER, &client), Err(ConsentError::Signature(_))));
        let unreadable = Consent { key: "rsa AAAA".to_owned(), ..good };
        let digest = client_key_digest(&unreadable.key);
        assert!(matches!(verify_consent(&unreadable, &ORDER, &digest), Err(ConsentError::Key(_))));
    }

    /// An approval's signature never passes for a consent, nor the other way round: the labels of the lines differ.
    #[test]
    fn an_approval_is_no_consent() {
        use countersign_core::approval::{SignerRole, Verdict, approval_digest, approval_message};
        let mut consent = signed(1, |_| ());
        let person = countersign_core::id::PersonId::parse("anna-berg").unwrap();
        let digest = approval_digest(&ORDER, &person, SignerRole::Agent, Verdict::Approve, consent.at);
        let signature = SigningKey::from_bytes(&[1; 32]).sign(&approval_message(&digest));
        consent.signature = base64::write_padded(&signature.to_bytes());
        let refused = verify_consent(&consent, &ORDER, &client_key_digest(&key(1)));
        assert!(matches!(refused, Err(ConsentError::Signature(SignatureError::Wrong))));
    }
}
