use super::*;
use bitcoin::hashes::Hash as _;
use proptest::prelude::*;

const KINDS: [LockKind; 5] =
    [LockKind::KeyHash, LockKind::ScriptHash, LockKind::WitnessKey, LockKind::WitnessScript, LockKind::Taproot];

fn theirs(network: Network) -> bitcoin::Network {
    match network {
        Network::Main => bitcoin::Network::Bitcoin,
        Network::Test => bitcoin::Network::Testnet,
        Network::Signet => bitcoin::Network::Signet,
        Network::Regtest => bitcoin::Network::Regtest,
    }
}

fn script_of(kind: LockKind, seed: [u8; 32]) -> bitcoin::ScriptBuf {
    let short: [u8; 20] = seed[..20].try_into().unwrap();
    match kind {
        LockKind::KeyHash => bitcoin::ScriptBuf::new_p2pkh(&bitcoin::PubkeyHash::from_byte_array(short)),
        LockKind::ScriptHash => bitcoin::ScriptBuf::new_p2sh(&bitcoin::ScriptHash::from_byte_array(short)),
        LockKind::WitnessKey => bitcoin::ScriptBuf::new_p2wpkh(&bitcoin::WPubkeyHash::from_byte_array(short)),
        LockKind::WitnessScript => bitcoin::ScriptBuf::new_p2wsh(&bitcoin::WScriptHash::from_byte_array(seed)),
        _ => bitcoin::ScriptBuf::from_bytes([&[0x51, 32][..], &seed].concat()),
    }
}

proptest! {
    #[test]
    fn addresses_are_those_of_the_other_implementation(seed: [u8; 32], kind in 0..KINDS.len(), place in 0usize..4) {
        let (network, kind) = (Network::ALL[place], KINDS[kind]);
        let script = script_of(kind, seed);
        let lock = Lock::of_script(script.as_bytes()).unwrap();
        let text = lock.to_address(network).unwrap();
        prop_assert_eq!(&text, &bitcoin::Address::from_script(&script, theirs(network)).unwrap().to_string());
        prop_assert_eq!(Lock::parse(&text, network), Ok(lock));
        prop_assert_eq!(lock.kind(), kind);
        let other = if network == Network::Main { Network::Test } else { Network::Main };
        prop_assert!(Lock::parse(&text, other).is_err());
    }

    #[test]
    fn one_wrong_letter_is_noticed(seed: [u8; 32], kind in 0..KINDS.len(), at: prop::sample::Index, letter in "[a-zA-Z0-9]") {
        let kind = KINDS[kind];
        let text = Lock::of_script(script_of(kind, seed).as_bytes()).unwrap().to_address(Network::Main).unwrap();
        let mut bad = text.clone();
        let at = at.index(text.len());
        bad.replace_range(at..=at, &letter);
        prop_assert_eq!(Lock::parse(&bad, Network::Main).is_ok(), bad == text);
    }

    #[test]
    fn any_text_is_refused_or_spells_itself(text in "\\PC{0,95}") {
        if let Ok(lock) = Lock::parse(&text, Network::Main) {
            prop_assert_eq!(lock.to_address(Network::Main).unwrap(), text);
        }
    }
}

#[test]
fn published_addresses_and_refusals() {
    // BIP-173 and BIP-350.
    let sound = "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4";
    assert_eq!(Lock::parse(sound, Network::Main).unwrap().kind(), LockKind::WitnessKey);
    let taproot = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0";
    assert_eq!(Lock::parse(taproot, Network::Main).unwrap().kind(), LockKind::Taproot);
    for bad in [
        "bc1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        "bc1gmk9yu",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "11A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "",
    ] {
        assert!(Lock::parse(bad, Network::Main).is_err(), "{bad}");
    }
    assert!(Lock::parse("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Network::Main).is_ok());
}

#[test]
fn scripts_without_an_address() {
    assert_eq!(Lock::of_script(&[0x6a, 1, 2]), None);
    assert_eq!(Lock::of_script(&[]).unwrap().kind(), LockKind::Other);
    let key = [&[33u8][..], &[2; 33], &[0xac]].concat();
    assert_eq!(Lock::of_script(&key).unwrap().kind(), LockKind::BareKey);
    assert_eq!(Lock::of_script(&key).unwrap().to_address(Network::Main), None);
    assert_eq!(Lock::new(LockKind::KeyHash, &[0; 32]), None);
    assert_eq!(Lock::of_script(&[0x52, 32]).unwrap().kind(), LockKind::Other);
}
