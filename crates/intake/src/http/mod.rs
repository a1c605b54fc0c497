//! Signed HTTP requests: RFC 9421 signatures with RFC 9530 digests over a fixed list of components.
//!
//! Format: `docs/formats/inbound.md`, "Signed requests". What a sender may choose elsewhere is fixed here: the components and their order,
//! the parameters, the algorithm by the key of the directory. A request signed in any other way is refused, whatever its signature is worth.

pub mod base;
pub mod digest;
pub mod fields;
mod head;
pub mod kept;
mod signed;

pub use head::{HttpRequest, MAX_HEAD, REFUSED};
pub use signed::{
    COMPONENTS, LONGEST_LIFE, Purpose, QUERY_COMPONENTS, QUERY_TAG, SKEW, SignedHead, SignedRequest, TAG,
};
