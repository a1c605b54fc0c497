//! Segregated witness addresses: Bech32 (BIP 173) and Bech32m (BIP 350).

const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const BECH32: u32 = 1;
const BECH32M: u32 = 0x2bc8_30a3;

/// Whether `address`, in lower case, is a witness address with this human-readable part.
pub(super) fn is_witness_address(address: &str, prefix: &str) -> bool {
    let Some(data) = address.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('1')) else { return false };
    let values: Option<Vec<u8>> = data
        .bytes()
        .map(|character| CHARSET.iter().position(|known| *known == character).and_then(|at| u8::try_from(at).ok()))
        .collect();
    let Some(values) = values.filter(|_| address.len() <= 90) else { return false };
    let Some((body, _checksum)) = values.split_last_chunk::<6>() else { return false };
    let Some((version, program)) = body.split_first() else { return false };
    let Some(length) = bytes_of(program) else { return false };
    let expected = if *version == 0 { BECH32 } else { BECH32M };
    let fits = match version {
        0 => length == 20 || length == 32,
        1..=16 => (2..=40).contains(&length),
        _ => false,
    };
    fits && polymod(prefix, &values) == expected
}

/// How many bytes groups of five bits are; `None` unless at most four bits are left over and those are zero.
fn bytes_of(groups: &[u8]) -> Option<usize> {
    let bits = groups.len() * 5;
    let left = bits % 8;
    let padding = groups.last().map_or(0, |last| last & ((1u8 << left.min(5)) - 1));
    (left < 5 && padding == 0).then_some(bits / 8)
}

/// BIP 173, `bech32_polymod` over the expanded human-readable part and the data.
fn polymod(prefix: &str, values: &[u8]) -> u32 {
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    let mut sum = 1u32;
    for value in high.chain([0]).chain(low).chain(values.iter().copied()) {
        let top = sum >> 25;
        sum = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
        for (bit, generator) in
            [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3].into_iter().enumerate()
        {
            if (top >> bit) & 1 == 1 {
                sum ^= generator;
            }
        }
    }
    sum
}
