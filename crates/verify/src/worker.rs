//! Bindings: the fresh key of a worker that an order names, and of nobody else.
//!
//! Bytes and rules: `docs/formats/worker.md`. A worker makes the key after the order is public and forgets it when its work
//! is done. Which binding came first only each trustee knows: it answers an order to one binding and to no other.

use crate::refusal::{Code, Refusal};
use crate::request::SKEW;
use crate::state::InForce;
use crate::wire::Signed;
use base64ct::{Base64, Encoding};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::order::{Mode, Order};
use countersign_core::time::Timestamp;
use countersign_core::worker::{Binding, Worker};
use countersign_seal::transport::TransportKey;

/// A binding that holds.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The worker in force.
    pub worker: Worker,
    /// Digest of the binding.
    pub digest: Digest,
    /// The key to which replies are encrypted.
    pub key: TransportKey,
    /// The same key, base64 as in the binding.
    pub text: String,
}

/// Checks the binding to `order`, whose leaf stands at `index`, by `now`.
///
/// # Errors
/// [`Refusal`] with [`Code::WorkerNotInForce`] or [`Code::BindingInvalid`].
pub fn check_binding(
    state: &InForce,
    order: &Exact<Order>,
    index: u64,
    binding: Option<&str>,
    now: Timestamp,
) -> Result<Bound, Refusal> {
    let value = order.value();
    let invalid = |detail: &dyn std::fmt::Display| Refusal::new(Code::BindingInvalid, detail);
    if value.recipient.mode != Mode::Worker {
        return Err(invalid(&"the order names no worker"));
    }
    let named = value.recipient.key;
    let worker = state
        .worker_of(value)
        .ok_or_else(|| Refusal::new(Code::WorkerNotInForce, format!("no worker `{named}` is in force")))?;
    let text = binding.ok_or_else(|| invalid(&"the worker's binding is missing"))?;
    let signed = Signed::<Binding>::open(text.as_bytes(), &worker.identity).map_err(|error| invalid(&error))?;
    let bound = signed.value();
    let rules = [
        (
            (bound.custodian, bound.order, bound.worker) == (value.custodian, order.digest(), worker.digest()),
            "a binding of another worker, or to another order",
        ),
        (bound.index == index, "it names another leaf than the order's"),
        (bound.at.plus(SKEW) >= value.not_before, "it is older than the order"),
        (bound.at <= now.plus(SKEW) && bound.at < value.expires, "it is of the future, or of after the order's end"),
    ];
    if let Some((_, reason)) = rules.into_iter().find(|(holds, _)| !holds) {
        return Err(invalid(&reason));
    }
    let key = Base64::decode_vec(&bound.key).map_err(|_| invalid(&"its key is not base64"))?;
    let key = TransportKey::decode(&key).map_err(|error| invalid(&error))?;
    Ok(Bound { worker: worker.clone(), digest: signed.document().digest(), key, text: bound.key.clone() })
}
