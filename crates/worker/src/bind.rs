//! Binding to an order that is public.

use crate::error::WorkerError;
use base64ct::{Base64, Encoding};
use countersign_core::order::Mode;
use countersign_core::time::Timestamp;
use countersign_core::worker::{Binding, BindingV1, Worker};
use countersign_seal::transport::TransportSecret;
use countersign_verify::evidence::{Fault, PublicOrder};
use countersign_verify::wire::Signed;
use ed25519_dalek::SigningKey;

/// Signs that replies to `order` are to be encrypted to `secret`, which must be made for this order and for nothing else.
///
/// # Errors
/// [`WorkerError::OtherWorker`] when the order is not for this worker; [`WorkerError::Fault`] when the worker is not in
/// force.
pub fn bind(
    worker: &Worker,
    identity: &SigningKey,
    order: &PublicOrder,
    secret: &TransportSecret,
    at: Timestamp,
) -> Result<Signed<Binding>, WorkerError> {
    let own = worker.digest();
    let value = order.order.value();
    if value.recipient.mode != Mode::Worker {
        return Err(WorkerError::OtherWorker { named: value.recipient.key, own });
    }
    match order.state.worker_of(value) {
        Some(worker) if worker.digest() == own => {}
        None if value.recipient.key == own => {
            return Err(Fault::new("control", "does not have this worker in force").into());
        }
        _ => return Err(WorkerError::OtherWorker { named: value.recipient.key, own }),
    }
    let key = secret.public().map_err(|error| Fault::new("key", error))?;
    let binding = Binding {
        v: BindingV1,
        custodian: value.custodian,
        order: order.order.digest(),
        worker: own,
        index: order.included.index,
        key: Base64::encode_string(key.bytes()),
        at,
    };
    Ok(Signed::sign(binding, identity)?)
}
