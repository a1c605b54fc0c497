//! Identity documents: country || type || number. A number alone names documents of many countries.

use super::letters::latin;
use super::{is_dash, is_invisible, is_mark};
use countersign_core::country::Country;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

countersign_core::named_enum!(
    /// Types of national identifiers (IVMS101, `nationalIdentifierType`).
    DocumentType, "a type of national identifier (IVMS101)" {
        /// Alien registration number.
        AlienRegistration = "ARNU",
        /// Passport number.
        Passport = "CCPT",
        /// Registration authority identifier.
        RegistrationAuthority = "RAID",
        /// Driver's licence number.
        DriverLicence = "DRLC",
        /// Foreign investment identity number.
        ForeignInvestment = "FIIN",
        /// Tax identification number.
        Tax = "TXID",
        /// Social security number.
        SocialSecurity = "SOCS",
        /// Identity card number.
        IdentityCard = "IDCD",
        /// Legal entity identifier.
        LegalEntity = "LEIX",
        /// Unspecified.
        Other = "MISC",
    }
);

/// Longest number.
const MAX_NUMBER: usize = 64;

pub(super) fn normal(country: &str, kind: &str, number: &str) -> Result<Zeroizing<String>, &'static str> {
    let country = Country::parse(&country.trim().to_ascii_uppercase())
        .map_err(|_| "needs the issuing country as two letters of ISO 3166-1")?;
    let kind = DocumentType::parse(&kind.trim().to_ascii_uppercase())
        .map_err(|_| "needs its type as a code of IVMS101, such as CCPT for a passport or IDCD for an identity card")?;
    // Room for letters that become several.
    let mut out = Zeroizing::new(String::with_capacity(16 + 4 * number.len()));
    out.push_str(country.as_str());
    out.push('\n');
    out.push_str(kind.as_str());
    out.push('\n');
    let head = out.len();
    for character in number.trim().nfkd().filter(|character| !is_mark(*character) && !is_invisible(*character)) {
        if matches!(character, ' ' | '.' | '/' | '\\' | '_' | '\u{b7}') || is_dash(character) {
            continue;
        }
        for lower in character.to_lowercase() {
            // Series of some states are in Cyrillic or Greek letters and are typed in Latin ones.
            match latin(lower) {
                Some(letters) => out.extend(letters.chars().map(|letter| letter.to_ascii_uppercase())),
                None if lower.is_ascii_digit() => out.push(lower),
                None => {
                    return Err(
                        "has a number with something other than letters of Latin, Greek or Cyrillic and digits",
                    );
                }
            }
        }
    }
    if !(1..=MAX_NUMBER).contains(&(out.len() - head)) {
        return Err("does not have a number of 1 to 64 letters and digits");
    }
    Ok(out)
}
