//! Witness addresses: bech32 for version 0 (BIP-173), bech32m for the others (BIP-350).

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
const CHECK_LEN: usize = 6;
const MAX_TEXT: usize = 90;

fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    values.fold(1, |state, value| {
        let top = state >> 25;
        let shifted = (state & 0x01ff_ffff) << 5 ^ u32::from(value);
        GENERATORS.iter().enumerate().fold(
            shifted,
            |sum, (bit, generator)| {
                if top >> bit & 1 == 1 { sum ^ generator } else { sum }
            },
        )
    })
}

fn expanded(human: &str) -> impl Iterator<Item = u8> {
    human.bytes().map(|byte| byte >> 5).chain([0]).chain(human.bytes().map(|byte| byte & 31))
}

fn constant(version: u8) -> u32 {
    if version == 0 { 1 } else { 0x2bc8_30a3 }
}

/// Regroups bits; `None` when what is left over is not padding of zeros.
fn regroup(values: impl Iterator<Item = u8>, from: u32, to: u32, pad: bool) -> Option<Vec<u8>> {
    let (mut held, mut bits, mut out) = (0u32, 0, Vec::new());
    for value in values {
        held = held << from | u32::from(value);
        bits += from;
        while bits >= to {
            bits -= to;
            out.push((held >> bits & ((1 << to) - 1)) as u8);
        }
        held &= (1 << bits) - 1;
    }
    if pad {
        if bits > 0 {
            out.push((held << (to - bits) & ((1 << to) - 1)) as u8);
        }
    } else if bits >= from || held != 0 {
        return None;
    }
    Some(out)
}

pub(super) fn encode(human: &str, version: u8, body: &[u8]) -> String {
    let data: Vec<u8> =
        std::iter::once(version).chain(regroup(body.iter().copied(), 8, 5, true).unwrap_or_default()).collect();
    let check = polymod(expanded(human).chain(data.iter().copied()).chain([0; CHECK_LEN])) ^ constant(version);
    let digits = data.into_iter().chain((0..CHECK_LEN).map(|place| (check >> (5 * (5 - place)) & 31) as u8));
    let mut text = format!("{human}1");
    text.extend(digits.filter_map(|digit| ALPHABET.get(usize::from(digit)).map(|byte| char::from(*byte))));
    text
}

/// Human part, witness version and program, when the text is a witness address with the checksum of its version.
pub(super) fn decode(text: &str) -> Option<(String, u8, Vec<u8>)> {
    let mixed =
        text.bytes().any(|byte| byte.is_ascii_uppercase()) && text.bytes().any(|byte| byte.is_ascii_lowercase());
    if text.len() > MAX_TEXT || mixed {
        return None;
    }
    let text = text.to_ascii_lowercase();
    let (human, digits) = text.rsplit_once('1')?;
    if human.is_empty() || !human.bytes().all(|byte| (33..=126).contains(&byte)) {
        return None;
    }
    let place = |digit: u8| ALPHABET.iter().position(|known| *known == digit).and_then(|at| u8::try_from(at).ok());
    let values: Vec<u8> = digits.bytes().map(place).collect::<Option<_>>()?;
    let (version, rest) = values.split_first()?;
    let program = rest.get(..rest.len().checked_sub(CHECK_LEN)?)?;
    if *version > 16 || polymod(expanded(human).chain(values.iter().copied())) != constant(*version) {
        return None;
    }
    let body = regroup(program.iter().copied(), 5, 8, false)?;
    (2..=40).contains(&body.len()).then(|| (human.to_owned(), *version, body))
}
