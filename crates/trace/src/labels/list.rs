//! Plain lists of addresses: one per line, or a JSON array of texts, as the public extracts of the OFAC list have them.

use super::{BadAddress, LabelError, Pack, Role, Tag, words};
use crate::network::Network;

/// Reads a list whose addresses this issuer calls by this label.
///
/// # Errors
/// [`LabelError`] with the line of the first entry that is no address of the network, and for an empty list.
pub fn read_list(
    text: &str,
    network: Network,
    issuer: &str,
    label: &str,
    role: Role,
    bad: BadAddress,
) -> Result<Pack, LabelError> {
    let mut pack = Pack { title: label.to_owned(), ..Pack::default() };
    let special = words::special([label]);
    let tag = || Tag {
        issuer: issuer.to_owned(),
        label: label.to_owned(),
        category: String::new(),
        abuse: String::new(),
        role,
        special,
    };
    for (line, address) in entries(text)? {
        pack.push(line, &address, (network, bad), tag())?;
    }
    if pack.tags.is_empty() {
        return Err(LabelError::new(1, "the list is empty"));
    }
    Ok(pack)
}

fn entries(text: &str) -> Result<Vec<(usize, String)>, LabelError> {
    if text.trim_start().starts_with('[') {
        let list: Vec<String> =
            serde_json::from_str(text).map_err(|error| LabelError::new(error.line().max(1), error.to_string()))?;
        // The parser does not say where an entry stands; the entry itself does.
        let line = |entry: &str| text.lines().position(|line| line.contains(entry)).map_or(1, |at| at + 1);
        return Ok(list.into_iter().map(|entry| (line(&entry), entry)).collect());
    }
    let lines = (1..).zip(text.lines()).map(|(number, line)| (number, line.trim().to_owned()));
    Ok(lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).collect())
}
