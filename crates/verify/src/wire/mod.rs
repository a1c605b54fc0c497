//! Messages between parties: what the desk asks a trustee, what a trustee answers, what an authority signs.
//!
//! Bytes: `docs/formats/wire.md`, those of the founding ceremony `docs/formats/ceremony.md`. Every message is one [`Signed`] document.

mod answer;
mod ceremony;
mod delay;
mod hex_bytes;
mod log_key;
mod lookup;
mod release;
mod signed;
mod totals;

pub use answer::{Answer, AnswerV1, Outcome, Receipt, ReceiptV1};
pub use ceremony::{
    CEREMONY_SUFFIX, CeremonyTerms, CeremonyTermsV1, Complaint, ComplaintV1, IndexTerms, TrusteeIdentity,
    TrusteeIdentityV1,
};
pub use delay::{DelayOrder, DelayV1};
pub use hex_bytes::HexBytes;
pub use log_key::{TrusteeLogKey, TrusteeLogKeyV1};
pub use lookup::{LookupRequest, LookupRequestV1, SealedHeader};
pub use release::{LeafEvidence, MAX_APPROVALS, ReleaseRequest, RequestV1, StandingEvidence};
pub use signed::{Signed, SignedError};
pub use totals::{DisclosedLeaf, MAX_STRETCH, TotalsAnswer, TotalsAnswerV1, TotalsRequest, TotalsRequestV1};
