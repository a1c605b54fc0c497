//! Files in, sealed records out, on both stores; and everything that must be refused, with the words that say why.

use super::*;
use crate::ports::BlastRadius;
use async_trait::async_trait;
use countersign_core::class::{Class, ClassSet};
use countersign_core::id::{CustodianId, Digest, Handle};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_seal::ceremony::Plan;
use countersign_seal::combine::{self, CellContent, Package, Released};
use countersign_seal::dealer::{Dealt, deal};
use countersign_seal::header::check;
use countersign_seal::identity::Identity;
use countersign_seal::partial::{Ask, answer};
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings, VerifyingShares};
use countersign_seal::share::SealingShare;
use countersign_seal::sigma::Sigma as SealSigma;
use countersign_store::memory::{MemorySigmas, MemoryStore};
use countersign_store::sqlite::{SqliteSigmas, SqliteStore};
use countersign_store::{DeskStore, Register, RegisterCounts, Settings, Sigma, Sigmas, StoreError};
use countersign_testkit::population::Population;
use countersign_testkit::random::named;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

struct World {
    ring: ConfirmedRing,
    verifying: VerifyingShares,
    shares: Vec<SealingShare>,
    key: Arc<ReferenceKey>,
    store: MemoryStore,
    sigmas: MemorySigmas,
    imports: AtomicUsize,
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-20T12:00:00Z").unwrap()
}

fn world() -> World {
    world_of(Class::ALL)
}

fn world_of(classes: &[Class]) -> World {
    let plan = Plan {
        name: "register-1".to_owned(),
        ceremony: Digest([9; 32]),
        t: 2,
        n: 3,
        keys: classes.iter().map(|class| (*class, 1)).collect(),
    };
    let Dealt { ring, epoch, shares } = deal(&plan, &mut named("register tests")).unwrap();
    let identity = |index: u16| Identity::from_seed(&[index as u8; 32]);
    let confirmations: Vec<_> = (1..=3).map(|index| Confirmation::sign(ring.id(), index, &identity(index))).collect();
    let identities: Vec<_> = (1..=3).map(|index| identity(index).public()).collect();
    let ring = Exact::write(ring).unwrap();
    let ring = ConfirmedRing::new(ring, &confirmations, &identities, DealerRings::AllowForTests).unwrap();
    let verifying = VerifyingShares::new(&ring, &Exact::write(epoch).unwrap()).unwrap();
    World {
        ring,
        verifying,
        shares,
        key: Arc::new(ReferenceKey::from_bytes(&[5; 32])),
        store: MemoryStore::default(),
        sigmas: MemorySigmas::default(),
        imports: AtomicUsize::new(0),
    }
}

impl World {
    async fn import_into(
        &self,
        stores: Stores<'_>,
        file: impl Read + Seek + Send,
        options: &CsvOptions,
    ) -> Result<Imported, ImportError> {
        let import = ClientImport {
            options,
            ring: &self.ring,
            custodian: CustodianId([7; 16]),
            references: &self.key,
            local_seed: &[6; 32],
            now: now(),
        };
        let mut rng = named(&format!("import {}", self.imports.fetch_add(1, Ordering::Relaxed)));
        import_clients(file, &import, stores, &mut rng).await
    }

    async fn import(&self, file: &[u8], options: &CsvOptions) -> Result<Imported, ImportError> {
        self.import_into(Stores { register: &self.store, sigmas: &self.sigmas }, Cursor::new(file), options).await
    }

    /// What two trustees and sigma open of a client's one record.
    async fn opened(&self, register: &dyn Register, sigmas: &dyn Sigmas, handle: &Handle) -> BTreeMap<Class, String> {
        let records = register.records_of(handle).await.unwrap();
        let [stored] = records.as_slice() else { panic!("{} records", records.len()) };
        let record = opened_record(stored).unwrap();
        let capsule = check(record.ring(), record.capsule().clone()).unwrap();
        let classes: ClassSet = record.label().classes().clone();
        let ask = Ask { capsule: &capsule, classes: &classes };
        let replies: Vec<_> = self.shares[..2]
            .iter()
            .map(|share| (share.trustee(), answer(share, &self.verifying, &Digest([1; 32]), &[ask], &[2; 32]).unwrap()))
            .collect();
        let sigma = SealSigma::from_bytes(*sigmas.sigma(handle).await.unwrap().unwrap());
        let of_class = classes.iter().map(|class| (class, sigma.of_class(class, capsule.u().bytes()))).collect();
        let released = [Released { ask, record: &record, sigmas: &of_class }];
        let package = Package { ring: &self.ring, shares: &self.verifying, order: Digest([1; 32]), records: &released };
        let outcome = combine::open(&package, &replies).unwrap();
        outcome
            .cells
            .into_iter()
            .map(|cell| match cell.content {
                Ok(CellContent::Inline(content)) => (cell.class, String::from_utf8(content.to_vec()).unwrap()),
                _ => panic!("{} does not open", cell.class),
            })
            .collect()
    }

    async fn handle(&self, account: &str) -> Option<Handle> {
        self.store.handle_of(&self.key.account(account)).await.unwrap()
    }
}

#[tokio::test]
async fn what_was_shown_is_what_is_imported_or_nothing_is() {
    let world = world();
    let file = b"account,primaryIdentifier,dateOfBirth\nA1,Orlando,1980-02-03\nA2,,\nA3,Quill,\n";
    let mut shown = Vec::new();
    let digest = each_client(Cursor::new(file), &skip(), |row| {
        shown.push((row.line(), row.value("account").to_owned(), row.value("dateOfBirth").to_owned()));
    })
    .unwrap();
    let row = |line, account: &str, birth: &str| (line, account.to_owned(), birth.to_owned());
    assert_eq!(shown, [row(2, "A1", "1980-02-03"), row(4, "A3", "")], "bad rows are not shown and not sealed");
    let options = skip();
    let import = ClientImport {
        options: &options,
        ring: &world.ring,
        custodian: CustodianId([7; 16]),
        references: &world.key,
        local_seed: &[6; 32],
        now: now(),
    };
    let stores = Stores { register: &world.store, sigmas: &world.sigmas };
    let mut rng = named("import of what was shown");
    let other = Cursor::new([file.as_slice(), b"A4,Garrow,\n"].concat());
    let refused = import_these_clients(other, &digest, &import, stores, &mut rng).await;
    assert!(matches!(refused, Err(ImportError::File(_))), "{refused:?}");
    assert_eq!(world.store.counts().await.unwrap().clients, 0);
    assert_eq!(summary(import_these_clients(Cursor::new(file), &digest, &import, stores, &mut rng).await), (2, 1));
}

fn skip() -> CsvOptions {
    CsvOptions { bad_rows: BadRows::Skip, ..CsvOptions::default() }
}

fn summary(imported: Result<Imported, ImportError>) -> (u64, u64) {
    match imported.unwrap() {
        Imported::Now(summary, rejected) => {
            assert_eq!(summary.skipped, rejected.count);
            (summary.stored, summary.skipped)
        }
        Imported::Before(before) => panic!("{before:?}"),
    }
}

#[tokio::test]
async fn a_population_is_sealed_found_and_opened_by_trustees_only() {
    let world = world();
    let population = Population::generate("register", 1_100, now());
    assert_eq!(summary(world.import(&population.clients_csv(), &CsvOptions::default()).await), (1_100, 0));
    let counts = world.store.counts().await.unwrap();
    assert_eq!(counts, RegisterCounts { clients: 1_100, records: 1_100, entries: 1_100 * 8 });
    for client in
        [&population.clients[0], &population.clients[999], &population.clients[1_000], &population.clients[1_099]]
    {
        let handle = world.handle(&client.account).await.unwrap();
        let opened = world.opened(&world.store, &world.sigmas, &handle).await;
        let json = |class: Class| serde_json::from_str::<serde_json::Value>(&opened[&class]).unwrap();
        assert_eq!(json(Class::Name)["primaryIdentifier"], client.primary_identifier.as_str());
        assert_eq!(json(Class::Birth)["dateOfBirth"], client.date_of_birth.as_str());
        assert_eq!(json(Class::Address)["country"], client.country.as_str());
        assert_eq!(json(Class::Email)["emailAddress"], client.email_address.as_str());
        assert_eq!(json(Class::Phone)["phoneNumber"], client.phone_number.as_str());
        assert_eq!(json(Class::DocumentNumber)["countryOfIssue"], client.country_of_issue.as_str());
        assert_eq!(json(Class::Bank)["iban"], client.iban.as_str());
        assert_eq!(json(Class::Wallets)["walletAddress"], client.wallet_address.as_str());
    }
}

#[tokio::test]
async fn the_entries_bytes_are_fixed() {
    let world = world();
    let file = "notes,country,dateOfBirth,primaryIdentifier,account,streetName,secondaryIdentifier\n\
                \"says \"\"no\"\"\nand \\ goes\",XA,1980-02-29, Říhová ,A1,,Anna\n";
    assert_eq!(summary(world.import(file.as_bytes(), &CsvOptions::default()).await), (1, 0));
    let handle = world.handle("A1").await.unwrap();
    let opened = world.opened(&world.store, &world.sigmas, &handle).await;
    let expected = [
        (Class::Name, r#"{"primaryIdentifier":"Říhová","secondaryIdentifier":"Anna"}"#),
        (Class::Birth, r#"{"dateOfBirth":"1980-02-29"}"#),
        (Class::Address, r#"{"country":"XA"}"#),
        (Class::Notes, r#"{"notes":"says \"no\"\nand \\ goes"}"#),
    ];
    assert_eq!(opened, expected.map(|(class, text)| (class, text.to_owned())).into());
}

#[tokio::test]
async fn files_of_the_store_hold_nothing_in_clear() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("custodian.db")).await.unwrap();
    let sigmas = SqliteSigmas::open(&folder.path().join("sigma.db")).await.unwrap();
    let population = Population::generate("sqlite", 500, now());
    let stores = Stores { register: &store, sigmas: &sigmas };
    let file = population.clients_csv();
    let imported = world.import_into(stores, Cursor::new(&file), &CsvOptions::default()).await;
    assert_eq!(summary(imported), (500, 0));
    let payments = population.payments_csv();
    let known =
        import_payments(Cursor::new(&payments), &CsvOptions::default(), &world.key, &store, now()).await.unwrap();
    assert!(matches!(known, Imported::Now(..)));
    let client = &population.clients[300];
    let handle = store.handle_of(&world.key.account(&client.account)).await.unwrap().unwrap();
    assert_eq!(world.opened(&store, &sigmas, &handle).await.len(), 8);
    store.close().await;
    sigmas.close().await;
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    for client in [client, &population.clients[0], &population.clients[499]] {
        for secret in
            [&client.account, &client.primary_identifier, &client.iban, &client.email_address, &client.date_of_birth]
        {
            assert!(!holds(secret), "{secret}");
        }
    }
    assert!(!holds(&population.donation_address));
    assert!(holds("sealed_record"));
}

#[tokio::test]
async fn a_file_is_imported_once_and_its_clients_are_never_doubled() {
    let world = world();
    let population = Population::generate("twice", 40, now());
    let file = population.clients_csv();
    assert_eq!(summary(world.import(&file, &CsvOptions::default()).await), (40, 0));
    assert!(
        matches!(world.import(&file, &CsvOptions::default()).await, Ok(Imported::Before(before)) if before.stored == 40)
    );
    let mut longer = file.clone();
    longer.extend_from_slice(b"A1,Berg,Anna,LEGL,1980-02-29,Alt,,,,,XA,,,,,,,\n");
    let Err(ImportError::Rows(rejected)) = world.import(&longer, &CsvOptions::default()).await else { panic!() };
    assert_eq!(rejected.count, 40);
    assert_eq!(rejected.first[0].to_string(), "line 2, `account`: is in the register already");
    assert_eq!(world.handle("A1").await, None);
    assert_eq!(summary(world.import(&longer, &skip()).await), (1, 40));
    assert!(world.handle("A1").await.is_some());
    assert_eq!(world.store.counts().await.unwrap().clients, 41);
}

#[tokio::test]
async fn bad_rows_are_named_and_nothing_is_stored() {
    let world = world();
    let good = "A1,Berg,1980-02-29,XA,CCPT,ok\n";
    let header = "account,primaryIdentifier,dateOfBirth,country,nationalIdentifierType,notes\n";
    let long = "x".repeat(1_025);
    for (row, expected) in [
        (",Berg,,,,\n".to_owned(), "line 3, `account`: is empty and must not be"),
        ("A2, ,,,,\n".to_owned(), "line 3, `primaryIdentifier`: is empty and must not be"),
        ("A2,Berg,29.2.1980,,,\n".to_owned(), "line 3, `dateOfBirth`: is not a date like 1980-02-29"),
        ("A2,Berg,,Ruritania,,\n".to_owned(), "line 3, `country`: is not an ISO 3166-1 code of two letters"),
        (
            "A2,Berg,,,PASS,\n".to_owned(),
            "line 3, `nationalIdentifierType`: is not one of ARNU, CCPT, RAID, DRLC, FIIN, TXID, SOCS, IDCD, LEIX, MISC",
        ),
        ("A2,Be\0rg,,,,\n".to_owned(), "line 3, `primaryIdentifier`: has the control character U+0000"),
        ("\"A\n2\",Berg,,,,\n".to_owned(), "line 3, `account`: has the control character U+000A"),
        (format!("A2,{long},,,,\n"), "line 3, `primaryIdentifier`: has 1025 bytes, the limit is 1024"),
        (format!("{},Berg,,,,\n", "A".repeat(65)), "line 3, `account`: has 65 bytes, the limit is 64"),
        ("A2,Berg,,,\n".to_owned(), "line 3: has 5 fields, the first line has 6"),
        ("A2,Berg,,,,,\n".to_owned(), "line 3: has 7 fields, the first line has 6"),
        (" A1 ,Berg,,,,\n".to_owned(), "line 3, `account`: is the same as on line 2"),
    ] {
        let file = format!("{header}{good}{row}A9,Berg,,,,\"two\nlines\"\nA8,Berg,x,,,\n");
        let Err(ImportError::Rows(rejected)) = world.import(file.as_bytes(), &CsvOptions::default()).await else {
            panic!("{row}")
        };
        assert_eq!(rejected.first[0].to_string(), expected);
        assert_eq!(rejected.count, 2);
        let last = if row.contains("A\n2") { 7 } else { 6 };
        assert_eq!(rejected.first[1].to_string(), format!("line {last}, `dateOfBirth`: is not a date like 1980-02-29"));
        let text = ImportError::Rows(rejected).to_string();
        assert!(text.starts_with("nothing was stored: 2 bad rows\n  line 3"), "{text}");
    }
    let latin = [header.as_bytes(), good.as_bytes(), b"A2,B\xe9rg,,,,\n"].concat();
    let Err(ImportError::Rows(rejected)) = world.import(&latin, &CsvOptions::default()).await else { panic!() };
    assert!(rejected.first[0].to_string().starts_with("line 3, `primaryIdentifier`: is not UTF-8 from byte 1 on"));
    assert_eq!(world.store.counts().await.unwrap(), RegisterCounts::default());
    assert_eq!(world.store.imports().await.unwrap(), []);

    let file = format!("{header}{good}A2,Berg,x,,,\nA3,Berg,,,,\nA1,Berg,,,,\n");
    assert_eq!(summary(world.import(file.as_bytes(), &skip()).await), (2, 2));
    assert!(world.handle("A3").await.is_some() && world.handle("A2").await.is_none());
    let all_bad = format!("{header},,,,,\n");
    assert!(matches!(world.import(all_bad.as_bytes(), &skip()).await, Err(ImportError::Rows(_))));
}

#[tokio::test]
async fn many_bad_rows_are_counted_and_the_first_described() {
    let world = world();
    let rows: String = (0..5_000).map(|n| format!("A{n},Berg,x\n")).collect();
    let file = format!("account,primaryIdentifier,country\n{rows}");
    let Err(ImportError::Rows(rejected)) = world.import(file.as_bytes(), &CsvOptions::default()).await else {
        panic!()
    };
    assert_eq!((rejected.count, rejected.first.len()), (5_000, MOST_REPORTED));
    assert!(rejected.to_string().ends_with("\n  and 4900 more"));
}

#[tokio::test]
async fn files_that_are_no_csv_in_utf8_are_named() {
    let world = world();
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain("account,primaryIdentifier\n".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let endless = format!("account,primaryIdentifier\nA1,\"Berg\n{}", "A2,Berg\n".repeat(100_000));
    for (file, expected) in [
        (Vec::new(), "the file is empty"),
        (b"account,primaryIdentifier\n".to_vec(), "the file has no rows below its first line"),
        (utf16, "the file is UTF-16: save it as UTF-8"),
        (b"PK\x03\x04....".to_vec(), "the file is a spreadsheet or archive"),
        (b"account,primaryIdentifi\xe9r\n".to_vec(), "the file has a first line that is not UTF-8"),
        (
            b"account;primaryIdentifier\nA1;Berg\n".to_vec(),
            "the first line of the file cannot be understood; the fields seem to be separated by ';'",
        ),
        (b"account,vorname\n".to_vec(), "the first line of the file cannot be understood; column `vorname` is unknown"),
        (
            endless.into_bytes(),
            "the row that begins on line 2 is longer than 262144 bytes: is a quotation mark missing?",
        ),
    ] {
        let error = world.import(&file, &CsvOptions::default()).await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let with_mark = "\u{feff}account;primaryIdentifier\r\nA1;Berg\r\n";
    let options = CsvOptions { delimiter: b';', ..CsvOptions::default() };
    assert_eq!(summary(world.import(with_mark.as_bytes(), &options).await), (1, 0));
}

#[tokio::test]
async fn foreign_columns_are_mapped_and_classes_need_keys() {
    let world = world_of(&[Class::Name, Class::Email]);
    let file = b"id,Nachname,mail,loyalty\nA1,Berg,a@post.example,gold\n";
    let pair = |theirs: &str, ours: &str| (theirs.to_owned(), ours.to_owned());
    let options = CsvOptions {
        map: vec![pair("id", "account"), pair("Nachname", "primaryIdentifier"), pair("mail", "emailAddress")],
        ignore: vec!["loyalty".to_owned()],
        ..CsvOptions::default()
    };
    assert_eq!(summary(world.import(file, &options).await), (1, 0));
    let no_key = world.import(b"account,primaryIdentifier,iban\nA2,Berg,XA1\n", &CsvOptions::default()).await;
    assert_eq!(
        no_key.unwrap_err().to_string(),
        "column `iban` is sealed in class `bank`, for which the ring has no key: leave it out with `--ignore`"
    );
}

#[tokio::test]
async fn payments_count_donors_before_anybody_is_named() {
    let world = world();
    let store: Arc<dyn DeskStore> = Arc::new(world.store.clone());
    let population = Population::generate("payers", 400, now());
    let table = PaymentTable::new(Arc::clone(&store), Arc::clone(&world.key));
    let unknown = table.exposed(BITCOIN, &population.donation_address).await;
    assert!(unknown.unwrap_err().contains("is unknown"));
    let file = population.payments_csv();
    let import = |file: Vec<u8>, options: CsvOptions| {
        let (store, key) = (Arc::clone(&store), Arc::clone(&world.key));
        async move { import_payments(Cursor::new(file), &options, &key, store.as_ref(), now()).await }
    };
    let before_clients = import(file.clone(), CsvOptions::default()).await.unwrap_err().to_string();
    assert!(before_clients.contains("line 2, `account`: is not in the register: import the clients first"));
    assert_eq!(store.payments().await.unwrap(), 0);
    assert_eq!(summary(world.import(&population.clients_csv(), &CsvOptions::default()).await), (400, 0));
    assert_eq!(summary(import(file.clone(), CsvOptions::default()).await), (population.payments.len() as u64, 0));
    assert!(matches!(import(file.clone(), CsvOptions::default()).await, Ok(Imported::Before(_))));
    assert_eq!(table.exposed(BITCOIN, &population.donation_address).await, Ok(population.donors().len() as u64));
    assert_eq!(table.exposed(BITCOIN, "tb1qnobody").await, Ok(0));
    assert!(table.exposed("ethereum", "0x00").await.is_err());

    let header = "txid,address,account,amount_sat,paid_at\n";
    let (id, account) = ("ab".repeat(32), &population.clients[0].account);
    for (row, expected) in [
        (format!("ab,x,{account},1,2026-11-20T12:00:00Z"), "line 2, `txid`: is not 64 hexadecimal digits"),
        (format!("{id},,{account},1,2026-11-20T12:00:00Z"), "line 2, `address`: is empty and must not be"),
        (format!("{id},x,{account},0,2026-11-20T12:00:00Z"), "line 2, `amount_sat`: is not a whole number above zero"),
        (
            format!("{id},x,{account},0.1,2026-11-20T12:00:00Z"),
            "line 2, `amount_sat`: is not a whole number above zero",
        ),
        (
            format!("{id},x,{account},1,yesterday"),
            "line 2, `paid_at`: is not a time like 2026-11-20T13:00:00Z (UTC, whole seconds)",
        ),
    ] {
        let Err(ImportError::Rows(rejected)) =
            import(format!("{header}{row}\n").into_bytes(), CsvOptions::default()).await
        else {
            panic!("{row}")
        };
        assert_eq!(rejected.first[0].to_string(), expected);
    }
}

#[tokio::test]
async fn a_check_stores_nothing_and_says_what_an_import_would_do() {
    let world = world();
    let file = b"account,primaryIdentifier,country\nA1,Berg,XA\nA2,Berg,zz\n";
    let checked = check_clients(Cursor::new(file), &CsvOptions::default(), &world.key, &world.store).await.unwrap();
    assert_eq!((checked.rows, checked.rejected.count), (2, 1));
    assert_eq!(world.store.imports().await.unwrap(), []);
    let Ok(Imported::Now(done, _)) = world.import(file, &skip()).await else { panic!() };
    assert_eq!(done.digest, checked.import);
}

/// Keeps so many calls, then fails.
struct Failing {
    inner: MemorySigmas,
    calls: AtomicUsize,
}

#[async_trait]
impl Sigmas for Failing {
    async fn put_sigmas(&self, sigmas: &[(Handle, Sigma)]) -> countersign_store::Result<()> {
        if self.calls.fetch_add(1, Ordering::Relaxed) == 1 {
            return Err(StoreError::Unavailable { doing: "keep a sigma", reason: "no space left".to_owned() });
        }
        self.inner.put_sigmas(sigmas).await
    }

    async fn sigma(&self, handle: &Handle) -> countersign_store::Result<Option<Sigma>> {
        self.inner.sigma(handle).await
    }

    async fn have_sigmas(&self, clients: &[Handle]) -> countersign_store::Result<BTreeSet<Handle>> {
        self.inner.have_sigmas(clients).await
    }

    async fn delete_sigma(&self, handle: &Handle) -> countersign_store::Result<bool> {
        self.inner.delete_sigma(handle).await
    }
}

#[tokio::test]
async fn a_failure_in_the_middle_leaves_an_empty_register_that_can_be_filled() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("custodian.db")).await.unwrap();
    let failing = Failing { inner: MemorySigmas::default(), calls: AtomicUsize::new(0) };
    let population = Population::generate("failing", 2_100, now());
    let file = population.clients_csv();
    let stores = Stores { register: &store, sigmas: &failing };
    let failed = world.import_into(stores, Cursor::new(&file), &CsvOptions::default()).await;
    assert!(matches!(failed, Err(ImportError::Store(StoreError::Unavailable { .. }))), "{failed:?}");
    assert_eq!(store.counts().await.unwrap(), RegisterCounts::default());
    store.set_setting("still", b"writes").await.unwrap();
    let again = world.import_into(stores, Cursor::new(&file), &CsvOptions::default()).await;
    assert_eq!(summary(again), (2_100, 0));
}

/// A file that is another one every time it is read from its start.
struct Restless {
    reads: u8,
    bytes: Cursor<Vec<u8>>,
}

impl Read for Restless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buffer)
    }
}

impl Seek for Restless {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if to == SeekFrom::Start(0) {
            self.reads += 1;
            let text = format!("account,primaryIdentifier\nA{},Berg\n", self.reads);
            self.bytes = Cursor::new(text.into_bytes());
        }
        self.bytes.seek(to)
    }
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_refused() {
    let world = world();
    let file = Restless { reads: 0, bytes: Cursor::new(Vec::new()) };
    let stores = Stores { register: &world.store, sigmas: &world.sigmas };
    let error = world.import_into(stores, file, &CsvOptions::default()).await.unwrap_err();
    assert!(error.to_string().starts_with("the file changed while it was read"), "{error}");
    assert_eq!(world.store.counts().await.unwrap(), RegisterCounts::default());
}

#[tokio::test]
async fn a_record_whose_columns_or_bytes_were_changed_is_named() {
    let world = world();
    assert_eq!(summary(world.import(b"account,primaryIdentifier\nA1,Berg\n", &CsvOptions::default()).await), (1, 0));
    let handle = world.handle("A1").await.unwrap();
    let records = world.store.records_of(&handle).await.unwrap();
    let good = &records[0];
    assert_eq!(stored_record(&opened_record(good).unwrap()), *good);
    let change = |change: fn(&mut countersign_store::SealedRecord)| {
        let mut bad = good.clone();
        change(&mut bad);
        bad
    };
    for bad in [
        change(|record| record.handle.0[0] ^= 1),
        change(|record| record.record.0[0] ^= 1),
        change(|record| record.period = 202_611),
        change(|record| record.revision += 1),
        change(|record| record.label[20] ^= 1),
        change(|record| record.header[0] ^= 1),
        change(|record| record.entries[0].ciphertext[0] ^= 1),
        change(|record| record.entries[0].commitment[0] ^= 1),
        change(|record| record.entries[0].class = Class::Notes),
        change(|record| record.entries.clear()),
    ] {
        assert!(opened_record(&bad).unwrap_err().to_string().contains("is damaged"));
    }
}
