//! Words in labels that decide something.

/// Categories (of GraphSense and the INTERPOL taxonomy) of services that mix the money of many clients.
const SERVICES: &[&str] = &[
    "atm",
    "custodian",
    "defi_bridge",
    "exchange",
    "faucet",
    "gambling",
    "hosted_wallet",
    "market",
    "marketplace",
    "miner",
    "mining_service",
    "mixing_service",
    "payment_processor",
    "service",
    "wallet_service",
];

/// Beginnings of words that reveal opinion, religion or charity. Too many are refused rather than one too few.
const SPECIAL: &[&str] = &[
    "activis",
    "aid",
    "campaign",
    "charit",
    "christian",
    "church",
    "crowdfund",
    "dissident",
    "donat",
    "election",
    "extremis",
    "foundation",
    "fundrais",
    "humanitarian",
    "islam",
    "jewish",
    "jihad",
    "journalis",
    "mosque",
    "muslim",
    "ngo",
    "nonprofit",
    "opposition",
    "parish",
    "party",
    "politic",
    "protest",
    "relief",
    "religi",
    "synagogue",
    "temple",
    "terroris",
    "union",
    "wikileaks",
];

/// Words that begin like one above and mean something else.
const HARMLESS: &[&str] = &["aide", "aided", "unionpay"];

pub(super) fn is_service(category: &str) -> bool {
    SERVICES.contains(&category)
}

/// The first word of these texts that reveals opinion, religion or charity.
pub(super) fn special<'t>(texts: impl IntoIterator<Item = &'t str>) -> bool {
    texts.into_iter().any(|text| {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| SPECIAL.iter().any(|start| word.starts_with(start)) && !HARMLESS.contains(&word))
    })
}

/// What in this text looks like data about a person: an e-mail address or a telephone number.
pub(super) fn personal(text: &str) -> Option<&'static str> {
    if has_email(text) {
        Some("an e-mail address")
    } else if has_telephone(text) {
        Some("a telephone number")
    } else {
        None
    }
}

fn has_email(text: &str) -> bool {
    text.char_indices().filter(|(_, c)| *c == '@').any(|(at, _)| {
        let (before, after) = text.split_at(at);
        let local = before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || "._+-".contains(c));
        let domain: String =
            after.chars().skip(1).take_while(|c| c.is_alphanumeric() || *c == '.' || *c == '-').collect();
        let ending = domain.trim_end_matches('.').rsplit_once('.').map_or("", |(_, ending)| ending);
        local && ending.len() >= 2 && ending.chars().all(char::is_alphabetic)
    })
}

fn has_telephone(text: &str) -> bool {
    text.char_indices().filter(|(_, c)| *c == '+').any(|(at, _)| {
        let (_, after) = text.split_at(at);
        let number = after.chars().skip(1).take_while(|c| c.is_ascii_digit() || " -./()".contains(*c));
        number.filter(char::is_ascii_digit).count() >= 8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_reveal_are_found_in_any_case_and_form() {
        for text in ["Donations to X", "foo_donation", "a Political Party", "Wikileaks.org", "RELIGIOUS", "Refugee aid"]
        {
            assert!(special([text]), "{text}");
        }
        for text in ["Huobi.com", "Locky", "exchange", "Paid services", "communion wine", "UnionPay"] {
            assert!(!special([text]), "{text}");
        }
    }

    #[test]
    fn people_are_noticed() {
        for text in ["write to anna.k@example.org", "<a@b.co>", "call +999 123 456-78"] {
            assert!(personal(text).is_some(), "{text}");
        }
        for text in ["https://medium.com/@someone/post", "@handle", "a@b", "1+1", "block +123456"] {
            assert_eq!(personal(text), None, "{text}");
        }
    }
}
