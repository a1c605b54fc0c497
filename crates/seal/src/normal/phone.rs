//! Telephone numbers: international form of ITU-T E.164, `+` and digits.

use super::{EMPTY, is_dash, is_invisible};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// E.164, section 6.1: at most 15 digits. The shortest national plans leave seven with the country code.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

pub(super) fn normal(number: &str) -> Result<Zeroizing<String>, &'static str> {
    let number: Zeroizing<String> =
        Zeroizing::new(number.nfkc().filter(|character| !is_invisible(*character)).collect());
    let number = number.trim();
    let Some(rest) = number.strip_prefix('+') else {
        let reason = "does not begin with `+` and a country code; numbers of one country alone cannot be told apart";
        return Err(if number.is_empty() { EMPTY } else { reason });
    };
    let spaced = |character: char| character == ' ' || is_dash(character);
    if Zeroizing::new(rest.replace(spaced, "")).contains("(0)") {
        return Err("has `(0)`, which is not dialled from abroad: leave it out");
    }
    // Room for every digit: growing would leave copies behind.
    let mut out = Zeroizing::new(String::with_capacity(number.len()));
    out.push('+');
    for character in rest.chars() {
        match character {
            '0'..='9' => out.push(character),
            ' ' | '.' | '/' | '(' | ')' => {}
            dash if is_dash(dash) => {}
            _ => return Err("has something other than `+`, digits, spaces, dashes, dots, slashes and brackets"),
        }
    }
    if out.starts_with("+0") {
        return Err("has a country code that begins with 0");
    }
    if !DIGITS.contains(&(out.len() - 1)) {
        return Err("does not have 7 to 15 digits");
    }
    Ok(out)
}
