//! The drill: every attempt of its lists was made, and refused with the code that the party concerned gives.

mod program;

use program::{Ran, countersign};
use serde_json::Value;
use std::collections::BTreeSet;

/// Attempts, and codes of which each must have been given.
const ADVERSARY: [(&str, &[&str]); 30] = [
    ("honest_ground", &[]),
    ("administrator_reads", &[]),
    ("administrator_swaps_labels", &["HEADER_INVALID", "LABEL_DIFFERS"]),
    ("one_weight_for_two_equations", &["HEADER_INVALID"]),
    ("swapped_replies", &[]),
    ("rogue_recipient_key", &[]),
    ("tampered_entry", &[]),
    ("lying_trustee", &[]),
    ("administrator_replays", &["ORDER_ID_REUSED", "MANIFEST_DIFFERS"]),
    ("administrator_adds_a_record", &["MANIFEST_DIFFERS", "SCOPE_DIFFERS", "APPROVAL_INVALID"]),
    ("regional_manager_alone", &["POLICY_DENIED"]),
    ("coerced_approver", &["POLICY_DENIED", "APPROVAL_REPEATED", "APPROVAL_INVALID"]),
    ("all_that_one_state_reaches", &["POLICY_DENIED"]),
    ("puppet_approver", &["APPROVER_NOT_IN_FORCE"]),
    ("weaker_policy", &["POLICY_NOT_IN_FORCE"]),
    ("fake_authority_key", &["DIRECTORY_NOT_IN_FORCE", "RECIPIENT_NOT_IN_FORCE"]),
    ("another_ring_or_epoch", &["WRONG_RING", "WRONG_SHARE_EPOCH"]),
    ("hidden_leaf_field", &["LEAF_DIFFERS"]),
    ("dropped_receipts", &["RECEIPTS_MISSING"]),
    ("slicing", &["CAP_ADDRESS"]),
    ("slices_a_question", &["HOPS_NOT_APPROVED", "QUESTIONS_SPENT", "ADDRESS_SPENT"]),
    ("private_log", &["NOT_PUBLIC"]),
    ("private_log_and_stolen_witnesses", &["CHECKPOINT_DIFFERS"]),
    ("restored_snapshot", &[]),
    ("hacked_mailbox", &["CALL_BACK_FAILED", "SENDER_NOT_VERIFIED"]),
    ("t_minus_1_trustees", &[]),
    ("stolen_backups", &[]),
    ("custodian_and_t_trustees", &[]),
    ("coerced_approver_calls_for_help", &["PENDING"]),
    ("honest_order_after_all", &[]),
];

const TRUSTEES: [(&str, &[&str]); 15] = [
    ("honest_ground", &[]),
    ("two_trustees_lost", &[]),
    ("three_trustees_lost", &[]),
    ("lost_share_repaired", &[]),
    ("dealer_that_lies", &[]),
    ("shares_refreshed", &[]),
    ("old_epoch", &["WRONG_SHARE_EPOCH"]),
    ("destroyed_shares", &[]),
    ("stranger_enrolled", &[]),
    ("newcomer_enrolled", &[]),
    ("unconfirmed_keys", &[]),
    ("keys_rotated", &[]),
    ("coerced_trustee", &["PAUSED"]),
    ("removed_trustee", &[]),
    ("honest_order_after_all", &[]),
];

const INSIDER: [(&str, &[&str]); 13] = [
    ("honest_ground", &[]),
    ("picks_a_client", &[]),
    ("borrows_a_name", &["SIGNERS_MISSING"]),
    ("honey_record", &[]),
    ("client_who_is_not_there", &["CONSENT_INVALID"]),
    ("invents_agents", &["AGENT_NOT_IN_FORCE"]),
    ("names_another_reader", &["RECIPIENT_NOT_IN_FORCE", "APPROVAL_INVALID"]),
    ("breaks_the_glass", &["SIGNERS_MISSING", "WAITING", "CLASSES_NOT_FOR_KIND", "LANE_EXCEEDED"]),
    ("is_vetoed", &["WAITING", "ORDER_HELD"]),
    ("replays", &["ORDER_ID_REUSED", "MANIFEST_DIFFERS"]),
    ("exceeds_the_budget", &["CAP_AGENT"]),
    ("asks_for_more_with_a_peer", &[]),
    ("honest_reading_after_all", &[]),
];

fn play(part: &str) -> (tempfile::TempDir, Ran, Vec<Value>) {
    let place = tempfile::tempdir().unwrap();
    let ran = countersign(&place.path().join("drill"), &["drill", part, "--json"]);
    let objects = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (place, ran, objects)
}

fn texts(value: &Value) -> BTreeSet<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn check(ran: &Ran, objects: &[Value], attempts: &[(&str, &[&str])]) {
    assert_eq!(ran.code, Some(0), "{ran}");
    let names: Vec<&str> = objects.iter().filter_map(|object| object["name"].as_str()).collect();
    let wanted: Vec<&str> = attempts.iter().map(|(name, _)| *name).chain(["summary"]).collect();
    assert_eq!(names, wanted);
    for (object, (name, codes)) in objects.iter().zip(attempts) {
        assert_eq!(object["ok"], true, "{object}");
        assert!(object.get("not_observed").is_none() && object.get("error").is_none(), "{object}");
        let given = texts(&object["refusal_codes"]);
        assert!(codes.iter().all(|code| given.contains(code)), "{name}: {codes:?} in {given:?}");
    }
    assert_eq!(objects.last().unwrap()["ok"], true);
}

#[test]
fn everybody_who_could_cheat_is_refused_by_the_party_concerned() {
    let (place, ran, objects) = play("adversary");
    check(&ran, &objects, &ADVERSARY);
    let step = |name: &str| objects.iter().find(|object| object["name"] == name).unwrap();
    let every_trustee = BTreeSet::from(["trustee 1", "trustee 2", "trustee 3", "trustee 4", "trustee 5"]);
    let by_the_desk = ["hacked_mailbox", "slices_a_question"];
    for (name, codes) in ADVERSARY.iter().filter(|(name, codes)| !codes.is_empty() && !by_the_desk.contains(name)) {
        let parties = texts(&step(name)["refused_by"]);
        assert!(parties.is_superset(&every_trustee), "{name} with {codes:?}: {parties:?}");
    }
    for (name, party) in [
        ("administrator_reads", "sealing"),
        ("swapped_replies", "recipient"),
        ("rogue_recipient_key", "recipient"),
        ("tampered_entry", "recipient"),
        ("lying_trustee", "recipient"),
        ("restored_snapshot", "log"),
        ("hacked_mailbox", "desk"),
        ("slices_a_question", "desk"),
        ("t_minus_1_trustees", "threshold"),
        ("stolen_backups", "sealing"),
    ] {
        assert!(texts(&step(name)["refused_by"]).contains(party), "{name}");
    }
    assert_eq!(step("lying_trustee")["named_as_liars"], serde_json::json!([1]));
    assert_eq!(step("administrator_reads")["values_found"], 0);
    assert!(step("administrator_reads")["values_searched"].as_u64().unwrap() > 100);
    // However it is cut, one address is asked about so often and no more.
    assert_eq!(step("slices_a_question")["questions_answered"], 24);
    assert!(step("slices_a_question")["another_authority"].as_str().unwrap().contains("under all orders together"));
    assert_eq!(
        step("hidden_leaf_field")["partials_refused"],
        5 * (step("hidden_leaf_field")["fields"].as_u64().unwrap() + 1)
    );
    // What no design prevents is said, and opens the right name.
    let nothing = step("custodian_and_t_trustees");
    assert_eq!((&nothing["stopped_by"], &nothing["opened"]), (&"nothing".into(), &true.into()));
    assert!(nothing.get("refused_by").is_none());
    // A custodian with a folder of its own stays for whoever wants to look.
    assert!(place.path().join("drill/adversary/custodian/config.json").is_file());
    let again = countersign(&place.path().join("drill"), &["drill", "adversary"]);
    assert_eq!(again.code, Some(1), "a drill does not touch a folder that holds something: {again}");
}

#[test]
fn trustees_are_lost_stopped_renewed_and_named_when_they_lie() {
    let (_place, ran, objects) = play("trustees");
    check(&ran, &objects, &TRUSTEES);
    let step = |name: &str| objects.iter().find(|object| object["name"] == name).unwrap();
    let failed = texts(&step("two_trustees_lost")["trustees_failed"]);
    assert!(
        failed.len() == 2 && failed.iter().zip(["trustee 1: ", "trustee 2: "]).all(|(text, who)| text.starts_with(who))
    );
    assert!(
        step("three_trustees_lost")["release_with_two_trustees"].as_str().unwrap().contains("2 of 3 trustees answered")
    );
    assert_eq!(step("lost_share_repaired")["without_its_share"], serde_json::json!([2]));
    assert_eq!(step("shares_refreshed")["answered_in_epochs"], serde_json::json!([2, 2, 2, 2, 2]));
    assert_eq!(step("shares_refreshed")["change_signed_by"], "3 approvers, 3 trustees");
    assert!(step("dealer_that_lies")["changed_share"].as_str().unwrap().contains("the message of trustee 1"), "{ran}");
    assert_eq!(step("newcomer_enrolled")["answered"], serde_json::json!([1, 2, 3, 4, 5, 6]));
    assert_eq!(step("coerced_trustee")["others_answered"], 5);
    assert_eq!(step("removed_trustee")["others_answered"], 5);
    assert_eq!(step("honest_order_after_all")["trustees_answered"], 5);
}

#[test]
fn a_bribed_agent_gets_at_most_the_budget() {
    let (_place, ran, objects) = play("insider");
    check(&ran, &objects, &INSIDER);
    let step = |name: &str| objects.iter().find(|object| object["name"] == name).unwrap();
    assert_eq!(texts(&step("picks_a_client")["refused_by"]), BTreeSet::from(["desk"]));
    assert_eq!(step("honey_record")["alarms"], 1);
    let (read, budget) = (&step("exceeds_the_budget")["people_read_with_the_operators_help"], 60);
    assert!((3..=budget).contains(&read.as_u64().unwrap()), "{read} of {budget}");
    let more = step("asks_for_more_with_a_peer")["people_read_with_a_peer"].as_u64().unwrap();
    assert!(more <= 20, "{more}");
    let every_trustee = BTreeSet::from(["trustee 1", "trustee 2", "trustee 3", "trustee 4", "trustee 5"]);
    for name in ["client_who_is_not_there", "invents_agents", "names_another_reader", "breaks_the_glass", "is_vetoed"] {
        assert!(texts(&step(name)["refused_by"]).is_superset(&every_trustee), "{name}");
    }
}
