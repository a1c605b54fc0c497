//! People of the roster by hand: whom a state reaches, who has to check in, what an approver's signatures add up to.

use crate::by_hand::{Hand, word_after};

fn key(hand: &Hand, person: &str) -> String {
    hand.inside(&format!("people/{person}/signing.key"))
}

#[test]
fn a_statement_of_reach_is_signed_by_counsel_and_counts_at_once_where_it_adds() {
    let hand = Hand::founded();
    let listed = hand.good(&["change", "reach"]);
    for line in ["anna-berg: can be compelled by XA; good until ", "XR, outside the own bloc: reaches trustees 0"] {
        assert!(listed.contains(line), "{line}: {listed}");
    }
    assert!(hand.good(&["change", "reach", "--within", "30"]).contains("no statement runs out that soon"));
    let said = hand.good(&["change", "propose", "reach", "anna-berg", "--states", "XA,XR"]);
    assert!(said.contains("XR counts at once") && said.contains("one independent counsel's signature"), "{said}");
    let draft = word_after(&said, "digest to compare: ");
    let early = hand.run(&["change", "publish", &draft]);
    let expected = "no independent counsel in force other than `anna-berg` has signed the statement";
    assert!(early.code == Some(1) && early.err.contains(expected), "{early}");
    let own = hand.good(&["change", "sign", &draft, "--as", "anna-berg", "--key", &key(&hand, "anna-berg")]);
    assert!(own.contains("signed by 0 independent counsel; one is needed"), "{own}");
    let counsel = hand.good(&["change", "sign", &draft, "--as", "eva-stone", "--key", &key(&hand, "eva-stone")]);
    assert!(counsel.contains("signed by 1 independent counsel") && counsel.contains("next: "), "{counsel}");
    hand.good(&["change", "publish", &draft]);
    let listed = hand.good(&["change", "reach"]);
    assert!(listed.contains("anna-berg: can be compelled by XA, XR; good until "), "{listed}");
    assert!(listed.contains("XR, outside the own bloc: reaches trustees 0 (3 open a record), approvers 2"), "{listed}");
    assert!(listed.contains("XR reaches as many approvers as a change needs"), "{listed}");
    assert!(hand.good(&["ring", "status"]).contains("XR, outside the own bloc"));

    let moved = hand.run(&["change", "propose", "reach", "anna-berg", "--states", "XB"]);
    assert!(moved.code == Some(1) && moved.err.contains("lives in a state that the statement leaves out"), "{moved}");
    let old = ["change", "propose", "reach", "anna-berg", "--states", "XA", "--stated", "2026-01-01T00:00:00Z"];
    let old = hand.run(&old);
    assert!(old.code == Some(1) && old.err.contains("of that time or later"), "{old}");
}

#[test]
fn who_has_to_check_in_is_decided_by_several_and_nobody_else_checks_in() {
    let hand = Hand::founded();
    assert!(hand.good(&["change", "presence"]).contains("nobody has to check in"));
    let check_in = ["change", "check-in", "--as", "roman-karel", "--key", &key(&hand, "roman-karel")];
    let refused = hand.run(&check_in);
    assert!(refused.code == Some(1) && refused.err.contains("does not have to check in"), "{refused}");
    let said = hand.good(&["change", "propose", "watch", "roman-karel", "--hours", "48"]);
    assert!(said.contains("`roman-karel` has to check in every 48 hours"), "{said}");
    let (draft, change) = (word_after(&said, "digest to compare: "), word_after(&said, "exact bytes in "));
    let published = hand.carry(&draft, &change);
    assert!(published.contains("cooling until 20"), "{published}");
    // It cools, like every change that is no removal.
    assert_eq!(hand.run(&check_in).code, Some(1));
    assert!(hand.good(&["change", "presence"]).contains("nobody has to check in"));
    for wrong in [&["--hours", "0"][..], &["--hours", "721"], &[], &["--hours", "4", "--end"]] {
        let ran = hand.run(&[&["change", "propose", "watch", "roman-karel"], wrong].concat());
        assert_eq!(ran.code, Some(2), "{wrong:?}: {ran}");
    }
}

#[test]
fn availability_is_counted_from_hours_of_duty_and_absences() {
    let hand = Hand::founded();
    let asks = ["approver", "availability", "--lane", "court", "--requester", "XA", "--author", "lena-ohm"];
    let none = hand.run(&asks);
    assert!(none.code == Some(1) && none.err.contains("on-duty.json does not exist: write who is on duty"), "{none}");
    let always = |person: &str| {
        format!(r#"{{"person":"{person}","calendar":"XA","days":[],"holidays":true,"from":"00:00","hours":24}}"#)
    };
    let write = |people: &[&str]| {
        let hours: Vec<String> = people.iter().map(|person| always(person)).collect();
        std::fs::write(hand.inside("custodian/on-duty.json"), format!(r#"{{"hours":[{}]}}"#, hours.join(","))).unwrap();
    };
    write(&["anna-berg"]);
    let alone = hand.run(&asks);
    assert!(alone.code == Some(1) && alone.err.contains("never come to a quorum"), "{alone}");
    write(&["anna-berg", "bruno-lind"]);
    let both = hand.good(&asks);
    assert!(both.contains("fiu (120 h 0 min at least): met with") && !both.contains("MISSED"), "{both}");
    assert!(hand.good(&["approver", "on-duty"]).contains("anna-berg is on duty until "), "nobody is there");
    let away = r#"{"absences":[{"person":"bruno-lind","deputy":"clara-voss","from":"2020-01-01T00:00:00Z","until":"2098-01-01T00:00:00Z"}]}"#;
    std::fs::write(hand.inside("custodian/rota.json"), away).unwrap();
    let away = hand.run(&asks);
    assert!(away.code == Some(1) && away.err.contains("never come to a quorum"), "{away}");
    let lane = hand.run(&["approver", "availability", "--lane", "none", "--requester", "XA", "--author", "lena-ohm"]);
    assert!(lane.code == Some(1) && lane.err.contains("no lane `none`"), "{lane}");
}

#[test]
fn an_approver_sees_the_own_figures() {
    let hand = Hand::founded();
    let none = hand.good(&["approver", "figures", "--as", "anna-berg"]);
    assert!(none.contains("anna-berg signed no order in the last 90 days"), "{none}");
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    let shown = hand.good(&["approver", "figures", "--as", "anna-berg", "--days", "1"]);
    assert!(shown.contains("1 approved, 0 refused (100 % approved)"), "{shown}");
    assert!(shown.contains("within 2 min 0 s of the proposal: 1") && shown.contains("longest times"), "{shown}");
    assert!(hand.good(&["approver", "figures", "--as", "bruno-lind"]).contains("signed no order"));
}

#[test]
fn nobody_is_founded_whose_records_one_foreign_state_could_have_opened() {
    let hand = Hand::empty();
    let ran = hand.run(&["init", "--name", "Mill Exchange", "--no-index", "--trustees", "XG,XB,XG,XC,XG"]);
    assert!(ran.code == Some(1) && ran.err.contains("XG is outside the custodian's own bloc"), "{ran}");
    assert!(!hand.dir.join("custodian/config.json").exists());
}
