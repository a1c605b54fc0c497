#![no_main]
//! Clients as CSV, as JSON lines, and prices: never a panic, and whoever is read can be judged and explained under every shipped rule.
use countersign_core::time::Date;
use countersign_restrict::evaluate::InForce;
use countersign_restrict::explain::explain;
use countersign_restrict::pack::Pack;
use countersign_restrict::population::{Read, csv, json_lines};
use countersign_restrict::prices::Prices;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PACK: LazyLock<Pack> = LazyLock::new(|| {
    Pack::parse(include_bytes!("../../packs/restrict/eu-833-2014-art5b.yaml")).expect("the shipped pack has no faults")
});
static PRICES: LazyLock<Prices> =
    LazyLock::new(|| Prices::read(&b"asset,price\nBTC,36215.5\nETH,2400.01\n"[..]).expect("a table of prices"));

fuzz_target!(|data: &[u8]| {
    let _ = Prices::read(data);
    let day = Date::parse("2022-04-21").expect("a day");
    let rules = InForce::on(&PACK, day).expect("versions in force");
    let judge = |read: Read<'_>| {
        if let Read::Client(client) = read {
            assert_eq!(rules.judge(&client.facts).count(), explain(&rules, &client.facts).len());
        }
    };
    let _ = csv(data, Some(&PRICES), judge);
    let _ = json_lines(data, Some(&PRICES), judge);
});
