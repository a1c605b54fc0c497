//! The running log: one sequencer over the journal's store, tiles in a folder or a bucket, witnesses, waits with
//! proofs.
//!
//! The way of a leaf: a domain transaction *accepts* it (`store::journal::enqueue`); [`Log::sequence`] signs a tree that covers it
//! and moves the store's head, then it is *durable*; [`Log::publish`] writes the tiles, asks the witnesses and, once the policy's
//! quorum has cosigned, replaces `checkpoint` beside the tiles, then it is *public*. Durable and public leaves have a proof; an
//! effect on the outside needs an [`Intent`], which only a public proof gives.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod durable;
mod error;
pub mod files;
mod folder;
mod fsck;
mod intent;
mod open;
mod publish;
mod reader;
mod replay;
#[cfg(feature = "s3")]
mod s3;
mod sequence;
pub mod serve;
mod tiles;
mod wait;
pub mod witness;

pub use durable::Durable;
pub use error::{LogError, Result};
pub use folder::FolderTiles;
pub use fsck::{FsckReport, fsck, rebuild};
pub use intent::{INTENT_GRACE, Intent, IntentError, overdue};
pub use open::{Log, LogParts, Pace, Progress};
pub use publish::Published;
pub use reader::{FolderSource, HttpSource, LogReader, LogSource, ReadError, TilesSource};
#[cfg(feature = "s3")]
pub use s3::{BucketTiles, S3Credentials, S3Limits, S3Settings};
pub use tiles::TileStore;
pub use wait::PublicProof;
