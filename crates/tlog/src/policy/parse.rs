use std::collections::{BTreeMap, BTreeSet};

use crate::encoding;
use crate::note::{KeyError, KeyKind, VerifierKey};
use crate::policy::{MAX_POLICY_BYTES, MAX_POLICY_ITEMS};

/// A parsed policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub(super) logs: Vec<Log>,
    pub(super) witnesses: Vec<Witness>,
    pub(super) groups: Vec<Group>,
    pub(super) quorum: Quorum,
}

/// A `log` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Key; its name is the origin.
    pub key: VerifierKey,
    /// URL, if any.
    pub url: Option<String>,
}

/// A `witness` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Name inside the policy. Octets that are not UTF-8 stand as `octets <hex>`, which no other name can be: names hold
    /// no spaces.
    pub name: String,
    /// Cosignature key.
    pub key: VerifierKey,
    /// URL, if any: by custom the witness's submission prefix.
    pub url: Option<String>,
}

/// A `group` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Name inside the policy, written as a witness's is.
    pub name: String,
    /// How many members must have witnessed.
    pub threshold: usize,
    /// Members.
    pub members: Vec<Quorum>,
}

/// Whom a quorum or a membership names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quorum {
    /// No cosignature is needed. Only in a `quorum` line.
    None,
    /// The witness at this position of [`Policy::witnesses`].
    Witness(usize),
    /// The group at this position of [`Policy::groups`].
    Group(usize),
}

/// A policy file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy line {line}: {kind}")]
pub struct PolicyError {
    /// Line number from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// What is wrong there.
    pub kind: PolicyErrorKind,
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyErrorKind {
    /// Over [`MAX_POLICY_BYTES`] or [`MAX_POLICY_ITEMS`].
    #[error("policy has more than {MAX_POLICY_BYTES} bytes or {MAX_POLICY_ITEMS} logs, witnesses or groups")]
    TooLarge,
    /// A control character, or no newline at the end.
    #[error("control characters other than tab and newline are not allowed, and each line ends in a newline")]
    Octets,
    /// Neither log, witness, group nor quorum, or the wrong number of words.
    #[error(
        "expected `log <vkey> [<url>]`, `witness <name> <vkey> [<url>]`, `group <name> <k|any|all> <name>...` or `quorum <name>`"
    )]
    Form,
    /// A key that cannot be read.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A log key that is not type 0x01 or a witness key that is not type 0x04.
    #[error("key has the wrong signature type for its role (logs 0x01, witnesses 0x04)")]
    KeyKind,
    /// The same public key twice among logs, or twice among witnesses, or in both roles.
    #[error("public key is listed twice")]
    DuplicateKey,
    /// A name defined twice, or `none`.
    #[error("name `{0}` is already taken")]
    DuplicateName(String),
    /// A name not defined on an earlier line, or `none` as a member.
    #[error("name `{0}` is not defined above")]
    UnknownName(String),
    /// A name listed in two groups, or twice in one.
    #[error("name `{0}` is a member twice")]
    MemberTwice(String),
    /// The threshold is not between 1 and the number of members.
    #[error("threshold must be `any`, `all` or a number from 1 to the number of members")]
    Threshold,
    /// No quorum line, or two.
    #[error("there must be exactly one quorum line")]
    QuorumLine,
}

impl Policy {
    /// Parses a policy file.
    ///
    /// # Errors
    /// [`PolicyError`] with the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let whole = |kind| PolicyError { line: 0, kind };
        if bytes.len() > MAX_POLICY_BYTES {
            return Err(whole(PolicyErrorKind::TooLarge));
        }
        let mut reading = Reading::default();
        let text = match bytes.split_last() {
            None => return Err(whole(PolicyErrorKind::QuorumLine)),
            Some((b'\n', text)) => text,
            Some(_) => return Err(whole(PolicyErrorKind::Octets)),
        };
        for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
            reading.line(line).map_err(|kind| PolicyError { line: number + 1, kind })?;
        }
        let quorum = reading.quorum.ok_or(whole(PolicyErrorKind::QuorumLine))?;
        let Reading { logs, witnesses, groups, .. } = reading;
        Ok(Self { logs, witnesses, groups, quorum })
    }

    /// The logs.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// The groups; each refers only to groups before it.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The quorum.
    pub fn quorum(&self) -> Quorum {
        self.quorum
    }
}

#[derive(Default)]
struct Reading {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Quorum>,
    // Names are octets: two names that look alike after decoding stay different.
    names: BTreeMap<Vec<u8>, Quorum>,
    members: BTreeSet<Quorum>,
    keys: BTreeSet<[u8; 32]>,
}

impl Reading {
    fn line(&mut self, line: &[u8]) -> Result<(), PolicyErrorKind> {
        if line.iter().any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f) {
            return Err(PolicyErrorKind::Octets);
        }
        let words: Vec<&[u8]> =
            line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key, url @ ..] if url.len() <= 1 => {
                let key = self.key(key, KeyKind::Ed25519)?;
                push(&mut self.logs, Log { key, url: url.first().map(|url| lossy(url)) })
            }
            [b"witness", name, key, url @ ..] if url.len() <= 1 => {
                let key = self.key(key, KeyKind::CosignatureV1)?;
                self.name(name, Quorum::Witness(self.witnesses.len()))?;
                push(&mut self.witnesses, Witness { name: written(name), key, url: url.first().map(|url| lossy(url)) })
            }
            [b"group", name, threshold, members @ ..] if !members.is_empty() => self.group(name, threshold, members),
            [b"quorum", name] => {
                if self.quorum.is_some() {
                    return Err(PolicyErrorKind::QuorumLine);
                }
                self.quorum = Some(if *name == b"none" { Quorum::None } else { self.find(name)? });
                Ok(())
            }
            _ => Err(PolicyErrorKind::Form),
        }
    }

    fn group(&mut self, name: &[u8], threshold: &[u8], members: &[&[u8]]) -> Result<(), PolicyErrorKind> {
        let mut found = Vec::with_capacity(members.len());
        for member in members {
            let item = self.find(member)?;
            if !self.members.insert(item) {
                return Err(PolicyErrorKind::MemberTwice(shown(member)));
            }
            found.push(item);
        }
        let threshold = match threshold {
            b"any" => 1,
            b"all" => found.len(),
            digits => std::str::from_utf8(digits)
                .ok()
                .and_then(encoding::decimal)
                .and_then(|number| usize::try_from(number).ok())
                .filter(|number| (1..=found.len()).contains(number))
                .ok_or(PolicyErrorKind::Threshold)?,
        };
        self.name(name, Quorum::Group(self.groups.len()))?;
        push(&mut self.groups, Group { name: written(name), threshold, members: found })
    }

    fn key(&mut self, text: &[u8], kind: KeyKind) -> Result<VerifierKey, PolicyErrorKind> {
        let text = std::str::from_utf8(text).map_err(|_| KeyError::Form(shown(text)))?;
        let key = VerifierKey::parse(text)?;
        if key.kind() != kind {
            return Err(PolicyErrorKind::KeyKind);
        }
        if !self.keys.insert(*key.public_bytes()) {
            return Err(PolicyErrorKind::DuplicateKey);
        }
        Ok(key)
    }

    fn name(&mut self, name: &[u8], item: Quorum) -> Result<(), PolicyErrorKind> {
        if name == b"none" || self.names.insert(name.to_vec(), item).is_some() {
            return Err(PolicyErrorKind::DuplicateName(shown(name)));
        }
        Ok(())
    }

    fn find(&self, name: &[u8]) -> Result<Quorum, PolicyErrorKind> {
        self.names.get(name).copied().ok_or_else(|| PolicyErrorKind::UnknownName(shown(name)))
    }
}

fn push<T>(items: &mut Vec<T>, item: T) -> Result<(), PolicyErrorKind> {
    if items.len() >= MAX_POLICY_ITEMS {
        return Err(PolicyErrorKind::TooLarge);
    }
    items.push(item);
    Ok(())
}

/// Different names stay different: a quorum counts witnesses by them.
fn written(name: &[u8]) -> String {
    std::str::from_utf8(name).map_or_else(|_| format!("octets {}", encoding::hex(name)), ToOwned::to_owned)
}

fn lossy(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn shown(octets: &[u8]) -> String {
    encoding::shown(&lossy(octets))
}
