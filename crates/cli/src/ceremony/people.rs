//! The people of a new custodian.

use super::reach;
use crate::signer::Signer;
use anyhow::Result;
use countersign_core::control::{Person, Role};
use countersign_core::country::Country;
use countersign_core::id::{Digest, PersonId};
use countersign_core::time::Timestamp;
use countersign_seal::transport::TransportSecret;
use ed25519_dalek::SigningKey;
use rand_chacha::ChaCha20Rng;
use zeroize::Zeroizing;

/// A person with what signs for them.
pub(crate) struct SamplePerson {
    pub(crate) id: PersonId,
    pub(crate) roles: Vec<Role>,
    pub(crate) state: Country,
    pub(crate) manages: Vec<Country>,
    pub(crate) independent: bool,
    pub(crate) reach: Vec<Country>,
    pub(crate) signer: Signer,
    /// Seed of the key to which readings for the person are encrypted, of agents.
    pub(crate) reader: Option<Zeroizing<[u8; 32]>>,
}

impl SamplePerson {
    pub(crate) fn in_roster(&self, now: Timestamp) -> Result<Person> {
        let mut roles = self.roles.clone();
        roles.sort_unstable();
        Ok(Person {
            id: self.id.clone(),
            roles,
            state: self.state,
            manages: self.manages.clone(),
            independent: self.independent,
            reach: reach(&self.reach, now),
            keys: vec![self.signer.public()],
            reader: self.reader.as_ref().map(|seed| reader_digest(seed)).transpose()?,
        })
    }
}

/// Id, roles, state, states managed, independent, states within reach of the person, signs in SSHSIG form.
type Row = (&'static str, &'static [Role], &'static str, &'static [&'static str], bool, &'static [&'static str], bool);

/// Invented people of a custodian in `XA`: three approvers in three states, a regional head for `XR`, outside counsel, a rights
/// expert, a case officer, two agents of the support desk. One approver signs in SSHSIG form.
pub(crate) fn sample_people(rng: &mut ChaCha20Rng) -> Result<Vec<SamplePerson>> {
    let rows: [Row; 9] = [
        ("anna-berg", &[Role::Approver], "XA", &[], false, &["XA"], true),
        ("bruno-lind", &[Role::Approver], "XB", &[], false, &["XB"], false),
        ("clara-voss", &[Role::Approver], "XC", &[], false, &["XC"], false),
        ("roman-karel", &[Role::Approver, Role::RegionalHead], "XR", &["XR"], false, &["XR"], false),
        ("eva-stone", &[Role::Counsel], "XB", &[], true, &["XB"], false),
        ("iris-mond", &[Role::RightsExpert], "XD", &[], true, &["XD"], false),
        ("lena-ohm", &[Role::Officer], "XA", &[], false, &["XA"], false),
        ("ada-roth", &[Role::Agent], "XA", &[], false, &["XA"], false),
        ("ben-weiss", &[Role::Agent], "XB", &[], false, &["XB"], false),
    ];
    rows.into_iter()
        .map(|(id, roles, state, manages, independent, reach, ssh)| {
            let key = SigningKey::from_bytes(&super::random(rng));
            Ok(SamplePerson {
                id: PersonId::parse(id)?,
                roles: roles.to_vec(),
                state: Country::parse(state)?,
                manages: countries(manages)?,
                independent,
                reach: countries(reach)?,
                signer: if ssh { Signer::Ssh(key) } else { Signer::Plain(key) },
                reader: roles.contains(&Role::Agent).then(|| Zeroizing::new(super::random(rng))),
            })
        })
        .collect()
}

fn reader_digest(seed: &[u8; 32]) -> Result<Digest> {
    Ok(TransportSecret::from_seed(*seed).public()?.digest())
}

pub(crate) fn countries(codes: &[&str]) -> Result<Vec<Country>> {
    codes.iter().map(|code| Ok(Country::parse(code)?)).collect()
}
