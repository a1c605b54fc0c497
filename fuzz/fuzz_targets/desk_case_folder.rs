#![no_main]
//! A folder of a case, its list of digests written anew: no file of it makes the reader panic, and what holds holds again.
use countersign_desk::dossier::replay;
use countersign_verify::evidence::{Files, SUMS, sums};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// The folder of `vectors/desk/case-folder.json`.
static FOLDER: LazyLock<Files> = LazyLock::new(|| {
    let Ok(vectors) = serde_json::from_str::<serde_json::Value>(include_str!("../../vectors/desk/case-folder.json"))
    else {
        panic!("the vectors parse")
    };
    let files = vectors["files"].as_object().into_iter().flatten();
    files.filter_map(|(path, text)| Some((path.clone(), text.as_str()?.as_bytes().to_vec()))).collect()
});

// The first byte chooses a file, the second where in it the rest of the input is put, the third how much it takes the place of.
fuzz_target!(|data: &[u8]| {
    let [which, place, length, put @ ..] = data else { return };
    let mut files = FOLDER.clone();
    let names: Vec<String> = files.keys().filter(|path| path.as_str() != SUMS).cloned().collect();
    let Some(file) = names.get(usize::from(*which) % names.len()).and_then(|name| files.get_mut(name)) else { return };
    let begin = usize::from(*place) * file.len() / 256;
    let end = (begin + usize::from(*length)).min(file.len());
    drop(file.splice(begin..end, put.iter().copied()));
    let list = sums(&files);
    files.insert(SUMS.to_owned(), list.into_bytes());
    if let Ok(replayed) = replay(&files, None) {
        assert!(replay(&files, Some(&replayed.genesis)).is_ok());
    }
});
