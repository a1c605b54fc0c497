//! The running log: one sequencer over the journal's store, tiles in a folder, witnesses, waits with proofs.
//!
//! The way of a leaf: a domain transaction *accepts* it (`store::journal::enqueue`); [`Log::sequence`] signs a tree that covers it
//! and moves the store's head, then it is *durable*; [`Log::publish`] writes the tiles, asks the witnesses and, once the policy's
//! quorum has cosigned, replaces `checkpoint` in the log's folder, then it is *public*. Durable and public leaves have a proof; an
//! effect on the outside needs an [`Intent`], which only a public proof gives.

mod durable;
mod error;
mod folder;
mod fsck;
mod intent;
mod open;
mod publish;
mod reader;
mod replay;
mod sequence;
pub mod serve;
mod wait;
pub mod witness;

pub use error::{LogError, Result};
pub use folder::{FolderTiles, TileStore};
pub use fsck::{FsckReport, fsck};
pub use intent::{INTENT_GRACE, Intent, IntentError, overdue};
pub use open::{Log, LogParts, Pace, Progress};
pub use publish::Published;
pub use reader::{FolderSource, HttpSource, LogReader, LogSource, ReadError};
pub use wait::PublicProof;
