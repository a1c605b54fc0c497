use super::*;
use crate::world::start;
use countersign_core::country::Country;
use countersign_core::directory::{AuthorityKind, DirectoryV1, Standing};
use countersign_core::time::DAY;

fn authority(id: &str) -> Authority {
    Authority {
        id: AuthorityId::parse(id).unwrap(),
        name: id.to_owned(),
        state: Country::parse("XA").unwrap(),
        kind: AuthorityKind::Court,
        independence: 3,
        security_service: None,
        standing: Standing::Good,
        sanctioned_in: Vec::new(),
        call_back: Some("+999100".into()),
        signing_key: Some(Digest([1; 32])),
        recipient: None,
        source: "register".into(),
        checked: start(),
        dossier: None,
    }
}

fn directory(authorities: Vec<Authority>) -> Exact<Directory> {
    Exact::write(Directory { v: DirectoryV1, version: 4, authorities }).unwrap()
}

#[test]
fn what_others_know_comes_unverified_and_without_keys() {
    let ours = directory(vec![authority("xa-court")]);
    let changed = Authority { call_back: Some("+999666".into()), independence: 1, ..authority("xa-court") };
    let theirs = directory(vec![authority("xa-agency"), changed.clone()]);
    assert_eq!(compare(ours.value(), &changed), Compared::Differs(vec![Field::Independence, Field::CallBack]));
    assert_eq!(compare(ours.value(), &authority("xa-court")), Compared::Same);
    assert_eq!(compare(ours.value(), &authority("xa-agency")), Compared::New);

    let later = start().plus(DAY);
    let merged = merge(ours.value(), &theirs, &[], false, "another firm", later).unwrap();
    let merged = merged.value();
    assert_eq!(merged.version, 5);
    assert_eq!(merged.get(&authority("xa-court").id), Some(&authority("xa-court")), "not asked for, not touched");
    let agency = merged.get(&authority("xa-agency").id).unwrap();
    assert_eq!((&agency.call_back, agency.signing_key), (&None, None), "no number and no key of others");
    for field in Field::ALL {
        let (source, at, verified) = agency.source_of(*field);
        assert!(source.contains("another firm") && source.contains(&theirs.digest().to_hex()), "{source}");
        assert_eq!((at, verified), (later, Some(false)));
    }

    let instead = [changed.id.clone()];
    let merged = merge(ours.value(), &theirs, &instead, false, "another firm", later).unwrap();
    let court = merged.value().get(&changed.id).unwrap();
    assert_eq!((court.independence, court.call_back.as_deref()), (1, Some("+999100")), "our number stays");
    let merged = merge(ours.value(), &theirs, &instead, true, "another firm", later).unwrap();
    assert_eq!(merged.value().get(&changed.id).unwrap().call_back.as_deref(), Some("+999666"));
    let unknown = [AuthorityId::parse("xa-nobody").unwrap()];
    assert!(merge(ours.value(), &theirs, &unknown, false, "x", later).is_err());
    assert!(
        merge(ours.value(), &ours, &[], false, "x", later).unwrap_err().to_string().contains("nothing would change")
    );
}

#[test]
fn a_reply_is_recorded_and_changes_nothing_else() {
    let ours = directory(vec![authority("xa-court")]);
    let id = authority("xa-court").id;
    let first = reply(ours.value(), &id, " We are independent.\n", "letter of 3 May", start().plus(2 * DAY)).unwrap();
    let second = reply(first.value(), &id, "And old.", "telephone", start().plus(DAY)).unwrap();
    let entry = second.value().get(&id).unwrap();
    let said: Vec<&str> =
        entry.dossier.iter().flat_map(|dossier| &dossier.replies).map(|reply| reply.said.as_str()).collect();
    assert_eq!(said, ["And old.", "We are independent."], "in the order of time");
    assert_eq!(Authority { dossier: None, ..entry.clone() }, authority("xa-court"));
    assert!(reply(ours.value(), &id, " ", "letter", start()).is_err());
    assert!(reply(ours.value(), &AuthorityId::parse("xa-nobody").unwrap(), "x", "y", start()).is_err());
}

/// The starter set: public facts from memory, so nothing in it may claim to be verified, to be reachable, or to have keys.
#[test]
fn the_starter_set_claims_nothing_that_nobody_checked() {
    let bytes = include_bytes!("../../../../packs/directory/starter.json");
    let starter = Exact::<Directory>::parse(bytes.trim_ascii_end()).unwrap();
    assert!(starter.value().authorities.len() >= 10);
    for authority in &starter.value().authorities {
        assert!(authority.call_back.is_none() && authority.signing_key.is_none() && authority.recipient.is_none());
        assert!(authority.independence <= 1, "{}: a rating needs a source that somebody read", authority.id);
        for field in [Field::Name, Field::State, Field::Kind, Field::Independence] {
            assert_eq!(authority.source_of(field).2, Some(false), "{} {field}", authority.id);
        }
        assert_eq!((authority.security_service, authority.standing), (None, Standing::Unknown), "{}", authority.id);
    }
}
