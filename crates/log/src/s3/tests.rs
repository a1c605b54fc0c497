//! The suite over a store of objects in memory, and what becomes of requests whose fate is not known.

use super::bucket::Bucket;
use super::{BucketTiles, S3Limits};
use crate::conformance::{Damaging, Place};
use crate::{LogSource as _, TileStore, TilesSource};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PREFIX: &str = "of/xa";

/// What happens to one put.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    /// As asked.
    Done,
    /// Not done, and reported as failed.
    Lost,
    /// Done, and reported as failed.
    DoneUnheard,
    /// Reported as failed, and done when the next request comes.
    Late,
    /// Reported as done, and lost.
    Lie,
    /// Refused although the condition holds, as S3 does while another request for the key is under way.
    Busy,
    /// Done whatever is there.
    Unconditional,
}

/// A store in memory with a mind of its own.
#[derive(Debug, Default)]
struct Faulty {
    inner: InMemory,
    fates: Mutex<VecDeque<Fate>>,
    late: Mutex<Vec<(Path, PutPayload, PutOptions)>>,
    damaged: Mutex<BTreeSet<String>>,
    /// Keys as a server lists them, parsed as the crate parses those of S3.
    strange: Mutex<BTreeSet<String>>,
    unconditional: bool,
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

fn unheard() -> Error {
    Error::Generic { store: "Faulty", source: "connection lost".into() }
}

impl Faulty {
    async fn arrive(&self) {
        let late: Vec<_> = self.late.lock().unwrap().drain(..).collect();
        for (key, payload, options) in late {
            let _ = self.inner.put_opts(&key, payload, options).await;
        }
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, key: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        self.arrive().await;
        let fate = self.fates.lock().unwrap().pop_front().unwrap_or(Fate::Done);
        if self.unconditional || fate == Fate::Unconditional {
            options.mode = PutMode::Overwrite;
        }
        match fate {
            Fate::Done | Fate::Unconditional => self.inner.put_opts(key, payload, options).await,
            Fate::Lost => Err(unheard()),
            Fate::DoneUnheard => {
                let _ = self.inner.put_opts(key, payload, options).await;
                Err(unheard())
            }
            Fate::Late => {
                self.late.lock().unwrap().push((key.clone(), payload, options));
                Err(unheard())
            }
            Fate::Lie => Ok(PutResult { e_tag: Some("\"0\"".into()), version: None, extensions: Default::default() }),
            Fate::Busy => Err(Error::AlreadyExists { path: key.to_string(), source: "busy".into() }),
        }
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        let mut found = self.inner.get_opts(key, options).await;
        self.arrive().await;
        if self.damaged.lock().unwrap().contains(key.as_ref())
            && let Ok(found) = &mut found
        {
            let mut bytes = self.inner.get(key).await?.bytes().await?.to_vec();
            bytes[0] ^= 1;
            found.payload = GetResultPayload::Stream(stream::once(async { Ok(bytes.into()) }).boxed());
        }
        found
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let strange: Vec<String> = self.strange.lock().unwrap().iter().cloned().collect();
        let strange = strange.into_iter().map(|key| {
            let meta = |location| ObjectMeta {
                location,
                last_modified: Default::default(),
                size: 1,
                e_tag: None,
                version: None,
            };
            Ok(meta(Path::parse(key)?))
        });
        self.inner.list(prefix).chain(stream::iter(strange.collect::<Vec<_>>())).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn put_multipart_opts(&self, key: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(key, options).await
    }

    fn delete_stream(&self, keys: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(keys)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Clone, Default)]
struct Memory(Arc<Faulty>);

fn now<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

impl Memory {
    fn tiles(&self) -> BucketTiles {
        let limits = S3Limits { pause: Duration::from_micros(10), ..S3Limits::default() };
        BucketTiles::over(Bucket::over(Arc::clone(&self.0) as Arc<dyn ObjectStore>, "memory", PREFIX, limits)).unwrap()
    }

    fn fates(&self, fates: &[Fate]) {
        self.0.fates.lock().unwrap().extend(fates);
    }

    fn key(path: &str) -> String {
        format!("{PREFIX}/{path}")
    }
}

impl Place for Memory {
    fn store(&self) -> Box<dyn TileStore> {
        Box::new(self.tiles())
    }

    fn plant(&self, path: &str, bytes: &[u8]) -> bool {
        match Path::parse(Self::key(path)) {
            Ok(key) => now(self.0.inner.put(&key, bytes.to_vec().into())).is_ok(),
            Err(_) => self.0.strange.lock().unwrap().insert(Self::key(path)),
        }
    }

    fn remove(&self, path: &str) {
        match Path::parse(Self::key(path)) {
            Ok(key) => now(self.0.inner.delete(&key)).unwrap(),
            Err(_) => assert!(self.0.strange.lock().unwrap().remove(&Self::key(path))),
        }
    }
}

impl Damaging for Memory {
    fn damage(&self, path: &str) {
        self.0.damaged.lock().unwrap().insert(Self::key(path));
    }
}

crate::tile_store_conformance!(Some(Memory::default()));
crate::conditional_tile_store_conformance!(Some(Memory::default()));
crate::atomic_tile_store_conformance!(Some(Memory::default()));

fn tile(seed: u8) -> (countersign_tlog::tile::TilePath, Vec<u8>) {
    ("tile/0/000.p/2".parse().unwrap(), vec![seed; 64])
}

#[test]
fn a_tile_comes_out_right_whatever_is_reported() {
    use Fate::{Busy, Done, DoneUnheard, Late, Lost};
    for fates in [
        vec![Lost],
        vec![DoneUnheard],
        vec![Late],
        vec![Busy],
        vec![Lost, Lost, Done],
        vec![Late, Busy],
        vec![DoneUnheard, DoneUnheard, Busy],
        vec![Late, Late, Late],
    ] {
        let memory = Memory::default();
        memory.fates(&fates);
        let store = memory.tiles();
        // What the last of the rounds does not learn, the next call does.
        store.write(&[tile(1)]).or_else(|_| store.write(&[tile(1)])).unwrap();
        assert_eq!(store.read(&tile(1).0).unwrap(), Some(tile(1).1), "{fates:?}");
    }
    let memory = Memory::default();
    memory.fates(&[Lost; 3]);
    let error = memory.tiles().write(&[tile(1)]).unwrap_err();
    assert_eq!(error.to_string(), "bucket `memory`, key `of/xa/tile/0/000.p/2`: connection lost");
    assert!(!matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::InvalidData), "it may be tried again");
    memory.fates(&[Busy; 3]);
    assert!(memory.tiles().write(&[tile(1)]).unwrap_err().to_string().contains("refused and is not there"));
    memory.fates(&[Fate::Lie]);
    assert_eq!(memory.tiles().write(&[tile(1)]).unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn one_writer_never_loses_against_itself() {
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    for run in 0..60 {
        let memory = Memory::default();
        let store = memory.tiles();
        store.replace_file("vkey", b"key").unwrap();
        let mut last = None;
        for step in 0..12_u8 {
            let fates = [Fate::Done, Fate::Lost, Fate::DoneUnheard, Fate::Late, Fate::Busy];
            let some: Vec<Fate> = (0..rng.next_u32() % 5).map(|_| fates[rng.next_u32() as usize % 5]).collect();
            memory.fates(&some);
            match store.replace_file("checkpoint", &[step; 3]) {
                Ok(()) => {
                    last = Some(step);
                    assert_eq!(store.read_file("checkpoint").unwrap(), Some(vec![step; 3]), "run {run}");
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Other, "run {run}, step {step}: {error}"),
            }
            // What is there is never older than what was the last to be reported as done.
            let there = store.read_file("checkpoint").unwrap().map(|bytes| bytes[0]);
            assert!(there >= last && there <= Some(step), "run {run}, step {step}: {there:?} after {last:?}");
        }
    }
}

#[test]
fn a_write_that_arrives_late_does_not_make_another_process_of_its_own() {
    let memory = Memory::default();
    let store = memory.tiles();
    store.replace_file("checkpoint", b"one").unwrap();
    memory.fates(&[Fate::Lost, Fate::Lost, Fate::Late]);
    store.replace_file("checkpoint", b"two").unwrap_err();
    // `two` arrives with the next request, over the version that `three` is meant for.
    store.replace_file("checkpoint", b"three").unwrap();
    assert_eq!(store.read_file("checkpoint").unwrap().as_deref(), Some(&b"three"[..]));
    // And a second process is still noticed.
    let second = memory.tiles();
    second.read_file("checkpoint").unwrap();
    second.replace_file("checkpoint", b"other").unwrap();
    assert_eq!(store.replace_file("checkpoint", b"four").unwrap_err().kind(), ErrorKind::AlreadyExists);
}

#[test]
fn a_server_that_does_not_check_conditions_is_refused() {
    let memory = Memory(Arc::new(Faulty { unconditional: true, ..Faulty::default() }));
    let error = memory.tiles().replace_file("vkey", b"key").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().contains("`If-None-Match`"), "{error}");
    let store = memory.tiles();
    for refused in [store.write(&[tile(1)]), store.replace_file("checkpoint", b"one")] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidData);
    }
    assert_eq!((store.list().unwrap(), store.read_file("checkpoint").unwrap()), (vec![], None));

    // One that checks only the first of the two.
    let memory = Memory::default();
    memory.fates(&[Fate::Done, Fate::Done, Fate::Unconditional]);
    let error = memory.tiles().replace_file("vkey", b"key").unwrap_err();
    assert!(error.to_string().contains("`If-Match`"), "{error}");
    // It is asked once, not before every write.
    let store = memory.tiles();
    store.write(&[tile(1)]).unwrap();
    memory.fates(&[Fate::Done, Fate::Lost]);
    store.write(&[("tile/1/000.p/1".parse().unwrap(), vec![1; 32])]).unwrap();
    assert_eq!(memory.0.fates.lock().unwrap().len(), 1);
}

#[test]
fn a_key_that_only_looks_like_a_tile_is_refused() {
    let memory = Memory::default();
    let store = memory.tiles();
    store.write(&[tile(1)]).unwrap();
    // The crate drops a slash at the end: two keys with one name, and folders as consoles make them.
    for key in ["tile/0/000.p/2/", "tile/", "tile/0/", "/tile/0/001", "../tile/0/001", "tile//0/001"] {
        let key = Memory::key(key);
        memory.0.strange.lock().unwrap().insert(key.clone());
        let error = store.list().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{key}: {error}");
        memory.0.strange.lock().unwrap().clear();
    }
    for elsewhere in ["tile/0/001", "of/xb/tile/0/001", "of/xatile/0/001"] {
        memory.0.strange.lock().unwrap().insert(elsewhere.to_owned());
        assert!(store.list().unwrap_err().to_string().contains("is not the key of a tile"), "{elsewhere}");
        memory.0.strange.lock().unwrap().clear();
    }
}

#[tokio::test]
async fn readers_in_this_process_change_nothing_for_the_writer() {
    let memory = Memory::default();
    let (first, second) = (Arc::new(memory.tiles()), memory.tiles());
    first.read_file("checkpoint").unwrap();
    second.replace_file("checkpoint", b"second").unwrap();
    first.write(&[tile(1)]).unwrap();
    let source = TilesSource(Arc::clone(&first) as Arc<dyn TileStore>);
    assert_eq!(source.get("checkpoint", 100).await.unwrap().as_deref(), Some(&b"second"[..]));
    assert_eq!(source.get("tile/0/000.p/2", 64).await.unwrap(), Some(tile(1).1));
    for nothing in ["vkey", "tile/0/000", "../checkpoint", "tile/0/000.p/02", "", "checkpoint/"] {
        assert_eq!(source.get(nothing, 100).await.unwrap(), None, "{nothing}");
    }
    for (path, most) in [("checkpoint", 5), ("tile/0/000.p/2", 63)] {
        assert_eq!(source.get(path, most).await.unwrap_err(), format!("longer than {most} bytes"));
    }
    assert_eq!(first.replace_file("checkpoint", b"first").unwrap_err().kind(), ErrorKind::AlreadyExists);
}
