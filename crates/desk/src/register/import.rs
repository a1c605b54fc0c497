//! Clients from a CSV file into the sealed register: checked whole, then sealed, then stored whole.

use super::clients::{Client, own_key};
use super::columns::COLUMNS;
use super::records::stored_record;
use super::references::ReferenceKey;
use super::rows::{BadRow, BadRows, CsvOptions, ImportError, Rejected, Row, Rows};
use super::view::MaskedView;
use countersign_core::digest;
use countersign_core::id::{CustodianId, Digest, Handle};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_seal::label::Head;
use countersign_seal::ring::ConfirmedRing;
use countersign_seal::sealer::{Randomness, SealError, Sealer};
use countersign_seal::sigma::Sigma as SealSigma;
use countersign_store::{ImportStart, ImportSummary, NewRecord, Register, Sigma, Sigmas, Tag};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::thread;
use tokio::task::JoinHandle;
use zeroize::{Zeroize as _, Zeroizing};

/// Rows that are sealed while those before them are stored.
const CHUNK: usize = 1_000;

/// Threads that seal one chunk.
const SEALERS: usize = 2;

/// Version of the entries' plaintext: compact JSON objects with IVMS101 names.
const SCHEMA: u16 = 1;

/// Revision of a record that has no earlier one.
const FIRST_REVISION: u64 = 1;

/// Which stores an import writes to.
#[derive(Clone, Copy)]
pub struct Stores<'a> {
    /// The sealed register.
    pub register: &'a dyn Register,
    /// The sigma secrets.
    pub sigmas: &'a dyn Sigmas,
}

/// What an import needs beside the file.
pub struct ClientImport<'a> {
    /// How the file is to be read.
    pub options: &'a CsvOptions,
    /// The ring to seal to.
    pub ring: &'a ConfirmedRing,
    /// The custodian of genesis.
    pub custodian: CustodianId,
    /// The key of references.
    pub references: &'a ReferenceKey,
    /// 32 secret bytes of this machine that hedge the generator.
    pub local_seed: &'a [u8; 32],
    /// The present time.
    pub now: Timestamp,
}

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// This file was imported before; nothing was done.
    Before(ImportSummary),
    /// The file was imported now; these rows were left out.
    Now(ImportSummary, Rejected),
}

/// What a file holds, before anything is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// By which the import is known: parts("countersign/import/v1", "clients", SHA-256 of the file).
    pub import: Digest,
    /// Rows, good and bad.
    pub rows: u64,
    /// The bad ones.
    pub rejected: Rejected,
    numbers: BTreeSet<u64>,
}

/// Reads a whole file and says what an import would do; stores nothing.
///
/// # Errors
/// [`ImportError`] when the file as a whole cannot be imported. Bad rows are no error here.
pub async fn check_clients<R: Read + Seek + Send>(
    file: R,
    options: &CsvOptions,
    references: &ReferenceKey,
    register: &dyn Register,
) -> Result<Checked, ImportError> {
    let mut rows = Rows::open(file, COLUMNS, options)?;
    let mut checked =
        Checked { import: Digest([0; 32]), rows: 0, rejected: Rejected::default(), numbers: BTreeSet::new() };
    let mut accounts: HashMap<Tag, u64> = HashMap::new();
    let mut keys: HashMap<Digest, u64> = HashMap::new();
    let mut waiting: Vec<(Row, Tag)> = Vec::with_capacity(CHUNK);
    while let Some(next) = rows.next()? {
        let number = checked.rows;
        checked.rows += 1;
        match next {
            Err(bad) => checked.reject(number, bad),
            Ok(row) => {
                let tag = references.account(row.value("account"));
                let key = own_key(&row);
                let twice = accounts.get(&tag).map(|line| ("account", line));
                let twice = twice.or_else(|| key.and_then(|key| Some(("clientKey", keys.get(&key)?))));
                match twice {
                    Some((column, line)) => {
                        checked.reject(number, row.bad(column, format!("is the same as on line {line}")));
                    }
                    None => {
                        accounts.insert(tag, row.line);
                        keys.extend(key.map(|key| (key, row.line)));
                        waiting.push((row, tag));
                    }
                }
            }
        }
        if waiting.len() == CHUNK {
            reject_known(&mut checked, &mut waiting, register).await?;
        }
    }
    reject_known(&mut checked, &mut waiting, register).await?;
    if checked.rows == 0 {
        return Err(ImportError::File(NO_ROWS));
    }
    checked.rejected.first.sort_by_key(|bad| bad.line);
    checked.import = import_digest("clients", &rows.digest());
    Ok(checked)
}

/// Imports a file of clients: the whole of it, or its good rows when the options say so, or nothing.
///
/// Sigmas are stored before the records that need them; those of an import that fails are left over and harmless.
///
/// # Errors
/// [`ImportError`]; nothing of the file is in the register then.
pub async fn import_clients<R: Read + Seek + Send>(
    file: R,
    import: &ClientImport<'_>,
    stores: Stores<'_>,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Imported, ImportError> {
    import_if(file, None, import, stores, rng).await
}

/// As [`import_clients`], of exactly the bytes whose rows [`each_client`](super::each_client) has shown, and of no others.
///
/// # Errors
/// As there; [`ImportError::File`] when the file has changed since.
pub async fn import_these_clients<R: Read + Seek + Send>(
    file: R,
    these: &Digest,
    import: &ClientImport<'_>,
    stores: Stores<'_>,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Imported, ImportError> {
    import_if(file, Some(these), import, stores, rng).await
}

async fn import_if<R: Read + Seek + Send>(
    mut file: R,
    these: Option<&Digest>,
    import: &ClientImport<'_>,
    stores: Stores<'_>,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Imported, ImportError> {
    let digest = clients_digest(&mut file)?;
    if these.is_some_and(|these| *these != digest) {
        return Err(ImportError::File(CHANGED));
    }
    if let Some(before) = imported_before(stores.register, &digest).await? {
        return Ok(Imported::Before(before));
    }
    let checked = check_clients(&mut file, import.options, import.references, stores.register).await?;
    if checked.import != digest {
        return Err(ImportError::File(CHANGED));
    }
    let Checked { rejected, numbers, rows, .. } = checked;
    if rejected.count > 0 && (import.options.bad_rows == BadRows::Refuse || rejected.count == rows) {
        return Err(ImportError::Rows(rejected));
    }
    let mut rows = Rows::open(file, COLUMNS, import.options)?;
    every_class_has_a_key(&rows, import.ring)?;
    let mut writer = match stores.register.begin_import(&digest).await? {
        ImportStart::AlreadyImported(before) => return Ok(Imported::Before(before)),
        ImportStart::Open(writer) => writer,
    };
    let sealer = Arc::new(Sealer::new(import.ring));
    let mut sealing: Option<JoinHandle<Result<Vec<SealedClient>, SealError>>> = None;
    loop {
        let chunk = read_chunk(&mut rows, &numbers, import, rng)?;
        let next = (!chunk.is_empty()).then(|| {
            let sealer = Arc::clone(&sealer);
            tokio::task::spawn_blocking(move || seal_chunk(&sealer, chunk))
        });
        let last = next.is_none();
        if let Some(sealed) = sealing.take() {
            let sealed = sealed.await.map_err(|error| ImportError::Internal(error.to_string()))??;
            let (mut sigmas, mut records, mut views) = (Vec::new(), Vec::new(), Vec::new());
            for client in sealed {
                sigmas.push((client.handle, client.sigma));
                records.push(client.record);
                views.push((client.handle, client.view));
            }
            stores.sigmas.put_sigmas(&sigmas).await?;
            writer.add(records).await?;
            writer.add_views(views).await?;
        }
        if last {
            break;
        }
        sealing = next;
    }
    if import_digest("clients", &rows.digest()) != digest {
        return Err(ImportError::File(CHANGED));
    }
    let summary = writer.commit(rejected.count, import.now).await?;
    Ok(Imported::Now(summary, rejected))
}

pub(super) const CHANGED: &str = "changed while it was read: import it again when it is complete";
pub(super) const NO_ROWS: &str = "has no rows below its first line";

/// By which an import is known.
pub(super) fn import_digest(kind: &str, file: &Digest) -> Digest {
    digest::parts("countersign/import/v1", &[kind.as_bytes(), file.as_bytes()])
}

/// By which the import of a file of clients is known.
pub(crate) fn clients_digest<R: Read + Seek>(file: &mut R) -> Result<Digest, ImportError> {
    Ok(import_digest("clients", &digest_of(file)?))
}

/// SHA-256 of a file.
pub(super) fn digest_of<R: Read + Seek>(file: &mut R) -> Result<Digest, ImportError> {
    file.seek(SeekFrom::Start(0))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Digest(hash.finalize().into())),
            read => hash.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

async fn imported_before(register: &dyn Register, digest: &Digest) -> Result<Option<ImportSummary>, ImportError> {
    Ok(register.imports().await?.into_iter().find(|import| import.digest == *digest))
}

impl Checked {
    fn reject(&mut self, number: u64, bad: BadRow) {
        self.rejected.push(bad);
        self.numbers.insert(number);
    }
}

async fn reject_known(
    checked: &mut Checked,
    waiting: &mut Vec<(Row, Tag)>,
    register: &dyn Register,
) -> Result<(), ImportError> {
    let tags: Vec<Tag> = waiting.iter().map(|(_, tag)| *tag).collect();
    for position in register.known_references(&tags).await? {
        if let Some((row, _)) = waiting.get(position) {
            checked.reject(row.number, row.bad("account", "is in the register already"));
        }
    }
    waiting.clear();
    Ok(())
}

fn every_class_has_a_key<R: Read>(rows: &Rows<R>, ring: &ConfirmedRing) -> Result<(), ImportError> {
    for (_, column) in rows.columns().iter() {
        if let Some(class) = column.class.filter(|class| !ring.has(*class)) {
            return Err(ImportError::NoKey { column: column.name, class });
        }
    }
    Ok(())
}

/// A client with everything that sealing needs.
struct Unsealed {
    client: Client,
    head: Head,
    sigma: Sigma,
    randomness: Randomness,
    view: Vec<u8>,
    row: u64,
}

struct SealedClient {
    handle: Handle,
    sigma: Sigma,
    record: NewRecord,
    view: Vec<u8>,
}

fn read_chunk<R: Read>(
    rows: &mut Rows<R>,
    rejected: &BTreeSet<u64>,
    import: &ClientImport<'_>,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Vec<Unsealed>, ImportError> {
    let (views, today) = (import.references.views(), import.now.date());
    let mut chunk = Vec::with_capacity(CHUNK);
    while chunk.len() < CHUNK {
        let Some(next) = rows.next()? else { break };
        let Ok(row) = next else { continue };
        if rejected.contains(&row.number) {
            continue;
        }
        let mut handle = [0; 32];
        rng.fill_bytes(&mut handle);
        let mut sigma: Sigma = Zeroizing::new([0; 32]);
        rng.fill_bytes(sigma.as_mut_slice());
        let mut randomness = Randomness { fresh: [0; 64], local: *import.local_seed };
        rng.fill_bytes(&mut randomness.fresh);
        let mut salt = [0; 32];
        rng.fill_bytes(&mut salt);
        let handle = Handle(handle);
        let view =
            Exact::write(MaskedView::of(&row, today)).map_err(|error| ImportError::Internal(error.to_string()))?;
        let view = views.seal(&handle, &SealSigma::from_bytes(*sigma), &salt, view.bytes());
        let view = view.map_err(|error| ImportError::Internal(error.to_string()))?;
        let client = Client::new(&row, import.references);
        chunk.push(Unsealed {
            view,
            head: Head {
                custodian: import.custodian,
                handle,
                client_key: client.client_key,
                period: None,
                revision: FIRST_REVISION,
                schema: SCHEMA,
            },
            client,
            sigma,
            randomness,
            row: row.number,
        });
    }
    Ok(chunk)
}

fn seal_chunk(sealer: &Sealer, mut chunk: Vec<Unsealed>) -> Result<Vec<SealedClient>, SealError> {
    let part = chunk.len().div_ceil(SEALERS).max(1);
    let mut parts = Vec::with_capacity(SEALERS);
    while !chunk.is_empty() {
        let rest = chunk.split_off(part.min(chunk.len()));
        parts.push(std::mem::replace(&mut chunk, rest));
    }
    thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| {
                scope.spawn(move || part.into_iter().map(|client| seal(sealer, client)).collect::<Result<Vec<_>, _>>())
            })
            .collect();
        let mut sealed = Vec::new();
        for thread in threads {
            match thread.join() {
                Ok(part) => sealed.extend(part?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(sealed)
    })
}

fn seal(sealer: &Sealer, unsealed: Unsealed) -> Result<SealedClient, SealError> {
    let Unsealed { client, head, sigma, randomness, view, row } = unsealed;
    let handle = head.handle;
    let contents: Vec<_> = client.contents.iter().map(|(class, content)| (*class, content.as_slice())).collect();
    let mut bytes = *sigma;
    let own = SealSigma::from_bytes(bytes);
    bytes.zeroize();
    let sealed = sealer.seal(head, &contents, &own, &randomness)?;
    let record =
        NewRecord { sealed: stored_record(&sealed.record), references: vec![client.reference], row: Some(row) };
    Ok(SealedClient { handle, sigma, record, view })
}
