//! From the values of one row to the facts about one client.

use core::fmt::Display;

use countersign_core::country::Country;
use countersign_core::time::Date;

use super::{BadRow, Client, Column, Read, Values};
use crate::amount::Amount;
use crate::client::{Activities, Activity, Fact, Facts, Issuer, Listings, Person};
use crate::countries::Countries;
use crate::prices::Prices;

/// Longest name of a client in bytes.
const MAX_ACCOUNT: usize = 64;
/// Written where somebody looked and there is none.
const NONE: &str = "none";

/// The column to blame and the reason.
type Fault = (Column, String);

/// Reads one row. `day` is the last day that was found good: exports repeat it, and a calendar is slow.
pub(super) fn read<'r>(line: u64, values: &Values<'r>, prices: Option<&Prices>, day: &mut String) -> Read<'r> {
    let read = account(values).and_then(|account| {
        let as_of = value(values, Column::AsOf);
        if let Some(written) = as_of.filter(|written| *written != day.as_str()) {
            Date::parse(written).map_err(|error| (Column::AsOf, error.to_string()))?;
            written.clone_into(day);
        }
        Ok(Client { line, account, facts: facts(values, prices)?, as_of })
    });
    match read {
        Ok(client) => Read::Client(client),
        Err((column, reason)) => Read::Bad(BadRow { line, column: Some(column), reason }),
    }
}

fn account<'r>(values: &Values<'r>) -> Result<&'r str, Fault> {
    let refuse = |reason: &str| Err((Column::Account, reason.to_owned()));
    match value(values, Column::Account) {
        None => refuse("is empty and must not be"),
        Some(account) if account.len() > MAX_ACCOUNT => refuse("has more than 64 bytes"),
        Some(account) if account.chars().any(char::is_control) => refuse("has a control character"),
        Some(account) => Ok(account),
    }
}

fn facts(values: &Values<'_>, prices: Option<&Prices>) -> Result<Facts, Fault> {
    let mut facts = Facts {
        person: known(values, Column::Person, |text| Person::parse(text).map_err(words))?,
        nationality: known(values, Column::Nationality, countries)?,
        residence: known(values, Column::Residence, one_country)?,
        permit: known(values, Column::Permit, countries)?,
        establishment: known(values, Column::Establishment, one_country)?,
        majority_owners: known(values, Column::MajorityOwners, countries)?,
        address_proof: known(values, Column::AddressProof, |text| {
            if text == NONE { Ok(Countries::NONE) } else { one_country(text) }
        })?,
        listed: known(values, Column::Listed, listings)?,
        activity: known(values, Column::Activity, activities)?,
        crypto: crypto(values, prices)?,
        deposits: known(values, Column::Deposits, |text| Amount::parse(text).map_err(words))?,
    };
    facts.person = person(&facts)?;
    Ok(facts)
}

/// A nationality makes a natural person, an establishment a legal one; both, or one against what is written, is a contradiction.
fn person(facts: &Facts) -> Result<Fact<Person>, Fault> {
    let has = |fact: &Fact<Countries>| fact.known().is_some_and(|countries| !countries.is_empty());
    let natural = [
        (Column::Nationality, has(&facts.nationality)),
        (Column::Residence, has(&facts.residence)),
        (Column::Permit, has(&facts.permit)),
    ];
    let legal =
        [(Column::Establishment, has(&facts.establishment)), (Column::MajorityOwners, has(&facts.majority_owners))];
    let shown = |columns: &[(Column, bool)]| columns.iter().find(|(_, has)| *has).map(|(column, _)| *column);
    match (facts.person, shown(&natural), shown(&legal)) {
        (Fact::Known(Person::Legal), Some(column), _) => Err((column, "is given, but the person is `legal`".into())),
        (Fact::Known(Person::Natural), _, Some(column)) => {
            Err((column, "is given, but the person is `natural`".into()))
        }
        (Fact::Unknown, Some(column), Some(other)) => {
            Err((column, format!("is given together with `{other}`: natural or legal person?")))
        }
        (Fact::Unknown, Some(_), None) => Ok(Fact::Known(Person::Natural)),
        (Fact::Unknown, None, Some(_)) => Ok(Fact::Known(Person::Legal)),
        (person, ..) => Ok(person),
    }
}

fn crypto(values: &Values<'_>, prices: Option<&Prices>) -> Result<Fact<Amount>, Fault> {
    let valued = known(values, Column::Crypto, |text| Amount::parse(text).map_err(words))?;
    let (Some(holdings), Some(prices)) = (value(values, Column::Holdings), prices) else { return Ok(valued) };
    if valued.known().is_some() {
        return Err((Column::Holdings, "is given together with `crypto`: which one counts?".into()));
    }
    let value = if holdings == NONE { Ok(Amount::ZERO) } else { prices.value(holdings) };
    value.map(Fact::Known).map_err(|reason| (Column::Holdings, reason))
}

fn value<'r>(values: &Values<'r>, column: Column) -> Option<&'r str> {
    values.get(column as usize).copied().flatten()
}

fn known<T>(values: &Values<'_>, column: Column, parse: impl Fn(&str) -> Result<T, String>) -> Result<Fact<T>, Fault> {
    match value(values, column) {
        None => Ok(Fact::Unknown),
        Some(text) => parse(text).map(Fact::Known).map_err(|reason| (column, reason)),
    }
}

fn one_country(text: &str) -> Result<Countries, String> {
    Country::parse(text).map(|country| [country].into_iter().collect()).map_err(words)
}

fn countries(text: &str) -> Result<Countries, String> {
    let mut all = Countries::NONE;
    for code in items(text) {
        if !all.insert(Country::parse(code).map_err(words)?) {
            return Err(format!("has `{code}` twice"));
        }
    }
    Ok(all)
}

fn activities(text: &str) -> Result<Activities, String> {
    items(text).map(|item| Activity::parse(item).map_err(words)).collect()
}

fn listings(text: &str) -> Result<Listings, String> {
    let mut all = Listings::default();
    for item in items(text) {
        let (issuer, since) = item.split_once('@').ok_or("must be written like `eu@2022-03-15`")?;
        if !all.insert(Issuer::parse(issuer).map_err(words)?, Date::parse(since).map_err(words)?) {
            return Err(format!("has `{issuer}` twice"));
        }
    }
    Ok(all)
}

/// The parts of a list; `none` has none.
fn items(text: &str) -> impl Iterator<Item = &str> {
    Some(text).filter(|text| *text != NONE).into_iter().flat_map(|text| text.split(' ')).filter(|item| !item.is_empty())
}

fn words(error: impl Display) -> String {
    error.to_string()
}
