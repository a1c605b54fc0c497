//! A case that a trustee's receipt draws, by hand: who may review it, what waits for it, and what an auditor recomputes.

use crate::by_hand::{Hand, word_after};
use countersign_core::case::draw::draws;
use countersign_core::id::{CustodianId, Digest};
use countersign_core::leaf::{KIND_FIELD, LeafKind};
use countersign_core::time::Timestamp;
use countersign_store::sqlite::SqliteStore;
use countersign_store::{NewLeaf, Orders as _, Receipt as StoredReceipt};
use countersign_testkit::random::{named, seed};
use countersign_tlog::leaf::{Disclosure, LeafId, seal_disclosures, tick_of};
use countersign_verify::wire::{Outcome, Receipt, ReceiptV1, Signed};
use ed25519_dalek::SigningKey;
use serde_json::Value;

/// Threshold of a custodian founded by hand.
const THRESHOLD: u16 = 3;

/// Closes a case; one that the trustees' receipts have drawn, about one in ten, after its second review.
pub(crate) fn close(hand: &Hand, case: &str) {
    let close = ["case", "close", case, "--as", "lena-ohm"];
    let ran = hand.run(&close);
    if ran.code == Some(0) {
        assert_eq!(ran.out, "closed\n");
        return;
    }
    assert!(ran.err.contains("was drawn for a second review"), "{ran}");
    hand.good(&["case", "review", case, "--confirmed", "--why", "letter and scope read", "--as", "clara-voss"]);
    assert_eq!(hand.good(&close), "closed\n");
}

/// Another answer of trustee 5 comes in, and its receipt draws the case. No command can do this: a trustee's own generator draws.
fn draw(hand: &Hand, case: &str) {
    let order = Digest::parse(&word_after(&hand.good(&["order", "show", case]), "digest to sign: ")).unwrap();
    let shown = hand.good(&["case", "show", case]);
    let delivered = shown.lines().find(|line| line.contains(" delivered ")).unwrap();
    let at = Timestamp::parse(delivered.split_whitespace().nth(1).unwrap()).unwrap();
    let receipt = |number: u32| Receipt {
        v: ReceiptV1,
        custodian: CustodianId([7; 16]),
        trustee: 5,
        nonce: Digest(seed(&format!("nonce {number}"))),
        order,
        outcome: Outcome::Answered,
        code: None,
        reasons: Vec::new(),
        share_epoch: 1,
        state: Digest([5; 32]),
        journal_size: 1,
        journal_root: Digest([6; 32]),
        records: 1,
        at,
    };
    let key = SigningKey::from_bytes(&[7; 32]);
    let mut signed = (0..).map(|number| Signed::sign(receipt(number), &key).unwrap());
    let signed = signed.find(|signed| draws(&signed.document().digest(), THRESHOLD)).unwrap();
    let digest = signed.document().digest();
    let mut rng = named("a receipt that draws");
    let values: [Value; 6] = [
        digest.to_hex().into(),
        order.to_hex().into(),
        5.into(),
        "answered".into(),
        Value::Null,
        at.to_string().into(),
    ];
    let kind = LeafKind::Receipt;
    let fields =
        std::iter::once((KIND_FIELD, Value::from(kind.as_str()))).chain(kind.fields().iter().copied().zip(values));
    let disclosures: Vec<Disclosure> =
        fields.map(|(name, value)| Disclosure::new(name, value, &mut rng).unwrap()).collect();
    let unix = u64::try_from(at.unix()).unwrap();
    let leaf = seal_disclosures(LeafId::random(&mut rng), tick_of(unix), &disclosures, &mut rng).unwrap();
    let mut place = seed("a receipt's leaf");
    place[..8].copy_from_slice(&unix.to_be_bytes());
    let disclosures = disclosures.iter().map(|field| field.as_str().to_owned()).collect();
    let leaf = NewLeaf { key: place, kind: kind.as_str().into(), leaf, disclosures };
    let bytes = signed.text().as_bytes().to_vec();
    let kept = StoredReceipt { order, trustee: "trustee-5".into(), digest, bytes, at };
    let run = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    run.block_on(async {
        let store = SqliteStore::open(&hand.dir.join("custodian/custodian.db")).await.unwrap();
        store.add_receipt(kept, leaf).await.unwrap();
        store.close().await;
    });
}

#[test]
fn a_drawn_case_waits_for_somebody_who_had_no_part_in_it() {
    let hand = Hand::founded();
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    let review = |finding: &str, by: &str| {
        hand.run(&["case", "review", &case, finding, "--why", "letter, findings and scope read", "--as", by])
    };
    let refused = |finding: &str, by: &str, reason: &str| {
        let ran = review(finding, by);
        assert!(ran.code == Some(1) && ran.err.contains(reason), "{by}: {ran}");
    };
    refused("--confirmed", "clara-voss", "does not take the event confirmed");
    hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    if hand.good(&["case", "list", "--review"]).starts_with("0 cases drawn") {
        refused("--confirmed", "clara-voss", "was not drawn for a second review: nobody chooses what is reviewed");
    }
    draw(&hand, &case);
    assert!(hand.good(&["case", "list"]).contains("second review to be done"));
    assert!(hand.good(&["case", "show", &case]).contains("drawn for a second review by trustee"));
    hand.good(&["case", "notify", &case, "--as", "lena-ohm"]);
    let close = ["case", "close", &case, "--as", "lena-ohm"];
    let early = hand.run(&close);
    assert!(early.code == Some(1) && early.err.contains("had no part in it reviews it first"), "{early}");
    let due = hand.good(&["case", "list", "--due"]);
    assert!(due.contains("NOTIFIED") && due.contains("second-review"), "{due}");

    for (by, reason) in [
        ("lena-ohm", "`lena-ohm` had a part in case"),
        ("anna-berg", "`anna-berg` had a part in case"),
        ("nobody-known", "`nobody-known` is not in force in the roster"),
        ("ada-roth", "`ada-roth` only reads client data"),
    ] {
        refused("--confirmed", by, reason);
    }
    let neither = hand.run(&["case", "review", &case, "--why", "read", "--as", "clara-voss"]);
    assert_eq!(neither.code, Some(2), "{neither}");
    let both = ["case", "review", &case, "--confirmed", "--objection", "--why", "read", "--as", "clara-voss"];
    assert_eq!(hand.run(&both).code, Some(2));

    let objected = review("--objection", "clara-voss");
    assert!(objected.code == Some(0) && objected.out.starts_with("object noted, digest "), "{objected}");
    refused("--confirmed", "eva-stone", "its second review is on file already");
    assert!(hand.good(&["case", "list"]).contains("OBJECTED in the second review"));
    assert!(!hand.good(&["case", "list", "--due"]).contains("second-review"));
    assert_eq!(hand.good(&close), "closed\n");
    let listed = hand.good(&["case", "list", "--review"]);
    assert!(listed.contains("OBJECTED by clara-voss"), "{listed}");
    assert!(listed.ends_with("1 cases drawn: 0 confirmed, 1 objected, 0 not reviewed\n"), "{listed}");
    let figures = hand.good(&["approver", "figures", "--as", "anna-berg"]);
    assert!(figures.contains("drawn for a second review: 1 (0 confirmed, 1 objected)"), "{figures}");

    let away = hand.place.path().join("away");
    let folder = away.to_str().unwrap();
    hand.good(&["case", "export", &case, "--out", folder]);
    let replayed = hand.good(&["case", "replay", folder]);
    for part in ["4 receipts of trustees", "drawn for a second review by the receipt of trustee", ": OBJECTED"] {
        assert!(replayed.contains(part), "{part}: {replayed}");
    }
}
