//! The next version of the authority directory: what others know taken over with their source, replies recorded. Nothing here is in force
//! before a public change puts it there ([`change`](crate::change)).

use crate::error::{DeskError, Result};
use countersign_core::directory::{Authority, Directory, Dossier, Field, FieldSource, Reply};
use countersign_core::id::{AuthorityId, Digest};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;

/// How an entry of another directory compares with ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// We have no such entry.
    New,
    /// Ours says the same.
    Same,
    /// Ours differs in these members.
    Differs(Vec<Field>),
}

/// Compares an entry with the one of the same id.
pub fn compare(ours: &Directory, theirs: &Authority) -> Compared {
    let Some(known) = ours.get(&theirs.id) else { return Compared::New };
    let differs: Vec<Field> = Field::ALL.iter().copied().filter(|field| !same(known, theirs, *field)).collect();
    if differs.is_empty() { Compared::Same } else { Compared::Differs(differs) }
}

fn same(left: &Authority, right: &Authority, field: Field) -> bool {
    let dossier = |authority: &Authority| authority.dossier.clone().unwrap_or_else(empty);
    match field {
        Field::Name => left.name == right.name,
        Field::State => left.state == right.state,
        Field::Kind => left.kind == right.kind,
        Field::Independence => left.independence == right.independence,
        Field::SecurityService => left.security_service == right.security_service,
        Field::Standing => left.standing == right.standing,
        Field::SanctionedIn => left.sanctioned_in == right.sanctioned_in,
        Field::CallBack => left.call_back == right.call_back,
        Field::SigningKey => left.signing_key == right.signing_key,
        Field::Recipient => left.recipient == right.recipient,
        Field::RequestKeys => dossier(left).request_keys == dossier(right).request_keys,
        Field::NamedAs => dossier(left).named_as == dossier(right).named_as,
    }
}

/// Our directory with entries of another: new ones, and those of `instead` in place of ours. `digest` is that of the other directory, `from`
/// who signed it. What others compared with a source is not what we compared: every member comes unverified. A telephone number and keys
/// come along only where `with_keys` says so: an impersonator would begin there.
///
/// # Errors
/// [`DeskError::Input`] for an id of `instead` that theirs does not have, or when nothing would change.
pub fn merge(
    ours: &Directory,
    theirs: &Exact<Directory>,
    instead: &[AuthorityId],
    with_keys: bool,
    from: &str,
    at: Timestamp,
) -> Result<Exact<Directory>> {
    if let Some(missing) = instead.iter().find(|id| theirs.value().get(id).is_none()) {
        return Err(DeskError::not_found("authority in the other directory", missing));
    }
    let wanted = |authority: &&Authority| ours.get(&authority.id).is_none() || instead.contains(&authority.id);
    let taken: Vec<Authority> = theirs
        .value()
        .authorities
        .iter()
        .filter(wanted)
        .map(|authority| taken_over(authority, ours.get(&authority.id), &theirs.digest(), with_keys, from, at))
        .collect();
    let mut authorities: Vec<Authority> =
        ours.authorities.iter().filter(|known| taken.iter().all(|one| one.id != known.id)).cloned().collect();
    authorities.extend(taken);
    next(ours, authorities)
}

fn taken_over(
    theirs: &Authority,
    ours: Option<&Authority>,
    digest: &Digest,
    with_keys: bool,
    from: &str,
    at: Timestamp,
) -> Authority {
    let dossier = theirs.dossier.clone().unwrap_or_else(empty);
    let said = |field: Field| theirs.source_of(field).0.to_owned();
    let sources = Field::ALL.iter().map(|field| FieldSource {
        field: *field,
        source: format!("{} (by {from}, directory {})", said(*field), digest.to_hex()),
        at,
        verified: false,
    });
    let kept = ours.and_then(|ours| ours.dossier.clone()).unwrap_or_else(empty);
    let dossier = Dossier {
        request_keys: if with_keys { dossier.request_keys } else { kept.request_keys },
        named_as: if with_keys { dossier.named_as } else { kept.named_as },
        sources: sources.collect(),
        replies: joined(kept.replies, dossier.replies),
    };
    Authority {
        call_back: if with_keys { theirs.call_back.clone() } else { ours.and_then(|ours| ours.call_back.clone()) },
        signing_key: if with_keys { theirs.signing_key } else { ours.and_then(|ours| ours.signing_key) },
        recipient: if with_keys { theirs.recipient.clone() } else { ours.and_then(|ours| ours.recipient.clone()) },
        source: format!("{} (by {from})", theirs.source),
        checked: at,
        dossier: Some(dossier),
        ..theirs.clone()
    }
}

/// Our directory with what an authority says about its own entry. The entry itself stays as it is: a reply is heard, not obeyed.
///
/// # Errors
/// [`DeskError::NotFound`]; [`DeskError::Document`] for an empty or overlong reply.
pub fn reply(ours: &Directory, id: &AuthorityId, said: &str, source: &str, at: Timestamp) -> Result<Exact<Directory>> {
    if ours.get(id).is_none() {
        return Err(DeskError::not_found("authority in the directory", id));
    }
    let said = Reply { said: said.trim().to_owned(), source: source.trim().to_owned(), at };
    let authorities = ours.authorities.iter().cloned().map(|authority| {
        if authority.id != *id {
            return authority;
        }
        let dossier = authority.dossier.clone().unwrap_or_else(empty);
        let replies = joined(dossier.replies, vec![said.clone()]);
        Authority { dossier: Some(Dossier { replies, ..dossier }), ..authority }
    });
    next(ours, authorities.collect())
}

fn joined(mut ours: Vec<Reply>, more: Vec<Reply>) -> Vec<Reply> {
    let new: Vec<Reply> = more.into_iter().filter(|reply| !ours.contains(reply)).collect();
    ours.extend(new);
    ours.sort_by_key(|reply| reply.at);
    ours
}

fn next(ours: &Directory, mut authorities: Vec<Authority>) -> Result<Exact<Directory>> {
    authorities.sort_by(|left, right| left.id.cmp(&right.id));
    if authorities == ours.authorities {
        return Err(DeskError::Input("nothing would change: the directory has all of it".into()));
    }
    Ok(Exact::write(Directory { v: ours.v, version: ours.version.saturating_add(1), authorities })?)
}

fn empty() -> Dossier {
    Dossier { request_keys: Vec::new(), named_as: Vec::new(), sources: Vec::new(), replies: Vec::new() }
}

#[cfg(test)]
mod tests;
