use std::fmt;

use crate::encoding;
use crate::note::{KeyId, KeyKind, KeyName, MAX_NOTE_BYTES, MAX_SIGNATURES, SigningKey, VerifierKey};

/// A parsed note. Its text means nothing before [`Note::verify`] has succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    // INVARIANT: ends in LF, no ASCII control characters but LF.
    text: String,
    signatures: Vec<SignatureLine>,
}

/// One signature line: `— <name> <base64(id || signature)>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// Name of the key.
    pub name: KeyName,
    /// Id of the key.
    pub id: KeyId,
    /// Everything after the id: 64 bytes for Ed25519, 8 + 64 for a cosignature.
    pub signature: Vec<u8>,
}

/// A signature that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Name of the key.
    pub name: KeyName,
    /// Id of the key.
    pub id: KeyId,
    /// POSIX seconds in a cosignature; `None` in a plain signature.
    pub timestamp: Option<u64>,
}

/// A note that cannot be read or is not signed as demanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Over [`MAX_NOTE_BYTES`] or [`MAX_SIGNATURES`].
    #[error("note is larger than {MAX_NOTE_BYTES} bytes or has more than {MAX_SIGNATURES} signatures")]
    TooLarge,
    /// Not UTF-8, a control character, no blank line, or the text does not end in a newline.
    #[error("note is not text, blank line, signatures in UTF-8 without control characters")]
    Form,
    /// A line after the last blank line that is no signature.
    #[error("note signature line `{0}` is malformed")]
    Line(String),
    /// A known key is named and its signature is wrong.
    #[error("signature of `{name}` (key {id}) is wrong")]
    Signature {
        /// Name of the key.
        name: KeyName,
        /// Id of the key.
        id: KeyId,
    },
    /// None of the known keys has signed.
    #[error("note is not signed by any known key")]
    Unsigned,
}

impl SignatureLine {
    /// Parses one line without its newline.
    ///
    /// # Errors
    /// [`NoteError::Line`].
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let wrong = || NoteError::Line(encoding::shown(line));
        let (name, blob) = line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or_else(wrong)?;
        let name = KeyName::new(name).map_err(|_| wrong())?;
        let blob = encoding::base64_decode(blob).ok_or_else(wrong)?;
        match blob.split_first_chunk::<4>() {
            Some((id, signature)) if !signature.is_empty() => {
                Ok(Self { name, id: KeyId(*id), signature: signature.to_vec() })
            }
            _ => Err(wrong()),
        }
    }

    /// Whether `key` is the key this line names.
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        self.id == key.id() && &self.name == key.name()
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [self.id.0.as_slice(), &self.signature].concat();
        write!(f, "— {} {}", self.name, encoding::base64(&blob))
    }
}

impl Note {
    /// A note of `text` signed by `keys`, which must be of kind [`KeyKind::Ed25519`]; cosignatures need a time and
    /// are made by [`crate::cosignature::cosign`].
    ///
    /// # Errors
    /// [`NoteError::Form`] when the text cannot be a note's text, [`NoteError::Unsigned`] for no key or a key of
    /// another kind.
    pub fn sign(text: &str, keys: &[&SigningKey]) -> Result<Self, NoteError> {
        check_text(text)?;
        let signatures = keys.iter().map(|key| sign_line(text, key)).collect::<Result<Vec<_>, _>>()?;
        if signatures.is_empty() {
            return Err(NoteError::Unsigned);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Parses a note. Text and signatures separate at the last blank line.
    ///
    /// # Errors
    /// [`NoteError::TooLarge`], [`NoteError::Form`], [`NoteError::Line`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLarge);
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NoteError::Form)?;
        let (text, signatures) = whole.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        let text = format!("{text}\n");
        check_text(&text)?;
        let lines = signatures.strip_suffix('\n').ok_or(NoteError::Form)?;
        if lines.split('\n').count() > MAX_SIGNATURES {
            return Err(NoteError::TooLarge);
        }
        let signatures = lines.split('\n').map(SignatureLine::parse).collect::<Result<_, _>>()?;
        Ok(Self { text, signatures })
    }

    /// The text with its final newline. Unverified.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order. Unverified.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Adds a signature line unless the very same line is there.
    ///
    /// # Errors
    /// [`NoteError::TooLarge`] when the note is full.
    pub fn add(&mut self, line: SignatureLine) -> Result<(), NoteError> {
        if self.signatures.contains(&line) {
            return Ok(());
        }
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::TooLarge);
        }
        self.signatures.push(line);
        Ok(())
    }

    /// The note with only the lines for which `keep` holds.
    pub fn retain(&mut self, keep: impl FnMut(&SignatureLine) -> bool) {
        self.signatures.retain(keep);
    }

    /// Checks every line that names one of `keys` and returns them in the order of the lines. Lines of unknown keys
    /// are ignored.
    ///
    /// # Errors
    /// [`NoteError::Signature`] when a known key's signature is wrong, [`NoteError::Unsigned`] when no line names a
    /// known key.
    pub fn verify<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerifierKey> + Clone,
    ) -> Result<Vec<Verified>, NoteError> {
        let mut verified = Vec::new();
        for line in &self.signatures {
            for key in keys.clone().into_iter().filter(|key| line.is_by(key)) {
                let Some(timestamp) = key.check(&self.text, &line.signature) else {
                    return Err(NoteError::Signature { name: line.name.clone(), id: line.id });
                };
                verified.push(Verified { name: line.name.clone(), id: line.id, timestamp });
            }
        }
        if verified.is_empty() { Err(NoteError::Unsigned) } else { Ok(verified) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    let control = |c: char| c.is_ascii_control() && c != '\n' && c != '\x7f';
    if !text.ends_with('\n') || text.contains(control) {
        return Err(NoteError::Form);
    }
    Ok(())
}

fn sign_line(text: &str, key: &SigningKey) -> Result<SignatureLine, NoteError> {
    let verifier = key.verifier();
    if verifier.kind() != KeyKind::Ed25519 {
        return Err(NoteError::Unsigned);
    }
    let signature = key.sign_bytes(text.as_bytes()).to_vec();
    Ok(SignatureLine { name: verifier.name().clone(), id: verifier.id(), signature })
}
