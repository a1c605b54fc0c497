//! Invented clients of a custodian and the payments they made, as the two files an import reads.
//!
//! The columns of clients carry the field names of IVMS101 where it has them. The payments contain one address for donations that nineteen
//! of every hundred clients paid: the address of the origin case.

mod codes;
mod names;

use countersign_core::country::Country;
use countersign_core::time::{DAY, Timestamp};
use rand_chacha::ChaCha20Rng;
use serde::Serialize;

use crate::random::{below, named, pick};
use crate::states;
use names::{CULTURES, MAIL_WORDS, STREET_ENDINGS, STREET_STEMS, TOWN_ENDINGS, TOWN_STEMS};

/// The columns of the clients' file, in order.
pub const CLIENT_COLUMNS: [&str; 18] = [
    "account",
    "primaryIdentifier",
    "secondaryIdentifier",
    "nameIdentifierType",
    "dateOfBirth",
    "placeOfBirth",
    "streetName",
    "buildingNumber",
    "postCode",
    "townName",
    "country",
    "nationalIdentifier",
    "nationalIdentifierType",
    "countryOfIssue",
    "emailAddress",
    "phoneNumber",
    "iban",
    "walletAddress",
];

/// The columns of the payments' file, in order.
pub const PAYMENT_COLUMNS: [&str; 5] = ["txid", "address", "account", "amount_sat", "paid_at"];

/// Invented clients, their payments, and the address that many of them paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// In order of their accounts.
    pub clients: Vec<Client>,
    /// In order of time.
    pub payments: Vec<Payment>,
    /// The address for donations.
    pub donation_address: String,
}

/// One invented client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// Account number at the custodian, `A` and eight digits.
    pub account: String,
    /// Family name.
    pub primary_identifier: String,
    /// Given name.
    pub secondary_identifier: String,
    /// `LEGL`: the legal name.
    pub name_identifier_type: &'static str,
    /// Birth date, `YYYY-MM-DD`.
    pub date_of_birth: String,
    /// Town of birth.
    pub place_of_birth: String,
    /// Street.
    pub street_name: String,
    /// Number of the house.
    pub building_number: String,
    /// Post code.
    pub post_code: String,
    /// Town.
    pub town_name: String,
    /// State of residence, an invented one.
    pub country: Country,
    /// Number of the document.
    pub national_identifier: String,
    /// IVMS101 kind of the document: `CCPT` passport, `IDCD` identity card, `DRLC` driving licence.
    pub national_identifier_type: &'static str,
    /// State that issued the document.
    pub country_of_issue: Country,
    /// Mail address under the reserved name `example`.
    pub email_address: String,
    /// Telephone number under the unassigned prefix +999.
    pub phone_number: String,
    /// Account number with a bank, in the form of an IBAN with right check digits.
    pub iban: String,
    /// Address on bitcoin's test network, so that nobody can lose money on it.
    pub wallet_address: String,
}

/// One payment of a client to an address on the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// Transaction, 64 hexadecimal digits.
    pub txid: String,
    /// Address that was paid.
    pub address: String,
    /// Account of the client who paid.
    pub account: String,
    /// Amount in satoshi.
    pub amount_sat: u64,
    /// Time of the block.
    pub paid_at: Timestamp,
}

/// Of every hundred clients, exactly so many paid the address for donations.
const DONORS_PERCENT: usize = 19;
/// Payments lie within so many days before the end.
const PAYMENT_DAYS: u64 = 180;
/// Addresses that are paid beside the one for donations.
const OTHER_ADDRESSES: usize = 400;

impl Population {
    /// The population that belongs to `seed`: so many clients, and payments in the half year before `until`.
    #[must_use]
    pub fn generate(seed: &str, clients: usize, until: Timestamp) -> Self {
        let mut rng = named(&format!("population/{seed}"));
        let clients: Vec<Client> = (0..clients).map(|number| Client::invent(&mut rng, number)).collect();
        let donation_address = codes::test_address(&mut rng);
        let payments = invent_payments(&mut rng, &clients, &donation_address, until);
        Self { clients, payments, donation_address }
    }

    /// The clients' file: CSV as of RFC 4180, UTF-8, first line [`CLIENT_COLUMNS`].
    #[must_use]
    pub fn clients_csv(&self) -> Vec<u8> {
        csv_file(&CLIENT_COLUMNS, &self.clients)
    }

    /// The payments' file: CSV as of RFC 4180, first line [`PAYMENT_COLUMNS`].
    #[must_use]
    pub fn payments_csv(&self) -> Vec<u8> {
        csv_file(&PAYMENT_COLUMNS, &self.payments)
    }

    /// The accounts that paid the address for donations, each once, in order.
    #[must_use]
    pub fn donors(&self) -> Vec<&str> {
        let mut accounts: Vec<&str> = self
            .payments
            .iter()
            .filter(|payment| payment.address == self.donation_address)
            .map(|payment| payment.account.as_str())
            .collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }
}

impl Client {
    fn invent(rng: &mut ChaCha20Rng, number: usize) -> Self {
        let country = resident_of(rng);
        let culture = &CULTURES[culture_of(rng, country)];
        let abroad = below(rng, 10) == 0;
        let country_of_issue = if abroad { resident_of(rng) } else { country };
        let document = ["CCPT", "IDCD", "DRLC"][below(rng, 3) as usize];
        Self {
            account: format!("A{:08}", 10_000_019 + number * 7),
            primary_identifier: [pick(rng, culture.stems), pick(rng, culture.endings)].concat(),
            secondary_identifier: pick(rng, culture.given).to_owned(),
            name_identifier_type: "LEGL",
            date_of_birth: format!("{}-{:02}-{:02}", 1938 + below(rng, 69), 1 + below(rng, 12), 1 + below(rng, 28)),
            place_of_birth: town(rng),
            street_name: [pick(rng, &STREET_STEMS), pick(rng, &STREET_ENDINGS)].concat(),
            building_number: format!("{}{}", 1 + below(rng, 180), pick(rng, &["", "", "", "a", "b", "/2"])),
            post_code: format!("{}-{:05}", country.as_str(), below(rng, 100_000)),
            town_name: town(rng),
            country,
            national_identifier: format!("{}{:09}", country_of_issue.as_str(), below(rng, 1_000_000_000)),
            national_identifier_type: document,
            country_of_issue,
            email_address: format!("{}.{}{number}@post.example", pick(rng, &MAIL_WORDS), pick(rng, &MAIL_WORDS)),
            phone_number: format!("+999{:09}", below(rng, 1_000_000_000)),
            iban: codes::iban(rng, country),
            wallet_address: codes::test_address(rng),
        }
    }
}

/// Two of three live in the invented member states, the rest anywhere.
fn resident_of(rng: &mut ChaCha20Rng) -> Country {
    let inside = below(rng, 3) != 0;
    let choice: Vec<Country> = states::all().filter(|state| !inside || state.in_eea()).collect();
    choice[below(rng, choice.len() as u64) as usize]
}

/// Each state has one way of naming that most of its people share.
fn culture_of(rng: &mut ChaCha20Rng, state: Country) -> usize {
    let usual = usize::from(state.as_bytes()[1]) % CULTURES.len();
    if below(rng, 4) == 0 { below(rng, CULTURES.len() as u64) as usize } else { usual }
}

fn town(rng: &mut ChaCha20Rng) -> String {
    [pick(rng, &TOWN_STEMS), pick(rng, &TOWN_ENDINGS)].concat()
}

fn invent_payments(rng: &mut ChaCha20Rng, clients: &[Client], donation: &str, until: Timestamp) -> Vec<Payment> {
    let others: Vec<String> = (0..OTHER_ADDRESSES).map(|_| codes::test_address(rng)).collect();
    let mut payments = Vec::new();
    let mut donors_to_choose = clients.len() * DONORS_PERCENT / 100;
    for (number, client) in clients.iter().enumerate() {
        let mut pay = |rng: &mut ChaCha20Rng, address: &str, most: u64| {
            payments.push(Payment {
                txid: codes::hex(rng, 32),
                address: address.to_owned(),
                account: client.account.clone(),
                amount_sat: 1_000 + below(rng, most),
                paid_at: until.plus(-(below(rng, PAYMENT_DAYS * DAY as u64) as i64)),
            });
        };
        // Selection sampling: every set of that many clients is as likely as any other.
        if (below(rng, (clients.len() - number) as u64) as usize) < donors_to_choose {
            donors_to_choose -= 1;
            // One donor in eight gives more than once: payments are not people.
            let times = if below(rng, 8) == 0 { 2 + below(rng, 3) } else { 1 };
            for _ in 0..times {
                pay(rng, donation, 400_000);
            }
        }
        for _ in 0..below(rng, 3) {
            let address = &others[below(rng, others.len() as u64) as usize];
            pay(rng, address, 90_000_000);
        }
    }
    payments.sort_by(|a, b| (a.paid_at, &a.txid).cmp(&(b.paid_at, &b.txid)));
    payments
}

fn csv_file<T: Serialize>(columns: &[&str], rows: &[T]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(columns).expect("memory can be written");
    for row in rows {
        writer.serialize(row).expect("memory can be written");
    }
    writer.into_inner().expect("memory can be written")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn population() -> Population {
        Population::generate("test", 10_000, Timestamp::parse("2026-11-20T12:00:00Z").unwrap())
    }

    #[test]
    fn the_same_seed_gives_the_same_files() {
        let until = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
        let make = |seed, count| Population::generate(seed, count, until);
        assert_eq!(make("a", 50).clients_csv(), make("a", 50).clients_csv());
        assert_eq!(make("a", 50).payments_csv(), make("a", 50).payments_csv());
        assert_ne!(make("a", 50).clients_csv(), make("b", 50).clients_csv());
        assert_eq!(make("a", 0).clients_csv(), [CLIENT_COLUMNS.join(",").as_bytes(), b"\n"].concat());
    }

    #[test]
    fn nineteen_of_a_hundred_clients_are_donors_and_some_pay_twice() {
        let population = population();
        let donors = population.donors();
        assert_eq!(donors.len(), 1_900);
        let donations = population.payments.iter().filter(|p| p.address == population.donation_address).count();
        assert!(donations > donors.len() + 100);
        let accounts: BTreeSet<&str> = population.clients.iter().map(|client| client.account.as_str()).collect();
        assert!(population.payments.iter().all(|payment| accounts.contains(payment.account.as_str())));
    }

    #[test]
    fn what_names_one_client_names_no_other() {
        let clients = population().clients;
        let distinct = |field: fn(&Client) -> &str| clients.iter().map(field).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(|client| &client.account), 10_000);
        assert_eq!(distinct(|client| &client.email_address), 10_000);
        assert_eq!(distinct(|client| &client.wallet_address), 10_000);
        assert_eq!(distinct(|client| &client.iban), 10_000);
        let people: BTreeSet<_> = clients
            .iter()
            .map(|client| (&client.primary_identifier, &client.secondary_identifier, &client.date_of_birth))
            .collect();
        assert!(people.len() > 9_990, "{}", people.len());
    }

    #[test]
    fn states_are_invented_and_names_come_in_many_scripts() {
        let clients = population().clients;
        assert!(clients.iter().all(|c| c.country.is_user_assigned() && c.country_of_issue.is_user_assigned()));
        let inside = clients.iter().filter(|c| c.country.in_eea()).count();
        assert!((6_000..9_000).contains(&inside), "{inside}");
        for letter in ['ř', 'Я', 'ς', 'ი', 'ל', '田', ' ', 'क', 'ệ', 'ي', '\''] {
            let seen = |c: &Client| c.primary_identifier.contains(letter) || c.secondary_identifier.contains(letter);
            assert!(clients.iter().any(seen), "{letter}");
        }
    }

    #[test]
    fn a_reader_of_csv_gets_every_field_back() {
        let population = population();
        let file = population.clients_csv();
        let mut reader = csv::Reader::from_reader(file.as_slice());
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), CLIENT_COLUMNS);
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 10_000);
        assert!(rows.iter().zip(&population.clients).all(|(row, client)| row[6] == client.street_name));
        assert!(population.clients.iter().any(|client| client.street_name.contains(',')));
        assert!(population.clients.iter().any(|client| client.street_name.contains('"')));
        let payments = population.payments_csv();
        assert_eq!(csv::Reader::from_reader(payments.as_slice()).headers().unwrap(), &PAYMENT_COLUMNS[..]);
    }
}
