//! Evidence against a log: two checkpoints that it has signed and that cannot both be true, as they were served.

use countersign_log::durable;
use countersign_tlog::checkpoint::SignedCheckpoint;
use std::path::{Path, PathBuf};

/// Keeps both checkpoints in a folder named after them; the same pair is kept once. Returns the folder.
pub(crate) fn keep(folder: &Path, verified: &SignedCheckpoint, served: &SignedCheckpoint) -> Result<PathBuf, String> {
    let short = |signed: &SignedCheckpoint| {
        let root: String = signed.checkpoint().root.0.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{root}", signed.checkpoint().size)
    };
    let place = folder.join("evidence").join(format!("{}-and-{}", short(verified), short(served)));
    for (name, signed) in [("verified.checkpoint", verified), ("served.checkpoint", served)] {
        let path = place.join(name);
        if !path.exists() {
            durable::replace(&path, signed.to_string().as_bytes())
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        }
    }
    Ok(place)
}
