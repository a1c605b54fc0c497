use super::*;
use crate::network::Network;
use countersign_testkit::require::data;
use proptest::prelude::*;
use std::fs;

const SOUND: &str =
    "title: T\ncreator: C\ncurrency: BTC\nlabel: L\ntags:\n- address: 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\n";

fn read(text: &str) -> Result<Pack, LabelError> {
    read_tagpack(text, Network::Main, Role::Owner, BadAddress::Refuse)
}

#[test]
fn public_packs_are_read() {
    let Some(folder) = data() else { return };
    let folder = folder.join("trace/tagpacks");
    let pack = |name: &str| {
        read_tagpack(&fs::read_to_string(folder.join(name)).unwrap(), Network::Main, Role::Owner, BadAddress::LeaveOut)
    };
    let count = |name: &str| pack(name).map(|pack| (pack.tags.len(), pack.other_currencies + pack.left_out.len()));
    assert_eq!(count("walletexplorer.yaml"), Ok((386, 0)));
    assert_eq!(count("chaininfo.yaml"), Ok((122, 0)));
    assert_eq!(count("lockbit_tattoos.yaml"), Ok((18, 0)));
    assert_eq!(count("aft-alqaeda-forfeit_vc.yaml").unwrap().0, 155);
    let ofac = count("ofac.yaml").unwrap();
    assert_eq!(ofac.0 + ofac.1, 572);
    assert!(pack("walletexplorer.yaml").unwrap().tags.iter().all(|(_, tag)| tag.is_service() && !tag.is_special()));
    assert!(pack("suidlanders.yaml").unwrap().tags.iter().all(|(_, tag)| tag.is_special()));
    let actors = pack("graphsense.actorpack.yaml").unwrap_err();
    assert!(actors.reason.contains("`actors` is no field"), "{actors}");
    for name in ["hacks.yaml", "ransomware.yaml", "exchange-wallets-bitfinexcom.yaml"] {
        let read = count(name);
        assert!(read.is_ok(), "{name} {read:?}");
    }
}

#[test]
fn public_lists_are_read_in_both_forms() {
    let Some(folder) = data() else { return };
    let text = |ending: &str| {
        fs::read_to_string(folder.join("trace/ofac/sanctioned_addresses_XBT").with_extension(ending)).unwrap()
    };
    let lines = read_list(&text("txt"), Network::Main, "OFAC", "SDN", Role::Owner, BadAddress::LeaveOut).unwrap();
    let json = read_list(&text("json"), Network::Main, "OFAC", "SDN", Role::Owner, BadAddress::LeaveOut).unwrap();
    assert_eq!(lines.tags, json.tags);
    // One address of another chain stands in the official list.
    assert_eq!((lines.tags.len(), lines.left_out.len(), lines.left_out[0].line), (434, 1, 355));
    let strict = read_list(&text("txt"), Network::Main, "OFAC", "SDN", Role::Owner, BadAddress::Refuse);
    assert_eq!(strict.unwrap_err(), lines.left_out[0]);
    let mut labels = Labels::default();
    labels.add_list("OFAC", &lines);
    assert_eq!(labels.lists().map(|(name, locks)| (name, locks.len())).collect::<Vec<_>>(), [("OFAC", 434)]);
}

#[test]
fn what_is_no_tag_pack_is_refused_with_its_line() {
    assert_eq!(read(SOUND).unwrap().tags.len(), 1);
    let refused = [
        ("", "line 1: the file is empty"),
        ("[]", "line 1: fields with names are expected here"),
        ("title: [", "not YAML"),
        (
            &SOUND.replace("title: T", "title: T\nphone_owner: x"),
            "line 2: `phone_owner` is no field of a tag pack: take it out",
        ),
        (&SOUND.replace("label: L", "label: x\nlabel: y"), "line 5: `label` stands here a second time"),
        (&SOUND.replace("creator: C\n", ""), "line 1: there is no `creator`: a label without an issuer is nobody's"),
        (&SOUND.replace("label: L\n", ""), "there is no `label`"),
        (&SOUND.replace("currency: BTC\n", ""), "there is no `currency`"),
        (
            &SOUND.replace("- address", "- label: anna@example.org\n  address"),
            "line 6: `label` has an e-mail address: labels do not name people",
        ),
        (
            &SOUND.replace("- address", "- context: +999 1234 5678\n  address"),
            "line 6: `context` has a telephone number",
        ),
        (&SOUND.replace("- address", "- birth: 1980-01-01\n  address"), "line 6: `birth` is no field"),
        (
            &SOUND.replace("Na\n", "Nb\n"),
            "line 6: `1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb` is not an address of this network",
        ),
        (&SOUND.replace("label: L", "label: &a L"), "line 4: anchors and tags of YAML are not accepted"),
        (&SOUND.replace("label: L", "label: !!str L"), "line 4: anchors and tags of YAML are not accepted"),
        (&SOUND.replace("label: L", "label: *a"), "line 4: "),
        (&format!("{SOUND}---\n{SOUND}"), "line 7: a second document begins"),
        (&SOUND.replace("tags:\n", "tags: x\nsource:\n"), "`source` is not a text"),
        (&format!("title: {}", "[".repeat(40)), "line 1: nested too deeply"),
        (
            &SOUND.replace("label: L", &format!("label: {}", "x".repeat(5_000))),
            "line 4: `label` has more than 4096 bytes",
        ),
    ];
    for (text, reason) in refused {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{error} is not: {reason}");
    }
    assert_eq!(
        read_list("\n# c\nnonsense", Network::Main, "I", "L", Role::Owner, BadAddress::Refuse).unwrap_err().line,
        3
    );
    assert_eq!(
        read_list(
            "[\n\"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\",\n\"x\"]",
            Network::Main,
            "I",
            "L",
            Role::Owner,
            BadAddress::Refuse
        )
        .unwrap_err()
        .line,
        3
    );
    assert!(read_list("", Network::Main, "I", "L", Role::Owner, BadAddress::Refuse).is_err());
    assert!(read_list("[1]", Network::Main, "I", "L", Role::Owner, BadAddress::Refuse).is_err());
}

#[test]
fn labels_that_reveal_opinion_are_marked_wherever_the_word_stands() {
    for text in [
        SOUND.replace("title: T", "title: Donations"),
        SOUND.replace("title: T", "title: T\ndescription: wallets of a party"),
        SOUND.replace("label: L", "label: Church of X"),
        SOUND.replace("label: L", "label: L\nabuse: terrorism"),
        SOUND.replace("label: L", "label: L\nconcepts: [charity]"),
        SOUND.replace("- address", "- concepts:\n  - political\n  address"),
    ] {
        assert!(read(&text).unwrap().tags[0].1.is_special(), "{text}");
    }
    assert!(!read(SOUND).unwrap().tags[0].1.is_special());
}

#[test]
fn other_currencies_are_counted_and_donors_are_not_owners() {
    let text = SOUND.replace("- address", "- currency: ETH\n  address: 0x00\n- address");
    let pack = read_tagpack(&text, Network::Main, Role::Donor, BadAddress::Refuse).unwrap();
    assert_eq!((pack.tags.len(), pack.other_currencies), (1, 1));
    let mut labels = Labels::default();
    labels.add_list("L", &pack);
    assert_eq!(labels.lists().next().unwrap().1.len(), 0);
    assert_eq!(labels.issuers(), [("C", 1)].into());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}", cut in 0..SOUND.len(), insert in "[\\[\\]{}:&*!|>#\\-'\" \n\ta-z]{0,20}") {
        let _ = read(&text);
        let _ = read(&format!("{}{insert}{}", &SOUND[..cut], &SOUND[cut..]));
        let _ = read_list(&text, Network::Main, "I", "L", Role::Owner, BadAddress::Refuse);
    }
}
