//! Invented authorities of the sample directory, with keys of their own under `authority/`.

use super::{random, secret_line};
use crate::files;
use crate::place::{AGE_KEY, AUTHORITY_KEY, Place, RECIPIENT_KEY};
use anyhow::Result;
use base64ct::{Base64, Encoding};
use countersign_core::country::Country;
use countersign_core::directory::{Authority, AuthorityKind, Dossier, RecipientKeys, Standing};
use countersign_core::encoding::hex;
use countersign_core::id::{AuthorityId, Digest};
use countersign_core::time::Timestamp;
use countersign_seal::transport::TransportSecret;
use ed25519_dalek::SigningKey;
use rand_chacha::ChaCha20Rng;
use zeroize::Zeroizing;

/// One invented authority.
pub(crate) struct SampleAuthority {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) state: &'static str,
    pub(crate) kind: AuthorityKind,
    pub(crate) independence: u8,
    pub(crate) security_service: bool,
    pub(crate) standing: Standing,
    pub(crate) call_back: &'static str,
}

/// The sample directory: a home court, the home FIU and police, a prosecutor of another state of the bloc, a police force there,
/// and an agency of `XR` that is subordinate to a security service.
pub(crate) fn sample_authorities() -> Vec<SampleAuthority> {
    use AuthorityKind::{Court, Fiu, Police, Prosecutor};
    let row = |id, name, state, kind, independence, security_service, standing, call_back| SampleAuthority {
        id,
        name,
        state,
        kind,
        independence,
        security_service,
        standing,
        call_back,
    };
    vec![
        row(
            "xa-district-court",
            "District Court of Aldermark City",
            "XA",
            Court,
            3,
            false,
            Standing::Good,
            "+999100200",
        ),
        row("xa-fiu", "Financial Intelligence Unit of Aldermark", "XA", Fiu, 2, false, Standing::Good, "+999100300"),
        row("xa-police", "Federal Police of Aldermark", "XA", Police, 2, false, Standing::Good, "+999100400"),
        row("xb-police", "Criminal Police of the state XB", "XB", Police, 2, false, Standing::Good, "+999200400"),
        row(
            "xb-prosecutor",
            "Public Prosecutor of the state XB",
            "XB",
            Prosecutor,
            2,
            false,
            Standing::Good,
            "+999200500",
        ),
        row(
            "xr-monitoring-service",
            "Ruritanian Financial Monitoring Service",
            "XR",
            Fiu,
            1,
            true,
            Standing::Suspended,
            "+999900100",
        ),
    ]
}

impl SampleAuthority {
    /// Makes the authority's keys under its own folder and returns its directory entry.
    pub(crate) fn found(&self, place: &Place, now: Timestamp, rng: &mut ChaCha20Rng) -> Result<Authority> {
        let id = AuthorityId::parse(self.id)?;
        let folder = place.authority(&id);
        let signing = SigningKey::from_bytes(&random(rng));
        files::write_secret(&folder.join(AUTHORITY_KEY), &signing.to_bytes())?;
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(random(rng));
        files::write_secret(&folder.join(RECIPIENT_KEY), hex(seed.as_slice()).as_bytes())?;
        let transport = TransportSecret::from_seed(*seed).public()?;
        let identity = age::x25519::Identity::generate();
        files::write_secret(&folder.join(AGE_KEY), secret_line(&identity).as_bytes())?;
        Ok(Authority {
            id,
            name: self.name.to_owned(),
            state: Country::parse(self.state)?,
            kind: self.kind,
            independence: self.independence,
            security_service: Some(self.security_service),
            standing: self.standing,
            sanctioned_in: Vec::new(),
            call_back: Some(self.call_back.to_owned()),
            signing_key: Some(Digest(signing.verifying_key().to_bytes())),
            recipient: Some(RecipientKeys {
                xwing: transport.digest(),
                xwing_key: Base64::encode_string(transport.bytes()),
                age: identity.to_public().to_string(),
            }),
            source: "invented for this sample".to_owned(),
            checked: now,
            dossier: Some(Dossier {
                request_keys: vec![format!("ed25519 {}", hex(&signing.verifying_key().to_bytes()))],
                named_as: vec![format!("{}/{}", self.state, self.id.to_ascii_uppercase())],
                sources: Vec::new(),
                replies: Vec::new(),
            }),
        })
    }
}
