//! Readings in daily operation by hand: a case of the queue, a client who is present, break-glass and its veto, honey records.

use crate::by_hand::{Hand, word_after};
use countersign_core::id::Digest;
use countersign_testkit::authenticator::Authenticator;

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

/// Lane 2 by hand: keys come with the import, a passkey signs in the client's browser, the agent reads.
#[test]
fn a_client_who_is_present_consents_by_passkey() {
    let hand = Hand::founded();
    let passkey = |seed: u8| Authenticator::new(&[seed; 32], "mill.example", "https://mill.example").unwrap();
    let (mut own, mut other) = (passkey(1), passkey(2));
    let file = format!(
        "account,primaryIdentifier,secondaryIdentifier,clientKey\nA-000003,Fenwick,Orla,{}\nA-000004,Garrow,Ned,{}\n",
        own.public(),
        other.public()
    );
    hand.good(&["client", "import", &hand.file("keys.csv", file)]);
    let present = ["read", "present", "--account", "A-000003", "--classes", "name", "--as", "ada-roth"];
    let said = hand.good(&present);
    let order = word_after(&said, "order ");
    let challenge = Digest::parse(&word_after(&said, "challenge ")).unwrap();
    let at = word_after(&said, "made at ");
    let consent = |answer: String, key: &str, at: &str| {
        let answer = hand.file("answer.json", answer);
        hand.run(&["read", "consent", &order, &answer, "--passkey", key, "--at", at])
    };
    let strange = consent(other.answer(&challenge), &other.public(), &at);
    assert!(strange.code == Some(1) && strange.err.contains("is not the client's"), "{strange}");
    let claimed = consent(other.answer(&challenge), &own.public(), &at);
    assert!(claimed.code == Some(1) && claimed.err.contains("signature"), "{claimed}");
    let replayed = consent(own.answer(&Digest([7; 32])), &own.public(), &at);
    assert!(replayed.code == Some(1) && replayed.err.contains("challenge"), "{replayed}");
    let later = consent(own.answer(&challenge), &own.public(), "2026-01-01T00:00:00Z");
    assert!(later.code == Some(1), "{later}");
    let no_answer = consent("{}".to_owned(), &own.public(), &at);
    assert!(no_answer.code == Some(1) && no_answer.err.contains("toJSON"), "{no_answer}");
    let bare = hand.run(&["read", "consent", &order, &hand.file("bare.json", own.answer(&challenge))]);
    assert!(bare.code == Some(1) && bare.err.contains("name --passkey and --at"), "{bare}");

    let good = consent(own.answer(&challenge), &own.public(), &at);
    assert!(good.code == Some(0) && good.out.contains("the client consents"), "{good}");
    let shown = hand.good(&["read", "show", &order, "--as", "ada-roth"]);
    assert!(shown.contains("Fenwick") && !shown.contains("Garrow"), "{shown}");
}

/// Lane 1: derived facts, and nothing that spells a name or a date.
#[test]
fn an_agent_sees_a_masked_view_and_nothing_else() {
    let hand = Hand::founded();
    let view = |account, who| hand.run(&["client", "view", account, "--reason", "payment", "--as", who]);
    let seen = view("A-000001", "ada-roth");
    assert!(seen.code == Some(0) && seen.out.contains("view 1 of 200 today"), "{seen}");
    for shown in ["XA", "yes", "V. O.", "***", "as of "] {
        assert!(seen.out.contains(shown), "{shown}: {seen}");
    }
    for hidden in ["Vera", "Orlando", "1980", "02-03", "post.example", "Ferrow", "Mill Lane"] {
        assert!(!seen.out.contains(hidden), "{hidden}: {seen}");
    }
    assert!(view("A-000002", "ben-weiss").out.contains("view 1 of 200 today"));
    assert!(view("A-000002", "ada-roth").out.contains("view 2 of 200 today"));
    let officer = view("A-000001", "lena-ohm");
    assert!(officer.code == Some(1) && officer.err.contains("NOT_AN_AGENT"), "{officer}");
    let key = hand.inside("people/ben-weiss/signing.key");
    let borrowed = hand.run(&["client", "view", "A-000001", "--reason", "payment", "--as", "ada-roth", "--key", &key]);
    assert!(borrowed.code == Some(1) && !borrowed.out.contains("V. O."), "{borrowed}");
    hand.good(&["client", "erase", "A-000001", "--basis", "GDPR art. 17(1)(b)", "--as", "lena-ohm"]);
    let erased = view("A-000001", "ada-roth");
    assert!(erased.code == Some(1) && erased.err.contains("the client is erased"), "{erased}");
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
