//! Masked views: the few facts about a client that are derived before the row is sealed, and that a support desk sees without a
//! release. Rules and what they still tell: `docs/formats/view.md`.
//!
//! No rule here may give back a name or a birth date: initials are of words of at least three Latin letters, an age is one bit at
//! one day, and a domain is shown only where millions share it.

use super::rows::Row;
use countersign_core::country::Country;
use countersign_core::json::Document;
use countersign_core::time::Date;
use countersign_core::{named_enum, version_tag};
use countersign_seal::normal::Normal;
use countersign_seal::view::ROOM;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the masked view.
    MaskedViewV1 = "countersign/masked-view/v1"
);

named_enum!(
    /// How thoroughly the client was identified.
    Identification, "a level of identification" {
        /// Not at all.
        None = "NONE",
        /// Simplified due diligence.
        Simplified = "SIMPLIFIED",
        /// Standard due diligence.
        Standard = "STANDARD",
        /// Enhanced due diligence.
        Enhanced = "ENHANCED",
    }
);

named_enum!(
    /// What screening against lists says of the client.
    SanctionsFlag, "a sanctions flag" {
        /// No alert is open.
        Clear = "CLEAR",
        /// An alert is looked into.
        Review = "REVIEW",
        /// The client is on a list that applies.
        Listed = "LISTED",
    }
);

named_enum!(
    /// What the account can do.
    AccountState, "a state of an account" {
        /// Everything.
        Open = "OPEN",
        /// Not everything.
        Limited = "LIMITED",
        /// Nothing.
        Blocked = "BLOCKED",
        /// It is no more.
        Closed = "CLOSED",
    }
);

/// Codes of the column `identificationLevel`.
pub(super) const IDENTIFICATION_CODES: &[&str] = &["NONE", "SIMPLIFIED", "STANDARD", "ENHANCED"];
/// Codes of the column `sanctionsFlag`.
pub(super) const SANCTIONS_CODES: &[&str] = &["CLEAR", "REVIEW", "LISTED"];
/// Codes of the column `accountState`.
pub(super) const ACCOUNT_CODES: &[&str] = &["OPEN", "LIMITED", "BLOCKED", "CLOSED"];

/// What is seen of a client without a release. A member is `null` where the row does not say it or a rule hides it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskedView {
    /// Format version.
    pub v: MaskedViewV1,
    /// The day of the import: everything here is as of then.
    pub on: Date,
    /// Country of the address, or of residence.
    pub country: Option<Country>,
    /// Whether the eighteenth birthday was past on that day.
    pub over_18: Option<bool>,
    /// First letters of given and family name, `?` for one that is not shown.
    pub initials: Option<String>,
    /// Masked e-mail address.
    pub email: Option<String>,
    /// Masked telephone number.
    pub phone: Option<String>,
    /// How thoroughly the client was identified.
    pub identification: Option<Identification>,
    /// What screening says.
    pub sanctions: Option<SanctionsFlag>,
    /// What the account can do.
    pub account: Option<AccountState>,
}

impl Document for MaskedView {
    const WHAT: &'static str = "masked view";
    const DOMAIN: &'static str = MaskedViewV1::TEXT;
    const MAX_LEN: usize = ROOM;
}

impl MaskedView {
    /// The view of a row that is about to be sealed.
    pub(super) fn of(row: &Row, on: Date) -> Self {
        let given = |name| Some(row.value(name)).filter(|value| !value.is_empty());
        Self {
            v: MaskedViewV1,
            on,
            country: given("country").or(given("countryOfResidence")).and_then(|code| Country::parse(code).ok()),
            over_18: given("dateOfBirth").and_then(|birth| over_18(birth, on)),
            initials: initials(row.value("secondaryIdentifier"), row.value("primaryIdentifier")),
            email: given("emailAddress").map(masked_email),
            phone: given("phoneNumber").map(masked_phone),
            identification: given("identificationLevel").and_then(|code| Identification::parse(code).ok()),
            sanctions: given("sanctionsFlag").and_then(|code| SanctionsFlag::parse(code).ok()),
            account: given("accountState").and_then(|code| AccountState::parse(code).ok()),
        }
    }
}

/// Stands for what is not shown, however long it is.
const HIDDEN: &str = "***";

/// Letters of a word from which its first may be shown.
const WORD: usize = 3;

/// Digits of a telephone number from which its last two may be shown.
const NUMBER: usize = 9;

fn over_18(birth: &str, on: Date) -> Option<bool> {
    let (year, rest) = birth.split_at_checked(4)?;
    // Both texts are dates of four, two and two digits: they stand in the order of time. Who was born on 29 February is 18 on 1 March.
    let birthday = format!("{:04}{rest}", year.parse::<u32>().ok()?.checked_add(18)?);
    Some(birthday <= on.to_string())
}

fn initials(given: &str, family: &str) -> Option<String> {
    let shown = |name: &str| initial(name).map_or_else(|| "?".to_owned(), |letter| format!("{letter}."));
    let both = format!("{} {}", shown(given), shown(family));
    (both != "? ?").then_some(both)
}

/// The first letter of the first word, as Latin capital. None of words that two letters tell, nor of letters without a Latin form:
/// in a register of one country a rare letter is a name.
fn initial(name: &str) -> Option<char> {
    let word = name.split(|mark: char| mark.is_whitespace() || mark == '-').find(|word| !word.is_empty())?;
    let normal = Normal::name_and_birth(&[word], "2000-01-01").ok()?;
    let (word, _) = normal.text().split_once('\n')?;
    let shown = word.len() >= WORD && word.bytes().all(|byte| byte.is_ascii_lowercase());
    word.chars().next().filter(|_| shown).map(|letter| letter.to_ascii_uppercase())
}

fn masked_email(address: &str) -> String {
    let Ok(normal) = Normal::email(address) else { return HIDDEN.to_owned() };
    let Some((local, domain)) = normal.text().rsplit_once('@') else { return HIDDEN.to_owned() };
    // A domain of its own is a name, or an employer's.
    if PROVIDERS.binary_search(&domain).is_err() {
        return HIDDEN.to_owned();
    }
    let first = local.chars().next().filter(|first| local.len() >= WORD && first.is_ascii_alphanumeric());
    format!("{}{HIDDEN}@{domain}", first.map(String::from).unwrap_or_default())
}

fn masked_phone(number: &str) -> String {
    let normal = Normal::phone(number).ok();
    let digits = normal.as_ref().and_then(|normal| normal.text().strip_prefix('+')).unwrap_or_default();
    let last = digits.len().checked_sub(2).filter(|_| digits.len() >= NUMBER).and_then(|at| digits.get(at..));
    format!("{HIDDEN}{}", last.unwrap_or_default())
}

/// Providers of mailboxes for everybody, each with millions of them.
// INVARIANT: sorted; each fits a view.
const PROVIDERS: &[&str] = &[
    "aol.com",
    "centrum.cz",
    "email.cz",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.fr",
    "hotmail.it",
    "icloud.com",
    "interia.pl",
    "laposte.net",
    "libero.it",
    "live.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "o2.pl",
    "onet.pl",
    "orange.fr",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "rambler.ru",
    "seznam.cz",
    "t-online.de",
    "ukr.net",
    "virgilio.it",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.de",
    "yahoo.fr",
    "yahoo.it",
    "yandex.ru",
    "ymail.com",
];

#[cfg(test)]
mod tests {
    use super::super::columns::COLUMNS;
    use super::super::rows::{CsvOptions, Rows};
    use super::*;
    use countersign_core::encoding::unhex;
    use countersign_core::id::Handle;
    use countersign_core::json::Exact;
    use countersign_seal::sigma::Sigma;
    use countersign_seal::view::{ViewError, ViewKey};
    use proptest::prelude::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;
    use std::io::Cursor;

    #[derive(Deserialize)]
    struct Vectors {
        derived: Vec<Derived>,
        sealed: Vec<Sealed>,
    }

    #[derive(Deserialize)]
    struct Sealed {
        name: String,
        key: String,
        handle: String,
        sigma: String,
        sealed: String,
        view: String,
        salt: Option<String>,
        error: Option<String>,
    }

    #[derive(Deserialize)]
    struct Derived {
        name: String,
        on: Date,
        row: BTreeMap<String, String>,
        view: serde_json::Value,
    }

    fn view_of(row: &BTreeMap<String, String>, on: Date) -> MaskedView {
        let line = |cells: Vec<&str>| cells.iter().map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",");
        let names = ["account", "primaryIdentifier"].into_iter().chain(row.keys().map(String::as_str));
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        names.dedup();
        let given = |name: &&str| row.get(*name).map_or(if *name == "account" { "A1" } else { "?" }, String::as_str);
        let file = format!("{}\n{}\n", line(names.clone()), line(names.iter().map(given).collect()));
        let mut rows = Rows::open(Cursor::new(file), COLUMNS, &CsvOptions::default()).unwrap();
        MaskedView::of(&rows.next().unwrap().unwrap().unwrap(), on)
    }

    #[test]
    fn views_are_those_of_the_vectors() {
        let vectors: Vectors = serde_json::from_str(include_str!("../../../../vectors/desk/view.json")).unwrap();
        assert!(vectors.derived.len() > 20);
        for derived in vectors.derived {
            let view = Exact::write(view_of(&derived.row, derived.on)).unwrap();
            let found: serde_json::Value = serde_json::from_str(view.text()).unwrap();
            assert_eq!(found, derived.view, "{}", derived.name);
        }
    }

    #[test]
    fn sealed_views_open_as_the_vectors_say() {
        let vectors: Vectors = serde_json::from_str(include_str!("../../../../vectors/desk/view.json")).unwrap();
        let bytes = |text: &str| -> Vec<u8> {
            text.as_bytes()
                .chunks(2)
                .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
                .collect()
        };
        for case in vectors.sealed {
            let (key, handle) = (ViewKey::from_bytes(unhex(&case.key).unwrap()), Handle(unhex(&case.handle).unwrap()));
            let (sigma, sealed) = (Sigma::from_bytes(unhex(&case.sigma).unwrap()), bytes(&case.sealed));
            let error = match key.open(&handle, &sigma, &sealed) {
                Ok(view) => {
                    assert_eq!(view.as_slice(), bytes(&case.view), "{}", case.name);
                    let salt = unhex(&case.salt.unwrap()).unwrap();
                    assert_eq!(key.seal(&handle, &sigma, &salt, &view), Ok(sealed), "{}", case.name);
                    None
                }
                Err(ViewError::Layout) => Some("layout"),
                Err(ViewError::Forged) => Some("forged"),
                Err(ViewError::Content) => Some("content"),
                Err(ViewError::TooLong(_)) => Some("too long"),
            };
            assert_eq!(error, case.error.as_deref(), "{}", case.name);
        }
    }

    #[test]
    fn codes_are_those_of_the_columns() {
        for (codes, parsed) in [
            (IDENTIFICATION_CODES, Identification::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>()),
            (SANCTIONS_CODES, SanctionsFlag::ALL.iter().map(|one| one.as_str()).collect()),
            (ACCOUNT_CODES, AccountState::ALL.iter().map(|one| one.as_str()).collect()),
        ] {
            assert_eq!(codes, parsed);
        }
    }

    #[test]
    fn the_longest_view_has_room() {
        assert!(PROVIDERS.is_sorted_by(|left, right| left < right));
        let longest = PROVIDERS.iter().max_by_key(|domain| domain.len()).unwrap();
        let view = MaskedView {
            v: MaskedViewV1,
            on: Date::parse("2026-11-20").unwrap(),
            country: Some(Country::parse("XA").unwrap()),
            over_18: Some(false),
            initials: Some("V. O.".to_owned()),
            email: Some(format!("v***@{longest}")),
            phone: Some("***12".to_owned()),
            identification: Some(Identification::Simplified),
            sanctions: Some(SanctionsFlag::Review),
            account: Some(AccountState::Blocked),
        };
        assert!(Exact::write(view).unwrap().bytes().len() <= ROOM);
    }

    proptest! {
        /// Whatever the name, at most one letter of each part is shown, and of an address nothing of a domain of its own.
        #[test]
        fn a_view_shows_at_most_a_letter_of_a_name(given in "\\PC{0,12}", family in "\\PC{0,12}") {
            if let Some(shown) = initials(&given, &family) {
                let parts: Vec<&str> = shown.split(' ').collect();
                prop_assert_eq!(parts.len(), 2);
                for (part, name) in parts.into_iter().zip([&given, &family]) {
                    prop_assert!(part == "?" || part.len() == 2 && part.ends_with('.') && name.chars().count() > 1);
                }
            }
        }

        /// A masked address depends on the provider and the first character only.
        #[test]
        fn masks_do_not_depend_on_what_they_hide(first in "[a-z0-9]", one in "[a-z0-9.]{0,20}x", other in "[a-z0-9.]{0,20}yy") {
            let mask = |local: &str| masked_email(&format!("{first}zz{local}@gmail.com"));
            let known = [mask(&one), mask(&other)].map(|mask| mask == HIDDEN || mask == format!("{first}***@gmail.com"));
            prop_assert_eq!(known, [true, true]);
            prop_assert_eq!(masked_email(&format!("{first}zz{one}@family.example")), HIDDEN);
        }

        /// The birth date moves the view by one bit.
        #[test]
        fn two_birth_dates_on_one_side_of_the_line_are_one(year in 1930u32..2008, month in 1u32..=12, day in 1u32..=28) {
            let on = Date::parse("2026-11-20").unwrap();
            let birth = format!("{year:04}-{month:02}-{day:02}");
            prop_assert_eq!(over_18(&birth, on), Some(true));
        }
    }
}
