//! The sealed register's way in: clients and payments from CSV, references to know them again, counts before names.
//!
//! What is read here in clear is sealed before it is stored; account numbers and chain addresses are kept as keyed tags only
//! ([`ReferenceKey`]). Files: `docs/formats/clients-csv.md`.

mod clients;
mod columns;
mod hints;
mod import;
mod onboarding;
mod payments;
mod records;
mod references;
mod rows;
mod view;

pub use columns::{COLUMNS, Column, ColumnError, ColumnProblem, Columns};
pub(crate) use import::clients_digest;
pub use import::{Checked, ClientImport, Imported, Stores, check_clients, import_clients, import_these_clients};
pub use onboarding::{Onboarded, each_client};
pub use payments::{BITCOIN, PAYMENT_COLUMNS, PaymentTable, import_payments};
pub use records::{StoredRecordError, opened_record, stored_record};
pub use references::ReferenceKey;
pub(crate) use references::one_spelling;
pub use rows::{BadRow, BadRows, CsvOptions, ImportError, MOST_REPORTED, Rejected};
pub(crate) use rows::{Row, Rows};
pub use view::{AccountState, Identification, MaskedView, SanctionsFlag};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
