//! The suite that every place for tiles must pass. Each function is one promise of [`TileStore`]; it panics when the promise is broken.
//!
//! `tile_store_conformance!(make)` declares one test per promise, `conditional_tile_store_conformance!(make)` those of a place that
//! can tell two writers apart and whose readings a test can damage, `atomic_tile_store_conformance!(make)` that of one whose conditions
//! hold among requests of the same moment. `make` gives a fresh, empty place, or `None` where what it needs is not there.

use crate::TileStore;
use countersign_tlog::note::MAX_NOTE_BYTES;
use countersign_tlog::tile::{FULL_TILE_BYTES, TilePath};
use std::io::{self, ErrorKind};

/// A place for tiles, and a way to it behind the back of the store.
pub trait Place {
    /// A store over the place, as another process opens it.
    fn store(&self) -> Box<dyn TileStore>;

    /// Puts bytes at a path under the log's prefix. Returns whether the place can hold such a path.
    fn plant(&self, path: &str, bytes: &[u8]) -> bool;

    /// Removes what is at a path.
    fn remove(&self, path: &str);
}

/// A place whose readings can be damaged.
pub trait Damaging: Place {
    /// From now on, what is read from this path under the log's prefix has one bit changed.
    fn damage(&self, path: &str);
}

/// Declares one test per promise that every place keeps.
#[macro_export]
macro_rules! tile_store_conformance {
    ($make:expr) => {
        $crate::tile_store_promises! { $make;
            nothing_is_there_at_first, tiles_are_read_as_they_were_written, the_same_tiles_again_change_nothing,
            other_bytes_are_refused, many_tiles_at_once, what_is_too_large_is_refused, strays_among_tiles_are_refused,
            what_lies_beside_the_tiles_is_no_tile, files_are_replaced;
        }
    };
}

/// Declares one test per promise of a place that checks conditions.
#[macro_export]
macro_rules! conditional_tile_store_conformance {
    ($make:expr) => {
        $crate::tile_store_promises! { $make;
            of_two_writers_the_second_loses, reading_again_does_not_make_a_writer, what_was_rolled_back_is_not_replaced,
            a_file_that_is_gone_is_not_replaced,
            a_damaged_tile_is_noticed, a_damaged_file_is_noticed;
        }
    };
}

/// Declares the test of a place that checks conditions atomically.
#[macro_export]
macro_rules! atomic_tile_store_conformance {
    ($make:expr) => {
        $crate::tile_store_promises! { $make; of_many_writers_at_once_one_wins; }
    };
}

/// Declares tests; used by the other macros.
#[macro_export]
macro_rules! tile_store_promises {
    ($make:expr; $($name:ident),*;) => {
        $(
            #[test]
            fn $name() {
                if let Some(place) = $make {
                    $crate::conformance::$name(&place);
                }
            }
        )*
    };
}

fn path(text: &str) -> TilePath {
    text.parse().expect("a tile's path")
}

/// A tile of the right size whose bytes follow from `seed`.
fn tile(text: &str, seed: u8) -> (TilePath, Vec<u8>) {
    let path = path(text);
    (path, vec![seed; usize::from(path.width()) * 32])
}

fn kind<T: std::fmt::Debug>(result: io::Result<T>) -> ErrorKind {
    result.expect_err("it must be refused").kind()
}

/// Whether an error stops the log, rather than being tried again.
fn stops(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::AlreadyExists | ErrorKind::InvalidData)
}

/// An empty place has no tiles and no files; asking changes nothing.
pub fn nothing_is_there_at_first(place: &impl Place) {
    let store = place.store();
    for _ in 0..2 {
        assert_eq!(store.read(&path("tile/0/000")).unwrap(), None);
        assert_eq!(store.read_all(&[path("tile/0/000"), path("tile/entries/000.p/1")]).unwrap(), [None, None]);
        assert_eq!(store.list().unwrap(), []);
        assert_eq!(store.read_file("checkpoint").unwrap(), None);
        assert_eq!(store.read_file("vkey").unwrap(), None);
        store.write(&[]).unwrap();
    }
}

/// Tiles of every form are read by whoever opens the place, one by one and together, and are listed in order.
pub fn tiles_are_read_as_they_were_written(place: &impl Place) {
    let mut tiles = [
        "tile/0/000",
        "tile/0/000.p/1",
        "tile/0/000.p/255",
        "tile/0/x001/000",
        "tile/0/x001/x234/067.p/8",
        "tile/1/000.p/3",
        "tile/63/999",
        "tile/entries/000",
        "tile/entries/000.p/7",
        "tile/entries/x999/x999/999",
    ]
    .iter()
    .zip(1..)
    .map(|(text, seed)| tile(text, seed))
    .collect::<Vec<_>>();
    place.store().write(&tiles).unwrap();
    let store = place.store();
    for (path, bytes) in &tiles {
        assert_eq!(store.read(path).unwrap().as_ref(), Some(bytes), "{path}");
    }
    let mut paths: Vec<TilePath> = tiles.iter().rev().map(|(path, _)| *path).collect();
    paths.insert(3, path("tile/2/000"));
    let mut expected: Vec<Option<Vec<u8>>> = tiles.iter().rev().map(|(_, bytes)| Some(bytes.clone())).collect();
    expected.insert(3, None);
    assert_eq!(store.read_all(&paths).unwrap(), expected);
    tiles.sort();
    assert_eq!(store.list().unwrap(), tiles.into_iter().map(|(path, _)| path).collect::<Vec<_>>());
}

/// Writing what is there is a success, together with what is new.
pub fn the_same_tiles_again_change_nothing(place: &impl Place) {
    let (old, new) = (tile("tile/0/000.p/5", 1), tile("tile/0/000", 2));
    place.store().write(std::slice::from_ref(&old)).unwrap();
    let store = place.store();
    for _ in 0..3 {
        store.write(&[old.clone(), new.clone()]).unwrap();
    }
    assert_eq!(store.read(&old.0).unwrap(), Some(old.1));
    assert_eq!(store.read(&new.0).unwrap(), Some(new.1));
}

/// A tile never changes, whether this store, another or somebody else put it there; the refusal names it.
pub fn other_bytes_are_refused(place: &impl Place) {
    let (first, second) = (tile("tile/0/000.p/5", 1), tile("tile/0/000.p/5", 2));
    place.store().write(std::slice::from_ref(&first)).unwrap();
    let error = place.store().write(std::slice::from_ref(&second)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    assert!(error.to_string().contains("tile/0/000.p/5"), "{error}");
    assert_eq!(place.store().read(&first.0).unwrap(), Some(first.1));
    for (name, bytes) in [("tile/1/000.p/1", vec![]), ("tile/1/000.p/2", vec![1; 63]), ("tile/1/000.p/3", vec![9; 96])]
    {
        assert!(place.plant(name, &bytes));
        assert_eq!(kind(place.store().write(&[tile(name, 1)])), ErrorKind::AlreadyExists, "{name}");
        assert_eq!(place.store().read(&path(name)).unwrap(), Some(bytes));
    }
}

/// More tiles than are written or listed at a time.
pub fn many_tiles_at_once(place: &impl Place) {
    let tiles: Vec<_> = (0..150).map(|index| tile(&format!("tile/0/{index:03}.p/1"), index)).collect();
    let store = place.store();
    store.write(&tiles).unwrap();
    store.write(&tiles).unwrap();
    let paths: Vec<TilePath> = tiles.iter().map(|(path, _)| *path).collect();
    assert_eq!(store.list().unwrap(), paths);
    let read = store.read_all(&paths).unwrap();
    assert!(read.into_iter().zip(tiles).all(|(there, (_, bytes))| there == Some(bytes)));
}

/// Nobody's memory is filled by what somebody put there; a log that finds it stops.
pub fn what_is_too_large_is_refused(place: &impl Place) {
    assert!(place.plant("tile/0/000", &vec![1; FULL_TILE_BYTES + 1]));
    assert!(place.plant("tile/0/001.p/2", &[1; 65]));
    assert!(place.plant("checkpoint", &vec![b'x'; MAX_NOTE_BYTES + 1]));
    let store = place.store();
    for name in ["tile/0/000", "tile/0/001.p/2"] {
        assert_eq!(kind(store.read(&path(name))), ErrorKind::InvalidData, "{name}");
        assert_eq!(kind(store.read_all(&[path("tile/1/000"), path(name)])), ErrorKind::InvalidData, "{name}");
        assert!(stops(kind(store.write(&[tile(name, 1)]))), "{name}");
    }
    let error = store.read_file("checkpoint").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().contains("checkpoint"), "{error}");
}

/// Something among the tiles that is no tile, or is spelled in another way than tiles are, stops the log and is named.
pub fn strays_among_tiles_are_refused(place: &impl Place) {
    place.store().write(&[tile("tile/0/000", 1)]).unwrap();
    let store = place.store();
    for name in [
        "tile/stray",
        "tile/0/stray",
        "tile/0/0000",
        "tile/0/00",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/64/000",
        "tile/00/000",
        "tile/0/x000/001",
        "tile/entries/x001",
        "tile/Entries/000",
        "tile/0/001 ",
        "tile/0/001.p/1.tmp",
        "tile/0/\u{0661}\u{0661}\u{0661}",
        "tile/0/%30%30%31",
        "tile/0/001\n",
        "tile/0/a'\"<&>b",
    ] {
        if !place.plant(name, b"x") {
            // Every place holds what a person could leave there by mistake.
            assert!(name.contains(char::is_control), "{name:?}");
            continue;
        }
        let error = store.list().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{name:?}: {error}");
        assert!(error.to_string().contains("tile") && !error.to_string().contains('\n'), "{name:?}: {error}");
        place.remove(name);
        assert_eq!(store.list().unwrap().len(), 1, "{name:?}");
    }
}

/// Only what is under `tile/` is a tile.
pub fn what_lies_beside_the_tiles_is_no_tile(place: &impl Place) {
    for name in ["robots.txt", "tiles/0/001", "tile.txt", "other/tile/0/001"] {
        assert!(place.plant(name, b"x"));
    }
    let store = place.store();
    store.replace_file("vkey", b"key").unwrap();
    store.write(&[tile("tile/0/000", 1)]).unwrap();
    assert_eq!(store.list().unwrap(), [path("tile/0/000")]);
}

/// A file keeps the last bytes it was given, by one store after the other.
pub fn files_are_replaced(place: &impl Place) {
    for (name, values) in [("vkey", [&b"a"[..], b"a", b"bb"]), ("checkpoint", [b"one", b"three", b"two"])] {
        let store = place.store();
        assert_eq!(store.read_file(name).unwrap(), None);
        for value in values {
            store.replace_file(name, value).unwrap();
            assert_eq!(store.read_file(name).unwrap().as_deref(), Some(value));
        }
        let next = place.store();
        assert_eq!(next.read_file(name).unwrap().as_deref(), values.last().copied());
        next.replace_file(name, b"next").unwrap();
        assert_eq!(place.store().read_file(name).unwrap().as_deref(), Some(&b"next"[..]));
    }
}

/// Whoever read a file before another replaced it cannot replace it any more; nor can who never read it.
pub fn of_two_writers_the_second_loses(place: &impl Place) {
    for name in ["checkpoint", "vkey"] {
        let (first, second, stranger) = (place.store(), place.store(), place.store());
        first.read_file(name).unwrap();
        second.read_file(name).unwrap();
        first.replace_file(name, b"first").unwrap();
        for _ in 0..2 {
            for loser in [&second, &stranger] {
                let error = loser.replace_file(name, b"second").unwrap_err();
                assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
                assert!(error.to_string().contains(name), "{error}");
            }
        }
        first.replace_file(name, b"again").unwrap();
        assert_eq!(place.store().read_file(name).unwrap().as_deref(), Some(&b"again"[..]));
        let later = place.store();
        later.read_file(name).unwrap();
        later.replace_file(name, b"later").unwrap();
        assert_eq!(kind(first.replace_file(name, b"first")), ErrorKind::AlreadyExists);
    }
}

/// Reading what another has written does not give the right to replace it.
pub fn reading_again_does_not_make_a_writer(place: &impl Place) {
    let (first, second) = (place.store(), place.store());
    first.replace_file("checkpoint", b"one").unwrap();
    assert_eq!(second.read_file("checkpoint").unwrap().as_deref(), Some(&b"one"[..]));
    first.replace_file("checkpoint", b"two").unwrap();
    assert_eq!(second.read_file("checkpoint").unwrap().as_deref(), Some(&b"two"[..]));
    assert_eq!(kind(second.replace_file("checkpoint", b"three")), ErrorKind::AlreadyExists);
}

/// An own version of earlier that somebody put back is somebody else's.
pub fn what_was_rolled_back_is_not_replaced(place: &impl Place) {
    let (store, other) = (place.store(), place.store());
    store.replace_file("checkpoint", b"one").unwrap();
    store.replace_file("checkpoint", b"two").unwrap();
    other.read_file("checkpoint").unwrap();
    other.replace_file("checkpoint", b"one").unwrap();
    assert_eq!(kind(store.replace_file("checkpoint", b"three")), ErrorKind::AlreadyExists);
    assert_eq!(place.store().read_file("checkpoint").unwrap().as_deref(), Some(&b"one"[..]));
}

/// A file that was there and is gone was removed by somebody: the log stops.
pub fn a_file_that_is_gone_is_not_replaced(place: &impl Place) {
    let store = place.store();
    store.replace_file("checkpoint", b"one").unwrap();
    place.remove("checkpoint");
    assert_eq!(kind(store.replace_file("checkpoint", b"two")), ErrorKind::AlreadyExists);
    assert_eq!(place.store().read_file("checkpoint").unwrap(), None);
}

/// Of writers that all read the same version one wins, and what it wrote stays.
pub fn of_many_writers_at_once_one_wins(place: &impl Place) {
    let first = place.store();
    first.replace_file("checkpoint", b"start").unwrap();
    let writers: Vec<_> = (0..8_u8).map(|number| (place.store(), vec![number; 9])).collect();
    writers.iter().for_each(|(store, _)| assert!(store.read_file("checkpoint").unwrap().is_some()));
    let won: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let running: Vec<_> = writers
            .iter()
            .map(|(store, bytes)| scope.spawn(move || store.replace_file("checkpoint", bytes).ok().map(|()| bytes)))
            .collect();
        running.into_iter().filter_map(|writer| writer.join().unwrap().cloned()).collect()
    });
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(place.store().read_file("checkpoint").unwrap().as_ref(), won.first());
}

/// A tile that is kept otherwise than it was given is noticed when it is written.
pub fn a_damaged_tile_is_noticed(place: &impl Damaging) {
    place.damage("tile/0/001.p/2");
    let store = place.store();
    store.write(&[tile("tile/0/000", 1)]).unwrap();
    let error = store.write(&[tile("tile/0/001", 1), tile("tile/0/001.p/2", 1)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
    assert!(error.to_string().contains("tile/0/001.p/2"), "{error}");
    // It is there now, and for whoever comes later it has other bytes.
    assert_eq!(kind(place.store().write(&[tile("tile/0/001.p/2", 1)])), ErrorKind::AlreadyExists);
}

/// A checkpoint that is kept otherwise than it was given is noticed when it is written.
pub fn a_damaged_file_is_noticed(place: &impl Damaging) {
    place.damage("checkpoint");
    let error = place.store().replace_file("checkpoint", b"a checkpoint").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
    assert!(error.to_string().contains("checkpoint"), "{error}");
}
