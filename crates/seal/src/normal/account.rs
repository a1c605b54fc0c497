//! Account numbers: the custodian's own, so nothing is known about which spellings are the same.

use super::{CONTROL, EMPTY};
use zeroize::Zeroizing;

pub(super) fn normal(number: &str) -> Result<Zeroizing<String>, &'static str> {
    let number = number.trim();
    if number.is_empty() {
        return Err(EMPTY);
    }
    if number.chars().any(char::is_control) {
        return Err(CONTROL);
    }
    Ok(Zeroizing::new(number.to_owned()))
}
