//! Payments from a CSV file, kept as keyed tags, and how many clients paid an address.

use super::columns::{Column, Form};
use super::import::{CHANGED, Imported, NO_ROWS, digest_of, import_digest};
use super::references::ReferenceKey;
use super::rows::{BadRow, BadRows, CsvOptions, ImportError, Rejected, Row, Rows};
use crate::ports::BlastRadius;
use async_trait::async_trait;
use countersign_core::time::Timestamp;
use countersign_store::{DeskStore, Payment, PaymentsStart, Tag};
use std::collections::BTreeSet;
use std::io::{Read, Seek};
use std::sync::Arc;

/// The chain of the addresses in a file of payments.
pub const BITCOIN: &str = "bitcoin";

const fn column(name: &'static str, limit: usize, form: Form) -> Column {
    Column { name, class: None, required: true, limit, form }
}

/// The columns of a file of payments. The transaction's id is checked and not kept.
pub const PAYMENT_COLUMNS: &[Column] = &[
    column("txid", 64, Form::Txid),
    column("address", 128, Form::Line),
    column("account", 64, Form::Line),
    column("amount_sat", 20, Form::Amount),
    column("paid_at", 20, Form::Time),
];

const CHUNK: usize = 1_000;

/// Imports a file of payments: the whole of it, or its good rows when the options say so, or nothing. Payments of accounts that
/// are not in the register are bad rows.
///
/// # Errors
/// [`ImportError`]; nothing of the file is kept then.
pub async fn import_payments<R: Read + Seek + Send>(
    mut file: R,
    options: &CsvOptions,
    references: &ReferenceKey,
    store: &dyn DeskStore,
    now: Timestamp,
) -> Result<Imported, ImportError> {
    let digest = import_digest("payments", &digest_of(&mut file)?);
    let mut rows = Rows::open(&mut file, PAYMENT_COLUMNS, options)?;
    let mut writer = match store.begin_payments(&digest).await? {
        PaymentsStart::AlreadyImported(before) => return Ok(Imported::Before(before)),
        PaymentsStart::Open(writer) => writer,
    };
    let (mut total, mut rejected) = (0, Rejected::default());
    loop {
        let chunk = read_chunk(&mut rows, references, &mut total, &mut rejected)?;
        if chunk.is_empty() {
            break;
        }
        let payers: Vec<Tag> = chunk.iter().map(|(_, payment)| payment.payer).collect();
        let known: BTreeSet<usize> = store.known_references(&payers).await?.into_iter().collect();
        let mut good = Vec::with_capacity(chunk.len());
        for (position, (line, payment)) in chunk.into_iter().enumerate() {
            if known.contains(&position) {
                good.push(payment);
            } else {
                let reason = "is not in the register: import the clients first".to_owned();
                rejected.push(BadRow { line, column: Some("account"), reason });
            }
        }
        writer.add(good).await?;
    }
    if import_digest("payments", &rows.digest()) != digest {
        return Err(ImportError::File(CHANGED));
    }
    if total == 0 {
        return Err(ImportError::File(NO_ROWS));
    }
    rejected.first.sort_by_key(|bad| bad.line);
    if rejected.count > 0 && (options.bad_rows == BadRows::Refuse || rejected.count == total) {
        return Err(ImportError::Rows(rejected));
    }
    let summary = writer.commit(rejected.count, now).await?;
    Ok(Imported::Now(summary, rejected))
}

/// Good rows with their lines; empty at the end of the file.
fn read_chunk<R: Read>(
    rows: &mut Rows<R>,
    references: &ReferenceKey,
    total: &mut u64,
    rejected: &mut Rejected,
) -> Result<Vec<(u64, Payment)>, ImportError> {
    let mut chunk = Vec::with_capacity(CHUNK);
    while chunk.len() < CHUNK {
        let Some(next) = rows.next()? else { break };
        *total += 1;
        match next.and_then(|row| payment(&row, references).map(|payment| (row.line, payment))) {
            Ok(payment) => chunk.push(payment),
            Err(bad) => rejected.push(bad),
        }
    }
    Ok(chunk)
}

fn payment(row: &Row, references: &ReferenceKey) -> Result<Payment, BadRow> {
    Ok(Payment {
        address: references.address(BITCOIN, row.value("address")),
        payer: references.account(row.value("account")),
        amount: row
            .value("amount_sat")
            .parse()
            .map_err(|_| row.bad("amount_sat", "is not a whole number above zero"))?,
        at: Timestamp::parse(row.value("paid_at")).map_err(|_| row.bad("paid_at", "is not a time"))?,
    })
}

/// The blast radius as the imported payments know it: direct payers of an address. Tracing knows more.
pub struct PaymentTable {
    store: Arc<dyn DeskStore>,
    references: Arc<ReferenceKey>,
}

impl PaymentTable {
    /// Counts on the payments of this store.
    pub fn new(store: Arc<dyn DeskStore>, references: Arc<ReferenceKey>) -> Self {
        Self { store, references }
    }
}

#[async_trait]
impl BlastRadius for PaymentTable {
    async fn exposed(&self, chain: &str, address: &str) -> Result<u64, String> {
        if chain != BITCOIN {
            return Err(format!("payments are known for the chain `{BITCOIN}` only"));
        }
        if self.store.payments().await.map_err(|error| error.to_string())? == 0 {
            return Err("no payments were imported: how many clients this would expose is unknown".to_owned());
        }
        let tag = self.references.address(chain, address);
        self.store.distinct_payers(&tag).await.map_err(|error| error.to_string())
    }
}
