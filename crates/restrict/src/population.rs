//! Clients from an export, one row at a time: CSV or JSON lines, in constant memory.
//!
//! A value that is not there is unknown; `none` says that somebody looked and there is none. A row that contradicts itself or names a country
//! that does not exist is reported with its line and judged by nobody.

pub(crate) mod lines;
mod row;

use std::borrow::Cow;
use std::io::{self, BufRead};

use countersign_core::named_enum;
use serde::Deserialize;

use crate::client::Facts;
use crate::prices::Prices;
use lines::{Line, Lines, split};

named_enum! {
    /// The columns of a population, in CSV and as members in JSON lines.
    Column, "a column" {
        /// The custodian's own name of the client; required.
        Account = "account",
        /// `natural` or `legal`; follows from other columns when empty.
        Person = "person",
        /// Codes with spaces between, `none`: stateless.
        Nationality = "nationality",
        /// One code.
        Residence = "residence",
        /// Codes with spaces between, or `none`.
        Permit = "permit",
        /// One code.
        Establishment = "establishment",
        /// Codes with spaces between, or `none`.
        MajorityOwners = "majority_owners",
        /// One code, or `none`.
        AddressProof = "address_proof",
        /// Such as `eu@2022-03-15 un@2016-11-23`, or `none`.
        Listed = "listed",
        /// Activities with spaces between, or `none`.
        Activity = "activity",
        /// Value of all crypto-assets.
        Crypto = "crypto",
        /// Value of all deposits.
        Deposits = "deposits",
        /// Instead of `crypto`: quantities, such as `BTC:0.25 ETH:1.5`.
        Holdings = "holdings",
        /// Day on which the facts were established.
        AsOf = "as_of",
    }
}

/// Number of columns.
const COLUMNS: usize = Column::ALL.len();

/// One row of the export.
#[expect(
    clippy::large_enum_variant,
    reason = "handed from row to row and never kept: a box would allocate for each client"
)]
#[derive(Debug)]
pub enum Read<'r> {
    /// A client.
    Client(Client<'r>),
    /// A row that cannot be judged.
    Bad(BadRow),
}

/// One client and where the facts came from.
#[derive(Debug)]
pub struct Client<'r> {
    /// Line in the file, from 1.
    pub line: u64,
    /// The custodian's own name of the client.
    pub account: &'r str,
    /// What is known.
    pub facts: Facts,
    /// Day on which the facts were established, as written.
    pub as_of: Option<&'r str>,
}

/// A row that cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Line in the file, from 1.
    pub line: u64,
    /// The column, when one is to blame.
    pub column: Option<Column>,
    /// What is wrong.
    pub reason: String,
}

impl core::fmt::Display for BadRow {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", `{column}`")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// Why a whole population cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PopulationError {
    /// The file cannot be read.
    #[error("the population cannot be read")]
    Io(#[from] io::Error),
    /// The first line is not usable.
    #[error("the first line {0}")]
    Header(String),
    /// No clients.
    #[error("the population has no rows")]
    Empty,
    /// Quantities without prices.
    #[error("the population has `holdings`, which need a table of prices")]
    NoPrices,
}

/// The values of one row, by column; absent and empty are the same.
type Values<'r> = [Option<&'r str>; COLUMNS];

/// Reads CSV (RFC 4180 without line breaks inside values), the first line naming the columns.
///
/// # Errors
/// [`PopulationError`]; what is wrong with single rows is given to `each`.
pub fn csv(
    reader: impl BufRead,
    prices: Option<&Prices>,
    mut each: impl FnMut(Read<'_>),
) -> Result<(), PopulationError> {
    let mut lines = Lines::of(reader);
    let columns = {
        let Some((_, first)) = lines.next()? else { return Err(PopulationError::Empty) };
        let Line::Text(first) = first else { return Err(PopulationError::Header("is too long or not UTF-8".into())) };
        header(first.strip_prefix('\u{feff}').unwrap_or(first))?
    };
    if columns.contains(&Column::Holdings) && prices.is_none() {
        return Err(PopulationError::NoPrices);
    }
    let (mut rows, mut day) = (0u64, String::new());
    while let Some((line, read)) = lines.next()? {
        rows += 1;
        let mut fields = Vec::with_capacity(columns.len());
        let bad = |reason: String| Read::Bad(BadRow { line, column: None, reason });
        each(match read {
            Line::TooLong => bad(format!("is longer than {} bytes", lines::MAX_LINE)),
            Line::NotText => bad("is not UTF-8".into()),
            Line::Text(text) => match split(text, &mut fields) {
                Err(reason) => bad(reason.into()),
                Ok(()) if fields.len() != columns.len() => {
                    bad(format!("has {} fields, the first line has {}", fields.len(), columns.len()))
                }
                Ok(()) => {
                    let mut values: Values<'_> = [None; COLUMNS];
                    for (column, field) in columns.iter().zip(&fields) {
                        set(&mut values, *column, field);
                    }
                    row::read(line, &values, prices, &mut day)
                }
            },
        });
    }
    if rows == 0 { Err(PopulationError::Empty) } else { Ok(()) }
}

/// Reads one JSON object per line, members named like the columns, values as texts; `null` and absent are unknown.
///
/// # Errors
/// [`PopulationError`]; what is wrong with single rows is given to `each`.
pub fn json_lines(
    reader: impl BufRead,
    prices: Option<&Prices>,
    mut each: impl FnMut(Read<'_>),
) -> Result<(), PopulationError> {
    let mut lines = Lines::of(reader);
    let (mut rows, mut day) = (0u64, String::new());
    while let Some((line, read)) = lines.next()? {
        rows += 1;
        let bad = |reason: String| Read::Bad(BadRow { line, column: None, reason });
        match read {
            Line::TooLong => each(bad(format!("is longer than {} bytes", lines::MAX_LINE))),
            Line::NotText => each(bad("is not UTF-8".into())),
            // A list of the values in the right order would be read as well.
            Line::Text(text) if !text.trim_start().starts_with('{') => each(bad("is no object of texts".into())),
            Line::Text(text) => match serde_json::from_str::<Members<'_>>(text) {
                Err(error) => each(bad(format!("is no object of texts: {error}"))),
                Ok(members) if members.holdings.is_some() && prices.is_none() => return Err(PopulationError::NoPrices),
                Ok(members) => each(row::read(line, &members.values(), prices, &mut day)),
            },
        }
    }
    if rows == 0 { Err(PopulationError::Empty) } else { Ok(()) }
}

fn header(first: &str) -> Result<Vec<Column>, PopulationError> {
    let refuse = |reason: String| PopulationError::Header(reason);
    let mut names = Vec::new();
    split(first, &mut names).map_err(|reason| refuse(reason.into()))?;
    let mut columns = Vec::with_capacity(names.len());
    for name in &names {
        let known = || Column::ALL.iter().map(|column| column.as_str()).collect::<Vec<_>>().join(", ");
        let shown = name.chars().take(60).collect::<String>();
        let column = Column::parse(name.trim())
            .map_err(|_| refuse(format!("has the column `{shown}`, which is unknown; known are {}", known())))?;
        if columns.contains(&column) {
            return Err(refuse(format!("has the column `{shown}` twice")));
        }
        columns.push(column);
    }
    if columns.contains(&Column::Account) { Ok(columns) } else { Err(refuse("has no column `account`".into())) }
}

fn set<'r>(values: &mut Values<'r>, column: Column, value: &'r str) {
    let value = value.trim_matches(' ');
    if let Some(place) = values.get_mut(column as usize) {
        *place = Some(value).filter(|value| !value.is_empty());
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members<'r> {
    #[serde(borrow)]
    account: Option<Cow<'r, str>>,
    #[serde(borrow)]
    person: Option<Cow<'r, str>>,
    #[serde(borrow)]
    nationality: Option<Cow<'r, str>>,
    #[serde(borrow)]
    residence: Option<Cow<'r, str>>,
    #[serde(borrow)]
    permit: Option<Cow<'r, str>>,
    #[serde(borrow)]
    establishment: Option<Cow<'r, str>>,
    #[serde(borrow)]
    majority_owners: Option<Cow<'r, str>>,
    #[serde(borrow)]
    address_proof: Option<Cow<'r, str>>,
    #[serde(borrow)]
    listed: Option<Cow<'r, str>>,
    #[serde(borrow)]
    activity: Option<Cow<'r, str>>,
    #[serde(borrow)]
    crypto: Option<Cow<'r, str>>,
    #[serde(borrow)]
    deposits: Option<Cow<'r, str>>,
    #[serde(borrow)]
    holdings: Option<Cow<'r, str>>,
    #[serde(borrow)]
    as_of: Option<Cow<'r, str>>,
}

impl Members<'_> {
    fn values(&self) -> Values<'_> {
        let mut values: Values<'_> = [None; COLUMNS];
        for (column, value) in [
            (Column::Account, &self.account),
            (Column::Person, &self.person),
            (Column::Nationality, &self.nationality),
            (Column::Residence, &self.residence),
            (Column::Permit, &self.permit),
            (Column::Establishment, &self.establishment),
            (Column::MajorityOwners, &self.majority_owners),
            (Column::AddressProof, &self.address_proof),
            (Column::Listed, &self.listed),
            (Column::Activity, &self.activity),
            (Column::Crypto, &self.crypto),
            (Column::Deposits, &self.deposits),
            (Column::Holdings, &self.holdings),
            (Column::AsOf, &self.as_of),
        ] {
            set(&mut values, column, value.as_deref().unwrap_or_default());
        }
        values
    }
}
