//! Codes with check digits: bank accounts in the form of an IBAN, addresses of bitcoin's test network, transaction numbers.

use core::fmt::Write as _;

use countersign_core::country::Country;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;

use crate::random::below;

/// `count` random bytes as hexadecimal digits.
pub(super) fn hex(rng: &mut ChaCha20Rng, count: usize) -> String {
    let mut bytes = vec![0; count];
    rng.fill_bytes(&mut bytes);
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Country, two check digits (ISO 7064 mod 97-10), sixteen digits.
pub(super) fn iban(rng: &mut ChaCha20Rng, country: Country) -> String {
    let digits = format!("{:016}", below(rng, 10_000_000_000_000_000));
    let check = 98 - mod97(&format!("{digits}{country}00"));
    format!("{country}{check:02}{digits}")
}

/// A version 0 witness address of a random key hash on bitcoin's test network (BIP 173).
pub(super) fn test_address(rng: &mut ChaCha20Rng) -> String {
    let mut program = [0; 20];
    rng.fill_bytes(&mut program);
    let mut values = vec![0];
    values.extend(five_bit_groups(&program));
    values.extend(checksum(&values));
    values.iter().fold("tb1".to_owned(), |mut address, value| {
        address.push(char::from(BECH32[usize::from(*value)]));
        address
    })
}

const BECH32: [u8; 32] = *b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Digits as they are, letters as 10 to 35, the whole number modulo 97.
fn mod97(text: &str) -> u32 {
    text.chars().filter_map(|c| c.to_digit(36)).fold(0, |rest, value| {
        let shifted = if value < 10 { rest * 10 } else { rest * 100 };
        (shifted + value) % 97
    })
}

/// Twenty bytes are 160 bits, thirty-two groups of five without padding.
fn five_bit_groups(bytes: &[u8; 20]) -> impl Iterator<Item = u8> {
    (0..32).map(|group| {
        (0..5).fold(0, |value, bit| {
            let at = group * 5 + bit;
            (value << 1) | ((bytes[at / 8] >> (7 - at % 8)) & 1)
        })
    })
}

/// The six check symbols of BIP 173 for the readable part `tb`.
fn checksum(values: &[u8]) -> [u8; 6] {
    let prefix = [b't' >> 5, b'b' >> 5, 0, b't' & 31, b'b' & 31];
    let rest = polymod(prefix.iter().chain(values).chain(&[0; 6])) ^ 1;
    core::array::from_fn(|at| ((rest >> (5 * (5 - at))) & 31) as u8)
}

fn polymod<'a>(values: impl Iterator<Item = &'a u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |rest: u32, value| {
        let top = rest >> 25;
        let shifted = ((rest & 0x01ff_ffff) << 5) ^ u32::from(*value);
        GENERATOR.iter().enumerate().filter(|(bit, _)| (top >> bit) & 1 == 1).fold(shifted, |sum, (_, term)| sum ^ term)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::named;

    #[test]
    fn check_digits_are_right() {
        // ISO 13616's own example, rearranged as the check wants it.
        assert_eq!(mod97("WEST12345698765432GB82"), 1);
        let mut rng = named("codes");
        for _ in 0..100 {
            let account = iban(&mut rng, Country::parse("XR").unwrap());
            assert_eq!(mod97(&format!("{}{}", &account[4..], &account[..4])), 1, "{account}");
            assert_eq!(account.len(), 20);
        }
    }

    #[test]
    fn addresses_are_those_of_bip_173() {
        // BIP 173: tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx is the hash 751e76e8199196d454941c45d1b3a323f1433bd6.
        let hash: [u8; 20] = [
            0x75, 0x1e, 0x76, 0xe8, 0x19, 0x91, 0x96, 0xd4, 0x54, 0x94, 0x1c, 0x45, 0xd1, 0xb3, 0xa3, 0x23, 0xf1, 0x43,
            0x3b, 0xd6,
        ];
        let mut values = vec![0];
        values.extend(five_bit_groups(&hash));
        values.extend(checksum(&values));
        let text: String = values.iter().map(|value| char::from(BECH32[usize::from(*value)])).collect();
        assert_eq!(text, "qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx");
        assert_eq!(test_address(&mut named("address")).len(), 42);
    }
}
