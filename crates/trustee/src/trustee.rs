//! One trustee: its folder, its keys, and what it signs by itself.

use crate::documents::Documents;
use crate::error::{Result, TrusteeError};
use crate::files::Existing;
use crate::memory::Memory;
use crate::own_log::{LogFolder, LogKeys, Publisher};
use crate::parts;
use crate::vault::{AtRest, Passphrase, Vault};
use base64ct::{Base64, Encoding};
use countersign_core::control::{Genesis, control_message};
use countersign_core::country::Country;
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Exact;
use countersign_seal::identity::{Identity, IdentityKey};
use countersign_seal::transport::{TransportKey, TransportSecret};
use countersign_verify::wire::{Signed, TrusteeIdentity, TrusteeIdentityV1};
use ed25519_dalek::{Signer as _, SigningKey};
use rand_core::CryptoRng;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

/// What a trustee tells everybody about itself; genesis names both keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicIdentity {
    /// Index of its shares, from 1.
    pub index: u16,
    /// Ed25519 identity key.
    pub identity: Digest,
    /// X-Wing transport key.
    pub transport: TransportKey,
}

impl PublicIdentity {
    /// The identity as a key of ceremonies and rings.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] when the bytes are no usable key.
    pub fn identity_key(&self) -> Result<IdentityKey> {
        IdentityKey::from_digest(&self.identity)
            .ok_or_else(|| TrusteeError::document("identity of a trustee", "not an Ed25519 key"))
    }
}

/// A trustee's own keys. Secret; wiped when dropped; has no `Debug`.
pub struct TrusteeKeys {
    pub(crate) index: u16,
    pub(crate) identity: Identity,
    pub(crate) signing: SigningKey,
    pub(crate) transport: TransportSecret,
    pub(crate) log: Arc<LogKeys>,
    public: PublicIdentity,
}

/// A trustee in its folder. One program at a time works with a folder.
pub struct Trustee {
    pub(crate) keys: Arc<TrusteeKeys>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) documents: Documents,
    pub(crate) database: PathBuf,
    /// Held from the first look at the memory until the answer is durable: one answer at a time.
    pub(crate) memory: Arc<Mutex<Option<Memory>>>,
    /// Where the own log is published.
    pub(crate) log: LogFolder,
    /// Held while it is published.
    pub(crate) publisher: Arc<Mutex<Publisher>>,
    /// Held while the pager runs.
    pub(crate) paging: Arc<Mutex<()>>,
}

const KEYS: &str = "keys";
const VERSION: u8 = 2;
/// As written before trustees had a log of their own.
const WITHOUT_LOG: u8 = 1;

impl Trustee {
    /// Makes the keys of a new trustee in `folder`, unencrypted: see [`AtRest::Plain`].
    ///
    /// # Errors
    /// [`TrusteeError::Exists`] when keys are there; [`TrusteeError::Document`] for index 0.
    pub fn create(folder: &Path, index: u16, rng: &mut impl CryptoRng) -> Result<PublicIdentity> {
        create(&Vault::new(folder, None), index, rng)
    }

    /// As [`create`](Self::create), with every secret encrypted under a passphrase.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_encrypted(
        folder: &Path,
        index: u16,
        passphrase: Passphrase,
        rng: &mut impl CryptoRng,
    ) -> Result<PublicIdentity> {
        create(&Vault::new(folder, Some(passphrase)), index, rng)
    }

    /// Opens a trustee whose secrets are not encrypted.
    ///
    /// # Errors
    /// [`TrusteeError::Secrets`] when there are none, or they are encrypted.
    pub fn open(folder: &Path) -> Result<Self> {
        Self::open_vault(folder, Vault::new(folder, None))
    }

    /// Opens a trustee whose secrets are encrypted.
    ///
    /// # Errors
    /// [`TrusteeError::Secrets`] when there are none, they are not encrypted, or the passphrase is wrong.
    pub fn open_encrypted(folder: &Path, passphrase: Passphrase) -> Result<Self> {
        Self::open_vault(folder, Vault::new(folder, Some(passphrase)))
    }

    fn open_vault(folder: &Path, vault: Vault) -> Result<Self> {
        let stored = vault
            .read(KEYS)?
            .ok_or_else(|| TrusteeError::Secrets(format!("no trustee was created in `{}`", folder.display())))?;
        let keys = Arc::new(TrusteeKeys::decode(&stored)?);
        Ok(Self {
            log: LogFolder::new(folder, keys.log.verifier().clone()),
            publisher: Arc::default(),
            paging: Arc::default(),
            keys,
            vault: Arc::new(vault),
            documents: Documents::new(folder),
            database: folder.join("journal.db"),
            memory: Arc::new(Mutex::new(None)),
        })
    }

    /// Index of its shares.
    pub fn index(&self) -> u16 {
        self.keys.index
    }

    /// The public halves of its keys.
    pub fn public(&self) -> &PublicIdentity {
        &self.keys.public
    }

    /// What the trustee says of itself, signed: the custodian pins it in the terms of the ceremony.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] when it cannot be written.
    pub fn introduce(&self, name: PersonId, state: Country, obliged_entity: bool) -> Result<Signed<TrusteeIdentity>> {
        let public = self.public();
        let identity = TrusteeIdentity {
            v: TrusteeIdentityV1,
            index: public.index,
            name,
            state,
            obliged_entity,
            identity: public.identity,
            transport: Base64::encode_string(public.transport.bytes()),
        };
        Signed::sign(identity, &self.keys.signing).map_err(|error| TrusteeError::document("identity", error))
    }

    /// How its secrets lie on the disk; whoever runs a trustee with [`AtRest::Plain`] must be warned.
    pub fn at_rest(&self) -> AtRest {
        self.vault.at_rest()
    }

    /// Signs a genesis that names this trustee, its keys and the ring of its own ceremony. The text goes into `sig` of leaf 0.
    /// Changes are signed by [`acknowledge`](Self::acknowledge), which reads them against the fold.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] for any other body: a trustee does not sign what it cannot check.
    pub fn sign_control(&self, body: &str) -> Result<String> {
        let genesis = Exact::<Genesis>::parse(body.as_bytes())
            .map_err(|error| TrusteeError::document("control body", format!("not a genesis: {error}")))?;
        self.check_genesis(&genesis, self.documents.pinned()?)?;
        Ok(Base64::encode_string(&self.keys.signing.sign(&control_message(body)).to_bytes()))
    }

    fn check_genesis(&self, genesis: &Exact<Genesis>, pinned: Option<Digest>) -> Result<()> {
        let refuse = |reason: &str| Err(TrusteeError::document("genesis", reason));
        if pinned.is_some_and(|pinned| pinned != genesis.digest()) {
            return refuse("another genesis is pinned here");
        }
        let public = self.public();
        let members = genesis.value().trustees.iter().flat_map(|trustees| &trustees.members);
        let named = members.into_iter().any(|member| {
            (member.index, member.identity, member.transport)
                == (public.index, public.identity, public.transport.digest())
        });
        if !named {
            return refuse("does not name this trustee with its index and keys");
        }
        let rings = [&genesis.value().ring, &genesis.value().index_ring];
        let mut named = rings.into_iter().flatten();
        if genesis.value().ring.is_some() && named.all(|ring| self.holds_share(ring)) {
            return Ok(());
        }
        refuse("names a ring of which this trustee holds no share")
    }
}

fn create(vault: &Vault, index: u16, rng: &mut impl CryptoRng) -> Result<PublicIdentity> {
    if index == 0 {
        return Err(TrusteeError::document("index of a trustee", "trustees are numbered from 1"));
    }
    if let Some(path) = vault.holds(KEYS) {
        return Err(TrusteeError::Exists(path));
    }
    let (mut seeds, mut log) = (Zeroizing::new([0_u8; 64]), Zeroizing::new([0_u8; 32]));
    rng.fill_bytes(seeds.as_mut_slice());
    rng.fill_bytes(log.as_mut_slice());
    let (identity, transport) = seeds.split_at(32);
    let stored = parts::write(&[&[VERSION], &index.to_le_bytes(), identity, transport, log.as_slice()]);
    let keys = TrusteeKeys::decode(&stored)?;
    vault.write(KEYS, &stored, Existing::Refuse)?;
    Ok(keys.public)
}

impl TrusteeKeys {
    fn decode(stored: &[u8]) -> Result<Self> {
        let damaged = |reason: &str| TrusteeError::damaged("the trustee's key file", reason);
        let read = parts::read(stored).ok_or_else(|| damaged("its layout"))?;
        let (index, identity, transport, log) = match read.as_slice() {
            [[VERSION], index, identity, transport, log] => (index, identity, transport, Some(log)),
            [[WITHOUT_LOG], index, identity, transport] => (index, identity, transport, None),
            _ => return Err(damaged("its version")),
        };
        let index = <[u8; 2]>::try_from(*index).map(u16::from_le_bytes).map_err(|_| damaged("its index"))?;
        let seed = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).map(Zeroizing::new).map_err(|_| damaged("a seed"));
        let (identity_seed, transport_seed) = (seed(identity)?, seed(transport)?);
        let log_seed = log.map_or_else(|| Ok(LogKeys::seed_of_identity(&identity_seed)), |log| seed(log))?;
        let identity = Identity::from_seed(&identity_seed);
        let transport = TransportSecret::from_seed(*transport_seed);
        let public = PublicIdentity {
            index,
            identity: Digest(*identity.public().bytes()),
            transport: transport.public().map_err(|error| damaged(&error.to_string()))?,
        };
        let log = Arc::new(LogKeys::new(index, &public.identity, &log_seed)?);
        Ok(Self { index, identity, signing: SigningKey::from_bytes(&identity_seed), transport, log, public })
    }
}
