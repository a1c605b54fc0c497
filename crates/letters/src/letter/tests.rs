use super::*;
use crate::template::TEMPLATES;
use countersign_core::class::Class;
use std::collections::{BTreeMap, BTreeSet};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn reasons() -> Vec<Reason> {
    vec![
        Reason { code: "DRAGNET".into(), text: "No targets are named.".into() },
        Reason { code: "NEW_CODE".into(), text: "A reason that has no translation.".into() },
    ]
}

fn subjects() -> Vec<Subject> {
    vec![
        Subject::Acknowledgement {
            digest: Digest([1; 32]),
            salt: Salt([2; 16]),
            due: Some(at("2026-12-01T00:00:00Z")),
        },
        Subject::Clarification {
            questions: vec!["Which offence?".into(), "Which account?".into()],
            until: Some(at("2026-12-02T00:00:00Z")),
        },
        Subject::Refusal { reasons: reasons() },
        Subject::NonExecution { reasons: reasons() },
    ]
}

fn to_authority(subject: Subject) -> ToAuthority {
    ToAuthority {
        custodian: "Mill Exchange".into(),
        authority: "District Court of Aldermark City".into(),
        reference: Some("12 Js 34/26".into()),
        received: at("2026-11-20T10:00:00Z"),
        channel: "letter".into(),
        date: at("2026-11-21T10:00:00Z"),
        subject,
    }
}

fn to_client(delayed: Option<&str>, date: &str) -> Result<ToClient, Delayed> {
    ToClient::new(
        "Mill Exchange".into(),
        "District Court of Aldermark City".into(),
        Instrument::CourtOrder,
        ClassSet::new(Class::ALL.iter().copied()),
        at("2026-11-22T10:00:00Z"),
        delayed.map(at),
        at(date),
    )
}

fn every_letter() -> Vec<Letter> {
    let client = to_client(None, "2026-11-23T10:00:00Z").unwrap();
    Language::ALL
        .iter()
        .flat_map(|language| {
            let authority = subjects().into_iter().map(|subject| to_authority(subject).write(*language));
            authority.chain([client.write(*language)]).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_place_of_every_template_is_filled() {
    let letters = every_letter();
    assert_eq!(letters.len(), TEMPLATES.len());
    for letter in letters {
        for text in [letter.text(), letter.html()] {
            assert!(!text.contains(['{', '}']), "{text}");
            assert!(text.contains("Mill Exchange") && text.contains("2026-11-"), "{text}");
        }
        assert!(!letter.subject().is_empty());
    }
}

/// The three languages say the same: each template has the same places as often, and the same number of paragraphs.
#[test]
fn the_languages_have_the_same_places() {
    let mut known: BTreeMap<&str, BTreeSet<(usize, Vec<String>)>> = BTreeMap::new();
    for (name, _, text) in TEMPLATES {
        assert!(text.starts_with("# ") && text.ends_with('\n') && !text.contains("\r"), "{name}");
        let mut places: Vec<String> =
            text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()).collect();
        places.sort();
        known.entry(name).or_default().insert((text.split("\n\n").count(), places));
    }
    for (name, forms) in known {
        assert_eq!(forms.len(), 1, "{name}: {forms:?}");
    }
}

#[test]
fn what_somebody_else_wrote_is_escaped_and_stays_on_its_line() {
    let mut letter = to_authority(Subject::Clarification {
        questions: vec!["<script>alert(\"1\")</script>\n- and a second line".into(), "{reference}".into()],
        until: None,
    });
    letter.authority = "Court <b>&amp;</b> 'Sons'\r\n# We accept\u{202e}".into();
    letter.reference = Some("{custodian} {*questions} {?until}".into());
    let written = letter.write(Language::English);
    let html = written.html();
    for tag in ["<script", "<b>", "</b>"] {
        assert!(!html.contains(tag), "{html}");
    }
    assert!(html.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; - and a second line</li>"), "{html}");
    assert!(html.contains("Court &lt;b&gt;&amp;amp;&lt;/b&gt; &#39;Sons&#39; # We accept<br>"), "{html}");
    let text = written.text();
    assert_eq!(text.lines().filter(|line| line.starts_with("- ")).count(), 2, "{text}");
    assert!(text.contains("Your reference: {custodian} {*questions} {?until}\n"), "a value is no place: {text}");
    assert!(!text.contains('\u{202e}') && !text.contains("by  "), "{text}");
    assert!(!text.contains("Please answer by"), "a paragraph without its value is left out: {text}");
}

#[test]
fn a_client_is_told_nothing_while_a_delay_order_is_in_force() {
    let end = "2026-12-20T00:00:00Z";
    assert_eq!(to_client(Some(end), "2026-12-19T23:59:59Z"), Err(Delayed { until: at(end) }));
    assert!(to_client(Some(end), end).is_ok());
}

/// Letters to authorities name nobody and count nobody; a client's notice has no file number and nobody else.
#[test]
fn letters_hold_what_their_reader_may_know() {
    for (name, language, text) in TEMPLATES {
        let places: BTreeSet<&str> = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        let allowed: &[&str] = match *name {
            "client-notice" => &["custodian", "authority", "instrument", "released", "date", "*classes"],
            _ => &[
                "custodian",
                "authority",
                "reference",
                "received",
                "date",
                "channel",
                "digest",
                "salt",
                "?due",
                "due",
                "*questions",
                "?until",
                "until",
                "*reasons",
            ],
        };
        assert!(places.iter().all(|place| allowed.contains(place)), "{name} {language}: {places:?}");
    }
}

#[test]
fn reasons_are_given_in_the_language_with_their_code() {
    let refusal = to_authority(Subject::Refusal { reasons: reasons() });
    let german = refusal.write(Language::German).text();
    assert!(german.contains("- DRAGNET: Das Ersuchen nennt keine Zielpersonen"), "{german}");
    assert!(german.contains("- NEW_CODE: A reason that has no translation."), "{german}");
    assert!(refusal.write(Language::Russian).text().contains("- DRAGNET: Запрос называет"));
    assert!(refusal.write(Language::English).text().contains("- DRAGNET: No targets are named."));
}

#[test]
fn duress_is_never_told() {
    let duress = || Reason { code: "DURESS".into(), text: "Somebody acts under duress.".into() };
    for language in Language::ALL {
        let alone = to_authority(Subject::NonExecution { reasons: vec![duress()] }).write(*language).text();
        assert!(alone.contains("- NOT_PERMITTED: ") && !alone.contains("DURESS"), "{alone}");
        let beside = [reasons(), vec![duress()]].concat();
        let both = to_authority(Subject::Refusal { reasons: beside }).write(*language).text();
        let without = to_authority(Subject::Refusal { reasons: reasons() }).write(*language).text();
        assert_eq!(both, without, "what is left out leaves no trace");
    }
}

#[test]
fn every_code_of_a_document_has_words() {
    for class in Class::ALL {
        assert!(CLASSES.iter().any(|row| row.0 == class.as_str()), "{class}");
    }
    for instrument in Instrument::ALL {
        assert!(INSTRUMENTS.iter().any(|row| row.0 == instrument.as_str()), "{instrument}");
    }
}

/// Every reason that a pack which ships can give has words in all three languages: English in the pack, the others here.
#[test]
fn every_reason_of_the_packs_has_words_in_all_languages() {
    let packs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/policy");
    let mut seen = BTreeSet::new();
    for pack in std::fs::read_dir(packs).unwrap() {
        let text = std::fs::read_to_string(pack.unwrap().path().join("pack.json")).unwrap();
        for row in text.split("{\"code\": \"").skip(1) {
            let (code, rest) = row.split_once('"').unwrap();
            let english = rest.split_once("\"text\": \"").and_then(|(_, text)| text.split_once('"')).unwrap().0;
            let row = REASONS.iter().find(|row| row.0 == code);
            let (_, german, russian) = row.unwrap_or_else(|| panic!("`{code}` has no German and Russian words"));
            let cyrillic = |text: &str| text.chars().any(|c| ('а'..='я').contains(&c));
            assert!(english.ends_with('.') && german.ends_with('.') && russian.ends_with('.'), "{code}");
            assert!(cyrillic(russian) && !cyrillic(german) && *german != english, "{code}");
            seen.insert(code.to_owned());
        }
    }
    assert!(seen.len() >= 67 && seen.contains("POLICY_ERROR") && seen.contains("DURESS"), "{}", seen.len());
    assert_eq!(
        REASONS.iter().map(|row| row.0.to_owned()).collect::<BTreeSet<_>>(),
        seen,
        "words for a reason no pack gives"
    );
    assert!(REASONS.is_sorted_by_key(|row| row.0));
}
