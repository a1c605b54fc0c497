//! Readings in daily operation by hand: a case of the queue, a client who is present, break-glass and its veto, honey records.

use crate::by_hand::{Hand, word_after};

#[test]
fn an_agent_reads_the_case_that_the_queue_has_assigned_and_no_other() {
    let hand = Hand::founded();
    let open = ["read", "open", "--account", "A-000001", "--reason", "payment", "--as"];
    let opened = hand.good(&[&open[..], &["lena-ohm"]].concat());
    let case = word_after(&opened, "case ");
    let ask = ["read", "ask", &case, "--classes", "name,email", "--as", "ada-roth"];
    let early = hand.run(&ask);
    assert!(early.code == Some(1) && early.err.contains("NOT_ASSIGNED"), "{early}");
    let officer = hand.run(&["read", "take", "--as", "lena-ohm"]);
    assert!(officer.code == Some(1) && officer.err.contains("NOT_AN_AGENT"), "{officer}");
    assert!(hand.good(&["read", "take", "--as", "ada-roth"]).contains(&case));
    assert!(hand.good(&["read", "take", "--as", "ada-roth"]).contains(&case), "the same again");
    let taken = hand.run(&["read", "take", "--as", "ben-weiss"]);
    assert!(taken.code == Some(1) && taken.err.contains("no case is waiting"), "{taken}");
    assert!(hand.good(&["read", "queue"]).contains("with ada-roth"));

    let said = hand.good(&ask);
    assert!(said.contains("1 clients, classes name, email") || said.contains("name,email"), "{said}");
    let order = word_after(&said, "order ");
    let other = hand.run(&["read", "show", &order, "--as", "ben-weiss"]);
    assert!(other.code == Some(1) && !other.out.contains("Orlando"), "{other}");
    for _ in 0..2 {
        let shown = hand.good(&["read", "show", &order, "--as", "ada-roth"]);
        assert!(shown.contains("Orlando") && shown.contains("vera@post.example"), "{shown}");
        assert!(!shown.contains("Mill Lane"), "{shown}");
    }
    hand.good(&["read", "close", &case, "--as", "ada-roth"]);
    assert_eq!(hand.good(&["read", "queue"]), "");
}

#[test]
fn a_client_without_a_key_is_not_present() {
    let hand = Hand::founded();
    let said = hand.good(&["read", "present", "--account", "A-000001", "--classes", "name", "--as", "ada-roth"]);
    let order = word_after(&said, "order ");
    assert!(said.contains("the client signs the challenge "), "{said}");
    let shown = hand.run(&["read", "show", &order, "--as", "ada-roth"]);
    assert!(shown.code == Some(1) && shown.err.contains("CONSENT_INVALID"), "{shown}");
    assert!(!shown.out.contains("Orlando"), "{shown}");
}

#[test]
fn the_glass_waits_in_public_and_is_vetoed() {
    let hand = Hand::founded();
    let glass = ["read", "break-glass", "--account", "A-000001", "--classes", "name,email"];
    let said = hand.good(&[&glass[..], &["--reason", "threat_to_life", "--as", "ada-roth"]].concat());
    let order = word_after(&said, "order ");
    hand.good(&["read", "approve", &order, "--as", "ben-weiss"]);
    let shown = hand.good(&["read", "show", &order, "--as", "ada-roth"]);
    assert!(shown.contains("unless somebody vetoes") && !shown.contains("Orlando"), "{shown}");
    let late = hand.run(&["read", "approve", &order, "--as", "anna-berg", "--role", "approver"]);
    assert!(late.code == Some(1) && late.err.contains("the reading is public"), "{late}");
    let veto = hand.good(&["read", "veto", &order, "--as", "anna-berg"]);
    assert!(veto.contains(&format!("order `{order}` is never answered")), "{veto}");
}

#[test]
fn a_honey_record_answers_like_any_other_and_alarms() {
    let hand = Hand::founded();
    hand.good(&["read", "plant", "A-000002"]);
    let open = ["read", "open", "--account", "A-000002", "--reason", "complaint", "--as", "lena-ohm"];
    let case = word_after(&hand.good(&open), "case ");
    hand.good(&["read", "take", "--as", "ada-roth"]);
    let order = word_after(&hand.good(&["read", "ask", &case, "--classes", "name", "--as", "ada-roth"]), "order ");
    assert_eq!(hand.good(&["read", "alarms"]), "");
    for _ in 0..2 {
        let shown = hand.good(&["read", "show", &order, "--as", "ada-roth"]);
        assert!(shown.contains("Quill") && !shown.to_lowercase().contains("honey"), "{shown}");
    }
    let alarms = hand.good(&["read", "alarms"]);
    assert_eq!(alarms.lines().count(), 1, "{alarms}");
    assert!(alarms.contains("HONEY_RECORD_READ: `ada-roth` reads a honey record by the lane `case`"), "{alarms}");
}
