use countersign_tlog::leaf::ControlSignature;
use serde_json::json;

use super::Cases;

#[test]
fn control_signatures() {
    let mut cases = Cases::new("one signature under a control body, as it travels before it is in a leaf");
    let mut add = |name: &str, text: &str, ok: bool| {
        let found = ControlSignature::parse(text.as_bytes());
        if let Ok(found) = &found {
            assert_eq!(found.to_text(), text, "{name}");
        }
        cases.add(name, ok, &found, json!({"text": text}));
    };
    let good = "{\"by\":\"trustee:3\",\"sig\":\"AAAA\"}\n";
    let long = |bytes: usize| format!("{{\"by\":\"person:a\",\"sig\":\"{}\"}}\n", "A".repeat(bytes - 27));
    add("of a trustee", good, true);
    add("of a person", "{\"by\":\"person:anna-berg\",\"sig\":\"U1NIU0lH\"}\n", true);
    add("what is signed is looked at later: empty texts are texts", "{\"by\":\"\",\"sig\":\"\"}\n", true);
    add("as long as can be", &long(ControlSignature::MAX_LEN), true);
    add("one byte longer", &long(ControlSignature::MAX_LEN + 1), false);
    add("nothing", "", false);
    add("no line feed at the end", good.trim_end(), false);
    add("two line feeds", &format!("{good}\n"), false);
    add("a carriage return", &good.replace('\n', "\r\n"), false);
    add("two signatures", &format!("{good}{good}"), false);
    add("in a list", &format!("[{}]\n", good.trim_end()), false);
    add("another order of the members", "{\"sig\":\"AAAA\",\"by\":\"trustee:3\"}\n", false);
    add("a space", &good.replace(":\"", ": \""), false);
    add("an unknown member", "{\"by\":\"trustee:3\",\"sig\":\"AAAA\",\"at\":1}\n", false);
    add("a member twice", "{\"by\":\"trustee:3\",\"by\":\"trustee:3\",\"sig\":\"AAAA\"}\n", false);
    add("a member missing", "{\"by\":\"trustee:3\"}\n", false);
    add("a number for a text", "{\"by\":3,\"sig\":\"AAAA\"}\n", false);
    add("another spelling of a character", &good.replace("trustee", "\\u0074rustee"), false);
    add("a slash escaped", "{\"by\":\"trustee:3\",\"sig\":\"AA\\/A\"}\n", false);
    cases.keep("control-signature.json");
}
