//! Documents of the founding ceremony: who a trustee says it is, the terms of a ceremony, a complaint about a party.
//!
//! Bytes: `docs/formats/ceremony.md`.

use base64ct::{Base64, Encoding};
use countersign_core::class::Class;
use countersign_core::control::{Custodian, JournalKey};
use countersign_core::country::Country;
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Document;
use countersign_core::time::Timestamp;
use countersign_core::version_tag;
use countersign_seal::kind::{Attribute, Slot};
use countersign_seal::ring::MIN_THRESHOLD;
use countersign_seal::transport::PUBLIC_LEN;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the trustee identity format.
    TrusteeIdentityV1 = "countersign/trustee-identity/v1"
);
version_tag!(
    /// Version of the ceremony terms format.
    CeremonyTermsV1 = "countersign/ceremony-terms/v1"
);
version_tag!(
    /// Version of the complaint format.
    ComplaintV1 = "countersign/ceremony-complaint/v1"
);

/// What a trustee tells everybody about itself, signed by the identity key in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrusteeIdentity {
    /// Format version.
    pub v: TrusteeIdentityV1,
    /// Index of its shares, from 1.
    pub index: u16,
    /// Short name.
    pub name: PersonId,
    /// State whose law binds it.
    pub state: Country,
    /// Whether its own law obliges it to answer financial intelligence units.
    pub obliged_entity: bool,
    /// Ed25519 identity key.
    pub identity: Digest,
    /// X-Wing transport key, base64 of 1,216 bytes.
    pub transport: String,
}

impl Document for TrusteeIdentity {
    const WHAT: &'static str = "identity of a trustee";
    const DOMAIN: &'static str = TrusteeIdentityV1::TEXT;
    const MAX_LEN: usize = 2 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let transport = Base64::decode_vec(&self.transport).is_ok_and(|bytes| bytes.len() == PUBLIC_LEN);
        let rules = [
            (self.index > 0, "`index` is 0: trustees are numbered from 1"),
            (transport, "`transport` is not base64 of 1,216 bytes"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// What a ceremony is about. Its digest is the ceremony's id in the ring, so a ring names the terms that it was made under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeremonyTerms {
    /// Format version.
    pub v: CeremonyTermsV1,
    /// 32 random bytes, never used for another ceremony.
    pub id: Digest,
    /// The custodian.
    pub custodian: Custodian,
    /// When the terms were written.
    pub created: Timestamp,
    /// The journal that genesis will name.
    pub journal: JournalKey,
    /// The log of this ceremony; its origin is that of the journal and `/ceremony`.
    pub log: JournalKey,
    /// C2SP tlog-policy text: exactly the log of the ceremony, and the witnesses of genesis.
    pub witness_policy: String,
    /// Name of the ring.
    pub ring: String,
    /// Shares needed.
    pub threshold: u16,
    /// Classes to make keys for, ascending.
    pub classes: Vec<Class>,
    /// The index ring to make in the same ceremony; the member is left out when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexTerms>,
    /// Signed identities of trustees 1 to n, exact text.
    pub trustees: Vec<String>,
}

/// The index ring of a founding: the same trustees, the same threshold, keys of another type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexTerms {
    /// Name of the index ring.
    pub ring: String,
    /// Attributes to make keys for, in the order of the registry.
    pub attributes: Vec<Attribute>,
}

impl Document for CeremonyTerms {
    const WHAT: &'static str = "ceremony terms";
    const DOMAIN: &'static str = CeremonyTermsV1::TEXT;
    /// Less than an entry of a log may have.
    const MAX_LEN: usize = 60 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let origin = self.log.origin.strip_suffix(CEREMONY_SUFFIX);
        let rules = [
            (
                origin == Some(self.journal.origin.as_str()),
                "the origin of `log` is not that of `journal` and `/ceremony`",
            ),
            (!self.classes.is_empty(), "no classes"),
            (
                self.classes.is_sorted_by(|left, right| left.number() < right.number()),
                "classes are not in order or repeat",
            ),
            (
                self.index.as_ref().is_none_or(|index| !index.attributes.is_empty()),
                "an index without attributes: leave `index` out",
            ),
            (
                self.index.as_ref().is_none_or(|index| {
                    let number = |attribute: &Attribute| Slot::Attribute(*attribute).number();
                    index.attributes.is_sorted_by(|left, right| number(left) < number(right))
                }),
                "attributes are not in order or repeat",
            ),
            (self.index.as_ref().is_none_or(|index| index.ring != self.ring), "both rings have one name"),
            (self.threshold >= MIN_THRESHOLD, "a threshold below 2 lets one trustee open everything"),
            (usize::from(self.threshold) <= self.trustees.len(), "the threshold is above the number of trustees"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// What the origin of a ceremony's log adds to that of the journal.
pub const CEREMONY_SUFFIX: &str = "/ceremony";

/// A trustee's signed word that it does not go on, and whose fault that is. Nobody else can check what a message encrypted to it held:
/// it is one party's word against another's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Complaint {
    /// Format version.
    pub v: ComplaintV1,
    /// Digest of the terms.
    pub terms: Digest,
    /// Who complains.
    pub trustee: u16,
    /// Which trustee is to blame, if one can be named.
    pub blames: Option<u16>,
    /// Why, for people.
    pub reason: String,
}

impl Document for Complaint {
    const WHAT: &'static str = "complaint of a trustee";
    const DOMAIN: &'static str = ComplaintV1::TEXT;
    const MAX_LEN: usize = 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (self.trustee > 0, "`trustee` is 0: trustees are numbered from 1"),
            (self.blames != Some(0), "`blames` is 0: trustees are numbered from 1"),
            (self.blames != Some(self.trustee), "a trustee does not complain about itself"),
            (!self.reason.trim().is_empty(), "no reason"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
