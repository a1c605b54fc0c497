//! What the endpoints share.

use std::sync::Arc;

use countersign_core::time::Clock;
use countersign_log::TileStore;

use crate::PublicState;
use crate::requests::Intake;

/// The parts that the public site is made of.
pub struct Site {
    /// Where the figures come from.
    pub state: Arc<dyn PublicState>,
    /// The time that ages are counted to.
    pub clock: Arc<dyn Clock>,
    /// The log: `checkpoint`, `vkey` and `tile/`.
    pub log: Arc<dyn TileStore>,
    /// Requests of authorities, where the custodian takes them over HTTP.
    pub requests: Option<Intake>,
}
