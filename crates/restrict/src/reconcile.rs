//! What should stand on accounts, held against what the exchange core says stands on them.
//!
//! The export is read one row at a time; memory grows with the restricted accounts, not with the clients.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};

use countersign_core::restriction::{Effect, is_account};

use crate::population::lines::{Line, Lines, split};
use crate::simulate::Noted;

/// The first line of an export.
pub const HEADER: &str = "account,effect";
/// Written where nothing stands on an account.
const NONE: &str = "none";

/// How one account differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A restriction stands, and the exchange core has none, or does not know the account.
    Missing {
        /// What should stand.
        ours: Effect,
    },
    /// Another effect stands at the exchange core.
    Different {
        /// What should stand.
        ours: Effect,
        /// What stands.
        theirs: Effect,
    },
}

/// What a comparison came to.
#[derive(Clone, Debug, Default)]
pub struct Reconciliation {
    /// Rows that were compared.
    pub rows: u64,
    /// Restricted accounts that stand as they should.
    pub alike: u64,
    /// Restricted accounts that do not, by name.
    pub differences: BTreeMap<String, Difference>,
    /// Accounts that the exchange core restricts and we do not: a restriction that was taken off, or one from elsewhere.
    pub extra: Noted,
    /// Rows that cannot be used.
    pub bad: Noted,
}

/// Why an export cannot be compared at all.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The file cannot be read.
    #[error("the export cannot be read")]
    Io(#[from] io::Error),
    /// Another first line: another file perhaps.
    #[error("the first line of the export is not `{HEADER}`")]
    Header,
    /// No rows: an export that failed looks like this, and would let every restriction look missing.
    #[error("the export has no rows")]
    Empty,
}

/// Compares what should stand with an export of the exchange core.
///
/// # Errors
/// [`ReconcileError`]; what is wrong with single rows is counted.
pub fn reconcile(
    mut standing: BTreeMap<String, Effect>,
    export: impl BufRead,
) -> Result<Reconciliation, ReconcileError> {
    let mut found = Reconciliation::default();
    // Restricted accounts whose row was seen.
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut lines = Lines::of(export);
    match lines.next()? {
        Some((_, Line::Text(first))) if first.strip_prefix('\u{feff}').unwrap_or(first) == HEADER => {}
        _ => return Err(ReconcileError::Header),
    }
    while let Some((number, line)) = lines.next()? {
        let (account, theirs) = match row(&line) {
            Ok(row) => row,
            Err(reason) => {
                found.bad.note(|| format!("line {number}: {reason}"));
                continue;
            }
        };
        found.rows += 1;
        if seen.contains(&account) {
            found.bad.note(|| format!("line {number}: `{account}` stands there twice"));
            continue;
        }
        let Some((account, ours)) = standing.remove_entry(&account) else {
            if let Some(theirs) = theirs {
                found.extra.note(|| format!("line {number}, `{account}`: {theirs} there, nothing here"));
            }
            continue;
        };
        match theirs {
            Some(theirs) if theirs == ours => found.alike += 1,
            Some(theirs) => drop(found.differences.insert(account.clone(), Difference::Different { ours, theirs })),
            None => drop(found.differences.insert(account.clone(), Difference::Missing { ours })),
        }
        seen.insert(account);
    }
    if found.rows == 0 && found.bad.count == 0 {
        return Err(ReconcileError::Empty);
    }
    found.differences.extend(standing.into_iter().map(|(account, ours)| (account, Difference::Missing { ours })));
    Ok(found)
}

impl Reconciliation {
    /// Whether everything stands as it should.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty() && self.extra.count == 0 && self.bad.count == 0
    }
}

fn row(line: &Line<'_>) -> Result<(String, Option<Effect>), String> {
    let text = match line {
        Line::Text(text) => *text,
        Line::TooLong => return Err("is too long".into()),
        Line::NotText => return Err("is not UTF-8".into()),
    };
    let mut fields = Vec::new();
    split(text, &mut fields)?;
    let [account, effect] = fields.as_slice() else { return Err(format!("has {} fields, not two", fields.len())) };
    let (account, effect) = (account.trim(), effect.trim());
    if !is_account(account) {
        return Err("its account is not 1 to 64 bytes without control characters".into());
    }
    let effect = if effect == NONE { None } else { Some(Effect::parse(effect).map_err(|error| error.to_string())?) };
    Ok((account.to_owned(), effect))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> BTreeMap<String, Effect> {
        [("A-1", Effect::Freeze), ("A-2", Effect::CloseAndReturn), ("A-3", Effect::DenyNew), ("A-4", Effect::Freeze)]
            .map(|(account, effect)| (account.to_owned(), effect))
            .into()
    }

    #[test]
    fn missing_different_and_extra_are_told_apart() {
        let export = "\u{feff}account,effect\r\nA-2,freeze\nA-1,freeze\n\nA-9,none\nA-8,deny_new\nA-3,none\n";
        let found = reconcile(standing(), export.as_bytes()).unwrap();
        assert_eq!((found.rows, found.alike, found.extra.count, found.bad.count), (5, 1, 1, 0));
        let expected = [
            ("A-2", Difference::Different { ours: Effect::CloseAndReturn, theirs: Effect::Freeze }),
            ("A-3", Difference::Missing { ours: Effect::DenyNew }),
            ("A-4", Difference::Missing { ours: Effect::Freeze }),
        ];
        assert_eq!(found.differences, expected.map(|(account, how)| (account.to_owned(), how)).into());
        assert!(!found.is_clean());
        let clean = "account,effect\nA-4,freeze\nA-1,freeze\nA-2,close_and_return\nA-3,deny_new\nB,none\n";
        assert!(reconcile(standing(), clean.as_bytes()).unwrap().is_clean());
        assert!(reconcile(BTreeMap::new(), "account,effect\nB,none\n".as_bytes()).unwrap().is_clean());
    }

    #[test]
    fn exports_with_doubts_are_never_clean() {
        for (export, why) in [
            ("", "first line"),
            ("effect,account\nfreeze,A-1\n", "first line"),
            ("account,effect,more\n", "first line"),
            ("account,effect\n", "no rows"),
        ] {
            let error = reconcile(standing(), export.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{export:?}: {error}");
        }
        for (row, why) in [
            ("A-1", "1 fields"),
            ("A-1,freeze,x", "3 fields"),
            ("A-1,", "an effect"),
            ("A-1,Freeze", "an effect"),
            (",freeze", "account"),
            ("A-1,freeze\nA-1,none", "twice"),
            ("\"A-1,freeze", "quotation"),
        ] {
            let found = reconcile(standing(), format!("account,effect\n{row}\n").as_bytes()).unwrap();
            assert_eq!(found.bad.count, 1, "{row}");
            assert!(found.bad.first[0].contains(why), "{row}: {:?}", found.bad.first);
            assert!(!found.is_clean());
        }
    }
}
