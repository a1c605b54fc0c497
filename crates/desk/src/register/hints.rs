//! Which known column a foreign one looks like most.

use super::columns::Column;

/// What other systems call things: letters and digits in lower case, and the known name.
const SYNONYMS: &[(&str, &str)] = &[
    ("accountid", "account"),
    ("accountnumber", "account"),
    ("birthdate", "dateOfBirth"),
    ("birthday", "dateOfBirth"),
    ("city", "townName"),
    ("clientid", "account"),
    ("comment", "notes"),
    ("countrycode", "country"),
    ("customerid", "account"),
    ("customeridentification", "account"),
    ("dob", "dateOfBirth"),
    ("documentnumber", "nationalIdentifier"),
    ("documenttype", "nationalIdentifierType"),
    ("email", "emailAddress"),
    ("familyname", "primaryIdentifier"),
    ("firstname", "secondaryIdentifier"),
    ("forename", "secondaryIdentifier"),
    ("givenname", "secondaryIdentifier"),
    ("housenumber", "buildingNumber"),
    ("issuingcountry", "countryOfIssue"),
    ("lastname", "primaryIdentifier"),
    ("legalname", "primaryIdentifier"),
    ("mail", "emailAddress"),
    ("mobile", "phoneNumber"),
    ("name", "primaryIdentifier"),
    ("passport", "nationalIdentifier"),
    ("passportnumber", "nationalIdentifier"),
    ("phone", "phoneNumber"),
    ("postalcode", "postCode"),
    ("residence", "countryOfResidence"),
    ("street", "streetName"),
    ("surname", "primaryIdentifier"),
    ("swift", "bic"),
    ("telephone", "phoneNumber"),
    ("town", "townName"),
    ("uid", "account"),
    ("userid", "account"),
    ("wallet", "walletAddress"),
    ("zip", "postCode"),
    ("zipcode", "postCode"),
];

/// Longest name that is compared letter by letter.
const MOST_COMPARED: usize = 64;

/// The known column that `name` looks like most.
pub(super) fn nearest(known: &'static [Column], name: &str) -> &'static str {
    let name = plain(name);
    let synonym = SYNONYMS.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours);
    if let Some(column) = known.iter().find(|column| Some(column.name) == synonym) {
        return column.name;
    }
    known.iter().map(|column| column.name).min_by_key(|ours| distance(&plain(ours), &name)).unwrap_or_default()
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .take(MOST_COMPARED)
        .collect()
}

/// Letters to insert, delete or replace (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (other, slot) in right.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(*other != letter);
            diagonal = *slot;
            before = replaced.min(before + 1).min(diagonal + 1);
            *slot = before;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::columns::COLUMNS;
    use super::*;

    #[test]
    fn letters_are_counted() {
        for (left, right, expected) in
            [("", "", 0), ("abc", "", 3), ("", "ab", 2), ("kitten", "sitting", 3), ("flaw", "lawn", 2)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        }
    }

    #[test]
    fn names_of_other_systems_lead_to_ours() {
        for (theirs, ours) in [
            ("Last Name", "primaryIdentifier"),
            ("first_name", "secondaryIdentifier"),
            ("date_of_birth", "dateOfBirth"),
            ("ZIP", "postCode"),
            ("streetname", "streetName"),
            ("e-mail", "emailAddress"),
            ("IBAN", "iban"),
            ("nationalIdentifer", "nationalIdentifier"),
        ] {
            assert_eq!(nearest(COLUMNS, theirs), ours, "{theirs}");
        }
    }

    #[test]
    fn every_synonym_leads_to_a_known_column() {
        for (theirs, ours) in SYNONYMS {
            assert!(COLUMNS.iter().any(|column| column.name == *ours), "{ours}");
            assert_eq!(plain(theirs), *theirs);
        }
    }
}
