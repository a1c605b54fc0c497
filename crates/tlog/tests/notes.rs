use countersign_tlog::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use countersign_tlog::cosignature::{CosignError, cosign};
use countersign_tlog::note::{
    KeyError, KeyId, KeyKind, KeyName, Note, NoteError, SignatureLine, SigningKey, VerifierKey,
};
use countersign_tlog::{Hash, empty_root};

use crate::kit;

// Key and note are the worked example of C2SP signed-note, so that other implementations agree.
pub(crate) const SPEC_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
pub(crate) const SPEC_NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

#[test]
fn the_specification_s_example_verifies() {
    let key = VerifierKey::parse(SPEC_KEY).unwrap();
    assert_eq!(key.to_string(), SPEC_KEY);
    let note = Note::parse(SPEC_NOTE.as_bytes()).unwrap();
    assert_eq!(note.verify([&key]).unwrap().len(), 1);
    assert_eq!(note.to_string(), SPEC_NOTE);
    let changed = SPEC_NOTE.replace("example message", "exemple message");
    let error = Note::parse(changed.as_bytes()).unwrap().verify([&key]).unwrap_err();
    assert!(matches!(error, NoteError::Signature { .. }));
}

#[test]
fn keys_round_trip_and_split_in_three_only() {
    let mut plus = 0;
    for seed in 0..40 {
        let key =
            SigningKey::generate(KeyName::new("a.example/k").unwrap(), KeyKind::Ed25519, &mut kit::rng(seed)).unwrap();
        let text = key.verifier().to_string();
        plus += usize::from(text.matches('+').count() > 2);
        assert_eq!(&VerifierKey::parse(&text).unwrap(), key.verifier());
        assert_eq!(SigningKey::parse(&key.to_secret_text()).unwrap().verifier(), key.verifier());
    }
    assert!(plus > 0, "no key had a plus sign in its base64");
}

#[test]
fn bad_keys_are_refused() {
    let good = SPEC_KEY;
    for bad in [
        "",
        "a",
        "a+b",
        "a+530d903a+",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        &good.replace("530d903a", "530D903A"),
        &good.replace("530d903a", "530d903"),
        &good.replace("530d903a", "00000000"),
        &good.replace("Aeky", "Aekz"),
        &good.replace("Aeky", "Beky"),
        &good.replace("com/foo", "com/ foo"),
        &format!("{good}=="),
        &good[..good.len() - 4],
        &format!(" {good}"),
        &format!("{good}\n"),
    ] {
        assert!(VerifierKey::parse(bad).is_err(), "{bad}");
    }
    let weak = [1_u8].iter().chain(&[0; 31]).copied().collect::<Vec<u8>>().try_into().unwrap();
    assert!(matches!(VerifierKey::new(KeyName::new("x").unwrap(), KeyKind::Ed25519, &weak), Err(KeyError::Point(_))));
    let secret = kit::log_key().to_secret_text().to_string();
    let error = SigningKey::parse(&secret[..secret.len() - 1]).err().unwrap().to_string();
    assert!(!error.contains(&secret[40..60]), "{error}");
}

#[test]
fn bad_notes_are_refused() {
    let line = SPEC_NOTE.split_once("\n\n").unwrap().1;
    let long = format!("text\n\n{}", line.repeat(101));
    for bad in [
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        "text\n\n\n",
        &format!("text\n{line}"),
        &SPEC_NOTE[..SPEC_NOTE.len() - 1],
        &SPEC_NOTE.replace('—', "-"),
        &SPEC_NOTE.replace("— ", "—  "),
        &SPEC_NOTE.replace("— ", "—"),
        &SPEC_NOTE.replace("Uw2Q", "Uw2Q="),
        &format!("{SPEC_NOTE}\n"),
        &format!("te\txt\n\n{line}"),
        &format!("te\rxt\n\n{line}"),
        &format!("text\n\n{line}text\n"),
        &long,
        "text\n\n— a AAAAAA==\n",
        "text\n\n— a+b AAAAAAA=\n",
    ] {
        assert!(Note::parse(bad.as_bytes()).is_err(), "{bad:?}");
    }
    assert!(Note::parse(b"text\n\n\xff").is_err());
    assert!(Note::parse(&vec![b'a'; 200_000]).is_err());
}

#[test]
fn sixteen_post_quantum_signatures_leave_room_for_ours() {
    let key = kit::log_key();
    let mut note = Note::sign("text\n", &[&key]).unwrap();
    // The longest the specification speaks of: nearly 5 kB, and names are as long as names of keys can be.
    for number in 0..16 {
        let name = KeyName::new(&format!("{number:0>255}")).unwrap();
        note.add(SignatureLine { name, id: KeyId([number; 4]), signature: vec![number; 5_000] }).unwrap();
    }
    let read = Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(read.signatures().len(), 17);
    assert_eq!(read.verify([key.verifier()]).unwrap().len(), 1);
}

#[test]
fn the_last_blank_line_separates() {
    let key = kit::log_key();
    let text = "first\n\nsecond\n\n\nthird\n";
    let note = Note::sign(text, &[&key]).unwrap();
    let read = Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(read.text(), text);
    read.verify([key.verifier()]).unwrap();
}

#[test]
fn unknown_keys_are_ignored_and_a_wrong_known_one_refuses() {
    let (a, b) = (kit::key("a", KeyKind::Ed25519, 1), kit::key("b", KeyKind::Ed25519, 2));
    let note = Note::sign("text\n", &[&a, &b]).unwrap();
    assert_eq!(note.verify([a.verifier()]).unwrap().len(), 1);
    assert_eq!(note.verify([b.verifier(), a.verifier()]).unwrap().len(), 2);
    let other = kit::key("a", KeyKind::Ed25519, 3);
    assert_eq!(note.verify([other.verifier()]), Err(NoteError::Unsigned));
    let mut wrong = note.clone();
    wrong.retain(|line| line.is_by(b.verifier()));
    let mut line = Note::sign("other\n", &[&a]).unwrap().signatures()[0].clone();
    wrong.add(line.clone()).unwrap();
    wrong.verify([b.verifier()]).unwrap();
    assert!(matches!(wrong.verify([a.verifier(), b.verifier()]), Err(NoteError::Signature { .. })));
    line.signature.pop();
    wrong.retain(|line| line.is_by(b.verifier()));
    wrong.add(line).unwrap();
    assert!(matches!(wrong.verify([a.verifier()]), Err(NoteError::Signature { .. })));
}

#[test]
fn checkpoints_are_three_lines() {
    let signed = kit::checkpoint(5);
    let text = signed.checkpoint().to_string();
    assert_eq!(&Checkpoint::parse(&text).unwrap(), signed.checkpoint());
    let root = signed.checkpoint().root;
    for bad in [
        "",
        "o\n",
        "o\n5\n",
        &format!("\n5\n{root}\n"),
        &format!("o\n05\n{root}\n"),
        &format!("o\n-5\n{root}\n"),
        &format!("o\n5\n{root}"),
        &format!("o\n5\n{root}\next\n"),
        &format!("o\n5\n{root}\n\n"),
        &format!("o o\n5\n{root}\n"),
        "o\n5\nAAAA\n",
        &format!("o\n9223372036854775808\n{root}\n"),
        &format!("o\n5\n{}\n", root.to_string().replace('=', "")),
    ] {
        assert!(Checkpoint::parse(bad).is_err(), "{bad:?}");
    }
    assert!(Checkpoint::parse(&format!("o\n9223372036854775807\n{root}\n")).is_ok());
}

#[test]
fn a_checkpoint_is_of_the_log_whose_key_signed() {
    let signed = kit::checkpoint(5);
    signed.verify_log(kit::log_key().verifier()).unwrap();
    let other = kit::key("other.example", KeyKind::Ed25519, 1);
    assert!(matches!(signed.verify_log(other.verifier()), Err(CheckpointError::Origin { .. })));
    let checkpoint = signed.checkpoint().clone();
    assert!(matches!(checkpoint.sign(&other), Err(CheckpointError::Origin { .. })));
    assert!(checkpoint.sign(&kit::key(kit::ORIGIN, KeyKind::CosignatureV1, 1)).is_err());
    let empty = Checkpoint { size: 0, root: Hash([7; 32]), ..checkpoint };
    assert_eq!(empty.sign(&kit::log_key()).unwrap_err(), CheckpointError::EmptyRoot);
    let forged = Note::sign(&empty.to_string(), &[&kit::log_key()]).unwrap();
    let forged = SignedCheckpoint::parse(forged.to_string().as_bytes()).unwrap();
    assert_eq!(forged.verify_log(kit::log_key().verifier()).unwrap_err(), CheckpointError::EmptyRoot);
    Checkpoint { root: empty_root(), ..empty }.sign(&kit::log_key()).unwrap();
}

#[test]
fn cosignatures_bind_time_and_checkpoint() {
    let signed = kit::cosigned(5, &[1_700_000_000]);
    let key = kit::witness(1);
    assert_eq!(signed.note().verify([key.verifier()]).unwrap()[0].timestamp, Some(1_700_000_000));
    let line = signed.note().signatures()[1].clone();
    for (at, name) in [(7, "time"), (8, "signature"), (71, "signature's end")] {
        let mut changed = line.clone();
        changed.signature[at] ^= 1;
        let mut note = kit::checkpoint(5);
        note.add(changed).unwrap();
        assert!(note.note().verify([key.verifier()]).is_err(), "{name}");
    }
    let mut other = kit::checkpoint(6);
    other.add(line).unwrap();
    assert!(other.note().verify([key.verifier()]).is_err());
    assert_eq!(cosign(&signed, &kit::log_key(), 1).unwrap_err(), CosignError::Kind(kit::ORIGIN.to_owned()));
    assert_eq!(cosign(&signed, &key, 1 << 63).unwrap_err(), CosignError::Time(1 << 63));
    assert_eq!(cosign(&signed, &key, 0).unwrap_err(), CosignError::Time(0));
}
