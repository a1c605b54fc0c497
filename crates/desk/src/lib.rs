//! The use cases of the custodian's desk, from a contact to a release.
//!
//! Read in the order of a case: [`contact`], [`receive`], [`inbound`], [`entry`], [`intake`], [`sender`], [`findings`], [`blast`], [`propose`], [`countersign`], [`publish`],
//! [`release`] and [`package`](release), [`refuse`], [`step`]. [`case_file`] reads a case back, [`dossier`] gives it away and rebuilds it, [`mod@clocks`] say what is due in it, [`listing`] what is due first. [`totals`] is the day's; [`change`] changes who may do what, and [`history`] reads that
//! back; [`retention`] erases clients; [`index`] finds them without a readable list. [`reading`] is daily operation, [`duty`] and [`exposure`] are what law asks for regularly. [`lists`] logs updates of screening lists. [`ports`] is what the
//! binary must provide.
//! Every use case appends one event with its documents and leaves in one transaction, or does nothing.

mod asking;
pub mod authorities;
pub mod blast;
mod caps;
pub mod case_file;
pub mod change;
pub mod clarify;
pub mod clocks;
pub mod contact;
pub mod countersign;
pub mod cover;
pub mod desk;
pub mod documents;
pub mod dossier;
pub mod duty;
pub mod entry;
pub mod error;
pub mod exit;
pub mod exposure;
pub mod figures;
pub mod filing;
pub mod findings;
pub mod history;
pub mod inbound;
pub mod index;
pub mod intake;
mod leaves;
pub mod listing;
pub mod lists;
pub mod opening;
pub mod overdue;
mod package;
pub mod ports;
pub mod presence;
pub mod propose;
pub mod publish;
pub mod reach;
pub mod reading;
pub mod receive;
pub mod refuse;
pub mod register;
pub mod release;
pub mod reseal;
pub mod restrictions;
pub mod retention;
pub mod run;
mod scope;
pub mod second_review;
pub mod sender;
pub mod staffing;
pub mod step;
pub mod timeline;
pub mod totals;
mod worker;

pub use desk::{Custodian, Desk, RingFiles, Surroundings};
pub use error::{DeskError, Result};

#[cfg(test)]
mod opacity;
#[cfg(test)]
mod world;
