//! Evidence against a log: two checkpoints that it has signed and that cannot both be true, as they were served.

use crate::own::Own;
use countersign_tlog::checkpoint::SignedCheckpoint;
use std::path::PathBuf;

/// Keeps both checkpoints in a folder named after them; the same pair is kept once. Returns the folder.
pub(crate) fn keep(own: &Own, verified: &SignedCheckpoint, served: &SignedCheckpoint) -> Result<PathBuf, String> {
    let short = |signed: &SignedCheckpoint| {
        let root: String = signed.checkpoint().root.0.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{root}", signed.checkpoint().size)
    };
    let pair = format!("evidence/{}-and-{}", short(verified), short(served));
    for (name, signed) in [("verified.checkpoint", verified), ("served.checkpoint", served)] {
        let file = format!("{pair}/{name}");
        if !own.folder().join(&file).exists() {
            own.put(&file, signed.to_string().as_bytes())?;
        }
    }
    Ok(own.folder().join(pair))
}
