//! What the desk and the log keep, as ports whose methods are use cases, and two stores behind them: memory and SQLite.
//!
//! Every method is one transaction: all of it happened or none of it. "Not found" is `Ok(None)`. Writing the same thing again is
//! `Ok`; writing another thing under the same name is [`StoreError::Conflict`]. One exported suite (`conformance`) holds every
//! store to that. The register's sigma secrets live behind their own port ([`Sigmas`]) in their own file, because they must be
//! erasable where everything else is append-only.

mod cases;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod error;
mod exposures;
mod index;
pub mod journal;
mod leaves;
mod listing;
pub mod memory;
mod openings;
mod orders;
mod payments;
mod queries;
mod register;
mod restrictions;
mod settings;
mod sigmas;
mod sql;
pub mod sqlite;

pub use cases::{Answered, AppendEvent, CaseLeaf, CaseSummary, Cases, NewOrder};
pub use error::{Result, StoreError};
pub use exposures::{Exposures, KeptExposures, NewExposures};
pub use index::{
    AttributeNumber, Batch, BlindIndex, ImportedRecord, IndexCounts, Indexed, ListName, Lookup, LookupReceipt,
    NewLookup, NewPosting,
};
pub use leaves::{Disclosures, LeafKey, NewLeaf, StoredDocument};
pub use listing::{CaseStanding, Due, DuePlace, Listing};
pub use openings::{ClosedLeaf, NewOpening, Openings, SealedLeaf};
pub use orders::{Counter, EffectKey, NewEffect, OpenEffect, OrderEntry, Orders, Receipt};
pub use payments::{Payment, PaymentWriter, Payments, PaymentsStart};
pub use queries::{KeptQuery, NewQuery, Queries};
pub use register::{
    HEADER_LEN, ImportStart, ImportSummary, ImportWriter, NewEntry, NewRecord, Register, RegisterCounts, SealedRecord,
    Tag,
};
pub use restrictions::{NewRestriction, NoticeCounts, QueuedNotice, RestrictionCount, Restrictions, Sent};
pub use settings::Settings;
pub use sigmas::{Sigma, Sigmas};

/// Everything the desk keeps, except the sigma secrets.
pub trait DeskStore:
    Cases + Listing + Openings + Orders + Register + BlindIndex + Payments + Queries + Exposures + Restrictions + Settings
{
}

impl<
    S: Cases
        + Listing
        + Openings
        + Orders
        + Register
        + BlindIndex
        + Payments
        + Queries
        + Exposures
        + Restrictions
        + Settings,
> DeskStore for S
{
}
