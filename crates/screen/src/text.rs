//! Foreign text before it is used: what nobody sees is taken out, what cannot be a name is refused with the reason.

/// Longest name that is read, in bytes of UTF-8; the longest of the public lists has some 600.
pub const MAX_NAME_BYTES: usize = 2_048;

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Nothing is left after invisible characters.
    #[error("is empty")]
    Empty,
    /// More than [`MAX_NAME_BYTES`].
    #[error("has {0} bytes; a name has at most {MAX_NAME_BYTES}")]
    TooLong(usize),
    /// The bytes are of another encoding.
    #[error("is not UTF-8 at its byte {0}: convert the file to UTF-8 first")]
    NotUtf8(usize),
    /// U+FFFD stands where another program lost a character.
    #[error("holds U+FFFD, the mark of a lost character: the file was converted from a wrong encoding")]
    LostCharacter,
    /// No letter and no digit.
    #[error("has no letter and no digit")]
    NoLetters,
}

/// Bytes as text without control characters, zero-width characters and direction marks, white space as single spaces.
///
/// # Errors
/// [`TextFault`] for another encoding and lost characters. Empty text is no fault here.
pub fn clean_bytes(bytes: &[u8]) -> Result<String, TextFault> {
    let text = std::str::from_utf8(bytes).map_err(|error| TextFault::NotUtf8(error.valid_up_to()))?;
    clean(text)
}

/// As [`clean_bytes`], from text.
///
/// # Errors
/// [`TextFault::LostCharacter`].
pub fn clean(text: &str) -> Result<String, TextFault> {
    if is_clean(text.as_bytes()) { Ok(text.to_owned()) } else { clean_slowly(text) }
}

fn clean_slowly(text: &str) -> Result<String, TextFault> {
    let mut out = String::with_capacity(text.len());
    let mut space = false;
    for char in text.chars() {
        if char == '\u{fffd}' {
            return Err(TextFault::LostCharacter);
        }
        if char.is_whitespace() {
            space = !out.is_empty();
        } else if !is_invisible(char) {
            if space {
                out.push(' ');
                space = false;
            }
            out.push(char);
        }
    }
    Ok(out)
}

/// Nothing but visible ASCII with single spaces inside, which is nearly every cell: nothing is to be done.
fn is_clean(bytes: &[u8]) -> bool {
    let mut before = b' ';
    let plain = bytes.iter().all(|byte| {
        let plain = byte.is_ascii_graphic() || (*byte == b' ' && before != b' ');
        before = *byte;
        plain
    });
    plain && before != b' '
}

/// A name: cleaned, with a letter or digit, of a bounded length.
///
/// # Errors
/// [`TextFault`].
pub fn clean_name(text: &str) -> Result<String, TextFault> {
    if text.len() > MAX_NAME_BYTES {
        return Err(TextFault::TooLong(text.len()));
    }
    let text = clean(text)?;
    match () {
        () if text.is_empty() => Err(TextFault::Empty),
        () if !text.chars().any(char::is_alphanumeric) => Err(TextFault::NoLetters),
        () => Ok(text),
    }
}

/// Control characters, soft hyphen, zero-width characters, direction marks and isolates, variation selectors, byte order mark, tags.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_taken_out() {
        assert_eq!(clean_name("\u{202b}Ivan\u{200b}  Ivanov\u{200f}\u{feff}\n").as_deref(), Ok("Ivan Ivanov"));
        assert_eq!(clean_name("Ali\u{a0}\u{2003}Khan").as_deref(), Ok("Ali Khan"));
    }

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        assert_eq!(clean_name("\u{200b}\u{200e} "), Err(TextFault::Empty));
        assert_eq!(clean_name("--- /"), Err(TextFault::NoLetters));
        assert_eq!(clean_name(&"x".repeat(10_240)), Err(TextFault::TooLong(10_240)));
        assert_eq!(clean_name("Jos\u{fffd}"), Err(TextFault::LostCharacter));
        assert_eq!(clean_bytes(b"Jos\xe9 Garc\xeda"), Err(TextFault::NotUtf8(3)));
    }

    proptest::proptest! {
        #[test]
        fn what_is_seen_to_be_clean_is(text in "[ a-c~\t\u{7f}]{0,6}") {
            proptest::prop_assert_eq!(clean(&text), clean_slowly(&text));
        }

        #[test]
        fn cleaning_twice_changes_nothing(text in "\\PC{0,60}") {
            if let Ok(once) = clean(&text) {
                proptest::prop_assert_eq!(clean(&once), Ok(once.clone()));
            }
        }
    }
}
