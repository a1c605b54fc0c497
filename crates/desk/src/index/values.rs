//! Where the values of an attribute come from: the columns of an imported file, or the lines of a letter.

use crate::register::Row;
use countersign_seal::kind::Attribute;
use countersign_seal::normal::{Normal, NormalError};

/// What the lines of a value are, by attribute, for people.
pub const LINES: [(Attribute, &str); 6] = [
    (Attribute::NameBirth, "a line with all parts of the name, a line with the birth date YYYY-MM-DD"),
    (Attribute::Email, "the address"),
    (Attribute::Phone, "the number, from `+` and the country code on"),
    (Attribute::Document, "a line each: issuing state, type (such as CCPT, IDCD), number"),
    (Attribute::Wallet, "the address"),
    (Attribute::Account, "the account number"),
];

/// Reads a value as an officer writes it, one line for each part.
///
/// # Errors
/// A text for people that never repeats the value.
pub fn normal_of_lines(attribute: Attribute, text: &str) -> Result<Normal, String> {
    let lines: Vec<&str> = text.trim_end_matches(['\n', '\r']).lines().collect();
    let read = match (attribute, lines.as_slice()) {
        (Attribute::NameBirth, [name, birth]) => Normal::name_and_birth(&[name], birth),
        (Attribute::Email, [address]) => Normal::email(address),
        (Attribute::Phone, [number]) => Normal::phone(number),
        (Attribute::Document, [country, kind, number]) => Normal::document(country, kind, number),
        (Attribute::Wallet, [address]) => Normal::wallet(address),
        (Attribute::Account, [number]) => Normal::account(number),
        _ => {
            let wanted = LINES.iter().find(|(known, _)| *known == attribute).map_or("", |(_, wanted)| wanted);
            return Err(format!("a value of `{attribute}` is {wanted}; {} lines were given", lines.len()));
        }
    };
    read.map_err(|error| error.to_string())
}

/// The value of a row; `None` when the row has none.
pub(super) fn of_row(attribute: Attribute, row: &Row) -> Option<Result<Normal, (&'static str, NormalError)>> {
    let value = |column: &'static str| Some(row.value(column)).filter(|value| !value.is_empty());
    let (column, normal) = match attribute {
        Attribute::NameBirth => {
            let names = [row.value("primaryIdentifier"), row.value("secondaryIdentifier")];
            ("primaryIdentifier", Normal::name_and_birth(&names, value("dateOfBirth")?))
        }
        Attribute::Email => ("emailAddress", Normal::email(value("emailAddress")?)),
        Attribute::Phone => ("phoneNumber", Normal::phone(value("phoneNumber")?)),
        Attribute::Document => {
            let (number, kind) = (value("nationalIdentifier")?, value("nationalIdentifierType")?);
            ("nationalIdentifier", Normal::document(value("countryOfIssue")?, kind, number))
        }
        Attribute::Wallet => ("walletAddress", Normal::wallet(value("walletAddress")?)),
        Attribute::Account => ("account", Normal::account(value("account")?)),
    };
    Some(normal.map_err(|error| (column, error)))
}
