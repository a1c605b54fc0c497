//! Ten thousand invented clients, the same on every machine, as the CSV that an exchange would export.
//!
//! Real states appear only where a real rule names them; every other country is an invented one. Values gather around the threshold of
//! 10,000, because that is where mistakes are made.

use core::fmt::Write as _;

use countersign_core::time::Timestamp;

use crate::pack::Currency;
use crate::prices::Valuation;

/// Number of clients.
pub const CLIENTS: u64 = 10_000;

/// The notice that the demo is compared with: `packs/restrict/firm-notice-sample.yaml`.
pub const NOTICE: &str = include_str!("../../../packs/restrict/firm-notice-sample.yaml");

const HEADER: &str = "account,nationality,residence,permit,establishment,majority_owners,address_proof,listed,activity,crypto,deposits,as_of\n";
const MEMBERS: [&str; 4] = ["LT", "DE", "LV", "FR"];
const INVENTED: [&str; 6] = ["XG", "XH", "XR", "XS", "XT", "XV"];
const AS_OF: &str = "2022-04-20";

/// The population as CSV.
#[must_use]
pub fn csv() -> String {
    let mut text = String::from(HEADER);
    for number in 0..CLIENTS {
        row(number, &mut text);
    }
    text
}

/// How its values were found: they are invented in euros. Always there.
#[must_use]
pub fn valuation() -> Option<Valuation> {
    let currency = Currency::parse("EUR")?;
    let at = Timestamp::parse("2022-04-20T22:00:00Z").ok()?;
    Some(Valuation { currency, source: "the demo itself (invented)".into(), at })
}

fn row(number: u64, text: &mut String) {
    let mut draw = Draw(number);
    let nationality_draw = draw.below(100);
    let is_legal = draw.below(100) < 3;
    let (nationality, residence, permit, proof) = match nationality_draw {
        _ if is_legal => ("", "", "", "none"),
        0..12 => ("RU", "RU", if draw.below(10) < 7 { "none" } else { "" }, "RU"),
        12..18 => ("RU", draw.pick(&INVENTED), if draw.below(10) < 8 { "none" } else { "" }, "same"),
        18..22 => ("RU", draw.pick(&MEMBERS), "same", "same"),
        22..24 => ("RU LT", "RU", "", "RU"),
        24..25 => ("", "", "", ""),
        25..27 => (draw.pick(&INVENTED), "RU", "none", "RU"),
        27..60 => (draw.pick(&MEMBERS), draw.pick(&MEMBERS), "none", "same"),
        _ => (draw.pick(&INVENTED), draw.pick(&INVENTED), "none", "same"),
    };
    let permit = if permit == "same" { residence } else { permit };
    let proof = match (proof, draw.below(10)) {
        ("same", 0..7) => residence,
        ("same", _) => "none",
        (proof, _) => proof,
    };
    let (establishment, owners) = match (is_legal, draw.below(10)) {
        (false, _) => ("", ""),
        (true, 0..3) => ("RU", "RU"),
        (true, 3..5) => (draw.pick(&INVENTED), "RU"),
        (true, 5..6) => (draw.pick(&INVENTED), ""),
        (true, _) => (draw.pick(&MEMBERS), "none"),
    };
    let listed = match draw.below(1_000) {
        0..2 => "eu@2022-03-15",
        2 => "un@2016-11-23 eu@2016-12-01 ofac@2016-11-23",
        3..10 => "",
        _ => "none",
    };
    let activity = match draw.below(100) {
        0..2 => "wallet deposit",
        2..50 => "wallet crypto_service",
        50..54 => "crypto_service",
        _ => "wallet",
    };
    let deposits = if activity == "wallet deposit" { draw.below(25_000_000) } else { 0 };
    let crypto = match draw.below(100) {
        0..15 => 0,
        15..40 => draw.below(10_000),
        40..65 => draw.below(100_000),
        65..83 => draw.below(1_000_000),
        83..84 => 1_000_000,
        84..85 => 1_000_001,
        85..97 => 1_000_000 + draw.below(9_000_000),
        _ => 10_000_000 + draw.below(90_000_000),
    };
    let (crypto_cents, deposit_cents) = (crypto % 100, deposits % 100);
    let (crypto, deposits) = (crypto / 100, deposits / 100);
    // Writing into a text cannot fail.
    let _ = writeln!(
        text,
        "A-{number:06},{nationality},{residence},{permit},{establishment},{owners},{proof},{listed},{activity},\
         {crypto}.{crypto_cents:02},{deposits}.{deposit_cents:02},{AS_OF}"
    );
}

/// The numbers that belong to one client: splitmix64 (Steele, Lea, Flood 2014), seeded with the client's number. Nothing secret, nothing random.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn pick(&mut self, list: &[&'static str]) -> &'static str {
        let at = usize::try_from(self.below(list.len() as u64)).unwrap_or_default();
        list.get(at).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::{Read, csv as read};

    #[test]
    fn every_row_can_be_judged_and_the_bytes_stay_the_same() {
        let text = csv();
        let mut clients = 0;
        read(text.as_bytes(), None, |row| match row {
            Read::Client(_) => clients += 1,
            Read::Bad(bad) => panic!("{bad}"),
        })
        .unwrap();
        assert_eq!(clients, CLIENTS);
        assert!(valuation().is_some());
        assert_eq!(text, csv());
    }
}
