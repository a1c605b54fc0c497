//! A client as the custodian's own file states it, with the names of IVMS101, before the row is sealed.

use crate::date::{PartialDate, StatedDate};
use crate::entity::{Kind, Name, NameQuality};
use crate::identifier::{Identifier, IdentifierKind};
use crate::read::add_name;
use crate::screen::Query;
use crate::territory::Territory;
use crate::text::{TextFault, clean_name};

/// A row that can be compared.
#[derive(Debug)]
pub struct Asked {
    /// What is asked; its id is the account.
    pub query: Query,
    /// Columns with a value that cannot be compared.
    pub left_out: Vec<&'static str>,
}

/// What to ask about the client of a row; `value` gives a column's value, empty when there is none.
///
/// Compared are the name, the birth date, the document's number with the state that issued it (which nearly always is a nationality; where
/// somebody lives is none), and the wallet. A row without given name and birth date may be a firm: it is compared with everything.
///
/// # Errors
/// When the name cannot be compared: to go on would say that nobody is listed under it. The name is not repeated.
pub fn asked<'a>(value: impl Fn(&str) -> &'a str) -> Result<Asked, TextFault> {
    let (family, given) = (value("primaryIdentifier"), value("secondaryIdentifier"));
    let birth = value("dateOfBirth");
    let kind = if given.is_empty() && birth.is_empty() { Kind::Unknown } else { Kind::Person };
    let text = clean_name(&format!("{given} {family}"))?;
    let mut names = Vec::new();
    let family = Some(family.to_owned()).filter(|_| !given.is_empty());
    add_name(&mut names, Name { text, quality: NameQuality::Primary, family }, kind);
    let mut left_out = Vec::new();
    let mut dates = Vec::new();
    if !birth.is_empty() {
        match PartialDate::parse(birth) {
            Some(date) => dates.push(StatedDate::exact(date)),
            None => left_out.push("dateOfBirth"),
        }
    }
    let issued_by = value("countryOfIssue");
    let territories: Vec<Territory> = Territory::from_code(issued_by).into_iter().collect();
    if territories.is_empty() && !issued_by.is_empty() {
        left_out.push("countryOfIssue");
    }
    let mut identifiers = Vec::new();
    let numbers =
        [("nationalIdentifier", paper(value("nationalIdentifierType"))), ("walletAddress", IdentifierKind::Wallet)];
    for (column, kind) in numbers {
        let number = value(column);
        match Identifier::new(kind, number) {
            Some(found) => identifiers.push(found),
            None if number.is_empty() => {}
            None => left_out.push(column),
        }
    }
    let id = value("account").to_owned();
    Ok(Asked { query: Query { id, kind, names, dates, territories, gender: None, identifiers }, left_out })
}

/// What a paper of this IVMS101 code is among our identifiers.
pub(crate) fn paper(code: &str) -> IdentifierKind {
    match code {
        "CCPT" => IdentifierKind::Passport,
        "TXID" => IdentifierKind::Tax,
        "LEIX" => IdentifierKind::Lei,
        "RAID" => IdentifierKind::Registration,
        _ => IdentifierKind::National,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(row: &[(&str, &'static str)]) -> Result<Asked, TextFault> {
        asked(|column| row.iter().find(|(name, _)| *name == column).map_or("", |(_, value)| value))
    }

    #[test]
    fn a_row_asks_what_a_transfer_asks() {
        let row = [
            ("account", "A-1"),
            ("primaryIdentifier", "Zemlinov"),
            ("secondaryIdentifier", "Ilya"),
            ("dateOfBirth", "1960-08-11"),
            ("nationalIdentifier", "AB850901"),
            ("nationalIdentifierType", "CCPT"),
            ("countryOfIssue", "LY"),
            ("countryOfResidence", "DE"),
        ];
        let Asked { query, left_out } = ask(&row).unwrap();
        assert_eq!((query.id.as_str(), query.kind, left_out), ("A-1", Kind::Person, vec![]));
        assert_eq!(query.names[0].text, "Ilya Zemlinov");
        assert_eq!(query.names[0].family.as_deref(), Some("Zemlinov"));
        assert_eq!((query.dates.len(), query.identifiers[0].kind), (1, IdentifierKind::Passport));
        assert_eq!(query.territories.iter().map(Territory::code).collect::<Vec<_>>(), ["LY"]);
    }

    #[test]
    fn what_may_be_a_firm_is_compared_with_everything() {
        let Asked { query, .. } = ask(&[("account", "A-2"), ("primaryIdentifier", "Belso Lines Ltd")]).unwrap();
        assert_eq!(query.kind, Kind::Unknown);
    }

    #[test]
    fn a_name_that_cannot_be_compared_stops_and_other_values_are_named_by_column() {
        assert!(ask(&[("primaryIdentifier", "\u{200b}-"), ("account", "A-3")]).is_err());
        assert!(ask(&[("primaryIdentifier", "J\u{fffd}rg"), ("account", "A-3")]).is_err());
        let row = [
            ("primaryIdentifier", "Orlando"),
            ("dateOfBirth", "soon"),
            ("nationalIdentifier", "1"),
            ("countryOfIssue", "XQ"),
            ("walletAddress", "?"),
        ];
        let left_out = ask(&row).unwrap().left_out;
        assert_eq!(left_out, ["dateOfBirth", "countryOfIssue", "nationalIdentifier", "walletAddress"]);
    }
}
