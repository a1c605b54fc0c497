//! `countersign policy derive`.

use super::{FILES, MAX_BUNDLE};
use crate::files;
use anyhow::{Context, Result, ensure};
use countersign_policy::{Bundle, File};
use countersign_review::{DERIVED, Derivation, parse_invariants};
use std::path::Path;

/// The list of edits in the folder of a derived pack.
const EDITS: &str = "derivation.json";

/// Writes the files of `pack` as its edits make them out of `from`; nothing is written unless the whole is a pack.
pub(super) fn derive(from: &Path, pack: &Path) -> Result<()> {
    let place = pack.join(EDITS);
    let edits = files::read_text(&place, MAX_BUNDLE)?;
    let derivation = Derivation::parse(&edits).with_context(|| place.display().to_string())?;
    let base = super::read(from)?;
    ensure!(
        base.name() == derivation.from,
        "{} is the pack `{}`; {} is about `{}`",
        from.display(),
        base.name(),
        place.display(),
        derivation.from
    );
    let file = |name: &str| anyhow::Ok((name.to_owned(), files::read_text(&from.join(name), MAX_BUNDLE)?));
    let base = DERIVED.iter().map(|name| file(name)).collect::<Result<Vec<_>>>()?;
    let made = derivation.apply(base).with_context(|| place.display().to_string())?;
    let parts = made.iter().filter(|(name, _)| FILES.contains(&name.as_str()));
    let parts = parts.map(|(name, text)| File { name: name.clone(), text: text.clone() }).collect();
    let bundle = Bundle::parse(parts).with_context(|| format!("what {} makes is no policy pack", place.display()))?;
    for (name, text) in made.iter().filter(|(name, _)| !FILES.contains(&name.as_str())) {
        parse_invariants(text).with_context(|| format!("what {} makes of {name}", place.display()))?;
    }
    for (name, text) in &made {
        files::write(&pack.join(name), text.as_bytes())?;
    }
    println!("wrote {}: {} {}, policy {}", pack.display(), bundle.name(), bundle.version(), bundle.digest());
    Ok(())
}
