#![no_main]
//! SSHSIG blobs: as they are, and as the inner signature of a blob that names the right key.
use countersign_approve::{PublicKey, from_armor, verify_signature};
use libfuzzer_sys::fuzz_target;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPT8H0o+wzmcXS2BLuMPhJI1zGtxWzACweWyJHrytrSF";
const KEY_BLOB: [u8; 51] = [
    0, 0, 0, 11, 115, 115, 104, 45, 101, 100, 50, 53, 53, 49, 57, 0, 0, 0, 32, 244, 252, 31, 74, 62,
    195, 57, 156, 93, 45, 129, 46, 227, 15, 132, 146, 53, 204, 107, 113, 91, 48, 2, 193, 229, 178, 36, 122, 242,
    182, 180, 133,
];

fuzz_target!(|data: &[u8]| {
    let Ok(key) = PublicKey::parse(KEY) else { panic!("the key of this target parses") };
    let mut framed = b"SSHSIG\x00\x00\x00\x01".to_vec();
    for part in [&KEY_BLOB[..], b"fuzz@countersign", b"", b"sha512", data] {
        framed.extend_from_slice(&(part.len() as u32).to_be_bytes());
        framed.extend_from_slice(part);
    }
    for blob in [data, &framed] {
        assert!(verify_signature(&key, "fuzz@countersign", b"m", &base64(blob)).is_err());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = from_armor(text);
    }
});

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = ALPHABET[(group >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}
