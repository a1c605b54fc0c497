//! One class of one record: its keys, its padded entry, its blob.

use crate::aead::{Cipher, Forged, TAG};
use crate::hash::{Prk, Salt, digest, domain, frame};
use crate::sigma::ClassSigma;
use countersign_core::class::Class;
use countersign_core::id::Digest;
use zeroize::Zeroizing;

/// Longest content that is sealed inside the entry itself; longer content becomes a blob.
pub const MAX_INLINE: usize = SEGMENT - PREFIX;

/// Plaintext bytes of one blob segment.
pub(crate) const SEGMENT: usize = 65_536;

/// Longest content of one class of one record.
pub const MAX_BLOB: usize = 256 * 1024 * 1024;

/// Kind byte and u32 length before the content of an entry.
const PREFIX: usize = 5;

/// Smallest padded entry.
const SMALLEST: usize = 64;

const INLINE: u8 = 0;
const BLOB: u8 = 1;

/// The content of a class, wiped when dropped.
pub type Content = Zeroizing<Vec<u8>>;

/// What the keys of a cell are bound to: ring (also as the salt), class, u, L without d.
pub(crate) struct Binding<'a> {
    pub(crate) salt: &'a Salt,
    pub(crate) ring: &'a Digest,
    pub(crate) class: Class,
    pub(crate) u: &'a [u8; 32],
    pub(crate) prefix: &'a [u8],
}

/// K_c and the commitment com_c.
pub(crate) struct CellKey {
    key: Zeroizing<[u8; 32]>,
    pub(crate) commitment: [u8; 32],
}

impl CellKey {
    /// K_c || com_c = HKDF(salt ring id, ikm enc(P_c) || sigma_c, info "dek" || class || u || L without d).
    pub(crate) fn derive(binding: &Binding<'_>, shared: &[u8; 32], sigma: &ClassSigma) -> Self {
        let both = binding
            .salt
            .extract(&[shared, sigma.expose()])
            .expand::<64>(domain!("dek"), &[&[binding.class.number()], binding.u, binding.prefix]);
        let (mut key, mut commitment) = (Zeroizing::new([0u8; 32]), [0u8; 32]);
        let (left, right) = both.split_at(32);
        key.copy_from_slice(left);
        commitment.copy_from_slice(right);
        Self { key, commitment }
    }

    fn entry_key(&self) -> Zeroizing<[u8; 32]> {
        Prk::uniform(&self.key).expand(domain!("entry-key"), &[])
    }

    /// The key of the class's blob.
    pub(crate) fn blob_key(&self) -> Zeroizing<[u8; 32]> {
        Prk::uniform(&self.key).expand(domain!("blob-key"), &[])
    }

    /// The entry's ciphertext and, for long content, the sealed blob.
    pub(crate) fn seal(&self, binding: &Binding<'_>, content: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
        if content.len() <= MAX_INLINE {
            return (self.seal_entry(binding, INLINE, content), None);
        }
        let blob = seal_blob(&self.blob_key(), binding, content);
        (self.seal_entry(binding, BLOB, &(content.len() as u64).to_le_bytes()), Some(blob))
    }

    fn seal_entry(&self, binding: &Binding<'_>, kind: u8, content: &[u8]) -> Vec<u8> {
        let padded = bucket(PREFIX + content.len());
        let mut out = Vec::with_capacity(padded + TAG);
        out.push(kind);
        out.extend_from_slice(&(content.len() as u32).to_le_bytes());
        out.extend_from_slice(content);
        out.resize(padded, 0);
        Cipher::new(&self.entry_key()).seal_tail([0; 12], &aad(domain!("entry"), binding), &mut out, 0);
        out
    }

    /// Opens an entry's ciphertext.
    pub(crate) fn open(&self, binding: &Binding<'_>, sealed: &[u8]) -> Result<Opened, Forged> {
        let mut plaintext = Zeroizing::new(sealed.to_vec());
        Cipher::new(&self.entry_key()).open_tail([0; 12], &aad(domain!("entry"), binding), &mut plaintext, 0)?;
        let (head, rest) = plaintext.split_first_chunk::<PREFIX>().ok_or(Forged)?;
        let [kind, length @ ..] = *head;
        let (content, padding) = rest.split_at_checked(u32::from_le_bytes(length) as usize).ok_or(Forged)?;
        if plaintext.len() != bucket(PREFIX + content.len()) || padding.iter().any(|byte| *byte != 0) {
            return Err(Forged);
        }
        match (kind, content.as_array::<8>().copied().map(u64::from_le_bytes)) {
            (INLINE, _) => Ok(Opened::Inline(Zeroizing::new(content.to_vec()))),
            (BLOB, Some(length)) if (MAX_INLINE as u64 + 1..=MAX_BLOB as u64).contains(&length) => {
                Ok(Opened::Blob { length })
            }
            _ => Err(Forged),
        }
    }
}

/// What an entry holds.
pub(crate) enum Opened {
    Inline(Content),
    Blob { length: u64 },
}

/// Hash of one sealed entry: H(class || commitment || ciphertext).
pub(crate) fn entry_hash(class: Class, commitment: &[u8; 32], ciphertext: &[u8]) -> Digest {
    digest(domain!("entry-hash"), &[&[class.number()], commitment, ciphertext])
}

/// The body digest d = H(list of entry hashes).
pub(crate) fn body_digest(hashes: &[Digest]) -> Digest {
    let parts: Vec<&[u8]> = hashes.iter().map(|hash| hash.as_bytes().as_slice()).collect();
    digest(domain!("body"), &parts)
}

/// The padded length of an entry: the next of 64, 96, 128, 192, 256, 384, ... 65,536.
///
/// Two sizes per doubling: at most half of an entry is padding, and lengths tell 21 sizes apart.
pub(crate) fn bucket(length: usize) -> usize {
    let power = length.max(SMALLEST).next_power_of_two();
    let between = power / 4 * 3;
    if length <= between && between >= SMALLEST { between } else { power }
}

/// Whether `length` is a length that [`bucket`] gives.
pub(crate) fn is_bucket(length: usize) -> bool {
    (SMALLEST..=SEGMENT).contains(&length) && bucket(length) == length
}

/// Sealed length of a blob whose content has `length` bytes.
pub(crate) fn sealed_blob_len(length: u64) -> u64 {
    length.div_ceil(SEGMENT as u64).saturating_mul((SEGMENT + TAG) as u64)
}

fn aad(domain: &str, binding: &Binding<'_>) -> Vec<u8> {
    frame(domain, &[binding.ring.as_bytes(), &[binding.class.number()], binding.prefix])
}

/// STREAM (Hoang, Reyhanitabar, Rogaway, Vizar 2015): nonce = 7 zero bytes, u32 BE counter, last flag. The zero prefix is
/// sound because a blob key seals one blob.
fn nonce(counter: u32, last: bool) -> [u8; 12] {
    let mut out = [0u8; 12];
    let [.., a, b, c, d, flag] = &mut out;
    [*a, *b, *c, *d] = counter.to_be_bytes();
    *flag = u8::from(last);
    out
}

fn seal_blob(key: &[u8; 32], binding: &Binding<'_>, content: &[u8]) -> Vec<u8> {
    let aad = aad(domain!("blob-segment"), binding);
    let cipher = Cipher::new(key);
    let count = content.len().div_ceil(SEGMENT);
    let mut out = Vec::with_capacity(count * (SEGMENT + TAG));
    for (counter, segment) in content.chunks(SEGMENT).enumerate() {
        let start = out.len();
        out.extend_from_slice(segment);
        out.resize(start + SEGMENT, 0);
        cipher.seal_tail(nonce(counter as u32, counter + 1 == count), &aad, &mut out, start);
    }
    out
}

/// Opens a sealed blob of `length` content bytes.
pub(crate) fn open_blob(key: &[u8; 32], binding: &Binding<'_>, length: u64, sealed: &[u8]) -> Result<Content, Forged> {
    if sealed.len() as u64 != sealed_blob_len(length) || length > MAX_BLOB as u64 {
        return Err(Forged);
    }
    let aad = aad(domain!("blob-segment"), binding);
    let cipher = Cipher::new(key);
    let count = sealed.len() / (SEGMENT + TAG);
    let mut out = Zeroizing::new(Vec::with_capacity(count * SEGMENT + TAG));
    for (counter, segment) in sealed.chunks(SEGMENT + TAG).enumerate() {
        let start = out.len();
        out.extend_from_slice(segment);
        cipher.open_tail(nonce(counter as u32, counter + 1 == count), &aad, &mut out, start)?;
    }
    let length = usize::try_from(length).map_err(|_| Forged)?;
    if out.get(length..).is_none_or(|padding| padding.iter().any(|byte| *byte != 0)) {
        return Err(Forged);
    }
    out.truncate(length);
    Ok(out)
}
