//! E-mail addresses: lower case throughout, the domain in its ASCII form.
//!
//! Dots and `+tags` stay. Whether a provider ignores them is its own rule, unknown and changing; treating two addresses
//! as one on a guess would name the wrong person. Upper case in the local part is folded although RFC 5321 lets a server
//! distinguish it: no server in use does, and people type both.

use super::{EMPTY, is_invisible};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.3 (a path without its brackets).
const LOCAL: usize = 64;
const WHOLE: usize = 254;

pub(super) fn normal(address: &str) -> Result<Zeroizing<String>, &'static str> {
    let address = address.trim();
    if address.is_empty() {
        return Err(EMPTY);
    }
    let Some((local, domain)) = address.rsplit_once('@') else { return Err("has no `@`") };
    let local = local_part(local)?;
    let domain = Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify)
        .map_err(|_| "has a domain that is no name of the DNS (UTS #46)")?;
    if !domain.contains('.') {
        return Err("has a domain of one label");
    }
    let out = Zeroizing::new(format!("{}@{domain}", local.as_str()));
    if out.len() > WHOLE {
        return Err("is longer than 254 bytes");
    }
    Ok(out)
}

fn local_part(local: &str) -> Result<Zeroizing<String>, &'static str> {
    let local: Zeroizing<String> = Zeroizing::new(local.nfc().flat_map(char::to_lowercase).nfc().collect());
    if local.is_empty() || local.len() > LOCAL {
        return Err("does not have 1 to 64 bytes before the `@`");
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err("has a dot at the beginning or the end of the part before the `@`, or two in a row");
    }
    if !local.chars().all(is_atext) {
        return Err(
            "has a character before the `@` that an address has only in quotation marks: give the address alone",
        );
    }
    Ok(local)
}

/// RFC 5322, section 3.2.3 (atext and the dot), and RFC 6532, section 3.2 (characters beyond ASCII) without those that cannot be seen.
fn is_atext(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(character);
    }
    !character.is_whitespace() && !character.is_control() && !is_invisible(character)
}
