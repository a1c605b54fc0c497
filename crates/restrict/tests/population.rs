//! Rows as exports really have them.

use countersign_restrict::amount::Amount;
use countersign_restrict::client::{Fact, Facts};
use countersign_restrict::population::{PopulationError, Read, csv, json_lines};
use countersign_restrict::prices::Prices;

use crate::kit::{client, row};

#[test]
fn an_empty_value_is_unknown_and_none_is_known() {
    assert_eq!(client(&[("nationality", ""), ("permit", " "), ("listed", "")]), Facts::default());
    let known = client(&[
        ("nationality", "none"),
        ("permit", "none"),
        ("listed", "none"),
        ("activity", "none"),
        ("address_proof", "none"),
    ]);
    assert!(
        [known.nationality, known.permit, known.address_proof]
            .iter()
            .all(|fact| fact.known().is_some_and(|set| set.is_empty()))
    );
    assert!(known.listed.known().is_some() && known.activity.known().is_some() && known.person == Fact::Unknown);
}

#[test]
fn what_is_wrong_with_a_row_is_said_with_its_column() {
    for (column, value, why) in [
        ("nationality", "RUS", "is not a country"),
        ("nationality", "ru", "is not a country"),
        ("nationality", "RU,LT", "is not a country"),
        ("nationality", "RU RU", "has `RU` twice"),
        ("nationality", "SU", "is not a country"),
        ("residence", "RU LT", "is not a country"),
        ("residence", "none", "is not a country"),
        ("person", "human", "is not `natural` or `legal`"),
        ("crypto", "-0.01", "is negative"),
        ("crypto", "100000000000", "is absurd"),
        ("crypto", "1e6", "is not a number"),
        ("crypto", "1 000", "is not a number"),
        ("deposits", "10,5", "is not a number"),
        ("listed", "eu", "like `eu@2022-03-15`"),
        ("listed", "xx@2022-03-15", "issuer"),
        ("listed", "eu@2022-02-30", "day"),
        ("listed", "eu@2022-03-15 eu@2022-03-16", "twice"),
        ("activity", "mining", "activity"),
        ("as_of", "yesterday", "day"),
    ] {
        let bad = row(&[("account", "A-1"), (column, value)]).unwrap().expect_err(value);
        assert_eq!((bad.line, bad.column.map(|column| column.as_str())), (2, Some(column)), "{value}");
        assert!(bad.reason.contains(why), "{column} {value}: {}", bad.reason);
    }
    for account in ["", " ", "a\u{7}b", &"x".repeat(65)] {
        assert!(row(&[("account", account), ("person", "")]).unwrap().is_err(), "{account:?}");
    }
}

#[test]
fn rows_that_contradict_themselves_are_judged_by_nobody() {
    for (columns, why) in [
        ([("person", "legal"), ("nationality", "RU")], "the person is `legal`"),
        ([("person", "natural"), ("establishment", "RU")], "the person is `natural`"),
        ([("residence", "RU"), ("majority_owners", "RU")], "natural or legal person?"),
    ] {
        let bad = row(&[&[("account", "A-1")][..], &columns].concat()).unwrap().unwrap_err();
        assert!(bad.reason.contains(why), "{columns:?}: {}", bad.reason);
    }
    // "Looked, and there is none" contradicts nothing.
    assert!(row(&[("account", "A-1"), ("person", "legal"), ("nationality", "none")]).unwrap().is_ok());
}

#[test]
fn the_file_as_a_whole() {
    for (text, why) in [
        ("", "no rows"),
        ("account\n", "no rows"),
        ("account,account\nA,B\n", "twice"),
        ("nationality\nRU\n", "no column `account`"),
        ("account,Nationality\nA,RU\n", "`Nationality`, which is unknown"),
        ("account;nationality\nA;RU\n", "unknown"),
        ("account,holdings\nA,BTC:1\n", "prices"),
    ] {
        let error = csv(text.as_bytes(), None, |_| ()).unwrap_err().to_string();
        assert!(error.contains(why), "{text:?}: {error}");
    }
    let text = "\u{feff}account,nationality\r\nA-1,RU\r\n\r\nA-2\r\nA-3,\"RU\r\n\"A-4\",LT\r\n";
    let mut seen = Vec::new();
    csv(text.as_bytes(), None, |read| {
        seen.push(match read {
            Read::Client(client) => format!("{} {}", client.line, client.account),
            Read::Bad(bad) => bad.to_string(),
        });
    })
    .unwrap();
    assert_eq!(
        seen,
        [
            "2 A-1",
            "line 4: has 1 fields, the first line has 2",
            "line 5: has a quotation mark that is not closed on the line",
            "6 A-4",
        ]
    );
}

#[test]
fn json_lines_hold_the_same_values() {
    let text = r#"{"account":"A-1","nationality":"RU LT","crypto":"10000.01","permit":null}
{"account":"A-2","crypto":10000.01}
{"account":"A-3","colour":"red"}
{"account":"A-4","account":"A-5"}
["A-6",null,null,null,null,null,null,null,null,null,null,null,null,null]
{"account":"A-\u0037"}
"#;
    let mut seen = Vec::new();
    json_lines(text.as_bytes(), None, |read| {
        seen.push(match read {
            Read::Client(found) => {
                if found.account == "A-1" {
                    assert_eq!(found.facts, client(&[("nationality", "RU LT"), ("crypto", "10000.01")]));
                }
                found.account.to_owned()
            }
            Read::Bad(bad) => format!("line {}", bad.line),
        });
    })
    .unwrap();
    assert_eq!(seen, ["A-1", "line 2", "line 3", "line 4", "line 5", "A-7"]);
}

#[test]
fn quantities_are_valued_by_the_table_and_never_beside_a_value() {
    let prices = Prices::read("asset,price\nBTC,40000\n".as_bytes()).unwrap();
    let text = "account,holdings,crypto\nA,BTC:0.250000000000000001,\nB,none,\nC,,\nD,BTC:1,5\nE,XMR:1,\n";
    let mut seen = Vec::new();
    csv(text.as_bytes(), Some(&prices), |read| {
        seen.push(match read {
            Read::Client(client) => client.facts.crypto.known().map_or_else(|| "unknown".into(), Amount::to_string),
            Read::Bad(bad) => bad.to_string(),
        });
    })
    .unwrap();
    assert_eq!(
        seen,
        [
            "10000.00000000000004",
            "0.00",
            "unknown",
            "line 5, `holdings`: is given together with `crypto`: which one counts?",
            "line 6, `holdings`: has no price for `XMR`",
        ]
    );
    let without = json_lines(r#"{"account":"A","holdings":"BTC:1"}"#.as_bytes(), None, |_| ());
    assert!(matches!(without, Err(PopulationError::NoPrices)));
}
