//! Packages of recipient mode A: what comes out, and who is to blame when something does not.

use crate::world::*;
use countersign_core::class::{Class, ClassSet};
use countersign_core::encoding::hex;
use countersign_core::id::{Digest, RecordId};
use countersign_seal::partial::Ask;
use countersign_seal::reply;
use countersign_verify::evidence::{Fault, Files, Opening, open_package};
use std::collections::BTreeMap;

struct Released {
    world: World,
    case: Case,
    given: Vec<Given>,
}

fn released(clients: &[u8], trustees: &[u16]) -> Released {
    let mut world = World::new();
    let draft = world.draft_for(clients);
    let case = world.publish(draft);
    let given = trustees.iter().map(|trustee| world.give(&case, *trustee)).collect();
    Released { world, case, given }
}

impl Released {
    fn package(&self) -> Files {
        self.world.package(&self.case, &self.given)
    }
}

fn opened(files: &Files) -> Result<Opening, Fault> {
    open_package(files, &authority_secret(COURT), None, &seed("weights"))
}

fn fault(mut files: Files, change: impl FnOnce(&mut Files)) -> Fault {
    change(&mut files);
    relist(&mut files);
    opened(&files).map(|_| ()).unwrap_err()
}

fn contents(opening: &Opening) -> Vec<(u8, Class, Vec<u8>)> {
    let mut list: Vec<_> =
        opening.cells.iter().map(|cell| (cell.handle.0[0], cell.class, cell.content.to_vec())).collect();
    list.sort();
    list
}

#[test]
fn the_right_data_come_out() {
    for trustees in [&[1, 2, 3][..], &[2, 4, 5], &[1, 2, 3, 4, 5]] {
        let released = released(&[1, 2, 3], trustees);
        let opening = opened(&released.package()).unwrap();
        assert_eq!(opening.liars, [0u16; 0]);
        let expected: Vec<_> = [1, 2, 3]
            .into_iter()
            .flat_map(|client| [Class::Name, Class::Address].map(|class| (client, class, content(client, class))))
            .collect();
        assert_eq!(contents(&opening), expected);
        assert!(!opening.evidence.policy_rerun);
    }
}

#[test]
fn only_the_classes_of_the_order_come_out() {
    let mut world = World::new();
    let mut draft = world.draft();
    draft.manifest.entries[0].classes = ClassSet::new([Class::Address]);
    draft.order.scope.classes = ClassSet::new([Class::Address]);
    draft.link();
    let case = world.publish(draft);
    let given: Vec<Given> = [1, 2, 3].map(|trustee| world.give(&case, trustee)).to_vec();
    let files = world.package(&case, &given);
    let opening = opened(&files).unwrap();
    assert_eq!(contents(&opening), [(1, Class::Address, content(1, Class::Address))]);
    // A sigma beyond the order is not the custodian's to give.
    let fault = fault(files, |files| {
        let record = case.records[0].id();
        let sigma = hex(sigma(1).of_class(Class::Name, case.records[0].capsule().header.u().bytes()).expose());
        let more = BTreeMap::from([(record, BTreeMap::from([(Class::Name, sigma)]))]);
        files.insert("sealed/sigmas.json".into(), serde_json::to_vec(&more).unwrap());
    });
    assert!(fault.file == "sealed/sigmas.json" && fault.reason.contains("does not open"), "{fault}");
}

#[test]
fn another_recipients_key_opens_nothing() {
    let files = released(&[1], &[1, 2, 3]).package();
    let other = authority_secret("xr-fms");
    let fault = open_package(&files, &other, None, &seed("weights")).map(|_| ()).unwrap_err();
    assert!(fault.file == "evidence/order.json" && fault.reason.contains("another recipient"), "{fault}");
}

#[test]
fn another_genesis_than_the_pinned_one_opens_nothing() {
    let files = released(&[1], &[1, 2, 3]).package();
    let fault =
        open_package(&files, &authority_secret(COURT), Some(&Digest([1; 32])), &seed("w")).map(|_| ()).unwrap_err();
    assert_eq!(fault.file, "evidence/control/0000000000.leaf");
}

#[test]
fn swapped_replies_name_the_file() {
    let files = released(&[1], &[1, 2, 3]).package();
    let fault = fault(files, |files| {
        let (one, two) = (files["replies/1.bin"].clone(), files["replies/2.bin"].clone());
        files.insert("replies/1.bin".into(), two);
        files.insert("replies/2.bin".into(), one);
    });
    assert!(fault.file == "replies/1.bin" && fault.reason.contains("signature"), "{fault}");
}

#[test]
fn a_reply_of_another_order_names_the_file() {
    let mut released = released(&[1], &[1, 2, 3]);
    let mut other = released.world.draft();
    other.order.id = countersign_core::id::OrderId([4; 16]);
    let other = released.world.publish(other);
    let foreign = released.world.give(&other, 1).encrypted;
    let fault = fault(released.package(), |files| drop(files.insert("replies/1.bin".into(), foreign)));
    assert!(fault.file == "replies/1.bin" && fault.reason.contains("signature"), "{fault}");
}

#[test]
fn t_minus_one_replies_do_not_suffice() {
    let files = released(&[1], &[1, 2, 3]).package();
    let fault = fault(files, |files| drop(files.remove("replies/2.bin")));
    assert!(fault.file == "replies" && fault.reason.contains("2 usable replies"), "{fault}");
}

#[test]
fn a_reply_without_a_receipt_is_refused() {
    let released = released(&[1], &[1, 2, 3, 4]);
    let mut receipts = released.given.clone();
    let last = receipts.pop().unwrap();
    let files = released.world.package(&released.case, &receipts);
    let fault = fault(files, |files| drop(files.insert("replies/4.bin".into(), last.encrypted)));
    assert!(fault.file == "replies/4.bin" && fault.reason.contains("receipt"), "{fault}");
}

/// What a lying trustee can send: wrong numbers under a right signature, or bytes that are no reply at all.
#[test]
fn a_lying_trustee_is_named_and_t_others_suffice() {
    let mut released = released(&[1, 2], &[1, 2, 3, 4]);
    let honest = released.given[0].clone();

    let mut wrong = honest.reply.clone();
    wrong.classes[0].z.swap(0, 1);
    let mut short = honest.reply.clone();
    short.classes[0].z.pop();
    let mut point = honest.reply.clone();
    point.classes[1].z[0] = [0xff; 32];
    for lie in [wrong, short, point] {
        released.given[0].encrypted = released.world.encrypt(&released.case, 1, &lie);
        let opening = opened(&released.package()).unwrap();
        assert_eq!(opening.liars, [1]);
        assert_eq!(opening.cells.len(), 4);
    }

    // Signed by trustee 1, but encrypted to somebody else.
    let other = authority_secret("xr-fms").public().unwrap();
    let context = released.world.context(&released.case, 1);
    let unreadable = reply::seal(&honest.reply, &context, &other, &identity(1), &mut rng("x")).unwrap();
    released.given[0].encrypted = unreadable;
    // The signature names the recipient, so nobody can tell it from a swapped file.
    assert_eq!(opened(&released.package()).map(|_| ()).unwrap_err().file, "replies/1.bin");

    // With t replies one of which lies there is nobody to take its place.
    let mut three = self::released(&[1, 2], &[1, 2, 3]);
    let mut wrong = three.given[0].reply.clone();
    wrong.classes[0].z.swap(0, 1);
    three.given[0].encrypted = three.world.encrypt(&three.case, 1, &wrong);
    let fault = opened(&three.package()).map(|_| ()).unwrap_err();
    assert!(fault.file == "replies" && fault.reason.contains("unusable: trustees [1]"), "{fault}");
}

#[test]
fn nothing_may_be_missing_or_besides() {
    let released = released(&[1], &[1, 2, 3]);
    let good = released.package();
    let record = released.case.records[0].id();
    for path in [
        "README.txt".to_owned(),
        "data/clients.csv".to_owned(),
        "../x".to_owned(),
        "evidence/x".to_owned(),
        "sealed/x".to_owned(),
        format!("sealed/{}.bin", RecordId([1; 32])),
        "replies/01.bin".to_owned(),
        "replies/+1.bin".to_owned(),
        "replies/6.bin".to_owned(),
        "replies/1.txt".to_owned(),
    ] {
        let fault = fault(good.clone(), |files| drop(files.insert(path.clone(), b"x".to_vec())));
        // The evidence's own list speaks first where the file lies in the evidence.
        assert_eq!(fault.file, path, "{fault}");
    }
    for path in [format!("sealed/{record}.bin"), "sealed/sigmas.json".into(), "evidence/order.json".into()] {
        let fault = fault(good.clone(), |files| drop(files.remove(&path)));
        assert_eq!(fault.file, path, "{fault}");
    }
    for (path, bytes) in &good {
        for place in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut bad = good.clone();
            bad.get_mut(path).unwrap()[place] ^= 1;
            assert_eq!(opened(&bad).map(|_| ()).unwrap_err().file, *path, "byte {place}");
        }
    }
}

#[test]
fn a_sealed_record_changed_after_sealing_is_refused() {
    let released = released(&[1], &[1, 2, 3]);
    let path = format!("sealed/{}.bin", released.case.records[0].id());
    let length = released.package()[&path].len();
    for place in [0, 1, 40, 170, 200, 330, length - 1] {
        let fault = fault(released.package(), |files| files.get_mut(&path).unwrap()[place] ^= 1);
        assert_eq!(fault.file, path, "byte {place}: {fault}");
    }
    let other = released.world.record_of(head(2), &[Class::Name, Class::Address]);
    let fault = fault(released.package(), |files| drop(files.insert(path.clone(), other.encode())));
    assert!(fault.reason.contains("not the record of the manifest"), "{fault}");
}

#[test]
fn an_erased_or_wrong_sigma_opens_nothing_and_says_so() {
    let released = released(&[1], &[1, 2, 3]);
    let record = released.case.records[0].id();
    let sealed = format!("sealed/{record}.bin");
    let erased = fault(released.package(), |files| drop(files.insert("sealed/sigmas.json".into(), b"{}".to_vec())));
    assert!(erased.file == sealed && erased.reason.contains("erased"), "{erased}");
    let texts = [
        format!("{{\"{record}\":{{\"name\":\"{}\",\"address\":\"{}\"}}}}", "11".repeat(32), "22".repeat(32)),
        format!("{{\"{record}\":{{\"name\":\"zz\"}}}}"),
        format!("{{\"{record}\":{{\"name\":\"{0}\",\"name\":\"{0}\"}}}}", "11".repeat(32)),
        format!("{{\"{}\":{{}}}}", RecordId([1; 32])),
        "[]".into(),
        " {}".into(),
    ];
    for text in texts {
        let fault = fault(released.package(), |files| {
            files.insert("sealed/sigmas.json".into(), text.clone().into_bytes());
        });
        assert!(fault.file == sealed || fault.file == "sealed/sigmas.json", "{text}: {fault}");
    }
}

/// t-1 trustees who hand their partial answers to the custodian open nothing without a third.
#[test]
fn two_trustees_with_the_whole_database_open_nothing() {
    let released = released(&[1], &[1, 2]);
    let capsule =
        countersign_seal::header::check(released.world.ring.id(), released.case.records[0].capsule().clone()).unwrap();
    let classes = name_and_address();
    let sigmas = classes.iter().map(|class| (class, sigma(1).of_class(class, capsule.u().bytes()))).collect();
    let records = [countersign_seal::combine::Released {
        ask: Ask { capsule: &capsule, classes: &classes },
        record: &released.case.records[0],
        sigmas: &sigmas,
    }];
    let package = countersign_seal::combine::Package {
        ring: &released.world.ring,
        shares: &released.world.shares,
        order: released.case.order.digest(),
        records: &records,
    };
    let replies: Vec<_> = released.given.iter().map(|one| (one.trustee, one.reply.clone())).collect();
    assert!(countersign_seal::combine::open(&package, &replies).is_err());
}
