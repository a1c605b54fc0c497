//! The suite that every store must pass. Each function is one promise of the ports; it panics when the promise is broken.
//!
//! `desk_store_conformance!(make)` declares one test per promise; `make` is a future of a fresh, empty store
//! and of whatever must live as long as the store (a folder, or `()`).

pub mod cases;
pub mod exposures;
pub mod index;
pub mod listing;
pub mod openings;
pub mod orders;
pub mod queries;
pub mod register;
pub mod restrictions;
pub mod settings;
pub mod sigmas;

use crate::{AppendEvent, LeafKey, NewLeaf, NewOrder, StoredDocument};
use countersign_core::case::{Event, EventRecord, EventV1};
use countersign_core::id::{AuthorityId, CaseId, Digest, OrderId, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;

/// Declares one test per promise of the desk's ports.
#[macro_export]
macro_rules! desk_store_conformance {
    ($make:expr) => {
        $crate::conformance_tests! { $make;
            cases: a_case_is_read_as_it_was_written, an_event_out_of_its_place_is_a_conflict,
                the_same_event_again_changes_nothing, a_refused_event_leaves_nothing,
                documents_are_kept_by_digest, leaves_without_an_event, cases_are_listed_by_last_move,
                disclosures_are_paged_by_key;
            openings: sealed_leaves_are_closed_until_they_are_opened, a_sealed_leaf_is_read_whole, a_leaf_is_opened_once,
                a_refused_opening_leaves_nothing;
            listing: a_case_that_has_moved_is_unplaced, only_events_that_are_there_place_a_case,
                open_cases_are_paged_by_deadline;
            orders: an_order_is_found_by_id_and_digest, one_decision_has_one_order,
                approvals_follow_the_events, an_entry_must_fit_its_event, people_are_counted_once_per_order,
                effects_open_and_close, receipts_belong_to_orders;
            register: an_import_is_whole, a_dropped_import_leaves_nothing, records_are_known_by_their_ring, a_file_is_imported_once,
                ids_and_references_are_unique, records_come_in_order,
                rows_lead_to_their_records, views_come_with_their_import, large_imports_are_complete, payers_are_counted_once;
            index: a_batch_is_finished_with_its_lists, a_record_is_in_one_batch_of_an_attribute,
                a_list_is_replaced_only_as_it_was_read, imports_are_noted_as_indexed, a_lookup_has_one_outcome,
                receipts_of_lookups_are_kept_once;
            restrictions: a_restriction_applied_twice_is_one, a_refused_batch_leaves_nothing, chains_are_paged_and_counted,
                an_account_is_told_in_order, a_notice_is_given_up_and_revived, a_notice_is_queued_once;
            queries: a_question_is_answered_once, questions_are_counted_by_order_and_address;
            exposures: a_deposit_is_answered_once_under_an_order, deposits_are_counted_by_order_and_time;
            settings: settings_are_kept, some_settings_never_change;
        }
    };
}

/// Declares one test per promise of the sigma port.
#[macro_export]
macro_rules! sigmas_conformance {
    ($make:expr) => {
        $crate::conformance_tests! { $make;
            sigmas: sigmas_are_kept_and_erased, a_sigma_is_never_replaced;
        }
    };
}

/// Declares tests; used by the other macros.
#[macro_export]
macro_rules! conformance_tests {
    ($make:expr; $($module:ident: $($name:ident),*;)*) => {
        $($(
            #[tokio::test]
            async fn $name() {
                let (store, _kept) = $make.await;
                $crate::conformance::$module::$name(&store).await;
            }
        )*)*
    };
}

/// The case number `n`.
pub(crate) fn case(n: u8) -> CaseId {
    CaseId([n; 16])
}

/// The digest number `n`.
pub(crate) fn digest(n: u8) -> Digest {
    Digest([n; 32])
}

/// `minutes` after a fixed noon.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    Timestamp::parse("2026-11-20T12:00:00Z").expect("a time").plus(60 * minutes)
}

/// A leaf whose key, bytes and disclosures follow from `n`.
pub(crate) fn leaf(n: u8) -> NewLeaf {
    NewLeaf {
        key: key(n),
        kind: "finding".to_owned(),
        leaf: vec![n; 40],
        disclosures: vec![format!("secret-{n}"), format!("other-{n}")],
    }
}

/// The leaf key number `n`.
pub(crate) fn key(n: u8) -> LeafKey {
    [n; 32]
}

/// A document of some bytes.
pub(crate) fn document(n: u8, bytes: &[u8]) -> StoredDocument {
    StoredDocument { digest: digest(n), kind: "letter".to_owned(), bytes: bytes.to_vec() }
}

/// An event after `previous`, at that many minutes.
pub(crate) fn event(
    case: CaseId,
    previous: Option<&Exact<EventRecord>>,
    minutes: i64,
    event: Event,
) -> Exact<EventRecord> {
    Exact::write(EventRecord {
        v: EventV1,
        case,
        number: previous.map_or(0, |previous| previous.value().number + 1),
        previous: previous.map(Exact::digest),
        at: minute(minutes),
        by: PersonId::parse("anna-berg").expect("a person"),
        event,
    })
    .expect("an event")
}

/// The first event of a case.
pub(crate) fn request(case: CaseId, minutes: i64) -> Exact<EventRecord> {
    event(case, None, minutes, Event::Request { document: digest(1), authority: authority() })
}

/// An event that proposes order number `n`, with its entry.
pub(crate) fn proposed(previous: &Exact<EventRecord>, minutes: i64, n: u8, decision: u8) -> AppendEvent {
    let record = event(previous.value().case, Some(previous), minutes, Event::Proposed { order: digest(n) });
    AppendEvent { order: Some(order(n, decision)), ..AppendEvent::new(record) }
}

/// The entry of order number `n`.
pub(crate) fn order(n: u8, decision: u8) -> NewOrder {
    NewOrder { id: OrderId([n; 16]), digest: digest(n), decision: digest(decision), authority: authority() }
}

/// An authority.
pub(crate) fn authority() -> AuthorityId {
    AuthorityId::parse("xa-district-court").expect("an authority")
}
