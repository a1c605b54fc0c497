//! Labels given away as a TagPack.

use super::{BadAddress, LabelError, Labels, Pack, Role, read_tagpack};
use crate::network::Network;
use std::fmt::Write as _;

/// A pack to give away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The YAML.
    pub text: String,
    /// How many labels it has.
    pub labels: usize,
    /// How many stay here: those that reveal opinion, religion or charity, and those of donors and counterparties, whose role the format
    /// cannot say.
    pub kept_back: usize,
}

/// What one issuer says about owners of addresses, in the public format.
///
/// # Errors
/// [`LabelError`] when the issuer says nothing that may be given away, or says what no pack may say: what is written can always be read.
pub fn write_tagpack(labels: &Labels, issuer: &str, title: &str, network: Network) -> Result<Written, LabelError> {
    let mut text = format!("title: {}\ncreator: {}\ncurrency: \"BTC\"\ntags:\n", quoted(title), quoted(issuer));
    let (mut expected, mut kept_back) = (Pack { title: title.trim().to_owned(), ..Pack::default() }, 0);
    for (lock, tag) in labels.all().filter(|(_, tag)| tag.issuer == issuer) {
        let Some(address) = lock.to_address(network).filter(|_| tag.role == Role::Owner && !tag.special) else {
            kept_back += 1;
            continue;
        };
        let _ = write!(text, "- address: {}\n  label: {}\n", quoted(&address), quoted(&tag.label));
        for (name, value) in [("category", &tag.category), ("abuse", &tag.abuse)] {
            if !value.is_empty() {
                let _ = writeln!(text, "  {name}: {}", quoted(value));
            }
        }
        expected.tags.push((*lock, tag.clone()));
    }
    if expected.tags.is_empty() {
        return Err(LabelError::new(1, format!("`{issuer}` has no labels here that may be given away")));
    }
    let read = read_tagpack(&text, network, Role::Owner, BadAddress::Refuse)?;
    if read != expected {
        return Err(LabelError::new(1, "the title or a label would say more, or something else, to whoever reads it"));
    }
    Ok(Written { text, labels: expected.tags.len(), kept_back })
}

/// A text in double quotes, as YAML and JSON both read it.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            // What YAML does not call printable, or takes for the end of a line.
            _ if character.is_control() || ['\u{2028}', '\u{2029}', '\u{feff}'].contains(&character) => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::read_list;
    use proptest::prelude::*;

    const ADDRESS: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

    fn labels(issuer: &str, label: &str, role: Role) -> Labels {
        let mut labels = Labels::default();
        labels.add(&read_list(ADDRESS, Network::Main, issuer, label, role, BadAddress::Refuse).unwrap());
        labels
    }

    #[test]
    fn what_may_not_be_given_away_stays() {
        let write = |labels: &Labels| write_tagpack(labels, "I", "T", Network::Main);
        let written = write(&labels("I", "L", Role::Owner)).unwrap();
        assert_eq!(
            written.text,
            format!(
                "title: \"T\"\ncreator: \"I\"\ncurrency: \"BTC\"\ntags:\n- address: \"{ADDRESS}\"\n  label: \"L\"\n"
            )
        );
        assert_eq!((written.labels, written.kept_back), (1, 0));
        for kept in
            [labels("I", "a charity", Role::Owner), labels("I", "L", Role::Donor), labels("J", "L", Role::Owner)]
        {
            assert!(write(&kept).unwrap_err().reason.contains("no labels here that may be given away"));
        }
        let mut both = labels("I", "a charity", Role::Owner);
        both.add(&read_list(ADDRESS, Network::Main, "I", "L", Role::Owner, BadAddress::Refuse).unwrap());
        assert_eq!(write(&both).unwrap().kept_back, 1);
        assert!(write(&labels("I", "anna@example.org", Role::Owner)).unwrap_err().reason.contains("an e-mail address"));
        let revealing = write_tagpack(&labels("I", "L", Role::Owner), "I", "donations", Network::Main);
        assert!(revealing.unwrap_err().reason.contains("would say more"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(label in "\\PC{1,20}|[\u{0}-\u{a0}\"\\\\:#{}\u{2028}]{1,12}", title in "\\PC{1,20}") {
            let before = labels("I", &label, Role::Owner);
            // Refused, or the same; never something else.
            if let Ok(written) = write_tagpack(&before, "I", &title, Network::Main) {
                let pack = read_tagpack(&written.text, Network::Main, Role::Owner, BadAddress::Refuse).unwrap();
                let mut after = Labels::default();
                after.add(&pack);
                prop_assert!(after.all().eq(before.all()));
                prop_assert_eq!(pack.title, title.trim());
            } else {
                prop_assert!(label.trim() != label || label.contains(['@', '+']) || before.all().any(|(_, tag)| tag.is_special()) || crate::labels::words::special([title.as_str()]) || crate::labels::words::personal(&title).is_some() || label.trim().is_empty());
            }
        }
    }
}
