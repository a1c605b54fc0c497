//! Numbers that name one person, firm, ship or wallet, with the checksum where the number has one.

use serde::{Deserialize, Serialize};

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierKind {
    /// A passport.
    Passport,
    /// A national identity number or card.
    National,
    /// A tax number; the Russian INN is checked.
    Tax,
    /// A registration number of a firm; the Russian OGRN is checked.
    Registration,
    /// A legal entity identifier, ISO 17442, checked.
    Lei,
    /// A ship's number, checked.
    Imo,
    /// A bank's code, ISO 9362, form checked.
    Bic,
    /// An address of a crypto currency, compared letter by letter.
    Wallet,
    /// Any other.
    Other,
}

/// One number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// What it is.
    pub kind: IdentifierKind,
    /// Capital letters and digits (a wallet: as printed).
    pub value: String,
}

/// Fewest letters and digits that name somebody.
const MIN_LETTERS: usize = 5;

impl Identifier {
    /// A number in its compared form, or `None` when it is too short to name anybody or its checksum is wrong.
    pub fn new(kind: IdentifierKind, text: &str) -> Option<Self> {
        if kind == IdentifierKind::Wallet {
            let value = text.trim();
            let sound = (20..=110).contains(&value.len())
                && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b':');
            // Hexadecimal and bech32 addresses mean the same in either case.
            let value = if value.starts_with("0x")
                || value.starts_with("0X")
                || value.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("bc1"))
            {
                value.to_ascii_lowercase()
            } else {
                value.to_owned()
            };
            return sound.then_some(Self { kind, value });
        }
        let value: String =
            text.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_uppercase()).collect();
        let value = match kind {
            IdentifierKind::Imo => value.strip_prefix("IMO").unwrap_or(&value).to_owned(),
            _ => value,
        };
        let sound = match kind {
            IdentifierKind::Lei => is_lei(&value),
            IdentifierKind::Imo => is_imo(&value),
            IdentifierKind::Bic => is_bic(&value),
            IdentifierKind::Passport
            | IdentifierKind::National
            | IdentifierKind::Other
            | IdentifierKind::Tax
            | IdentifierKind::Registration => {
                (MIN_LETTERS..=40).contains(&value.len())
                    && value.bytes().any(|byte| byte.is_ascii_digit())
                    && value.bytes().any(|byte| byte != b'0')
            }
            IdentifierKind::Wallet => false,
        };
        sound.then_some(Self { kind, value })
    }

    /// Whether both name the same: equal values, and kinds that lists do not keep apart.
    pub fn same_as(&self, other: &Self) -> bool {
        self.value == other.value && (self.kind == other.kind || (self.kind.is_loose() && other.kind.is_loose()))
    }

    /// Whether the checksum of its kind was checked.
    pub fn is_checked(&self) -> bool {
        match self.kind {
            IdentifierKind::Lei | IdentifierKind::Imo => true,
            IdentifierKind::Tax => is_inn(&self.value),
            IdentifierKind::Registration => is_ogrn(&self.value),
            _ => false,
        }
    }
}

impl IdentifierKind {
    /// Lists print these under one another's label.
    fn is_loose(self) -> bool {
        matches!(self, Self::National | Self::Tax | Self::Registration | Self::Other | Self::Passport)
    }
}

fn digits(value: &str) -> Option<Vec<u32>> {
    value.chars().map(|char| char.to_digit(10)).collect()
}

/// ISO 17442: twenty letters and digits, remainder 1 by 97 (ISO 7064).
fn is_lei(value: &str) -> bool {
    value.len() == 20
        && value.chars().try_fold(0_u32, |rest, char| {
            let digit = char.to_digit(36)?;
            Some((if digit > 9 { rest * 100 + digit } else { rest * 10 + digit }) % 97)
        }) == Some(1)
}

/// Seven digits, the last is the last digit of the others weighted 7 to 2.
fn is_imo(value: &str) -> bool {
    digits(value).is_some_and(|digits| match digits.as_slice() {
        [first @ .., check] if first.len() == 6 => {
            first.iter().zip((2..=7).rev()).map(|(digit, weight)| digit * weight).sum::<u32>() % 10 == *check
        }
        _ => false,
    })
}

/// ISO 9362: four letters, two letters of the country, two letters or digits, optionally three more.
fn is_bic(value: &str) -> bool {
    matches!(value.len(), 8 | 11) && value.bytes().take(6).all(|byte| byte.is_ascii_uppercase())
}

/// Russian tax number of ten or twelve digits (order ED-7-14/559@ of the Federal Tax Service, 2020).
fn is_inn(value: &str) -> bool {
    const WEIGHTS: [u32; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
    let Some(digits) = digits(value) else { return false };
    let check = |count: usize| {
        let weights = &WEIGHTS[WEIGHTS.len() - count..];
        digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum::<u32>() % 11 % 10
    };
    match digits.len() {
        10 => check(9) == digits[9],
        12 => check(10) == digits[10] && check(11) == digits[11],
        _ => false,
    }
}

/// Russian state registration number of thirteen or fifteen digits.
fn is_ogrn(value: &str) -> bool {
    let modulus = match value.len() {
        13 => 11,
        15 => 13,
        _ => return false,
    };
    let (body, check) = value.split_at(value.len() - 1);
    match (body.parse::<u64>(), check.parse::<u64>()) {
        (Ok(body), Ok(check)) => body % modulus % 10 == check,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdentifierKind::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        assert!(is_imo("9257022") && !is_imo("9257023") && !is_imo("925702"));
        assert!(is_lei("6556009FCJ7O8QPFTC19") && !is_lei("6556009FCJ7O8QPFTC18"));
        assert!(is_inn("7714676767") && !is_inn("7714676768"));
        assert!(is_inn("772815862404") && !is_inn("772815862405"));
        assert!(is_ogrn("1027700003891") && !is_ogrn("1027700003892"));
    }

    #[test]
    fn numbers_are_compared_without_their_dress() {
        assert_eq!(Identifier::new(Imo, "IMO 9257022").map(|id| id.value).as_deref(), Some("9257022"));
        assert_eq!(Identifier::new(Passport, "ab-123 456").map(|id| id.value).as_deref(), Some("AB123456"));
        assert_eq!(Identifier::new(Passport, "1234"), None);
        assert_eq!(Identifier::new(Imo, "9257023"), None);
        assert_eq!(Identifier::new(Tax, "0000000000"), None);
        let upper = Identifier::new(Wallet, "0x8576ACC5C05D6CE88F4E49BF65BDF0C62F91353C");
        assert_eq!(upper, Identifier::new(Wallet, "0x8576acc5c05d6ce88f4e49bf65bdf0c62f91353c"));
        assert_ne!(
            Identifier::new(Wallet, "12sjrrhoFEsedNRhtgwvvRqjFTh8fZTDX9"),
            Identifier::new(Wallet, "12SJRRHOFEsedNRhtgwvvRqjFTh8fZTDX9")
        );
    }
}
