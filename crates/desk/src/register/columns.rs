//! The columns of the clients' file: IVMS101 names, the class each belongs to, what its values look like.

use super::hints::nearest;
use super::view::{ACCOUNT_CODES, IDENTIFICATION_CODES, SANCTIONS_CODES};
use countersign_approve::PublicKey;
use countersign_core::class::Class;
use countersign_core::country::Country;
use countersign_core::time::Timestamp;
use countersign_seal::normal::is_birth_date;
use std::collections::BTreeMap;
use std::fmt;

/// What the values of a column look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One line of text.
    Line,
    /// Text that may have line breaks.
    Text,
    /// A date of the calendar, `YYYY-MM-DD`.
    Date,
    /// An ISO 3166-1 alpha-2 code.
    Country,
    /// One of these codes.
    Code(&'static [&'static str]),
    /// 64 hexadecimal digits.
    Txid,
    /// A whole number above zero that fits 63 bits.
    Amount,
    /// A time, `2026-11-20T13:00:00Z`.
    Time,
    /// A public key in a spelling of `docs/formats/approval.md`.
    Key,
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// IVMS101 name, which is also the member's name in the sealed entry.
    pub name: &'static str,
    /// The class it is sealed in; none for what stands beside the record: [`Column::kept`] says how.
    pub class: Option<Class>,
    /// Whether every row needs a value.
    pub required: bool,
    /// Longest value in bytes.
    pub limit: usize,
    /// What its values look like.
    pub form: Form,
}

const LINE: usize = 1_024;
/// Even with every byte escaped twice over, an entry of notes stays inside the record.
const NOTES: usize = 30_000;

const NAME_CODES: &[&str] = &["ALIA", "BIRT", "MAID", "LEGL", "MISC"];
const ADDRESS_CODES: &[&str] = &["HOME", "BIZZ", "GEOG"];
const DOCUMENT_CODES: &[&str] = &["ARNU", "CCPT", "RAID", "DRLC", "FIIN", "TXID", "SOCS", "IDCD", "LEIX", "MISC"];

const fn column(name: &'static str, class: Class, form: Form) -> Column {
    Column { name, class: Some(class), required: false, limit: LINE, form }
}

/// A column that is not sealed in a class.
const fn beside(name: &'static str, form: Form) -> Column {
    Column { name, class: None, required: false, limit: LINE, form }
}

/// Every known column. The members of a sealed entry stand in this order.
pub const COLUMNS: &[Column] = &[
    Column { name: "account", class: None, required: true, limit: 64, form: Form::Line },
    Column { required: true, ..column("primaryIdentifier", Class::Name, Form::Line) },
    column("secondaryIdentifier", Class::Name, Form::Line),
    column("nameIdentifierType", Class::Name, Form::Code(NAME_CODES)),
    column("dateOfBirth", Class::Birth, Form::Date),
    column("placeOfBirth", Class::Birth, Form::Line),
    column("addressType", Class::Address, Form::Code(ADDRESS_CODES)),
    column("department", Class::Address, Form::Line),
    column("subDepartment", Class::Address, Form::Line),
    column("streetName", Class::Address, Form::Line),
    column("buildingNumber", Class::Address, Form::Line),
    column("buildingName", Class::Address, Form::Line),
    column("floor", Class::Address, Form::Line),
    column("postBox", Class::Address, Form::Line),
    column("room", Class::Address, Form::Line),
    column("postCode", Class::Address, Form::Line),
    column("townName", Class::Address, Form::Line),
    column("townLocationName", Class::Address, Form::Line),
    column("districtName", Class::Address, Form::Line),
    column("countrySubDivision", Class::Address, Form::Line),
    column("addressLine", Class::Address, Form::Text),
    column("country", Class::Address, Form::Country),
    column("countryOfResidence", Class::Address, Form::Country),
    column("emailAddress", Class::Email, Form::Line),
    column("phoneNumber", Class::Phone, Form::Line),
    column("nationalIdentifier", Class::DocumentNumber, Form::Line),
    column("nationalIdentifierType", Class::DocumentNumber, Form::Code(DOCUMENT_CODES)),
    column("countryOfIssue", Class::DocumentNumber, Form::Country),
    column("registrationAuthority", Class::DocumentNumber, Form::Line),
    column("iban", Class::Bank, Form::Line),
    column("bic", Class::Bank, Form::Line),
    column("walletAddress", Class::Wallets, Form::Line),
    Column { limit: NOTES, ..column("notes", Class::Notes, Form::Text) },
    beside("clientKey", Form::Key),
    beside("identificationLevel", Form::Code(IDENTIFICATION_CODES)),
    beside("sanctionsFlag", Form::Code(SANCTIONS_CODES)),
    beside("accountState", Form::Code(ACCOUNT_CODES)),
];

impl Column {
    /// Where a value goes, in words.
    pub fn kept(&self) -> String {
        match (self.class, self.form) {
            (Some(class), _) => class.to_string(),
            (None, Form::Key) => "its digest stands in the label".to_owned(),
            (None, Form::Code(_)) => "in the masked view".to_owned(),
            (None, _) => "not stored in clear".to_owned(),
        }
    }

    /// Why a value cannot be taken; the value itself is never repeated, because reports leave the custodian's hands.
    pub(crate) fn problem(&self, value: &str) -> Option<String> {
        if value.is_empty() {
            return self.required.then(|| "is empty and must not be".to_owned());
        }
        if value.len() > self.limit {
            return Some(format!("has {} bytes, the limit is {}", value.len(), self.limit));
        }
        let breaks = |character: char| self.form == Form::Text && matches!(character, '\n' | '\r' | '\t');
        if let Some(bad) = value.chars().find(|character| character.is_control() && !breaks(*character)) {
            return Some(format!("has the control character U+{:04X}", u32::from(bad)));
        }
        match self.form {
            Form::Line | Form::Text => None,
            Form::Date => (!is_birth_date(value)).then(|| "is not a date like 1980-02-29".to_owned()),
            Form::Country => {
                Country::parse(value).is_err().then(|| "is not an ISO 3166-1 code of two letters".to_owned())
            }
            Form::Txid => (value.len() != 64 || !value.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .then(|| "is not 64 hexadecimal digits".to_owned()),
            Form::Amount => (!value.parse::<i64>().is_ok_and(|amount| amount > 0))
                .then(|| "is not a whole number above zero".to_owned()),
            Form::Time => Timestamp::parse(value)
                .is_err()
                .then(|| "is not a time like 2026-11-20T13:00:00Z (UTC, whole seconds)".to_owned()),
            Form::Key => PublicKey::parse(value)
                .is_err()
                .then(|| "is not a public key like `passkey RPID ORIGIN es256 HEX` in its one spelling".to_owned()),
            Form::Code(codes) => (!codes.contains(&value)).then(|| format!("is not one of {}", codes.join(", "))),
        }
    }
}

/// The columns of one file: which known column stands at which place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Fields of every row.
    width: usize,
    /// Place in the row and known column, in the order of the table of known columns.
    known: Vec<(usize, &'static Column)>,
}

/// One thing wrong with the first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnProblem {
    /// A column that is neither known nor mapped nor ignored.
    Unknown {
        /// Its name in the file.
        theirs: String,
        /// The known column that looks most like it.
        nearest: &'static str,
    },
    /// A required column is missing.
    Missing(&'static str),
    /// Two columns would be the same one.
    Twice(String),
    /// A mapping or an ignored name that is in no file.
    NotInFile(String),
    /// A mapping to a name that is not known.
    UnknownTarget {
        /// As given.
        ours: String,
        /// The known column that looks most like it.
        nearest: &'static str,
    },
    /// The fields seem to be separated by another character.
    Delimiter(char),
}

/// Everything that is wrong with the first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnError(pub Vec<ColumnProblem>);

impl std::error::Error for ColumnError {}

impl fmt::Display for ColumnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the first line of the file cannot be understood")?;
        for problem in &self.0 {
            f.write_str("; ")?;
            match problem {
                ColumnProblem::Unknown { theirs, nearest } => write!(
                    f,
                    "column `{theirs}` is unknown (nearest: `{nearest}`): say what it is with `--map {theirs}={nearest}` or leave it \
                     out with `--ignore {theirs}`"
                ),
                ColumnProblem::Missing(name) => {
                    write!(f, "there is no column `{name}`: say which one it is with `--map theirs={name}`")
                }
                ColumnProblem::Twice(name) => write!(f, "two columns are `{name}`: leave one out with `--ignore`"),
                ColumnProblem::NotInFile(name) => write!(f, "the file has no column `{name}` to map or to ignore"),
                ColumnProblem::UnknownTarget { ours, nearest } => {
                    write!(f, "`--map` to `{ours}`, which is unknown (nearest: `{nearest}`)")
                }
                ColumnProblem::Delimiter(found) => {
                    write!(f, "the fields seem to be separated by {found:?}: say so with `--delimiter`")
                }
            }?;
        }
        Ok(())
    }
}

/// Longest name of a column that is repeated in an error.
const MOST_NAME: usize = 80;

impl Columns {
    /// Reads a first line. Names count exactly as written, without white space around them; `map` holds pairs (theirs, ours).
    ///
    /// # Errors
    /// [`ColumnError`] with everything that is wrong.
    pub fn read<'a>(
        known: &'static [Column],
        header: impl Iterator<Item = &'a str>,
        map: &[(String, String)],
        ignore: &[String],
    ) -> Result<Self, ColumnError> {
        let names: Vec<String> = header.map(|name| name.trim().to_owned()).collect();
        let mut problems = Vec::new();
        if let [only] = names.as_slice()
            && let Some(found) = only.chars().find(|character| matches!(character, ';' | '\t' | '|' | ','))
        {
            return Err(ColumnError(vec![ColumnProblem::Delimiter(found)]));
        }
        let absent = map.iter().map(|(theirs, _)| theirs).chain(ignore).filter(|name| !names.contains(name));
        problems.extend(absent.map(|name| ColumnProblem::NotInFile(name.clone())));
        let mut found: BTreeMap<usize, usize> = BTreeMap::new();
        for (place, theirs) in names.iter().enumerate() {
            if ignore.contains(theirs) {
                continue;
            }
            let mapped = map.iter().find(|(from, _)| from == theirs).map(|(_, ours)| ours);
            let ours = mapped.unwrap_or(theirs);
            match known.iter().position(|column| column.name == ours) {
                Some(column) => {
                    if found.insert(column, place).is_some() {
                        problems.push(ColumnProblem::Twice(ours.clone()));
                    }
                }
                None => {
                    let nearest = nearest(known, ours);
                    let shown: String = ours.chars().take(MOST_NAME).collect();
                    problems.push(match mapped {
                        Some(_) => ColumnProblem::UnknownTarget { ours: shown, nearest },
                        None => ColumnProblem::Unknown { theirs: shown, nearest },
                    });
                }
            }
        }
        let missing =
            known.iter().enumerate().filter(|(position, column)| column.required && !found.contains_key(position));
        problems.extend(missing.map(|(_, column)| ColumnProblem::Missing(column.name)));
        if !problems.is_empty() {
            return Err(ColumnError(problems));
        }
        let known = found.into_iter().filter_map(|(column, place)| Some((place, known.get(column)?))).collect();
        Ok(Self { width: names.len(), known })
    }

    /// Fields of every row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Place in the row and column, in the order of the table.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &'static Column)> + '_ {
        self.known.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str, map: &[(&str, &str)], ignore: &[&str]) -> Result<Columns, ColumnError> {
        let map: Vec<_> = map.iter().map(|(theirs, ours)| ((*theirs).to_owned(), (*ours).to_owned())).collect();
        let ignore: Vec<_> = ignore.iter().map(|name| (*name).to_owned()).collect();
        Columns::read(COLUMNS, header.split(','), &map, &ignore)
    }

    #[test]
    fn known_names_are_found_in_any_order() {
        let columns = read("country, primaryIdentifier ,account", &[], &[]).unwrap();
        let names: Vec<_> = columns.iter().map(|(place, column)| (place, column.name)).collect();
        assert_eq!(names, [(2, "account"), (1, "primaryIdentifier"), (0, "country")]);
        assert_eq!(columns.width(), 3);
    }

    #[test]
    fn foreign_names_are_mapped_or_ignored() {
        let columns = read("id,Nachname,Konto", &[("Nachname", "primaryIdentifier"), ("Konto", "account")], &["id"]);
        let names: Vec<_> = columns.unwrap().iter().map(|(place, column)| (place, column.name)).collect();
        assert_eq!(names, [(2, "account"), (1, "primaryIdentifier")]);
    }

    #[test]
    fn everything_wrong_is_named_at_once_with_what_to_do() {
        let error = read("account,last_name,zip,account", &[("nowhere", "notes"), ("zip", "postcode")], &["gone"]);
        let error = error.unwrap_err();
        assert_eq!(
            error.0,
            [
                ColumnProblem::NotInFile("nowhere".into()),
                ColumnProblem::NotInFile("gone".into()),
                ColumnProblem::Unknown { theirs: "last_name".into(), nearest: "primaryIdentifier" },
                ColumnProblem::UnknownTarget { ours: "postcode".into(), nearest: "postCode" },
                ColumnProblem::Twice("account".into()),
                ColumnProblem::Missing("primaryIdentifier"),
            ]
        );
        let text = error.to_string();
        assert!(text.contains("`--map last_name=primaryIdentifier`"), "{text}");
        assert!(text.contains("`--ignore last_name`"), "{text}");
        assert_eq!(read("account;primaryIdentifier", &[], &[]).unwrap_err().0, [ColumnProblem::Delimiter(';')]);
    }

    #[test]
    fn values_are_checked_by_form_and_never_repeated() {
        let column = |name: &str| COLUMNS.iter().find(|column| column.name == name).unwrap();
        for (name, good) in [
            ("dateOfBirth", "1980-02-29"),
            ("dateOfBirth", "1931-12-31"),
            ("dateOfBirth", ""),
            ("country", "XA"),
            ("nationalIdentifierType", "CCPT"),
            ("notes", "two\nlines"),
            ("streetName", "Straße \"7\""),
            ("account", "A1"),
        ] {
            assert_eq!(column(name).problem(good), None, "{name} {good}");
        }
        let long = "secret".repeat(200);
        for (name, bad) in [
            ("dateOfBirth", "1981-02-29"),
            ("dateOfBirth", "29.02.1980"),
            ("dateOfBirth", "1900-02-29"),
            ("dateOfBirth", "1980-13-01"),
            ("dateOfBirth", "1980-00-01"),
            ("dateOfBirth", "1980-01-00"),
            ("dateOfBirth", "+980-01-01"),
            ("dateOfBirth", "19800229"),
            ("country", "Ruritania"),
            ("nationalIdentifierType", "secret"),
            ("streetName", "two\nlines"),
            ("notes", "nul\0"),
            ("account", ""),
            ("primaryIdentifier", ""),
            ("primaryIdentifier", long.as_str()),
            ("account", &long[..65]),
        ] {
            let problem = column(name).problem(bad).unwrap();
            assert!(bad.is_empty() || !problem.contains(bad), "{name}: {problem}");
        }
    }

    #[test]
    fn only_what_stands_beside_a_record_has_no_class_and_every_entry_fits_its_record() {
        for class in Class::ALL {
            let most: usize = COLUMNS
                .iter()
                .filter(|column| column.class == Some(*class))
                .map(|column| 2 * column.limit + column.name.len() + 6)
                .sum();
            assert!(most < countersign_seal::MAX_INLINE, "{class}: {most}");
        }
        let beside = COLUMNS.iter().filter(|column| column.class.is_none()).map(|column| (column.name, column.kept()));
        let (view, key) = ("in the masked view", "its digest stands in the label");
        let expected = [
            ("account", "not stored in clear"),
            ("clientKey", key),
            ("identificationLevel", view),
            ("sanctionsFlag", view),
            ("accountState", view),
        ];
        assert_eq!(beside.collect::<Vec<_>>(), expected.map(|(name, kept)| (name, kept.to_owned())));
    }
}
