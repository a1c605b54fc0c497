//! Promises of [`Register`] and [`Payments`](crate::Payments).

use super::{digest, leaf, minute};
use crate::{
    Batch, DeskStore, HEADER_LEN, ImportStart, ImportSummary, ImportWriter, ImportedRecord, NewEntry, NewRecord,
    Payment, PaymentsStart, Register, RegisterCounts, SealedRecord, StoreError, Tag,
};
use countersign_core::class::Class;
use countersign_core::id::{Handle, RecordId};

fn wide(n: u32) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    bytes
}

/// Record `n` of client `client`.
fn record(n: u32, client: u32) -> NewRecord {
    let entry = |class, fill: u8| NewEntry { class, commitment: [fill; 32], ciphertext: vec![fill; 80] };
    NewRecord {
        sealed: SealedRecord {
            record: RecordId(wide(n)),
            handle: Handle(wide(client)),
            ring: digest(200),
            period: 0,
            revision: u64::from(n),
            label: n.to_be_bytes().to_vec(),
            header: [7; HEADER_LEN],
            entries: vec![entry(Class::Name, 1), entry(Class::Birth, 2), entry(Class::Notes, 3)],
        },
        references: vec![tag(client)],
        row: Some(u64::from(n) + 1_000),
    }
}

fn tag(client: u32) -> Tag {
    wide(client ^ 0xffff_0000)
}

async fn begin(store: &impl Register, n: u8) -> Box<dyn ImportWriter> {
    match store.begin_import(&digest(n)).await.expect("begins") {
        ImportStart::Open(writer) => writer,
        ImportStart::AlreadyImported(before) => panic!("{before:?}"),
    }
}

/// What was added is there after the commit, byte for byte.
pub async fn an_import_is_whole(store: &impl DeskStore) {
    let mut writer = begin(store, 1).await;
    writer.add(vec![record(1, 1), record(2, 2)]).await.expect("adds");
    writer.add(Vec::new()).await.expect("adds nothing");
    writer.add(vec![record(3, 3)]).await.expect("adds");
    let summary = writer.commit(4, minute(0)).await.expect("commits");
    let expected = ImportSummary { digest: digest(1), kind: "clients".into(), stored: 3, skipped: 4, at: minute(0) };
    assert_eq!(summary, expected);
    assert_eq!(store.imports().await.expect("reads"), [expected]);
    assert_eq!(store.record(&RecordId(wide(2))).await.expect("reads"), Some(record(2, 2).sealed));
    assert_eq!(store.record(&RecordId(wide(9))).await.expect("reads"), None);
    let asked = [RecordId(wide(3)), RecordId(wide(9)), RecordId(wide(1)), RecordId(wide(3))];
    let headers = store.headers(&asked).await.expect("reads");
    let (first, third) = (record(1, 1).sealed.header, record(3, 3).sealed.header);
    assert_eq!(headers, [Some(third), None, Some(first), Some(third)]);
    assert!(store.headers(&[]).await.expect("reads").is_empty());
    assert_eq!(store.handle_of(&tag(3)).await.expect("reads"), Some(Handle(wide(3))));
    assert_eq!(store.handle_of(&tag(9)).await.expect("reads"), None);
    assert_eq!(store.known_references(&[tag(9), tag(3), tag(8), tag(1)]).await.expect("reads"), [1, 3]);
    let counts = RegisterCounts { clients: 3, records: 3, entries: 9 };
    assert_eq!(store.counts().await.expect("counts"), counts);
}

/// Views come and go with their import; a later one takes the place of the earlier one.
pub async fn views_come_with_their_import(store: &impl DeskStore) {
    let mut writer = begin(store, 1).await;
    let views = |first: u32, fill: u8| (first..first + 1_200).map(|n| (Handle(wide(n)), vec![fill; 40])).collect();
    writer.add_views(views(0, 1)).await.expect("adds");
    writer.add_views(vec![(Handle(wide(1)), vec![2]), (Handle(wide(1)), vec![3])]).await.expect("adds");
    writer.commit(0, minute(0)).await.expect("commits");
    let mut dropped = begin(store, 2).await;
    dropped.add_views(views(5_000, 4)).await.expect("adds");
    drop(dropped);
    let mut later = begin(store, 3).await;
    later.add_views(vec![(Handle(wide(2)), vec![5])]).await.expect("adds");
    later.commit(0, minute(1)).await.expect("commits");
    let found = async |n| store.view_of(&Handle(wide(n))).await.expect("reads");
    assert_eq!((found(0).await, found(1_199).await), (Some(vec![1; 40]), Some(vec![1; 40])));
    assert_eq!((found(1).await, found(2).await), (Some(vec![3]), Some(vec![5])));
    assert_eq!((found(1_200).await, found(5_000).await), (None, None));
}

/// The row of a file leads to the record that came of it, in its own import only.
pub async fn rows_lead_to_their_records(store: &impl DeskStore) {
    let mut writer = begin(store, 1).await;
    writer.add(vec![record(1, 1), NewRecord { row: None, ..record(2, 2) }]).await.expect("adds");
    writer.add(vec![record(3, 3)]).await.expect("adds");
    writer.commit(0, minute(0)).await.expect("commits");
    let batch = Batch {
        lookup: digest(50),
        attribute: 130,
        import: digest(1),
        document: vec![1],
        leaf: [50; 32],
        records: vec![RecordId(wide(3))],
    };
    store.begin_batch(batch, leaf(50), minute(0)).await.expect("begins");
    let of = |n: u32, batch| {
        let SealedRecord { record, handle, label, header, .. } = record(n, n).sealed;
        ImportedRecord { row: u64::from(n) + 1_000, record, handle, label, header, batch }
    };
    let rows = async |import, rows, attribute| store.records_of_rows(&import, rows, attribute).await.expect("reads");
    assert_eq!(rows(digest(1), 0..2_000, 130).await, [of(1, None), of(3, Some(digest(50)))]);
    assert_eq!(rows(digest(1), 1_002..2_000, 131).await, [of(3, None)]);
    assert_eq!(rows(digest(1), 1_001..1_003, 130).await, [of(1, None)]);
    assert_eq!(rows(digest(2), 0..2_000, 130).await, []);
}

/// A writer that is dropped, before or after something failed, leaves nothing and nobody waiting.
pub async fn a_dropped_import_leaves_nothing(store: &impl DeskStore) {
    let mut writer = begin(store, 1).await;
    writer.add(vec![record(1, 1)]).await.expect("adds");
    drop(writer);
    let mut writer = begin(store, 1).await;
    writer.add(vec![record(1, 1)]).await.expect("adds");
    assert!(writer.add(vec![record(1, 2)]).await.is_err_and(|error| error.is_conflict()));
    drop(writer);
    assert_eq!(store.counts().await.expect("counts"), RegisterCounts::default());
    assert_eq!(store.imports().await.expect("reads"), []);
    assert_eq!(store.handle_of(&tag(1)).await.expect("reads"), None);
    store.set_setting("still", b"writes").await.expect("nobody waits");
}

/// A file that was imported is named as such and not imported again.
pub async fn a_file_is_imported_once(store: &impl DeskStore) {
    let mut writer = begin(store, 1).await;
    writer.add(vec![record(1, 1)]).await.expect("adds");
    let summary = writer.commit(0, minute(0)).await.expect("commits");
    match store.begin_import(&digest(1)).await.expect("begins") {
        ImportStart::AlreadyImported(before) => assert_eq!(before, summary),
        ImportStart::Open(_) => panic!("a second import of the same file"),
    }
    let later = begin(store, 2).await.commit(0, minute(5)).await.expect("commits nothing");
    assert_eq!(store.imports().await.expect("reads"), [later, summary]);
}

/// Two records never share an id or a revision, two clients never a reference; entries stand in order.
pub async fn ids_and_references_are_unique(store: &impl DeskStore) {
    let mut writer = begin(store, 1).await;
    writer.add(vec![record(1, 1)]).await.expect("adds");
    writer.commit(0, minute(0)).await.expect("commits");
    let mut same_revision = record(5, 1);
    same_revision.sealed.revision = 1;
    let mut same_reference = record(6, 6);
    same_reference.references = vec![tag(1)];
    let mut within = record(8, 8);
    within.references = vec![tag(7)];
    for refused in [vec![record(1, 2)], vec![same_revision], vec![same_reference], vec![record(7, 7), within]] {
        let result = begin(store, 2).await.add(refused).await;
        assert!(result.as_ref().is_err_and(StoreError::is_conflict), "{result:?}");
    }
    let mut twice = record(5, 5);
    twice.sealed.entries.swap(0, 1);
    let result = begin(store, 2).await.add(vec![twice]).await;
    assert!(matches!(result, Err(StoreError::Refused { .. })), "{result:?}");
    let mut writer = begin(store, 2).await;
    writer.add(vec![record(2, 1)]).await.expect("a client's next revision brings its reference again");
    writer.commit(0, minute(0)).await.expect("commits");
}

/// A client's records come by period, then revision.
pub async fn records_come_in_order(store: &impl DeskStore) {
    let of = |n, period| {
        let mut record = record(n, 1);
        record.sealed.period = period;
        record
    };
    let mut writer = begin(store, 1).await;
    writer.add(vec![of(5, 202_611), of(9, 0), of(4, 202_612), of(2, 0), record(6, 2)]).await.expect("adds");
    writer.commit(0, minute(0)).await.expect("commits");
    let found = store.records_of(&Handle(wide(1))).await.expect("reads");
    let numbers: Vec<u64> = found.iter().map(|record| record.revision).collect();
    assert_eq!(numbers, [2, 9, 5, 4]);
    assert_eq!(found.first(), Some(&of(2, 0).sealed));
    assert_eq!(store.records_of(&Handle(wide(3))).await.expect("reads"), []);
}

/// Nothing is lost between the parts of a large import.
pub async fn large_imports_are_complete(store: &impl DeskStore) {
    const CLIENTS: u32 = 1_203;
    let mut writer = begin(store, 1).await;
    writer.add((0..CLIENTS).map(|n| record(n, n)).collect()).await.expect("adds");
    writer.add((CLIENTS..2 * CLIENTS).map(|n| record(n, n - CLIENTS)).collect()).await.expect("adds");
    writer.commit(0, minute(0)).await.expect("commits");
    let counts = store.counts().await.expect("counts");
    assert_eq!((counts.clients, counts.records, counts.entries), (1_203, 2_406, 7_218));
    for n in [0, 499, 500, 501, 1_202, 1_203, 2_405] {
        let expected = record(n, n % CLIENTS).sealed;
        assert_eq!(store.record(&RecordId(wide(n))).await.expect("reads"), Some(expected));
    }
}

/// However often a client paid an address, it is one client.
pub async fn payers_are_counted_once(store: &impl DeskStore) {
    let paid = |address, payer, amount| Payment { address: wide(address), payer: wide(payer), amount, at: minute(0) };
    let writer = store.begin_payments(&digest(1)).await.expect("begins");
    let PaymentsStart::Open(mut writer) = writer else { panic!("nothing was imported before") };
    writer.add(vec![paid(1, 1, 5), paid(1, 1, 5), paid(1, 2, 0), paid(2, 2, i64::MAX)]).await.expect("adds");
    writer.add((0..1_500).map(|n| paid(3, n % 700, 1)).collect()).await.expect("adds");
    let summary = writer.commit(1, minute(0)).await.expect("commits");
    assert_eq!((summary.kind.as_str(), summary.stored, summary.skipped), ("payments", 1_504, 1));
    for (address, payers) in [(1, 2), (2, 1), (3, 700), (4, 0)] {
        assert_eq!(store.distinct_payers(&wide(address)).await.expect("counts"), payers);
    }
    assert_eq!(store.payments().await.expect("counts"), 1_504);
    match store.begin_payments(&digest(1)).await.expect("begins") {
        PaymentsStart::AlreadyImported(before) => assert_eq!(before, summary),
        PaymentsStart::Open(_) => panic!("a second import of the same file"),
    }
    let PaymentsStart::Open(mut writer) = store.begin_payments(&digest(2)).await.expect("begins") else { panic!() };
    writer.add(vec![paid(1, 3, 1)]).await.expect("adds");
    let refused = writer.add(vec![paid(1, 3, -1)]).await;
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
    drop(writer);
    assert_eq!(store.payments().await.expect("counts"), 1_504);
}
