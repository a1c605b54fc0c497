#![no_main]
//! Requests of foreign bytes: an answer or a refusal, and nothing panics.
use countersign_screen::catalogue::Catalogue;
use countersign_screen::served::Parameters;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let lists = Catalogue::new(Vec::new());
    let Ok(nothing) = Parameters::of_match("") else { return };
    let _ = lists.match_examples("default", &nothing, data);
    let _ = lists.match_parties("default", &nothing, data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Parameters::of_match(text);
        if let Ok(parameters) = Parameters::of_search(text) {
            let _ = lists.search("default", &parameters);
        }
    }
});
